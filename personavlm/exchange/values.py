"""The released ``user_data.json`` as typed values, in its two schemas: the assistant's and the benchmark's.

    DIR/user_data.json  media/imgs/<n>.png  media/VisionConcept/<id>.png   <──>   AssistantData
    DIR/user_data.json  <name>.png …                                       <──>   BenchmarkData

Times have minute resolution and no zone there, so they are naive datetimes here and nowhere else in this package.
Texts keep the placeholder of a picture as it stands in the file (``<img_fill>``, in the benchmark ``<img>``).
Source: released code (PersonaVLMAgent.py, retriever.py, eval.py), key names only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from personavlm.personality import NEUTRAL, Profile

Entries = tuple[tuple[str, str], ...]
"""A flat block of keys and sentences, in the file's order."""


@dataclass(frozen=True, slots=True)
class RetrieveInfo:
    """What a step asked memory for; the bounds are the model's own text, which may be no time at all."""

    keywords: str
    start_time: str | None = None
    end_time: str | None = None
    retrieve: bool = True


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What came back, as text and as names of pictures in the folder."""

    semantic: tuple[str, ...] = ()
    semantic_pictures: tuple[str, ...] = ()
    episodic: tuple[str, ...] = ()
    episodic_pictures: tuple[str, ...] = ()
    procedural: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChainStep:
    """One step of the reasoning chain. ``info`` and ``retrieved`` are None where the file has ``{}``."""

    think: str
    action: Literal["retrieve", "answer"]
    response: str
    info: RetrieveInfo | None = None
    retrieved: Retrieved | None = None


@dataclass(frozen=True, slots=True)
class Interaction:
    """One turn: query, response, the chain between them, and the names of its pictures."""

    time: datetime
    query: str
    response: str
    chain: tuple[ChainStep, ...] = ()
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SemanticRecord:
    """What one turn left in semantic memory; ``decision`` False means nothing. ``crops`` None: no visual concept."""

    reason: str
    decision: bool
    content: str
    keywords: str
    crops: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Topic:
    """One episodic memory: a topic of a closed session with the places of its turns, from 0."""

    summary: str
    keywords: str
    turns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SessionData:
    """One session. ``profile`` and ``procedural`` are what held while it ran; None where the file has none."""

    interactions: tuple[Interaction, ...]
    semantic: tuple[SemanticRecord, ...] = ()
    """One record per interaction, in the same order."""
    topics: tuple[Topic, ...] | None = None
    """None while the session is open."""
    profile: Entries | None = None
    profile_time: datetime | None = None
    """The block's "update time": last turn of the session before, plus 60 minutes."""
    procedural: Entries | None = None


@dataclass(frozen=True, slots=True)
class AssistantData:
    """A user of the released assistant: everything in ``user_data.json``, with the bytes of its pictures."""

    init_profile: Entries
    sessions: tuple[SessionData, ...]
    imgs: tuple[str, ...] = ()
    """Every picture the user sent, in order, as names inside the folder ("media/imgs/0.png")."""
    current_interactions: int = 0
    big_five: Profile = NEUTRAL
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    """Bytes by name inside the folder."""


@dataclass(frozen=True, slots=True)
class BenchmarkTurn:
    """One turn of the benchmark's history."""

    time: datetime
    user: str
    assistant: str


@dataclass(frozen=True, slots=True)
class BenchmarkData:
    """A user of the benchmark: persona, history and pictures. ``profile`` is free JSON."""

    profile: Mapping[str, object]
    sessions: tuple[tuple[BenchmarkTurn, ...], ...]
    imgs: tuple[str, ...] = ()
    pictures: Mapping[str, bytes] = field(default_factory=dict)


UserData = AssistantData | BenchmarkData

FILL = "<img_fill>"
"""Where a picture stands in a query of the assistant's file."""
BENCHMARK_FILL = "<img>"
PERSONA = "assistant's "
"""How we mark a key of the persona block in the one flat profile, which does not tell the two blocks apart."""
