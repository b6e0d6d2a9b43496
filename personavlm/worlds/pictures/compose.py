"""Scenes and shots: what stands where in a picture, with a caption that gives nothing away.

    close_up(look)        one thing, large                     "a mug in the kitchen"
    group(looks)          two or three different things         "a book, a mug and a toy car on the balcony"
    several(look, count)  two to five alike, side by side       "some mugs at the market"
    shot("p4", scene)     a Shot with everything that can be seen in it

>>> scene = close_up(look, "kitchen", "morning", Random("seed"), thing="x2")
>>> shot("p1", scene).caption
'a kettle in the kitchen'

Captions name no colour, material, pattern, count or position: who cannot see cannot know.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from personavlm.worlds.banks import bank
from personavlm.worlds.pictures.looks import shapes
from personavlm.worlds.pictures.render import HEIGHT, WIDTH, seen
from personavlm.worlds.values import Look, Placed, Scene, Shot

TURNED = 35.0
"""Things are turned by at most so many degrees to either side, so that handles and pockets stay in sight."""
ROOMY = 0.86
"""Share of the frame's width that things may fill."""
SEEDS = 1_000_000


def places(indoors: bool | None = None) -> tuple[str, ...]:
    """Return the places a scene can be in; only rooms, or only what is outside, if asked."""
    return tuple(row["place"] for row in bank("looks")["places"] if indoors in (None, row["indoors"]))


def some_light(place: str, rng: Random) -> str:
    """Return a light that fits a place: lamps are lit indoors."""
    lights = bank("looks")["lights"]
    return str(rng.choice(lights if place in places(indoors=True) else [light for light in lights if light != "lamp"]))


def close_up(look: Look, place: str, light: str, rng: Random, thing: str = "") -> Scene:
    """Return a scene with one thing, taken from close by."""
    kind = shapes()[look.shape]
    size = min(kind.size * rng.uniform(0.85, 1.1), ROOMY * WIDTH / HEIGHT / kind.aspect)
    placed = Placed(look, 0.5 + _slack(size, kind.aspect, rng), rng.uniform(0.86, 0.92), size, _turn(rng), thing)
    return Scene(place, light, (placed,), rng.randrange(SEEDS))


def group(looks: Sequence[Look], place: str, light: str, rng: Random, things: Sequence[str] = ()) -> Scene:
    """Return a scene with two or three different things, none hiding another; the order given is left to right.

    ``things`` are their ids where they have one. Raises ``ValueError`` for any other number, and for two of one shape.
    """
    if not 2 <= len({look.shape for look in looks}) == len(looks) <= 3:
        raise ValueError(f"a group has two or three things of different shapes, not {[look.shape for look in looks]}")
    share = ROOMY / len(looks)
    names = [*things, *[""] * (len(looks) - len(things))]
    row = []
    for number, (look, name) in enumerate(zip(looks, names, strict=True)):
        kind = shapes()[look.shape]
        size = min(kind.size * rng.uniform(0.75, 0.9), share * 0.88 * WIDTH / HEIGHT / kind.aspect)
        middle = 0.5 + (number - (len(looks) - 1) / 2) * share
        row.append(Placed(look, middle, rng.uniform(0.82, 0.9), size, _turn(rng), name))
    return Scene(place, light, tuple(row), rng.randrange(SEEDS))


def several(look: Look, count: int, place: str, light: str, rng: Random, thing: str = "") -> Scene:
    """Return a scene with two to five alike, side by side. Raises ``ValueError`` for another count."""
    if not 2 <= count <= 5:
        raise ValueError(f"two to five can stand side by side, not {count}")
    kind = shapes()[look.shape]
    size = min(kind.size * rng.uniform(0.75, 0.9), ROOMY / (1.14 * count) * WIDTH / HEIGHT / kind.aspect)
    placed = Placed(look, 0.5, rng.uniform(0.82, 0.9), size, rng.uniform(-20, 20), thing, count)
    return Scene(place, light, (placed,), rng.randrange(SEEDS))


def shot(shot_id: str, scene: Scene, caption: str = "") -> Shot:
    """Return a shot of a scene with all that can be seen in it; without a caption it gets a plain one."""
    return Shot(shot_id, seen(scene), scene, caption=caption or caption_of(scene))


def caption_of(scene: Scene) -> str:
    """Return what a scene shows and where, without any detail; things in alphabetical order."""
    names = sorted(_named(placed) for placed in scene.placed)
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{listed} {_phrase(scene.place)}"


def _named(placed: Placed) -> str:
    kind = shapes()[placed.look.shape]
    return f"some {kind.plural}" if placed.count > 1 else f"{'an' if kind.shape[0] in 'aeiou' else 'a'} {kind.shape}"


def _phrase(place: str) -> str:
    return str(next(row["phrase"] for row in bank("looks")["places"] if row["place"] == place))


def _turn(rng: Random) -> float:
    return round(rng.uniform(-TURNED, TURNED), 1)


def _slack(size: float, aspect: float, rng: Random) -> float:
    free = max(0.0, 0.5 - size * aspect * HEIGHT / WIDTH / 2 - 0.05)
    return rng.uniform(-0.6, 0.6) * min(free, 0.12)
