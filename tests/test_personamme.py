"""Persona-MME as downloaded, on small files in its published layout, whole and damaged."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personavlm.datasets import personamme
from personavlm.datasets.personamme import NAME, SIZES
from personavlm.errors import BadInput
from personavlm.exchange import read_user_data, to_dialogue
from tests.test_exchange import png


def entry(path: str = "./data/Persona-MME/samples/50/0/user_data.json", **changes: Any) -> dict[str, Any]:
    return {
        "data_path": path,
        "type": "Memory Recall",
        "question_type": "Visual Detail Recall",
        "time": "2025-03-03 18:05 (Monday)",
        "query": "What colour is the handle of the kettle I showed you?",
        "choices": {"(a)": "red", "(b)": "blue", "(c)": "black", "(d)": "green"},
        "answer": "(b)",
    } | changes


def write(folder: Path, entries: list[Any], users: tuple[str, ...] = ("50/0",)) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NAME).write_text(json.dumps(entries), encoding="utf-8")
    for user in users:
        place = folder / "samples" / user
        place.mkdir(parents=True, exist_ok=True)
        talk = [{"time": "2025-03-03 10:00 (Monday)", "user": "Look <img> my kettle", "assistant": "Nice handle."}]
        whole = {"profile": {"name": "Ida", "age": "31"}, "imgs": ["/data/u/k.png"], "sessions": [talk]}
        (place / "user_data.json").write_text(json.dumps(whole), encoding="utf-8")
        (place / "k.png").write_bytes(png("blue"))
    return folder


def test_a_whole_file(tmp_path: Path) -> None:
    aligned = entry("samples/200/3/user_data.json", alignment={"chosen": "Sure!", "rejected": "Sure."})
    read = personamme(write(tmp_path, [aligned, entry()], ("50/0", "200/3")))
    assert read.skipped == ()
    assert [(p.id, p.setting) for p in read.persons] == [("50/0", "32k"), ("200/3", "128k")]
    (question,) = read.persons[0].questions
    assert (question.number, question.answer, question.options) == (1, "b", ("red", "blue", "black", "green"))
    assert question.at == datetime(2025, 3, 3, 18, 5)
    assert (read.persons[1].questions[0].chosen, read.persons[1].questions[0].rejected) == ("Sure!", "Sure.")


def test_its_talk_is_read_with_its_pictures(tmp_path: Path) -> None:
    (person,) = personamme(write(tmp_path, [entry()])).persons
    (dialogue,) = to_dialogue(read_user_data(person.folder).data, person.folder, UTC).dialogues
    assert (dialogue.user, dialogue.turns[0].text) == ("Ida", "Look my kettle")
    assert dialogue.turns[0].pictures == (person.folder / "k.png",)


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (entry("samples/70/0/user_data.json"), "names no user"),
        (entry("samples/50/../../user_data.json"), "names no user"),
        (entry(choices={"(a)": "x", "(b)": "y"}), "not (a) to (d)"),
        (entry(choices={"(a)": "x", "(b)": "y", "(c)": "", "(d)": "z"}), "not (a) to (d)"),
        (entry(answer="(e)"), "none of (a) to (d)"),
        (entry(time="yesterday"), "not like"),
        (entry(query="  "), "empty"),
        (entry(alignment={"chosen": "x"}), "Field required"),
        ({"query": "?"}, "Field required"),
        ("no entry", "valid dictionary"),
        (entry("samples/100/9/user_data.json"), "1 questions are not asked"),
    ],
)
def test_damaged_entries_are_left_out_with_their_reason(tmp_path: Path, damage: Any, why: str) -> None:
    read = personamme(write(tmp_path, [damage, entry()]))
    assert [q.number for p in read.persons for q in p.questions] == [1]
    assert len(read.skipped) == 1
    assert why in read.skipped[0].why


def test_a_folder_without_questions_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        personamme(tmp_path)
    with pytest.raises(BadInput, match="no question that can be asked"):
        personamme(write(tmp_path / "empty", [entry(answer="")]))
    (tmp_path / NAME).write_text("{}")
    with pytest.raises(BadInput):
        personamme(tmp_path)


@given(st.lists(st.sampled_from(["50/0", "50/1", "100/0", "200/9", "500/49"]), min_size=1, max_size=12))
def test_every_entry_is_asked_of_its_user(tmp_path_factory: pytest.TempPathFactory, users: list[str]) -> None:
    entries = [entry(f"x/samples/{user}/user_data.json") for user in users]
    read = personamme(write(tmp_path_factory.mktemp("mme"), entries, tuple(set(users))))
    assert {q.number: p.id for p in read.persons for q in p.questions} == dict(enumerate(users))
    assert all(p.id.split("/")[0] in SIZES[p.setting] for p in read.persons)
