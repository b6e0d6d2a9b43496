"""Drills: plain reading tasks from a seed, on which a model from scratch learns to read before it learns a job.

    copy     say the words again                           bind     which letter stands before this option
    look up  one of several lines, by its name             choose   look up, then bind: a whole multiple choice
    dates    the first, the last, and the day of a line

Half of the words are values of real samples, half are invented; one invented word in eight is never trained on, so that
``unseen`` drills show whether copying is a skill or a vocabulary. A drill asks about its lines more than once, which
gives every prompt more to learn from.

    >>> drill(random.Random(1), "bind", 2).messages[-1].text
    '<think>sealchoo</think><answer>(b) sealchoo</answer>'
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from string import ascii_lowercase
from typing import Literal, get_args

from personavlm.models import Message
from personavlm.prompts.choice import render_choice

DrillKind = Literal["copy", "look up", "dates", "bind", "choose"]
DRILL_KINDS: tuple[DrillKind, ...] = get_args(DrillKind)
HIDDEN = 8
"""One invented word in so many is kept for ``unseen`` drills."""
NAMES = (
    "drink", "flower", "book", "holiday", "soup", "film", "game", "town", "work", "sister", "uncle", "dog", "bread",
    "song", "shoe", "bird", "cake", "tree", "boat", "tea", "sport", "chair", "colour", "street", "friend", "fruit",
)  # fmt: skip
"""What lines are about."""
_ONSETS = (
    "b", "br", "c", "ch", "d", "dr", "f", "fl", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "pl", "qu", "r", "s",
    "sh", "st", "t", "tr", "v", "w", "y", "z",
)  # fmt: skip
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "oo")
_CODAS = ("", "", "", "l", "m", "n", "r", "s", "t", "nd", "rk")
_FIRST_DAY = date(2023, 1, 1)


@dataclass(frozen=True, slots=True)
class Drill:
    """One drill: a conversation whose assistant messages are right."""

    kind: DrillKind
    messages: tuple[Message, ...]


Words = Callable[[], str]
"""Draws a value of a word or a few."""


def drills(seed: int, lengths: Sequence[int], values: Sequence[str], unseen: bool = False) -> Iterator[Drill]:
    """Yield a drill of every kind for each of the ``lengths`` (lines or options, at least 1), over and over.

    ``values`` are real words to mix in; ``unseen`` drills use only invented words that no other drill uses.
    """
    rng = random.Random(f"{seed}/drills/{unseen}")
    while True:
        for length in lengths:
            for kind in DRILL_KINDS:
                yield drill(rng, kind, length, () if unseen else values, unseen)


def drill(rng: random.Random, kind: DrillKind, length: int, values: Sequence[str] = (), unseen: bool = False) -> Drill:
    """Return a drill of ``length`` lines, options or words."""

    def draw() -> str:
        return rng.choice(values) if values and rng.random() < 0.5 else _invented(rng, unseen)

    return Drill(kind, tuple(_MAKERS[kind](rng, length, draw)))


def is_hidden(word: str) -> bool:
    """Return whether an invented word is kept out of training."""
    return zlib.crc32(word.encode()) % HIDDEN == 0


def _invented(rng: random.Random, unseen: bool) -> str:
    """An invented word of two or three syllables, of those that are trained or of the others."""
    while is_hidden(word := "".join(map(_syllable, [rng] * rng.choice((2, 2, 3))))) != unseen:
        pass
    return word


def _syllable(rng: random.Random) -> str:
    return rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS)


# ── the kinds ────────────────────────────────────────────────────────────────────────────────────────────────────


def _copy(_: random.Random, length: int, draw: Words) -> Iterator[Message]:
    for _asked in range(2):
        words = " ".join(draw() for _ in range(length))
        yield from _turn(f"Say again: {words}", words)


def _look_up(rng: random.Random, length: int, draw: Words) -> Iterator[Message]:
    lines = _lines(rng, length, draw)
    asked = rng.sample(list(lines.items()), length)[:3]
    yield from _questions(_shown(lines), [(f"{name}?", value) for name, value in asked])


def _dates(rng: random.Random, length: int, draw: Words) -> Iterator[Message]:
    days = sorted(_FIRST_DAY + timedelta(rng.randrange(1_000)) for _ in range(length))
    dated = list(zip(days, [draw() for _ in days], strict=True))
    day, value = rng.choice(dated)
    asked = [("first?", dated[0][1]), ("last?", dated[-1][1]), (f"when {value}?", f"{day.day} {day:%B %Y}")]
    rng.shuffle(asked)
    rng.shuffle(dated)
    yield from _questions("\n".join(f"- {day} | {value}" for day, value in dated), asked)


def _bind(rng: random.Random, length: int, draw: Words) -> Iterator[Message]:
    options = _options(rng, draw, length)
    letter, value = rng.choice(options)
    yield from _turn(render_choice(f"Which one is {value}?", options), _chosen(value, letter, value))


def _choose(rng: random.Random, length: int, draw: Words) -> Iterator[Message]:
    lines = _lines(rng, length, draw)
    name, value = rng.choice(list(lines.items()))
    options = _options(rng, draw, min(length, 4), value)
    letter = next(letter for letter, text in options if text == value)
    asked = render_choice(f"Which {name}?", options)
    yield from _turn(f"{_shown(lines)}\n\n{asked}", _chosen(f"{name}: {value}", letter, value))


_MAKERS: Mapping[DrillKind, Callable[[random.Random, int, Words], Iterator[Message]]] = {
    "copy": _copy, "look up": _look_up, "dates": _dates, "bind": _bind, "choose": _choose,
}  # fmt: skip


def _turn(asked: str, answer: str) -> tuple[Message, Message]:
    return Message("user", (asked,)), Message("assistant", (answer,))


def _questions(shown: str, asked: Sequence[tuple[str, str]]) -> Iterator[Message]:
    """The lines with the first question, then the other questions alone."""
    for number, (question, answer) in enumerate(asked):
        yield from _turn(question if number else f"{shown}\n\n{question}", answer)


def _lines(rng: random.Random, length: int, draw: Words) -> dict[str, str]:
    return {name: draw() for name in rng.sample(NAMES, length)}


def _shown(lines: Mapping[str, str]) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in lines.items())


def _options(rng: random.Random, draw: Words, length: int, value: str = "") -> list[tuple[str, str]]:
    """So many lettered options (2 at least), all unlike; ``value`` is among them if it is given."""
    texts = dict.fromkeys([value] if value else [])
    while len(texts) < max(length, 2):
        texts[draw()] = None
    shuffled = list(texts)
    rng.shuffle(shuffled)
    return list(zip(ascii_lowercase, shuffled, strict=False))


def _chosen(thought: str, letter: str, value: str) -> str:
    """A choice in the form that samples have: the value is named before its letter."""
    return f"<think>{thought}</think><answer>({letter}) {value}</answer>"
