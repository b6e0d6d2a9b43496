"""Preferences: which of all the stored preferences a question touches, though it seldom shares their words.

All preferences of all topics lie in one pool as semantic memories; the query is the question's text; the preference
that belongs to it must come back. R@k in percent, from the assistant's own index and weights, beside MiniLM alone in
the same run: words must not cost much where there are none to share.

    >>> result = evaluate(Path("prefeval"), load_text_encoder())
    >>> result.ours.at[5], result.minilm.at[5]

Source: PrefEval (Zhao et al., 2025), explicit preferences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from personavlm.datasets.prefeval import Preference, prefeval
from personavlm.encoders import TextEncoder
from personavlm.evals.retrieval import BASELINES, Judged, Ranking, Recall, ranked_ids, recall, weighted
from personavlm.retrieval import WEIGHTS, Index, Passage, Query, Weights

_STORED = datetime(2025, 1, 1, tzinfo=UTC)
"""The set has no dates: everything is stored at one time."""


@dataclass(frozen=True, slots=True)
class PreferencesResult:
    """What ``eval preferences`` prints."""

    ours: Recall
    minilm: Recall

    def plain(self) -> dict[str, object]:
        """Return the figures under the names of the CLI contract."""
        return {**_shallow(self.ours), "MiniLM": _shallow(self.minilm)}


def _shallow(found: Recall) -> dict[str, float | int]:
    return {name: value for name, value in found.plain().items() if name != "R@20"}


def preference_index(items: Sequence[Preference], encoder: TextEncoder) -> Index:
    """Return an index of all preferences as semantic memories."""
    index = Index(encoder)
    index.add(Passage(_name(item), "semantic", item.preference, _STORED) for item in items)
    return index


def _name(item: Preference) -> str:
    return f"{item.topic}/{item.number}"


def judged(index: Index, items: Sequence[Preference], ranking: Ranking) -> list[Judged]:
    """Return at which place each question finds its preference."""
    return [
        Judged(item.topic, (ranking(index, Query(item.question, _STORED)).index(_name(item)) + 1,)) for item in items
    ]


def evaluate(folder: Path, encoder: TextEncoder, weights: Weights = WEIGHTS) -> PreferencesResult:
    """Return recall on a PrefEval folder. Raises ``BadInput`` if it holds no topic or a file has another shape."""
    items = prefeval(folder).items
    index = preference_index(items, encoder)
    return PreferencesResult(
        recall(judged(index, items, weighted(ranked_ids, weights))), recall(judged(index, items, BASELINES["MiniLM"]))
    )
