"""Extraction held out: figures of folds and their intervals, and counts that are found again."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personavlm.evals.extraction import Counts, ExtractionResult

cross = pytest.importorskip("lab.cross_extraction", reason="needs scipy and torch")

COUNTS = st.builds(
    lambda right, wrong, missed: Counts(right + missed, right + wrong, right, right + wrong, right, right, 5, 10),
    *[st.integers(0, 9)] * 3,
)


@settings(deadline=None, max_examples=10)
@given(st.lists(COUNTS, min_size=2, max_size=6))
def test_figures_lie_between_those_of_single_workers(parts: list[Counts]) -> None:
    folds = {k: {k: ExtractionResult(one, 1)} for k, one in enumerate(parts)}
    found = cross.summary(folds, draws=50)
    assert found["sessions"] == found["workers"] == len(parts)
    for name in cross.SHOWN:
        low, high = found["interval"][name]
        each = [cross.pooled([ExtractionResult(one, 1)])[name] for one in parts]
        assert min(each) - 0.051 <= low <= high <= max(each) + 0.051
        assert min(each) - 0.051 <= found["mean of folds"][name] <= max(each) + 0.051


def test_workers_who_are_alike_leave_no_doubt() -> None:
    one = ExtractionResult(Counts(4, 4, 2, 4, 3, 3, 5, 10), 1)
    found = cross.summary({0: {0: one, 1: one}, 1: {2: one}}, draws=20)
    assert found["mean of folds"]["f1"] == 50
    assert found["interval"]["f1"] == [50, 50]
    assert found["together"]["value_recall"] == 75


def test_a_stopped_run_finds_its_counts_again(tmp_path: Path) -> None:
    one = Counts(4, 4, 2, 4, 3, 3, 5, 10)
    cross.log(tmp_path, 3).write_text(json.dumps({"worker": 7, "sessions": 2, **asdict(one)}) + "\n")
    assert cross.counts(tmp_path, 3) == {7: ExtractionResult(one, 2)}
    assert cross.counts(tmp_path, 4) == {}
