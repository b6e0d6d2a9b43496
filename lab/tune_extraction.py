"""Learn the reader of talk about cooking from LAPS, and say out of fold how well it does.

    python lab/tune_extraction.py LAPS_FILE [--out personavlm/embedded/words/recipes.json]

Three tables of weights: logistic regressions, one per category, over the named features of every span of what a worker
typed (``embedded/spans.py``); a chain tagger over the words of a sentence (``lab/chain.py``); and a small logistic
regression that joins their log odds. Folds are drawn over workers, so nobody is in both parts. The third table learns
from out-of-fold readings; its own figures are out of fold too (the folds are the same, so the readings behind its
training rows come from tables that have seen the fold in question: a small optimism in 17 x 37 numbers). A worker's
words never decide how the same worker is read.

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

from lab import chain
from personavlm.datasets.laps import LapsSession, laps, laps_dialogue
from personavlm.embedded import banks, domains, spans, tagger
from personavlm.embedded.spans import Candidate
from personavlm.prompts.text import Line

SEED = 1
FOLDS = 5
SEEN = 12
"""A feature counts if at least this many candidates have it."""
PENALTY, PENALTY_JOINT = 8.0, 1.5
BIAS = -4.0
LIKELY = 0.04
"""Candidates that neither reading gives this chance do not teach the third table."""
SMALLEST = 0.06
"""Weights nearer to nought than this are not shipped."""
THRESHOLDS = (0.14, 0.16, 0.18, 0.2, 0.22, 0.24, 0.26, 0.3)
THRESHOLD, ASIDE = 0.2, 0.045
"""Least chance of a record, and of what is told beside a record of the same message. A little below the threshold that
is best for F1 (0.22 to 0.24, 0.4 points more): values in texts count too."""
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
    sentences: list[Told]


@dataclass(frozen=True)
class Told:
    """One sentence for the tagger: whose, where its words stand, its features and labels."""

    worker: int
    session: int
    message: int
    sentence: spans.Sentence
    setting: spans.Setting
    tagged: chain.Tagged


def gather(file: Path) -> Material:
    sessions = laps(file).sessions
    gold = [{(c, domains.normal(v)) for c, v in s.preferences} for s in sessions]
    categories = sorted({c for pairs in gold for c, _ in pairs})
    examples: list[Example] = []
    rows: list[tuple[str, ...]] = []
    sentences: list[Told] = []
    for number, session in enumerate(sessions):
        for message, (setting, read, found) in enumerate(readings(session)):
            for one in found:
                bare = Candidate(one.start, one.end, domains.normal(one.value), ())
                examples.append(Example(session.worker, number, message, bare))
                rows.append(tuple(map(sys.intern, one.features)))
            sentences += told(session.worker, number, message, setting, read, found, gold[number], categories)
    x, features = matrix(rows)
    y = np.array([[(c, e.candidate.value) in gold[e.session] for c in categories] for e in examples], dtype=np.float32)
    return Material(examples, x, y, features, categories, gold, [s.worker for s in sessions], sentences)


def readings(session: LapsSession) -> list[tuple[spans.Setting, list[spans.Sentence], list[Candidate]]]:
    """Each of the user's messages with its candidates and what stands before it as at run time."""
    history: list[Line] = []
    found: list[tuple[spans.Setting, list[spans.Sentence], list[Candidate]]] = []
    for turn in laps_dialogue([session], [START], "worker").turns:
        setting = domains.setting(NAME, turn.text, history)
        read = spans.read(turn.text, setting)
        stock = spans.stock(banks.phrases(NAME)["stock"], turn.text, setting)
        found.append((setting, read, [*spans.candidates(turn.text, read, setting), *stock]))
        history.append(Line("", turn.time, turn.text, turn.reply))
    return found


def told(
    worker: int,
    session: int,
    message: int,
    setting: spans.Setting,
    read: Sequence[spans.Sentence],
    found: Sequence[Candidate],
    gold: set[tuple[str, str]],
    categories: Sequence[str],
) -> list[Told]:
    """The sentences of a message with the labels of the noted values that stand in them."""
    right = {
        (one.start, one.end): [k for k, c in enumerate(categories) if (c, domains.normal(one.value)) in gold]
        for one in reversed(found)  # a span's own spelling, not its variants', stays
    }
    sentences: list[Told] = []
    for one in read:
        noted = [(i, j, c) for i, j in one.spans() for c in right.get(one.place(i, j), [])]
        labels = chain.labelled(len(one.low), noted, len(categories))
        tagged = chain.Tagged([[*map(sys.intern, w)] for w in tagger.word_features(one, setting)], labels)
        sentences.append(Told(worker, session, message, one, setting, tagged))
    return [t for t in sentences if t.tagged.labels]


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


def drawn(m: Material) -> np.ndarray:
    """The fold of each worker."""
    return np.random.default_rng(SEED).integers(0, FOLDS, max(m.workers) + 1)


def small(weights: np.ndarray) -> np.ndarray:
    """The weights as they are shipped: small ones left out, two decimals."""
    return np.where(np.abs(weights) >= SMALLEST, np.round(weights, 2), 0.0)


def first_out_of_fold(m: Material) -> np.ndarray:
    scores = np.zeros_like(m.y)
    of = drawn(m)[[e.worker for e in m.examples]]
    for k in range(FOLDS):
        scores[of == k] = m.x[of == k] @ small(fit(m.x[of != k], m.y[of != k], PENALTY, BIAS)) + BIAS
        print(f"spans: fold {k + 1} of {FOLDS}", file=sys.stderr, flush=True)
    return scores


Places = dict[tuple[int, int], dict[tuple[int, int], np.ndarray]]
"""Of each message (session, message): chances by place."""


def tagger_out_of_fold(m: Material) -> Places:
    found: Places = {}
    of = drawn(m)
    for k in range(FOLDS):
        table = chain.train([t.tagged for t in m.sentences if of[t.worker] != k], len(m.categories), SEED)
        for one in (t for t in m.sentences if of[t.worker] == k):
            chances = tagger.chances(one.sentence, one.setting, table)
            found.setdefault((one.session, one.message), {}).update(chances)
        print(f"tagger: fold {k + 1} of {FOLDS}", file=sys.stderr, flush=True)
    return found


def joint_inputs(m: Material, scores: np.ndarray, tagged: Places) -> np.ndarray:
    rows: list[np.ndarray] = []
    at = 0
    while at < len(m.examples):
        e = m.examples[at]
        end = at
        while end < len(m.examples) and (m.examples[end].session, m.examples[end].message) == (e.session, e.message):
            end += 1
        found = [one.candidate for one in m.examples[at:end]]
        rows.append(domains.inputs(found, scores[at:end], tagged.get((e.session, e.message), {})))
        at = end
    return np.vstack(rows).astype(np.float32)


def likely(m: Material, inputs: np.ndarray) -> np.ndarray:
    n = len(m.categories)
    return np.flatnonzero(inputs[:, : 2 * n].max(axis=1) >= np.log(LIKELY / (1 - LIKELY)))


def joint_out_of_fold(m: Material, inputs: np.ndarray, rows: np.ndarray) -> np.ndarray:
    odds = np.full(m.y.shape, -np.inf)
    of = drawn(m)[[m.examples[k].worker for k in rows]]
    for k in range(FOLDS):
        odds[rows[of == k]] = inputs[rows[of == k]] @ fit(inputs[rows[of != k]], m.y[rows[of != k]], PENALTY_JOINT)
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


def report(m: Material, odds: np.ndarray, what: str) -> None:
    """Print the figures by threshold."""
    figures = {t: measure(m.gold, picked(m, odds, t)) for t in THRESHOLDS}
    for threshold, (p, r, f1) in figures.items():
        print(f"{what:8} threshold {threshold:.2f}  precision {p:5.1f}  recall {r:5.1f}  f1 {f1:5.2f}", flush=True)


def ship(m: Material, weights: np.ndarray, table: tagger.Table, joint: np.ndarray, out: Path) -> None:
    kept = small(weights)
    no_start, no_move = tagger.allowed(len(m.categories))
    content = {
        "source": "weights learnt by lab/tune_extraction.py from LAPS train (Joko et al., SIGIR 2024; MIT licence)",
        "seed": SEED,
        "categories": m.categories,
        "bias": BIAS,
        "threshold": THRESHOLD,
        "aside": ASIDE,
        "joined": [[round(float(v), 3) for v in row] for row in joint.T],
        "starts": [round(float(v), 2) for v in table.starts - no_start],
        "moves": [[round(float(v), 2) for v in row] for row in table.moves - no_move],
        "tagger": {f: {str(c): w for c, w in row} for f, row in table.weights.items()},
        "weights": {
            m.features[k]: {str(c): float(kept[k, c]) for c in np.flatnonzero(kept[k])}
            for k in np.flatnonzero(kept.any(axis=1))
        },
    }
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False).replace("},", "},\n").replace("],", "],\n")
    out.write_text(text + "\n", "utf-8")


def learn(m: Material, out: Path | None) -> None:
    """Print the out-of-fold figures of each reading and of both; write the tables learnt from everybody."""
    scores, tagged = first_out_of_fold(m), tagger_out_of_fold(m)
    inputs = joint_inputs(m, scores, tagged)
    n = len(m.categories)
    report(m, scores, "spans")
    report(m, inputs[:, n : 2 * n], "tagger")
    rows = likely(m, inputs)
    report(m, joint_out_of_fold(m, inputs, rows), "both")
    if out:
        table = chain.train([t.tagged for t in m.sentences], n, SEED)
        ship(m, fit(m.x, m.y, PENALTY, BIAS), table, fit(inputs[rows], m.y[rows], PENALTY_JOINT), out)


def main() -> None:
    parser = argparse.ArgumentParser(description="Learn the reader of talk about cooking from LAPS.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    m = gather(args.file)
    covered = {
        (e.session, int(c), e.candidate.value) for e, row in zip(m.examples, m.y, strict=True) for c in row.nonzero()[0]
    }
    share = 100 * len(covered) / sum(map(len, m.gold))
    print(
        f"{len(m.gold)} sessions, {len(m.examples)} candidates, {len(m.features)} features;"
        f" {share:.1f} % of what was noted is among them",
        flush=True,
    )
    learn(m, args.out)


if __name__ == "__main__":
    main()
