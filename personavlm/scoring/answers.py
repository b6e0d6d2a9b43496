"""Free answers without a judge: token F1 against a reference, and whether an answer says that this was never told.

    token_f1("It was on 7 May 2023.", "7 May 2023")  ──>  0.67        untold("You haven't told me.")  ──>  True

Source: Rajpurkar et al. (2016) for token F1 (SQuAD): lower case, punctuation and articles away.
"""

from __future__ import annotations

import re
import string
from collections import Counter

_UNKNOWN = re.compile(
    r"\b(?:you|they|she|he|nobody) (?:haven't|have not|never|hasn't|has not|didn't|did not) "
    r"(?:told?|tell|mention|said?|say)"
    r"|\b(?:don't|do not|can't|cannot) (?:know|recall|remember|find)\b"
    r"|\b(?:not|never) (?:mentioned|told|specified|discussed)\b"
    r"|\bno (?:information|record|memory|mention)\b|\bi was never told\b",
    re.IGNORECASE,
)


def untold(answer: str) -> bool:
    """Return whether an answer says that this was never told, in English."""
    return _UNKNOWN.search(answer) is not None


def token_f1(answer: str, gold: str) -> float:
    """Return SQuAD's token F1 of two short texts, in [0, 1]."""
    said, wanted = _tokens(answer), _tokens(gold)
    shared = sum((Counter(said) & Counter(wanted)).values())
    if not said or not wanted:
        return float(said == wanted)
    return 2 * shared / (len(said) + len(wanted))


_PUNCTUATION = str.maketrans("", "", string.punctuation)


def _tokens(text: str) -> list[str]:
    return re.sub(r"\b(?:a|an|the)\b", " ", text.lower().translate(_PUNCTUATION)).split()
