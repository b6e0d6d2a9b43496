"""Scores: figures of one run, each with a 95 % interval from drawing persons anew.

    scores_of(answered).overall_mcq   Figure(value=43.1, low=39.8, high=46.6, n=905), percent

Two averages, as published: multiple choice alone (Table 1), and with the tests of alignment (Table 4). Persons are
drawn with replacement, their cases together, because cases of one person are not independent. Every overall value is
checked against the weighted mean of its parts before it is handed out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personavlm.bench.cases import original
from personavlm.bench.validation import parts_fit
from personavlm.bench.values import ALIGNMENT, Answered

RESAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean score in percent with its 95 % interval over persons, on ``n`` cases."""

    value: float
    low: float
    high: float
    n: int

    def plain(self) -> dict[str, float | int]:
        """Return it under the names of the CLI contract."""
        return {"value": self.value, "low": self.low, "high": self.high, "n": self.n}


@dataclass(frozen=True, slots=True)
class Permuted:
    """What became of questions that were asked twice, the second time with their options in another order."""

    before: Figure
    after: Figure
    same: Figure
    """How often the same option was picked, by its text, or none both times."""


@dataclass(frozen=True, slots=True)
class Scores:
    """The figures of one run."""

    persons: int
    mcq: int
    alignment: int
    overall_mcq: Figure
    overall_with_alignment: Figure
    by_aspect: Mapping[str, Figure]
    """Multiple choice alone, as in Table 1."""
    by_task: Mapping[str, Figure]
    """All tasks, alignment among them, as in Table 4."""
    unparsed: int
    failed: int
    seconds: float
    """From asking to reply, summed over cases."""
    permuted: Permuted | None = None

    def plain(self) -> dict[str, Any]:
        """Return the figures under the names of the CLI contract, percents from 0 to 100."""
        found: dict[str, Any] = {
            "persons": self.persons,
            "n": {"mcq": self.mcq, "alignment": self.alignment},
            "overall_mcq": self.overall_mcq.plain(),
            "overall_with_alignment": self.overall_with_alignment.plain(),
            "by_aspect": {name: figure.plain() for name, figure in self.by_aspect.items()},
            "by_task": {name: figure.plain() for name, figure in self.by_task.items()},
            "unparsed": self.unparsed,
            "failed": self.failed,
            "seconds": self.seconds,
        }
        if self.permuted:
            shown = {"before": self.permuted.before, "after": self.permuted.after, "same": self.permuted.same}
            found["permuted"] = {name: figure.plain() for name, figure in shown.items()}
        return found


def scores_of(answered: Sequence[Answered], seed: int = 0) -> Scores:
    """Return the figures of all answers of a run. Raises ``AssertionError`` if an average is not that of its parts."""
    counted = [one for one in answered if not one.twin]
    mcq = [one for one in counted if one.task != ALIGNMENT]
    found = Scores(
        persons=len({one.person for one in counted}),
        mcq=len(mcq),
        alignment=len(counted) - len(mcq),
        overall_mcq=figure(mcq, seed),
        overall_with_alignment=figure(counted, seed),
        by_aspect=_by(mcq, lambda one: one.aspect, seed),
        by_task=_by(counted, lambda one: one.task, seed),
        unparsed=sum(one.unparsed for one in counted),
        failed=sum(one.failed for one in counted),
        seconds=round(sum(one.seconds for one in counted), 1),
        permuted=_permuted(answered, seed),
    )
    check_parts(found)
    return found


def check_parts(scores: Scores) -> None:
    """Raise ``AssertionError`` if an overall value is not the weighted mean of its parts."""
    tasks = [(figure.value, figure.n) for figure in scores.by_task.values()]
    aspects = [(figure.value, figure.n) for figure in scores.by_aspect.values()]
    choice = [(figure.value, figure.n) for name, figure in scores.by_task.items() if name != ALIGNMENT]
    whole, mcq = scores.overall_with_alignment, scores.overall_mcq
    assert parts_fit((whole.value, whole.n), tasks), "the overall value with alignment is not that of its tasks"
    assert parts_fit((mcq.value, mcq.n), choice), "the overall value of multiple choice is not that of its tasks"
    assert parts_fit((mcq.value, mcq.n), aspects), "the overall value of multiple choice is not that of its aspects"


def _by(answered: Sequence[Answered], key: Callable[[Answered], str], seed: int) -> dict[str, Figure]:
    groups: dict[str, list[Answered]] = {}
    for one in answered:
        groups.setdefault(key(one), []).append(one)
    return {name: figure(found, seed) for name, found in groups.items()}


def _permuted(answered: Sequence[Answered], seed: int) -> Permuted | None:
    whole = {one.case: one for one in answered}
    pairs = [(whole[one.twin], one) for one in answered if one.twin in whole]
    if not pairs:
        return None
    same = [(one.person, float(original(one.case, again.said) == one.said)) for one, again in pairs]
    return Permuted(
        figure([one for one, _ in pairs], seed), figure([again for _, again in pairs], seed), share(same, seed)
    )


# ── one figure ───────────────────────────────────────────────────────────────────────────────────────────────────


def figure(answered: Sequence[Answered], seed: int = 0) -> Figure:
    """Return the mean score of some answers; zeros for none."""
    return share([(one.person, one.score) for one in answered], seed)


def share(scored: Sequence[tuple[str, float]], seed: int = 0) -> Figure:
    """Return the mean of scores in [0, 1], each with its person, in percent; zeros for none."""
    if not scored:
        return Figure(0.0, 0.0, 0.0, 0)
    low, high = interval(per_person(scored), seed)
    mean = sum(score for _, score in scored) / len(scored)
    return Figure(round(100 * mean, 2), round(100 * low, 2), round(100 * high, 2), len(scored))


def per_person(scored: Sequence[tuple[str, float]]) -> NDArray[np.float64]:
    """Return sums and numbers of scores by person, shape (persons, 2), persons in order of appearance."""
    sums: dict[str, list[float]] = {}
    for person, score in scored:
        row = sums.setdefault(person, [0.0, 0.0])
        row[0] += score
        row[1] += 1
    return np.array(list(sums.values()), float)


def interval(sums: NDArray[np.float64], seed: int = 0) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of a mean over persons' (sum, number)."""
    again = _draws(len(sums), seed) @ sums
    low, high = np.percentile(again[:, 0] / again[:, 1], [2.5, 97.5])
    return float(low), float(high)


@lru_cache(maxsize=16)
def _draws(persons: int, seed: int) -> NDArray[np.float64]:
    """Return how often each person is drawn in each resample, shape (RESAMPLES, persons); the same for all figures."""
    drawn = np.random.default_rng(seed).integers(0, persons, (RESAMPLES, persons))
    return np.stack([np.bincount(one, minlength=persons) for one in drawn]).astype(float)
