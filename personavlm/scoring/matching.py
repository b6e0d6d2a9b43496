"""When a memory in free text states a fact: the claim, the verdict, and the rules, with no judge and no model.

    "Their brother Tom orders ginger beer"  against  (user, drink, ginger beer)  ──>  "other-person"

A memory **states** a claim if it says of the same person, thing or relation that the same value holds, in whatever
words, and no day, hour, degree or denial speaks against it. The rules, in this order:

1. *The matter.* The claim's value stands in the memory (its words or those of ``also``; numbers as digits, one slip
   forgiven in a long word), and the memory makes the same kind of statement: a liking for a taste, living for a home.
   Goals, relations and knowledge compare a degree instead ("under way", "closer", "expert"), routines what is done.
2. *The person.* It is about somebody else ──> "other-person".
3. *The degree.* Another degree of the same matter ──> "other-value"; a goal that was let go ──> "past".
4. *The time.* It says that this is no longer so ──> "past", unless that is what the claim says.
5. *The sign.* It says the contrary ──> "denied".
6. *The date.* Another day or hour ──> "other-date"; a routine without its day says less than the claim ──> "vaguer".

Where the value is missing: the same kind of statement with something else in its place is "other-value", with nothing
in its place "vaguer"; everything else is "unrelated". ``python -m lab.matching`` prints how often this is wrong.
"""

from __future__ import annotations

import re
from dataclasses import replace

from personavlm.memory import Memory
from personavlm.scoring import lexicon
from personavlm.scoring.claims import SCALES, Claim, Relation, Verdict
from personavlm.scoring.degrees import by_degree, degree_of
from personavlm.scoring.moments import Moments, hours_agree, without
from personavlm.scoring.reading import content, covered, plain, same, terms
from personavlm.scoring.sides import (
    Said,
    Wanted,
    beyond,
    date_differs,
    days_off,
    denied,
    foreign,
    kin_of,
    names,
    say,
    want,
)

ENOUGH, MOST = 0.6, 0.7
"""Share of a value's words that must stand in the memory; of an event, which is told in many words, most."""
HALF = 0.5
"""Share of a claim's words from which a memory without its value is still on the same matter."""


_UNTRUE = re.compile(r"\s*(?:it is|it's) not (?:true|the case|so) that ", re.IGNORECASE)
"""A denial of the whole."""


def match(memory: Memory, claim: Claim) -> Verdict:
    """Return how a memory stands to a claim, by the rules above."""
    wanted = want(claim)
    untrue = _UNTRUE.match(memory.text)
    said = say(replace(memory, text=memory.text[untrue.end() :]) if untrue else memory, wanted)
    relation = _relation(said, wanted)
    if untrue:
        return Verdict("denied" if relation in ("same", "vaguer") else "unrelated")
    if relation != "same":
        return Verdict(relation)
    if not wanted.moments.dates or claim.matter == "routine":
        return Verdict(relation, days_off(said.reading.moments, memory, claim) if claim.matter == "event" else None)
    days = days_off(said.reading.moments, memory, claim)
    return Verdict("other-date" if date_differs(said.reading.moments, wanted) else "same", days)


# ── by value ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _relation(said: Said, wanted: Wanted) -> Relation:
    scale = SCALES.get(wanted.claim.matter)
    if scale:
        degree = degree_of(wanted, scale)
        if degree:
            return by_degree(said, wanted, scale, degree)
    if wanted.claim.matter == "routine":
        return _by_routine(said, wanted)
    return _by_value(said, wanted)


def _by_value(said: Said, wanted: Wanted) -> Relation:
    if wanted.claim.matter == "detail" and not _shows(said, wanted):
        return "unrelated"
    if _elsewhere(said, wanted):
        return "unrelated"
    if not _has_value(said, wanted):
        return _without_value(said, wanted)
    if not _same_kind(said, wanted):
        return "other-value" if wanted.claim.matter == "relation" and _relates(said, wanted) else "unrelated"
    if foreign(said, wanted):
        return "other-person"
    return _by_sign(said, wanted) if wanted.claim.polarity else _by_denial(said, wanted)


def _shows(said: Said, wanted: Wanted) -> bool:
    """Whether a memory names the thing whose looks are claimed."""
    return any(covered(terms(plain(name)), said.terms) == 1 for name in wanted.claim.called)


_FAVOURITE = re.compile(r"\bfavourite (\w+(?: \w+)?) (?:is|are|was)\b")


def _elsewhere(said: Said, wanted: Wanted) -> bool:
    """Whether a memory names the best of another kind than the claim's: "favourite breakfast" against an ice cream."""
    match = _FAVOURITE.search(said.reading.plain)
    if match is None or not wanted.claim.polarity or not wanted.claim.attribute:
        return False
    return not set(terms(match[1])) & {*wanted.attribute, *wanted.topic, *wanted.reading.terms}


def _has_value(said: Said, wanted: Wanted) -> bool:
    enough = MOST if wanted.claim.matter == "event" else ENOUGH
    return any(_stands(value, said.terms, enough) for value in wanted.values)


def _stands(value: tuple[str, ...], said: tuple[str, ...], enough: float) -> bool:
    numbers = [term for term in value if term.isdigit()]
    return covered(value, said) >= enough and all(number in said for number in numbers)


def _same_kind(said: Said, wanted: Wanted) -> bool:
    """Whether a memory that has the value says the kind of thing that the claim says."""
    claim, reading = wanted.claim, said.reading
    if said.ended and claim.matter not in ("event", "request"):
        return True
    if claim.polarity:
        return bool(said.liking) or said.memory.kind == "preference" or _labelled(said, wanted)
    if claim.matter == "relation":
        return kin_of(claim.attribute) <= kin_of(said.text)
    if claim.matter == "event" or (claim.matter == "request" and len(wanted.values[0]) > 1):
        return True
    if claim.matter == "request":
        return bool(said.liking) or "ask" in reading.frames
    if wanted.reading.frames & reading.frames or _labelled(said, wanted) or _is_one(said, wanted):
        return True
    rest = content(t for t in wanted.terms if not any(t in v for v in wanted.values))  # type: ignore[arg-type]
    others = content(t for t in said.terms if t not in wanted.terms)  # type: ignore[arg-type]
    return (
        not others or covered(rest, said.terms) >= HALF or (not wanted.reading.frames and covered(rest, said.terms) > 0)
    )


def _labelled(said: Said, wanted: Wanted) -> bool:
    label = content(terms(plain(said.memory.attribute.replace("_", " "))))
    return bool(label) and bool(set(label) & {*wanted.attribute, *wanted.topic})


def _is_one(said: Said, wanted: Wanted) -> bool:
    """Whether a memory says that somebody is (was, works as) the value: "is a paramedic"."""
    if wanted.claim.attribute not in ("work", "job", "studies", "age", "hobby", "profession"):
        return False
    for match in re.finditer(
        r"\b(?:is|was|are|were|as|being|been|became|become)(?: (?:a|an|the|now|still))* (\w+)", said.reading.plain
    ):
        if any(same(t, v) for t in terms(match[1]) for value in wanted.values for v in value):
            return True
    return False


def _by_sign(said: Said, wanted: Wanted) -> Relation:
    """A liking against a liking: "used to like" agrees with "no longer likes"."""
    sign = said.liking or 1
    if said.ended:
        return "same" if wanted.claim.polarity < 0 else "past"
    return "same" if sign == wanted.claim.polarity else "denied"


def _by_denial(said: Said, wanted: Wanted) -> Relation:
    if said.ended != wanted.reading.ended:
        return "past" if said.ended else "same"
    if _renamed(said, wanted):
        return "other-value"
    focus = {t for v in wanted.values for t in v}
    if wanted.claim.matter == "relation":
        focus |= set(names(wanted.claim.attribute))
    text = said.reading.plain
    undone = lexicon.pattern("undone").search(text) is not None or denied(text, focus)
    return "denied" if undone != wanted.negated else "same"


def _renamed(said: Said, wanted: Wanted) -> bool:
    """Whether the thing that is meant has another name here."""
    match = re.search(r"\b(?:called|named|name is) ([A-Z]\w+)", said.text)
    return match is not None and plain(match[1]) not in wanted.persons


def _without_value(said: Said, wanted: Wanted) -> Relation:
    """Something else in the value's place, nothing in its place, or another matter."""
    if foreign(said, wanted) or not _same_matter(said, wanted):
        return "unrelated"
    instead = set(wanted.reading.lost) & set(said.terms)
    if instead or beyond(said, wanted):
        return "other-value"
    return "vaguer" if content([t for t in said.terms if t in wanted.terms]) or _bare(said, wanted) else "unrelated"


def _bare(said: Said, wanted: Wanted) -> bool:
    """Whether a memory without any words of its own still says the kind of thing: "is in her thirties"."""
    return bool(wanted.reading.frames & said.reading.frames & {"age", "live", "work", "study"})


def _same_matter(said: Said, wanted: Wanted) -> bool:
    claim = wanted.claim
    if claim.matter == "detail":
        return True
    if claim.matter == "relation":
        return bool(kin_of(claim.attribute) & kin_of(said.text)) or _relates(said, wanted)
    if claim.polarity:
        sure = not said.weakly or bool(set(wanted.attribute) & set(said.terms))
        return said.liking == claim.polarity and sure
    if claim.matter == "request" and said.liking:
        return covered(wanted.values[0], said.terms) > 0 or bool(wanted.reading.frames & said.reading.frames - {"ask"})
    shared = wanted.reading.frames & said.reading.frames - {"habit"}
    about = tuple(t for t in content(wanted.terms) if t not in wanted.subject)
    return bool(shared) or _labelled(said, wanted) or covered(about, said.terms) >= HALF


def _relates(said: Said, wanted: Wanted) -> bool:
    return bool(said.reading.kin) and bool(said.subjects & wanted.persons)


# ── routines ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _by_routine(said: Said, wanted: Wanted) -> Relation:
    activity = content(wanted.attribute) or wanted.attribute
    where = tuple(t for t in content(wanted.values[0]) if t not in activity)
    if covered(activity, said.terms) < HALF:
        near = covered(content(wanted.terms), said.terms) >= 1 / 3 and bool(beyond(said, wanted))
        days = wanted.moments.weekdays & said.reading.moments.weekdays
        return "other-value" if near and days and not foreign(said, wanted) else "unrelated"
    if foreign(said, wanted):
        return "other-person"
    if said.ended:
        return "past"
    if denied(said.reading.plain, activity):
        return "denied"
    when = _by_hour(said.reading.moments, wanted.moments)
    if when != "other-date" and where and not covered(where, said.terms) and _somewhere_else(said, wanted):
        return "other-value"
    return when


_PLACE = re.compile(r"\b(?:at|in|to|into) (?:the |an? )?([a-z ]+)")


def _somewhere_else(said: Said, wanted: Wanted) -> bool:
    """Whether a memory names another place, or another person to do it with."""
    places = {t for match in _PLACE.finditer(without(said.reading.plain)) for t in terms(match[1])}
    kin = said.reading.kin - wanted.reading.kin if wanted.reading.kin else frozenset()
    return bool(kin) or bool(places & set(beyond(said, wanted)))


def _by_hour(said: Moments, wanted: Moments) -> Relation:
    if wanted.weekdays and not said.weekdays:
        return "vaguer"
    if wanted.weekdays and not wanted.weekdays & said.weekdays:
        return "other-date"
    return "same" if hours_agree(said, wanted) else "other-date"
