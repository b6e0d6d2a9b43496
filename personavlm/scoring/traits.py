"""How near the profile comes to the true traits: error, lag behind a change, and whether intervals cover.

true scores per turn, estimates per turn ──> rmse, lag after a drift (turns), coverage of 90 % intervals
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from personavlm.personality import TRAITS, Interval, Profile


@dataclass(frozen=True, slots=True)
class Point:
    """The profile after one turn, beside the truth."""

    turn: int
    """Turns finished, this one included."""
    true: Profile
    intervals: tuple[Interval, Interval, Interval, Interval, Interval]
    """One per trait, in the order of ``TRAITS``."""


def errors(point: Point) -> tuple[float, ...]:
    """Return estimate minus truth per trait, in score points."""
    return tuple(i.score - point.true[t] for t, i in zip(TRAITS, point.intervals, strict=True))


def rmse(points: Sequence[Point]) -> float:
    """Return the root of the mean squared error over points and traits. Raises ``ValueError`` if there are none."""
    squares = [error**2 for point in points for error in errors(point)]
    if not squares:
        raise ValueError("rmse of no points")
    return math.sqrt(sum(squares) / len(squares))


def covered(point: Point) -> tuple[bool, ...]:
    """Return per trait whether its interval holds the truth, ends included."""
    return tuple(i.low <= point.true[t] <= i.high for t, i in zip(TRAITS, point.intervals, strict=True))


def lag(true: Sequence[float], estimated: Sequence[float], start: int, share: float = 0.5) -> int | None:
    """Return how many turns after a change at ``start`` the estimate has gone ``share`` of it; None if it never does.

    ``true`` and ``estimated`` are one trait's scores per turn. The change is from the truth just before ``start`` to
    that at the end; the estimate's way is counted from where it stood just before ``start``. 0 if nothing changed.
    """
    change = true[-1] - true[max(0, start - 1)]
    if change == 0:
        return 0
    before = estimated[max(0, start - 1)]
    for turns, score in enumerate(estimated[start:]):
        if (score - before) / change >= share:
            return turns
    return None


def correlation(true: Sequence[float], estimated: Sequence[float]) -> float:
    """Return Pearson's r; 0 if one side does not vary."""
    n = len(true)
    if n < 2:
        return 0.0
    a, b = sum(true) / n, sum(estimated) / n
    spread = math.sqrt(sum((x - a) ** 2 for x in true) * sum((y - b) ** 2 for y in estimated))
    return sum((x - a) * (y - b) for x, y in zip(true, estimated, strict=True)) / spread if spread > 0 else 0.0
