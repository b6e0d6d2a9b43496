"""Comparison of two runs on the same cases, paired by person.

    compare(a, b)  ──>  Comparison(difference=Figure(+4.2, 1.9, 6.4), p=0.0005, gained=(…), lost=(…))

The test: had the two systems been alike, each person's answers could as well have been swapped between them; p is the
share of such swaps (all of them for few persons, else drawn) with a difference at least as large. Nothing is assumed
of how scores are spread, and cases of one person are not taken for independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personavlm.bench.scores import Figure, interval
from personavlm.bench.values import ALIGNMENT, Answered
from personavlm.errors import BadInput

SWAPS = 10_000
"""Swaps that are drawn."""
WHOLE = 12
"""Persons up to which all swaps are gone through (2 to the power of it)."""


@dataclass(frozen=True, slots=True)
class Flip:
    """A case that one run has right and the other wrong."""

    case: str
    person: str
    task: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """How run B stands to run A on the cases both have."""

    a: Figure
    b: Figure
    difference: Figure
    """B less A, in percentage points, with its 95 % interval over persons; paired, so narrower than either's own."""
    p: float
    """Two-sided, of the paired permutation test."""
    gained: tuple[Flip, ...]
    """Wrong in A, right in B."""
    lost: tuple[Flip, ...]
    """Right in A, wrong in B."""
    alone: int
    """Cases that only one of the runs has: they are left out."""

    def plain(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {
            "a": self.a.plain(),
            "b": self.b.plain(),
            "difference": self.difference.plain(),
            "p": self.p,
            "gained": [flip.case for flip in self.gained],
            "lost": [flip.case for flip in self.lost],
            "only in one": self.alone,
        }


def compare(a: Sequence[Answered], b: Sequence[Answered], alignment: bool = False, seed: int = 0) -> Comparison:
    """Return how B stands to A, on multiple choice alone or with the tests of alignment.

    Raises ``BadInput`` if they share no case.
    """
    first, second = _counted(a, alignment), _counted(b, alignment)
    both = [case for case in first if case in second]
    if not both:
        raise BadInput("The two runs share no case.", "compare runs of the same data set and setting.")
    pairs = [(first[case], second[case]) for case in both]
    sums = _by_person(pairs)
    return Comparison(
        _figure(sums[:, [0, 2]], seed),
        _figure(sums[:, [1, 2]], seed),
        _figure(np.column_stack([sums[:, 1] - sums[:, 0], sums[:, 2]]), seed),
        permutation_test(sums[:, 1] - sums[:, 0], seed),
        tuple(Flip(one.case, one.person, one.task) for one, other in pairs if other.right and not one.right),
        tuple(Flip(one.case, one.person, one.task) for one, other in pairs if one.right and not other.right),
        len(first) + len(second) - 2 * len(both),
    )


def permutation_test(differences: NDArray[np.float64], seed: int = 0) -> float:
    """Return the two-sided p of a sum of persons' differences under swapping the systems person by person.

    All swaps are counted for up to ``WHOLE`` persons; else p is (1 + those as large) / (1 + drawn), never 0.
    """
    persons = len(differences)
    if persons <= WHOLE:
        signs = 1 - 2 * ((np.arange(2**persons)[:, None] >> np.arange(persons)) & 1)
    else:
        signs = np.random.default_rng(seed).choice([-1, 1], (SWAPS, persons))
    large = np.abs(signs @ differences) >= abs(differences.sum()) - 1e-9
    share = large.mean() if persons <= WHOLE else (1 + large.sum()) / (1 + SWAPS)
    return float(share.round(5))


def _counted(answered: Sequence[Answered], alignment: bool) -> dict[str, Answered]:
    return {one.case: one for one in answered if not one.twin and (alignment or one.task != ALIGNMENT)}


def _by_person(pairs: Sequence[tuple[Answered, Answered]]) -> NDArray[np.float64]:
    """Return per person the two sums of scores and the number of cases, shape (persons, 3)."""
    sums: dict[str, list[float]] = {}
    for one, other in pairs:
        row = sums.setdefault(one.person, [0.0, 0.0, 0.0])
        row[0] += one.score
        row[1] += other.score
        row[2] += 1
    return np.array(list(sums.values()), float)


def _figure(sums: NDArray[np.float64], seed: int) -> Figure:
    low, high = interval(sums, seed)
    total = sums.sum(axis=0)
    mean = float(total[0] / total[1])
    return Figure(round(100 * mean, 2), round(100 * low, 2), round(100 * high, 2), int(total[1]))
