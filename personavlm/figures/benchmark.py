"""Benchmark: what persons, dialogues and questions are made of; counterparts of the paper's figures 7, 8 and 11."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from personavlm.figures.style import CYCLE, faded, styled

LANES: Mapping[str, str] = {"50": CYCLE[0], "100": CYCLE[4], "200": CYCLE[2], "500": CYCLE[1]}
"""Colour of each setting, by the most turns a dialogue has."""


def turns_per_dialogue(turns: Mapping[str, Sequence[int]]) -> go.Figure:
    """Draw how long dialogues are (turns), one histogram per setting on a common log axis (figure 8)."""
    figure = go.Figure()
    for setting, lengths in turns.items():
        bars = sorted(Counter(_bin(length) for length in lengths).items())
        figure.add_bar(
            x=[str(start) for start, _ in bars],
            y=[number for _, number in bars],
            name=f"at most {setting}",
            marker={"color": LANES[setting]},
            hovertemplate="from %{x} turns: %{y} dialogues<extra></extra>",
        )
    ordered = [str(start) for start in sorted({_bin(n) for lengths in turns.values() for n in lengths})]
    figure.update_xaxes(title_text="turns in the dialogue (from)", type="category", categoryarray=ordered)
    figure.update_yaxes(title_text="dialogues (number)")
    figure.update_layout(barmode="stack", legend={"orientation": "h", "y": 1.12})
    return styled(figure, height=340, top=48)


def _bin(length: int) -> int:
    """Return the lower edge of a length's bin: tens up to a hundred, then fifties."""
    return length // 10 * 10 if length < 100 else length // 50 * 50


def composition(parts: Mapping[str, Mapping[str, int]]) -> go.Figure:
    """Draw what a data set is composed of (number), a ring of kinds with their parts outside (figure 7)."""
    labels, parents, values, ids, colours = [], [], [], [], []
    for number, (kind, inner) in enumerate(parts.items()):
        colour = CYCLE[number % len(CYCLE)]
        rows = [("", kind, kind, sum(inner.values()), colour)]
        rows += [(kind, f"{kind}/{name}", name, count, faded(colour, 0.55)) for name, count in inner.items()]
        for parent, one, label, value, shade in rows:
            parents.append(parent)
            ids.append(one)
            labels.append(label)
            values.append(value)
            colours.append(shade)
    figure = go.Figure(
        go.Sunburst(
            ids=ids,
            labels=labels,
            parents=parents,
            values=values,
            branchvalues="total",
            marker={"colors": colours},
            insidetextorientation="radial",
            hovertemplate="%{label}: %{value}<extra></extra>",
        )
    )
    return styled(figure, height=460)


def questions_per_task(counts: Mapping[str, tuple[str, int, int]]) -> go.Figure:
    """Draw how many questions each task has in the two settings (figure 11); ``counts``: task -> aspect, 32k, 128k."""
    figure = go.Figure()
    tasks = list(counts)[::-1]
    for place, name, colour, pattern in ((1, "32k", CYCLE[0], ""), (2, "128k", CYCLE[1], "/")):
        numbers = [counts[task][place] for task in tasks]
        figure.add_bar(
            x=numbers,
            y=tasks,
            orientation="h",
            name=name,
            text=numbers,
            marker={"color": colour, "pattern": {"shape": pattern}},
            customdata=[counts[task][0] for task in tasks],
            hovertemplate="%{y} (%{customdata}): %{x}<extra></extra>",
        )
    figure.update_xaxes(title_text="questions (number)")
    figure.update_layout(barmode="group", legend={"orientation": "h", "y": 1.06, "traceorder": "reversed"})
    figure = styled(figure, height=560, top=40)
    figure.update_layout(margin={"l": 250})
    return figure
