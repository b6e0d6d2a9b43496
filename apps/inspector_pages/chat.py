"""Chat: talk, and see beside every answer what was thought, looked up, found and learnt."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import streamlit as st
from inspector_desk import here, home, now
from inspector_marking import pointed_at, take
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
from inspector_views import MEMORIES, TRACE, draw, linked, say, take_away

from personavlm.asking import Delta
from personavlm.assistant import Shown
from personavlm.figures import turn_timeline
from personavlm.inspection import LEARNING, learnt, resting_on, sharing, summed
from personavlm.personality import HIGHEST, LOWEST, TRAITS, Trait
from personavlm.pictures import Marked
from personavlm.trace import Malformed, Retrieve, Trace

EARLIER = 10  # turns shown at first, and more at each click
FURTHEST = 60  # turns shown so that a linked one is among them
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
    traits: dict[Trait, float]
    """Traits that were set for this one answer."""


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
    opened = st.session_state[INSIDE]
    reach = count - int(opened[1:]) + 2 if opened.startswith("t") else 0  # the turn that is open is among them
    shown = max(st.session_state.get("earlier", EARLIER), min(reach, FURTHEST))
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
            traits = ", ".join(f"{trait} {score:.1f}" for trait, score in one.traits.items())
            as_somebody = f" as if {traits}" if traits else ""
            when = moment(one.trace.turn.time)
            st.html(f'<div class="pv-day">only asked{as_somebody}, as of {when}; nothing was stored</div>')
            exchange(one.trace, f"asked {number}", one.pictures)


# ── what is said, and how ────────────────────────────────────────────────────────────────────────────────────────


def when() -> tuple[datetime, bool]:
    """Draw the clock; return the time of the next message, and whether it is only asked."""
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


def as_somebody() -> dict[Trait, float]:
    """Draw the traits that may be set for one answer; return those that are."""
    with st.popover("As if …", icon=":material/theater_comedy:", type="tertiary"):
        block(soft("Traits for the next answer alone. It is only asked: nothing is stored, and the profile stays."))
        profile = desk.store.state().estimate.profile
        chosen = st.multiselect("Traits", TRAITS, key="as if", placeholder="choose traits to set")
        return {
            trait: st.slider(trait, LOWEST, HIGHEST, profile[trait], 0.5, key=f"as if {trait}")
            for trait in TRAITS
            if trait in chosen
        }


def converse(text: str, shown: list[Shown], time: datetime) -> None:
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


def only_ask(text: str, shown: list[Shown], time: datetime, traits: dict[Trait, float]) -> None:
    with st.spinner("thinking …"):
        trace = desk.assistant.ask(time, text, shown, traits)
    sources = [one.source if isinstance(one, Marked) else one for one in shown]
    given = zip(trace.turn.pictures, sources, strict=True)
    passing = {picture.digest: data for picture, data in given if isinstance(data, bytes)}
    asked.append(Asked(trace, desk.store.counts()[0], passing, traits))
    show(f"asked {len(asked)}")


# ── one answer ───────────────────────────────────────────────────────────────────────────────────────────────────


def inside(name: str) -> None:
    """Draw everything about one answer."""
    stored = name.startswith("t")
    trace = desk.store.trace(name) if stored else asked[int(name.removeprefix("asked ")) - 1].trace
    told_of = summed(trace)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Inside this answer", anchor=False)
        if stored:
            take_away("chat", sharing.one_turn(str(home()), desk.user, name), user=desk.user, turn=name)
    place = f"turn {name} · {moment(trace.turn.time)}" if stored else f"only asked, as of {moment(trace.turn.time)}"
    counts = f"{several(told_of.look_ups, 'look-up')} · {several(told_of.hits, 'hit')} · {told_of.malformed} malformed"
    block(soft(f"“{trace.turn.text[:90]}” · {place}"), soft(counts))
    if stored:
        why_this(trace)
    block(steps(desk.store, trace))
    if stored:
        learning = (job := desk.job(name)) is not None and job.status == "queued"
        st.fragment(taught, run_every=1.0 if learning and desk.problem is None else None)(name, learning)
    block(heading("Model calls"), calls(trace.calls))
    if trace.calls:
        with st.expander(f"Where the time went: {told_of.seconds:.2f} s, {told_of.tokens} tokens"):
            draw(turn_timeline(trace), "Model calls of this turn in the order they were made", f"time line {name}")


def why_this(trace: Trace) -> None:
    """Draw the way from an answer to the memory it rests on, and to its trace."""
    best = resting_on(trace)
    with st.container(horizontal=True):
        if best is not None:
            st.page_link(
                MEMORIES, label=f"Why this? {best.type} {best.id}", icon=":material/help:",
                query_params={"user": desk.user, "memory": best.id},
            )  # fmt: skip
        st.page_link(
            TRACE, label="Its trace", icon=":material/account_tree:",
            query_params={"user": desk.user, "turn": trace.turn.id},
        )  # fmt: skip


def taught(name: str, learning: bool) -> None:
    """Draw what a turn taught; drawn again every second until it is known."""
    job = desk.job(name)
    if learning and (job is None or job.status != "queued"):
        st.rerun()
    bad = complaints(name, job.note) if job is not None and job.status == "failed" else ""
    rows = learnt(desk.store.edits(name), desk.store.state())
    waiting = soft("still to be learnt; the reply did not wait for it") if learning else learnt_rows(rows)
    block(heading("Learnt from this turn"), waiting, bad)


def complaints(name: str, note: str) -> str:
    """Return what was Malformed while a turn was learnt from, with the model's own words."""
    calls_made = [call for call in desk.store.trace(name).calls if call.malformed and call.purpose in LEARNING["turn"]]
    return "".join(malformed(f"{c.purpose}: {c.malformed}", c.raw) for c in calls_made) or malformed(note)


def newest() -> str:
    last = desk.store.last_turn()
    return last.id if last else ""


def exists(name: str) -> bool:
    number = name.removeprefix("asked ").removeprefix("t")
    most = len(asked) if name.startswith("asked") else desk.store.counts()[0]
    return number.isdigit() and 0 < int(number) <= most


if asked_for := linked("turn", exists):
    show(asked_for)
if not exists(st.session_state.get(INSIDE, "")):
    show(newest())
talk, beside = st.columns([11, 10], gap="large")
with talk:
    st.subheader(f"Talking with {plain}" if (plain := desk.store.state().name) else "Talk", anchor=False)
    conversation = st.container(height=620, border=False, autoscroll=st.session_state[INSIDE] == newest())
    with conversation:
        if not desk.store.counts()[0] and not asked:
            block(soft("Say hello. Whatever you tell, it remembers, and shows you what it made of it."))
        history()
    with st.container(horizontal=True, vertical_alignment="center"):
        time, dry = when()
        traits = as_somebody()
        pointed = pointed_at()
    only = dry or bool(traits)
    message = st.chat_input(
        "Say something, drop pictures" if only or not desk.looking else "Only looking: ask “as of …” instead",
        accept_file="multiple", file_type=PICTURES, key="message", disabled=desk.looking and not only,
    )  # fmt: skip
    if message:
        shown: list[Shown] = [*([pointed] if pointed else []), *(file.getvalue() for file in message.files)]
        with conversation, told():
            if only:
                only_ask(message.text, shown, time, traits)
            else:
                converse(message.text, shown, time)
            take()
            st.rerun()
with beside, st.container(height=810, border=False), told():
    if st.session_state[INSIDE]:
        inside(st.session_state[INSIDE])
say("turn", name if (name := st.session_state[INSIDE]).startswith("t") else None)
