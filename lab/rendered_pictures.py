"""How good the rendered pictures are to remember by, and how fast they are made.

    python -m lab.rendered_pictures [--seed 1] [--things 120]        writes lab/results/rendered_pictures.json

Things of the test half in three views each. What is measured is told in ``personavlm.evals.rendered``; milliseconds are
of the processor, for one picture of each kind of scene. About four minutes on one core.
"""

from __future__ import annotations

import argparse
from random import Random
from statistics import fmean, median
from time import process_time

from lab.report import write_json
from personavlm.evals.rendered import drawn, evaluate
from personavlm.worlds.pictures import close_up, group, places, render, several, shapes, some_light, some_look
from personavlm.worlds.values import Scene

TIMED = 60
"""Pictures that are timed, a third of each kind."""


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--things", type=int, default=120)
    given = parser.parse_args()
    found = {"seed": given.seed, "half": "test", **evaluate(drawn(given.seed, given.things)).plain()}
    write_json("rendered_pictures.json", found | {"rendering": cost(given.seed)})


def cost(seed: int) -> dict[str, object]:
    """Return processor time and size of pictures from a seed."""
    rng = Random(f"{seed}/cost")
    scenes = [_scene(number % 3, rng) for number in range(TIMED)]
    render(scenes[0])  # the first one fills the caches
    times, sizes = [], []
    for scene in scenes:
        start = process_time()
        sizes.append(len(render(scene).data) / 1000)
        times.append(1000 * (process_time() - start))
    return {
        "n": TIMED,
        "milliseconds": {
            "mean": round(fmean(times), 1),
            "median": round(median(times), 1),
            "most": round(max(times), 1),
        },
        "kilobytes": {"mean": round(fmean(sizes), 1), "least": round(min(sizes), 1), "most": round(max(sizes), 1)},
    }


def _scene(kind: int, rng: Random) -> Scene:
    place = rng.choice(places())
    light = some_light(place, rng)
    if kind == 0:
        return close_up(some_look(rng, "test"), place, light, rng)
    if kind == 1:
        return several(some_look(rng, "test"), rng.randint(2, 5), place, light, rng)
    three = [some_look(rng, "test", shape) for shape in rng.sample(sorted(shapes()), 3)]
    return group(three, place, light, rng)


if __name__ == "__main__":
    main()
