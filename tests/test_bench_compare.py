"""Comparison: paired over persons, a test that keeps its level, flips both ways."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personavlm.bench.compare import WHOLE, compare, permutation_test
from personavlm.bench.values import ALIGNMENT
from personavlm.errors import BadInput
from tests.bench_data import answer, answers

PAIRS = st.lists(st.tuples(st.integers(0, 6), st.booleans(), st.booleans()), min_size=1, max_size=30)


@given(PAIRS)
def test_the_difference_is_that_of_the_values_and_turns_round(rows: list[tuple[int, bool, bool]]) -> None:
    a, b = answers([(p, x) for p, x, _ in rows]), answers([(p, y) for p, _, y in rows])
    one, other = compare(a, b), compare(b, a)
    assert one.difference.value == pytest.approx(one.b.value - one.a.value, abs=0.011)
    assert one.difference.value == -other.difference.value
    assert one.p == other.p
    assert (one.gained, one.lost) == (other.lost, other.gained)
    assert len(one.gained) - len(one.lost) == sum(y - x for _, x, y in rows)


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=8))
def test_for_few_persons_every_swap_is_counted(differences: list[int]) -> None:
    sums = [abs(sum(s * d for s, d in zip(signs, differences, strict=True)))
            for signs in product((1, -1), repeat=len(differences))]  # fmt: skip
    exact = np.mean([one >= abs(sum(differences)) for one in sums])
    assert permutation_test(np.array(differences, float)) == pytest.approx(float(exact), abs=1e-5)


def test_the_test_keeps_its_level_where_systems_are_alike() -> None:
    rng = np.random.default_rng(1)
    found = [permutation_test(rng.integers(-3, 4, 20).astype(float), seed) for seed in range(200)]
    assert 0.01 <= np.mean([p <= 0.05 for p in found]) <= 0.10
    assert permutation_test(np.ones(WHOLE + 8)) < 0.001


def test_only_shared_cases_count_and_alignment_on_request() -> None:
    a = [answer("50/0", True), answer("50/0", True, number=1), answer("50/0", False, ALIGNMENT, 2)]
    b = [answer("50/0", False), answer("50/1", True, number=3), answer("50/0", True, ALIGNMENT, 2)]
    assert (compare(a, b).difference.n, compare(a, b).alone) == (1, 2)
    assert compare(a, b, alignment=True).difference.value == 0.0
    with pytest.raises(BadInput, match="share no case"):
        compare(a[1:2], b[1:2])
