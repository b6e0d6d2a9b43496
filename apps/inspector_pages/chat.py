"""Chat: talk, and see beside every answer what was thought, looked up, found and learnt."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import streamlit as st
from inspector_desk import here, now
from inspector_parts import (
    block,
    calls,
    day,
    heading,
    learnt_rows,
    malformed,
    moment,
    pictures,
    said,
    several,
    soft,
    steps,
    told,
)

from personavlm.asking import Delta
from personavlm.figures import turn_timeline
from personavlm.inspection import learnt, summed
from personavlm.trace import Malformed, Retrieve, Trace

EARLIER = 10  # turns shown at first, and more at each click
NOW, SET, DRY = "Now", "At a set time", "Only ask, as of …"
PICTURES = ["png", "jpg", "jpeg", "webp", "gif", "bmp"]

desk = here()
INSIDE = f"shown of {desk.user}"  # where the tab keeps which answer is open


class Asked(NamedTuple):
    """A question that was only asked; it lives as long as the browser's tab."""

    trace: Trace
    after: int
    """Turns there were when it was asked."""
    pictures: dict[str, bytes]


asked: list[Asked] = st.session_state.setdefault(f"asked {desk.user}", [])


def show(name: str) -> None:
    st.session_state[INSIDE] = name


def earlier() -> None:
    st.session_state["earlier"] = st.session_state.get("earlier", EARLIER) + EARLIER


def exchange(trace: Trace, name: str, passing: dict[str, bytes]) -> None:
    """Draw one turn with the button that opens its answer."""
    with st.chat_message("user", avatar=":material/person:"):
        if trace.turn.pictures:
            block(pictures(desk.store, trace, passing))
        said(trace.turn.text)
    with st.chat_message("assistant", avatar=":material/neurology:"):
        said(trace.reply)
        opened = st.session_state.get(INSIDE) == name
        st.button(
            noted(trace),
            key=f"inside {name}",
            type="tertiary",
            icon=":material/chevron_right:" if opened else ":material/search:",
            on_click=show,
            args=(name,),
        )


def noted(trace: Trace) -> str:
    told_of = summed(trace)
    parts = ["imported" if told_of.given else several(told_of.hits, "hit")]
    parts += [f"{told_of.malformed} malformed"] if told_of.malformed else []
    parts += [f"{told_of.learnt} learnt"] if told_of.learnt else []
    return " · ".join(parts)


def history() -> None:
    """Draw the last turns, by session, and what was only asked where it was asked."""
    count, _ = desk.store.counts()
    shown = st.session_state.get("earlier", EARLIER)
    if count > shown:
        st.button("Earlier turns", icon=":material/expand_less:", type="tertiary", on_click=earlier)
    session = ""
    for bare in desk.store.traces_after(f"t{count - shown}" if count > shown else ""):
        turn = bare.turn
        only_asked(turn.finished)
        if (belongs := desk.store.session_of(turn.id)) != session:
            session = belongs
            st.html(f'<div class="pv-day">session {session} · {day(turn.time)}</div>')
        exchange(desk.store.trace(turn.id), turn.id, {})
    only_asked(count)


def only_asked(after: int) -> None:
    """Draw what was only asked when there were so many turns."""
    for number, one in enumerate(asked, start=1):
        if one.after == after:
            st.html(f'<div class="pv-day">only asked, as of {moment(one.trace.turn.time)}; nothing was stored</div>')
            exchange(one.trace, f"asked {number}", one.pictures)


def when() -> tuple[datetime, bool]:
    """Draw the clock; return the time of the next message, and whether it is only asked."""
    with st.container(horizontal=True, vertical_alignment="center"):
        choice = st.segmented_control("Clock", [NOW, SET, DRY], default=NOW, label_visibility="collapsed", key="clock")
        if choice in (None, NOW):
            return now(), False
        last = desk.store.last_turn()
        start = last.time.astimezone().replace(tzinfo=None) if choice == DRY and last else now().replace(tzinfo=None)
        chosen = st.datetime_input(
            "Time", start, key=f"time {choice} {desk.user}", label_visibility="collapsed", step=60, width=220,
            min_value=datetime(1970, 1, 2), max_value=datetime(2200, 1, 1),
        )  # fmt: skip
        st.caption(f"UTC{now().isoformat()[-6:]}")
    return (chosen or start).astimezone(), choice == DRY


def converse(text: str, shown: list[bytes], time: datetime) -> None:
    """Say something and draw the reply while it is written; what it teaches is learnt afterwards."""
    with st.chat_message("user", avatar=":material/person:"):
        said(text)
    with st.chat_message("assistant", avatar=":material/neurology:"):
        status, reply, words = st.empty(), st.empty(), ""
        status.caption("thinking …")
        desk.store.close_due(time)
        for event in desk.assistant.stream(desk.assistant.draft(time, text, shown), aloud=True):
            if isinstance(event, Delta):
                words += event.text
                with reply:
                    said(words)
            elif isinstance(event, Trace):
                show(event.turn.id)
            elif isinstance(event.action, Retrieve):
                words = ""
                status.caption(f"looked something up: {several(len(event.hits), 'hit')}")
            elif isinstance(event.action, Malformed):
                words = ""
                status.caption("malformed output, asking again")
    desk.learn()


def only_ask(text: str, shown: list[bytes], time: datetime) -> None:
    with st.spinner("thinking …"):
        trace = desk.assistant.ask(time, text, shown)
    passing = {picture.digest: data for picture, data in zip(trace.turn.pictures, shown, strict=True)}
    asked.append(Asked(trace, desk.store.counts()[0], passing))
    show(f"asked {len(asked)}")


def inside(name: str) -> None:
    """Draw everything about one answer."""
    stored = name.startswith("t")
    trace = desk.store.trace(name) if stored else asked[int(name.removeprefix("asked ")) - 1].trace
    told_of = summed(trace)
    st.subheader("Inside this answer", anchor=False)
    place = f"turn {name} · {moment(trace.turn.time)}" if stored else f"only asked, as of {moment(trace.turn.time)}"
    counts = f"{several(told_of.look_ups, 'look-up')} · {several(told_of.hits, 'hit')} · {told_of.malformed} malformed"
    block(soft(f"“{trace.turn.text[:90]}” · {place}"), soft(counts), steps(desk.store, trace))
    if stored:
        learning = (job := desk.job(name)) is not None and job.status == "queued"
        st.fragment(taught, run_every=1.0 if learning and desk.problem is None else None)(name, learning)
    block(heading("Model calls"), calls(trace.calls))
    if trace.calls:
        with st.expander(f"Where the time went: {told_of.seconds:.2f} s, {told_of.tokens} tokens"):
            st.plotly_chart(turn_timeline(trace), alt="Model calls of this turn in the order they were made")


def taught(name: str, learning: bool) -> None:
    """Draw what a turn taught; drawn again every second until it is known."""
    job = desk.job(name)
    if learning and (job is None or job.status != "queued"):
        st.rerun()
    bad = malformed(job.note) if job is not None and job.status == "failed" else ""
    rows = learnt(desk.store.edits(name), desk.store.state())
    waiting = soft("still to be learnt; the reply did not wait for it") if learning else learnt_rows(rows)
    block(heading("Learnt from this turn"), waiting, bad)


def newest() -> str:
    last = desk.store.last_turn()
    return last.id if last else ""


def exists(name: str) -> bool:
    number = int(name.removeprefix("asked ").removeprefix("t") or 0)
    return 0 < number <= (len(asked) if name.startswith("asked") else desk.store.counts()[0])


if not exists(st.session_state.get(INSIDE, "")):
    show(newest())
talk, beside = st.columns([11, 10], gap="large")
with talk:
    st.subheader(f"Talking with {plain}" if (plain := desk.store.state().name) else "Talk", anchor=False)
    conversation = st.container(height=640, border=False, autoscroll=True)
    with conversation:
        if not desk.store.counts()[0] and not asked:
            block(soft("Say hello. Whatever you tell, it remembers, and shows you what it made of it."))
        history()
    time, dry = when()
    message = st.chat_input("Say something, drop pictures", accept_file="multiple", file_type=PICTURES, key="message")
    if message:
        shown = [file.getvalue() for file in message.files]
        with conversation, told():
            (only_ask if dry else converse)(message.text, shown, time)
            st.rerun()
with beside, st.container(height=810, border=False), told():
    if st.session_state[INSIDE]:
        inside(st.session_state[INSIDE])
