"""Data sets as columns of the bench: who is asked what, in which order of options, and how replies are scored."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from personavlm.bench.cases import Column
from personavlm.bench.columns import (
    OPEN,
    STARTED,
    UNTOLD,
    Given,
    open_column,
    read_column,
    read_kind,
    score_free,
    score_of,
)
from personavlm.bench.modes import Means, read_mode
from personavlm.bench.runs import entries
from personavlm.bench.validation import score_choice, validate
from personavlm.bench.values import Case, Person
from personavlm.embedded import Embedded
from personavlm.errors import BadInput
from personavlm.prompts.choice import render_choice
from tests.fakes import kit as fake_kit
from tests.test_personamem import row, write

OPTIONS = ["Grilled aubergine it is.", "Have a steak.", "Try the chicken.", "Fish would be nice."]


@pytest.fixture
def prefeval_folder(tmp_path: Path) -> Path:
    """Return a folder of one topic with ten preferences."""
    stated = [
        {"preference": f"I never eat meat ({n}).", "question": f"What for dinner {n}?", "explanation": ""}
        for n in range(10)
    ]
    for name, rows in (
        ("explicit_preference", stated),
        ("mcq_options", [one | {"classification_task_options": OPTIONS} for one in stated]),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "food.json").write_text(json.dumps(rows))
    return tmp_path


def cases_of(column: Column) -> list[Case]:
    return [case for person in column.persons for case in person.cases]


def test_prefeval_tells_the_preference_first_and_shuffles(prefeval_folder: Path) -> None:
    column, score = read_column("prefeval", prefeval_folder, seed=4), score_of(read_kind("prefeval"))
    cases = cases_of(column)
    validate(cases, score)
    assert len({case.gold for case in cases}) > 1
    assert all(dict(case.options)[case.gold] == OPTIONS[0] for case in cases)
    talk = column.persons[0].source.talk("pref-1")
    assert (talk.dialogue.user, talk.dialogue.turns[0].text) == ("pref-1", "I never eat meat (0).")
    assert cases[0].at > STARTED
    again = read_column("prefeval", prefeval_folder, seed=4)
    assert cases_of(again) == cases
    assert cases_of(read_column("prefeval", prefeval_folder, seed=5)) != cases
    assert len(read_column("prefeval", prefeval_folder, limit=3).persons) == 3


def test_prefeval_runs_through_a_system(prefeval_folder: Path, tmp_path: Path) -> None:
    column, score = read_column("prefeval", prefeval_folder, limit=1), score_of(read_kind("prefeval"))
    kit = fake_kit()
    system = read_mode("personavlm", Means(Embedded(kit.encoder), kit))
    person = column.persons[0]
    found = list(entries(system, person, person.cases, tmp_path / "home", score))
    assert found[0].prepared is not None
    assert found[0].prepared.turns == 1
    assert found[1].answered is not None
    assert not found[1].answered.failed
    assert found[1].answered.said in "abcd"


def test_personamem_asks_after_the_first_messages_only(tmp_path: Path) -> None:
    rows = [row(), row(question_id="q2", end_index_in_shared_context="5"), row(question_id="q3")]
    column, score = read_column("personamem", write(tmp_path, rows), "32k"), score_of(read_kind("personamem"))
    assert [(p.id, [c.id for c in p.cases]) for p in column.persons] == [("c1-3", ["q1", "q3"]), ("c1-5", ["q2"])]
    validate(cases_of(column), score)
    assert [len(p.source.talk("x").dialogue.turns) for p in column.persons] == [1, 2]
    assert {case.person for case in cases_of(column)} == {"3"}
    assert "potter" not in str(column.persons)
    with pytest.raises(BadInput):
        read_column("personamem", tmp_path, "64k")


def test_personamem_leaves_out_what_has_no_talk(tmp_path: Path) -> None:
    rows = [row(), row(question_id="q2", end_index_in_shared_context="1")]
    column = read_column("personamem", write(tmp_path, rows), "32k")
    assert [person.id for person in column.persons] == ["c1-3"]
    assert column.skipped[-1].where == "question q2"


def test_locomo_is_asked_by_the_speaker_it_names(tmp_path: Path) -> None:
    path = tmp_path / "locomo.json"
    path.write_text(json.dumps([LOCOMO]))
    column, score = read_column("locomo", path), score_of(read_kind("locomo"))
    asked = {person.id: [(case.task, case.gold) for case in person.cases] for person in column.persons}
    assert asked == {"conv-1-Ann": [("single-hop", "a violin")], "conv-1-Ben": [("adversarial", UNTOLD)]}
    assert all(score(case, case.gold)[1] == 1 for case in cases_of(column))
    assert [p.source.talk("u").human for p in column.persons] == [(("name", "Ann"),), (("name", "Ben"),)]


LOCOMO = {
    "sample_id": "conv-1",
    "conversation": {
        "speaker_a": "Ann",
        "speaker_b": "Ben",
        "session_1_date_time": "1:56 pm on 8 May, 2023",
        "session_1": [
            {"speaker": "Ann", "dia_id": "D1:1", "text": "I bought a violin."},
            {"speaker": "Ben", "dia_id": "D1:2", "text": "Lovely!"},
        ],
    },
    "qa": [
        {"question": "What did Ann buy?", "answer": "a violin", "category": 4, "evidence": ["D1:1"]},
        {"question": "What did Ben buy?", "adversarial_answer": "a violin", "category": 5, "evidence": ["D1:1"]},
    ],
}


@pytest.mark.parametrize(
    ("gold", "reply", "points"),
    [
        ("a red kite", "A red kite.\nYou told me on 3 May.", 1.0),
        ("a red kite", "You haven't told me.", 0.0),
        ("a red kite", "A blue kite.", 0.5),
        (UNTOLD, "You haven't told me about that.", 1.0),
        (UNTOLD, "A red kite.", 0.0),
    ],
)
def test_free_text_is_scored_by_its_headline(gold: str, reply: str, points: float) -> None:
    case = Case("c", "p", "s", "a", "t", STARTED, "What?", (), gold)
    assert score_free(case, reply)[1] == pytest.approx(points)


def test_open_questions_have_the_right_option_as_reference() -> None:
    options = (("a", "in May"), ("b", "in June"), ("c", "in July"))
    text = render_choice("When do I move?\nOptions:\nnone", options)
    one = Case("c0", "p", "32k", "a", "t", STARTED, text, options, "b")
    persons = tuple(Person(f"p{n}", "32k", (one,), Given("x")) for n in range(OPEN + 20))
    column = open_column(Column(persons), seed=1)
    (first, *_) = cases_of(column)
    assert (first.text, first.options, first.gold) == ("When do I move?\nOptions:\nnone", (), "in June")
    drawn = [Person(f"p{n}", "32k", (one_of(one, n),), Given("x")) for n in range(OPEN + 20)]
    ids = [case.id for case in cases_of(open_column(Column(tuple(drawn)), seed=1))]
    assert len(ids) == OPEN
    assert ids == [case.id for case in cases_of(open_column(Column(tuple(drawn)), seed=1))]
    assert ids != [case.id for case in cases_of(open_column(Column(tuple(drawn)), seed=2))]


def one_of(case: Case, number: int) -> Case:
    return Case(f"c{number}", f"p{number}", *[getattr(case, name) for name in tuple(case.__slots__)[2:]])


def test_kinds_have_names_and_columns_travel(prefeval_folder: Path) -> None:
    assert read_kind("locomo") == "locomo"
    with pytest.raises(BadInput, match="no data called"):
        read_kind("loco")
    column, score = read_column("prefeval", prefeval_folder), score_of(read_kind("prefeval"))
    assert pickle.loads(pickle.dumps((column, score))) == (column, score_choice)
