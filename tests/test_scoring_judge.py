"""What a judge said: read strictly, settled over both orders, compared between judges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personavlm.scoring.answers import token_f1, untold
from personavlm.scoring.judge import Settled, agreement, parse_comparison, parse_marking, settle
from personavlm.trace import Malformed

SAID = st.sampled_from(["first", "second", "tie"])


@pytest.mark.parametrize(
    "text",
    [
        "verdict: first",
        "The first is exact.\n\n**Verdict: First**",
        "<think>verdict: second?</think>Better.\nverdict: first.",
        "verdict: first\n(said twice)\nverdict: first",
        "- Verdict = `first`",
    ],
)
def test_one_clear_verdict_is_read(text: str) -> None:
    assert parse_comparison(text) == "first"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "first",
        "I prefer the first.",
        "verdict: both",
        "verdict: first\nverdict: second",
        "verdict: first, although the second is close",
        "verdict: first\nBut on second thoughts I am not sure.",
        "<think>verdict: first",
        "verdict: first or second",
    ],
)
def test_anything_else_is_malformed(text: str) -> None:
    assert isinstance(parse_comparison(text), Malformed)


@given(st.text(max_size=200))
def test_reading_never_raises(text: str) -> None:
    for read in (parse_comparison, parse_marking):
        assert read(text) in ("first", "second", "tie", True, False) or isinstance(read(text), Malformed)


def test_marks_are_right_or_wrong() -> None:
    assert parse_marking("Same day.\nverdict: right") is True
    assert parse_marking("Another day.\nverdict: wrong") is False
    assert isinstance(parse_marking("verdict: first"), Malformed)
    assert isinstance(parse_comparison("verdict: right"), Malformed)


@given(SAID, SAID)
def test_swapping_systems_swaps_the_result(there: str, back: str) -> None:
    one, other = settle(there, back), settle(back, there)  # type: ignore[arg-type]
    turned = {"win": "loss", "loss": "win", "tie": "tie"}
    assert other.result == turned[one.result]
    assert one.steady == other.steady


def test_a_preference_for_a_place_is_a_tie() -> None:
    assert settle("first", "second") == Settled("win", True)
    assert settle("second", "first") == Settled("loss", True)
    assert settle("tie", "tie") == Settled("tie", True)
    assert settle("first", "first") == Settled("tie", False)
    assert settle("first", "tie") == Settled("tie", False)


def test_agreement_on_a_published_example() -> None:
    """Krippendorff (2011), three coders, nominal data: alpha 0.691."""
    coders = ("*****3412113 3*3".replace(" ", ""), "1*213343*******", "**21344*2113 3*4".replace(" ", ""))
    rows = [[None if one == "*" else one for one in unit] for unit in zip(*coders, strict=True)]
    found = agreement(rows)
    assert found.alpha == pytest.approx(0.691, abs=5e-4)
    assert found.cases == 12


@given(st.lists(st.lists(SAID, min_size=2, max_size=4), min_size=1, max_size=8))
def test_agreement_has_its_bounds(rows: list[list[str]]) -> None:
    found = agreement(rows)
    assert 0 <= found.share <= 1
    assert found.alpha is None or found.alpha <= 1 + 1e-9
    if all(len(set(row)) == 1 for row in rows):
        assert found.share == 1
        assert found.alpha in (None, 1)


def test_agreement_without_judges() -> None:
    assert agreement([]) == agreement([["win"], [None, "tie"]])
    assert agreement([]).alpha is None


def test_free_answers_without_a_judge() -> None:
    assert token_f1("It was on 7 May 2023.", "7 May 2023") == pytest.approx(2 / 3)
    assert token_f1("", "") == 1
    assert token_f1("the", "a cat") == 0
    assert untold("You haven't told me that.")
    assert not untold("You told me on Monday.")
