"""Erasing, on the workspace page: what it would take first, then the deed, then the report that nothing is left."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from inspector_desk import Desk, home, let_go, now
from inspector_parts import block, evidence, heading, plainly, several, soft, table, told

from personavlm.erasure import Mentioned, Period, Preview, Remembered, Report, Turns, What, erase, erase_user, preview
from personavlm.inspection import sharing, whole_days
from personavlm.personality import TRAITS

A_NAME, A_MEMORY, A_TURN, DAYS = "A name", "A memory", "A turn", "Some days"
HINTS = {A_NAME: "Bob", A_MEMORY: "m12_1", A_TURN: "t7"}
Rows = tuple[Sequence[str], Sequence[Sequence[object]]] | None


def erase_view(desk: Desk) -> Rows:
    """Draw what an erasure would take, before it takes anything; then do it, and show the report."""
    if report := st.session_state.get(f"erased of {desk.user}"):
        erased(report)
    block(soft("Look first: nothing is written until you say so. What rests on the erased goes with it."))
    what = asked_to_erase(desk)
    if what is None:
        return None
    look: Preview | None = None
    with told():
        look = preview(home(), desk.user, what)
    if look is None:
        return None
    seen(desk, look)
    sure = st.text_input("To erase it for good, write the user's name", key="sure to erase", max_chars=200)
    if st.button("Erase", type="primary", disabled=sure.strip() != desk.user or desk.looking):
        with told():
            st.session_state[f"erased of {desk.user}"] = erase(home(), desk.user, what)
            for key in ("sure to erase", *(f"erase {kind}" for kind in HINTS)):
                st.session_state.pop(key, None)
            desk.learn()
            st.rerun()
    return ("turn", "said"), [(turn.id, turn.text) for turn in look.turns]


def asked_to_erase(desk: Desk) -> What | None:
    """Draw the choice of what is to be forgotten; None while it is not given."""
    kind = st.segmented_control(
        "What", [A_NAME, A_MEMORY, A_TURN, DAYS], default=A_NAME, key="erase kind", required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    if kind == DAYS:
        days = st.date_input("Days", (), key=f"erase days {desk.user}", width=260)
        start, end = whole_days(days if isinstance(days, tuple) else (), now().tzinfo)
        return Period(start, end) if start and end else None
    text = st.text_input(kind, placeholder=HINTS[kind], key=f"erase {kind}", width=260, max_chars=200).strip()
    if not text:
        return None
    return Mentioned(text) if kind == A_NAME else Remembered(text) if kind == A_MEMORY else Turns((text,))


def seen(desk: Desk, look: Preview) -> None:
    """Draw a preview."""
    counts = (
        f"{several(len(look.turns), 'turn')}, {several(len(look.memories), 'memory')}, {several(look.edits, 'edit')} "
        f"and {several(len(look.pictures), 'picture')} would go; {several(len(look.replies), 'reply')} would be cleared"
    )
    again = f"; {', '.join(look.again)} would be learnt again" if look.again else ""
    block(soft(counts + again + "."))
    if look.still_said:
        block(soft(f"Still said in {', '.join(look.still_said)}: erase these too if it is to be gone."))
    if look.forks:
        block(soft(f"It goes from those who share this past too: {', '.join(look.forks)}."))
    left, right = st.columns(2, gap="large")
    with left:
        block(heading("Turns that go"), evidence(desk.store, [turn.id for turn in look.turns]))
    with right:
        rows = [(memory.id, memory.type, memory.text) for memory in look.memories]
        block(heading("Memories that go"), table(("", "type", "what"), rows) if rows else soft("none"))
        moved = [
            (trait, f"{look.profile[trait]:.2f}", f"{look.profile_after[trait]:.2f}")
            for trait in TRAITS
            if abs(look.profile[trait] - look.profile_after[trait]) >= 0.005
        ]
        if moved:
            block(heading("The profile"), table(("trait", "now", "without it"), moved, numbers=(1, 2)))


def erased(report: Report) -> None:
    """Draw what an erasure did, and that nothing of it was found afterwards."""
    found = "nothing was found" if not report.residue else f"{several(report.residue, 'trace')} were found"
    counts = (
        f"{several(report.turns, 'turn')}, {several(report.memories, 'memory')}, {several(report.pictures, 'picture')}"
    )
    st.success(f"Erased: {counts}. {several(report.probes, 'probe')} looked for it in every file; {found}.")
    st.download_button("The report", sharing.as_json(report), "erasure.json", "application/json", key="erasure report")


def whole_user(desk: Desk) -> None:
    """Draw the way to erase somebody whole."""
    with st.expander(f"Erase {plainly(desk.user)} whole"):
        block(soft("The whole folder goes: turns, memories, pictures, vectors. Forks are users of their own and stay."))
        sure = st.text_input("Write the user's name", key="sure to erase whole", max_chars=200)
        if st.button("Erase the user", disabled=sure.strip() != desk.user or desk.looking):
            with told():
                let_go(desk.user)
                erase_user(home(), desk.user)
                st.query_params.clear()
                st.rerun()
