"""Memories of a training set: the questions of its rows with what they rest on, the memory they were made from."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from personavlm.assistant import Kit
from personavlm.errors import BadInput
from personavlm.models.scripted import Scripted
from personavlm.store import Store
from personavlm.synthesis.training import make_training_set
from personavlm.training.environment import FORCED, Memories
from personavlm.training.memories import prepare
from personavlm.training.questions import HOME, Question
from personavlm.training.rewards import accuracy
from tests.test_training_data import SMALL, TURNS, make


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    make_training_set(folder, 0, 1, make, processes=1, plan=SMALL)
    return folder


@pytest.fixture(scope="module")
def asked(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Question, ...]]:
    out = tmp_path_factory.mktemp("asked")
    return out, prepare(data, out, 1, make=make, plan=SMALL)


def rows(data: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (data / "rl.jsonl").read_text().splitlines()]


def test_every_row_is_a_question_whose_gold_answer_is_right(
    data: Path, asked: tuple[Path, tuple[Question, ...]]
) -> None:
    _, questions = asked
    assert len(questions) == len(rows(data)) > 0
    assert sorted(one.gold for one in questions) == sorted(str(row["answer"]) for row in rows(data))
    assert all(accuracy(one, one.gold) == 1.0 for one in questions)
    said = {turn.time for turn in TURNS}
    assert all(set(one.evidence) <= said for one in questions)
    assert any(one.evidence for one in questions)


def test_the_prompt_of_training_is_the_prompt_of_the_row(data: Path, asked: tuple[Path, tuple[Question, ...]]) -> None:
    """The memory that is asked, as of the question's time, is the one the row was written from."""
    out, questions = asked
    prompts = {row["prompt"][1]["content"][0]["text"] for row in rows(data)}  # type: ignore[index]
    memories = Memories(out, Kit.load())
    for question in questions:
        model = Scripted(lambda _messages, _sampling: "<think>t</think><answer>a</answer>")
        memories.assistant(question, model, FORCED).ask(question.time, question.text)
        assert model.history[0].messages[1].text in prompts
    memories.close()


def test_preparing_goes_on_where_it_was_and_an_interrupted_person_is_made_anew(
    data: Path, asked: tuple[Path, tuple[Question, ...]]
) -> None:
    out, questions = asked
    (out / "questions" / "0000.jsonl").unlink()
    person = questions[-1].person
    with Store.open(out / HOME, person) as store:
        store.record("", [])
    told: list[int] = []
    again = prepare(data, out, 1, make=make, plan=SMALL, progress=lambda _what, done, _of: told.append(done))
    assert again == questions
    assert told == [1]


def test_data_of_another_version_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"rl\.jsonl"):
        prepare(tmp_path, tmp_path, 1)
    with pytest.raises(BadInput, match="this version"):
        prepare(data, tmp_path / "out", 1, make=make, plan=replace(SMALL, facts=0))
