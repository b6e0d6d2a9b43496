"""Things that hold something: mug, kettle, teapot, vase, bottle, plant pot, box, and the lamp and clock beside them.

Each function returns the parts of one thing; the generator is that of its mark, which decides on proportions and
forms, so that two mugs of one colour are not the same mug.
"""

from __future__ import annotations

from math import cos, pi, sin
from random import Random

from personavlm.worlds.pictures.solid import (
    Part,
    ball,
    block,
    curve,
    fixed,
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
STEEL = (168, 172, 178)
LEAF = (62, 128, 58)


def mug(mark: Random) -> list[Part]:
    """A cup with one handle on its right."""
    foot, top, high = mark.uniform(0.30, 0.42), mark.uniform(0.38, 0.45), mark.uniform(0.85, 1.0)
    belly = mark.choice([0.0, 0.05, -0.04])
    wall = curve([(foot, 0.03), ((foot + top) / 2 + belly, high * 0.5), (top, high - 0.02)], 6)
    outer = lathe([(0, 0), (foot - 0.03, 0), *wall])
    lip = lathe([(top, high - 0.02), (top - 0.01, high), (top - 0.035, high), (top - 0.045, high - 0.02)])
    hollow = inside(lathe([(0, 0.15), (foot - 0.05, 0.15), (top - 0.045, high - 0.02)]))
    return [patterned(outer), lip, hollow, second(_mug_handle(mark, (foot + top) / 2 + belly, high))]


def _mug_handle(mark: Random, side: float, high: float) -> Part:
    out = side + mark.uniform(0.22, 0.32)
    low, up = high * mark.uniform(0.15, 0.28), high * mark.uniform(0.76, 0.86)
    forms = (
        curve(
            [
                (side - 0.04, 0, up),
                (out - 0.06, 0, up),
                (out, 0, (up + low) / 2),
                (out - 0.06, 0, low),
                (side - 0.06, 0, low),
            ]
        ),
        curve([(side - 0.04, 0, up), (out, 0, up + 0.03), (out - 0.02, 0, up - 0.25), (side - 0.04, 0, low)]),
        [
            (side - 0.04, 0, up),
            (out - 0.03, 0, up),
            (out, 0, up - 0.03),
            (out, 0, low + 0.03),
            (out - 0.03, 0, low),
            (side - 0.05, 0, low),
        ],
    )
    return tube(mark.choice(forms), mark.uniform(0.045, 0.065))


def kettle(mark: Random) -> list[Part]:
    """A kettle with a spout on its left and a handle over the top."""
    wide, high = mark.uniform(0.42, 0.5), mark.uniform(0.55, 0.62)
    body = lathe(curve([(0.0, 0.0), (wide - 0.03, 0.0), (wide, 0.1), (wide * 0.88, high * 0.7), (0.2, high)], 6))
    lid = lathe([(0.22, high - 0.03), (0.2, high + 0.03), (0.06, high + 0.07), (0, high + 0.075)])
    knob = fixed(ball(0, 0, high + 0.1, 0.05, 0.05, 0.05, 14), DARK, "plastic")
    tip = mark.uniform(0.2, 0.3)
    spout = tube(
        curve([(-wide + 0.1, 0, 0.22), (-wide - 0.1, 0, 0.3), (-wide - tip, 0, high + 0.02)]), [0.11, 0.08, 0.05]
    )
    return [patterned(body), lid, knob, spout, second(_bail(mark, wide * 0.78, high * 0.82), "plastic")]


def _bail(mark: Random, half: float, low: float) -> Part:
    top = mark.uniform(0.96, 1.06)
    forms = (
        curve([(-half, 0, low), (-half * 0.9, 0, top - 0.1), (0, 0, top), (half * 0.9, 0, top - 0.1), (half, 0, low)]),
        [
            (-half, 0, low),
            (-half, 0, top - 0.06),
            (-half + 0.06, 0, top),
            (half - 0.06, 0, top),
            (half, 0, top - 0.06),
            (half, 0, low),
        ],
        curve(
            [
                (half, 0, low - 0.3),
                (half + 0.3, 0, low - 0.2),
                (half + 0.26, 0, low + 0.12),
                (half - 0.02, 0, low + 0.04),
            ]
        ),
    )
    return tube(mark.choice(forms), 0.05)


def teapot(mark: Random) -> list[Part]:
    """A round pot with spout on the left, handle on the right and a lid in the second colour."""
    wide, high = mark.uniform(0.44, 0.5), mark.uniform(0.64, 0.76)
    body = lathe(curve([(0, 0), (wide * 0.6, 0.0), (wide, high * 0.5), (wide * 0.55, high * 0.95), (0.22, high)], 7))
    lid = lathe(curve([(0.25, high - 0.02), (0.24, high + 0.02), (0.14, high + 0.09), (0.0, high + 0.12)], 5))
    knob = ball(0, 0, high + mark.choice([0.15, 0.17]), 0.06, 0.06, mark.choice([0.05, 0.08]), 14)
    spout = tube(
        curve(
            [
                (-wide + 0.08, 0, high * 0.3),
                (-wide - 0.12, 0, high * 0.45),
                (-wide - 0.24, 0, high * mark.uniform(0.85, 1.02)),
            ]
        ),
        [0.12, 0.07, 0.045],
    )
    out = wide + mark.uniform(0.2, 0.3)
    handle = tube(
        curve(
            [(wide - 0.12, 0, high * 0.86), (out, 0, high * 0.82), (out, 0, high * 0.4), (wide - 0.06, 0, high * 0.25)]
        ),
        0.05,
    )
    return [patterned(body), second(joined([lid, knob])), spout, handle]


def vase(mark: Random) -> list[Part]:
    """A vase with a rim in the second colour, sometimes with twigs."""
    belly, neck, mouth = mark.uniform(0.26, 0.34), mark.uniform(0.11, 0.2), mark.uniform(0.17, 0.24)
    low, thin = mark.uniform(0.3, 0.5), mark.uniform(0.72, 0.8)
    wall = curve([(0, 0), (mark.uniform(0.14, 0.2), 0.0), (belly, low), (neck, thin), (mouth, 0.95)], 8)
    edge = lathe(curve([(mouth - 0.015, 0.92), (mouth + 0.03, 0.955), (mouth, 1.0), (mouth - 0.04, 0.98)], 3))
    hollow = fixed(inside(lathe([(0.02, 0.8), (neck - 0.02, thin + 0.05), (mouth - 0.03, 0.98)])), DARK)
    return [patterned(lathe(wall)), second(edge), hollow]


def bottle(mark: Random) -> list[Part]:
    """A bottle with a cap."""
    wide, shoulder, neck = mark.uniform(0.17, 0.23), mark.uniform(0.5, 0.64), mark.uniform(0.065, 0.09)
    wall = lathe(
        curve([(0, 0), (wide - 0.02, 0.0), (wide, 0.04), (wide, shoulder), (neck, shoulder + 0.2), (neck, 0.9)], 6)
    )
    cap = lathe([(0, 0.88), (neck + 0.03, 0.88), (neck + 0.035, 0.9), (neck + 0.03, 0.99), (0.02, 1.0), (0, 1.0)])
    return [patterned(wall), second(cap, "plastic")]


def plant_pot(mark: Random) -> list[Part]:
    """A flower pot with its plant."""
    foot, top, high = mark.uniform(0.2, 0.27), mark.uniform(0.32, 0.37), mark.uniform(0.42, 0.52)
    wall = lathe([(0, 0), (foot, 0), (foot + 0.01, 0.02), (top, high)])
    rim = lathe(
        curve(
            [
                (top - 0.01, high - 0.03),
                (top + 0.045, high - 0.02),
                (top + 0.045, high + 0.07),
                (top - 0.02, high + 0.07),
            ],
            3,
        )
    )
    soil = fixed(lathe([(0, high + 0.03), (top - 0.01, high + 0.03), (top, high)]), (70, 50, 38), "fur")
    return [patterned(wall), second(rim), soil, *_plant(mark, high)]


def _plant(mark: Random, low: float) -> list[Part]:
    form, count = mark.choice(["fan", "bush", "cactus"]), mark.randint(7, 11)
    if form == "cactus":
        arm = curve([(0.1, 0, low + 0.2), (0.22, 0, low + 0.22), (0.23, 0, low + 0.36)])
        body = [ball(0, 0, low + 0.25, 0.13, 0.13, 0.29, 20), tube(arm, [0.06, 0.06, 0.05])]
        return [fixed(joined(body), LEAF, "cloth")]
    leaves = []
    for number in range(count):
        angle = 2 * pi * number / count + mark.uniform(-0.2, 0.2)
        far, up = (
            (mark.uniform(0.16, 0.34), mark.uniform(0.25, 0.5))
            if form == "fan"
            else (mark.uniform(0.1, 0.3), mark.uniform(0.12, 0.36))
        )
        x, y = far * cos(angle), far * sin(angle)
        path = curve([(x * 0.1, y * 0.1, low), (x * 0.5, y * 0.5, low + up * 0.7), (x, y, low + up)])
        leaves.append(tube(path, [0.015, 0.05, 0.004] if form == "fan" else [0.02, 0.09, 0.03], 8, 0.5))
    return [fixed(joined(leaves), LEAF, "leather")]


def box(mark: Random) -> list[Part]:
    """A box with a lid."""
    wide, deep, high = mark.uniform(0.95, 1.2), mark.uniform(0.6, 0.8), mark.uniform(0.62, 0.75)
    over = mark.choice([0.03, 0.06])
    lid = block(0, 0, high, wide + over, deep + over, mark.uniform(0.14, 0.24), 0.025)
    parts = [patterned(block(0, 0, 0, wide, deep, high + 0.02, 0.02)), second(lid)]
    clasp = mark.choice(["none", "lock", "knob"])
    if clasp == "lock":
        parts.append(fixed(block(0, -deep / 2 - 0.02, high - 0.1, 0.12, 0.05, 0.14, 0.015), (205, 170, 90), "metal"))
    if clasp == "knob":
        parts.append(fixed(ball(0, -deep / 2 - 0.05, high + 0.07, 0.045, 0.045, 0.045, 14), STEEL, "metal"))
    return parts


def lamp(mark: Random) -> list[Part]:
    """A table lamp: the shade is the main part, the foot the second."""
    top, low, from_ = mark.uniform(0.17, 0.28), mark.uniform(0.34, 0.4), mark.uniform(0.5, 0.56)
    shade = lathe([(low, from_), (top, 1.0)], 30)
    glow = fixed(inside(lathe([(low - 0.025, from_ + 0.005), (top - 0.025, 0.995)], 30)), (255, 236, 190), "light")
    form = mark.choice(["column", "ball", "bottle"])
    columns: dict[str, list[tuple[float, ...]]] = {
        "column": [(0, 0), (0.2, 0), (0.2, 0.03), (0.04, 0.07), (0.035, 0.6)],
        "ball": curve([(0, 0), (0.14, 0.0), (0.2, 0.2), (0.08, 0.38), (0.03, 0.45), (0.03, 0.6)], 5),
        "bottle": curve([(0, 0), (0.16, 0.0), (0.13, 0.2), (0.05, 0.4), (0.04, 0.6)], 5),
    }
    return [patterned(shade), glow, second(lathe(columns[form]), mark.choice(["ceramic", "wood", "metal"]))]


def clock(mark: Random) -> list[Part]:
    """A table clock with a face in the second colour; its mark sets the time and the form of its feet."""
    deep, middle = mark.uniform(0.2, 0.3), 0.54
    case = turned(lathe([(0, 0), (0.42, 0), (0.45, 0.03), (0.45, deep - 0.03), (0.4, deep)]), 0, 90)
    case = moved(case, 0, deep / 2, middle)
    face = moved(turned(lathe([(0, 0), (0.33, 0), (0.33, 0.02), (0, 0.021)]), 0, 90), 0, -deep / 2 + 0.01, middle)
    front = -deep / 2 - 0.03
    rim = moved(ring(0, 0, 0, 0.385, 0.07), 0, -deep / 2, middle)
    legs = [turned(block(x, 0, 0, 0.08, deep * 0.6, 0.16, 0.02), 1, 0) for x in (-0.24, 0.24)]
    parts = [patterned(joined([case, rim])), second(face, "paper"), joined(legs)]
    parts += [fixed(joined([*_hands(mark, front, middle), *_hours(mark, front, middle)]), DARK, "plastic")]
    if mark.random() < 0.5:
        bells = [ball(x, 0, 1.0, 0.14, 0.1, 0.09, 16) for x in (-0.2, 0.2)]
        parts.append(fixed(joined(bells), STEEL, "metal"))
    return parts


def _hands(mark: Random, y: float, z: float) -> list[Part]:
    hour = mark.uniform(0, 12)
    lengths = ((hour / 12, 0.18, 0.022), (hour % 1, 0.25, 0.015))
    return [
        tube([(0, y, z), (far * sin(2 * pi * turn), y, z + far * cos(2 * pi * turn))], thick, 6)
        for turn, far, thick in lengths
    ]


def _hours(mark: Random, y: float, z: float) -> list[Part]:
    every = mark.choice([1, 3])
    angles = [2 * pi * number / 12 for number in range(0, 12, every)]
    return [scaled_dot(0.27 * sin(angle), y + 0.015, z + 0.27 * cos(angle)) for angle in angles]


def scaled_dot(x: float, y: float, z: float, size: float = 0.02) -> Part:
    """Return a small flat dot facing the front."""
    return moved(scaled(ball(0, 0, 0, size, size, size, 8), 1, 0.4, 1), x, y, z)
