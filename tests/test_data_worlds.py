"""The shipped persons: what their manifest says, taken whole by every reader, every label and question still right."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lab import make_worlds
from lab.make_worlds import BENCH, BENCH_PERSONS, MANIFEST, TRAIN, TRAIN_PERSONS, WORLDS
from personavlm import cli
from personavlm.datasets import personamme
from personavlm.prompts.respond import parse_step
from personavlm.prompts.update import parse_core, parse_episodic, parse_personality, parse_procedural, parse_semantic
from personavlm.synthesis.benchmark import SETTINGS, read_truth
from personavlm.synthesis.check import problems
from personavlm.synthesis.living import SAMPLE_KINDS
from personavlm.trace import Malformed
from personavlm.worlds.kept import read_world, read_worlds

MOST_MB = 10
PARSERS: dict[str, Any] = {
    "reasoning": lambda text: parse_step(text, UTC, strict=True).action,
    "semantic": lambda text: parse_semantic(text, UTC),
    "personality": parse_personality,
    "episodic": lambda text: parse_episodic(text, 99),
    "procedural": parse_procedural,
    "core": parse_core,
}


def rows(name: str) -> Iterator[dict[str, Any]]:
    return map(json.loads, (WORLDS / TRAIN / name).read_text(encoding="utf-8").splitlines())


def manifest() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((WORLDS / MANIFEST).read_bytes())
    return found


def test_the_files_are_those_of_the_manifest() -> None:
    sums = {p.relative_to(WORLDS).as_posix(): p.read_bytes() for p in make_worlds.files(WORLDS)}
    assert {name: hashlib.sha256(content).hexdigest() for name, content in sums.items()} == manifest()["sha256"]
    assert sum(map(len, sums.values())) < MOST_MB * 2**20


def test_there_are_persons_of_every_kind() -> None:
    worlds = list(read_worlds(WORLDS))
    assert len(worlds) == BENCH_PERSONS + TRAIN_PERSONS
    assert {world.setting for world in worlds} == {*SETTINGS, "train"}
    assert {world.person.half for world in worlds} == {"train", "test"}


def test_the_benchmark_is_read_whole_and_its_questions_are_right() -> None:
    read = personamme(WORLDS / BENCH)
    assert (len(read.persons), read.skipped) == (BENCH_PERSONS, ())
    truth = {question.id: question for question in read_truth(WORLDS / BENCH)}
    assert len(truth) == sum(len(person.questions) for person in read.persons)
    for world in read_worlds(WORLDS / BENCH):
        asked = [question for question in truth.values() if question.person == world.person.id]
        assert asked
        assert [problem for question in asked for problem in problems(world, question)] == []


def test_photographs_are_told_from_what_was_drawn() -> None:
    named = manifest()["photographs"]
    assert set(named.values()) <= {path.name for path in (WORLDS.parent / "pictures").glob("*.jpg")}
    for folder in sorted((WORLDS / BENCH / "samples").glob("*/*")):
        place = folder.relative_to(WORLDS).as_posix()
        taken = {f"{place}/{shot.id}.jpg": shot.photo for shot in read_world(folder).shots if shot.photo}
        assert taken == {name: photo for name, photo in named.items() if name.startswith(f"{place}/")}


def test_every_label_keeps_its_contract_and_every_picture_is_there() -> None:
    kinds = set()
    for row in rows("sft.jsonl"):
        kinds.add(row["kind"])
        targets = [m["content"][0]["text"] for m in row["messages"] if m["role"] == "assistant"]
        assert targets
        assert not any(isinstance(PARSERS[row["kind"]](text), Malformed) for text in targets)
        assert all((WORLDS / TRAIN / name).is_file() for name in row["images"])
    assert kinds == set(SAMPLE_KINDS)
    assert {row["form"] for row in rows("rl.jsonl")} == {"open", "choice", "binary"}
    persons = {world.person.id for world in read_worlds(WORLDS / TRAIN)}
    assert {row["person"] for name in ("sft.jsonl", "rl.jsonl") for row in rows(name)} == persons


def test_a_person_comes_into_a_home_with_one_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = WORLDS / BENCH / "samples" / "50" / "0"
    with pytest.raises(SystemExit) as stopped:
        cli.main(["import", "personavlm", str(folder), "--home", str(tmp_path), "--json"])
    assert not stopped.value.code
    (user,) = json.loads(capsys.readouterr().out)["users"]
    assert (user["user"], user["turns"]) == (read_world(folder).person.name, len(read_world(folder).turns))


def test_whatever_differs_is_named(tmp_path: Path) -> None:
    for folder, content in (("a", {"same": "1", "other": "2", "x/gone": "3"}), ("b", {"same": "1", "other": "9"})):
        for name, text in content.items():
            (tmp_path / folder / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / name).write_text(text)
        make_worlds.write(tmp_path / folder / MANIFEST, make_worlds.manifest(tmp_path / folder))
    assert make_worlds.different(tmp_path / "a", tmp_path / "b") == ["other", "x/gone"]
    assert make_worlds.different(tmp_path / "a", tmp_path / "a") == []


@pytest.mark.slow
def test_the_set_is_what_its_command_makes(tmp_path: Path) -> None:
    """Text to the byte; pictures and the choice of hits rest on floating point, which another machine may round."""
    made = tmp_path / "worlds"
    make_worlds.make(made)
    changed = [name for name in make_worlds.different(made) if not name.endswith(("jpg", "png"))]
    assert not [name for name in changed if not name.startswith(TRAIN) or name.endswith("world.json")]
    for name in ("sft.jsonl", "rl.jsonl"):
        ours, theirs = ((folder / TRAIN / name).read_text().splitlines() for folder in (made, WORLDS))
        assert len(set(ours) & set(theirs)) >= 0.98 * len(theirs)
    for path in sorted((made / BENCH).rglob("*.jpg")):
        pixels = [np.asarray(Image.open(p), dtype=float) for p in (path, WORLDS / path.relative_to(made))]
        assert np.abs(pixels[0] - pixels[1]).mean() < 1
