"""The pictures of a world: things with a look, scenes they stand in, and a renderer that knows what it drew.

    some_look ─> close_up / group / several ─> shot (what can be seen) ─> render (a small JPEG) ─> save_pictures

Nothing here draws until ``render`` is called; composing a scene and saying what can be seen in it is cheap.
"""

from personavlm.worlds.pictures.album import data_of, save_pictures
from personavlm.worlds.pictures.compose import caption_of, close_up, group, places, several, shot, some_light
from personavlm.worlds.pictures.looks import apart, category, half_of, look_alike, second_part, shapes, some_look
from personavlm.worlds.pictures.render import Rendered, render, seen

__all__ = [
    "Rendered",
    "apart",
    "caption_of",
    "category",
    "close_up",
    "data_of",
    "group",
    "half_of",
    "look_alike",
    "places",
    "render",
    "save_pictures",
    "second_part",
    "seen",
    "several",
    "shapes",
    "shot",
    "some_light",
    "some_look",
]
