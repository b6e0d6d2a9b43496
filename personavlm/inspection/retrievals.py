"""Look-ups seen whole: every candidate with its scores and place, under any weights, and why one did not come back."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from time import perf_counter

from personavlm.assistant import Assistant
from personavlm.pictures import open_picture
from personavlm.retrieval import WEIGHTS, Placed, Query, Weights, WhyNot, placed, why_not
from personavlm.trace import Retrieve, Trace, Turn

DIALS = ("own", "window", "dense", "picture", "recency", "hop")
"""Weights of ``retrieval.Weights`` that are worth turning by hand."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """All candidates of one look-up, best first, and how long each part of it took (seconds)."""

    query: Query
    placed: tuple[Placed, ...]
    preparing: float
    """Following the ledger and encoding the question; the first time loads the encoder as well."""
    ranking: float
    known: int
    """Passages there are, whatever the period."""


def ranked(
    assistant: Assistant,
    now: datetime,
    text: str,
    asked: Retrieve,
    weights: Weights = WEIGHTS,
    picture: bytes | None = None,
) -> Ranking:
    """Rank everything for a look-up at the caller's ``now``; nothing is stored. Raises ``BadPicture``.

    Where a picture is asked about, things that do not look the same count as not returned, as in a reply.
    """
    opened = [open_picture(picture)] if picture else []
    turn = Turn("t1", now, text, tuple(one.mention() for one in opened))
    began = perf_counter()
    index = assistant.library.index()
    with assistant.library.passing(opened) if opened else nullcontext():
        query = replace(assistant.query(turn, asked), weights=weights)
    index.encoder.encode([text])  # kept by the encoder: what follows is ranking alone
    prepared = perf_counter()
    found = placed(index, query)
    done = perf_counter()
    same = assistant.kit.pictures.same_from
    listed = tuple(
        one._replace(returned=False) if query.pictures is not None and _unlike(one, same) else one for one in found
    )
    return Ranking(query, listed, prepared - began, done - prepared, len(index))


def _unlike(one: Placed, same_from: float) -> bool:
    return one.hit.type == "visual" and (one.hit.scores.picture or 0.0) < same_from


def reason(assistant: Assistant, ranking: Ranking, id: str) -> WhyNot:
    """Return why one memory or turn did or did not come back in a ranking."""
    return why_not(assistant.library.index(), ranking.query, id)


def whole_days(days: Sequence[date], zone: tzinfo | None) -> tuple[datetime | None, datetime | None]:
    """Return the period of some days, from the first one's start to the last one's last second.

    One day alone leaves the end open, none leaves both open.
    """
    if not days:
        return None, None
    start, last = (datetime.combine(day, time(), zone) for day in (days[0], days[-1]))
    return start, last + timedelta(days=1, seconds=-1) if len(days) > 1 else None


def dialled(values: Sequence[float]) -> Weights:
    """Return the weights with the ``DIALS`` set, in their order."""
    return replace(WEIGHTS, **dict(zip(DIALS, values, strict=True)))


@dataclass(frozen=True, slots=True)
class Wondered:
    """Why a memory did or did not come back for a question; ``place`` counts within its type from 1."""

    trace: Trace
    asked: Retrieve
    returned: bool
    place: int | None
    reason: str


def wondered(assistant: Assistant, now: datetime, question: str, memory: str) -> Wondered:
    """Ask a question (nothing is stored) and say what became of one memory.

    If the model looked nothing up, the question's own words are looked up in its place.
    """
    trace = assistant.ask(now, question)
    look_ups = [step for step in trace.steps if isinstance(step.action, Retrieve)]
    asked = next((step.action for step in look_ups if isinstance(step.action, Retrieve)), Retrieve((question,)))
    returned = any(hit.id == memory for hit in trace.hits)
    why = assistant.why_not(trace.turn, asked, memory)
    return Wondered(trace, asked, returned, why.rank, why.reason)
