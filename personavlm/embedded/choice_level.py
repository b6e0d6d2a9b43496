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
    r"\b(?:like|things?|little|big|makes?|gets?|goes?|lets?|something|somebody|you|it|they|so that|because|bits?|old"
    r"|new|good|bad|nice|lots?)\b",
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
    if split := pitched_parts(options):
        return _pitched(asked, split, vectors, values, encoder)
    return _explained(options, vectors, values, encoder)


def _subject(text: str) -> str:
    """Return what a statement of a level is about: "photography"."""
    return re.split(r"\b(?:about|in|of|with|at|on)\b", text)[-1].strip() or text


def _explained(options: Sequence[str], vectors: Floats, values: Floats, encoder: TextEncoder) -> Floats:
    """Explanations themselves: of a field that is known, and as hard as the level there.

    Two explanations of one thing are judged together: what they are of, and which of them is the easier.
    """
    texts = encoder.encode(list(options)).astype(np.float64)
    hard = np.array([hardness(text) for text in options])
    worth = np.zeros(len(options))
    for group in _alike(texts @ texts.T):
        near = (texts[group] @ vectors.T).mean(axis=0)
        wanted = float(values[near.argmax()])
        worth[group] = OWN_FIELD * float(near.max()) - _off(hard[group], wanted)
    return worth


def _off(hard: Floats, wanted: float) -> Floats:
    """Return how far texts on one thing are from the hardness wanted, in levels; the ends go by their order too."""
    off = np.abs(hard - wanted) / STEP
    order = hard.argsort().argsort() / max(len(hard) - 1, 1)
    if wanted in (min(LEVELS.values()), max(LEVELS.values())):
        off = 0.3 * off + np.abs(order - (wanted == max(LEVELS.values())))
    return off


def _alike(cosine: Floats) -> list[list[int]]:
    """Return texts in pairs, the most alike first; one that is left over stands by itself."""
    left, groups = list(range(len(cosine))), []
    while len(left) > 1:
        pairs = [(float(cosine[a, b]), -a, -b) for a in left for b in left if a < b]
        _, a, b = max(pairs)
        groups.append([-a, -b])
        left = [one for one in left if one not in (-a, -b)]
    return groups + [[one] for one in left]


_LEAD = re.compile(r"^.*\b(?:about|on|explain(?:ing)?|describe)\b", re.I)
_SPOKEN = re.compile(r"\b(?:i|me|my|you|your)\b", re.I)


def _topics(asked: str) -> list[str]:
    """Return what a question names to be explained, in its order: its pieces that speak of neither side."""
    pieces = [_LEAD.sub("", piece).strip() for piece in re.split(r"[,.:;?]| and (?:the second )?", asked)]
    return [p for p in pieces if language.words(p) and not _SPOKEN.search(p)] or [asked]


def _pitched(
    asked: str, split: Sequence[Sequence[str]], vectors: Floats, values: Floats, encoder: TextEncoder
) -> Floats:
    """Ways to pitch explanations: the levels named, against those of the subjects in the order of the question."""
    near = encoder.encode(_topics(asked)).astype(np.float64) @ vectors.T
    found: dict[int, float] = {}
    for _ in range(min(len(split[0]), *near.shape)):
        piece, subject = np.unravel_index(int(near.argmax()), near.shape)
        found[int(piece)] = float(values[subject])
        near[piece, :] = near[:, subject] = -1.0
    subjects = [found[piece] for piece in sorted(found)]
    named = [[level_of(part) for part in one] for one in split]
    off = [sum(abs((n or w) - w) for n, w in zip(one, subjects, strict=False)) for one in named]
    return -np.array(off) / STEP


def pitched_parts(options: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the parts of options that say how explanations are pitched; empty if they do not."""
    split = parts(options) or [(option,) for option in options]
    return split if all(level_of(part) is not None for one in split for part in one) else []
