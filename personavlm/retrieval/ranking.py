"""Ranking: which passages are candidates for a query, and the score of every one of them.

    candidates: alive, not after now, in the period, not left out     (before anything is ranked)
    fused = 0.22 own words + 0.30 words of the window + 0.48 meaning, and small terms that ``Weights`` names

All candidates are scored exactly; there is no first stage whose misses could not be mended.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from personavlm.retrieval.index import Index, instant
from personavlm.retrieval.lexical import Floats, Ints, Scope, scope
from personavlm.retrieval.passages import Query, Weights
from personavlm.trace import Scores
from personavlm.words import terms

_WHEN = re.compile(r"^\W*when\b|\b(what|which) (date|day|month|year|time)\b|\bhow long\b", re.IGNORECASE)
_FLOOR, _CEILING = np.iinfo(np.int64).min, np.iinfo(np.int64).max

P = ParamSpec("P")
R = TypeVar("R")


def alone(read: Callable[Concatenate[Index, P], R]) -> Callable[Concatenate[Index, P], R]:
    """Let a reader have the index for itself: an idle worker may be writing what it learnt."""

    @wraps(read)
    def reading(index: Index, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with index.lock:
            return read(index, *args, **kwargs)

    return reading


class Ranked(NamedTuple):
    """One passage's place in a ranking of all candidates."""

    id: str
    scores: Scores


@dataclass(frozen=True, slots=True)
class Scored:
    """Every candidate with its parts; arrays are parallel to ``rows``, which increase."""

    rows: Ints
    fused: Floats
    dense: Floats | None
    lexical: Floats | None
    picture: Floats | None
    asked: frozenset[str] = frozenset()
    """Terms of the question and the keywords."""
    reached: Mapping[int, str] = field(default_factory=dict)
    """Places that a hop through a link reached, with what ties them to a better hit."""

    def scores(self, place: int, fused: float | None = None) -> Scores:
        """Return one candidate's parts; ``fused`` where a later step changed it."""
        parts = [None if part is None else _share(part[place]) for part in (self.dense, self.lexical, self.picture)]
        return Scores(_share(self.fused[place] if fused is None else fused), *parts)


def _share(value: float) -> float:
    return round(min(1.0, max(0.0, float(value))), 6)


# ── candidates ───────────────────────────────────────────────────────────────────────────────────────────────────


def bounds(query: Query) -> tuple[int, int]:
    """Return the period as whole microseconds, both ends included."""
    start = instant(query.start) if query.use_period and query.start else _FLOOR
    end = instant(query.end) if query.use_period and query.end else _CEILING
    return start, end


def present(index: Index, query: Query) -> NDArray[np.bool_]:
    """Which rows may be known at all: alive and not later than now."""
    return index.column("alive") & (index.column("time") <= instant(query.now))


def in_period(index: Index, query: Query, known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the rows present come from the period: said, learnt or beginning in it; a topic by its turns."""
    start, end = bounds(query)
    if (start, end) == (_FLOOR, _CEILING):
        return known
    time, since = index.column("time"), index.column("since")
    inside = known & (((time >= start) & (time <= end)) | ((since >= start) & (since <= end)))
    covering = index.column("topic")
    if not len(covering) or covering.max() < 0:
        return inside
    inside[np.unique(covering[known & (covering >= 0)])] = False
    reached = np.unique(covering[inside & (covering >= 0)])
    inside[reached] = known[reached]
    return inside


def candidates(index: Index, query: Query) -> Ints:
    """Return the rows that may come back, increasing."""
    inside = in_period(index, query, present(index, query))
    left_out = [row for one in query.exclude if (row := index.row(one)) is not None]
    if left_out:
        inside = inside.copy()
        inside[left_out] = False
    return np.flatnonzero(inside)


# ── scores ───────────────────────────────────────────────────────────────────────────────────────────────────────


def score(index: Index, query: Query, rows: Ints) -> Scored:
    """Score all candidates exactly: each part in its own range, then the weighted sum, cut to [0, 1]."""
    weights = query.weights
    asked = terms(" ".join((query.text, *query.keywords)))
    before, after = (_neighbours(index, query, rows, side) for side in ("before", "after"))
    near, beside = scope(rows, before, after), (before >= 0).astype(np.float32) + (after >= 0).astype(np.float32)
    fused = np.zeros(len(rows), np.float32)
    dense = lexical = picture = None
    if query.use_lexical:
        told = _told(index, weights, asked, near, beside > 0)
        fused += told
        full = np.where(beside > 0, weights.own + weights.window, weights.own).astype(np.float32)
        lexical = (told / np.maximum(full, np.float32(1e-9))).astype(np.float32)
    if query.use_dense:
        dense = _meant(index, query, near, beside)
        fused += np.float32(weights.dense) * dense
    fused[beside == 0] *= weights.alone
    fused += _small_terms(index, query, rows, asked)
    if query.pictures is not None and len(query.pictures):
        picture = index.pictured(rows, query.pictures)
        shown = picture > 0
        fused[shown] = (1 - weights.picture) * fused[shown] + weights.picture * picture[shown]
    # Six places: sums of floats differ in the last bit with a row's place in memory, and must not order equals by it.
    cut: Floats = np.clip(fused, 0, 1).round(6)
    return Scored(rows, cut, dense, lexical, picture, frozenset(asked))


def _told(index: Index, weights: Weights, asked: Sequence[str], near: Scope, context: NDArray[np.bool_]) -> Floats:
    """Weighted BM25 shares of the candidates and of the windows of those that stand in a context."""
    column = index.column("length")
    lengths = column[near.low : near.high] if near.listed is None else column[near.listed]
    found = index.postings.score(asked, lengths, near, weights.k1, weights.b)
    told = np.float32(weights.own) * _sharpened(found.own, weights.sharp)
    if near.before is not None:
        told += np.float32(weights.window) * _sharpened(found.window, weights.sharp) * context
    return told


def _sharpened(shares: Floats, power: float) -> Floats:
    # Powers are slow and most passages hold no word of the question.
    held = np.flatnonzero(shares)
    sharpened = np.zeros_like(shares)
    sharpened[held] = shares[held] ** np.float32(power)
    return sharpened


def _meant(index: Index, query: Query, near: Scope, neighbours: Floats) -> Floats:
    """Cosine with the question or the keywords, whichever is nearer, smoothed over the neighbours."""
    texts = [text for text in (query.text, ", ".join(query.keywords)) if text.strip()]
    cosines = np.full(near.size, -1 if texts else 0, np.float32)
    for vector in index.encoder.encode(texts):
        np.maximum(cosines, index.cosines(vector, near), out=cosines)
    smooth = np.float32(query.weights.smooth)
    meant: Floats = (cosines[near.asked] + smooth * near.around(cosines)) / (1 + smooth * neighbours)
    return meant


def _neighbours(index: Index, query: Query, rows: Ints, side: str) -> Ints:
    beside: Ints = index.take(side, rows)
    if not query.use_context:
        return np.full_like(beside, -1)
    late = (beside >= 0) & (index.column("time")[beside] > instant(query.now))
    return np.where(late, -1, beside) if late.any() else beside


def _small_terms(index: Index, query: Query, rows: Ints, asked: Sequence[str]) -> Floats:
    weights = query.weights
    total = -np.float32(weights.asking) * index.take("asks", rows)
    if _WHEN.search(query.text):
        total += np.float32(weights.dated) * index.take("dated", rows)
    named = [code for code, name in enumerate(index.speakers) if set(terms(name)) & set(asked)]
    if named:
        total += np.float32(weights.speaker) * np.isin(index.take("speaker", rows), named)
    return total


@alone
def rank(index: Index, query: Query) -> tuple[Ranked, ...]:
    """Return every candidate, best first; types, topics and limits play no part (raw turns of a conversation)."""
    rows = candidates(index, query)
    if not len(rows):
        return ()
    scored = score(index, query, rows)
    order = np.argsort(-scored.fused, kind="stable")
    return tuple(Ranked(index.at(int(rows[place])).id, scored.scores(int(place))) for place in order)
