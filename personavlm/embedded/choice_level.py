"""Levels: which of several explanations is right for what somebody knows of a subject.

    "knows next to nothing about photography" ──> easy        options by how hard their words are ──> the easiest

The level comes from what is known of the user on that subject; where nobody has put it into words, from how hard the
user's own words on it are. An option may be an explanation itself or say how one is pitched, for one subject or for the
first and the second that the question names. Hard words are long words: length goes with rarity and with technical use
(Zipf 1935; Flesch 1948 for whole texts).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from personavlm.embedded import language
from personavlm.embedded.choice_evidence import parts, senses_of
from personavlm.embedded.evidence import Candidate, Floats
from personavlm.encoders import TextEncoder

LEVELS: Mapping[str, float] = {"beginner": 4.4, "handy": 5.7, "expert": 8.0}
"""How hard an explanation for each level is: means over thirteen subjects of the world's training half."""
STEP = 1.8
"""Hardness that lies between two neighbouring levels, about."""
LONG = 8
"""Letters from which a word counts as long."""
OWN_FIELD = 8.0
"""What it is worth that an explanation is of a field the user is known to have something to do with (per cosine)."""

_LEARNED = re.compile(
    r"(?:tion|sion|ity|ment|ance|ence|ous|ive|ical|ics?|ase|ure|ism|ology|ometry|ate|ates|ated|ary|al|ency|ancy|ible|able)s?$"
)
_SIMPLE = re.compile(
    r"\b(?:like|things?|little|big|makes?|gets?|goes?|lets?|something|somebody|you|it|they|so that|because|bits?|old|new"
    r"|good|bad|nice|lots?)\b",
    re.IGNORECASE,
)


def hardness(text: str) -> float:
    """Return how hard a text's words are: long and learned words raise it, everyday ones lower it."""
    words = language.content_words(text)
    if not words:
        return LEVELS["beginner"]
    long = sum(len(w) >= LONG for w in words)
    learned = sum(len(w) > 5 and _LEARNED.search(w) is not None for w in words)
    simple = len(_SIMPLE.findall(text)) / len(language.words(text))
    return (sum(map(len, words)) + 4 * long + 3 * learned) / len(words) - 6 * simple


def level_of(text: str) -> float | None:
    """Return how hard the level that a text names is; None if it names none."""
    return next((LEVELS[name] for name in LEVELS if name in senses_of(text)), None)


def suits(asked: str, options: Sequence[str], rows: Sequence[Candidate], encoder: TextEncoder) -> Floats:
    """Return how well each explanation, or way to pitch one, suits the user; all 0 if nothing is known of a level."""
    told = [row for row in rows if row.side == "user" and row.said.status == "current" and row.said.kind != "turn"]
    leveled = [(row.text, value) for row in told if (value := level_of(row.text)) is not None]
    if not leveled:
        return np.zeros(len(options))
    vectors = encoder.encode([_subject(text) for text, _ in leveled]).astype(np.float64)
    values = np.array([value for _, value in leveled])
    named = [level_of(option) for option in options]
    if all(value is not None for value in named):
        return _pitched(asked, options, vectors, values, encoder)
    return _explained(options, vectors, values, encoder)


def _subject(text: str) -> str:
    """Return what a statement of a level is about: "photography"."""
    return re.split(r"\b(?:about|in|of|with|at|on)\b", text)[-1].strip() or text


def _explained(options: Sequence[str], vectors: Floats, values: Floats, encoder: TextEncoder) -> Floats:
    """Explanations themselves: of a field that is known, and as hard as the level there."""
    near = encoder.encode(list(options)).astype(np.float64) @ vectors.T
    hard = np.array([hardness(text) for text in options])
    return -np.abs(hard - values[near.argmax(axis=1)]) / STEP + OWN_FIELD * near.max(axis=1)


def _pitched(asked: str, options: Sequence[str], vectors: Floats, values: Floats, encoder: TextEncoder) -> Floats:
    """Ways to pitch explanations: the levels named, against those of the subjects in the order of the question."""
    pieces = [p for p in re.split(r"[,.:;?]| and |\bsecond\b", asked) if language.content_words(p)]
    near = encoder.encode(pieces).astype(np.float64) @ vectors.T
    split = parts(options) or [(option,) for option in options]
    count = len(split[0])
    best = sorted(range(len(pieces)), key=lambda p: -float(near[p].max()))[:count]
    subjects = [float(values[near[p].argmax()]) for p in sorted(best)]
    return np.array(
        [
            -sum(abs((level_of(part) or subject) - subject) for part, subject in zip(one, subjects, strict=False)) / STEP
            for one in split
        ]
    )
