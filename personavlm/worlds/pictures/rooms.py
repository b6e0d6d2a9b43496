"""Rooms: what is behind the things indoors. Each function paints one place down to the horizon."""

from __future__ import annotations

from personavlm.worlds.pictures.canvas import QUIET, WALLS, WOODS, Canvas, shaded, shelf, wall, window


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
            (canvas.x(left + 0.05 + k * 0.175), canvas.y(0.58), canvas.x(left + 0.22 + k * 0.175), canvas.y(0.97)),
            9,
            fill=shaded(sofa, 1.06),
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
    for column in range(22):
        for row in range(9):
            canvas.oval(0.08 + column * 0.04, 0.1 + row * 0.08, 0.0025, 0.0025, shaded(board, 0.7))
    for number in range(7):
        x, long = 0.13 + number * 0.12 + rng.uniform(-0.02, 0.02), rng.uniform(0.2, 0.45)
        canvas.rect(x, 0.14, x + 0.018, 0.14 + long, shaded(rng.choice(QUIET), 0.7))
        tip = rng.choice(["hammer", "saw", "key"])
        if tip == "hammer":
            canvas.rect(x - 0.03, 0.12, x + 0.048, 0.2, (96, 98, 104))
        elif tip == "saw":
            canvas.shape(
                [(x, 0.14 + long), (x + 0.018, 0.14 + long), (x + 0.06, 0.3), (x + 0.02, 0.2)], (150, 154, 160)
            )
        else:
            canvas.oval(x + 0.009, 0.14, 0.02, 0.02, (110, 112, 118))
    shelf(canvas, 0.0, 1.0, 0.95, "jars")
