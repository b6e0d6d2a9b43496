"""Records of the semantic contract as the embedded model finds them, and the text they are written as.

    Found("likes jazz", "preference", "like", "jazz", polarity=1)
    ->  "decision": true / "content": likes jazz / "kind": preference / "attribute": like / "value": jazz / …

Readers yield ``Found``; ``settle`` drops what is known or said twice; ``write`` keeps the contract whatever the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from personavlm.embedded import language
from personavlm.memory import Kind
from personavlm.prompts.text import MemoryLine, unclean

MAX_CONTENT = 480
MAX_VALUE = 120
MAX_FOUND = 12
"""Records written from one turn: what the contract's parser takes."""


@dataclass(frozen=True, slots=True)
class Found:
    """One thing found in a user's message."""

    content: str
    kind: Kind = "fact"
    attribute: str = ""
    value: str = ""
    polarity: Literal[-1, 0, 1] = 0
    since: datetime | None = None
    until: datetime | None = None
    replaces: str = ""
    old: str = ""
    """What it takes the place of, in words, where the user says so ("Sprite")."""
    concept: str = ""
    """Category of a named thing in a picture."""
    said: tuple[int, int] = (0, 0)
    """Which characters of the message it was read from."""


REASONS: dict[str, str] = {
    "fact": "The user tells something about themselves.",
    "preference": "The user says what they like or dislike.",
    "plan": "The user tells of something they will do.",
    "goal": "The user tells of something they want to reach.",
    "habit": "The user tells of something they do again and again.",
    "relation": "The user tells of somebody in their life.",
    "request": "The user asks for it to be remembered.",
    "concept": "The user shows something of theirs and names it.",
}


def one_line(text: str, limit: int) -> str:
    """Return text as one line that a parser reads back unchanged: no breaks, no quotes or braces at its ends."""
    flat = re.sub(r"[\s{}]+", " ", unclean(text)).strip(" \t,\"'“”`;:")
    return flat[:limit].strip(" \t,\"'“”`;:")


def settle(found: Iterable[Found], known: Sequence[MemoryLine]) -> list[Found]:
    """Return what is new, each thing once, in order: nothing that a current memory or an earlier record says."""
    current = [one.text for one in known if one.status == "current"]
    kept: list[Found] = []
    for one in found:
        content = one_line(one.content, MAX_CONTENT)
        told = [*current, *(k.content for k in kept if k.attribute == one.attribute or not one.attribute)]
        if content and content.lower() not in ("null", "none") and not any(_says(text, content) for text in told):
            kept.append(one)
    return kept[:MAX_FOUND]


def told_already(value: str, known: Sequence[MemoryLine]) -> bool:
    """Return whether a current memory's text has a value in it, word for word."""
    wanted = f" {_plain(value)} "
    return any(wanted in f" {_plain(one.text)} " for one in known if one.status == "current")


def _says(one: str, other: str) -> bool:
    return _plain(one) == _plain(other)


def _plain(text: str) -> str:
    return " ".join(language.stem(w) for w in language.words(text))


def write(records: Sequence[Found]) -> str:
    """Return the contract's text of these records; of none, that there is nothing to remember."""
    if not records:
        return '"reason": Nothing here will matter later.\n"decision": false'
    return "\n\n".join(map(_block, records))


def _block(one: Found) -> str:
    content = one_line(one.content, MAX_CONTENT)
    shown = f"{content} (Image Object: {one_line(one.concept, 40)})" if one.concept else content
    words = dict.fromkeys(language.content_words(f"{content} {one.attribute}"))
    fields = {
        "reason": REASONS.get(one.kind, REASONS["fact"]),
        "decision": "true",
        "content": shown,
        "keywords": ", ".join(list(words)[:8]),
        "kind": one.kind,
        "attribute": one_line(one.attribute, 60),
        "value": one_line(one.value, MAX_VALUE),
        "polarity": str(one.polarity),
        "since": _time(one.since),
        "until": _time(one.until),
        "replaces": one.replaces or "null",
    }
    return "\n".join(f'"{key}": {value or "null"}' for key, value in fields.items())


def _time(time: datetime | None) -> str:
    return f"{time.year:04}-{time:%m-%d %H:%M}" if time else "null"
