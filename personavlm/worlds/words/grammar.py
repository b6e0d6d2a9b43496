"""Patterns and how they become sentences.

A pattern is text with choices, optional parts and slots:

    "<I'm|I am> off {old}[ these days][, because {reason}]. <It's|Make it> {value} now."

``<a|b>`` is one of several, ``[x]`` may stay away, ``{slot}`` is filled from a frame or, if no frame has it, from the
symbol of that name; all of them nest. ``{a slot}`` puts the right article before it and ``{she likes}`` agrees with the
pronoun of whoever the frame is about. What needs a slot that nobody fills is left out: an optional part, one choice of
several, or the whole pattern.

Patterns are kept in JSON files as {key: [pattern, …]}. A pattern's id is its key and place ("tell.taste.like/3"), and
two in five of a key, those numbered 2, 4, 7, 9, …, are *unseen*: only the test half uses them.

Filled slots come out between two marks, so that typos and lower case never touch a value.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

OPEN, SHUT = "\x02", "\x03"
"""Around whatever came out of a frame."""

Frame = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Slot:
    """A place to be filled."""

    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several sequences."""

    options: tuple[Sequence, ...]


@dataclass(frozen=True, slots=True)
class Maybe:
    """A sequence that may be left out."""

    body: Sequence


Sequence = tuple["str | Slot | Choice | Maybe", ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A parsed pattern with its id."""

    id: str
    body: Sequence
    unseen: bool


_TOKEN = re.compile(r"[<>\[\]|]|\{[^{}]*\}|[^<>\[\]|{}]+")


def parse(text: str) -> Sequence:
    """Parse a pattern. Raises ``ValueError`` where brackets do not match."""
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != text:
        raise ValueError(f"a stray brace in {text!r}")
    options, rest = _options(tokens, 0, "")
    if rest != len(tokens) or len(options) != 1:
        raise ValueError(f"brackets do not match in {text!r}")
    return options[0]


def _options(tokens: list[str], at: int, closing: str) -> tuple[tuple[Sequence, ...], int]:
    """Read alternatives up to ``closing``; return them and the place after it."""
    options: list[Sequence] = []
    parts: list[str | Slot | Choice | Maybe] = []
    while at < len(tokens):
        token = tokens[at]
        at += 1
        if token == closing:
            return (*options, tuple(parts)), at
        if token == "|":
            options.append(tuple(parts))
            parts = []
        elif token in "<[":
            inner, at = _options(tokens, at, ">" if token == "<" else "]")
            parts.append(Choice(inner) if token == "<" else Maybe(inner[0] if len(inner) == 1 else (Choice(inner),)))
        elif token in ">]":
            raise ValueError(f"an unexpected {token!r} in {''.join(tokens)!r}")
        else:
            parts.append(Slot(token[1:-1]) if token[0] == "{" else token)
    if closing:
        raise ValueError(f"no {closing!r} in {''.join(tokens)!r}")
    return (*options, tuple(parts)), at


# ── what the files hold ──────────────────────────────────────────────────────────────────────────────────────────

FILES = ("turns", "tastes", "lives", "people", "asking", "cues", "asides", "replies")
SYMBOLS = "symbols"
UNSEEN = (2, 4)
"""Places, counted modulo 5, of the patterns kept out of training."""


@cache
def read(name: str) -> dict[str, list[str]]:
    """Return one file of patterns as it is. Raises ``FileNotFoundError`` for one that does not exist."""
    content: dict[str, list[str]] = json.loads((files(__package__) / f"{name}.json").read_text(encoding="utf-8"))
    return content


@cache
def patterns() -> dict[str, tuple[Pattern, ...]]:
    """Return every pattern by key."""
    found: dict[str, tuple[Pattern, ...]] = {}
    for name in FILES:
        for key, texts in read(name).items():
            found[key] = tuple(Pattern(f"{key}/{n}", parse(text), n % 5 in UNSEEN) for n, text in enumerate(texts))
    return found


@cache
def _symbols() -> dict[str, tuple[Sequence, ...]]:
    raw: dict[str, list[str]] = json.loads((files(__package__) / f"{SYMBOLS}.json").read_text(encoding="utf-8"))
    return {name: tuple(parse(text) for text in texts) for name, texts in raw.items()}


# ── expanding ────────────────────────────────────────────────────────────────────────────────────────────────────


def possible(body: Sequence, frame: Frame) -> bool:
    """Whether every slot that has to be filled can be."""
    return all(_possible(part, frame) for part in body)


def _possible(part: str | Slot | Choice | Maybe, frame: Frame) -> bool:
    match part:
        case Slot(name):
            return _source(name, frame) != ""
        case Choice(options):
            return any(possible(option, frame) for option in options)
        case _:
            return True


def _source(name: str, frame: Frame) -> str:
    """Return the kind of filler there is for a slot: "frame", "symbol", "article", "verb", or nothing."""
    if frame.get(name):
        return "frame"
    if name in _symbols():
        return "symbol"
    head, _, tail = name.partition(" ")
    if head == "a" and frame.get(tail):
        return "article"
    return "verb" if head == "she" and tail and frame.get("she") else ""


def expand(body: Sequence, frame: Frame, rng: random.Random) -> str:
    """Return one expansion of a possible pattern, filled slots between marks."""
    return "".join(_expand(part, frame, rng) for part in body)


def _expand(part: str | Slot | Choice | Maybe, frame: Frame, rng: random.Random) -> str:
    match part:
        case Slot(name):
            return _fill(name, frame, rng)
        case Choice(options):
            return expand(rng.choice([option for option in options if possible(option, frame)]), frame, rng)
        case Maybe(body):
            return expand(body, frame, rng) if rng.random() < 0.5 and possible(body, frame) else ""
        case _:
            return part


def _fill(name: str, frame: Frame, rng: random.Random) -> str:
    match _source(name, frame):
        case "frame":
            return f"{OPEN}{frame[name]}{SHUT}"
        case "symbol":
            options = [option for option in _symbols()[name] if possible(option, frame)]
            return expand(rng.choice(options), frame, rng)
        case "article":
            return article(frame[name[2:]]) + f" {OPEN}{frame[name[2:]]}{SHUT}"
        case _:
            return agree(frame["she"], name[4:])


def choose(keys: tuple[str, ...], frame: Frame, rng: random.Random, unseen: bool, used: tuple[str, ...]) -> Pattern:
    """Pick a pattern of the given keys, of which earlier ones count double, that was not used lately if there is one.

    Raises ``LookupError`` when no pattern can be filled.
    """
    pool = [p for key in keys for p in patterns().get(key, ()) if p.unseen == unseen and possible(p.body, frame)]
    if not pool:
        raise LookupError(f"no {'unseen' if unseen else 'shared'} pattern for {keys} fits {sorted(frame)}")
    recent = set(used)
    fresh = [pattern for pattern in pool if pattern.id not in recent]
    best = [pattern for pattern in fresh if pattern.id.rpartition("/")[0] == keys[0]]
    return rng.choice(best + fresh if fresh else pool)


def say(
    keys: tuple[str, ...], frame: Frame, rng: random.Random, unseen: bool = False, used: tuple[str, ...] = ()
) -> tuple[str, str]:
    """Return (text, pattern id) of one pattern of these keys."""
    pattern = choose(keys, frame, rng, unseen, used)
    return expand(pattern.body, frame, rng), pattern.id


# ── agreement ────────────────────────────────────────────────────────────────────────────────────────────────────

_SOUNDED = re.compile(r"(?:uni|use|usu|eur|one\b|once|u[bkt]e|ukulele)", re.IGNORECASE)
_SILENT = re.compile(r"(?:hour|honest|heir|honou?r|8|11\b|18\b)", re.IGNORECASE)
ADVERBS = {"never", "always", "often", "only", "still", "just", "also", "hardly", "rarely", "really", "already", "now"}
_PLURAL = {"is": "are", "has": "have", "was": "were", "does": "do", "goes": "go", "'s": "'re"}


def article(noun: str) -> str:
    """Return "a" or "an" for what follows."""
    bare = noun.lstrip("\"'“‘")
    vowel = bare[:1].lower() in "aeiou" and not _SOUNDED.match(bare)
    return "an" if vowel or _SILENT.match(bare) else "a"


def agree(pronoun: str, verb: str) -> str:
    """Return pronoun and verb in agreement; the verb is given as it follows "she".

    >>> agree("they", "likes"), agree("he", "has")
    ('they like', 'he has')
    """
    return f"{pronoun} {plain_verb(verb)}" if pronoun in ("they", "I", "we", "you") else f"{pronoun} {verb}"


def first_verb(verb: str) -> str:
    """Return a verb of the third person singular as it follows "I"; words after it stay.

    >>> first_verb("was in the paper"), first_verb("is moving"), first_verb("sings")
    ('was in the paper', 'am moving', 'sing')
    """
    first, space, rest = verb.partition(" ")
    return {"is": "am", "was": "was"}.get(first, "") + space + rest if first in ("is", "was") else plain_verb(verb)


def plain_verb(verb: str) -> str:
    """Return a verb of the third person singular as it follows "they"; words after it stay.

    >>> plain_verb("watches birds"), plain_verb("never misses a train"), plain_verb("gave a speech")
    ('watch birds', 'never miss a train', 'gave a speech')
    """
    first, space, rest = verb.partition(" ")
    if first in ADVERBS and rest:
        return f"{first}{space}{plain_verb(rest)}"
    return (_PLURAL.get(first) or _bare(first)) + space + rest


def _bare(verb: str) -> str:
    if verb.endswith("ies") and len(verb) > 4:
        return verb[:-3] + "y"
    if verb.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return verb[:-2]
    return verb[:-1] if verb.endswith("s") and not verb.endswith(("ss", "us", "was")) else verb
