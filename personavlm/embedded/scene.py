"""What a response prompt says, read back from its slots: who asks what and when, what is known, what was looked up.

    messages ──> Scene(now, query, user, assistant, history, memories, looks, …) ──> utterances(scene)

An utterance is one thing one side said, with its date: the unit from which answers are quoted. Times in prompts carry
no zone; they are read as UTC and written back without one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from personavlm.embedded import language
from personavlm.models import Message
from personavlm.personality import TRAITS, Trait
from personavlm.prompts import slot
from personavlm.prompts.respond import LAST_NOTICE
from personavlm.prompts.text import (
    Line,
    MemoryLine,
    parse_core_text,
    parse_history,
    parse_memories,
    parse_query,
)

Side = Literal["user", "assistant"]
FOUND_SLOTS = ("ProceduralMemory", "SemanticMemory", "VisualMemory", "EpisodicMemory")
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Stands for now in a prompt whose query has no readable time."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything the reply may rest on."""

    now: datetime
    query: str
    user: str
    """The user's name; empty if unknown."""
    assistant: str
    """The name of the assistant's side; empty if unknown."""
    core: Mapping[str, Mapping[str, str]]
    history: tuple[Line, ...]
    memories: tuple[MemoryLine, ...]
    """What the look-ups of this turn brought, in order, each once."""
    looks: int
    """Look-ups made so far."""
    last: bool
    """Whether there may be no further look-up."""
    pictures: int
    profile: Mapping[Trait, float]


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one side said in one turn. ``turn`` is the turn's id, ``rank`` its place among what was found, from 0."""

    side: Side
    text: str
    time: datetime
    turn: str
    rank: int
    partner: str = ""
    """What the other side said in the same turn."""
    kind: str = "turn"
    """"turn", or the type of the memory whose text it is."""
    status: str = "current"
    until: datetime | None = None
    asked: str = ""
    """What the other side had asked just before."""


def read(messages: Sequence[Message]) -> Scene:
    """Return the scene of a respond, respond_more or answer prompt; missing slots are empty."""
    now, query = parse_query(slot(messages, "UserQuery"), UTC)
    core = parse_core_text(slot(messages, "UserProfile"))
    results = [m for m in messages if m.role == "user" and m.contract == "respond_more"]
    asked = next((m for m in reversed(messages) if m.contract in ("respond", "answer")), None)
    opening = next((dict(m.slots).get("DialogHistory", "") for m in messages if m.contract != "respond_more"), "")
    history = parse_history(opening or slot(messages, "DialogHistory"), UTC)
    return Scene(
        now=now or EPOCH,
        query=query,
        user=_name(core.get("human", {})),
        assistant=_name(core.get("persona", {})),
        core=core,
        history=history,
        memories=_memories(messages),
        looks=len(results),
        last=bool(results) and LAST_NOTICE in dict(results[-1].slots).get("Notice", ""),
        pictures=len(asked.images) if asked else 0,
        profile=_profile(messages),
    )


def _name(block: Mapping[str, str]) -> str:
    found = next((value for key, value in block.items() if key.lower() in ("name", "user name", "first name")), "")
    return re.sub(r"^(?:the )?(?:user|assistant)$", "", found.strip(), flags=re.I)


def _memories(messages: Sequence[Message]) -> tuple[MemoryLine, ...]:
    found: dict[str, MemoryLine] = {}
    for message in messages:
        slots = dict(message.slots)
        for name in FOUND_SLOTS:
            for memory in parse_memories(strip_digests(slots.get(name, "")), UTC):
                found.setdefault(memory.id, memory)
    return tuple(found.values())


def strip_digests(text: str) -> str:
    """Return a slot without the private-use marks of its pictures; captions stay."""
    return re.sub("[\ue000-\uf8ff]", "", re.sub("\ue000[^\ue001]*\ue001", "", text))


def _profile(messages: Sequence[Message]) -> Mapping[Trait, float]:
    scores: dict[Trait, float] = {}
    for trait in TRAITS:
        try:
            scores[trait] = min(5.0, max(1.0, float(slot(messages, trait.title()))))
        except ValueError:  # a prompt set without the slot: no tone for this trait
            continue
    return scores


def utterances(scene: Scene) -> Iterator[Utterance]:
    """Yield what was found, then the last hour: each turn by its two sides and once, each memory; best found first.

    A topic's own summary is left out: its turns say it better. Memories are about the user, so they are the user's.
    """
    found = list(_in_turn(scene))
    for said in found:
        yield replace(said, asked=_asked_before(said, found)) if said.kind == "turn" else said


ANSWERS_WITHIN = timedelta(minutes=10)
"""A question asked so long before a message may be what it answers."""


def _asked_before(said: Utterance, found: Sequence[Utterance]) -> str:
    """What the other side asked in the last turn found before this one; empty if it asked nothing."""
    near = (o for o in found if o.side != said.side and abs(said.time - o.time) <= ANSWERS_WITHIN)
    last = max((o for o in near if order(o) < order(said)), key=order, default=None)
    return " ".join(s for s in language.sentences(last.text) if language.is_question(s)) if last else ""


def order(said: Utterance) -> tuple[datetime, int, str]:
    """Return what turns are ordered by: time and, within a minute, which is as exact as prompts are, their ids."""
    return said.time, len(said.turn), said.turn


def _in_turn(scene: Scene) -> Iterator[Utterance]:
    seen: set[str] = set()
    rank = 0
    for memory in scene.memories:
        if memory.type != "episodic":
            seen.add(memory.id)
            kind = memory.type
            yield Utterance("user", memory.text, memory.time, memory.id, rank, "", kind, memory.status, memory.until)
            rank += kind == "turn"
        for line in memory.quotes:
            if line.turn not in seen:
                seen.add(line.turn)
                yield from _sides(line, rank)
                rank += 1
    for line in reversed(scene.history):
        if line.turn not in seen:
            seen.add(line.turn)
            yield from _sides(line, rank)
            rank += 1


_QUOTES = re.compile(r"^(?:You told me on|I said on|I have it from) [^\n]*: “", re.M)


def _sides(line: Line, rank: int) -> Iterator[Utterance]:
    """Both sides of a turn; an answer that quotes what it rests on is no evidence beside it, and may be overtaken."""
    for side, text, partner in (("user", line.user, line.assistant), ("assistant", line.assistant, line.user)):
        if text.strip() and not (side == "assistant" and _QUOTES.search(text)):
            yield Utterance("user" if side == "user" else "assistant", text, line.time, line.turn, rank, partner)
