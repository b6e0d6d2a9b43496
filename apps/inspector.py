"""The inspector: see what the assistant remembers, why it answered, how the profile changed.

    streamlit run apps/inspector.py      PERSONAVLM_HOME, PERSONAVLM_MODEL, PERSONAVLM_RUNS choose users, model and runs

This is the entry: it chooses the user and the page. Pages choose, call and draw; what is computed lives in the package.
"""

from __future__ import annotations

import streamlit as st
from inspector_desk import Desk, check_model, home, model_setting, now, open_desk
from inspector_parts import page_icon, plainly, show_problem, told
from inspector_style import PROJECTOR, STYLE

from personavlm.assistant import create_user
from personavlm.errors import PersonaVLMError
from personavlm.store import users

PAGES = {
    "": (("chat", "chat"),),
    "What it remembers": (("timeline", "view_timeline"), ("memories", "inventory_2"), ("graph", "hub")),
    "How it sees you": (("personality", "person"),),
    "Why it answered": (("retrieval", "manage_search"), ("trace", "account_tree")),
    "How good it is": (("benchmark", "leaderboard"), ("training", "model_training")),
    "Behind it": (("workspace", "inventory"),),
}
"""The pages by section, each with its icon."""
WITHOUT_USER = ("How good it is", "Behind it")
"""Sections that can be looked at before anybody lives here."""


def choose_user(names: list[str]) -> Desk:
    """Draw the side bar and return the chosen user's desk."""
    asked = st.session_state.pop("chosen", None)
    if asked is None and "user" not in st.session_state:
        asked = st.query_params.get("user")  # a link that names a user counts once, then the box does
    if asked in names or st.session_state.get("user") not in names:
        st.session_state["user"] = asked if asked in names else names[0]
    with st.sidebar:
        user = st.selectbox("User", names, key="user")
        st.query_params["user"] = user
        with st.popover("New user", type="tertiary", icon=":material/person_add:"):
            meet("side")
        with st.popover("Settings", type="tertiary", icon=":material/tune:"):
            settings()
        st.caption(plainly(f"home {home().name} · model {model_setting()}"))
        return open_desk(user)


def settings() -> None:
    """Draw what holds for this tab of the browser: the model, and how large things are."""
    with st.form("model", border=False):
        setting = st.text_input(
            "Model", model_setting(), help="embedded, hf:ID, openai:MODEL@URL or recorded:FILE; for this tab only."
        )
        if st.form_submit_button("Use"):
            with told():
                check_model(setting.strip())
                st.session_state["chosen model"] = setting.strip()
                st.rerun()
    st.toggle(
        "Only look",
        key="looking",
        help="Write nothing to the store, while a notebook or a run beside is writing to it.",
    )
    st.toggle("Projector", key="projector", help="Larger type, for the back row.")


def meet(place: str) -> None:
    """Draw the form that creates a user."""
    with st.form(f"meet-{place}", border=False), told():
        name = st.text_input("Name (required)", max_chars=200)
        if st.form_submit_button("Create"):
            create_user(home(), name, now()).close()
            st.session_state["chosen"] = name.strip()
            st.query_params.clear()
            st.rerun()


def welcome() -> None:
    """Draw what there is to do in an empty home."""
    with st.container(width=560):
        st.title("Nobody is remembered here yet")
        st.write("Meet the assistant under your own name:")
        meet("welcome")
        st.write("Or bring two conversations it has already lived through, and open this page again:")
        st.code("python tasks.py demo", language="bash")


def tick(desk: Desk) -> None:
    """Close what is due, now and once a minute while somebody looks."""
    with told():
        desk.tick()


def queued(desk: Desk) -> None:
    """Draw the state of the update stage in the side bar."""
    waiting = len(desk.store.jobs("queued"))
    failed = len(desk.store.jobs("failed"))
    with st.sidebar:
        if waiting:
            st.caption(f":material/hourglass_top: {waiting} to learn from")
        if failed:
            st.caption(f":material/error: {failed} learnt only in part")
        if desk.problem is not None:
            problem = desk.problem
            told_as = problem if isinstance(problem, PersonaVLMError) else None
            show_problem(told_as or PersonaVLMError("The update stage stopped.", "the server's log says why."))
            st.button("Try again", on_click=desk.learn)


def main() -> None:
    st.set_page_config("PersonaVLM inspector", page_icon(), layout="wide")
    st.html(STYLE)
    if st.session_state.get("projector"):
        st.html(PROJECTOR)
    with told():
        names = users(home())
        pages = {
            section: [
                st.Page(
                    f"inspector_pages/{name}.py", title=name.title(), icon=f":material/{icon}:", default=name == "chat"
                )
                for name, icon in listed
            ]
            for section, listed in PAGES.items()
        }
        if not names:
            alone = [page for section in WITHOUT_USER for page in pages[section]]
            st.navigation([st.Page(welcome, title="Welcome", default=True), *alone]).run()
            return
        page = st.navigation(pages)
        desk = choose_user(names)
        st.fragment(tick, run_every=60.0)(desk)
        queued(desk)
        page.run()


main()
