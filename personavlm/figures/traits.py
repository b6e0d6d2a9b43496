"""Traits read and true: how near a reader comes, and how a rule trades noise for lag.

read_against_true([("p1", true, read), …])   one dot a person, a panel per trait
lag_and_noise({"PEM": (9.0, 0.31), …})       a dot a rule: turns behind a change, jitter when nothing changes
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from personavlm.figures.style import CYCLE, RULE, SYMBOLS, TRAIT_COLOURS, styled
from personavlm.personality import HIGHEST, LOWEST, TRAITS, Profile


def read_against_true(persons: Sequence[tuple[str, Profile, Profile]]) -> go.Figure:
    """Draw persons' read scores over their true ones, both in [1, 5]; the dashed line is a perfect reader."""
    figure = make_subplots(rows=1, cols=len(TRAITS), shared_yaxes=True, horizontal_spacing=0.02, subplot_titles=TRAITS)
    ends = [LOWEST, HIGHEST]
    for column, trait in enumerate(TRAITS, start=1):
        perfect = {"color": RULE, "width": 1, "dash": "dash"}
        figure.add_trace(
            go.Scatter(x=ends, y=ends, mode="lines", line=perfect, hoverinfo="skip", showlegend=False),
            row=1,
            col=column,
        )
        dots = go.Scatter(
            x=[true[trait] for _, true, _ in persons],
            y=[read[trait] for _, _, read in persons],
            mode="markers",
            marker={"color": TRAIT_COLOURS[trait], "size": 8, "opacity": 0.8},
            text=[name for name, _, _ in persons],
            hovertemplate=f"%{{text}}: {trait} true %{{x:.1f}}, read %{{y:.1f}}<extra></extra>",
            showlegend=False,
        )
        figure.add_trace(dots, row=1, col=column)
    figure.update_xaxes(range=[LOWEST - 0.2, HIGHEST + 0.2], tickvals=[1, 3, 5])
    figure.update_yaxes(range=[LOWEST - 0.2, HIGHEST + 0.2], tickvals=[1, 2, 3, 4, 5])
    figure.update_yaxes(title_text="read (1 to 5)", row=1, col=1)
    figure.update_xaxes(title_text="true score (1 to 5)", row=1, col=3)
    figure.update_annotations(font={"size": 12})
    return styled(figure, height=270, top=30)


def lag_and_noise(
    rules: Mapping[str, tuple[float, float]], curve: Sequence[tuple[float, float, float]] = ()
) -> go.Figure:
    """Draw rules by how late they are (turns to half of a change) and how much they jitter (score points).

    ``curve`` holds (weight, lag, noise) of one rule at several weights: the trade that no fixed weight escapes.
    """
    figure = go.Figure()
    if curve:
        line = go.Scatter(
            x=[lag for _, lag, _ in curve],
            y=[noise for _, _, noise in curve],
            text=[f"{weight:g}" for weight, _, _ in curve],
            mode="lines+markers+text",
            textposition="top right",
            textfont={"size": 10},
            line={"color": RULE, "width": 1},
            marker={"color": RULE, "size": 5},
            name="fixed λ (number)",
            hovertemplate="λ %{text}: %{x:.0f} turns late, jitter %{y:.2f}<extra></extra>",
        )
        figure.add_trace(line)
    for number, (name, (lag, noise)) in enumerate(rules.items()):
        mark = {"color": CYCLE[number % 5], "symbol": SYMBOLS[number % 5], "size": 12}
        told = f"{name}: %{{x:.0f}} turns late, jitter %{{y:.2f}}<extra></extra>"
        figure.add_trace(go.Scatter(x=[lag], y=[noise], mode="markers", marker=mark, name=name, hovertemplate=told))
    figure.update_xaxes(title_text="lag (turns until half of the change is followed)", rangemode="tozero")
    figure.update_yaxes(title_text="jitter (score points, sd)", rangemode="tozero")
    figure.update_layout(legend={"orientation": "h", "y": -0.25, "yanchor": "top", "x": 0})
    return styled(figure, height=360, top=8)
