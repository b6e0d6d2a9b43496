"""Leaks: blind baselines earn what guessing earns where there is nothing to find, and find a leak that is planted."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from personavlm.encoders.text import SentenceEncoder
from personavlm.synthesis.benchmark import strangers_of
from personavlm.synthesis.leaks import blind, blind_alignment, credit, table, unknown_share, without_pictures
from personavlm.synthesis.questions.catalogue import candidates
from personavlm.synthesis.questions.draw import UNKNOWN
from personavlm.synthesis.questions.values import Alignment, Option, Question
from personavlm.worlds.make import make_world


def encoder() -> SentenceEncoder:
    """A stand-in for sentence vectors: letters counted, so that likeness is spelling."""

    def forward(texts: object) -> np.ndarray:
        rows = [[text.lower().count(letter) + 0.01 for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts]  # type: ignore[attr-defined]
        table = np.array(rows, np.float32)
        return table / np.linalg.norm(table, axis=1, keepdims=True)

    return SentenceEncoder("letters", 26, lambda: forward)


@cache
def some() -> Question:
    world = make_world(5, "test", "50", 0)
    return candidates(world, strangers_of(5, "test"), 5)[0]


def questions(count: int, seed: int, right: str = "") -> list[Question]:
    """Questions with random words for options; with ``right``, the right one always holds that word."""
    rng = random.Random(seed)
    rows = []
    for _ in range(count):
        texts = ["".join(rng.choice("abcdefgh") for _ in range(6)) for _ in range(4)]
        answer = rng.randrange(4)
        options = [
            Option(f"{text} {right}" if at == answer and right else text, "stranger") for at, text in enumerate(texts)
        ]
        rows.append(replace(some(), options=tuple(options), answer=answer))
    return rows


def test_ties_earn_what_guessing_would() -> None:
    rows = questions(40, 1)
    assert credit(rows, np.zeros((40, 4))) == pytest.approx(0.25)
    two = np.tile([1.0, 1.0, 0.0, 0.0], (40, 1))
    assert set(credit(rows, two)) == {0.0, 0.5}


def test_nothing_is_found_where_nothing_is() -> None:
    found = blind(questions(800, 1), questions(400, 2), encoder())
    for name, credits in found.items():
        assert abs(table(questions(800, 1), credits)["all"].accuracy - 0.25) < 0.06, name


def test_a_planted_word_is_found_by_length_and_by_the_classifier() -> None:
    rows, train = questions(200, 1, "indeed"), questions(400, 2, "indeed")
    found = blind(rows, train, encoder())
    assert found["longest"].mean() == 1.0
    assert found["classifier"].mean() > 0.9
    assert found["shortest"].mean() == 0.0


def test_unknown_is_counted_where_it_is_offered() -> None:
    rows = questions(8, 1)
    offered = [
        replace(q, options=(Option(UNKNOWN, "unknown"), *q.options[1:]), answer=n % 2) for n, q in enumerate(rows)
    ]
    share = unknown_share([*rows, *offered])
    assert (share.n, share.accuracy) == (8, 0.5)


def test_a_colour_that_was_worded_is_found_without_the_picture() -> None:
    world = make_world(5, "test", "100", 0)
    rows = [q for q in candidates(world, strangers_of(5, "test"), 5) if q.needs_picture]
    first = rows[0]
    turn = next(turn for turn in world.turns if turn.id == first.evidence[0])
    told = replace(turn, text=f"{turn.text} It is {first.right}, as you see: {first.right}.")
    leaky = replace(world, turns=tuple(told if t.id == turn.id else t for t in world.turns))
    assert without_pictures(leaky, [first])[0] == 1.0
    assert abs(without_pictures(world, rows).mean() - 0.25) < 0.15


def test_alignment_baselines_see_length_marks_and_words() -> None:
    pairs = [Alignment(f"q{n}", "openness", True, "lovely! such a long reply", "short reply") for n in range(20)]
    found = blind_alignment(pairs, pairs, random.Random(1))
    assert found["longer"] == found["more exclamation marks"] == found["bag of words without the profile"] == 1.0
    turned = [replace(p, chosen=p.rejected, rejected=p.chosen) if n % 2 else p for n, p in enumerate(pairs)]
    found = blind_alignment(turned, turned, random.Random(1))
    assert found["longer"] == found["bag of words without the profile"] == 0.5
