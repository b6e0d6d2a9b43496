"""What a life gives to talk about, cut into units: a few turns on one matter, with the time it fits into.

A unit can be told from ``ready`` on, should be told by ``due``, and is dropped after ``expires``. ``needs`` are facts
that must have been told before. Units of one ``theme`` sit well in one topic.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from personavlm.worlds.banks import bank
from personavlm.worlds.life_kin import ASSISTANT
from personavlm.worlds.life_pen import MISSPOKE
from personavlm.worlds.life_time import Frame
from personavlm.worlds.truth import facts
from personavlm.worlds.values import USER, Act, Beat, Fact, Person, Thread

Step = tuple[Beat, ...]
"""The beats of one turn, topic not numbered yet."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Something to talk about for one to three turns."""

    theme: str
    steps: tuple[Step, ...]
    ready: datetime
    due: datetime
    expires: datetime
    essential: bool = False
    pressing: bool = False
    """Whether it must be told in a stretch of time, because something follows from it."""
    needs: frozenset[str] = frozenset()

    @property
    def told(self) -> frozenset[str]:
        """Ids of the facts it brings up."""
        return frozenset(beat.fact for step in self.steps for beat in step if beat.fact)


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes units of one person: knows the frame and draws due dates."""

    person: Person
    time: Frame
    rng: random.Random

    def unit(
        self,
        theme: str,
        *steps: Step,
        fact: Fact | None = None,
        ready: datetime | None = None,
        due: datetime | None = None,
        essential: bool = False,
        pressing: bool = False,
        needs: Sequence[str] = (),
    ) -> Unit:
        """Return a unit; a fact's own interval bounds it, and without a due date one is drawn over the whole time."""
        start, end = self.time.start, self.time.end
        ready = max(start, ready or (fact.since if fact and fact.attribute != "appointment" else start))
        expires = min(end, self._until(fact) if fact else end)
        room = max(expires - ready, timedelta(0))
        drawn = ready + room * self.rng.uniform(0.0, 0.6 if pressing else 0.75 if essential else 0.9)
        return Unit(
            theme,
            steps,
            ready,
            min(due or drawn, expires),
            expires,
            essential or pressing,
            pressing,
            frozenset(filter(None, needs)),
        )

    def between(self, low: float, high: float) -> datetime:
        """Draw a moment between two shares of the whole time."""
        start, end = self.time.start, self.time.end
        return start + (end - start) * self.rng.uniform(low, high)

    @staticmethod
    def _until(fact: Fact) -> datetime:
        """Return when a fact can no longer be told as something that is: an appointment until its day."""
        far = fact.since + timedelta(days=40_000)
        return fact.since if fact.attribute == "appointment" else fact.until or far


def beat(act: Act, fact: Fact | None = None, **fields: object) -> Beat:
    """Return a beat of topic 0; whoever the fact is about is its kin."""
    about = fact.about if fact else ""
    kin = about if fact and fact.matter in ("relation", "other", "dynamic") and about not in (USER, ASSISTANT) else ""
    return replace(Beat(act, 0, fact.id if fact else "", kin=kin), **fields)  # type: ignore[arg-type]


def chain(
    maker: Maker, thread: Thread, theme: str, first: Act = "tell", then: Act = "change", needs: Sequence[str] = ()
) -> Iterator[Unit]:
    """Yield a unit for each fact of a thread: the first in time before it is overtaken, the next once it counts."""
    changing = len(thread.facts) > 1
    for number, fact in enumerate(thread.facts):
        if number == 0:
            yield maker.unit(theme, (beat(first, fact),), fact=fact, pressing=changing, needs=needs)
            continue
        act: Act = "correct" if fact.reason == MISSPOKE else then
        soon = fact.since + (maker.time.end - fact.since) * maker.rng.uniform(0.0, 0.25)
        steps = ((beat(act, fact, old=fact.replaces),),)
        yield maker.unit(theme, *steps, fact=fact, due=soon, pressing=True, needs=(*needs, fact.replaces))


def theme_of(attribute: str) -> str:
    """Return the theme that talk about a domain of taste belongs to."""
    return next((row["theme"] for row in bank("domains") if row["domain"] == attribute), "home")


RELATED = ("giver", "origin", "use")
"""Attributes of a belonging beside its name."""


def belonging_of(person: Person, thing: str) -> str:
    """Return the id of the fact that introduces a thing; empty for an animal."""
    rows = (f for f in facts(person) if f.matter == "belonging" and f.about == thing and f.attribute not in RELATED)
    return next((fact.id for fact in rows), "")


def among_first(maker: Maker, thread: Thread) -> bool:
    """Tell whether a thread is among the first two of its matter in the life."""
    same = [other for other in maker.person.threads if other.matter == thread.matter]
    return thread in same[:2]


def premises_of(person: Person) -> list[tuple[Fact, Fact, Fact]]:
    """Return each aim with the two facts it follows from, which stand before it in the life."""
    found = []
    for at, thread in enumerate(person.threads):
        if thread.matter == "aim":
            circumstance, ahead = person.threads[at - 2].facts[0], person.threads[at - 1].facts[0]
            found.append((thread.facts[0], circumstance, ahead))
    return found
