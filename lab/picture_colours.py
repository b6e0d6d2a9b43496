"""How well the colours of a thing alone in a picture are named (``personavlm/embedded/looks.py``).

    python -m lab.picture_colours BENCH     BENCH as ``personavlm synth bench`` writes it

Prints how many pictures of one owned thing were looked at, of how many anything was told, and in percent how often its
main colour, its second one, and both are among the names, with 95 % intervals from drawing persons anew.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from personavlm.embedded.looks import colours
from personavlm.pictures import image
from personavlm.worlds.kept import WORLD, read_world

RESAMPLES, SEED = 2_000, 0
Row = tuple[float, float, float, float]


def rows(folder: Path) -> list[Row]:
    """Return of each picture of one thing alone: told anything, main colour named, second named, both."""
    found: list[Row] = []
    for shot in read_world(folder).shots:
        if len(shot.seen) != 1 or not shot.seen[0].thing or not shot.seen[0].second or shot.seen[0].count > 1:
            continue
        names = colours(image((folder / f"{shot.id}.jpg").read_bytes()))
        main, second = shot.seen[0].colour in names, shot.seen[0].second in names
        found.append((float(bool(names)), float(main), float(second), float(main and second)))
    return found


def figures(persons: Sequence[Sequence[Row]]) -> dict[str, object]:
    """Return the shares with their intervals."""
    sums = np.array([[*np.sum(one, axis=0), len(one)] for one in persons if one])
    drawn = np.random.default_rng(SEED).integers(0, len(sums), (RESAMPLES, len(sums)))
    shares = 100 * sums[drawn, :4].sum(axis=1) / sums[drawn, 4:].sum(axis=1)
    whole = 100 * sums[:, :4].sum(axis=0) / sums[:, 4].sum()
    ends = np.percentile(shares, [2.5, 97.5], axis=0)
    names = ("told", "main colour", "second colour", "both")
    told = {n: [round(float(x), 1) for x in (whole[k], *ends[:, k])] for k, n in enumerate(names)}
    return {"pictures": int(sums[:, 4].sum()), "persons": len(sums), **told}


def main(words: list[str]) -> int:
    """Print the figures of a benchmark's pictures."""
    if len(words) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    folders = sorted(file.parent for file in Path(words[0]).rglob(WORLD))
    print(json.dumps(figures([rows(folder) for folder in folders])))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
