"""Replies that need no memory: greetings, what the assistant is, and a sign that a statement was understood.

"I moved to Leeds last week and my sister helped."  ->  "Noted: you moved to Leeds last week and your sister helped."
"""

from __future__ import annotations

import re

from personavlm.embedded import language

SELF = (
    "I am the embedded model of personavlm: rules over a small sentence encoder, with no language model behind them. "
    "I look things up in what you told me and quote it, with its date."
)
MAX_ECHO = 26
"""Words of the user's own that a sign of understanding repeats at most."""

_SWAPS = {
    "i": "you", "i'm": "you're", "im": "you're", "i've": "you've", "ive": "you've", "i'd": "you'd", "i'll": "you'll",
    "me": "you", "my": "your", "mine": "yours", "myself": "yourself", "am": "are", "we": "you", "we're": "you're",
    "we've": "you've", "we'll": "you'll", "us": "you", "our": "your", "ours": "yours", "you": "I", "your": "my",
    "you're": "I'm", "yours": "mine",
}  # fmt: skip
_TURNED = re.compile(
    rf"(?<![\w'-])(?:i was|{'|'.join(sorted(map(re.escape, _SWAPS), key=len, reverse=True))})(?![\w'-])", re.I
)


def turned(text: str) -> str:
    """Return a user's first-person words as said back to them: "my dog and I" -> "your dog and you"."""
    plain = language.straighten(text)
    return _TURNED.sub(lambda m: "you were" if m[0].lower() == "i was" else _SWAPS[m[0].lower()], plain)


def greeting(text: str, name: str) -> str:
    """Return a short reply to a greeting, a thank-you, a goodbye or nothing at all."""
    low = text.lower()
    called = f", {name}" if name else ""
    if re.search(r"\b(?:thanks|thank you|thx)\b", low):
        return f"You're welcome{called}."
    if re.search(r"\b(?:bye|goodbye|see you|good night)\b", low):
        return f"Goodbye{called}."
    if not low.strip():
        return "I got no words with that. What would you like to tell me?"
    return f"Hello{called}. What would you like to tell me, or have me look up?"


def acknowledgement(text: str, pictures: int = 0) -> str:
    """Return a sign of what was understood from a statement: its weightiest sentence, said back."""
    told = [s for s in language.sentences(text[:4000]) if not language.is_question(s)]
    told = [
        s for s in told if re.search(r"\b(?:i|i'm|im|i've|i'd|i'll|my|we|we're|our|me)\b", language.straighten(s), re.I)
    ]
    if not told:
        return "I have seen your picture." if pictures else "I see. I'll keep that in mind."
    sentence = max(told, key=lambda s: min(len(language.content_words(s)), 12))
    echo = turned(_opened(sentence)).rstrip(" .!…,;")
    words = echo.split()
    if len(words) > MAX_ECHO:
        echo = " ".join(words[:MAX_ECHO]) + " …"
    return f"Noted: {echo}{'' if echo.endswith('…') else '.'}"


_OPENING = re.compile(
    r"^(?:(?:hi|hey|hello|oh|well|so|yes|yeah|no|ok|okay|thanks|thank you|wow|and|but|by the way|btw)\b[\s,!.]*)+", re.I
)


def _opened(sentence: str) -> str:
    bare = _OPENING.sub("", sentence).strip() or sentence
    first = bare.split()[0] if bare.split() else ""
    return bare if first.startswith("I") or first.isupper() or not first[1:].islower() else bare[0].lower() + bare[1:]
