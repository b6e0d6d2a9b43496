"""A model may find other words for a turn, and never other facts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from personavlm.models.scripted import Scripted
from personavlm.worlds.make import make_world
from personavlm.worlds.values import Slot, World, WorldTurn
from personavlm.worlds.words.rewrite import faithful, rewrite
from personavlm.worlds.words.telling import looks, spoken


def talker(change: Callable[[str], str]) -> Scripted:
    """Return a model that answers with what ``change`` makes of the message it was given."""
    return Scripted(lambda messages, _: change(messages[-1].text.partition("Message: ")[2]), name="scripted:talker")


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(3, "train", "train")


def test_other_words_are_taken_and_the_writer_is_named(world: World) -> None:
    done = rewrite(world, talker(lambda text: f"Well then, so it goes. {text}"))
    assert done.world.writer == "scripted:talker"
    assert done.kept + done.refused == len(world.turns)
    assert done.kept > 0.8 * len(world.turns)
    assert all(new.reply == old.reply and new.beats == old.beats for new, old in pairs(done.world, world))


def test_lost_facts_bring_the_grammar_back(world: World) -> None:
    done = rewrite(world, talker(lambda text: " ".join("word" for _ in text.split())))
    for new, old in pairs(done.world, world):
        if spoken(world.person, Slot(old.time, old.beats)):
            assert new.text == old.text


@pytest.mark.parametrize("change", [lambda text: "", lambda text: text + "\nAnd more.", lambda text: text * 4])
def test_what_is_no_message_is_refused(world: World, change: Callable[[str], str]) -> None:
    done = rewrite(world, talker(change))
    assert done.kept == 0
    assert done.world.writer == "grammar"


def test_looks_of_a_picture_are_refused(world: World) -> None:
    shots = {shot.id: shot for shot in world.shots}
    turn = next(turn for turn in world.turns if turn.shots and looks(shots[turn.shots[0]]))
    word = sorted(looks(shots[turn.shots[0]]))[0]
    assert faithful(turn.text, turn, world, shots)
    assert not faithful(f"{turn.text} It is {word}.", turn, world, shots)


def pairs(new: World, old: World) -> list[tuple[WorldTurn, WorldTurn]]:
    return list(zip(new.turns, old.turns, strict=True))
