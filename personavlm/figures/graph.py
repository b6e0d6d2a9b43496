"""The memory graph drawn: groups of tied memories as discs, ties as lines, bridges named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import plotly.graph_objects as go

from personavlm.figures.style import RULE, TYPE_COLOURS, as_html, faded, marked_with, scatter, shortened, styled
from personavlm.trace import HitType

NODE_SYMBOLS: Mapping[HitType, str] = {
    "core": "square",
    "semantic": "circle",
    "visual": "star",
    "procedural": "diamond",
    "episodic": "hexagon",
    "turn": "circle-open",
}

FULL_SIZE = 140
"""Up to this many spots are drawn in their full size; more are drawn smaller."""


@dataclass(frozen=True, slots=True)
class Spot:
    """One memory on the map. ``x`` and ``y`` have no unit; ``size`` is the diameter in pixels."""

    id: str
    type: HitType
    text: str
    since: datetime
    x: float
    y: float
    size: float
    current: bool = True
    bridge: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One tie on the map, from spot to spot."""

    source: str
    target: str
    between: bool
    """Whether it ties two groups together."""


@dataclass(frozen=True, slots=True)
class Disc:
    """One group on the map, with the words that name it."""

    name: str
    x: float
    y: float
    radius: float


def memory_map(spots: Sequence[Spot], lines: Sequence[Line], discs: Sequence[Disc] = ()) -> go.Figure:
    """Draw memories by group: colour and symbol tell the type, open marks what is over, a ring what ties groups.

    Selecting a spot gives its memory's id as custom data.
    """
    figure = go.Figure()
    where = {spot.id: spot for spot in spots}
    for between, most in ((True, 0.8), (False, 0.4)):
        drawn = [line for line in lines if line.between == between]
        strength = max(0.07, min(most, 40 / max(1, len(drawn))))  # many lines must not hide what they tie
        figure.add_trace(_ties(drawn, where, faded("#868c96", strength)))
    scale = min(1.0, (FULL_SIZE / max(1, len(spots))) ** 0.5)
    for kind in TYPE_COLOURS:
        if chosen := [spot for spot in spots if spot.type == kind]:
            figure.add_trace(_spots(kind, chosen, scale))
    figure.update_layout(annotations=[_name(disc) for disc in discs])
    hidden = {"visible": False, "fixedrange": False}
    figure.update_layout(legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0}, dragmode="pan")
    styled(figure, height=640, top=28)
    figure.update_xaxes(**hidden)
    figure.update_yaxes(scaleanchor="x", scaleratio=1, **hidden)
    figure.update_layout(margin={"l": 4, "r": 4, "b": 4}, hovermode="closest")
    return figure


def _ties(lines: Sequence[Line], where: Mapping[str, Spot], colour: str) -> dict[str, object]:
    x: list[float | None] = []
    y: list[float | None] = []
    for line in lines:
        one, other = where.get(line.source), where.get(line.target)
        if one and other:
            x += [one.x, other.x, None]
            y += [one.y, other.y, None]
    shared = {"mode": "lines", "hoverinfo": "skip", "showlegend": False}
    return scatter(x=x, y=y, line={"color": colour, "width": 1.2}, **shared)


def _spots(kind: HitType, spots: Sequence[Spot], scale: float) -> dict[str, object]:
    colour = TYPE_COLOURS[kind]
    return scatter(
        x=[spot.x for spot in spots],
        y=[spot.y for spot in spots],
        mode="markers",
        name=kind,
        customdata=marked_with([spot.id for spot in spots]),
        text=[
            f"<b>{spot.id}</b> since {spot.since:%d %b %Y}<br>{as_html(shortened(spot.text, 90))}"
            + ("<br>ties groups together" if spot.bridge else "")
            for spot in spots
        ],
        hovertemplate="%{text}<extra></extra>",
        marker={
            "symbol": NODE_SYMBOLS[kind],
            "size": [max(4.0, spot.size * scale) for spot in spots],
            "color": [colour if spot.current else faded(colour, 0.12) for spot in spots],
            "line": {
                "width": [2.2 if spot.bridge else 1 for spot in spots],
                "color": [RULE if spot.bridge else colour for spot in spots],
            },
        },
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 0.35}},
    )


def _name(disc: Disc) -> dict[str, object]:
    return {
        "text": f"<b>{as_html(shortened(disc.name, 34))}</b>",
        "x": disc.x,
        "y": disc.y + disc.radius,
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 11},
    }
