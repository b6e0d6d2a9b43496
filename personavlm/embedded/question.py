"""What a message asks: its kind, whom it is about, its words, its time, its options.

    >>> q = analyse("When did Caroline go hiking?", now, user="Caroline", assistant="Mel")
    >>> q.kind, q.about, q.terms
    ('when', frozenset({'user'}), ('go', 'hike'))

The kind decides what an answer looks like (a date, a name, a yes), ``about`` whose words may support it: asked about the
user, what the other side did is no evidence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from personavlm.embedded import language
from personavlm.embedded.when import Mention, mentions

Kind = Literal[
    "greeting", "statement", "identity", "recommend", "picture", "choice",
    "when", "who", "where", "why", "how", "how many", "how long", "how often", "what", "yes-no",
]  # fmt: skip
LOOKED_UP: frozenset[Kind] = frozenset(
    ("recommend", "choice", "when", "who", "where", "why", "how", "how many", "how long", "how often", "what", "yes-no")
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
_LEAD = re.compile(
    r"^(?:(?:hi|hey|hello|ok|okay|so|and|but|well|oh|by the way|btw|please|now)\b[\s,!.]*)*"
    r"(?:(?:can|could|would|will) you (?:please )?(?:tell me|remind me|say|recall)|do you (?:still )?(?:remember|know|recall)"
    r"|tell me|remind me|i wonder|i was wondering|any idea|have i (?:ever )?(?:told|mentioned to) you)[\s,]*(?:if|whether)?\s*",
    re.I,
)
_GREETING = re.compile(
    r"^(?:hi|hello|hey|good (?:morning|afternoon|evening|night)|bye|goodbye|see you|thanks|thank you|thx|ok|okay|cool|great|"
    r"how are you|what'?s up|how'?s it going|nice to (?:meet|see) you)\b[^?]{0,40}[?!.]*$",
    re.I,
)
_IDENTITY = re.compile(
    r"\b(?:who|what) (?:exactly )?are you\b|\bare you (?:an? )?(?:ai|bot|robot|human|real|person|language model|llm|gpt\w*|chatgpt)\b"
    r"|\bwhat(?:'s| is) your (?:model|version)\b|\bwhich model are you\b|\bwhat (?:kind of )?(?:model|ai|assistant) are you\b",
    re.I,
)
_RECOMMEND = re.compile(
    r"\b(?:recommend\w*|suggest\w*|advise|advice|any ideas?|what should i|where should i|which .{0,30}should i|should i|"
    r"what (?:could|can|shall) i|what would you|which would you|help me (?:choose|pick|find|decide|plan)|pick (?:a|an|me|out)|"
    r"what to (?:eat|drink|cook|watch|read|wear|do|buy|get|give)|something to|give me (?:a|an|some)|cheer me up|"
    r"good (?:idea|gift|present) for)\b",
    re.I,
)
_REPORTED = re.compile(
    r"\b(?:did|has|have|had|was|were|does)\b|\b(?:recommended|suggested|advised|gave|given)\b|'s (?:advice|suggestion)",
    re.I,
)
"""Advice that was given to somebody, not advice that is wanted."""
_ASKS_FOR = re.compile(r"\b(?:recommend|suggest|help me|give me|pick|cheer me)\b", re.I)
_PICTURE = re.compile(
    r"\b(?:who|what|which)(?:'s| is| are)? (?:this|that|these|it|here|in (?:the|this) (?:picture|photo|image))\b"
    r"|\bis (?:this|that) (?:my|the|our|a)\b|\b(?:recogni[sz]e|know) (?:this|him|her|it|that)\b|\bwhat do you see\b",
    re.I,
)
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
    options = tuple(Option(m[1].lower(), m[2]) for m in _OPTION.finditer(message))
    options = options if len(options) >= 2 else ()
    bare = _bare(message, bool(options))
    kind: Kind = "choice" if options else _kind(message, bare, pictures)
    times = mentions(bare, now)
    parties = {"user": user, "assistant": assistant}
    return Question(
        bare,
        kind,
        _about(bare, parties),
        _others(bare, parties),
        _terms(bare, parties, times),
        _focus(bare),
        times,
        options,
    )


def _bare(message: str, has_options: bool) -> str:
    text = language.straighten(message).strip()
    if has_options:
        text = re.split(r"\n\s*(?:options?|choices)\s*:|^\s*\(?[a-h]\)[.:]?\s", text, maxsplit=1, flags=re.I | re.M)[
            0
        ].strip()
    asked = [s for s in language.sentences(text) if language.is_question(s)]
    sentence = asked[-1] if asked and len(text) > 200 else text
    bare = _LEAD.sub("", sentence, count=1).strip()
    return bare or text


def _kind(message: str, bare: str, pictures: int) -> Kind:
    text = language.straighten(message).strip()
    if _IDENTITY.search(text):
        return "identity"
    if _GREETING.match(text) or not text:
        return "greeting"
    if pictures and _PICTURE.search(text):
        return "picture"
    asks = (
        any(language.is_question(s) for s in language.sentences(text))
        or (_LEAD.match(text + " ") is not None
        and (_ANYWHERE.match(bare) is not None))
    )
    if _RECOMMEND.search(bare) and not _REPORTED.search(bare) and (asks or _ASKS_FOR.search(text)):
        return "recommend"
    if not asks and not text.endswith("?"):
        return "statement"
    return question_kind(bare)


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
    r"\b(?:(?:did|have|had|has) i (?:ever )?)?(?:tell|told|telling|asked?|show(?:ed|n)?|mention(?:ed)? to) you\b", re.I
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


_EMPTY = frozenset(
    language.stem(w)
    for w in ["do", "did", "does", "go", "get", "have", "be", "make", "take", "thing", "kind", "type", "sort", "mention", "say", "tell", "told", "talk", "recent", "recently", "currently", "many", "much", "long", "often", "old", "year", "month", "week", "day", "date", "time", "way", "according", "share"]
)


def _terms(bare: str, parties: dict[str, str], times: tuple[Mention, ...]) -> tuple[str, ...]:
    dated = [range(*m.span) for m in times]
    firsts = [name.split()[0] for name in parties.values() if name.split()]
    found = [
        language.stem(w.lower)
        for w in language.tokens(bare)
        if w.lower not in language.stop_words()
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
