"""Likeness: every picture is drawn once, small, and what is near enough is marked right or wrong."""

from __future__ import annotations

import base64
import io

from PIL import Image

from personavlm.figures.likeness import SIDE, Asked, Near, likeness

RED, BLUE = (Image.new("RGB", (300, 200), colour) for colour in ("red", "blue"))
ROWS = [
    Asked(RED, "duck", (Near(RED, "duck", 0.9), Near(BLUE, "<dog>", 0.2))),
    Asked(BLUE, "", (Near(BLUE, "dog", 0.8),)),
]


def test_every_picture_is_there_small_and_in_its_place() -> None:
    figure = likeness(ROWS, 0.7)
    assert [(image.x, image.y) for image in figure.layout.images] == [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1)]
    data = base64.b64decode(figure.layout.images[0].source.split(",")[1])
    shown = Image.open(io.BytesIO(data))
    assert max(shown.size) == SIDE
    assert shown.getpixel((5, 5))[0] > 200


def test_what_is_near_enough_is_judged_and_the_rest_is_grey() -> None:
    said = {text: trace.textfont.color for trace in likeness(ROWS, 0.7).data for text in trace.text}
    assert said["<b>duck 0.90 ✓</b>"] != said["<b>dog 0.80 ✗</b>"]
    assert "&lt;dog&gt; 0.20" in said
    everything = [text for trace in likeness(ROWS, 0.95).data for text in trace.text]
    assert not [text for text in everything if "<b>" in text]
