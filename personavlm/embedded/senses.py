"""Senses: a word of a question found again in another wording, another form, or misspelt; and not in another sense.

    "Who looks after Rex?"        "Ann will take him all week"      look after ~ take him
    "What did Bob bring?"         "Bob brought a drum"              bring ~ brought
    "Which recipe did I ask for?" "give me a receipe for soup"      recipe ~ receipe
    "What am I training for?"     "the toy train is done"           nothing: there it is a thing

Wordings are in ``words/senses.txt``, forms of irregular verbs in ``words/english.txt``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache

from personavlm.embedded import banks, language

_HER = r"(?:him|her|them|it)\b"
LONG = 5
"""Letters of a stem from which a word may be misspelt in one place and still be known."""


@cache
def _senses() -> Mapping[str, re.Pattern[str]]:
    return {
        name.split(":")[0]: re.compile(rf"\b(?:{'|'.join(rows)})(?!\w)".replace("{her}", _HER), re.IGNORECASE)
        for name, rows in banks.lines("senses").items()
    }


@lru_cache(maxsize=1024)
def said_in(text: str) -> Mapping[str, tuple[int, int]]:
    """Return the senses a text has in it, each with where it is first worded."""
    plain = language.straighten(text)
    things = {word.start for word in language.tokens(plain) if is_thing(plain, word)}
    found = {name: [m.span() for m in pattern.finditer(plain)] for name, pattern in _senses().items()}
    worded = {name: [span for span in spans if span[0] not in things] for name, spans in found.items()}
    return {name: spans[0] for name, spans in worded.items() if spans}


def other_words(text: str) -> list[str]:
    """Return words to look up for the senses of a text, as in other wordings of it."""
    heads = {name: words for name, _, words in (head.partition(": ") for head in banks.lines("senses"))}
    return [word.strip() for name in said_in(text) for word in heads[name].split(",")]


@cache
def _bases() -> Mapping[str, str]:
    pairs = (row.split(" ", 1) for row in banks.phrases("english")["forms"])
    return {form: base for base, forms in pairs for form in forms.split(" ")}


@lru_cache(maxsize=65536)
def root(word: str) -> str:
    """Return the stem of a lower-case word, of an irregular verb's form the stem of its base."""
    return language.stem(_bases().get(word, word))


# ── what of a question a text has ────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=4096)
def covered(question: str, terms: Sequence[str], text: str) -> frozenset[str]:
    """Return which terms (stems) of a question a text has, in whatever form or wording."""
    verbs = _done(question)
    present = frozenset(
        root(w.lower) for w in language.tokens(text) if not (is_thing(text, w) and root(w.lower) in verbs)
    )
    found = {t for t in terms if root(t) in present or any(_misspelt(t, p) for p in present)}
    asked, told = said_in(question), said_in(text)
    for name in asked.keys() & told.keys():
        worded = question[slice(*asked[name])]
        found |= {language.stem(w) for w in language.words(worded)} & set(terms)
    return frozenset(found)


_PROGRESSIVE = re.compile(
    r"\b(?:am|are|is|was|were|been)(?: (?:i|we|you|he|she|they|[A-Z]\w+|my \w+))? (\w+ing)\b", re.I
)


@lru_cache(maxsize=1024)
def _done(question: str) -> frozenset[str]:
    """Stems that are verbs in a question: "am I training", "did Bob train"."""
    return frozenset(root(match[1].lower()) for match in _PROGRESSIVE.finditer(question))


def is_thing(text: str, word: language.Word) -> bool:
    """Return whether a word stands as a thing: bare or plural, after an article or the like and adjectives at most."""
    if word.lower.endswith(("ing", "ed")):
        return False
    for before in reversed(language.words(text[max(0, word.start - 60) : word.start])[-4:]):
        kind = language.tag(before)
        if kind in ("determiner", "possessive", "number") or before.endswith("'s"):
            return True
        if kind != "open":
            return False
    return False


@lru_cache(maxsize=65536)
def _misspelt(one: str, other: str) -> bool:
    """Whether two words differ by one letter too many or by two neighbours swapped."""
    if min(len(one), len(other)) < LONG or abs(len(one) - len(other)) > 1 or one == other or one[0] != other[0]:
        return False
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[start:], other[start:]
    return a[1:] == b or a == b[1:] or (a[2:] == b[2:] and a[:2] == b[1::-1])
