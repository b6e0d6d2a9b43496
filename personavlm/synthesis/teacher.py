"""The teacher: a model that answers every prompt of the assistant from a world's hidden truth.

    Assistant(store, Teacher(world, lessons)) lives through the world  ──>  (messages, output) of every call

Because the real assistant asks it the real prompts, supervision is byte-identical to what a model meets at inference:
same rendering, same retrieval, same order. Outputs keep each contract of ``prompts``; the project's own parsers read
every one of them. It identifies a turn by the time in the prompt's slots, as any reader would.

Source: paper section 4 (supervision for reasoning, the four memories and the personality).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import cached_property

from personavlm.memory import bare
from personavlm.models import Completion, Message, Sampling
from personavlm.personality import TRAITS, Trait
from personavlm.prompts import slot
from personavlm.prompts.text import Line, parse_history, parse_memories, parse_query
from personavlm.synthesis.lessons import Lesson, next_step
from personavlm.worlds.truth import by_id, threads_by_fact
from personavlm.worlds.values import USER, Cue, Fact, Thing, World, WorldSession, WorldTurn

SHOWS_HIGH, SHOWS_LOW, SAYS_NOTHING = 5, 1, 3
"""What a turn that shows a trait high, low or not at all is read as: on average over turns, the trait itself."""
MAX_ENTRIES = 5


@dataclass(frozen=True)
class Teacher:
    """A world's truth behind the model protocol. ``lessons`` are looked up by the message's time and words."""

    world: World
    lessons: Mapping[tuple[str, str], Lesson] = field(default_factory=dict)
    name: str = "teacher"

    def complete(self, messages: Sequence[Message], sampling: Sampling) -> Completion:  # noqa: ARG002
        """Return the right output for the last message. Raises ``KeyError`` for a message it has no lesson for."""
        return Completion(self._text(messages))

    def _text(self, messages: Sequence[Message]) -> str:
        match messages[-1].contract:
            case "respond" | "respond_more":
                return next_step(self._lesson(messages), messages)
            case "answer":
                return self._lesson(messages).answer
            case "personality":
                return personality_text(self._turn(messages).cues)
            case "semantic":
                return self._semantic(messages)
            case "episodic":
                return self._episodic(messages)
            case "procedural":
                return self._procedural(messages)
            case "core":
                return self._core(messages)
            case other:
                raise ValueError(f"the teacher has no answer to {other!r}")

    # ── finding the place ────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def _zone(self) -> tzinfo:
        zone = self.world.person.start.tzinfo
        assert zone is not None
        return zone

    @cached_property
    def _by_minute(self) -> dict[datetime, WorldTurn]:
        return {turn.time.replace(second=0): turn for turn in self.world.turns}

    @cached_property
    def _facts(self) -> dict[str, Fact]:
        return by_id(self.world.person)

    @cached_property
    def _things(self) -> dict[str, Thing]:
        return {thing.id: thing for thing in self.world.person.things}

    @cached_property
    def _sessions(self) -> dict[str, WorldSession]:
        return {turn: session for session in self.world.sessions for turn in session.turns}

    def _turn(self, messages: Sequence[Message]) -> WorldTurn:
        time, _ = parse_query(slot(messages, "UserQuery"), self._zone)
        assert time is not None
        return self._by_minute[time]

    def _lesson(self, messages: Sequence[Message]) -> Lesson:
        time, text = parse_query(slot(messages, "UserQuery"), self._zone)
        assert time is not None
        return self.lessons[lesson_key(time, text)]

    def _lines(self, messages: Sequence[Message]) -> tuple[Line, ...]:
        return parse_history(slot(messages, "DialogHistory"), self._zone)

    def _session(self, messages: Sequence[Message]) -> WorldSession:
        return self._sessions[self._by_minute[self._lines(messages)[-1].time].id]

    def _of(self, session: WorldSession) -> tuple[list[Fact], list[Fact]]:
        """Facts a session taught, and those it ended, in the order of its turns."""
        turns = [self._by_id[turn] for turn in session.turns]
        learnt = [self._facts[id] for turn in turns for id in turn.learnt]
        return learnt, [self._facts[id] for turn in turns for id in turn.ended]

    @cached_property
    def _by_id(self) -> dict[str, WorldTurn]:
        return {turn.id: turn for turn in self.world.turns}

    # ── semantic ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _semantic(self, messages: Sequence[Message]) -> str:
        turn = self._turn(messages)
        known = parse_memories(slot(messages, "KnownMemory"), self._zone)
        told = [self._facts[id] for id in turn.learnt]
        records = [self._record(fact, turn, {bare(line.text): line.id for line in known}) for fact in keepable(told)]
        records += [concept_text(self._things[id]) for id in turn.concepts]
        return "\n\n".join(records) or nothing_text(turn)

    def _record(self, fact: Fact, turn: WorldTurn, known: Mapping[str, str]) -> str:
        old = self._facts.get(fact.replaces)
        replaces = known.get(bare(old.text), "") if old else ""
        since = (
            fact.since if fact.matter == "event" and fact.since.date() != turn.time.date() else None
        )  # only told dates
        return record_text(
            {
                "reason": _REASONS[fact.kind],
                "decision": "true",
                "content": with_reason(fact),
                "keywords": ", ".join(keywords_of(fact)),
                "kind": fact.kind,
                "attribute": fact.attribute,
                "value": fact.value,
                "polarity": str(fact.polarity),
                "since": _stamp(since),
                "until": _stamp(fact.until if fact.until and fact.until <= turn.time else None),
                "replaces": replaces or "null",
            }
        )

    # ── a finished session ───────────────────────────────────────────────────────────────────────────────────────

    def _episodic(self, messages: Sequence[Message]) -> str:
        session = self._session(messages)
        place = {turn: number for number, turn in enumerate(session.turns)}
        return "\n\n".join(
            f'"topic_summary": {topic.summary}\n"keywords": {", ".join(topic.keywords)}\n'
            f'"source_dialog_indices": {", ".join(str(place[turn]) for turn in topic.turns)}'
            for topic in session.topics
        )

    def _procedural(self, messages: Sequence[Message]) -> str:
        learnt, ended = self._of(self._session(messages))
        entries = {self._key(f): "null" for f in ended if f.memory == "procedural"}
        entries |= {self._key(f): procedural_text(f) for f in learnt if f.memory == "procedural"}
        return _entries(list(entries.items())[-MAX_ENTRIES:])

    def _key(self, fact: Fact) -> str:
        return f"{'goal' if fact.matter == 'goal' else 'habit'}: {self._labels[fact.id]}"

    @cached_property
    def _labels(self) -> dict[str, str]:
        return {fact: thread.label for fact, thread in threads_by_fact(self.world.person).items()}

    def _core(self, messages: Sequence[Message]) -> str:
        learnt, ended = self._of(self._session(messages))
        blocks: list[str] = []
        for heading in ("Human", "Persona"):
            gone = {core_entry(f)[0]: "null" for f in ended if core_block(f) == heading}
            entries = gone | dict(core_entry(f) for f in learnt if core_block(f) == heading)
            if entries:
                blocks.append(f"{heading}\n{_entries(entries.items())}")
        return "\n".join(blocks) or "{}"


def lesson_key(time: datetime, text: str) -> tuple[str, str]:
    """Return what a lesson is found by: the message's minute and its words."""
    return f"{time:%Y-%m-%d %H:%M}", bare(text)


# ── outputs ──────────────────────────────────────────────────────────────────────────────────────────────────────

_REASONS = {
    "fact": "A fact about their life that may come up again.",
    "preference": "It says what they like or dislike.",
    "plan": "A plan they may come back to.",
    "goal": "A long-term goal and where it stands.",
    "habit": "Something they do again and again.",
    "relation": "It says who somebody is to them.",
    "request": "They want this kept in mind.",
    "concept": "They show a thing of theirs and name it.",
    "topic": "",
}
_NOTHING = (
    "Small talk that will not matter later.",
    "A question of the moment; nothing about them that lasts.",
    "Nothing new about them.",
    "It was remembered before.",
)


def personality_text(cues: Iterable[Cue]) -> str:
    """Return the five lines of the personality contract for the traits a turn shows."""
    shown: dict[Trait, int] = {trait: SHOWS_HIGH if way > 0 else SHOWS_LOW for trait, way in cues}
    return "\n".join(f'"{trait}": {shown.get(trait, SAYS_NOTHING)}' for trait in TRAITS)


def keepable(told: Iterable[Fact]) -> list[Fact]:
    """Return the facts of a turn that semantic memory keeps: what was said, not what only shows over many turns."""
    return [fact for fact in told if not fact.implied]


def with_reason(fact: Fact) -> str:
    """Return a fact as a memory says it: its statement, with the reason if one was told."""
    return f"{fact.text} ({fact.reason})" if fact.reason else fact.text


def keywords_of(fact: Fact) -> tuple[str, ...]:
    """Return what a fact is found by: whom it is about, what of them, and the value."""
    whom = () if fact.about == USER else (fact.about,)
    return tuple(dict.fromkeys(word for word in (*whom, fact.attribute, fact.value) if word))


def procedural_text(fact: Fact) -> str:
    """Return a habit or goal as procedural memory says it."""
    return f"{_capital(fact.text)}."


def concept_name(thing: Thing) -> str:
    """Return what a thing is remembered as."""
    return thing.name or f"their {thing.category}"


def concept_keywords(thing: Thing) -> tuple[str, ...]:
    """Return what a thing is found by: its name and its category."""
    return tuple(dict.fromkeys((concept_name(thing), thing.category)))


def concept_text(thing: Thing) -> str:
    """Return the record of a thing that was shown and named."""
    name = concept_name(thing)
    return record_text(
        {
            "reason": _REASONS["concept"],
            "decision": "true",
            "content": f"{name} (Image Object: {thing.category})",
            "keywords": ", ".join(concept_keywords(thing)),
            "kind": "concept",
            "attribute": thing.category,
            "value": name,
            "polarity": "0",
            "since": "null",
            "until": "null",
            "replaces": "null",
        }
    )


def record_text(fields: Mapping[str, str]) -> str:
    """Return one record as ``"key": value`` lines."""
    return "\n".join(f'"{key}": {value}' for key, value in fields.items())


def nothing_text(turn: WorldTurn) -> str:
    """Return the decision not to keep anything of a turn; the wording varies with the turn."""
    acts = {beat.act for beat in turn.beats}
    index = 1 if acts & {"ask", "recall"} else 3 if "retell" in acts else 0 if acts & {"chat", "greet", "close"} else 2
    return record_text({"reason": _NOTHING[index], "decision": "false"})


def core_block(fact: Fact) -> str:
    """Return the block of core memory a fact belongs to, empty if it belongs to none."""
    if fact.matter == "request":
        return "Persona"
    if fact.matter == "identity" or (fact.matter == "relation" and not fact.implied):
        return "Human"
    return ""


def core_entry(fact: Fact) -> tuple[str, str]:
    """Return a fact's key and value in core memory: "work: welder", and of somebody else "Nadia: sister"."""
    return (fact.attribute, fact.value) if fact.about == USER else (fact.about, fact.attribute)


def _entries(entries: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f'"{key}": {value}' for key, value in entries) or "{}"


def _stamp(time: datetime | None) -> str:
    return f'"{time:%Y-%m-%d %H:%M}"' if time else "null"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
