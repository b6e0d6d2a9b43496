"""Moments: what there is to look back to, and what changed between two of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from personavlm.memory import Edit, Memory, State, fold
from personavlm.personality import TRAITS, Trait


def stops(edits: Sequence[Edit], most: int = 400) -> list[datetime]:
    """Return moments to look back to, oldest first: when something was learnt; thinned to at most ``most``."""
    times = sorted({edit.time for edit in edits})
    stride = -(-len(times) // most) if times else 1
    return [*times[:-1:stride], *times[-1:]]


def at(edits: Sequence[Edit], moment: datetime) -> State:
    """Return what was known at a moment; ``edits`` is the whole ledger."""
    return fold(edit for edit in edits if edit.time <= moment)


def nearest(moments: Sequence[datetime], asked: datetime) -> datetime | None:
    """Return the last moment not after the one asked for, else the first; None if there are none."""
    return max((m for m in moments if m <= asked), default=next(iter(moments), None))


class Shift(NamedTuple):
    """How one trait moved."""

    trait: Trait
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Changes:
    """What one state knows that an earlier one did not."""

    learnt: tuple[Memory, ...]
    """Memories that are new and took nothing's place, unless they are over already."""
    replaced: tuple[tuple[Memory, Memory], ...]
    """The earlier state's current memories that were replaced, each with what is in force in its place."""
    ended: tuple[Memory, ...]
    """The earlier state's current memories that ended without a successor."""
    links: int
    """Ties between memories that are new."""
    shifts: tuple[Shift, ...]

    @property
    def nothing(self) -> bool:
        """Whether the two states say the same."""
        return not (self.learnt or self.replaced or self.ended or self.links or self.shifts)


def changes(before: State, after: State) -> Changes:
    """Return what changed from one state to a later one of the same ledger."""
    held = [m for m in before.current() if after.memories[m.id].status != "current"]
    pairs = [(m, after.history(m.id)[-1]) for m in held]
    replaced = tuple((old, new) for old, new in pairs if old.id != new.id)
    heirs = {new.id for _, new in replaced}
    fresh = (m for m in after.current() if m.id not in before.memories and m.id not in heirs)
    old, new = before.estimate.profile, after.estimate.profile
    return Changes(
        learnt=tuple(fresh),
        replaced=replaced,
        ended=tuple(after.memories[old.id] for old, new in pairs if old.id == new.id),
        links=len(after.links) - len(before.links),
        shifts=tuple(Shift(t, old[t], new[t]) for t in TRAITS if old[t] != new[t]),
    )
