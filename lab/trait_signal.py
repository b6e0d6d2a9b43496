"""Is the trait evidence in the words real? A linear model learns it on training persons and is tried on unseen ones.

    python -m lab.trait_signal [--train 300] [--test 120] [--seed 7] [--out lab/results/trait_signal.json]

Ridge regression on counts of words and word pairs in a person's pooled user text (log counts, weighted by rarity,
unit length), one model per trait; the ridge is chosen by leave-one-out error on the training persons. It is tried on
test persons (other names, other banks, half of the wording from patterns training never uses) from 60 turns and from 2:
the first two, in which people give little away, and any two that follow on each other.

Bars, for each trait: r >= 0.6 from 60 turns (there is evidence), r < 0.3 from 2 (one turn says little). Beside the
correlation stands its 95 % interval (Fisher's, for that many persons); "any 2" is the mean over ``DRAWS`` draws of a
place in every person's talk. ``unseen`` reads only the turns worded by unseen patterns.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import sys
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from personavlm.personality import TRAITS
from personavlm.worlds.make import make_world
from personavlm.worlds.truth import traits_at
from personavlm.worlds.values import World, WorldTurn

RESULTS = Path(__file__).parent / "results" / "trait_signal.json"
LONG, SHORT = 60, 2
ENOUGH, LITTLE = 0.6, 0.3
DRAWS = 20
LEAST = 4
"""A term must stand in the text of so many training persons."""
RIDGES = tuple(10.0**power for power in np.arange(-2.0, 2.1, 0.5))

Floats = NDArray[np.float64]
_WORD = re.compile(r"[a-z']+|[!?]|\.\.\.")


class Excerpt(NamedTuple):
    """Some turns of one person, and the five true scores at the end of them."""

    turns: Sequence[WorldTurn]
    scores: tuple[float, ...]


def excerpt(world: World, count: int, start: int = 0, unseen_only: bool = False) -> Excerpt:
    """Return so many of a person's turns, from a place on."""
    turns = [turn for turn in world.turns if turn.unseen or not unseen_only][start : start + count]
    profile = traits_at(world.person, turns[-1].time)
    return Excerpt(turns, tuple(profile[trait] for trait in TRAITS))


def terms(turns: Sequence[WorldTurn]) -> Counter[str]:
    """Count words, punctuation that carries feeling, and pairs of neighbours."""
    found: Counter[str] = Counter()
    for turn in turns:
        words = _WORD.findall(turn.text.lower())
        found.update(words)
        found.update(f"{a} {b}" for a, b in pairwise(words))
    return found


class Bag:
    """The vocabulary of the training persons and how rare each term is."""

    def __init__(self, counts: Sequence[Counter[str]]) -> None:
        spread = Counter(term for count in counts for term in count)
        self.terms = {term: at for at, term in enumerate(sorted(t for t, n in spread.items() if n >= LEAST))}
        rarity = [math.log(len(counts) / spread[term]) for term in sorted(self.terms, key=self.terms.__getitem__)]
        self.rarity = np.array(rarity)

    def vectors(self, counts: Sequence[Counter[str]]) -> Floats:
        """Return unit vectors, ``(persons, terms)``."""
        rows = np.zeros((len(counts), len(self.terms)))
        for row, count in enumerate(counts):
            for term, number in count.items():
                if term in self.terms:
                    rows[row, self.terms[term]] = 1 + math.log(number)
        rows *= self.rarity
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return rows / np.where(lengths == 0, 1, lengths)


def fit(rows: Floats, targets: Floats) -> tuple[Floats, Floats]:
    """Return (weights over training persons, mean): dual ridge, the ridge by leave-one-out error."""
    mean = targets.mean(axis=0)
    kernel = rows @ rows.T
    values, vectors = np.linalg.eigh(kernel)
    best: tuple[float, Floats] = (math.inf, np.zeros_like(targets))
    for ridge in RIDGES:
        inverse = (vectors / (values + ridge)) @ vectors.T
        dual = inverse @ (targets - mean)
        error = float(np.mean((dual / np.diag(inverse)[:, None]) ** 2))
        best = min(best, (error, dual), key=lambda pair: pair[0])
    return best[1], mean


class Reader(NamedTuple):
    """The linear model: what it knows of the training persons."""

    bag: Bag
    rows: Floats
    dual: Floats
    mean: Floats

    @classmethod
    def learnt(cls, persons: Sequence[Excerpt]) -> Reader:
        """Learn from persons whose scores are known."""
        counts = [terms(one.turns) for one in persons]
        bag = Bag(counts)
        rows = bag.vectors(counts)
        return cls(bag, rows, *fit(rows, np.array([one.scores for one in persons])))

    def correlations(self, persons: Sequence[Excerpt]) -> Floats:
        """Return r between read and true scores for each trait; 0 where all are read alike."""
        read = self.bag.vectors([terms(one.turns) for one in persons]) @ self.rows.T @ self.dual + self.mean
        true = np.array([one.scores for one in persons])
        found = [float(np.corrcoef(read[:, at], true[:, at])[0, 1]) for at in range(len(TRAITS))]
        return np.array([0.0 if math.isnan(r) else r for r in found])


def with_interval(r: float, persons: int) -> tuple[float, float, float]:
    """Return a correlation and its 95 % interval."""
    half = 1.96 / math.sqrt(persons - 3)
    return r, math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)


def anywhere(worlds: Sequence[World], rng: random.Random) -> list[Excerpt]:
    """Return two turns of each person from a random place."""
    return [excerpt(world, SHORT, rng.randrange(len(world.turns) - SHORT + 1)) for world in worlds]


def main() -> int:
    """Print and write the correlations; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=int, default=300)
    parser.add_argument("--test", type=int, default=120)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    reader = Reader.learnt([excerpt(make_world(given.seed, "train", "train", n), 100) for n in range(given.train)])
    tested = [make_world(given.seed, "test", "200", n) for n in range(given.test)]
    rng = random.Random(f"{given.seed}/signal")
    found = {
        "60 turns": reader.correlations([excerpt(world, LONG) for world in tested]),
        "60 unseen turns": reader.correlations([excerpt(world, LONG, unseen_only=True) for world in tested]),
        "first 2 turns": reader.correlations([excerpt(world, SHORT) for world in tested]),
        "any 2 turns": np.mean([reader.correlations(anywhere(tested, rng)) for _ in range(DRAWS)], axis=0),
    }
    results = {
        name: {trait: with_interval(float(r), given.test) for trait, r in zip(TRAITS, row, strict=True)}
        for name, row in found.items()
    }
    for name, row in results.items():
        print(name, " ".join(f"{t} {r:.2f} [{low:.2f}, {high:.2f}]" for t, (r, low, high) in row.items()))
    content = {"train": given.train, "test": given.test, "seed": given.seed, "terms": len(reader.bag.terms)}
    rounded = {name: {t: [round(v, 3) for v in rs] for t, rs in row.items()} for name, row in results.items()}
    given.out.write_text(json.dumps(content | {"r": rounded}, indent=1) + "\n")
    little = max(*found["first 2 turns"], *found["any 2 turns"])
    return 0 if min(found["60 turns"]) >= ENOUGH and little < LITTLE else 1


if __name__ == "__main__":
    sys.exit(main())
