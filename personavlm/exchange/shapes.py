"""The two schemas of ``user_data.json`` as pydantic shapes: the edge where a file is checked."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from personavlm.datasets.files import Shape

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(:\d\d)?( \([A-Za-z]+\))?")


def minute(text: str) -> tuple[datetime, bool]:
    """Return a time of the file and whether it was written otherwise than "YYYY-MM-DD HH:MM" (seconds, weekday).

    Raises ``ValueError`` for anything else.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a time like '2025-03-03 18:05'")
    time = datetime.fromisoformat(f"{match[1]} {match[2]}")
    return time, text != spell_time(time)


def spell_time(time: datetime) -> str:
    """Return a time as both schemas write it, to the minute and without zone."""
    return time.isoformat(sep=" ", timespec="minutes")[:16]


def _is_time(text: str) -> str:
    minute(text)
    return text


def _is_score(value: float) -> float:
    if not 1 <= value <= 5:
        raise ValueError(f"{value} is not a trait score in [1, 5]")
    return value


def _four(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


Time = Annotated[str, AfterValidator(_is_time)]
Score = Annotated[float, AfterValidator(_is_score)]


class QueryShape(Shape):
    """First part of an interaction."""

    time: Time
    query: str


class ResponseShape(Shape):
    """Second part of an interaction."""

    response: str


class InfoShape(Shape):
    """What a step asked for; empty on an answer step."""

    keywords: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    retrieve: bool | None = None


class RetrievedShape(Shape):
    """What came back; empty on an answer step."""

    semantic_memory: list[str] | None = None
    semantic_memory_imgs: list[str] | None = None
    episodic_memory: list[str] | None = None
    episodic_memory_imgs: list[str] | None = None
    procedural_memory: list[str] | None = None


class StepShape(Shape):
    """One step of the chain."""

    think: str = ""
    action: Literal["retrieve", "answer"]
    response: str = ""
    retrieve_info: InfoShape = Field(default_factory=InfoShape)
    retrieve_memory: RetrievedShape = Field(default_factory=RetrievedShape)


InteractionShape = Annotated[
    tuple[QueryShape, ResponseShape, list[StepShape], list[str]],
    BeforeValidator(_four),
]


class SemanticShape(Shape):
    """One turn's semantic record."""

    reason: str = ""
    decision: bool
    content: str = ""
    keywords: str = ""
    crops: list[str] | None = None


class TopicShape(Shape):
    """One episodic topic."""

    topic_summary: str
    keywords: str = ""
    source_dialog_indices: list[Annotated[int, Field(ge=0)]]


class SessionShape(Shape):
    """One session of the assistant's file."""

    profile: dict[str, Any] | None = None
    ProceduralMemory: dict[str, Any] | None = None
    interactions: list[InteractionShape]
    semantic_memory: list[SemanticShape] = Field(default_factory=list)
    EpisodicMemory: list[TopicShape] | None = None


class BigFiveShape(Shape):
    """The evolving profile."""

    openness: Score = 3
    conscientiousness: Score = 3
    extraversion: Score = 3
    agreeableness: Score = 3
    neuroticism: Score = 3


class AssistantShape(Shape):
    """The assistant's file."""

    init_profile: dict[str, Any]
    imgs: list[str] = Field(default_factory=list)
    current_interactions: Annotated[int, Field(ge=0)]
    big_five_personality: BigFiveShape = Field(default_factory=BigFiveShape)
    sessions: list[SessionShape]


class BenchmarkTurnShape(Shape):
    """One turn of the benchmark's file."""

    time: Time
    user: str
    assistant: str


class BenchmarkShape(Shape):
    """The benchmark's file."""

    profile: dict[str, Any]
    imgs: list[str] = Field(default_factory=list)
    sessions: list[list[BenchmarkTurnShape]]
