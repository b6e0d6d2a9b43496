"""Words: how text becomes terms that can be compared: words without the closed classes, stemmed.

    "She plays the guitar on Sundays" ──> play guitar sunday

Lexical retrieval and the memory graph share these terms. Source: the Snowball English stemmer (Porter).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

_CLOSED = """
a an the and or but if of at by for with about to from in on into over under is am are was were be been being do
does did doing have has had having i me my mine we us our you your he him his she her hers it its they them their
theirs this that these those what which who whom whose when where why how as so than too very can could will would
shall should might must not no nor just there here s t ll ve re d m said say isn aren wasn weren don doesn didn hasn
haven hadn wouldn couldn shouldn
"""
STOP_WORDS = frozenset(_CLOSED.split())
"""Closed-class English words, and the verb of "X said" that stands in every raw turn. "May" stays: it is a month."""

_WORD = re.compile(r"[^\W_]+", re.UNICODE)


@cache
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("english")


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Return the Snowball stem of a lower-case word."""
    stemmed: str = _stemmer().stemWord(word)
    return stemmed


def words(text: str) -> Iterator[tuple[str, str]]:
    """Yield each content word as (the word as written, its stem), in order."""
    for match in _WORD.finditer(text.replace("'s", " ").replace("’s", " ")):
        word = match.group()
        lower = word.lower()
        if lower not in STOP_WORDS:
            yield word, stem(lower)


def terms(text: str) -> list[str]:
    """Return the index terms of a text, in order, with repeats."""
    return [stemmed for _, stemmed in words(text)]
