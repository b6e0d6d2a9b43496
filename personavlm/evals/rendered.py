"""Rendered things: are they found again in another view, does colour alone tell look-alikes, is the true box found.

    seed, or worlds ──> things, each in several views ──render──┬─ hit@k among all other views
                                                                ├─ another view of it, or one of 3 look-alikes: which?
                                                                └─ saliency box against the true one

A **view** shows one thing alone: another place, light, side and size each time. A **look-alike** has the same shape and
the same two colours; its pattern, material and small features are its own. Given one view of a thing, its other view is
to be chosen among it and three look-alikes, by the overlap of 8x8x8 RGB histograms inside the true boxes ("colour") and
by the picture encoder; chance is 25 %. Percents with 95 % intervals from drawing the things anew (bootstrap).

    >>> result = evaluate(drawn(seed=1, count=60))
    >>> result.plain()["hit@1"], result.plain()["look-alikes"]["colour"]["mean"]
    (90.56, 40.83)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from statistics import fmean

import numpy as np

from personavlm.detect import AROUND, cut, detect
from personavlm.encoders import PictureEncoder, Vectors
from personavlm.encoders.picture import load_picture_encoder
from personavlm.errors import BadInput
from personavlm.evals.pictures import histogram
from personavlm.pictures import image
from personavlm.scoring.spans import iou
from personavlm.worlds.pictures import close_up, look_alike, places, render, some_light, some_look
from personavlm.worlds.values import Half, Look, Scene, World

LOOK_ALIKES = 3
RESAMPLES = 1_000
DEPTHS = (1, 5)


@dataclass(frozen=True, slots=True)
class Viewed:
    """One thing, and the scenes that show it alone: two or more."""

    look: Look
    scenes: tuple[Scene, ...]


@dataclass(frozen=True, slots=True)
class View:
    """A picture of one thing as the assistant and the baseline see it."""

    asked: Vectors
    """The cut-out of what stands out most, as one row."""
    colours: Vectors
    """The histogram inside the true box, as one row of roots."""
    overlap: float
    """Intersection over union of the found and the true box."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over things and its 95 % interval; percents, or a share for overlaps."""

    mean: float
    low: float
    high: float

    def plain(self) -> dict[str, object]:
        """Return it rounded."""
        return {"mean": round(self.mean, 2), "interval": [round(self.low, 2), round(self.high, 2)]}


@dataclass(frozen=True, slots=True)
class RenderedResult:
    """What ``eval pictures --data world`` prints."""

    pictures: int
    things: int
    hit: dict[int, Figure]
    colour_hit: Figure
    alike_by_colour: Figure
    alike_by_encoder: Figure
    overlap: Figure
    half_found: Figure
    """Share of pictures whose found box overlaps the true one by half or more."""
    encoder: str

    def plain(self) -> dict[str, object]:
        """Return the figures under the names of the CLI contract."""
        return {
            "n": self.pictures,
            "things": self.things,
            **{f"hit@{k}": round(figure.mean, 2) for k, figure in self.hit.items()},
            "intervals": {f"hit@{k}": figure.plain()["interval"] for k, figure in self.hit.items()},
            "baseline": {"hit@1": self.colour_hit.plain()},
            "look-alikes": {
                "choices": LOOK_ALIKES + 1,
                "chance": round(100 / (LOOK_ALIKES + 1), 2),
                "colour": self.alike_by_colour.plain(),
                "encoder": self.alike_by_encoder.plain(),
            },
            "detect": {"overlap": self.overlap.plain(), "overlap >= 0.5": self.half_found.plain()},
            "encoder": self.encoder,
        }


def drawn(seed: int, count: int = 60, views: int = 3, half: Half = "test") -> tuple[Viewed, ...]:
    """Return so many things with different looks, each seen in so many views, from a seed."""
    things: dict[tuple[str, ...], Viewed] = {}
    rng = Random(f"{seed}/{half}/rendered")
    while len(things) < count:
        look = some_look(rng, half)
        attributes = (look.shape, look.colour, look.second, look.material, look.pattern)
        if attributes not in things:
            things[attributes] = Viewed(look, tuple(_another_view(look, rng) for _ in range(views)))
    return tuple(things.values())


def shown(worlds: Iterable[World]) -> tuple[Viewed, ...]:
    """Return the things of worlds that at least two pictures show alone, with those pictures' scenes."""
    found = []
    for world in worlds:
        for thing in world.person.things:
            scenes = tuple(
                shot.scene
                for shot in world.shots
                if shot.scene is not None and [placed.thing for placed in shot.scene.placed] == [thing.id]
            )
            if thing.look is not None and len(scenes) > 1:
                found.append(Viewed(thing.look, scenes))
    return tuple(found)


def evaluate(things: Sequence[Viewed], encoder: PictureEncoder | None = None, seed: int = 0) -> RenderedResult:
    """Return how well rendered things are found again; look-alikes and resamples come from the seed.

    Raises ``BadInput`` for fewer than four things.
    """
    if len(things) < 4:
        raise BadInput(
            f"Only {len(things)} things are shown alone in two pictures.", "give more worlds, or longer ones."
        )
    encoder = encoder or load_picture_encoder()
    views = [[_view(scene, encoder) for scene in thing.scenes] for thing in things]
    alike = [_look_alikes(thing.look, Random(f"{seed}/alike/{n}"), encoder) for n, thing in enumerate(things)]
    near = _nearest(np.concatenate([view.asked for row in views for view in row]), views)
    colour = _nearest(np.concatenate([view.colours for row in views for view in row]), views)
    chosen = [
        [_chosen(row, others, by) for row, others in zip(views, alike, strict=True)] for by in ("colours", "asked")
    ]
    overlaps = [[view.overlap for view in row] for row in views]
    return RenderedResult(
        pictures=sum(len(row) for row in views),
        things=len(things),
        hit={k: _figure([[100.0 * (rank < k) for rank in row] for row in near]) for k in DEPTHS},
        colour_hit=_figure([[100.0 * (rank < 1) for rank in row] for row in colour]),
        alike_by_colour=_figure(chosen[0]),
        alike_by_encoder=_figure(chosen[1]),
        overlap=_figure(overlaps),
        half_found=_figure([[100.0 * (one >= 0.5) for one in row] for row in overlaps]),
        encoder=encoder.name,
    )


def _another_view(look: Look, rng: Random) -> Scene:
    place = rng.choice(places())
    return close_up(look, place, some_light(place, rng), rng)


def _look_alikes(look: Look, rng: Random, encoder: PictureEncoder) -> list[View]:
    return [_view(_another_view(look_alike(look, rng), rng), encoder) for _ in range(LOOK_ALIKES)]


def _view(scene: Scene, encoder: PictureEncoder) -> View:
    rendered = render(scene)
    picture, true = image(rendered.data), rendered.seen[0].box
    found = detect(picture)[0]
    asked = encoder.encode([cut(picture, found, AROUND)])
    return View(asked, np.sqrt(histogram(picture.crop(true))), iou(found.corners, true))


def _nearest(rows: Vectors, views: Sequence[Sequence[View]]) -> list[list[int]]:
    # Of every view how many of other things are nearer than the nearest other view of its own thing.
    owner = np.repeat(np.arange(len(views)), [len(row) for row in views])
    near = np.round(rows @ rows.T, 6)
    np.fill_diagonal(near, -np.inf)
    same = owner[:, None] == owner[None, :]
    best = np.where(same, near, -np.inf).max(axis=1)
    ranks = ((near >= best[:, None]) & ~same).sum(axis=1)
    return [[int(rank) for rank in ranks[owner == number]] for number in range(len(views))]


def _chosen(views: Sequence[View], others: Sequence[View], by: str) -> list[float]:
    # For every view but the last: is the next view of the thing nearer to it than each look-alike?
    right = []
    for asked, again in pairwise(views):
        own, *wrong = (float(getattr(asked, by)[0] @ getattr(one, by)[0]) for one in (again, *others))
        right.append(100.0 * (own > max(wrong)))
    return right


def _figure(rows: Sequence[Sequence[float]]) -> Figure:
    rng = Random("bootstrap")
    mean = fmean(value for row in rows for value in row)
    again = [fmean(v for row in rng.choices(rows, k=len(rows)) for v in row) for _ in range(RESAMPLES)]
    low, high = (float(q) for q in np.quantile(again, [0.025, 0.975]))
    return Figure(mean, low, high)
