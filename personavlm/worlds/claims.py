"""From the hidden ledger to claims: what memories are held against.

claims(world, at)  every fact told by then, as ``scoring.Claim``, current or overtaken as of then
"""

from __future__ import annotations

from datetime import datetime

from personavlm.scoring import Claim
from personavlm.worlds.truth import Known, known, thread_of
from personavlm.worlds.values import USER, Fact, Person, World

OF_THE_USER = frozenset({"relation", "dynamic", "belonging", "request"})
"""Matters whose ``about`` names the other end of something that is the user's own."""


def claims(world: World, at: datetime) -> tuple[Claim, ...]:
    """Return what can be known at a moment, in the order in which it was first told."""
    return tuple(claim_of(world.person, one) for one in known(world, at))


def claim_of(person: Person, one: Known) -> Claim:
    """Return a known fact as a claim."""
    fact = one.fact
    thread = thread_of(person, fact.id)
    return Claim(
        matter=fact.matter,
        about=_about(person, fact),
        attribute=fact.attribute,
        value=fact.value,
        text=fact.text,
        called=_called(person, fact),
        topic=thread.label if fact.matter != "dynamic" else fact.about,
        polarity=1 if fact.matter == "leaning" else fact.polarity,  # a leaning's sign names the pole, no dislike
        also=fact.also + _names(person, fact),
        since=fact.since,
        until=fact.until,
        memory=fact.memory,
        current=one.standing == "current",
        id=fact.id,
        implied=fact.implied,
        thread=thread.id,
    )


def _about(person: Person, fact: Fact) -> str:
    things = {thing.id for thing in person.things}
    users = fact.about in things and fact.matter != "detail"
    return USER if users or fact.matter in OF_THE_USER else fact.about


def _called(person: Person, fact: Fact) -> tuple[str, ...]:
    if _about(person, fact) == USER:
        return (person.name, person.name.split()[0])
    pictured = fact.attribute.partition(" of ")[2]
    animals = tuple(kin.name for kin in person.kin if kin.animal and pictured and kin.name in fact.text.split())
    relations = tuple(kin.relation for kin in person.kin if kin.name == fact.about)
    things = [thing for thing in person.things if thing.id == fact.about]
    return (
        relations
        + tuple(thing.name or thing.category for thing in things)
        + animals
        + ((pictured,) if pictured else ())
    )


def _names(person: Person, fact: Fact) -> tuple[str, ...]:
    """A belonging may be meant by its name alone."""
    if fact.matter != "belonging":
        return ()
    mine = [t for t in person.things if t.id == fact.about and fact.attribute == t.category]
    return tuple(thing.name for thing in mine if thing.name and thing.name != fact.value)
