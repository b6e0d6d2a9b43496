"""The picture encoder: CLIP where its weights are present, else one made by hand that needs no download.

    picture ──foreground, 96 px──┬─ which colours the thing has              1 : histogram in Lab
                                 ├─ which colours lie beside which           1 : pairs of colours 4 px apart
                                 └─ which way its edges run, and where     0.5 : gradients on a 4 x 4 grid
                                    └─ each flattened by a power, length 1, weighted, joined, length 1 again

It answers "is this the same thing?" (my mug, my dog's toy), not "what is this?": two white dogs look much alike to it.
CLIP (or any model of transformers with image features) is loaded by hub id or folder and asked for the same.

    >>> encoder = load_picture_encoder()
    >>> duck, same_duck, boot = encoder.encode([duck_on_rubber, duck_on_road, white_boot])   # 512 px photographs
    >>> round(float(duck @ same_duck), 2), encoder.same_from, round(float(duck @ boot), 2)
    (0.81, 0.71, 0.26)

Sources: colour histograms compared after a power below one, Perronnin et al., ECCV 2010; colour correlograms, Huang et
al., CVPR 1997; histograms of gradients, Dalal and Triggs, CVPR 2005. Weights and powers: ``lab/tune_pictures.py``.
"""

from __future__ import annotations

import importlib
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from personavlm.checkpoints import attempt, label, transformers, whole
from personavlm.encoders import PictureEncoder, Vectors
from personavlm.foreground import Floats, centre, foreground, lab, thumbnail

HANDMADE = "handmade-1"
"""Name of the encoder that needs no download; the number changes whenever its vectors do."""
HANDMADE_SAME_FROM = 0.71
"""Cosine from which two pictures show the same thing: midway between equal shares of right answers on known and unknown
things (0.69) and the greatest sum of the two (0.72), by ``lab/tune_pictures.py``."""
CLIP_SAME_FROM = 0.5
"""The released code's bound for CLIP: squared distance below 1.0, that is a cosine above 0.5."""

WEIGHTS = (1.0, 1.0, 0.5)
"""Shares of colours, colour pairs and edges in the cosine."""
COLOURS = (6, 12, 12)
"""Histogram bins over lightness, green-red and blue-yellow."""
PAIR_COLOURS = (2, 5, 5)
"""Coarser bins for pairs of colours."""
PAIR_DISTANCE = 4
"""Pixels between the two colours of a pair."""
GRID, DIRECTIONS = 4, 8
REMEMBERED = 2_000
"""Vectors kept by content."""

_PAIR_BINS = int(np.prod(PAIR_COLOURS))
_UPPER = np.triu_indices(_PAIR_BINS)


class HandmadeEncoder:
    """A ``PictureEncoder`` of colours, colour pairs and edges of what stands out; deterministic, about 30 ms each."""

    name = HANDMADE
    dim = int(np.prod(COLOURS)) + len(_UPPER[0]) + GRID * GRID * DIRECTIONS
    same_from = HANDMADE_SAME_FROM
    surroundings = 0.15  # it tells a thing from what is round it

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()

    def encode(self, pictures: Sequence[Image.Image]) -> Vectors:
        """Return ``(len(pictures), dim)`` unit vectors; cosine is the dot product."""
        rows = [self._one(thumbnail(picture)) for picture in pictures]
        return np.stack(rows) if rows else np.zeros((0, self.dim), np.float32)

    def _one(self, small: Image.Image) -> NDArray[np.float32]:
        key = sha256(repr(small.size).encode() + small.tobytes()).digest()
        if key not in self._known:
            self._known[key] = describe(lab(small))
        self._known.move_to_end(key)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return self._known[key]


def describe(pixels: Floats) -> NDArray[np.float32]:
    """Return the hand-made unit vector of Lab pixels."""
    share = foreground(pixels)
    middle = centre(share.shape[0], share.shape[1], 0.3)
    weights = (share**3 + 0.1) * middle  # the tenth: a tight crop has no surroundings to stand out from
    colours = _spread_greys(pixels)
    parts = (
        _flatten(_colour_histogram(colours, weights), 0.4),
        _flatten(_colour_pairs(colours, weights), 0.3),
        _flatten(_edges(pixels[..., 0], share, _extent(share**2 * middle)), 0.5),
    )
    joined = np.concatenate([np.sqrt(weight) * part for weight, part in zip(WEIGHTS, parts, strict=True)])
    return np.asarray(joined / np.linalg.norm(joined), np.float32)


def _spread_greys(pixels: Floats) -> Floats:
    # Most things are nearly grey: the square root of the chroma gives weak colours more of the bins.
    chroma = np.hypot(pixels[..., 1], pixels[..., 2])[..., None] + 1e-6
    spread = np.concatenate([pixels[..., :1], pixels[..., 1:] * np.sqrt(80 / chroma)], axis=-1)
    return np.asarray(spread, np.float32)


def _flatten(counts: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    # A power below one keeps a large patch of one colour from drowning the small ones that tell things apart.
    flat = (np.maximum(counts, 0) / max(float(counts.sum()), 1e-9)).ravel() ** power
    return flat / max(float(np.linalg.norm(flat)), 1e-9)


def _scaled(colours: Floats, bins: tuple[int, int, int]) -> NDArray[np.float64]:
    unit = (colours - np.array([0, -80, -80])) / np.array([100, 160, 160])
    scaled: NDArray[np.float64] = np.clip(unit, 0, 0.999) * np.array(bins)
    return scaled


def _colour_histogram(colours: Floats, weights: Floats) -> NDArray[np.float64]:
    # Every pixel is shared between the eight bins around it.
    place = np.clip(_scaled(colours, COLOURS) - 0.5, 0, np.array(COLOURS) - 1.0001)
    low = place.astype(np.int64)
    part = place - low
    counts = np.zeros(int(np.prod(COLOURS)))
    for corner in np.ndindex(2, 2, 2):
        up = np.array(corner)
        amount = weights * np.prod(np.where(up, part, 1 - part), axis=-1)
        index = np.ravel_multi_index(tuple(np.moveaxis(low + up, -1, 0)), COLOURS)
        counts += np.bincount(index.ravel(), amount.ravel(), minlength=counts.size)
    return counts


def _colour_pairs(colours: Floats, weights: Floats) -> NDArray[np.float64]:
    index = np.ravel_multi_index(
        tuple(np.moveaxis(_scaled(colours, PAIR_COLOURS).astype(np.int64), -1, 0)), PAIR_COLOURS
    )
    counts = np.zeros(_PAIR_BINS**2)
    step = PAIR_DISTANCE
    for shift in ((0, step), (step, 0), (step, step), (-step, step)):
        other, both = np.roll(index, shift, (0, 1)), weights * np.roll(weights, shift, (0, 1))
        counts += np.bincount((index * _PAIR_BINS + other).ravel(), both.ravel(), minlength=counts.size)
    table = counts.reshape(_PAIR_BINS, _PAIR_BINS)
    return (table + table.T)[_UPPER]


def _extent(weights: Floats) -> tuple[int, int, int, int]:
    # Left, top, right, bottom around nine tenths of the weight, with a little air.
    spans = []
    for axis in (0, 1):
        run = np.cumsum(weights.sum(axis=axis)) / max(float(weights.sum()), 1e-9)
        low, high = (int(n) for n in np.searchsorted(run, [0.05, 0.95]))
        air = (high - low) // 10 + 1
        spans.append((max(0, low - air), min(len(run), high + air + 1)))
    (left, right), (top, bottom) = spans
    return left, top, right, bottom


def _edges(lightness: Floats, share: Floats, extent: tuple[int, int, int, int]) -> NDArray[np.float64]:
    size = 16 * GRID
    light, inside = (
        np.asarray(
            Image.fromarray(np.ascontiguousarray(plane)).resize((size, size), Image.Resampling.BILINEAR, box=extent)
        )
        for plane in (lightness, share)
    )
    down, right = np.gradient(light)
    strength = np.hypot(down, right) * inside
    direction = (np.arctan2(down, right) % np.pi) / np.pi * DIRECTIONS
    cells = np.zeros((GRID, GRID, DIRECTIONS))
    for number in range(DIRECTIONS):
        away = np.abs((direction - number + DIRECTIONS / 2) % DIRECTIONS - DIRECTIONS / 2)
        near = strength * np.maximum(0, 1 - away)
        cells[..., number] = near.reshape(GRID, 16, GRID, 16).sum(axis=(1, 3))
    return cells


# ── CLIP ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class ClipEncoder:
    """A ``PictureEncoder`` around CLIP's image features, as the paper uses (ViT-L/14: 768 numbers)."""

    same_from = CLIP_SAME_FROM
    surroundings = 0.0

    def __init__(self, name: str, model: Any, processor: Any) -> None:
        self.name = name
        self.dim = int(model.config.projection_dim)
        self._model = model
        self._processor = processor

    def encode(self, pictures: Sequence[Image.Image]) -> Vectors:
        """Return ``(len(pictures), dim)`` unit vectors; cosine is the dot product."""
        if not pictures:
            return np.zeros((0, self.dim), np.float32)
        import torch

        pixels = self._processor(images=[p.convert("RGB") for p in pictures], return_tensors="pt")["pixel_values"]
        with torch.inference_mode():
            found = self._model.get_image_features(pixel_values=pixels)
            features = getattr(found, "pooler_output", found)  # transformers 5 wraps them, 4 does not
            vectors: Vectors = torch.nn.functional.normalize(features.float(), dim=1).numpy()
        return vectors


def load_picture_encoder(where: str | Path | None = None) -> PictureEncoder:
    """Return CLIP from a folder or hub id, or without one the hand-made encoder.

    Raises ``ModelUnavailable`` for a folder or id without CLIP's weights, ``MissingPackage`` without torch.
    """
    if where is None:
        return HandmadeEncoder()
    library = transformers()

    def load() -> ClipEncoder:
        model = whole(library.CLIPModel, str(where))
        # The Pillow processor: the other one needs torchvision.
        pil = importlib.import_module("transformers.models.clip.image_processing_pil_clip").CLIPImageProcessorPil
        return ClipEncoder(f"clip:{label(where)}:{_fingerprint(model)}", model, pil.from_pretrained(str(where)))

    return attempt("picture encoder", where, load, "leave the setting empty for the hand-made encoder")


def _fingerprint(model: Any) -> str:
    # Two checkpoints of one name must not share vectors.
    return sha256(model.visual_projection.weight.detach().float().numpy().tobytes()).hexdigest()[:12]
