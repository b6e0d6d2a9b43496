"""The benchmark on disk: the published layout and nothing of the truth in it, resumable, the same bytes for a seed."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from personavlm.datasets.personamme import personamme
from personavlm.errors import BadInput
from personavlm.exchange import BenchmarkData, read_user_data
from personavlm.synthesis.benchmark import Place, make_benchmark, make_person, places, read_truth
from personavlm.synthesis.page import page
from personavlm.synthesis.questions.values import TASKS
from personavlm.synthesis.statistics import Statistics
from personavlm.trace import revive
from personavlm.worlds.values import World

SEED, PERSONS = 3, 2


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Statistics]:
    out = tmp_path_factory.mktemp("bench")
    return out, make_benchmark(out, SEED, PERSONS, processes=1)


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_two_hundred_persons_are_fifty_of_each_setting() -> None:
    rows = places(200)
    assert [(p.setting, p.number) for p in rows[:2]] == [("50", 0), ("50", 1)]
    assert all(sum(p.setting == s for p in rows) == 50 for s in ("50", "100", "200", "500"))


def test_the_published_reader_takes_all_of_it(made: tuple[Path, Statistics]) -> None:
    out, statistics = made
    read = personamme(out)
    assert not read.skipped
    assert sum(len(person.questions) for person in read.persons) == statistics.questions > 15
    names = {info.name: info.aspect for info in TASKS.values()}
    for question in (q for person in read.persons for q in person.questions):
        assert names[question.task] == question.aspect
        assert bool(question.chosen) == bool(question.rejected)


def test_entries_have_the_published_keys_in_order(made: tuple[Path, Statistics]) -> None:
    rows = json.loads((made[0] / "Persona-MME.json").read_bytes())
    keys = ["data_path", "type", "question_type", "time", "query", "choices", "answer"]
    for row in rows:
        assert [key for key in row if key != "alignment"] == keys
        assert list(row["choices"]) == ["(a)", "(b)", "(c)", "(d)"]
        assert row["answer"] in row["choices"]
        assert row["data_path"].startswith("./data/Persona-MME/samples/")
    assert sum("alignment" in row for row in rows) == made[1].alignment > 0


def test_dialogues_and_pictures_are_read_back_whole(made: tuple[Path, Statistics]) -> None:
    folder = made[0] / "samples" / "50" / "0"
    read = read_user_data(folder)
    world = revive(World, (folder / "world.json").read_text(encoding="utf-8"))
    assert isinstance(read.data, BenchmarkData)
    turns = [turn for session in read.data.sessions for turn in session]
    assert [turn.assistant for turn in turns] == [turn.reply for turn in world.turns]
    assert sum(turn.user.count("<img>") for turn in turns) == len(read.data.imgs) == len(world.shots)
    assert set(read.data.profile) == {"name"}
    assert not read.skipped


def test_truth_stands_in_the_order_of_the_file(made: tuple[Path, Statistics]) -> None:
    out, _ = made
    rows = json.loads((out / "Persona-MME.json").read_bytes())
    truth = read_truth(out)
    assert [row["query"] for row in rows] == [question.query for question in truth]
    assert [row["choices"][row["answer"]] for row in rows] == [question.right for question in truth]


def test_a_stopped_run_goes_on_and_comes_out_the_same(made: tuple[Path, Statistics], tmp_path: Path) -> None:
    out, statistics = made
    half = tmp_path / "half"
    shutil.copytree(out, half)
    shutil.rmtree(half / "samples" / "100")
    (half / "Persona-MME.json").unlink()
    assert make_benchmark(half, SEED, PERSONS, processes=2) == statistics
    assert digests(half) == digests(out)


def test_a_folder_holds_one_seed(made: tuple[Path, Statistics]) -> None:
    with pytest.raises(BadInput, match="another benchmark"):
        make_benchmark(made[0], SEED + 1, PERSONS, processes=1)
    with pytest.raises(BadInput, match="missing"):
        read_truth(made[0] / "samples")


def test_no_candidate_is_turned_down(made: tuple[Path, Statistics]) -> None:
    assert make_person(made[0], SEED, Place("100", 0)).dropped == 0


def test_the_page_shows_evidence_and_escapes(made: tuple[Path, Statistics]) -> None:
    html = page(made[0], 12, 1)
    assert html.count("<article>") == 12
    assert html.count('class="right"') == 12
    assert "<blockquote>" in html
    assert page(made[0], 12, 1) == html != page(made[0], 12, 2)
