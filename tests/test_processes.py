"""Work side by side: in order, and over when the one who asked for it is."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from personavlm.synthesis.processes import each


def square(number: int) -> int:
    return number * number


@pytest.mark.parametrize("processes", [1, 2])
def test_results_come_in_the_order_of_the_rows(processes: int) -> None:
    assert list(each(square, range(20), processes)) == [number * number for number in range(20)]


SLEEPERS = """
import os, time
from personavlm.synthesis.processes import each

def sleep(number):
    os.write(1, f"{os.getpid()}\\n".encode())
    time.sleep(600)

list(each(sleep, [0, 1], 2))
"""


@pytest.mark.skipif(os.name != "posix", reason="asks for processes by number")
def test_processes_end_with_the_one_that_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", SLEEPERS], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    workers = [int(parent.stdout.readline()) for _ in range(2)]
    parent.kill()
    parent.wait()
    parent.stdout.close()
    for _ in range(600):
        if not any(map(alive, workers)):
            return
        time.sleep(0.1)
    pytest.fail(f"{[worker for worker in workers if alive(worker)]} went on")


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
