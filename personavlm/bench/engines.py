"""Engines: the same work on every row, here, in threads, in processes or on a Ray cluster; a row is a person.

Results come as they are ready, each once. Threads are for models behind a server, which keep as many requests in
flight; processes for those that compute here. ``work`` has to travel to processes: a function of a module, or partial.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Literal, TypeVar, get_args

from personavlm.errors import BadInput, PersonaVLMError

T = TypeVar("T")
R = TypeVar("R")
Engine = Literal["processes", "threads", "ray"]


class WorkerLost(PersonaVLMError):
    """A worker was killed; what it had finished is kept."""

    kind = "worker_lost"


def spread(work: Callable[[T], R], rows: Sequence[T], engine: Engine = "processes", workers: int = 1) -> Iterator[R]:
    """Yield ``work(row)`` for every row, in the order in which they are done.

    Raises whatever ``work`` raises, and ``WorkerLost`` if a worker dies: rows not yet done are not begun then.
    """
    if workers == 1 or len(rows) < 2:
        yield from map(work, rows)
        return
    with _pool(engine, workers) as pool:
        under_way = [pool.submit(work, row) for row in rows]
        try:
            for future in as_completed(under_way):
                yield future.result()
        except BrokenProcessPool as error:
            remedy = "run the same command again: it goes on where it was; with less memory, take fewer processes."
            raise WorkerLost("A worker process was killed.", remedy) from error
        finally:
            for future in under_way:
                future.cancel()


def _pool(engine: Engine, workers: int) -> Executor:
    if engine == "threads":
        return ThreadPoolExecutor(workers)
    # A forked copy of a process with running threads may hang: workers start afresh.
    return ProcessPoolExecutor(workers, get_context("spawn"))


def read_engine(name: str) -> Engine:
    """Return the engine of that name. Raises ``BadInput`` for another."""
    found: Engine | None = next((one for one in get_args(Engine) if one == name), None)
    if found is None:
        raise BadInput(f"There is no engine {name!r}.", f"give one of {', '.join(get_args(Engine))}.")
    return found
