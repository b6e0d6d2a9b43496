"""Scores: names of the contract, two averages, intervals over persons, questions asked twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personavlm.bench.cases import LETTERS, permutation
from personavlm.bench.scores import Figure, check_parts, figure, scores_of
from personavlm.bench.values import ALIGNMENT
from tests.bench_data import answer, answers

ROWS = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=40)


def test_the_figures_have_the_names_of_the_contract() -> None:
    rows = (answer("50/0", True), answer("50/0", False, "U", 1), answer("50/1", True, ALIGNMENT))
    plain = scores_of(rows).plain()
    assert plain["n"] == {"mcq": 2, "alignment": 1}
    assert plain["overall_mcq"] == {"value": 50.0, "low": 50.0, "high": 50.0, "n": 2}
    assert plain["overall_with_alignment"]["value"] == 66.67
    assert (set(plain["by_task"]), set(plain["by_aspect"])) == ({"T", "U", ALIGNMENT}, {"A"})
    assert {"unparsed", "failed", "seconds"} <= set(plain)


def test_unparsed_and_failed_are_wrong_and_counted() -> None:
    lost = replace(answer("50/0", False), said="")
    broken = replace(answer("50/0", False, number=1), said="", failed=True)
    found = scores_of([lost, broken, answer("50/0", True, number=2)])
    assert (found.unparsed, found.failed, found.overall_mcq.n) == (1, 1, 3)
    assert found.overall_mcq.value == 33.33


@given(ROWS)
def test_the_interval_holds_the_value_and_lies_between_the_persons(rows: list[tuple[int, bool]]) -> None:
    found = figure(answers(rows))
    per_person = [[r for p, r in rows if p == one] for one in {p for p, _ in rows}]
    shares = [100 * sum(one) / len(one) for one in per_person]
    assert min(shares) - 0.01 <= found.low <= found.high <= max(shares) + 0.01
    assert min(shares) - 0.01 <= found.value <= max(shares) + 0.01


@given(ROWS, st.integers(0, 3))
def test_figures_do_not_depend_on_the_order_of_answers_of_one_person(rows: list[tuple[int, bool]], seed: int) -> None:
    assert figure(answers(sorted(rows)), seed) == figure(answers(sorted(rows, key=lambda r: (r[0], not r[1]))), seed)


def test_persons_wider_apart_have_a_wider_interval() -> None:
    even = figure(answers([(p, r) for p in range(20) for r in (True, False)]))
    apart = figure(answers([(p, p % 2 == 0) for p in range(20) for _ in range(2)]))
    assert (even.low, even.high) == (50.0, 50.0)
    assert apart.high - apart.low > 20


def test_an_overall_value_that_is_not_that_of_its_parts_is_refused() -> None:
    found = scores_of(answers([(0, True), (1, False)]))
    with pytest.raises(AssertionError, match="not that of its"):
        check_parts(replace(found, overall_mcq=Figure(60.0, 50.0, 70.0, 2)))


def test_a_twin_counts_in_no_average_and_shows_who_answers_by_place() -> None:
    one = replace(answer("50/0", True), case="50/0#0", gold="a", said="a")
    moved = LETTERS[permutation("50/0#0").index(0)]
    by_text = replace(one, case="50/0#0~", twin="50/0#0", gold=moved, said=moved)
    by_place = replace(by_text, said="a", score=0.0)
    assert scores_of([one, by_text]).overall_mcq.n == 1
    for twin, same in ((by_text, 100.0), (by_place, 0.0)):
        permuted = scores_of([one, twin]).permuted
        assert permuted is not None
        assert (permuted.same.value, permuted.after.value) == (same, same)
