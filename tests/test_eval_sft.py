"""Questions about unseen persons: the teacher's own answers get full marks, others lose what they should."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lab.eval_sft import Asked, answers, marks, questions, table, unseen_world
from personavlm.models import Completion, Message, Sampling

DATA = Path("data/worlds/train")


@pytest.fixture(scope="module")
def asked() -> list[Asked]:
    return questions(DATA, each=25, seed=0)


def of_kind(asked: list[Asked], kind: str) -> list[Asked]:
    return [one for one in asked if one.kind == kind]


def test_the_teachers_own_answers_get_full_marks(asked: list[Asked]) -> None:
    kinds = {one.kind for one in asked}
    assert {"first step", "later step", "choice", "semantic", "personality", "episodic", "procedural", "core"} <= kinds
    for one in asked:
        assert all(marks(one, one.right, finished=True).values()), (one.kind, one.right)


def test_what_is_cut_off_or_breaks_the_format_is_not_valid(asked: list[Asked]) -> None:
    for one in asked:
        assert not marks(one, one.right, finished=False)["valid"]
        assert not marks(one, "Sure! How can I help?", finished=True)["valid"]


def test_steps_are_told_apart_by_action_words_and_letter(asked: list[Asked]) -> None:
    look_up = next(one for one in of_kind(asked, "first step") if "<retrieve>" in one.right)
    other = '<think>?</think><retrieve>\n"keywords": zzz\n"start_time": null\n"end_time": null\n</retrieve>'
    found = marks(look_up, other, finished=True)
    assert found == {"valid": True, "exact": False, "action": True, "words": False}
    assert not marks(look_up, "<think>?</think><answer>Yes.</answer>", finished=True)["action"]
    choice = of_kind(asked, "choice")[0]
    letter = choice.right.partition("<answer>")[2][1]
    wrong = "b" if letter == "a" else "a"
    assert marks(choice, f"<think>.</think><answer>({letter})</answer>", finished=True)["letter"]
    assert not marks(choice, f"<think>.</think><answer>({wrong})</answer>", finished=True)["letter"]


def test_shares_are_over_persons(asked: list[Asked]) -> None:
    one, two = asked[0], Asked(asked[0].kind, "somebody else", asked[0].messages, asked[0].right)
    shares = table([(one, {"valid": True}), (one, {"valid": True}), (two, {"valid": False})])
    assert shares[one.kind]["valid"] == shares["all"]["valid"] == {"value": 66.7, "low": 0.0, "high": 100.0, "n": 3}


@dataclass
class Echo:
    """A model that says how long its prompt is, and remembers the sizes of its batches."""

    name: str = "echo"
    batches: list[int] = field(default_factory=list)

    def complete_batch(self, requests: Sequence[Sequence[Message]], _: Sampling, batch: int) -> list[Completion]:
        assert len(requests) <= batch
        self.batches.append(len(requests))
        return [Completion(str(sum(len(m.text) for m in some)), 1, 1, finished=True) for some in requests]


def test_every_question_gets_its_own_answer_whatever_the_batches(asked: list[Asked]) -> None:
    model = Echo()
    found = list(answers(model, asked, batch=7))
    assert len(found) == len(asked)
    assert all(said == str(sum(len(message.text) for message in one.messages)) for one, said, _ in found)
    assert sum(model.batches) == len(asked)


def test_unseen_persons_are_of_the_test_half() -> None:
    world, pictures = unseen_world(5, 0)
    assert world.person.half == "test"
    assert {shot.id for shot in world.shots} == set(pictures)
