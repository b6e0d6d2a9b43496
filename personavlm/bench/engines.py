"""Engines: the same work on every row, here, in threads, in processes or on a Ray cluster; a row is a person.

    processes              models that compute here
    threads                models behind a server: as many requests are in flight as there are workers
    ray, ray:HOST:PORT     Ray on this machine, or a cluster that runs; its machines share the folders that are named

Results come as they are ready, each once. ``work`` has to travel: a function of a module, or partial. A process that is
killed ends the pass; Ray begins its row again elsewhere. Either way a row finds what it had written.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Literal, TypeVar, get_args

from personavlm.errors import BadInput, MissingPackage, PersonaVLMError
from personavlm.synthesis.processes import end_with_parent

T = TypeVar("T")
R = TypeVar("R")
Kind = Literal["processes", "threads", "ray"]


@dataclass(frozen=True, slots=True)
class Engine:
    """How work is spread; ``address`` is that of a running Ray cluster, empty for one of this machine's own."""

    kind: Kind = "processes"
    address: str = ""


HERE = Engine()


class WorkerLost(PersonaVLMError):
    """A worker was killed; what it had finished is kept."""

    kind = "worker_lost"


def spread(work: Callable[[T], R], rows: Sequence[T], engine: Engine = HERE, workers: int = 1) -> Iterator[R]:
    """Yield ``work(row)`` for every row, in the order in which they are done.

    Raises whatever ``work`` raises, and ``WorkerLost`` if a worker dies: rows not yet done are not begun then.
    """
    if engine.kind == "ray":
        yield from _on_ray(work, rows, engine.address, workers)
        return
    if workers == 1 or len(rows) < 2:
        yield from map(work, rows)
        return
    with _pool(engine.kind, workers) as pool:
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


def _pool(kind: Kind, workers: int) -> Executor:
    if kind == "threads":
        return ThreadPoolExecutor(workers)
    # A forked copy of a process with running threads may hang: workers start afresh.
    return ProcessPoolExecutor(workers, get_context("spawn"), initializer=end_with_parent)


RETRIES = 3
"""How often Ray begins a row again whose worker died."""


def _on_ray(work: Callable[[T], R], rows: Sequence[T], address: str, workers: int) -> Iterator[R]:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing leaves the machine unasked
    try:
        import ray
    except ImportError:
        raise MissingPackage("Ray is not installed.", 'pip install "personavlm[scale]"') from None
    options = {"address": address} if address else {"num_cpus": workers, "_node_ip_address": "127.0.0.1"}
    ray.init(include_dashboard=None if address else False, log_to_driver=False, **options)
    try:
        task: Any = ray.remote(num_cpus=1, max_retries=RETRIES)(lambda row: work(row))
        under_way = [task.remote(row) for row in rows]
        while under_way:
            ready, under_way = ray.wait(under_way)
            yield from ray.get(ready)
    except ray.exceptions.RayTaskError as error:
        raise error.cause or error from error
    except ray.exceptions.RayError as error:
        remedy = "run the same command again: it goes on where it was."
        raise WorkerLost(f"Ray lost its workers: {error}.", remedy) from error
    finally:
        ray.shutdown()


def read_engine(name: str) -> Engine:
    """Return the engine of that name. Raises ``BadInput`` for another."""
    word, _, address = name.partition(":")
    found: Kind | None = next((one for one in get_args(Kind) if one == word), None)
    if found is None or (address and found != "ray"):
        raise BadInput(f"There is no engine {name!r}.", f"give one of {', '.join(get_args(Kind))}, or ray:HOST:PORT.")
    return Engine(found, address)
