"""Phrases: facts of the third person as the assistant would say them to the user, and the user of themselves.

>>> to_you("a visit to the coast opened her eyes", "she")
'a visit to the coast opened your eyes'
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from personavlm.worlds.banks import bank
from personavlm.worlds.life_pen import PRONOUNS
from personavlm.worlds.pictures.looks import shapes

YOU: Mapping[str, str] = {"they": "you", "them": "you", "their": "your", "theirs": "yours"}
ME: Mapping[str, str] = {"they": "I", "them": "me", "their": "my", "theirs": "mine"}
_BANKS = ("reasons", "goals", "belongings")
_SLOT = re.compile(r"\{(they|them|their|theirs)\}")


def to_you(text: str, pronoun: str) -> str:
    """Return a clause of a bank, filled with a person's pronouns, in the second person."""
    return _turned(text, pronoun, YOU)


def to_me(text: str, pronoun: str) -> str:
    """Return a clause of a bank, filled with a person's pronouns, in the first person."""
    return _turned(text, pronoun, ME)


def _turned(text: str, pronoun: str, person: Mapping[str, str]) -> str:
    pattern = _patterns(pronoun).get(text)
    return pattern.format(**person) if pattern else text


@cache
def _patterns(pronoun: str) -> dict[str, str]:
    """Return the banks' texts with pronoun slots, by how they read for one pronoun."""
    texts = [text for name in _BANKS for text in _strings(bank(name)) if _SLOT.search(text)]
    plain = [text for text in texts if not _SLOT.sub("", text).count("{")]
    return {text.format(**PRONOUNS[pronoun]): text for text in plain}


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def mine(name: str) -> str:
    """Return what the user calls a thing, as theirs: "the lucky mug" becomes "my lucky mug"."""
    return f"my {name.removeprefix('the ')}" if name.startswith("the ") else name


def a(noun: str) -> str:
    """Return a noun with its indefinite article."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def slot(value: str) -> tuple[str, str, str]:
    """Return day, hour and place of a routine's value "Tuesday 19:30 at the hall"."""
    when, place = value.split(" at ", 1)
    day, hour = when.split(" ")
    return day, hour, place


def part(category: str) -> str:
    """Return the name of the second part of things of a category: "handle" of mugs; empty if none can be drawn."""
    return next((shape.second for shape in shapes().values() if shape.category == category), "")
