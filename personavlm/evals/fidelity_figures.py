"""The figures of ``evals.fidelity``: one function per section of the report, each from judged persons to plain values.

A figure is {"value", "low", "high"}: percent unless its name says otherwise, with the 95 % interval over persons.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from personavlm.evals.lived import Judged
from personavlm.personality import MIDDLE, TRAITS
from personavlm.scoring import facts, traits
from personavlm.scoring.episodes import Overlap
from personavlm.scoring.spans import Figure, over_persons
from personavlm.worlds.values import MATTERS

AT_TURNS = (20, 60, 100)
"""Turns after which the profile's error and its intervals are looked at."""
SETTLED = 20
"""Turns after a change of a trait from which its interval is asked to cover the new truth."""
WELL = 0.5
"""Overlap from which a box is counted as right."""

Shown = dict[str, float] | None
"""A figure with its interval, or None where it is undefined."""


def _show(figure: Figure | None, scale: float = 100) -> Shown:
    if figure is None:
        return None
    value, low, high = (round(scale * end, 1 if scale > 1 else 3) for end in figure)
    return {"value": value, "low": low, "high": high}


def _over(persons: Sequence[Judged], figure: Callable[[Sequence[facts.Fidelity]], float | None]) -> Shown:
    return _show(over_persons([one.fidelity for one in persons], figure))


def facts_section(persons: Sequence[Judged]) -> dict[str, object]:
    """Precision, recall and F1, overall and by memory type (``facts.overlap``), and what became of the overtaken."""
    rows: dict[str, object] = {"all": _row(persons, lambda found: facts.overlap(found))}
    for kind in facts.COUNTED:
        rows[kind] = _row(persons, lambda found, kind=kind: facts.overlap(found, kind))  # type: ignore[misc]
    rows["shown and never said, recall"] = _over(
        persons, lambda found: facts.recall(found, lambda claim: claim.implied)
    )
    rows["overtaken, known as such"] = _over(persons, facts.overtaken)
    rows["overtaken, still current"] = _over(persons, facts.stale_kept)
    rows["by matter"] = _by_matter(persons)
    return rows


def _row(persons: Sequence[Judged], part: Callable[[Sequence[facts.Fidelity]], Overlap | None]) -> dict[str, Shown]:
    def side(name: str) -> Callable[[Sequence[facts.Fidelity]], float | None]:
        return lambda found: None if (both := part(found)) is None else float(getattr(both, name))

    return {name: _over(persons, side(name)) for name in ("precision", "recall", "f1")}


def _by_matter(persons: Sequence[Judged]) -> dict[str, object]:
    """Recall of what holds, matter by matter, with how many there are."""
    rows: dict[str, object] = {}
    for matter in MATTERS:
        n = sum(r.claim.current and r.claim.matter == matter for one in persons for r in one.fidelity.recalled)
        if n:
            figure = _over(persons, lambda found, m=matter: facts.recall(found, lambda c: c.matter == m))  # type: ignore[misc]
            rows[matter] = {"recall": figure, "n": n}
    return rows


def memories_section(persons: Sequence[Judged]) -> dict[str, object]:
    """What current memories are worth (``facts.Sort``, shares in percent), duplicates and contradictions per person."""

    def of_sort(sort: facts.Sort) -> Shown:
        return _over(persons, lambda found: facts.share(found, sort))

    return {
        "per person": _mean(persons, lambda one: len(one.fidelity.kept)),
        **{sort: of_sort(sort) for sort in facts.SORTS},
        "duplicates per person": _mean(persons, lambda one: one.fidelity.duplicates),
        "contradictions per person": _mean(persons, lambda one: one.fidelity.contradictions),
    }


def _mean(persons: Sequence[Judged], count: Callable[[Judged], float]) -> Shown:
    return _show(over_persons(persons, lambda some: statistics.fmean(count(one) for one in some)), 1)


def _pooled(persons: Sequence[Judged], measure: Callable[[Judged], list[float]]) -> Shown:
    """The mean of all values that persons have, however many each."""

    def figure(some: Sequence[Judged]) -> float | None:
        values = [value for one in some for value in measure(one)]
        return statistics.fmean(values) if values else None

    return _show(over_persons(persons, figure))


def _overlaps(one: Judged) -> list[float]:
    return [thing.iou for thing in one.things if thing.iou is not None]


def dates_section(persons: Sequence[Judged]) -> dict[str, object]:
    """Dates of events that are remembered: share off by more than a day, and by how many days."""
    days = facts.dates_off([one.fidelity for one in persons])
    return {
        "n": len(days),
        "wrong": _over(persons, facts.date_wrong),
        "days off, median": statistics.median(days) if days else None,
        "days off, most": max(days, default=None),
    }


def traits_section(persons: Sequence[Judged]) -> dict[str, object]:
    """Error (RMSE, score points), correlation with the truth and coverage of 90 % intervals over the turns."""
    rows: dict[str, object] = {}
    for turn in AT_TURNS:
        some = [point for one in persons for point in one.points if point.turn == turn]
        if len(some) >= 2:
            rows[f"after {turn} turns"] = _profile(some)
    rows["at the end"] = _profile([one.points[-1] for one in persons])
    rows["after a drift"] = _drifted(persons)
    return rows


def _profile(points: Sequence[traits.Point]) -> dict[str, object]:
    r = {
        trait: round(traits.correlation([p.true[trait] for p in points], [p.intervals[n].score for p in points]), 2)
        for n, trait in enumerate(TRAITS)
    }
    return {
        "n": len(points),
        "rmse": _show(over_persons(points, traits.rmse), 1),
        "neutral rmse": round(_neutral(points), 3),
        "covered": _show(over_persons(points, _coverage)),
        "width": round(statistics.fmean(i.high - i.low for p in points for i in p.intervals), 2),
        "r": r,
    }


def _neutral(points: Sequence[traits.Point]) -> float:
    """RMSE of a profile that stays neutral: what an estimate must beat."""
    return math.sqrt(statistics.fmean((score - MIDDLE) ** 2 for p in points for _, score in p.true))


def _coverage(points: Sequence[traits.Point]) -> float:
    return statistics.fmean(held for point in points for held in traits.covered(point))


@dataclass(frozen=True, slots=True)
class _Drifted:
    """One person's changed trait: whether its interval covers the new truth, and the lag in turns (None: never)."""

    covered: bool | None
    lag: int | None


def _drifted(persons: Sequence[Judged]) -> dict[str, object]:
    found = [one for person in persons if (one := _drift(person)) is not None]
    settled = [one for one in found if one.covered is not None]
    lags = [one.lag for one in found if one.lag is not None]
    return {
        "n": len(found),
        "covered": _show(over_persons(settled, lambda some: statistics.fmean(bool(o.covered) for o in some)))
        if settled
        else None,
        "settled": len(settled),
        "half way never": sum(one.lag is None for one in found),
        "half way after, median turns": statistics.median(lags) if lags else None,
    }


def _drift(person: Judged) -> _Drifted | None:
    drift = person.world.person.drift
    if drift is None:
        return None
    start = sum(turn.time < drift.start for turn in person.world.turns)
    after = len(person.points) - start
    if start < 1 or after < 1:
        return None
    n = TRAITS.index(drift.trait)
    true, found = [p.true[drift.trait] for p in person.points], [p.intervals[n].score for p in person.points]
    settled = traits.covered(person.points[-1])[n] if after >= SETTLED else None
    return _Drifted(settled, traits.lag(true, found, start))


def episodes_section(persons: Sequence[Judged]) -> dict[str, object]:
    """Topics of sessions of two turns or more, mean over sessions: WindowDiff (low is good), pairs, B-cubed."""
    return {
        "sessions": sum(len(one.cuts) for one in persons),
        "window_diff": _pooled(persons, lambda one: [cut.window_diff for cut in one.cuts]),
        "pairs f1": _pooled(persons, lambda one: [cut.pairs.f1 for cut in one.cuts]),
        "b_cubed f1": _pooled(persons, lambda one: [cut.b_cubed.f1 for cut in one.cuts]),
    }


def links_section(persons: Sequence[Judged]) -> dict[str, object]:
    """Ties between topics of different sessions (``episodes.ties``): pooled over persons, weighed by their number."""

    def pooled(weigh: Callable[[Judged], int], side: str) -> Shown:
        def figure(some: Sequence[Judged]) -> float | None:
            total = sum(weigh(one) for one in some)
            return sum(weigh(one) * float(getattr(one.ties, side)) for one in some) / total if total else None

        return _show(over_persons(persons, figure))

    return {
        "true": sum(one.true_ties for one in persons),
        "found": sum(one.found_ties for one in persons),
        "precision": pooled(lambda one: one.found_ties, "precision"),
        "recall": pooled(lambda one: one.true_ties, "recall"),
    }


def concepts_section(persons: Sequence[Judged]) -> dict[str, object]:
    """Things shown and named: remembered by name or from their picture, and the overlap of their boxes."""
    return {
        "n": sum(len(one.things) for one in persons),
        "found": _pooled(persons, lambda one: [float(thing.found) for thing in one.things]),
        "with a box": sum(len(_overlaps(one)) for one in persons),
        "box overlap": _pooled(persons, _overlaps),
        "box right": _pooled(persons, lambda one: [float(value >= WELL) for value in _overlaps(one)]),
    }


def sections(persons: Sequence[Judged]) -> dict[str, object]:
    """Return all sections."""
    return {
        "facts": facts_section(persons),
        "memories": memories_section(persons),
        "dates": dates_section(persons),
        "traits": traits_section(persons),
        "episodes": episodes_section(persons),
        "links": links_section(persons),
        "concepts": concepts_section(persons),
    }


def rows(value: Mapping[str, object], above: str = "") -> Iterator[tuple[str, str]]:
    """Yield each figure of a report as a name and a text, for tables."""
    for name, one in value.items():
        full = f"{above} · {name}" if above else name
        if isinstance(one, Mapping) and set(one) == {"value", "low", "high"}:
            yield full, f"{one['value']:g}  ({one['low']:g} to {one['high']:g})"
        elif isinstance(one, Mapping):
            yield from rows(one, full)
        elif one is not None:
            yield full, str(one)
