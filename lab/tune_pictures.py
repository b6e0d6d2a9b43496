"""How the constants of the hand-made picture encoder were chosen, and whether they hold for things not seen.

    python -m lab.tune_pictures ../shared/data/dreambooth

Prints three tables: shares of the three parts (hit@1, and the open set where its two rates are nearest), rates by
threshold, and the threshold chosen on one half of the things measured on the other. Deterministic; half a minute.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from statistics import fmean

import numpy as np

from personavlm.encoders.picture import _UPPER, COLOURS, WEIGHTS, load_picture_encoder
from personavlm.evals.pictures import Photo, hits, nearness, open_set, read

SHARES = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (1.0, 1.0, 0.0), (1.0, 1.0, 0.3), WEIGHTS, (1.0, 1.0, 1.0))
THRESHOLDS = tuple(round(0.50 + 0.01 * step, 2) for step in range(31))
SPLITS = 40


def reweighted(photos: Sequence[Photo], shares: tuple[float, float, float]) -> tuple[Photo, ...]:
    """Return the photos with other shares of colours, colour pairs and edges in the cosine."""
    ends = np.cumsum([int(np.prod(COLOURS)), len(_UPPER[0])])
    factors = [np.sqrt(new / old) for new, old in zip(shares, WEIGHTS, strict=True)]

    def turn(rows: np.ndarray) -> np.ndarray:
        joined = np.concatenate(
            [f * part for f, part in zip(factors, np.split(rows, ends, axis=1), strict=True)], axis=1
        )
        return (joined / np.linalg.norm(joined, axis=1, keepdims=True)).astype(np.float32)

    return tuple(replace(photo, enrolled=turn(photo.enrolled), asked=turn(photo.asked)) for photo in photos)


def rates(photos: Sequence[Photo], threshold: float, splits: int = SPLITS) -> tuple[float, float]:
    """Return mean (known accuracy, unknown rejected) over random splits, in percent."""
    known, unknown = zip(*(open_set(photos, threshold, Random(seed)) for seed in range(splits)), strict=True)
    return fmean(known), fmean(unknown)


def balanced(photos: Sequence[Photo], splits: int = SPLITS) -> tuple[float, float, float]:
    """Return (threshold, known accuracy, unknown rejected) where the lower of the two rates is highest."""
    return max(((t, *rates(photos, t, splits)) for t in THRESHOLDS), key=lambda row: min(row[1:]))


def halves(photos: Sequence[Photo], times: int) -> Iterator[tuple[list[Photo], list[Photo]]]:
    """Yield the photos of one random half of the things and of the other."""
    things = sorted({photo.thing for photo in photos})
    for seed in range(times):
        chosen = set(Random(1000 + seed).sample(things, len(things) // 2))
        yield [p for p in photos if p.thing in chosen], [p for p in photos if p.thing not in chosen]


def print_shares(photos: Sequence[Photo]) -> None:
    print("colours pairs edges   hit@1  hit@5  threshold  known  unknown")
    for shares in SHARES:
        turned = reweighted(photos, shares)
        hit = hits(nearness(turned), turned)
        threshold, known, unknown = balanced(turned, 10)
        colours, pairs, edges = (f"{share:.1f}" for share in shares)
        row = f"{hit[1]:7.1f} {hit[5]:6.1f} {threshold:10.2f} {known:6.1f} {unknown:8.1f}"
        print(f"{colours:>7} {pairs:>5} {edges:>5} {row}")


def print_thresholds(photos: Sequence[Photo]) -> None:
    print("\nthreshold  known  unknown")
    for threshold in THRESHOLDS[8:28]:
        known, unknown = rates(photos, threshold)
        print(f"{threshold:9.2f} {known:6.1f} {unknown:8.1f}")
    even = balanced(photos)[0]
    most = max(THRESHOLDS, key=lambda threshold: sum(rates(photos, threshold)))
    print(f"rates nearest at {even:.2f}, their sum greatest at {most:.2f}: midway {(even + most) / 2:.3f}")


def print_unseen(photos: Sequence[Photo]) -> None:
    chosen = [(balanced(seen, 10)[0], unseen) for seen, unseen in halves(photos, 10)]
    measured = [rates(unseen, threshold, 10) for threshold, unseen in chosen]
    known, unknown = (fmean(column) for column in zip(*measured, strict=True))
    thresholds = sorted(threshold for threshold, _ in chosen)
    print("\nchosen on one half of the things, measured on the other, mean of 10 halvings")
    print(f"thresholds {thresholds[0]:.2f} to {thresholds[-1]:.2f}: known {known:.1f}, unknown {unknown:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Choose and check the constants of the hand-made picture encoder.")
    parser.add_argument("folder", type=Path, help="a folder of photographs per thing")
    photos, _ = read(parser.parse_args().folder, load_picture_encoder())
    print_shares(photos)
    print_thresholds(photos)
    print_unseen(photos)


if __name__ == "__main__":
    main()
