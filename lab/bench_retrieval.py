"""Two ratios of retrieval at 100,000 memories, side by side in one run: time of a whole query, and resident memory.

    python lab/bench_retrieval.py                       -> one JSON object

(i) A whole hybrid query (period of 10 %, words, meaning, fusion, best per type, reasons) against a bare FAISS search
    with a selector over the same rows and vectors. Bar: at most 5 times.
(ii) Growth of resident memory while 100,000 memories are indexed, against the bytes of their vectors and texts.
    Bar: at most 2.5 times.

Vectors are random and texts are drawn from a made-up vocabulary whose word frequencies follow Zipf's law; the query's
own encoding is left out on both sides. Medians over ``--rounds`` different queries, asked in turn.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from personavlm.encoders import Vectors
from personavlm.retrieval import Index, Passage, Query, search
from personavlm.trace import HitType

START = datetime(2020, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=30)
VOCABULARY = 20_000
WORDS = 18
KINDS: tuple[HitType, ...] = ("semantic", "semantic", "semantic", "procedural", "visual", "turn")


class Given:
    """An encoder whose vectors were drawn beforehand: its own time is not measured."""

    name = "given"

    def __init__(self, dim: int, queries: Vectors) -> None:
        self.dim = dim
        self._queries = queries
        self._next = 0

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return the next of the given query vectors for each text."""
        rows = [(self._next + place) % len(self._queries) for place in range(len(texts))]
        self._next += len(texts)
        return self._queries[rows]


def resident() -> int:
    """Return the bytes of this process that lie in memory (Linux)."""
    fields = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in fields if line.startswith("VmRSS:"))


def unit(rng: np.random.Generator, count: int, dim: int) -> Vectors:
    """Return random unit vectors."""
    vectors = rng.standard_normal((count, dim), dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def sentences(rng: np.random.Generator, count: int, length: int = WORDS) -> Iterator[str]:
    """Yield texts of made-up words, the n-th word of the vocabulary as frequent as 1 / n."""
    names = ["".join(letters) for letters in rng.choice(list("bdfgklmnprstvz"), (VOCABULARY, 3)).astype(object)]
    vocabulary = [f"{name}{'aeiou'[place % 5]}{place:x}" for place, name in enumerate(names)]
    share = 1 / np.arange(1, VOCABULARY + 1)
    drawn = rng.choice(VOCABULARY, (count, length), p=share / share.sum())
    for row in drawn:
        yield " ".join(vocabulary[place] for place in row)


def filled(count: int, vectors: Vectors, texts: Sequence[str], queries: Vectors) -> Index:
    """Return an index of ``count`` memories in time order, added in chunks as a long life would."""
    index = Index(Given(vectors.shape[1], queries))
    for start in range(0, count, 1_000):
        rows = range(start, min(start + 1_000, count))
        index.add(
            [Passage(f"m{row}", KINDS[row % len(KINDS)], texts[row], START + row * STEP) for row in rows],
            vectors[rows.start : rows.stop],
        )
    return index


def timed(actions: Sequence[Callable[[int], object]], rounds: int) -> list[float]:
    """Return the median milliseconds of each action; they take turns, so that a busy machine is busy for all."""
    taken: list[list[float]] = [[] for _ in actions]
    for place in range(rounds):
        for action, times in zip(actions, taken, strict=True):
            start = time.perf_counter()
            action(place)
            times.append((time.perf_counter() - start) * 1_000)
    return [statistics.median(times) for times in taken]


def compare(index: Index, vectors: Vectors, queries: Vectors, asked: Sequence[str], rounds: int) -> dict[str, float]:
    """Return medians in milliseconds of the hybrid query and of the bare search over the same tenth of the rows."""
    import faiss

    faiss.omp_set_num_threads(1)
    count = len(vectors)
    bare = faiss.IndexFlatIP(vectors.shape[1])
    bare.add(vectors)
    firsts = [int(place * 0.9 * count / rounds) for place in range(rounds)]
    last = START + count * STEP

    def hybrid(place: int) -> object:
        start = START + firsts[place] * STEP
        period = (start, start + (count // 10 - 1) * STEP)
        return search(index, Query(asked[place], last, start=period[0], end=period[1]))

    def selected(place: int) -> object:
        chosen = faiss.IDSelectorRange(firsts[place], firsts[place] + count // 10)
        return bare.search(queries[place : place + 1], 10, params=faiss.SearchParameters(sel=chosen))

    timed([hybrid, selected], 3)
    whole, alone = timed([hybrid, selected], rounds)
    return {"hybrid_ms": round(whole, 3), "bare_ms": round(alone, 3), "times": round(whole / alone, 2)}


def measure(count: int = 100_000, dim: int = 384, rounds: int = 31, seed: int = 0) -> dict[str, object]:
    """Return both ratios with what they are made of, and their bars."""
    rng = np.random.default_rng(seed)
    queries = unit(rng, rounds, dim)
    asked = [f"when did I tell about {text}?" for text in sentences(rng, rounds, 4)]
    vectors = unit(rng, count, dim)
    texts = list(sentences(rng, count))
    raw = vectors.nbytes + sum(len(text.encode()) for text in texts)
    filled(100, vectors[:100], texts[:100], queries)  # modules and allocators are warm before the baseline is taken
    gc.collect()
    before = resident()
    index = filled(count, vectors, texts, queries)
    gc.collect()
    # The texts themselves exist once, in the caller's list, so their bytes are added to what the index grew by.
    grown = resident() - before + sum(sys.getsizeof(text) for text in texts)
    memory = {"grown_mb": round(grown / 1e6, 1), "vectors_and_texts_mb": round(raw / 1e6, 1)}
    return {
        "memories": count,
        "dim": dim,
        "query": compare(index, vectors, queries, asked, rounds),
        "memory": {**memory, "times": round(grown / raw, 2)},
        "bars": {"query_times": 5.0, "memory_times": 2.5},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000, help="memories")
    parser.add_argument("--dim", type=int, default=384, help="numbers per vector")
    parser.add_argument("--rounds", type=int, default=31, help="queries per median")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    print(json.dumps(measure(chosen.count, chosen.dim, chosen.rounds, chosen.seed)))


if __name__ == "__main__":
    main()
