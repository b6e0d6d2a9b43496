"""Whether a text likes or dislikes what it is about.

"is sick of detective novels" ──> -1      "drinks green tea rather than black" ──> 1, weakly
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from personavlm.scoring import lexicon
from personavlm.scoring.reading import NEGATION, Reading, read, terms


class Liking(NamedTuple):
    """1 likes, -1 dislikes, 0 says neither; ``weakly`` if it rests on a habit alone ("drinks green tea")."""

    sign: int
    weakly: bool


_CLAUSE = re.compile(r"[;.!?]|, (?!and\b)|\b(?:but|because|although|though|while)\b")


@lru_cache(maxsize=65_536)
def liking(reading: Reading, focus: frozenset[str]) -> Liking:
    """Return the liking in the clause that has terms in ``focus``, else in the last clause that has one.

    "No longer hates" likes; what "no longer likes" says is read as liking, ended.
    """
    over = reading.ended or reading.turned
    clauses = [c for c in _CLAUSE.split(reading.plain) if c.strip()]
    near = [c for c in clauses if focus & set(terms(c))]
    ordered = [*near, *(c for c in reversed(clauses) if c not in near)]
    for weakly in (False, True):
        for clause in ordered:
            sign = (_habit if weakly else _sign)(clause, over)
            if sign:
                return Liking(-sign if reading.turned else sign, weakly)
    return Liking(0, False)


_PART = re.compile(r"[;.!?]|, |\b(?:and|but|because|although|though|while|so)\b")
_BACK = re.compile(r"\b(?:it|them|this|that|now|any ?more)\b")


@lru_cache(maxsize=65_536)
def over(reading: Reading, focus: frozenset[str]) -> bool:
    """Whether what a text says is over is what the terms in focus stand for.

    "Stopped working as a nurse and started as a florist": the nursing is over, not the flowers. A later part that
    points back ends what came before: "was a jazz fan but has gone off it".
    """
    parts = [part for part in _PART.split(reading.plain) if part.strip()]
    ends = [number for number, part in enumerate(parts) if read(part).ended]
    held = [number for number, part in enumerate(parts) if focus & set(terms(part))]
    if not ends or not held:
        return True
    return any(end in held or (end > held[0] and _BACK.search(parts[end])) for end in ends)


def _sign(clause: str, over: bool) -> int:
    """The sign of the clearest word; a negation before it turns it unless it only says that something is over."""
    for name, sign in (("dislike", -1), ("like", 1)):
        found = lexicon.pattern(name).search(clause)
        if found:
            return -sign if not over and NEGATION.search(clause[: found.start()]) else sign
    return 0


def _habit(clause: str, over: bool) -> int:
    used = lexicon.pattern("consume").search(clause)
    if used is None:
        return 0
    return -1 if not over and NEGATION.search(clause[: used.start()]) else 1
