"""What a life gives to talk about, cut into units: a few turns on one matter, with the time it fits into.

A unit can be told from ``ready`` on, should be told by ``due``, and is dropped after ``expires``. ``needs`` are facts
that must have been told before. Units of one ``theme`` sit well in one topic.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from personavlm.worlds.banks import bank, share
from personavlm.worlds.life_kin import ASSISTANT, CLOSENESS
from personavlm.worlds.life_pen import MISSPOKE, filled
from personavlm.worlds.life_time import Frame
from personavlm.worlds.truth import facts
from personavlm.worlds.values import USER, Act, Beat, Fact, Matter, Person, Thread

Step = tuple[Beat, ...]
"""The beats of one turn, topic not numbered yet."""

SILENT = 0.22
"""Share of goals that are mentioned once and never again: what became of them is not known."""

TOLD_TOGETHER = 5
"""So many things are told of together with where they come from."""

CHOICES = 3
"""A leaning shows in at least so many choices."""


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


def units(person: Person, time: Frame, rng: random.Random) -> list[Unit]:
    """Return everything there is to talk about, essentials first."""
    maker = Maker(person, time, rng)
    made: list[Unit] = []
    for thread in person.threads:
        if thread.matter in _OF:
            made.extend(_OF[thread.matter](maker, thread))
    made.extend(_aims(maker))
    made.extend(_wavers(maker))
    made.extend(_forgets(maker))
    return sorted(made, key=lambda unit: not unit.essential)


# ── threads in general ───────────────────────────────────────────────────────────────────────────────────────────


def _chain(
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


def _theme(attribute: str) -> str:
    return next((row["theme"] for row in bank("domains") if row["domain"] == attribute), "home")


def _asked(maker: Maker, domain: str) -> str:
    row = next((row for row in bank("domains") if row["domain"] == domain), None)
    return maker.rng.choice(row["ask"]) if row else ""


def _taste(maker: Maker, thread: Thread) -> Iterator[Unit]:
    """A taste, now and then with a question about the domain or an offer that misses it."""
    first, theme = thread.facts[0], _theme(thread.facts[0].attribute)
    thing = () if first.about == USER else tuple(_belonging(maker.person, fact.about) for fact in thread.facts)
    for unit in _chain(maker, thread, theme, needs=thing):
        fact = next(fact for fact in thread.facts if fact.id in unit.told)
        if thing:
            unit = replace(unit, steps=((*unit.steps[0], beat("show", shot=fact.about)),))
        elif maker.rng.random() < 0.35 and fact.polarity > 0:
            unit = replace(unit, steps=(*unit.steps, _after(maker, fact)))
        yield unit


def _after(maker: Maker, fact: Fact) -> Step:
    """Return what follows a told taste: a question, or something offered that is not it."""
    if maker.rng.random() < 0.55:
        return (beat("ask", subject=_asked(maker, fact.attribute)),)
    return (_offer(maker, fact),)


def _offer(maker: Maker, fact: Fact) -> Beat:
    """Return an offer of two things of the domain that this person has said nothing about."""
    row = next(row for row in bank("domains") if row["domain"] == fact.attribute)
    known = {other.value for other in facts(maker.person) if other.attribute == fact.attribute}
    free = [item for item in share(row["items"], maker.person.half) if item not in known]
    return beat("offered", fact, subject=fact.attribute, options=tuple(maker.rng.sample(free, k=2)))


def _belonging(person: Person, thing: str) -> str:
    """Return the id of the fact that introduces a thing; empty for an animal."""
    rows = (f for f in facts(person) if f.matter == "belonging" and f.about == thing and f.attribute not in _RELATED)
    return next((fact.id for fact in rows), "")


_RELATED = ("giver", "origin", "use")


def _identity(maker: Maker, thread: Thread) -> Iterator[Unit]:
    essential = thread.label in ("name", "work", "town", "home", "age")[: 5 if maker.time.turns > 45 else 3]
    for unit in _chain(maker, thread, "self"):
        early = maker.between(0.0, 0.25)
        first = not any(b.old for step in unit.steps for b in step)
        if first:
            named = thread.label == "name"
            due = maker.time.start if named else min(unit.due, early)
            unit = replace(unit, essential=essential, pressing=named, due=due)
        yield unit


def _routine(maker: Maker, thread: Thread) -> Iterator[Unit]:
    for number, unit in enumerate(_chain(maker, thread, "leisure")):
        opening = number == 0 and (_first(maker, thread) or maker.rng.random() < 0.5)
        yield replace(unit, essential=unit.essential or opening)
    last = thread.facts[-1]
    if last.until is not None:
        why = maker.rng.choice(share(bank("reasons")["loss"], maker.person.half))
        steps = (beat("end", last, subject=filled(why, maker.person.pronoun)),)
        yield maker.unit("leisure", steps, ready=last.until, due=last.until, essential=True, needs=(last.id,))


def _first(maker: Maker, thread: Thread) -> bool:
    """Tell whether a thread is among the first two of its matter in the life."""
    same = [other for other in maker.person.threads if other.matter == thread.matter]
    return thread in same[:2]


def _goal(maker: Maker, thread: Thread) -> Iterator[Unit]:
    """A plan: told, asked about, brought up to date; some are mentioned once and never again."""
    first = thread.facts[0]
    silent = maker.rng.random() < SILENT
    needs = () if first.about == USER else (_belonging(maker.person, first.about),)
    essential = maker.time.turns > 45 or _first(maker, thread)
    made = [
        replace(unit, essential=essential, pressing=essential and unit.pressing)
        for unit in _chain(maker, thread, "plans", needs=needs)
    ]
    opening = made[0]
    early = maker.between(0.05, 0.4)
    steps: tuple[Step, ...] = opening.steps
    if needs:
        steps = ((*steps[0], beat("show", shot=first.about)),)
    elif maker.rng.random() < 0.4 and maker.time.turns > 45:
        steps = (*steps, (beat("ask", subject=f"{maker.rng.choice(START)} {thread.label}"),))
    yield replace(opening, steps=steps, due=min(opening.due, early))
    if silent:
        return
    yield from made[1:]
    if len(thread.facts) == 1 and maker.rng.random() < 0.6:
        later = maker.between(0.55, 0.95)
        yield maker.unit("plans", (beat("retell", first),), fact=first, ready=later, needs=(first.id,))


START = (
    "where to begin with",
    "what to sort out first for",
    "how much time to set aside for",
    "how to keep going with",
)


def _event(maker: Maker, thread: Thread) -> Iterator[Unit]:
    """What happened is told soon after, what is to come before its day. Premises of aims come with their aim."""
    fact = thread.facts[0]
    if any(fact in premises for _, *premises in premises_of(maker.person)):
        return
    drift = maker.person.drift
    marks = drift is not None and drift.cause == fact.value
    if fact.attribute == "appointment":
        ahead = max(maker.time.start, fact.since - timedelta(days=maker.rng.randint(6, 25)))
        often = maker.rng.random() < 0.6 and maker.time.turns > 60
        yield maker.unit("plans", (beat("future", fact),), fact=fact, ready=ahead, essential=often)
        return
    due = None if fact.since < maker.time.start else fact.since + timedelta(days=maker.rng.uniform(0, 6))
    steps: tuple[Step, ...] = ((beat("tell", fact),),)
    if maker.rng.random() < 0.3:
        steps = (*steps, (beat("feel", subject=fact.value),))
    yield maker.unit("events", *steps, fact=fact, due=due, essential=marks)


# ── others ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _relation(maker: Maker, thread: Thread) -> Iterator[Unit]:
    """Who somebody is: told when they are first mentioned (``pack`` sees to it), or on its own."""
    fact = thread.facts[0]
    unit = maker.unit("people", (beat("tell", fact),), fact=fact, essential=maker.time.turns > 45)
    half = maker.between(0.0, 0.45)
    yield replace(unit, due=min(unit.due, half))


def _other(maker: Maker, thread: Thread) -> Iterator[Unit]:
    fact = thread.facts[0]
    if fact.attribute == "circumstance":
        return
    for unit in _chain(maker, thread, "people", first="other"):
        yield replace(unit, essential=unit.essential and maker.time.turns > 60, pressing=False)


def _dynamic(maker: Maker, thread: Thread) -> Iterator[Unit]:
    """How a relation moves, told when it moves; how close it is, shown in what is done together."""
    first = thread.facts[0]
    if first.attribute != "closeness":
        for unit in _chain(maker, thread, "people", first="relate", then="relate"):
            yield replace(unit, essential=True)
        return
    kind = CLOSENESS[first.strength][0]
    told = maker.rng.sample(share(bank("episodes")[kind], maker.person.half), k=2 + (maker.time.turns > 60))
    for number, episode in enumerate(told):
        step = (beat("relate", first, subject=episode.format(kin=first.about)),)
        essential = number < 2 and (maker.time.turns > 60 or first.strength != 2)
        yield maker.unit("people", step, fact=first, essential=essential)


# ── things ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _thing(maker: Maker, thread: Thread) -> Iterator[Unit]:
    """A thing: shown and named, later shown again; where it comes from and what it is for, each with a picture.

    The first few come with where they are from at once, so that short dialogues can be asked about them by it.
    """
    fact = thread.facts[0]
    at = [thing.id for thing in maker.person.things].index(fact.about)
    first = next(other for other in maker.person.threads if other.matter == "belonging") is thread
    origin = _origin(maker.person, fact.about) if at < TOLD_TOGETHER else None
    if fact.attribute in _RELATED:
        needs = (_belonging(maker.person, fact.about),)
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


def _detail(maker: Maker, thread: Thread) -> Iterator[Unit]:
    """Animals that can be drawn are shown by themselves; other details come with their thing."""
    fact = thread.facts[0]
    thing = next(thing for thing in maker.person.things if thing.id == fact.about)
    kin = next((one for one in maker.person.kin if one.name == thing.name), None)
    if kin is not None and fact.attribute == "colour":
        for _ in range(3):
            yield maker.unit("people", (beat("show", shot=thing.id, kin=kin.name),), fact=fact)


# ── leanings, knowledge, aims, requests ──────────────────────────────────────────────────────────────────────────


def _leaning(maker: Maker, thread: Thread) -> Iterator[Unit]:
    """Choices that show an inclination: three or four, far apart, never said."""
    fact = thread.facts[0]
    axis = next(row for row in bank("leanings")["axes"] if row["axis"] == fact.attribute)
    choices = share(axis["choices"], maker.person.half)
    count = min(len(choices) - 1, CHOICES + (maker.time.turns > 100))
    pole = axis["poles"].index(fact.value)
    first = next(other for other in maker.person.threads if other.matter == "leaning") is thread
    for choice in maker.rng.sample(choices, k=count):
        options = (choice["options"][pole], choice["options"][1 - pole])
        step = (beat("choose", fact, subject=choice["about"], options=options),)
        yield maker.unit("leisure", step, essential=True, pressing=first)


def _expertise(maker: Maker, thread: Thread) -> Iterator[Unit]:
    """Questions that show how much somebody knows; never said outright."""
    fact = thread.facts[0]
    row = next(row for row in bank("expertise")["subjects"] if row["subject"] == fact.attribute)
    asks = maker.rng.sample(row["asks"][fact.value], k=2 + (maker.time.turns > 60))
    for number, ask in enumerate(asks):
        yield maker.unit("self", (beat("ask", fact, subject=ask),), essential=number < 2)


def premises_of(person: Person) -> list[tuple[Fact, Fact, Fact]]:
    """Return each aim with the two facts it follows from, which stand before it in the life."""
    found = []
    for at, thread in enumerate(person.threads):
        if thread.matter == "aim":
            circumstance, ahead = person.threads[at - 2].facts[0], person.threads[at - 1].facts[0]
            found.append((thread.facts[0], circumstance, ahead))
    return found


def _aims(maker: Maker) -> Iterator[Unit]:
    """The two premises, on different days if there is time, then the question whose purpose stays unsaid."""
    kinds = {kind["subject"]: kind for kind in bank("aims")["kinds"]}
    for aim, circumstance, ahead in premises_of(maker.person):
        early, later = (maker.time.start + (aim.since - maker.time.start) * share for share in _two(maker.rng))
        yield maker.unit("people", (beat("other", circumstance),), due=early, pressing=True)
        step = (beat("future", ahead, kin=circumstance.about),)
        yield maker.unit("plans", step, fact=ahead, due=later, pressing=True)
        subject = maker.rng.choice(kinds[aim.attribute]["asks"])
        step = (beat("ask", aim, subject=subject),)
        needs = (circumstance.id, ahead.id)
        yield maker.unit("plans", step, fact=aim, due=aim.since, pressing=True, needs=needs)


def _two(rng: random.Random) -> tuple[float, float]:
    """Draw two shares of a stretch of time, the second later."""
    first = rng.uniform(0.0, 0.4)
    return first, rng.uniform(first + 0.15, 0.75)


def _request(maker: Maker, thread: Thread) -> Iterator[Unit]:
    fact = thread.facts[0]
    yield maker.unit("self", (beat("request", fact),), fact=fact, essential=_first(maker, thread))


# ── contradictions and forgetting ────────────────────────────────────────────────────────────────────────────────


def _wavers(maker: Maker) -> Iterator[Unit]:
    """Say something that seems to go against a taste; the taste still holds, and is said to."""
    stable = [thread for thread in maker.person.threads if thread.matter == "taste" and len(thread.facts) == 1]
    stable = [thread for thread in stable if thread.facts[0].about == USER and thread.facts[0].strength > 1]
    count = (maker.time.turns > 30) + maker.time.turns // 90
    for thread in maker.rng.sample(stable, k=min(count, len(stable))):
        fact = thread.facts[0]
        if fact.polarity > 0:
            other = _offer(maker, fact).options[0]
            waver = beat("waver", old=fact.id, subject=other)
        else:
            waver = beat("waver", old=fact.id, subject=fact.value)
        ready = maker.between(0.2, 0.6)
        steps = ((waver,), (beat("retell", fact),))
        yield maker.unit(_theme(fact.attribute), *steps, ready=ready, essential=True, needs=(fact.id,))


def _forgets(maker: Maker) -> Iterator[Unit]:
    """Ask to forget an event told earlier, once in a while."""
    told = [f for f in facts(maker.person) if f.attribute == "event" and f.since < maker.time.start]
    if maker.time.turns < 45 or not told:
        return
    for fact in maker.rng.sample(told, k=1):
        ready = maker.between(0.5, 0.85)
        yield maker.unit("self", (beat("forget", fact),), ready=ready, needs=(fact.id,))


_OF: dict[Matter, Callable[[Maker, Thread], Iterator[Unit]]] = {
    "identity": _identity,
    "relation": _relation,
    "other": _other,
    "dynamic": _dynamic,
    "belonging": _thing,
    "detail": _detail,
    "taste": _taste,
    "leaning": _leaning,
    "routine": _routine,
    "goal": _goal,
    "event": _event,
    "expertise": _expertise,
    "request": _request,
}
