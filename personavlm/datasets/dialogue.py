"""The neutral form every importer yields and the assistant replays: dialogues of turns whose replies are given.

    LoCoMo, LAPS, user_data.json, own files ──reader──> Dialogue ──> assistant (remembers, does not answer)

Two people's talk becomes turns by taking one side as the user:

    >>> said = [Said(True, "Hi!", at, "D1:1"), Said(False, "Hey, how are you?", at, "D1:2")]
    >>> pair(said)[0].source
    'D1:1 | D1:2'
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from personavlm.datasets.files import Skipped


@dataclass(frozen=True, slots=True)
class Caption:
    """A picture of which only a description is known."""

    text: str


@dataclass(frozen=True, slots=True)
class GivenTurn:
    """One user message and the reply it got. ``time`` is aware; ``reply`` may be empty (the talk ended there)."""

    time: datetime
    text: str
    reply: str
    pictures: tuple[Path | Caption, ...] = ()
    source: str = ""
    """Where it comes from. For two people's talk: ids of the user's utterances, " | ", ids of the other side's."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One user's turns with one assistant, in time order."""

    user: str
    assistant: str
    turns: tuple[GivenTurn, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file holds for the assistant, what was left out of it and why, and how many values were repaired."""

    dialogues: tuple[Dialogue, ...]
    skipped: tuple[Skipped, ...] = ()
    repaired: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """One utterance by either side of a talk."""

    by_user: bool
    text: str
    time: datetime
    id: str
    caption: str = ""


def pair(talk: Sequence[Said]) -> tuple[GivenTurn, ...]:
    """Return one sitting's utterances as turns; empty if the user never speaks in it.

    Consecutive utterances of one side are joined with a line break. A turn needs a user's text, so what the other side
    says before the user's first word goes to the front of the first turn's reply: it stays that side's words, of that
    date, and ``source`` keeps the order. A turn's time is that of its first user utterance.
    """
    first = next((i for i, said in enumerate(talk) if said.by_user), len(talk))
    opening, rest = list(talk[:first]), talk[first:]
    runs: list[tuple[list[Said], list[Said]]] = []
    for said in rest:
        if said.by_user and (not runs or runs[-1][1]):
            runs.append(([], []))
        runs[-1][0 if said.by_user else 1].append(said)
    if runs:
        runs[0][1][:0] = opening
    return tuple(_turn(user, other) for user, other in runs)


def _turn(user: list[Said], other: list[Said]) -> GivenTurn:
    captions = tuple(Caption(said.caption) for said in user if said.caption)
    text = "\n".join(said.text or _shown(said.caption) for said in user)
    reply = "\n".join(" ".join(filter(None, (said.text, _shown(said.caption)))) for said in other)
    return GivenTurn(user[0].time, text, reply, captions, f"{_ids(user)} | {_ids(other)}".rstrip())


def _shown(caption: str) -> str:
    return f"[picture: {caption}]" if caption else ""


def _ids(talk: Iterable[Said]) -> str:
    return " ".join(said.id for said in talk)
