"""Boxes and samples: overlap of boxes, and intervals over persons by resampling.

iou((0, 0, 10, 10), (5, 0, 15, 10)) = 1/3
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""
T = TypeVar("T")


def iou(one: Box, other: Box) -> float:
    """Return the area two boxes share over the area they cover together, in [0, 1]; 0 if both are empty."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0, width) * max(0, height)
    together = _area(one) + _area(other) - shared
    return shared / together if together > 0 else 0.0


def _area(box: Box) -> int:
    return max(0, box[2] - box[0]) * max(0, box[3] - box[1])


class Figure(NamedTuple):
    """A figure with the ends of its 95 % interval over persons."""

    value: float
    low: float
    high: float


def over_persons(
    persons: Sequence[T], figure: Callable[[Sequence[T]], float | None], seed: int = 0, draws: int = 1000
) -> Figure | None:
    """Return a figure of all persons with its bootstrap interval: persons are drawn with replacement, whole.

    ``figure`` may return None where it is undefined: such draws are left out, and None comes back if it is undefined
    for all persons.
    """
    value = figure(persons)
    if value is None:
        return None
    rng = random.Random(f"bootstrap/{seed}")
    drawn = [figure(rng.choices(persons, k=len(persons))) for _ in range(draws)]
    found = sorted(one for one in drawn if one is not None)
    if not found:
        return Figure(value, value, value)
    return Figure(value, found[int(0.025 * (len(found) - 1))], found[round(0.975 * (len(found) - 1))])
