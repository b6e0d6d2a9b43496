"""Shelves: the same figures from runs and from the answers kept of them; what is not of one data set stands apart."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from personavlm.bench.compare import compare
from personavlm.bench.folders import read_run
from personavlm.bench.report import SHORT
from personavlm.bench.scores import Figure
from personavlm.bench.shelf import Place, Row, Shelf, by_task, differences_by_task, keep_answers, places, read_shelf
from personavlm.bench.values import ALIGNMENT
from personavlm.errors import BadInput
from tests.bench_data import answer
from tests.test_bench_runs import Steady, go

ROOT = Path(__file__).resolve().parent.parent
TASK = next(name for name, code in SHORT.items() if code == "SIR")


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Two runs on the same questions, one of which breaks at a case."""
    go(tmp_path, "runs/full-system")
    go(tmp_path, "runs/other", Steady(breaks=["50/0#0"]))
    return tmp_path / "runs"


def test_runs_and_what_is_kept_of_them_tell_the_same(runs: Path) -> None:
    (place,) = places(runs.parent)
    whole = read_shelf(place)
    made = {row.name: [row.run] for row in whole.rows if row.run}
    keep_answers(made, runs.parent / "kept.parquet")
    (runs.parent / "kept.json").write_text(json.dumps({"blind rules": {"longest": Figure(26, 24, 28, 3).plain()}}))
    kept = read_shelf(next(place for place in places(runs.parent) if place.name == "kept"))
    assert [row.name for row in kept.rows] == [row.name for row in whole.rows] == ["full system", "other"]
    for name in ("full system", "other"):
        for setting in whole.settings:
            ours, theirs = kept.scores(name, setting), whole.scores(name, setting)
            assert replace(ours, seconds=0.0) == replace(theirs, seconds=0.0)
            assert abs(ours.seconds - theirs.seconds) < 0.1
            assert kept.cost(name, setting).tokens_in == whole.cost(name, setting).tokens_in == 10
    assert kept.blind == {"longest": Figure(26, 24, 28, 3)}
    assert kept.rows[0].run is None
    assert whole.rows[0].run == read_run(runs / "full-system")


def test_seeds_of_one_system_are_systems_by_their_seed(runs: Path) -> None:
    run = read_run(runs / "other")
    again = replace(run, plan=replace(run.plan, seed=7))
    keep_answers({"one": [run, again]}, runs.parent / "kept.parquet")
    shelf = read_shelf(Place("kept", (runs.parent / "kept.parquet",)))
    assert [row.name for row in shelf.rows] == ["one, seed 0", "one, seed 7"]


def test_runs_of_other_data_stand_on_a_shelf_of_their_own(runs: Path) -> None:
    told = json.loads((runs / "other" / "run.json").read_text())
    told["plan"]["data"] = "another set"
    (runs / "other" / "run.json").write_text(json.dumps(told))
    assert [place.name for place in places(runs)] == ["runs on data/1", "runs on another set"]
    (runs / "other" / "run.json").write_text("{")
    with pytest.raises(BadInput, match="damaged"):
        places(runs)


def test_tables_of_another_kind_and_missing_folders_hold_no_shelf(runs: Path, tmp_path: Path) -> None:
    assert places(runs / "full-system") == ()
    assert places(tmp_path / "nowhere") == ()


def test_what_is_shipped_can_be_looked_at() -> None:
    shipped = {place.name: read_shelf(place) for place in places(ROOT / "lab" / "results")}
    assert next(iter(shipped)) == "bench_32k"  # the largest comes first
    whole = shipped["bench_32k"]
    told = json.loads((ROOT / "lab" / "results" / "bench_32k.json").read_text())
    for name, figures in told["32k, multiple choice"].items():
        assert whole.scores(name, "32k").overall_mcq.value == figures["value"], name
    small = shipped["runs"]
    first = small.rows[0]
    assert first.name == "full system"
    assert all(row.run is not None for row in small.rows)
    entry = first.run.entry(first.answered[0].person, first.answered[0].case) if first.run else None
    assert entry is not None
    assert entry.trace is not None


def shelf() -> Shelf:
    full = (answer("p", True, TASK), answer("q", True, TASK, 1), answer("p", False, ALIGNMENT, 2))
    less = (answer("p", False, TASK), answer("q", True, TASK, 1), answer("p", True, ALIGNMENT, 2))
    return Shelf("s", (Row("full", "a", full), Row("less", "a", less), Row("blind", "blind", less)), {}, "")


def test_a_system_is_compared_with_all_that_do_not_guess() -> None:
    one = shelf()
    assert list(one.against("full", "32k")) == ["less"]
    found = one.against("full", "32k")["less"]
    assert found == compare(one.row("full").answered, one.row("less").answered)
    assert found.difference.value == -50
    parts = differences_by_task(one.answers("full", "32k"), one.answers("less", "32k"))
    assert {name: part.difference.value for name, part in parts.items()} == {"SIR": -50, "PA": 100}
    assert list(by_task(one.scores("full", "32k"))) == ["SIR", "PA"]
    assert one.alignment("less", "32k").value == 100
    with pytest.raises(BadInput, match="choose among full, less, blind"):
        one.row("third")
