"""Engines: every row once, errors reach the caller, a lost worker is said."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Barrier

import pytest

from personavlm.bench.engines import HERE, Engine, WorkerLost, read_engine, spread
from personavlm.errors import BadInput


def double(number: int) -> int:
    if number == 99:
        raise BadInput("ninety-nine.", "another.")
    if number == 66:
        os._exit(1)
    return 2 * number


SLOW = pytest.mark.slow
WAYS = [("processes", 1), ("threads", 3), pytest.param("processes", 2, marks=SLOW), pytest.param("ray", 2, marks=SLOW)]


@pytest.mark.parametrize(("name", "workers"), WAYS)
def test_every_row_is_done_once_and_errors_reach_the_caller(name: str, workers: int) -> None:
    if name == "ray":
        pytest.importorskip("ray")
    engine = read_engine(name)
    assert sorted(spread(double, range(9), engine, workers)) == list(range(0, 18, 2))
    with pytest.raises(BadInput, match="ninety-nine"):
        list(spread(double, [1, 99, 2], engine, workers))


def test_threads_keep_as_many_in_flight_as_there_are_workers() -> None:
    together = Barrier(3, timeout=20)
    assert len(list(spread(lambda _: together.wait(), range(3), Engine("threads"), 3))) == 3


@pytest.mark.slow
def test_a_killed_worker_is_said() -> None:
    with pytest.raises(WorkerLost, match="was killed"):
        list(spread(double, [1, 66, 2, 3], HERE, 2))


def die_once(path: str) -> str:
    if not Path(path).exists():
        Path(path).touch()
        os._exit(1)
    return path


@pytest.mark.slow
def test_ray_begins_a_row_again_whose_worker_died(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    rows = [str(tmp_path / name) for name in "ab"]
    assert sorted(spread(die_once, rows, read_engine("ray"), 2)) == rows


def test_an_engine_there_is_not() -> None:
    assert read_engine("ray:10.0.0.1:6379") == Engine("ray", "10.0.0.1:6379")
    for name in ("magic", "threads:4"):
        with pytest.raises(BadInput, match="no engine"):
            read_engine(name)
