"""Things people carry, wear and sit on: bag, backpack, suitcase, hat, umbrella, shoe, book, chair.

Each function returns the parts of one thing, its forms and proportions drawn from its mark.
"""

from __future__ import annotations

from dataclasses import replace
from math import pi
from random import Random

import numpy as np

from personavlm.worlds.pictures.solid import (
    CELL,
    Part,
    ball,
    block,
    curve,
    fixed,
    grid,
    inside,
    joined,
    lathe,
    moved,
    patterned,
    scaled,
    second,
    tube,
    turned,
)

DARK = (52, 48, 46)
BRASS = (205, 170, 90)
STEEL = (168, 172, 178)
PAGES = (240, 234, 216)


def bag(mark: Random) -> list[Part]:
    """A handbag with its strap standing up."""
    top, low, deep, high = (
        mark.uniform(0.7, 0.9),
        mark.uniform(0.85, 1.0),
        mark.uniform(0.3, 0.4),
        mark.uniform(0.58, 0.66),
    )
    body = _tapered(low, top, deep, high)
    half, up = top * mark.uniform(0.26, 0.34), mark.uniform(0.94, 1.02)
    strap = curve(
        [
            (-half, -deep / 4, high - 0.12),
            (-half * 0.95, 0, up - 0.12),
            (0, 0, up),
            (half * 0.95, 0, up - 0.12),
            (half, -deep / 4, high - 0.12),
        ]
    )
    parts = [patterned(body), second(tube(strap, 0.038))]
    clasp = mark.choice(["button", "bar", "none"])
    if clasp == "button":
        parts.append(fixed(ball(0, -deep / 2 + 0.03, high - 0.14, 0.05, 0.04, 0.05, 14), BRASS, "metal"))
    if clasp == "bar":
        parts.append(fixed(block(0, -deep / 2 + 0.02, high - 0.18, 0.2, 0.06, 0.06, 0.02), BRASS, "metal"))
    return parts


def _tapered(low: float, top: float, deep: float, high: float) -> Part:
    # A soft box that narrows towards its opening.
    part = block(0, 0, 0, 1.0, deep, high, 0.07)
    share = part.points[:, 2:] / high
    wide = low + (top - low) * share[:, 0]
    points = part.points * np.stack([wide, 1 - 0.45 * share[:, 0] ** 2, np.ones_like(wide)], -1)
    return replace(part, points=points.astype(np.float32))


def backpack(mark: Random) -> list[Part]:
    """A backpack seen from the side of its pocket."""
    wide, deep, high = mark.uniform(0.6, 0.7), mark.uniform(0.34, 0.42), 0.94
    body = block(0, 0, 0, wide, deep, high, 0.16)
    broad, low, tall = wide * mark.uniform(0.62, 0.8), mark.uniform(0.08, 0.14), mark.uniform(0.34, 0.42)
    pocket = block(0, -deep / 2 - 0.03, low, broad, 0.16, tall, 0.06)
    parts = [patterned(body), second(pocket), fixed(joined(_straps(wide, deep)), DARK, "cloth")]
    if mark.random() < 0.6:
        x = mark.choice([-1, 1]) * broad * 0.3
        parts.append(fixed(ball(x, -deep / 2 - 0.13, low + tall * 0.8, 0.035, 0.02, 0.035, 12), BRASS, "metal"))
    return parts


def _straps(wide: float, deep: float) -> list[Part]:
    front, edge = -deep / 2, wide / 2 - 0.06
    zip_ = curve([(-edge, front - 0.005, 0.6), (0, front - 0.015, 0.68), (edge, front - 0.005, 0.6)])
    loop = curve([(-0.09, 0, 0.92), (-0.07, 0, 1.0), (0.07, 0, 1.0), (0.09, 0, 0.92)])
    sides = [
        curve([(s * edge, 0.1, 0.85), (s * (edge + 0.15), 0.2, 0.55), (s * (edge + 0.03), 0.1, 0.1)]) for s in (-1, 1)
    ]
    return [tube(zip_, 0.012, 6), tube(loop, 0.025, 8), *(tube(side, 0.035, 8) for side in sides)]


def suitcase(mark: Random) -> list[Part]:
    """A suitcase standing up, its handle on top."""
    wide, deep, high = mark.uniform(0.88, 1.15), mark.uniform(0.3, 0.38), mark.uniform(0.78, 0.84)
    body = block(0, 0, 0.04, wide, deep, high, mark.choice([0.04, 0.09]))
    half = mark.uniform(0.14, 0.2)
    grip = curve([(-half, 0, high), (-half, 0, high + 0.13), (half, 0, high + 0.13), (half, 0, high)], 6)
    front = -deep / 2 - 0.005
    across = [s * wide * mark.uniform(0.24, 0.34) for s in (-1, 1)]
    straps = [block(x, 0, 0.03, 0.07, deep + 0.03, high + 0.02, 0.03) for x in across]
    locks = [block(x, front, high * 0.74, 0.09, 0.06, 0.08, 0.015) for x in across]
    parts = [patterned(body), second(joined([tube(grip, 0.04)])), fixed(joined(locks), BRASS, "metal")]
    if mark.random() < 0.5:
        parts.append(second(joined(straps), "leather"))
    wheels = [ball(s * (wide / 2 - 0.1), 0, 0.04, 0.05, deep / 2, 0.05, 12) for s in (-1, 1)]
    return [*parts, fixed(joined(wheels), DARK, "rubber")]


def hat(mark: Random) -> list[Part]:
    """A hat with a brim and a band."""
    brim, crown, high = mark.uniform(0.74, 0.92), mark.uniform(0.46, 0.52), mark.uniform(0.58, 0.76)
    curl, top = mark.uniform(0.04, 0.14), mark.choice([0.94, 0.75, 0.6])
    edge = curve([(0.0, 0.03), (crown, 0.03), (brim * 0.8, 0.02), (brim, curl)], 5)
    under = [(r, z - 0.025) for r, z in edge][::-1]
    plate = lathe([*under, *edge[::-1]], 36)
    dome = lathe(
        curve(
            [(crown, 0.03), (crown * 0.98, 0.2), (crown * top, high * 0.92), (crown * 0.4, high), (0, high - 0.04)], 6
        ),
        32,
    )
    wide = mark.uniform(0.12, 0.19)
    band = lathe(
        [(crown - 0.03, 0.035), (crown + 0.025, 0.04), (crown + 0.015, 0.04 + wide), (crown - 0.05, 0.05 + wide)], 32
    )
    parts = [patterned(dome), plate, second(band, "cloth")]
    if mark.random() < 0.5:
        bow = [ball(crown * 0.55 + dx, -crown * 0.86, 0.13, 0.09, 0.03, 0.06, 14) for dx in (-0.06, 0.08)]
        parts.append(second(joined(bow), "cloth"))
    return [turned(part, 0, -9) for part in parts]


def umbrella(mark: Random) -> list[Part]:
    """An open umbrella standing on its tip."""
    ribs, deep, wide = mark.choice([6, 8, 10]), mark.uniform(0.3, 0.4), mark.uniform(0.62, 0.72)
    canopy = _canopy(ribs, wide, deep, 0.58)
    under = fixed(inside(replace(canopy, patterned=False)), (70, 66, 70), "cloth")
    hook = curve([(0, 0, 0.28), (0, 0, 0.12), (0.03, 0, 0.04), (0.1, 0, 0.03), (0.15, 0, 0.08), (0.15, 0, 0.13)], 6)
    grip = tube(hook if mark.random() < 0.7 else [(0, 0, 0.28), (0, 0, 0.0)], 0.038)
    return [
        patterned(canopy),
        under,
        fixed(tube([(0, 0, 0.2), (0, 0, 1.02)], 0.014, 8), STEEL, "metal"),
        second(grip, "wood"),
    ]


def _canopy(ribs: int, wide: float, deep: float, low: float) -> Part:
    angle = np.linspace(-pi, pi, ribs * 4 + 1)[None, :]
    out = np.linspace(0.001, 1, 11)[:, None]
    sag = np.abs(np.sin(angle * ribs / 2 + (ribs // 2 % 2) * 0)) * out**2
    radius = wide * np.sin(out * pi / 2 * 0.97) * (1 - 0.07 * sag)
    height = low + deep * np.cos(out * pi / 2) + 0.03 * sag
    points = np.stack([radius * np.sin(angle), -radius * np.cos(angle), height + 0 * angle], -1)
    cells = np.stack(np.broadcast_arrays(angle / (2 * pi) * ribs * 2, out * wide * 1.2 / CELL), -1)
    return grid(points.astype(np.float32), cells.astype(np.float32))


def shoe(mark: Random) -> list[Part]:
    """A shoe with its tip on the left."""
    high, tip = mark.uniform(0.58, 0.86), mark.uniform(0.26, 0.32)
    x = [-0.8, -0.72, -0.5, -0.22, 0.0, 0.14, 0.3, 0.5, 0.62, 0.66]
    half = [0.06, 0.15, 0.21, 0.21, 0.2, 0.2, 0.2, 0.19, 0.14, 0.05]
    tall = [0.12, tip * 0.8, tip, tip + 0.08, high * 0.74, high * 0.92, high, high * 0.98, high, high * 0.94]
    white, rows = mark.random() < 0.5, mark.choice([3, 4, 5])
    sole = moved(scaled(block(0, 0, 0, 1.0, 1.0, 0.13, 0.06), 1.54, 0.47), -0.07)
    cuff = fixed(ball(0.4, 0, high - 0.005, 0.2, 0.13, 0.03, 20), DARK, "cloth")
    laces = [
        _lace(at, float(np.interp(at, x, tall)), float(np.interp(at, x, half))) for at in np.linspace(-0.36, 0.06, rows)
    ]
    rubber = fixed(sole, (232, 228, 220) if white else DARK, "rubber")
    return [patterned(_upper(x, half, tall)), rubber, cuff, second(joined(laces), "cloth")]


def _upper(x: list[float], half: list[float], tall: list[float]) -> Part:
    # Arches from the left of the sole to its right, one behind the other.
    steps = np.linspace(0, len(x) - 1, 28)
    along, wide, up = (np.interp(steps, range(len(x)), row)[:, None] for row in (x, half, tall))
    angle = np.linspace(0, pi, 19)[None, :]
    arch = np.sin(angle) ** 0.75
    points = np.stack(np.broadcast_arrays(along, -wide * np.cos(angle), 0.07 + (up - 0.07) * arch), -1)
    ends = [np.broadcast_to(points[k].mean(axis=0), points[k].shape)[None] for k in (0, -1)]
    points = np.concatenate([ends[0], points, ends[1]])
    cells = np.stack(np.broadcast_arrays(points[..., 0] / CELL, points[..., 2] / CELL), -1)
    return grid(points.astype(np.float32), cells.astype(np.float32))


def _lace(x: float, z: float, half: float) -> Part:
    path = [
        (x - 0.03 + 0.05 * abs(s), 0.9 * half * s, 0.07 + (z - 0.05) * (1 - 0.64 * s * s) ** 0.5)
        for s in (-1, -0.5, 0, 0.5, 1)
    ]
    return tube(curve(path, 4), 0.026, 8)


def book(mark: Random) -> list[Part]:
    """A closed book standing a little open to the front, with a ribbon to mark the page."""
    wide, high, thick = mark.uniform(0.66, 0.76), mark.uniform(0.94, 1.02), mark.uniform(0.14, 0.26)
    covers = [block(0, s * thick / 2, 0, wide, 0.035, high, 0.012) for s in (-1, 1)]
    spine = block(-wide / 2, 0, 0, 0.05, thick + 0.03, high, 0.02)
    pages = fixed(block(0.01, 0, 0.025, wide - 0.06, thick - 0.02, high - 0.05, 0.004), PAGES, "paper")
    x, front = mark.uniform(-0.05, 0.2), -thick / 2 - 0.03
    ribbon = tube(
        curve(
            [
                (x, 0, high - 0.03),
                (x, front + 0.01, high + 0.025),
                (x, front - 0.01, high - 0.06),
                (x + 0.01, front, high - mark.uniform(0.3, 0.5)),
            ]
        ),
        0.045,
        8,
        0.25,
    )
    title = block(
        mark.choice([-0.05, 0.0]),
        -thick / 2 - 0.018,
        high * mark.uniform(0.3, 0.4),
        wide * mark.uniform(0.4, 0.55),
        0.012,
        0.14,
        0.004,
    )
    parts = [patterned(joined([*covers, spine])), pages, second(ribbon, "cloth"), fixed(title, PAGES, "paper")]
    return [turned(part, 0, -4) for part in parts]


def chair(mark: Random) -> list[Part]:
    """A chair: seat and back are the main part, the legs the second."""
    wide, deep, seat = mark.uniform(0.42, 0.5), mark.uniform(0.4, 0.46), mark.uniform(0.44, 0.5)
    form = mark.choice(["board", "round", "slats"])
    parts = [patterned(joined([block(0, 0, seat - 0.04, wide, deep, 0.07, 0.03), _chair_back(form, wide, deep, seat)]))]
    splay = mark.uniform(0.0, 0.06)
    legs = [
        tube(
            [
                (sx * (wide / 2 - 0.05), sy * (deep / 2 - 0.05), seat - 0.03),
                (sx * (wide / 2 - 0.05 + splay), sy * (deep / 2 - 0.05 + splay), 0),
            ],
            [0.032, 0.024],
            10,
        )
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]
    posts = [
        tube([(s * (wide / 2 - 0.06), deep / 2 - 0.03, seat), (s * (wide / 2 - 0.08), deep / 2 + 0.03, 0.75)], 0.024, 8)
        for s in (-1, 1)
    ]
    return [*parts, second(joined([*legs, *posts]), mark.choice(["wood", "metal"]))]


def _chair_back(form: str, wide: float, deep: float, seat: float) -> Part:
    y = deep / 2 + 0.02
    if form == "round":
        return moved(scaled(block(0, 0, 0, 1, 0.05, 1, 0.024), wide, 1, 0.36), 0, y, 0.64)
    if form == "slats":
        return joined([block(0, y, z, wide, 0.05, 0.1, 0.024) for z in (seat + 0.14, seat + 0.28, seat + 0.42)])
    return block(0, y, seat + 0.12, wide, 0.06, 0.42, 0.03)
