"""What is known, weighed against a question with options: how near each sentence is, and what of an option it says.

    rows (sentences) × question ──> relevance        rows × options ──> match (words, sense) and meaning

All figures are in [0, 1] but cosines. Words count by how rare they are among the sentences found. A sentence that does
not share the question's words may still bear on it by way of one that does ("the picnic mug was a present from Ana",
"the picnic mug is blue": what colour is Ana's present?).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from math import log

import numpy as np
from numpy.typing import NDArray

from personavlm.embedded import banks, language, senses
from personavlm.embedded.evidence import Candidate, Floats
from personavlm.embedded.when import mentions
from personavlm.encoders import TextEncoder

HOP = 0.7
"""Share of its relevance that a sentence passes on to another that has the same rare words."""
HOPS_FROM = 3
WHOLE = 0.8
"""What a word in the same message is worth beside one in the sentence itself."""
MEANING = 0.45
"""Weight of meaning in relevance; words have the rest."""
SENSE = 0.9
"""What an option's sense found in a sentence is worth beside all its words."""
UNNAMED = 0.35
"""Factor of relevance for a sentence without any name that the question has."""
FRAME = 0.3
"""Weight of a question's words that only frame it ("you have seen", "somebody asks")."""
POINTS = 0.3
"""What the sense a question points by ("the one I have given up") adds to a sentence of that sense."""
ON_DATE, OFF_DATE = 2.0, 0.5
"""Factors of relevance for a sentence of a date the question names, and for one of another date."""

# Senses of one group exclude each other; in a sentence with several the first holds ("plans to start a choir").
GROUPS = (
    ("planned", "started", "done", "dropped"),
    ("closer", "cooler", "quarrel", "reconciled"),
    ("trusting", "guarded"),
    ("casual", "formal"),
    ("beginner", "handy", "expert"),
    ("close", "easy", "distance"),
    ("likes", "dislikes"),
)


@cache
def searched(section: str) -> re.Pattern[str]:
    """Return a pattern of any line of a section of ``words/choices.txt``."""
    return re.compile("|".join(f"(?:{line})" for line in banks.lines("choices")[section]), re.I)


@lru_cache(maxsize=8192)
def senses_of(text: str) -> frozenset[str]:
    """Return the senses of ``words/choices.txt`` that a text has in it: of each group the first, if not denied."""
    plain = language.straighten(text)
    found = [_first(plain, group) for group in GROUPS]
    return frozenset(name for name in found if name)


def _first(text: str, group: Sequence[str]) -> str:
    starts = [
        (match.start(), -len(match[0]), name)
        for name in group
        for match in searched(f"sense {name}").finditer(text)
        if not language.is_negated(text, match.start())
    ]
    return min(starts)[2] if starts else ""


@lru_cache(maxsize=16384)
def roots(text: str) -> frozenset[str]:
    """Return the roots of a text's content words; numbers and names count, grammar does not."""
    return frozenset(senses.root(w) for w in language.content_words(language.straighten(text)))


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is weighed: its words, and which sentences may stand for it."""

    text: str
    """Without options."""
    terms: frozenset[str]
    valid: NDArray[np.bool_]
    """Which rows may be what the question points at (what still holds, unless it asks of the past)."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """Sentences against a question and its options; arrays run over options first, then rows."""

    rows: tuple[Candidate, ...]
    relevance: Floats
    direct: Floats
    """Relevance without what other sentences pass on."""
    match: Floats
    """How much of what sets an option apart the sentence says."""
    meaning: Floats
    """Cosine of option and sentence."""
    joint: Floats
    """Cosine of question with option, and sentence."""

    @property
    def near(self) -> Floats:
        """Relevance in [0, 1], the most relevant sentence being 1, and sharpened."""
        return (self.relevance / max(float(self.relevance.max()), 1e-6)) ** 2


def weigh(asked: Asked, options: Sequence[str], rows: Sequence[Candidate], encoder: TextEncoder) -> Weighed:
    """Return the sentences weighed against a question and its options."""
    n = len(options)
    texts = [asked.text, *options, *(f"{asked.text} {option}" for option in options), *(row.text for row in rows)]
    vectors = encoder.encode(texts).astype(np.float64)
    sentences = vectors[1 + 2 * n :]
    direct = _direct(asked, rows, sentences @ vectors[0])
    return Weighed(
        tuple(rows),
        _spread(direct, asked, rows),
        direct,
        by_name(options, rows, matches(options, asked.terms, rows)),
        vectors[1 : 1 + n] @ sentences.T,
        vectors[1 + n : 1 + 2 * n] @ sentences.T,
    )


# ── relevance ────────────────────────────────────────────────────────────────────────────────────────────────────


def _direct(asked: Asked, rows: Sequence[Candidate], cosine: Floats) -> Floats:
    rarity, framing = rarities(rows), roots(" ".join(searched("frame").findall(asked.text)))
    weights = {t: w * (FRAME if t in framing else 1) for t, w in rarity.items()}
    lexical = np.array([_share(asked.terms, roots(r.text), roots(r.said.text), weights) for r in rows])
    pointed = senses_of(asked.text)
    lexical += np.array([POINTS * bool(pointed & senses_of(row.text)) for row in rows])
    return ((1 - MEANING) * lexical + MEANING * np.clip(cosine, 0, 1)) * _dated(asked.text, rows) * _named(asked, rows)


def _named(asked: Asked, rows: Sequence[Candidate]) -> Floats:
    """Return a factor per row: less for one that has none of the names, of people and things, that the question has."""
    known = {word for row in rows for word in _capitals(row.text)}
    names, pairs = _capitals(asked.text) & known, _pairs(asked.text) & frozenset(things(rows))
    if not names and not pairs:
        return np.ones(len(rows))
    return np.array([1.0 if names & _capitals(r.text) or pairs & _pairs(r.text) else UNNAMED for r in rows])


def _pairs(text: str) -> frozenset[tuple[str, str]]:
    return frozenset(pair for pair, _ in neighbours(text))


@lru_cache(maxsize=8192)
def _capitals(text: str) -> frozenset[str]:
    """Return the capitalised words of a text that do not open a sentence, without a possessive s."""
    words = (language.tokens(sentence)[1:] for sentence in language.sentences(f"x {text}"))
    found = {w.text.removesuffix("'s").removesuffix("’s") for row in words for w in row if w.text[0].isupper()}
    return frozenset(word for word in found if word.lower() not in language.stop_words() and word != "I")


def rarities(rows: Sequence[Candidate]) -> Mapping[str, float]:
    """Return what each root weighs: the rarer among the sentences, the more."""
    counts = Counter(root for row in rows for root in roots(row.text))
    return {root: log(1 + len(rows) / count) for root, count in counts.items()}


def _share(wanted: frozenset[str], said: frozenset[str], whole: frozenset[str], rarity: Mapping[str, float]) -> float:
    """Return how much of the words wanted is said; words that no sentence has weigh as much as the rarest."""
    most = log(2 + len(rarity))
    total = sum(rarity.get(t, most) for t in wanted)
    found = sum(rarity.get(t, most) * (1 if t in said else WHOLE) for t in wanted & (said | whole))
    return found / total if total else 0.0


_DAY = re.compile(
    r"\b(\d{1,2})(?:st|nd|rd|th)? (?:of )?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b"
    r"|\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* (\d{1,2})(?:st|nd|rd|th)?\b",
    re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
Day = tuple[int, int]


def days(text: str) -> frozenset[Day]:
    """Return the days a text names, as month and day."""
    found = ((m[2] or m[3], m[1] or m[4]) for m in _DAY.finditer(text))
    return frozenset((_MONTHS.index(month.lower()) + 1, int(day)) for month, day in found)


def _dated(asked: str, rows: Sequence[Candidate]) -> Floats:
    """Return a factor per row: more for what was said on, or of, a day the question names, less for other days."""
    wanted = days(asked)
    if not wanted:
        return np.ones(len(rows))
    return np.array([_on(wanted, row) for row in rows])


def _on(wanted: frozenset[Day], row: Candidate) -> float:
    named = days(row.text)
    if not named:
        spans = mentions(row.text, row.time)
        named = frozenset((m.start.month, m.start.day) for m in spans) | {(row.time.month, row.time.day)}
    return ON_DATE if wanted & named else OFF_DATE


def _spread(direct: Floats, asked: Asked, rows: Sequence[Candidate]) -> Floats:
    """Return relevance with what the most relevant sentences pass on to those that share their other words."""
    said, rarity, spread = [roots(row.text) for row in rows], rarities(rows), direct.copy()
    sources = np.argsort(-np.where(asked.valid, direct, -1), kind="stable")[:HOPS_FROM]
    for place in (int(p) for p in sources if asked.valid[p]):
        fresh = said[place] - asked.terms
        total = sum(rarity[t] for t in fresh)
        for other, words in enumerate(said):
            if other != place and total:
                passed = sum(rarity[t] for t in words & fresh) / total
                spread[other] = max(spread[other], direct[other] + HOP * float(direct[place]) * passed)
    return spread


_GAP = re.compile(r"[,.;:?!]|\b(?:with|about|between|for|as|that|and|to|of|in|on|at|from|by)\b", re.IGNORECASE)


def covered(asked: str, rows: Sequence[Candidate], where: NDArray[np.bool_]) -> float:
    """Return how much of what the question names some sentence has: of a run of two content words or more, the best."""
    chosen = [roots(row.text) for row, take in zip(rows, where, strict=True) if take]
    chunks = [roots(_pointless(piece)) for piece in _GAP.split(language.straighten(asked))]
    chunks = [chunk for chunk in chunks if len(chunk) > 1] or [roots(asked)]
    rarity = rarities(rows)
    return max((_share(chunk, said, said, rarity) for chunk in chunks for said in chosen), default=0.0)


def _pointless(piece: str) -> str:
    """Return a piece of a question without words that frame it and without its senses."""
    for section in ("frame", *(f"sense {name}" for name in GROUPS[0])):
        piece = searched(section).sub(" ", piece)
    return piece


# ── options ──────────────────────────────────────────────────────────────────────────────────────────────────────


def matches(options: Sequence[str], terms: frozenset[str], rows: Sequence[Candidate]) -> Floats:
    """Return how much of what sets each option apart each sentence says, in words or in sense."""
    rarity = rarities(rows)
    words = [
        [0.0 if sense else _share(own, roots(row.text), roots(row.said.text), rarity) for row in rows]
        for own, sense in zip(_own(options, terms), senses_only(options), strict=True)
    ]
    sense = [[SENSE * bool(mine & senses_of(row.text)) for row in rows] for mine in _distinct_senses(options)]
    found: Floats = np.maximum(np.array(words), np.array(sense))
    return found


def senses_only(options: Sequence[str]) -> list[bool]:
    """Return which options are known by their sense alone: where most have one, words deceive ("given up again")."""
    distinct = [bool(sense) for sense in _distinct_senses(options)]
    return distinct if sum(distinct) >= min(3, len(options)) else [False] * len(options)


def _own(options: Sequence[str], terms: frozenset[str]) -> list[frozenset[str]]:
    """Return for each option the words that set it apart: not in every option; the question's own only if no other."""
    found = [roots(option) or frozenset(language.words(option)) for option in options]
    common = frozenset.intersection(*found)
    apart = [words - common or words for words in found]
    return [words - terms or words for words in apart]


def _distinct_senses(options: Sequence[str]) -> list[frozenset[str]]:
    found = [senses_of(option) for option in options]
    return [mine - frozenset.intersection(*found) for mine in found]


# ── things described ─────────────────────────────────────────────────────────────────────────────────────────────

RECURS = 3
"""Sentences in which two neighbouring words must stand together to be taken for the name of a thing."""
BY_NAME = 0.95
"""What an option borne out elsewhere, by sentences on the same thing, is worth beside one borne out by a sentence."""


def by_name(options: Sequence[str], rows: Sequence[Candidate], match: Floats) -> Floats:
    """Return the match with what other sentences say of a thing that a sentence names ("the cabin mug")."""
    named = [_pairs(row.text) for row in rows]
    split = parts(options) or [(option,) for option in options]
    worded = np.array([not sense for sense in senses_only(options)])
    found = match.copy()
    for thing in things(rows):
        members = [n for n, pairs in enumerate(named) if thing in pairs]
        worth = BY_NAME * worded * borne_parts(split, np.ones(len(members)), [rows[n] for n in members])
        found[:, members] = np.maximum(found[:, members], worth[:, None])
    return found


def things(rows: Sequence[Candidate]) -> list[tuple[str, str]]:
    """Return the pairs of words that recur side by side, mostly at the head of a name: things, as people call them."""
    said = [pair for row in rows for pair in neighbours(row.text)]
    counts, heads = Counter(pair for pair, _ in said), Counter(pair for pair, head in said if head)
    return sorted(pair for pair, count in counts.items() if count >= RECURS and 2 * heads[pair] > count)


@lru_cache(maxsize=8192)
def neighbours(text: str) -> frozenset[tuple[tuple[str, str], bool]]:
    """Return the pairs of content words that stand side by side in a text, and whether a pair heads its run."""
    found, before = set(), None
    words = [w for w in language.tokens(language.straighten(text)) if w.lower not in language.stop_words()]
    for one, other in pairwise(words):
        if other.start - one.end == 1:
            found.add(
                ((senses.root(one.lower), senses.root(other.lower)), before is None or one.start - before.end > 1)
            )
        before = one
    return frozenset(found)


_JOINT = re.compile(r",? (?:with|and|but|then) |, ")


def parts(options: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the parts of options that combine the same few parts ("a mug with a red handle"); empty if they do not.

    Options that cross two things of several words each ("tea and cake and a walk") are split where that shows.
    """
    split = [tuple(piece.strip() for piece in _JOINT.split(option)) for option in options]
    length = len(split[0])
    if length > 1 and all(len(one) == length for one in split):
        shared = all(len({one[place] for one in split}) < len(split) for place in range(length))
        return split if shared else []
    return _crossed(options)


def _crossed(options: Sequence[str]) -> list[tuple[str, ...]]:
    """Options as heads and tails where each head is before two tails or more and each tail behind two heads or more."""
    joined = [[(o[: m.start()], o[m.end() :]) for m in _JOINT.finditer(o)] for o in options]
    for head, tail in [two for one in joined for two in one]:
        tails = {b for one in joined for a, b in one if a == head}
        heads = {a for one in joined for a, b in one if b == tail}
        split = [[(a, b) for a, b in one if a in heads and b in tails] for one in joined]
        if min(len(heads), len(tails)) > 1 and all(len(one) == 1 for one in split):
            return [one[0] for one in split]
    return []


def borne_parts(split: Sequence[tuple[str, ...]], near: Floats, rows: Sequence[Candidate]) -> Floats:
    """Return how well the parts of each option are borne out, each by a sentence of its own.

    What all options name in one part ("handle") must be in its sentence, and in no other part's.
    """
    common = frozenset.intersection(*(roots(" ".join(one)) for one in split))
    rarity = rarities(rows)
    return np.array([np.mean([_borne(roots(part), common, near, rows, rarity) for part in one]) for one in split])


def _borne(
    part: frozenset[str], common: frozenset[str], near: Floats, rows: Sequence[Candidate], rarity: Mapping[str, float]
) -> float:
    own = part - common or part
    fits = [roots(row.text) & common == part & common for row in rows]
    values = [
        n * _share(own, roots(row.text), frozenset(), rarity)
        for n, row, fit in zip(near, rows, fits, strict=True)
        if fit
    ]
    return max(values, default=0.0)
