"""Fuzzing: a slice of ``python -m lab.trust.fuzzing``, and what it found."""

from __future__ import annotations

import random
import time
from datetime import UTC

import pytest

from lab.trust.fuzzing import OUTPUTS, TARGETS, campaign, salted
from personavlm.prompts.update import Entry, parse_core, parse_procedural, parse_semantic


def test_a_slice_of_the_campaign() -> None:
    assert campaign(3_000, 7)["found"] == []


@pytest.mark.parametrize("name", TARGETS)
def test_no_run_of_one_character_takes_more_than_time_in_proportion(name: str) -> None:
    """Found: 900 tabs behind a key took 1.7 s, cubic in their number; 15,000 brackets a second, quadratic."""
    for run in ("\t", "\n", "[", "{", "<", "-"):
        short, long = (_seconds(name, f'"content": a{run * times}b\n') for times in (500, 4_000))
        assert long < 0.02 or long < 40 * short, repr(run)  # 8 times as much; quadratic would be 64


def _seconds(name: str, raw: str) -> float:
    took = []
    for _ in range(3):
        began = time.process_time()
        TARGETS[name](raw)
        took.append(time.process_time() - began)
    return max(min(took), 1e-6)


def test_what_follows_a_value_is_taken_off() -> None:
    assert parse_procedural('{"Goal": run a mile , }') == (Entry("Goal", "run a mile"),)
    assert parse_procedural("- Goal: run a mile,\n") == (Entry("Goal", "run a mile"),)
    assert parse_core('Some words first [1]\n"name": Pip\t \n') == (Entry("name", "Pip", "human"),)
    assert parse_semantic('"decision": false', UTC) == ()


def test_salting_keeps_samples_varied() -> None:
    rng = random.Random(1)
    assert len({salted(OUTPUTS[0], rng) for _ in range(200)}) > 150
