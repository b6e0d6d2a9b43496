from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from personavlm.evals.extraction import Counts, ExtractionResult, counted, evaluate, normal
from personavlm.memory import Memory

AT = datetime(2025, 1, 6, tzinfo=UTC)


def memory(number: int, text: str, attribute: str, value: str) -> Memory:
    return Memory(f"m{number}", "semantic", text, AT, ("t1",), attribute=attribute, value=value)


def test_values_are_compared_in_lower_case_with_punctuation_as_spaces() -> None:
    assert normal("Gluten-free,  please!") == "gluten free please"


def test_counts_of_one_session_by_hand() -> None:
    noted = [("diet_requirements", "Vegan"), ("time_availability", "30 minutes"), ("dish_like", "soup")]
    memories = [memory(1, "vegan", "diet_requirements", "vegan"), memory(2, "has about 30 minutes", "x", "30 minutes")]
    counts = counted(noted, memories, ["I'm vegan", "I have about 30 minutes, soup is nice"])
    assert counts == Counts(noted=3, remembered=2, right=1, memories=2, found=2, found_whole=3, kept=5, typed=11)


def test_figures_add_up_over_sessions() -> None:
    one = Counts(noted=3, remembered=2, right=1, memories=2, found=2, found_whole=3, kept=5, typed=10)
    result = ExtractionResult(one + one, 2)
    assert result.precision == 50
    assert result.recall == pytest.approx(100 / 3)
    assert result.f1 == pytest.approx(40)
    plain = result.plain()
    assert plain["value_recall"] == 66.7
    assert plain["words_kept"] == 0.5
    assert plain["memories_per_gold"] == 0.67
    assert plain["n"] == 6
    assert plain["whole turns"] == {"value_recall": 100.0, "words_kept": 1.0}


def test_nothing_at_all_gives_noughts_not_errors() -> None:
    assert ExtractionResult(Counts(), 0).plain()["f1"] == 0.0


def session(user: list[str], preferences: dict[str, list[str]]) -> dict[str, Any]:
    asked = "Do you have any allergies or dietary requirements? I can find a recipe for dinner."
    talk: list[dict[str, Any]] = []
    for text in user:
        talk.append({"role": "Assistant", "turn_number": len(talk), "message": asked})
        talk.append({"role": "User", "turn_number": len(talk), "message": text})
    return {"dialogue": talk, "preferences": preferences, "task_setting": "dinner"}


def test_a_file_goes_through_the_real_update_stage(tmp_path: Path, minilm: Any) -> None:
    from personavlm.assistant import Kit
    from personavlm.embedded import Embedded
    from personavlm.encoders.picture import load_picture_encoder

    one = session(
        ["I need a dinner recipe", "I'm vegetarian and allergic to nuts"], {"diet_requirements": ["vegetarian"]}
    )
    file = tmp_path / "laps.json"
    file.write_text(json.dumps([{"worker_id": "w", "topic": "recipe", "sessions": [one]}]))
    seen: list[tuple[int, int]] = []
    kit = Kit(minilm, load_picture_encoder())
    result = evaluate(file, Embedded(minilm), kit, lambda _what, done, total: seen.append((done, total)))
    assert result.counts.noted == 1
    assert result.counts.right == 1
    assert seen == [(1, 1)]
    assert result.plain()["whole turns"] == {"value_recall": 100.0, "words_kept": 1.0}
