"""Everything a life gives to talk about: the units of all its threads, and what goes across them.

Person ──units──> aims with their premises, wavering and forgetting, and a unit for every fact that can be told
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from personavlm.worlds import plan_near, plan_own
from personavlm.worlds.life_time import Frame
from personavlm.worlds.plan_units import Maker, Unit
from personavlm.worlds.values import Matter, Person, Thread

OF_MATTER: dict[Matter, Callable[[Maker, Thread], Iterator[Unit]]] = {
    "identity": plan_own.identity,
    "taste": plan_own.taste,
    "leaning": plan_own.leaning,
    "routine": plan_own.routine,
    "goal": plan_own.goal,
    "event": plan_own.event,
    "expertise": plan_own.expertise,
    "request": plan_own.request,
    "relation": plan_near.relation,
    "other": plan_near.other,
    "dynamic": plan_near.dynamic,
    "belonging": plan_near.thing,
    "detail": plan_near.detail,
}
"""Makers of a thread's units; aims are made together with the facts they follow from."""


def units(person: Person, time: Frame, rng: random.Random) -> list[Unit]:
    """Return everything there is to talk about, essentials first."""
    maker = Maker(person, time, rng)
    made: list[Unit] = []
    for thread in person.threads:
        if thread.matter in OF_MATTER:
            made.extend(OF_MATTER[thread.matter](maker, thread))
    made.extend(plan_own.aims(maker))
    made.extend(plan_own.wavers(maker))
    made.extend(plan_own.forgets(maker))
    return sorted(made, key=lambda unit: not unit.essential)
