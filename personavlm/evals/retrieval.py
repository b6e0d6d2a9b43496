"""Retrieval on real long conversations: which of the utterances that answer a question come back first.

Search space: all utterances of the conversation, both speakers, dates and captions in the text, all ranked (limits per
type do not apply). Query: the question's text; no gold labels. R@k is the mean over questions of the share of evidence
found in the first k, MRR that of the first evidence found; percents. It runs the index and weights of the assistant.

    >>> print(evaluate(Path("locomo10.json")).overall)

Source: LoCoMo (Maharana et al., 2024), categories as in its file. BM25 and MiniLM alone can be had in the same run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from personavlm.datasets.locomo import CATEGORIES, Conversation, LoCoMoQuestion, Utterance, locomo
from personavlm.encoders import TextEncoder
from personavlm.graph import Ties, hop
from personavlm.retrieval import WEIGHTS, Index, Passage, Query, Weights, rank

DEPTHS = (1, 5, 10, 20)


@dataclass(frozen=True, slots=True)
class Recall:
    """Percents over ``n`` questions; ``at`` is R@k by k."""

    n: int
    at: dict[int, float]
    mrr: float

    def plain(self) -> dict[str, float | int]:
        """Return the figures under the names of the CLI contract."""
        return {"n": self.n, **{f"R@{k}": round(v, 2) for k, v in self.at.items()}, "MRR": round(self.mrr, 2)}


@dataclass(frozen=True, slots=True)
class RetrievalResult:
    """What ``eval retrieval`` prints. ``hop`` is multi-hop R@10 with the hop through shared names and things."""

    overall: Recall
    by_category: dict[str, Recall]
    without_hop: float
    with_hop: float
    repaired: int
    skipped: int
    baselines: dict[str, Recall]

    def plain(self) -> dict[str, object]:
        """Return the figures under the names of the CLI contract."""
        return {
            **self.overall.plain(),
            "by_category": {name: recall.plain() for name, recall in self.by_category.items()},
            "multi-hop R@10": {"without_hop": round(self.without_hop, 2), "with_hop": round(self.with_hop, 2)},
            "repaired": self.repaired,
            "skipped": self.skipped,
            "baselines": {name: recall.plain() for name, recall in self.baselines.items()},
        }


class Judged(NamedTuple):
    """One question's outcome: its category, the places of its evidence (from 1) in the ranking."""

    category: str
    places: tuple[int, ...]


def recall(judged: Iterable[Judged]) -> Recall:
    """Return mean recall and reciprocal rank of some outcomes; zeros for none."""
    listed = list(judged)
    if not listed:
        return Recall(0, dict.fromkeys(DEPTHS, 0.0), 0.0)
    at = {k: 100 * fmean(fmean(place <= k for place in one.places) for one in listed) for k in DEPTHS}
    return Recall(len(listed), at, 100 * fmean(1 / min(one.places) for one in listed))


def utterance_passage(utterance: Utterance) -> Passage:
    """Return an utterance as the passage of a raw turn, its session as the thread."""
    return Passage(
        id=utterance.id,
        type="turn",
        text=utterance.text,
        time=utterance.time,
        speaker=utterance.speaker,
        captions=(utterance.caption,) if utterance.caption else (),
        thread=f"s{utterance.session}",
    )


def conversation_index(conversation: Conversation, encoder: TextEncoder) -> Index:
    """Return an index of all utterances of a conversation."""
    index = Index(encoder)
    index.add(utterance_passage(utterance) for utterance in conversation.utterances)
    return index


Ranking = Callable[[Index, Query], Sequence[str]]


def ranked_ids(index: Index, query: Query) -> list[str]:
    """Return the ids of all candidates, best first, as the assistant's engine ranks them."""
    return [one.id for one in rank(index, query)]


def hopping(index: Index) -> Ranking:
    """Return a ranking with one hop from the best through the telling words they share with other passages."""
    ties = Ties({passage.id: passage.text for passage in index.passages()})

    def ranked(index: Index, query: Query) -> list[str]:
        return [one for one, _ in hop([(one.id, one.scores.fused) for one in rank(index, query)], ties.of)]

    return ranked


def _bm25(index: Index, query: Query) -> list[str]:
    alone = Weights(own=1, window=0, dense=0, sharp=1, smooth=0, speaker=0, dated=0, asking=0)
    return ranked_ids(index, replace(query, weights=alone, use_dense=False, use_context=False))


def _minilm(index: Index, query: Query) -> list[str]:
    alone = Weights(own=0, window=0, dense=1, smooth=0, speaker=0, dated=0, asking=0)
    return ranked_ids(index, replace(query, weights=alone, use_lexical=False, use_context=False))


BASELINES: dict[str, Ranking] = {"BM25": _bm25, "MiniLM": _minilm}


def judge(index: Index, questions: Iterable[LoCoMoQuestion], now: datetime, ranking: Ranking) -> Iterator[Judged]:
    """Yield where the evidence of each question stands, questions without resolvable evidence left out."""
    for question in questions:
        if question.evidence:
            places = {one: place for place, one in enumerate(ranking(index, Query(question.question, now)), 1)}
            yield Judged(question.category, tuple(places[one] for one in question.evidence))


def evaluate(
    path: Path,
    encoder: TextEncoder,
    weights: Weights = WEIGHTS,
    baselines: bool = False,
    report: Callable[[str], None] | None = None,
) -> RetrievalResult:
    """Return recall of the evidence on a LoCoMo file. Raises ``BadInput`` for a file of another shape.

    ``report`` is told each conversation's id when it is done.
    """
    read = locomo(path)
    outcomes: dict[str, list[Judged]] = {name: [] for name in ("", "hop", *(BASELINES if baselines else ()))}
    for conversation in read.conversations:
        index = conversation_index(conversation, encoder)
        now = max(utterance.time for utterance in conversation.utterances)
        ways = {"": ranked_ids, "hop": hopping(index), **BASELINES}
        for name, judged in outcomes.items():
            judged += judge(index, conversation.questions, now, weighted(ways[name], weights))
        if report:
            report(conversation.id)
    multi = {name: recall(one for one in outcomes[name] if one.category == "multi-hop").at[10] for name in ("", "hop")}
    return RetrievalResult(
        overall=recall(outcomes[""]),
        by_category={name: recall(one for one in outcomes[""] if one.category == name) for name in CATEGORIES},
        without_hop=multi[""],
        with_hop=multi["hop"],
        repaired=read.repaired,
        skipped=len(read.skipped),
        baselines={name: recall(outcomes[name]) for name in outcomes if name in BASELINES},
    )


def weighted(way: Ranking, weights: Weights) -> Ranking:
    """Return a ranking under other weights."""
    return lambda index, query: way(index, replace(query, weights=weights))
