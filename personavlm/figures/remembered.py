"""What is remembered beside what is true: precision over recall, and facts over time beside the memories of them.

precision_recall([Kept("semantic", "semantic", 0.31, 0.42), …])    a mark a memory type, hollow for a rival
validity([Row("favourite drink", [Span(…), …], [Span(…), …]), …])  truth above, memory below, on one time axis
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
import plotly.graph_objects as go

from personavlm.figures.style import CYCLE, FAINT, RULE, TYPE_COLOURS, as_html, shortened, styled
from personavlm.trace import HitType

LEVELS = (0.2, 0.4, 0.6, 0.8)
"""Values of F1 whose curves are drawn."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How well one group of memories fits what was told; both shares in [0, 1]."""

    name: str
    kind: HitType
    recall: float
    precision: float
    rival: bool = False
    """Drawn hollow: what it is compared with."""


def precision_recall(points: Sequence[Kept]) -> go.Figure:
    """Draw precision (share of memories that are true) over recall (share of what was told that is held).

    Grey curves join equal F1. A rival is hollow and has its type's colour.
    """
    figure = go.Figure()
    for level in LEVELS:
        figure.add_trace(_curve_of(level))
    for point in points:
        figure.add_trace(_mark(point))
    ends = {"range": [-0.03, 1.03], "tickvals": [0, 0.25, 0.5, 0.75, 1]}
    figure.update_xaxes(title_text="recall (share of what was told that is held)", **ends)
    figure.update_yaxes(title_text="precision (share of memories that are true)", **ends)
    return styled(figure, height=400, top=8)


def _curve_of(level: float) -> go.Scatter:
    recall = np.geomspace(level / (2 - level), 1, 40)
    precision = level * recall / (2 * recall - level)
    names = [*[""] * (len(recall) - 1), f"F1 {level:g}"]
    return go.Scatter(
        x=recall,
        y=precision,
        mode="lines+text",
        text=names,
        textposition="top left",
        textfont={"size": 10, "color": RULE},
        line={"color": FAINT, "width": 1},
        hoverinfo="skip",
        showlegend=False,
    )


def _mark(point: Kept) -> go.Scatter:
    colour = TYPE_COLOURS[point.kind]
    return go.Scatter(
        x=[point.recall],
        y=[point.precision],
        mode="markers+text",
        name=as_html(point.name),
        text=[as_html(point.name)],
        textposition="bottom center",
        showlegend=False,
        marker={
            "size": 13,
            "color": colour,
            "symbol": "circle-open" if point.rival else "circle",
            "line": {"width": 2, "color": colour},
        },
        hovertemplate=f"{as_html(point.name)}: recall %{{x:.2f}}, precision %{{y:.2f}}<extra></extra>",
    )


# ── over time ────────────────────────────────────────────────────────────────────────────────────────────────────

Standing = Literal["true", "right", "stale"]
"""A stretch of the truth; of memory while it fits; of memory after the truth had moved on and been told so."""
LOOK: dict[Standing, tuple[str, str]] = {
    "true": (RULE, "true, and told"),
    "right": (CYCLE[0], "remembered, and so"),
    "stale": (CYCLE[1], "remembered, and no longer so"),
}
LANES: dict[Standing, float] = {"true": -0.24, "right": 0.0, "stale": 0.24}
"""Where in its row a stretch is drawn, in rows: what held and what was stale may be remembered side by side."""


@dataclass(frozen=True, slots=True)
class Span:
    """A value from ``start`` to ``end``."""

    start: datetime
    end: datetime
    value: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class Row:
    """One matter: what was true of it, and what was remembered."""

    name: str
    true: tuple[Span, ...]
    held: tuple[Span, ...]


def validity(rows: Sequence[Row]) -> go.Figure:
    """Draw matters on a time axis (days), one row each: the truth, then what memory had right, then what was stale."""
    figure = go.Figure()
    for standing, (colour, name) in LOOK.items():
        spans = list(_placed(rows, standing))
        figure.add_trace(_bars(spans, colour, name, standing))
        figure.add_trace(_starts(spans, colour))
    ticks = {"tickvals": list(range(len(rows))), "ticktext": [as_html(shortened(row.name, 34)) for row in rows]}
    figure.update_yaxes(range=[len(rows) - 0.4, -0.6], showgrid=False, automargin=True, **ticks)
    figure.update_xaxes(title_text="time (day)")
    figure.update_layout(legend={"orientation": "h", "yref": "container", "y": 0.01, "yanchor": "bottom", "x": 0})
    figure = styled(figure, height=130 + 34 * len(rows), top=8)
    return figure.update_layout(margin={"b": 84})


def _placed(rows: Sequence[Row], standing: Standing) -> Iterator[tuple[float, Span]]:
    for place, row in enumerate(rows):
        yield from ((place + LANES[standing], span) for span in (*row.true, *row.held) if span.standing == standing)


def _bars(spans: Sequence[tuple[float, Span]], colour: str, name: str, standing: Standing) -> go.Scatter:
    x: list[datetime | None] = []
    y: list[float | None] = []
    for place, span in spans:
        x += [span.start, span.end, None]
        y += [place, place, None]
    line = {"color": colour, "width": 5, "dash": "4px,3px" if standing == "stale" else "solid"}
    return go.Scatter(x=x, y=y, mode="lines", line=line, name=name, hoverinfo="skip", showlegend=True)


def _starts(spans: Sequence[tuple[float, Span]], colour: str) -> go.Scatter:
    """A mark where a value begins, which says what it is: values of one matter follow each other without a gap."""
    told = [f"{as_html(shortened(s.value, 70))}<br>{s.start:%d %b %Y} to {s.end:%d %b %Y}" for _, s in spans]
    return go.Scatter(
        x=[span.start for _, span in spans],
        y=[place for place, _ in spans],
        mode="markers",
        marker={"symbol": "line-ns", "size": 9, "line": {"width": 2, "color": colour}},
        text=told,
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
    )
