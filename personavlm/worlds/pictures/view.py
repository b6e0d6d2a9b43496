"""How a placed thing meets the eye: projected, hidden surfaces removed, one sample for every quarter of a pixel.

    points ──turned, tilted, nearer is larger──> screen ──polygons of numbers (Pillow), part by part──> depth test
           ──> Samples: of every visible quarter pixel its surface, normal, place on the thing and pattern cell

Sizes are in samples unless said otherwise: ``FINE`` samples make one pixel of each side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from math import cos, floor, pi, sin

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from personavlm.worlds.pictures.shapes import Solid, solid_of
from personavlm.worlds.pictures.solid import Floats
from personavlm.worlds.values import Box, Placed

FINE = 2
TILT = 15 * pi / 180
"""How far the camera looks down."""
DISTANCE = 5.0
"""Of the camera, in heights of the thing: the far side is a little smaller."""
GAP = 0.14
"""Between things that stand side by side, as a share of their width."""

Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Projected:
    """One thing on the screen."""

    placed: Placed
    solid: Solid
    at: Floats
    """``(n, 3)``: x, y in samples, depth in heights (further is more)."""
    normals: Floats
    """``(n, 3)`` as the camera has them: right, up, towards it."""
    front: NDArray[np.bool_]
    """Which triangles face the camera."""
    wide: int
    """Of the frame."""

    extent: tuple[float, float, float, float]
    """Left, top, right, bottom of what is drawn, in samples."""

    def box(self, width: int, height: int) -> Box:
        """Return the box of what is drawn, in pixels of a frame of that size; it is empty if all is outside."""
        left, top, right, bottom = (floor(edge / FINE) for edge in self.extent)
        x0, y0 = min(max(0, left), width), min(max(0, top), height)
        return (x0, y0, max(x0, min(width, right + 1)), max(y0, min(height, bottom + 1)))

    def shifted(self, samples: float) -> Projected:
        """Return it so many samples further right."""
        left, top, right, bottom = self.extent
        at = self.at + np.array([samples, 0, 0], np.float32)
        placed = replace(self.placed, x=self.placed.x + samples / self.wide)
        return replace(self, placed=placed, at=at, extent=(left + samples, top, right + samples, bottom))


@dataclass(frozen=True, slots=True)
class Samples:
    """What is seen of one part of a thing; arrays over its visible samples."""

    part: int
    x: Ints
    y: Ints
    normal: tuple[Floats, Floats, Floats]
    place: tuple[Floats, Floats, Floats]
    """On the thing, in heights."""
    cell: tuple[Floats, Floats]


def project(placed: Placed, width: int, height: int) -> Projected:
    """Return one thing as the camera sees it in a frame of that many pixels."""
    thing = solid_of(placed.look)
    c, s = cos(placed.turn * pi / 180), sin(placed.turn * pi / 180)
    spun = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]], np.float32)
    up, down = cos(TILT), sin(TILT)
    camera = np.array([[1, 0, 0], [0, down, up], [0, -up, down]], np.float32) @ spun
    seen = thing.points @ camera.T
    grow = placed.size * height * FINE * DISTANCE / (DISTANCE - seen[:, 2])
    at = np.stack(
        [placed.x * width * FINE + seen[:, 0] * grow, placed.y * height * FINE - seen[:, 1] * grow, -seen[:, 2]], -1
    )
    corners = at[thing.faces][..., :2]
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    front = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0] < -0.05
    drawn = corners[front].reshape(-1, 2)
    extent = (*drawn.min(axis=0).tolist(), *drawn.max(axis=0).tolist())
    at = np.asarray(at, np.float32)
    return Projected(placed, thing, at, thing.normals @ camera.T, front, width * FINE, extent)


@lru_cache(maxsize=16)
def each(placed: Placed, width: int, height: int) -> tuple[Projected, ...]:
    """Return every one of a placed row, left to right, each turned a little differently and none touching the next."""
    if placed.count == 1:
        return (project(placed, width, height),)
    turns = [placed.turn + (number * 37 % 19 - 9) for number in range(placed.count)]
    loose = [project(replace(placed, turn=turn, count=1), width, height) for turn in turns]
    spans = [one.extent[2] - one.extent[0] for one in loose]
    gap = GAP * max(spans)
    edge = placed.x * width * FINE - (sum(spans) + gap * (placed.count - 1)) / 2
    row = []
    for one, span in zip(loose, spans, strict=True):
        row.append(one.shifted(edge - one.extent[0]))
        edge += span + gap
    return tuple(row)


def box_of(placed: Placed, width: int, height: int) -> Box:
    """Return the tight box in pixels round a placed thing or row, as drawn."""
    boxes = [one.box(width, height) for one in each(placed, width, height)]
    return (min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes))


# ── what hides what ──────────────────────────────────────────────────────────────────────────────────────────────


def visible(thing: Projected, width: int, height: int) -> tuple[Samples, ...]:
    """Return what can be seen of a thing in a frame of that many pixels, part by part, other things left aside."""
    x, y, face = _faces(thing, width, height)
    part = np.searchsorted(np.asarray(thing.solid.first[1:]), face, side="right").astype(np.int16)
    order = np.argsort(part, kind="stable")
    ends = np.searchsorted(part[order], np.arange(len(thing.solid.parts) + 1))
    solid = thing.solid
    slopes = planes(thing.at[:, :2], solid.faces, np.concatenate([thing.normals, solid.points, solid.cells], axis=1))
    found = []
    for number, (first, last) in enumerate(pairwise(ends)):
        if first < last:
            chosen = order[first:last]
            found.append(_samples(number, x.take(chosen), y.take(chosen), face.take(chosen), slopes))
    return tuple(found)


def _samples(part: int, x: Ints, y: Ints, face: Ints, slopes: tuple[Floats, Floats, Floats]) -> Samples:
    at_x, at_y = x.astype(np.float32) + 0.5, y.astype(np.float32) + 0.5
    rows = [_at([part[k] for part in slopes], face, at_x, at_y) for k in range(8)]
    length = 1 / np.sqrt(rows[0] ** 2 + rows[1] ** 2 + rows[2] ** 2 + 1e-9)
    normal = (rows[0] * length, rows[1] * length, rows[2] * length)
    return Samples(part, x, y, normal, (rows[3], rows[4], rows[5]), (rows[6], rows[7]))


def _faces(thing: Projected, width: int, height: int) -> tuple[Ints, Ints, Ints]:
    # Of every visible sample its x, y and triangle: parts are drawn one by one, the nearest wins.
    left, top, right, bottom = (FINE * n for n in thing.box(width, height))
    wide = right - left
    nearest = np.full((bottom - top) * wide, np.inf, np.float32)
    face = np.full(nearest.shape, -1, np.int32)
    slopes = [row[0] for row in planes(thing.at[:, :2], thing.solid.faces, thing.at[:, 2:])]
    for first, last in pairwise(thing.solid.first):
        numbers = first + np.flatnonzero(thing.front[first:last])
        if not len(numbers):
            continue
        x0, y0, drawn = _numbered(thing, numbers.astype(np.int32), (left, top, right, bottom))
        flat = np.flatnonzero(drawn).astype(np.int32)
        if not len(flat):
            continue
        which = drawn.ravel().take(flat) - 1
        row, column = np.divmod(flat, np.int32(drawn.shape[1]))
        depth = _at(slopes, which, (column + x0).astype(np.float32) + 0.5, (row + y0).astype(np.float32) + 0.5)
        seat = (row + (y0 - top)) * wide + (column + (x0 - left))
        closer = np.flatnonzero(depth < nearest.take(seat))
        seat = seat.take(closer)
        nearest[seat], face[seat] = depth.take(closer), which.take(closer)
    seat = np.flatnonzero(face >= 0).astype(np.int32)
    row, column = np.divmod(seat, np.int32(max(1, wide)))
    return column + np.int32(left), row + np.int32(top), face.take(seat)


def _at(slopes: Sequence[Floats], face: Ints, x: Floats, y: Floats) -> Floats:
    # A value at points of triangles; ``take`` is twice as fast as an index.
    start, right, down = slopes
    value: Floats = start.take(face) + right.take(face) * x + down.take(face) * y
    return value


def _numbered(thing: Projected, numbers: Ints, frame: Box) -> tuple[int, int, Ints]:
    # The triangles of one part, far ones first, each filled with its number + 1, on a canvas of their own.
    corners = thing.solid.faces[numbers]
    order = np.argsort(-thing.at[corners, 2].mean(axis=1), kind="stable")
    xy = np.floor(thing.at[corners[order]][..., :2]).astype(np.int32)
    left, top = (max(int(a), b) for a, b in zip(xy.min(axis=(0, 1)), frame[:2], strict=True))
    right, bottom = (min(int(a) + 1, b) for a, b in zip(xy.max(axis=(0, 1)), frame[2:], strict=True))
    if right <= left or bottom <= top:
        return left, top, np.zeros((0, 0), np.int32)
    canvas = Image.new("I", (right - left, bottom - top))
    fill(canvas, (xy - (left, top)).reshape(-1, 6).tolist(), (numbers[order] + 1).tolist())
    return left, top, np.asarray(canvas, np.int32)


def fill(canvas: Image.Image, polygons: Sequence[Sequence[float]], values: Sequence[int]) -> None:
    """Fill polygons (x, y, x, y, …) of a one-channel canvas with their values, in order."""
    paint = ImageDraw.Draw(canvas).draw.draw_polygon  # what ImageDraw.polygon calls after half its time went on colours
    for polygon, value in zip(polygons, values, strict=True):
        paint(polygon, value, 1)


def planes(at: Floats, corners: Ints, values: Floats) -> tuple[Floats, Floats, Floats]:
    """Return (start, per x, per y), each ``(k, m)``: how k values of the points run over each of m triangles."""
    a, b, c = (at[corners[:, k]] for k in range(3))
    va, vb, vc = (values[corners[:, k]].T for k in range(3))
    one, two = b - a, c - a
    area = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
    thin = np.abs(area) < 1.5  # a sliver has no slope that can be trusted
    area = np.where(thin, np.inf, area)
    right = ((vb - va) * two[:, 1] - (vc - va) * one[:, 1]) / area
    down = ((vc - va) * one[:, 0] - (vb - va) * two[:, 0]) / area
    start = np.where(thin, (va + vb + vc) / 3, va - right * a[:, 0] - down * a[:, 1])
    return tuple(np.asarray(part, np.float32) for part in (start, right, down))  # type: ignore[return-value]
