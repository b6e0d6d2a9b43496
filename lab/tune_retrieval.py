"""Choose the one set of retrieval weights on development data, and say how far the choice can be trusted.

    python lab/tune_retrieval.py LOCOMO_FILE PREFEVAL_FOLDER --settings 40      -> one JSON object

Settings are the weights in use and random ones around them. A setting's worth is the mean of R@5, R@10, MRR, multi-hop
R@10 and temporal R@10 over the conversations; one whose PrefEval R@5 is below MiniLM alone is out. Leave one
conversation out: the best setting of the others is measured on the one left out, so the figure owes nothing to it.
The gap between that figure and the worth of the overall best is what tuning on so little data overstates.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import fmean

import numpy as np

from personavlm.datasets.locomo import Conversation, locomo
from personavlm.datasets.prefeval import Preference, prefeval
from personavlm.encoders.text import load_text_encoder
from personavlm.evals.preferences import judged, preference_index
from personavlm.evals.retrieval import BASELINES, Judged, conversation_index, judge, ranked_ids, recall, weighted
from personavlm.retrieval import WEIGHTS, Index, Weights

AROUND = {
    "own": (0.12, 0.32),
    "window": (0.2, 0.4),
    "dense": (0.3, 0.7),
    "sharp": (1.0, 2.0),
    "smooth": (0.0, 0.6),
    "speaker": (0.0, 0.08),
    "dated": (0.0, 0.12),
    "asking": (0.0, 0.1),
    "k1": (0.8, 2.0),
    "b": (0.3, 0.9),
}
"""Ranges that random settings are drawn from."""


def drawn(count: int, seed: int) -> list[Weights]:
    """Return the weights in use, then random ones."""
    rng = np.random.default_rng(seed)
    sampled = [{name: round(float(rng.uniform(*ends)), 3) for name, ends in AROUND.items()} for _ in range(count - 1)]
    return [WEIGHTS, *(replace(WEIGHTS, **values) for values in sampled)]


def worth(outcomes: Sequence[Judged]) -> float:
    """Return the mean of the five figures that the issue sets bars for."""
    whole = recall(outcomes)
    multi, dated = (
        recall(one for one in outcomes if one.category == name).at[10] for name in ("multi-hop", "temporal")
    )
    return fmean((whole.at[5], whole.at[10], whole.mrr, multi, dated))


def figures(outcomes: Sequence[Judged]) -> dict[str, float]:
    """Return the five figures by name."""
    whole = recall(outcomes)
    multi, dated = (
        recall(one for one in outcomes if one.category == name).at[10] for name in ("multi-hop", "temporal")
    )
    named = {
        "R@5": whole.at[5],
        "R@10": whole.at[10],
        "MRR": whole.mrr,
        "multi-hop R@10": multi,
        "temporal R@10": dated,
    }
    return {name: round(value, 2) for name, value in named.items()}


class Bench:
    """The development data, indexed once."""

    def __init__(self, file: Path, folder: Path) -> None:
        encoder = load_text_encoder()
        self.talks: list[tuple[Conversation, Index]] = [
            (talk, conversation_index(talk, encoder)) for talk in locomo(file).conversations
        ]
        self.items: tuple[Preference, ...] = prefeval(folder).items
        self.stored = preference_index(self.items, encoder)
        self.minilm = recall(judged(self.stored, self.items, BASELINES["MiniLM"])).at[5]

    def run(self, weights: Weights) -> list[list[Judged]]:
        """Return the outcomes of each conversation."""
        way = weighted(ranked_ids, weights)
        return [list(judge(index, talk.questions, talk.utterances[-1].time, way)) for talk, index in self.talks]

    def preferences(self, weights: Weights) -> float:
        """Return PrefEval R@5."""
        return recall(judged(self.stored, self.items, weighted(ranked_ids, weights))).at[5]


def pooled(outcomes: Sequence[Sequence[Judged]], without: int | None = None) -> list[Judged]:
    """Return the outcomes of all conversations but one."""
    return [one for place, talk in enumerate(outcomes) if place != without for one in talk]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("locomo", type=Path)
    parser.add_argument("prefeval", type=Path)
    parser.add_argument("--settings", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    bench = Bench(chosen.locomo, chosen.prefeval)
    tried: list[tuple[Weights, list[list[Judged]], float]] = []
    for number, weights in enumerate(drawn(chosen.settings, chosen.seed)):
        tried.append((weights, bench.run(weights), bench.preferences(weights)))
        print(f"{number}: {worth(pooled(tried[-1][1])):.2f} {tried[-1][2]:.2f}", file=sys.stderr, flush=True)
    allowed = [one for one in tried if one[2] >= bench.minilm] or tried[:1]
    best = max(allowed, key=lambda one: worth(pooled(one[1])))
    held_out: list[Judged] = []
    for place in range(len(bench.talks)):
        held_out += max(allowed, key=lambda one: worth(pooled(one[1], place)))[1][place]
    result = {
        "settings": len(tried),
        "allowed": len(allowed),
        "prefeval_minilm_R@5": round(bench.minilm, 2),
        "in_use": {"figures": figures(pooled(tried[0][1])), "prefeval_R@5": round(tried[0][2], 2)},
        "best": {"weights": asdict(best[0]), "figures": figures(pooled(best[1])), "prefeval_R@5": round(best[2], 2)},
        "leave_one_conversation_out": figures(held_out),
        "in_use_by_conversation": {
            talk.id: figures(one) for (talk, _), one in zip(bench.talks, tried[0][1], strict=True)
        },
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
