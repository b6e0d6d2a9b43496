"""Recipes: a run in a few lines, and the command line over it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from lab.ablate import variants
from personavlm.bench.recipes import Recipe, column_of, read_recipe, recipe_of, run_of
from personavlm.bench.voices import Sampled, Voice
from personavlm.cli import main
from personavlm.errors import BadInput
from personavlm.models import Sampling
from personavlm.models.scripted import Scripted
from tests.bench_data import benchmark


def test_a_recipe_is_read_and_options_count_more(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text('data = "d"\nout = "o"\nmode = "none"\nprofile = "running mean"\n[config]\nperiod = false\n')
    made = read_recipe(path, {"mode": "oracle", "limit": 2})
    assert (made.mode, made.limit, made.data, made.profile) == ("oracle", 2, Path("d"), "running mean")
    assert (made.answering.period, made.making.period) == (False, True)


@pytest.mark.parametrize("told", ["mode = 1", "modes = 'none'", "data = 'd'", "profile = 'mine'", "= ="])
def test_a_wrong_recipe_is_refused(tmp_path: Path, told: str) -> None:
    path = tmp_path / "run.toml"
    path.write_text(told)
    with pytest.raises(BadInput):
        read_recipe(path, {})
    with pytest.raises(BadInput):
        read_recipe(tmp_path / "none.toml", {})


def test_the_shipped_recipes_name_what_there_is() -> None:
    root = Path(__file__).resolve().parent.parent
    read = [tomllib.loads(path.read_text(encoding="utf-8")) for path in (root / "lab" / "recipes").glob("*.toml")]
    found = [told for told in read if "variants" in told]
    assert len(found) >= 3
    for told in found:
        for variant in variants(told | {"data": "d", "out": "o"}):
            for recipe in variant.recipes:
                assert recipe.answering
                assert recipe.making


def test_a_mode_or_axis_there_is_not_is_said_before_anything_is_written(tmp_path: Path) -> None:
    folder = benchmark(tmp_path / "bench")
    for change in ({"mode": "truth"}, {"config": {"memory": []}}, {"model": "nothing"}):
        recipe = recipe_of({"data": folder, "out": tmp_path / "out", **change})
        with pytest.raises(BadInput):
            run_of(recipe, column_of(recipe))
    assert not (tmp_path / "out").exists()
    assert Recipe(folder, tmp_path).replays is None


def test_seeds_differ_where_there_is_a_temperature() -> None:
    model = Scripted(lambda _messages, sampling: f"{sampling.temperature} {sampling.seed}")
    one, two = Sampled(model, 0.7, 1), Sampled(model, 0.7, 2)
    assert one.complete((), Sampling()).text == "0.7 1"
    assert one.name != two.name
    assert Voice("embedded").model().name.startswith("embedded")
    assert Voice("embedded", None, 0.7, 1).model().name.endswith("t=0.7 seed=1")


def run(*words: str) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(list(words))


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = benchmark(tmp_path / "bench", ("50/0", "200/1"))
    data = ["--data", "persona-mme", str(folder)]
    for mode in ("none", "oracle"):
        run("bench", "run", *data, "--setting", "32k", "--mode", mode, "--out", str(tmp_path / mode), "--json")
        printed = json.loads(capsys.readouterr().out)
        assert (printed["mode"], printed["n"]) == (mode, {"mcq": 1, "alignment": 2})
        assert printed["blind"]["random"]["value"] == 25.0
    assert printed["overall_mcq"]["value"] == 100.0

    run("bench", "run", *data, "--setting", "32k", "--mode", "oracle", "--out", str(tmp_path / "oracle"))
    assert "random" in capsys.readouterr().out
    run("bench", "compare", str(tmp_path / "none"), str(tmp_path / "oracle"), "--json")
    found = json.loads(capsys.readouterr().out)
    assert found["difference"]["n"] == 1

    run("bench", "report", str(tmp_path / "none"), str(tmp_path / "oracle"), "--out", str(tmp_path / "page"), "--json")
    assert json.loads(capsys.readouterr().out)["blind"]["random"]["value"] == 25.0
    page = (tmp_path / "page" / "report.html").read_text(encoding="utf-8")
    assert "oracle · 32k" in page
    assert "As published" in (tmp_path / "page" / "report.md").read_text(encoding="utf-8")

    run("bench", "check", str(tmp_path / "oracle"), "--json")
    assert json.loads(capsys.readouterr().out)["differing"] == []

    with pytest.raises(SystemExit, match="2"):
        main(["bench", "run", "--data", "else", str(folder), "--out", str(tmp_path / "x"), "--json"])
    assert "bad_input" in capsys.readouterr().out
