"""Intervals: estimates with their 95 % intervals, row by row, beside the bounds that they are held against.

intervals([Panel("from 60 turns", {"all": {"openness": (0.74, 0.65, 0.81), …}}, lines=(0.6,))], "correlation r")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from personavlm.figures.style import CYCLE, RULE, SYMBOLS, as_html, faded, styled

Estimate = tuple[float, float, float]
"""A value, and the low and the high end of its 95 % interval."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: series of estimates by row, and what they are held against."""

    title: str
    series: Mapping[str, Mapping[str, Estimate]]
    """Series -> row -> estimate; rows from the top down in the order of the first series that has them."""
    lines: tuple[float, ...] = ()
    """Bounds, drawn as lines."""
    band: tuple[float, float] | None = None
    """A range that estimates should lie in, shaded."""

    @property
    def rows(self) -> tuple[str, ...]:
        """The rows from the top down."""
        return tuple(dict.fromkeys(row for one in self.series.values() for row in one))

    def offset(self, series: str, row: str) -> float:
        """Return how far below its row's middle a series is drawn, in rows, so that those of one row hide none."""
        there = [name for name, estimates in self.series.items() if row in estimates]
        return 0.3 * (there.index(series) - (len(there) - 1) / 2)


def intervals(panels: Sequence[Panel], unit: str, across: bool = False) -> go.Figure:
    """Draw panels of estimates (``unit`` names the axis), below each other, or ``across`` with common rows and axis."""
    count = max(1, len(panels))
    heights = [len(panel.rows) + 1 for panel in panels] or [1]
    shape = {"cols": count, "shared_yaxes": True, "shared_xaxes": "all", "horizontal_spacing": 0.04}
    stack = {"rows": count, "row_heights": heights, "vertical_spacing": 0.36 / count if count > 1 else 0}
    figure = make_subplots(**(shape if across else stack))
    names = list(dict.fromkeys(name for panel in panels for name in panel.series))
    for number, panel in enumerate(panels, start=1):
        row, column = (1, number) if across else (number, 1)
        for name, estimates in panel.series.items():
            line = _line(panel, name, estimates, names.index(name))
            figure.add_trace(line.update(showlegend=_first(panels, panel, name)), row=row, col=column)
        _bounds(figure, panel, row, column)
        places = list(range(len(panel.rows)))
        figure.update_yaxes(
            tickvals=places, ticktext=[as_html(one) for one in panel.rows], range=[len(places) - 0.5, -0.5],
            ticklabelstandoff=6, row=row, col=column,
        )  # fmt: skip
        axes = "" if number == 1 else str(number)
        figure.add_annotation(
            text=f"<b>{panel.title}</b>", xref=f"x{axes} domain", yref=f"y{axes} domain", x=0, y=1, yshift=20,
            showarrow=False, xanchor="left",
        )  # fmt: skip
    figure.update_xaxes(title_text=unit, **({"row": 1, "col": (count + 1) // 2} if across else {}))
    height = 120 + (max(heights) if across else sum(heights)) * 30 + (0 if across else 70 * (count - 1))
    figure = styled(figure, height=height, top=44)
    keyed = any(trace.showlegend for trace in figure.data)
    below = {"orientation": "h", "x": 0, "yref": "container", "y": 0.01, "yanchor": "bottom"}
    figure.update_layout(margin={"l": 210, "b": 92 if keyed else 56}, legend=below)
    return figure


def _first(panels: Sequence[Panel], panel: Panel, name: str) -> bool:
    """Whether a series stands in the legend here: in the first panel that has it, if there is more than one series."""
    several = len({one for each in panels for one in each.series}) > 1
    return several and next(one for one in panels if name in one.series) is panel


def _line(panel: Panel, name: str, estimates: Mapping[str, Estimate], place: int) -> go.Scatter:
    rows = [row for row in panel.rows if row in estimates]
    values = [estimates[row] for row in rows]
    colour = CYCLE[place % len(CYCLE)]
    return go.Scatter(
        x=[value for value, *_ in values],
        y=[panel.rows.index(row) + panel.offset(name, row) for row in rows],
        error_x={
            "array": [high - value for value, _, high in values],
            "arrayminus": [value - low for value, low, _ in values],
            "color": colour,
            "thickness": 1.6,
            "width": 0,
        },
        mode="markers",
        name=name,
        legendgroup=name,
        marker={"color": colour, "symbol": SYMBOLS[place % len(SYMBOLS)], "size": 9},
        customdata=[(as_html(row), low, high) for row, (_, low, high) in zip(rows, values, strict=True)],
        hovertemplate="%{customdata[0]}: %{x:.3g} [%{customdata[1]:.3g}, %{customdata[2]:.3g}]<extra></extra>",
    )


def _bounds(figure: go.Figure, panel: Panel, row: int, column: int) -> None:
    for bound in panel.lines:
        figure.add_vline(bound, line={"color": RULE, "dash": "dot", "width": 1.4}, row=row, col=column)
    if panel.band:
        figure.add_vrect(*panel.band, fillcolor=faded(CYCLE[2], 0.14), line_width=0, layer="below", row=row, col=column)
