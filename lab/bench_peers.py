"""Ours beside other stores of messages, in one run: what they cost, what they find, and what they leave behind.

    python -m lab.bench_peers --locomo FILE --out lab/results/peers.json [--peers ours plain …] [--stages locomo 3000 …]

Everybody takes in the same items with the same MiniLM vectors, which are made beforehand and only looked up, and no
language model takes part. All take turns, in blocks and in changing order, so that a busy machine is busy for all.

locomo   ingest per item and its growth, bytes, recall of the evidence, reopening, texts and vectors left after one of
         the five users was deleted. On the disk that ``--work`` lies on: a commit waits for it.
N        search among N made-up items of one user, with and without a period of a tenth of them, and ingest up to there.
         In ``--scratch``, best a folder in memory: what is compared then is work, not the disk.

Wall and processor milliseconds are medians. A stage that ``--out`` holds with the same peers is not run again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from lab.bench_retrieval import sentences, unit
from lab.peers import KINDS, Item, Peer, Period, kind
from lab.peers.remains import left_after_deletion
from lab.peers.timing import (
    Looked,
    Opened,
    Taken,
    close_all,
    growth,
    in_turn,
    ingest,
    median_ms,
    open_all,
    reopen,
    size,
)
from personavlm.datasets.locomo import locomo
from personavlm.errors import MissingPackage
from personavlm.evals.retrieval import DEPTHS, Judged, recall
from personavlm.files import write_atomically

START = datetime(2020, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=30)
DEEPEST = max(DEPTHS)
UNFOUND = 10**9
"""Place of what did not come back."""
QUERIES = 31
RESAMPLES = 2_000
PACKAGES = ("mem0ai", "qdrant-client", "langgraph", "langgraph-checkpoint-sqlite", "sqlite-vec", "faiss-cpu", "numpy")


# ── LoCoMo ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Question:
    """A question of one conversation, and the items that answer it."""

    user: str
    text: str
    category: str
    evidence: tuple[str, ...]


def read(path: Path) -> tuple[list[Item], list[Question]]:
    """Return every utterance of a LoCoMo file as an item, users in order, and the questions that have evidence."""
    items: list[Item] = []
    questions: list[Question] = []
    for one in locomo(path).conversations:
        ids = {said.id: f"t{number}" for number, said in enumerate(one.utterances, start=1)}
        items += [Item(ids[u.id], one.id, u.time, u.speaker, u.text, u.caption) for u in one.utterances]
        questions += [
            Question(one.id, q.question, q.category, tuple(ids[e] for e in q.evidence))
            for q in one.questions
            if q.evidence
        ]
    return items, questions


def judge(peer: Peer, questions: Sequence[Question], ends: Mapping[str, datetime]) -> list[Judged]:
    """Return where each question's evidence stands in a store's own ranking."""
    judged = []
    for question in questions:
        found = peer.search(question.user, question.text, ends[question.user], DEEPEST)
        places = {name: place for place, name in enumerate(found, start=1)}
        judged.append(Judged(question.category, tuple(places.get(one, UNFOUND) for one in question.evidence)))
    return judged


def at_five(judged: Sequence[Judged]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return each question's share of evidence among the first five, in percent."""
    return np.array([100 * sum(place <= 5 for place in one.places) / len(one.places) for one in judged])


def interval(values: np.ndarray[Any, np.dtype[np.float64]], seed: int) -> list[float]:
    """Return the 95 % bootstrap interval of a mean over questions."""
    drawn = np.random.default_rng(seed).integers(0, len(values), (RESAMPLES, len(values)))
    return [round(float(x), 2) for x in np.percentile(values[drawn].mean(axis=1), [2.5, 97.5])]


def recalls(judged: Mapping[str, Sequence[Judged]], seed: int) -> dict[str, Any]:
    """Return recall of every store, R@5 with its interval, and by how much ours leads, paired by question."""
    mine = at_five(judged["ours"]) if "ours" in judged else None
    found: dict[str, Any] = {}
    for name, outcomes in judged.items():
        five = at_five(outcomes)
        found[name] = {**recall(outcomes).plain(), "R@5 interval": interval(five, seed)}
        if mine is not None and name != "ours":
            lead = mine - five
            found[name]["ours leads R@5 by"] = [round(float(lead.mean()), 2), *interval(lead, seed)]
    return found


def run_locomo(
    names: Sequence[str], path: Path, place: Path, kept: Path, seed: int, tell: Callable[[str, int, int], None]
) -> dict[str, Any]:
    """Measure everything that is measured on LoCoMo; ``kept`` keeps the vectors."""
    items, questions = read(path)
    ends = {item.user: item.time + timedelta(days=1) for item in items}
    encoder, seconds = encoded([*(item.searched for item in items), *(q.text for q in questions)], kept, tell)
    opened = open_all(names, place, encoder)
    taken = ingest(opened, items, tell)
    judged = {}
    for number, name in enumerate(opened, start=1):
        judged[name] = judge(opened[name], questions, ends)
        tell("recall", number, len(opened))
    close_all(opened)
    sizes = {name: size(place / name) for name in names}
    first = questions[0]
    opening = reopen(names, place, encoder, lambda p: p.search(first.user, first.text, ends[first.user], 5))
    rest = {name: left_after_deletion(name, items, place, encoder, seed) for name in names}
    return {
        "items": len(items),
        "users": len(ends),
        "questions": len(questions),
        "encoding": seconds,
        "ingest": {name: growth(taken[name]) for name in names},
        "megabytes": {name: round(sizes[name] / 1e6, 2) for name in names},
        "recall": recalls(judged, seed),
        "reopen_and_first_query": opening,
        "left_after_deleting_one_user": rest,
    }


def encoded(
    texts: Sequence[str], place: Path, tell: Callable[[str, int, int], None]
) -> tuple[Looked, dict[str, float]]:
    """Return MiniLM's vectors of all texts to be looked up, kept in ``place`` for the next run, and the cost of one."""
    from personavlm.encoders.text import load_text_encoder

    encoder = load_text_encoder()
    texts = list(dict.fromkeys(texts))
    path = place / f"vectors-{sha256(json.dumps([encoder.name, texts]).encode()).hexdigest()[:12]}.npy"
    if not path.is_file():
        rows = []
        for start in range(0, len(texts), 256):
            rows.append(encoder.encode(texts[start : start + 256]))
            tell("encode", min(start + 256, len(texts)), len(texts))
        np.save(path, np.concatenate(rows))
    encoder.encode(["warm"])
    alone = Taken()
    for number in range(QUERIES):
        alone.time(lambda n=number: encoder.encode([f"{texts[n]} {n}"]))
    return Looked(encoder.name, texts, np.load(path)), {"one_alone_cpu_ms": median_ms(alone.cpu)}


# ── search at scale ──────────────────────────────────────────────────────────────────────────────────────────────


def run_size(
    count: int, names: Sequence[str], place: Path, seed: int, tell: Callable[[str, int, int], None]
) -> dict[str, Any]:
    """Measure search among ``count`` made-up items, each store as far as it goes."""
    asked_names = [name for name in names if count <= kind(name).LARGEST]
    rng = np.random.default_rng(seed)
    items = [Item(f"t{n + 1}", "user", START + n * STEP, "Ann", text) for n, text in enumerate(sentences(rng, count))]
    questions = [f"when did I tell about {text}?" for text in sentences(rng, QUERIES, 4)]
    texts = [*(item.searched for item in items), *questions]
    encoder = Looked("random", texts, unit(rng, len(texts), 384))
    opened = open_all(asked_names, place, encoder)
    taken = ingest(opened, items, tell)
    now = items[-1].time + timedelta(days=1)
    periods = [(START + first * STEP, START + (first + count // 10 - 1) * STEP) for first in _firsts(count)]
    search = search_all(opened, questions, now, periods, {item.id: item.time for item in items}, tell)
    close_all(opened)
    sizes = {name: round(size(place / name) / 1e6, 2) for name in asked_names}
    opening = reopen(asked_names, place, encoder, lambda peer: peer.search("user", questions[0], now, 10))
    return {
        "items": count,
        "ingest": {name: growth(taken[name]) for name in asked_names},
        "search": search,
        "megabytes": sizes,
        "reopen_and_first_query": opening,
        "not_asked": [name for name in names if name not in asked_names],
    }


def _firsts(count: int) -> list[int]:
    return [int(place * 0.9 * count / QUERIES) for place in range(QUERIES)]


def search_all(
    opened: Opened,
    questions: Sequence[str],
    now: datetime,
    periods: Sequence[Period],
    times: Mapping[str, datetime],
    tell: Callable[[str, int, int], None],
) -> dict[str, Any]:
    """Ask every store every question, without and with a period; the first three warm up and are not counted."""
    free, within = ({name: Taken() for name in opened} for _ in range(2))
    inside = {name: [0, 0] for name in opened}
    orders = in_turn(list(opened))
    for number, (question, period) in enumerate(zip(questions, periods, strict=True), start=1):
        for name in next(orders):
            peer = opened[name]
            free[name].time(lambda p=peer, q=question: p.search("user", q, now, 10))
            found = within[name].time(lambda p=peer, q=question, d=period: p.search("user", q, now, 10, d))
            inside[name][0] += sum(period[0] <= times[one] <= period[1] for one in found)
            inside[name][1] += len(found)
        tell("search", number, len(questions))
    return {
        name: {
            "free": Taken(free[name].wall[3:], free[name].cpu[3:]).plain(),
            "period": Taken(within[name].wall[3:], within[name].cpu[3:]).plain(),
            "inside_period": round(inside[name][0] / max(inside[name][1], 1), 4),
            "returned": round(inside[name][1] / len(questions), 2),
        }
        for name in opened
    }


# ── the run ──────────────────────────────────────────────────────────────────────────────────────────────────────


def available(names: Sequence[str], place: Path) -> tuple[list[str], dict[str, str]]:
    """Return which stores can be opened here, and why the others cannot."""
    can, cannot = [], {}
    for name in names:
        folder = place / "try" / name
        folder.mkdir(parents=True, exist_ok=True)
        try:
            kind(name).open_peer(folder, Looked("none", ["x"], np.ones((1, 4), np.float32))).close()
        except MissingPackage as error:
            cannot[name] = str(error)
        else:
            can.append(name)
    shutil.rmtree(place / "try")
    return can, cannot


def versions() -> dict[str, str]:
    """Return the versions of what takes part."""
    found = {"python": sys.version.split()[0], "machine": f"{sys.platform}, {os.cpu_count()} processors"}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def progress(what: str, done: int, whole: int) -> None:
    """Say how far a stage is, on one line."""
    end = "\n" if done == whole else ""
    print(f"\r{what} {done:,} of {whole:,}", end=end, file=sys.stderr, flush=True)


def write(path: Path, results: Mapping[str, Any]) -> None:
    """Write results as they are so far."""
    write_atomically(path, (json.dumps(results, indent=1) + "\n").encode())


def times_ours(stage: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return how many times as long as ours each other store takes, by processor time and by the wall for ingest."""
    found: dict[str, dict[str, float]] = {}
    for name, taken in stage["ingest"].items():
        mine = stage["ingest"].get("ours")
        if mine is None or name == "ours":
            continue
        ratios = {f"ingest {clock}": taken[clock] / mine[clock] for clock in ("wall_ms", "cpu_ms")}
        for way in ("free", "period") if "search" in stage else ():
            ratios[f"search {way}"] = stage["search"][name][way]["cpu_ms"] / stage["search"]["ours"][way]["cpu_ms"]
        found[name] = {measure: round(ratio, 2) for measure, ratio in ratios.items()}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--locomo", type=Path, help="a LoCoMo file, for the stage of that name")
    parser.add_argument("--out", type=Path, required=True, help="results as JSON; stages in it are not run again")
    parser.add_argument("--peers", nargs="+", default=list(KINDS), help=", ".join(KINDS))
    parser.add_argument("--stages", nargs="+", default=["locomo", "3000", "10000", "100000"])
    parser.add_argument("--work", type=Path, help="folder on the disk to be measured (default: a temporary one)")
    parser.add_argument("--scratch", type=Path, help="folder for the stages of a size, best in memory")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    work = chosen.work or Path(tempfile.gettempdir())
    work.mkdir(parents=True, exist_ok=True)
    results: dict[str, Any] = json.loads(chosen.out.read_text("utf-8")) if chosen.out.is_file() else {}
    names, missing = available(chosen.peers, work)
    results |= {"versions": versions(), "seed": chosen.seed, "not_installed": missing}
    stages = results.setdefault("stages", {})
    for stage in chosen.stages:
        if set(stages.get(stage, {}).get("peers", ())) == set(names):
            continue
        folder = work if stage == "locomo" else chosen.scratch or work
        with tempfile.TemporaryDirectory(dir=folder) as place:
            if stage == "locomo":
                measured = run_locomo(names, chosen.locomo, Path(place), work, chosen.seed, progress)
            else:
                measured = run_size(int(stage), names, Path(place), chosen.seed, progress)
        stages[stage] = {"peers": names, **measured}
        write(chosen.out, results)
    results["times_ours"] = {stage: times_ours(measured) for stage, measured in stages.items()}
    write(chosen.out, results)
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
