"""Search: choose the candidates, score them, take the best per type, and say why (or why not).

    candidates: alive, not after now, in the period, not left out     (before anything is ranked)
    fused = 0.35 own words + 0.35 words of the window + 0.30 meaning, and small terms that ``Weights`` names

All candidates are scored exactly; there is no first stage whose misses could not be mended.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import wraps
from itertools import islice
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from personavlm.graph import HOP_FROM
from personavlm.retrieval.index import KINDS, Index, instant
from personavlm.retrieval.lexical import Floats, Ints, Scope, scope
from personavlm.retrieval.passages import Passage, Query, Weights, WhyNot
from personavlm.trace import Hit, HitType, Quote, Scores
from personavlm.words import terms, words

_WHEN = re.compile(r"^\W*when\b|\b(what|which) (date|day|month|year|time)\b|\bhow long\b", re.IGNORECASE)
_PAST = re.compile(
    r"\b(used to|previous(ly)?|former(ly)?|before|back then|at first|originally|earlier|in the past|history|ago|"
    r"no longer|any ?more)\b",
    re.IGNORECASE,
)
_TURN, _TOPIC = KINDS.index("turn"), KINDS.index("episodic")
_FLOOR, _CEILING = np.iinfo(np.int64).min, np.iinfo(np.int64).max
_SPARE = 16


P = ParamSpec("P")
R = TypeVar("R")


def _alone(read: Callable[Concatenate[Index, P], R]) -> Callable[Concatenate[Index, P], R]:
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
class _Scored:
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
        parts = [None if part is None else _share(part[place]) for part in (self.dense, self.lexical, self.picture)]
        return Scores(_share(self.fused[place] if fused is None else fused), *parts)


def _share(value: float) -> float:
    return round(min(1.0, max(0.0, float(value))), 6)


# ── candidates ───────────────────────────────────────────────────────────────────────────────────────────────────


def _bounds(query: Query) -> tuple[int, int]:
    start = instant(query.start) if query.use_period and query.start else _FLOOR
    end = instant(query.end) if query.use_period and query.end else _CEILING
    return start, end


def _present(index: Index, query: Query) -> NDArray[np.bool_]:
    """Which rows may be known at all: alive and not later than now."""
    return index.column("alive") & (index.column("time") <= instant(query.now))


def _in_period(index: Index, query: Query, present: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the rows present come from the period: said, learnt or beginning in it; a topic by its turns."""
    start, end = _bounds(query)
    if (start, end) == (_FLOOR, _CEILING):
        return present
    time, since = index.column("time"), index.column("since")
    inside = present & (((time >= start) & (time <= end)) | ((since >= start) & (since <= end)))
    covering = index.column("topic")
    if not len(covering) or covering.max() < 0:
        return inside
    covered = np.unique(covering[present & (covering >= 0)])
    inside[covered] = False
    reached = np.unique(covering[inside & (covering >= 0)])
    inside[reached] = present[reached]
    return inside


def _candidates(index: Index, query: Query) -> Ints:
    inside = _in_period(index, query, _present(index, query))
    left_out = [row for one in query.exclude if (row := index.row(one)) is not None]
    if left_out:
        inside = inside.copy()
        inside[left_out] = False
    return np.flatnonzero(inside)


# ── scores ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _score(index: Index, query: Query, rows: Ints) -> _Scored:
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
    return _Scored(rows, cut, dense, lexical, picture, frozenset(asked))


def _told(index: Index, weights: Weights, asked: Sequence[str], near: Scope, context: NDArray[np.bool_]) -> Floats:
    """Weighted BM25 shares of the candidates and of the windows of those that stand in a context."""
    column = index.column("length")
    lengths = column[near.low : near.high] if near.listed is None else column[near.listed]
    found = index.postings.score(asked, lengths, near, weights.k1, weights.b)
    return np.float32(weights.own) * found.own + np.float32(weights.window) * found.window * context


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
    beside: Ints = index.column(side)[rows]
    if not query.use_context:
        return np.full_like(beside, -1)
    late = (beside >= 0) & (index.column("time")[beside] > instant(query.now))
    return np.where(late, -1, beside) if late.any() else beside


def _small_terms(index: Index, query: Query, rows: Ints, asked: Sequence[str]) -> Floats:
    weights = query.weights
    total = -np.float32(weights.asking) * index.column("asks")[rows]
    if _WHEN.search(query.text):
        total += np.float32(weights.dated) * index.column("dated")[rows]
    named = [code for code, name in enumerate(index.speakers) if set(terms(name)) & set(asked)]
    if named:
        total += np.float32(weights.speaker) * np.isin(index.column("speaker")[rows], named)
    return total


@_alone
def rank(index: Index, query: Query) -> tuple[Ranked, ...]:
    """Return every candidate, best first; types, topics and limits play no part (raw turns of a conversation)."""
    rows = _candidates(index, query)
    if not len(rows):
        return ()
    scored = _score(index, query, rows)
    order = np.argsort(-scored.fused, kind="stable")
    return tuple(Ranked(index.at(int(rows[place])).id, scored.scores(int(place))) for place in order)


# ── the best of each type ────────────────────────────────────────────────────────────────────────────────────────


class _Found(NamedTuple):
    """A candidate of a pool: its place among the scored, its final score, and the places of its quotes."""

    place: int
    fused: float
    quotes: tuple[int, ...] = ()


@_alone
def search(index: Index, query: Query) -> tuple[Hit, ...]:
    """Return the best hits of each type within the limits: procedural, semantic, topics and raw turns, visual."""
    rows = _candidates(index, query)
    if not len(rows):
        return ()
    scored = _score(index, query, rows)
    chosen = _chosen(index, query, scored)
    if query.use_hop and (reached := _reached(index, scored, chosen)):
        scored = replace(scored, fused=scored.fused.copy(), reached=reached)
        scored.fused[list(reached)] += np.float32(query.weights.hop)
        chosen = _chosen(index, query, scored)
    return tuple(_hit(index, query, scored, found) for found in chosen)


def _chosen(index: Index, query: Query, scored: _Scored) -> list[_Found]:
    limits = query.limits
    return [
        *_of_memories(index, query, scored, "procedural", limits.procedural),
        *_of_memories(index, query, scored, "semantic", limits.semantic),
        *_of_topics(index, query, scored, limits.topics),
        *_of_memories(index, query, scored, "visual", limits.visual),
    ]


def _reached(index: Index, scored: _Scored, chosen: Sequence[_Found]) -> dict[int, str]:
    """Which candidates are one link away from the best hits, with what ties them."""
    best = sorted(chosen, key=lambda found: -found.fused)[:HOP_FROM]
    start = [int(scored.rows[found.place]) for found in best]
    reached: dict[int, str] = {}
    for row in start:
        for tie in index.links.get(index.at(row).id, ()):
            other = index.row(tie.other)
            place = -1 if other is None or other in start else int(np.searchsorted(scored.rows, other))
            if 0 <= place < len(scored.rows) and scored.rows[place] == other:
                reached.setdefault(place, tie.label)
    return reached


def _best(places: Ints, fused: Floats, most: int) -> Ints:
    """Return the places with the highest scores, best first, ties by row; ``most`` of them at least if there are."""
    values = fused[places]
    if 0 < most < len(places):
        least = np.partition(values, len(values) - most)[len(values) - most]
        places = places[values >= least]
        values = fused[places]
    return places[np.argsort(-values, kind="stable")]


def _of_memories(index: Index, query: Query, scored: _Scored, kind: HitType, most: int) -> list[_Found]:
    """The best ``most`` of one type. A few more are looked at, because age and succession may change their order."""
    places = np.flatnonzero(index.column("kind")[scored.rows] == KINDS.index(kind))
    found = {int(scored.rows[place]): place for place in _best(places, scored.fused, 4 * most + _SPARE)}
    final = {row: float(scored.fused[place]) for row, place in found.items()}
    _add_recency(index, query, final)
    if query.start is None and query.end is None and not _PAST.search(query.text):
        _put_current_first(index, query, scored, found, final)
    listed = [_Found(int(place), final[row]) for row, place in found.items() if row in final]
    return sorted(listed, key=lambda one: (-one.fused, one.place))[:most]


def _add_recency(index: Index, query: Query, final: dict[int, float]) -> None:
    """Give the newest memory of an attribute a little more than the older ones."""
    groups: dict[str, list[int]] = {}
    for row in final:
        groups.setdefault(index.at(row).attribute, []).append(row)
    groups.pop("", None)
    for rows in groups.values():
        rows.sort(key=lambda row: int(index.column("since")[row]))
        for age, row in enumerate(rows):
            final[row] += query.weights.recency * age / max(len(rows) - 1, 1)


def _put_current_first(
    index: Index, query: Query, scored: _Scored, found: dict[int, int], final: dict[int, float]
) -> None:
    """Let a replaced memory stand right behind its successor, a merged one go, and a retired one count for less."""
    for row in sorted(final, key=lambda row: final[row]):
        passage = index.at(row)
        if passage.status == "current":
            continue
        heir = _successor(index, passage)
        place = int(np.searchsorted(scored.rows, heir)) if heir is not None else len(scored.rows)
        if heir is None or place == len(scored.rows) or scored.rows[place] != heir:
            final[row] *= query.weights.ended
            continue
        found.setdefault(heir, place)
        final[heir] = max(final.get(heir, float(scored.fused[place])), final[row])
        if passage.status == "merged":
            del final[row]
        else:
            final[row] = min(final[row], final[heir] - 1e-6)


def _successor(index: Index, passage: Passage) -> int | None:
    row = None
    while passage.replaced_by is not None and (found := index.row(passage.replaced_by)) is not None:
        row, passage = found, index.at(found)
    return row


def _of_topics(index: Index, query: Query, scored: _Scored, most: int) -> list[_Found]:
    """The best ``most`` of the topics, with their best turns, and of the raw turns that no topic covers (yet)."""
    kind = index.column("kind")[scored.rows]
    turns = np.flatnonzero(kind == _TURN)
    topic = index.column("topic")[scored.rows[turns]]
    covered = (topic >= 0) & _present(index, query)[np.maximum(topic, 0)]
    found = [_Found(int(place), float(scored.fused[place])) for place in _best(turns[~covered], scored.fused, most)]
    quotes: dict[int, list[int]] = {}
    for place in _best(turns[covered], scored.fused, len(turns)):
        quotes.setdefault(int(index.column("topic")[scored.rows[place]]), []).append(int(place))
    for place in np.flatnonzero(kind == _TOPIC):
        best = quotes.get(int(scored.rows[place]), [])
        fused = max([float(scored.fused[place]), *(float(scored.fused[one]) for one in best[:1])])
        found.append(_Found(int(place), fused, tuple(best[: query.limits.quotes])))
    return sorted(found, key=lambda one: (-one.fused, one.place))[:most]


# ── hits and reasons ─────────────────────────────────────────────────────────────────────────────────────────────


def _hit(index: Index, query: Query, scored: _Scored, found: _Found) -> Hit:
    passage = index.at(int(scored.rows[found.place]))
    quotes = tuple(_quote(index, scored, place) for place in found.quotes)
    time = min((quote.time for quote in quotes), default=_found_under(passage, query))
    best = max((found.place, *found.quotes[:1]), key=lambda place: float(scored.fused[place]))
    scores = scored.scores(best, found.fused)
    return Hit(
        id=passage.id,
        type=passage.type,
        time=time,
        text=passage.text,
        scores=scores,
        why=_why(scored, index.at(int(scored.rows[best])), scores, time, scored.reached.get(found.place, "")),
        evidence=passage.evidence,
        quotes=quotes,
        crops=passage.crops,
        until=passage.until,
        status=passage.status,
    )


def _quote(index: Index, scored: _Scored, place: int) -> Quote:
    turn = index.at(int(scored.rows[place]))
    return Quote(turn.id, turn.time, turn.text, turn.reply, scored.scores(place).fused, turn.captions)


def _found_under(passage: Passage, query: Query) -> datetime:
    """The time a passage is shown with: since when it holds if that is past and asked for, else when it was learnt."""
    start, end = _bounds(query)
    since = passage.since or passage.time
    return since if since <= query.now and start <= instant(since) <= end else passage.time


def _why(scored: _Scored, passage: Passage, scores: Scores, time: datetime, tie: str) -> str:
    matching = (word.lower() for word, term in words(passage.searched) if term in scored.asked)
    said = dict.fromkeys(islice(matching, 5)) if scores.lexical else {}
    reasons = []
    if said:
        reasons.append("says " + " and ".join(f'"{word}"' for word in list(said)[:3]))
    elif scores.lexical:
        reasons.append("stands beside turns that say it")
    if scores.dense is not None and scores.dense >= 0.25:
        reasons.append(f"close in meaning ({scores.dense:.2f})")
    if scores.picture:
        reasons.append(f"looks alike ({scores.picture:.2f})")
    if tie:
        reasons.append(f'tied to a better hit by "{tie}"')
    if passage.status != "current":
        reasons.append(passage.status)
    return "; ".join([*(reasons or ["the nearest of its type, though not near"]), f"from {time.date().isoformat()}"])


def seen(hits: Iterable[Hit]) -> frozenset[str]:
    """Return what not to show again: the hits, and the turns quoted with them."""
    return frozenset(one for hit in hits for one in (hit.id, *(quote.turn for quote in hit.quotes)))


@_alone
def why_not(index: Index, query: Query, passage_id: str) -> WhyNot:
    """Say why a memory was not returned for a query, or at which place it was."""
    row = index.row(passage_id)
    if row is None:
        return WhyNot(None, "nothing findable has this id (core memory is in every prompt)")
    passage = index.at(row)
    if passage_id in query.exclude:
        return WhyNot(None, "already shown, or left out because it is in the prompt")
    present = _present(index, query)
    if not present[row]:
        return WhyNot(None, f"learnt on {passage.time.date().isoformat()}, after the time asked from")
    if not _in_period(index, query, present)[row]:
        return WhyNot(None, f"outside the period: it is from {passage.time.date().isoformat()}")
    return _place(index, query, passage)


def _place(index: Index, query: Query, passage: Passage) -> WhyNot:
    scored = _score(index, query, _candidates(index, query))
    limits, everything = query.limits, len(scored.rows)
    if passage.type in ("episodic", "turn"):
        pool, asked, kind = _of_topics(index, query, scored, everything), limits.topics, "topics and raw turns"
    else:
        pool = _of_memories(index, query, scored, passage.type, everything)
        asked, kind = getattr(limits, passage.type), f"{passage.type} memories"
    ids = [index.at(int(scored.rows[found.place])).id for found in pool]
    if passage.id not in ids:
        covering = index.at(int(index.column("topic")[index.row(passage.id)])).id if passage.type == "turn" else None
        reason = (
            f"it comes back as a quote of its topic {covering}" if covering else f"merged into {passage.replaced_by}"
        )
        return WhyNot(None, reason)
    place = ids.index(passage.id) + 1
    ended = f" ({passage.status}: what replaced it comes first)" if passage.replaced_by else ""
    verb = "returned: it ranked" if place <= asked else "it ranked"
    return WhyNot(place, f"{verb} {place} of {len(ids)} {kind}, {asked} were asked for{ended}")
