"""Landscapes: what is behind the things outside. Each function paints one place down to the horizon."""

from __future__ import annotations

from math import sin

from personavlm.worlds.pictures.canvas import (
    QUIET,
    SKY,
    WALLS,
    WOODS,
    Canvas,
    clouds,
    houses,
    mixed,
    shaded,
    sky,
    trees,
)


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
    canvas.shape(
        [(hill, 0.63), (hill + 0.12, 0.52), (hill + 0.26, 0.55), (hill + 0.42, 0.63)], mixed((96, 116, 110), low, 0.5)
    )


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
    for row, (top, rise, fill) in enumerate(
        ((0.26, 0.22, (150, 160, 180)), (0.48, 0.16, (112, 130, 140)), (0.7, 0.1, (92, 124, 92)))
    ):
        shift, step = canvas.rng.uniform(0, 6), 40
        far = mixed(fill, low, 0.45 - 0.18 * row)
        line = [
            (k / step, top + rise * (sin(k / step * 9 + shift) * 0.5 + sin(k / step * 23 + shift * 2) * 0.28))
            for k in range(step + 1)
        ]
        canvas.shape([(0, 1), *line, (1, 1)], far)
        if row == 0:
            snow = [(x, y) for x, y in line]
            caps = [(x, min(y + 0.05 + 0.02 * sin(k * 2.1), max(y, 0.3))) for k, (x, y) in enumerate(line)]
            canvas.shape([*snow, *caps[::-1]], (240, 242, 246))
    canvas.rect(0, 0.93, 1, 1, mixed((112, 142, 84), low, 0.15))


def street(canvas: Canvas) -> None:
    """House fronts with doors and windows."""
    sky(canvas)
    rng, x = canvas.rng, -canvas.rng.uniform(0.0, 0.2)
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
            canvas.shape(
                [(a + 0.01, 0.22), (a + 0.05, 0.22), (a + 0.042, 0.42), (a, 0.42)], cloth if k % 2 else (232, 226, 212)
            )
        for x in (left, left + 0.31):
            canvas.rect(x, 0.3, x + 0.008, 1, (120, 100, 80))
