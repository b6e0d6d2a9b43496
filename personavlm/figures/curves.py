"""Curves: a measure over something that was turned, several lines in one or more panels, with intervals.

curves([Panel("asked by time", {"period on": (Point(25, 0.9, 0.8, 0.95), …)})], "turns so far", "recall in the first 5")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from personavlm.figures.style import CYCLE, SYMBOLS, as_html, faded, styled


@dataclass(frozen=True, slots=True)
class Point:
    """A measure at one place of the axis, with the ends of its 95 % interval where it has one."""

    x: float
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines that share a panel, by name."""

    title: str
    lines: Mapping[str, Sequence[Point]]


def curves(
    panels: Sequence[Panel],
    x: str,
    y: str,
    ticks: Sequence[float] = (),
    span: tuple[float, float] | None = None,
    log: bool = False,
) -> go.Figure:
    """Draw lines of points over ``x``, a panel beside the other; names of both axes should carry their units.

    ``ticks`` are the places of the axis to be named (default: plotly's), ``span`` is the range of the measure, ``log``
    spaces places by their ratio. A line keeps its colour, symbol and dash in every panel;
    its band reaches over those of its points that have an interval.
    """
    count = max(1, len(panels))
    titles = [as_html(panel.title) for panel in panels]
    figure = make_subplots(rows=1, cols=count, shared_yaxes=True, horizontal_spacing=0.05, subplot_titles=titles)
    names = list(dict.fromkeys(name for panel in panels for name in panel.lines))
    for column, panel in enumerate(panels, start=1):
        for name, points in panel.lines.items():
            first = column == 1 + next(n for n, one in enumerate(panels) if name in one.lines)
            for drawn in _line(name, points, names.index(name), first):
                figure.add_trace(drawn, row=1, col=column)
    figure.update_xaxes(type="log" if log else "linear")
    if ticks:
        figure.update_xaxes(tickvals=list(ticks), ticktext=[f"{tick:g}" for tick in ticks])
    figure.update_xaxes(title_text=x, row=1, col=(count + 1) // 2)
    figure.update_yaxes(title_text=y, row=1, col=1)
    figure.update_yaxes(range=list(span)) if span else figure.update_yaxes(rangemode="tozero")
    figure.update_annotations(font={"size": 12})
    figure.update_layout(legend={"orientation": "h", "y": -0.22, "yanchor": "top", "x": 0})
    return styled(figure, height=360, top=30 if any(titles) else 8)


def _line(name: str, points: Sequence[Point], number: int, first: bool) -> tuple[go.Scatter, ...]:
    colour = CYCLE[number % len(CYCLE)]
    line = go.Scatter(
        x=[point.x for point in points],
        y=[point.value for point in points],
        mode="lines+markers",
        name=as_html(name),
        legendgroup=name,
        showlegend=first,
        line={"color": colour, "width": 2, "dash": ("solid", "dash", "dot")[number % 3]},
        marker={"size": 8, "symbol": SYMBOLS[number % len(SYMBOLS)]},
        hovertemplate=f"{as_html(name)}, %{{x:g}}: %{{y:.3g}}<extra></extra>",
    )
    known = [point for point in points if point.low is not None and point.high is not None]
    if len(known) < 2:
        return (line,)
    places = [point.x for point in known]
    band = go.Scatter(
        x=[*places, *reversed(places)],
        y=[*(point.high for point in known), *(point.low for point in reversed(known))],
        mode="lines",
        fill="toself",
        fillcolor=faded(colour, 0.13),
        line={"width": 0},
        hoverinfo="skip",
        legendgroup=name,
        showlegend=False,
    )
    return band, line
