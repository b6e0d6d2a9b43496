"""Histories: a run is read while it goes on and afterwards; what is damaged is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from personavlm.errors import BadInput
from personavlm.training.histories import histories, read_history
from personavlm.training.rollouts import Curve, read_kept

ROOT = Path(__file__).resolve().parent.parent


def run(folder: Path, ended: bool = True) -> Path:
    folder.mkdir(parents=True)
    (folder / "log.csv").write_text("step,loss,kl\n1,2.5,\n2,2.25,0.5\n")
    (folder / "curves.csv").write_text("step,limit,kind,examples,exact,tokens\n2,96,copy,8,0.5,0.9\n4,96,copy,8,1,1\n")
    if ended:
        (folder / "run.json").write_text(json.dumps({"recipe": {"steps": 2}, "versions": {"torch": "2"}}))
    return folder


def test_a_run_is_read_with_its_curves_probes_and_recipe(tmp_path: Path) -> None:
    found = read_history(run(tmp_path / "a"))
    assert found.curves == (Curve("loss", (1, 2), (2.5, 2.25)), Curve("kl", (2,), (0.5,)))
    assert found.probes == (Curve("copy", (2, 4), (0.5, 1.0)),)
    assert (found.steps, found.kept, found.recipe) == (4, (), (("steps", "2"),))
    assert found.made_with == (("versions.torch", "2"),)
    assert found.curve("kl") == found.curves[1]
    assert found.curve("reward") is None


def test_a_run_that_goes_on_has_no_recipe_yet(tmp_path: Path) -> None:
    found = read_history(run(tmp_path / "a", ended=False))
    assert (found.steps, found.recipe, found.made_with) == (4, (), ())


def test_probes_alone_are_shown_before_the_first_row_of_the_log(tmp_path: Path) -> None:
    folder = run(tmp_path / "a", ended=False)
    (folder / "log.csv").unlink()
    found = read_history(folder)
    assert (found.curves, found.steps) == ((), 4)
    assert histories(tmp_path) == (folder,)


def test_runs_are_found_two_levels_deep(tmp_path: Path) -> None:
    folders = [run(tmp_path / "a"), run(tmp_path / "deep" / "b")]
    run(tmp_path / "far" / "too" / "deep")
    assert histories(tmp_path, tmp_path / "nowhere") == tuple(folders)


def test_damaged_files_are_named(tmp_path: Path) -> None:
    folder = run(tmp_path / "a")
    (folder / "curves.csv").write_text("step,exact\n1,x\n")
    with pytest.raises(BadInput, match="damaged"):
        read_history(folder)
    (folder / "run.json").write_text("{")
    with pytest.raises(BadInput, match=r"run.json is damaged"):
        read_history(folder)
    with pytest.raises(BadInput, match=r"log.csv"):
        read_history(tmp_path)


def test_what_is_shipped_can_be_looked_at() -> None:
    shipped = {folder.name: read_history(folder) for folder in histories(ROOT / "lab" / "results")}
    assert {"grpo_toy", "sft_smoke"} <= set(shipped)
    toy = shipped["grpo_toy"]
    first, last = (read_kept(toy.folder, step) for step in (toy.kept[0], toy.kept[-1]))
    assert [len(kept.groups[0].rollouts) for kept in (first, last)] == [16, 16]
    reward = toy.curve("reward")
    assert reward is not None
    assert reward.values[-1] > reward.values[0]
