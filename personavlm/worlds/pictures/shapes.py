"""From a look to the thing itself: the parts of its shape, one unit high, ready to be looked at from any side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from random import Random

import numpy as np
from numpy.typing import NDArray

from personavlm.worlds.pictures import animals, carried, moving, vessels
from personavlm.worlds.pictures.solid import Floats, Part
from personavlm.worlds.values import Look

FORMS: dict[str, Callable[[Random], list[Part]]] = {
    "mug": vessels.mug,
    "kettle": vessels.kettle,
    "teapot": vessels.teapot,
    "vase": vessels.vase,
    "lamp": vessels.lamp,
    "chair": carried.chair,
    "toy train": moving.toy_train,
    "toy car": moving.toy_car,
    "bag": carried.bag,
    "backpack": carried.backpack,
    "suitcase": carried.suitcase,
    "hat": carried.hat,
    "umbrella": carried.umbrella,
    "guitar": moving.guitar,
    "bicycle": moving.bicycle,
    "boat": moving.boat,
    "kite": moving.kite,
    "clock": vessels.clock,
    "plant pot": vessels.plant_pot,
    "book": carried.book,
    "shoe": carried.shoe,
    "bottle": vessels.bottle,
    "box": vessels.box,
    "ball": moving.ball_thing,
    "bird house": moving.bird_house,
    "cat": animals.cat,
    "dog": animals.dog,
    "rabbit": animals.rabbit,
}
ANIMALS = ("cat", "dog", "rabbit")


@dataclass(frozen=True, slots=True)
class Solid:
    """A thing as one mesh: the points of all parts, and which part each triangle belongs to."""

    parts: tuple[Part, ...]
    points: Floats
    """``(n, 3)``, lowest at 0, highest at 1, x and y round 0."""
    normals: Floats
    cells: Floats
    faces: NDArray[np.int32]
    """``(m, 3)``."""
    first: tuple[int, ...]
    """Where the triangles of each part begin, and the end of the last."""
    body: tuple[float, float, float, float]
    """Left, right, low, high of the patterned parts, where badges and bands go."""


@lru_cache(maxsize=128)
def solid(shape: str, mark: int) -> Solid:
    """Return a shape as its mark has it. Raises ``KeyError`` for a shape that cannot be drawn."""
    parts = tuple(FORMS[shape](Random(f"{shape}/{mark}")))
    offsets = np.cumsum([0, *(len(part.points) for part in parts)])
    points = np.concatenate([part.points for part in parts])
    low, high = float(points[:, 2].min()), float(points[:, 2].max())
    middle = (points[:, :2].min(axis=0) + points[:, :2].max(axis=0)) / 2
    points = (points - np.array([*middle, low], np.float32)) / (high - low)
    body = [points[start:end] for part, start, end in zip(parts, offsets, offsets[1:], strict=False) if part.patterned]
    front = np.concatenate(body) if body else points
    return Solid(
        parts,
        np.asarray(points, np.float32),
        np.concatenate([part.normals for part in parts]),
        np.concatenate([part.cells for part in parts]),
        np.concatenate([part.faces + start for part, start in zip(parts, offsets, strict=False)]).astype(np.int32),
        tuple(int(n) for n in np.cumsum([0, *(len(part.faces) for part in parts)])),
        (float(front[:, 0].min()), float(front[:, 0].max()), float(front[:, 2].min()), float(front[:, 2].max())),
    )


def solid_of(look: Look) -> Solid:
    """Return the mesh of a look."""
    return solid(look.shape, look.mark)
