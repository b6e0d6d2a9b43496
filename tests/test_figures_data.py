"""Figures of data: bars are what went in, published values are marks of their own, and nothing is counted twice."""

from __future__ import annotations

import plotly.graph_objects as go
from hypothesis import given
from hypothesis import strategies as st

from personavlm.figures import composition, questions_per_task, table, turns_per_dialogue
from personavlm.figures.data import EDGES, FILLED, KINDS, OPEN
from personavlm.synthesis.living import SAMPLE_KINDS
from personavlm.synthesis.questions.values import TASKS

LENGTHS = st.lists(st.integers(20, 500), max_size=40)
COUNTS = {info.name: (info.aspect, info.short, info.long) for info in TASKS.values()}


def marks(figure: go.Figure) -> list[go.Scatter]:
    drawn = [trace for trace in figure.data if trace.type == "scatter" and trace.mode == "markers"]
    return [trace for trace in drawn if trace.x[0] is not None]


def bars(figure: go.Figure) -> list[go.Bar]:
    return [trace for trace in figure.data if trace.type == "bar"]


@given(st.fixed_dictionaries({"training": LENGTHS, "50": LENGTHS, "500": LENGTHS}))
def test_every_dialogue_is_in_one_bin(turns: dict[str, list[int]]) -> None:
    figure = turns_per_dialogue(turns)
    assert sum(sum(bar.y) for bar in bars(figure)) == sum(map(len, turns.values()))
    titles = " ".join(note.text for note in figure.layout.annotations)
    assert f"training: {len(turns['training'])} dialogues" in titles or not turns["training"]


def test_bins_hold_the_shortest_and_the_longest_dialogue() -> None:
    assert EDGES[0] <= 20
    assert EDGES[-1] > 500


def test_means_are_marked_and_told() -> None:
    figure = turns_per_dialogue({"50": [20, 40], "100": [90]}, {"benchmark": 142.9})
    assert [list(mark.x) for mark in marks(figure)] == [[50], [142.9]]
    assert [mark.marker.color for mark in marks(figure)] == [FILLED["color"], OPEN["color"]]
    assert figure.layout.annotations[0].text == "<b>benchmark: 3 dialogues, mean 50.0 turns, the paper's 142.9</b>"


def test_composition_is_in_shares_of_each_set() -> None:
    parts = {"supervised": {"semantic": 30, "core": 10}, "reinforced": {"open": 1, "binary": 1}}
    figure = composition(parts, {"supervised": {"semantic": 16_000, "core": 16_000}})
    first, second = bars(figure)
    assert (list(first.y), list(first.x)) == (["core", "semantic"], [25, 75])
    assert list(second.x) == [50, 50]
    (theirs,) = marks(figure)
    assert list(theirs.x) == [50, 50]
    assert theirs.marker.color == OPEN["color"]
    assert set(SAMPLE_KINDS) == set(KINDS)


def test_questions_are_counted_by_task_and_setting() -> None:
    figure = questions_per_task(COUNTS, COUNTS)
    assert sum(sum(bar.x) for bar in bars(figure)) == 2034
    shown = {(bar.xaxis, task): count for bar in bars(figure) for task, count in zip(bar.y, bar.x, strict=True)}
    for mark in marks(figure):
        for task, count in zip(mark.y, mark.x, strict=True):
            assert shown[mark.xaxis, task] == count
    assert not marks(questions_per_task(COUNTS))


def test_a_table_has_a_row_for_every_statistic() -> None:
    (drawn,) = table([("turns", "143.1", "142.9"), ("persons", "200", "")]).data
    assert [list(column) for column in drawn.cells.values] == [["turns", "persons"], ["143.1", "200"], ["142.9", ""]]


def test_nothing_to_draw_is_drawn_as_nothing() -> None:
    for figure in (turns_per_dialogue({}), composition({}), questions_per_task({}), table([])):
        assert isinstance(figure, go.Figure)
