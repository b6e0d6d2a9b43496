"""Foreground: where in a picture the thing is, found without any trained weights. numpy and Pillow only.

    picture ──96 px, Lab──> distance from the border ×  ──colour models of thing and surroundings,──> share of "thing"
                            distance from its colours      refined in turn (as GrabCut does)          per pixel, 0..1

Three old observations do the work: a thing that was photographed on purpose seldom touches the frame, lies near the
middle and has colours of its own. ``detect`` cuts things out with it, the picture encoder weighs pixels by it.

    >>> share = foreground(lab(thumbnail(photo)))        # photo: a yellow duck on a blue cloth, 512 x 512
    >>> share.shape, bool(share[48, 48] > 0.9), bool(share[2, 2] < 0.1)
    ((96, 96), True, True)

Sources: minimum barrier distance, Zhang et al., ICCV 2015 (raster scans; here whole rows at a time); colour models in
turn, Rother et al., "GrabCut", SIGGRAPH 2004 (here histograms, and a blur in place of the graph cut).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float32]
"""Pixels: ``(height, width)`` or ``(height, width, channels)``, float32."""

SIDE = 96
"""Longest side in pixels of what is looked at: enough for a thing's outline and colours, and fast."""
ROUNDS = 4
"""Rounds of fitting both colour models and asking each pixel again."""
COLOUR_BINS = (10, 16, 16)
"""Bins of the colour models over lightness, green-red and blue-yellow."""
FLAT = 8.0
"""Distance (Lab units, summed over channels) below which nothing in the picture stands out from its border."""

_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])


def thumbnail(picture: Image.Image, side: int = SIDE) -> Image.Image:
    """Return the picture in RGB with its longest side at ``side`` pixels and no side below 8."""
    scale = side / max(picture.size)
    size = (max(8, round(picture.width * scale)), max(8, round(picture.height * scale)))
    return picture.convert("RGB").resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR)


def lab(picture: Image.Image) -> Floats:
    """Return the picture's pixels in CIE L*a*b* (D65): lightness 0..100, the colour axes about -90..90."""
    rgb = np.asarray(picture.convert("RGB"), np.float64) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    ratio = linear @ _XYZ.T / _WHITE
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1).astype(np.float32)


def foreground(pixels: Floats) -> Floats:
    """Return each pixel's share of "thing" in 0..1 for Lab pixels; a flat picture gives the middle."""
    height, width = pixels.shape[:2]
    apart = stands_out(pixels)
    if apart.max() < FLAT:
        return centre(height, width, 0.3)
    contrast = _border_contrast(pixels)
    seen = (apart / apart.max() + contrast / max(float(contrast.max()), 1e-6)) * centre(height, width, 0.33)
    seen /= seen.max()
    first = _sigmoid((seen - 1.5 * seen.mean()) * 10)
    return _refine(pixels, first)


def stands_out(pixels: Floats) -> Floats:
    """Return each pixel's minimum barrier distance from the frame, summed over channels (Lab units).

    The barrier of a path is the range of values met along it; a thing is far from the frame on every path.
    """
    distance = np.full(pixels.shape, np.inf, np.float32)
    distance[0] = distance[-1] = 0
    distance[:, 0] = distance[:, -1] = 0
    highest, lowest = pixels.copy(), pixels.copy()
    planes = (distance, highest, lowest, pixels)
    for _ in range(2):
        for turned in (planes, tuple(p.swapaxes(0, 1) for p in planes)):
            _sweep(*turned)
            _sweep(*(plane[::-1] for plane in turned))
    total: Floats = distance.sum(axis=-1)
    return total


def _sweep(distance: Floats, highest: Floats, lowest: Floats, pixels: Floats) -> None:
    # One pass from the first row to the last, in place: does coming from the row before make the barrier lower?
    for row in range(1, len(pixels)):
        high = np.maximum(highest[row - 1], pixels[row])
        low = np.minimum(lowest[row - 1], pixels[row])
        nearer = high - low < distance[row]
        distance[row] = np.where(nearer, high - low, distance[row])
        highest[row] = np.where(nearer, high, highest[row])
        lowest[row] = np.where(nearer, low, lowest[row])


def _border_contrast(pixels: Floats) -> Floats:
    # Mahalanobis distance from each side's colours. The farthest side does not count: the thing may touch it.
    height, width = pixels.shape[:2]
    depth = max(2, min(height, width) // 10)
    flat = pixels.reshape(-1, 3).astype(np.float64)
    distances = []
    for side in (pixels[:depth], pixels[-depth:], pixels[:, :depth], pixels[:, -depth:]):
        colours = side.reshape(-1, 3).astype(np.float64)
        inverse = np.linalg.inv(np.cov(colours.T) + 25 * np.eye(3))
        away = flat - colours.mean(axis=0)
        far = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", away, inverse, away), 0))
        distances.append(far / max(float(far.max()), 1e-6))
    nearest = np.sort(np.stack(distances), axis=0)[:3].mean(axis=0)
    return np.asarray(nearest.reshape(height, width), np.float32)


def _refine(pixels: Floats, first: Floats) -> Floats:
    middle = centre(first.shape[0], first.shape[1], 0.3)
    colours = _bins(pixels)
    share = first
    for _ in range(ROUNDS):
        thing, rest = _colour_model(colours, share), _colour_model(colours, 1 - share)
        odds = np.log((thing + 1e-6) / (rest + 1e-6))[colours]
        prior = np.clip(blur(0.5 * first + 0.4 * middle, 2), 0.02, 0.98)
        evidence = np.clip(odds + np.log(prior / (1 - prior)), -4, 4)
        share = _sigmoid(1.5 * blur(evidence, 3))
    return share


def _bins(pixels: Floats) -> NDArray[np.int64]:
    scaled = (pixels - np.array([0, -90, -90])) / np.array([100, 180, 180]) * np.array(COLOUR_BINS)
    places = tuple(np.moveaxis(scaled.astype(np.int64), -1, 0))
    return np.asarray(np.ravel_multi_index(places, COLOUR_BINS, mode="clip"), np.int64)


def _colour_model(colours: NDArray[np.int64], weights: Floats) -> NDArray[np.float64]:
    counts = np.bincount(colours.ravel(), weights.ravel().astype(np.float64), minlength=int(np.prod(COLOUR_BINS)))
    smooth = smooth_bins(smooth_bins(np.asarray(counts.reshape(COLOUR_BINS), np.float64)))
    return (smooth / max(float(smooth.sum()), 1e-9)).ravel()


def smooth_bins(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a histogram whose neighbouring bins share a quarter of their counts with each other, along every axis."""
    for axis in range(counts.ndim):
        turned = np.moveaxis(counts, axis, 0)
        padded = np.concatenate([np.zeros_like(turned[:1]), turned, np.zeros_like(turned[:1])])
        counts = np.moveaxis(0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:], 0, axis)
    return counts


def centre(height: int, width: int, spread: float) -> Floats:
    """Return a bump of height 1 over the middle; ``spread`` is its standard deviation as a share of each side."""
    y = (np.arange(height) + 0.5) / height - 0.5
    x = (np.arange(width) + 0.5) / width - 0.5
    bump: Floats = np.exp(-(y[:, None] ** 2 + x[None, :] ** 2) / (2 * spread**2)).astype(np.float32)
    return bump


def blur(values: Floats, radius: int) -> Floats:
    """Return the mean over a square of ``2 * radius + 1`` pixels around each pixel; edges repeat."""
    for axis in (0, 1):
        length = values.shape[axis]
        padding = [(radius + 1, radius) if a == axis else (0, 0) for a in range(2)]
        total = np.cumsum(np.pad(values, padding, mode="edge"), axis=axis, dtype=np.float64)
        upper = np.take(total, range(2 * radius + 1, 2 * radius + 1 + length), axis)
        values = ((upper - np.take(total, range(length), axis)) / (2 * radius + 1)).astype(np.float32)
    return values


def _sigmoid(values: Floats) -> Floats:
    return (1 / (1 + np.exp(-values))).astype(np.float32)
