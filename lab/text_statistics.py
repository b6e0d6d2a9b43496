"""How varied are the worlds' words? Printed beside what real people typed, on 20,000 tokens of each.

    python -m lab.text_statistics [--laps FILE] [--locomo FILE] [--persons 24] [--out FILE]

Tokens are lower-cased words and single punctuation marks; distinct-n is the share of different n-grams within turns.
A *skeleton* keeps closed-class words and punctuation, writes every run of other words as "_" and numbers as "0"; a turn
repeats if an earlier one of the sample has the same skeleton. So defined, LAPS repeats in about one turn of ten and
LoCoMo in none. Long turns hardly ever repeat as a whole, so the same share is given for single sentences of four words
and more. Turns are drawn at random over all persons; figures are means over ``SAMPLES`` draws.

Of LAPS and LoCoMo only numbers are kept.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from personavlm.datasets.laps import laps
from personavlm.datasets.locomo import locomo
from personavlm.words import STOP_WORDS
from personavlm.worlds.make import make_world
from personavlm.worlds.values import World, WorldTurn

TOKENS = 20_000
SAMPLES = 5
FLOORS = {"distinct_2": 0.35, "distinct_3": 0.62}
MOST_REPEATED = 0.20
RESULTS = Path(__file__).parent / "results" / "text_statistics.json"

_TOKEN = re.compile(r"\w+|[^\w\s]")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True, slots=True)
class Statistics:
    """Shares, means over the draws; ``words`` is the mean number of words in a turn."""

    turns: int
    distinct_2: float
    distinct_3: float
    repeated: float
    sentences_repeated: float
    words: float


def tokens(text: str) -> list[str]:
    """Return lower-cased words and punctuation marks."""
    return _TOKEN.findall(text.lower())


def skeleton(text: str) -> str:
    """Return a text with its content words masked.

    >>> skeleton("I love ginger beer, and my 2 cats love it too!")
    'i _ , and my 0 _ it too !'
    """
    masked: list[str] = []
    for token in tokens(text):
        plain = token in STOP_WORDS or not token[0].isalnum()
        kept = "0" if token.isdigit() else token if plain else "_"
        if kept != "_" or masked[-1:] != ["_"]:
            masked.append(kept)
    return " ".join(masked)


def distinct(turns: Sequence[Sequence[str]], n: int) -> float:
    """Return the share of different n-grams among all, none of them across turns."""
    grams = [tuple(turn[at : at + n]) for turn in turns for at in range(len(turn) - n + 1)]
    return len(set(grams)) / len(grams)


def measure(texts: Sequence[str], seed: int) -> Statistics:
    """Measure as many turns, drawn at random, as hold ``TOKENS`` tokens. Raises ``ValueError`` if there are too few."""
    drawn = list(_drawn(texts, random.Random(seed)))
    turns = [tokens(text) for text in drawn]
    shapes = [skeleton(text) for text in drawn]
    words = statistics.fmean(len(text.split()) for text in drawn)
    sentences = [skeleton(part) for text in drawn for part in _SENTENCE.split(text) if len(part.split()) >= 4]
    pairs = distinct(turns, 2), distinct(turns, 3)
    return Statistics(len(drawn), *pairs, _repeats(shapes), _repeats(sentences), words)


def _repeats(shapes: Sequence[str]) -> float:
    """Return the share that has been seen before."""
    return 1 - len(set(shapes)) / len(shapes)


def _drawn(texts: Sequence[str], rng: random.Random) -> Iterator[str]:
    left = TOKENS
    for text in rng.sample(texts, k=len(texts)):
        yield text
        left -= len(tokens(text))
        if left <= 0:
            return
    raise ValueError(f"{len(texts)} turns hold fewer than {TOKENS} tokens: give --persons a higher number")


def mean(texts: Sequence[str]) -> Statistics:
    """Return the means over ``SAMPLES`` draws."""
    drawn = [asdict(measure(texts, seed)) for seed in range(SAMPLES)]
    values = {name: statistics.fmean(one[name] for one in drawn) for name in drawn[0]}
    rounded = {name: round(value, 3) for name, value in values.items()}
    return Statistics(**(rounded | {"turns": round(values["turns"]), "words": round(values["words"], 1)}))


def ours(persons: int, seed: int) -> Iterator[tuple[str, list[str]]]:
    """Yield what to measure of the worlds: both halves, user text alone and with the replies; the unseen half alone."""
    train = [make_world(seed, "train", "train", number) for number in range(persons)]
    test = [make_world(seed, "test", "100", number) for number in range(persons)]
    for name, worlds in (("train", train), ("test", test)):
        yield f"{name}, user", [turn.text for turn in _turns(worlds)]
        yield f"{name}, user and reply", [f"{turn.text} {turn.reply}" for turn in _turns(worlds)]


def _turns(worlds: Sequence[World]) -> Iterator[WorldTurn]:
    return (turn for world in worlds for turn in world.turns)


def real(laps_file: Path | None, locomo_file: Path | None) -> Iterator[tuple[str, list[str]]]:
    """Yield the user's side of LAPS and both sides of LoCoMo, if their files are given."""
    if laps_file:
        sessions = [session for worker in laps(laps_file).workers for session in worker.sessions]
        yield "LAPS, user", [said.text for session in sessions for said in session.messages if said.by_user]
    if locomo_file:
        talks = locomo(locomo_file).conversations
        yield "LoCoMo, both", [said.text for talk in talks for said in talk.utterances]


def main() -> int:
    """Print the table and write it; 1 if the training half's user text is below a bar."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--laps", type=Path)
    parser.add_argument("--locomo", type=Path)
    parser.add_argument("--persons", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    rows = {name: mean(texts) for name, texts in (*ours(given.persons, given.seed), *real(given.laps, given.locomo))}
    print(f"{'':32}turns  distinct-2  distinct-3  repeated  sentences  words a turn")
    for name, row in rows.items():
        print(
            f"{name:32}{row.turns:5}{row.distinct_2:12.3f}{row.distinct_3:12.3f}{row.repeated:10.1%}{row.sentences_repeated:11.1%}{row.words:10.1f}"
        )
    result = {"tokens": TOKENS, "samples": SAMPLES, "persons": given.persons, "seed": given.seed}
    given.out.write_text(json.dumps(result | {"rows": {n: asdict(r) for n, r in rows.items()}}, indent=1) + "\n")
    return 0 if all(passes(row) for name, row in rows.items() if name.endswith("user") and "LAPS" not in name) else 1


def passes(row: Statistics) -> bool:
    """Whether a row is above both floors and repeats little enough."""
    varied = all(getattr(row, name) >= floor for name, floor in FLOORS.items())
    return varied and row.repeated <= MOST_REPEATED


if __name__ == "__main__":
    sys.exit(main())
