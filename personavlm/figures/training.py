"""Training: curves of runs over steps, and what the rollouts of one question earned."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from personavlm.figures.style import CYCLE, RULE, SYMBOLS, as_html, styled

DASHES = ("solid", "dash", "dot", "dashdot")
ACROSS = 3
"""Panels in a row."""
Points = tuple[Sequence[int], Sequence[float]]
"""Steps and values."""


def training_curves(panels: Mapping[str, Mapping[str, Points]], shares: bool = False) -> go.Figure:
    """Draw numbers of training runs over steps, a panel each; ``panels``: number -> run -> (steps, values).

    A run has one colour and one dash in all panels. Single points are drawn as such; ``shares`` are drawn from 0 to 1.
    """
    rows = max(1, math.ceil(len(panels) / ACROSS))
    across = min(ACROSS, max(1, len(panels)))
    titles = [as_html(name) for name in panels]
    gap = 0.3 / rows if rows > 1 else 0.0
    figure = make_subplots(rows, across, subplot_titles=titles, horizontal_spacing=0.07, vertical_spacing=gap)
    runs = list(dict.fromkeys(run for lines in panels.values() for run in lines))
    for place, lines in enumerate(panels.values()):
        row, column = divmod(place, across)
        for run, (steps, values) in lines.items():
            number = runs.index(run)
            figure.add_scatter(
                x=list(steps),
                y=list(values),
                mode="lines" if len(steps) > 40 else "lines+markers",
                line={"color": CYCLE[number % len(CYCLE)], "width": 1.6, "dash": DASHES[number % len(DASHES)]},
                marker={"size": 5, "symbol": SYMBOLS[number % len(SYMBOLS)]},
                name=as_html(run),
                legendgroup=run,
                showlegend=len(runs) > 1 and _first(panels, place, run),
                hovertemplate=f"step %{{x}}: %{{y:.4g}}<extra>{as_html(run)}</extra>",
                row=row + 1,
                col=column + 1,
            )
    figure = styled(figure, height=70 + 210 * rows, top=40)
    figure.update_annotations(font={"size": 12})
    figure.update_xaxes(title_text="step", row=rows)
    if shares:
        figure.update_yaxes(range=[-0.03, 1.03])
    figure.update_layout(legend={"orientation": "h", "x": 0, "y": -0.12 / rows, "yanchor": "top"})
    return figure


def _first(panels: Mapping[str, Mapping[str, Points]], place: int, run: str) -> bool:
    return next(n for n, lines in enumerate(panels.values()) if run in lines) == place


def rewards(rollouts: Mapping[str, Mapping[str, float]], advantages: Mapping[str, float]) -> go.Figure:
    """Draw what the rollouts of one question earned, part on part, and the advantage that each got.

    ``rollouts``: rollout -> part -> reward, costs below zero; a part that none has is left out. ``advantages`` are the
    reward less the group's mean, over its spread: those to the right of zero are made likelier.
    """
    figure = make_subplots(1, 2, shared_yaxes=True, horizontal_spacing=0.05, column_widths=[0.66, 0.34])
    names = [as_html(name) for name in rollouts]
    there = dict.fromkeys(part for parts in rollouts.values() for part, reward in parts.items() if reward)
    for number, part in enumerate(there):
        figure.add_bar(
            x=[parts.get(part, 0.0) for parts in rollouts.values()],
            y=names,
            orientation="h",
            name=as_html(part),
            marker={"color": CYCLE[number % len(CYCLE)], "pattern": {"shape": ("", "/", ".", "x", "-")[number % 5]}},
            hovertemplate=f"%{{y}}: {as_html(part)} %{{x:.2f}}<extra></extra>",
            row=1,
            col=1,
        )
    figure.add_scatter(
        x=[advantages[name] for name in rollouts],
        y=names,
        mode="markers",
        marker={"size": 10, "symbol": "diamond", "color": RULE},
        showlegend=False,
        hovertemplate="%{y}: advantage %{x:+.2f}<extra></extra>",
        row=1,
        col=2,
    )
    figure.add_vline(x=0, line={"color": RULE, "width": 1, "dash": "dot"}, col=2)
    figure.update_yaxes(categoryorder="array", categoryarray=names[::-1])
    figure.update_xaxes(title_text="reward", row=1, col=1)
    figure.update_xaxes(title_text="advantage", row=1, col=2)
    figure = styled(figure, height=130 + 30 * len(names))
    figure.update_layout(barmode="relative", legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"})
    figure.update_layout(margin={"t": 44, "l": 96})
    return figure
