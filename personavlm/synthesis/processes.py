"""Processes: the same work on many rows, here or side by side, one result after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def each(work: Callable[[T], R], rows: Sequence[T], processes: int) -> Iterator[R]:
    """Yield ``work(row)`` for every row, in their order. ``work`` has to travel: a function of a module, or partial."""
    if processes == 1 or len(rows) < 2:
        yield from map(work, rows)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(work, rows)
