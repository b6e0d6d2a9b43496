"""Timing: stores opened, filled and asked in turn, so that a busy machine is busy for all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from lab.peers import Item, Peer, kind
from personavlm.encoders import TextEncoder, Vectors

BLOCK = 20
TOLD = 500
"""Items between two lines of progress."""
GROWTH = 500
REOPENED = 3


class Looked:
    """An encoder that looks vectors up. Raises ``KeyError`` for a text that was not encoded beforehand."""

    def __init__(self, name: str, texts: Sequence[str], vectors: Vectors) -> None:
        self.name, self.dim = name, vectors.shape[1]
        self._vectors = vectors
        self._rows = {text: row for row, text in enumerate(texts)}

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of known texts."""
        return self._vectors[[self._rows[text] for text in texts]]


@dataclass(slots=True)
class Taken:
    """Seconds of single actions, by the wall and by the processor."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def time(self, action: Callable[[], Any]) -> Any:
        """Return what an action returns, and note what it took."""
        wall, cpu = time.perf_counter(), time.process_time()
        result = action()
        self.cpu.append(time.process_time() - cpu)
        self.wall.append(time.perf_counter() - wall)
        return result

    def plain(self) -> dict[str, float]:
        """Return medians in milliseconds."""
        return {"wall_ms": median_ms(self.wall), "cpu_ms": median_ms(self.cpu)}


def median_ms(seconds: Sequence[float]) -> float:
    """Return the median in milliseconds."""
    return round(1_000 * median(seconds), 3)


Opened = dict[str, Peer]
"""Stores by their names, open."""


def open_all(names: Sequence[str], place: Path, encoder: TextEncoder) -> Opened:
    """Open each store in its own folder."""
    opened = {}
    for name in names:
        (place / name).mkdir(parents=True, exist_ok=True)
        opened[name] = kind(name).open_peer(place / name, encoder)
    return opened


def in_turn(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield the names in every rotation, for ever."""
    while True:
        for first in range(len(names)):
            yield [*names[first:], *names[:first]]


def ingest(opened: Opened, items: Sequence[Item], tell: Callable[[str, int, int], None]) -> dict[str, Taken]:
    """Add every item to every store, in blocks that take turns."""
    taken = {name: Taken() for name in opened}
    orders = in_turn(list(opened))
    for start in range(0, len(items), BLOCK):
        block = items[start : start + BLOCK]
        for name in next(orders):
            for item in block:
                taken[name].time(lambda peer=opened[name], item=item: peer.add(item))
        if start % TOLD == 0 or start + len(block) == len(items):
            tell("ingest", start + len(block), len(items))
    return taken


def growth(taken: Taken) -> dict[str, Any]:
    """Return medians of all actions, and of the first and last ones."""
    some = min(GROWTH, len(taken.cpu) // 2)
    return {
        **taken.plain(),
        "first_cpu_ms": median_ms(taken.cpu[:some]),
        "last_cpu_ms": median_ms(taken.cpu[-some:]),
        "of": some,
    }


def reopen(
    names: Sequence[str], place: Path, encoder: TextEncoder, ask: Callable[[Peer], Any]
) -> dict[str, dict[str, float]]:
    """Open each closed store and ask it one thing; return the cost of both together, modules being loaded already."""
    found = {}
    for name in names:
        taken = Taken()
        for _ in range(REOPENED):
            taken.time(lambda name=name: _opened_and_asked(name, place, encoder, ask)).close()
        found[name] = taken.plain()
    return found


def _opened_and_asked(name: str, place: Path, encoder: TextEncoder, ask: Callable[[Peer], Any]) -> Peer:
    peer = open_all([name], place, encoder)[name]
    ask(peer)
    return peer


def close_all(opened: Opened) -> None:
    """Close every store."""
    for peer in opened.values():
        peer.close()


def size(folder: Path) -> int:
    """Return how many bytes a folder's files have."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
