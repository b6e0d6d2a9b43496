"""Style: how a text is put, whatever it says: a few marks that can be counted, its meaning, and four named axes.

    "Grab your shades, pal!"  ──marks(text)──> letters per word, exclamations, address …   ┐
                              ──MiniLM──────> 384 numbers                                  ├─ difference of two texts
    words/styles.txt: plain | playful, plain | expert …  ──learnt──> Axes ──place(…)──> playful +0.8, expert -0.1 …

What two replies to one message differ in is mostly how they are put, as they say nearly the same. An axis is learnt
from pairs of sentences of our own by ridge regression: the direction in which the second way differs from the plain.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from personavlm.embedded import banks, language
from personavlm.embedded.evidence import Floats
from personavlm.encoders import TextEncoder

AXES = ("playful", "expert", "detailed", "curt")
MARKS = (
    "length", "sentence", "letters", "long", "latinate", "grammar", "address", "contractions", "exclamations",
    "commas", "quotes",
)  # fmt: skip
"""Length of text and sentences, of words (letters, share of long ones, of learned endings, of grammar words); then how
often somebody is addressed, words are contracted, and signs are set."""
LONG = 7
"""Letters from which a word is long."""
CLIP = 2.0
"""A difference in one mark counts for no more than so many of its usual size."""
MEANING = 2.0
"""What the difference in meaning (a vector as long as 0.7 or so) weighs beside that of all marks."""
RIDGE = 1.0
"""Variance of a pair that no style explains, beside what style does: the regressions' only regulariser."""

_LEARNED = re.compile(r"(?:tion|ment|ity|ence|ance|ive|ous|al|ate|ize|ise)s?\Z")
_CONTRACTED = re.compile(r"'(?:s|re|ll|ve|t|d|m)\Z")


@lru_cache(maxsize=16_384)
def marks(text: str) -> tuple[float, ...]:
    """Return what can be counted of how a text is put, in the order of ``MARKS``: logarithms, means and shares."""
    words, plain = language.words(text), language.straighten(text)
    n = max(len(words), 1)
    address = frozenset(banks.phrases("styles")["address"])

    def share(kept: Sequence[bool]) -> float:
        return sum(kept) / n

    return (
        math.log(len(text) + 10),
        math.log(n / max(len(language.sentences(text)), 1) + 1),
        sum(map(len, words)) / n,
        share([len(w) >= LONG for w in words]),
        share([_LEARNED.search(w) is not None for w in words]),
        share([w in language.stop_words() for w in words]),
        *(
            math.log1p(count)
            for count in (
                sum(w in address for w in words),
                sum(_CONTRACTED.search(w) is not None for w in words),
                plain.count("!"),
                plain.count(","),
            )
        ),
        float('"' in plain),
    )


@dataclass(frozen=True, slots=True)
class Axes:
    """The named axes over one encoder, learnt from ``words/styles.txt``."""

    encoder: TextEncoder
    usual: Floats
    """``(MARKS,)``: root mean square of each mark's difference in the pairs."""
    directions: Floats
    """``(AXES, features)``."""

    def differences(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """Return the ``(pairs, features)`` ways in which the first text of each pair is put unlike the second."""
        return _features(pairs, self.encoder, self.usual)

    def places(self, differences: Floats) -> Floats:
        """Return the ``(pairs, AXES)`` places of differences: above 0 where the first text is more playful, say."""
        placed: Floats = differences @ self.directions.T
        return placed


@lru_cache(maxsize=4)
def learnt(encoder: TextEncoder) -> Axes:
    """Return the axes over an encoder, learnt once."""
    banked = {axis: [_styled(line) for line in banks.lines("styles")[axis]] for axis in AXES}
    counted = _counted([pair for pairs in banked.values() for pair in pairs])
    usual = np.sqrt(np.mean(counted**2, axis=0)) + 1e-9
    directions = [direction(_features(pairs, encoder, usual)) for pairs in banked.values()]
    return Axes(encoder, usual, np.stack(directions))


def direction(differences: Floats) -> Floats:
    """Return the ``(features,)`` direction on which all differences lie near 1 (ridge regression, in its dual form)."""
    gram = differences @ differences.T + RIDGE * np.eye(len(differences))
    found: Floats = differences.T @ np.linalg.solve(gram, np.ones(len(differences)))
    return found


def _styled(line: str) -> tuple[str, str]:
    plain, _, styled = line.partition(" | ")
    return styled, plain


def _counted(pairs: Sequence[tuple[str, str]]) -> Floats:
    return np.array([np.subtract(marks(one), marks(other)) for one, other in pairs]).reshape(-1, len(MARKS))


def _features(pairs: Sequence[tuple[str, str]], encoder: TextEncoder, usual: Floats) -> Floats:
    one, other = (encoder.encode([pair[side] for pair in pairs]).astype(np.float64) for side in (0, 1))
    counted = np.clip(_counted(pairs) / usual, -CLIP, CLIP) / math.sqrt(len(MARKS))
    meaning = np.round(one - other, 5)  # the same words in another batch are not quite the same vector
    return np.concatenate([counted, MEANING * meaning], axis=1)
