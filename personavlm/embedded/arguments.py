"""Arguments: who does, and what is done, by the verb of a question and the same verb in the evidence.

    "What did Bob bring along?"   +  "Bob came round with his guitar this afternoon"       ->  "his guitar"
    "Who looks after Rex?"        +  "Ann said yes. She'll take him all week"               ->  "Ann"
    "What do I have for lunch?"   +  "I like to have burgers a lot, no time limit though"   ->  "burgers"

The verb may be there in another form or wording (``senses``). A pronoun that does it stands for whom the same message
named before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from personavlm.embedded import banks, language, phrases, senses
from personavlm.embedded.question import Question
from personavlm.embedded.when import mentions

MAX_WORDS = 7
"""Words in an object at most."""


class Asked(NamedTuple):
    """The verb of a question, and whether it asks who or what does it (or else to whom or what it is done)."""

    verb: str
    subject: bool
    at: int
    """Where the verb stands in the question."""


_AUXILIARY = r"(?:do|does|did|am|is|are|was|were|have|has|had|will|would|can|could|should)"
_HELPED = re.compile(
    rf"\b(?:who|what|which|when|where)(?: [\w'-]+){{0,3}}? (?P<aux>{_AUXILIARY}) (?P<rest>.+)$", re.IGNORECASE
)
_BE = frozenset({"am", "is", "are", "was", "were"})
_PLAIN = re.compile(r"\b(?:who|what) (?P<rest>.+)$", re.IGNORECASE)
_EMPTY_VERBS = frozenset({"be", "do", "happen", "say", "mention", "mean"})


def asked(question: Question) -> Asked | None:
    """Return the verb of a question that asks who, what or which; None where it has none of its own."""
    text = language.straighten(question.text).rstrip(" ?!.")
    match = _HELPED.search(text)
    if match is not None:
        verb = _after_subject(match["rest"])
        subject = verb is not None and verb.start == 0
        if match["aux"].lower() in _BE and not (verb and verb.lower.endswith("ing")):
            return None  # "is" is the verb itself
    else:
        match = _PLAIN.search(text)
        verb = next(iter(language.tokens(match["rest"])), None) if match else None
        subject = True
    if match is None or verb is None or senses.root(verb.lower) in _EMPTY_VERBS:
        return None
    return Asked(verb.lower, subject, match.start("rest") + verb.start)


def _after_subject(rest: str) -> language.Word | None:
    """The first word after the subject that "did" or "is" is followed by; the first of all if that is an -ing form."""
    words = language.tokens(rest)
    at = 0
    if words and words[0].lower.endswith("ing"):
        return words[0]
    if words and language.tag(words[0].lower) in ("pronoun",):
        at = 1
    elif words and language.tag(words[0].lower) in ("possessive", "determiner"):
        at = 2
    else:
        while at < len(words) and words[at].text[:1].isupper():
            at += 1
    while at < len(words) and language.tag(words[at].lower) == "adverb":
        at += 1
    return words[at] if 0 < at < len(words) else None


# ── the verb in the evidence ─────────────────────────────────────────────────────────────────────────────────────


def _places(question: Question, verb: Asked, text: str) -> Iterator[tuple[int, int]]:
    """Yield where a text has the verb, in its own or another wording: beginning and end."""
    spoken, told = senses.said_in(question.text), senses.said_in(text)
    for name in spoken.keys() & told.keys():
        if spoken[name][0] <= verb.at < spoken[name][1]:
            yield told[name]
    for word in language.tokens(text):
        if senses.root(word.lower) == senses.root(verb.verb) and not senses.is_thing(text, word):
            yield word.start, word.end


def object_of(question: Question, text: str, time: datetime) -> str:
    """Return what is done to, had, brought: the phrase after the verb; empty where there is none that is news.

    Where the question names that phrase too ("a recipe for what?"), the one that depends on it.
    """
    verb = asked(question)
    if verb is None or verb.subject or question.kind not in ("what", "who"):
        return ""
    text = language.straighten(text)
    for _, end in _places(question, verb, text):
        rest = text[end:]
        while found := noun_phrase(rest, time):
            if is_news(question, found):
                return found
            rest = rest[rest.index(found) + len(found) :]
    return ""


def is_news(question: Question, text: str) -> bool:
    """Return whether a text has a content word that the question has not."""
    return any(not senses.covered(question.text, question.terms, word) for word in language.content_words(text))


def lacks_verb(question: Question, text: str) -> bool:
    """Return whether a question has a verb of its own ("when do I fly") that a text has in no form or wording."""
    verb = asked(question)
    if verb is None or language.stem(verb.verb) not in question.terms:
        return False
    return language.stem(verb.verb) not in senses.covered(question.text, question.terms, text)


def subject_of(question: Question, text: str, earlier: str = "") -> str:
    """Return who does it: a name or relation before the verb, or whom its pronoun stands for; empty without one."""
    verb = asked(question)
    if verb is None or not verb.subject or question.kind != "who":
        return ""
    text = language.straighten(text)
    for start, _ in _places(question, verb, text):
        before = re.split(r"[.;!?]|\b(?:because|while|when|if)\b", text[:start])[-1]
        if _PRONOUN.search(before):
            before = f"{earlier} {before}"
        found = others(question, before)
        if found:
            return found[-1]
    return ""


def others(question: Question, text: str) -> list[str]:
    """Return the people a text names and the question does not."""
    known = set(language.words(question.text))
    return [who for who in persons(text) if not set(language.words(who)) & known]


_PRONOUN = re.compile(r"\b(?:he|she|they)(?:'ll|'s|'ve|'d)?(?: \w+){0,3} ?$", re.IGNORECASE)


# ── phrases ──────────────────────────────────────────────────────────────────────────────────────────────────────

KIN = re.compile(
    r"\b(?:mom|mum|mother|dad|father|sister|brother|aunt|uncle|grand\w+|friends?|wife|husband|son|daughter|kids?|children|"
    r"cousin|colleagues?|boss|neighbou?r|teacher|coach|partner|girlfriend|boyfriend|family|team\w*|nephew|niece)\b",
    re.I,
)

_NAME = r"(?-i:[A-Z])[a-z]+(?:[ -](?-i:[A-Z])[a-z]+)*"
_PERSON = re.compile(
    rf"\b(?:my|our|his|her|their|an?|some|the) (?:[\w-]+ )?(?P<k>{KIN.pattern})(?:,? (?P<n>{_NAME}))?|\b(?P<m>{_NAME})",
    re.IGNORECASE,
)
_PLACED = re.compile(r"\b(?:in|at|near|around|outside|to|from|on)(?: the)? $", re.IGNORECASE)


def persons(text: str) -> list[str]:
    """Return the people a text names, in order: relations, with the name behind them, and names that are no places."""
    found: list[str] = []
    for match in _PERSON.finditer(text):
        name = match["m"]
        if name and (_PLACED.search(text[: match.start()]) or not _names_somebody(name)):
            continue
        found.append(name or f"{match['k']} {match['n'] or ''}".strip())
    return found


def _names_somebody(name: str) -> bool:
    first = name.split()[0].lower()
    return not (first in language.stop_words() or first in banks.phrases("shapes")["starters"] or first in _OPENERS)


_OPENERS = language.closed("question openers")

_ENDS = re.compile(
    r"[.,;:!?()\"]|\s-\s|\b(?:i|i'm|i've|we|we're|he|he's|she|she's|they|they're|it's|you|that|which|who|because|so|but|while|when|if|"
    r"since|as|than|for|to|in|on|at|from|by|with|after|before|during|until|till|through|is|are|was|were|has|had|will|"
    r"would|can|could|and (?:i|it|he|she|we|they|then|my|had|was|got|went|am|have)|"
    r"this (?:morning|afternoon|evening|time))\b",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"^\W*(?:(?:for|of|to|about|along|round|over|with|up|out|some|myself|ourselves|me|us)\b\s*)*", re.IGNORECASE
)
_LIST = re.compile(r"^[\w' -]{2,40}?(?:, [\w' -]{2,30}?)+,? (?:and|or) [\w'-]+(?: [\w'-]+)?", re.IGNORECASE)


def noun_phrase(text: str, time: datetime) -> str:
    """Return the noun phrase, or the list of them, that a text opens with; empty if there is none."""
    text = _LEAD.sub("", text)
    first = next(iter(language.words(text)), "")
    if not first or language.tag(first) in ("pronoun", "auxiliary", "conjunction", "preposition"):
        return ""
    listed = _LIST.match(text)
    end = _ENDS.search(text, 1)
    cut = listed[0] if listed else text[: end.start()] if end else text
    timed = next((m.span[0] for m in mentions(cut, time)), len(cut))
    value = phrases.value_of(cut[:timed])
    words = value.split()
    return " ".join(words) if 0 < len(words) <= MAX_WORDS and language.content_words(value) else ""
