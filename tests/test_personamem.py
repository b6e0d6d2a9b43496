"""PERSONAMEM as downloaded, on small files in its published layout, whole and damaged."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from personavlm.datasets import PersonaMem, mem_dialogue, personamem
from personavlm.errors import BadInput

COLUMNS = (
    "persona_id", "question_id", "question_type", "topic", "context_length_in_tokens", "context_length_in_letters",
    "distance_to_ref_in_blocks", "distance_to_ref_in_tokens", "num_irrelevant_tokens",
    "distance_to_ref_proportion_in_context",
    "user_question_or_message", "correct_answer", "all_options", "shared_context_id", "end_index_in_shared_context",
)  # fmt: skip
TALK = [
    {"role": "system", "content": "Current user persona: a potter."},
    {"role": "user", "content": "User: I gave up on jazz.\nIt got too loud."},
    {"role": "assistant", "content": "Assistant: That happens.\u2028What do you listen to now?"},
    {"role": "user", "content": "Folk, mostly."},
    {"role": "assistant", "content": "Lovely."},
]


def row(**changes: str) -> dict[str, str]:
    return dict.fromkeys(COLUMNS, "7") | {
        "persona_id": "3",
        "question_id": "q1",
        "question_type": "recall_user_shared_facts",
        "topic": "musicRecommendation",
        "user_question_or_message": "User: Which music did I give up?",
        "correct_answer": "(b)",
        "all_options": "['(a) You never said.', '(b) You gave up on jazz, as it\\'s loud.', '(c) Folk', '(d) Rock']",
        "shared_context_id": "c1",
        "end_index_in_shared_context": "3",
    } | changes  # fmt: skip


def write(folder: Path, rows: list[dict[str, str]], lines: list[str] | None = None) -> Path:
    with (folder / "questions_32k.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(rows)
    content = lines if lines is not None else [json.dumps({"c1": TALK}, ensure_ascii=False)]
    (folder / "shared_contexts_32k.jsonl").write_text("\n".join(content), encoding="utf-8")
    return folder


def read_one(folder: Path, **changes: str) -> PersonaMem:
    return personamem(write(folder, [row(**changes), row(question_id="q2")]))


def test_a_whole_folder(tmp_path: Path) -> None:
    read = personamem(write(tmp_path, [row()]))
    (question,) = read.questions
    assert (question.id, question.persona, question.answer, question.end) == ("q1", "3", "b", 3)
    assert question.text == "Which music did I give up?"
    assert question.options[1] == "You gave up on jazz, as it's loud."
    assert [m.role for m in read.before(question)] == ["system", "user", "assistant"]
    assert read.skipped == ()


@pytest.mark.parametrize("spell", [repr, json.dumps, lambda options: json.dumps(options, ensure_ascii=False)])
def test_options_may_be_spelt_by_json_or_python(tmp_path: Path, spell: Callable[[list[str]], str]) -> None:
    """Either may come in a table; JSON escapes what lies outside the first plane as two halves."""
    texts = ('A "loud" band 🎷', "it's a café", "back\\slash", "two\nlines")
    (question, _) = read_one(
        tmp_path, all_options=spell([f"({letter}) {text}" for letter, text in zip("abcd", texts, strict=True)])
    ).questions
    assert question.options == texts


def test_its_talk_becomes_turns_without_the_persona(tmp_path: Path) -> None:
    read = personamem(write(tmp_path, [row()]))
    start = datetime(2025, 1, 6, tzinfo=UTC)
    dialogue = mem_dialogue(read.contexts["c1"], "3", start)
    assert [t.text for t in dialogue.turns] == ["I gave up on jazz.\nIt got too loud.", "Folk, mostly."]
    assert dialogue.turns[0].reply.startswith("That happens.")
    assert [t.time - start for t in dialogue.turns] == [timedelta(minutes=1), timedelta(minutes=3)]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"correct_answer": "(e)"}, "none of its 4"),
        ({"correct_answer": ""}, "none of its 4"),
        ({"all_options": "no list"}, "no list"),
        ({"all_options": "['(a) x', '(a) y']"}, "not lettered"),
        ({"all_options": "[1, 2]"}, "two or more texts"),
        ({"shared_context_id": "c9"}, "no context"),
        ({"end_index_in_shared_context": "99"}, "not within"),
        ({"end_index_in_shared_context": "x"}, "not within"),
    ],
)
def test_damaged_rows_are_left_out_with_their_reason(tmp_path: Path, changes: dict[str, str], why: str) -> None:
    read = read_one(tmp_path, **changes)
    assert [q.id for q in read.questions] == ["q2"]
    assert [why in s.why for s in read.skipped] == [True]


@pytest.mark.parametrize("line", ["{", "[]", json.dumps({"c2": [{"role": "narrator", "content": "x"}]})])
def test_damaged_conversations_are_left_out(tmp_path: Path, line: str) -> None:
    read = personamem(write(tmp_path, [row()], [line, "", json.dumps({"c1": TALK})]))
    assert (len(read.questions), len(read.skipped)) == (1, 1)
    assert "line 1" in read.skipped[0].where


def test_a_short_row_and_a_missing_column(tmp_path: Path) -> None:
    folder = write(tmp_path, [row()])
    with (folder / "questions_32k.csv").open("a", encoding="utf-8") as file:
        file.write("4,q9\n")
    read = personamem(folder)
    assert ([q.id for q in read.questions], len(read.skipped)) == (["q1"], 1)


def test_missing_files_and_empty_tables_are_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        personamem(tmp_path)
    with pytest.raises(BadInput, match="no question that can be asked"):
        personamem(write(tmp_path, []))


def test_nothing_is_executed(tmp_path: Path) -> None:
    """The cell of options is Python source: it is read as a literal, never run."""
    marker = tmp_path / "ran"
    options: Any = f"[__import__('pathlib').Path({str(marker)!r}).touch(), '(b) x']"
    assert len(read_one(tmp_path, all_options=options).skipped) == 1
    assert not marker.exists()
