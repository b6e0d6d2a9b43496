"""A user's words in the third person, for memories that are read on their own.

    >>> reported("I'm glad my sister visited us yesterday")
    "they're glad their sister visited them yesterday"

"I" and "we" become "they", so verbs keep their form but for "am", "was" and "'s"; nothing else is rewritten.
"""

from __future__ import annotations

import re
from datetime import datetime

from personavlm.embedded import language
from personavlm.embedded.when import mentions, say

_SWAPS = {
    **{"i": "they", "me": "them", "my": "their", "mine": "theirs", "myself": "themselves", "im": "they're"},
    **{"we": "they", "us": "them", "our": "their", "ours": "theirs", "ourselves": "themselves", "ive": "they've"},
    **{"i'm": "they're", "i am": "they are", "am i": "are they", "i was": "they were", "i wasn't": "they weren't"},
    **{f"{one}'{end}": f"they'{end}" for one in ("i", "we") for end in ("ve", "d", "ll")},
    "we're": "they're",
}
_FIRST = re.compile(
    rf"(?<![\w'-])(?:{'|'.join(sorted(map(re.escape, _SWAPS), key=len, reverse=True))})(?![\w'-])", re.IGNORECASE
)
_RELATIVE = re.compile(
    r"\b(?:yesterday|today|tomorrow|tonight|last|next|ago"
    r"|this (?:week|month|morning|weekend|year|summer|winter|spring|autumn)"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day|weekend)\b",
    re.IGNORECASE,
)


def reported(text: str) -> str:
    """Return a first-person sentence in the third person plural, the first letter as it falls."""
    return _FIRST.sub(lambda m: _SWAPS[m[0].lower()], language.straighten(text))


_YOURS = {
    **{"i": "you", "me": "you", "my": "your", "mine": "yours", "myself": "yourself", "i'm": "you're", "im": "you're"},
    **{"i am": "you are", "i was": "you were", "i wasn't": "you weren't", "ive": "you've"},
    **{f"i'{end}": f"you'{end}" for end in ("ve", "d", "ll")},
}
_OWN = re.compile(
    rf"(?<![\w'-])(?:{'|'.join(sorted(map(re.escape, _YOURS), key=len, reverse=True))})(?![\w'-])", re.IGNORECASE
)


def addressed(text: str) -> str:
    """Return what a user said of themselves as it is said to them: "I was late" -> "you were late"."""
    return _OWN.sub(lambda m: _YOURS[m[0].lower()], language.straighten(text))


def dated(text: str, now: datetime) -> str:
    """Return a sentence with its relative times spelled out behind them: "yesterday (7 May 2023)"."""
    parts: list[str] = []
    done = 0
    for mention in mentions(text, now):
        if mention.kind != "habit" and _RELATIVE.search(mention.text):
            parts.append(f"{text[done : mention.span[1]]} ({say(mention, now)})")
            done = mention.span[1]
    return "".join([*parts, text[done:]])


def opening(sentence: str) -> str:
    """Return a sentence without greetings, interjections and its final mark."""
    return _LEAD.sub("", language.straighten(sentence)).strip().rstrip(" .!?…,;:")


_LEAD = re.compile(
    r"^(?:(?:hey|hi|hello|wow|oh|well|so|yeah|yes|yep|yup|no|nope|ok|okay|thanks|thank you|sure|cool|great|awesome|haha"
    r"|lol|and|but|also|anyway|by the way|btw|actually|honestly|guess what|totally|definitely|absolutely|hmm|um)"
    r"(?:,? (?-i:[A-Z])[a-z]+(?=[,!.]))?[,!.:\s]+)+",
    re.IGNORECASE,
)
