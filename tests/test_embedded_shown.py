"""Which thing of theirs a user shows, and what is kept of its looks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from PIL import Image, ImageDraw

from personavlm.embedded.shown import colours_of, shown_thing
from personavlm.memory import Memory
from personavlm.prompts.text import MemoryLine, format_memories, parse_memories

NOW = datetime(2025, 5, 9, 18, 0, tzinfo=UTC)


def lines(*texts: str) -> tuple[MemoryLine, ...]:
    memories = [Memory(f"m{n}", "semantic", text, NOW, ("t1",)) for n, text in enumerate(texts)]
    return parse_memories(format_memories(memories, 10_000), UTC)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("The light was good, so here's the garden lamp.", "the garden lamp"),
        ("Look at my blue kite! I love the blue kite.", "the blue kite"),
        ("I sold the old box. The tea box stays, here is the tea box.", "the tea box"),
        ("My favourite mug and I.", ""),
        ("The other chair was free.", ""),
        ("What a view!", ""),
    ],
)
def test_the_thing_named_is_told(said: str, name: str) -> None:
    found = shown_thing(said)
    assert (found.content if found else "") == name


def test_an_animal_is_known_by_the_name_it_was_told_with() -> None:
    known = lines("has a rabbit called Waffle", "sister Ana lives in Porto")
    found = shown_thing("You've earned a look at Waffle, so here.", known)
    assert found is not None
    assert (found.content, found.concept) == ("Waffle", "rabbit")
    assert shown_thing("A look at Ana, so here.", known) is None


def box(body: str, lid: str) -> Image.Image:
    picture = Image.new("RGB", (320, 240), "#b9c4a8")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((110, 100, 210, 190), fill=body)
    draw.rectangle((110, 70, 210, 100), fill=lid)
    return picture


def test_colours_are_kept_once_and_narrowed_by_a_second_picture() -> None:
    picture = box("#c82022", "#2850c8")
    [first] = colours_of("the tea box", picture, (), (0, 3))
    assert first.content.startswith("the tea box in pictures: ")
    assert {"red", "blue"} <= set(first.value.replace(",", "").split())
    assert list(colours_of("the tea box", picture, lines(first.content), (0, 3))) == []
    known = lines("the tea box in pictures: red, blue and green")
    [narrower] = colours_of("the tea box", picture, known, (0, 3))
    assert (narrower.content, narrower.replaces) == ("the tea box in pictures: red and blue", known[0].id)
