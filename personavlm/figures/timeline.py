"""A life on a time axis: every memory as a bar as long as it held, and under them the turns they rest on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from personavlm.figures.style import (
    CYCLE,
    FAINT,
    RULE,
    TYPE_COLOURS,
    as_html,
    faded,
    kind_of,
    marked_with,
    scatter,
    shortened,
    styled,
)
from personavlm.memory import Memory, Status
from personavlm.trace import HitType, Session, Trace, sessions

READABLE = 84
"""With more bars than this their texts are shown on hovering only, and bars get thinner."""
DASHES = {"current": "solid", "superseded": "6px,3px", "retired": "2px,3px", "merged": "2px,3px"}
LONG_PAUSE = 0.25
"""A pause longer than this share of the whole span is cut out of the axis."""
PAUSE_LEFT = timedelta(hours=30)
ORDER: tuple[HitType, ...] = ("core", "semantic", "visual", "procedural", "episodic")


class _Row(NamedTuple):
    """One memory's place: ``y`` counts rows from the top, ``start`` and ``end`` are cut to the axis."""

    memory: Memory
    y: int
    start: datetime
    end: datetime


def memory_timeline(
    memories: Sequence[Memory],
    traces: Sequence[Trace],
    edge: datetime | None = None,
    chosen: str = "",
) -> go.Figure:
    """Draw memories as bars over time (days), by type, each from when it held to when it stopped, above the turns.

    Solid bars hold, dashed ones were superseded, dotted ones retired or merged. ``edge`` is the moment to draw up to
    (default: the last turn); long pauses are cut out. ``chosen`` is a memory to make stand out. Selecting a mark gives
    the id of its memory or turn as custom data.
    """
    times = [trace.turn.time for trace in traces]
    known = [*times, *([] if times else [m.since for m in memories])]
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.86, 0.14], vertical_spacing=0.02)
    first = min(known, default=edge)
    last = edge or max(known, default=None)
    rows = list(_rows(memories, first, last)) if first and last else []
    for kind in ORDER:
        held = [row for row in rows if kind_of(row.memory) == kind]
        for drawn in _bars(kind, held, _thickness(len(rows))):
            figure.add_trace(drawn, row=1, col=1)
        figure.add_trace(_marks(kind, held, _thickness(len(rows)), chosen), row=1, col=1)
    figure.add_trace(_turns(list(sessions(traces))), row=2, col=1)
    _axes(figure, rows, times, first, last)
    height = 150 + (13 * len(rows) if len(rows) <= READABLE else min(900, max(560, 2 * len(rows))))
    figure = styled(figure, height=max(300, height), top=10)
    # A margin that is given is drawn once; one that plotly finds takes a second drawing of every mark.
    figure.update_layout(margin={"l": 80 if len(rows) > READABLE else 210})
    return figure


def _rows(memories: Sequence[Memory], first: datetime, last: datetime) -> Iterator[_Row]:
    ranked = sorted(memories, key=lambda m: (ORDER.index(kind_of(m)), m.since, m.id))
    for y, memory in enumerate(ranked):
        start = min(max(memory.since, first), last)
        yield _Row(memory, y, start, min(max(memory.until or last, start), last) if memory.until else last)


def _thickness(rows: int) -> float:
    return 6.0 if rows <= READABLE else max(1.2, 330 / rows)


def _bars(kind: HitType, rows: Sequence[_Row], thickness: float) -> Iterator[dict[str, object]]:
    groups: dict[Status, list[_Row]] = {}
    for row in rows:
        groups.setdefault(row.memory.status, []).append(row)
    for status, held in groups.items():
        x: list[datetime | None] = []
        y: list[int | None] = []
        for row in held:
            x += [row.start, row.end, None]
            y += [row.y, row.y, None]
        width = thickness if status == "current" else max(1.4, thickness * 0.55)
        line = {"width": width, "dash": DASHES[status], "color": faded(TYPE_COLOURS[kind], 0.42)}
        yield scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip", showlegend=False)


def _marks(kind: HitType, rows: Sequence[_Row], thickness: float, chosen: str) -> dict[str, object]:
    """Where each memory begins, and where it ended if it did."""
    ends = [row for row in rows if row.memory.status != "current"]
    marks = [*((row, row.start, "circle") for row in rows), *((row, row.end, "line-ns") for row in ends)]
    colour = TYPE_COLOURS[kind]
    size = max(4.0, thickness)
    return scatter(
        x=[x for _, x, _ in marks],
        y=[row.y for row, _, _ in marks],
        mode="markers",
        marker={
            "symbol": [symbol for _, _, symbol in marks],
            "size": [size * (2 if row.memory.id == chosen else 1) for row, _, _ in marks],
            "color": colour,
            "line": {"width": [2 if symbol == "line-ns" else 0 for _, _, symbol in marks], "color": colour},
        },
        customdata=marked_with([row.memory.id for row, _, _ in marks]),
        text=[_told(row.memory) for row, _, _ in marks],
        hovertemplate="%{text}<extra></extra>",
        unselected={"marker": {"opacity": 0.8}},
        showlegend=False,
    )


def _told(memory: Memory) -> str:
    until = f" to {memory.until:%d %b %Y}" if memory.until else ""
    held = f"{memory.status}, {memory.since:%d %b %Y}{until}"
    return f"<b>{memory.id}</b> {kind_of(memory)}, {held}<br>{as_html(shortened(memory.text, 90))}"


def _turns(held: Sequence[Session]) -> dict[str, object]:
    """Turns in columns by session; neighbouring sessions differ in colour. One trace: hundreds would draw slowly."""
    turns = [(n, place, s.id, t.turn) for n, s in enumerate(held) for place, t in enumerate(s.traces)]
    said = [(session, t, as_html(shortened(t.text, 80))) for _, _, session, t in turns]
    return scatter(
        x=[turn.time for _, _, _, turn in turns],
        y=[place for _, place, _, _ in turns],
        mode="markers",
        marker={"size": 6, "color": [CYCLE[n % len(CYCLE)] for n, _, _, _ in turns], "line": {"width": 0}},
        customdata=marked_with([turn.id for _, _, _, turn in turns]),
        text=[f"{session} · <b>{t.id}</b> · {t.time:%d %b %Y %H:%M}<br>{words}" for session, t, words in said],
        hovertemplate="%{text}<extra></extra>",
        unselected={"marker": {"opacity": 0.8}},
        showlegend=False,
    )


def _axes(
    figure: go.Figure, rows: Sequence[_Row], times: Sequence[datetime], first: datetime | None, last: datetime | None
) -> None:
    named = _named(rows)
    shapes = [_line(y=border - 0.5) for border in _borders(rows)]
    figure.update_yaxes(
        tickvals=[y for y, _ in named], ticktext=[name for _, name in named], tickfont={"size": 10},
        range=[len(rows) - 0.3, -0.7], showgrid=False, automargin=False, row=1, col=1,
    )  # fmt: skip
    figure.update_yaxes(title_text="turns", showticklabels=False, showgrid=False, row=2, col=1)
    figure.update_xaxes(title_text="time (day)", row=2, col=1)
    if first and last:
        pauses = _pauses(times, last)
        cut = sum((end - start for start, end in pauses), timedelta())
        margin = max(timedelta(hours=3), (last - first - cut) * 0.015)
        breaks = [{"bounds": [start, end]} for start, end in pauses]
        figure.update_xaxes(range=[first - margin, last + margin], rangebreaks=breaks)
        shapes += [_line(x=last, axis="y"), _line(x=last, axis="y2")]
    figure.update_layout(shapes=shapes)


def _named(rows: Sequence[_Row]) -> list[tuple[float, str]]:
    """What stands at the left: every memory where there is room, else the types in the middle of their rows."""
    if len(rows) <= READABLE:
        return [(row.y, as_html(shortened(row.memory.text, 38))) for row in rows]
    places = {kind: [row.y for row in rows if kind_of(row.memory) == kind] for kind in ORDER}
    return [(sum(held) / len(held), kind) for kind, held in places.items() if held]


def _borders(rows: Sequence[_Row]) -> list[int]:
    """The rows at which another type begins."""
    return [row.y for above, row in pairwise(rows) if kind_of(above.memory) != kind_of(row.memory)]


def _line(y: float | None = None, x: datetime | None = None, axis: str = "y") -> dict[str, object]:
    """A shape: a faint border across the plot, or the dotted edge of what is drawn. All at once is faster than each."""
    if x is None:
        across = {"xref": "x domain", "x0": 0, "x1": 1, "yref": "y", "y0": y, "y1": y}
        return {"type": "line", "line": {"color": FAINT, "width": 1}, **across}
    up = {"xref": "x", "x0": x, "x1": x, "yref": f"{axis} domain", "y0": 0, "y1": 1}
    return {"type": "line", "line": {"color": RULE, "width": 1, "dash": "dot"}, **up}


def _pauses(times: Sequence[datetime], last: datetime) -> list[tuple[datetime, datetime]]:
    """What to cut out of long silences, so that what was said is not squeezed together."""
    known = sorted({*times, last})
    if len(known) < 3:
        return []
    longest = (known[-1] - known[0]) * LONG_PAUSE
    pairs = [(a, b) for a, b in pairwise(known) if b - a > max(longest, 4 * PAUSE_LEFT)]
    return [(a + PAUSE_LEFT, b - PAUSE_LEFT) for a, b in pairs]
