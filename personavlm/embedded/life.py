"""Everyday life: what a message tells of tastes, goals, routines, people and things, by a reader that was learnt.

    "Cherry clafoutis crept up on me. A school reunion brought it back, and my old favourite has had its day."
     └── favourite ──┘                └──────── reason ───────────┘
    ->  favourite is cherry clafoutis, because a school reunion brought it back

    "That aunt of mine, Daphne, again. I keep visits under an hour."      ->  keeps a distance from Daphne
               who kind  who, distance

MiniLM reads the whole message; a small network behind it says of each word piece which of ``LABELS`` it
belongs to, as many as apply. Runs of pieces are spans, spans near each other make a record. The tables are learnt from
the training half of the ground-truth world (``lab/life_reader.py``), whose names and things no benchmark has; that
world is invented, so patterns written for real talk (``facts``, ``preferences``, …) stand beside this reader.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from personavlm.embedded import language, voice
from personavlm.embedded.clock import clocks
from personavlm.embedded.records import Found
from personavlm.embedded.when import mentions, say
from personavlm.encoders import PieceEncoder, TextEncoder
from personavlm.memory import Kind

Floats = NDArray[np.float32]

LABELS = (
    "favourite", "likes", "dislikes", "was", "kind", "reason", "took", "left",
    "plans", "doing", "done", "dropped",
    "routine", "routine over", "day", "place", "event", "will",
    "who", "who kind", "of",
    "their circumstance", "their habit", "their plan", "their work", "their town", "their loves",
    "close", "easy", "distance", "closer", "cooler", "quarrel", "reconciled", "trusting", "guarded", "casual", "formal",
    "thing", "origin", "giver", "use", "beginner", "handy", "expert",
    "own name", "own age", "own home", "own town", "own work", "own origin", "own request",
)  # fmt: skip
"""What a piece may belong to; ``who`` is a name that is introduced, ``of`` the name of whom something is told."""
LAYERS = (3, 5, 6)
"""MiniLM's layers that are read, of six."""
LIKELY = 0.5
"""Chance from which a piece belongs to a label, and on average from which a span counts."""
SURE = 0.8
"""Chance that the likeliest piece of a span must have."""
NEAR = 140
"""Characters within which spans belong together."""
MAX_TEXT = 2_000
TABLES = Path(__file__).parent / "words" / "life.npz"


@dataclass(frozen=True, slots=True)
class Span:
    """A run of characters that belongs to a label."""

    label: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Tables:
    """The learnt numbers, and the name of the encoder whose states they were learnt from."""

    encoder: str
    mean: Floats
    spread: Floats
    """Mean and spread of each number of a state."""
    inner: Floats
    """``(layers * dim, p)``"""
    inner_bias: Floats
    near: Floats
    """``(REACH * p, p)``: a piece with those beside it, the earliest first."""
    near_bias: Floats
    far: Floats
    """The same over what ``near`` gives, ``STRIDE`` pieces apart."""
    far_bias: Floats
    out: Floats
    """``(3 * p, labels)``"""
    out_bias: Floats


REACH, STRIDE = 9, 3
"""Pieces that are seen together, and how far apart they are at second sight."""
_NUMBERS = ("mean", "spread", "inner", "inner_bias", "near", "near_bias", "far", "far_bias", "out", "out_bias")


@cache
def tables() -> Tables:
    """Return the shipped tables, read once."""
    with as_file(files("personavlm.embedded").joinpath("words", "life.npz")) as file, np.load(file) as raw:
        return Tables(str(raw["encoder"]), **{name: raw[name].astype(np.float32) for name in _NUMBERS})


def likely(by: Tables, states: Floats) -> Floats:
    """Return the ``(pieces, labels)`` chances of a message's pieces, given as ``(pieces, layers * dim)`` states."""
    x = _bent((states - by.mean) / by.spread @ by.inner + by.inner_bias)
    near = _bent(_beside(x, 1) @ by.near + by.near_bias)
    far = _bent(_beside(near, STRIDE) @ by.far + by.far_bias)
    scores = np.concatenate([x, near, far], axis=1) @ by.out + by.out_bias
    return np.asarray(1 / (1 + np.exp(-np.clip(scores, -30, 30))), np.float32)


def _beside(x: Floats, stride: int) -> Floats:
    """Each row with its neighbours' rows, nought beyond the ends."""
    half, n = REACH // 2 * stride, len(x)
    padded = np.pad(x, ((half, half), (0, 0)))
    return np.concatenate([padded[k : k + n] for k in range(0, 2 * half + 1, stride)], axis=1)


def _bent(x: NDArray[Any]) -> Floats:
    """The Gaussian error linear unit, by its usual approximation with a hyperbolic tangent."""
    return np.asarray(0.5 * x * (1 + np.tanh(0.7978846 * (x + 0.044715 * x**3))), np.float32)


_MARKS = " .,;:!?…\"'()"


def spans(text: str, encoder: TextEncoder) -> tuple[Span, ...]:
    """Return what a message tells and where, in its order; nothing for an encoder the tables were not learnt from."""
    by = tables()
    if not isinstance(encoder, PieceEncoder) or encoder.name != by.encoder:
        return ()
    seen = encoder.pieces("", text[:MAX_TEXT], LAYERS)
    if not len(seen.places):
        return ()
    chance = likely(by, seen.states.reshape(len(seen.states), -1))
    found = [
        Span(label, start, end, text[start:end].strip(_MARKS))
        for label, column in zip(LABELS, chance.T, strict=True)
        for start, end in _runs(column, seen.places)
    ]
    return tuple(sorted(found, key=lambda one: (one.start, one.end)))


def _runs(chance: Floats, places: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Runs of likely pieces, the rest of a word with its first piece; one unlikely piece does not end a run."""
    inside = chance >= LIKELY
    gap = inside[:-2] & inside[2:] & (chance[1:-1] >= LIKELY / 2)
    inside[1:-1] |= gap
    edges = np.flatnonzero(np.diff(np.concatenate([[0], inside.astype(np.int8), [0]])))
    for first, behind in zip(edges[::2], edges[1::2], strict=True):
        if chance[first:behind].max() < SURE:
            continue
        while first > 0 and places[first - 1][1] == places[first][0]:
            first -= 1
        while behind < len(places) and places[behind][0] == places[behind - 1][1]:
            behind += 1
        yield int(places[first][0]), int(places[behind - 1][1])


# ── from spans to records ────────────────────────────────────────────────────────────────────────────────────────

_GOALS: Mapping[str, tuple[str, str]] = {
    "plans": ("plans to", "is planning on"),
    "doing": ("has started to", "is under way with"),
    "done": ("managed to", "is done with"),
    "dropped": ("has given up the plan to", "has given up"),
}
"""How a goal's status is told, before an infinitive and before an -ing form."""
_MOVES: Mapping[str, str] = {
    "close": "is very close to {v}",
    "easy": "is on easy terms with {v}",
    "distance": "keeps a distance from {v}",
    "closer": "has grown closer to {v}",
    "cooler": "has drifted apart from {v}",
    "quarrel": "has fallen out with {v}",
    "reconciled": "has made up with {v}",
    "trusting": "trusts the assistant more than before",
    "guarded": "is more guarded with the assistant than before",
    "casual": "talks with the assistant more casually than before",
    "formal": "talks with the assistant more formally than before",
}
_STATED: Mapping[str, tuple[str, Kind, str]] = {
    "beginner": ("knows next to nothing about {v}", "fact", "knows"),
    "handy": ("knows a fair bit about {v}", "fact", "knows"),
    "expert": ("is an expert in {v}", "fact", "knows"),
    "own age": ("is {v} years old", "fact", "age"),
    "own home": ("lives in {v}", "fact", "housing"),
    "own town": ("lives in {v}", "fact", "home"),
    "own work": ("works as {v}", "fact", "job"),
    "own origin": ("grew up in {v}", "fact", "origin"),
    "own request": ("wants the assistant to {v}", "request", "remember"),
    "event": ("{v}", "fact", "event"),
}
_THEIRS: Mapping[str, str] = {
    "their circumstance": "{n} {v}",
    "their habit": "{n} {v}",
    "their plan": "{n} {v}",
    "their work": "{n} works as {v}",
    "their town": "{n} lives in {v}",
    "their loves": "{n} loves {v}",
}
_OF_THINGS: Mapping[str, str] = {
    "origin": "{n} came from {v}",
    "giver": "{n} was a present from {v}",
    "use": "{n} is for {v}",
}
_REASONED = frozenset((*_GOALS, *_MOVES, "favourite", "likes", "dislikes", "routine", "own home", "own work"))


def life(text: str, now: datetime, encoder: TextEncoder) -> list[Found]:
    """Return what a message tells of the user's life, each thing with its reason where one is given."""
    found = spans(language.straighten(text), encoder)
    told: list[Found] = []
    for one in found:
        told += _told(one, found, text, now)
    return told


def _told(one: Span, found: Sequence[Span], text: str, now: datetime) -> Iterator[Found]:
    value = voice.reported(one.text)
    because = _because(one, found)
    if one.label in ("favourite", "likes", "dislikes"):
        yield _taste(one, found, value, because)
    elif one.label == "was" and not _near(one, found, ("favourite", "likes", "dislikes")):
        yield _found(one, f"no longer likes {value}", "preference", "dislike", value, old=value, polarity=-1)
    elif one.label == "took" and (left := _near(one, found, ("left",))):
        yield _found(one, f"chose {value} rather than {left.text}", "preference", "choice", value)
    elif one.label in _GOALS:
        yield _goal(one, value, because)
    elif one.label in ("routine", "routine over"):
        yield _routine(one, found, value, because, text)
    elif one.label == "will":
        yield _found(one, f"will {value}{_date(one, text, now)}", "plan", "appointment", value)
    elif one.label == "who" and (kind := _near(one, found, ("who kind",))):
        yield _found(one, f"{kind.text.lower()} {value}", "relation", kind.text.lower(), value)
    elif one.label in _MOVES:
        content = _MOVES[one.label].format(v=value) + because
        yield _found(one, content, "relation", "dynamic", value if "{v}" in _MOVES[one.label] else "assistant")
    elif one.label in _THEIRS and (name := _near(one, found, ("of", "who"))):
        yield _found(one, _THEIRS[one.label].format(n=name.text, v=value), "relation", name.text, value)
    elif one.label in _OF_THINGS and (thing := _near(one, found, ("thing",))):
        yield _found(one, _OF_THINGS[one.label].format(n=thing.text.lower(), v=value), "fact", one.label, value)
    elif one.label in _STATED:
        content, sort, attribute = _STATED[one.label]
        yield _found(one, content.format(v=value) + because, sort, attribute, value)


def _found(
    one: Span,
    content: str,
    kind: Kind,
    attribute: str,
    value: str,
    old: str = "",
    polarity: Literal[-1, 0, 1] = 0,
) -> Found:
    return Found(content, kind, attribute, value, polarity, old=old, said=(one.start, one.end))


def _taste(one: Span, found: Sequence[Span], value: str, because: str) -> Found:
    kind, was = _near(one, found, ("kind",)), _near(one, found, ("was",))
    match one.label:
        case "favourite":
            content = f"favourite {kind.text.lower() if kind else 'of its kind'} is {value}"
        case "likes":
            content = f"likes {value}"
        case _:
            content = f"is not keen on {value}"
    polarity: Literal[-1, 1] = -1 if one.label == "dislikes" else 1
    attribute = "like" if polarity > 0 else "dislike"
    old = was.text if was else value if polarity < 0 else ""
    return _found(one, content + because, "preference", attribute, value, old, polarity)


def _goal(one: Span, value: str, because: str) -> Found:
    infinitive, gerund = _GOALS[one.label]
    first = value.split()[0] if value.split() else ""
    lead = gerund if first.endswith("ing") else infinitive
    return _found(one, f"{lead} {value}{because}", "goal", "status", value, old=value)


def _routine(one: Span, found: Sequence[Span], value: str, because: str, text: str) -> Found:
    if one.label == "routine over":
        return _found(one, f"no longer has {value}", "habit", "routine", value, old=value)
    day, place = _near(one, found, ("day",)), _near(one, found, ("place",))
    when = f" on {day.text.rstrip('s')}s" if day else ""
    where = f" at {place.text}" if place else ""
    return _found(one, f"{value} is{when}{_clock(one, text)}{where}{because}", "habit", "routine", value, old=value)


def _because(one: Span, found: Sequence[Span]) -> str:
    reason = _near(one, found, ("reason",)) if one.label in _REASONED else None
    if reason is None or _near(reason, found, tuple(_REASONED)) != one:
        return ""
    return f", because {voice.reported(reason.text[:1].lower() + reason.text[1:])}"


def _near(one: Span, found: Sequence[Span], labels: Sequence[str]) -> Span | None:
    """Return the nearest span of some labels; None if none is near."""
    others = [o for o in found if o.label in labels and o != one and _gap(one, o) <= NEAR]
    return min(others, key=lambda o: (_gap(one, o), o.start), default=None)


def _gap(one: Span, other: Span) -> int:
    return _apart(one, (other.start, other.end))


def _clock(one: Span, text: str) -> str:
    near = [(_apart(one, span), time) for span, time in clocks(text) if _apart(one, span) <= NEAR]
    return f" at {min(near)[1]}" if near else ""


def _date(one: Span, text: str, now: datetime) -> str:
    days = [m for m in mentions(text, now) if m.unit == "day" and m.kind == "point"]
    near = [(_apart(one, m.span), say(m, now)) for m in days if _apart(one, m.span) <= NEAR]
    return f" on {min(near)[1]}" if near else ""


def _apart(one: Span, place: tuple[int, int]) -> int:
    return max(place[0] - one.end, one.start - place[1], 0)
