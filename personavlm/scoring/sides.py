"""The two sides of a match: a claim and a memory, read once, and what can be asked of both.

want(claim) ──> Wanted      say(memory, wanted) ──> Said      foreign · denied · date_differs · beyond
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from personavlm.memory import Memory
from personavlm.scoring import lexicon
from personavlm.scoring.claims import USER, Claim
from personavlm.scoring.liking import liking, over
from personavlm.scoring.moments import Day, Moments, moments
from personavlm.scoring.persons import subjects
from personavlm.scoring.reading import NEGATION, Reading, content, plain, read, same, terms


@dataclass(frozen=True, slots=True)
class Wanted:
    """A claim, read once."""

    claim: Claim
    values: tuple[tuple[str, ...], ...]
    """The terms of the value, and of each other wording."""
    topic: tuple[str, ...]
    attribute: tuple[str, ...]
    terms: frozenset[str]
    reading: Reading
    moments: Moments
    persons: frozenset[str]
    """Plain words by which whoever it is about, or has part in it, is called."""
    subject: frozenset[str]
    """Those that name whom it is about; empty for the user."""
    negated: bool


@dataclass(frozen=True, slots=True)
class Said:
    """A memory, read for a claim."""

    memory: Memory
    text: str
    reading: Reading
    subjects: frozenset[str]
    focus: frozenset[str]
    """The terms of the claim's value: liking is read where they stand."""

    @property
    def terms(self) -> tuple[str, ...]:
        """Its content terms."""
        return self.reading.terms

    @property
    def ended(self) -> bool:
        """Whether it says that what the claim's value stands for is over."""
        return self.reading.ended and over(self.reading, self.focus)

    @property
    def liking(self) -> int:
        """What its text says of liking, else its polarity."""
        return liking(self.reading, self.focus).sign or self.memory.polarity

    @property
    def weakly(self) -> bool:
        """Whether the text's liking rests on a habit alone."""
        return liking(self.reading, self.focus).weakly


@lru_cache(maxsize=16_384)
def want(claim: Claim) -> Wanted:
    """Return a claim as it is matched."""
    text = plain(claim.text)
    values = tuple(dict.fromkeys(_told(terms(plain(v)), claim) for v in (claim.value, *claim.also)))
    topic, attribute = terms(plain(claim.topic)), terms(plain(claim.attribute))
    values = tuple(value or attribute for value in values)  # "29 September" is nothing but a date
    said = terms(text)
    every = frozenset((*said, *topic, *attribute, *(t for v in values for t in v)))
    called = (claim.about, *claim.called) if claim.about != USER else ()
    subject = frozenset(w for name in called for w in names(name))
    persons = subject | frozenset(names(f"{claim.text} {claim.topic} {claim.value}")) | _users(claim)
    focus = frozenset(t for v in values for t in v)
    reading = read(claim.text)
    when = moments(f"{text} {plain(claim.value)}" if claim.matter == "routine" else text)
    if claim.matter == "event" and claim.since and not when.dates:
        when = replace(when, dates=(Day(claim.since.month, claim.since.day, claim.since.year),))
    negated = denied(text, focus) or lexicon.pattern("undone").search(text) is not None
    return Wanted(claim, values, topic, attribute, every, reading, when, persons, subject, negated)


def _told(found: tuple[str, ...], claim: Claim) -> tuple[str, ...]:
    """The terms of a value that must stand in a memory; who has part in an event is a question of its own."""
    kin = {t for row in lexicon.groups("kin") for t in terms(row[0])} if claim.matter in ("event", "aim") else set()
    if claim.matter in ("belonging", "taste"):  # "the attic bird house" is told from another one by "attic"
        kin = set(terms(plain(claim.attribute)))
    bare = tuple(t for t in content(found) if t not in kin)
    if claim.matter == "event" and len(content(found)) < 2:
        return found
    return bare or content(found) or found


def names(text: str) -> list[str]:
    """Return the relations and plain words of a text, by which persons are found in it."""
    stands = lexicon.replacements("kin")
    whole = plain(text)
    return [stands[1][m[0]] for m in stands[0].finditer(whole)] + re.findall(r"[a-z]+", whole.replace("'s", ""))


def _users(claim: Claim) -> frozenset[str]:
    return frozenset(plain(name) for name in claim.called) if claim.about == USER else frozenset()


def say(memory: Memory, wanted: Wanted) -> Said:
    """Return a memory as it is matched against a claim; a label that the text lacks comes before it."""
    text = memory.text
    label = memory.attribute.replace("_", " ")
    if label and not set(terms(plain(label))) <= set(terms(plain(text))):
        text = f"{label}: {text}"
    return Said(memory, text, read(text), subjects(text), frozenset(t for v in wanted.values for t in v))


# ── persons, denial, dates ───────────────────────────────────────────────────────────────────────────────────────


def foreign(said: Said, wanted: Wanted) -> bool:
    """Whether a memory is about somebody whom the claim is not about."""
    if not wanted.subject:
        return bool(said.subjects) and not said.subjects & wanted.persons
    kin = frozenset(row[0] for row in lexicon.groups("kin"))
    named = said.subjects - kin
    if named:
        return not named & wanted.subject
    if said.subjects:
        return not said.subjects & wanted.subject
    return not wanted.subject & set(names(said.text))


def denied(text: str, focus: Collection[str]) -> bool:
    """Whether a plain text denies what the terms in focus stand for."""
    for match in re.finditer(r"[a-z\d]+", text):
        if any(same(term, other) for term in terms(match[0]) for other in focus) and refused(text[: match.start()]):
            return True
    return False


def refused(before: str) -> bool:
    """Whether what follows this beginning of a plain text is denied."""
    clause = re.split(r"[,;.]|\bbut\b", before)[-1]
    return NEGATION.search(clause) is not None


def date_differs(said: Moments, wanted: Wanted) -> bool:
    """Whether a memory of something dated gives another date."""
    if wanted.claim.matter not in ("event", "identity", "other", "belonging") or not said.dates:
        return False
    return not any(one.agrees(other) for one in said.dates for other in wanted.moments.dates)


def days_off(said: Moments, memory: Memory, claim: Claim) -> int | None:
    """Days between the memory's date (in its text, else its validity) and the claim's."""
    if claim.since is None:
        return None
    true = claim.since.date()
    own: list[date] = [day.near(true) for day in said.dates]
    if not own:
        own = [memory.since.date(), *([memory.until.date()] if memory.until else [])]
    return min(abs((one - true).days) for one in own)


def kin_of(text: str) -> frozenset[str]:
    """The relations that a text names; the words themselves where it names none."""
    kin = frozenset(row[0] for row in lexicon.groups("kin"))
    found = frozenset(names(text))
    return found & kin or found


def beyond(said: Said, wanted: Wanted) -> list[str]:
    """What a memory says beyond the claim's words."""
    lost = set(wanted.reading.lost)
    known = [t for t in wanted.terms if t not in lost]
    return [t for t in content(said.terms) if not any(same(t, k) for k in known) and t not in wanted.persons]
