"""Does anything but memory answer the benchmark? Blind baselines on multiple choice and alignment, over several seeds.

    python -m lab.leaks [--seeds 1 2 3] [--fresh 11] [--persons 200] [--train 200] [--out lab/results/leaks.json]

For each seed the test half's questions are made and chosen as `personavlm synth bench` does, without drawing pictures.
Baselines see the query and the options only. What they learn (the most frequent right answers, the classifier, the
words of fitting replies) comes from questions of the training half. All seeds are pooled; the fresh one, at which
nobody looked while the generator was made, is reported apart. Chance is 25 % (50 % for alignment); the bars are 3
points, and 29 % for the classifier.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import numpy as np

from personavlm.encoders.text import load_text_encoder
from personavlm.synthesis.benchmark import Benchmark, Offer, Place, offer_of, places, select
from personavlm.synthesis.choosing import choose_alignment
from personavlm.synthesis.leaks import blind, blind_alignment, table, unknown_share, without_pictures
from personavlm.synthesis.questions.values import TASK_CODES, Alignment, Question
from personavlm.worlds.make import make_world

TRAIN_SEED = 0
PER_TASK = 4
"""Training questions of a task that one person gives at most."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One person's offer, and how a reader without pictures fares on each picture question."""

    offer: Offer
    unseen: dict[str, float]


def sight(seed: int, place: Place) -> Sight:
    world = make_world(seed, "test", place.setting, place.number)
    offer = offer_of(world, seed)
    pictured = [q for q in offer.questions if q.needs_picture]
    credits = without_pictures(world, pictured)
    return Sight(offer, {q.id: float(c) for q, c in zip(pictured, credits, strict=True)})


def training_offer(number: int) -> Offer:
    return offer_of(make_world(TRAIN_SEED, "train", "train", number), TRAIN_SEED)


def benchmark(seed: int, persons: int) -> tuple[Benchmark, list[float]]:
    """Return a seed's questions, and the credits of the reader without pictures on those that need one."""
    rows = places(persons)
    with ProcessPoolExecutor(2) as pool:
        sights = list(pool.map(sight, repeat(seed), rows))
    made = select({place: one.offer for place, one in zip(rows, sights, strict=True)}, seed)
    credits = {id_: credit for one in sights for id_, credit in one.unseen.items()}
    return made, [credits[q.id] for q in made.questions if q.needs_picture]


def training(persons: int) -> tuple[list[Question], list[Alignment]]:
    """Return questions of the training half, a few of each task and person, and alignment for a fifth of them."""
    with ProcessPoolExecutor(2) as pool:
        offers = list(pool.map(training_offer, range(persons)))
    rng = random.Random(0)
    questions = []
    for offer in offers:
        for task in TASK_CODES:
            own = [q for q in offer.questions if q.task == task]
            questions += rng.sample(own, k=min(PER_TASK, len(own)))
    traits = {offer.person: offer.suited for offer in offers}
    return questions, choose_alignment(questions[:: max(1, len(questions) // 2000)], traits, 400, rng)


def measured(made: Sequence[Benchmark], unseen: list[float], train: list[Question], pairs: list[Alignment]) -> dict:
    questions = [q for one in made for q in one.questions]
    credits = blind(questions, train, load_text_encoder())
    shown = {
        name: {task: [share.n, round(100 * share.accuracy, 1)] for task, share in table(questions, rows).items()}
        for name, rows in credits.items()
    }
    unknown = unknown_share(questions)
    alignment = [pair for one in made for pair in one.alignment.values()]
    blinded = blind_alignment(alignment, pairs, random.Random(0))
    return {
        "questions": len(questions),
        "multiple choice": shown,
        "unknown right where offered": [unknown.n, round(100 * unknown.accuracy, 1)],
        "picture questions without the picture": [len(unseen), round(100 * float(np.mean(unseen)), 1)],
        "alignment": {name: [len(alignment), round(100 * share, 1)] for name, share in blinded.items()},
    }


def lines(name: str, found: dict) -> list[str]:
    tasks = ["all", *TASK_CODES]
    rows = [f"{name}: {found['questions']} questions", " " * 28 + "".join(f"{task:>6}" for task in tasks)]
    for baseline, shares in found["multiple choice"].items():
        rows.append(f"{baseline:28}" + "".join(f"{shares[t][1] if t in shares else '-':>6}" for t in tasks))
    keys = ("unknown right where offered", "picture questions without the picture")
    rows += [f"{key}: {found[key][1]} % of {found[key][0]}" for key in keys]
    rows += [f"alignment, {key}: {share} % of {n}" for key, (n, share) in found["alignment"].items()]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--fresh", type=int, default=None, help="a seed reported apart")
    parser.add_argument("--persons", type=int, default=200)
    parser.add_argument("--train", type=int, default=200, help="persons of the training half")
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    train, pairs = training(options.train)
    print(f"{len(train)} questions to train on", file=sys.stderr, flush=True)
    made = []
    for seed in options.seeds:
        made.append(benchmark(seed, options.persons))
        print(f"seed {seed}: {len(made[-1][0].questions)} questions", file=sys.stderr, flush=True)
    result = {
        "command": f"python -m lab.leaks {' '.join(sys.argv[1:])}",
        "training questions": len(train),
        "pooled": measured([one for one, _ in made], [c for _, credits in made for c in credits], train, pairs),
    }
    print("\n".join(lines(f"seeds {options.seeds}", result["pooled"])))
    if options.fresh is not None:
        one, credits = benchmark(options.fresh, options.persons)
        result["fresh"] = measured([one], credits, train, pairs)
        print("\n".join(["", *lines(f"fresh seed {options.fresh}", result["fresh"])]))
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
