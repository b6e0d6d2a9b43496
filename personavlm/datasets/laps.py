"""LAPS: what crowd workers typed to a recipe assistant over several sessions, with their preferences per session.

    {"worker_id": "…", "topic": "recipe", "sessions": [{"task_setting": "dinner",
      "dialogue": [{"role": "User", "turn_number": 1, "message": "I love it! Anything with pasta …"}, …],
      "preferences": {"cuisine_like": ["Italian"], "skill_level": ["pretty skilled"]}}]}

They are real people: the worker's id is dropped here and a place in the file stands for it.
Source: LAPS (Joko et al., SIGIR 2024), github.com/informagi/laps, MIT licence.
The file has no dates; callers assign them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field

from personavlm.datasets.dialogue import Dialogue, Said, pair
from personavlm.datasets.files import Shape, Skipped, load, unknown_keys
from personavlm.errors import BadInput
from personavlm.trace import aware

WHAT = "a LAPS file (a list of workers with sessions, as recipe_dataset_train.json)"

SPACING = timedelta(seconds=20)
"""Time put between messages when dates are assigned: about the pace of a chat."""


@dataclass(frozen=True, slots=True)
class LapsMessage:
    """One message; ``number`` is its turn_number in the file."""

    by_user: bool
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class LapsSession:
    """One sitting with the preferences the worker confirmed at its end, as (category, value) pairs."""

    worker: int
    """The worker's place in the file, from 0 (stands for the dropped id)."""
    number: int
    """The session's place, from 0."""
    setting: str
    messages: tuple[LapsMessage, ...]
    preferences: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class LapsWorker:
    """One person's sessions in order."""

    number: int
    sessions: tuple[LapsSession, ...]


@dataclass(frozen=True, slots=True)
class Laps:
    """What was read, and what was left out and why."""

    workers: tuple[LapsWorker, ...]
    skipped: tuple[Skipped, ...] = ()

    @property
    def sessions(self) -> tuple[LapsSession, ...]:
        """All sessions of all workers."""
        return tuple(session for worker in self.workers for session in worker.sessions)


class _Message(Shape):
    role: Literal["User", "Assistant"]
    turn_number: int
    message: str


class _Session(Shape):
    dialogue: list[_Message]
    preferences: dict[str, list[str]] = Field(default_factory=dict)
    task_setting: str = ""


class _Worker(Shape):
    worker_id: str = ""
    topic: str = ""
    sessions: list[_Session]


def laps(path: Path) -> Laps:
    """Return the workers of a LAPS file, without their ids. Raises ``BadInput`` for a file of another shape."""
    raw = load(path, list[_Worker], WHAT)
    skipped = list(unknown_keys(raw))
    workers: list[LapsWorker] = []
    for number, worker in enumerate(raw):
        sessions = tuple(_session(session, number, i, skipped) for i, session in enumerate(worker.sessions))
        workers.append(LapsWorker(number, sessions))
    return Laps(tuple(workers), tuple(skipped))


def laps_dialogue(sessions: Sequence[LapsSession], starts: Sequence[datetime], user: str) -> Dialogue:
    """Return sessions of one worker as a dialogue, the k-th beginning at the k-th of ``starts`` (assigned, aware).

    ``source`` names the messages as "session/turn_number". Raises ``BadInput`` if the two differ in number.
    """
    if len(sessions) != len(starts):
        raise BadInput(f"{len(sessions)} sessions but {len(starts)} dates were given.", "give one date per session.")
    turns = tuple(
        turn for session, start in zip(sessions, starts, strict=True) for turn in pair(_talk(session, aware(start)))
    )
    return Dialogue(user, "Assistant", turns)


def _talk(session: LapsSession, start: datetime) -> list[Said]:
    return [
        Said(message.by_user, message.text, start + index * SPACING, f"{session.number}/{message.number}")
        for index, message in enumerate(session.messages)
    ]


def _session(raw: _Session, worker: int, number: int, skipped: list[Skipped]) -> LapsSession:
    """Return one session; empty messages and blank values go to ``skipped``."""
    where = f"worker {worker} session {number}"
    kept = [one for one in raw.dialogue if one.message.strip()]
    skipped += [Skipped(f"{where} turn {m.turn_number}", "it is empty") for m in raw.dialogue if m not in kept]
    pairs = [(category, value) for category, values in raw.preferences.items() for value in values]
    skipped += [
        Skipped(f"{where} preferences.{category}", "the value is empty") for category, v in pairs if not v.strip()
    ]
    messages = tuple(LapsMessage(one.role == "User", one.turn_number, one.message) for one in kept)
    return LapsSession(worker, number, raw.task_setting, messages, tuple(p for p in pairs if p[1].strip()))
