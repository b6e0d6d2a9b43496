"""Ten persons whose true traits are known: what the profile makes of them, turn by turn. After the paper's figure 14.

    python -m lab.trait_paths [--half test] [--setting 200] [--persons 10] [--seed 14] [--out FILE]

Every turn of a world is read by the embedded reader, and PEM runs over the readings. Each row is one trait of one
person after one turn: score, ends of the 90 % interval, and the truth at that moment. Turns at which nothing changed
are left out; the first and the last are kept. Read by the inspector's page on personality.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from lab.trait_intervals import Read, read
from personavlm.encoders.text import load_text_encoder
from personavlm.evals.fidelity import HALVES, SETTINGS, made_worlds
from personavlm.inspection import sharing
from personavlm.inspection.persons import COLUMNS
from personavlm.personality import TRAITS, Trait
from personavlm.scoring.traits import Point, covered, rmse

OUT = Path(__file__).parent / "results" / "trait_paths.csv"


def rows(one: Read) -> Iterator[tuple[object, ...]]:
    """Yield a world's rows, trait by trait."""
    for trait in TRAITS:
        for point in telling(one.points, trait):
            interval = point.intervals[TRAITS.index(trait)]
            scores = (interval.score, interval.low, interval.high, point.true[trait])
            yield (one.world.person.id, trait, point.turn, *(f"{score:.3f}" for score in scores))


def telling(points: Sequence[Point], trait: Trait) -> Iterator[Point]:
    """Yield the first and the last point, and those at which the trait or its truth changed."""
    place = TRAITS.index(trait)
    yield points[0]
    for before, point in pairwise(points):
        moved = point.intervals[place] != before.intervals[place] or point.true[trait] != before.true[trait]
        if moved or point is points[-1]:
            yield point


def main() -> None:
    """Make the worlds, read them, and write the rows."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--half", default="test", choices=HALVES)
    parser.add_argument("--setting", default="200", choices=SETTINGS)
    parser.add_argument("--persons", type=int, default=10)
    parser.add_argument("--seed", type=int, default=14)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    encoder = load_text_encoder()
    some: list[Read] = []
    for world in made_worlds(options.seed, options.half, options.setting, options.persons):
        some.append(read(world, encoder))
        print(f"{world.person.id}: {len(world.turns)} turns", flush=True)
    options.out.write_text(sharing.table(COLUMNS, (row for one in some for row in rows(one))), encoding="utf-8")
    last = [one.points[-1] for one in some]
    held = [inside for point in last for inside in covered(point)]
    print(f"n {len(last)} persons: rmse {rmse(last):.3f} at the end, {sum(held)} of {len(held)} intervals cover")


if __name__ == "__main__":
    main()
