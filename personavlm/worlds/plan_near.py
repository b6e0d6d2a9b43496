"""What somebody says of others and of their things, as units: who is who, how close, what moves; things, pictured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from personavlm.worlds.banks import bank, share
from personavlm.worlds.life_kin import CLOSENESS
from personavlm.worlds.plan_units import RELATED, Maker, Unit, beat, belonging_of, chain
from personavlm.worlds.truth import facts
from personavlm.worlds.values import Fact, Person, Thread

TOLD_TOGETHER = 5
"""So many things are told of together with where they come from."""


def relation(maker: Maker, thread: Thread) -> Iterator[Unit]:
    """Who somebody is: told when they are first mentioned (``pack`` sees to it), or on its own."""
    fact = thread.facts[0]
    unit = maker.unit("people", (beat("tell", fact),), fact=fact, essential=maker.time.turns > 45)
    half = maker.between(0.0, 0.45)
    yield replace(unit, due=min(unit.due, half))


def other(maker: Maker, thread: Thread) -> Iterator[Unit]:
    """Something true of somebody else; what an aim follows from comes with the aim."""
    fact = thread.facts[0]
    if fact.attribute == "circumstance":
        return
    for unit in chain(maker, thread, "people", first="other"):
        yield replace(unit, essential=unit.essential and maker.time.turns > 60, pressing=False)


def dynamic(maker: Maker, thread: Thread) -> Iterator[Unit]:
    """How a relation moves, told when it moves; how close it is, shown in what is done together."""
    first = thread.facts[0]
    if first.attribute != "closeness":
        for unit in chain(maker, thread, "people", first="relate", then="relate"):
            yield replace(unit, essential=True)
        return
    kind = CLOSENESS[first.strength][0]
    told = maker.rng.sample(share(bank("episodes")[kind], maker.person.half), k=2 + (maker.time.turns > 60))
    for number, episode in enumerate(told):
        step = (beat("relate", first, subject=episode.format(kin=first.about)),)
        essential = number < 2 and (maker.time.turns > 60 or first.strength != 2)
        yield maker.unit("people", step, fact=first, essential=essential)


def thing(maker: Maker, thread: Thread) -> Iterator[Unit]:
    """A thing: shown and named, later shown again; where it comes from and what it is for, each with a picture.

    The first few come with where they are from at once, so that short dialogues can be asked about them by it.
    """
    fact = thread.facts[0]
    at = [thing.id for thing in maker.person.things].index(fact.about)
    first = next(other for other in maker.person.threads if other.matter == "belonging") is thread
    origin = _origin(maker.person, fact.about) if at < TOLD_TOGETHER else None
    if fact.attribute in RELATED:
        needs = (belonging_of(maker.person, fact.about),)
        kin = fact.value if fact.attribute == "giver" else ""
        if fact is not origin:
            yield maker.unit(
                "home", (beat("tell", fact, kin=kin), beat("show", shot=fact.about)), fact=fact, needs=needs
            )
        return
    told = [beat("tell", fact)]
    if origin:
        told.append(beat("tell", origin, kin=origin.value if origin.attribute == "giver" else ""))
    step = (*told, beat("show", shot=fact.about))
    yield maker.unit("home", step, fact=fact, essential=at < 3, pressing=first)
    for _ in range(maker.rng.choice((0, 1, 1))):
        yield maker.unit("home", (beat("show", fact, shot=fact.about),), fact=fact, needs=(fact.id,))


def _origin(person: Person, thing: str) -> Fact | None:
    """Return the fact that says where a thing comes from: who gave it, or a place."""
    rows = (f for f in facts(person) if f.about == thing and f.attribute in ("giver", "origin"))
    return next(rows, None)


def detail(maker: Maker, thread: Thread) -> Iterator[Unit]:
    """Animals that can be drawn are shown by themselves; other details come with their thing."""
    fact = thread.facts[0]
    thing = next(thing for thing in maker.person.things if thing.id == fact.about)
    kin = next((one for one in maker.person.kin if one.name == thing.name), None)
    if kin is not None and fact.attribute == "colour":
        for _ in range(3):
            yield maker.unit("people", (beat("show", shot=thing.id, kin=kin.name),), fact=fact)
