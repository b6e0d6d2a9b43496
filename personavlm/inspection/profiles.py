"""The profile's path in words, and what it would be under other rules or without a session."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, get_args

from personavlm.memory import Edit, Observe, Override, ProfileStep, trajectory
from personavlm.personality import NEUTRAL, PAPER_MOMENTUM, TRAITS, Estimate, Momentum, Profile

Rule = Literal["paper", "per trait", "fixed λ", "running mean"]
RULES: tuple[Rule, ...] = get_args(Rule)
FIXED = 0.7
"""λ of the fixed rule: the middle of the paper's schedule."""


@dataclass(frozen=True, slots=True)
class Move:
    """One step of the profile in words."""

    turn: str
    time: datetime
    moved: str
    """Which traits went from where to where ("agreeableness 3.0 → 2.6")."""
    words: str
    """The words that moved them, or who did."""


def moves(steps: Sequence[ProfileStep]) -> tuple[Move, ...]:
    """Return the profile's steps in words, newest first; steps that moved no trait visibly are left out."""
    rows: list[Move] = []
    before = Estimate()
    for step in steps:
        moved = _moved(before, step.estimate)
        if moved:
            rows.append(Move(step.turn, step.time, moved, _words(step)))
        before = step.estimate
    return tuple(reversed(rows))


def _moved(before: Estimate, after: Estimate) -> str:
    pairs = [(t, f"{before.profile[t]:.1f}", f"{after.profile[t]:.1f}") for t in TRAITS]
    return ", ".join(f"{trait} {old} → {new}" for trait, old, new in pairs if old != new)


def _words(step: ProfileStep) -> str:
    if isinstance(step.edit, Override):
        return "set by the user" if step.edit.scores else "settings lifted by the user"
    return ", ".join(cue for _, cue in step.edit.cues)


# ── other rules ──────────────────────────────────────────────────────────────────────────────────────────────────


def recomputed(edits: Sequence[Edit], rule: Rule) -> tuple[ProfileStep, ...]:
    """Return the profile's path as another rule would have it, from the same readings.

    ``paper``: readings neutral on all traits change nothing, λ grows. ``per trait``: neutral traits change nothing
    (the released code). ``fixed λ``: every reading weighs 0.3. ``running mean``: all readings weigh the same, the
    neutral start counting as one.
    """
    return trajectory(_under(edits, rule))


def _under(edits: Sequence[Edit], rule: Rule) -> Iterator[Edit]:
    counted = 1
    for edit in edits:
        if not isinstance(edit, Observe):
            yield edit
        elif rule == "running mean":
            yield replace(edit, rule="all", schedule=_constant(counted / (counted + 1)))
            counted += not edit.observed.is_neutral
        elif rule == "fixed λ":
            yield replace(edit, rule="all", schedule=_constant(FIXED))
        else:
            yield replace(edit, rule="per_trait" if rule == "per trait" else "all", schedule=PAPER_MOMENTUM)


def _constant(weight: float) -> Momentum:
    return Momentum(weight, weight, 1)


def without(edits: Sequence[Edit], turns: Collection[str]) -> tuple[ProfileStep, ...]:
    """Return the profile's path without what some turns were read as; every other reading keeps its weight."""
    gone = frozenset(turns)
    return trajectory(e for e in edits if not (isinstance(e, Observe) and gone & set(e.evidence)))


def profile_at(steps: Sequence[ProfileStep], moment: datetime | None = None) -> Profile:
    """Return the profile in force at a moment (None: at the end of the path)."""
    reached = [step for step in steps if moment is None or step.time <= moment]
    return reached[-1].estimate.profile if reached else NEUTRAL
