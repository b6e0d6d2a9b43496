"""Curves: points stand where they were put, bands reach to the intervals, a line looks alike in every panel."""

from __future__ import annotations

from personavlm.figures.curves import Panel, Point, curves

ONE = (Point(25, 0.9, 0.8, 0.95), Point(50, 0.7, 0.5, 0.8))


def test_points_and_bands_are_what_went_in() -> None:
    figure = curves([Panel("a", {"on": ONE})], "turns so far", "recall")
    band, line = figure.data
    assert (list(line.x), list(line.y)) == ([25, 50], [0.9, 0.7])
    assert list(band.y) == [0.95, 0.8, 0.5, 0.8]
    assert figure.layout.xaxis.title.text == "turns so far"
    assert figure.layout.yaxis.title.text == "recall"


def test_a_band_covers_the_points_that_have_an_interval() -> None:
    assert len(curves([Panel("", {"on": (Point(1, 0.5), Point(2, 0.6))})], "x", "y").data) == 1
    assert len(curves([Panel("", {"on": (Point(1, 0.5, 0.4, 0.6), Point(2, 0.6))})], "x", "y").data) == 1
    band, _ = curves([Panel("", {"on": (*ONE, Point(100, 0.6))})], "x", "y").data
    assert list(band.x) == [25, 50, 50, 25]


def test_a_name_keeps_its_look_and_stands_once_in_the_legend() -> None:
    panels = [Panel("a", {"on": ONE, "off": ONE}), Panel("b", {"off": ONE}), Panel("c", {"new": ONE, "on": ONE})]
    lines = [trace for trace in curves(panels, "x", "y").data if trace.fill is None]
    by_name = {name: [t for t in lines if t.name == name] for name in ("on", "off", "new")}
    for traces in by_name.values():
        assert len({(t.line.color, t.line.dash, t.marker.symbol) for t in traces}) == 1
        assert sum(t.showlegend for t in traces) == 1
    assert len({t[0].line.color for t in by_name.values()}) == 3


def test_names_are_data() -> None:
    (line,) = curves([Panel("<b>", {"<i>": (Point(1, 1),)})], "x", "y").data
    assert line.name == "&lt;i&gt;"
