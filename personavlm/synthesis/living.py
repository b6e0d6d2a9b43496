"""Living: a world goes through the real assistant, taught by its truth, and every call is written down.

    live_through(world, lessons, kit, home)  ──>  Samples: the exact messages of each call, and the right output

One sample is one prompt with its target, or one reasoning conversation of several steps. Lessons are asked when their
time has come, in between the turns, of the memory as it was then; they leave nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from personavlm.assistant import Assistant, Config, Kit, create_user
from personavlm.models import Completion, Message, Model, Sampling
from personavlm.synthesis.foresight import foreseen
from personavlm.synthesis.lessons import Lesson, answer_text
from personavlm.synthesis.teacher import Teacher, lesson_key
from personavlm.trace import Trace
from personavlm.worlds.pictures.album import data_of
from personavlm.worlds.values import World, WorldTurn

SampleKind = Literal["reasoning", "semantic", "personality", "episodic", "procedural", "core"]
SAMPLE_KINDS: tuple[SampleKind, ...] = get_args(SampleKind)
KIND_OF_CONTRACT: Mapping[str, SampleKind] = {
    "respond": "reasoning",
    "respond_more": "reasoning",
    "semantic": "semantic",
    "personality": "personality",
    "episodic": "episodic",
    "procedural": "procedural",
    "core": "core",
}

Pictures = Mapping[str, bytes]
"""A world's pictures by shot id, as they are sent."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One training example: a conversation that ends with the output to learn."""

    kind: SampleKind
    person: str
    turn: str
    """The turn it belongs to; for a lesson, the last one before it."""
    messages: tuple[Message, ...]
    """System and user messages with earlier steps; the last is the assistant's. Every assistant message is a target."""
    retrieved: tuple[tuple[str, ...], ...] = ()
    """Ids of what each look-up brought back, so that the sample can be made again without an encoder."""
    note: str = ""
    """What sort of lesson it is ("fact", "unknown", …), or "concept" where a thing in a picture is remembered."""


@dataclass(slots=True)
class Listener:
    """A model that passes every call on and writes it down."""

    model: Model
    heard: list[tuple[tuple[Message, ...], str]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name of the model behind it."""
        return self.model.name

    def complete(self, messages: Sequence[Message], sampling: Sampling) -> Completion:
        """Return what the model behind it says."""
        completion = self.model.complete(messages, sampling)
        self.heard.append((tuple(messages), completion.text))
        return completion

    def take(self) -> list[tuple[tuple[Message, ...], str]]:
        """Return what was heard since the last time."""
        heard, self.heard = self.heard, []
        return heard


def live_through(
    world: World, lessons: Sequence[Lesson], pictures: Pictures, kit: Kit, home: Path, config: Config = Config()
) -> Iterator[Sample]:
    """Yield a world's samples in the order in which they arise. ``home`` is a folder to live in, thrown away by the
    caller.
    """
    teacher = Listener(Teacher(world, {lesson_key(one.time, one.text): one for one in lessons}))
    person = world.person
    kit.encoder.encode(foreseen(world, lessons))
    with create_user(home, person.id, person.start, {"name": person.name}) as store:
        store.wait_for_no_disk()
        assistant = Assistant(store, teacher, config, kit)
        due = sorted(lessons, key=lambda lesson: lesson.time)
        for turn in world.turns:
            while due and due[0].time <= turn.time:
                yield from _lesson(assistant, teacher, due.pop(0), world)
            assistant.given(turn.time, turn.text, turn.reply, [pictures[shot] for shot in turn.shots])
            yield from _learnt(assistant, teacher, turn, world)
        assistant.tick(person.end)
        yield from _samples(teacher, world, world.turns[-1])
        for lesson in due:
            yield from _lesson(assistant, teacher, lesson, world)


def _learnt(assistant: Assistant, teacher: Listener, turn: WorldTurn, world: World) -> Iterator[Sample]:
    assistant.flush()
    yield from _samples(teacher, world, turn)


def _samples(teacher: Listener, world: World, turn: WorldTurn) -> Iterator[Sample]:
    for messages, text in teacher.take():
        kind = KIND_OF_CONTRACT[messages[-1].contract]
        said = Message("assistant", (text,))
        note = "concept" if kind == "semantic" and turn.concepts else ""
        yield Sample(kind, world.person.id, turn.id, (*messages, said), note=note)


def _lesson(assistant: Assistant, teacher: Listener, lesson: Lesson, world: World) -> Iterator[Sample]:
    assistant.tick(lesson.time)
    yield from _samples(teacher, world, _before(world, lesson))
    trace = assistant.ask(lesson.time, lesson.text, [data_of(shot) for shot in lesson.shots])
    heard = [call for call in teacher.take() if call[0][-1].contract in ("respond", "respond_more")]
    messages, text = heard[-1]
    if text == answer_text(lesson.unknown_think, ""):
        return  # nothing was found, and the form allows no honest answer
    turn = _before(world, lesson)
    said = Message("assistant", (text,))
    yield Sample("reasoning", world.person.id, turn.id, (*messages, said), _retrieved(trace), lesson.note)


def _before(world: World, lesson: Lesson) -> WorldTurn:
    earlier = [turn for turn in world.turns if turn.time <= lesson.time]
    return earlier[-1] if earlier else world.turns[0]


def _retrieved(trace: Trace) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(hit.id for hit in step.hits) for step in trace.steps if step.hits)
