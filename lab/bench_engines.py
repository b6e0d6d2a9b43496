"""Engines of the bench side by side: one process, two, and Ray on the same persons; the same answers, and how long.

    python -m lab.bench_engines [--data data/worlds/bench] [--limit 4] [--workers 2] [--out lab/results/engines.json]

Each engine lives through the talks and asks every question from nothing, in turn. Starting workers and loading models
counts. A speed-up is worth what the machine was doing besides: the load before each run is written down.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

from personavlm.bench.folders import read_run
from personavlm.bench.provenance import commit, hardware
from personavlm.bench.recipes import measure, recipe_of


def timed(data: Path, limit: int, engine: str, workers: int) -> tuple[dict[str, Any], list[tuple[str, str, float]]]:
    """Return seconds and load of one engine, and what was answered."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        load, began = os.getloadavg()[0], perf_counter()
        measure(recipe_of({"data": data, "out": out, "limit": limit, "engine": engine, "workers": workers}))
        seconds = perf_counter() - began
        answers = [(one.case, one.said, one.score) for one in read_run(out).answered]
    return {"engine": engine, "workers": workers, "seconds": round(seconds, 1), "load before": load}, answers


def main(words: list[str]) -> int:
    """Time the engines and say whether they agree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data/worlds/bench"))
    parser.add_argument("--limit", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(words)
    ways = (("processes", 1), ("processes", options.workers), ("ray", options.workers))
    runs = [timed(options.data, options.limit, engine, workers) for engine, workers in ways]
    (first, answers), *_ = runs
    rows = [row | {"speed-up": round(first["seconds"] / row["seconds"], 2)} for row, _ in runs]
    found = {
        "command": f"python -m lab.bench_engines {' '.join(words)}".strip(),
        "commit": commit(),
        "hardware": hardware(),
        "cases": len(answers),
        "answered otherwise": [
            f"{row['engine']} {row['workers']}: {one[0]}"
            for row, other in runs
            for one, first_one in zip(other, answers, strict=True)
            if one != first_one
        ],
        "engines": rows,
    }
    text = json.dumps(found, indent=1)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")
    return 1 if found["answered otherwise"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
