"""How far may a profile be off? What the intervals of ``personality`` are reckoned from, and whether they cover.

    python -m lab.trait_intervals [--half train] [--setting train] [--persons 40] [--seed 21]

Every turn of worlds is read by the embedded reader, and PEM runs over the readings. Printed are the constants as these
persons would have them (the stated ones come from the training half), the coverage of the 90 % intervals at several
moments, after a change of the person, and how far the mean reading goes with the truth.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from personavlm.embedded.personality import observed
from personavlm.encoders import TextEncoder
from personavlm.encoders.text import load_text_encoder
from personavlm.evals.fidelity import HALVES, SETTINGS, made_worlds
from personavlm.evals.fidelity_figures import SETTLED
from personavlm.personality import MIDDLE, TRAITS, Estimate, Interval, Profile, observe
from personavlm.scoring.traits import Point, correlation, covered, rmse
from personavlm.worlds.truth import traits_at
from personavlm.worlds.values import World

MOMENTS = (20, 60, 100, 200)


@dataclass(frozen=True, slots=True)
class Read:
    """One world, read: what each turn seemed to show, the truth then, and the profile after it."""

    world: World
    readings: tuple[Profile, ...]
    points: tuple[Point, ...]


def read(world: World, encoder: TextEncoder) -> Read:
    """Read a world's turns as they come."""
    estimate = Estimate()
    readings, points = [], []
    for number, turn in enumerate(world.turns):
        readings.append(observed(turn.text, encoder))
        estimate = observe(estimate, readings[-1], number)
        a, b, c, d, e = (estimate.interval(trait) for trait in TRAITS)
        points.append(Point(number + 1, traits_at(world.person, turn.time), _five(a, b, c, d, e)))
    return Read(world, tuple(readings), tuple(points))


def _five(*intervals: Interval) -> tuple[Interval, Interval, Interval, Interval, Interval]:
    a, b, c, d, e = intervals
    return a, b, c, d, e


def constants(some: Sequence[Read]) -> dict[str, float]:
    """Return gain and error of readings with a cue by least squares, the spread of people, and of their changes."""
    pairs = [
        (point.true[trait] - MIDDLE, reading[trait] - MIDDLE)
        for one in some
        for point, reading in zip(one.points, one.readings, strict=True)
        for trait in TRAITS
        if reading[trait] != MIDDLE
    ]
    gain = sum(x * y for x, y in pairs) / sum(x * x for x, _ in pairs)
    first = [score - MIDDLE for one in some for _, score in one.points[0].true]
    moved = [one.points[-1].true[t] - one.points[0].true[t] for one in some for t in TRAITS]
    return {
        "readings with a cue": len(pairs),
        "CUE_GAIN": round(gain, 3),
        "CUE_SD": round(sqrt(statistics.fmean((y - gain * x) ** 2 for x, y in pairs)), 3),
        "PRIOR_SD": round(sqrt(statistics.fmean(x * x for x in first)), 3),
        "CHANGE_SD": round(sqrt(statistics.fmean(x * x for x in moved)), 3),
        "r of a reading": round(correlation([x for x, _ in pairs], [y for _, y in pairs]), 3),
    }


def coverage(points: Sequence[Point]) -> dict[str, float]:
    """Return how often the intervals cover, their width and the error of the scores."""
    return {
        "n": len(points),
        "covered": round(100 * statistics.fmean(held for point in points for held in covered(point)), 1),
        "width": round(statistics.fmean(i.high - i.low for point in points for i in point.intervals), 2),
        "rmse": round(rmse(points), 3),
    }


def after_a_change(some: Sequence[Read]) -> dict[str, float]:
    """Return how often the changed trait's interval covers at the end, ``SETTLED`` turns or more after the change."""
    held = []
    for one in some:
        drift = one.world.person.drift
        if drift and sum(turn.time >= drift.start for turn in one.world.turns) >= SETTLED:
            held.append(covered(one.points[-1])[TRAITS.index(drift.trait)])
    return {"n": len(held), "covered": round(100 * statistics.fmean(held), 1)} if held else {"n": 0}


def signal(some: Sequence[Read]) -> dict[str, float]:
    """Return the correlation of each trait's mean reading with the truth at the end."""
    return {
        trait: round(
            correlation(
                [one.points[-1].true[trait] for one in some],
                [statistics.fmean(reading[trait] for reading in one.readings) for one in some],
            ),
            2,
        )
        for trait in TRAITS
    }


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", default="train", choices=HALVES)
    parser.add_argument("--setting", default="train", choices=SETTINGS)
    parser.add_argument("--persons", type=int, default=40)
    parser.add_argument("--seed", type=int, default=21)
    given = parser.parse_args()
    encoder = load_text_encoder()
    worlds = made_worlds(given.seed, HALVES[given.half], SETTINGS[given.setting], given.persons)
    some = []
    for number, world in enumerate(worlds, start=1):
        some.append(read(world, encoder))
        print(f"\r{number} of {given.persons}", end="", file=sys.stderr)
    reached = {n: [one.points[n - 1] for one in some if len(one.points) >= n] for n in MOMENTS}
    figures = {
        "persons": len(some),
        "turns": sum(len(one.points) for one in some),
        "constants": constants(some),
        **{f"after {n} turns": coverage(points) for n, points in reached.items() if points},
        "at the end": coverage([one.points[-1] for one in some]),
        "after a change": after_a_change(some),
        "r of the mean reading": signal(some),
    }
    print(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
