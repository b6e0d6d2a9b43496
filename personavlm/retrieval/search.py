"""Search: the best candidates of each type as hits that say why, and the reason why another was not returned.

scored candidates ──per type: newest first among equals, successors before what they replaced──> the best k ──> Hits
└─ topics: summary or best turn, whichever scores higher; the turns come along as quotes
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import NamedTuple

import numpy as np

from personavlm.graph import HOP_FROM
from personavlm.retrieval.index import KINDS, Index, instant
from personavlm.retrieval.lexical import Floats, Ints
from personavlm.retrieval.passages import Passage, Query, WhyNot
from personavlm.retrieval.ranking import Scored, alone, bounds, candidates, in_period, present, score
from personavlm.trace import Hit, HitType, Quote, Scores
from personavlm.words import words

_PAST = re.compile(
    r"\b(used to|previous(ly)?|former(ly)?|before|back then|at first|originally|earlier|in the past|history|ago|"
    r"no longer|any ?more)\b",
    re.IGNORECASE,
)
_TURN, _TOPIC = KINDS.index("turn"), KINDS.index("episodic")
_SPARE = 16
"""Candidates looked at beyond four times those asked for: age and succession change the order among the best."""

# ── the best of each type ────────────────────────────────────────────────────────────────────────────────────────


class _Found(NamedTuple):
    """A candidate of a pool: its place among the scored, its final score, and the places of its quotes."""

    place: int
    fused: float
    quotes: tuple[int, ...] = ()


@alone
def search(index: Index, query: Query) -> tuple[Hit, ...]:
    """Return the best hits of each type within the limits: procedural, semantic, topics and raw turns, visual."""
    rows = candidates(index, query)
    if not len(rows):
        return ()
    scored = _widened(index, query, score(index, query, rows))
    return tuple(_hit(index, query, scored, found) for found in _chosen(index, query, scored))


class Placed(NamedTuple):
    """One candidate in its type's ranking."""

    hit: Hit
    place: int
    """Place within its type from 1; topics and uncovered raw turns are ranked together."""
    returned: bool
    """Whether a look-up brings it back."""


@alone
def placed(index: Index, query: Query) -> tuple[Placed, ...]:
    """Return every candidate of a query as it ranks in its type, best scores first: ``search`` without its limits."""
    rows = candidates(index, query)
    if not len(rows):
        return ()
    scored, most, limits = _widened(index, query, score(index, query, rows)), len(rows), query.limits
    pools = (
        (_of_memories(index, query, scored, "procedural", most), limits.procedural),
        (_of_memories(index, query, scored, "semantic", most), limits.semantic),
        (_of_topics(index, query, scored, most), limits.topics),
        (_of_memories(index, query, scored, "visual", most), limits.visual),
    )
    ranked = (
        Placed(_hit(index, query, scored, found), place, place <= asked)
        for pool, asked in pools
        for place, found in enumerate(pool, start=1)
    )
    return tuple(sorted(ranked, key=lambda one: -one.hit.scores.fused))


def _widened(index: Index, query: Query, scored: Scored) -> Scored:
    """The scores after one hop from the best hits through the links of the memory graph."""
    reached = _reached(index, scored, _chosen(index, query, scored)) if query.use_hop else {}
    if not reached:
        return scored
    scored = replace(scored, fused=scored.fused.copy(), reached=reached)
    scored.fused[list(reached)] += np.float32(query.weights.hop)
    return scored


def _chosen(index: Index, query: Query, scored: Scored) -> list[_Found]:
    limits = query.limits
    return [
        *_of_memories(index, query, scored, "procedural", limits.procedural),
        *_of_memories(index, query, scored, "semantic", limits.semantic),
        *_of_topics(index, query, scored, limits.topics),
        *_of_memories(index, query, scored, "visual", limits.visual),
    ]


def _reached(index: Index, scored: Scored, chosen: Sequence[_Found]) -> dict[int, str]:
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


def _of_memories(index: Index, query: Query, scored: Scored, kind: HitType, most: int) -> list[_Found]:
    """The best ``most`` of one type. A few more are looked at, because age and succession may change their order."""
    places = np.flatnonzero(index.take("kind", scored.rows) == KINDS.index(kind))
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
    index: Index, query: Query, scored: Scored, found: dict[int, int], final: dict[int, float]
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


def _of_topics(index: Index, query: Query, scored: Scored, most: int) -> list[_Found]:
    """The best ``most`` of the topics, with their best turns, and of the raw turns that no topic covers (yet)."""
    kind = index.take("kind", scored.rows)
    turns = np.flatnonzero(kind == _TURN)
    topic = index.column("topic")[scored.rows[turns]]
    covered = (topic >= 0) & (index.column("time")[topic] <= instant(query.now))
    inside, topic = turns[covered], topic[covered]
    place = np.searchsorted(scored.rows, topic)
    asked = scored.rows[np.minimum(place, len(scored.rows) - 1)] == topic
    inside, place = inside[asked], place[asked]
    fused = scored.fused.copy()
    np.maximum.at(fused, place, scored.fused[inside])
    pool = np.flatnonzero(kind == _TOPIC)
    listed = _best(np.sort(np.concatenate([pool, turns[~covered]])), fused, most)[:most]
    return [_Found(int(one), float(fused[one]), _quoted(scored, inside[place == one], query)) for one in listed]


def _quoted(scored: Scored, turns: Ints, query: Query) -> tuple[int, ...]:
    return tuple(int(place) for place in _best(turns, scored.fused, query.limits.quotes)[: query.limits.quotes])


# ── hits and reasons ─────────────────────────────────────────────────────────────────────────────────────────────


def _hit(index: Index, query: Query, scored: Scored, found: _Found) -> Hit:
    passage = index.at(int(scored.rows[found.place]))
    places = found.quotes or ((found.place,) if passage.type == "turn" else ())  # a raw turn quotes itself, both sides
    quotes = tuple(_quote(index, scored, place) for place in places)
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


def _quote(index: Index, scored: Scored, place: int) -> Quote:
    turn = index.at(int(scored.rows[place]))
    return Quote(turn.id, turn.time, turn.text, turn.reply, scored.scores(place).fused, turn.captions)


def _found_under(passage: Passage, query: Query) -> datetime:
    """The time a passage is shown with: since when it holds if that is past and asked for, else when it was learnt."""
    start, end = bounds(query)
    since = passage.since or passage.time
    return since if since <= query.now and start <= instant(since) <= end else passage.time


def _why(scored: Scored, passage: Passage, scores: Scores, time: datetime, tie: str) -> str:
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


@alone
def why_not(index: Index, query: Query, passage_id: str) -> WhyNot:
    """Say why a memory was not returned for a query, or at which place it was."""
    row = index.row(passage_id)
    if row is None:
        return WhyNot(None, "nothing findable has this id (core memory is in every prompt)")
    passage = index.at(row)
    if passage_id in query.exclude:
        return WhyNot(None, "already shown, or left out because it is in the prompt")
    known = present(index, query)
    if not known[row]:
        return WhyNot(None, f"learnt on {passage.time.date().isoformat()}, after the time asked from")
    if not in_period(index, query, known)[row]:
        return WhyNot(None, f"outside the period: it is from {passage.time.date().isoformat()}")
    return _place(index, query, passage)


def _place(index: Index, query: Query, passage: Passage) -> WhyNot:
    scored = _widened(index, query, score(index, query, candidates(index, query)))
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
