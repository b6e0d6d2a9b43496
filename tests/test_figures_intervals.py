"""Intervals: every estimate is drawn with its ends, in its row, and bounds are where they were asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personavlm.figures import Panel, intervals

ENDS = st.tuples(*[st.floats(0, 1)] * 3).map(sorted).map(lambda ends: (ends[1], ends[0], ends[2]))
ROWS = st.dictionaries(st.sampled_from("abcdef"), ENDS, min_size=1)


@given(st.dictionaries(st.sampled_from(["train", "test"]), ROWS, min_size=1), st.booleans())
def test_ends_are_where_they_were_given(series, across) -> None:  # type: ignore[no-untyped-def]
    panel = Panel("p", series)
    figure = intervals([panel, panel], "r", across)
    assert [trace.name for trace in figure.data] == [*series, *series]
    for trace in figure.data[: len(series)]:
        rows = [row for row in panel.rows if row in series[trace.name]]
        assert [panel.rows[round(place)] for place in trace.y] == rows
        for row, value, more, less in zip(rows, trace.x, trace.error_x.array, trace.error_x.arrayminus, strict=True):
            assert (value, value - less, value + more) == pytest.approx(series[trace.name][row])


def test_bounds_and_legend() -> None:
    one = {"openness": (0.7, 0.6, 0.8)}
    figure = intervals([Panel("x", {"a": one}, (0.6,), (0.5, 0.9)), Panel("y", {"a": one, "b": one})], "r")
    line, band = figure.layout.shapes
    assert (line.x0, line.x1, band.x0, band.x1) == (0.6, 0.6, 0.5, 0.9)
    assert [trace.showlegend for trace in figure.data] == [True, False, True]
    assert not intervals([Panel("x", {"a": one})], "r").data[0].showlegend


def test_words_are_data_and_nothing_is_drawn_as_nothing() -> None:
    figure = intervals([Panel("x", {"a": {"<b>row": (1, 1, 1)}})], "r")
    assert "<b>row" not in str(figure.layout.yaxis)
    assert not intervals([], "r").data
