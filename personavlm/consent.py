"""Consent: what a user does not want inferred or kept, as settings and as read from their own words.

    "Please don't remember anything about my health."  ──read──> Request("bar", "health")
    Consent(topics=("health",)).withheld("My knee surgery is on Friday")  ──>  "health"

What is withheld is replied to and not written: the turn keeps its place and time, without words, pictures or thoughts.
Asking for less takes effect at once; forgetting destroys, so it waits for a yes. Only the beginning of a sentence
counts as a request: "I don't remember" and what somebody else is said to have said are none. Topics are told by words
that give them away, so a sentence without one of them passes; docs/trust.md says how many.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from personavlm.memory import Edit, Observe
from personavlm.words import terms

_HEALTH = """
health healthy illness ill sick sickness disease diagnosis diagnosed symptom doctor physician surgeon surgery hospital
clinic nurse therapist therapy psychiatrist psychologist dentist medicine medication medical pill prescription dose
vaccine injection treatment chemo chemotherapy cancer tumour tumor diabetes asthma allergy allergic migraine headache
fever flu covid infection virus injury injured fracture wound pain ache hurts bleeding pregnant pregnancy miscarriage
depression depressed anxiety adhd autism autistic dementia stroke epilepsy hiv arthritis insomnia
cholesterol insulin antidepressant antibiotics rehab addiction sober overdose scan mri xray biopsy disability wheelchair
"""
_RELIGION = """
religion religious god pray prayer church mosque synagogue temple bible quran torah christian catholic protestant muslim
islam jewish judaism hindu buddhist atheist baptised baptism confession communion ramadan lent priest imam rabbi faith
"""
_POLITICS = """
politics political vote voted voting election democrat republican conservative liberal socialist communist
president minister parliament senator ballot activist left-wing right-wing
"""
_LOVE = """
boyfriend girlfriend dating lover affair sex sexual sexuality gay lesbian bisexual queer transgender kiss kissed
romance romantic crush tinder divorce breakup
"""
_MONEY = """
money salary wage income debt loan mortgage savings tax taxes invest investment stocks pension bankrupt inheritance
afford overdraft
"""
TOPICS = {
    topic: frozenset(terms(words))
    for topic, words in {
        "health": _HEALTH,
        "religion": _RELIGION,
        "politics": _POLITICS,
        "love life": _LOVE,
        "money": _MONEY,
    }.items()
}
"""Matters that people like to keep to themselves, by words that give them away. Any other topic is its own words."""

EVERYTHING = "everything"
WITHHELD = "[not kept]"
"""What stands in the place of a turn that was not to be kept."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What a user agrees to. All of it, until they say otherwise."""

    profile: bool = True
    """Whether traits may be inferred, and used in replies."""
    topics: tuple[str, ...] = ()
    """What is not to be remembered: a key of ``TOPICS``, words of the user's own, or ``EVERYTHING``."""

    def withheld(self, text: str) -> str | None:
        """Return the topic for which a text is not to be kept; None if it may be."""
        if EVERYTHING in self.topics:
            return EVERYTHING
        said = frozenset(terms(text))
        return next((topic for topic in self.topics if said & TOPICS.get(topic, frozenset(terms(topic)))), None)

    def allowed(self, edits: Iterable[Edit]) -> tuple[Edit, ...]:
        """Return the edits that may be stored: no readings of traits without consent, no memory of a barred topic."""
        return tuple(edit for edit in edits if self._allows(edit))

    def _allows(self, edit: Edit) -> bool:
        memory = getattr(edit, "memory", None)
        told = "" if memory is None else "\n".join((memory.text, memory.value, *memory.keywords))
        return (self.profile or not isinstance(edit, Observe)) and (not told or self.withheld(told) is None)


@dataclass(frozen=True, slots=True)
class Request:
    """What a message asks for. ``topic`` is what is barred or allowed, or whom to forget."""

    wish: Literal["no profile", "profile", "bar", "allow", "forget"]
    topic: str = ""


_POLITE = "please|hey|ok|okay|and|also|but|from now on|could you|can you|would you|i want you to"
_START = rf"(?:^|[.!?;]\s+)(?:(?:{_POLITE})[, ]+)*"
_NOT = r"(?:do not|don't|dont|never|stop|no longer)"
_KEEP = r"(?:remember|keep|store|save|record|note down|write down)(?:ing)?"
_WHAT = r"(?:anything|everything|things|stuff|what i (?:say|tell you))"
_ABOUT = r"(?:about|on|of|regarding|concerning)\s+(?:my\s+)?(?P<topic>[^.!?;,]{1,60})"
_PROFILE = (
    r"(?:profil\w*(?: me)?|(?:analy[sz]\w*|infer\w*|guess\w*|read\w*|judg\w*) my (?:personality|character|traits))"
)
_PATTERNS: tuple[tuple[Literal["no profile", "profile", "bar", "allow", "forget"], re.Pattern[str]], ...] = tuple(
    (wish, re.compile(_START + pattern, re.IGNORECASE))  # type: ignore[misc]
    for wish, pattern in (
        ("no profile", rf"{_NOT} {_PROFILE}"),
        ("profile", rf"you (?:may|can) {_PROFILE}"),
        ("bar", rf"{_NOT} {_KEEP} (?:{_WHAT} )?{_ABOUT}"),
        ("bar", rf"{_NOT} {_KEEP} (?:my )?(?P<topic>health|religion|politics|love life|money)\b"),
        ("bar", rf"{_NOT} {_KEEP} (?P<topic>anything|everything) i (?:say|tell you)"),
        ("bar", rf"{_NOT} (?:keep|store|save|record)(?:ing)? (?P<topic>anything|everything)\s*(?:[.!]|$)"),
        ("allow", rf"you (?:may|can) {_KEEP} (?:{_WHAT} )?{_ABOUT}"),
        ("allow", rf"you (?:may|can) {_KEEP} (?P<topic>anything|everything|things)(?: again)?\s*(?:[.!]|$)"),
        ("forget", rf"forget (?:{_WHAT}|all|what i(?:'ve| have)? (?:said|told you|mentioned)|that i \w+)? ?{_ABOUT}"),
    )
)
_YES = re.compile(
    r"\s*(?:yes|yeah|yep|please do|do it|go ahead|yes,? (?:please|forget (?:it|them|him|her|that)))[.! ]*", re.I
)


def read(text: str) -> Request | None:
    """Return what a message asks to be kept or inferred no more, or again; None if it asks for nothing of the kind."""
    plain = text.replace("’", "'")
    for wish, pattern in _PATTERNS:
        found = pattern.search(plain)
        if found:
            return Request(wish, _topic(found.groupdict().get("topic") or ""))
    return None


def _topic(words: str) -> str:
    words = re.sub(r"\b(?:again|please|any ?more|from now on|in future)\b", "", words, flags=re.IGNORECASE).strip()
    named = next((topic for topic in TOPICS if topic in words.lower()), None)
    return EVERYTHING if words.lower() in ("anything", "everything", "things", "me") else named or words


def answer(request: Request) -> str:
    """Return what the assistant says to a request that takes effect at once."""
    topic = "what you say" if request.topic == EVERYTHING else f"what you say about {request.topic}"
    return {
        "no profile": "I will not infer your personality from now on, nor use what I had inferred.",
        "profile": "I may infer your personality again.",
        "bar": f"From now on I keep nothing of {topic}.",
        "allow": f"I may remember {topic} again.",
    }[request.wish]


def agreed(text: str) -> bool:
    """Return whether a message is nothing but a yes."""
    return _YES.fullmatch(text) is not None


def after(consent: Consent, request: Request) -> Consent:
    """Return the consent that a request leaves; a request to forget changes none."""
    match request.wish:
        case "no profile":
            return replace(consent, profile=False)
        case "profile":
            return replace(consent, profile=True)
        case "bar":
            return replace(consent, topics=tuple(dict.fromkeys((*consent.topics, request.topic))))
        case "allow":
            kept = () if request.topic == EVERYTHING else (t for t in consent.topics if t != request.topic)
            return replace(consent, topics=tuple(kept))
        case "forget":
            return consent
