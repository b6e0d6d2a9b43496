"""Sessions: the conversation on a time axis, and what the gap does to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from statistics import median

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from personavlm.figures.style import CYCLE, RULE, SYMBOLS, as_html, faded, shortened, styled
from personavlm.trace import SESSION_GAP, Session, Trace, sessions

SWEPT_GAPS = tuple(timedelta(minutes=m) for m in (1, 2, 5, 10, 20, 30, 60, 120, 240, 480, 960, 1440, 2880, 10080))
"""Gaps of the sweep: a minute to a week, about evenly apart on a log scale."""
WHEN = "%d %b %Y %H:%M"
LABELLED = 24
"""With more sessions than this their names are shown on hovering only."""


def session_timeline(traces: Sequence[Trace], gap: timedelta = SESSION_GAP) -> go.Figure:
    """Draw the conversation on a time axis (days): a column of turns per session, coloured by session.

    Colours and symbols repeat after five sessions; neighbours always differ.
    """
    figure = go.Figure()
    found = list(sessions(traces, gap))
    for number, session in enumerate(found):
        figure.add_trace(_column(session, number, labelled=len(found) <= LABELLED))
    minutes = _minutes(gap)
    figure.update_layout(title=f"{len(traces)} turns in {len(found)} sessions (a pause of {minutes:g} min ends one)")
    figure.update_xaxes(title_text="time of the turn (day)")
    longest = max((len(session.traces) for session in found), default=1)
    steps = {"dtick": 1} if longest <= 10 else {"nticks": 8}
    figure.update_yaxes(title_text="turn within its session (number)", range=[0, longest * 1.12 + 0.6], **steps)
    return styled(figure, height=340, top=48)


def _column(session: Session, number: int, labelled: bool) -> go.Scatter:
    turns = [trace.turn for trace in session.traces]
    colour = CYCLE[number % len(CYCLE)]
    names = [*[""] * (len(turns) - 1), session.id if labelled else ""]
    return go.Scatter(
        x=[t.time for t in turns],
        y=list(range(1, len(turns) + 1)),
        mode="lines+markers+text",
        line={"width": 1.5, "color": colour},
        marker={"size": 8, "symbol": SYMBOLS[number % len(SYMBOLS)], "color": colour},
        text=names,
        textposition="top center",
        textfont={"size": 11},
        customdata=[
            f"{session.id} · {t.id} · {t.time:%d %b %Y %H:%M}<br>{as_html(shortened(t.text, 80))}" for t in turns
        ],
        hovertemplate="%{customdata}<extra></extra>",
        showlegend=False,
    )


def gap_sweep(
    traces: Sequence[Trace], gaps: Sequence[timedelta] = SWEPT_GAPS, chosen: timedelta = SESSION_GAP
) -> go.Figure:
    """Draw how the number of sessions and their length in turns depend on the gap (minutes).

    The band reaches from the shortest to the longest session; the dashed line marks the gap in use.
    """
    cuts = [[len(s.traces) for s in sessions(traces, gap)] for gap in gaps]
    minutes = [_minutes(gap) for gap in gaps]
    figure = make_subplots(rows=1, cols=2, horizontal_spacing=0.11)
    figure.add_trace(_curve(minutes, [len(cut) for cut in cuts], CYCLE[0], "%{y} sessions"), row=1, col=1)
    figure.add_trace(_range(minutes, cuts), row=1, col=2)
    figure.add_trace(_curve(minutes, [median(c or [0]) for c in cuts], CYCLE[1], "median %{y} turns"), row=1, col=2)
    for column, title in ((1, "sessions (number)"), (2, "turns per session (median, range)")):
        figure.add_vline(_minutes(chosen), line={"color": RULE, "width": 1.5, "dash": "dash"}, row=1, col=column)
        figure.update_yaxes(title_text=title, rangemode="tozero", row=1, col=column)
    ticks = {"tickvals": [1, 10, 60, 480, 1440, 10080], "ticktext": ["1 min", "10 min", "1 h", "8 h", "1 d", "7 d"]}
    figure.update_xaxes(title_text="gap that ends a session (log scale)", type="log", **ticks)
    return styled(figure, height=330)


def _curve(x: Sequence[float], y: Sequence[float], colour: str, said: str) -> go.Scatter:
    return go.Scatter(
        x=list(x),
        y=list(y),
        mode="lines+markers",
        line={"color": colour, "width": 2},
        hovertemplate=f"gap %{{x:g}} min: {said}<extra></extra>",
        showlegend=False,
    )


def _range(minutes: Sequence[float], cuts: Sequence[Sequence[int]]) -> go.Scatter:
    longest, shortest = [max(c, default=0) for c in cuts], [min(c, default=0) for c in cuts]
    return go.Scatter(
        x=[*minutes, *reversed(minutes)],
        y=[*longest, *reversed(shortest)],
        fill="toself",
        fillcolor=faded(CYCLE[1], 0.16),
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
    )


def _minutes(gap: timedelta) -> float:
    return gap.total_seconds() / 60
