"""Processes: the same work on many rows, here or side by side, one result after the other."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import wait
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def each(work: Callable[[T], R], rows: Sequence[T], processes: int) -> Iterator[R]:
    """Yield ``work(row)`` for every row, in their order. ``work`` has to travel: a function of a module, or partial.

    When the caller is killed, the processes beside it end as well.
    """
    if processes == 1 or len(rows) < 2:
        yield from map(work, rows)
        return
    with ProcessPoolExecutor(processes, initializer=end_with_parent) as pool:
        yield from pool.map(work, rows)


def end_with_parent() -> None:
    """Watch for the end of the parent: a pool's processes would wait for its next row for ever."""
    threading.Thread(target=_watch, daemon=True).start()


def _watch() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
