"""Encoders: text and pictures to unit vectors; the only place that loads them. ``text`` is MiniLM, ``picture`` is
CLIP when its weights are present and a hand-made encoder that needs no download otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

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


@dataclass(frozen=True, slots=True)
class Pieces:
    """A text's word pieces as a text encoder sees them in their surroundings."""

    places: NDArray[np.int64]
    """``(n, 2)``: first character of each piece and the one behind its last."""
    states: NDArray[np.float32]
    """``(n, layers, dim)``: what each asked layer says of each piece; not of unit length."""


@runtime_checkable
class PieceEncoder(Protocol):
    """A text encoder that also shows what its layers say of each word piece."""

    name: str

    def pieces(self, before: str, text: str, layers: Sequence[int]) -> Pieces:
        """Return the pieces of ``text``, read behind ``before``; layer 0 is the embedding, 1 the first layer's."""
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
