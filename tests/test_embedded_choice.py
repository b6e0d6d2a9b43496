"""Multiple choice by evidence, on questions written by hand: with what is known, without it, and in any order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personavlm.embedded import banks, choice_stance, evidence
from personavlm.embedded.choice import choose, wanted
from personavlm.embedded.choice_evidence import borne_parts, days, parts, senses_of, things
from personavlm.embedded.choice_level import hardness, level_of
from personavlm.embedded.choice_manner import suits
from personavlm.embedded.choice_stance import Stance, stance
from personavlm.embedded.choice_taste import agreement, contrasts, directions
from personavlm.embedded.evidence import Candidate
from personavlm.embedded.question import Option, analyse, without_options
from personavlm.embedded.scene import Side, Utterance
from personavlm.personality import Profile
from personavlm.prompts.choice import render_choice, render_manner
from tests.choice_cases import ASKED, LIFE, Asked

AT = datetime(2025, 5, 1, 12, 0, tzinfo=UTC)


def known(lines: tuple[str, ...], side: Side = "user") -> list[Candidate]:
    """Lines as memories; one that begins with "~" has been replaced."""
    return evidence.candidates(
        [
            Utterance(side, line.lstrip("~"), AT - timedelta(days=n), f"m{n}", 0, "", "semantic",
                      "superseded" if line.startswith("~") else "current")
            for n, line in enumerate(lines)
        ]
    )  # fmt: skip


def options_of(asked: Asked) -> list[Option]:
    return [Option(letter, text) for letter, text in zip("abcd", asked.options, strict=True)]


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.question[:40])
def test_what_is_known_decides(asked: Asked, minilm: Any) -> None:
    option, reason = choose(asked.question, options_of(asked), known(asked.known), {}, minilm)[:2]
    assert option.letter == asked.answer
    assert reason is not None


def test_the_order_of_options_and_of_what_is_known_plays_no_part(minilm: Any) -> None:
    for asked in ASKED[::4]:
        straight = choose(asked.question, options_of(asked), known(asked.known), {}, minilm)[0]
        turned = choose(asked.question, options_of(asked)[::-1], known(asked.known)[::-1], {}, minilm)[0]
        assert straight.text == turned.text


def test_without_anything_known_the_honest_option_is_taken(minilm: Any) -> None:
    options = [Option("a", "red"), Option("b", "you have not said"), Option("c", "blue")]
    assert choose("What colour is my kettle?", options, [], {}, minilm)[:2] == (options[1], None)


def test_what_the_assistant_said_is_not_the_users(minilm: Any) -> None:
    rows = known(("My favourite soup is borscht.",)) + known(("Perhaps you would like minestrone?",), "assistant")
    options = [Option("a", "minestrone"), Option("b", "borscht"), Option("c", "gazpacho"), Option("d", "ramen")]
    assert choose("Which soup do I like best?", options, rows, {}, minilm)[0].letter == "b"


def test_a_question_with_options_is_read_back_from_its_prompt() -> None:
    asked = ASKED[0]
    message = render_choice(asked.question, tuple(zip("abcd", asked.options, strict=True)))
    question = analyse(message, AT)
    assert question.kind == "choice"
    assert tuple(o.text for o in question.options) == asked.options
    assert without_options(message) == asked.question


# ── what is asked for ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("Which soup do I like now?", "none"),
        ("Which soup did I use to like before?", "past"),
        ("I used to like jazz, and now I do not. Why?", "timeless"),
        ("What made me change?", "timeless"),
        ("Which of these do I no longer want?", "aversion"),
        ("How should you pitch it?", "level"),
    ],
)
def test_wishes_are_told_apart(text: str, wish: str) -> None:
    found = wanted(text, ("a", "b", "c", "d"))
    held = [name for name in ("past", "timeless", "aversion", "level") if getattr(found, name)]
    assert held == ([] if wish == "none" else [wish])


@pytest.mark.parametrize(
    ("text", "sense"),
    [
        ("plans to start a choir", "planned"),
        ("has started planning a choir", "started"),
        ("managed to start a choir", "done"),
        ("has given up starting a choir", "dropped"),
        ("I have not begun yet", "planned"),
        ("you have fallen out", "quarrel"),
        ("the mug is in the middle of the picture", ""),
    ],
)
def test_the_first_sense_of_a_group_holds(text: str, sense: str) -> None:
    assert senses_of(text) == ({sense} if sense else set())


def test_days_in_either_spelling() -> None:
    assert days("on 3 May, or on June 21st; in May") == {(5, 3), (6, 21)}


def test_options_made_of_the_same_parts() -> None:
    looks = ["red with a white lid", "red with a black lid", "blue with a white lid", "blue with a black lid"]
    assert parts(looks)[0] == ("red", "a white lid")
    assert parts(["a long walk", "tea and cake", "a nap", "jazz"]) == []
    crossed = parts(["tea and cake and a walk", "coffee and a walk", "tea and cake and a nap", "coffee and a nap"])
    assert crossed == [("tea and cake", "a walk"), ("coffee", "a walk"), ("tea and cake", "a nap"), ("coffee", "a nap")]


def test_a_colour_belongs_to_its_part() -> None:
    rows = known(("the harbour kettle is red", "the lid of the harbour kettle is white"))
    split = parts(["red with a white lid", "white with a red lid", "red with a red lid", "white with a white lid"])[:2]
    right, wrong = borne_parts(split, np.ones(len(rows)), rows)
    assert right > wrong


def test_things_are_named_by_words_that_recur() -> None:
    assert {("harbour", "kettl"), ("attic", "kettl")} <= set(things(known(LIFE)))
    assert not things(known(LIFE[:8]))


# ── taste, level, manner ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_preference_is_read_from_either_wording() -> None:
    rows = known(("prefers quiet places to lively places", "I took the tea room rather than the espresso bar."))
    assert contrasts(rows) == [("quiet places", "lively places"), ("the tea room", "the espresso bar")]


def test_inclinations_turn_with_what_was_preferred(minilm: Any) -> None:
    options = [("a silent reading room",), ("a crowded beer garden",)]
    quiet, lively = (
        agreement(options, known((text,)), {}, minilm)
        for text in ("prefers quiet places to lively places", "prefers lively places to quiet places")
    )
    assert quiet[0] > 0 > quiet[1]
    assert lively[0] < 0 < lively[1]
    assert not agreement(options, known(("has a dog",)), {}, minilm).any()


def test_every_axis_has_its_lists_and_its_direction(minilm: Any) -> None:
    by = directions()
    listed = {
        section.split("|")[0].strip() for name in ("inclinations", "temperaments") for section in banks.phrases(name)
    }
    assert by.encoder == minilm.name
    assert set(by.axes) == listed
    assert by.learnt.shape == (len(listed), minilm.dim)


def test_what_is_no_longer_liked_is_told_from_what_was_disliked_once(minilm: Any) -> None:
    rows = known(("favourite kind of game is poker", "is not keen on hide and seek", "~dislikes darts", "likes darts"))
    options = [Option("a", "hide and seek"), Option("b", "poker"), Option("c", "backgammon"), Option("d", "darts")]
    spoilt = choose("Which game would make me pull a face these days?", options, rows, {}, minilm)
    assert spoilt.option.letter == "a"


def test_traits_incline_too(minilm: Any) -> None:
    options = [("giving a speech to everybody",), ("sorting the archive alone in a back room",)]
    outgoing = agreement(options, [], dict(Profile(extraversion=4.6)), minilm)
    reserved = agreement(options, [], dict(Profile(extraversion=1.4)), minilm)
    assert outgoing[0] > outgoing[1]
    assert reserved[0] < reserved[1]


def test_technical_words_are_harder() -> None:
    easy = "It is a little hole that lets the light in."
    hard = "The irradiance doubles with each stop, at the cost of spherical aberration."
    assert hardness(easy) < hardness(hard)
    beginner, expert = level_of("knows next to nothing about tax"), level_of("is an expert in tax")
    assert beginner is not None
    assert expert is not None
    assert beginner < expert
    assert level_of("likes tax") is None


REPLIES = (
    (
        "extraversion",
        "How exciting, let us tell everybody!",
        "Here it is, without any fuss. No need to reply.",
    ),
    ("agreeableness", "Thank you for asking so kindly, I am glad to help.", "I am blunt: you should have known that."),
    ("neuroticism", "Do not worry at all, nothing can go wrong here.", "Nothing to it, carry on."),
)


@pytest.mark.parametrize(("trait", "high", "low"), REPLIES)
def test_a_manner_suits_one_pole_better(trait: str, high: str, low: str, minilm: Any) -> None:
    for score, better, worse in ((4.7, high, low), (1.3, low, high)):
        profile = dict(replace(Profile(), **{trait: score}))
        assert suits(better, profile, minilm) > suits(worse, profile, minilm)


@given(st.text(max_size=80))
@settings(max_examples=15)
def test_a_neutral_person_is_suited_by_no_manner_in_particular(minilm: Any, reply: str) -> None:
    assert suits(reply, dict(Profile()), minilm) == 0


def test_a_test_of_manner_is_answered_by_the_profile(minilm: Any) -> None:
    options = [Option("a", "Yes, it suits the user."), Option("b", "No, it does not suit the user.")]
    profile = dict(Profile(extraversion=4.8))
    for _, lively, quiet in REPLIES[:1]:
        for reply, letter in ((lively, "a"), (quiet, "b")):
            message = without_options(render_manner("What is new?", reply))
            assert choose(message, options, [], profile, minilm)[0].letter == letter


@pytest.mark.parametrize(("trait", "high", "low"), REPLIES)
@pytest.mark.parametrize("matter", ["You went to Lisbon in May.", "Your aunt repairs old clocks."])
def test_a_manner_is_told_from_one_reply_alone_whatever_it_says(
    trait: str, high: str, low: str, matter: str, minilm: Any
) -> None:
    for reply, sign in ((high, 1), (low, -1)):
        assert sign * suits(f"{matter} {reply}", dict(replace(Profile(), **{trait: 4.5})), minilm) > 0


@pytest.mark.parametrize(
    ("said", "wanted", "unwanted"),
    [
        ("I dislike podcasts and prefer games for learning.", ("games for learning",), ("podcasts and",)),
        ("I never eat meat.", (), ("eat meat",)),
        ("I can't stand crowds, I enjoy quiet places", ("quiet places",), ("crowds, I",)),
        ("The train leaves at nine.", (), ()),
        ("", (), ()),
    ],
)
def test_a_stance_is_what_follows_its_cues(said: str, wanted: tuple[str, ...], unwanted: tuple[str, ...]) -> None:
    assert stance(said) == Stance(wanted, unwanted)


@pytest.mark.parametrize(
    ("said", "asked", "options", "right"),
    [
        ("I never eat meat.", "What could I cook tonight?", ("A beef stew", "A lentil curry", "Roast pork"), 1),
        ("I am allergic to nuts.", "Any snack ideas?", ("Walnut biscuits and nuts", "A nut-free granola bar"), 1),
        ("I dislike podcasts.", "How do I practise Spanish?", ("Listen to podcasts", "Join a conversation group"), 1),
        ("I prefer to travel by train.", "How do I get to Rome?", ("Take a flight", "Take the night train"), 1),
    ],
)
def test_a_new_thing_is_chosen_by_what_is_wanted_and_what_is_not(
    said: str, asked: str, options: tuple[str, ...], right: int, minilm: Any
) -> None:
    worth = choice_stance.agreement(asked, options, known((said,)), minilm)
    assert worth.argmax() == right
    assert worth.sum() == pytest.approx(0, abs=1e-9)
    back = choice_stance.agreement(asked, options[::-1], known((said,)), minilm)
    assert back == pytest.approx(worth[::-1], abs=1e-5)


def test_without_a_stance_nothing_speaks_for_an_option(minilm: Any) -> None:
    for lines in ((), ("The train leaves at nine.",), ("I prefer tea to coffee.",)):
        assert not choice_stance.agreement("What shall I drink?", ("Tea", "Coffee"), known(lines), minilm).any()
