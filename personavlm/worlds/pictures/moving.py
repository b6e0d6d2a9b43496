"""Things that move or are played with: toy train, toy car, bicycle, boat, kite, ball, guitar, bird house.

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
    joined,
    lathe,
    moved,
    patterned,
    ring,
    scaled,
    second,
    slab,
    tube,
    turned,
)

DARK = (44, 44, 48)
STEEL = (168, 172, 178)
PANE = (150, 190, 214)


def wheel(x: float, y: float, radius: float, thick: float) -> Part:
    """Return a solid wheel that rolls along x."""
    profile = [(0, 0), (radius - 0.02, 0), (radius, 0.02), (radius, thick - 0.02), (radius - 0.02, thick), (0, thick)]
    return moved(turned(lathe(profile, 20), 0, 90), x, y + thick / 2, radius)


def toy_train(mark: Random) -> list[Part]:
    """A locomotive that drives to the left."""
    long, high = mark.uniform(1.3, 1.5), mark.uniform(0.2, 0.26)
    boiler = turned(lathe([(0, 0), (high - 0.03, 0), (high, 0.03), (high, long * 0.62), (0, long * 0.63)], 22), 1, -90)
    boiler = moved(boiler, long * 0.18, 0, 0.46)
    back = long * 0.3
    cab = block(back, 0, 0.22, long * 0.32, 0.5, 0.56, 0.03)
    floor = block(0, 0, 0.18, long, 0.46, 0.1, 0.03)
    roof = fixed(block(back, 0, 0.78, long * 0.4, 0.58, 0.07, 0.03), DARK, "wood")
    panes = fixed(
        joined([block(back, y, 0.5, long * 0.17, 0.02, 0.18, 0.008) for y in (-0.255, 0.255)]), PANE, "glass-like"
    )
    funnel = lathe(
        mark.choice(
            [[(0.07, 0), (0.07, 0.3), (0.11, 0.34), (0.11, 0.38), (0, 0.38)], [(0.06, 0), (0.1, 0.34), (0, 0.34)]]
        )
    )
    funnel = fixed(moved(funnel, -long * 0.32, 0, 0.6), DARK, "metal")
    lamp = fixed(ball(-long * 0.45, 0, 0.52, 0.05, 0.07, 0.07, 14), (250, 222, 120), "plastic")
    count, radius = mark.choice([2, 3]), mark.uniform(0.15, 0.18)
    spots = np.linspace(-long * 0.36, long * 0.36, count)
    wheels = [wheel(float(x), y, radius, 0.08) for x in spots for y in (-0.25, 0.25)]
    return [patterned(joined([boiler, cab])), floor, roof, panes, funnel, lamp, second(joined(wheels))]


def toy_car(mark: Random) -> list[Part]:
    """A car that drives to the left, its roof in the second colour."""
    long, wide = mark.uniform(1.6, 1.8), mark.uniform(0.7, 0.78)
    cab, shift = long * mark.uniform(0.46, 0.56), mark.uniform(-0.02, 0.16)
    low = block(0, 0, 0.17, long, wide, 0.34, mark.choice([0.06, 0.12]))
    house = _trapeze(block(shift, 0, 0.5, cab, wide * 0.88, 0.3, 0.03), shift, 0.5, 0.3)
    glass = fixed(house, (112, 146, 168), "glass-like")
    pillars = [_pillar(shift + s * cab * 0.02, y, 0.5) for s in (0,) for y in (-wide * 0.435, wide * 0.435)]
    roof = block(shift, 0, 0.78, cab * 0.76, wide * 0.8, 0.08, 0.035)
    wheels = [wheel(x, y, 0.19, 0.13) for x in (-long * 0.29, long * 0.29) for y in (-wide / 2 + 0.02, wide / 2 - 0.02)]
    hubs = [ball(x, -wide / 2 - 0.045, 0.19, 0.075, 0.02, 0.075, 14) for x in (-long * 0.29, long * 0.29)]
    lights = [ball(-long / 2 + 0.01, y, 0.36, 0.03, 0.07, 0.06, 12) for y in (-wide * 0.3, wide * 0.3)]
    parts = [patterned(low), glass, joined(pillars), second(roof), fixed(joined(wheels), DARK, "rubber")]
    parts += [fixed(joined(hubs), STEEL, "metal"), fixed(joined(lights), (252, 232, 160), "plastic")]
    if mark.random() < 0.35:
        parts.append(
            fixed(
                joined([tube([(shift + x, -0.25, 0.9), (shift + x, 0.25, 0.9)], 0.02, 6) for x in (-0.15, 0.15)]),
                STEEL,
                "metal",
            )
        )
    return parts


def _trapeze(part: Part, x: float, low: float, high: float) -> Part:
    share = np.clip((part.points[:, 2] - low) / high, 0, 1)
    points = part.points.copy()
    points[:, 0] = x + (points[:, 0] - x) * (1 - 0.26 * share)
    points[:, 1] *= 1 - 0.1 * share
    return replace(part, points=points)


def _pillar(x: float, y: float, z: float) -> Part:
    return tube([(x, y, z), (x, y * 0.9, z + 0.3)], 0.035, 8)


def bicycle(mark: Random) -> list[Part]:
    """A bicycle that rides to the left; the saddle is its second part."""
    radius, apart = mark.uniform(0.29, 0.32), mark.uniform(0.98, 1.06)
    left, right = (-apart / 2, radius), (apart / 2, radius)
    tyres = [ring(x, 0, z, radius - 0.02, 0.026, 40) for x, z in (left, right)]
    spokes = [
        tube([(x, 0, z), (x + (radius - 0.03) * cos(a), 0, z + (radius - 0.03) * sin(a))], 0.0055, 4)
        for x, z in (left, right)
        for a in np.linspace(0, 2 * pi, 12, endpoint=False)
    ]
    crank, seat, head = (0.02, 0.28), (0.15, 0.74), (-apart / 2 + 0.17, 0.76)
    if mark.random() < 0.4:  # a low frame to step through
        bars = [curve([(*head, 0), (-0.12, 0.42, 0), (*crank, 0)], 6)]
    else:
        bars = [[(*head, 0), (*seat, 0)], [(head[0] - 0.02, head[1] - 0.1, 0), (*crank, 0)]]
    bars += [[(*crank, 0), (seat[0] + 0.02, seat[1] + 0.06, 0)], [(*crank, 0), (*right, 0)], [(*seat, 0), (*right, 0)]]
    bars += [[(head[0] + 0.03, head[1] + 0.1, 0), (*left, 0)]]
    frame = [tube([(x, y, z) for x, z, y in bar], 0.026, 10) for bar in bars]
    bar = _handlebar(mark, head[0] + 0.03, head[1] + 0.1)
    saddle = ball(seat[0] + 0.03, 0, seat[1] + 0.1, 0.13, 0.075, 0.04, 18)
    parts = [
        joined(frame),
        fixed(joined(tyres), DARK, "rubber"),
        fixed(joined([*spokes, *bar]), STEEL, "metal"),
        second(saddle, "leather"),
    ]
    chainwheel = fixed(moved(ring(0, 0, 0, 0.07, 0.015, 20), crank[0], -0.03, crank[1]), STEEL, "metal")
    if mark.random() < 0.45:
        parts.append(second(block(head[0] - 0.16, 0, head[1], 0.22, 0.28, 0.18, 0.03), "wicker"))
    return [*parts, chainwheel]


def _handlebar(mark: Random, x: float, z: float) -> list[Part]:
    back = mark.choice([0.18, 0.08, -0.08])
    up = mark.uniform(0.02, 0.1)
    return [tube(curve([(x, 0, z), (x, s * 0.1, z + up), (x + back, s * 0.22, z + up)], 5), 0.018, 8) for s in (-1, 1)]


def boat(mark: Random) -> list[Part]:
    """A toy sailing boat, its bow on the left."""
    long, wide = mark.uniform(1.0, 1.15), mark.uniform(0.3, 0.38)
    hull = _hull(long, wide, 0.28)
    deck = fixed(
        moved(scaled(ball(0, 0, 0, 1, 1, 1, 20), long * 0.44, wide * 0.42, 0.015), 0.02, 0, 0.265),
        (206, 168, 116),
        "wood",
    )
    x, top = mark.uniform(-0.08, 0.04), mark.uniform(0.98, 1.06)
    mast = fixed(tube([(x, 0, 0.2), (x, 0, top)], 0.02, 8), (150, 108, 70), "wood")
    far, low = mark.uniform(0.4, 0.48), 0.36
    sails = [_sail((x + 0.03, low), (x + far, low + 0.02), (x + 0.03, top - 0.04), 0.08)]
    if mark.random() < 0.7:
        sails.append(_sail((x - 0.04, low + 0.04), (x - mark.uniform(0.36, 0.44), low), (x - 0.04, top - 0.12), 0.06))
    flag = slab([(x, top), (x + 0.14, top + 0.04), (x, top + 0.08)], 0.015, 0.004)
    return [patterned(hull), deck, mast, second(joined(sails), "cloth"), fixed(flag, (210, 60, 56), "cloth")]


def _hull(long: float, wide: float, high: float) -> Part:
    t = np.linspace(-1, 1, 21)[:, None]
    a = np.linspace(0, pi, 15)[None, :]
    half = wide * np.sqrt(np.maximum(1 - np.where(t < 0, np.abs(t) ** 2.0, np.abs(t) ** 5), 0))
    keel = high * (1 - 0.35 * np.abs(t) ** 3)
    side = np.sign(np.cos(a)) * np.abs(np.cos(a)) ** 0.5  # upright walls, a round bottom
    x = t * long / 2 * (1 - 0.12 * np.sin(a)) - 0.02
    points = np.stack(np.broadcast_arrays(x, -half * side, high - keel * np.sin(a) ** 0.6 + 0.03 * t**2), -1)
    cells = np.stack(np.broadcast_arrays(t * long * 0.7 / CELL, (high - keel * np.sin(a)) * 1.4 / CELL), -1)
    return grid(points.astype(np.float32), cells.astype(np.float32))


def _sail(foot: tuple[float, float], far: tuple[float, float], top: tuple[float, float], bulge: float) -> Part:
    s = np.linspace(0, 1, 9)[:, None]
    t = np.linspace(0, 1, 9)[None, :]
    low = np.array(foot) + (np.array(far) - np.array(foot)) * t[..., None]
    plane = low * (1 - s[..., None]) + np.array(top) * s[..., None]
    y = -bulge * np.sin(pi * t * 0.9) * (1 - s) * 1.2
    front = np.stack([plane[..., 0], np.broadcast_to(y, plane.shape[:2]), plane[..., 1]], -1)
    back = front + np.array([0, 0.02, 0])
    points = np.concatenate([front, back[::-1], front[:1]])
    return grid(points.astype(np.float32), (points[..., [0, 2]] / CELL).astype(np.float32))


def kite(mark: Random) -> list[Part]:
    """A kite in the air; its tail with bows is the second part and hangs to the foot of its place."""
    wide, knee, top = mark.uniform(0.3, 0.36), mark.uniform(0.7, 0.76), 1.0
    low = mark.uniform(0.34, 0.4)
    sheet = slab([(0, low), (wide, knee), (0, top), (-wide, knee)], 0.03, 0.01)
    points = sheet.points.copy()
    points[:, 1] += 0.5 * points[:, 0] ** 2
    sheet = replace(sheet, points=points)
    bars = [
        tube([(0, -0.02, low), (0, -0.02, top)], 0.01, 6),
        tube([(-wide, 0.04, knee), (0, -0.02, knee), (wide, 0.04, knee)], 0.01, 6),
    ]
    sway = mark.choice([-1, 1]) * mark.uniform(0.05, 0.1)
    line = curve([(0, 0, low), (sway, 0, low * 0.72), (-sway, 0, low * 0.38), (sway * 0.6, 0, 0.02)], 8)
    count = mark.choice([2, 3, 4])
    bows = [_bow(*line[int((number + 0.8) * len(line) / (count + 0.8)) - 1]) for number in range(1, count + 1)]
    return [
        patterned(sheet),
        fixed(joined(bars), (110, 84, 60), "wood"),
        second(joined([tube(line, 0.012, 6), *bows]), "cloth"),
    ]


def _bow(x: float, y: float, z: float) -> Part:
    return joined([ball(x - 0.055, y, z, 0.055, 0.02, 0.032, 12), ball(x + 0.055, y, z, 0.055, 0.02, 0.032, 12)])


def ball_thing(mark: Random) -> list[Part]:
    """A ball with a band round its middle, tilted."""
    globe = ball(0, 0, 0, 0.5, 0.5, 0.5, 36)
    wide = mark.uniform(0.05, 0.1)
    edge = [(0.502 * cos(a), 0.502 * sin(a)) for a in np.linspace(-wide * 2, wide * 2, 7)]
    band = lathe([(0.47, edge[0][1]), *edge, (0.47, edge[-1][1])], 40)
    tilt, lean = mark.uniform(-35, 35), mark.uniform(5, 20)
    return [moved(turned(turned(part, 0, lean), 1, tilt), 0, 0, 0.5) for part in (patterned(globe), second(band))]


def guitar(mark: Random) -> list[Part]:
    """A guitar that leans back."""
    wide, waist, upper = mark.uniform(0.2, 0.23), mark.uniform(0.12, 0.15), mark.uniform(0.15, 0.18)
    side = curve(
        [(0.02, 0.0), (wide * 0.8, 0.03), (wide, 0.14), (waist, 0.3), (upper, 0.42), (upper * 0.6, 0.5), (0.02, 0.515)],
        5,
    )
    outline = [*side, *[(-x, z) for x, z in reversed(side)]]
    body = slab([(p[0], p[1]) for p in outline], 0.11, 0.015)
    hole = fixed(moved(scaled(ball(0, 0, 0, 1, 1, 1, 20), 0.065, 0.012, 0.065), 0, -0.055, 0.34), DARK, "cloth")
    bridge = fixed(block(0, -0.06, 0.15, 0.14, 0.03, 0.03, 0.01), DARK, "wood")
    neck = block(0, -0.055, 0.39, 0.07, 0.05, 0.52, 0.015)
    head = block(0, -0.045, 0.88, mark.choice([0.12, 0.1]), 0.045, 0.14, 0.015)
    strings = [tube([(x, -0.075, 0.17), (x, -0.085, 0.4)], 0.003, 4) for x in (-0.022, 0.0, 0.022)]
    pegs = [ball(s * 0.068, -0.045, z, 0.02, 0.015, 0.012, 10) for s in (-1, 1) for z in (0.91, 0.945, 0.98)]
    parts = [
        patterned(body),
        hole,
        bridge,
        second(joined([neck, head])),
        fixed(joined([*strings, *pegs]), STEEL, "metal"),
    ]
    if mark.random() < 0.5:
        guard = [(0.04, 0.2), (wide * 0.62, 0.16), (waist * 0.8, 0.3), (0.08, 0.33)]
        parts.append(fixed(moved(slab(guard, 0.01, 0.003), 0, -0.06, 0), DARK, "plastic"))
    return [turned(part, 0, -10) for part in parts]


def bird_house(mark: Random) -> list[Part]:
    """A house for birds with a round door."""
    wide, deep, wall, top = (
        mark.uniform(0.52, 0.62),
        mark.uniform(0.44, 0.54),
        mark.uniform(0.5, 0.58),
        mark.uniform(0.92, 1.0),
    )
    gable = slab(
        [(-wide / 2, 0.04), (wide / 2, 0.04), (wide / 2, wall), (0, top - 0.05), (-wide / 2, wall)], deep, 0.012
    )
    radius, door = mark.uniform(0.085, 0.12), mark.uniform(0.42, 0.5)
    hole = moved(scaled(ball(0, 0, 0, 1, 1, 1, 20), radius, 0.015, radius), 0, -deep / 2 - 0.004, door)
    perch = tube([(0, -deep / 2, door - 0.16), (0, -deep / 2 - 0.14, door - 0.16)], 0.022, 8)
    floor = fixed(block(0, -0.02, 0, wide + 0.14, deep + 0.16, 0.05, 0.015), (150, 112, 72), "wood")
    over = mark.uniform(0.08, 0.13)
    slope = [
        slab(
            [
                (s * (wide / 2 + over), wall - over * 1.0),
                (s * (wide / 2 + over - 0.01), wall - over + 0.07),
                (0, top + 0.03),
                (0, top - 0.05),
            ],
            deep + 0.2,
            0.012,
        )
        for s in (-1, 1)
    ]
    parts = [
        patterned(gable),
        fixed(hole, (36, 30, 28), "cloth"),
        floor,
        fixed(perch, (150, 112, 72), "wood"),
        second(joined(slope), "wood"),
    ]
    if mark.random() < 0.4:
        parts.append(fixed(block(wide * 0.22, 0.05, top - 0.2, 0.1, 0.1, 0.22, 0.01), (150, 70, 56), "ceramic"))
    return parts
