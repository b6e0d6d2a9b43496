"""Encoders: text and pictures to unit vectors; the only place that loads them. ``text`` is MiniLM, ``picture`` is
CLIP when its weights are present and a hand-made encoder that needs no download otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

Vectors = NDArray[np.float32]
"""``(n, dim)`` float32, rows of length 1."""


class TextEncoder(Protocol):
    """Texts to unit vectors. ``name`` changes whenever vectors would not be comparable."""

    name: str
    dim: int

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return ``(len(texts), dim)`` unit vectors; cosine is the dot product."""
        ...


class PictureEncoder(Protocol):
    """Pictures to unit vectors. ``name`` changes whenever vectors would not be comparable."""

    name: str
    dim: int
    same_from: float
    """Cosine from which two pictures show the same thing."""
    surroundings: float
    """How much of the picture round a thing it wants to see, as a share of width and height."""

    def encode(self, pictures: Sequence[Image]) -> Vectors:
        """Return ``(len(pictures), dim)`` unit vectors; cosine is the dot product."""
        ...
