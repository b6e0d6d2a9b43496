"""Solids that things are put together from: curved grids of points, with normals and pattern cells.

    lathe · tube · block · ball · sheet  ──moved, turned, scaled──>  Part (one surface)  ──> a thing is a tuple of parts

A thing is about one unit high and stands on z = 0; x points right, y away from the viewer, z up. ``cells`` are the
coordinates that patterns count in: one cell holds one stripe, dot or star.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import cos, pi, sin
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Role = Literal["main", "second", "fixed"]
CELL = 0.2
"""Length of one pattern cell in units of the thing's height."""


@dataclass(frozen=True, slots=True)
class Part:
    """One surface: a grid of points bent into shape."""

    points: Floats
    """``(n, 3)``."""
    normals: Floats
    """``(n, 3)``, length 1, outwards."""
    cells: Floats
    """``(n, 2)``."""
    faces: NDArray[np.int32]
    """``(m, 3)``: triangles, counter-clockwise from outside."""
    role: Role = "main"
    rgb: tuple[int, int, int] = (0, 0, 0)
    """Its colour if the role is "fixed"."""
    material: str = ""
    """Empty: that of the look."""
    patterned: bool = False


def grid(points: Floats, cells: Floats) -> Part:
    """Return a part from ``(a, b, 3)`` points and ``(a, b, 2)`` cells; the outside is away from its middle."""
    rows, columns = points.shape[:2]
    index = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    flat = np.asarray(points.reshape(-1, 3), np.float32)
    normals = _normals(points)
    corners = (flat - flat.mean(axis=0))[faces]
    if float((corners[:, 0] * cross(corners[:, 1], corners[:, 2])).sum()) < 0:  # its volume: it is inside out
        faces, normals = faces[:, ::-1], -normals
    return Part(flat, normals, np.asarray(cells.reshape(-1, 2), np.float32), faces)


def _normals(points: Floats) -> Floats:
    # Each point takes the mean of the faces round it, large faces counting more; a grid that closes is one surface.
    across = cross(points[:-1, 1:] - points[1:, :-1], points[1:, 1:] - points[:-1, :-1])
    total = np.zeros_like(points)
    for rows in (slice(None, -1), slice(1, None)):
        for columns in (slice(None, -1), slice(1, None)):
            total[rows, columns] += across
    for first, last in ((np.s_[:, 0], np.s_[:, -1]), (np.s_[0], np.s_[-1])):
        if (abs(points[first] - points[last]) <= 1e-5 + 1e-5 * abs(points[last])).all():
            total[first] = total[last] = total[first] + total[last]
    for row in (0, -1):  # a pole is one point, whatever the number of columns
        if np.ptp(points[row], axis=0).max() < 1e-4:
            total[row] = total[row].sum(axis=0)
    return unit(total.reshape(-1, 3))


def cross(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return cross products, ``(..., 3)``; ``np.cross`` takes most of its time to find out what it was given."""
    x, y, z = a[..., 0], a[..., 1], a[..., 2]
    u, v, w = b[..., 0], b[..., 1], b[..., 2]
    return np.stack([y * w - z * v, z * u - x * w, x * v - y * u], -1)


def unit(vectors: NDArray[np.floating]) -> Floats:
    """Return vectors of length 1."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9), np.float32)


# ── kinds of surfaces ────────────────────────────────────────────────────────────────────────────────────────────


def lathe(profile: Sequence[tuple[float, ...]], around: int = 28) -> Part:
    """Return a surface of revolution round z from (radius, height) pairs, bottom to top along its outside."""
    wall = smooth(profile)
    angle = np.linspace(-pi, pi, around + 1)  # 0 is the front; the seam is at the back
    radius, height = wall[:, 0][:, None], wall[:, 1][:, None]
    points = np.stack([radius * np.sin(angle), -radius * np.cos(angle), height + 0 * angle], -1)
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(wall, axis=0), axis=1))])
    repeats = max(3, round(2 * pi * float(wall[:, 0].max()) / CELL))
    cells = np.stack(np.broadcast_arrays((angle / (2 * pi))[None, :] * repeats, (length / CELL)[:, None]), -1)
    return grid(np.asarray(points, np.float32), np.asarray(cells, np.float32))


def smooth(profile: Sequence[tuple[float, ...]], most: float = 0.12) -> NDArray[np.float64]:
    """Return a polyline with points added so that no step is longer than ``most``."""
    corners = np.asarray(profile, np.float64)
    out = [corners[:1]]
    for start, end in itertools.pairwise(corners):
        steps = max(1, int(np.ceil(np.linalg.norm(end - start) / most)))
        out.append(start + (end - start) * np.linspace(0, 1, steps + 1)[1:, None])
    return np.concatenate(out)


def curve(corners: Sequence[tuple[float, ...]], steps: int = 8) -> list[tuple[float, ...]]:
    """Return a soft curve through the corners (Catmull-Rom), ``steps`` points from each to the next."""
    p = np.asarray([corners[0], *corners, corners[-1]], np.float64)
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    out = []
    for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False):
        out.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return [tuple(row) for row in np.concatenate([*out, p[-1:]]).tolist()]


def tube(path: Sequence[tuple[float, ...]], radius: float | Sequence[float], around: int = 10, flat: float = 1) -> Part:
    """Return a round bar along a path, its ends closed; ``radius`` may differ from point to point, as corners give it.

    ``flat`` below 1 makes a band of it: thinner along y.
    """
    spine = np.asarray(path, np.float64)
    radii = np.interp(np.linspace(0, 1, len(spine)), np.linspace(0, 1, np.size(radius)), np.atleast_1d(radius))
    spine = np.concatenate([spine[:1], spine, spine[-1:]])
    radii = np.concatenate([[0], radii, [0]])
    along = np.gradient(spine[1:-1], axis=0)
    along = unit(np.concatenate([along[:1], along, along[-1:]]))
    helper = np.array([0, 1, 0]) if abs(along[:, 1]).mean() < 0.8 else np.array([1, 0, 0])
    side = unit(np.cross(along, helper))
    other = unit(np.cross(side, along)) * (flat if helper[1] else 1)
    angle = np.linspace(0, 2 * pi, around + 1)[None, :, None]
    points = spine[:, None] + radii[:, None, None] * (np.cos(angle) * side[:, None] - np.sin(angle) * other[:, None])
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(spine, axis=0), axis=1))])
    repeats = max(1, round(2 * pi * float(radii.max()) / CELL))
    cells = np.stack(np.broadcast_arrays((length / CELL)[:, None], angle[..., 0] / (2 * pi) * repeats), -1)
    return grid(np.asarray(points[:, ::-1], np.float32), np.asarray(cells, np.float32))


def ball(x: float, y: float, z: float, across: float, deep: float, high: float, around: int = 20) -> Part:
    """Return an ellipsoid with its half axes."""
    tilt = np.linspace(-pi / 2, pi / 2, around // 2 + 1)[:, None]
    angle = np.linspace(-pi, pi, around + 1)[None, :]
    sphere = np.stack(
        np.broadcast_arrays(np.cos(tilt) * np.sin(angle), -np.cos(tilt) * np.cos(angle), np.sin(tilt)), -1
    )
    repeats = max(3, round(2 * pi * max(across, deep) / CELL))
    cells = np.stack(np.broadcast_arrays(angle / (2 * pi) * repeats, tilt * high / CELL), -1)
    part = grid(np.asarray(sphere * (across, deep, high), np.float32), np.asarray(cells, np.float32))
    return moved(part, x, y, z)


def block(x: float, y: float, z: float, wide: float, deep: float, high: float, bevel: float = 0.02) -> Part:
    """Return a box with rounded edges; (x, y, z) is the middle of its lower side."""
    half, middle = np.array([wide, deep, high]) / 2, np.array([x, y, z])
    bevel = min(bevel, 0.99 * float(half.min()))
    sides = joined([_side(half, middle, bevel, axis, sign) for axis in range(3) for sign in (-1, 1)])
    return moved(sides, x, y, z + high / 2)


def _side(half: NDArray[np.float64], middle: NDArray[np.float64], bevel: float, axis: int, sign: int) -> Part:
    # One of the six sides with its half of the bevels: pulled to the inner box and blown up again by the bevel.
    u, v = [(1, 2), (0, 2), (0, 1)][axis]
    lines = [np.concatenate([[-half[a]], np.linspace(-1, 1, 3) * (half[a] - bevel), [half[a]]]) for a in (u, v)]
    points = np.zeros((5, 5, 3))
    points[..., u], points[..., v] = np.meshgrid(*lines, indexing="ij")
    points[..., axis] = sign * half[axis]
    inner = np.clip(points, -(half - bevel), half - bevel)
    outward = unit(points - inner)
    cells = (points[..., [u, v]] + middle[[u, v]] + half[[u, v]]) / CELL  # patterns run on from block to block
    part = grid(np.asarray(inner + bevel * outward, np.float32), np.asarray(cells, np.float32))
    corners = part.points[part.faces]
    wrong = cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, axis].sum() * sign < 0
    return replace(part, normals=outward.reshape(-1, 3), faces=part.faces[:, ::-1] if wrong else part.faces)


def slab(outline: Sequence[tuple[float, float]], deep: float, bevel: float = 0.02) -> Part:
    """Return a board cut to an outline in x and z (counter-clockwise seen from the front), its middle at y = 0."""
    edge = np.asarray([*outline, outline[0]], np.float64)
    middle = (edge[:-1].max(axis=0) + edge[:-1].min(axis=0)) / 2
    span = float(np.ptp(edge, axis=0).min())
    rings = [(-deep / 2, 0.0), (-deep / 2, 0.5), (-deep / 2, 1 - 2 * bevel / span), (-deep / 2 + bevel, 1.0)]
    rings += [(-y, s) for y, s in reversed(rings)]
    points = np.stack([_ring(edge, middle, y, s) for y, s in rings])
    cells = np.stack([points[..., 0] + points[..., 1], points[..., 2]], -1) / CELL  # they run on round the corner
    return grid(np.asarray(points, np.float32), np.asarray(cells, np.float32))


def _ring(edge: NDArray[np.float64], middle: NDArray[np.float64], y: float, scale: float) -> NDArray[np.float64]:
    ring = middle + (edge - middle) * scale
    return np.stack([ring[:, 0], np.full(len(ring), y), ring[:, 1]], -1)


def ring(x: float, y: float, z: float, radius: float, thick: float, around: int = 28) -> Part:
    """Return a torus that stands upright in x and z."""
    angle = np.linspace(0, 2 * pi, around + 1)[:, None]
    turn = np.linspace(0, 2 * pi, 9)[None, :]
    away = radius + thick * np.cos(turn)
    points = np.stack([away * np.cos(angle), thick * np.sin(turn) + 0 * angle, away * np.sin(angle)], -1)
    cells = np.stack(np.broadcast_arrays(angle * radius / CELL, turn * thick / CELL), -1)
    return moved(grid(np.asarray(points, np.float32), np.asarray(cells, np.float32)), x, y, z)


# ── moving them ──────────────────────────────────────────────────────────────────────────────────────────────────


def moved(part: Part, x: float = 0, y: float = 0, z: float = 0) -> Part:
    """Return the part shifted."""
    return replace(part, points=part.points + np.array([x, y, z], np.float32))


def turned(part: Part, axis: int, degrees: float) -> Part:
    """Return the part turned round x (0), y (1) or z (2) through the origin."""
    c, s = cos(degrees * pi / 180), sin(degrees * pi / 180)
    one, two = [(1, 2), (2, 0), (0, 1)][axis]
    matrix = np.eye(3, dtype=np.float32)
    matrix[one, one] = matrix[two, two] = c
    matrix[one, two], matrix[two, one] = -s, s
    return replace(part, points=part.points @ matrix.T, normals=part.normals @ matrix.T)


def scaled(part: Part, x: float = 1, y: float = 1, z: float = 1) -> Part:
    """Return the part stretched along the axes (factors above 0)."""
    factors = np.array([x, y, z], np.float32)
    return replace(part, points=part.points * factors, normals=unit(part.normals / factors))


def inside(part: Part) -> Part:
    """Return the part seen from within: the inner wall of a cup."""
    return replace(part, normals=-part.normals, faces=part.faces[:, ::-1])


def joined(parts: Sequence[Part]) -> Part:
    """Return several surfaces as one part; colour and material are those of the first."""
    offsets = np.cumsum([0, *(len(part.points) for part in parts)])
    return replace(
        parts[0],
        points=np.concatenate([part.points for part in parts]),
        normals=np.concatenate([part.normals for part in parts]),
        cells=np.concatenate([part.cells for part in parts]),
        faces=np.concatenate([part.faces + offset for part, offset in zip(parts, offsets, strict=False)]).astype(
            np.int32
        ),
    )


def second(part: Part, material: str = "") -> Part:
    """Return the part in the look's second colour."""
    return replace(part, role="second", material=material)


def fixed(part: Part, rgb: tuple[int, int, int], material: str = "") -> Part:
    """Return the part in a colour of its own."""
    return replace(part, role="fixed", rgb=rgb, material=material)


def patterned(part: Part) -> Part:
    """Return the part with the look's pattern on it."""
    return replace(part, patterned=True)
