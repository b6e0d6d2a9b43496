"""Trace: one reply step by step, with its exact prompts; told again with another look-up, model, or one memory less."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import streamlit as st
from inspector_desk import here, home, model_setting, other_model
from inspector_parts import (
    block,
    calls,
    heading,
    moment,
    plainly,
    prompt_text,
    quoted,
    said,
    several,
    soft,
    steps,
    told,
)
from inspector_views import draw, header, linked, say, take_away, view_of

from personavlm.figures import context_bars, hit_scores, turn_timeline
from personavlm.inspection import LeftOut, Prompt, leaving_out, lessons, prompts, replayed, sharing, summed
from personavlm.trace import Retrieve, Trace

HEAD = ("purpose", "model", "seconds", "tokens in", "tokens out", "malformed")
TREE, PROMPTS, AGAIN, WITHOUT = "Steps", "Prompts", "Tell again", "One memory less"

desk = here()


def chosen_turn() -> str | None:
    """Draw the choice of a turn; return its id, None if nothing was said yet."""
    count, _ = desk.store.counts()
    if not count:
        return None
    key = f"turn of {desk.user}"
    if asked := linked("turn", lambda id: id.startswith("t") and id[1:].isdigit() and 0 < int(id[1:]) <= count):
        st.session_state[key] = int(asked[1:])
    if key not in st.session_state:
        answered = [t.turn.finished + 1 for t in desk.traces() if not summed(t).given]
        st.session_state[key] = answered[-1] if answered else count
    st.session_state[key] = min(st.session_state[key], count)
    number = st.number_input("Turn", 1, count, key=key, width=140)
    say("turn", f"t{number}")
    return f"t{number}"


def tree(trace: Trace) -> None:
    """Draw the steps, where the time went, and the scores of what came back."""
    left, right = st.columns(2, gap="large")
    with left:
        block(steps(desk.store, trace))
        block(heading("Reply"))
        said(trace.reply)
    with right:
        block(heading("Model calls"), calls(trace.calls))
        if trace.calls:
            draw(turn_timeline(trace), "Model calls of this turn in the order they were made", "trace time line")
        if trace.hits:
            draw(hit_scores(trace.hits), "Scores of what came back", "trace hits")


def prompt_view(shown: Sequence[Prompt], learning: Sequence[Prompt]) -> None:
    """Draw what filled each prompt, and each prompt word by word: those of the reply, then of learning from it."""
    if not shown:
        block(soft("This reply came with an import: no model was asked for it."))
    if shown or learning:
        block(soft("Written out again from the trace and the ledger, by the code that rendered them."))
    for title, some, key in (("The reply", shown, "context"), ("What it taught", learning, "learning")):
        if some:
            block(heading(title))
            filled(some, key)


def filled(shown: Sequence[Prompt], key: str) -> None:
    """Draw a run of prompts."""
    bars = [(prompt.purpose, [(part.name, part.tokens) for part in prompt.parts]) for prompt in shown]
    draw(context_bars(bars), "What fills each prompt, in tokens", key)
    for number, prompt in enumerate(shown, start=1):
        size = sum(part.tokens for part in prompt.parts)
        pictures = sum(part.pictures for part in prompt.parts)
        seen = f", {several(pictures, 'picture')}" if pictures else ""
        with st.expander(f"{number}. {prompt.purpose}: about {size} tokens{seen}"):
            block(prompt_text(prompt.messages, prompt.said))


def again(trace: Trace) -> None:
    """Draw the form that tells the reply again with another look-up or model, and both replies side by side."""
    first = next((step.action for step in trace.steps if isinstance(step.action, Retrieve)), None)
    with st.form("again"):
        block(soft("As of just before the turn; nothing is stored. Left empty, the model looks up what it wants."))
        words = st.text_input("Look up first", ", ".join(first.keywords) if first else "", key=f"words {trace.turn.id}")
        with st.container(horizontal=True):
            start = bound("From", first.start if first else None, trace)
            end = bound("To", first.end if first else None, trace)
            setting = st.text_input("Model", model_setting(), key="again model", width=260)
        if not st.form_submit_button("Tell again", type="primary"):
            return
    keywords = tuple(word.strip() for word in words.split(",") if word.strip())
    with told(), st.spinner("thinking …"):
        query = Retrieve(keywords, start, end) if keywords else None
        other = replayed(desk.assistant, trace.turn, query, other_model(setting.strip()))
        left, right = st.columns(2, gap="large")
        for column, title, one in ((left, "As it was", trace), (right, "Told again", other)):
            with column:
                block(heading(title))
                said(one.reply)
                block(steps(desk.store, one))


def bound(label: str, time: datetime | None, trace: Trace) -> datetime | None:
    zone = trace.turn.time.tzinfo
    chosen = st.datetime_input(
        label, time.replace(tzinfo=None) if time else None, key=f"{label} {trace.turn.id}", width=220, step=60,
        min_value=datetime(1970, 1, 2), max_value=datetime(2200, 1, 1),
    )  # fmt: skip
    return chosen.replace(tzinfo=zone) if chosen else None


def without(trace: Trace) -> None:
    """Draw which hits the reply rests on: it is told again without each of them."""
    if not trace.hits:
        block(soft("Nothing was looked up for this reply."))
        return
    number = len({hit.id for hit in trace.hits})
    block(soft(f"The reply is told again {several(number, 'time')}, each time without one hit and what it quotes."))
    key = f"without {desk.user} {trace.turn.id} {model_setting()}"
    if st.button("Leave one out", type="primary"):
        with told():
            bar = st.progress(0.0, "thinking …")
            found: list[LeftOut] = []
            for one in leaving_out(desk.assistant, trace.turn):
                found.append(one)
                bar.progress(min(1.0, len(found) / number), f"without {one.hit.id}")
            bar.empty()
            st.session_state[key] = found
    for one in sorted(st.session_state.get(key, []), key=lambda one: not one.changed):
        verdict = "changes the answer" if one.changed else "changes nothing"
        block(heading(f"without {one.hit.type} {one.hit.id}: {verdict}"), soft(one.hit.text[:160]))
        if one.changed:
            said(one.trace.reply)
            instead = ", ".join(hit.id for hit in one.instead)
            block(soft(f"in its place came {instead}" if instead else "nothing came in its place"))


def page() -> None:
    away = header(f"Why {plainly(desk.store.state().name or desk.user)} got that answer")
    turn = chosen_turn()
    if turn is None:
        block(soft("Nothing has been said yet."))
        return
    trace = desk.store.trace(turn)
    numbers = summed(trace)
    counts = f"{several(numbers.look_ups, 'look-up')} · {several(numbers.hits, 'hit')} · {numbers.malformed} malformed"
    block(
        quoted(trace.turn.text),
        soft(f"{turn} · {moment(trace.turn.time)} · {counts} · {numbers.seconds:.2f} s · {numbers.tokens} tokens"),
    )
    view = view_of([TREE, PROMPTS, AGAIN, WITHOUT], "trace view")
    if view == TREE:
        tree(trace)
    elif view == PROMPTS:
        prompt_view(prompts(desk.assistant, trace), lessons(desk.assistant, trace))
    elif view == AGAIN:
        again(trace)
    else:
        without(trace)
    with away:
        code = sharing.told_again(str(home()), desk.user, model_setting(), turn)
        rows = [(c.purpose, c.model, c.seconds, c.tokens_in, c.tokens_out, c.malformed) for c in trace.calls]
        take_away("trace", code, None, (HEAD, rows), user=desk.user, turn=turn)


page()
