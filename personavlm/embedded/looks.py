"""How a thing looks in a picture: the names of its colours, for a model that has no eyes but what stands out.

    picture ──foreground, 96 px──> one thing ──each pixel to the nearest colour name──> "grey, orange and brown"

A colour counts by its share of the thing against its share of what is round it: shadow and ground lend every thing some
of theirs. Where several things stand out nobody can say which of them is spoken of, and nothing is told.

    >>> colours(photo)                                   # a grey box with an orange lid on a woodland path, 448 x 336
    ('grey', 'orange', 'brown')

Source: the eleven basic colour terms of English (Berlin & Kay, Basic Color Terms, 1969) and turquoise. Their places are
our own, of painted and woven things rather than of light.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from PIL import Image

from personavlm.detect import things_apart
from personavlm.foreground import FLAT, Floats, foreground, lab, stands_out, thumbnail

PLACES: Mapping[str, str] = {
    "black": "252528", "white": "f5f3ee", "grey": "808084", "red": "c82022", "orange": "f0821c", "yellow": "f2ce22",
    "green": "228b3a", "turquoise": "22b5b5", "blue": "2850c8", "purple": "7535a0", "pink": "f080b0", "brown": "85502c",
}  # fmt: skip
"""Where each colour name is best, as red, green and blue in hexadecimal."""
LIGHTNESS = 0.5
"""Weight of a difference in lightness beside one in colour: light falls on a thing from one side."""
SURE = 0.5
"""Share of "thing" from which a pixel counts, and its power below: edges have colours of both sides."""
POWER = 3
LEAST = 0.03
"""Share of the thing below which a colour is none of its own."""
AROUND = 0.1
"""Share of the surroundings that any colour is taken to have at least."""
MOST = 3
"""Colours that are named."""


def colours(picture: Image.Image) -> tuple[str, ...]:
    """Return up to three colour names of the one thing in a picture, the most telling first.

    Empty if nothing stands out, or several things do.
    """
    pixels = lab(thumbnail(picture))
    if stands_out(pixels).max() < FLAT:
        return ()
    share = foreground(pixels)
    return _named(pixels, share) if len(things_apart(share)) == 1 else ()


def _named(pixels: Floats, share: Floats) -> tuple[str, ...]:
    apart = (pixels[..., None, :] - _places()) * np.array([LIGHTNESS, 1, 1], np.float32)
    nearest = (apart**2).sum(axis=-1).argmin(axis=-1)
    thing = _shares(nearest, np.where(share > SURE, share, 0) ** POWER)
    rest = _shares(nearest, 1 - share)
    telling = np.where(thing > LEAST, thing / np.sqrt(rest + AROUND), 0)
    order = np.argsort(-telling, kind="stable")[:MOST]
    return tuple(tuple(PLACES)[place] for place in order if telling[place] > 0)


@cache
def _places() -> Floats:
    rows = [lab(Image.new("RGB", (1, 1), f"#{place}"))[0, 0] for place in PLACES.values()]
    return np.stack(rows)


def _shares(nearest: np.ndarray[tuple[int, ...], np.dtype[np.int64]], weights: Floats) -> Floats:
    counts = np.bincount(nearest.ravel(), weights.ravel().astype(np.float64), minlength=len(PLACES))
    shares: Floats = (counts / max(float(counts.sum()), 1e-9)).astype(np.float32)
    return shares
