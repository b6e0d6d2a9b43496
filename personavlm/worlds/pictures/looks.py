"""What a rendered thing may look like: the bank of shapes and colours, and looks drawn from it.

    looks.json ──half──> a look never met in the other half ──> its look-alikes: same shape, same colours, not the same

>>> look = some_look(Random(3), "train", "kettle")
>>> other = look_alike(look, Random(4))
>>> (other.shape, other.colour, other.second) == (look.shape, look.colour, look.second), other.mark == look.mark
(True, False)

The two halves share shapes (a mug is a mug) and no combination of shape, colour, second colour, material and pattern.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cache
from random import Random
from typing import Any, Literal

from personavlm.worlds.banks import bank, share
from personavlm.worlds.values import Half, Look

RGB = tuple[int, int, int]
MARKS = 1_000_000
"""Marks are drawn from so many numbers."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the bank knows of one shape."""

    shape: str
    category: str
    plural: str
    second: str
    """What its second part is called: "handle"."""
    materials: tuple[str, ...]
    patterns: tuple[str, ...]
    stands: Literal["table", "floor"]
    """Where it stands indoors."""
    size: float
    """Height as a share of the frame's when it is taken from close by."""
    aspect: float
    """Widest box over height, at any turn within ``compose.TURNED``."""
    colours: tuple[str, ...] = ()
    """The colours it comes in; empty for all."""


@cache
def shapes() -> dict[str, Shape]:
    """Return all shapes by name."""
    return {
        row["shape"]: Shape(**{key: _frozen(value) for key, value in row.items()}) for row in bank("looks")["shapes"]
    }


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@cache
def colours() -> dict[str, RGB]:
    """Return all colours by name, sRGB 0 to 255."""
    return {row["name"]: (row["rgb"][0], row["rgb"][1], row["rgb"][2]) for row in bank("looks")["colours"]}


@cache
def _alike() -> frozenset[frozenset[str]]:
    return frozenset(frozenset(pair) for pair in bank("looks")["alike"])


def apart(one: str, other: str) -> bool:
    """Tell whether two colours are so different that nobody takes one for the other in lamplight."""
    return one != other and frozenset((one, other)) not in _alike()


def category(shape: str) -> str:
    """Return what a detector is asked for. Raises ``KeyError`` for a shape that cannot be drawn."""
    return shapes()[shape].category


def second_part(shape: str) -> str:
    """Return the name of a shape's second part: "handle" of a mug. Raises ``KeyError`` for an unknown shape."""
    return shapes()[shape].second


def some_look(rng: Random, half: Half, shape: str = "", colour: str = "") -> Look:
    """Return a random look of one half; shape and main colour can be given."""
    kind = shapes()[shape] if shape else shapes()[rng.choice(sorted(shapes()))]
    while True:
        main = colour or rng.choice(kind.colours or tuple(colours()))
        look = Look(
            kind.shape,
            main,
            rng.choice([name for name in colours() if apart(name, main)]),
            rng.choice(kind.materials),
            rng.choice(kind.patterns),
            rng.randrange(MARKS),
        )
        if half_of(look) == half:
            return look


def look_alike(look: Look, rng: Random) -> Look:
    """Return another of the same shape and the same two colours, of the same half; material or pattern may differ."""
    kind = shapes()[look.shape]
    while True:
        other = replace(
            look, material=rng.choice(kind.materials), pattern=rng.choice(kind.patterns), mark=rng.randrange(MARKS)
        )
        if other.mark != look.mark and half_of(other) == half_of(look):
            return other


def half_of(look: Look) -> Half:
    """Return the half that a look's attributes belong to; the mark does not count."""
    attributes = {key: value for key, value in asdict(look).items() if key != "mark"}
    return "test" if share([attributes], "test") else "train"


def every_look(half: Half) -> Iterator[Look]:
    """Yield every combination of one half, in the bank's order, with mark 0."""
    for kind in shapes().values():
        for colour in kind.colours or tuple(colours()):
            for second in (name for name in colours() if apart(name, colour)):
                for material in kind.materials:
                    for pattern in kind.patterns:
                        if half_of(look := Look(kind.shape, colour, second, material, pattern, 0)) == half:
                            yield look
