"""Lessons: what is asked has one answer that was told, and what is answered rests on what came back."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personavlm.memory import bare
from personavlm.models import Message
from personavlm.prompts.respond import parse_step
from personavlm.respond import MAX_RETRIEVALS
from personavlm.synthesis.chains import chain_lessons
from personavlm.synthesis.lessons import Lesson, LookUp, Need, next_step
from personavlm.synthesis.recall import Period, askable, pauses, period_of, recall_lessons
from personavlm.synthesis.sights import sight_lessons
from personavlm.trace import Answer, Retrieve
from personavlm.worlds.make import make_world
from personavlm.worlds.truth import known
from personavlm.worlds.values import World

NOW = datetime(2025, 3, 20, 18, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(0, "train", "train", 3)


@pytest.fixture(scope="module")
def lessons(world: World) -> list[Lesson]:
    rng = random.Random(0)
    return [
        *recall_lessons(world, rng, 60, 60, 20, 5),
        *chain_lessons(world, rng, 20, 20),
        *sight_lessons(world, rng, 16),
    ]


def noted(lessons: list[Lesson], *notes: str) -> list[Lesson]:
    return [lesson for lesson in lessons if lesson.note in notes]


def memory(text: str) -> Message:
    row = f"- [m1] semantic | 2025-03-03 10:00 (Monday) | {text}"
    return Message("user", (row,), slots=(("SemanticMemory", row),))


HOP = Lesson(
    NOW,
    "What does my sister drink?",
    "There: {found}.",
    "Tea. You told me on {day}.",
    (
        LookUp("Who?", ("sister",)),
        LookUp("Then.", ("Nadia", "drink"), need=1, after=True),
        LookUp("Again.", ("Nadia",), need=1, after=True),
    ),
    (Need(said=("sister called nadia",)), Need(said=("nadia loves tea",), alone="Tea.")),
    unknown_think="Nothing.",
    unknown="You haven't told me.",
)


def said(messages: list[Message]) -> str:
    text = next_step(HOP, messages)
    messages.append(Message("assistant", (text,)))
    return text


def test_a_name_is_used_only_once_it_was_found() -> None:
    start: list[Message] = [Message("user", ("?",))]
    first = parse_step(said(start), UTC).action
    assert first == Retrieve(("sister",))
    assert parse_step(next_step(HOP, [*start, memory("likes rain")]), UTC).action == Answer("You haven't told me.")
    named = [*start, memory("has a sister called Nadia")]
    assert parse_step(said(named), UTC).action == Retrieve(("Nadia", "drink"))
    told = [*named, memory("sister Nadia loves tea")]
    answered = parse_step(next_step(HOP, told), UTC)
    assert answered.action == Answer("Tea. You told me on 3 March 2025.")
    assert "sister called Nadia" in answered.think


def test_what_was_found_is_answered_and_the_rest_is_owned_up_to() -> None:
    messages = [Message("user", ("?",)), Message("assistant", (next_step(HOP, []),)), memory("sister Nadia loves tea")]
    assert parse_step(next_step(HOP, messages), UTC).action == Answer("Tea. You haven't told me.")


@given(st.integers(0, 6))
def test_nobody_looks_up_more_often_than_the_assistant_may(looked: int) -> None:
    lookups = tuple(LookUp("I look.", (f"word {n}",)) for n in range(7))
    lesson = Lesson(NOW, "?", "{found}", "", lookups, (Need(),), "No.", "Unsaid.")
    messages: list[Message] = []
    for _ in range(looked):
        messages.append(Message("assistant", (next_step(lesson, messages),)))
    assert sum("<retrieve>" in message.text for message in messages) == min(looked, MAX_RETRIEVALS)


@given(st.datetimes(datetime(2024, 1, 1), datetime(2025, 3, 20, 18)))
def test_a_named_time_holds_what_it_is_named_for_and_ends_by_now(told: datetime) -> None:
    told = told.replace(second=0, microsecond=0, tzinfo=UTC)
    period = period_of(told, NOW)
    assert period.start <= told <= period.end <= NOW


def test_every_sort_of_lesson_comes_about(lessons: list[Lesson]) -> None:
    sorts = {"fact", "told", "astray", "when", "past", "unknown", "hop", "both", "again", "stranger", "look"}
    assert {lesson.note for lesson in lessons} == sorts
    assert all("{" not in lesson.text + lesson.answer.replace("{day}", "") for lesson in lessons)


def test_a_question_means_one_fact(world: World) -> None:
    for at in pauses(world):
        asked = [one.fact for one in askable(world, at) if one.fact.matter in ("other", "identity", "request")]
        assert len({(fact.about, fact.attribute) for fact in asked}) == len(asked)


def test_an_open_questions_look_up_does_not_know_the_answer(world: World, lessons: list[Lesson]) -> None:
    values = {bare(one.fact.text): bare(one.fact.value) for one in known(world, world.person.end)}
    for lesson in noted(lessons, "told", "astray", "past"):
        value = values[lesson.needs[0].said[0]]
        words = [bare(word) for lookup in lesson.lookups for word in lookup.keywords]
        assert value not in words or value in bare(lesson.text)


def test_a_wrong_time_holds_no_evidence(world: World, lessons: list[Lesson]) -> None:
    times = {turn.id: turn.time for turn in world.turns}
    for lesson in noted(lessons, "astray"):
        first = lesson.lookups[0]
        assert first.start
        assert first.end
        period = Period("", first.start, first.end)
        assert not any(period.start <= times[turn] <= period.end for turn in lesson.needs[0].evidence)
    for lesson in noted(lessons, "told"):
        start, end = lesson.lookups[0].start, lesson.lookups[0].end
        assert all(start <= times[turn] <= end for turn in lesson.needs[0].evidence)  # type: ignore[operator]


def test_a_day_asked_for_is_the_first_on_which_it_was_told(world: World, lessons: list[Lesson]) -> None:
    for lesson in noted(lessons, "when"):
        (first,) = lesson.needs[0].evidence
        assert "{day}" in lesson.answer
        assert world.turns[int(first[1:]) - 1].time <= lesson.time


def test_somebody_asked_about_by_relation_is_not_named(lessons: list[Lesson]) -> None:
    for lesson in noted(lessons, "hop"):
        name = next(word for word in lesson.lookups[1].keywords)
        assert name not in lesson.text
        assert name not in " ".join(lesson.lookups[0].keywords)


def test_pictures_asked_about_show_the_thing_or_one_like_it(world: World, lessons: list[Lesson]) -> None:
    looks = {thing.name: thing.look for thing in world.person.things}
    for lesson in noted(lessons, "again", "stranger"):
        (shot,) = lesson.shots
        assert shot.scene
        look = shot.scene.placed[0].look
        assert (look in looks.values()) == (lesson.note == "again")
        assert lesson.time <= world.person.end + timedelta(days=2)
