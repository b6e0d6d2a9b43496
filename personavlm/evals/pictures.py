"""Recognition of things in real photographs: given one photo of my mug, is this other photo my mug, or none I know.

    a folder per thing ──cut out as the assistant does──> vectors ─┬─ leave one out: hit@1, hit@5
                                                                   └─ half of the things enrolled from one photo each

hit@k: the share of photographs with another one of the same thing among the k nearest of all others. Open set: half of
the things are enrolled, each from one photo; their other photos must be named (a rejected one counts wrong), photos of
the other half rejected. The threshold is the encoder's own constant: it has not seen the unknown things. Percents.

    >>> result = evaluate(Path("dreambooth"))
    >>> result.hit[1] - result.baseline[1] > 12
    True

Source: DreamBooth's photographs (Ruiz et al., 2023). Baseline in the same run: 8x8x8 RGB histogram of the middle half.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from personavlm.detect import AROUND, Detector, cut, detect, enrol, recognise
from personavlm.encoders import PictureEncoder, Vectors
from personavlm.encoders.picture import load_picture_encoder
from personavlm.errors import BadInput, BadPicture
from personavlm.foreground import Floats
from personavlm.pictures import image, open_picture

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
SPLITS = 20
"""Random choices of the enrolled half and of their photos."""
DEPTHS = (1, 5)


@dataclass(frozen=True, slots=True)
class Photo:
    """One photograph as the assistant sees it: to remember the thing by, and to ask about it."""

    thing: str
    enrolled: Vectors
    """One row: the cut-out that would be remembered."""
    asked: Vectors
    """One row per thing found in it."""
    histogram: Vectors
    """One row: the baseline's."""


@dataclass(frozen=True, slots=True)
class Share:
    """A percentage: the mean over splits, and what 90 % of the splits lie between."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PicturesResult:
    """What ``eval pictures`` prints; percents."""

    photos: int
    things: int
    hit: dict[int, float]
    baseline: dict[int, float]
    known_accuracy: Share
    unknown_rejected: Share
    threshold: float
    encoder: str
    splits: int
    skipped: tuple[tuple[str, str], ...]
    """Photos that could not be read, and why."""

    def plain(self) -> dict[str, object]:
        """Return the figures under the names of the CLI contract."""
        return {
            "n": self.photos,
            "things": self.things,
            **{f"hit@{k}": round(v, 2) for k, v in self.hit.items()},
            "known_accuracy": round(self.known_accuracy.mean, 2),
            "unknown_rejected": round(self.unknown_rejected.mean, 2),
            "intervals": {
                "known_accuracy": [round(self.known_accuracy.low, 2), round(self.known_accuracy.high, 2)],
                "unknown_rejected": [round(self.unknown_rejected.low, 2), round(self.unknown_rejected.high, 2)],
            },
            "baseline": {f"hit@{k}": round(v, 2) for k, v in self.baseline.items()},
            "threshold": self.threshold,
            "encoder": self.encoder,
            "splits": self.splits,
            "skipped": [{"where": where, "why": why} for where, why in self.skipped],
        }


def evaluate(
    folder: Path, encoder: PictureEncoder | None = None, detector: Detector | None = None, splits: int = SPLITS
) -> PicturesResult:
    """Return how well the things in a folder of folders of photographs are recognised.

    Raises ``BadInput`` if there are fewer than four things with two photographs each.
    """
    encoder = encoder or load_picture_encoder()
    photos, skipped = read(folder, encoder, detector)
    things = sorted({photo.thing for photo in photos})
    known, unknown = zip(*(open_set(photos, encoder.same_from, Random(seed)) for seed in range(splits)), strict=True)
    return PicturesResult(
        photos=len(photos),
        things=len(things),
        hit=hits(nearness(photos), photos),
        baseline=hits(_histogram_nearness(photos), photos),
        known_accuracy=_share(known),
        unknown_rejected=_share(unknown),
        threshold=encoder.same_from,
        encoder=encoder.name,
        splits=splits,
        skipped=tuple(skipped),
    )


def read(
    folder: Path, encoder: PictureEncoder, detector: Detector | None = None
) -> tuple[tuple[Photo, ...], tuple[tuple[str, str], ...]]:
    """Return the photographs of every thing with at least two, and those that could not be read."""
    found: dict[str, list[Photo]] = {}
    skipped = []
    for path in sorted(folder.glob("*/*")):
        if path.suffix.lower() not in SUFFIXES:
            continue
        try:
            picture = image(open_picture(path).data)
            found.setdefault(path.parent.name, []).append(_photo(path.parent.name, picture, encoder, detector))
        except BadPicture as error:
            skipped.append((f"{path.parent.name}/{path.name}", error.message))
    photos = tuple(photo for group in found.values() if len(group) > 1 for photo in group)
    if len({photo.thing for photo in photos}) < 4:
        raise BadInput(
            f"The folder {folder.name!r} does not hold four things with two photographs each.",
            "give a folder with one folder of photographs per thing, as DreamBooth's data set has.",
        )
    return photos, tuple(skipped)


def _photo(thing: str, picture: Image.Image, encoder: PictureEncoder, detector: Detector | None) -> Photo:
    remembered = cut(picture, enrol(picture, detector=detector), AROUND)
    asked = [cut(picture, box, AROUND) for box in detect(picture, detector=detector)]
    return Photo(thing, encoder.encode([remembered]), encoder.encode(asked), middle_histogram(picture))


def middle_histogram(picture: Image.Image) -> Vectors:
    """Return the baseline: one row, the 8x8x8 RGB histogram of the middle half of each side, summing to 1."""
    left, top = picture.width // 4, picture.height // 4
    return histogram(picture.crop((left, top, picture.width - left, picture.height - top)))


def histogram(picture: Image.Image) -> Vectors:
    """Return the 8x8x8 RGB histogram of a picture as one row that sums to 1."""
    index = (np.asarray(picture.convert("RGB")) // 32).reshape(-1, 3).astype(np.int64) @ np.array([64, 8, 1])
    return (np.bincount(index, minlength=512) / len(index)).astype(np.float32)[None, :]


def nearness(photos: Sequence[Photo]) -> Floats:
    """Return how near each photo (rows, as asked about) is to each other (columns, as remembered), in cosine."""
    remembered = np.concatenate([photo.enrolled for photo in photos])
    return np.stack([(photo.asked @ remembered.T).max(axis=0) for photo in photos])


def _histogram_nearness(photos: Sequence[Photo]) -> Floats:
    # Cosine of square roots, the strongest of the usual comparisons on these photographs (overlap 4 points below it).
    roots = np.sqrt(np.concatenate([photo.histogram for photo in photos]))
    return np.asarray(roots @ roots.T, np.float32)


def hits(near: Floats, photos: Sequence[Photo]) -> dict[int, float]:
    """Return hit@k in percent: the share of photos with one of the same thing among the k nearest others."""
    things = np.array([photo.thing for photo in photos])
    order: NDArray[np.int64] = np.argsort(
        -np.where(np.eye(len(photos), dtype=bool), -np.inf, near), axis=1, kind="stable"
    )
    same = things[order] == things[:, None]
    return {k: 100 * float(same[:, :k].any(axis=1).mean()) for k in DEPTHS}


def open_set(photos: Sequence[Photo], threshold: float, random: Random) -> tuple[float, float]:
    """Return (known accuracy, unknown rejected) in percent for one random half of the things, one photo each."""
    things = sorted({photo.thing for photo in photos})
    chosen = {
        thing: random.choice([photo for photo in photos if photo.thing == thing])
        for thing in random.sample(things, len(things) // 2)
    }
    memory = {thing: photo.enrolled for thing, photo in chosen.items()}
    known: list[bool] = []
    unknown: list[bool] = []
    for photo in photos:
        if photo is chosen.get(photo.thing):
            continue
        name = recognise(photo.asked, memory, threshold).name
        (known if photo.thing in chosen else unknown).append(name == (photo.thing if photo.thing in chosen else None))
    return 100 * fmean(known), 100 * fmean(unknown)


def _share(values: Sequence[float]) -> Share:
    low, high = (float(q) for q in np.quantile(values, [0.05, 0.95]))
    return Share(fmean(values), low, high)
