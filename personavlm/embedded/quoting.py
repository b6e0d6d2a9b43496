"""The short answer inside a sentence of evidence: a date, a span, a number, a name, a place, yes or no.

    question "When did I go hiking?"  +  8 May: "I went hiking yesterday!"   ->  "7 May 2023"
    question "What do I research?"    +  "Researching adoption agencies, it's been a dream."  ->  "adoption agencies"

Spans are the user's own words, trimmed; only times are rewritten, so that they need no clock. Relative expressions are
resolved against the time of the turn they were said in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise

from personavlm.embedded import arguments, language, voice
from personavlm.embedded.arguments import KIN
from personavlm.embedded.evidence import Candidate
from personavlm.embedded.language import Word
from personavlm.embedded.question import Kind, Question, is_name_of
from personavlm.embedded.shapes import shaped
from personavlm.embedded.when import Mention, date, mentions, say

MAX_SPAN = 14
"""Words in a span at most."""


def extract(question: Question, best: Candidate, names: Sequence[str] = ()) -> str:
    """Return the short answer in a piece of evidence; never empty. ``names`` are those of the two parties."""
    reader = _READERS.get(question.kind)
    found = shaped(question, best) or (reader(question, best) if reader else "")
    return found or span(question, best.text, names) or _trim(best.text) or best.text.strip(" .")


def typed(question: Question, best: Candidate) -> bool:
    """Return whether a piece of evidence holds an answer of the type that is asked for: a person, a time, a place."""
    reader = _READERS.get(question.kind)
    return bool(shaped(question, best) or (reader and reader(question, best)))


# ── times, counts ────────────────────────────────────────────────────────────────────────────────────────────────


def _when(question: Question, best: Candidate) -> str:
    found = _mentions(best.text, best.time) or _mentions(best.said.text, best.time)
    chosen = found[0] if found else None
    asked = re.match(r"(?:in |on )?(?:what|which) (year|month)", question.text, re.I)
    if chosen is None or (chosen.start > best.time and _PAST_QUESTION.match(question.text) and chosen.unit != "year"):
        return _coarse(best.time, asked[1] if asked else "") or date(best.time)
    if asked:
        return _coarse(chosen.start, asked[1])
    return say(chosen, best.time)


_PAST_QUESTION = re.compile(r"when (?:did|was|were|has|have|had)\b", re.I)


def _mentions(text: str, time: datetime) -> list[Mention]:
    """Return the times a text names, the exact ones first, habits left out."""
    found = [m for m in mentions(text, time) if m.kind != "habit" and m.text.lower() not in ("today", "now")]
    return sorted(found, key=lambda m: m.kind == "since")


def _coarse(time: datetime, unit: str) -> str:
    return {"year": f"{time.year}", "month": f"{time:%B} {time.year}"}.get(unit.lower(), "")


_NUMBER = (
    r"(?:\d+(?:[.,]\d+)*|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|"
    r"a couple of|a few|several|a dozen)"
)
_DURATION = re.compile(
    rf"\b{_NUMBER}(?:[- ](?:or|to|and) {_NUMBER})?[- ](?:year|month|week|day|hour|minute|decade)s?\b", re.I
)
_FREQUENCY = re.compile(
    rf"\b(?:once|twice|{_NUMBER} times|every|each)(?: (?:a|per|other|single|{_NUMBER}))?"
    r"(?: (?:day|week|month|year|morning|evening|night|weekend|[A-Z]\w+day)s?)?\b|\b(?:daily|weekly|monthly)\b",
    re.I,
)


def _how_long(_: Question, best: Candidate) -> str:
    for text in (best.text, best.said.text):
        if (match := _DURATION.search(text)) is not None:
            return match[0]
        since = next((m for m in mentions(text, best.time) if m.kind == "since"), None)
        if since is not None:
            return say(since, best.time)
    return ""


def _how_often(_: Question, best: Candidate) -> str:
    match = _FREQUENCY.search(best.text) or _FREQUENCY.search(best.said.text)
    return match[0] if match else ""


def _how_many(question: Question, best: Candidate) -> str:
    for text in (best.text, best.said.text):
        numbers = list(re.finditer(rf"\b{_NUMBER}\b", text, re.I))
        near = [m for m in numbers if set(language.stems(text[m.end() : m.end() + 30])) & set(question.focus)]
        if near or numbers:
            return (near or numbers)[0][0]
    return ""


def _yes_no(_: Question, best: Candidate) -> str:
    negated = bool(re.search(r"\b(?:not|never|no|none|nobody|without|hardly)\b|n't\b", best.text, re.I))
    return "No" if negated else "Yes"


# ── spans ────────────────────────────────────────────────────────────────────────────────────────────────────────


_SOMEBODY = re.compile(
    rf"\b(?:my|our|an?|some|the) (?:\w+ )?{KIN.pattern}(?:\s+(?-i:[A-Z][a-z]+))?", re.I
)  # with the name that follows: "my nephew Leo"


def _what(question: Question, best: Candidate) -> str:
    return arguments.object_of(question, best.text, best.time)


def _who(question: Question, best: Candidate) -> str:
    if doer := arguments.subject_of(question, best.text, best.earlier):
        return doer
    known = {w for text in (question.text,) for w in language.words(text)}
    people = arguments.persons(best.text)
    named = [n for n in language.names(best.text) if n in people and not set(language.words(n)) & known]
    if (
        kin := re.search(rf"\b(?:my|our|an?|some|the) (?:\w+ )?{KIN.pattern}(?:\s+(?-i:[A-Z][a-z]+))?", best.text, re.I)
    ) is not None:
        return _yours(kin[0])
    return named[0] if named else ""


def _where(question: Question, best: Candidate) -> str:
    matches = re.finditer(
        r"\b(?:in|at|to|from|near|on|around|inside)\s+((?:(?:the|a|an|my|our|this)\s+)?[\w'’-]+(?:\s+(?:of\s+)?(?:the\s+)?[A-Z][\w'’-]*)*"
        r"(?:\s+(?:city|park|beach|museum|school|shelter|church|store|shop|studio|gym|house|home))?)",
        best.text,
    )
    for match in matches:
        stems = language.stems(match[1])
        if stems and not set(stems) & set(question.terms) and not mentions(match[0], best.time):
            return match[1]
    return ""


_CAUSE = re.compile(
    r"\b(?:because|since(?! then)|'cause|cuz|so that|as|so i can|reason is|in order to)\b\s*(.{6,120}?)(?=[.!?;]|$)",
    re.I,
)
_WANTED = re.compile(
    r"\b(?:i|we) (?:just |really )?(?:wanted|want|needed|need|hoped|hope) (to .{6,120}?)(?=[.!?;]|$)", re.I
)


def _why(_: Question, best: Candidate) -> str:
    match = _CAUSE.search(best.text) or _WANTED.search(best.text)
    said = re.sub(r"\s+", " ", match[1]).strip(" ,") if match else ""
    return voice.addressed(said) if best.side == "user" else said


_READERS: dict[Kind, Callable[[Question, Candidate], str]] = {
    "when": _when,
    "how long": _how_long,
    "how often": _how_often,
    "how many": _how_many,
    "yes-no": _yes_no,
    "what": _what,
    "who": _who,
    "where": _where,
    "why": _why,
}

_BOUNDARY = re.compile(
    r"[.!?;:()\"]|\s[-–—]+\s|,\s+(?=(?:and|but|so|i|it|we|he|she|they|that|which|who)\b)|\b(?:because|but|which|while|although)\b",
    re.I,
)
_LIGHT = re.compile(
    r"^(?:(?:and|or|but|so|that|this|it|it's|is|are|was|were|been|be|i|i'm|i've|we|we're|he|she|they|my|our|a|an|the|to|of|for|"
    r"with|in|on|at|by|just|really|also|some|about|you|yeah|yep|yes|no|well|oh|wow|thanks|hey|like|have|had|has|got|get|do|did|"
    r"will|would|can|could|there|there's|as|from|up|out|too|even|still|already|very|so)\s+)+",
    re.I,
)
_LOOSE = re.compile(
    r"(?:\s+(?:and|or|but|so|that|is|are|was|were|to|of|for|with|in|on|at|by|the|a|an|my|i|it|you|we|too|as|from))+$",
    re.I,
)


def span(question: Question, sentence: str, names: Sequence[str] = ()) -> str:
    """Return the part of a sentence that the question does not say already; empty if nothing is left."""
    asked = set(question.terms) | {language.stem(w) for w in language.words(question.text)}
    best: tuple[float, str] = (0.0, "")
    for piece in _pieces(sentence):
        found = language.tokens(piece)
        matched = [i for i, w in enumerate(found) if _says(w, asked)]
        for start, end in _stretches(matched, len(found)):
            text = _trim(piece[found[start].start : found[end - 1].end])
            content = [w for w in language.content_words(text) if not any(is_name_of(w.title(), n) for n in names)]
            after = bool(matched) and start > matched[0]
            worth = min(len(content), 5) * (1.0 if after else 0.6) + 1.5 * bool(matched)
            if content and worth > best[0]:
                best = worth, text
    return best[1]


def _says(word: Word, asked: set[str]) -> bool:
    return word.lower not in language.stop_words() and language.stem(word.lower) in asked


def _pieces(sentence: str) -> list[str]:
    return [
        piece.strip() for piece in _BOUNDARY.split(language.straighten(sentence)) if piece and re.search(r"\w", piece)
    ]


def _stretches(matched: Sequence[int], length: int) -> list[tuple[int, int]]:
    """Return the runs of words between the matched ones."""
    edges = [-1, *matched, length]
    return [(a + 1, b) for a, b in pairwise(edges) if b > a + 1]


def _trim(text: str) -> str:
    """Return a span without light words at its ends, at most ``MAX_SPAN`` words."""
    text = re.sub(r"\s+", " ", text).strip(" ,.!?;:-")
    text = _LIGHT.sub("", text + " ").strip()
    text = _LOOSE.sub("", text).strip(" ,.!?;:-")
    return " ".join(text.split()[:MAX_SPAN])


def _yours(text: str) -> str:
    """Return a noun phrase of the speaker's without its article or possessive."""
    return re.sub(r"^(?:my|our|an?|some|the)\s+", "", text, flags=re.I)
