"""What places are painted with: a canvas with its light and chance, and the parts that several places share."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from PIL import ImageDraw

from personavlm.worlds.pictures.looks import RGB

HORIZON = 0.56
"""Where the ground begins, as a share of the frame's height from the top."""

Draw = ImageDraw.ImageDraw

SKY: dict[str, tuple[RGB, RGB]] = {
    "morning": ((150, 190, 226), (250, 224, 196)),
    "noon": ((104, 164, 224), (206, 228, 242)),
    "evening": ((116, 122, 176), (248, 186, 130)),
    "lamp": ((28, 34, 62), (58, 62, 96)),
}
"""Top and bottom of the sky."""
WALLS: tuple[RGB, ...] = (
    (222, 214, 198),
    (200, 212, 208),
    (216, 204, 208),
    (196, 204, 216),
    (226, 220, 184),
    (204, 212, 190),
)
WOODS: tuple[RGB, ...] = ((176, 134, 92), (148, 106, 72), (204, 170, 126), (120, 88, 66))
QUIET: tuple[RGB, ...] = (
    (150, 106, 98),
    (104, 124, 146),
    (122, 142, 112),
    (178, 150, 104),
    (136, 118, 144),
    (196, 184, 160),
)


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
            canvas.rect(
                min(a, a - side * 0.028),
                0.0,
                max(a, a - side * 0.028),
                low + 0.12,
                shaded(curtain, 0.92 + 0.08 * (fold % 2)),
            )


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


def houses(canvas: Canvas, low: float, high: float) -> None:
    """Draw a row of far roofs between two heights."""
    rng, x = canvas.rng, 0.0
    while x < 1:
        wide, top = rng.uniform(0.08, 0.16), low - rng.uniform(0.4, 1.0) * high
        fill = mixed(rng.choice(QUIET), SKY[canvas.light][1], 0.35)
        canvas.rect(x, top, x + wide, 1, fill)
        canvas.shape([(x - 0.01, top), (x + wide / 2, top - 0.12), (x + wide + 0.01, top)], shaded(fill, 0.75))
        for k in range(2):
            canvas.rect(
                x + wide * (0.2 + 0.4 * k), top + 0.06, x + wide * (0.38 + 0.4 * k), top + 0.14, shaded(fill, 0.6)
            )
        x += wide


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
