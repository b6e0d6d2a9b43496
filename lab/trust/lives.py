"""Lives to attack: a world's turns told to an assistant whose model repeats everything it sees.

The parrot keeps every contract and quotes in each what stands in its prompt: thoughts, replies, memories, topics and
core entries carry the user's words on as far as they can go. What an erasure has to find is never more than that.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from personavlm.assistant import Assistant, Kit, create_user
from personavlm.models import Message, Model, Sampling
from personavlm.models.scripted import Scripted
from personavlm.personality import TRAITS
from personavlm.prompts import slot
from personavlm.worlds.make import make_world
from personavlm.worlds.pictures.album import data_of
from personavlm.worlds.values import World

OWN_WORDS = "note told nothing yet"
"""Words that the parrot brings itself."""
LONGEST = 400
"""Characters that the parrot quotes at once."""


def world_of(seed: int) -> World:
    """Return a test-half world of about 50 turns."""
    return make_world(seed, "test", "50")


def live(home: Path, user: str, world: World, model: Model, kit: Kit, turns: int) -> Assistant:
    """Tell a world's first turns to a new user's assistant, who replies and learns; return it."""
    person, shots = world.person, {shot.id: shot for shot in world.shots}
    store = create_user(home, user, person.start, {"name": person.name})
    store.wait_for_no_disk()
    assistant = Assistant(store, model, kit=kit)
    for turn in world.turns[:turns]:
        assistant.tick(turn.time)
        assistant.say(turn.time, turn.text, [data_of(shots[shot]) for shot in turn.shots])
        assistant.flush()
    return assistant


def parrot() -> Scripted:
    """Return a model that repeats what it sees; the same prompt, the same words."""
    return Scripted(_repeat, "parrot")


def _repeat(messages: Sequence[Message], _: Sampling) -> str:
    contract = messages[-1].contract
    return _CONTRACTS[contract](messages)


def _said(messages: Sequence[Message], *names: str) -> str:
    """What stands in the first of these slots, on one line."""
    text = next((found for name in names if (found := slot(messages, name).strip())), "nothing")
    return " ".join(text.replace('"', "'").split())[:LONGEST]


def _number(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


def _personality(messages: Sequence[Message]) -> str:
    seed = _number(_said(messages, "UserQuery"))
    return "\n".join(f'"{trait}": {1 + (seed >> 3 * place) % 5}' for place, trait in enumerate(TRAITS))


def _semantic(messages: Sequence[Message]) -> str:
    said = _said(messages, "UserQuery")
    known = re.findall(r"\[(m[\d_]+)\]", slot(messages, "KnownMemory"))
    replaces = known[0] if known and _number(said) % 4 == 0 else "null"
    words = ", ".join(said.split()[:8])
    lines = (("reason", said), ("decision", "true"), ("content", said), ("keywords", words), ("replaces", replaces))
    return "\n".join(f'"{key}": {value}' for key, value in lines)


def _episodic(messages: Sequence[Message]) -> str:
    said = _said(messages, "DialogHistory")
    return f'"topic_summary": {said}\n"keywords": {", ".join(said.split()[:8])}\n"source_dialog_indices": 0'


def _entries(messages: Sequence[Message]) -> str:
    said = _said(messages, "DialogHistory")
    return f'"note {_number(said) % 3}": {said[-80:]}'


def _look_up(messages: Sequence[Message]) -> str:
    said = _said(messages, "UserQuery")
    words = ", ".join(said.split()[:12])
    span = '"start_time": "null"\n"end_time": "null"'
    return f'<think>{said}</think><retrieve>\n"keywords": {words}\n{span}\n</retrieve>'


def _answer(messages: Sequence[Message]) -> str:
    found = _said(messages, "SemanticMemory", "EpisodicMemory", "DialogHistory", "UserQuery")
    return f"<think>{found}</think><answer>You told me: {found}</answer>"


_CONTRACTS = {
    "personality": _personality,
    "semantic": _semantic,
    "episodic": _episodic,
    "procedural": _entries,
    "core": _entries,
    "respond": _look_up,
    "respond_more": _answer,
    "answer": lambda messages: _said(messages, "SemanticMemory", "UserQuery"),
}
