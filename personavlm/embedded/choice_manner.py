"""Manner: whether the way in which a reply is put suits a person's traits.

    reply ──its sentence nearest to each pole──> how likely each of ten poles is meant × how far the person leans there

The sentences in ``words/manners.txt`` have no content, so that what a reply says matters little beside how it says it.
The ten poles compete: a lively sentence is near to several high poles, and only the nearest of them is meant.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from personavlm.embedded import banks, language
from personavlm.embedded.evidence import Floats
from personavlm.encoders import TextEncoder
from personavlm.personality import MIDDLE, TRAITS, Trait

NEAREST = 5
"""Sentences of a pole that count: the nearest ones."""
SHARP = 20.0
"""How much nearer poles count above others (log odds per unit of cosine)."""
POLES = tuple((trait, sign) for trait in TRAITS for sign in (1.0, -1.0))
"""A trait's high and its low pole."""


def suits(reply: str, profile: Mapping[Trait, float], encoder: TextEncoder) -> float:
    """Return how well a reply's manner suits a profile, above 0 if it does; 0 for a neutral profile."""
    return sum((profile.get(trait, MIDDLE) - MIDDLE) * lean for trait, lean in shown(reply, encoder).items())


def shown(reply: str, encoder: TextEncoder) -> Mapping[Trait, float]:
    """Return which traits a reply's manner is meant for, in [-1, 1]: 1 surely for the high pole, 0 for neither."""
    said = encoder.encode(language.sentences(reply) or [reply]).astype(np.float64)
    near = np.array([_nearness(said, banks.lines("manners")[_pole(*pole)], encoder) for pole in POLES])
    meant = np.exp(SHARP * (near - near.max()))
    meant = meant / meant.sum()
    signs: dict[Trait, float] = dict.fromkeys(TRAITS, 0.0)
    for (trait, sign), share in zip(POLES, meant, strict=True):
        signs[trait] += sign * float(share)
    return signs


def _pole(trait: Trait, sign: float) -> str:
    return f"{trait} {'high' if sign > 0 else 'low'}"


def _nearness(said: Floats, lines: tuple[str, ...], encoder: TextEncoder) -> float:
    """How near the nearest sentence of a reply is to a pole."""
    cosines = np.sort(encoder.encode(lines).astype(np.float64) @ said.T, axis=0)
    return float(cosines[-NEAREST:].mean(axis=0).max())
