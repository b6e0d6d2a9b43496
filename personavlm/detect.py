"""Things in pictures: where they are, and whether one of them is known by name.

    picture ─┬─ Grounding DINO, when its weights are present: boxes for a word ("dog"), with scores
             ├─ a box the user draws
             └─ neither: what stands out (saliency); nothing stands out: the whole picture
    box ──padding──> cut-out ──picture encoder──> vector ──recognise──> "Bobby", or nobody that is known

Several things per picture come back best first. Boxes are in pixels of the picture, right and bottom excluded.

    >>> [box] = detect(photo, "duck")                    # a toy duck on a road, 512 x 512 pixels; no detector given
    >>> box.source, box.corners
    ('saliency', (117, 149, 368, 374))
    >>> recognise(encoder.encode([cut(photo, box, AROUND)]), {"Ducky": enrolled}, threshold=0.71).name
    'Ducky'

Source: paper section 3.1 and the released code: a score above 0.1 and 15 % of the picture's width and height on every
side when a thing is remembered, above 0.2 and no padding when one is asked about.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from personavlm.checkpoints import attempt, label, transformers, whole
from personavlm.errors import BadInput
from personavlm.foreground import FLAT, Floats, foreground, lab, stands_out, thumbnail

ENROL_THRESHOLD = 0.1
"""Least detector score when a thing is remembered."""
QUERY_THRESHOLD = 0.2
"""Least detector score when a thing is asked about."""
AROUND = 0.15
"""Padding on every side as a share of the picture's full width or height, when a thing is remembered.

The hand-made encoder also wants it when a thing is asked about: it needs some surroundings to tell the thing from."""
ANYTHING = "object"
"""What to look for when no word is given."""
MOST_BOXES = 8
"""More things in one picture are cut off, weakest first."""
OVERLAP = 0.6
"""Boxes that share more than this (intersection over union) show one thing; the better one stays."""

Source = Literal["detector", "drawn", "saliency", "whole"]


@dataclass(frozen=True, slots=True)
class Box:
    """One thing in a picture: left, top, right, bottom in pixels (right and bottom excluded), and who found it."""

    left: int
    top: int
    right: int
    bottom: int
    source: Source
    score: float = 1.0
    """The detector's confidence or the share of what stands out, in [0, 1]."""

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """The box as ``memory.Crop`` keeps it."""
        return (self.left, self.top, self.right, self.bottom)

    @property
    def area(self) -> int:
        """Pixels inside."""
        return (self.right - self.left) * (self.bottom - self.top)


class Detector(Protocol):
    """Finds things by a word."""

    name: str

    def find(self, picture: Image.Image, word: str, threshold: float) -> tuple[Box, ...]:
        """Return boxes scored above ``threshold``, best first."""
        ...


def detect(
    picture: Image.Image, name: str | None = None, detector: Detector | None = None, threshold: float = QUERY_THRESHOLD
) -> tuple[Box, ...]:
    """Return the things in a picture, best first, at least one box: the whole picture if nothing was found.

    ``name`` is the kind of thing ("dog"), None for anything; only a detector understands it.
    """
    found = detector.find(picture, name or ANYTHING, threshold) if detector else salient(picture)
    return _distinct(found)[:MOST_BOXES] or (Box(0, 0, picture.width, picture.height, "whole"),)


def enrol(picture: Image.Image, name: str | None = None, detector: Detector | None = None, number: int = 0) -> Box:
    """Return the box of the ``number``-th thing of a kind (from 0) to remember; the last one if there are fewer."""
    boxes = detect(picture, name, detector, ENROL_THRESHOLD)
    return boxes[min(max(number, 0), len(boxes) - 1)]


def drawn(picture: Image.Image, left: float, top: float, right: float, bottom: float) -> Box:
    """Return the box a user drew, corners in any order, clipped to the picture.

    Raises ``BadInput`` for numbers that are not finite and for a box with nothing of the picture in it.
    """
    if not np.isfinite([left, top, right, bottom]).all():
        raise BadInput("A corner of the drawn box is not a number.", "draw the box again.")
    (x0, x1), (y0, y1) = sorted((left, right)), sorted((top, bottom))
    box = Box(
        max(0, int(np.floor(x0))),
        max(0, int(np.floor(y0))),
        min(picture.width, int(np.ceil(x1))),
        min(picture.height, int(np.ceil(y1))),
        "drawn",
    )
    if box.right - box.left < 1 or box.bottom - box.top < 1:
        raise BadInput(
            f"The drawn box {(left, top, right, bottom)} has nothing of the picture in it.",
            f"draw it inside the picture, which is {picture.width} x {picture.height} pixels.",
        )
    return box


def cut(picture: Image.Image, box: Box, padding: float = 0.0) -> Image.Image:
    """Return the box's cut-out, padded on every side by a share of the picture's full width and height, and clipped."""
    across, down = round(padding * picture.width), round(padding * picture.height)
    corners = (
        max(0, box.left - across),
        max(0, box.top - down),
        min(picture.width, box.right + across),
        min(picture.height, box.bottom + down),
    )
    return picture.crop(corners)


def _distinct(boxes: Sequence[Box]) -> tuple[Box, ...]:
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda b: -b.score):
        if all(_shared(box, other) <= OVERLAP for other in kept):
            kept.append(box)
    return tuple(kept)


def _shared(one: Box, two: Box) -> float:
    across = min(one.right, two.right) - max(one.left, two.left)
    down = min(one.bottom, two.bottom) - max(one.top, two.top)
    both = max(0, across) * max(0, down)
    return both / max(one.area + two.area - both, 1)


# ── what stands out ──────────────────────────────────────────────────────────────────────────────────────────────

SURE = 0.7
"""Share of "thing" above which a pixel counts as part of one."""
SMALLEST = 0.15
"""A part of less than this share of the largest part is not a thing of its own."""


def salient(picture: Image.Image) -> tuple[Box, ...]:
    """Return boxes around what stands out from the picture's border, largest first; empty if nothing does."""
    pixels = lab(thumbnail(picture))
    if stands_out(pixels).max() < FLAT:
        return ()
    parts = things_apart(foreground(pixels))
    total = sum(mass for mass, _ in parts)
    return tuple(_around(part, picture, mass / total) for mass, part in parts)


def things_apart(share: Floats) -> list[tuple[float, NDArray[np.bool_]]]:
    """Return the connected parts of what stands out, largest first: the mass of each and which pixels it has.

    ``share`` is each pixel's share of "thing" (``foreground``); parts that are small beside the largest are left out.
    """
    masses = [(float(share[part].sum()), part) for part in _parts(share > SURE)]
    most = max((mass for mass, _ in masses), default=0.0)
    return sorted((one for one in masses if one[0] >= SMALLEST * most), key=lambda one: -one[0])


def _parts(inside: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    # Connected parts: every pixel takes the highest number among its neighbours (gaps of one pixel count as touching)
    # until nothing changes.
    numbers = np.where(inside, np.arange(1, inside.size + 1).reshape(inside.shape), 0)
    while True:
        spread = _highest_nearby(_highest_nearby(numbers, 0), 1)
        spread = np.where(inside, spread, 0)
        if (spread == numbers).all():
            break
        numbers = spread
    return [numbers == number for number in np.unique(numbers[inside])]


def _highest_nearby(numbers: NDArray[np.int64], axis: int, reach: int = 2) -> NDArray[np.int64]:
    padded = np.pad(numbers, [(reach, reach) if a == axis else (0, 0) for a in range(2)])
    length = numbers.shape[axis]
    highest: NDArray[np.int64] = np.max(
        [np.take(padded, range(k, k + length), axis) for k in range(2 * reach + 1)], axis=0
    )
    return highest


def _around(part: NDArray[np.bool_], picture: Image.Image, share: float) -> Box:
    rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    across, down = picture.width / part.shape[1], picture.height / part.shape[0]
    return Box(
        int(columns[0] * across),
        int(rows[0] * down),
        min(picture.width, int(np.ceil((columns[-1] + 1) * across))),
        min(picture.height, int(np.ceil((rows[-1] + 1) * down))),
        "saliency",
        share,
    )


# ── recognition ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Recognition:
    """Which known thing a picture shows. ``name`` is None for "I don't know this one"."""

    name: str | None
    score: float
    """Cosine with the nearest enrolled picture; -1 if nothing is enrolled."""
    margin: float
    """How far the nearest thing is ahead of the second nearest, in cosine; the score itself if there is only one."""
    nearest: str | None
    """The nearest thing, also where it is not near enough."""


def recognise(query: Floats, enrolled: Mapping[str, Floats], threshold: float) -> Recognition:
    """Return which enrolled thing the query shows, or none of them: an open set.

    ``query`` holds one unit vector per cut-out of one picture, ``enrolled`` those of each named thing. The best pair
    counts; below ``threshold`` (a cosine, ``same_from`` of the encoder) the thing is not known.
    """
    rows = np.atleast_2d(query)
    scores = {name: float((rows @ np.atleast_2d(v).T).max()) for name, v in enrolled.items() if v.size and rows.size}
    if not scores:
        return Recognition(None, -1.0, 0.0, None)
    ranked = sorted(scores, key=lambda name: (-scores[name], name))
    best = scores[ranked[0]]
    margin = best - scores[ranked[1]] if len(ranked) > 1 else best
    return Recognition(ranked[0] if best >= threshold else None, best, margin, ranked[0])


# ── Grounding DINO ───────────────────────────────────────────────────────────────────────────────────────────────


class GroundingDino:
    """A ``Detector`` around a Grounding DINO model of transformers."""

    def __init__(self, name: str, model: Any, processor: Any) -> None:
        self.name = name
        self._model = model
        self._processor = processor

    def find(self, picture: Image.Image, word: str, threshold: float) -> tuple[Box, ...]:
        """Return boxes for a word scored above ``threshold``, best first."""
        import torch

        rgb = picture.convert("RGB")
        inputs = self._processor(images=rgb, text=_caption(word), return_tensors="pt")
        with torch.inference_mode():
            outputs = self._model(**inputs)
        [found] = self._processor.post_process_grounded_object_detection(
            outputs, inputs["input_ids"], threshold=threshold, text_threshold=threshold, target_sizes=[rgb.size[::-1]]
        )
        boxes = (
            _clipped(corners, score, rgb)
            for corners, score in zip(found["boxes"].tolist(), found["scores"].tolist(), strict=True)
        )
        return tuple(sorted((box for box in boxes if box.area > 0), key=lambda box: -box.score))


def _caption(word: str) -> str:
    # The model was trained on lower-case phrases that end in a full stop; a stop inside would make two phrases.
    return " ".join(word.lower().replace(".", " ").split()) + "."


def _clipped(corners: Sequence[float], score: float, picture: Image.Image) -> Box:
    x0, y0, x1, y1 = corners
    left, top = max(0, int(x0)), max(0, int(y0))
    right, bottom = min(picture.width, int(np.ceil(x1))), min(picture.height, int(np.ceil(y1)))
    return Box(left, top, max(left, right), max(top, bottom), "detector", float(score))


def load_detector(where: str | Path) -> GroundingDino:
    """Return Grounding DINO from a folder or hub id, on the CPU.

    Raises ``ModelUnavailable`` if it is not there or is no such model, ``MissingPackage`` without torch.
    """
    library = transformers()

    def load() -> GroundingDino:
        model = whole(library.AutoModelForZeroShotObjectDetection, str(where))
        # The processor is put together by hand: the automatic way asks for torchvision.
        pil = importlib.import_module("transformers.models.grounding_dino.image_processing_pil_grounding_dino")
        images = pil.GroundingDinoImageProcessorPil.from_pretrained(str(where))
        words = library.AutoTokenizer.from_pretrained(str(where))
        return GroundingDino(label(where), model, library.GroundingDinoProcessor(images, words))

    return attempt("detector", where, load, "do without: draw a box, or take what stands out")
