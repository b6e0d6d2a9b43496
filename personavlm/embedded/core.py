"""What a finished session says of who the user is and how they want the assistant: the ``core`` contract, no weights.

    user: I'm a nurse and I live in Porto with my wife Ana. Please keep your answers short.
    ->  Human                       Persona
        "home": Porto               "length": keep your answers short
        "job": nurse
        "wife": Ana

Two things are read: statements of the user's about themselves, in the first person (``words/core.txt`` holds the
patterns), and short replies to the assistant's own questions ("How old are you?" - "34"). What is supposed, asked,
quoted or said of somebody else is left out, and what is known already is not written again. A name, once known, changes
only by a statement of the user's own name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple

from personavlm.embedded import banks, language, phrases
from personavlm.embedded.asides import asides
from personavlm.embedded.ellipsis import completed
from personavlm.encoders import TextEncoder
from personavlm.models import Message
from personavlm.prompts import slot
from personavlm.prompts.text import Line, parse_core_text, parse_history

MAX_VALUE = 80
MAX_ENTRIES = 24
"""Entries written per block; the parser takes 48 in all."""
MAX_TEXT = 20_000
"""Characters read of one message."""
OLDEST = 115
LISTS = frozenset({"allergy", "condition", "diet", "languages", "status", "family", "pets", "manner"})
"""Keys that hold several values: a new one joins the old."""


class Found(NamedTuple):
    """One thing said: its block, key and value; an empty value ends what was known."""

    block: str
    key: str
    value: str


def extract(messages: Sequence[Message], encoder: TextEncoder) -> str:  # noqa: ARG001 - the contract's signature
    """Return the ``core`` contract's text: new or corrected entries under two headings, or ``{}``."""
    known = parse_core_text(slot(messages, "UserProfile"))
    new: dict[str, dict[str, str]] = {"human": {}, "persona": {}}
    asked = ""
    for line in parse_history(slot(messages, "DialogHistory"), UTC):
        told = [] if phrases.withheld(line.user) else [*statements(line.user), *in_passing(line.user)]
        for found in [*_reply(asked, line), *told]:
            _put(new[found.block], known[found.block], found.key, found.value)
        asked = line.assistant
    blocks = [_block(name, entries) for name, entries in new.items()]
    return "\n".join(b for b in blocks if b) or "{}"


def _block(name: str, entries: dict[str, str]) -> str:
    rows = [f'"{key}": {value or "null"}' for key, value in list(entries.items())[:MAX_ENTRIES]]
    return "\n".join([name.title(), *rows]) if rows else ""


def _put(new: dict[str, str], known: dict[str, str], key: str, value: str) -> None:
    old = new.get(key, known.get(key, ""))
    if not value:
        if key in known:  # an end: only of what was known
            new[key] = ""
        else:
            new.pop(key, None)
    elif not _covers(old, value):
        new[key] = f"{old}, {value}"[:MAX_VALUE] if key in LISTS and old else value


def _covers(old: str, new: str) -> bool:
    return set(language.words(new)) <= set(language.words(old))


# ── statements ───────────────────────────────────────────────────────────────────────────────────────────────────


def statements(text: str) -> Iterator[Found]:
    """Yield what a message says of its writer and asks of the assistant, in order of the patterns."""
    for sentence in language.sentences(_own_words(text[:MAX_TEXT])):
        if language.is_hypothetical(sentence):
            continue
        plain = language.straighten(sentence)
        question = language.is_question(sentence)
        for rule in _rules():
            if not (question and rule.block == "human"):
                yield from _matches(rule, plain)


def in_passing(text: str) -> Iterator[Found]:
    """Yield who the user is where a message says it in passing (``asides``); the clock does not matter to these."""
    for sentence, _, _ in phrases.statements(_own_words(text[:MAX_TEXT])):
        for one in asides(completed(sentence), (0, 0), _NO_CLOCK):
            if one.attribute in _SELF and not (one.attribute == "home" and not one.content.startswith("lives")):
                yield Found("human", one.attribute, _VERB.sub("", one.content)[:MAX_VALUE])


_SELF = frozenset({"job", "employer", "studies", "home", "origin", "name", "diet", "condition"})
_VERB = re.compile(r"^(?:works (?:as|at)|starts at|lives(?: in)?|studies|name is|is from|is|has) ")
_NO_CLOCK = datetime(2000, 1, 1, tzinfo=UTC)


def _own_words(text: str) -> str:
    """The text without quotations and picture captions: those words are not the user's."""
    return re.sub(r"\[picture[^\]]*\]|[\"“][^\"”\n]*[\"”]", " ", text)


class _Rule(NamedTuple):
    block: str
    reading: str
    key: str
    pattern: re.Pattern[str]


def _matches(rule: _Rule, sentence: str) -> Iterator[Found]:
    for match in rule.pattern.finditer(sentence):
        groups = match.groupdict()
        value = "" if rule.reading == "end" else _value(rule.reading, groups.get("v") or "")
        if (value or rule.reading == "end") and not _UNDONE.search(sentence[: match.start()]):
            yield Found(rule.block, _key(groups.get("k") or rule.key), value)


def _key(key: str) -> str:
    return re.sub(r"\s+", " ", key.lower().replace("favorite", "favourite")).strip()


_UNDONE = re.compile(
    r"\b(?:used to|if|when|before|until|as though|thinks?|thought|said|says|told \w+|pretend\w*|wish|hope|not|never)"
    r"\W*$",
    re.IGNORECASE,
)
"""Before a statement: it is somebody else's, past or supposed."""

_SHORTHANDS = {
    "{am}": r"\bI(?:'m|m| am)(?: (?:also|now|currently|still|actually|just|only|already))?",
    "{have}": r"\b(?:I|we)(?:'ve| have| got|'ve got| have got| own| adopted| just got| just adopted| recently adopted)",
    "{cap}": r"(?-i:[A-Z][\w'-]*\w)",
    "{np}": r"[\w&][\w'&-]*(?: [\w&][\w'&-]*){0,4}?",
    "{stop}": r"(?= *(?:[.,;:!?()]|$| - |\b(?:and|but|with|because|so|for|where|which|who|while|when|since|as|though|"
    r"although|in|at|now|right now|these days|until|if|that|to|after|before|by|on|or|too|also|near|"
    r"last|this|next|originally|yesterday|ago|today|myself|full-time|part-time|already|again)\b))",
}


@cache
def _rules() -> tuple[_Rule, ...]:
    people = {
        f"{{{name}}}": "|".join(map(re.escape, _longest(words))) for name, words in banks.phrases("people").items()
    }
    rules: list[_Rule] = []
    for section, rows in banks.lines("core").items():
        block, reading = section.split()
        for row in rows:
            key, _, source = row.partition(" := ")
            for short, spelled in (people | _SHORTHANDS).items():
                source = source.replace(short, spelled)
            rules.append(_Rule(block, reading, key, re.compile(source, re.IGNORECASE)))
    return tuple(rules)


def _longest(words: Sequence[str]) -> list[str]:
    return sorted(words, key=lambda w: (-len(w), w))


def _value(reading: str, text: str) -> str:
    value = re.sub(r"'s$", "", re.sub(r"\s+", " ", text).strip(" ,.'-")[:MAX_VALUE])
    if value.lower() in ("null", "none"):  # words that would end an entry
        return ""
    if reading == "name":
        return value if _is_name(value) else ""
    if reading == "age":
        return value if 3 <= int(value) <= OLDEST else ""
    words = language.words(value)
    return value if any(w not in language.stop_words() for w in words) or (reading == "short" and words) else ""


def _is_name(value: str) -> bool:
    first, *rest = value.split()
    low = first.lower()
    if low in language.stop_words() or low in banks.phrases("people")["no name"] or any(w[:1].islower() for w in rest):
        return False
    return first[:1].isupper() or first.isalpha()


# ── replies to the assistant's questions ─────────────────────────────────────────────────────────────────────────

_ASKED = (
    (
        "name",
        "name",
        re.compile(r"\b(?:what(?:'s| is)|may i (?:ask|know)|tell me) your name\b|\bwhat should i call you", re.I),
    ),
    ("age", "age", re.compile(r"\bhow old are you\b|\b(?:what(?:'s| is)|tell me) your age\b", re.I)),
    (
        "home",
        "place",
        re.compile(r"\bwhere (?:do|are) you (?:live|living|based)\b|\bwhich (?:city|town|country) do you live", re.I),
    ),
    (
        "job",
        "short",
        re.compile(r"\bwhat do you do for a living\b|\bwhat(?:'s| is) your (?:job|occupation|profession)\b", re.I),
    ),
)
_LEAD_IN = re.compile(
    r"^(?:it'?s|i am|i'?m|i live in|in|a|an|just|my name is|sure|well|oh|hi|hello|yes|call me)\b[\s,:!]*", re.I
)
SHORT = 4
"""Words up to which a reply is taken for the bare answer to a question."""


def _reply(asked: str, line: Line) -> Iterator[Found]:
    """The bare answer to a question the assistant asked just before ("Where do you live?" - "Porto")."""
    said = language.straighten(line.user).strip(" .!\n")
    bare = _LEAD_IN.sub("", _LEAD_IN.sub("", said)).strip(" .!")
    if (
        not bare
        or "?" in said
        or len(bare.split()) > SHORT
        or re.search(r"\b(?:rather|not|no|why|nothing|secret)\b", said, re.I)
    ):
        return
    questions = [key for key in _ASKED if key[2].search(language.straighten(asked))]
    for key, reading, _ in questions[-1:]:
        digits = re.match(r"\d{1,3}\b", bare)
        value = _value(reading, digits[0] if digits else "0") if reading == "age" else _value(reading, bare)
        if value:
            yield Found("human", key, value)
