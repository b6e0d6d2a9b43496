"""Light linguistics shared by the embedded model: sentences, words, stems, negation, names, the third person.

    >>> sentences("i can't stand olives!! what about you? my dog's called Biscuit")
    ["i can't stand olives!!", 'what about you?', "my dog's called Biscuit"]
    >>> content_words("I went to the museum with my sister")
    ['went', 'museum', 'sister']

English as people type it: missing capitals, missing stops, curly quotes. Closed classes are in ``words/english.txt``;
stems are Snowball's (Porter 2). Everything is a pure function of the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

from personavlm.embedded.banks import any_of, phrases

_WORD = re.compile(r"\d+(?:[.:,]\d+)*(?:[a-z]+)?|[^\W\d_]+(?:['’\-&][^\W\d_]+)*|[^\W_]+", re.IGNORECASE)
_LINK = re.compile(r"https?://\S+|www\.\S+", re.IGNORECASE)
_BREAK = re.compile(r"(?<=[.!?…])[\"'”’)]*(?:\s+|(?=[A-Z]))|\n+|(?<=\))\s+(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text: as typed, in lower case with straight quotes, and where it stands."""

    text: str
    lower: str
    start: int
    end: int


def straighten(text: str) -> str:
    """Return text with curly quotes made straight and long dashes made commas, length unchanged."""
    return text.translate(_QUOTES)


_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "`": "'", "–": ",", "—": ","})


@cache
def closed(section: str) -> frozenset[str]:
    """Return the words of one section of ``words/english.txt``."""
    return frozenset(phrases("english")[section])


@cache
def stop_words() -> frozenset[str]:
    """Return the words that carry grammar rather than content."""
    names = ("determiner", "possessive", "pronoun", "preposition", "conjunction", "auxiliary", "adverb", "interjection")
    return frozenset().union(*map(closed, names)) | {"not", "t", "s", "m", "re", "ve", "ll", "d"}


def tag(word: str) -> str:
    """Return the closed class of a lower-case word ("determiner", "preposition", …), "number", or "open"."""
    if word[:1].isdigit():
        return "number"
    for name in ("possessive", "pronoun", "determiner", "auxiliary", "preposition", "conjunction", "adverb"):
        if word in closed(name):
            return name
    return "interjection" if word in closed("interjection") else "open"


@lru_cache(maxsize=2048)
def tokens(text: str) -> tuple[Word, ...]:
    """Return the words of a text in order; links are left out, contractions and hyphenated words stay whole."""
    blanked = _LINK.sub(lambda m: " " * len(m[0]), straighten(text))
    return tuple(Word(text[m.start() : m.end()], m[0].lower(), *m.span()) for m in _WORD.finditer(blanked))


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, in order."""
    return [w.lower for w in tokens(text)]


def content_words(text: str) -> list[str]:
    """Return the words that carry content, in lower case, in order."""
    return [w for w in words(text) if w not in stop_words()]


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Return the stem of one word, lower case; a possessive 's is dropped."""
    return str(_stemmer().stemWord(word.lower().removesuffix("'s").removesuffix("’s")))


@cache
def _stemmer():  # type: ignore[no-untyped-def]  # snowballstemmer has no types
    import snowballstemmer

    return snowballstemmer.stemmer("english")


def stems(text: str) -> list[str]:
    """Return the stems of the content words of a text, in order."""
    return [stem(w) for w in content_words(text)]


def same(one: str, other: str) -> bool:
    """Return whether two short texts say the same but for case, punctuation, endings and grammar words."""
    return bool(stems(one)) and sorted(set(stems(one))) == sorted(set(stems(other)))


# ── sentences and clauses ────────────────────────────────────────────────────────────────────────────────────────


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, trimmed, in order, with their closing marks; abbreviations do not end one."""
    return [text[start:end] for start, end in sentence_spans(text)]


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Return where each sentence stands: start and end, white space left out."""
    cuts = [0, *(m.end() for m in _BREAK.finditer(text) if not _abbreviated(text, m.start())), len(text)]
    spans: list[tuple[int, int]] = []
    for start, end in pairwise(cuts):
        piece = text[start:end]
        left = start + len(piece) - len(piece.lstrip())
        if piece.strip():
            spans.append((left, left + len(piece.strip())))
    return spans


def _abbreviated(text: str, position: int) -> bool:
    if text[position - 1 : position] != "." or text[position : position + 1] == "\n":
        return False
    before = re.search(r"([\w.]+)\.$", text[max(0, position - 12) : position])
    if before is None:
        return False
    word = before[1].lower()
    return word in closed("abbreviations") or (word.isdigit() and len(word) <= 2 and _opens(text, position, word))


def _opens(text: str, position: int, number: str) -> bool:
    """Whether a number with a full stop is a list's numbering ("1. Something"): nothing but a break before it."""
    head = text[: position - len(number) - 1].rstrip(" ")
    return not head or head[-1] in ".:\n,;!?"


_CLAUSE = re.compile(
    r"\s*[;:]\s+|\s+-\s+|,?\s+\b(?:but|although|though|however|whereas|so that|because|cause|cuz|since i|while i)\b\s*"
    r"|,?\s+\b(?:and|so|also|plus)\s+(?=(?:i|we|my|he|she|they|it|our|his|her|there)\b)"
    r"|,\s+(?=(?:i|i'm|im|i've|i'd|i'll|we|we're|my|he|she|they|it's|our)\b)",
    re.IGNORECASE,
)


def clauses(sentence: str) -> list[str]:
    """Return the clauses of a sentence: cut before a new subject and at contrast, never inside a plain list."""
    return [piece.strip(" ,") for piece in _CLAUSE.split(straighten(sentence)) if piece and piece.strip(" ,.!?")]


def clause_span(text: str, start: int, end: int) -> tuple[int, int]:
    """Return where the clause that holds a stretch of a text stands; the sentence if the stretch crosses clauses."""
    for left, right in sentence_spans(text):
        if not left <= start <= end <= right:
            continue
        sentence, at = straighten(text[left:right]), 0
        for clause in clauses(sentence):
            place = sentence.find(clause, at)
            if place >= 0 and left + place <= start and end <= left + place + len(clause):
                return left + place, left + place + len(clause)
            at = place + len(clause) if place >= 0 else at
        return left, right
    return start, end


_OPENING = re.compile(
    r"^(?:(?:and|but|so|ok|okay|oh|well|hi|hey|hello|also|yes|no|great|thanks|cool|now|then)\b[\s,!.]*)+", re.IGNORECASE
)


def is_question(sentence: str) -> bool:
    """Return whether a sentence asks: a question mark at its end, or the word order of a question."""
    text = straighten(sentence).strip()
    if text.rstrip("\"') ").endswith("?"):
        return True
    rest = _OPENING.sub("", text)
    first = words(rest)[:2]
    if not first or first[0] not in closed("question openers"):
        return bool(re.match(r"(any ideas?|any chance|wondering|i wonder|could you|can you)\b", rest, re.I))
    if first[0] in closed("asking"):
        return not re.match(r"(what|how|when|where|who|which)\s+(i|we|a|an)\b", rest, re.I)
    return len(first) > 1 and first[1] in closed("subjects")


def is_hypothetical(sentence: str) -> bool:
    """Return whether a sentence supposes rather than states ("if I had a dog", "I wish I", "imagine")."""
    return bool(any_of(phrases("english")["hypothetical"]).search(straighten(sentence)))


# ── negation, names, forms ───────────────────────────────────────────────────────────────────────────────────────


def is_negated(text: str, position: int, reach: int = 4) -> bool:
    """Return whether a negator stands within ``reach`` words before a position, in the same clause."""
    head = re.split(r"[.;!?]|,\s*but\b|\bbut\b", straighten(text[:position]))[-1]
    near = words(head)[-reach:]
    negators = sum(1 for w in near if w in closed("negator") or w.endswith("n't"))
    return negators % 2 == 1


def names(text: str) -> list[str]:
    """Return the proper names in a text as typed: runs of capitalised words that do not merely open a sentence."""
    found: list[str] = []
    for sentence in sentences(text):
        run: list[Word] = []
        for position, word in enumerate(tokens(sentence)):
            if _is_name(word, position):
                adjacent = run and sentence[run[-1].end : word.start] == " "
                run = [*run, word] if adjacent else _flush(run, found, word)
            else:
                run = _flush(run, found)
        _flush(run, found)
    return list(dict.fromkeys(found))


def _is_name(word: Word, position: int) -> bool:
    if not word.text[:1].isupper() or word.lower in stop_words() or word.lower.split("'")[0] in ("i", "it", "that"):
        return False
    return position > 0 or word.text.endswith(("'s", "’s"))


def _flush(run: Sequence[Word], found: list[str], *rest: Word) -> list[Word]:
    if run:
        found.append(" ".join(re.sub(r"['’]s$", "", w.text) for w in run))
    return list(rest)


def third_person(verb: str) -> str:
    """Return the third person singular of a present verb: like -> likes, go -> goes, carry -> carries."""
    low = verb.lower()
    irregular = dict(pair.split(" ", 1) for pair in phrases("english")["irregular"])
    if low in irregular:
        return irregular[low]
    if re.search(r"(s|x|z|ch|sh)$", low):
        return low + "es"
    if re.search(r"[^aeiou]y$", low):
        return low[:-1] + "ies"
    return low + "s"
