"""From a scene to a picture, and to exactly what can be seen in it.

    scene ──places──> backdrop ──shadows──> + things, far ones first ──> linear pixels ──> JPEG
          └─ view ──> Seen: box of what is drawn, and the attributes it was drawn with

>>> picture = render(close_up(look, "kitchen", "morning", Random(1)))
>>> len(picture.data), picture.seen[0].category, picture.seen[0].box
(16480, 'kettle', (110, 92, 330, 300))
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from personavlm.worlds.pictures.canvas import HORIZON
from personavlm.worlds.pictures.looks import shapes
from personavlm.worlds.pictures.places import backdrop
from personavlm.worlds.pictures.solid import Floats, Role
from personavlm.worlds.pictures.surface import LIGHTS, Light, decoded, encoded, lit, surface
from personavlm.worlds.pictures.view import FINE, TILT, Projected, Samples, box_of, each, fill, project, visible
from personavlm.worlds.values import Placed, Scene, Seen

WIDTH, HEIGHT = 448, 336
QUALITY = 85
SHADOW = 0.5
"""How much of the light a shadow takes where it is darkest."""
ORDER = {1: ("",), 2: ("left", "right"), 3: ("left", "middle", "right")}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A picture as a JPEG file, and what can be seen in it."""

    data: bytes
    seen: tuple[Seen, ...]


def render(scene: Scene, width: int = WIDTH, height: int = HEIGHT) -> Rendered:
    """Return the picture of a scene, and what can be seen in it. Raises ``KeyError`` for what cannot be drawn."""
    return Rendered(jpeg(scene, width, height), seen(scene, width, height))


def jpeg(scene: Scene, width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """Return the picture of a scene as a file, the same bytes each time."""
    out = io.BytesIO()
    Image.fromarray(paint(scene, width, height)).save(out, "JPEG", quality=QUALITY, subsampling=0)
    return out.getvalue()


def seen(scene: Scene, width: int = WIDTH, height: int = HEIGHT) -> tuple[Seen, ...]:
    """Return what can be seen in a scene, left to right, without drawing it."""
    row = sorted(scene.placed, key=lambda placed: placed.x)
    positions = ORDER.get(len(row), ("",) * len(row))
    return tuple(_seen(placed, where, width, height) for placed, where in zip(row, positions, strict=True))


def _seen(placed: Placed, position: str, width: int, height: int) -> Seen:
    look = placed.look
    return Seen(
        category=shapes()[look.shape].category,
        thing=placed.thing,
        box=box_of(placed, width, height),
        colour=look.colour,
        second=look.second,
        material=look.material,
        pattern=look.pattern,
        count=placed.count,
        position=position,
    )


def paint(scene: Scene, width: int = WIDTH, height: int = HEIGHT, shadows: bool = True) -> NDArray[np.uint8]:
    """Return the pixels of a scene, ``(height, width, 3)`` sRGB."""
    floor = any(shapes()[placed.look.shape].stands == "floor" for placed in scene.placed)
    pixels = decoded(backdrop(scene.place, scene.light, scene.seed, floor, width, height))
    things = [one for placed in sorted(scene.placed, key=lambda p: (p.y, p.x)) for one in each(placed, width, height)]
    light = LIGHTS[scene.light]
    for thing in things if shadows else ():
        _shadow(pixels, thing, light)
    for thing in things:
        _draw(pixels, thing, light)
    return encoded(pixels)


def masks(placed: Placed, width: int = WIDTH, height: int = HEIGHT) -> Iterator[NDArray[np.bool_]]:
    """Yield of every one of a placed row which pixels it touches."""
    for thing in each(placed, width, height):
        mask = np.zeros((height, width), bool)
        for samples in visible(thing, width, height):
            mask[samples.y // FINE, samples.x // FINE] = True
        yield mask


def role_colours(placed: Placed, light: str, role: Role, width: int = WIDTH, height: int = HEIGHT) -> Floats:
    """Return the linear colours of every sample of a thing's main or second parts, as lit, ``(n, 3)``."""
    thing = project(replace(placed, count=1), width, height)
    parts = [s for s in visible(thing, width, height) if thing.solid.parts[s.part].role == role]
    return np.concatenate([_coloured(thing, samples, LIGHTS[light])[0] for samples in parts])


def _coloured(thing: Projected, samples: Samples, light: Light) -> tuple[Floats, Floats | float]:
    # The colours of one part's samples, and how much they cover what is behind.
    look, part = thing.placed.look, thing.solid.parts[samples.part]
    return lit(surface(look, part, samples), part.material or look.material, samples, light)


def _draw(pixels: Floats, thing: Projected, light: Light) -> None:
    # Every pixel takes the mean of its samples; where samples are missing, what is behind shows.
    height, width = pixels.shape[:2]
    left, top, right, bottom = thing.box(width, height)
    wide, high = right - left, bottom - top
    total = np.zeros((4, wide * high))
    for samples in visible(thing, width, height):
        rgb, cover = _coloured(thing, samples, light)
        at = (samples.y // FINE - top) * wide + samples.x // FINE - left
        opaque = np.full(len(at), cover) if isinstance(cover, float) else cover
        for k in range(3):
            total[k] += np.bincount(at, rgb[:, k] * opaque, minlength=wide * high)
        total[3] += np.bincount(at, opaque, minlength=wide * high)
    mean = np.asarray(total / FINE**2, np.float32).reshape(4, high, wide)
    region = pixels[top:bottom, left:right]
    region *= 1 - mean[3][..., None]
    region += np.moveaxis(mean[:3], 0, 2)


def _shadow(pixels: Floats, thing: Projected, light: Light) -> None:
    # The thing's points slide down the light onto the ground; what they cover there is darkened, softly.
    height, width = pixels.shape[:2]
    placed, points = thing.placed, thing.solid.points
    c, s = np.cos(np.radians(placed.turn)), np.sin(np.radians(placed.turn))
    right, up, near = light.direction
    x = points[:, 0] * c - points[:, 1] * s - points[:, 2] * min(1.0, max(-1.0, right / up))
    y = points[:, 0] * s + points[:, 1] * c + points[:, 2] * min(1.0, near / up)
    size = placed.size * height
    at = np.stack([placed.x * width + x * size, placed.y * height - y * np.sin(TILT) * size], -1)
    margin = 8
    left, top = np.floor(at.min(axis=0)).astype(int) - margin
    wide, high = np.ceil(at.max(axis=0)).astype(int) + margin - (left, top)
    canvas = Image.new("L", (int(wide), int(high)))
    corners = np.round(at - (left, top))[thing.solid.faces]
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    lit_side = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0] < 0  # the other half of a closed surface falls on the same
    fill(canvas, corners[lit_side].reshape(-1, 6).tolist(), [255] * int(lit_side.sum()))
    soft = np.asarray(canvas.filter(ImageFilter.GaussianBlur(2.6)), np.float32) / 255
    horizon = round(HORIZON * height)
    y0, y1, x0, x1 = max(top, horizon), min(height, top + int(high)), max(left, 0), min(width, left + int(wide))
    if y1 > y0 and x1 > x0:
        pixels[y0:y1, x0:x1] *= 1 - SHADOW * soft[y0 - top : y1 - top, x0 - left : x1 - left, None]
