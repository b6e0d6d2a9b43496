"""Looks: what a picture alone can tell of a thing that something said points at.

The query names the thing by what was said of it (who gave it, what it is for) and never by its look; the four options
are looks, so that without the picture they are all alike.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from personavlm.synthesis.questions.draw import Ground, mix
from personavlm.synthesis.questions.phrases import a, part
from personavlm.synthesis.questions.values import Option, Role
from personavlm.worlds.pictures.looks import apart, colours
from personavlm.worlds.truth import Known


@dataclass(frozen=True, slots=True)
class Appearance:
    """The two colours of a thing as its pictures show them, and the facts that say so."""

    thing: str
    category: str
    colour: str
    second: str
    proof: tuple[Known, ...]

    @property
    def text(self) -> str:
        """The look in words: "green with a white handle"."""
        return look_text(self.category, self.colour, self.second)


def look_text(category: str, colour: str, second: str) -> str:
    """Return a look in words."""
    name = part(category)
    return f"{colour} with {second} {name}" if name.endswith("s") else f"{colour} with {a(second)} {name}"


def appearances(ground: Ground) -> dict[str, Appearance]:
    """Return the look of every drawn thing of which a picture was shown, by its id."""
    found: dict[str, Appearance] = {}
    for thing in ground.things.values():
        rows = {one.fact.attribute: one for one in ground.told("detail") if one.fact.about == thing.id}
        if thing.look is not None and {"colour", "second"} <= set(rows):
            values = rows["colour"].fact.value, rows["second"].fact.value
            found[thing.id] = Appearance(thing.id, thing.category, *values, (rows["colour"], rows["second"]))
    return found


def crossed(look: Appearance, mine: Sequence[Appearance], rng: random.Random) -> tuple[tuple[Option, ...], int] | None:
    """Return four looks that cross two main colours with two second colours, the right one among them.

    Every combination is one that a thing may have, so that none stands out; the other colours are those of another
    thing of the user, if the draw says so, else any.
    """
    names = sorted(colours())
    own = [one for one in mine if one.thing != look.thing]
    other = rng.choice(own) if own and rng.random() < 0.5 else None
    for _ in range(60):
        colour = other.colour if other else rng.choice(names)
        second = other.second if other else rng.choice(names)
        if colour != look.colour and second != look.second and _all_apart((look.colour, colour), (look.second, second)):
            texts = [(c, s) for c in (look.colour, colour) for s in (look.second, second)]
            roles: tuple[Role, ...] = ("right", "stranger", "stranger", "mine" if other else "stranger")
            rows = zip(texts, roles, strict=True)
            return mix([Option(look_text(look.category, c, s), role) for (c, s), role in rows], rng)
        other = None
    return None


def _all_apart(mains: tuple[str, str], seconds: tuple[str, str]) -> bool:
    return all(apart(main, second) for main in mains for second in seconds)
