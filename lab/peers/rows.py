"""Peers as rows of the bench: the five messages that a store finds nearest, shown to the same model.

    python -m lab.peers.rows --data persona-mme DIR --setting 32k --limit 3 --peers ours plain mem0_oss --out RUNS

All but the store is that of the mode ``rag5``, save that date and speaker stand in the indexed words. Each run is an
ordinary one: stopped, gone on with and reported as any other (``personavlm bench report RUNS/*``).
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from lab.peers import KINDS, Item, kind
from personavlm.assistant import DEFAULT_CONFIG
from personavlm.bench.columns import read_column, read_kind, score_of
from personavlm.bench.context import Find, Found, TopMessages
from personavlm.bench.folders import Plan
from personavlm.bench.runs import Run, carry_out
from personavlm.bench.voices import loaded
from personavlm.datasets.dialogue import Said
from personavlm.encoders import TextEncoder

USER = "user"
WHOLE = "whole"
"""A file beside the store, once every message is in it."""


@dataclass(frozen=True, slots=True)
class PeerFinder:
    """A store as ``TopMessages`` searches it."""

    name: str
    encoder: TextEncoder

    @contextmanager
    def open(self, said: Sequence[Said], folder: Path) -> Iterator[Find]:
        """Take messages in, unless the folder holds all of them; what was begun is begun anew."""
        store, whole = folder / "store", folder / WHOLE
        if not whole.is_file():
            shutil.rmtree(store, ignore_errors=True)
        store.mkdir(exist_ok=True)
        peer = kind(self.name).open_peer(store, self.encoder)
        try:
            if not whole.is_file():
                for item in items(said):
                    peer.add(item)
                whole.touch()

            def find(text: str, at: datetime, k: int) -> list[Found]:
                """Nearness is one over the rank: stores give ranks of scores that mean different things."""
                names = peer.search(USER, text, at, k)
                return [(int(name[1:]) - 1, 1 / rank) for rank, name in enumerate(names, start=1)]

            yield find
        finally:
            peer.close()


def items(said: Sequence[Said]) -> Iterator[Item]:
    """Yield messages as items, numbered from t1."""
    for number, one in enumerate(said, start=1):
        speaker = "User" if one.by_user else "Assistant"
        yield Item(f"t{number}", USER, one.time, speaker, one.text, one.caption)


def system(name: str, model: str) -> TopMessages:
    """Return the row of a store."""
    spoken, kit = loaded(model, None)
    return TopMessages(spoken, kit, PeerFinder(name, kit.encoder), name=f"rag5-{name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", nargs=2, required=True, metavar=("KIND", "PATH"))
    parser.add_argument("--setting", default="both")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--peers", nargs="+", default=["ours", "plain"], help=", ".join(KINDS))
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs, one each")
    chosen = parser.parse_args()
    data = read_kind(chosen.data[0])
    column = read_column(data, Path(chosen.data[1]), chosen.setting, chosen.limit)
    runs = []
    for name in chosen.peers:
        row = system(name, chosen.model)
        plan = Plan(row.name, f"{data} {column.persons[0].data}", row.model.name, DEFAULT_CONFIG, DEFAULT_CONFIG)
        make = partial(system, name, chosen.model)
        runs.append(Run(plan, chosen.out / row.name, chosen.out / "stores", make, score_of(data)))
    scores = carry_out(runs, column.persons, progress=lambda *told: print(*told, file=sys.stderr))
    for run, found in zip(runs, scores, strict=True):
        print(run.plan.mode, found.plain()["overall_mcq"])


if __name__ == "__main__":
    main()
