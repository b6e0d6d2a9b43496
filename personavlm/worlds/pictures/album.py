"""The pictures of a world as bytes: scenes are rendered, photographs read from ``data/pictures``."""

from __future__ import annotations

from pathlib import Path

from personavlm.worlds.pictures.render import render
from personavlm.worlds.values import Shot

PHOTOS = Path(__file__).resolve().parents[3] / "data" / "pictures"
"""Where the photographs lie in a checkout."""


def data_of(shot: Shot, photos: Path = PHOTOS) -> bytes:
    """Return a shot's picture as a file's bytes; the same shot gives the same bytes."""
    return render(shot.scene).data if shot.scene is not None else (photos / shot.photo).read_bytes()
