"""Inclinations: which new thing suits somebody, by what they preferred before and by how they are.

    "prefers quiet places to lively places"      ──read──> noise: quiet …                    = a leaning per axis
    "I took the tea room, not the espresso bar"  ──read──> noise: quiet …, age: old …
    options, each against the others             ──read──> what they differ in ──> agreement with leanings and traits

What a pair of things differs in is read from the difference of their sentence vectors: a chance for either pole of
every axis, which add up to one over all axes. The directions were learnt (``lab/inclinations.py``) from opposite lists
and from examples: ``words/inclinations.txt``, ``words/temperaments.txt`` and ``words/contrasts.txt``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np

from personavlm.embedded import language
from personavlm.embedded.evidence import Candidate, Floats
from personavlm.encoders import TextEncoder
from personavlm.personality import MIDDLE, TRAITS, Trait

TRAIT_WEIGHT = 0.5
"""What a trait one point from neutral weighs beside one thing put above another."""
CLEAR = 0.4
"""Distance from neutral (score points) from which a trait says something about a choice."""
DIRECTIONS = Path(__file__).parent / "words" / "inclinations.npz"

_OVER = re.compile(
    r"\b(?:prefers?|preferred|(?:likes?|liked|chose|picked|took|takes|went (?:for|with)|goes? (?:for|with)|rather)\b)"
    r"\s+(.+?)"
    r"(?:,? (?:to|over|rather than|instead of|not|more than|than|above)\b)\s+(.+)",
    re.IGNORECASE,
)
"""One thing put above another: the preferred one and the other."""


@dataclass(frozen=True, slots=True)
class Directions:
    """What was learnt of one text encoder's space."""

    encoder: str
    axes: tuple[str, ...]
    """Inclinations, then traits."""
    learnt: Floats
    """``(axes, dim)``"""


@cache
def directions() -> Directions:
    """Return the shipped directions, read once."""
    with as_file(files("personavlm.embedded").joinpath("words", "inclinations.npz")) as file, np.load(file) as raw:
        return Directions(str(raw["encoder"]), tuple(map(str, raw["axes"])), raw["learnt"].astype(np.float64))


def read(apart: Floats, by: Floats) -> Floats:
    """Return what differences of sentence vectors, ``(n, dim)``, speak of.

    That is ``(n, axes)`` in [-1, 1], above 0 for an axis's first pole.
    """
    scores = apart @ by.T
    both = np.concatenate([scores, -scores], axis=1)
    chance = np.exp(both - both.max(axis=1, keepdims=True))
    chance /= chance.sum(axis=1, keepdims=True)
    first, second = np.hsplit(chance, 2)
    turned: Floats = first - second
    return turned


def contrasts(rows: Sequence[Candidate]) -> list[tuple[str, str]]:
    """Return what was put above what in the user's own words and in what is known of them."""
    found = (_OVER.search(language.straighten(row.text)) for row in rows if row.side == "user")
    return [(match[1].strip(), match[2].strip(" .!")) for match in found if match]


def agreement(
    options: Sequence[Sequence[str]], rows: Sequence[Candidate], profile: Mapping[Trait, float], encoder: TextEncoder
) -> Floats:
    """Return how well each option, as its parts, agrees with leanings and traits; 0 on average over the options.

    All zero for an encoder that the directions were not learnt from.
    """
    by = directions()
    if by.encoder != encoder.name:
        return np.zeros(len(options))
    leaning = _leanings(contrasts(rows), by, encoder) + _of_traits(profile, by)
    worth: Floats = np.zeros(len(options))
    for place in range(len(options[0])):
        worth += read(_apart([option[place] for option in options], encoder), by.learnt) @ leaning
    centred: Floats = worth - worth.mean()
    return centred


def _leanings(pairs: Sequence[tuple[str, str]], by: Directions, encoder: TextEncoder) -> Floats:
    """Return how far somebody leans to the first pole of each axis, summed over what they preferred."""
    if not pairs:
        return np.zeros(len(by.axes))
    sides = encoder.encode([text for pair in pairs for text in pair]).astype(np.float64)
    leaning: Floats = read(sides[0::2] - sides[1::2], by.learnt).sum(axis=0)
    return leaning


def _of_traits(profile: Mapping[Trait, float], by: Directions) -> Floats:
    """Return the same for how somebody is: on the axes that are traits."""
    traits: Mapping[str, float] = {trait: profile.get(trait, MIDDLE) - MIDDLE for trait in TRAITS}
    far = np.array([traits.get(axis, 0.0) for axis in by.axes])
    return TRAIT_WEIGHT * np.where(np.abs(far) >= CLEAR, far, 0.0)


def _apart(texts: Sequence[str], encoder: TextEncoder) -> Floats:
    """Return each text's vector less the mean of the other texts'; 0 where all are the same."""
    distinct = list(dict.fromkeys(texts))
    vectors = encoder.encode(distinct).astype(np.float64)
    others = (vectors.sum(axis=0) - vectors) / max(len(distinct) - 1, 1)
    apart: Floats = (vectors - others)[[distinct.index(text) for text in texts]]
    return apart if len(distinct) > 1 else np.zeros_like(apart)
