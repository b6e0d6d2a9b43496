"""What a surface looks like: its colours and pattern, its material, and the light on it.

    Samples + look + light ──pattern, badge, grain──> colour of the surface ──light, gloss, mirror──> linear RGB, cover

Colours are linear RGB in [0, 1] while light is reckoned with; ``linear`` and ``encoded`` go there and back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import hypot
from random import Random

import numpy as np
from numpy.typing import NDArray

from personavlm.worlds.pictures.looks import RGB, colours
from personavlm.worlds.pictures.shapes import ANIMALS, solid_of
from personavlm.worlds.pictures.solid import Floats, Part
from personavlm.worlds.pictures.view import Samples
from personavlm.worlds.values import Look

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Light:
    """One light and what the surroundings give back; directions as the camera has them: right, up, towards it."""

    direction: tuple[float, float, float]
    sun: tuple[float, float, float]
    sky: tuple[float, float, float]
    ground: tuple[float, float, float]


LIGHTS = {
    "morning": Light((-0.62, 0.55, 0.56), (1.02, 0.96, 0.88), (0.46, 0.48, 0.52), (0.36, 0.34, 0.32)),
    "noon": Light((0.22, 0.80, 0.56), (1.05, 1.03, 1.00), (0.50, 0.51, 0.53), (0.40, 0.39, 0.37)),
    "evening": Light((0.66, 0.45, 0.60), (1.06, 0.90, 0.74), (0.40, 0.39, 0.43), (0.33, 0.30, 0.28)),
    "lamp": Light((-0.35, 0.72, 0.60), (1.00, 0.89, 0.74), (0.34, 0.32, 0.31), (0.33, 0.30, 0.26)),
}


@dataclass(frozen=True, slots=True)
class Finish:
    """How a material takes light."""

    gloss: float = 0.0
    """Strength of the highlight."""
    sharp: int = 4
    """The highlight falls off with the cosine doubled so often into its power: 6 is 2**6."""
    mirror: float = 0.0
    """Share of the surroundings it shows, in its own colour."""
    rim: float = 0.0
    """How much the surroundings show at grazing angles."""
    cover: float = 1.0
    """Below 1 what is behind shows through."""


FINISHES = {
    "ceramic": Finish(0.55, 7, 0.0, 0.45),
    "metal": Finish(0.9, 6, 0.75, 0.25),
    "glass": Finish(1.0, 8, 0.1, 0.8, 0.66),
    "glass-like": Finish(0.9, 7, 0.35, 0.6),
    "wood": Finish(0.10, 4, 0.0, 0.06),
    "cloth": Finish(0.0, 2, 0.0, 0.10),
    "leather": Finish(0.22, 4, 0.0, 0.12),
    "plastic": Finish(0.45, 5, 0.0, 0.25),
    "wicker": Finish(0.08, 4, 0.0, 0.05),
    "rubber": Finish(0.14, 3, 0.0, 0.10),
    "paper": Finish(0.0, 2, 0.0, 0.04),
    "fur": Finish(0.05, 2, 0.0, 0.22),
    "light": Finish(),
}


def linear(rgb: RGB) -> Floats:
    """Return an sRGB colour as linear RGB in [0, 1]."""
    return np.asarray(_decoding()[np.asarray(rgb)], np.float32)


@cache
def _decoding() -> Floats:
    return np.asarray((np.arange(256) / 255) ** 2.2, np.float32)


@cache
def _encoding() -> NDArray[np.uint8]:
    return np.asarray(np.round(255 * (np.arange(4097) / 4096) ** (1 / 2.2)), np.uint8)


def decoded(pixels: NDArray[np.uint8]) -> Floats:
    """Return sRGB pixels as linear ones."""
    return _decoding().take(pixels)


def encoded(pixels: Floats) -> NDArray[np.uint8]:
    """Return linear pixels as sRGB, cut off at 0 and 1."""
    return _encoding().take(np.clip(pixels * 4096, 0, 4096).astype(np.uint16))


@cache
def _noise() -> Floats:
    # Soft noise on a torus of 256 x 256, standard deviation about 0.2 round 0.
    rng = np.random.Generator(np.random.PCG64(7))
    total = np.zeros((256, 256))
    for size, weight in ((4, 1.0), (8, 0.8), (16, 0.6), (32, 0.5), (64, 0.4), (128, 0.35)):
        coarse = rng.normal(size=(size, size))
        step = 256 // size
        at = np.arange(256) / step
        low, part = at.astype(int) % size, (at % 1) ** 2 * (3 - 2 * (at % 1))
        rows = coarse[low] * (1 - part)[:, None] + coarse[(low + 1) % size] * part[:, None]
        total += weight * (rows[:, low] * (1 - part) + rows[:, (low + 1) % size] * part)
    return np.asarray(0.2 * total / total.std(), np.float32)


def noise(u: NDArray[np.floating], v: NDArray[np.floating]) -> Floats:
    """Return soft noise round 0 (standard deviation 0.2) that repeats with every whole number of u and v."""
    return _noise().take(((u * 256).astype(np.int32) & 255) * 256 + ((v * 256).astype(np.int32) & 255))


# ── patterns ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _fraction(values: Floats | NDArray[np.float64]) -> Floats:
    return np.asarray(values - np.floor(values), np.float32)


def _offset(u: Floats, v: Floats) -> tuple[Floats, Floats]:
    # Distances from the middle of the cell, every other row half a cell further.
    return _fraction(u + 0.5 * (np.floor(v) % 2)) - 0.5, _fraction(v) - 0.5


def striped(_: Floats, v: Floats) -> Bools:
    """Stripes along u."""
    return _fraction(v + 0.6) < 0.35


def dotted(u: Floats, v: Floats) -> Bools:
    """Round dots, every other row shifted."""
    a, b = _offset(u, v)
    return a * a + b * b < 0.085


def checked(u: Floats, v: Floats) -> Bools:
    """Squares like a chess board's, a little apart so that the main colour stays the main one."""
    a, b = _fraction(u), _fraction(v)
    return ((a < 0.42) & (b < 0.42)) | ((a >= 0.5) & (a < 0.92) & (b >= 0.5) & (b < 0.92))


def zigzag(u: Floats, v: Floats) -> Bools:
    """Lines that go up and down with every cell."""
    return _fraction(v * 0.85 + 0.9 * np.abs(_fraction(u) - 0.5)) < 0.36


def starred(u: Floats, v: Floats) -> Bools:
    """Five-pointed stars, every other row shifted."""
    a, b = _offset(u, v)
    return star(a * 2.35, b * 2.35)


def star(a: Floats, b: Floats) -> Bools:
    """Inside a star of radius 1 that points up along b."""
    angle = np.arctan2(a, b)
    sector = np.abs(_fraction(angle * 5 / (2 * np.pi)) - 0.5) * 2  # 1 at a point, 0 between two
    return np.asarray(a * a + b * b < (0.42 + 0.58 * sector**1.6) ** 2)


PATTERNS: dict[str, Callable[[Floats, Floats], Bools]] = {
    "striped": striped,
    "dotted": dotted,
    "checked": checked,
    "zigzag": zigzag,
    "starred": starred,
}


def pattern(look: Look, samples: Samples) -> Bools:
    """Return where the pattern's colour lies on the samples."""
    rng = Random(f"pattern/{look.mark}")
    u, v = samples.cell
    x, y, z = samples.place
    _, _, low, high = solid_of(look).body
    if look.pattern == "two-tone":
        share = (
            rng.uniform(0.27, 0.34) if look.shape in ("guitar", "lamp", "cat", "bottle") else rng.uniform(0.31, 0.39)
        )
        return z < low + share * (high - low)
    if look.pattern == "patched":
        shift = rng.random()
        px, py, pz = solid_of(look).points.T
        least = float(np.quantile(_patches(px, py, pz, shift), 0.7))  # of the whole animal, so that every side agrees
        return _patches(x, y, z, shift) > least
    if look.shape in ANIMALS:  # a tabby
        return _fraction(z * 9 + 1.6 * noise(x * 0.5 + rng.random(), y * 0.4 + z * 0.2)) < 0.36
    coarse = rng.choice([0.8, 1.0])
    if look.pattern == "striped" and rng.random() < 0.5:
        u, v = v, u
    return PATTERNS[look.pattern](u * coarse if coarse == 1.0 else u, v * coarse)


def _patches(x: Floats, y: Floats, z: Floats, shift: float) -> Floats:
    return noise(x * 0.7 + shift + 0.2 * y, z * 0.7 + shift * 3)


def pattern_colour(look: Look) -> Floats:
    """Return the colour of a look's pattern: its second colour; of an animal's fur a natural one."""
    main = linear(colours()[look.colour])
    if look.shape not in ANIMALS:
        return linear(colours()[look.second])
    if look.pattern == "striped":
        return main * 0.35 if look.colour != "black" else main + 0.09
    return linear((150, 112, 84)) if look.colour == "white" else linear((240, 236, 228))


# ── small features ───────────────────────────────────────────────────────────────────────────────────────────────


BADGES = {"ball": (0.7, 0.82), "bird house": (0.1, 0.2), "chair": (0.78, 0.9), "boat": (0.4, 0.6)}
"""Between which heights of the body a badge is put, as shares, where the middle is taken by something else."""


def badge(look: Look, samples: Samples, base: Floats) -> None:
    """Draw the mark's sticker, scratches or stitches on the front of the samples, in place."""
    rng = Random(f"badge/{look.mark}")
    left, right, low, high = solid_of(look).body
    x, y, z = samples.place
    kind = rng.choice(["star", "heart", "ring", "flower", "scratches", "none"])
    size = rng.uniform(0.07, 0.1) * min(1.0, 1.5 * min(right - left, high - low))
    lowest, highest = BADGES.get(look.shape, (0.35, 0.72))
    a = (x - left - (right - left) * rng.uniform(0.33, 0.67)) / size
    b = (z - low - (high - low) * rng.uniform(lowest, highest)) / size
    front = y < 0.02
    if kind == "scratches":
        slope, gap = rng.uniform(-1.5, 1.5), rng.uniform(0.5, 0.9)
        for line in range(rng.randint(1, 3)):
            hit = front & (np.abs(a - slope * b - line * gap) < 0.09) & (np.abs(b) < 1.1)
            base[hit] = base[hit] * 0.45 + 0.4
        return
    if kind == "none" or look.material == "wicker":
        return
    paper = linear((250, 244, 228)) if look.colour not in ("white", "yellow") else linear((64, 60, 70))
    round_ = front & (a * a + b * b < 1.0)
    base[round_] = paper
    base[round_ & _symbol(kind, a, b)] = (
        linear(colours()[look.second]) if look.second not in ("white", "black") else linear((210, 60, 70))
    )


def _symbol(kind: str, a: Floats, b: Floats) -> Bools:
    if kind == "star":
        return star(a * 1.3, b * 1.3)
    if kind == "heart":
        lifted = b * 1.5 + 0.2 - 0.9 * np.abs(a)
        return a * a * 2.2 + lifted * lifted < 0.6
    if kind == "ring":
        far = a * a + b * b
        return (far < 0.55) & (far > 0.2)
    angle = np.arctan2(a, b)
    return np.asarray(a * a + b * b < (0.5 + 0.28 * np.cos(5 * angle)) ** 2)


# ── materials ────────────────────────────────────────────────────────────────────────────────────────────────────


def grain(material: str, samples: Samples) -> Floats | float:
    """Return the factor by which a material's texture lightens and darkens its colour."""
    u, v = samples.cell
    x, y, z = samples.place
    if material == "wood":
        bent = noise(x * 0.22 + y * 0.3, z * 0.3 + y * 0.5)
        lines = np.sin(70 * (z + 0.6 * y) + 26 * bent)
        return 1.03 + 0.13 * lines + 0.35 * noise(x * 0.35, z * 3 + y * 2)
    if material == "cloth":
        return 1 + 0.09 * np.sin(u * 75) * np.sin(v * 75) + 0.16 * noise(u * 0.31, v * 0.31)
    if material == "leather":
        return 1 + 0.42 * noise(u * 0.4 + v * 0.07, v * 0.4)
    if material == "wicker":
        weft = np.sin(u * 19 + np.pi * np.floor(v * 3))
        return np.asarray(0.96 + 0.26 * weft * np.abs(np.sin(v * 3 * np.pi)), np.float32)
    if material == "fur":
        return 1 + 0.75 * noise(x * 1.7 + y * 0.8, z * 0.5 + y * 0.3)
    if material in ("paper", "rubber"):
        return 1 + 0.1 * noise(u * 0.3, v * 0.3)
    return 1.0


def surface(look: Look, part: Part, samples: Samples) -> Floats:
    """Return the colours of the samples, all of one part, before any light falls on them: ``(n, 3)``."""
    roles = {"main": look.colour, "second": look.second}
    own = part.rgb if part.role == "fixed" else colours()[roles[part.role]]
    base = np.repeat(linear(own)[None, :], len(samples.x), axis=0)
    if part.patterned and look.pattern != "plain":
        base[pattern(look, samples)] = pattern_colour(look)
    if part.patterned and look.shape not in (*ANIMALS, "clock", "hat", "kite"):
        badge(look, samples, base)
    return base * np.asarray(grain(part.material or look.material, samples), np.float32)[..., None]


def lit(base: Floats, material: str, samples: Samples, light: Light) -> tuple[Floats, Floats | float]:
    """Return (linear RGB ``(n, 3)``, how much it covers what is behind, 0 to 1) of the samples in a light."""
    finish = FINISHES[material]
    if material == "light":
        return base * 1.05, 1.0
    x, y, z = samples.normal
    lx, ly, lz = light.direction
    shine = np.maximum(0, (x * lx + y * ly + z * lz) * 0.86 + 0.14)  # a little of it reaches round the edge
    up = 0.5 + 0.5 * y
    near = np.clip(0.74 + 2.2 * samples.place[2], 0, 1) * 0.5 + 0.5  # less light close to the ground
    rim = (1 - np.clip(z, 0, 1)) ** 3
    around = _mirrored(x, y, z) if finish.mirror or finish.rim > 0.3 else up
    spot = np.clip((x * lx + y * ly + z * (lz + 1)) / hypot(lx, ly, lz + 1), 0, 1)
    for _ in range(finish.sharp):
        spot = spot * spot
    rgb = np.empty_like(base)
    for k in range(3):
        fill = light.ground[k] + (light.sky[k] - light.ground[k]) * up
        matt = (fill + light.sun[k] * 0.82 * shine) * near
        if finish.mirror:
            matt = matt * (1 - finish.mirror) + finish.mirror * (0.42 + 1.2 * around)
        shiny = finish.gloss * light.sun[k] * spot + finish.rim * light.sky[k] * rim * around
        rgb[:, k] = np.minimum(base[:, k] * matt + shiny, 1.2)
    return rgb, 1.0 if finish.cover == 1 else np.clip(finish.cover + (1 - finish.cover) * (rim + spot), 0, 1)


def _mirrored(x: Floats, y: Floats, z: Floats) -> Floats:
    # What a polished surface shows of the surroundings: a light above, a dark line at the horizon, a window.
    across, up = 2 * z * x, 2 * z * y
    sky = np.clip(0.55 + 0.75 * up, 0.12, 1.1)
    horizon = np.exp(-((up + 0.12) ** 2) * 40) * 0.45
    window = ((np.abs(across + 0.62) < 0.17) & (np.abs(up - 0.42) < 0.25)).astype(np.float32) * 0.8
    return np.asarray(np.maximum(sky - horizon, 0.05) + window, np.float32)
