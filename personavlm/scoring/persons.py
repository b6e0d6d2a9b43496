"""Whom a statement is about: the user, or somebody named or related to them, from how it begins.

"Their brother Tom always orders ginger beer"  ──>  brother, tom
"drinks ginger beer" · "The user drinks …"     ──>  nobody but the user
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from personavlm.scoring import lexicon
from personavlm.scoring.moments import MONTHS, WEEKDAYS
from personavlm.scoring.reading import plain

_LABEL = re.compile(r"^\s*(?:<[^>]*>\s*|[A-Za-z ]{2,24}:\s+)+")
_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|[,.;:]")
_DETERMINERS = frozenset(lexicon.section("determiners"))
_ADJECTIVES = frozenset(lexicon.section("adjectives"))
_USER = frozenset(lexicon.section("the user"))
_LEADING = frozenset(lexicon.section("leading"))
_SECOND = frozenset(lexicon.section("second words"))
_VERB = re.compile(r"[a-z]+(?:ed|es|[^su]s)")
_NO_NAME = frozenset(
    (*WEEKDAYS, *MONTHS, *(f"{day}s" for day in WEEKDAYS), "user", "assistant", "mr", "mrs", "ms", "dr")
)


@lru_cache(maxsize=65_536)
def subjects(text: str) -> frozenset[str]:
    """Return the relations and first names a statement is about, plain; empty if it is about the user."""
    words = list(_after_label(text))
    return frozenset(_phrase(words[_lead(words) :]))


def _after_label(text: str) -> Iterator[str]:
    return (m[0].replace("’", "'") for m in _TOKEN.finditer(_LABEL.sub("", text).replace("-", " ")))


def _lead(words: list[str]) -> int:
    """How many words a leading time expression takes ("On 2 May 2025", "Every Saturday at eight in the morning")."""
    position = 0
    while position < len(words) and _is_time(words[position].lower(), position):
        position += 1
    return position


def _is_time(word: str, position: int) -> bool:
    times = word.rstrip("s") in WEEKDAYS or word in MONTHS or word.isdigit() or plain(word).isdigit()
    return times or word in _LEADING or (position > 0 and word in ("the", "morning", "evening", "night", ",", "week"))


def _phrase(words: list[str]) -> Iterator[str]:
    """The persons of the leading noun phrase; of "X's Y" those of Y if it is a person, else X."""
    owners: list[str] = []
    heads: list[str] = []
    for position, word in enumerate(words[:12]):
        low = word.lower().removesuffix("'s").removesuffix("s'")
        person = _person(words, position)
        if person:
            heads.append(person)
        elif low in _USER or low in ("and", "'s", ",") or (low in ("mr", "mrs", "ms", "dr")):
            pass
        elif low not in _DETERMINERS and low not in _ADJECTIVES and not _leads_to_kin(words[position + 1 :]):
            break
        if word.endswith(("'s", "s'")):
            owners, heads = heads or owners, []
    yield from heads or owners


def _leads_to_kin(after: list[str]) -> bool:
    """Whether a noun only says what kind of relation comes next: "pen friend", "old school friend"."""
    return bool(after) and plain(after[0]).removesuffix("'s") in lexicon.replacements("kin")[1]


def _person(words: list[str], position: int) -> str:
    word = words[position]
    low = plain(word).removesuffix("'s").removesuffix("s'")
    kin = lexicon.replacements("kin")[1].get(low)
    if kin:
        return kin
    if not word[:1].isupper() or low in _NO_NAME or low in _USER or low in _DETERMINERS or low in _ADJECTIVES:
        return ""
    if position == 0 and not _stands_alone(words):
        return ""
    return low


def _stands_alone(words: list[str]) -> bool:
    """Whether a capital at the start is a name and not the first word of a sentence: a verb or a comma follows."""
    if words[0].endswith(("'s", "s'")):
        return True
    second = words[1] if len(words) > 1 else ""
    return second in (",", "and") or second[:1].isupper() or (_is_finite(second) and words[0].lower() not in _VERBS)


def _is_finite(word: str) -> bool:
    return word in _SECOND or _VERB.fullmatch(word) is not None


_VERBS = frozenset(lexicon.section("verbs"))
