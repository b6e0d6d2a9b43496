"""One turn: its calls and look-ups in time, the scores of what came back, and what filled its prompts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from personavlm.figures.style import RULE, TYPE_COLOURS, as_html, faded, shortened, styled
from personavlm.trace import Answer, Call, Hit, Retrieve, Trace

STAGE_COLOURS: Mapping[str, str] = {"respond": "#2277b4", "retrieve": "#c9601e", "update": "#2a8f68"}
UPDATE_PURPOSES = frozenset({"personality", "semantic", "episodic", "procedural", "core"})
"""Purposes of the update stage's calls; all others reply. Source: modules ``update`` and ``respond``."""


def turn_timeline(trace: Trace) -> go.Figure:
    """Draw one turn from left to right: model calls as bars (seconds), look-ups as diamonds, the reply as a line.

    Calls are laid end to end: the time of a look-up is not part of the trace, and the update stage runs later, when
    nobody waits. A Malformed output is hatched.
    """
    replying = [call for call in trace.calls if call.purpose not in UPDATE_PURPOSES]
    updating = [call for call in trace.calls if call.purpose in UPDATE_PURPOSES]
    reply_at = sum(call.seconds for call in replying)
    scale, unit = (1.0, "seconds") if reply_at + sum(c.seconds for c in updating) >= 1 else (1000.0, "milliseconds")
    figure = go.Figure()
    for stage, calls, start in (("respond", replying, 0.0), ("update", updating, reply_at)):
        figure.add_trace(_bars(stage, calls, start, scale, unit))
    figure.update_layout(uniformtext={"minsize": 9, "mode": "hide"})
    figure.add_trace(_look_ups(trace, replying, scale))
    _mark_reply(figure, trace, reply_at * scale, late=reply_at > sum(c.seconds for c in updating))
    figure.update_xaxes(title_text=f"time in model calls ({unit})", rangemode="tozero")
    rows = ["update", "retrieve", "respond"]
    figure.update_yaxes(type="category", categoryorder="array", categoryarray=rows, range=[-0.5, 2.5])
    return styled(figure, height=270, top=40)


def _mark_reply(figure: go.Figure, trace: Trace, at: float, late: bool) -> None:
    given = any(isinstance(step.action, Answer) and step.action.given for step in trace.steps)
    figure.add_vline(at, line={"color": RULE, "width": 1.5, "dash": "dash"})
    figure.add_annotation(
        text="the reply came with the import" if given else "reply given",
        x=at,
        y=1,
        yref="paper",
        yanchor="bottom",
        xanchor="right" if late else "left",
        showarrow=False,
    )


def _bars(stage: str, calls: Sequence[Call], start: float, scale: float, unit: str) -> go.Bar:
    starts = [start + sum(c.seconds for c in calls[:n]) for n in range(len(calls))]
    told = [
        f"<b>{c.purpose}</b> {c.seconds * scale:.3g} {unit}<br>{c.tokens_in} tokens in, {c.tokens_out} out"
        + (f"<br>malformed: {as_html(c.malformed)}" if c.malformed else "")
        for c in calls
    ]
    return go.Bar(
        x=[c.seconds * scale for c in calls],
        y=[stage] * len(calls),
        base=[s * scale for s in starts],
        orientation="h",
        width=0.55,
        text=[c.purpose for c in calls],
        textangle=0,
        textposition="inside",
        insidetextanchor="middle",
        marker={
            "color": STAGE_COLOURS[stage],
            "line": {"width": 1, "color": "white"},
            "pattern": {"shape": ["/" if c.malformed else "" for c in calls]},
        },
        customdata=told,
        hovertemplate="%{customdata}<extra></extra>",
        showlegend=False,
    )


def _look_ups(trace: Trace, replying: Sequence[Call], scale: float) -> go.Scatter:
    # A look-up follows the call of its step; one that the loop made on its own stands at the end of what was called.
    ends = [sum(c.seconds for c in replying[: n + 1]) for n in range(len(trace.steps))]
    timed = zip(ends, trace.steps, strict=True)
    asked = [(end, step.action, step.hits) for end, step in timed if isinstance(step.action, Retrieve)]
    return go.Scatter(
        x=[end * scale for end, _, _ in asked],
        y=["retrieve"] * len(asked),
        mode="markers+text",
        marker={"symbol": "diamond", "size": 13, "color": STAGE_COLOURS["retrieve"]},
        text=[f"  “{as_html(shortened(', '.join(a.keywords), 36))}”: {len(hits)} hits" for _, a, hits in asked],
        textposition="middle right",
        customdata=[as_html(shortened(", ".join(action.keywords), 80)) for _, action, _ in asked],
        hovertemplate="looked up: %{customdata}<extra></extra>",
        showlegend=False,
    )


def hit_scores(hits: Sequence[Hit]) -> go.Figure:
    """Draw hits from the best down: the fused score as a bar (0 to 1), its parts as symbols where they were asked."""
    ranked = sorted(hits, key=lambda hit: hit.scores.fused)
    names = [f"{as_html(shortened(hit.text, 42))}  <b>{hit.id}</b>" for hit in ranked]
    figure = go.Figure(
        go.Bar(
            x=[hit.scores.fused for hit in ranked],
            y=names,
            orientation="h",
            width=0.55,
            marker={"color": [faded(TYPE_COLOURS[hit.type], 0.55) for hit in ranked]},
            customdata=[f"{hit.type}, {hit.time:%d %b %Y}<br>{as_html(hit.why)}" for hit in ranked],
            hovertemplate="<b>%{x:.2f}</b> %{customdata}<extra></extra>",
            name="fused",
            showlegend=False,
        )
    )
    for part, symbol in (("dense", "circle"), ("lexical", "line-ns"), ("picture", "square")):
        scored = [(getattr(hit.scores, part), name) for hit, name in zip(ranked, names, strict=True)]
        if any(score is not None for score, _ in scored):
            figure.add_trace(_parts(part, symbol, scored))
    figure.update_xaxes(title_text="score (0 to 1, higher is nearer; bar: fused)", range=[0, 1.02])
    figure.update_layout(legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0})
    return styled(figure, height=110 + 30 * len(ranked), top=36)


def _parts(part: str, symbol: str, scored: Sequence[tuple[float | None, str]]) -> go.Scatter:
    return go.Scatter(
        x=[score for score, _ in scored],
        y=[name for _, name in scored],
        mode="markers",
        marker={"symbol": symbol, "size": 9, "color": RULE, "line": {"width": 2, "color": RULE}},
        hovertemplate=f"{part} %{{x:.2f}}<extra></extra>",
        name=part,
    )


PART_COLOURS: Mapping[str, str] = {
    "instructions": "#868c96",
    "core memory": TYPE_COLOURS["core"],
    "traits": "#8462b8",
    "recent turns": "#c07c00",
    "message": "#c9506a",
    "reply": "#8d3a4c",
    "known already": "#4b7fa6",
    "procedural": TYPE_COLOURS["procedural"],
    "semantic": TYPE_COLOURS["semantic"],
    "visual": TYPE_COLOURS["visual"],
    "episodic": TYPE_COLOURS["episodic"],
    "earlier steps": "#6a7590",
}


def context_bars(prompts: Sequence[tuple[str, Sequence[tuple[str, int]]]]) -> go.Figure:
    """Draw what fills each prompt: its name, and its parts with their sizes (tokens, about four characters).

    Prompts stand from the first down; parts keep their colour in every figure, those of no known name are grey.
    """
    names = [f"{number}. {name}" for number, (name, _) in enumerate(prompts, start=1)]
    sizes = [dict(parts) for _, parts in prompts]
    there = list(dict.fromkeys(part for filled in sizes for part in filled))
    used = [*(part for part in PART_COLOURS if part in there), *(part for part in there if part not in PART_COLOURS)]
    bars = (
        go.Bar(
            x=[filled.get(part, 0) for filled in sizes],
            y=names,
            orientation="h",
            width=0.6,
            name=part,
            marker={"color": PART_COLOURS.get(part, RULE), "line": {"width": 1, "color": "white"}},
            text=[part if filled.get(part, 0) > 0.12 * sum(filled.values()) else "" for filled in sizes],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            hovertemplate=f"{part}: %{{x}} tokens<extra></extra>",
        )
        for part in used
    )
    figure = go.Figure(list(bars))
    figure.update_layout(
        barmode="stack", legend={"orientation": "h", "y": -0.32, "yanchor": "top", "x": 0, "traceorder": "normal"}
    )
    figure.update_xaxes(title_text="size (tokens, about four characters each)")
    figure.update_yaxes(categoryorder="array", categoryarray=names[::-1], type="category", automargin=True)
    return styled(figure, height=150 + 44 * max(1, len(prompts)), top=8)
