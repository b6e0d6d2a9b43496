"""Extraction held out: fit the reader of talk about cooking without a fold of LAPS workers, run the pipeline on them.

    python -m lab.cross_extraction LAPS_FILE WORK [--folds 0 1 …] [--every 5]

    workers ──drawn into five folds──> tables learnt without the fold ──> whole update stage on the fold's sessions
                                                                           (evals/extraction.py) ──> counts per worker

WORK is a folder that keeps candidates, tables and counts, so that a stopped run goes on where it was; what an older
state of the readers left there is not taken up again. ``--folds`` divides the work among processes, ``--every`` is a
quick look at a part of each fold's workers. When all folds are complete, the figures go to
``lab/results/extraction_held_out.json``: the mean over folds, and all folds together with a 95 % interval over workers
(bootstrap; a worker's sessions stay together).
"""

from __future__ import annotations

import argparse
import json
import pickle
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from unittest.mock import patch

import numpy as np

from lab import tune_extraction as tune
from personavlm.assistant import Kit
from personavlm.embedded import Embedded, domains
from personavlm.evals.extraction import Counts, ExtractionResult, evaluate

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "lab" / "results" / "extraction_held_out.json"
READERS = ("personavlm/embedded/spans.py", "personavlm/embedded/tagger.py", "personavlm/embedded/network.py")
READERS += ("personavlm/embedded/language.py", "personavlm/embedded/words/recipes.txt")
READERS += ("personavlm/embedded/words/food.txt", "lab/tune_extraction.py", "lab/chain.py", "lab/network.py")
"""What tables depend on."""
PIPELINE = tuple(
    f"personavlm/embedded/{name}.py"
    for name in (
        "domains",
        "semantic",
        "records",
        "core",
        "procedural",
        "facts",
        "phrases",
        "changes",
        "asides",
        "gist",
    )
)
"""What counts depend on besides."""
SHOWN = ("f1", "precision", "recall", "value_recall", "words_kept")
DRAWS, SEED = 2_000, 1


def digest(paths: Iterable[str]) -> str:
    """Return a short name for the state of some files of the project."""
    return sha256(b"".join((ROOT / path).read_bytes() for path in sorted(paths))).hexdigest()[:8]


def tables(file: Path, work: Path, folds: Sequence[int]) -> None:
    """Learn the tables of folds that are not in the work folder yet."""
    missing = [k for k in folds if not (work / f"fold-{k}" / f"{tune.NAME}.npz").exists()]
    if not missing:
        return
    held = work / "material.pickle"
    if held.exists():
        material: tune.Material = pickle.loads(held.read_bytes())
    else:
        material = tune.gather(file)
        held.with_suffix(".part").write_bytes(pickle.dumps(material))
        held.with_suffix(".part").rename(held)  # whole or not at all: another process may be waiting for it
    of = tune.drawn(material)
    for k in missing:
        print(f"fold {k}: learning", file=sys.stderr, flush=True)
        (work / f"fold-{k}").mkdir(exist_ok=True)
        learnt = tune.learn(material, of != k)
        tune.report(material, tune.chances(material, learnt, of == k), of == k, f"fold {k}")
        tune.ship(material, learnt, work / f"fold-{k}")


def run(file: Path, work: Path, counted: Path, fold: int, workers: Sequence[int]) -> None:
    """Count the workers of a fold that are not counted yet, with the reader learnt without the fold."""
    reader = domains.load(work / f"fold-{fold}", tune.NAME)
    kit = Kit.load()
    model = Embedded(kit.encoder)
    done = counts(counted, fold)
    with patch.object(domains, "reader", lambda _name: reader), log(counted, fold).open("a", encoding="utf-8") as out:
        for worker in (w for w in workers if w not in done):
            found = evaluate(file, model, kit, workers=frozenset({worker}))
            out.write(json.dumps({"worker": worker, "sessions": found.sessions, **asdict(found.counts)}) + "\n")
            out.flush()


def log(counted: Path, fold: int) -> Path:
    """Return the file of a fold's counts, a line per worker."""
    return counted / f"counts-{fold}.jsonl"


def counts(counted: Path, fold: int) -> dict[int, ExtractionResult]:
    """Return what is counted of a fold, by worker."""
    file = log(counted, fold)
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []
    return {
        row["worker"]: ExtractionResult(Counts(**{n: row[n] for n in Counts.__slots__}), row["sessions"])
        for row in rows
    }


def pooled(parts: Iterable[ExtractionResult]) -> dict[str, float]:
    """Return the figures of several workers taken together."""
    total, sessions = Counts(), 0
    for part in parts:
        total, sessions = total + part.counts, sessions + part.sessions
    plain = ExtractionResult(total, sessions).plain()
    return {name: float(str(plain[name])) for name in (*SHOWN, "n", "sessions")}


def summary(folds: dict[int, dict[int, ExtractionResult]], draws: int = DRAWS) -> dict[str, object]:
    """Return figures by fold, their mean, and those of all workers together with their intervals."""
    by_fold = {k: pooled(found.values()) for k, found in folds.items()}
    everybody = [part for found in folds.values() for part in found.values()]
    draw = np.random.default_rng(SEED)
    drawn = [pooled(everybody[k] for k in draw.integers(0, len(everybody), len(everybody))) for _ in range(draws)]
    together = pooled(everybody)
    return {
        "folds": [by_fold[k] for k in sorted(by_fold)],
        "mean of folds": {n: round(float(np.mean([found[n] for found in by_fold.values()])), 3) for n in SHOWN},
        "together": together,
        "interval": {n: [round(float(q), 3) for q in np.percentile([d[n] for d in drawn], [2.5, 97.5])] for n in SHOWN},
        "n": int(together["n"]),
        "workers": len(everybody),
        "sessions": int(together["sessions"]),
        "seed": tune.SEED,
    }


def main() -> None:
    """Run the folds asked for, and report what is there."""
    parser = argparse.ArgumentParser(description="Measure the extraction of preferences held out.")
    parser.add_argument("file", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--folds", type=int, nargs="+", default=list(range(tune.FOLDS)))
    parser.add_argument("--every", type=int, default=1, help="take every n-th worker of a fold only")
    args = parser.parse_args()
    work = args.work / digest(READERS)
    counted = work / digest(PIPELINE)
    counted.mkdir(parents=True, exist_ok=True)
    tables(args.file, work, args.folds)
    everybody = {s.worker for s in tune.laps(args.file).sessions}
    of = np.random.default_rng(tune.SEED).integers(0, tune.FOLDS, max(everybody) + 1)
    found: dict[int, dict[int, ExtractionResult]] = {}
    for k in args.folds:
        workers = [w for w in sorted(everybody) if of[w] == k][:: args.every]
        run(args.file, work, counted, k, workers)
        found[k] = {w: one for w, one in counts(counted, k).items() if w in workers}
        print(f"fold {k}", pooled(found[k].values()), flush=True)
    if args.every == 1:
        every = {k: counts(counted, k) for k in range(tune.FOLDS)}
        if sum(map(len, every.values())) == len(everybody):
            found = every
            RESULT.write_text(json.dumps(summary(every), indent=1) + "\n", "utf-8")
    print(json.dumps(summary(found), indent=1))


if __name__ == "__main__":
    main()
