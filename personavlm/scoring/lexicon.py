"""The matcher's word list, ``lexicon.txt``: which words mean the same, and which kind of statement they make.

>>> section("like")[:3]
('like', 'likes', 'liked')
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType


@cache
def _rows() -> Mapping[str, tuple[tuple[str, ...], ...]]:
    found: dict[str, list[tuple[str, ...]]] = {}
    name = ""
    for raw in (files("personavlm.scoring") / "lexicon.txt").read_text("utf-8").splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            name = line.strip("[]")
        else:
            found.setdefault(name, []).append(tuple(p.strip() for p in line.split(",") if p.strip()))
    return MappingProxyType({key: tuple(rows) for key, rows in found.items()})


def groups(name: str) -> tuple[tuple[str, ...], ...]:
    """Return a section's lines, each a group of phrases. Raises ``KeyError``."""
    return _rows()[name]


def section(name: str) -> tuple[str, ...]:
    """Return all phrases of a section in order. Raises ``KeyError``."""
    return tuple(phrase for row in groups(name) for phrase in row)


@cache
def names(first: str) -> tuple[str, ...]:
    """Return the rest of the names of sections that begin with a word ("frame": "live", "work", and so on)."""
    return tuple(key.removeprefix(first).strip() for key in _rows() if key.startswith(f"{first} "))


@cache
def pattern(name: str) -> re.Pattern[str]:
    """Return a pattern for any phrase of a section as whole words, longest first."""
    return any_of(section(name))


def any_of(phrases: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern for any of these phrases as whole words; a trailing ``*`` takes any ending."""
    ordered = sorted(phrases, key=lambda p: (-len(p), p))
    spelled = (re.escape(p).replace(r"\*", r"\w*") for p in ordered)
    return re.compile(rf"(?<![\w'])(?:{'|'.join(spelled)})(?![\w'])")


@cache
def replacements(name: str) -> tuple[re.Pattern[str], Mapping[str, str]]:
    """Return a pattern for all phrases of a section's groups, and which phrase stands for each."""
    stands = {phrase: row[0] for row in groups(name) for phrase in row}
    return any_of(stands), MappingProxyType(stands)
