"""Speed of the store and of a turn, as ratios side by side in one run. Prints one JSON object.

    python lab/bench_store.py [--turns 10000] [--repeats 40]

- ``append_vs_insert``: one turn appended (ledger, chain, job, one transaction) against a bare SQLite insert of the same
  bytes in one transaction, both in WAL mode with ``synchronous=FULL``, taken in turn. Bar: at most 4.
- ``turn_at_10000_vs_100``: one whole turn (reply with one look-up, then its update job) at that many stored turns
  against one at 100, taken in turn, without the model's and the encoders' own time. Bar: at most 2.

Medians over interleaved pairs; the encoder gives random unit vectors and the model follows a script; the time spent
in both is measured and taken off.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import numpy as np
from PIL.Image import Image

from personavlm.assistant import Assistant, Kit, create_user
from personavlm.encoders import Vectors
from personavlm.models import Completion, Message, Sampling
from personavlm.personality import TRAITS
from personavlm.store import Store
from personavlm.trace import Answer, Step, Trace, canonical

START = datetime(2024, 1, 1, tzinfo=UTC)
WORDS = [f"word{n}" for n in range(4000)]


class Timed:
    """Adds up the time spent in something that is not measured."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._began


class RandomEncoder:
    """Unit vectors by a generator seeded with the text; its time is counted apart."""

    name, dim = "random-bench", 384

    def __init__(self, apart: Timed) -> None:
        self._apart = apart

    def encode(self, texts: Sequence[str]) -> Vectors:
        with self._apart:
            rows = [np.random.default_rng(abs(hash(t)) % 2**32).standard_normal(self.dim) for t in texts]
            table = np.array(rows, np.float32).reshape(len(texts), self.dim)
            return (table / np.linalg.norm(table, axis=1, keepdims=True)).astype(np.float32)


class NoPictures:
    """A picture encoder that is never asked."""

    name, dim, same_from, surroundings = "none-bench", 4, 0.5, 0.0

    def encode(self, pictures: Sequence[Image]) -> Vectors:
        raise AssertionError("the bench shows no pictures")


class Script:
    """Answers every contract at once: one look-up per turn, one memory per turn; its time is counted apart."""

    name = "script-bench"

    def __init__(self, apart: Timed) -> None:
        self._apart = apart

    def complete(self, messages: Sequence[Message], sampling: Sampling) -> Completion:
        with self._apart:
            return Completion(self._reply(messages[-1]))

    def _reply(self, message: Message) -> str:
        slots = dict(message.slots)
        said = slots.get("UserQuery", "").split("user: ")[-1]
        return {
            "respond": f'<think>look</think><retrieve>\n"keywords": {said[:40]}\n</retrieve>',
            "respond_more": "<think>enough</think><answer>noted</answer>",
            "personality": "\n".join(f'"{trait}": 4' for trait in TRAITS),
            "semantic": f'"reason": new\n"decision": true\n"content": {said[:60]}\n"keywords": {said[:20]}',
            "episodic": '"topic_summary": talk\n"keywords": talk\n"source_dialog_indices": 0',
        }.get(message.contract, "{}")


def sentence(random: np.random.Generator) -> str:
    """A sentence of twelve words, frequent ones more often."""
    return " ".join(WORDS[int(n)] for n in np.minimum(random.zipf(1.3, 12), len(WORDS)) - 1)


def filled(home: Path, turns: int, apart: Timed) -> Assistant:
    """A user with that many turns, all of them learnt from, in sessions of ten."""
    store = create_user(home, f"user {turns}", START)
    assistant = Assistant(store, Script(apart), kit=Kit(RandomEncoder(apart), NoPictures()))
    random = np.random.default_rng(turns)
    store._db.execute("PRAGMA synchronous = OFF")  # filling is not what is measured
    for number in range(turns):
        when = START + timedelta(minutes=5 * (number % 10) + 180 * (number // 10))
        assistant.given(when, sentence(random), "noted")
        assistant.flush()
    store._db.execute("PRAGMA synchronous = FULL")
    assistant.library.index()
    return assistant


def one_turn(assistant: Assistant, apart: Timed, text: str) -> float:
    """Seconds of one whole turn, model and encoders taken off. Every turn is ten minutes after the last."""
    last = assistant.store.last_turn()
    assert last is not None
    apart.seconds = 0.0
    began = time.perf_counter()
    assistant.say(last.time + timedelta(minutes=10), text)
    assistant.flush()
    return time.perf_counter() - began - apart.seconds


def bench_turns(home: Path, many: int, repeats: int) -> dict[str, float]:
    """Median seconds of a turn at 100 and at many stored turns, and their ratio."""
    apart = Timed()
    small, large = filled(home, 100, apart), filled(home, many, apart)
    random = np.random.default_rng(7)
    times: dict[int, list[float]] = {100: [], many: []}
    for _ in range(repeats + 3):
        text = sentence(random)
        times[100].append(one_turn(small, apart, text))
        times[many].append(one_turn(large, apart, text))
    few, lots = median(times[100][3:]), median(times[many][3:])
    return {"ms_at_100": few * 1e3, f"ms_at_{many}": lots * 1e3, f"turn_at_{many}_vs_100": lots / few}


def bench_append(home: Path, repeats: int) -> dict[str, float]:
    """Median seconds of appending a turn and of a bare insert of the same bytes, and their ratio."""
    store = Store.open(home, "append", create=True)
    bare = sqlite3.connect(home / "bare.sqlite", isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL"):
        bare.execute(f"PRAGMA {pragma}")
    bare.execute("CREATE TABLE ledger (seq INTEGER PRIMARY KEY, record TEXT)")
    random, ours, theirs = np.random.default_rng(1), [], []
    for number in range(repeats * 5):
        turn = store.draft(START + timedelta(minutes=number), sentence(random))
        steps = (Step("enough", Answer(sentence(random))),)
        record = canonical(Trace(turn, steps))
        ours.append(_seconds(lambda t=turn, s=steps: store.append(t, s)))
        theirs.append(_seconds(lambda r=record: _insert(bare, r)))
    mine, plain = median(ours[10:]), median(theirs[10:])
    return {"ms_append": mine * 1e3, "ms_insert": plain * 1e3, "append_vs_insert": mine / plain}


def _insert(db: sqlite3.Connection, record: str) -> None:
    db.execute("BEGIN IMMEDIATE")
    db.execute("INSERT INTO ledger (record) VALUES (?)", (record,))
    db.execute("COMMIT")


def _seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def main() -> None:
    """Run both and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        figures = bench_append(home, options.repeats) | bench_turns(home, options.turns, options.repeats)
    print(json.dumps({"repeats": options.repeats} | {k: round(v, 3) for k, v in figures.items()}, indent=1))


if __name__ == "__main__":
    main()
