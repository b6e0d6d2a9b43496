"""Supervision from a world: each call of the assistant is answered by the truth and read by the project's parsers."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from personavlm.assistant import Kit
from personavlm.errors import BadInput
from personavlm.memory import bare
from personavlm.personality import Profile
from personavlm.prompts.respond import parse_step
from personavlm.prompts.update import parse_core, parse_episodic, parse_personality, parse_procedural, parse_semantic
from personavlm.synthesis.exam import exam_lessons
from personavlm.synthesis.formats import conversational, released_row
from personavlm.synthesis.lessons import Lesson, LookUp, Need
from personavlm.synthesis.living import Sample, live_through
from personavlm.synthesis.training import (
    PAPER_COMPOSITION,
    PAPER_CONCEPTS,
    PAPER_PERSONS,
    LessonPlan,
    compose,
    live_person,
    make_training_set,
    training_world,
)
from personavlm.trace import Answer, Malformed, Retrieve
from personavlm.worlds.make import make_world
from personavlm.worlds.values import (
    USER,
    Beat,
    Fact,
    Person,
    Thread,
    Topic,
    World,
    WorldSession,
    WorldTurn,
)

DAY = datetime(2025, 3, 3, 18, 5, tzinfo=UTC)
LATER = DAY + timedelta(days=14)

SPRITE = Fact("f1", "taste", USER, "drink", "Sprite", "favourite drink is Sprite", DAY, polarity=1, evidence=("t1",))
COLA = Fact(
    "f2", "taste", USER, "drink", "Coca-Cola", "favourite drink is Coca-Cola", LATER, polarity=1,
    reason="Priya gave them one", replaces="f1", evidence=("t4",),
)  # fmt: skip
CLIMB = Fact(
    "f3", "routine", USER, "climbing", "Tuesday 19:30 at the hall", "climbs on Tuesday at 19:30", DAY, evidence=("t2",)
)
TONE = Fact("f4", "request", USER, "tone", "keep answers short", "wants short answers", DAY, evidence=("t3",))
TOWN = Fact("f5", "identity", USER, "town", "Leeds", "lives in Leeds", DAY, evidence=("t3",))


def turn(number: int, time: datetime, text: str, act: str, learnt: tuple[str, ...] = (), **more: Any) -> WorldTurn:
    beats = (Beat(act, 0, learnt[0] if learnt else ""),)  # type: ignore[arg-type]
    return WorldTurn(f"t{number}", time, text, f"Reply {number}.", (), beats, (), (), learnt, **more)


TURNS = (
    turn(1, DAY, "Sprite, always Sprite, that is my drink", "tell", ("f1",)),
    turn(2, DAY + timedelta(minutes=3), "off to climb, Tuesday 19:30 as ever", "tell", ("f3",)),
    turn(3, DAY + timedelta(minutes=7), "keep answers short please, Leeds is loud today", "request", ("f4", "f5")),
    turn(4, LATER, "it is Coca-Cola for me now, Priya gave me one", "change", ("f2",), ended=("f1",)),
    turn(5, LATER + timedelta(minutes=4), "what a grey morning", "chat"),
)
SESSIONS = (
    WorldSession("s1", ("t1", "t2", "t3"), (Topic("e1_0", "Drinks and climbing.", ("Sprite",), ("t1", "t2", "t3")),)),
    WorldSession("s2", ("t4", "t5"), (Topic("e2_0", "A new drink.", ("Coca-Cola",), ("t4", "t5")),)),
)
PERSON = Person(
    "train-0", "train", "Mara", "she", Profile(), None, DAY, LATER + timedelta(days=1),
    (
        Thread("d1", "taste", "drinks", (SPRITE, COLA)),
        Thread("d2", "routine", "climbing", (CLIMB,)),
        Thread("d3", "request", "tone", (TONE,)),
        Thread("d4", "identity", "town", (TOWN,)),
    ),
    (), (),
)  # fmt: skip
WORLD = World(PERSON, "train", TURNS, SESSIONS, (), ())
ASKED = LATER + timedelta(hours=3)


def lesson(text: str = "Which drink do I like?", words: tuple[str, ...] = ("drink", "taste"), **more: Any) -> Lesson:
    told = {"needs": (Need(("t4",), ("favourite drink is coca cola",)),)} | more
    lookups = (LookUp("I look.", words), LookUp("Again.", ("favourite",)))
    return Lesson(ASKED, text, "There: {found}.", "Coca-Cola.", lookups, unknown_think="No.", unknown="Unsaid.", **told)


@pytest.fixture(scope="module")
def kit() -> Kit:
    return Kit.load()


@pytest.fixture(scope="module")
def samples(kit: Kit, tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    lessons = [
        lesson(),
        lesson("Which boat do I sail?", ("boat",), needs=(Need(),)),
        Lesson(TURNS[4].time, TURNS[4].text, "Nothing to look up.", TURNS[4].reply, note="direct"),
    ]
    return list(live_through(WORLD, lessons, {}, kit, tmp_path_factory.mktemp("home")))


def last(sample: Sample) -> str:
    return sample.messages[-1].text


def of(samples: list[Sample], kind: str) -> list[Sample]:
    return [sample for sample in samples if sample.kind == kind]


def test_every_output_keeps_its_contract(samples: list[Sample]) -> None:
    parsers: dict[str, Any] = {
        "semantic": lambda text: parse_semantic(text, UTC),
        "personality": parse_personality,
        "episodic": lambda text: parse_episodic(text, 3),
        "procedural": parse_procedural,
        "core": parse_core,
        "reasoning": lambda text: parse_step(text, UTC, strict=True).action,
    }
    assert {sample.kind for sample in samples} == set(PAPER_COMPOSITION)
    for sample in samples:
        for message in sample.messages:
            if message.role == "assistant":
                assert not isinstance(parsers[sample.kind](message.text), Malformed), message.text


def test_what_a_turn_tells_is_what_its_record_says(samples: list[Sample]) -> None:
    records = [parse_semantic(last(sample), UTC) for sample in of(samples, "semantic")]
    values = [[r.value for r in one] for one in records if not isinstance(one, Malformed)]
    assert values == [["Sprite"], ["Tuesday 19:30 at the hall"], ["keep answers short", "Leeds"], ["Coca-Cola"], []]


def test_a_change_names_the_memory_it_replaces(samples: list[Sample]) -> None:
    record = parse_semantic(last(of(samples, "semantic")[3]), UTC)
    assert not isinstance(record, Malformed)
    assert record[0].replaces == "m1_1"


def test_sessions_close_in_the_papers_order_with_keys_and_blocks(samples: list[Sample]) -> None:
    closing = [sample.kind for sample in samples if sample.kind in ("episodic", "procedural", "core")]
    assert closing == ["episodic", "procedural", "core"] * 2
    assert '"habit: climbing": Climbs on Tuesday at 19:30.' in last(of(samples, "procedural")[0])
    assert last(of(samples, "core")[0]) == 'Human\n"town": Leeds\nPersona\n"tone": keep answers short'
    assert last(of(samples, "core")[1]) == "{}"


def test_a_lesson_answers_from_what_came_back(samples: list[Sample]) -> None:
    told, unknown = (one for one in of(samples, "reasoning") if one.note != "direct")
    asked, answered = (parse_step(m.text, UTC) for m in told.messages if m.role == "assistant")
    assert isinstance(asked.action, Retrieve)
    assert answered.action == Answer("Coca-Cola.")
    assert "on 17 March" in answered.think
    assert told.retrieved[0]
    steps = [parse_step(m.text, UTC).action for m in unknown.messages if m.role == "assistant"]
    assert [type(step) for step in steps] == [Retrieve, Retrieve, Answer]
    assert steps[-1] == Answer("Unsaid.")


def test_a_message_that_needs_no_memory_is_answered_at_once(samples: list[Sample]) -> None:
    direct = next(one for one in of(samples, "reasoning") if one.note == "direct")
    assert [m.role for m in direct.messages] == ["system", "user", "assistant"]
    assert parse_step(last(direct), UTC).action == Answer("Reply 5.")


def test_both_layouts_say_the_same(samples: list[Sample]) -> None:
    for sample in samples:
        row = conversational(sample)
        told = released_row(row)
        assert [m.text for m in sample.messages] == [turn["value"] for turn in told["conversations"]]
        assert told["conversations"][-1]["from"] == "gpt"
        assert json.loads(json.dumps(row)) == row


@pytest.fixture(scope="module")
def whole() -> World:
    return make_world(0, "train", "train", 3)


def test_an_exam_names_its_option_and_judges_manners_both_ways(whole: World) -> None:
    lessons = list(exam_lessons(whole, 0, random.Random(0), 8, 2))
    choices = [one for one in lessons if one.note == "choice"]
    assert len(choices) == 8
    for one in choices:
        letter, _, text = one.answer.partition(") ")
        assert f"{letter}). {text}" in one.text
        assert one.needs
        assert all(bare(word) not in bare(text) for lookup in one.lookups for word in lookup.keywords)
    assert {one.answer[:3] for one in lessons if one.note == "manner"} <= {"(a)", "(b)"}


def test_a_choice_without_its_evidence_teaches_nothing(kit: Kit, tmp_path: Path) -> None:
    looked = (LookUp("I look.", ("boat",)),)
    lost = Lesson(ASKED, "Which?\n(a). x\n(b). y", "{found}", "(a) x", looked, (Need(("t9",)),))
    lived = list(live_through(WORLD, [lost], {}, kit, tmp_path))
    assert not of(lived, "reasoning")


@pytest.mark.slow
def test_a_whole_life_is_taught_without_a_malformed_output(tmp_path: Path) -> None:
    composed = make_training_set(tmp_path, 0, 1, training_world, processes=1)
    assert composed.samples.keys() == PAPER_COMPOSITION.keys()
    assert set(composed.rl) == {"open", "choice", "binary"}
    assert composed.with_pictures
    for line in (tmp_path / "rl.jsonl").read_text().splitlines():
        row = json.loads(line)
        assert [m["role"] for m in row["prompt"]] == ["system", "user"]
        assert row["answer"]
        assert len(row["images"]) == sum(part["type"] == "image" for m in row["prompt"] for part in m["content"])


SMALL = LessonPlan(facts=4, past=2, unknown=1, direct=2, choices=0, manners=0)


def make(seed: int, number: int) -> tuple[World, dict[str, bytes]]:
    return WORLD, {}


def test_a_set_is_composed_and_goes_on_where_it_was(tmp_path: Path) -> None:
    composed = make_training_set(tmp_path, 0, 2, make, processes=1, plan=SMALL)
    assert (composed.persons, composed.turns) == (2, 10)
    assert composed.samples["episodic"] == 4
    rows = (tmp_path / "sft.jsonl").read_text().splitlines()
    assert (
        len(rows) == sum(composed.samples.values()) == len((tmp_path / "sft_released.jsonl").read_text().splitlines())
    )
    first = (tmp_path / "sft.jsonl").read_bytes()
    (tmp_path / "parts" / "0001.jsonl").unlink()
    live_person(tmp_path, 0, 1, make, SMALL)
    assert compose(tmp_path, 0, 2) == composed
    assert (tmp_path / "sft.jsonl").read_bytes() == first
    with pytest.raises(BadInput, match="another folder"):
        make_training_set(tmp_path, 1, 2, make, processes=1, plan=SMALL)


def row(kind: str, note: str = "", images: tuple[str, ...] = (), output: str = '"decision": true') -> dict[str, Any]:
    said = {"role": "assistant", "content": [{"type": "text", "text": output}]}
    return {"messages": [said], "images": list(images), "kind": kind, "note": note, "person": "p", "turn": "t1"}


def test_concept_samples_come_in_the_papers_number_and_the_rest_fills_up(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    rows = [row("semantic", "concept", ("a.jpg",)) for _ in range(20)]
    rows += [row("reasoning", "again", ("b.jpg",)) for _ in range(20)]
    rows += [row(kind, "direct" if kind == "reasoning" else "") for kind in PAPER_COMPOSITION for _ in range(100)]
    lines = [json.dumps({"person": "p", "turns": 60}), *map(json.dumps, rows)]
    (tmp_path / "parts" / "0000.jsonl").write_text("\n".join(lines) + "\n")
    composed = compose(tmp_path, 0, 1)
    assert dict(composed.samples) == dict(composed.wanted)
    assert composed.concepts == PAPER_CONCEPTS // PAPER_PERSONS
