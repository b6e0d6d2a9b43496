"""Colours of the one thing in a picture, by name."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from personavlm.embedded.looks import PLACES, colours


def scene(*boxes: tuple[tuple[int, int, int, int], str], ground: str = "#b9c4a8") -> Image.Image:
    """Boxes on a faintly grained ground, as nothing photographed is quite flat."""
    grain = np.random.default_rng(0).integers(-6, 7, (240, 320, 3))
    picture = Image.new("RGB", (320, 240), ground)
    draw = ImageDraw.Draw(picture)
    for corners, colour in boxes:
        draw.rectangle(corners, fill=f"#{PLACES[colour]}")
    return Image.fromarray(np.clip(np.asarray(picture).astype(int) + grain, 0, 255).astype(np.uint8))


@pytest.mark.parametrize(("body", "lid"), [("red", "blue"), ("yellow", "purple"), ("turquoise", "black")])
def test_the_colours_of_one_thing_are_named(body: str, lid: str) -> None:
    seen = colours(scene(((110, 100, 210, 190), body), ((110, 70, 210, 100), lid)))
    assert {body, lid} <= set(seen)


def test_of_several_things_nothing_is_told() -> None:
    assert colours(scene(((30, 80, 110, 170), "red"), ((210, 80, 290, 170), "blue"))) == ()


def test_where_nothing_stands_out_nothing_is_told() -> None:
    assert colours(Image.new("RGB", (64, 48), "#777777")) == ()
