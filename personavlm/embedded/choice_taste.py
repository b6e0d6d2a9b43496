"""Inclinations: which new thing suits somebody, by what they preferred before and by how they are.

    "prefers quiet places to lively places"         ──placed on axes──> noise: quiet +0.2 …
    "I took the tea room, not the espresso bar"     ──placed on axes──> noise: quiet +0.1 …      = a leaning per axis
    options ──placed on the same axes──> how well each agrees with the leanings, and with the traits

Axes are pairs of opposite word lists (``words/inclinations.txt``, ``words/temperaments.txt``). A text's place on an
axis is the difference of its nearness in meaning to the two lists, in [-2, 2].
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal

import numpy as np

from personavlm.embedded import banks, language
from personavlm.embedded.evidence import Candidate, Floats
from personavlm.encoders import TextEncoder
from personavlm.personality import MIDDLE, TRAITS, Trait

NEAREST = 4
"""Entries of a list that count for a text's nearness to it: its nearest ones."""
TRAIT_WEIGHT = 0.12
"""What a trait one point from neutral weighs beside a leaning of 1 on an axis."""
CLEAR = 0.4
"""Distance from neutral (score points) from which a trait says something about a choice."""
Lists = Literal["inclinations", "temperaments"]

_OVER = re.compile(
    r"\b(?:prefers?|preferred|(?:likes?|liked|chose|picked|took|takes|went (?:for|with)|goes? (?:for|with)|rather)\b)\s+(.+?)"
    r"(?:,? (?:to|over|rather than|instead of|not|more than|than|above)\b)\s+(.+)",
    re.IGNORECASE,
)
"""One thing put above another: the preferred one and the other."""


@cache
def _axes(name: Lists) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    poles: dict[str, list[tuple[str, ...]]] = {}
    for section, words in banks.phrases(name).items():
        poles.setdefault(section.split("|")[0].strip(), []).append(words)
    return tuple((one, other) for one, other in poles.values())


def placed(texts: Sequence[str], encoder: TextEncoder, lists: Lists = "inclinations") -> Floats:
    """Return the ``(texts, axes)`` places of texts: above 0 nearer to an axis's first pole."""
    vectors = encoder.encode(list(texts)).astype(np.float64)
    columns = []
    for one, other in _axes(lists):
        near, far = encoder.encode(one).astype(np.float64), encoder.encode(other).astype(np.float64)
        columns.append(_nearness(vectors, near) - _nearness(vectors, far))
    return np.stack(columns, axis=1)


def _nearness(vectors: Floats, entries: Floats) -> Floats:
    return np.sort(vectors @ entries.T, axis=1)[:, -NEAREST:].mean(axis=1)


def contrasts(rows: Sequence[Candidate]) -> list[tuple[str, str]]:
    """Return what was put above what in the user's own words and in what is known of them."""
    found = (_OVER.search(language.straighten(row.text)) for row in rows if row.side == "user")
    return [(match[1].strip(), match[2].strip(" .!")) for match in found if match]


def agreement(
    options: Sequence[Sequence[str]], rows: Sequence[Candidate], profile: Mapping[Trait, float], encoder: TextEncoder
) -> Floats:
    """Return how well each option, as its parts, agrees with leanings and traits; 0 on average over the options."""
    flat = [part for option in options for part in option]
    worth = _leant(flat, contrasts(rows), encoder) + _like(flat, profile, encoder)
    ends = np.cumsum([0, *map(len, options)])
    sums = np.array([worth[start:end].sum() for start, end in zip(ends, ends[1:], strict=False)])
    return sums - sums.mean()


def _leant(texts: Sequence[str], pairs: Sequence[tuple[str, str]], encoder: TextEncoder) -> Floats:
    if not pairs:
        return np.zeros(len(texts))
    sides = placed([text for pair in pairs for text in pair], encoder)
    return placed(texts, encoder) @ (sides[0::2] - sides[1::2]).sum(axis=0)


def _like(texts: Sequence[str], profile: Mapping[Trait, float], encoder: TextEncoder) -> Floats:
    distance = np.array([profile.get(trait, MIDDLE) - MIDDLE for trait in TRAITS])
    distance = np.where(np.abs(distance) >= CLEAR, distance, 0.0)
    return TRAIT_WEIGHT * (placed(texts, encoder, "temperaments") @ distance)
