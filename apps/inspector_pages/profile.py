"""Profile: five traits over turns, each step with the turn it rests on; the user's own word outranks them."""

from __future__ import annotations

import streamlit as st
from inspector_desk import here, now
from inspector_parts import block, heading, move_table, plainly, soft, told

from personavlm.figures import profile_over_turns
from personavlm.inspection import moves
from personavlm.memory import trajectory
from personavlm.personality import HIGHEST, LOWEST, TRAITS, Trait, describe

desk = here()


def by_hand() -> None:
    """Draw the user's own settings."""
    estimate = desk.store.state().estimate
    inforce: dict[Trait, float] = dict(estimate.overrides)
    block(
        heading("Set by hand"), soft("What you set here is used in place of what was read, which goes on underneath.")
    )
    chosen = st.multiselect(
        "Traits", TRAITS, list(inforce), key=f"set {desk.user}", placeholder="choose traits to set",
        label_visibility="collapsed",
    )  # fmt: skip
    with st.form("by hand", border=False), told():
        scores = {
            trait: st.slider(trait, LOWEST, HIGHEST, estimate.profile[trait], 0.1, key=f"score {desk.user} {trait}")
            for trait in TRAITS
            if trait in chosen
        }
        with st.container(horizontal=True):
            set_now = st.form_submit_button("Set", type="primary", disabled=not chosen)
            lift = st.form_submit_button("Lift all", disabled=not inforce)
        if set_now or lift:
            desk.assistant.override(now(), {} if lift else scores)
            if lift:
                st.session_state.pop(f"set {desk.user}", None)
            st.rerun()


def every_step() -> None:
    """Draw every step that moved a trait with its turn."""
    rows = moves(path)
    nothing = "Nothing has moved the profile yet: it takes words that show a trait."
    block(heading("Every step and its turn"), move_table(desk.store, rows) if rows else soft(nothing))


path = trajectory(desk.store.edits())
st.subheader(f"How {plainly(desk.store.state().name or desk.user)} comes across", anchor=False)
block(soft(describe(desk.store.state().estimate.profile)))
chart, side = st.columns([7, 4], gap="large")
with chart:
    st.plotly_chart(
        profile_over_turns(path, desk.store.counts()[0]), alt="Five traits over turns with their 90 % intervals"
    )
with side:
    by_hand()
every_step()
