"""The things in a life: what they are called and look like, where they come from, what is planned with them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from personavlm.worlds.banks import bank, share
from personavlm.worlds.life_pen import Pen, row
from personavlm.worlds.life_self import shuffled, write_goal
from personavlm.worlds.pictures import looks
from personavlm.worlds.values import GOAL_STATUSES, Kin, Look, Thing

CARRIED = ("mug", "bag", "backpack", "suitcase", "hat", "umbrella", "bicycle", "book", "shoe", "bottle", "box", "ball")
"""What people take along to where they go every week."""

DRAWN_ANIMALS = ("cat", "dog", "rabbit")


def make_things(pen: Pen, kin: Sequence[Kin]) -> tuple[Thing, ...]:
    """Draw belongings, more in longer dialogues: drawable animals, now and then a photographed thing, others."""
    rng = pen.frame.rng("things")
    count = min(22, 3 + round(pen.frame.turns / 14))
    shapes = shuffled([kind for kind in sorted(looks.shapes()) if kind not in DRAWN_ANIMALS], rng)
    epithets = shuffled(share(bank("belongings")["epithets"], pen.half), rng)
    things = [
        Thing(f"o{at + 1}", one.name, one.relation, looks.some_look(rng, pen.half, one.relation))
        for at, one in enumerate(one for one in kin if one.animal and one.relation in DRAWN_ANIMALS)
    ]
    photo = rng.choice(share(bank("belongings")["photographed"], pen.half)) if rng.random() < 0.2 else None
    if photo:
        name = f"the {epithets.pop()} {photo['category']}"
        things.append(Thing(f"o{len(things) + 1}", name, photo["category"], None, tuple(sorted(photo["photos"]))))
    pairs = shapes[: max(1, count // 5)]
    for shape in [*pairs, *shapes[: count - len(things) - len(pairs)]]:
        epithets = epithets or shuffled(share(bank("belongings")["epithets"], pen.half), rng)
        name = _name(epithets, shape, things)
        things.append(Thing(f"o{len(things) + 1}", name, shape, looks.some_look(rng, pen.half, shape)))
    return tuple(things)


def _name(epithets: list[str], shape: str, things: Sequence[Thing]) -> str:
    while (name := f"the {epithets.pop()} {shape}") in {thing.name for thing in things}:
        pass
    return name


def write_things(pen: Pen, things: Sequence[Thing], kin: Sequence[Kin], routines: Sequence[str]) -> None:
    """Write every thing's name, looks and origin, what it is for, and the plans with some."""
    rng = pen.frame.rng("belongings")
    projects = shuffled(share(bank("belongings")["projects"], pen.half), rng)
    for thing in things:
        since = pen.frame.ago(rng, 6)
        animal = thing.category in DRAWN_ANIMALS
        if not animal:
            _belonging(pen, thing, since)
            _origin(pen, thing, kin, since, rng)
        _details(pen, thing, since)
        if thing.category in CARRIED and rng.random() < 0.6 and routines:
            _use(pen, thing, rng.choice(routines), since)
        if not animal and rng.random() < 0.35 and projects:
            _project(pen, thing, projects.pop(), kin, rng)
    _favourites(pen, things, rng)


def _belonging(pen: Pen, thing: Thing, since: datetime) -> None:
    article = "an" if thing.category[0] in "aeiou" else "a"
    text = f"has {article} {thing.category} known as {thing.name}"
    pen.write("belonging", thing.name, row(thing.id, thing.category, thing.name, text, since))


def _origin(pen: Pen, thing: Thing, kin: Sequence[Kin], since: datetime, rng: random.Random) -> None:
    """Write where it comes from: a person or a place."""
    people = [one for one in kin if not one.animal]
    if rng.random() < 0.5:
        one = rng.choice(people)
        fact = row(thing.id, "giver", one.name, f"{thing.name} was a present from {one.name}", since)
    else:
        place = pen.fresh(share(bank("belongings")["origins"], pen.half), rng)
        fact = row(thing.id, "origin", place, f"{thing.name} came from {place}", since)
    pen.write("belonging", thing.name, fact)


def _use(pen: Pen, thing: Thing, routine: str, since: datetime) -> None:
    text = f"{thing.name} goes along to {routine}"
    pen.write("belonging", thing.name, row(thing.id, "use", routine, text, since))


def _project(pen: Pen, thing: Thing, project: Any, kin: Sequence[Kin], rng: random.Random) -> None:
    names = {"it": thing.name, "kin": rng.choice([one for one in kin if not one.animal]).name}
    inf, ing = pen.fill(project["inf"], **names), pen.fill(project["ing"], **names)
    write_goal(pen, inf, ing, rng.choice(GOAL_STATUSES), rng, about=thing.id)


def _favourites(pen: Pen, things: Sequence[Thing], rng: random.Random) -> None:
    """Write which of two of a kind is the favourite, and a change of it."""
    kinds = sorted({thing.category for thing in things})
    for category in kinds:
        rivals = [thing for thing in things if thing.category == category and thing.category not in DRAWN_ANIMALS]
        if len(rivals) < 2:
            continue
        facts: list[dict[str, Any]] = []
        moments = [pen.frame.ago(rng, 2), pen.frame.gap(rng, 0.4, 0.8)]
        for number, (thing, since) in enumerate(zip(shuffled(rivals, rng), moments, strict=False)):
            reason = pen.fill(pen.fresh(share(bank("belongings")["swaps"], pen.half), rng)) if number else ""
            text = f"favourite {category} is {thing.name}"
            facts.append(row(thing.id, category, thing.name, text, since, polarity=1, strength=3, reason=reason))
        pen.write("taste", f"favourite {category}", *facts)


def _details(pen: Pen, thing: Thing, since: datetime) -> None:
    """Write what a picture of it shows and nobody says."""
    for attribute, value, text in looks_of(thing):
        pen.write("detail", thing.name, row(thing.id, attribute, value, text, since, implied=True))


def looks_of(thing: Thing) -> list[tuple[str, str, str]]:
    """Return the attributes that can be seen of a thing: attribute, value, sentence."""
    if thing.look is None:
        colour = photographed(thing)["colour"]
        return [("colour", colour, f"{thing.name} is {colour}")]
    look: Look = thing.look
    part = looks.second_part(look.shape)
    plural = part.endswith("s")
    facts = [
        ("colour", look.colour, f"{thing.name} is {look.colour}"),
        ("second", look.second, f"the {part} of {thing.name} {'are' if plural else 'is'} {look.second}"),
        ("pattern", look.pattern, f"{thing.name} is {look.pattern}"),
    ]
    if look.material != "fur":
        facts.append(("material", look.material, f"{thing.name} is made of {look.material}"))
    return facts


def photographed(thing: Thing) -> Any:
    """Return the bank's row of a photographed thing: its colour, its photographs with the box it fills in each."""
    entries = [entry for half in ("train", "test") for entry in bank("belongings")["photographed"][half]]
    return next(entry for entry in entries if tuple(sorted(entry["photos"])) == thing.photos)
