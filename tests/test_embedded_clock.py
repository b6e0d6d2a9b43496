"""Times of day in words and figures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personavlm.embedded.clock import clocks


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("from 7:30 pm", "19:30"),
        ("at 7 am sharp", "07:00"),
        ("a quarter past eight in the evening", "20:15"),
        ("half past five in the afternoon", "17:30"),
        ("quarter to 8 pm", "19:45"),
        ("six o'clock in the evening", "18:00"),
        ("at noon", "12:00"),
        ("12 am", "00:00"),
    ],
)
def test_times_are_read(text: str, time: str) -> None:
    assert [shown for _, shown in clocks(text)] == [time]


@pytest.mark.parametrize("text", ["on 27 August", "25:10", "a team of seven", "version 3", "half of it"])
def test_other_numbers_are_no_times(text: str) -> None:
    assert list(clocks(text)) == []


@given(st.integers(0, 23), st.integers(0, 59))
def test_a_clock_reads_as_itself(hour: int, minute: int) -> None:
    shown = f"{hour:02}:{minute:02}"
    assert list(clocks(f"see you {shown}")) == [((8, 13), shown)]
