"""The profile's path: five traits over turns, from ``memory.trajectory``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from personavlm.figures.style import RULE, TRAIT_COLOURS, as_html, faded, styled, wrapped
from personavlm.memory import Override, ProfileStep
from personavlm.personality import HIGHEST, LOWEST, MIDDLE, TRAITS, Estimate, Trait, describe_trait


@dataclass(frozen=True, slots=True)
class _Point:
    """The profile at one turn; ``step`` is None before the first step and where nothing moved since the last."""

    turn: int
    estimate: Estimate
    step: ProfileStep | None = None


def profile_over_turns(steps: Sequence[ProfileStep], turns: int = 0) -> go.Figure:
    """Draw five traits over turns, one panel each: score (points, 1 to 5), 90 % band, a cross where the user set it.

    Hovering names the evidence turn with its date and the words that moved the trait. With ``turns``, the number of
    turns so far, the last profile is drawn on to there.
    """
    path = _points(steps, turns)
    figure = make_subplots(rows=len(TRAITS), cols=1, shared_xaxes=True, vertical_spacing=0.035)
    for row, trait in enumerate(TRAITS, start=1):
        for drawn in *_band(path, trait), _line(path, trait), _set_by_hand(steps, trait):
            figure.add_trace(drawn, row=row, col=1)
        figure.add_hline(MIDDLE, line={"color": RULE, "width": 1, "dash": "dot"}, row=row, col=1)
        _name_panel(figure, row, trait, path[-1].estimate.profile[trait])
        figure.update_yaxes(range=[LOWEST - 0.15, HIGHEST + 0.15], tickvals=[1, 3, 5], row=row, col=1)
    figure.update_yaxes(title_text="score (1 to 5)", row=3, col=1)
    figure.update_xaxes(title_text="turn (number; band: 90 % interval; cross: set by the user)", row=5, col=1)
    ticks = {"dtick": 1} if path[-1].turn <= 10 else {"nticks": 12}
    figure.update_xaxes(rangemode="tozero", **ticks)
    return styled(figure, height=600, right=150)


def _points(steps: Sequence[ProfileStep], turns: int) -> list[_Point]:
    path = [_Point(0, Estimate()), *(_Point(_turn_number(s.turn), s.estimate, s) for s in steps)]
    held = [_Point(turns, path[-1].estimate)] if turns > path[-1].turn else []
    return [*path, *held]


def _turn_number(turn: str) -> int:
    return int(turn[1:]) if turn[1:].isdigit() else 0


def _band(path: Sequence[_Point], trait: Trait) -> tuple[go.Scatter, go.Scatter]:
    intervals = [point.estimate.interval(trait) for point in path]
    low, high = [i.low for i in intervals], [i.high for i in intervals]
    numbers = [point.turn for point in path]
    shared = {"x": numbers, "mode": "lines", "line": {"width": 0, "shape": "hv"}, "hoverinfo": "skip"}
    shade = faded(TRAIT_COLOURS[trait], 0.18)
    return (
        go.Scatter(y=low, showlegend=False, **shared),
        go.Scatter(y=high, fill="tonexty", fillcolor=shade, showlegend=False, **shared),
    )


def _line(path: Sequence[_Point], trait: Trait) -> go.Scatter:
    scores = [point.estimate.profile[trait] for point in path]
    # A dot where a step moved this trait, none where it moved only others.
    sizes = [0, *(7 if now != before else 0 for before, now in pairwise(scores))]
    return go.Scatter(
        x=[point.turn for point in path],
        y=scores,
        mode="lines+markers",
        line={"color": TRAIT_COLOURS[trait], "width": 2, "shape": "hv"},
        marker={"size": sizes, "line": {"width": 0}},
        text=[_evidence(point, trait) for point in path],
        hovertemplate=f"<b>{trait} %{{y:.2f}}</b><br>%{{text}}<extra></extra>",
        showlegend=False,
    )


def _set_by_hand(steps: Sequence[ProfileStep], trait: Trait) -> go.Scatter:
    chosen = [
        (_turn_number(step.turn), score)
        for step in steps
        if isinstance(step.edit, Override)
        for moved, score in step.edit.scores
        if moved == trait
    ]
    return go.Scatter(
        x=[turn for turn, _ in chosen],
        y=[score for _, score in chosen],
        mode="markers",
        marker={"symbol": "x-thin", "size": 11, "line": {"width": 2.5, "color": TRAIT_COLOURS[trait]}},
        hovertemplate="set by the user: %{y:.2f}<extra></extra>",
        showlegend=False,
    )


def _evidence(point: _Point, trait: Trait) -> str:
    step = point.step
    if step is None:
        return f"t{point.turn}: unchanged since" if point.turn else "before the first turn"
    when = f"{step.turn or 'at the start'}, {step.time:%d %b %Y %H:%M}"
    if isinstance(step.edit, Override):
        return f"{when}<br>settings by the user"
    cues = ", ".join(cue for moved, cue in step.edit.cues if moved == trait)
    return f"{when}<br>read as {step.edit.observed[trait]:.1f}" + (f" from: {as_html(cues)}" if cues else "")


def _name_panel(figure: go.Figure, row: int, trait: Trait, score: float) -> None:
    axis = "" if row == 1 else str(row)
    figure.add_annotation(
        text=f"<b>{trait}</b><br>{score:.1f}  {wrapped(describe_trait(trait, score), 24)}",
        x=1.015,
        y=0.5,
        xref="paper",
        yref=f"y{axis} domain",
        xanchor="left",
        align="left",
        showarrow=False,
        font={"size": 11},
    )
