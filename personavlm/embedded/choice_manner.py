"""Manner: whether the way in which a reply is put suits a person's traits.

    reply ──nearness to sentences of either pole──> a sign per trait × how far the person is from neutral ──> suits?

The sentences in ``words/manners.txt`` have no content, so that what a reply says matters little beside how it says it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from personavlm.embedded import banks, language
from personavlm.encoders import TextEncoder
from personavlm.personality import MIDDLE, TRAITS, Trait

NEAREST = 3
"""Sentences of a pole that count: the nearest ones."""
POWER = 1.5
"""A manner shown clearly counts for more than traces of several."""


def suits(reply: str, profile: Mapping[Trait, float], encoder: TextEncoder) -> float:
    """Return how well a reply's manner suits a profile, above 0 if it does; 0 for a neutral profile."""
    signs = shown(reply, encoder)
    return float(sum((profile.get(t, MIDDLE) - MIDDLE) * np.sign(s) * abs(s) ** POWER for t, s in signs.items()))


def shown(reply: str, encoder: TextEncoder) -> Mapping[Trait, float]:
    """Return which traits a reply's manner is meant for, above 0 for the high pole (difference of cosines)."""
    vectors = encoder.encode([reply, *language.sentences(reply)]).astype(np.float64)
    poles = banks.lines("manners")
    signs: dict[Trait, float] = {}
    for trait in TRAITS:
        near = [encoder.encode(poles[f"{trait} {pole}"]).astype(np.float64) @ vectors.T for pole in ("high", "low")]
        high, low = (np.sort(one, axis=0)[-NEAREST:].mean(axis=0) for one in near)
        signs[trait] = float((high - low).mean())
    return signs
