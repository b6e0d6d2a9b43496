"""The data card shows what the result files hold, numbers and pictures, and its figures keep the project's bars."""

from __future__ import annotations

import json
from pathlib import Path

import plotly.graph_objects as go
import pytest

from lab import datacard
from lab.data_figures import blind, digest, read_sets, share, statistics, traits, variety, write_picture
from lab.report import ROOT, read_json
from lab.text_statistics import FLOORS, MOST_REPEATED
from lab.trait_signal import ENOUGH, LITTLE
from personavlm.errors import BadInput

BENCH = ROOT / "data" / "worlds" / "bench"


def test_the_card_shows_the_result_files() -> None:
    assert datacard.stale() == [], "run `python -m lab.datacard write`"


def test_every_part_and_picture_is_on_the_card() -> None:
    text = datacard.PAGE.read_text(encoding="utf-8")
    assert all(f"<!-- {name} -->" in text and f"<!-- /{name} -->" in text for name in datacard.PARTS)
    shown = {path.stem for path in datacard.PICTURES.glob("*.png")}
    assert shown == set(datacard.figures())
    assert {name for name in shown if f"datacard/{name}.png" not in text} == {"statistics"}  # there as a table


def test_the_bars_are_held_by_the_committed_figures() -> None:
    leaks = read_json("leaks.json")
    for part in (leaks["pooled"], leaks["fresh"]):
        shares = {name: row["all"][1] for name, row in part["multiple choice"].items()}
        assert shares.pop("classifier") <= 29
        assert all(abs(right - 25) <= 3 for right in shares.values())
        assert all(abs(right - 50) <= 3 for _, right in part["alignment"].values())
    rows = read_json("text_statistics.json")["rows"]
    for words in (rows["train, user"], rows["test, user"]):
        assert all(words[name] >= floor for name, floor in FLOORS.items())
        assert words["repeated"] <= MOST_REPEATED
    found = read_json("trait_signal.json")["r"]
    assert all(r >= ENOUGH for r, *_ in found["60 turns"].values())
    assert all(r < LITTLE for name in ("first 2 turns", "any 2 turns") for r, *_ in found[name].values())


def test_a_damaged_card_and_a_stale_picture_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = datacard.PAGE.read_text(encoding="utf-8")
    page = tmp_path / "card.md"
    page.write_text(text.replace("| persons |", "| persons | 1 |", 1), encoding="utf-8")
    monkeypatch.setattr(datacard, "PAGE", page)
    monkeypatch.setattr(datacard, "PICTURES", tmp_path)
    assert datacard.stale() == ["card.md", *datacard.figures()]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """The shipped benchmark, and a training set of two persons of seed 0 that has no samples of some kinds."""
    from personavlm.worlds.life_time import frame

    (tmp_path / "parts").mkdir()
    for number in range(2):
        head = {"person": f"train-{number}", "turns": frame(0, "train", "train", number).turns}
        (tmp_path / "parts" / f"{number:04}.jsonl").write_text(json.dumps(head) + "\n{}\n")
    kinds = ("reasoning", "semantic", "personality", "episodic", "procedural", "core")
    made = {
        "persons": 2,
        "samples": {kind: {"there": 3} for kind in kinds},
        "rl": {"open": 1},
        "with_pictures": 4,
        "concepts": 1,
    }
    (tmp_path / "statistics.json").write_text(json.dumps(made))
    return BENCH, tmp_path


def test_two_folders_are_read(folders: tuple[Path, Path]) -> None:
    sets = read_sets(*folders)
    assert sets.bench_seed == json.loads((BENCH / "truth" / "manifest.json").read_bytes())["seed"]
    assert statistics(sets)["persons"] == "6"
    assert (sum(sets.train.samples.values()), sets.train.rl) == (18, {"open": 1, "choice": 0, "binary": 0})


def test_folders_of_another_seed_or_without_a_set_are_bad_input(folders: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not made from seed 1"):
        read_sets(*folders, train_seed=1)
    with pytest.raises(BadInput, match="cannot be read"):
        read_sets(tmp_path / "nothing", folders[1])


def test_intervals_of_shares() -> None:
    assert share(100, 50.0) == (50.0, 40.2, 59.8)
    choice, manner = blind(read_json("leaks.json"))
    assert all(low <= right <= high for row in choice.series.values() for right, low, high in row.values())
    assert "random" not in choice.rows
    assert choice.band == (22.0, 28.0)
    assert manner.lines == (50.0,)


def test_real_text_stands_beside_ours() -> None:
    panel = variety(read_json("text_statistics.json")["rows"])[0]
    assert set(panel.series["real people"]) == {"LAPS, user", "LoCoMo, both"}
    assert not set(panel.series["ours"]) & set(panel.series["real people"])
    held = {one.title: one.lines for one in traits(read_json("trait_signal.json")["r"])}
    assert held == {
        "from 60 turns": (ENOUGH,),
        "from 60 unseen turns": (),
        "from first 2 turns": (LITTLE,),
        "from any 2 turns": (LITTLE,),
    }


def test_a_figure_is_told_by_its_values_and_notes_and_not_by_its_style() -> None:
    one, other = (go.Figure(go.Bar(x=[1], y=[height])) for height in (1, 2))
    assert digest(one) == digest(go.Figure(one).update_layout(height=90)) != digest(other)
    assert digest(one) != digest(go.Figure(one).add_annotation(text="of 6 persons"))


@pytest.mark.slow  # starts a browser
def test_a_picture_carries_the_digest_of_its_figure(tmp_path: Path) -> None:
    one = go.Figure(go.Bar(x=[1], y=[1]))
    if write_picture(one.update_layout(height=120), tmp_path / "one.png"):
        assert datacard.shown(tmp_path / "one.png") == digest(one)
    assert datacard.shown(tmp_path / "none.png") == ""
