"""Trace: the whole record of one turn, and the values it is made of.

One record serves the chat, the inspector, golden tests, the benchmark's log and the training set:

    Trace
    ├── turn   who said what, when, with which pictures            Turn, Picture
    ├── steps  think, then act: retrieve or answer                 Step(think, Retrieve | Answer | Malformed, hits)
    ├── edits  what the update stage learnt from it                memory.Edit
    └── calls  which model was asked what, for how long            Call

A turn is one user message with the reply to it; the reply is the text of the trace's last answer. Times are aware
datetimes: the caller's clock is the clock, this package reads none.

This module sits above ``memory`` because a trace holds edits. Source: paper section 3.1, figure 2; the step and action
grammar is that of the released prompts (interface names only).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal, TypeVar, cast

from pydantic import TypeAdapter

from personavlm.errors import BadTime
from personavlm.memory import Edit

SESSION_GAP = timedelta(minutes=60)
"""A pause of at least this long starts a new session (paper: t_s = 60 min, algorithm 1)."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in a turn, named by its content. ``digest`` is empty where only a caption is known (imports)."""

    digest: str
    """sha256 of the stored bytes, hexadecimal."""
    width: int = 0
    height: int = 0
    caption: str = ""
    at: float | None = None
    """Seconds from the start of the clip, for a frame of a clip."""
    box: tuple[int, int, int, int] | None = None
    """Left, top, right, bottom in pixels of the thing the user marked, if they did."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One user message. ``id`` is "t" and its number within the user, from 1."""

    id: str
    time: datetime
    text: str
    pictures: tuple[Picture, ...] = ()

    @property
    def finished(self) -> int:
        """Turns finished before this one: PEM's m."""
        return int(self.id[1:]) - 1


@dataclass(frozen=True, slots=True)
class Scores:
    """Why a hit ranks where it does; each part in [0, 1], higher is nearer, None where it was not asked."""

    fused: float
    dense: float | None = None
    lexical: float | None = None
    picture: float | None = None


HitType = Literal["core", "semantic", "episodic", "procedural", "visual", "turn"]


@dataclass(frozen=True, slots=True)
class Quote:
    """A raw turn as retrieved: its words on both sides, with its date."""

    turn: str
    time: datetime
    text: str
    reply: str
    score: float
    """Fused score of this turn alone, in [0, 1]."""
    captions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """One retrieved memory with its scores and the reason it came back.

    ``type`` "turn" is a raw turn of a session that is still running; "episodic" hits carry their best turns as quotes.
    """

    id: str
    type: HitType
    time: datetime
    text: str
    scores: Scores
    why: str
    evidence: tuple[str, ...] = ()
    quotes: tuple[Quote, ...] = ()
    crops: tuple[str, ...] = ()
    """Digests of cut-outs shown with it (visual concepts)."""
    until: datetime | None = None
    status: str = "current"


@dataclass(frozen=True, slots=True)
class Retrieve:
    """Ask memory: keywords, and optionally the period the memory must come from (both ends included)."""

    keywords: tuple[str, ...]
    start: datetime | None = None
    end: datetime | None = None
    kind: Literal["retrieve"] = "retrieve"


@dataclass(frozen=True, slots=True)
class Answer:
    """Reply to the user and stop. ``given`` marks a reply that was not generated but came with an imported turn."""

    text: str
    given: bool = False
    kind: Literal["answer"] = "answer"


@dataclass(frozen=True, slots=True)
class Malformed:
    """Model output that does not keep its contract. Counted and shown, never taken for something else."""

    raw: str
    """The output as it came, cut to ``MAX_RAW`` characters."""
    reason: str
    kind: Literal["malformed"] = "malformed"


MAX_RAW = 4_000


def malformed(raw: str, reason: str) -> Malformed:
    """Return a Malformed whose raw text is bounded."""
    return Malformed(raw[:MAX_RAW], reason)


Action = Retrieve | Answer | Malformed


@dataclass(frozen=True, slots=True)
class Step:
    """One think/act of the response stage, with what a retrieval brought back."""

    think: str
    action: Action
    hits: tuple[Hit, ...] = ()
    forced: bool = False
    """Whether the loop, not the model, chose the action (forced retrieval, or forced answer at the limit)."""


@dataclass(frozen=True, slots=True)
class Call:
    """One model call: what for, by which model, and what it cost."""

    purpose: str
    model: str
    seconds: float
    tokens_in: int = 0
    tokens_out: int = 0
    malformed: str = ""
    """Why its output was Malformed; empty if it was fine."""
    raw: str = ""
    """That output as it came, cut to ``MAX_RAW`` characters; empty if it was fine."""


@dataclass(frozen=True, slots=True)
class Trace:
    """The whole record of one turn."""

    turn: Turn
    steps: tuple[Step, ...]
    edits: tuple[Edit, ...] = ()
    calls: tuple[Call, ...] = ()

    @property
    def reply(self) -> str:
        """The text of the last answer; empty if there is none yet."""
        answers = (s.action.text for s in reversed(self.steps) if isinstance(s.action, Answer))
        return next(answers, "")

    @property
    def hits(self) -> tuple[Hit, ...]:
        """Every hit of every step, in order."""
        return tuple(hit for step in self.steps for hit in step.hits)


@dataclass(frozen=True, slots=True)
class Session:
    """A run of traces with gaps below the session gap. ``id`` is "s" and its number within the user, from 1."""

    id: str
    traces: tuple[Trace, ...]

    @property
    def start(self) -> datetime:
        """Time of the first turn."""
        return self.traces[0].turn.time

    @property
    def last(self) -> datetime:
        """Time of the last turn so far."""
        return self.traces[-1].turn.time


def sessions(traces: Iterable[Trace], gap: timedelta = SESSION_GAP) -> Iterator[Session]:
    """Cut traces (in time order) into sessions: a pause of at least ``gap`` starts a new one (algorithm 1)."""
    run: list[Trace] = []
    number = 1
    for trace in traces:
        if run and trace.turn.time - run[-1].turn.time >= gap:
            yield Session(f"s{number}", tuple(run))
            run, number = [], number + 1
        run.append(trace)
    if run:
        yield Session(f"s{number}", tuple(run))


def aware(time: datetime) -> datetime:
    """Return the time to the second if it has a zone. Raises ``BadTime`` if it has none."""
    if time.tzinfo is None or time.utcoffset() is None:
        raise BadTime(
            f"The time {time.isoformat(sep=' ')} has no time zone.",
            f"give an offset, for example {time.isoformat(timespec='seconds')}+00:00.",
        )
    return time.replace(microsecond=0)


# ── canonical JSON ───────────────────────────────────────────────────────────────────────────────────────────────

T = TypeVar("T")


def plain(value: Any) -> Any:
    """Return a value as JSON-ready dicts, lists and scalars; datetimes as ISO 8601 with offset. Field order is kept."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    return value


def canonical(value: Any) -> str:
    """Return a value's one JSON spelling: keys sorted, no spaces, UTF-8. Equal values have equal spellings."""
    return valid(json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False))


def valid(text: str) -> str:
    """Return text that can be written as UTF-8: a lone surrogate, which is no character, becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def digest(value: Any, parent: str = "") -> str:
    """Return the sha256 of a value's canonical JSON, chained to its predecessor's digest if one is given."""
    return hashlib.sha256((parent + canonical(value)).encode()).hexdigest()


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def revive(kind: type[T], text: str) -> T:
    """Return the value that ``canonical`` spelled. Raises ``pydantic.ValidationError`` if it does not fit ``kind``."""
    value: T = _adapter(cast("Any", kind)).validate_json(text)
    return value
