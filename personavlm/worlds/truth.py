"""The hidden ledger: what a perfect assistant would know after any turn of a world.

    known(world, at)  facts told by then, each with the status it had for whoever had heard all turns up to ``at``
    traits_at(person, time)  the true profile at a moment, drift included

A fact is *known* from its first evidence turn on. It is *superseded* once a turn has told what took its place, *ended*
once a turn has told that it stopped. What happened in the life and was never said is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from personavlm.personality import HIGHEST, LOWEST, Profile
from personavlm.worlds.values import Fact, Person, Thread, World

Standing = Literal["current", "superseded", "ended"]


@dataclass(frozen=True, slots=True)
class Known:
    """A fact as a perfect assistant holds it at a moment, with the turns it rests on by then."""

    fact: Fact
    standing: Standing
    evidence: tuple[str, ...]


def known(world: World, at: datetime) -> tuple[Known, ...]:
    """Return every fact told by ``at`` (that moment included), in the order in which they were first told."""
    times = {turn.id: turn.time for turn in world.turns}
    heard = [(fact, tuple(t for t in fact.evidence if times[t] <= at)) for fact in facts(world.person)]
    told = sorted((pair for pair in heard if pair[1]), key=lambda pair: (times[pair[1][0]], pair[0].id))
    followed = {fact.replaces for fact, _ in told if fact.replaces}
    return tuple(Known(fact, _standing(fact, times, at, followed), evidence) for fact, evidence in told)


def _standing(fact: Fact, times: dict[str, datetime], at: datetime, followed: set[str]) -> Standing:
    if fact.id in followed:
        return "superseded"
    return "ended" if any(times[turn] <= at for turn in fact.ended) else "current"


def facts(person: Person) -> Iterator[Fact]:
    """Yield every fact of a life, thread by thread."""
    return (fact for thread in person.threads for fact in thread.facts)


def by_id(person: Person) -> dict[str, Fact]:
    """Return every fact of a life by its id: for whoever looks up more than a few."""
    return {fact.id: fact for fact in facts(person)}


def threads_by_fact(person: Person) -> dict[str, Thread]:
    """Return the thread that each fact of a life belongs to, by the fact's id."""
    return {fact.id: thread for thread in person.threads for fact in thread.facts}


def thread_of(person: Person, fact_id: str) -> Thread:
    """Return the thread a fact belongs to. Raises ``KeyError`` for an unknown id."""
    for thread in person.threads:
        if any(fact.id == fact_id for fact in thread.facts):
            return thread
    raise KeyError(fact_id)


def fact_of(person: Person, fact_id: str) -> Fact:
    """Return a fact by id. Raises ``KeyError`` for an unknown one."""
    return next(fact for fact in thread_of(person, fact_id).facts if fact.id == fact_id)


def traits_at(person: Person, time: datetime) -> Profile:
    """Return the person's true traits at a moment, each in [1, 5]; a smooth drift grows linearly over its days."""
    drift = person.drift
    if drift is None or time < drift.start:
        return person.traits
    share = 1.0 if drift.days == 0 else min(1.0, (time - drift.start).total_seconds() / (86_400 * drift.days))
    moved = person.traits[drift.trait] + drift.amount * share
    scores = dict(person.traits) | {drift.trait: min(HIGHEST, max(LOWEST, moved))}
    return Profile(**scores)
