"""What every page shares: figures that fit the page, the moment it is looked at from, and how a view is taken away.

A view's address names what it shows (user, turn, memory, moment), so that opening it again shows the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import plotly.graph_objects as go
import streamlit as st
from inspector_desk import Desk
from inspector_parts import block, moment, soft
from inspector_style import PROJECTOR_FONT
from streamlit.delta_generator import DeltaGenerator

from personavlm.errors import BadInput
from personavlm.inspection import nearest, sharing, stops

LOOKING = "moment of {user}"
CHAT, MEMORIES, TRACE = (f"inspector_pages/{page}.py" for page in ("chat", "memories", "trace"))


def header(title: str) -> DeltaGenerator:
    """Draw a page's title; return the place beside it for what can be taken away."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader(title, anchor=False, width="content")
        return st.container(width="content")


def projecting() -> bool:
    """Whether the page is shown on a projector."""
    return bool(st.session_state.get("projector"))


def draw(figure: go.Figure, alt: str, key: str, picks: bool = False) -> list[str]:
    """Draw a figure; return the ids of the marks that were clicked on, if it lets one pick."""
    if projecting():
        right = figure.layout.margin.r or 0
        figure.update_layout(font={"size": PROJECTOR_FONT}, margin={"r": right if right < 50 else 1.6 * right})
        figure.update_annotations(font={"size": PROJECTOR_FONT})
    taken = {"format": "png", "filename": key.replace(" ", "-"), "scale": 2}
    config = {"displaylogo": False, "toImageButtonOptions": taken, "scrollZoom": False}
    if not picks:
        st.plotly_chart(figure, alt=alt, key=f"figure {key}", config=config)
        return []
    event = st.plotly_chart(
        figure, alt=alt, key=f"figure {key}", config=config, on_select="rerun", selection_mode="points"
    )
    return [point["customdata"][0] for point in event["selection"]["points"] if point.get("customdata")]


def linked(name: str, known: Callable[[str], bool]) -> str | None:
    """Return what the address asks for, if there is such a thing and it is not what the page wrote there itself."""
    asked = st.query_params.get(name)
    own = st.session_state.get(f"address says {name}")
    return asked if asked is not None and asked != own and known(asked) else None


def say(name: str, value: str | None) -> None:
    """Let the address name what is shown."""
    st.session_state[f"address says {name}"] = value
    if value:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)


def choose(label: str, options: Sequence[str], name: str, start: int = 0, width: int = 300) -> str:
    """Draw a choice that the address names; return what is chosen, at first the option in place ``start``."""
    key = f"chosen {name}"
    if asked := linked(name, options.__contains__):
        st.session_state[key] = asked
    if st.session_state.get(key) not in options:
        st.session_state[key] = options[min(start, len(options) - 1)]
    chosen: str = st.selectbox(label, options, key=key, width=width)
    say(name, chosen)
    return chosen


def view_of(options: Sequence[str], key: str, format_func: Callable[[str], str] = str, name: str = "view") -> str:
    """Draw the choice between views, which the address names under ``name``; return the one that is shown."""
    if asked := linked(name, options.__contains__):
        st.session_state[key] = asked
    st.session_state.setdefault(key, options[0])
    view: str = st.segmented_control(
        name.title(), options, key=key, label_visibility="collapsed", required=True, format_func=format_func
    )
    say(name, view if view != options[0] else None)
    return view


# ── the moment ───────────────────────────────────────────────────────────────────────────────────────────────────


def looking_from(desk: Desk) -> datetime | None:
    """Draw the as-of slider; return the chosen moment, None for the present. Other pages keep it."""
    moments = stops(desk.edits())
    kept = LOOKING.format(user=desk.user)
    if kept not in st.session_state:
        st.session_state[kept] = _asked()
    if len(moments) < 2:
        return None
    latest = moments[-1]
    key = f"as of {desk.user} {len(moments)}"
    if key not in st.session_state:
        wanted = st.session_state[kept]
        st.session_state[key] = (nearest(moments, wanted) if wanted else None) or latest

    def keep() -> None:
        chosen = st.session_state[key]
        st.session_state[kept] = None if chosen == latest else chosen

    chosen: datetime = st.select_slider(
        "As of",
        moments,
        key=key,
        format_func=moment,
        on_change=keep,
        help="Every stop is a moment at which something was learnt. The whole page goes back to it.",
    )
    then = None if chosen == latest else chosen
    say("moment", then.isoformat() if then else None)
    return then


def _asked() -> datetime | None:
    try:
        return sharing.read_moment(st.query_params.get("moment"))
    except BadInput as error:
        st.warning(f"{error.message} {error.remedy}")
        return None


# ── taking away ──────────────────────────────────────────────────────────────────────────────────────────────────


def take_away(
    page: str,
    code: str,
    figure: go.Figure | None = None,
    rows: tuple[Sequence[str], Sequence[Sequence[object]]] | None = None,
    **shown: str | None,
) -> None:
    """Draw how to take a view away: its address, the code that does the same in a notebook, and files."""
    view = st.query_params.get("view")
    with st.popover("Take away", icon=":material/ios_share:", type="tertiary"):
        block(soft("This view again: the address"))
        st.code("/" + sharing.address("" if page == "chat" else page, **shown, view=view), language=None)
        block(soft("The same in a notebook"))
        st.code(code, language="python")
        with st.container(horizontal=True):
            if rows is not None:
                head, body = rows
                st.download_button(
                    "CSV", lambda: sharing.table(head, body), f"{page}.csv", "text/csv", key=f"csv {page}"
                )
            if figure is not None:
                st.download_button(
                    "HTML", lambda: figure.to_html(include_plotlyjs=True), f"{page}.html", "text/html",
                    key=f"html {page}",
                )  # fmt: skip
        if figure is not None:
            block(soft("PNG: the camera above the figure"))
