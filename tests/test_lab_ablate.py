"""Ablations: one line is one variant, a grid is every combination, seeds are averaged case by case."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.ablate import FULL, differences, evenly, main, merged, pooled, variants
from personavlm.bench.cases import MmeFolder
from personavlm.bench.folders import read_run
from personavlm.bench.values import Person
from personavlm.errors import BadInput
from tests.bench_data import benchmark
from tests.test_bench_runs import Steady, go

TOLD = {
    "data": "d",
    "out": "o",
    "mode": "personavlm",
    "variants": {"no memory": {"mode": "none"}, "without PEM": {"config": {"pem": "off"}}},
    "grid": {"config.limits.topics": [0, 4], "config.period": [True, False]},
}


def test_a_line_is_a_variant_and_a_grid_every_combination() -> None:
    found = {variant.name: variant.recipes[0] for variant in variants(TOLD)}
    assert list(found)[:3] == [FULL, "no memory", "without PEM"]
    assert found["no memory"].mode == "none"
    assert found["without PEM"].answering.pem == "off"
    assert found["topics 4, period False"].answering.limits.topics == 4
    assert not found["topics 4, period False"].answering.period
    assert len(found) == 7
    assert len({recipe.out for recipe in found.values()}) == 7
    assert len({recipe.replays for recipe in found.values()}) == 1


def test_seeds_make_a_run_each() -> None:
    full = variants({**TOLD, "seeds": [1, 2]})[0]
    assert [(r.seed, r.out.name) for r in full.recipes] == [(1, "full-system-seed1"), (2, "full-system-seed2")]
    with pytest.raises(BadInput):
        variants({**TOLD, "variants": {"x": {"colour": "red"}}})


def test_changes_go_as_deep_as_they_are_given() -> None:
    base = {"config": {"limits": {"topics": 2, "semantic": 4}, "period": True}}
    assert merged(base, {"config": {"limits": {"topics": 0}}}) == {
        "config": {"limits": {"topics": 0, "semantic": 4}, "period": True}
    }


@given(st.integers(1, 60), st.integers(1, 30))
def test_a_sample_is_spread_and_grows_from_what_it_was(persons: int, count: int) -> None:
    whole = [Person(str(n), "32k", (), MmeFolder(Path())) for n in range(persons)]
    some, more = evenly(whole, count), evenly(whole, 2 * count)
    assert len(some) == min(count, persons)
    assert len(set(some)) == len(some)
    if 2 * count <= persons:
        assert set(some) <= set(more)
    assert evenly(whole, None) == tuple(whole)


def test_several_seeds_count_as_their_mean(tmp_path: Path) -> None:
    go(tmp_path, "a")
    go(tmp_path, "b", Steady(breaks=[f"50/{n}#{n}" for n in range(2)]))
    a, b = read_run(tmp_path / "a"), read_run(tmp_path / "b")
    both = {one.case: one.score for one in pooled([a, b])}
    for one, other in zip(a.answered, b.answered, strict=True):
        assert both[one.case] == (one.score + other.score) / 2
    found = differences({FULL: [a], "b": [b]}, "32k", alignment=False)
    assert list(found) == ["b"]


def test_a_whole_recipe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = benchmark(tmp_path / "bench", ("50/0", "50/1"))
    path = tmp_path / "r.toml"
    path.write_text('mode = "oracle"\n[variants]\n"no memory" = { mode = "none" }\n')
    assert main([str(path), "--data", str(folder), "--out", str(tmp_path / "out"), "--setting", "32k"]) == 0
    assert "no memory" in capsys.readouterr().out
    found = json.loads((tmp_path / "out" / "ablation.json").read_text())["32k, multiple choice"]
    assert found[FULL]["value"] == 100.0
    assert found["no memory"]["difference"]["value"] == found["no memory"]["value"] - 100.0
    assert main([str(path), "--data", str(folder), "--out", str(tmp_path / "out"), "--setting", "32k", "--report"]) == 0
    assert "<table>" in (tmp_path / "out" / "ablation.html").read_text(encoding="utf-8")


def test_a_recipe_without_variants_is_one_run(tmp_path: Path) -> None:
    folder = benchmark(tmp_path / "bench")
    path = tmp_path / "r.toml"
    path.write_text('mode = "none"\n')
    assert main([str(path), "--data", str(folder), "--out", str(tmp_path / "out"), "--setting", "32k"]) == 0
    assert read_run(tmp_path / "out" / "full-system").plan.mode == "none"
