"""A life from a seed: somebody believable, with everything that is true of them and of theirs.

    live(seed, half, setting, number) ──> Person: traits, kin, things, threads of facts with their intervals

Nothing here is told to anybody: ``plan`` decides what is said when.
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any, Literal, cast

from personavlm.personality import HIGHEST, LOWEST, TRAITS, Profile
from personavlm.worlds.banks import bank, share
from personavlm.worlds.life_kin import circle, make_kin, write_aims, write_kin
from personavlm.worlds.life_pen import Pen, row
from personavlm.worlds.life_self import amounts, events, expertise, goals, leanings, requests, routines, tastes
from personavlm.worlds.life_things import make_things, write_things
from personavlm.worlds.life_time import Frame, frame
from personavlm.worlds.values import USER, Drift, Half, Kin, Person, Setting

SPREAD = 1.0
"""Standard deviation of trait scores between people, before they are clipped to [1, 5]."""

DRIFTING = 1 / 3
"""Share of persons with a trait that moves."""

Own = Literal["she", "he", "they"]


def live(seed: int, half: Half, setting: Setting, number: int = 0) -> Person:
    """Return the person of a seed; the same arguments give the same person."""
    time = frame(seed, half, setting, number)
    rng = time.rng("self")
    pronoun: Own = rng.choice(("she", "she", "she", "he", "he", "he", "they"))
    given = rng.choice(share(bank("names")[pronoun], half))
    name = f"{given} {rng.choice(share(bank('names')['family'], half))}"
    pen, age, job = Pen(time, pronoun), rng.randint(22, 67), rng.choice(share(bank("work")["jobs"], half))
    size, much = circle(time.turns, rng), amounts(time.turns)
    kin = make_kin(pen, given, age, size)
    _identity(pen, rng, name, age, job, kin)
    write_kin(pen, kin, size)
    for part in (tastes, leanings, routines, goals, events, requests):
        part(pen, much)
    expertise(pen, much, job)
    write_aims(pen, kin, size)
    things = make_things(pen, kin)
    write_things(pen, things, kin, [thread.label for thread in pen.threads if thread.matter == "routine"])
    traits = _traits(time.rng("traits"))
    drift = _drift(time, traits, pen)
    return Person(time.id, half, name, pronoun, traits, drift, time.start, time.end, tuple(pen.threads), kin, things)


def _identity(pen: Pen, rng: random.Random, name: str, age: int, job: str, kin: tuple[Kin, ...]) -> None:
    """Write who they are; one in four moves, or changes work, meanwhile."""
    towns = rng.sample(share(bank("towns")["towns"], pen.half), k=3)
    homes = rng.sample(share(bank("homes")["homes"], pen.half), k=2)
    shares = any(one.relation == "flatmate" for one in kin)
    company = "with a flatmate" if shares else rng.choice(bank("homes")["company"])
    jobs = [job, rng.choice([other for other in share(bank("work")["jobs"], pen.half) if other != job])]
    moves, swaps = rng.random() < 0.25, rng.random() < 0.2
    _own(pen, "name", [(name, f"is called {name}")], False, rng)
    _own(pen, "age", [(str(age), f"is {age} years old")], False, rng)
    _own(pen, "work", [(value, f"works as {_a(value)}") for value in jobs], swaps, rng)
    _own(pen, "town", [(towns[0], f"lives in {towns[0]}")], False, rng)
    _own(pen, "origin", [(towns[1], f"grew up in {towns[1]}")], False, rng)
    with_others = "" if company == "alone" else f" {company}"
    _own(pen, "home", [(f"{home}{with_others}", f"lives {company} in {home}") for home in homes], moves, rng)


def _own(pen: Pen, attribute: str, values: list[tuple[str, str]], changes: bool, rng: random.Random) -> None:
    facts: list[dict[str, Any]] = []
    for number, (value, text) in enumerate(values[: 2 if changes else 1]):
        since = pen.frame.gap(rng, 0.4, 0.8) if number else pen.frame.ago(rng, 10)
        reason = pen.reason("fresh start", rng) if number else ""
        facts.append(row(USER, attribute, value, text, since, reason=reason))
    pen.write("identity", attribute, *facts)


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _traits(rng: random.Random) -> Profile:
    scores = {trait: round(min(HIGHEST, max(LOWEST, rng.gauss(3.0, SPREAD))), 2) for trait in TRAITS}
    return Profile(**scores)


def _drift(time: Frame, traits: Profile, pen: Pen) -> Drift | None:
    """Draw whether a trait moves, by how much, at once or smoothly; what set it off is an event of the life."""
    rng = time.rng("drift")
    if rng.random() >= DRIFTING:
        return None
    trait = rng.choice(TRAITS)
    upwards = rng.random() < (HIGHEST - traits[trait]) / (HIGHEST - LOWEST)
    amount = round(rng.uniform(0.8, 1.6) * (1 if upwards else -1), 2)
    start = time.gap(rng, 0.3, 0.6)
    cause = rng.choice(share(bank("events")["turning points"], pen.half))
    pen.write("event", cause, row(USER, "event", cause, cause, start - timedelta(hours=1)))
    return Drift(cast("Any", trait), amount, start, rng.choice((0, 10, 20)), cause)
