"""Memories: a card each with evidence and history; corrected, retired and brought back; what contradicts itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby, pairwise

import streamlit as st
from inspector_desk import here, home, now
from inspector_parts import (
    block,
    card,
    evidence,
    heading,
    moment,
    particulars,
    period,
    plainly,
    several,
    soft,
    told,
    version_diff,
)
from inspector_views import header, linked, looking_from, say, take_away, view_of

from personavlm.figures import kind_of
from personavlm.inspection import (
    Contradiction,
    Hand,
    accepted,
    brought_back_for,
    contradictions,
    corrected,
    counted,
    found,
    keyed,
    looking_like,
    notable,
    proposed_merges,
    refused,
    restored,
    retired,
    reworded,
    settled,
    sharing,
    wondered,
    written,
)
from personavlm.memory import Edit, Memory, Merge, State
from personavlm.trace import HitType

SHOWN = 30  # cards drawn at once; the search box finds the others
ALL, CARDS, KEYED, DECIDE = "all", "Cards", "Core and habits", "To decide"
HEAD = ("id", "type", "what", "attribute", "value", "since", "until", "status", "turns")

desk = here()
CHOSEN = f"memory of {desk.user}"


def choose(id: str) -> None:
    st.session_state[CHOSEN] = id


def change(make: Callable[[State, Hand], Sequence[Edit]], done: str) -> None:
    """Make edits by hand; what is wrong with them is told instead."""
    with told():
        edits = written(desk.assistant, now(), make)
        st.session_state["done"] = done
        for edit in edits:
            if edit.op in ("add", "replace", "merge"):
                choose(edit.memory.id)
        st.rerun()


# ── finding ──────────────────────────────────────────────────────────────────────────────────────────────────────


def labelled(kind: str, counts: dict[HitType, tuple[int, int]]) -> str:
    if kind == ALL:
        return ALL
    current, former = counts[kind]  # type: ignore[index]
    return f"{kind} {current}" + (f" + {former} former" if former else "")


def search(state: State) -> list[Memory]:
    """Draw the search by type, text and picture; return what it leaves."""
    counts = counted(state)
    kind = st.segmented_control(
        "Type", [ALL, *counts], default=ALL, key="type", label_visibility="collapsed",
        format_func=lambda kind: labelled(kind, counts),
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        text = st.text_input("Find", placeholder="words in a memory", key="find", label_visibility="collapsed")
        former = st.toggle("with former ones", value=True, key="former")
        with st.popover("By picture", icon=":material/image_search:", type="tertiary"):
            file = st.file_uploader("Picture", ["png", "jpg", "jpeg", "webp"], key="like", label_visibility="collapsed")
    if file is not None:
        return by_picture(file.getvalue(), state)
    return found(state, None if kind in (None, ALL) else kind, text, former)


def by_picture(data: bytes, state: State) -> list[Memory]:
    """Draw how much a picture looks like each named thing; return them, nearest first."""
    with told():
        near = looking_like(desk.assistant, data, state)
        lines = [f"{one.memory.text}: {one.cosine:.2f}{', the same thing' if one.same else ''}" for one in near]
        block(heading("Looks like"), *(soft(line) for line in lines or ["no named thing is remembered"]))
        return [one.memory for one in near]
    return []


def cards(memories: Sequence[Memory]) -> None:
    """Draw memories as cards by type; the button beside each opens it."""
    for shown, group in groupby(memories[:SHOWN], kind_of):
        with st.container(gap="xxsmall"):
            block(heading(shown))
            for memory in group:
                with st.container(horizontal=True, gap="small", vertical_alignment="center", wrap=False):
                    block(card(desk.store, memory))
                    st.button(
                        "Open", key=f"open {memory.id}", type="tertiary", help=f"Open {memory.id}",
                        on_click=choose, args=(memory.id,), width="content",
                    )  # fmt: skip
    if not memories:
        block(soft("Nothing of this kind is remembered."))
    if len(memories) > SHOWN:
        block(soft(f"and {several(len(memories) - SHOWN, 'more memory')}; narrow the search to see them"))


# ── one memory ───────────────────────────────────────────────────────────────────────────────────────────────────


def closer(state: State, memory: Memory, looking_back: bool) -> None:
    """Draw one memory: every version with what changed in it, what can be done about it, whether it comes back."""
    changeable = not looking_back and not desk.looking
    versions = state.history(memory.id)
    block(heading("One version" if len(versions) == 1 else f"{len(versions)} versions, oldest first"))
    before = None
    for version in versions:
        block(card(desk.store, version), particulars(version))
        if before is not None and before.text != version.text:
            block(soft("what changed"), version_diff(reworded(before.text, version.text)))
        if version.status != "current" and changeable:
            st.button(
                f"Bring {version.id} back", key=f"back {version.id}", icon=":material/undo:", type="tertiary",
                on_click=bring_back, args=(version.id,),
            )  # fmt: skip
        before = version
    used = brought_back_for(desk.traces(), {version.id for version in versions})
    if used:
        block(heading(f"Came back for {several(len(used), 'reply')}"), evidence(desk.store, used))
    if looking_back:
        block(soft("This is how it was; go to the present to change it."))
    elif changeable and versions[-1].status == "current":
        by_hand(versions[-1])
    why_not(memory)


def bring_back(id: str) -> None:
    st.session_state["to bring back"] = id


def by_hand(memory: Memory) -> None:
    """Draw the forms that correct and retire a memory, each with its reason."""
    with st.container(horizontal=True):
        with st.popover("Correct", icon=":material/edit:"), st.form(f"correct {memory.id}", border=False):
            says = memory.value if memory.type == "core" else memory.text
            value = st.text_area("What is right", says, key=f"right {memory.id}")
            reason = st.text_input("Why", key=f"why right {memory.id}", placeholder="I said it wrong")
            if st.form_submit_button("Correct it", type="primary"):
                change(
                    lambda state, hand: corrected(state, memory.id, value, reason, hand), f"{memory.id} was corrected"
                )
        with st.popover("Retire", icon=":material/event_busy:"), st.form(f"retire {memory.id}", border=False):
            reason = st.text_input("Why", key=f"why gone {memory.id}", placeholder="it is over")
            if st.form_submit_button("Retire it", type="primary"):
                change(lambda state, hand: retired(state, memory.id, reason, hand), f"{memory.id} was retired")


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


# ── core and habits ──────────────────────────────────────────────────────────────────────────────────────────────


def keys(state: State) -> None:
    """Draw core and procedural memory key by key, each with its versions."""
    for kind in ("core", "procedural"):
        rows = keyed(state, kind)
        block(heading(kind), "" if rows else soft("nothing yet"))
        for row in rows:
            newest = row.versions[-1]
            block(card(desk.store, newest))
            if len(row.versions) > 1:
                with st.expander(f"{len(row.versions)} versions of {plainly(row.key)}"):
                    for old, new in pairwise(row.versions):
                        block(
                            soft(f"{old.id} → {new.id}, {moment(new.since)}"),
                            version_diff(reworded(old.text, new.text)),
                        )


# ── to decide ────────────────────────────────────────────────────────────────────────────────────────────────────


def inbox(rivals: Sequence[Contradiction], merges: Sequence[Merge], state: State) -> None:
    """Draw what only the user can decide: contradictions, and memories that may be one."""
    block(heading("Contradictions"), "" if rivals else soft("Nothing contradicts itself."))
    if desk.looking:
        block(soft("Only looking: nothing can be decided."))
    for pair in rivals:
        block(soft(pair.why), f'<div class="pv-vs">{card(desk.store, pair.old)}{card(desk.store, pair.new)}</div>')
        with st.container(horizontal=True):
            for verdict, words in (("old", "Keep the older"), ("new", "Keep the newer"), ("both", "Both hold")):
                if st.button(words, key=f"{verdict} {pair.old.id} {pair.new.id}", disabled=desk.looking):
                    make = partial(settle, pair, verdict)
                    change(make, f"{pair.old.id} and {pair.new.id}: {words.lower()}")
    block(heading("Perhaps one and the same"), "" if merges else soft("Nothing is said twice."))
    for merge in merges:
        parts = "".join(card(desk.store, state.memories[target]) for target in merge.targets)
        block(f'<div class="pv-vs">{parts}</div>', soft(f"would become: {merge.memory.text}"))
        with st.container(horizontal=True):
            if st.button("Make them one", key=f"accept {merge.memory.id}", disabled=desk.looking):
                change(lambda _, hand, merge=merge: accepted(merge, hand), f"{' and '.join(merge.targets)} are one now")
            if st.button("They are different", key=f"refuse {merge.memory.id}", disabled=desk.looking):
                change(lambda state, hand, merge=merge: refused(merge, state, hand), "kept beside each other")


def settle(pair: Contradiction, verdict: str, _: State, hand: Hand) -> tuple[Edit, ...]:
    return settled(pair, verdict, hand)  # type: ignore[arg-type]


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────


def page() -> None:
    if id := st.session_state.pop("to bring back", None):
        change(lambda state, hand: restored(state, id, hand), f"{id} was brought back")
    if done := st.session_state.pop("done", None):
        st.toast(f"{plainly(done)}. Every version stays: its history can bring it back.", icon=":material/check:")
    away = header(f"What is remembered of {plainly(desk.store.state().name or desk.user)}")
    then = looking_from(desk)
    state = desk.state(then)
    rivals = contradictions(state)
    views = [CARDS, KEYED, DECIDE]
    view = view_of(views, "view", lambda one: f"{one} ({len(rivals)})" if one == DECIDE and rivals else one)
    left, right = st.columns([11, 9], gap="large")
    with left:
        memories = search(state) if view == CARDS else list(state.all())
        if view == CARDS:
            cards(memories)
        elif view == KEYED:
            keys(state)
        else:
            inbox(rivals, proposed_merges(desk.assistant, state, now()), state)
    chosen = chosen_of(memories, state)
    with right:
        if chosen is not None and view != DECIDE:
            closer(state, chosen, then is not None)
    with away:
        code = (
            sharing.one_memory(str(home()), desk.user, chosen.id) if chosen else sharing.opened(str(home()), desk.user)
        )
        rows = [
            (m.id, m.type, m.text, m.attribute, m.value, m.since, m.until, m.status, " ".join(m.evidence))
            for m in memories
        ]
        take_away(
            "memories", code, None, (HEAD, rows), user=desk.user, memory=chosen.id if chosen else None,
            moment=then.isoformat() if then else None,
        )  # fmt: skip


def chosen_of(memories: Sequence[Memory], state: State) -> Memory | None:
    """Return the memory that is open: clicked on, named in the address, or one worth a look."""
    if asked := linked("memory", state.memories.__contains__):
        choose(asked)
    first = notable(memories)
    id = st.session_state.get(CHOSEN)
    chosen = state.memories.get(id) if id in state.memories else first
    say("memory", chosen.id if chosen else None)
    return chosen


page()
