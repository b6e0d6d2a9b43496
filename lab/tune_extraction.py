"""Learn the reader of talk about cooking from LAPS, and say out of fold how well it does.

    python -m lab.tune_extraction LAPS_FILE [--out personavlm/embedded/words]

Three readings: logistic regressions, one per category, over the named features of every span of what a worker typed
(``embedded/spans.py``); a chain tagger over the words of a sentence (``lab/chain.py``); a small network over MiniLM's
word pieces (``lab/network.py``). Their chances are averaged with fixed shares: a fourth table that learnt to join them
did no better out of fold. Folds are drawn over workers, so a worker's words never decide how the same worker is read.

The figures here are of the reader alone; ``lab/cross_extraction.py`` runs the whole pipeline out of fold.
Matched exactly as ``evals/extraction.py`` does. Source: LAPS (Joko et al., SIGIR 2024), MIT licence; seed below.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from scipy.optimize import minimize

from lab import chain
from lab import network as networks
from personavlm.datasets.laps import LapsSession, laps, laps_dialogue
from personavlm.embedded import banks, domains, network, spans, tagger
from personavlm.embedded.network import Network, Reading
from personavlm.embedded.spans import Candidate
from personavlm.encoders import PieceEncoder
from personavlm.encoders.text import load_text_encoder
from personavlm.prompts.text import Line

SEED = 1
FOLDS = 5
SEEN = 12
"""A feature counts if at least this many candidates have it."""
PENALTY = 8.0
BIAS = -4.0
SMALLEST = 0.06
"""Weights nearer to nought than this are not shipped."""
SHARES = (0.35, 0.2, 0.45)
"""How much the readings count: spans, tagger, network. Out of fold, any shares near these do as well."""
THRESHOLDS = (0.12, 0.14, 0.16, 0.18, 0.2, 0.22, 0.24, 0.26)
THRESHOLD, ASIDE = 0.18, 0.02
"""Least chance of a record, and of what is told beside a record of the same message."""
NAME = "recipes"
STOCK = banks.phrases(NAME)["stock"]
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
    messages: list[Message]
    encoder: str


@dataclass(frozen=True)
class Message:
    """One message for the network: whose, which examples are its candidates, and what is shown of it."""

    worker: int
    rows: slice
    reading: Reading


@dataclass(frozen=True)
class Told:
    """One sentence for the tagger: whose, where its words stand, its features and labels."""

    worker: int
    session: int
    message: int
    sentence: spans.Sentence
    setting: spans.Setting
    tagged: chain.Tagged


@dataclass(frozen=True)
class Tables:
    """What three readings have learnt."""

    spans: np.ndarray
    tagger: tagger.Table
    network: Network


def gather(file: Path) -> Material:
    encoder = load_text_encoder()
    assert isinstance(encoder, PieceEncoder), "the packaged MiniLM shows its pieces"
    sessions = laps(file).sessions
    gold = [{(c, domains.normal(v)) for c, v in s.preferences} for s in sessions]
    categories = sorted({c for pairs in gold for c, _ in pairs})
    examples: list[Example] = []
    rows: list[tuple[str, ...]] = []
    sentences: list[Told] = []
    messages: list[Message] = []
    for number, session in enumerate(sessions):
        for place, (text, setting, read, found) in enumerate(readings(session)):
            first = len(examples)
            for one in found:
                bare = Candidate(one.start, one.end, domains.normal(one.value), ())
                examples.append(Example(session.worker, number, place, bare))
                rows.append(tuple(map(sys.intern, one.features)))
            sentences += told(session.worker, number, place, setting, read, found, gold[number], categories)
            shown = network.read(text, setting, found, STOCK, encoder, encoder)
            shown = replace(shown, states=shown.states.astype(np.float16))  # half the memory of many messages
            messages.append(Message(session.worker, slice(first, len(examples)), shown))
    x, features = matrix(rows)
    y = np.array([[(c, e.candidate.value) in gold[e.session] for c in categories] for e in examples], dtype=np.float32)
    workers = [s.worker for s in sessions]
    return Material(examples, x, y, features, categories, gold, workers, sentences, messages, encoder.name)


def readings(session: LapsSession) -> list[tuple[str, spans.Setting, list[spans.Sentence], list[Candidate]]]:
    """Each of the user's messages with its candidates and what stands before it as at run time."""
    history: list[Line] = []
    found: list[tuple[str, spans.Setting, list[spans.Sentence], list[Candidate]]] = []
    for turn in laps_dialogue([session], [START], "worker").turns:
        setting = domains.setting(NAME, turn.text, history)
        text = turn.text[: domains.MAX_TEXT]
        read = spans.read(text, setting)
        stock = spans.stock(STOCK, text, setting)
        found.append((text, setting, read, [*spans.candidates(text, read, setting), *stock]))
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


def fit(x: sp.csr_matrix, y: np.ndarray, penalty: float, bias: float) -> np.ndarray:
    """Weights ``(features, categories)`` of one logistic regression per category."""
    xt = x.T.tocsr()
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


def learn(m: Material, workers: np.ndarray) -> Tables:
    """Return the tables learnt from the workers marked in ``workers`` (by place), as they are shipped."""
    rows = np.flatnonzero(workers[[e.worker for e in m.examples]])
    weights = small(fit(m.x[rows], m.y[rows], PENALTY, BIAS))
    print("learnt: spans", file=sys.stderr, flush=True)
    table = chain.train([t.tagged for t in m.sentences if workers[t.worker]], len(m.categories), SEED)
    print("learnt: tagger", file=sys.stderr, flush=True)
    shown = [networks.Shown(one.reading, m.y[one.rows]) for one in m.messages if workers[one.worker]]
    learnt = networks.train(shown, len(m.categories), len(STOCK), m.encoder, SEED)
    print("learnt: network", file=sys.stderr, flush=True)
    return Tables(weights, table, learnt)


def chances(m: Material, tables: Tables, workers: np.ndarray) -> np.ndarray:
    """The mean chance of each candidate of the marked workers for each category, nought for the others'."""
    found = np.zeros(m.y.shape)
    tagged = sentence_chances(m, tables.tagger, workers)
    none = np.zeros(len(m.categories))
    for one in (one for one in m.messages if workers[one.worker]):
        examples = m.examples[one.rows]
        odds = m.x[one.rows] @ tables.spans + BIAS, network.scores(tables.network, one.reading)
        places = [(e.session, e.message, e.candidate.start, e.candidate.end) for e in examples]
        by_span, by_network = (1 / (1 + np.exp(-np.clip(o, -30, 30))) for o in odds)
        by_tagger = np.array([tagged.get(place, none) for place in places]).reshape(by_span.shape)
        if examples:
            found[one.rows] = domains.mean([e.candidate for e in examples], (by_span, by_tagger, by_network), SHARES)
    return found


Places = dict[tuple[int, int, int, int], np.ndarray]
"""Chances by session, message, and place in the message."""


def sentence_chances(m: Material, table: tagger.Table, workers: np.ndarray) -> Places:
    return {
        (one.session, one.message, *place): row
        for one in m.sentences
        if workers[one.worker]
        for place, row in tagger.chances(one.sentence, one.setting, table).items()
    }


def picked(m: Material, chance: np.ndarray, threshold: float) -> list[set[tuple[str, str]]]:
    """What the reader would keep of each session, with its own rule for overlaps."""
    kept: list[set[tuple[str, str]]] = [set() for _ in m.gold]
    taken: dict[tuple[int, int, int], list[tuple[int, int]]] = {}
    rows, columns = np.nonzero(chance >= threshold)
    for o in np.argsort(-chance[rows, columns], kind="stable"):
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


def report(m: Material, chance: np.ndarray, workers: np.ndarray, what: str) -> None:
    """Print the figures of the marked workers by threshold."""
    shown = [k for k, worker in enumerate(m.workers) if workers[worker]]
    for threshold in THRESHOLDS:
        kept = picked(m, chance, threshold)
        p, r, f1 = measure([m.gold[k] for k in shown], [kept[k] for k in shown])
        print(f"{what:8} threshold {threshold:.2f}  precision {p:5.1f}  recall {r:5.1f}  f1 {f1:5.2f}", flush=True)


def ship(m: Material, tables: Tables, folder: Path) -> None:
    """Write tables as ``domains.load`` reads them."""
    no_start, no_move = tagger.allowed(len(m.categories))
    content = {
        "source": "weights learnt by lab/tune_extraction.py from LAPS train (Joko et al., SIGIR 2024; MIT licence)",
        "seed": SEED,
        "categories": m.categories,
        "bias": BIAS,
        "threshold": THRESHOLD,
        "aside": ASIDE,
        "shares": SHARES,
        "starts": [round(float(v), 2) for v in tables.tagger.starts - no_start],
        "moves": [[round(float(v), 2) for v in row] for row in tables.tagger.moves - no_move],
        "tagger": {f: {str(c): w for c, w in row} for f, row in tables.tagger.weights.items()},
        "weights": {
            m.features[k]: {str(c): float(tables.spans[k, c]) for c in np.flatnonzero(tables.spans[k])}
            for k in np.flatnonzero(tables.spans.any(axis=1))
        },
    }
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False).replace("},", "},\n").replace("],", "],\n")
    (folder / f"{NAME}.json").write_text(text + "\n", "utf-8")
    networks.save(tables.network, folder / f"{NAME}.npz")


def covered(m: Material) -> float:
    """The share of what was noted that is among the candidates, in percent."""
    found = {
        (e.session, c, e.candidate.value) for e, row in zip(m.examples, m.y, strict=True) for c in row.nonzero()[0]
    }
    return 100 * len(found) / sum(map(len, m.gold))


def main() -> None:
    parser = argparse.ArgumentParser(description="Learn the reader of talk about cooking from LAPS.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--out", type=Path, help="the folder to write the tables learnt from everybody to")
    args = parser.parse_args()
    m = gather(args.file)
    print(f"{len(m.gold)} sessions, {len(m.examples)} candidates; {covered(m):.1f} % of what was noted is among them")
    if args.out:
        ship(m, learn(m, np.ones(max(m.workers) + 1, bool)), args.out)
        return
    of = drawn(m)
    chance = np.zeros(m.y.shape)
    for k in range(FOLDS):
        chance += chances(m, learn(m, of != k), of == k)
        report(m, chance, of == k, f"fold {k}")
    report(m, chance, of >= 0, "all")


if __name__ == "__main__":
    main()
