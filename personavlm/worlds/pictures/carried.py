"""Things people carry, wear and sit on: bag, backpack, suitcase, hat, umbrella, shoe, book, chair.

Each function returns the parts of one thing, its forms and proportions drawn from its mark.
"""

from __future__ import annotations

from dataclasses import replace
from math import cos, pi, sin
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
    ring,
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
    top, low, deep, high = mark.uniform(0.7, 0.9), mark.uniform(0.85, 1.0), mark.uniform(0.3, 0.4), mark.uniform(0.58, 0.66)
    body = _tapered(low, top, deep, high)
    half, up = top * mark.uniform(0.26, 0.34), mark.uniform(0.94, 1.02)
    strap = curve([(-half, -deep / 4, high - 0.12), (-half * 0.95, 0, up - 0.12), (0, 0, up), (half * 0.95, 0, up - 0.12), (half, -deep / 4, high - 0.12)])
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
    zip_ = tube(curve([(-wide / 2 + 0.06, -deep / 2 - 0.005, 0.6), (0, -deep / 2 - 0.015, 0.68), (wide / 2 - 0.06, -deep / 2 - 0.005, 0.6)]), 0.012, 6)
    loop = tube(curve([(-0.09, 0, 0.92), (-0.07, 0, 1.0), (0.07, 0, 1.0), (0.09, 0, 0.92)]), 0.025, 8)
    sides = [tube(curve([(s * (wide / 2 - 0.06), 0.1, 0.85), (s * (wide / 2 + 0.09), 0.2, 0.55), (s * (wide / 2 - 0.03), 0.1, 0.1)]), 0.035, 8) for s in (-1, 1)]
    parts = [patterned(body), second(pocket), fixed(joined([zip_, loop, *sides]), DARK, "cloth")]
    if mark.random() < 0.6:
        parts.append(fixed(ball(mark.choice([-1, 1]) * broad * 0.3, -deep / 2 - 0.13, low + tall * 0.8, 0.035, 0.02, 0.035, 12), BRASS, "metal"))
    return parts


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
    brim, crown, high = mark.uniform(0.82, 1.05), mark.uniform(0.46, 0.52), mark.uniform(0.52, 0.72)
    curl, top = mark.uniform(0.04, 0.14), mark.choice([0.94, 0.75, 0.6])
    edge = curve([(0.0, 0.03), (crown, 0.03), (brim * 0.8, 0.02), (brim, curl)], 5)
    under = [(r, z - 0.025) for r, z in edge][::-1]
    plate = lathe([*under, *edge[::-1]], 36)
    dome = lathe(curve([(crown, 0.03), (crown * 0.98, 0.2), (crown * top, high * 0.92), (crown * 0.4, high), (0, high - 0.04)], 6), 32)
    wide = mark.uniform(0.12, 0.19)
    band = lathe([(crown - 0.03, 0.035), (crown + 0.025, 0.04), (crown + 0.015, 0.04 + wide), (crown - 0.05, 0.05 + wide)], 32)
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
    hook = curve([(0, 0, 0.86), (0, 0, 0.1), (0.03, 0, 0.03), (0.1, 0, 0.02), (0.15, 0, 0.09)], 6)
    knob = [(0, 0, 0.2), (0, 0, 0.02)]
    grip = tube(hook[-18:] if mark.random() < 0.7 else knob, 0.032)
    parts = [patterned(canopy), under, fixed(tube([(0, 0, 0.2), (0, 0, 1.02)], 0.014, 8), STEEL, "metal"), second(grip, "wood")]
    return parts


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
    high, tip = mark.uniform(0.56, 0.8), mark.uniform(0.2, 0.27)
    spine = [(-0.82, 0.1), (-0.6, 0.12), (-0.2, 0.2), (0.15, 0.24), (0.42, 0.24), (0.6, 0.22)]
    tall = [0.1, tip * 0.85, 0.3, high * 0.72, high * 0.92, high]
    upper = _upper(curve(spine, 5), np.interp(np.linspace(0, 5, 26), range(6), tall))
    sole = scaled(block(0, 0, 0, 1.0, 1.0, 0.11, 0.05), 1.52, 0.5, 1)
    sole = moved(replace(sole, points=sole.points * np.array([1, 1, 1], np.float32)), -0.1, 0, 0)
    cuff = fixed(_opening(high), DARK, "cloth")
    rows = mark.choice([3, 4, 5])
    laces = [_lace(x, high) for x in np.linspace(-0.32, 0.08, rows)]
    white = mark.random() < 0.5
    return [patterned(upper), fixed(sole, (232, 228, 220) if white else DARK, "rubber"), cuff, second(joined(laces), "cloth")]


def _upper(spine: list[tuple[float, ...]], tall: np.ndarray) -> Part:
    angle = np.linspace(-0.12 * pi, 1.12 * pi, 19)[None, :]
    x = np.array([p[0] for p in spine])[:, None]
    half = np.array([p[1] for p in spine])[:, None]
    points = np.stack(np.broadcast_arrays(x, -half * np.cos(angle), 0.08 + (tall[:, None] - 0.08) * np.sin(angle)), -1)
    first, last = points[:1].copy(), points[-1:].copy()
    first[..., :] = points[0].mean(axis=0) - (0.06, 0, 0.02)
    last[..., :] = (0.63, 0, tall[-1] * 0.6)
    points = np.concatenate([first, points, last])
    cells = np.stack(np.broadcast_arrays(points[..., 0] / CELL, angle * 1.5), -1)
    return grid(points.astype(np.float32), cells.astype(np.float32))


def _opening(high: float) -> Part:
    return turned(ball(0.36 * cos(0.15), 0, high + 0.035, 0.2, 0.14, 0.03, 20), 1, 0)


def _lace(x: float, high: float) -> Part:
    z = float(np.interp(x, [-0.6, -0.2, 0.15, 0.42], [0.25, 0.32, high * 0.74, high * 0.94]))
    path = [(x - 0.01 + 0.06 * abs(s), 0.17 * s, z - 0.09 * s * s + 0.015) for s in (-1, -0.5, 0, 0.5, 1)]
    return tube(curve(path, 4), 0.024, 8)


def book(mark: Random) -> list[Part]:
    """A closed book standing a little open to the front, with a ribbon to mark the page."""
    wide, high, thick = mark.uniform(0.66, 0.76), mark.uniform(0.94, 1.02), mark.uniform(0.14, 0.26)
    covers = [block(0, s * thick / 2, 0, wide, 0.035, high, 0.012) for s in (-1, 1)]
    back = scaled(ball(-wide / 2, 0, high / 2, 0.05, thick / 2 + 0.017, high / 2, 16), 1, 1, 1)
    spine = block(-wide / 2, 0, 0, 0.05, thick + 0.03, high, 0.02)
    pages = fixed(block(0.01, 0, 0.025, wide - 0.06, thick - 0.02, high - 0.05, 0.004), PAGES, "paper")
    x, front = mark.uniform(-0.05, 0.2), -thick / 2 - 0.03
    ribbon = tube(curve([(x, 0, high - 0.03), (x, front + 0.01, high + 0.025), (x, front - 0.01, high - 0.06), (x + 0.01, front, high - mark.uniform(0.3, 0.5))]), 0.045, 8, 0.25)
    title = block(mark.choice([-0.05, 0.0]), -thick / 2 - 0.018, high * mark.uniform(0.3, 0.4), wide * mark.uniform(0.4, 0.55), 0.012, 0.14, 0.004)
    del back
    parts = [patterned(joined([*covers, spine])), pages, second(ribbon, "cloth"), fixed(title, PAGES, "paper")]
    return [turned(part, 0, -4) for part in parts]


def chair(mark: Random) -> list[Part]:
    """A chair: seat and back are the main part, the legs the second."""
    wide, deep, seat = mark.uniform(0.42, 0.5), mark.uniform(0.4, 0.46), mark.uniform(0.44, 0.5)
    form = mark.choice(["board", "round", "slats"])
    parts = [patterned(joined([block(0, 0, seat - 0.04, wide, deep, 0.07, 0.03), _chair_back(form, wide, deep, seat)]))]
    splay = mark.uniform(0.0, 0.06)
    legs = [
        tube([(sx * (wide / 2 - 0.05), sy * (deep / 2 - 0.05), seat - 0.03), (sx * (wide / 2 - 0.05 + splay), sy * (deep / 2 - 0.05 + splay), 0)], [0.032, 0.024], 10)
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]
    posts = [tube([(s * (wide / 2 - 0.06), deep / 2 - 0.03, seat), (s * (wide / 2 - 0.08), deep / 2 + 0.03, 0.75)], 0.024, 8) for s in (-1, 1)]
    return [*parts, second(joined([*legs, *posts]), mark.choice(["wood", "metal"]))]


def _chair_back(form: str, wide: float, deep: float, seat: float) -> Part:
    y = deep / 2 + 0.02
    if form == "round":
        return moved(scaled(block(0, 0, 0, 1, 0.05, 1, 0.024), wide, 1, 0.36), 0, y, 0.64)
    if form == "slats":
        return joined([block(0, y, z, wide, 0.05, 0.1, 0.024) for z in (seat + 0.14, seat + 0.28, seat + 0.42)])
    return block(0, y, seat + 0.12, wide, 0.06, 0.42, 0.03)


