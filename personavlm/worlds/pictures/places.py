"""Where pictures are taken: rooms and landscapes behind and under the things.

    place + light + seed ──> backdrop (Pillow, a little out of focus) + ground with texture ──> sRGB pixels

Everything stands on the ground below ``HORIZON``: a table top or a floor indoors, sand, grass or stone outside. Colours
are kept quiet so that the things are what one looks at. No two seeds make the same room.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import pi, sin
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from personavlm.worlds.pictures.looks import RGB
from personavlm.worlds.pictures.surface import noise

HORIZON = 0.56
"""Where the ground begins, as a share of the frame's height from the top."""

Draw = ImageDraw.ImageDraw
Pixels = NDArray[np.uint8]

SKY: dict[str, tuple[RGB, RGB]] = {
    "morning": ((150, 190, 226), (250, 224, 196)),
    "noon": ((104, 164, 224), (206, 228, 242)),
    "evening": ((116, 122, 176), (248, 186, 130)),
    "lamp": ((28, 34, 62), (58, 62, 96)),
}
"""Top and bottom of the sky."""
TINT: dict[str, tuple[float, float, float]] = {
    "morning": (1.02, 0.99, 0.95),
    "noon": (1.0, 1.0, 1.0),
    "evening": (1.0, 0.90, 0.80),
    "lamp": (0.86, 0.75, 0.62),
}
WALLS: tuple[RGB, ...] = ((222, 214, 198), (200, 212, 208), (216, 204, 208), (196, 204, 216), (226, 220, 184), (204, 212, 190))
WOODS: tuple[RGB, ...] = ((176, 134, 92), (148, 106, 72), (204, 170, 126), (120, 88, 66))
QUIET: tuple[RGB, ...] = ((150, 106, 98), (104, 124, 146), (122, 142, 112), (178, 150, 104), (136, 118, 144), (196, 184, 160))


@dataclass(frozen=True, slots=True)
class Canvas:
    """What a place is drawn on: its size, its light, its own chance."""

    draw: Draw
    width: int
    height: int
    light: str
    rng: Random

    def x(self, share: float) -> float:
        """Return pixels from the left."""
        return share * self.width

    def y(self, share: float) -> float:
        """Return pixels from the top; 1 is the horizon."""
        return share * HORIZON * self.height

    def rect(self, left: float, top: float, right: float, bottom: float, fill: RGB) -> None:
        """Fill a rectangle given in shares."""
        self.draw.rectangle((self.x(left), self.y(top), self.x(right), self.y(bottom)), fill=fill)

    def oval(self, x: float, y: float, wide: float, high: float, fill: RGB) -> None:
        """Fill an ellipse round a point; its half axes are shares of the frame's width."""
        a, b, rx, ry = self.x(x), self.y(y), self.x(wide), self.x(high)
        self.draw.ellipse((a - rx, b - ry, a + rx, b + ry), fill=fill)

    def shape(self, points: list[tuple[float, float]], fill: RGB) -> None:
        """Fill a polygon given in shares."""
        self.draw.polygon([(self.x(x), self.y(y)) for x, y in points], fill=fill)


def shaded(colour: RGB, factor: float) -> RGB:
    """Return a colour made darker (below 1) or lighter."""
    return (min(255, int(colour[0] * factor)), min(255, int(colour[1] * factor)), min(255, int(colour[2] * factor)))


def mixed(one: RGB, two: RGB, share: float) -> RGB:
    """Return a colour between two."""
    a, b, c = (round(p + (q - p) * share) for p, q in zip(one, two, strict=True))
    return (a, b, c)


def sky(canvas: Canvas, top: float = 0.0, bottom: float = 1.0, left: float = 0.0, right: float = 1.0) -> None:
    """Fill a region with the sky of the hour."""
    high, low = SKY[canvas.light]
    steps = 24
    for step in range(steps):
        a, b = (top + (bottom - top) * (step + k) / steps for k in (0, 1))
        canvas.rect(left, a, right, b, mixed(high, low, step / steps))


def clouds(canvas: Canvas) -> None:
    """Draw a few soft clouds."""
    fill = mixed(SKY[canvas.light][1], (255, 255, 255), 0.6)
    for _ in range(canvas.rng.randint(1, 3)):
        x, y = canvas.rng.random(), canvas.rng.uniform(0.1, 0.5)
        for _ in range(5):
            canvas.oval(x + canvas.rng.uniform(-0.08, 0.08), y + canvas.rng.uniform(-0.03, 0.03), 0.05, 0.022, fill)


def window(canvas: Canvas, x: float) -> None:
    """Draw a window with the sky in it and curtains."""
    rng, frame = canvas.rng, (236, 232, 222)
    wide, low, curtain = rng.uniform(0.12, 0.16), rng.uniform(0.62, 0.78), rng.choice(QUIET)
    canvas.rect(x - wide, 0.0, x + wide, low, frame)
    sky(canvas, 0.0, low - 0.04, x - wide + 0.015, x + wide - 0.015)
    canvas.rect(x - 0.006, 0.0, x + 0.006, low, frame)
    canvas.rect(x - wide, 0.3, x + wide, 0.33, frame)
    canvas.rect(x - wide - 0.03, low, x + wide + 0.03, low + 0.04, shaded(frame, 0.9))
    for side in (-1, 1):
        for fold in range(4):
            a = x + side * (wide + 0.06 - fold * 0.028)
            canvas.rect(min(a, a - side * 0.028), 0.0, max(a, a - side * 0.028), low + 0.12, shaded(curtain, 0.92 + 0.08 * (fold % 2)))


def wall(canvas: Canvas) -> RGB:
    """Paint a wall, sometimes with stripes, and return its colour."""
    colour = canvas.rng.choice(WALLS)
    canvas.rect(0, 0, 1, 1, colour)
    if canvas.rng.random() < 0.35:
        for number in range(0, 24, 2):
            canvas.rect(number / 24, 0, (number + 1) / 24, 1, shaded(colour, 0.96))
    return colour


def shelf(canvas: Canvas, left: float, right: float, y: float, kind: str) -> None:
    """Draw a board with jars or books on it."""
    rng, x = canvas.rng, left + 0.01
    while x < right - 0.03:
        wide = rng.uniform(0.03, 0.05) if kind == "jars" else rng.uniform(0.012, 0.026)
        high, fill = rng.uniform(0.12, 0.24), rng.choice(QUIET)
        if kind == "books" or rng.random() < 0.8:
            canvas.rect(x, y - high, min(right, x + wide), y, fill)
            if kind == "jars":
                canvas.rect(x + 0.004, y - high - 0.03, x + wide - 0.004, y - high, shaded(fill, 0.6))
        x += wide + (0.012 if kind == "jars" else 0.002)
    canvas.rect(left, y, right, y + 0.035, shaded(rng.choice(WOODS), 0.9))


# ── rooms ────────────────────────────────────────────────────────────────────────────────────────────────────────


def kitchen(canvas: Canvas) -> None:
    """Tiles, a shelf with jars, a window."""
    wall(canvas)
    tile, side = shaded(canvas.rng.choice(WALLS), 1.06), canvas.rng.choice([0.2, 0.8])
    canvas.rect(0, 0.58, 1, 1, tile)
    for number in range(15):
        canvas.rect(number / 14, 0.58, number / 14 + 0.004, 1, shaded(tile, 0.88))
    for row in (0.58, 0.72, 0.86):
        canvas.rect(0, row, 1, row + 0.012, shaded(tile, 0.88))
    window(canvas, side)
    shelf(canvas, *((0.42, 0.95) if side < 0.5 else (0.05, 0.58)), 0.36, "jars")


def living_room(canvas: Canvas) -> None:
    """A sofa, pictures on the wall."""
    wall(canvas)
    rng, sofa = canvas.rng, canvas.rng.choice(QUIET)
    for x in (rng.uniform(0.1, 0.3), rng.uniform(0.5, 0.7)):
        wide, high = rng.uniform(0.07, 0.12), rng.uniform(0.2, 0.34)
        canvas.rect(x, 0.1, x + wide, 0.1 + high, shaded(rng.choice(WOODS), 0.7))
        canvas.rect(x + 0.012, 0.13, x + wide - 0.012, 0.07 + high, shaded(rng.choice(QUIET), 1.25))
    left = rng.uniform(-0.1, 0.3)
    canvas.rect(left, 0.62, left + 0.62, 1, shaded(sofa, 0.9))
    for k in range(3):
        canvas.draw.rounded_rectangle(
            (canvas.x(left + 0.05 + k * 0.175), canvas.y(0.58), canvas.x(left + 0.22 + k * 0.175), canvas.y(0.97)), 9, fill=shaded(sofa, 1.06)
        )
    for x in (left - 0.03, left + 0.58):
        canvas.draw.rounded_rectangle((canvas.x(x), canvas.y(0.74), canvas.x(x + 0.08), canvas.y(1.1)), 9, fill=sofa)


def study(canvas: Canvas) -> None:
    """Walls of books."""
    wall(canvas)
    left = canvas.rng.choice([0.0, 0.36])
    canvas.rect(left, 0, left + 0.64, 1, shaded(canvas.rng.choice(WOODS), 0.62))
    for y in (0.3, 0.63, 0.96):
        shelf(canvas, left + 0.02, left + 0.62, y, "books")
    window(canvas, 0.84 if left == 0.0 else 0.16)


def bedroom(canvas: Canvas) -> None:
    """A bed with pillows, a window."""
    wall(canvas)
    left = canvas.rng.choice([0.02, 0.4])
    window(canvas, 0.82 if left < 0.2 else 0.18)
    canvas.rect(left, 0.42, left + 0.58, 1, shaded(canvas.rng.choice(WOODS), 0.85))
    for k in range(2):
        box = (canvas.x(left + 0.05 + 0.25 * k), canvas.y(0.6), canvas.x(left + 0.27 + 0.25 * k), canvas.y(0.92))
        canvas.draw.rounded_rectangle(box, 12, fill=shaded(canvas.rng.choice(WALLS), 1.08))
    canvas.rect(left - 0.02, 0.84, left + 0.6, 1, shaded(canvas.rng.choice(QUIET), 1.1))


def workshop(canvas: Canvas) -> None:
    """A board with tools on it."""
    canvas.rect(0, 0, 1, 1, (150, 140, 128))
    board, rng = shaded(canvas.rng.choice(WOODS), 0.95), canvas.rng
    canvas.rect(0.06, 0.05, 0.94, 0.78, board)
    for x in range(22):
        for y in range(9):
            canvas.oval(0.08 + x * 0.04, 0.1 + y * 0.08, 0.0025, 0.0025, shaded(board, 0.7))
    for number in range(7):
        x, long = 0.13 + number * 0.12 + rng.uniform(-0.02, 0.02), rng.uniform(0.2, 0.45)
        canvas.rect(x, 0.14, x + 0.018, 0.14 + long, shaded(rng.choice(QUIET), 0.7))
        tip = rng.choice(["hammer", "saw", "key"])
        if tip == "hammer":
            canvas.rect(x - 0.03, 0.12, x + 0.048, 0.2, (96, 98, 104))
        elif tip == "saw":
            canvas.shape([(x, 0.14 + long), (x + 0.018, 0.14 + long), (x + 0.06, 0.3), (x + 0.02, 0.2)], (150, 154, 160))
        else:
            canvas.oval(x + 0.009, 0.14, 0.02, 0.02, (110, 112, 118))
    shelf(canvas, 0.0, 1.0, 0.95, "jars")


def balcony(canvas: Canvas) -> None:
    """A railing before roofs and sky."""
    sky(canvas)
    clouds(canvas)
    houses(canvas, 0.62, 0.30)
    rail = canvas.rng.choice([(70, 74, 80), (232, 230, 224), (112, 84, 62)])
    for number in range(21):
        canvas.rect(number / 20 - 0.004, 0.62, number / 20 + 0.004, 1, rail)
    canvas.rect(0, 0.58, 1, 0.635, rail)
    for x in (canvas.rng.uniform(0.02, 0.12), canvas.rng.uniform(0.86, 0.96)):
        for _ in range(12):
            leaf = mixed((70, 120, 70), (120, 156, 90), canvas.rng.random())
            canvas.oval(x + canvas.rng.uniform(-0.06, 0.06), canvas.rng.uniform(0.66, 0.95), 0.03, 0.02, leaf)


def houses(canvas: Canvas, low: float, high: float) -> None:
    """Draw a row of far roofs between two heights."""
    rng, x = canvas.rng, 0.0
    while x < 1:
        wide, top = rng.uniform(0.08, 0.16), low - rng.uniform(0.4, 1.0) * high
        fill = mixed(rng.choice(QUIET), SKY[canvas.light][1], 0.35)
        canvas.rect(x, top, x + wide, 1, fill)
        canvas.shape([(x - 0.01, top), (x + wide / 2, top - 0.12), (x + wide + 0.01, top)], shaded(fill, 0.75))
        for k in range(2):
            canvas.rect(x + wide * (0.2 + 0.4 * k), top + 0.06, x + wide * (0.38 + 0.4 * k), top + 0.14, shaded(fill, 0.6))
        x += wide


# ── outside ──────────────────────────────────────────────────────────────────────────────────────────────────────


def beach(canvas: Canvas) -> None:
    """Sea under the sky."""
    sky(canvas)
    clouds(canvas)
    sea, low = (72, 140, 168), SKY[canvas.light][1]
    for step in range(16):
        canvas.rect(0, 0.62 + step * 0.024, 1, 0.65 + step * 0.024, mixed(mixed(sea, low, 0.35), sea, step / 16))
    for _ in range(24):
        x, y = canvas.rng.random(), canvas.rng.uniform(0.66, 0.98)
        canvas.rect(x, y, x + 0.06 * y, y + 0.006, mixed(sea, (255, 255, 255), 0.5))
    canvas.rect(0, 0.97, 1, 1.0, (236, 238, 232))
    hill = canvas.rng.choice([0.0, 0.6])
    canvas.shape([(hill, 0.63), (hill + 0.12, 0.52), (hill + 0.26, 0.55), (hill + 0.42, 0.63)], mixed((96, 116, 110), low, 0.5))


def park(canvas: Canvas) -> None:
    """Trees round a lawn."""
    sky(canvas)
    clouds(canvas)
    trees(canvas, 9, 0.9, (84, 128, 74))
    canvas.rect(0, 0.9, 1, 1, (110, 150, 84))
    x = canvas.rng.uniform(0.1, 0.7)
    for y in (0.74, 0.8):
        canvas.rect(x, y, x + 0.2, y + 0.03, (134, 96, 66))
    for leg in (x + 0.02, x + 0.17):
        canvas.rect(leg, 0.74, leg + 0.012, 0.95, (70, 66, 64))


def trees(canvas: Canvas, count: int, foot: float, green: RGB) -> None:
    """Draw a row of round trees."""
    rng = canvas.rng
    for number in range(count):
        x, high = (number + rng.random()) / count, rng.uniform(0.25, 0.5)
        leaf = mixed(shaded(green, rng.uniform(0.85, 1.2)), SKY[canvas.light][1], 0.18)
        canvas.rect(x - 0.008, foot - high * 0.6, x + 0.008, foot + 0.03, (104, 84, 68))
        for _ in range(9):
            spot = shaded(leaf, rng.uniform(0.88, 1.1))
            canvas.oval(x + rng.uniform(-0.05, 0.05), foot - high + rng.uniform(-0.12, 0.14), 0.045, 0.035, spot)


def forest_path(canvas: Canvas) -> None:
    """Trunks in green light."""
    canvas.rect(0, 0, 1, 1, mixed((120, 150, 96), SKY[canvas.light][1], 0.3))
    trees(canvas, 12, 0.9, (78, 116, 66))
    for number in range(8):
        x, wide = (number + canvas.rng.random()) / 8, canvas.rng.uniform(0.015, 0.04)
        if abs(x - 0.5) > 0.1:
            bark = shaded((112, 88, 68), canvas.rng.uniform(0.8, 1.15))
            canvas.rect(x - wide, 0, x + wide, 1, bark)
            canvas.rect(x - wide, 0, x - wide * 0.5, 1, shaded(bark, 1.15))
    for _ in range(40):
        leaf = shaded((86, 122, 70), canvas.rng.uniform(0.8, 1.25))
        canvas.oval(canvas.rng.random(), canvas.rng.uniform(0.84, 1.0), 0.04, 0.02, leaf)


def mountains(canvas: Canvas) -> None:
    """Ridges behind ridges, the last with snow."""
    sky(canvas)
    clouds(canvas)
    low = SKY[canvas.light][1]
    for row, (top, rise, fill) in enumerate(((0.26, 0.22, (150, 160, 180)), (0.48, 0.16, (112, 130, 140)), (0.7, 0.1, (92, 124, 92)))):
        shift, step = canvas.rng.uniform(0, 6), 40
        far = mixed(fill, low, 0.45 - 0.18 * row)
        line = [(k / step, top + rise * (sin(k / step * 9 + shift) * 0.5 + sin(k / step * 23 + shift * 2) * 0.28)) for k in range(step + 1)]
        canvas.shape([(0, 1), *line, (1, 1)], far)
        if row == 0:
            snow = [(x, y) for x, y in line]
            caps = [(x, min(y + 0.05 + 0.02 * sin(k * 2.1), max(y, 0.3))) for k, (x, y) in enumerate(line)]
            canvas.shape([*snow, *caps[::-1]], (240, 242, 246))
    canvas.rect(0, 0.93, 1, 1, mixed((112, 142, 84), low, 0.15))


def street(canvas: Canvas) -> None:
    """House fronts with doors and windows."""
    sky(canvas)
    rng, x = canvas.rng, -rng_share(canvas)
    while x < 1:
        wide, front = rng.uniform(0.24, 0.34), rng.choice(WALLS + QUIET)
        canvas.rect(x, rng.uniform(0.0, 0.12), x + wide, 1, shaded(front, 0.95))
        for row in (0.16, 0.46):
            for k in range(3):
                a = x + wide * (0.1 + 0.3 * k)
                canvas.rect(a - 0.006, row - 0.02, a + wide * 0.2 + 0.006, row + 0.2, (238, 234, 226))
                canvas.rect(a, row, a + wide * 0.2, row + 0.18, (110, 126, 142))
        canvas.rect(x + wide * 0.4, 0.74, x + wide * 0.6, 1, shaded(rng.choice(QUIET), 0.7))
        canvas.rect(x + wide - 0.006, 0, x + wide, 1, shaded(front, 0.7))
        x += wide
    canvas.rect(0, 0.97, 1, 1, (150, 148, 144))


def rng_share(canvas: Canvas) -> float:
    """Return how far the first house is cut off."""
    return canvas.rng.uniform(0.0, 0.2)


def market(canvas: Canvas) -> None:
    """Stalls under awnings, crates of fruit."""
    sky(canvas)
    houses(canvas, 0.5, 0.4)
    rng = canvas.rng
    for number in range(3):
        left, cloth = number * 0.34 + rng.uniform(-0.03, 0.02), rng.choice(QUIET)
        canvas.rect(left, 0.7, left + 0.31, 1, shaded(rng.choice(WOODS), 0.85))
        for _ in range(34):
            fruit = rng.choice(((196, 120, 84), (190, 164, 88), (126, 146, 84), (160, 92, 88)))
            canvas.oval(left + rng.uniform(0.02, 0.29), rng.uniform(0.64, 0.76), 0.014, 0.014, fruit)
        for k in range(8):
            a = left - 0.01 + k * 0.042
            canvas.shape([(a + 0.01, 0.22), (a + 0.05, 0.22), (a + 0.042, 0.42), (a, 0.42)], cloth if k % 2 else (232, 226, 212))
        for x in (left, left + 0.31):
            canvas.rect(x, 0.3, x + 0.008, 1, (120, 100, 80))


PLACES: dict[str, Callable[[Canvas], None]] = {
    "kitchen": kitchen,
    "living room": living_room,
    "study": study,
    "bedroom": bedroom,
    "workshop": workshop,
    "balcony": balcony,
    "beach": beach,
    "park": park,
    "forest path": forest_path,
    "mountains": mountains,
    "street": street,
    "market": market,
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
    """Return the place without any thing in it, ``(height, width, 3)`` sRGB. Raises ``KeyError`` for an unknown place."""
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
    shade = np.asarray(TINT[light], np.float32) * _vignette(light, width, height)[..., None]
    return np.asarray(np.clip(pixels * shade, 0, 255), np.uint8)


def _inside(rng: Random, floor: bool) -> tuple[str, RGB]:
    if not floor:
        return ("planks", rng.choice(WOODS)) if rng.random() < 0.7 else ("cloth", shaded(rng.choice(WALLS), 0.95))
    return ("planks", shaded(rng.choice(WOODS), 0.95)) if rng.random() < 0.6 else ("rug", rng.choice(QUIET))


def ground(kind: str, colour: RGB, rng: Random, width: int, high: int) -> NDArray[np.float32]:
    """Return the ground as ``(high, width, 3)``: "planks", "tiles", "loose", "cloth" or "rug"; it runs into the depth."""
    depth = 0.9 / (0.32 + np.linspace(0, 1, high, dtype=np.float32))[:, None]
    across = (np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :]) * depth
    shift = np.float32(rng.random())
    if kind == "planks":
        board = np.floor(depth * 7)
        factor = 0.96 + 0.22 * noise(across * 0.3 + board * 0.37 + shift, depth * 3 + 0 * across) + 0.05 * np.sin(board * 12.9)
        factor = np.where(depth * 7 - board < 0.05, factor * 0.8, factor)
    elif kind == "tiles":
        u, v = across * 6 + 0.5 * (np.floor(depth * 5) % 2), depth * 5
        gap = (u - np.floor(u) < 0.03) | (v - np.floor(v) < 0.05)
        factor = np.where(gap, 0.8, 0.95 + 0.06 * np.sin(np.floor(u) * 7.3 + np.floor(v) * 3.1)) + 0.15 * noise(across + shift, depth)
    elif kind == "loose":
        factor = 0.95 + 0.3 * noise(across * 1.5 + shift, depth * 1.5 + 0 * across) + 0.25 * noise(across * 4, depth * 4 + shift)
    else:
        edge = np.abs(np.sin(across * pi * 5 + shift)) if kind == "rug" else np.zeros_like(across)
        factor = 0.95 + 0.1 * noise(across * 3 + shift, depth * 3 + 0 * across) + 0.05 * (edge > 0.9)
    fall = np.linspace(0.9, 1.04, high, dtype=np.float32)[:, None]
    return np.asarray(np.asarray(colour, np.float32) * (factor * fall)[..., None], np.float32)


def _vignette(light: str, width: int, height: int) -> NDArray[np.float32]:
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    strength = 0.34 if light == "lamp" else 0.12
    lean = {"morning": -0.06, "evening": 0.06}.get(light, 0.0)
    return np.asarray(1 + lean * x - strength * (0.5 * x * x + 0.5 * y * y), np.float32)
