"""The response stage: at most three look-ups, an answer always comes, Malformed output is shown and never fatal."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personavlm.asking import Asker, Delta
from personavlm.errors import ModelUnavailable
from personavlm.models import Model
from personavlm.models.scripted import Scripted
from personavlm.personality import NEUTRAL
from personavlm.prompts.respond import LAST_NOTICE, Context
from personavlm.respond import NO_REPLY, ResponseSettings, respond
from personavlm.trace import Answer, Hit, Malformed, Retrieve, Scores, Step, Turn
from tests.fakes import answering, look_up

NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)


def run(model: Model, settings: ResponseSettings = ResponseSettings(), hits: int = 1) -> list[Step | Delta]:
    turn = Turn("t3", NOON, "What does my sister play?")
    served = 0

    def search(_: Retrieve, seen: frozenset[str]) -> tuple[Hit, ...]:
        nonlocal served
        served += hits
        found = [Hit(f"m{served}", "semantic", NOON, "sister plays the cello", Scores(0.9), "says it")][:hits]
        assert not seen & {h.id for h in found}
        return tuple(found)

    return list(respond(Context(turn, (), NEUTRAL, ()), Asker(model), search, settings))


def kinds(steps: list[Step | Delta]) -> list[str]:
    return [s.action.kind for s in steps if isinstance(s, Step)]


def test_answers_at_once_when_it_can() -> None:
    steps = run(answering())
    assert kinds(steps) == ["answer"]


def test_looks_up_then_answers() -> None:
    steps = run(answering(respond=look_up("cello, sister", "2025-03-01 00:00", "2025-03-02 23:59")))
    assert kinds(steps) == ["retrieve", "answer"]
    first = steps[0]
    assert isinstance(first, Step)
    assert isinstance(first.action, Retrieve)
    assert first.action.keywords == ("cello", "sister")
    assert first.action.end == datetime(2025, 3, 2, 23, 59, 59, tzinfo=UTC)  # the last minute belongs to the period
    assert len(first.hits) == 1


def test_three_look_ups_at_most_and_the_third_says_it_was_the_last() -> None:
    model = answering(respond=look_up("a"), respond_more=look_up("b"), answer="The cello.")
    steps = run(model)
    assert kinds(steps) == ["retrieve"] * 4 + ["answer"]
    served = [s for s in steps if isinstance(s, Step) and s.hits]
    assert len(served) == 3
    last = steps[-1]
    assert isinstance(last, Step)
    assert last.forced
    assert last.action == Answer("The cello.")
    prompts = [r.messages[-1].text for r in model.history]
    assert [LAST_NOTICE in p for p in prompts] == [False, False, False, True, False]


@pytest.mark.parametrize("limit", [0, 1, 2, 5])
def test_the_limit_is_a_setting(limit: int) -> None:
    steps = run(answering(respond=look_up("a"), respond_more=look_up("b")), ResponseSettings(max_retrievals=limit))
    assert sum(bool(s.hits) for s in steps if isinstance(s, Step)) == limit
    assert kinds(steps)[-1] == "answer"


def test_malformed_output_is_shown_then_asked_again() -> None:
    replies = iter(["no tags at all", "<think>now</think><answer>The cello.</answer>"])
    steps = run(Scripted(lambda *_: next(replies)))
    assert kinds(steps) == ["malformed", "answer"]
    assert isinstance(steps[0], Step)
    assert isinstance(steps[0].action, Malformed)
    assert steps[0].action.raw == "no tags at all"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_an_answer_comes_whatever_the_model_says(text: str) -> None:
    steps = run(Scripted(lambda *_: text))
    last = steps[-1]
    assert isinstance(last, Step)
    assert isinstance(last.action, Answer)
    assert last.action.text.strip()


def test_even_silence_ends_in_an_answer() -> None:
    steps = run(Scripted(lambda *_: ""))
    assert kinds(steps) == ["malformed", "malformed", "malformed", "answer"]
    assert isinstance(steps[-1], Step)
    assert steps[-1].action == Answer(NO_REPLY)


def test_forced_retrieval_turns_a_first_answer_into_a_look_up() -> None:
    steps = run(answering(), ResponseSettings(force_retrieval=True))
    assert kinds(steps) == ["retrieve", "answer"]
    assert isinstance(steps[0], Step)
    assert steps[0].forced
    assert steps[0].action == Retrieve(("What does my sister play?",))


def test_without_reasoning_one_look_up_and_the_bare_reply() -> None:
    model = answering(answer="The cello.")
    steps = run(model, ResponseSettings(reasoning=False))
    assert kinds(steps) == ["retrieve", "answer"]
    assert len(model.history) == 1


@pytest.mark.parametrize("gap", ["\n", " "])
def test_strict_wants_the_blocks_without_a_gap(gap: str) -> None:
    loose = f"<think>x</think>{gap}<answer>The cello.</answer>"
    assert kinds(run(Scripted(lambda *_: loose))) == ["answer"]
    assert kinds(run(Scripted(lambda *_: loose), ResponseSettings(strict=True)))[0] == "malformed"


def test_aloud_the_pieces_are_the_answer_and_nothing_else() -> None:
    text = "<think>a < b</think><answer>The cello, I < 3 think.</answer>"
    events = run(Scripted(lambda *_: text), ResponseSettings(aloud=True))
    assert "".join(e.text for e in events if isinstance(e, Delta)) == "The cello, I < 3 think."


def test_a_model_that_is_down_raises() -> None:
    with pytest.raises(ModelUnavailable):
        run(Scripted([]))
