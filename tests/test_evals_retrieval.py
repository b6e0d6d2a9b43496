"""The retrieval evals: their arithmetic on made-up talks, and the bars on the development data where present."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from personavlm.errors import BadInput
from personavlm.evals import preferences, retrieval
from personavlm.evals.retrieval import Judged, recall

TALK = [
    {
        "sample_id": "made-up",
        "conversation": {
            "speaker_a": "Ann",
            "speaker_b": "Ben",
            "session_1_date_time": "1:56 pm on 8 May, 2023",
            "session_1": [
                {"speaker": "Ann", "dia_id": "D1:1", "text": "I bought a violin yesterday."},
                {"speaker": "Ben", "dia_id": "D1:2", "text": "Great! I had soup for lunch."},
            ],
            "session_2_date_time": "10:00 am on 2 June, 2023",
            "session_2": [
                {"speaker": "Ann", "dia_id": "D2:1", "text": "The train to Paris was late."},
                {"speaker": "Ben", "dia_id": "D2:2", "text": "Look", "blip_caption": "a photo of a red boat"},
            ],
        },
        "qa": [
            {"question": "When did Ann buy a violin?", "answer": "7 May 2023", "evidence": ["D1:1"], "category": 2},
            {"question": "What did Ben show?", "answer": "a red boat", "evidence": ["D2:02"], "category": 4},
            {"question": "Violin or boat?", "answer": "both", "evidence": ["D1:1; D2:2"], "category": 1},
            {"question": "Nothing?", "answer": "no", "evidence": [], "category": 5},
        ],
    }
]


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    path = tmp_path / "talk.json"
    path.write_text(json.dumps(TALK), encoding="utf-8")
    return path


def test_recall_is_the_mean_share_of_evidence_and_mrr_that_of_the_first() -> None:
    found = recall([Judged("multi-hop", (1, 7)), Judged("temporal", (4,))])
    assert found.at == {1: 25.0, 5: 75.0, 10: 100.0, 20: 100.0}
    assert found.mrr == pytest.approx(100 * (1 + 1 / 4) / 2)
    assert recall([]).n == 0


def test_evaluate_repairs_ids_and_counts_by_category(talk: Path, minilm: Any) -> None:
    seen: list[str] = []
    result = retrieval.evaluate(talk, minilm, baselines=True, report=seen.append)
    assert seen == ["made-up"]
    assert (result.overall.n, result.repaired) == (3, 2)
    assert {name: one.n for name, one in result.by_category.items() if one.n} == {
        "multi-hop": 1,
        "temporal": 1,
        "single-hop": 1,
    }
    assert result.by_category["temporal"].at[1] == 100
    assert result.overall.at[5] == 100
    plain = result.plain()
    assert {"n", "R@1", "R@5", "R@10", "R@20", "MRR", "by_category"} <= plain.keys()
    assert set(result.baselines) == {"BM25", "MiniLM"}


def test_a_file_of_another_shape_is_refused(tmp_path: Path, minilm: Any) -> None:
    (tmp_path / "x.json").write_text("{}", encoding="utf-8")
    with pytest.raises(BadInput):
        retrieval.evaluate(tmp_path / "x.json", minilm)
    with pytest.raises(BadInput):
        preferences.evaluate(tmp_path, minilm)


def test_preferences_of_all_topics_lie_in_one_pool(tmp_path: Path, minilm: Any) -> None:
    folder = tmp_path / "explicit_preference"
    folder.mkdir()
    for topic, preference, question in [
        ("food", "I do not eat meat.", "Which dish should I order?"),
        ("trips", "I am afraid of flying.", "How do I get to Lisbon by plane?"),
    ]:
        item = {"preference": preference, "question": question, "explanation": ""}
        (folder / f"{topic}.json").write_text(json.dumps([item]), encoding="utf-8")
    plain = preferences.evaluate(tmp_path, minilm).plain()
    assert plain == {
        "n": 2,
        "R@1": 100.0,
        "R@5": 100.0,
        "R@10": 100.0,
        "MRR": 100.0,
        "MiniLM": {"n": 2, "R@1": 100.0, "R@5": 100.0, "R@10": 100.0, "MRR": 100.0},
    }


@pytest.mark.slow
def test_bars_on_long_conversations(data_dir: Path, minilm: Any) -> None:
    path = data_dir / "locomo" / "locomo_dev.json"
    if not path.is_file():
        pytest.skip("no LoCoMo")
    result = retrieval.evaluate(path, minilm)
    assert result.overall.n == 1018
    assert result.overall.at[5] >= 67
    assert result.overall.at[10] >= 76
    assert result.overall.mrr >= 54
    assert result.by_category["multi-hop"].at[10] >= 44
    assert result.by_category["temporal"].at[10] >= 79
    assert result.with_hop >= result.without_hop


@pytest.mark.slow
def test_words_cost_little_where_none_are_shared(data_dir: Path, minilm: Any) -> None:
    if not (data_dir / "prefeval").is_dir():
        pytest.skip("no PrefEval")
    result = preferences.evaluate(data_dir / "prefeval", minilm)
    assert result.ours.n == 505
    assert result.ours.at[5] >= result.minilm.at[5] - 1
