"""Workspace: who lives here, what is still to be learnt, whether this machine is well, what an erasure would take."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape as esc
from pathlib import Path
from typing import NamedTuple

import streamlit as st
from inspector_desk import Desk, assistant_for, examined, home, let_go, model_setting, open_desk
from inspector_erasing import erase_view, whole_user
from inspector_parts import block, evidence, heading, malformed, moment, several, soft, table, told
from inspector_views import header, take_away, view_of

from personavlm import demo
from personavlm.inspection import (
    LEARNING,
    Unlearnt,
    manifest_of,
    packed,
    residents,
    sharing,
    stages,
    unlearnt,
    unpacked,
)
from personavlm.store import users

USERS, JOBS, HEALTH, ERASE, TOUR = "Users", "Learning", "Health", "Erase", "Tour"
HEAD = ("user", "turns", "sessions", "last said", "to learn", "in part", "MB", "problem")
Rows = tuple[Sequence[str], Sequence[Sequence[object]]] | None
SHOWN = 20  # failed jobs drawn at once
NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


class Stop(NamedTuple):
    """One stop of the tour: what to try on which page, and the notebook that asks the same."""

    try_this: str
    page: str
    notebook: str
    view: str = ""


STOPS = (
    Stop("Say something, then open what is inside the answer.", "chat", "00"),
    Stop("Move the slider: the whole page goes back, the profile too.", "timeline", "01"),
    Stop("Click on a dot: the words that moved a trait.", "personality", "02"),
    Stop("The same readings under other rules.", "personality", "03", "Other rules"),
    Stop("Four kinds of memory, each with what it rests on.", "memories", "04"),
    Stop("What contradicts itself, and who decides.", "memories", "05", "To decide"),
    Stop("Turn a weight and watch the ranking; ask why one is missing.", "retrieval", "06"),
    Stop("Find a memory by a picture.", "memories", "07"),
    Stop("Think, look up, answer: a reply step by step, and its prompts.", "trace", "08", "Prompts"),
    Stop("What ties the memories of months together.", "graph", "09"),
    Stop("How much of it is right, beside guessing.", "benchmark", "10"),
    Stop("What is lost with each part taken away.", "benchmark", "11", "What parts are worth"),
    Stop("Losses and held-out examples while a model learns the format.", "training", "12"),
    Stop("Sampled answers side by side, with what each earned.", "training", "13", "Rollouts"),
)


# ── users ────────────────────────────────────────────────────────────────────────────────────────────────────────


def user_view(desk: Desk | None) -> Rows:
    """Draw everybody who lives here; take one out as a file, or bring one in."""
    rows = [
        (one.user, str(one.turns), str(one.sessions), moment(one.last) if one.last else "–", str(one.queued),
         str(one.failed), f"{one.bytes / 1e6:.1f}", one.problem)
        for one in residents(home())
    ]  # fmt: skip
    block(table(HEAD, rows, numbers=(1, 2, 4, 5, 6)) if rows else soft("Nobody lives here yet."))
    left, right = st.columns(2, gap="large")
    with left:
        if desk is not None:
            take_out(desk)
            check(desk)
        bring_back()
    with right:
        bring_in()
    return HEAD, rows


def take_out(desk: Desk) -> None:
    """Draw the way to have a user as one file."""
    block(heading(f"{desk.user} as a file"))
    block(soft("One archive with every turn, edit and picture, and a checksum for each part."))
    st.download_button(
        "Archive", lambda: packed(desk.store), f"{desk.store.folder.name}.zip", "application/zip", key="archive",
        icon=":material/download:",
    )  # fmt: skip


def check(desk: Desk) -> None:
    """Draw the way to have every digest and picture of a user compared."""
    if st.button("Check", key="check", icon=":material/verified:", help="Re-derives every digest and picture's hash."):
        wrong = desk.store.verify()
        block(*(soft(f"✗ {one}") for one in wrong))
        block(soft("Something does not match." if wrong else "Every record and picture is as it was stored."))


def bring_in() -> None:
    """Draw the way in for an archive: what it holds first, then under which name it comes."""
    block(heading("Bring somebody in"))
    file = st.file_uploader("Archive (.zip)", ["zip"], key="brought")
    if file is None:
        block(soft("Conversations, LoCoMo files and the released PersonaVLM's folders come in by the command line:"))
        st.code(f"personavlm import conversation FILE --home {home()}", language="bash")
        return
    with told():
        manifest = manifest_of(file.getvalue())
        pictures = sum(name.startswith("pictures/") for name in manifest.files)
        counts = f"{several(manifest.turns, 'turn')} in {several(manifest.sessions, 'session')}"
        block(soft(f"{manifest.user}: {counts}, {several(pictures, 'picture')}"))
        taken = manifest.user in users(home())
        if taken:
            block(soft("Somebody of that name lives here already: give another one."))
        name = st.text_input("Name here", "" if taken else manifest.user, key="brought name", max_chars=200)
        if st.button("Bring in", type="primary", disabled=not name.strip()):
            unpacked(file.getvalue(), home(), name.strip())
            st.session_state["chosen"] = name.strip()
            st.rerun()


def bring_back() -> None:
    """Draw the way back to the demo as it was shipped."""
    with told():
        names = [one.dialogue.user for one in demo.conversations()]
    block(heading("Put the demo back"))
    block(soft(f"{' and '.join(names)} as shipped; what was said to them or changed since goes. It takes a minute."))
    sure = st.checkbox("What was changed may go", key="sure of the demo")
    if st.button("Put it back", disabled=not sure):
        with told(), st.spinner("living through it …"):
            for name in {*names} & {*users(home())}:
                let_go(name)
            bar = st.progress(0.0)
            demo.put_back(home(), assistant_for, lambda user, done, all: bar.progress(min(1.0, done / all), user))
            st.session_state["chosen"] = names[0]
            st.rerun()


# ── learning ─────────────────────────────────────────────────────────────────────────────────────────────────────


def job_view(desk: Desk) -> Rows:
    """Draw what is still to be learnt, and what was learnt only in part with the model's own words."""
    found = unlearnt(desk.store)
    failed = [one for one in found if one.job.status == "failed"]
    waiting = [one for one in found if one.job.status == "queued"]
    done = len(desk.store.jobs("done"))
    block(soft(f"{several(done, 'job')} done · {len(waiting)} waiting · {len(failed)} only in part"))
    if desk.problem is not None:
        block(soft("The update stage has stopped; the side bar says why."))
    for one in failed[:SHOWN]:
        part_learnt(desk, one)
    if len(failed) > SHOWN:
        block(soft(f"and {several(len(failed) - SHOWN, 'more job')}; the CSV has all"))
    if waiting:
        rows = [(f"{one.job.kind} {one.job.subject}", "again" if one.job.again else "") for one in waiting]
        block(heading("Waiting, in this order"), table(("job", ""), rows))
        st.button("Learn now", on_click=desk.learn, disabled=desk.looking, icon=":material/play_arrow:")
    if not found:
        block(soft("Everything was learnt. What the model says outside of its contract would be shown here."))
    costs(desk)
    head = ("job", "kind", "of", "status", "why")
    return head, [(one.job.id, one.job.kind, one.job.subject, one.job.status, one.job.note) for one in found]


def costs(desk: Desk) -> None:
    """Draw what the model was asked for so far, and what a memory cost."""
    found = stages(desk.store.calls())
    if not found:
        return
    rows = [(one.purpose, str(one.calls), str(one.malformed), f"{one.seconds:.2f}", f"{one.tokens:,}") for one in found]
    head = ("asked for", "calls", "malformed", "seconds", "tokens")
    block(heading("What the model was asked for"), table(head, rows, numbers=range(1, 5)))
    learning = [one for one in found if one.purpose in {*LEARNING["turn"], *LEARNING["session"]}]
    held = sum(1 for _ in desk.store.state().current())
    if learning and held:
        seconds, tokens = sum(one.seconds for one in learning) / held, sum(one.tokens for one in learning) / held
        block(
            soft(f"Learning took {seconds:.2f} s and {tokens:,.0f} tokens for each of the {held} memories that hold.")
        )


def part_learnt(desk: Desk, one: Unlearnt) -> None:
    """Draw a job that failed: what the model said, the turn, and the way to try it again."""
    outputs = [malformed(f"{call.purpose}: {call.malformed}", call.raw) for call in one.calls]
    block(heading(f"{one.job.kind} {one.job.subject}"), *(outputs or [malformed(one.job.note)]))
    block(evidence(desk.store, [one.turn]))
    st.button(
        "Try again", key=f"again {one.job.id}", on_click=try_again, args=(desk, one), disabled=desk.looking,
        icon=":material/refresh:",
        help="Its other lessons go and come again; what is learnt takes its place in the past.",
    )  # fmt: skip


def try_again(desk: Desk, one: Unlearnt) -> None:
    desk.store.learn_again(one.job)
    desk.learn()


# ── health ───────────────────────────────────────────────────────────────────────────────────────────────────────


def health_view() -> Rows:
    """Draw what this machine can run, and why something cannot."""
    block(soft(f"model {model_setting()} · home {home()}"))
    if not st.session_state.get("examined") and not st.button("Look at this machine", type="primary"):
        block(soft("It loads nothing and asks no network, unless the model setting names a server. It takes seconds."))
        return None
    st.session_state["examined"] = True
    with told():
        report = examined(model_setting())
        rows = [
            ("✓" if check.ok else "✗" if check.needed else "–", check.name, check.detail, check.remedy)
            for check in report.checks
        ]
        verdict = "Everything that is needed is there." if report.ok else "Something that is needed is missing."
        block(soft(verdict), table(("", "what", "found", "remedy"), rows))
        fits = [
            (fit.choice.setting, "yes" if fit.fits else "no", f"{fit.memory_gb:.1f} GB", fit.line)
            for fit in report.fits
        ]
        block(heading("Which models have room here"), table(("model", "fits", "takes", "one line to type"), fits))
        return ("ok", "what", "found", "remedy"), rows
    return None


# ── the tour ─────────────────────────────────────────────────────────────────────────────────────────────────────


def tour_view(desk: Desk | None) -> Rows:
    """Draw the stops of a guided tour, each beside the notebook that asks the same question."""
    block(soft("Each stop is a thing to try here, and a notebook that asks the same with its own figures."))
    lines = "".join(
        f"<tr><td>{number}</td><td>{stop_link(stop, desk)}</td><td>{esc(notebook_of(stop))}</td></tr>"
        for number, stop in enumerate(STOPS, start=1)
    )
    block(f"<table><tr><th></th><th>try this</th><th>notebook</th></tr>{lines}</table>")
    rows = [(number, stop.try_this, stop.page, stop.notebook) for number, stop in enumerate(STOPS, start=1)]
    return ("stop", "try", "page", "notebook"), rows


def stop_link(stop: Stop, desk: Desk | None) -> str:
    """Return a stop's words as a link to its view; without a user there is nothing to see yet."""
    if desk is None:
        return esc(stop.try_this)
    place = sharing.address("" if stop.page == "chat" else stop.page, user=desk.user, view=stop.view)
    return f'<a href="./{esc(place)}">{esc(stop.try_this)}</a>'


def notebook_of(stop: Stop) -> str:
    found = next(iter(sorted(NOTEBOOKS.glob(f"{stop.notebook}_*.ipynb"))), None)
    return found.stem if found else f"{stop.notebook}, not written yet"


def page(desk: Desk | None) -> None:
    away = header("What is behind it")
    view = view_of([USERS, JOBS, HEALTH, ERASE, TOUR], "workspace view")
    rows: Rows = None
    if view == HEALTH:
        rows = health_view()
    elif view == TOUR:
        rows = tour_view(desk)
    elif view == USERS:
        rows = user_view(desk)
    elif desk is None:
        block(soft("Nobody lives here yet."))
    elif view == JOBS:
        rows = job_view(desk)
    else:
        rows = erase_view(desk)
        whole_user(desk)
    with away:
        user = desk.user if desk else None
        take_away("workspace", sharing.workspace(str(home())), None, rows, user=user)


with told():
    page(open_desk(st.session_state["user"]) if users(home()) else None)
