"""Figures of results: every value with its interval, what was not measured hollow, names never as markup."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from personavlm.figures.benchmark import Interval, forest, grouped

ROWS = {"<b>ours</b>": Interval(50.0, 45.0, 56.0), "guess": Interval(25.0, 24.0, 26.0, measured=False)}
NUMBERS = st.floats(0, 100)


def test_what_was_not_measured_is_hollow_and_stands_last() -> None:
    figure = forest(ROWS, "accuracy (%)", line=0.0)
    measured, guessed = figure.data
    assert (list(measured.y), list(guessed.y)) == (["&lt;b&gt;ours&lt;/b&gt;"], ["guess"])
    assert (measured.marker.symbol, guessed.marker.symbol) == ("circle", "circle-open")
    assert figure.layout.xaxis.title.text == "accuracy (%)"
    assert len(figure.layout.shapes) == 1


@given(st.dictionaries(st.text(min_size=1, max_size=5), st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=5))
def test_bars_reach_to_the_ends_of_the_interval(values: dict[str, tuple[float, float, float]]) -> None:
    rows = {name: Interval(sorted(v)[1], min(v), max(v)) for name, v in values.items()}
    trace = forest(rows, "%").data[0]
    for place, one in enumerate(rows.values()):
        assert abs(trace.x[place] + trace.error_x.array[place] - one.high) < 1e-9
        assert abs(trace.x[place] - trace.error_x.arrayminus[place] - one.low) < 1e-9


def test_runs_stand_beside_each_other() -> None:
    figure = grouped({f"run{n}": ROWS for n in range(7)}, "accuracy (%)")
    assert len(figure.data) == 7
    assert len({(trace.marker.color, trace.marker.symbol) for trace in figure.data}) == 7
    assert len({trace.offsetgroup for trace in figure.data}) == 7
