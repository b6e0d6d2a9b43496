"""Personality: five traits over turns and why each step was made; other rules, a session less, persons with a truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import plotly.graph_objects as go
import streamlit as st
from inspector_desk import here, home, now
from inspector_parts import block, evidence, heading, moment, move_table, plainly, several, soft, table, told
from inspector_views import draw, header, looking_from, take_away, view_of

from personavlm.figures import (
    momentum_curve,
    paths_and_truth,
    paths_compared,
    profile_over_turns,
    profile_radar,
)
from personavlm.inspection import RULES, covered_at_the_end, moves, profile_at, read_paths, recomputed, sharing, without
from personavlm.memory import Observe, ProfileStep, trajectory
from personavlm.personality import HIGHEST, LOWEST, NEUTRAL, TRAITS, Trait, describe

PATH, OTHER, LESS, KNOWN = "The path", "Other rules", "Without a session", "Ten known persons"
PERSONS = Path(__file__).resolve().parents[2] / "lab" / "results" / "trait_paths.csv"
HEAD = ("turn", "time", *TRAITS)
MOVES = 30  # steps listed at once

desk = here()


def by_hand() -> None:
    """Draw the user's own settings."""
    estimate = desk.store.state().estimate
    inforce: dict[Trait, float] = dict(estimate.overrides)
    block(soft("What you set here is used in place of what was read, which goes on underneath."))
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
            set_now = st.form_submit_button("Set", type="primary", disabled=not chosen or desk.looking)
            lift = st.form_submit_button("Lift all", disabled=not inforce or desk.looking)
        if set_now or lift:
            desk.assistant.override(now(), {} if lift else scores)
            if lift:
                st.session_state.pop(f"set {desk.user}", None)
            st.rerun()


def one_step(steps: Sequence[ProfileStep], turn: str) -> None:
    """Draw one step: the turn it rests on, what was read in it, and how much that weighed."""
    step = next((step for step in steps if step.turn == turn), None)
    if step is None:
        return
    block(heading(f"The step of {turn}"), evidence(desk.store, [turn]))
    if isinstance(step.edit, Observe):
        rows = [
            (
                trait,
                f"{score:.0f}",
                f"{step.estimate.inferred[trait]:.2f}",
                ", ".join(c for t, c in step.edit.cues if t == trait),
            )
            for trait, score in step.edit.observed
            if score != NEUTRAL[trait]
        ]
        block(table(("trait", "read as", "then", "by these words"), rows, numbers=(1, 2)))


def path_view(steps: Sequence[ProfileStep], figure: go.Figure) -> None:
    """Draw the path with its intervals, each step open to its turn; the radar beside it."""
    left, right = st.columns([7, 4], gap="large")
    with left:
        picked = draw(figure, "Five traits over turns with their 90 % intervals", f"path {desk.user}", picks=True)
        block(soft("click on a dot to see the turn behind it"))
    with right:
        for turn in picked[:1]:
            one_step(steps, turn)
        third = steps[len(steps) // 3].time if len(steps) > 2 else None
        shapes = {"at first": NEUTRAL if third is None else profile_at(steps, third), "now": profile_at(steps)}
        block(heading("At first and now"))
        draw(profile_radar(shapes), "Profile at first and now", "radar")
        with st.popover("Set by hand", icon=":material/edit:"):
            by_hand()
    rows = moves(steps)
    if not rows:
        block(soft("Nothing has moved the profile yet: it takes words that show a trait."))
        return
    whole = len(rows) <= MOVES or st.toggle(f"all {len(rows)} steps", key=f"all steps {desk.user}")
    title = "Every step and its turn" if whole else f"The last {MOVES} steps and their turns"
    block(heading(title), move_table(desk.store, rows if whole else rows[:MOVES]))


def rules_view(turns: int) -> None:
    """Draw the same readings under other rules, and the weights of the paper's."""
    edits = desk.edits()
    chosen = st.pills("Rules", RULES, selection_mode="multi", default=RULES, key="rules", label_visibility="collapsed")
    paths = {rule: recomputed(edits, rule) for rule in RULES if rule in chosen}
    if not paths:
        block(soft("Choose a rule."))
        return
    draw(paths_compared(paths, turns), "The profile under other rules", "rules")
    ends = [(rule, *(f"{profile_at(steps)[trait]:.2f}" for trait in TRAITS)) for rule, steps in paths.items()]
    left, right = st.columns(2, gap="large")
    with left:
        block(heading("Where each rule ends"), table(("rule", *TRAITS), ends, numbers=range(1, 6)))
        block(
            soft("paper: turns that are neutral on all five traits change nothing, the old weighs λ"),
            soft("per trait: a neutral trait changes nothing, as in the released code"),
            soft("fixed λ: every reading weighs 0.3 · running mean: all readings weigh the same"),
        )
    with right:
        block(heading("λ: how much the old profile weighs"))
        draw(
            momentum_curve(recomputed(edits, "paper"), turns=turns), "Lambda over turns with the steps on it", "lambda"
        )


def less_view(steps: Sequence[ProfileStep], turns: int) -> None:
    """Draw the path without one session's readings beside the real one."""
    sessions = list(dict.fromkeys(desk.store.session_of(step.turn) for step in reversed(steps) if step.turn))
    if not sessions:
        block(soft("No session has moved the profile yet."))
        return
    session = st.selectbox("Without session", sessions, key=f"without {desk.user}", width=260, format_func=dated)
    gone = {trace.turn.id for trace in desk.store.session(session).traces}
    instead = without(desk.edits(), gone)
    draw(paths_compared({"as it is": steps, f"without {session}": instead}, turns), "A session less", "without")
    real, other = profile_at(steps), profile_at(instead)
    rows = [(t, f"{real[t]:.2f}", f"{other[t]:.2f}", f"{other[t] - real[t]:+.2f}") for t in TRAITS]
    block(
        heading("What the session did"), table(("trait", "as it is", "without", "difference"), rows, numbers=(1, 2, 3))
    )
    read = [step.turn for step in steps if step.turn in gone]
    block(heading("Its steps"), evidence(desk.store, read))


def dated(session: str) -> str:
    return f"{session} · {moment(desk.store.session(session).start)}"


def known_view() -> None:
    """Draw ten persons whose truth is known."""
    if not PERSONS.is_file():
        block(soft("The result file is not here; make it with: python -m lab.trait_paths"))
        return
    with told():
        paths = read_paths(PERSONS)
        draw(paths_and_truth(paths), "Ten persons' profiles against their true traits", "known persons")
        block(
            soft("One column per person of the ground-truth world; the line is what the embedded reader made of them."),
            soft(f"At the end the 90 % interval holds the truth in {covered_at_the_end(paths)} of {len(paths)} cases."),
        )


def page() -> None:
    away = header(f"How {plainly(desk.store.state().name or desk.user)} comes across")
    then = looking_from(desk)
    edits = [edit for edit in desk.edits() if then is None or edit.time <= then]
    steps = trajectory(edits)
    turns = sum(1 for trace in desk.traces() if then is None or trace.turn.time <= then)
    block(soft(f"{describe(profile_at(steps))} Read from {several(len(steps), 'step')} in {several(turns, 'turn')}."))
    view = view_of([PATH, OTHER, LESS, KNOWN], "personality view")
    figure = profile_over_turns(steps, turns) if view == PATH else None
    if figure is not None:
        path_view(steps, figure)
    elif view == OTHER:
        rules_view(turns)
    elif view == LESS:
        less_view(steps, turns)
    else:
        known_view()
    with away:
        rows = [(step.turn, step.time, *(score for _, score in step.estimate.profile)) for step in steps]
        take_away(
            "personality", sharing.profile(str(home()), desk.user, "paper"), figure,
            (HEAD, rows), user=desk.user, moment=then.isoformat() if then else None,
        )  # fmt: skip


page()
