"""What a message asks: its kind, whom it is about, its words, its time, its options.

    >>> q = analyse("When did Caroline go hiking?", now, user="Caroline", assistant="Mel")
    >>> q.kind, q.about, q.terms
    ('when', frozenset({'user'}), ('go', 'hike'))

The kind decides what an answer looks like (a date, a name, a yes), ``about`` whose words may support it: asked about
the user, what the other side did is no evidence. Phrases are in ``words/questions.txt``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from personavlm.embedded import banks, language
from personavlm.embedded.when import Mention, mentions

Kind = Literal[
    "greeting", "statement", "identity", "recommend", "opinion", "picture", "choice",
    "when", "who", "where", "why", "how", "how many", "how long", "how often", "what", "yes-no",
]  # fmt: skip
LOOKED_UP: frozenset[Kind] = frozenset(
    (
        "recommend",
        "opinion",
        "choice",
        "when",
        "who",
        "where",
        "why",
        "how",
        "how many",
        "how long",
        "how often",
        "what",
        "yes-no",
    )
)
Party = Literal["user", "assistant", "other"]


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to choose: its letter and its text."""

    letter: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """A message, understood as far as the rules go."""

    text: str
    """The question itself, without greetings, "do you remember" and options."""
    kind: Kind
    about: frozenset[Party]
    """Whose life it asks about: the user's, the assistant's, both; empty if it does not say."""
    others: tuple[str, ...]
    """Names of third persons and things in it, as typed."""
    terms: tuple[str, ...]
    """Stems of its content words, names of the two parties and time words left out."""
    focus: tuple[str, ...]
    """Stems of the noun after what, which or how many: the kind of thing wanted."""
    times: tuple[Mention, ...]
    options: tuple[Option, ...]


_OPTION = re.compile(r"^\s*\(?([a-hA-H])\)[.:]?\s+(\S.*?)\s*$", re.M)


def phrased(section: str) -> re.Pattern[str]:
    """Return a pattern of any line of a section of ``words/questions.txt``."""
    return re.compile("|".join(f"(?:{line})" for line in banks.lines("questions")[section]), re.I)


_OPENING = re.compile(rf"^(?:{phrased('opening').pattern}\b[\s,!.]*)+", re.I)
_LEAD = re.compile(rf"^(?:{phrased('lead').pattern})[\s,]*(?:if|whether)?\s*", re.I)
_GREETING = re.compile(
    rf"^(?:{phrased('greeting').pattern})\b(?:[\s,!.]+(?!i\b|i'|my\b|we\b)[\w']+){{0,5}}[\s?!.]*$", re.I
)
_IDENTITY, _RECOMMEND, _REPORTED = phrased("identity"), phrased("recommend"), phrased("reported")
_ASKS_FOR, _OPINION, _PICTURE = phrased("asks for"), phrased("opinion"), phrased("picture")
_KINDS: tuple[tuple[str, Kind], ...] = (
    (
        r"(?:since|until|till|by|for) when\b|when\b|(?:on |in )?(?:what|which) (?:date|day|year|month|week|time)\b",
        "when",
    ),
    (r"how long\b|for how long\b|how many (?:years|months|weeks|days|hours|minutes)\b", "how long"),
    (r"how often\b|how frequently\b|how many times (?:a|per)\b", "how often"),
    (r"how (?:many|much|old)\b|what number\b", "how many"),
    (r"(?:with |to |from |by |for )?(?:who|whom|whose)\b|who's\b", "who"),
    (r"(?:to |from )?where\b|where's\b", "where"),
    (r"why\b|for what reason\b|how come\b|what (?:is|was) the reason\b", "why"),
    (r"how\b", "how"),
    (r"(?:\w+ ){0,3}?(?:what|which)\b|what's\b", "what"),
    (
        r"(?:do|does|did|is|are|am|was|were|has|have|had|can|could|would|will|should|isn't|aren't|wasn't|weren't|don't|"
        r"doesn't|didn't|hasn't|haven't|won't|might|may)\b",
        "yes-no",
    ),
)
_COMPILED = tuple((re.compile(pattern, re.I), kind) for pattern, kind in _KINDS)
_ANYWHERE = re.compile(r"\b(what|which|who|when|where|why|how)\b", re.I)


def analyse(message: str, now: datetime, user: str = "", assistant: str = "", pictures: int = 0) -> Question:
    """Return what a message asks. ``user`` and ``assistant`` are the names by which the two sides may be mentioned."""
    message = language.straighten(message[:MAX_TEXT]).strip()
    found = tuple(Option(m[1].lower(), m[2]) for m in _OPTION.finditer(message))
    options = found if len(found) >= 2 else ()
    text = without_options(message) if options else message
    bare = text if _OPINION.search(text) else _bare(text)
    kind: Kind = "choice" if options else _kind(text, bare, pictures)
    times = tuple(m for m in mentions(bare, now) if not _PRESENT.search(bare[: m.span[0]]))
    parties = {"user": user, "assistant": assistant}
    return Question(
        text=bare,
        kind=kind,
        about=_about(bare, parties),
        others=_others(bare, parties),
        terms=_terms(bare, parties, times),
        focus=_focus(bare),
        times=times,
        options=options,
    )


MAX_TEXT = 4_000
"""Characters of a message that are read."""


def without_options(message: str) -> str:
    """Return a message up to where its options begin."""
    return _OPTIONS_BEGIN.split(message, maxsplit=1)[0].strip()


_OPTIONS_BEGIN = re.compile(r"\n\s*(?:options?|choices)\s*:|^\s*\(?[a-h]\)[.:]?\s", re.I | re.M)
_PRESENT = re.compile(r"\b(?:it's|it is|today is|now it's)\s*(?:already |only )?\Z", re.I)
_POINTS_BACK = re.compile(r"\b(?:he|she|they|him|her|them|his|their|it|that|there|then)\b", re.I)


def _bare(text: str) -> str:
    """Return the sentence that asks, with the one before it if it points back; the whole text if none asks."""
    sentences = language.sentences(text)
    asking = [i for i, s in enumerate(sentences) if language.is_question(s)]
    chosen = text
    if asking:
        last = asking[-1]
        chosen = sentences[last]
        if last and (_POINTS_BACK.search(chosen) or not language.content_words(chosen)):
            chosen = f"{sentences[last - 1]} {chosen}"
    bare = _OPENING.sub("", chosen).strip()
    return _LEAD.sub("", bare, count=1).strip() or chosen.strip()


def _kind(text: str, bare: str, pictures: int) -> Kind:
    asks = any(language.is_question(s) for s in language.sentences(text))
    led = _LEAD.match(_OPENING.sub("", text)) is not None and _ANYWHERE.search(bare) is not None
    if _IDENTITY.search(text):
        return "identity"
    if _GREETING.match(text) or not text:
        return "greeting"
    if pictures and _PICTURE.search(text):
        return "picture"
    if _OPINION.search(text):
        return "opinion"
    asked = _last_question(bare)
    if _RECOMMEND.search(asked) and not _REPORTED.search(asked) and (asks or _ASKS_FOR.search(asked)):
        return "recommend"
    return question_kind(asked) if asks or led or text.endswith("?") else "statement"


def _last_question(bare: str) -> str:
    sentences = language.sentences(bare)
    return next((s for s in reversed(sentences) if language.is_question(s)), bare)


def question_kind(bare: str) -> Kind:
    """Return the kind of a bare question by its first words, or by the question word inside it."""
    for pattern, kind in _COMPILED:
        if pattern.match(bare):
            return kind
    inner = _ANYWHERE.search(bare)
    if inner is not None and inner.start() > 0:
        return question_kind(bare[inner.start() :])
    return "yes-no"


_USER = re.compile(r"\b(?:i|i'm|i've|i'd|me|my|mine|myself|we|us|our|ours)\b", re.I)
_ASSISTANT = re.compile(r"\b(?:you|your|yours|yourself|you're|you've)\b", re.I)
_TOLD = re.compile(
    r"\b(?:tell|told|telling|ask(?:ed)?|show(?:ed|n)?|mention(?:ed)? to|(?:do|would|what do) you think)(?: you)?\b",
    re.I,
)


def _about(bare: str, parties: dict[str, str]) -> frozenset[Party]:
    found: set[Party] = set()
    if _USER.search(bare) or _named(parties["user"], bare):
        found.add("user")
    if _ASSISTANT.search(_TOLD.sub("", bare)) or _named(parties["assistant"], bare):
        found.add("assistant")
    return frozenset(found)


def _named(name: str, text: str) -> bool:
    """Whether a party's name, its first word or a familiar short form (three letters or more) stands in the text."""
    first = name.split()[0] if name.split() else ""
    return bool(first) and any(is_name_of(word.text, first) for word in language.tokens(text))


def is_name_of(word: str, name: str) -> bool:
    """Return whether a word is this name: equal, with a possessive or plural s, or a capitalised short form of it."""
    bare = re.sub(r"(?:['’]s?|(?<=[a-z])s['’]?)$", "", word)
    if not name or not word[:1].isupper():
        return False
    if name.lower() in (word.lower(), bare.lower()):
        return True
    return len(bare) >= 3 and len(name) > len(bare) and name.lower().startswith(bare.lower())


def _others(bare: str, parties: dict[str, str]) -> tuple[str, ...]:
    found = language.names(bare)
    firsts = [name.split()[0] for name in parties.values() if name.split()]
    months = r"(?:January|February|March|April|May|June|July|August|September|October|November|December|\w+day)"
    found = [n for n in found if n.split("'")[0].lower() not in language.closed("question openers")]
    kept = (n for n in found if not any(is_name_of(n.split()[0], f) for f in firsts) and not re.fullmatch(months, n))
    return tuple(kept)


_OPENERS = language.closed("question openers")
_EMPTY = frozenset(map(language.stem, banks.phrases("english_questions")["empty"]))


def _terms(bare: str, parties: dict[str, str], times: tuple[Mention, ...]) -> tuple[str, ...]:
    dated = [range(*m.span) for m in times]
    firsts = [name.split()[0] for name in parties.values() if name.split()]
    found = [
        language.stem(w.lower)
        for w in language.tokens(bare)
        if w.lower not in language.stop_words()
        and w.lower not in _OPENERS
        and not any(w.start in span for span in dated)
        and not any(is_name_of(w.text, f) for f in firsts)
    ]
    full = [t for t in found if t not in _EMPTY]
    return tuple(dict.fromkeys(full or found))


_FOCUS = re.compile(
    r"^(?:\w+ )?(?:what|which|how many|whose)\s+(?:(?:kind|type|sort|types|kinds|sorts)s? of\s+)?((?:[\w'-]+\s+){0,4}?)"
    r"(?:is|are|was|were|do|does|did|has|have|had|will|would|can|could|might|should|made|makes?)\b",
    re.I,
)


def _focus(bare: str) -> tuple[str, ...]:
    match = _FOCUS.match(bare)
    return tuple(language.stems(match[1])) if match else ()
