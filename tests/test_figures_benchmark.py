"""Figures of results: every value with its interval, what was not measured hollow, names never as markup."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from personavlm.figures.benchmark import Interval, forest, grouped, heat_map, worth

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


def test_a_heat_map_has_every_cell_with_its_interval_and_the_baselines_apart() -> None:
    rows = {"<i>": {"all": ROWS["<b>ours</b>"], "a task": Interval(1, 0, 2)}, "blind": {"all": ROWS["guess"]}}
    figure = heat_map(rows, "%")
    colours, words, apart = figure.data
    assert list(colours.y) == ["&lt;i&gt;", "\u00a0", "blind"]
    assert [list(line) for line in colours.z] == [[50.0, 1], [None, None], [None, None]]
    assert list(words.customdata) == ["50.0 [45.0, 56.0] %", "1.0 [0.0, 2.0] %"]
    assert list(apart.customdata) == ["25.0 [24.0, 26.0] %"]
    assert heat_map({}, "%").data[0].y == ()


def test_worth_stands_over_cost_and_free_things_can_be_drawn() -> None:
    figure = worth({"blind": (0.0, ROWS["guess"]), "ours": (900.0, ROWS["<b>ours</b>"])}, "tokens", "%")
    assert figure.layout.xaxis.type == "log"
    assert [trace.x[0] for trace in figure.data] == [1.0, 900.0]
    assert figure.data[0].marker.symbol.endswith("-open")
    assert worth({"ours": (900.0, ROWS["<b>ours</b>"])}, "tokens", "%").layout.xaxis.type != "log"
