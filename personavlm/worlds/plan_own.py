"""What somebody says of themselves, as units: who they are, tastes, habits, plans, events, choices, requests."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from personavlm.worlds.banks import bank, share
from personavlm.worlds.life_pen import filled
from personavlm.worlds.plan_units import (
    Maker,
    Step,
    Unit,
    among_first,
    beat,
    belonging_of,
    chain,
    premises_of,
    theme_of,
)
from personavlm.worlds.truth import facts
from personavlm.worlds.values import USER, Beat, Fact, Thread

SILENT = 0.22
"""Share of goals that are mentioned once and never again: what became of them is not known."""

CHOICES = 3
"""A leaning shows in at least so many choices."""

START = (
    "where to begin with",
    "what to sort out first for",
    "how much time to set aside for",
    "how to keep going with",
)
"""How a question about a plan begins."""


def taste(maker: Maker, thread: Thread) -> Iterator[Unit]:
    """A taste, now and then with a question about the domain or an offer that misses it."""
    first, theme = thread.facts[0], theme_of(thread.facts[0].attribute)
    thing = () if first.about == USER else tuple(belonging_of(maker.person, fact.about) for fact in thread.facts)
    for unit in chain(maker, thread, theme, needs=thing):
        fact = next(fact for fact in thread.facts if fact.id in unit.told)
        if thing:
            unit = replace(unit, steps=((*unit.steps[0], beat("show", shot=fact.about)),))
        elif maker.rng.random() < 0.35 and fact.polarity > 0:
            unit = replace(unit, steps=(*unit.steps, _after(maker, fact)))
        yield unit


def _asked(maker: Maker, domain: str) -> str:
    row = next((row for row in bank("domains") if row["domain"] == domain), None)
    return maker.rng.choice(row["ask"]) if row else ""


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


def identity(maker: Maker, thread: Thread) -> Iterator[Unit]:
    """Who they are: the name at once, the rest early."""
    essential = thread.label in ("name", "work", "town", "home", "age")[: 5 if maker.time.turns > 45 else 3]
    for unit in chain(maker, thread, "self"):
        early = maker.between(0.0, 0.25)
        first = not any(b.old for step in unit.steps for b in step)
        if first:
            named = thread.label == "name"
            due = maker.time.start if named else min(unit.due, early)
            unit = replace(unit, essential=essential, pressing=named, due=due)
        yield unit


def routine(maker: Maker, thread: Thread) -> Iterator[Unit]:
    """A weekly habit: told, moved to another day, given up."""
    for number, unit in enumerate(chain(maker, thread, "leisure")):
        opening = number == 0 and (among_first(maker, thread) or maker.rng.random() < 0.5)
        yield replace(unit, essential=unit.essential or opening)
    last = thread.facts[-1]
    if last.until is not None:
        why = maker.rng.choice(share(bank("reasons")["loss"], maker.person.half))
        steps = (beat("end", last, subject=filled(why, maker.person.pronoun)),)
        yield maker.unit("leisure", steps, ready=last.until, due=last.until, essential=True, needs=(last.id,))


def goal(maker: Maker, thread: Thread) -> Iterator[Unit]:
    """A plan: told, asked about, brought up to date; some are mentioned once and never again."""
    first = thread.facts[0]
    silent = maker.rng.random() < SILENT
    needs = () if first.about == USER else (belonging_of(maker.person, first.about),)
    essential = maker.time.turns > 45 or among_first(maker, thread)
    made = [
        replace(unit, essential=essential, pressing=essential and unit.pressing)
        for unit in chain(maker, thread, "plans", needs=needs)
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


def event(maker: Maker, thread: Thread) -> Iterator[Unit]:
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


def leaning(maker: Maker, thread: Thread) -> Iterator[Unit]:
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


def expertise(maker: Maker, thread: Thread) -> Iterator[Unit]:
    """Questions that show how much somebody knows; never said outright."""
    fact = thread.facts[0]
    row = next(row for row in bank("expertise")["subjects"] if row["subject"] == fact.attribute)
    asks = maker.rng.sample(row["asks"][fact.value], k=2 + (maker.time.turns > 60))
    for number, ask in enumerate(asks):
        yield maker.unit("self", (beat("ask", fact, subject=ask),), essential=number < 2)


def aims(maker: Maker) -> Iterator[Unit]:
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


def request(maker: Maker, thread: Thread) -> Iterator[Unit]:
    """Something wanted of the assistant."""
    fact = thread.facts[0]
    yield maker.unit("self", (beat("request", fact),), fact=fact, essential=among_first(maker, thread))


def wavers(maker: Maker) -> Iterator[Unit]:
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
        yield maker.unit(theme_of(fact.attribute), *steps, ready=ready, essential=True, needs=(fact.id,))


def forgets(maker: Maker) -> Iterator[Unit]:
    """Ask to forget an event told earlier, once in a while."""
    told = [f for f in facts(maker.person) if f.attribute == "event" and f.since < maker.time.start]
    if maker.time.turns < 45 or not told:
        return
    for fact in maker.rng.sample(told, k=1):
        ready = maker.between(0.5, 0.85)
        yield maker.unit("self", (beat("forget", fact),), ready=ready, needs=(fact.id,))
