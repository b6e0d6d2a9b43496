"""Benchmark results: values with their intervals, side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from personavlm.figures.style import CYCLE, RULE, SYMBOLS, as_html, styled, wrapped

PALE, DEEP = "#dcebf5", "#165a8a"
"""The ends of a heat map's colours, for 0 and the most."""
ON_PALE, ON_DEEP = "#12202c", "#ffffff"
"""Text on them, the same on a light and a dark page."""


class Interval(NamedTuple):
    """A value with the ends of its interval, in the figure's unit; ``measured`` False: a baseline or published row."""

    value: float
    low: float
    high: float
    measured: bool = True


def forest(rows: Mapping[str, Interval], unit: str, line: float | None = None) -> go.Figure:
    """Draw values with their intervals, one row each, from above; ``line`` marks a value such as no difference.

    Rows that were not measured here are hollow and grey.
    """
    figure = go.Figure()
    for measured, name in ((True, "measured"), (False, "baseline")):
        chosen = {key: one for key, one in rows.items() if one.measured == measured}
        colour = CYCLE[0] if measured else RULE
        figure.add_scatter(
            x=[one.value for one in chosen.values()],
            y=[as_html(key) for key in chosen],
            error_x=_reach(chosen, colour),
            mode="markers",
            marker={"size": 9, "color": colour, "symbol": "circle" if measured else "circle-open"},
            name=name,
            showlegend=False,
            customdata=[f"{one.value:.1f} [{one.low:.1f}, {one.high:.1f}]" for one in chosen.values()],
            hovertemplate="%{y}: %{customdata}<extra></extra>",
        )
    if line is not None:
        figure.add_vline(x=line, line={"color": RULE, "width": 1, "dash": "dot"})
    figure.update_yaxes(categoryorder="array", categoryarray=[as_html(key) for key in rows][::-1])
    figure.update_xaxes(title_text=unit)
    figure = styled(figure, height=90 + 26 * len(rows))
    figure.update_layout(margin={"l": 30 + 7 * max(map(len, rows), default=0)})
    return figure


def _reach(rows: Mapping[str, Interval], colour: str) -> dict[str, object]:
    return {
        "type": "data",
        "symmetric": False,
        "array": [one.high - one.value for one in rows.values()],
        "arrayminus": [one.value - one.low for one in rows.values()],
        "color": colour,
        "thickness": 1.5,
        "width": 3,
    }


def grouped(rows: Mapping[str, Mapping[str, Interval]], unit: str) -> go.Figure:
    """Draw the same values of several runs beside each other; ``rows``: run -> name -> value."""
    figure = go.Figure()
    for number, (run, values) in enumerate(rows.items()):
        colour = CYCLE[number % len(CYCLE)]
        figure.add_scatter(
            x=list(values),
            y=[one.value for one in values.values()],
            error_y=_reach(values, colour),
            mode="markers",
            marker={"size": 9, "color": colour, "symbol": SYMBOLS[number // len(CYCLE) % len(SYMBOLS)]},
            name=as_html(run),
            offsetgroup=str(number),
            hovertemplate="%{x}: %{y:.1f}<extra>" + as_html(run) + "</extra>",
        )
    figure.update_yaxes(title_text=unit, rangemode="tozero")
    figure = styled(figure, height=max(420, 60 + 22 * len(rows)))
    figure.update_layout(scattermode="group", legend={"x": 1.01, "y": 1, "yanchor": "top"})
    return figure


def heat_map(rows: Mapping[str, Mapping[str, Interval]], unit: str, most: float = 100.0) -> go.Figure:
    """Draw values by run and column as a heat map, each with its interval; ``rows``: run -> column -> value.

    Rows that were not measured here, baselines, stand apart below the others, without colour. ``most`` is the darkest.
    """
    measured = [name for name, cells in rows.items() if all(one.measured for one in cells.values())]
    apart = [name for name in rows if name not in measured]
    lines = [*measured, *(["\u00a0"] if measured and apart else []), *apart]
    named = list(dict.fromkeys(column for cells in rows.values() for column in cells))
    found = [[rows.get(name, {}).get(column) for column in named] for name in lines]
    columns = [wrapped(as_html(column), 15) for column in named]
    figure = go.Figure()
    lined = [as_html(name) for name in lines]
    figure.add_heatmap(
        z=[[one.value if one and one.measured else None for one in line] for line in found],
        x=columns,
        y=lined,
        zmin=0,
        zmax=most,
        colorscale=[[0, PALE], [1, DEEP]],
        showscale=False,
        xgap=2,
        ygap=2,
        hoverinfo="skip",
    )
    cells = [
        (column, line, one)
        for line, row in zip(lined, found, strict=True)
        for column, one in zip(columns, row, strict=True)
        if one is not None
    ]
    _written(figure, [cell for cell in cells if cell[2].measured], unit, most)
    _written(figure, [cell for cell in cells if not cell[2].measured], unit, None)
    figure.update_yaxes(categoryorder="array", categoryarray=lined[::-1], showgrid=False)
    figure.update_xaxes(side="top", showgrid=False, tickangle=0, categoryorder="array", categoryarray=columns)
    figure = styled(figure, height=90 + 40 * len(lines), top=64)
    figure.update_layout(margin={"l": 30 + 7 * max(map(len, lines), default=0), "b": 8})
    return figure


def _written(figure: go.Figure, cells: Sequence[tuple[str, str, Interval]], unit: str, most: float | None) -> None:
    """Write values with their intervals into cells; those on colour (``most`` is given) in what can be read on it."""
    text = [
        f"{one.value:.0f}<br><span style='font-size:0.8em'>{one.low:.0f}–{one.high:.0f}</span>" for *_, one in cells
    ]
    colours = [] if most is None else [ON_DEEP if one.value > 0.75 * most else ON_PALE for *_, one in cells]
    figure.add_scatter(
        x=[column for column, _, _ in cells],
        y=[line for _, line, _ in cells],
        text=text,
        mode="text",
        textfont={"color": colours} if colours else None,
        showlegend=False,
        customdata=[f"{one.value:.1f} [{one.low:.1f}, {one.high:.1f}] {unit}" for *_, one in cells],
        hovertemplate="%{y}, %{x}: %{customdata}<extra></extra>",
    )


def worth(rows: Mapping[str, tuple[float, Interval]], cost: str, unit: str) -> go.Figure:
    """Draw what runs reach against what they cost, each with its name; baselines are hollow and grey.

    ``rows``: run -> (cost, value); ``cost`` and ``unit`` name the axes. Costs that differ by more than ten times get a
    logarithmic axis; what costs nothing is drawn at 1.
    """
    figure = go.Figure()
    costs = [max(1.0, spent) for spent, _ in rows.values()]
    for number, (name, (spent, one)) in enumerate(rows.items()):
        colour = CYCLE[number % len(CYCLE)] if one.measured else RULE
        symbol = SYMBOLS[number // len(CYCLE) % len(SYMBOLS)]
        figure.add_scatter(
            x=[max(1.0, spent)],
            y=[one.value],
            error_y=_reach({name: one}, colour),
            mode="markers",
            marker={"size": 10, "color": colour, "symbol": symbol if one.measured else f"{symbol}-open"},
            name=as_html(name),
            hovertemplate=f"%{{y:.1f}} at {spent:,.0f}<extra>{as_html(name)}</extra>",
        )
    wide = bool(costs) and max(costs) > 10 * min(costs)
    figure.update_xaxes(title_text=cost, tickformat=",.0f")
    if wide:
        figure.update_xaxes(type="log", dtick=math.log10(2))
    figure.update_yaxes(title_text=unit, range=[0, 100])
    figure = styled(figure, height=max(380, 60 + 22 * len(rows)))
    figure.update_layout(legend={"x": 1.01, "y": 1, "yanchor": "top"})
    return figure
