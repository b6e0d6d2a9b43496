"""Drills: their answers are right by reading them, what is unseen stays unseen, and the same seed gives the same."""

from __future__ import annotations

import random
import re
from datetime import datetime
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personavlm.prompts.choice import parse_choice
from personavlm.training.drills import DRILL_KINDS, Drill, DrillKind, drill, drills, is_hidden

REAL = {"ginger", "beer", "the", "climbing", "hall", "think", "answer"}
SEEDS, LENGTHS = st.integers(0, 10_000), st.integers(1, 9)


def made(seed: int, kind: DrillKind, length: int, unseen: bool = False) -> Drill:
    return drill(random.Random(seed), kind, length, ["ginger beer", "the climbing hall"], unseen)


def turns(one: Drill) -> list[tuple[str, str]]:
    asked, answered = one.messages[::2], one.messages[1::2]
    assert [m.role for m in one.messages] == ["user", "assistant"] * len(asked)
    return [(a.text, b.text) for a, b in zip(asked, answered, strict=True)]


@given(SEEDS, LENGTHS)
def test_a_copy_is_one(seed: int, length: int) -> None:
    for asked, answer in turns(made(seed, "copy", length)):
        assert asked == f"Say again: {answer}"


@given(SEEDS, LENGTHS)
def test_a_line_is_looked_up_by_its_name(seed: int, length: int) -> None:
    found = turns(made(seed, "look up", length))
    lines = dict(re.findall(r"^- (\w+): (.*)$", found[0][0], re.MULTILINE))
    assert len(lines) == length
    for asked, answer in found:
        assert lines[asked.splitlines()[-1].rstrip("?")] == answer


@given(SEEDS, LENGTHS)
def test_dates_are_compared(seed: int, length: int) -> None:
    found = turns(made(seed, "dates", length))
    dated = sorted(re.findall(r"^- (\d{4}-\d\d-\d\d) \| (.*)$", found[0][0], re.MULTILINE))
    for asked, answer in found:
        question = asked.splitlines()[-1]
        if question == "first?":
            assert (dated[0][0], answer) in dated
        elif question == "last?":
            assert (dated[-1][0], answer) in dated
        else:
            day = datetime.strptime(answer, "%d %B %Y").strftime("%Y-%m-%d")
            assert (day, question.removeprefix("when ").rstrip("?")) in dated


@given(SEEDS, LENGTHS, st.sampled_from(["bind", "choose"]))
def test_a_letter_stands_before_the_value_that_was_thought_of(seed: int, length: int, kind: DrillKind) -> None:
    ((asked, answer),) = turns(made(seed, kind, length))
    question, options = parse_choice(asked)
    thought, letter, value = re.fullmatch(r"<think>(.*)</think><answer>\((\w)\) (.*)</answer>", answer).groups()  # type: ignore[union-attr]
    assert dict(options)[letter] == value
    assert len({text for _, text in options}) == len(options) >= 2
    wanted = question.splitlines()[-1].removeprefix("Which ")
    if kind == "bind":
        assert (wanted, thought) == (f"one is {value}?", value)
    else:
        assert thought == f"{wanted.rstrip('?')}: {value}"
        assert f"- {thought}\n" in question


@given(SEEDS, LENGTHS, st.sampled_from(["copy", "look up", "bind"]))
def test_unseen_words_are_never_trained_on(seed: int, length: int, kind: DrillKind) -> None:
    def words(one: Drill) -> set[str]:
        return {word for _, answer in turns(one) for word in re.findall(r"[a-z]{3,}", answer)}

    assert not any(map(is_hidden, words(made(seed, kind, length)) - REAL))
    assert all(map(is_hidden, words(made(seed, kind, length, unseen=True)) - REAL))


def test_all_kinds_and_lengths_come_in_turn_and_from_the_seed() -> None:
    first, again, other = (list(islice(drills(seed, (1, 2), ()), 20)) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert [one.kind for one in first[:5]] == list(DRILL_KINDS)


def test_the_letters_asked_for_are_spread() -> None:
    rng = random.Random(0)
    answers = [drill(rng, "bind", 4).messages[-1].text for _ in range(400)]
    shares = [sum(f"({letter})" in answer for answer in answers) / 400 for letter in "abcd"]
    assert shares == pytest.approx([0.25] * 4, abs=0.08)
