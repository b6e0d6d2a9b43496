"""The eval of answers: its scorer, who asks, and its figures on a small conversation and on LoCoMo dev."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from personavlm.datasets.locomo import LoCoMoQuestion, asker, locomo
from personavlm.embedded import Embedded
from personavlm.evals.answers import Answered, AnswersResult, best_hit, evaluate, scored
from personavlm.scoring.answers import token_f1
from personavlm.trace import Answer, Hit, Quote, Retrieve, Scores, Step, Trace, Turn
from tests.fakes import answering, kit

NOW = datetime(2023, 6, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("answer", "gold", "f1"),
    [
        ("The 7 May, 2023.", "7 may 2023", 1.0),
        ("an apple", "the apples", 0.0),
        ("a red bike", "red car", 0.5),
        ("bike bike", "bike", 2 / 3),
        ("", "bike", 0.0),
        ("the", "a", 1.0),
    ],
)
def test_token_f1_is_squads(answer: str, gold: str, f1: float) -> None:
    assert token_f1(answer, gold) == pytest.approx(f1)


def _trace(reply: str, *hits: Hit) -> Trace:
    return Trace(Turn("t9", NOW, "?"), (Step("", Retrieve(("x",)), hits), Step("", Answer(reply))))


def _question(category: Any = "single-hop") -> LoCoMoQuestion:
    return LoCoMoQuestion("c/1", "What colour?", "deep blue", category, ("D1:1",))


def test_the_first_line_is_scored_beside_the_best_hit_whole() -> None:
    quotes = (Quote("t1", NOW, "It is deep blue", "Nice", 0.9), Quote("t2", NOW, "no", "no", 0.4))
    hit = Hit("m1", "episodic", NOW, "They talked of colours", Scores(0.9), "", quotes=quotes)
    outcome = scored(_question(), _trace("Deep blue.\nYou told me: “It is deep blue”", hit))
    assert outcome.f1 == 1.0
    assert outcome.baselines == pytest.approx((4 / 7, 4 / 6, 0.0))
    assert (outcome.unknown, outcome.looks) == (False, 1)
    assert best_hit(()) == ("", "", "")


@pytest.mark.parametrize(
    "reply", ["You haven't told me that.\nNothing on: deep blue.", "I don't know.", "That was never mentioned."]
)
def test_not_told_scores_nothing_where_there_is_an_answer(reply: str) -> None:
    outcome = scored(_question(), _trace(reply))
    assert (outcome.f1, outcome.unknown) == (0.0, True)


def test_adversarial_questions_count_for_honesty_only() -> None:
    rows = (
        Answered("1", "single-hop", 0.5, (0.2, 0.1, 0.0), False, 1),
        Answered("2", "temporal", 0.0, (0.0, 0.1, 0.0), True, 2),
        Answered("3", "adversarial", 0.0, (0.0, 0.0, 0.0), True, 3),
    )
    plain = AnswersResult(rows).plain()
    assert plain["f1"] == {"multi-hop": 0.0, "temporal": 0.0, "open-domain": 0.0, "single-hop": 50.0, "overall": 25.0}
    assert (plain["unknown_on_adversarial"], plain["unknown_on_answerable"]) == (100.0, 50.0)
    assert plain["above_best_hit"] == 15.0


def _small(folder: Path) -> Path:
    """A conversation in LoCoMo's layout, written for this test."""
    talk = [
        ("Ann", "Hi Ben! I went hiking in the hills yesterday."),
        ("Ben", "Lovely! I painted my kitchen yellow last week."),
        ("Ann", "Bright! What made you choose that?"),
        ("Ben", "It reminds me of my aunt's house."),
    ]
    said = [{"speaker": who, "dia_id": f"D1:{n}", "text": text} for n, (who, text) in enumerate(talk, start=1)]
    qa = [
        {
            "question": "When did Ann go hiking in the hills?",
            "answer": "7 May 2023",
            "evidence": ["D1:1"],
            "category": 2,
        },
        {"question": "What colour did Ben paint the kitchen?", "answer": "yellow", "evidence": ["D1:2"], "category": 4},
        {"question": "Which car did Ann buy?", "adversarial_answer": "a van", "evidence": ["D1:2"], "category": 5},
    ]
    conversation = {
        "speaker_a": "Ann",
        "speaker_b": "Ben",
        "session_1_date_time": "1:56 pm on 8 May, 2023",
        "session_1": said,
    }
    path = folder / "small.json"
    path.write_text(json.dumps([{"sample_id": "small", "conversation": conversation, "qa": qa}]), encoding="utf-8")
    return path


def test_the_speaker_named_first_asks(tmp_path: Path) -> None:
    (conversation,) = locomo(_small(tmp_path)).conversations
    asked = ["Did Ben meet Ann?", "When did Ann go?", "Who is right?"]
    assert [asker(conversation, text) for text in asked] == ["Ben", "Ann", "Ann"]


def test_a_model_is_asked_every_question_once(tmp_path: Path) -> None:
    seen: list[str] = []
    model = answering(respond="<think>x</think><answer>7 May 2023.\nYou said so.</answer>")
    result = evaluate(_small(tmp_path), model, kit(), lambda what, _done, _all: seen.append(what))
    assert [a.id for a in result.answered] == ["small/0", "small/2", "small/1"]
    assert result.f1("temporal") == 100.0
    assert result.unknown(adversarial=True) == 0.0
    assert any(what.startswith("questions to small-Ben") for what in seen)


def test_the_embedded_model_on_a_small_conversation(tmp_path: Path, minilm: Any) -> None:
    from dataclasses import replace

    result = evaluate(_small(tmp_path), Embedded(minilm), replace(kit(), encoder=minilm))
    assert result.f1("temporal") == 100.0
    assert result.f1("single-hop") >= 50.0
    assert result.unknown(adversarial=True) == 100.0


@pytest.mark.slow
def test_bars_on_one_conversation_of_locomo_dev(tmp_path: Path, data_dir: Path, minilm: Any) -> None:
    """A slice: the shortest dev conversation; the whole file is measured by the CLI and noted in lab/LOG.md."""
    from dataclasses import replace

    source = data_dir / "locomo" / "locomo_dev.json"
    if not source.is_file():
        pytest.skip("no LoCoMo dev file")
    conversations = json.loads(source.read_text(encoding="utf-8"))
    path = tmp_path / "slice.json"
    path.write_text(json.dumps([min(conversations, key=lambda c: len(json.dumps(c)))]), encoding="utf-8")
    result = evaluate(path, Embedded(minilm), replace(kit(), encoder=minilm))
    plain = result.plain()
    assert float(str(plain["above_best_hit"])) >= 5
    assert result.unknown(adversarial=True) >= 50
    assert result.unknown(adversarial=False) <= 15
