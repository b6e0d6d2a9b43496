"""How things moved: options that tell a change in its order, and how close people are by what still holds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from personavlm.embedded import language
from personavlm.embedded.choice_evidence import Asked, Weighed, by_name, matches, searched, senses_of
from personavlm.embedded.evidence import Candidate, Floats

FROM_TO = re.compile(r"\bfrom (.+?),? (?:in)?to (?=\S)(.+)", re.I)
_THEN = re.compile(r"^(.+?)(?:,|;)? (?:and |but )?(?:then|later|now|afterwards|these days)\b,? ?(.+)", re.I)
MOVED = 0.4
"""Nearness from which something that was replaced shows that the matter asked about has changed."""


def most(values: Floats, where: NDArray[np.bool_]) -> Floats:
    """Return the highest value of each option over some rows; 0 over none."""
    return values[:, where].max(axis=1) if where.any() else np.zeros(len(values))


def in_order(asked: Asked, options: Sequence[str], weighed: Weighed) -> Floats:
    """Return 1 for options that tell a change as it happened, -1 for the reverse, about 0 where they tell none.

    An option by which nothing changed is -1 where something near the question has been replaced.
    """
    halves = [_halves(option) for option in options]
    near, stale = weighed.near, np.array([row.said.status != "current" for row in weighed.rows])
    moved = bool(near[stale].max() > MOVED) if stale.any() else False
    found = np.array([-1.0 if moved and searched("unchanged").search(option) else 0.0 for option in options])
    told = [half for pair in halves if pair for half in pair]
    if told:
        straight = (weighed.direct / max(float(weighed.direct.max()), 1e-6)) ** 2
        halved = straight * by_name(told, weighed.rows, matches(told, asked.terms, weighed.rows))
        was, now = most(halved, stale).reshape(-1, 2), most(halved, ~stale).reshape(-1, 2)
        found[[pair is not None for pair in halves]] = (was[:, 0] - now[:, 0] + now[:, 1] - was[:, 1]) / 2
    return found


def _halves(option: str) -> tuple[str, str] | None:
    match = FROM_TO.search(option) or _THEN.search(option)
    return (match[1], match[2]) if match else None


NEARNESS: Mapping[str, float] = {
    "close": 1.0, "closer": 0.6, "reconciled": 0.3, "easy": 0.3, "cooler": -0.6, "quarrel": -0.8, "distance": -1.0,
}  # fmt: skip
"""What each sense of a relation says of how close two people are."""


def closeness(options: Sequence[str], rows: Sequence[Candidate]) -> Floats:
    """Return how close the people named in each option are to the user by what still holds, in [-1, 1]."""
    found = []
    for option in options:
        named = {word.lower for word in language.tokens(option) if word.text[0].isupper()}
        told = [
            NEARNESS[sense]
            for row in rows
            if row.side == "user" and row.said.status == "current" and named & set(language.words(row.text))
            for sense in senses_of(row.text) & NEARNESS.keys()
        ]
        found.append(float(np.mean(told)) if told else 0.0)
    return np.array(found)
