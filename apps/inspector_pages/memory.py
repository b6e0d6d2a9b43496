"""Memory: what is remembered, since when and on what evidence, as of any moment; why something did not come back."""

from __future__ import annotations

from itertools import groupby

import streamlit as st
from inspector_desk import here, now
from inspector_parts import block, card, heading, moment, particulars, period, plainly, several, soft, told

from personavlm.inspection import counted, found, kind_of, notable, stops, wondered
from personavlm.memory import Memory, State
from personavlm.trace import HitType

SHOWN = 40  # cards drawn at once; the search box finds the others
ALL = "all"

desk = here()


def moment_of_state() -> State:
    """Draw the as-of slider; return what was known then."""
    moments = stops(desk.store.edits())
    if len(moments) < 2:
        return desk.store.state()
    latest = moments[-1]
    chosen = st.select_slider(
        "As of",
        moments,
        latest,
        format_func=moment,
        key=f"as of {desk.user} {len(moments)}",
        help="Every stop is a moment at which something was learnt; nothing learnt later is shown.",
    )
    return desk.store.state(None if chosen == latest else chosen)


def labelled(kind: str, counts: dict[HitType, tuple[int, int]]) -> str:
    if kind == ALL:
        return ALL
    current, former = counts[kind]  # type: ignore[index]
    return f"{kind} {current}" + (f" + {former} former" if former else "")


def cards(state: State) -> list[Memory]:
    """Draw the search and the memories it leaves; return them."""
    counts = counted(state)
    kind = st.segmented_control(
        "Type", [ALL, *counts], default=ALL, key="type", label_visibility="collapsed",
        format_func=lambda kind: labelled(kind, counts),
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        text = st.text_input("Find", placeholder="words in a memory", key="find", label_visibility="collapsed")
        former = st.toggle("with former ones", value=True, key="former")
    memories = found(state, None if kind in (None, ALL) else kind, text, former)
    for shown, group in groupby(memories[:SHOWN], kind_of):
        block(heading(shown), *(card(desk.store, memory) for memory in group))
    if not memories:
        block(soft("Nothing of this kind is remembered."))
    if len(memories) > SHOWN:
        block(soft(f"and {several(len(memories) - SHOWN, 'more memory')}; narrow the search to see them"))
    return memories


def closer(state: State, memory: Memory) -> None:
    """Draw the history of one memory."""
    versions = state.history(memory.id)
    title = "One version" if len(versions) == 1 else f"{len(versions)} versions, oldest first"
    drawn = [card(desk.store, version) + particulars(version) for version in versions]
    block(heading(title), *drawn)


def why_not(memory: Memory) -> None:
    """Draw the question box and what became of the memory for it."""
    block(heading("Would it come back?"))
    with st.form("why not", border=False), told():
        question = st.text_input("A question", placeholder="What do I like to drink?", key="question")
        if not st.form_submit_button("Ask") or not question.strip():
            return
        with st.spinner("looking up …"):
            answer = wondered(desk.assistant, now(), question, memory.id)
        st.markdown(f"**{'It came back.' if answer.returned else 'It did not come back.'}**")
        looked = ", ".join(answer.asked.keywords)
        block(soft(answer.reason), soft(f"looked up: {looked}, {period(answer.asked.start, answer.asked.end)}"))


turns, sessions = desk.store.counts()
st.subheader(f"What is remembered of {plainly(desk.store.state().name or desk.user)}", anchor=False)
state = moment_of_state()
last = desk.store.last_turn()
until = f", the last on {moment(last.time)}" if last else ""
block(soft(f"{several(turns, 'turn')} in {several(sessions, 'session')}{until}"))
left, right = st.columns([11, 9], gap="large")
with left:
    memories = cards(state)
with right:
    if (first := notable(memories)) is not None:
        ids = [memory.id for memory in memories]
        chosen = st.selectbox(
            "Look closer at",
            ids,
            index=ids.index(first.id),
            format_func=lambda id: f"{id} · {state.memories[id].text[:70]}",
        )
        closer(state, state.memories[chosen])
        why_not(state.memories[chosen])
