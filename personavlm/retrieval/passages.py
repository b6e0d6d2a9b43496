"""Passages and queries: what can be found, what is asked, and how much each part of the evidence weighs.

A passage is one findable thing: a memory, or a raw turn. Passages of one thread (a session's turns) are each other's
context: a turn is also found by what the turns beside it say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from personavlm.encoders import Vectors
from personavlm.graph import HOP_WEIGHT
from personavlm.memory import Memory, State
from personavlm.trace import HitType, Trace, sessions

_MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class Passage:
    """One findable thing with its times. ``id`` is the memory's or the turn's id."""

    id: str
    type: HitType
    text: str
    time: datetime
    """When it was said or learnt: nothing is found before this time."""
    since: datetime | None = None
    """A second time it is found under: from when a memory holds, or the first turn of a topic."""
    until: datetime | None = None
    status: str = "current"
    replaced_by: str | None = None
    attribute: str = ""
    speaker: str = ""
    """Who said ``text`` (raw turns)."""
    reply: str = ""
    """What was said back (raw turns)."""
    captions: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    thread: str = ""
    """Passages of one thread, in the order they are added, are each other's context; empty for none."""
    turns: tuple[str, ...] = ()
    """The passages a topic covers: they come back as its quotes, not on their own."""
    evidence: tuple[str, ...] = ()
    crops: tuple[str, ...] = ()
    pictures: Vectors | None = field(default=None, compare=False)
    """Unit vectors of the crops, one row each."""

    @property
    def searched(self) -> str:
        """The text that is indexed: a raw turn with its date and speaker, a memory with its keywords."""
        said = self.text
        if self.captions:
            said += f" [{'; '.join(self.captions)}]"
        if self.type == "turn":
            who = f"{self.speaker} said, " if self.speaker else ""
            back = f' "{self.reply}"' if self.reply else ""
            return f'({spoken(self.time)}) {who}"{said}"{back}'
        return f"{said} ({', '.join(self.keywords)})" if self.keywords else said


def spoken(time: datetime) -> str:
    """Return a date in English words, so that questions match it: ``"Sunday 2 March 2025"``. No locale is asked."""
    return f"{_DAYS[time.weekday()]} {time.day} {_MONTHS[time.month - 1]}, {time.year}"


@dataclass(frozen=True, slots=True)
class Limits:
    """How many hits of each type come back. Source: released retriever (2, 4, 2, 2)."""

    procedural: int = 2
    semantic: int = 4
    topics: int = 2
    """Topics, and raw turns that no topic covers yet, together."""
    visual: int = 2
    quotes: int = 4
    """Raw turns that a topic brings along, best first."""


@dataclass(frozen=True, slots=True)
class Weights:
    """One set of weights for all data; chosen on LoCoMo dev and PrefEval dev as docs/retrieval.md tells."""

    own: float = 0.22
    """BM25 share of the passage itself."""
    window: float = 0.30
    """BM25 share of the passage with its neighbours; a passage that stands alone has none."""
    dense: float = 0.48
    """Cosine of the passage with the question, smoothed over its neighbours."""
    sharp: float = 1.5
    """Power the shares are raised to: half of a question's information tells less than half as much."""
    smooth: float = 0.30
    """Weight of each neighbour's cosine beside the passage's own 1."""
    picture: float = 0.60
    """Share of the picture's cosine where a picture is asked about; the rest is for the words."""
    speaker: float = 0.05
    """For a passage whose speaker the question names."""
    dated: float = 0.06
    """For a passage that speaks of time, when the question asks when."""
    asking: float = 0.05
    """Against a passage that asks something itself: it seldom holds the answer."""
    recency: float = 0.03
    """For the newest of several memories of one attribute; older ones get less, down to 0."""
    hop: float = HOP_WEIGHT
    """For a memory that a link ties to one of the best hits."""
    ended: float = 0.80
    """Factor on memories that were retired, unless the question is about the past."""
    k1: float = 1.2
    b: float = 0.5

    @property
    def alone(self) -> float:
        """Factor on a passage without neighbours: its words and meaning share what the window would have weighed."""
        return (self.own + self.window + self.dense) / max(self.own + self.dense, 1e-9)


WEIGHTS = Weights()


@dataclass(frozen=True, slots=True)
class Query:
    """One question to memory. Ablations are ``replace(query, …)``."""

    text: str
    """The user's question."""
    now: datetime
    """The caller's clock: nothing said or learnt later comes back."""
    keywords: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    """Both ends are included; None is open."""
    pictures: Vectors | None = field(default=None, compare=False)
    limits: Limits = Limits()
    exclude: frozenset[str] = frozenset()
    """Ids not to return: shown already, or in the prompt. A topic's id leaves out all of it, a turn's one turn."""
    weights: Weights = WEIGHTS
    use_period: bool = True
    use_dense: bool = True
    use_lexical: bool = True
    use_context: bool = True
    """Whether neighbours in a thread count."""
    use_hop: bool = True
    """Whether links of the memory graph lift what is tied to the best hits."""


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why a memory was not returned. ``rank`` is its place within its type from 1, None if it was no candidate."""

    rank: int | None
    reason: str


# ── from state and traces ────────────────────────────────────────────────────────────────────────────────────────


def turn_passage(trace: Trace, thread: str, speaker: str = "") -> Passage:
    """Return a raw turn as a passage of its session."""
    turn = trace.turn
    return Passage(
        id=turn.id,
        type="turn",
        text=turn.text,
        time=turn.time,
        speaker=speaker,
        reply=trace.reply,
        captions=tuple(picture.caption for picture in turn.pictures if picture.caption),
        thread=thread,
        evidence=(turn.id,),
    )


def memory_passage(
    memory: Memory, times: Mapping[str, datetime], pictures: Mapping[str, Vectors] | None = None
) -> Passage | None:
    """Return a memory as a passage; None for core memory, which every prompt holds anyway.

    ``times`` are those of the turns, ``pictures`` vectors by crop digest. A memory is learnt with its last evidence.
    """
    if memory.type == "core":
        return None
    said = [times[turn] for turn in (*memory.evidence, *memory.turns) if turn in times]
    learnt = max(said, default=memory.since)
    visual = memory.type == "semantic" and (memory.kind == "concept" or bool(memory.crops))
    crops = tuple(crop.digest for crop in memory.crops)
    return Passage(
        id=memory.id,
        type="visual" if visual else memory.type,
        text=memory.text,
        time=learnt,
        since=min(said, default=memory.since) if memory.type == "episodic" else memory.since,
        until=memory.until,
        status=memory.status,
        replaced_by=memory.replaced_by,
        attribute=memory.attribute,
        keywords=memory.keywords,
        turns=memory.turns,
        evidence=memory.evidence,
        crops=crops,
        pictures=_stack(crops, pictures or {}),
    )


def _stack(crops: tuple[str, ...], pictures: Mapping[str, Vectors]) -> Vectors | None:
    import numpy as np

    found = [np.atleast_2d(pictures[crop]) for crop in crops if crop in pictures]
    return np.concatenate(found).astype(np.float32) if found else None


def passages(
    state: State, traces: Iterable[Trace], speaker: str = "", pictures: Mapping[str, Vectors] | None = None
) -> Iterator[Passage]:
    """Yield every findable thing: the raw turns in order, then the memories in the order they were learnt."""
    times: dict[str, datetime] = {}
    for session in sessions(traces):
        for trace in session.traces:
            times[trace.turn.id] = trace.turn.time
            yield turn_passage(trace, session.id, speaker)
    for memory in state.all():
        passage = memory_passage(memory, times, pictures)
        if passage is not None:
            yield passage
