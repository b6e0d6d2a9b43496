"""Benchmark results: values with their intervals, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import plotly.graph_objects as go

from personavlm.figures.style import CYCLE, RULE, SYMBOLS, as_html, styled


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
