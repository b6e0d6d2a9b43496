"""Learn the reader of talk about cooking from LAPS, and say out of fold how well it does.

    python lab/tune_extraction.py LAPS_FILE [--out personavlm/embedded/words/recipes.json]

Two logistic regressions with an L2 penalty, one column per category: the first weighs the named features of every span
of what a worker typed (``embedded/spans.py``), the second weighs its scores with the value's MiniLM vector. Folds are
drawn over workers, so nobody is in both parts. The second table learns from out-of-fold scores of the first; its own
figures are out of fold too (the folds are the same, so the first table behind its training rows has seen the fold in
question: a small optimism, which the evaluation of the finished thing on other people's dialogues does not have).

Matched exactly as ``evals/extraction.py`` does. Source: LAPS (Joko et al., SIGIR 2024), MIT licence; seed below.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from scipy.optimize import minimize

from personavlm.datasets.laps import LapsSession, laps, laps_dialogue
from personavlm.embedded import banks, domains
from personavlm.embedded.spans import Candidate, candidates, stock
from personavlm.encoders.text import load_text_encoder
from personavlm.prompts.text import Line

SEED = 1
FOLDS = 5
SEEN = 12
"""A feature counts if at least this many candidates have it."""
PENALTY, PENALTY_2 = 8.0, 1.5
VECTOR_SCALE = 4.0
"""Unit vectors have small parts: stretched, the penalty does not keep their weights at nought."""
BIAS = -4.0
GLANCE = 0.04
SMALLEST = 0.06
"""Weights nearer to nought than this are not shipped."""
THRESHOLDS = (0.14, 0.16, 0.18, 0.2, 0.22, 0.24, 0.26, 0.3)
NAME = "recipes"
START = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Example:
    """One candidate of one message, without its features."""

    worker: int
    session: int
    message: int
    candidate: Candidate


@dataclass(frozen=True)
class Material:
    """All candidates with their features as a sparse matrix, and what annotators noted."""

    examples: list[Example]
    x: sp.csr_matrix
    y: np.ndarray
    features: list[str]
    categories: list[str]
    gold: list[set[tuple[str, str]]]
    workers: list[int]


def gather(file: Path) -> Material:
    sessions = laps(file).sessions
    gold = [{(c, domains.normal(v)) for c, v in s.preferences} for s in sessions]
    categories = sorted({c for pairs in gold for c, _ in pairs})
    examples: list[Example] = []
    rows: list[tuple[str, ...]] = []
    for number, session in enumerate(sessions):
        for message, found in enumerate(read(session)):
            for one in found:
                bare = Candidate(one.start, one.end, domains.normal(one.value), ())
                examples.append(Example(session.worker, number, message, bare))
                rows.append(tuple(map(sys.intern, one.features)))
    x, features = matrix(rows)
    y = np.array([[(c, e.candidate.value) in gold[e.session] for c in categories] for e in examples], dtype=np.float32)
    return Material(examples, x, y, features, categories, gold, [s.worker for s in sessions])


def read(session: LapsSession) -> list[list[Candidate]]:
    """The candidates of each of the user's messages, with what stands before them as at run time."""
    history: list[Line] = []
    found: list[list[Candidate]] = []
    for turn in laps_dialogue([session], [START], "worker").turns:
        setting = domains.setting(NAME, turn.text, history)
        found.append([*candidates(turn.text, setting), *stock(banks.phrases(NAME)["stock"], turn.text, setting)])
        history.append(Line("", turn.time, turn.text, turn.reply))
    return found


def matrix(rows: Sequence[tuple[str, ...]]) -> tuple[sp.csr_matrix, list[str]]:
    seen = Counter(f for row in rows for f in set(row))
    features = sorted(f for f, n in seen.items() if n >= SEEN)
    place = {f: k for k, f in enumerate(features)}
    ids = [[place[f] for f in row if f in place] for row in rows]
    ends = np.cumsum([0, *map(len, ids)])
    flat = np.fromiter((k for row in ids for k in row), dtype=np.int32, count=int(ends[-1]))
    return sp.csr_matrix((np.ones(len(flat), np.float32), flat, ends), shape=(len(rows), len(features))), features


def fit(x: sp.csr_matrix | np.ndarray, y: np.ndarray, penalty: float, bias: float = 0.0) -> np.ndarray:
    """Weights ``(features, categories)`` of one logistic regression per category."""
    xt = x.T.tocsr() if sp.issparse(x) else x.T
    shape = (x.shape[1], y.shape[1])

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        w = flat.reshape(shape).astype(np.float32)
        z = x @ w + bias
        p = 1 / (1 + np.exp(-np.clip(z, -30, 30)))
        value = (np.logaddexp(0, z) - y * z).sum() + penalty / 2 * (w**2).sum()
        return float(value), (xt @ (p - y) + penalty * w).ravel().astype(np.float64)

    found = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 80, "maxcor": 6})
    return found.x.reshape(shape)


def folds(m: Material) -> np.ndarray:
    of = np.random.default_rng(SEED).integers(0, FOLDS, max(m.workers) + 1)
    return of[[e.worker for e in m.examples]]


def small(weights: np.ndarray) -> np.ndarray:
    """The weights as they are shipped: small ones left out, two decimals."""
    return np.where(np.abs(weights) >= SMALLEST, np.round(weights, 2), 0.0)


def out_of_fold(m: Material, of: np.ndarray) -> np.ndarray:
    scores = np.zeros_like(m.y)
    for k in range(FOLDS):
        scores[of == k] = m.x[of == k] @ small(fit(m.x[of != k], m.y[of != k], PENALTY, BIAS)) + BIAS
        print(f"fold {k + 1} of {FOLDS}", file=sys.stderr, flush=True)
    return scores


def second_inputs(m: Material, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    likely = np.flatnonzero(1 / (1 + np.exp(-scores.max(axis=1))) >= GLANCE)
    encoder = load_text_encoder()
    values = sorted({m.examples[k].candidate.value for k in likely})
    vectors = dict(zip(values, encoder.encode(values), strict=True))
    stacked = np.stack([vectors[m.examples[k].candidate.value] for k in likely])
    ones = np.ones((len(likely), 1))
    return likely, np.hstack([np.clip(scores[likely], -8, 8), VECTOR_SCALE * stacked, ones]).astype(np.float32)


def second_out_of_fold(m: Material, of: np.ndarray, likely: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    odds = np.full(m.y.shape, -np.inf)
    for k in range(FOLDS):
        inside = of[likely] == k
        odds[likely[inside]] = inputs[inside] @ fit(inputs[~inside], m.y[likely[~inside]], PENALTY_2)
    return odds


def picked(m: Material, odds: np.ndarray, threshold: float) -> list[set[tuple[str, str]]]:
    """What the reader would keep of each session, with its own rule for overlaps."""
    chances = 1 / (1 + np.exp(-odds))
    kept: list[set[tuple[str, str]]] = [set() for _ in m.gold]
    taken: dict[tuple[int, int, int], list[tuple[int, int]]] = {}
    rows, columns = np.nonzero(chances >= threshold)
    for o in np.argsort(-chances[rows, columns], kind="stable"):
        e, c = m.examples[rows[o]], int(columns[o])
        one, spans = e.candidate, taken.setdefault((e.session, e.message, c), [])
        if not any((a < one.end and one.start < b) or (a == b and one.start == one.end) for a, b in spans):
            spans.append((one.start, one.end))
            kept[e.session].add((m.categories[c], one.value))
    return kept


def measure(gold: Sequence[set[tuple[str, str]]], kept: Sequence[set[tuple[str, str]]]) -> tuple[float, float, float]:
    right = sum(len(g & k) for g, k in zip(gold, kept, strict=True))
    p, r = right / max(1, sum(map(len, kept))), right / max(1, sum(map(len, gold)))
    return 100 * p, 100 * r, 200 * p * r / max(p + r, 1e-9)


def report(m: Material, odds: np.ndarray, what: str) -> float:
    """Print the figures by threshold; return the best one."""
    figures = {t: measure(m.gold, picked(m, odds, t)) for t in THRESHOLDS}
    for threshold, (p, r, f1) in figures.items():
        print(f"{what:8} threshold {threshold:.2f}  precision {p:5.1f}  recall {r:5.1f}  f1 {f1:5.2f}", flush=True)
    return max(THRESHOLDS, key=lambda t: figures[t][2])


def ship(m: Material, weights: np.ndarray, second: np.ndarray, threshold: float, out: Path) -> None:
    kept = small(weights)
    rows = {
        m.features[k]: {str(c): float(kept[k, c]) for c in np.flatnonzero(kept[k])} for k in np.flatnonzero(kept.any(1))
    }
    table = {
        "source": "weights learnt by lab/tune_extraction.py from LAPS train (Joko et al., SIGIR 2024; MIT licence)",
        "seed": SEED,
        "categories": m.categories,
        "bias": BIAS,
        "threshold": threshold,
        "glance": GLANCE,
        "second": [[round(float(v), 3) for v in row] for row in second.T],
        "weights": rows,
    }
    out.write_text(json.dumps(table, separators=(",", ":"), ensure_ascii=False).replace("},", "},\n") + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    m = gather(args.file)
    covered = {
        (e.session, c, e.candidate.value) for e, row in zip(m.examples, m.y, strict=True) for c in np.flatnonzero(row)
    }
    print(
        f"{len(m.gold)} sessions, {len(m.examples)} candidates, {len(m.features)} features, "
        f"{100 * len(covered) / sum(map(len, m.gold)):.1f} % of the noted pairs are among them",
        flush=True,
    )
    of = folds(m)
    scores = out_of_fold(m, of)
    report(m, scores, "first")
    likely, inputs = second_inputs(m, scores)
    threshold = report(m, second_out_of_fold(m, of, likely, inputs), "both")
    if args.out:
        second = fit(inputs, m.y[likely], PENALTY_2)
        second[len(m.categories) : -1] *= VECTOR_SCALE
        ship(m, fit(m.x, m.y, PENALTY, BIAS), second, threshold, args.out)


if __name__ == "__main__":
    main()
