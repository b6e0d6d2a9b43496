"""Where pictures are taken: rooms and landscapes behind and under the things.

    place + light + seed ──> backdrop (Pillow, a little out of focus) + ground with texture ──> sRGB pixels

Everything stands on the ground below ``HORIZON``: a table top or a floor indoors, sand, grass or stone outside. Colours
are kept quiet so that the things are what one looks at. No two seeds make the same room.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import pi
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from personavlm.worlds.pictures import landscapes, rooms
from personavlm.worlds.pictures.canvas import HORIZON, QUIET, WALLS, WOODS, Canvas, shaded
from personavlm.worlds.pictures.looks import RGB
from personavlm.worlds.pictures.surface import noise

Pixels = NDArray[np.uint8]
TINT: dict[str, tuple[float, float, float]] = {
    "morning": (1.02, 0.99, 0.95),
    "noon": (1.0, 1.0, 1.0),
    "evening": (1.0, 0.90, 0.80),
    "lamp": (0.86, 0.75, 0.62),
}
"""How a light colours what it falls on."""
PLACES: dict[str, Callable[[Canvas], None]] = {
    "kitchen": rooms.kitchen,
    "living room": rooms.living_room,
    "study": rooms.study,
    "bedroom": rooms.bedroom,
    "workshop": rooms.workshop,
    "balcony": landscapes.balcony,
    "beach": landscapes.beach,
    "park": landscapes.park,
    "forest path": landscapes.forest_path,
    "mountains": landscapes.mountains,
    "street": landscapes.street,
    "market": landscapes.market,
}
GROUND: dict[str, tuple[str, RGB]] = {
    "balcony": ("tiles", (176, 156, 138)),
    "beach": ("loose", (222, 202, 160)),
    "park": ("loose", (118, 158, 88)),
    "forest path": ("loose", (150, 124, 92)),
    "mountains": ("loose", (128, 150, 96)),
    "street": ("tiles", (168, 166, 162)),
    "market": ("tiles", (172, 160, 146)),
}
"""What is underfoot outside."""


def backdrop(place: str, light: str, seed: int, floor: bool, width: int, height: int) -> Pixels:
    """Return the place with nothing in it, ``(height, width, 3)`` sRGB. Raises ``KeyError`` for an unknown place."""
    picture = Image.new("RGB", (width, height))
    rng = Random(f"place/{place}/{seed}")
    canvas = Canvas(ImageDraw.Draw(picture), width, height, light, rng)
    PLACES[place](canvas)
    start = round(HORIZON * height)
    far = picture.crop((0, 0, width, start)).filter(ImageFilter.GaussianBlur(1.7 * width / 448))
    pixels = np.empty((height, width, 3), np.float32)
    pixels[:start] = np.asarray(far)
    kind, colour = GROUND.get(place) or _inside(rng, floor)
    pixels[start:] = ground(kind, colour, rng, width, height - start)
    pixels *= _shade(light, width, height)
    np.minimum(pixels, 255, out=pixels)
    return pixels.astype(np.uint8)


def _inside(rng: Random, floor: bool) -> tuple[str, RGB]:
    if not floor:
        return ("planks", rng.choice(WOODS)) if rng.random() < 0.7 else ("cloth", shaded(rng.choice(WALLS), 0.95))
    return ("planks", shaded(rng.choice(WOODS), 0.95)) if rng.random() < 0.6 else ("rug", rng.choice(QUIET))


def ground(kind: str, colour: RGB, rng: Random, width: int, high: int) -> NDArray[np.float32]:
    """Return ground that runs into the depth, ``(high, width, 3)``: "planks", "tiles", "loose", "cloth" or "rug"."""
    depth = 0.9 / (0.32 + np.linspace(0, 1, high, dtype=np.float32))[:, None]
    across = (np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :]) * depth
    shift = np.float32(rng.random())
    if kind == "planks":
        board = np.floor(depth * 7)
        factor = (
            0.96
            + 0.22 * noise(across * 0.3 + board * 0.37 + shift, depth * 3 + 0 * across)
            + 0.05 * np.sin(board * 12.9)
        )
        factor = np.where(depth * 7 - board < 0.05, factor * 0.8, factor)
    elif kind == "tiles":
        u, v = across * 6 + 0.5 * (np.floor(depth * 5) % 2), depth * 5
        gap = (u - np.floor(u) < 0.03) | (v - np.floor(v) < 0.05)
        factor = np.where(gap, 0.8, 0.95 + 0.06 * np.sin(np.floor(u) * 7.3 + np.floor(v) * 3.1)) + 0.15 * noise(
            across + shift, depth
        )
    elif kind == "loose":
        factor = (
            0.95
            + 0.3 * noise(across * 1.5 + shift, depth * 1.5 + 0 * across)
            + 0.25 * noise(across * 4, depth * 4 + shift)
        )
    else:
        edge = np.abs(np.sin(across * pi * 5 + shift)) if kind == "rug" else np.zeros_like(across)
        factor = 0.95 + 0.1 * noise(across * 3 + shift, depth * 3 + 0 * across) + 0.05 * (edge > 0.9)
    fall = np.linspace(0.9, 1.04, high, dtype=np.float32)[:, None]
    return np.asarray(np.asarray(colour, np.float32) * (factor * fall)[..., None], np.float32)


@lru_cache(maxsize=8)
def _shade(light: str, width: int, height: int) -> NDArray[np.float32]:
    # The colour of the light, less of it towards the corners and away from where it comes from.
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    strength = 0.34 if light == "lamp" else 0.12
    lean = {"morning": -0.06, "evening": 0.06}.get(light, 0.0)
    fall = 1 + lean * x - strength * (0.5 * x * x + 0.5 * y * y)
    return np.asarray(fall[..., None] * np.asarray(TINT[light], np.float32), np.float32)
