"""Kept rollouts come back as they were; a log is read as curves, of either stage."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from personavlm.errors import BadInput
from personavlm.trace import Answer, Hit, Malformed, Retrieve, Scores, Step, Trace, Turn
from personavlm.training.questions import Question, read_questions, write_questions
from personavlm.training.rewards import Reward
from personavlm.training.rollouts import Kept, Rollout, grouped, keep, kept_steps, read_kept, read_log, write_log

NOW = datetime(2025, 3, 20, 20, 18, tzinfo=UTC)
ASKED = Question("p/0", "p", NOW, "Who is Ana?", "open", "Your sister.", ("sister",), (NOW,))
OTHER = Question("p/1", "p", NOW, "Where do I live?", "open", "In Porto.")


def rollout(answer: str, reward: Reward | None, advantage: float = 0.0) -> Rollout:
    hit = Hit("m1", "semantic", NOW, "Ana is the sister of Dana", Scores(0.5, dense=0.4), "near")
    steps = (
        Step("who?", Retrieve(("Ana",), NOW, NOW), (hit,)),
        Step("", Malformed("<think>", "no block")),
        Step("so", Answer(answer)),
    )
    outputs = ("<think>who?</think><retrieve>…", "<think>", f"<think>so</think><answer>{answer}</answer>")
    return Rollout(Trace(Turn("t4", NOW, "Who is Ana?"), steps), outputs, reward, advantage, 31)


def test_what_was_kept_is_read_back_group_by_group(tmp_path: Path) -> None:
    first, second = rollout("Your sister.", Reward(1.0, 1.0, 1.0), 1.2), rollout("Nobody.", None)
    kept = Kept(10, 0.02, grouped((ASKED, ASKED, OTHER), (first, second, second)))
    assert [len(group.rollouts) for group in kept.groups] == [2, 1]
    keep(tmp_path, kept)
    assert read_kept(tmp_path, 10) == kept
    assert kept_steps(tmp_path) == (10,)


def test_a_step_that_was_not_kept_is_said(tmp_path: Path) -> None:
    assert kept_steps(tmp_path) == ()
    with pytest.raises(BadInput, match="no rollouts of step 3"):
        read_kept(tmp_path, 3)
    keep(tmp_path, Kept(3, None, ())).write_text("{")
    with pytest.raises(BadInput, match="damaged"):
        read_kept(tmp_path, 3)


def test_a_log_is_read_as_curves_with_gaps(tmp_path: Path) -> None:
    write_log(tmp_path, ["reward", "kl"], [{"step": 1, "reward": 0.25}, {"step": 2, "reward": 0.5, "kl": 0.01}])
    reward, kl = read_log(tmp_path)
    assert (reward.steps, reward.values) == ((1, 2), (0.25, 0.5))
    assert (kl.name, kl.steps, kl.values) == ("kl", (2,), (0.01,))
    with pytest.raises(BadInput, match=r"log\.csv"):
        read_log(tmp_path / "elsewhere")


def test_questions_are_read_back_and_damage_is_named(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    write_questions(path, (ASKED, OTHER))
    assert tuple(read_questions(path)) == (ASKED, OTHER)
    path.write_text(path.read_text() + "{}\n")
    with pytest.raises(BadInput, match="Line 3"):
        tuple(read_questions(path))
    with pytest.raises(BadInput, match="not there"):
        tuple(read_questions(tmp_path / "none"))
