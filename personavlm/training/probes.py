"""Probes: how much of unseen examples a model in training would write right, by kind.

Every trained token is predicted from the right text before it, so one pass is enough; an example whose tokens are all
the likeliest is exactly what greedy decoding would have written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from personavlm.training.batches import IGNORED, Collator
from personavlm.training.corpus import Corpus, Rendered


class Mark(NamedTuple):
    """What a model got right of one kind."""

    kind: str
    examples: int
    exact: float
    """Share of examples that are right from the first to the last token."""
    tokens: float
    """Share of trained tokens."""


def probe(model: Any, collator: Collator, corpus: Corpus, limit: int, each: int, batch: int = 8) -> tuple[Mark, ...]:
    """Return a mark for every kind, from its first ``each`` examples of at most ``limit`` tokens."""
    import torch

    right: dict[str, list[tuple[int, int]]] = defaultdict(list)
    was_training = model.training
    model.eval()
    with torch.no_grad():
        chosen = list(_chosen(corpus, limit, each))
        for some in (chosen[start : start + batch] for start in range(0, len(chosen), batch)):
            for one, score in zip(some, _scores(model, collator, some), strict=True):
                right[one.kind].append(score)
    model.train(was_training)
    return tuple(_mark(kind, scores) for kind, scores in sorted(right.items()))


def mastery(marks: Sequence[Mark]) -> float:
    """Return the mean over kinds of the share of right tokens; 0 without marks."""
    return sum(mark.tokens for mark in marks) / len(marks) if marks else 0.0


def _chosen(corpus: Corpus, limit: int, each: int) -> Iterator[Rendered]:
    taken: dict[str, int] = defaultdict(int)
    for number in range(len(corpus)):
        one = corpus[number]
        if len(one.example) <= limit and taken[one.kind] < each:
            taken[one.kind] += 1
            yield one


def _scores(model: Any, collator: Collator, some: Sequence[Rendered]) -> Iterator[tuple[int, int]]:
    """Right and all trained tokens of each example."""
    batch = {name: value.to(model.device) for name, value in collator([one.example for one in some]).items()}
    wanted = batch.pop("labels")[:, 1:]
    said = model(**batch).logits[:, :-1].argmax(dim=-1)
    trained = wanted != IGNORED
    yield from zip(((said == wanted) & trained).sum(dim=1).tolist(), trained.sum(dim=1).tolist(), strict=True)


def _mark(kind: str, scores: Sequence[tuple[int, int]]) -> Mark:
    exact = sum(right == all_ for right, all_ in scores) / len(scores)
    return Mark(kind, len(scores), exact, sum(r for r, _ in scores) / sum(n for _, n in scores))
