"""Data: what dialogues, samples and questions came to; counterparts of the paper's figures 7, 8, 11 and table 6.

    turns_per_dialogue({"training": (34, 61, …), "50": (23, 31, …)}, {"training": 60, "benchmark": 142.9})
    composition({"supervised": {"semantic": 16_000, …}}, published)
    questions_per_task({"Latest Preference Recognition": ("Preference Recognition", 80, 57), …}, published)
    table([("turns per dialogue", "143.1", "142.9"), …])

Published values are open diamonds, never bars: what was measured here and what stands in a paper cannot be taken for
each other. Where there are none, nothing is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import log10
from statistics import mean

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from personavlm.figures.style import CYCLE, FAINT, TRAIT_COLOURS, TYPE_COLOURS, faded, styled

Counts = Mapping[str, tuple[str, int, int]]
"""Task -> aspect, questions in the 32k setting, in the 128k setting."""

INK = "#4b5563"
OPEN = {"symbol": "diamond", "size": 9, "color": "#ffffff", "line": {"width": 1.6, "color": INK}}
"""The mark of a published value: an open diamond that reads on bars and on the ground alike."""
FILLED = OPEN | {"color": INK}


def _panel_title(figure: go.Figure, text: str, row: int = 1, column: int = 1, columns: int = 1) -> None:
    """Write a panel's title above its left edge."""
    number = (row - 1) * columns + column
    axes = "" if number == 1 else str(number)
    figure.add_annotation(
        text=f"<b>{text}</b>", xref=f"x{axes} domain", yref=f"y{axes} domain", x=0, y=1, yshift=20, showarrow=False,
        xanchor="left",
    )  # fmt: skip


def _key(figure: go.Figure, name: str, marker: Mapping[str, object]) -> None:
    """Add a mark to the legend."""
    figure.add_scatter(x=[None], y=[None], mode="markers", marker=marker, name=name)


# ── dialogues ────────────────────────────────────────────────────────────────────────────────────────────────────

LANES: Mapping[str, str] = {
    "training": CYCLE[4],
    "50": CYCLE[0],
    "100": CYCLE[2],
    "200": CYCLE[3],
    "500": CYCLE[1],
}
"""Colour of each sort of dialogue; of the benchmark's settings, named by the most turns a dialogue has."""
EDGES = tuple(20 * 2 ** (n / 3) for n in range(15))
"""Ends of the bins of turns, equally wide on a log axis: 20 is the shortest dialogue, 500 the longest."""
TICKS = (20, 30, 50, 100, 200, 300, 500)


def turns_per_dialogue(turns: Mapping[str, Sequence[int]], published: Mapping[str, float] | None = None) -> go.Figure:
    """Draw how long dialogues are (turns, log axis), training above the settings of the benchmark (figure 8).

    Diamonds on the axis are means, ours filled; ``published`` has those of "training" and "benchmark".
    """
    settings = {name: lengths for name, lengths in turns.items() if name != "training"}
    panels = {"training": {"training": turns.get("training", ())}, "benchmark": settings}
    panels = {name: rows for name, rows in panels.items() if any(rows.values())}
    figure = make_subplots(rows=max(1, len(panels)), shared_xaxes=True, vertical_spacing=0.22)
    for row, (name, rows) in enumerate(panels.items(), start=1):
        for setting, lengths in rows.items():
            figure.add_trace(_histogram(setting, lengths), row=row, col=1)
        every = [length for lengths in rows.values() for length in lengths]
        paper = (published or {}).get(name)
        means = [(mean(every), FILLED), *([(paper, OPEN)] if paper else [])]
        for value, marker in means:
            figure.add_scatter(
                x=[value], y=[0], mode="markers", marker=marker, cliponaxis=False, showlegend=False, row=row, col=1,
                hovertemplate="mean: %{x:.1f} turns<extra></extra>",
            )  # fmt: skip
        beside = f", the paper's {paper:g}" if paper else ""
        _panel_title(figure, f"{name}: {len(every)} dialogues, mean {mean(every):.1f} turns{beside}", row)
        figure.update_yaxes(title_text="dialogues (number)", rangemode="tozero", row=row, col=1)
    _key(figure, "mean", FILLED)
    if published:
        _key(figure, "mean in the paper", OPEN)
    figure.update_xaxes(type="log", tickvals=TICKS, range=[log10(EDGES[0] * 0.97), log10(EDGES[-1])])
    figure.update_xaxes(title_text="turns in the dialogue (log scale)", row=max(1, len(panels)), col=1)
    figure.update_layout(barmode="overlay", legend={"orientation": "h", "y": -0.18, "x": 0, "yanchor": "top"})
    figure = styled(figure, height=170 + 190 * len(panels), top=44)
    figure.update_layout(margin={"b": 96})
    return figure


def _histogram(setting: str, lengths: Sequence[int]) -> go.Bar:
    counts = [(low, high, sum(low <= length < high for length in lengths)) for low, high in pairwise(EDGES)]
    shown = [(low, high, count) for low, high, count in counts if count]
    return go.Bar(
        x=[(low + high) / 2 for low, high, _ in shown],
        y=[count for *_, count in shown],
        width=[0.94 * (high - low) for low, high, _ in shown],
        name=f"up to {setting} turns",
        showlegend=setting != "training",
        marker={"color": faded(LANES[setting], 0.85)},
        customdata=[(round(low), round(high)) for low, high, _ in shown],
        hovertemplate="%{customdata[0]} to %{customdata[1]} turns: %{y} dialogues<extra></extra>",
    )


# ── samples ──────────────────────────────────────────────────────────────────────────────────────────────────────

KINDS: Mapping[str, str] = {
    "reasoning": CYCLE[4],
    "personality": TRAIT_COLOURS["openness"],
    **{kind: TYPE_COLOURS[kind] for kind in ("semantic", "episodic", "procedural", "core")},
}
"""Colour of each kind of supervised sample: its memory's own where there is one."""


def composition(
    parts: Mapping[str, Mapping[str, int]], published: Mapping[str, Mapping[str, int]] | None = None
) -> go.Figure:
    """Draw what training data is composed of (% of each set), a panel for every set (figure 7).

    ``parts``: set -> kind -> number of samples, largest first; ``published`` has the same keys.
    """
    heights = [len(kinds) for kinds in parts.values()] or [1]
    figure = make_subplots(rows=len(heights), shared_xaxes=True, vertical_spacing=0.16, row_heights=heights)
    for row, (name, kinds) in enumerate(parts.items(), start=1):
        rows = list(kinds)[::-1]  # plotly draws upwards
        shares = _shares(kinds)
        figure.add_bar(
            x=[shares[kind] for kind in rows],
            y=rows,
            orientation="h",
            marker={"color": [KINDS.get(kind, CYCLE[0]) for kind in rows]},
            hovertemplate="%{y}: %{x:.1f} %<extra></extra>",
            showlegend=False,
            row=row,
            col=1,
        )
        _column(figure, row, OURS_AT, "ours", [f"{kinds[kind]:,}   {shares[kind]:.1f} %" for kind in rows], rows)
        theirs = _shares((published or {}).get(name, {}))
        if theirs:
            _published_marks(figure, theirs, rows, row)
            told = [f"{theirs[kind]:.1f} %" if kind in theirs else "" for kind in rows]
            _column(figure, row, THEIRS_AT, "the paper's", told, rows)
        _panel_title(figure, f"{name}: {sum(kinds.values()):,} samples", row)
    figure.update_xaxes(range=[0, 100], tickvals=(0, 20, 40, 60), ticksuffix=" %")
    figure.update_xaxes(title_text="share of the set (%)", row=len(heights), col=1)
    figure.update_yaxes(ticklabelstandoff=6, showgrid=False)
    figure = styled(figure, height=110 + 34 * sum(heights) + 40 * len(heights), top=44)
    figure.update_layout(margin={"l": 110, "b": 52})
    return figure


OURS_AT, THEIRS_AT = 85, 99
"""Where the columns of numbers end, in % of the axis."""


def _column(figure: go.Figure, row: int, at: float, head: str, texts: Sequence[str], rows: Sequence[str]) -> None:
    """Write numbers beside the bars, under a head."""
    figure.add_scatter(
        x=[at] * len(rows), y=rows, mode="text", text=texts, textposition="middle left", hoverinfo="skip",
        showlegend=False, row=row, col=1,
    )  # fmt: skip
    axes = "" if row == 1 else str(row)
    figure.add_annotation(
        text=head, xref=f"x{axes}", yref=f"y{axes} domain", x=at, y=1, yshift=20, showarrow=False, xanchor="right"
    )


def _shares(kinds: Mapping[str, int]) -> dict[str, float]:
    """Return each kind's share of all (%)."""
    whole = sum(kinds.values()) or 1
    return {kind: 100 * count / whole for kind, count in kinds.items()}


def _published_marks(figure: go.Figure, values: Mapping[str, float], rows: Sequence[str], row: int) -> None:
    known = [name for name in rows if name in values]
    figure.add_scatter(
        x=[values[name] for name in known], y=known, mode="markers", marker=OPEN, showlegend=False,
        hovertemplate="%{y}, the paper's: %{x:.1f}<extra></extra>", row=row, col=1,
    )  # fmt: skip


# ── questions ────────────────────────────────────────────────────────────────────────────────────────────────────


def questions_per_task(counts: Counts, published: Counts | None = None) -> go.Figure:
    """Draw how many questions each task has, a panel for each setting, tasks by aspect (figure 11)."""
    figure = make_subplots(cols=2, shared_yaxes=True, horizontal_spacing=0.05)
    aspects = list(dict.fromkeys(aspect for aspect, *_ in counts.values()))
    tasks = sorted(counts, key=lambda task: aspects.index(counts[task][0]))[::-1]  # plotly draws upwards
    numbers = [(short, long) for _, short, long in counts.values()]
    for place, setting in enumerate(("32k", "128k"), start=1):
        for aspect in aspects:
            own = [task for task in tasks if counts[task][0] == aspect]
            figure.add_bar(
                x=[counts[task][place] for task in own],
                y=own,
                orientation="h",
                name=aspect,
                legendgroup=aspect,
                showlegend=False,
                text=[counts[task][place] for task in own],
                textposition="inside",
                insidetextanchor="start",
                textangle=0,
                marker={"color": _aspect_colour(aspects.index(aspect))},
                hovertemplate=f"%{{y}} ({aspect}): %{{x}}<extra></extra>",
                row=1,
                col=place,
            )
        if published:
            theirs = [task for task in tasks if task in published]
            figure.add_scatter(
                x=[published[task][place] for task in theirs], y=theirs, mode="markers", marker=OPEN,
                showlegend=False, hovertemplate="%{y}, the paper's: %{x}<extra></extra>", row=1, col=place,
            )  # fmt: skip
        _panel_title(figure, f"{setting}: {sum(totals[place - 1] for totals in numbers)} questions", 1, place, 2)
    if published:
        _key(figure, "in the paper", OPEN)
    figure.update_xaxes(title_text="questions (number)", rangemode="tozero")
    figure.update_yaxes(categoryorder="array", categoryarray=tasks, ticklabelstandoff=6, showgrid=False)
    figure.update_layout(barmode="overlay", legend={"orientation": "h", "y": -0.14, "x": 0, "yanchor": "top"})
    figure = styled(figure, height=130 + 27 * len(tasks), top=44)
    figure.update_layout(margin={"l": 250, "b": 84})
    return figure


def _aspect_colour(place: int) -> str:
    return (*CYCLE, TYPE_COLOURS["core"])[place % (len(CYCLE) + 1)]


# ── numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────


def table(rows: Sequence[tuple[str, str, str]]) -> go.Figure:
    """Draw a table (table 6): what, our value, the paper's value or nothing."""
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    line = {"color": FAINT, "width": 1}
    cells = {"align": ["left", "right", "right"], "height": 28, "line": line, "fill": {"color": "rgba(0, 0, 0, 0)"}}
    head = ["", "<b>ours</b>", "<b>the paper's</b>"]
    figure = go.Figure(
        go.Table(columnwidth=[3, 1, 1], header=cells | {"values": head}, cells=cells | {"values": columns})
    )
    figure = styled(figure, height=30 * (len(rows) + 1) + 32)
    figure.update_layout(margin={"l": 16, "b": 8})
    return figure
