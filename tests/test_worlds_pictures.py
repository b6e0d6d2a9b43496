"""worlds.pictures: what is annotated is what is drawn, to the pixel; the same seed makes the same bytes."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from personavlm.errors import BadInput
from personavlm.foreground import lab
from personavlm.worlds.banks import bank
from personavlm.worlds.pictures import (
    apart,
    caption_of,
    close_up,
    data_of,
    group,
    half_of,
    look_alike,
    places,
    render,
    save_pictures,
    seen,
    several,
    shapes,
    shot,
    some_light,
    some_look,
)
from personavlm.worlds.pictures.album import PHOTOGRAPHS
from personavlm.worlds.pictures.compose import TURNED
from personavlm.worlds.pictures.looks import colours, every_look
from personavlm.worlds.pictures.places import PLACES
from personavlm.worlds.pictures.render import HEIGHT, WIDTH, masks, paint, role_colours
from personavlm.worlds.pictures.shapes import FORMS
from personavlm.worlds.pictures.surface import FINISHES, LIGHTS, encoded
from personavlm.worlds.pictures.view import box_of
from personavlm.worlds.values import Box, Look, Placed, Scene, Shot

SHAPES = st.sampled_from(sorted(FORMS))
SEEDS = st.integers(0, 10_000)
NAMES = tuple(colours())
NAMED = lab(Image.fromarray(np.array([[colours()[name] for name in NAMES]], np.uint8)))[0]


def scene_of(shape: str, seed: int, count: int = 1) -> Scene:
    rng = Random(seed)
    place = rng.choice(places())
    look, light = some_look(rng, "train", shape), some_light(place, rng)
    return close_up(look, place, light, rng) if count == 1 else several(look, count, place, light, rng)


def three(seed: int) -> Scene:
    rng = Random(seed)
    looks = [some_look(rng, "test", shape) for shape in rng.sample(sorted(FORMS), 2 + seed % 2)]
    place = rng.choice(places())
    return group(looks, place, some_light(place, rng), rng, ("x1",))


def box_round(mask: np.ndarray) -> Box:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def nearest(linear: np.ndarray) -> list[str]:
    """Return the named colour nearest to each, hue counting twice as much as lightness."""
    pixels = lab(Image.fromarray(encoded(np.minimum(linear, 1))[None]))[0]
    away = ((NAMED[None] - pixels[:, None]) * np.array([0.5, 1, 1])) ** 2
    return [NAMES[index] for index in away.sum(axis=2).argmin(axis=1)]


# ── the bank and what can be drawn ───────────────────────────────────────────────────────────────────────────────


def test_everything_in_the_bank_can_be_drawn_and_nothing_else() -> None:
    known = bank("looks")
    assert set(shapes()) == set(FORMS)
    assert {row["place"] for row in known["places"]} == set(PLACES)
    assert set(known["lights"]) == set(LIGHTS)
    assert {material for kind in shapes().values() for material in kind.materials} <= set(known["materials"])
    assert set(known["materials"]) <= set(FINISHES)
    patterns = {row["name"] for row in known["patterns"]}
    assert all(set(kind.patterns) <= patterns for kind in shapes().values())


def test_the_halves_share_no_combination_and_each_has_every_shape() -> None:
    train, test = ({replace(look, mark=0) for look in every_look(half)} for half in ("train", "test"))
    assert not train & test
    assert {look.shape for look in train} == {look.shape for look in test} == set(FORMS)


@given(SHAPES, SEEDS)
@settings(deadline=None, max_examples=40)
def test_a_look_alike_is_another_thing_of_the_same_colours(shape: str, seed: int) -> None:
    look = some_look(Random(seed), "test", shape)
    other = look_alike(look, Random(seed + 1))
    assert (other.shape, other.colour, other.second) == (look.shape, look.colour, look.second)
    assert other != look
    assert half_of(other) == half_of(look) == "test"
    assert apart(look.colour, look.second)


# ── pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────


@given(SHAPES, SEEDS)
@settings(deadline=None, max_examples=12)
def test_the_same_scene_makes_the_same_bytes(shape: str, seed: int) -> None:
    first, again = render(scene_of(shape, seed)), render(scene_of(shape, seed))
    assert first == again
    picture = Image.open(io.BytesIO(first.data))
    assert (picture.format, picture.size) == ("JPEG", (WIDTH, HEIGHT))
    assert 10_000 < len(first.data) < 50_000


@given(SHAPES, SEEDS, st.integers(1, 5))
@settings(deadline=None, max_examples=40)
def test_the_box_is_exactly_round_what_is_drawn(shape: str, seed: int, count: int) -> None:
    scene = scene_of(shape, seed, count)
    drawn = np.any(list(masks(scene.placed[0])), axis=0)
    assert seen(scene)[0].box == box_round(drawn)


@given(SHAPES, SEEDS)
@settings(deadline=None, max_examples=15)
def test_outside_its_box_a_thing_changes_nothing_but_light(shape: str, seed: int) -> None:
    scene = scene_of(shape, seed)
    left, top, right, bottom = seen(scene)[0].box
    with_it = paint(scene, shadows=False)
    other = replace(scene.placed[0].look, mark=1)  # its stand decides between table and floor: it stays, far off
    without = paint(replace(scene, placed=(Placed(other, -9, 0.9, 0.2),)), shadows=False)
    changed = (with_it != without).any(axis=2)
    assert changed[top:bottom, left:right].any()
    changed[top:bottom, left:right] = False
    assert not changed.any()


@given(SHAPES, SEEDS, st.integers(2, 5))
@settings(deadline=None, max_examples=30)
def test_as_many_are_drawn_as_are_counted_and_none_touches_another(shape: str, seed: int, count: int) -> None:
    drawn = list(masks(scene_of(shape, seed, count).placed[0]))
    assert len(drawn) == count
    columns = [box_round(mask)[::2] for mask in drawn]
    assert all(right < left for (_, right), (left, _) in pairwise(columns))
    assert columns[0][0] > 0
    assert columns[-1][1] < WIDTH


@given(SEEDS)
@settings(deadline=None, max_examples=40)
def test_positions_run_from_left_to_right_and_nothing_hides_anything(seed: int) -> None:
    found = seen(three(seed))
    assert [one.position for one in found] == (["left", "right"] if len(found) == 2 else ["left", "middle", "right"])
    assert all(one.box[2] <= other.box[0] for one, other in pairwise(found))
    assert all(one.box[0] > 0 and one.box[2] < WIDTH and one.box[1] >= 0 and one.box[3] <= HEIGHT for one in found)
    assert [one.thing for one in found].count("x1") == 1


@given(SHAPES, SEEDS)
@settings(deadline=None, max_examples=60)
def test_a_close_up_lies_within_the_frame_and_is_large(shape: str, seed: int) -> None:
    left, top, right, bottom = seen(scene_of(shape, seed))[0].box
    assert left > 0
    assert top > 0
    assert right < WIDTH
    assert bottom <= HEIGHT
    assert (bottom - top) > 0.3 * HEIGHT


@pytest.mark.parametrize("light", sorted(LIGHTS))
@pytest.mark.parametrize("shape", sorted(FORMS))
def test_plain_things_look_as_they_are_named_in_every_light(shape: str, light: str) -> None:
    rng = Random(f"{shape}/{light}")
    for material in shapes()[shape].materials:
        look = replace(some_look(rng, "train", shape), material=material, pattern="plain")
        placed = Placed(look, 0.5, 0.9, 0.5, rng.uniform(-TURNED, TURNED))
        main, second = (role_colours(placed, light, role) for role in ("main", "second"))
        assert nearest(np.median(main, axis=0)[None]) == [look.colour], look
        assert nearest(np.median(second, axis=0)[None]) == [look.second], look


@given(SHAPES, SEEDS)
@settings(deadline=None, max_examples=40)
def test_the_main_colour_covers_more_than_the_pattern(shape: str, seed: int) -> None:
    look = replace(some_look(Random(seed), "train", shape), mark=seed)
    placed = Placed(look, 0.5, 0.9, 0.5, Random(seed).uniform(-TURNED, TURNED))
    patterned = _patterned_share(placed)
    assert patterned == 0 if look.pattern == "plain" else 0 < patterned < 0.5


def _patterned_share(placed: Placed) -> float:
    # What differs from the same thing without its pattern is pattern; badges are on both.
    plain = replace(placed, look=replace(placed.look, pattern="plain"))
    one, other = (role_colours(each, "noon", "main") for each in (placed, plain))
    return float((np.abs(one - other).max(axis=1) > 1e-4).mean())


def test_another_mark_is_another_thing() -> None:
    for shape in FORMS:
        look = Look(shape, "red" if not shapes()[shape].colours else "brown", "blue", "wood", "plain", 0)
        pictures = {
            paint(Scene("park", "noon", (Placed(replace(look, mark=mark), 0.5, 0.9, 0.5),), 0), 224, 168).tobytes()
            for mark in range(4)
        }
        assert len(pictures) == 4, shape


# ── scenes and shots ─────────────────────────────────────────────────────────────────────────────────────────────


@given(SEEDS)
@settings(deadline=None, max_examples=60)
def test_captions_give_no_detail_away(seed: int) -> None:
    rng = Random(seed)
    scene = three(seed) if seed % 2 else scene_of(rng.choice(sorted(FORMS)), seed, 1 + seed % 5)
    words = set(caption_of(scene).replace(",", "").split())
    known = bank("looks")
    details = {*NAMES, *known["materials"], *(row["name"] for row in known["patterns"]), "two", "three", "four", "five"}
    assert not words & (details | {"left", "right", "middle"})
    assert all(placed.look.shape.split()[0] in caption_of(scene) for placed in scene.placed)


def test_groups_and_rows_have_their_limits() -> None:
    rng = Random(0)
    look = some_look(rng, "train", "mug")
    with pytest.raises(ValueError, match="different shapes"):
        group([look, look], "park", "noon", rng)
    with pytest.raises(ValueError, match="two to five"):
        several(look, 6, "park", "noon", rng)


def test_lamps_burn_indoors_only() -> None:
    assert {some_light("beach", Random(n)) for n in range(50)} == {"morning", "noon", "evening"}
    assert "lamp" in {some_light("kitchen", Random(n)) for n in range(50)}


def test_a_shot_tells_what_its_picture_shows() -> None:
    scene = three(3)
    taken = shot("p7", scene)
    assert taken.seen == render(scene).seen
    assert (taken.id, taken.scene, taken.caption) == ("p7", scene, caption_of(scene))
    assert [box_of(placed, WIDTH, HEIGHT) for placed in scene.placed] == [one.box for one in taken.seen]


def test_a_worlds_pictures_are_written_by_shot(tmp_path: Path) -> None:
    from personavlm.worlds.make import make_world

    world = make_world(5, "test", "50")
    shots = (*world.shots[:2], Shot("p99", (), photo="duck-1.jpg"))
    written = save_pictures(replace(world, shots=shots), tmp_path)
    assert [path.name for path in written] == [f"{one.id}.jpg" for one in shots]
    assert [path.read_bytes() for path in written] == [data_of(one) for one in shots]
    assert written[2].read_bytes() == (PHOTOGRAPHS / "duck-1.jpg").read_bytes()
    with pytest.raises(BadInput, match=r"ghost\.jpg"):
        save_pictures(replace(world, shots=(Shot("p1", (), photo="ghost.jpg"),)), tmp_path / "other")
