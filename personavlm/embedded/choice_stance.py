"""Stances: which new thing goes with what somebody said they want, and against what they do not.

    "I dislike podcasts and prefer games for learning"  ──split at its cues──>  wanted: games for learning
                                                                               unwanted: podcasts
    options ── nearer to what is wanted, farther from what is not, in meaning and in words ──> how well each agrees

That an option names an unwanted thing to keep it off ("without nuts", "nut-free") speaks for it. Cues are in
``words/stances.txt``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from personavlm.embedded import banks, language
from personavlm.embedded.choice_taste import contrasts
from personavlm.embedded.evidence import Candidate, Floats
from personavlm.encoders import TextEncoder

WORDS = 0.5
"""What shared words weigh beside nearness in meaning (a cosine)."""
ANSWERS = 0.3
"""What nearness of an option to the question weighs."""
SHARP = 20.0
"""How much stances nearer to the question count above others (log odds per unit of cosine)."""
NEAREST = 8
"""Sentences nearest to the question in which stances are looked for."""
REACH = 3
"""Words behind "without" and the like that are kept off."""
SHORT = 3
"""Characters from which a piece of a sentence names something."""


@dataclass(frozen=True, slots=True)
class Stance:
    """What a sentence says is wanted, and what is not, in its own words."""

    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()


def stance(text: str) -> Stance:
    """Return what a sentence wants and does not want: what follows each cue, up to the next one."""
    plain = language.straighten(text)
    cues = _cues(plain)
    ends = [cue.start for cue in cues[1:]] + [len(plain)]
    named = [(cue.section, plain[cue.end : end].strip(" ,.;:")) for cue, end in zip(cues, ends, strict=False)]
    wanted, unwanted = (
        tuple(words for said, words in named if said == section and len(words) > SHORT) for section in _SECTIONS
    )
    return Stance(wanted, unwanted)


class _Cue(NamedTuple):
    start: int
    end: int
    section: str


_SECTIONS = ("wanted", "unwanted")


def _cues(plain: str) -> list[_Cue]:
    """The cues of a sentence in order, the longest where several begin in one place, none inside another."""
    found = [
        _Cue(*match.span(), section)
        for section in _SECTIONS
        for match in banks.pattern("stances", section).finditer(plain)
    ]
    kept: list[_Cue] = []
    for cue in sorted(found, key=lambda cue: (cue.start, -cue.end)):
        if not kept or cue.start >= kept[-1].end:
            kept.append(cue)
    return kept


def agreement(asked: str, options: Sequence[str], rows: Sequence[Candidate], encoder: TextEncoder) -> Floats:
    """Return how well each option agrees with the user's stances that bear on what is asked; 0 on average.

    All zero where no sentence takes a stance. One thing put above another is left to ``choice_taste``.
    """
    taken = _bearing(asked, rows, encoder)
    if not taken:
        return np.zeros(len(options))
    shares = np.array([share for share, _ in taken])
    worth = np.sum([share * _agreement(asked, options, found, encoder) for share, found in taken], axis=0)
    centred: Floats = (worth - worth.mean()) / shares.sum()
    return centred


def _bearing(asked: str, rows: Sequence[Candidate], encoder: TextEncoder) -> list[tuple[float, Stance]]:
    """The stances among the user's sentences nearest to what is asked, each with how much it counts."""
    own = [row for row in rows if row.side == "user" and not contrasts([row])]
    if not own:
        return []
    near = encoder.encode([row.text for row in own]).astype(np.float64) @ encoder.encode([asked])[0].astype(np.float64)
    nearest = np.argsort(-near, kind="stable")[:NEAREST]
    found = [(float(np.exp(SHARP * (near[at] - near.max()))), stance(own[at].text)) for at in nearest]
    return [(share, taken) for share, taken in found if taken != Stance()]


def _agreement(asked: str, options: Sequence[str], taken: Stance, encoder: TextEncoder) -> Floats:
    vectors = encoder.encode(list(options)).astype(np.float64)
    dull = frozenset(language.stems(asked))
    kept_off = [_kept_off(option) for option in options]
    worth: Floats = ANSWERS * (vectors @ encoder.encode([asked])[0].astype(np.float64))
    for sign, named in ((1.0, taken.wanted), (-1.0, taken.unwanted)):
        if named:
            meant = (encoder.encode(named).astype(np.float64) @ vectors.T).max(axis=0)
            worth += sign * (meant + WORDS * _shared(named, dull, options, kept_off, sign))
    return worth


def _shared(
    named: Sequence[str], dull: frozenset[str], options: Sequence[str], kept_off: Sequence[frozenset[str]], sign: float
) -> Floats:
    """The share of the named words that each option has; an unwanted one that it keeps off counts the other way."""
    words = frozenset(stem for text in named for stem in language.stems(text)) - dull
    rows = []
    for option, off in zip(options, kept_off, strict=True):
        has = words & (frozenset(language.stems(option)) - off)
        rows.append((len(has) - (len(words & off) if sign < 0 else 0)) / max(len(words), 1))
    return np.array(rows)


_FREE = re.compile(r"\b(?:non-(\w+)|(\w+)-free)\b", re.IGNORECASE)


def _kept_off(option: str) -> frozenset[str]:
    """The stems an option names in order to keep them off."""
    behind = [
        word
        for match in banks.pattern("stances", "kept off").finditer(option)
        for word in language.words(option[match.end() :])[:REACH]
    ]
    joined = [match[1] or match[2] for match in _FREE.finditer(option)]
    return frozenset(map(language.stem, (*behind, *joined)))
