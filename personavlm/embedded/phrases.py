"""Phrases cut out of what a user says: patterns of ``words/semantic.txt``, values trimmed, the third person.

>>> value_of("spicy food a lot, because it warms me")
'spicy food'
>>> listed("tea, dark chocolate and walks")
['tea', 'dark chocolate', 'walks']
>>> third("I've got two cats and my sister loves them", now)
'has got two cats and their sister loves them'
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from itertools import pairwise

from personavlm.embedded import banks, language, voice

MAX_WORDS = 9
"""A longer value is cut at its first comma or preposition, or given up."""

_ADVERBS = (
    r"(?:(?:really|absolutely|also|just|still|always|actually|honestly|generally|usually|personally|totally|truly|now"
    r"|definitely|especially|particularly|kinda|sorta|do|quite|rather|simply|often|sometimes|mostly|mainly|normally|both"
    r"|secretly|probably|ever|all that|that|very|so|super|too|even|recently|finally) )*"
)
SHORTHANDS = {
    "{do not}": rf"(?:\b(?:i|we) |^){_ADVERBS}(?:don't|dont|do not|didn't|did not|never|doesn't|don’t) {_ADVERBS}",
    "{am}": r"\b(?:i|we)(?:'m|m| am|'re| are|'ve been|'ve become| have been| have become| was|'ve always been) "
    + _ADVERBS,
    "{i}": rf"(?:\b(?:i|we)(?:'ve| have)? |^){_ADVERBS}",
    "{adv}": _ADVERBS,
    "{cap}": r"(?-i:[A-Z])[\w'-]*(?: (?-i:[A-Z])[\w'-]*){0,2}",
    "{new}": r"(?P<new>[^,.!?;]{1,60})",
    "{old}": r"(?P<old>[^,.!?;]{1,60})",
}


@cache
def patterns(section: str) -> tuple[re.Pattern[str], ...]:
    """Return the patterns of a section of ``words/semantic.txt``."""
    compiled: list[re.Pattern[str]] = []
    for row in banks.lines("semantic")[section]:
        for short, spelled in {**SHORTHANDS, **_word_classes()}.items():
            row = row.replace(short, spelled)
        compiled.append(re.compile(row, re.IGNORECASE))
    return tuple(compiled)


@cache
def _word_classes() -> dict[str, str]:
    people = banks.phrases("people")
    kinds = {
        "{times}": banks.phrases("semantic")["times"],
        "{people}": people["diet"] + people["status"] + people["occupation"],
    }
    return {
        short: f"(?:{'|'.join(map(re.escape, sorted(set(listed), key=lambda w: (-len(w), w))))})"
        for short, listed in kinds.items()
    }


def first(section: str, text: str) -> re.Match[str] | None:
    """Return the match of the first of a section's patterns that a text fits."""
    return next((match for pattern in patterns(section) if (match := pattern.search(text))), None)


@cache
def _group(section: str) -> re.Pattern[str]:
    return banks.any_of(banks.phrases("semantic")[section])


def starts_with(section: str, text: str) -> bool:
    """Return whether a text opens with one of a section's phrases."""
    return _group(section).match(text.lstrip()) is not None


def value_of(text: str) -> str:
    """Return the noun phrase a text opens with, without what follows it or trails behind; empty if there is none."""
    text = language.straighten(text)
    text = re.split(r"[.;:!?()\[\]]|\s-\s|\.\.", text)[0]
    end = next((m.start() for m in _group("value ends").finditer(text) if m.start() > 0), len(text))
    value = _untrailed(
        re.sub(r",? no (?:question|doubt|contest).*$", "", text[:end], flags=re.IGNORECASE).strip(" ,'\"-")
    )
    if len(value.split()) > MAX_WORDS:
        value = _untrailed(value.split(",")[0])
    if len(value.split()) > MAX_WORDS:
        value = _untrailed(re.split(r" (?:for|with|in|on|at|by|from|and|to) ", value)[0])
    return value if 0 < len(value.split()) <= MAX_WORDS else ""


def _untrailed(value: str) -> str:
    trails = banks.phrases("semantic")["value trails"]
    pattern = re.compile(rf"[ ,]+(?:{'|'.join(sorted(map(re.escape, trails), key=len, reverse=True))})$", re.IGNORECASE)
    while (shorter := pattern.sub("", value).strip(" ,'\"-")) != value:
        value = shorter
    return value


def value_of_clause(text: str, most: int = 14) -> str:
    """Return a clause up to its first reason, contrast or remark, at most ``most`` words, cut at a preposition."""
    text = re.split(
        r"[.;:!?()]|\s-\s|,? (?:because|but|so|which|cause|lol|haha|though|and (?:it|i|they|we|he|she))\b", text
    )[0]
    kept = text.strip(" ,").split()
    if len(kept) > most:
        text = " ".join(kept[:most])
        text = re.split(r",(?!.*,)| (?:and|with|for|to|in|on|at|that|from|by|as)(?: [^ ]+){0,2}$", text)[0]
    return text.strip(" ,")


def listed(value: str) -> list[str]:
    """Return the items of a value that is a plain list, or the value alone."""
    items = [item.strip() for item in re.split(r"\s*,\s*(?:(?:and|or)\s+)?|\s+(?:and|or|&)\s+", value) if item.strip()]
    plain = len(items) > 1 and all(len(item.split()) <= 4 for item in items)
    return items if plain and not re.match(r"(?:to|mac|fish|both|between|salt) ", value.lower()) else [value]


def bare_noun(value: str) -> str:
    """Return a value without the determiner it opens with."""
    return re.sub(
        r"^(?:(?:a|an|the|some|any|all|my|our|lots of|a lot of|a bit of|eating|having)\s+)+", "", value, flags=re.I
    )


# ── the third person ─────────────────────────────────────────────────────────────────────────────────────────────

_SUBJECT = re.compile(r"^(?:i|we)(?P<aux>'m|'ve|'d|'ll|'re|m(?= )|ve(?= ))?\s+", re.IGNORECASE)
_AUX = {"'m": "is", "m": "is", "'re": "is", "'ve": "has", "ve": "has", "'d": "would", "'ll": "will"}
_FORMS = {
    **{"am": "is", "are": "is", "was": "was", "were": "was", "have": "has", "do": "does", "don't": "doesn't"},
    **{"dont": "doesn't", "haven't": "hasn't", "aren't": "isn't", "weren't": "wasn't"},
}


def third(clause: str, now: datetime | None = None) -> str:
    """Return a first-person clause in the third person without its subject; with a clock, times are spelled out."""
    clause = language.straighten(clause).strip(" .!,")
    clause = voice.dated(clause, now) if now else clause
    subject = _SUBJECT.match(clause)
    if subject is None:
        return voice.reported(clause)
    rest = clause[subject.end() :]
    aux = (subject["aux"] or "").lower()
    return voice.reported(f"{_AUX[aux]} {rest}" if aux else _inflected(rest))


def _inflected(rest: str) -> str:
    words = rest.split(" ")
    for position, word in enumerate(words):
        low = word.lower()
        if low in _FORMS:
            words[position] = _FORMS[low]
        elif low.endswith("ly") or language.tag(low) == "adverb":
            continue
        elif language.tag(low) == "open" and not past(low):
            words[position] = language.third_person(low)
        break
    return " ".join(words)


def past(verb: str) -> bool:
    """Return whether a verb form is a past tense, by its ending or by list."""
    return (verb.endswith("ed") and verb not in ("need", "feed", "speed")) or verb in language.closed("past")


# ── sentences worth reading ──────────────────────────────────────────────────────────────────────────────────────

_JOKE = re.compile(
    r"\b(?:just kidding|just joking|jk|only joking|only kidding|kidding|joking|not really tho(?:ugh)?"
    r"|in my dreams|dream on|yeah,? right|as if|i wish|oh sure|pulling your leg|had you there|got you there)\b|/s\b",
    re.IGNORECASE,
)
_TAKEN_BACK = re.compile(rf"(?:[\w']+[\s,.!]+){{0,3}}(?:{_JOKE.pattern})", re.IGNORECASE)
"""What opens a sentence that makes a joke of the one before."""

_WITHHELD = re.compile(
    r"\b(?:don't|do not|no need to|never) (?:remember|save|store|note|write|keep|record|log)\b"
    r"[^.?!]{0,30}\b(?:this|that|it)\b"
    r"|\boff the record\b|\bbetween (?:us|you and me)\b"
    r"|\bforget (?:that )?(?:i|what i) (?:ever |just )?(?:said|told|mentioned)\b"
    r"|\b(?:strike|scratch) that\b",
    re.IGNORECASE,
)


def withheld(text: str) -> bool:
    """Return whether a message asks that what it says be not remembered."""
    return _WITHHELD.search(language.straighten(text)) is not None


def statements(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the sentences in which a user may say something of themselves, with where they stand in the text.

    Questions, suppositions, jokes and what stands in quotation marks are left out; lengths are kept.
    """
    blanked = language.straighten(text)
    for pattern in patterns("not own"):
        blanked = pattern.sub(lambda m: " " * len(m[0]), blanked)
    spans = language.sentence_spans(blanked)
    for (start, end), (after, stop) in pairwise([*spans, (0, 0)]):
        sentence = blanked[start:end]
        joke = _JOKE.search(sentence) or _TAKEN_BACK.match(blanked[after:stop])
        if not (language.is_question(sentence) or language.is_hypothetical(sentence) or joke):
            yield sentence, start, end
