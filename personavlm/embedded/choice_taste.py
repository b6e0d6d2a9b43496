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
TRAIT_WEIGHT = 0.6
"""What a trait one point from neutral weighs beside a leaning of 1 on an axis."""
POWER = 2
"""A clear difference on one axis says more than small ones on many. Weight and power were set on the scenes of the
world's training half with persons drawn at random."""
CLEAR = 0.4
"""Distance from neutral (score points) from which a trait says something about a choice."""
Lists = Literal["inclinations", "temperaments"]

_OVER = re.compile(
    r"\b(?:prefers?|preferred|(?:likes?|liked|chose|picked|took|takes|went (?:for|with)|goes? (?:for|with)|rather)\b)"
    r"\s+(.+?)"
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
    nearest: Floats = np.sort(vectors @ entries.T, axis=1)[:, -NEAREST:].mean(axis=1)
    return nearest


def contrasts(rows: Sequence[Candidate]) -> list[tuple[str, str]]:
    """Return what was put above what in the user's own words and in what is known of them."""
    found = (_OVER.search(language.straighten(row.text)) for row in rows if row.side == "user")
    return [(match[1].strip(), match[2].strip(" .!")) for match in found if match]


def agreement(
    options: Sequence[Sequence[str]], rows: Sequence[Candidate], profile: Mapping[Trait, float], encoder: TextEncoder
) -> Floats:
    """Return how well each option, as its parts, agrees with leanings and traits; 0 on average over the options."""
    leaning = _leanings(contrasts(rows), encoder)
    traits = np.array([profile.get(trait, MIDDLE) - MIDDLE for trait in TRAITS])
    traits = np.where(np.abs(traits) >= CLEAR, traits, 0.0)
    worth: Floats = np.zeros(len(options))
    for place in range(len(options[0])):
        texts = [option[place] for option in options]
        worth += _apart(placed(texts, encoder), texts) @ leaning
        worth += TRAIT_WEIGHT * (_apart(placed(texts, encoder, "temperaments"), texts) @ traits)
    centred: Floats = worth - worth.mean()
    return centred


def _leanings(pairs: Sequence[tuple[str, str]], encoder: TextEncoder) -> Floats:
    """Return how far somebody leans to the first pole of each axis, summed over what they preferred."""
    if not pairs:
        return np.zeros(len(_axes("inclinations")))
    sides = placed([text for pair in pairs for text in pair], encoder)
    leaning: Floats = (sides[0::2] - sides[1::2]).sum(axis=0)
    return leaning


def _apart(places: Floats, texts: Sequence[str]) -> Floats:
    """Return how each text differs from the mean of the other texts on each axis, sharpened, its sign kept."""
    distinct = dict(zip(texts, places, strict=True))
    if len(distinct) < 2:
        return np.zeros_like(places)
    total, count = np.sum(list(distinct.values()), axis=0), len(distinct)
    differences = places - (total - places) / (count - 1)
    sharp: Floats = np.sign(differences) * np.abs(differences) ** POWER
    return sharp
