"""Released answers: two readings of the same replies, and our own runs scored again."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from personavlm.bench.released import check_run, official_letter, read_released, rescore
from personavlm.errors import BadInput
from tests.test_bench_runs import go

LISTS = {
    "Memory Recall_Visual Detail Recall": [["(b)", "(b)", []], ["(a) or (b)", "(b)", []], ["It is blue.", "(a)", []]],
    "alignment": [["(a)", "(a)", []], ["b", "(b)", []]],
}


def test_the_official_reading_always_finds_a_letter() -> None:
    assert [official_letter(text) for text in ("(b) because", "(a) or (b)", "B", "", ")x")] == ["b", "a", "b", "", ""]


def test_both_readings_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "eval_persona_mme.json"
    path.write_text(json.dumps(LISTS))
    found = rescore(read_released(path))
    assert (found.strict.value, found.strict.n, found.strict_with_alignment.value) == (33.33, 3, 60.0)
    assert (found.official.value, found.unparsed, found.users) == (33.33, 2, 0)


def test_users_are_the_unit_where_the_file_tells_them(tmp_path: Path) -> None:
    path = tmp_path / "eval_persona_mme.json"
    path.write_text(json.dumps({"50/0": LISTS, "50/1": LISTS}))
    found = rescore(read_released(path))
    assert found.users == 2
    assert found.strict.low == found.strict.high == found.strict.value, "two users alike"


@pytest.mark.parametrize("whole", [{}, {"a": 1}, {"a": [["(b)"]]}, {"u": {"a": "x"}}, []])
def test_another_shape_is_refused(tmp_path: Path, whole: object) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(whole))
    with pytest.raises(BadInput):
        rescore(read_released(path))


def test_a_run_of_ours_is_scored_again_from_its_journals(tmp_path: Path) -> None:
    go(tmp_path, "out")
    found = check_run(tmp_path / "out")
    assert (found.replies, found.differing) == (12, ())
    table = pl.read_parquet(tmp_path / "out/results.parquet")
    wrong = table.with_columns(score=1 - pl.col("score"))
    wrong.write_parquet(tmp_path / "out/results.parquet")
    assert len(check_run(tmp_path / "out").differing) == 12
