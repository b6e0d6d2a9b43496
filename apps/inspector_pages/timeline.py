"""Timeline: a life as bars of validity above its turns; the as-of slider takes the whole page back."""

from __future__ import annotations

from datetime import datetime

import streamlit as st
from inspector_desk import here, home
from inspector_parts import block, card, change_list, heading, moment, plainly, several, soft, table
from inspector_views import CHAT, MEMORIES, draw, header, looking_from, take_away

from personavlm.figures import memory_timeline, profile_dots
from personavlm.inspection import KINDS, changes, found, sharing, stops
from personavlm.memory import EMPTY, Memory, State
from personavlm.trace import Trace

HEAD = ("id", "type", "what", "since", "until", "status", "turns")

desk = here()


def filtered(state: State) -> list[Memory]:
    """Draw the filters; return the memories they leave."""
    with st.container(horizontal=True, vertical_alignment="center"):
        kinds = st.pills(
            "Types", KINDS, selection_mode="multi", default=KINDS, key="timeline types", label_visibility="collapsed"
        )
        text = st.text_input(
            "Find", placeholder="words in a memory", key="timeline words", label_visibility="collapsed", width=240
        )
        former = st.toggle("with former ones", value=True, key="timeline former")
    return [memory for kind in kinds for memory in found(state, kind, text, former)]


def beside(state: State, then: datetime | None, picked: list[str]) -> None:
    """Draw the profile of the moment and what was clicked on."""
    latest = desk.store.state().estimate
    block(heading("How they came across then" if then else "How they come across"))
    dots = profile_dots(state.estimate, latest if then else None)
    draw(dots, "Five traits with their 90 % intervals", "profile then")
    if then:
        block(soft("open dots: today"))
    block(heading("What every prompt says of them"), known_at_once(state))
    for name in picked[:1]:
        if memory := state.memories.get(name):
            block(heading("Chosen"), card(desk.store, memory))
            st.page_link(
                MEMORIES, label="Open its card", icon=":material/inventory_2:",
                query_params={"user": desk.user, "memory": name},
            )  # fmt: skip
        elif name.startswith("t"):
            block(heading("Chosen"), soft(desk.store.trace(name).turn.text))
            st.page_link(
                CHAT, label=f"Open turn {name}", icon=":material/chat:", query_params={"user": desk.user, "turn": name}
            )


def known_at_once(state: State) -> str:
    rows = [(m.attribute, m.value or m.text) for m in state.core("human").values()]
    return table(("", ""), rows) if rows else soft("nothing yet")


def difference(state: State, then: datetime | None) -> None:
    """Draw what changed up to the moment since an earlier one."""
    moments = [one for one in stops(desk.edits()) if then is None or one < then]
    block(heading("What changed"))
    if not moments:
        block(soft("There is nothing before this moment."))
        return
    options = [None, *moments]
    start = st.selectbox(
        "since",
        options,
        index=max(1, len(options) - 1 - len(options) // 4),
        format_func=lambda one: moment(one) if one else "the very beginning",
        key=f"since {desk.user} {len(options)}",
        width=260,
    )
    before = desk.state(start) if start else EMPTY
    block(change_list(desk.user, changes(before, state)))


def page() -> None:
    name = plainly(desk.store.state().name or desk.user)
    away = header(f"The life of {name}, as remembered")
    then = looking_from(desk)
    state = desk.state(then)
    traces: list[Trace] = [t for t in desk.traces() if then is None or t.turn.time <= then]
    if not traces and not state.memories:
        block(soft("Nothing has been said yet."))
        return
    current = sum(1 for _ in state.current())
    gone = len(state.memories) - current
    counts = f"{several(len(traces), 'turn')} · {several(current, 'memory')} that hold"
    block(soft(f"{counts} · {gone} superseded, retired or merged"))
    memories = filtered(state)
    left, right = st.columns([8, 4], gap="large")
    figure = memory_timeline(memories, traces, then)
    with left:
        picked = draw(figure, f"{len(memories)} memories over time", f"life {desk.user}", picks=True)
        block(soft("solid: holds · dashed: superseded · dotted: retired or merged · click on a mark to open it"))
    with right:
        beside(state, then, picked)
    difference(state, then)
    with away:
        take_away(
            "timeline",
            sharing.life(str(home()), desk.user, then),
            figure,
            (HEAD, [(m.id, m.type, m.text, m.since, m.until, m.status, " ".join(m.evidence)) for m in memories]),
            user=desk.user,
            moment=then.isoformat() if then else None,
        )


page()
