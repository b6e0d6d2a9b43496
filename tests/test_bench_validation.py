"""Validation: a scorer that is wrong, and a sum that is not that of its parts, are found before they count."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personavlm.bench.cases import persona_mme
from personavlm.bench.validation import parts_fit, score_choice, validate
from personavlm.bench.values import Case
from personavlm.errors import BadInput
from tests.bench_data import START, benchmark


def case(*texts: str, gold: str = "a") -> Case:
    return Case("p#0", "p", "32k", "A", "T", START, "?", tuple(zip("abcd", texts, strict=False)), gold)


def test_our_scorer_passes_on_a_benchmark(tmp_path: Path) -> None:
    (person,) = persona_mme(benchmark(tmp_path)).persons
    assert validate(person.cases) == ()


@given(st.lists(st.text(max_size=40), min_size=2, max_size=4), st.data())
def test_letters_are_read_whatever_the_options_say(texts: list[str], data: st.DataObject) -> None:
    one = case(*texts, gold=data.draw(st.sampled_from("abcd"[: len(texts)])))
    assert set(validate([one])) <= {one.id}


def test_a_scorer_that_takes_any_letter_is_refused() -> None:
    with pytest.raises(BadInput, match="scores 1 where it must score 0"):
        validate([case("x", "y")], lambda _case, _reply: ("a", 1.0))


def test_a_scorer_that_knows_no_brackets_is_refused() -> None:
    def strict(one: Case, reply: str) -> tuple[str, float]:
        return reply, float(reply == one.gold)

    with pytest.raises(BadInput, match="scores 0 where it must score 1"):
        validate([case("x", "y")], strict)


def test_options_that_read_alike_are_named_and_a_missing_answer_is_refused() -> None:
    assert validate([case("the same", "the same", "another one")]) == ("p#0",)
    assert validate([replace(case("x", "y"), options=())]) == ()
    with pytest.raises(BadInput, match="no option \\(d\\)"):
        validate([case("x", "y", gold="d")])
    assert score_choice(case("x", "y"), "(a) or (b)") == ("", 0.0)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20)), min_size=1, max_size=12))
def test_a_mean_fits_its_parts_and_no_other(rows: list[tuple[int, int]]) -> None:
    counts = [(min(right, n), n) for right, n in rows]
    parts = [(round(100 * right / n, 2), n) for right, n in counts]
    n = sum(count for _, count in counts)
    whole = round(100 * sum(right for right, _ in counts) / n, 2)
    assert parts_fit((whole, n), parts)
    assert not parts_fit((whole + 0.1, n), parts)
    assert not parts_fit((whole, n + 1), parts)
