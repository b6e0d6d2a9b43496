"""Animals that sit: cat, dog, rabbit. Their collar is the second part; the mark sets ears, tail, snout and build."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from personavlm.worlds.pictures.solid import (
    Part,
    ball,
    curve,
    fixed,
    joined,
    moved,
    patterned,
    ring,
    scaled,
    second,
    tube,
    turned,
)

EYE = (28, 24, 24)
ROSE = (226, 160, 160)


def cat(mark: Random) -> list[Part]:
    """A sitting cat, its tail on its right."""
    wide = mark.uniform(0.9, 1.1)
    body = [ball(0, 0.05, 0.3, 0.24 * wide, 0.25, 0.32), ball(0, 0.12, 0.17, 0.29 * wide, 0.26, 0.18)]
    head = ball(0, -0.1, 0.72, 0.2, 0.18, 0.17)
    cheeks = [ball(x, -0.24, 0.67, 0.075, 0.06, 0.055, 14) for x in (-0.06, 0.06)]
    paws = [
        tube(curve([(x, -0.04, 0.42), (x, -0.16, 0.18), (x, -0.2, 0.045)]), [0.06, 0.06, 0.05]) for x in (-0.1, 0.1)
    ]
    paws += [ball(x, -0.23, 0.045, 0.068, 0.09, 0.05, 14) for x in (-0.1, 0.1)]
    ears = [turned(_ear(mark.uniform(0.17, 0.22)), 1, lean) for lean in (-16, 16)]
    ears = [moved(ear, x, -0.07, 0.8) for ear, x in zip(ears, (-0.12, 0.12), strict=True)]
    tip = mark.uniform(0.18, 0.5)
    tail = tube(
        curve([(0.1, 0.25, 0.08), (0.38, 0.12, 0.07), (0.46, 0.0, 0.12 + tip * 0.5), (0.42, -0.05, 0.1 + tip)]),
        [0.07, 0.06, 0.045],
    )
    return [
        patterned(joined([*body, head, tail, *paws])),
        joined([*cheeks, *ears]),
        *_face(mark, 0.72, -0.26, 0.085, 0.66),
        second(_collar(0.0, -0.05, 0.56, 0.155), "leather"),
    ]


def _ear(high: float) -> Part:
    return ball(0, 0, 0, 0.085, 0.045, high, 14)


def dog(mark: Random) -> list[Part]:
    """A sitting dog with hanging or standing ears."""
    wide = mark.uniform(0.88, 1.1)
    body = [
        ball(0, 0.08, 0.3, 0.23 * wide, 0.24, 0.33),
        ball(0, 0.16, 0.16, 0.27 * wide, 0.24, 0.17),
        ball(0, -0.04, 0.5, 0.16, 0.16, 0.2),
    ]
    head = ball(0, -0.1, 0.76, 0.17, 0.18, 0.16)
    snout = tube(
        curve([(0, -0.16, 0.73), (0, -0.28, 0.71), (0, -0.34 - mark.uniform(0, 0.07), 0.7)]), [0.11, 0.085, 0.075], 14
    )
    legs = [
        tube(curve([(x * 0.8, 0.02, 0.5), (x, -0.1, 0.22), (x, -0.14, 0.05)]), [0.06, 0.065, 0.06])
        for x in (-0.12, 0.12)
    ]
    legs += [ball(x, -0.18, 0.05, 0.075, 0.1, 0.055, 14) for x in (-0.12, 0.12)]
    tip = mark.uniform(0.15, 0.35)
    tail = tube(curve([(0.12, 0.3, 0.12), (0.32, 0.32, 0.16), (0.4, 0.3, 0.2 + tip)]), [0.06, 0.05, 0.02])
    nose = fixed(ball(0, -0.39, 0.745, 0.045, 0.035, 0.035, 12), EYE, "plastic")
    return [
        patterned(joined([*body, head, snout, tail, *legs])),
        _dog_ears(mark),
        nose,
        *_eyes(0.8, -0.245, 0.07, 0.026),
        second(_collar(0, -0.06, 0.6, 0.15), "leather"),
    ]


def _dog_ears(mark: Random) -> Part:
    if mark.random() < 0.65:
        low = mark.uniform(0.5, 0.62)
        paths = [curve([(s * 0.11, -0.05, 0.88), (s * 0.2, -0.08, 0.84), (s * 0.21, -0.1, low)]) for s in (-1, 1)]
        return joined([tube(path, [0.04, 0.08, 0.06], 10, 0.6) for path in paths])
    return joined([moved(turned(_ear(0.19), 1, 14 * s), s * 0.11, -0.06, 0.86) for s in (-1, 1)])


def rabbit(mark: Random) -> list[Part]:
    """A rabbit with long ears, one of which may hang."""
    body = [ball(0, 0.1, 0.24, 0.26, 0.3, 0.25), ball(0, -0.08, 0.3, 0.17, 0.17, 0.2)]
    head = ball(0, -0.16, 0.53, 0.16, 0.17, 0.15)
    cheeks = [ball(x, -0.3, 0.48, 0.06, 0.05, 0.045, 14) for x in (-0.045, 0.045)]
    paws = [ball(x, -0.26, 0.05, 0.07, 0.12, 0.05, 14) for x in (-0.12, 0.12)]
    feet = [ball(x, 0.0, 0.06, 0.09, 0.2, 0.06, 14) for x in (-0.24, 0.24)]
    tail = ball(0.16, 0.36, 0.18, 0.09, 0.09, 0.09, 14)
    high, lop = mark.uniform(0.88, 1.0), mark.choice(["none", "left", "right", "none"])
    ears = [_long_ear(-1, high, lop == "left"), _long_ear(1, high, lop == "right")]
    lining = [
        replace(moved(scaled(ear, 0.62, 1, 0.8), dx * 0.035, -0.035, 0.13))
        for ear, dx in zip(ears, (-1, 1), strict=True)
    ]
    upright = [fixed(part, ROSE) for part, side in zip(lining, ("left", "right"), strict=True) if side != lop]
    return [
        patterned(joined([*body, head])),
        joined([*cheeks, *paws, *feet, *ears, tail]),
        *upright,
        *_face(mark, 0.55, -0.3, 0.08, 0.5),
        second(_collar(0, -0.12, 0.4, 0.15), "cloth"),
    ]


def _long_ear(side: int, high: float, hanging: bool) -> Part:
    x = side * 0.07
    path = [(x, -0.12, 0.62), (x * 1.6, -0.1, 0.78), (x * 2.0, -0.08, high)]
    if hanging:
        path = [(x, -0.12, 0.62), (x * 1.8, -0.11, 0.78), (x * 3.0, -0.13, 0.72), (x * 3.4, -0.14, 0.55)]
    return tube(curve(path), [0.035, 0.07, 0.06, 0.02], 12, 0.5)


def _face(mark: Random, high: float, front: float, apart: float, nose: float) -> list[Part]:
    iris = mark.choice([(96, 140, 70), (196, 150, 48), (70, 120, 170)])
    eyes = [
        fixed(
            joined([ball(x, front + 0.02, high + 0.02, 0.036, 0.02, 0.034, 14) for x in (-apart, apart)]),
            iris,
            "plastic",
        )
    ]
    pupils = joined([ball(x, front, high + 0.02, 0.018, 0.012, 0.027, 12) for x in (-apart, apart)])
    tip = fixed(ball(0, front - 0.03, nose + 0.04, 0.025, 0.02, 0.018, 12), ROSE, "plastic")
    return [*eyes, fixed(pupils, EYE, "plastic"), tip]


def _eyes(high: float, front: float, apart: float, size: float) -> list[Part]:
    return [fixed(joined([ball(x, front, high, size, size * 0.8, size, 12) for x in (-apart, apart)]), EYE, "plastic")]


def _collar(x: float, y: float, z: float, radius: float) -> Part:
    return moved(turned(scaled(ring(0, 0, 0, radius, 0.032), 1, 1.1, 1), 0, 78), x, y, z)
