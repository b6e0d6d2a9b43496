"""Engines: every row once, errors reach the caller, a lost worker is said."""

from __future__ import annotations

import os

import pytest

from personavlm.bench.engines import Engine, WorkerLost, read_engine, spread
from personavlm.errors import BadInput


def double(number: int) -> int:
    if number == 99:
        raise BadInput("ninety-nine.", "another.")
    if number == 66:
        os._exit(1)
    return 2 * number


@pytest.mark.parametrize(("engine", "workers"), [("processes", 1), ("threads", 3), ("processes", 2)])
def test_every_row_is_done_once(engine: Engine, workers: int) -> None:
    assert sorted(spread(double, range(9), engine, workers)) == list(range(0, 18, 2))


@pytest.mark.parametrize(("engine", "workers"), [("processes", 1), ("threads", 3)])
def test_an_error_reaches_the_caller(engine: Engine, workers: int) -> None:
    with pytest.raises(BadInput, match="ninety-nine"):
        list(spread(double, [1, 99, 2], engine, workers))


@pytest.mark.slow
def test_a_killed_worker_is_said() -> None:
    with pytest.raises(WorkerLost, match="was killed"):
        list(spread(double, [1, 66, 2, 3], "processes", 2))


def test_an_engine_there_is_not() -> None:
    assert read_engine("threads") == "threads"
    with pytest.raises(BadInput, match="no engine"):
        read_engine("magic")
