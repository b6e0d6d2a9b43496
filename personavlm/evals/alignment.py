"""Alignment: which of two replies fits a person, on P-SOUPS, beside what those get who know nothing of the person.

    P-SOUPS ──cases, replies in an order drawn by seed──> model ──letter──> accuracy per set ± interval over messages
            └─ blind: the longer one, the one with more exclamation marks, the first one, words alone … ──> the same

Profile line and past choices are given in the message; any model answers it, the embedded one by
``embedded.fitting``. The bag of words is learnt from the other messages' choices of the same set (five folds), so it
knows what this set's persons like on average and nothing of the one who is asked about.

    >>> result = evaluate(Path("psoups"), model, kit)
    >>> result.sets["Style"].value, result.baselines["Style"]["longer"]

Source: P-SOUPS as PersonaVLM uses it (appendix E.1): prompt, profile, two replies, accuracy.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from personavlm.assistant import Kit
from personavlm.bench.columns import psoups_column
from personavlm.bench.runs import answered
from personavlm.bench.scores import Figure, figure, share
from personavlm.bench.systems import Nothing
from personavlm.bench.values import Answered, Case, Person
from personavlm.models import Model

Progress = Callable[[str, int, int], None]
"""Told what is under way, how much is done, and of how much."""
FOLDS = 5
"""Parts of a set's messages for the bag of words."""
Prefers = Callable[[str, str], float]
"""From two replies to a number above 0 if the first is preferred, below 0 if the second, 0 if neither."""


@dataclass(frozen=True, slots=True)
class AlignmentResult:
    """What ``eval alignment`` prints."""

    seed: int
    sets: Mapping[str, Figure]
    baselines: Mapping[str, Mapping[str, Figure]]
    """By set and name; a tie counts half."""
    overall: Figure
    messages: int
    """Distinct messages, from which intervals draw."""
    unparsed: int
    failed: int
    skipped: int

    def plain(self) -> dict[str, object]:
        """Return the figures under the names of the CLI contract, percents from 0 to 100."""
        return {
            "seed": self.seed,
            "messages": self.messages,
            "overall": self.overall.plain(),
            "sets": {
                name: {**found.plain(), "baselines": {k: v.plain() for k, v in self.baselines[name].items()}}
                for name, found in self.sets.items()
            },
            "unparsed": self.unparsed,
            "failed": self.failed,
            "skipped": self.skipped,
        }


def evaluate(
    folder: Path, model: Model, kit: Kit, seed: int = 0, progress: Progress = lambda _what, _done, _all: None
) -> AlignmentResult:
    """Return how a P-SOUPS folder's choices are made. Raises ``BadInput`` for a folder without any."""
    column = psoups_column(folder, seed)
    found: list[Answered] = []
    for number, person in enumerate(column.persons, start=1):
        with Nothing(model, kit).prepare(person, folder) as ready:
            found += [answered(case, ready.ask(case)) for case in person.cases]
        progress("messages", number, len(column.persons))
    names = list(dict.fromkeys(one.setting for one in found))
    return AlignmentResult(
        seed=seed,
        sets={name: figure([one for one in found if one.setting == name], seed) for name in names},
        baselines={name: baselines([p for p in column.persons if p.setting == name], seed) for name in names},
        overall=figure(found, seed),
        messages=len(column.persons),
        unparsed=sum(one.unparsed for one in found),
        failed=sum(one.failed for one in found),
        skipped=len(column.skipped),
    )


# ── those who know nothing of the person ─────────────────────────────────────────────────────────────────────────


def _letters_per_word(text: str) -> float:
    words = text.split()
    return sum(map(len, words)) / max(len(words), 1)


BLIND: Mapping[str, Prefers] = {
    "first": lambda _one, _other: 1.0,
    "longer": lambda one, other: len(one) - len(other),
    "shorter": lambda one, other: len(other) - len(one),
    "more exclamation marks": lambda one, other: one.count("!") - other.count("!"),
    "shorter words": lambda one, other: _letters_per_word(other) - _letters_per_word(one),
    "longer words": lambda one, other: _letters_per_word(one) - _letters_per_word(other),
}
"""Rules that look at the two replies alone. In a set whose persons all like the same, one of a pair of opposite rules
does well by itself; none does on both sets."""


def baselines(persons: Sequence[Person], seed: int) -> dict[str, Figure]:
    """Return accuracy of the blind rules and of the bag of words over one set's units."""
    figures = {name: _share([(person, prefers) for person in persons], seed) for name, prefers in BLIND.items()}
    order = [person.id for person in persons]
    Random(f"folds/{seed}").shuffle(order)
    fold = {person: place % FOLDS for place, person in enumerate(order)}

    parts = [
        by_words(case for person in persons if fold[person.id] != part for case in person.cases)
        for part in range(FOLDS)
    ]
    figures["bag of words"] = _share([(person, parts[fold[person.id]]) for person in persons], seed)
    return figures


def by_words(cases: Iterable[Case]) -> Prefers:
    """Return a rule learnt from choices: words and signs weigh the log odds of standing in preferred replies."""
    counts: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for case in cases:
        for letter, text in case.options:
            counts[letter == case.gold].update(_pieces(text))

    def weight(text: str) -> float:
        return sum(math.log((counts[True][piece] + 1) / (counts[False][piece] + 1)) for piece in _pieces(text))

    return lambda one, other: weight(one) - weight(other)


def _pieces(text: str) -> set[str]:
    return set(re.findall(r"\w+|[^\w\s]", text.lower()))


def _share(asked: Sequence[tuple[Person, Prefers]], seed: int) -> Figure:
    return share([(person.id, _right(case, prefers)) for person, prefers in asked for case in person.cases], seed)


def _right(case: Case, prefers: Prefers) -> float:
    (letter, one), (_, other) = case.options
    leaning = prefers(one, other)
    return 0.5 if leaning == 0 else float((leaning > 0) == (letter == case.gold))
