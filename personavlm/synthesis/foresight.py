"""Foresight: the texts that living through a world will compare by meaning, known before it begins.

A text encoder is several times faster with many texts at once than with one after the other. A life meets its texts
one by one, but a world knows them all. What is left out here costs time and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from personavlm.retrieval import Passage
from personavlm.synthesis.lessons import Lesson
from personavlm.synthesis.teacher import (
    concept_keywords,
    concept_name,
    keepable,
    keywords_of,
    procedural_text,
    with_reason,
)
from personavlm.trace import HitType
from personavlm.worlds.truth import by_id
from personavlm.worlds.values import World, WorldTurn


def foreseen(world: World, lessons: Sequence[Lesson]) -> list[str]:
    """Return what the assistant will encode of a world and of lessons taught in it, each text once."""
    texts = [*_turns(world), *_memories(world), *_topics(world), *_look_ups(lessons)]
    return list(dict.fromkeys(texts))


def _turns(world: World) -> Iterator[str]:
    for turn in world.turns:
        yield turn.text
        yield Passage(turn.id, "turn", turn.text, turn.time, speaker=world.person.name, reply=turn.reply).searched


def _memories(world: World) -> Iterator[str]:
    told, things = by_id(world.person), {thing.id: thing for thing in world.person.things}
    for turn in world.turns:
        learnt = [told[fact] for fact in turn.learnt]
        for fact in keepable(learnt):
            yield _memory(turn, "semantic", with_reason(fact), keywords_of(fact))
        for fact in learnt:
            if fact.memory == "procedural":
                yield _memory(turn, "procedural", procedural_text(fact))
        for thing in turn.concepts:
            yield _memory(turn, "visual", concept_name(things[thing]), concept_keywords(things[thing]))


def _memory(turn: WorldTurn, type: HitType, text: str, keywords: tuple[str, ...] = ()) -> str:
    return Passage("", type, text, turn.time, keywords=keywords).searched


def _topics(world: World) -> Iterator[str]:
    for session in world.sessions:
        for topic in session.topics:
            yield Passage("", "episodic", topic.summary, world.person.start, keywords=topic.keywords).searched


def _look_ups(lessons: Sequence[Lesson]) -> Iterator[str]:
    for lesson in lessons:
        if lesson.lookups:
            yield lesson.text
        yield from (", ".join(lookup.keywords) for lookup in lesson.lookups)
