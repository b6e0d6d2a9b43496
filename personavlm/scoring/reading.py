"""A text as the matcher reads it: plain spelling, terms, kinds of statement, ends, and when.

    "Doesn't enjoy Night-Trains any more!" ──> terms enjoy, night, train · ended

Deterministic; equal texts have equal readings, which are cached.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from personavlm.scoring import lexicon
from personavlm.scoring.moments import Moments, moments, spelled, without
from personavlm.words import STOP_WORDS, stem

_UNITS, _TENS = lexicon.section("units"), lexicon.section("tens")
_NUMBER = re.compile(
    rf"\b(?:({'|'.join(_TENS)})(?: ({'|'.join(_UNITS[1:10])}))?|({'|'.join(sorted(_UNITS, key=len)[::-1])}))\b"
)
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "ß": "ss", "đ": "d", "ł": "l", "’": "'", "‘": "'", "“": '"', "”": '"'})

GENERIC = frozenset(stem(word) for word in lexicon.section("generic"))
"""Terms that say nothing of what a statement is about."""


@lru_cache(maxsize=65_536)
def plain(text: str) -> str:
    """Return a text in plain spelling: lower case, no accents, hyphens as spaces, numbers and times as digits."""
    text = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    text = "".join(c for c in text if not unicodedata.combining(c))
    text = re.sub(r"(?<=[a-z])-(?=[a-z\d])|(?<=\d)-(?=[a-z])|[_<>*]", " ", text)
    text = re.sub(r"\bfavor(ite|s)\b", r"favour\1", text)
    text = _NUMBER.sub(_digits, text)
    return " ".join(spelled(text).split())


def _digits(match: re.Match[str]) -> str:
    if match[3]:
        return str(_UNITS.index(match[3]))
    return str(20 + 10 * _TENS.index(match[1]) + (_UNITS.index(match[2]) if match[2] else 0))


@lru_cache(maxsize=65_536)
def terms(text: str) -> tuple[str, ...]:
    """Return a plain text's terms without days and hours: the same thing by one word, stemmed, no repeats."""
    text = without(text)
    for name in ("kin", "same"):
        found, stands = lexicon.replacements(name)
        text = found.sub(lambda m, s=stands: s[m[0]], text)  # type: ignore[misc]
    words = re.findall(r"[a-z\d]+(?:'(?!s\b)[a-z]+)?", text)
    return tuple(dict.fromkeys(stem(word) for word in words if word not in STOP_WORDS and "'" not in word))


def content(found: Collection[str]) -> tuple[str, ...]:
    """Return the terms that say what a statement is about."""
    return tuple(term for term in found if term not in GENERIC)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says, before it is held against anything."""

    plain: str
    terms: tuple[str, ...]
    lost: tuple[str, ...]
    """Terms of what something else is preferred to."""
    frames: frozenset[str]
    ended: bool
    """Whether it says that something is no longer so."""
    turned: bool
    """Whether what it says is over is a dislike ("no longer hates")."""
    moments: Moments

    @property
    def kin(self) -> frozenset[str]:
        """The relations it names ("sister"), each by its first word."""
        found, stands = lexicon.replacements("kin")
        return frozenset(stands[m[0]] for m in found.finditer(self.plain))


_LOSING = re.compile(r"\b(?:rather than|instead of|to|over|than)\b (?P<lost>[^,.;]+)")
_PREFERRED = re.compile(r"\b(?:prefers?|preferred|rather|better|more of|pick|chooses?|over busy)\b")


@lru_cache(maxsize=65_536)
def read(text: str) -> Reading:
    """Return the reading of a text."""
    whole = plain(text)
    kept, lost = _sides(whole)
    ended, turned = _ended(whole)
    frames = frozenset(name for name in lexicon.names("frame") if lexicon.pattern(f"frame {name}").search(whole))
    losers = tuple(t for t in terms(lost) if t not in terms(kept))
    return Reading(whole, terms(kept), losers, frames, ended, turned, moments(whole))


def _sides(text: str) -> tuple[str, str]:
    """A text without what something is preferred to, and that."""
    if not _PREFERRED.search(text):
        return text, ""
    match = _LOSING.search(text, _PREFERRED.search(text).end())  # type: ignore[union-attr]
    return (text, "") if match is None else (text[: match.start()] + text[match.end() :], match["lost"])


_SINCE_OVER = re.compile(
    r"\b(?:was|were|had|lived|worked|studied|took|ate|drank|went|did|[a-z]+ed)\b.{0,60}"
    r"\b(?:until|before (?!noon|bed|work|breakfast|lunch|dinner|going)|as a (?:child|teenager|kid|student))\b"
)
_AWAY = re.compile(r"\b(?:gave|given|threw|thrown|put)\b.{0,40}\baway\b")
_ANY_MORE = re.compile(r"(?:n't|\bnot|\bnever)\b.{0,60}\bany ?more\b")


def _ended(text: str) -> tuple[bool, bool]:
    """Whether something is over, and whether what is over is a dislike, so that the liking turns."""
    over = lexicon.pattern("ended").search(text) or _AWAY.search(text)
    if over and over[0] in ("any more", "anymore"):
        over = _ANY_MORE.search(text)
    if not over:
        return _SINCE_OVER.search(text) is not None, False
    after = text[over.start() : over.end() + 18]
    turned = lexicon.pattern("dislike").search(after.replace("doesn't mind", "dislikes")) is not None
    return not turned, turned


NEGATION = re.compile(r"(?:\b(?:not|never|cannot|hardly|rarely|without|neither|nor|no)|n't)\b(?: \w+){0,4} ?$")


def level(kind: str, text: str, order: tuple[str, ...]) -> str:
    """Return the first level of a scale ("goal", "closeness", "knowledge") that a plain text names, in this order."""
    return next((name for name in order if lexicon.pattern(f"level {kind} {name}").search(text)), "")


def covered(wanted: Collection[str], said: Collection[str]) -> float:
    """Return the share of wanted terms that were said, letting one letter in six pass; 0 if nothing is wanted."""
    return sum(any(same(term, other) for other in said) for term in wanted) / len(wanted) if wanted else 0.0


@lru_cache(maxsize=262_144)
def same(one: str, other: str) -> bool:
    """Whether two terms are the same but for one slip in a word of six letters or more."""
    if one == other:
        return True
    short = min(len(one), len(other))
    if short < 6 or abs(len(one) - len(other)) > 2 or one[0] != other[0] or not one.isalpha():
        return False
    if one.startswith(other) or other.startswith(one):
        return True
    start = next(i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    mine, theirs = one[start:], other[start:]
    swapped = mine[:2] == theirs[:2][::-1] and mine[2:] == theirs[2:]
    return swapped or mine[1:] == theirs[1:] or mine == theirs[1:] or mine[1:] == theirs
