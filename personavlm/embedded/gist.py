"""What no pattern reads: a clause in which the user tells of themselves something that lasts, kept short.

    "we've had the allotment since the twins were born"  ->  has had the allotment since the twins were born
    "I think so too", "I'm on the bus", "I'll let you know"  ->  nothing

It is kept where its verb says more than that somebody thinks or speaks, and nothing in it is only of the moment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache

from personavlm.embedded import banks, language, phrases, voice
from personavlm.embedded.records import Found
from personavlm.embedded.when import mentions

MAX_WORDS = 12
"""Words of a clause that is kept."""
FEWEST = 2
"""Content words of a clause that is kept, at least."""

_OWN = re.compile(
    r"^(?:(?:and|but|so|because|well|plus) )*"
    r"(?:(?:since|until|after|before|these days|nowadays|now|still|at [\w ]{3,15}) )?"
    r"(?P<s>(?:i|we)(?:'m|'ve|'re)?|my [\w-]+|our [\w-]+)(?:'s)? (?P<p>.+)",
    re.IGNORECASE,
)


@cache
def _passing() -> re.Pattern[str]:
    return banks.any_of(banks.phrases("asides")["of the moment"])


@cache
def _says_little() -> re.Pattern[str]:
    verbs = "|".join(map(re.escape, banks.phrases("asides")["says little"]))
    return re.compile(
        "^(?:(?:just|really|also|still|never|always|don't|didn't|can't|would|will|'ll"
        "|could|should|do|am|was|have|had) )*"
        rf"(?:{verbs})\b",
        re.I,
    )


def gist(sentence: str, place: tuple[int, int], now: datetime) -> Iterator[Found]:
    """Yield the clauses of a sentence, its subject put back, that tell something lasting of the user."""
    for clause in language.clauses(sentence):
        match = _OWN.match(clause)
        if match is None or _says_little().match(match["p"]) or _passing().search(clause) or _YOU.search(clause):
            continue
        told = phrases.value_of_clause(clause, MAX_WORDS)
        if len(language.content_words(told)) < FEWEST or any(
            m.kind == "point" and m.unit in ("hour", "part", "minute") for m in mentions(told, now)
        ):
            continue
        content = (
            phrases.third(told, now)
            if match["s"].lower()[0] in "iw"
            else voice.reported(voice.dated(told, now)).removeprefix("their ")
        )
        yield Found(content, "fact", "", "", said=place)


_YOU = re.compile(r"\b(?:you|your|you're)\b", re.IGNORECASE)
