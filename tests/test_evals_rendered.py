"""evals.rendered: the figures mean what they say, and rendered things reach their bars."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from personavlm.cli import app
from personavlm.encoders.picture import HandmadeEncoder
from personavlm.errors import BadInput
from personavlm.evals.rendered import RenderedResult, View, _chosen, _nearest, drawn, evaluate, shown
from personavlm.scoring.spans import iou
from personavlm.worlds.make import make_world
from personavlm.worlds.values import Box, Thing

CORNER = st.integers(0, 40)
BOXES = st.tuples(CORNER, CORNER, st.integers(41, 80), st.integers(41, 80))


def view(angle: float) -> View:
    row = np.array([[np.cos(np.radians(angle)), np.sin(np.radians(angle))]], np.float32)
    return View(row, row, 1.0)


@pytest.fixture(scope="module")
def result() -> RenderedResult:
    return evaluate(drawn(seed=4, count=5, views=2))


@given(BOXES, BOXES)
@settings(deadline=None)
def test_overlap_is_one_for_the_same_box_and_the_same_both_ways(one: Box, two: Box) -> None:
    assert iou(one, one) == 1
    assert 0 < iou(one, two) == iou(two, one) <= 1
    assert iou(one, (80, 80, 90, 90)) == 0


def test_overlap_of_boxes_that_share_a_third() -> None:
    assert iou((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)


def test_ranks_count_the_other_things_that_are_nearer() -> None:
    views = [[view(0), view(40)], [view(10), view(12)]]
    rows = np.concatenate([one.asked for row in views for one in row])
    assert _nearest(rows, views) == [[2, 2], [0, 0]]


def test_a_look_alike_as_near_as_the_thing_counts_as_wrong() -> None:
    assert _chosen([view(0), view(10)], [view(20), view(30), view(-11)], "asked") == [100.0]
    assert _chosen([view(0), view(10)], [view(20), view(30), view(10)], "colours") == [0.0]


def test_the_figures_have_the_contracts_names(result: RenderedResult) -> None:
    plain = result.plain()
    assert (plain["n"], plain["things"], plain["encoder"]) == (10, 5, HandmadeEncoder.name)
    assert {"hit@1", "hit@5", "intervals", "baseline", "look-alikes", "detect"} <= set(plain)
    assert plain["look-alikes"]["chance"] == 25  # type: ignore[index]
    for figure in (*result.hit.values(), result.alike_by_colour, result.overlap):
        assert figure.low <= figure.mean <= figure.high


def test_the_same_seed_draws_the_same_things_and_measures_the_same(result: RenderedResult) -> None:
    assert evaluate(drawn(seed=4, count=5, views=2)) == result
    assert drawn(seed=4, count=5, views=2) != drawn(seed=5, count=5, views=2)


def test_views_of_a_thing_show_it_and_nothing_else() -> None:
    for thing in drawn(seed=2, count=20):
        assert len(set(thing.scenes)) == 3
        assert all([placed.look for placed in scene.placed] == [thing.look] for scene in thing.scenes)


def test_of_worlds_the_things_count_that_two_pictures_show_alone() -> None:
    found = shown(make_world(1, "test", "200", number) for number in range(2))
    assert found
    assert all(len(one.scenes) > 1 for one in found)
    assert all([placed.look for placed in scene.placed] == [one.look] for one in found for scene in one.scenes)


def test_a_thing_shown_once_or_photographed_does_not_count() -> None:
    world = make_world(1, "test", "50")
    things = (Thing("o1", "", "mug", None, ("mug.jpg",)),)
    assert shown([replace(world, person=replace(world.person, things=things))]) == ()


def test_too_few_things_are_refused() -> None:
    with pytest.raises(BadInput, match="Only 3 things"):
        evaluate(drawn(seed=1, count=3))


def test_the_command_wants_a_folder_or_a_seed() -> None:
    done = CliRunner().invoke(app, ["eval", "pictures"])
    assert done.exit_code != 0


@pytest.mark.slow
def test_rendered_things_are_found_again_and_colour_alone_does_not_tell_look_alikes() -> None:
    found = evaluate(drawn(seed=7, count=60))
    assert found.hit[1].mean >= 70
    assert found.alike_by_colour.mean <= 50
    assert found.overlap.mean >= 0.5
