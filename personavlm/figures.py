"""Figures: one function per figure, values in, a plotly figure out. Notebooks and the inspector draw with these alike.

    profile_over_turns(trajectory(store.edits()))   five traits with their 90 % band, one panel each
    session_timeline(traces)                        turns on a time axis, coloured by session
    gap_sweep(traces)                               number and length of sessions against the gap
    turn_timeline(trace)                            one turn: respond, retrieve, update, in seconds
    hit_scores(hits)                                what came back, and what each part of the score says

One palette for memory types and traits is used everywhere; colour is never the only sign (panels, symbols and labels
say the same), and every colour has a contrast of at least 3 to 1 on white and on near-black. Text takes the colour of
the template, so that a dark page can give its own. Nothing here reads a store, a clock or a model.

Source of the hues: Okabe and Ito, "Color universal design" (2008), darkened where they were too pale on white.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from statistics import median

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from personavlm.memory import Observe, ProfileStep
from personavlm.personality import HIGHEST, LOWEST, MIDDLE, TRAITS, Estimate, Trait, describe_trait
from personavlm.trace import SESSION_GAP, Answer, Call, Hit, HitType, Retrieve, Session, Trace, sessions

TRAIT_COLOURS: Mapping[Trait, str] = {
    "openness": "#8462b8",
    "conscientiousness": "#2277b4",
    "extraversion": "#c07c00",
    "agreeableness": "#2a8f68",
    "neuroticism": "#c9506a",
}
TYPE_COLOURS: Mapping[HitType, str] = {
    "core": "#6a7590",
    "semantic": "#2277b4",
    "episodic": "#c9601e",
    "procedural": "#2a8f68",
    "visual": "#a8559c",
    "turn": "#868c96",
}
STAGE_COLOURS: Mapping[str, str] = {"respond": "#2277b4", "retrieve": "#c9601e", "update": "#2a8f68"}
CYCLE = ("#2277b4", "#c9601e", "#2a8f68", "#a8559c", "#c07c00")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x")
FAINT = "rgba(128, 128, 128, 0.22)"
RULE = "rgba(128, 128, 128, 0.65)"

UPDATE_PURPOSES = frozenset({"personality", "semantic", "episodic", "procedural", "core"})
"""Purposes of the update stage's calls; all others reply. Source: modules ``update`` and ``respond``."""
SWEPT_GAPS = tuple(timedelta(minutes=m) for m in (1, 2, 5, 10, 20, 30, 60, 120, 240, 480, 960, 1440, 2880, 10080))
"""Gaps of the sweep: a minute to a week, about evenly apart on a log scale."""
LABELLED = 24
"""With more sessions than this their names are shown on hovering only."""


# ── the profile ──────────────────────────────────────────────────────────────────────────────────────────────────


def profile_over_turns(steps: Sequence[ProfileStep]) -> go.Figure:
    """Draw five traits over turns, one panel each: score (points, 1 to 5), 90 % band, a cross where the user set it.

    Hovering names the evidence turn with its date and the words that moved the trait.
    """
    figure = make_subplots(rows=len(TRAITS), cols=1, shared_xaxes=True, vertical_spacing=0.035)
    for row, trait in enumerate(TRAITS, start=1):
        for drawn in *_band(steps, trait), _line(steps, trait), _set_by_hand(steps, trait):
            figure.add_trace(drawn, row=row, col=1)
        figure.add_hline(MIDDLE, line={"color": RULE, "width": 1, "dash": "dot"}, row=row, col=1)
        _name_panel(figure, row, trait, steps)
        figure.update_yaxes(range=[LOWEST - 0.15, HIGHEST + 0.15], tickvals=[1, 3, 5], row=row, col=1)
    figure.update_yaxes(title_text="score (1 to 5)", row=3, col=1)
    figure.update_xaxes(title_text="turn (number; band: 90 % interval; cross: set by the user)", row=5, col=1)
    figure.update_xaxes(rangemode="tozero", **_whole_numbers(steps))
    return _styled(figure, height=600, right=150)


def _numbers(steps: Sequence[ProfileStep]) -> list[int]:
    return [0, *(_turn_number(step.turn) for step in steps)]


def _estimates(steps: Sequence[ProfileStep]) -> list[Estimate]:
    return [Estimate(), *(step.estimate for step in steps)]


def _turn_number(turn: str) -> int:
    return int(turn[1:]) if turn[1:].isdigit() else 0


def _whole_numbers(steps: Sequence[ProfileStep]) -> dict[str, object]:
    few = max(_numbers(steps)) <= 10
    return {"dtick": 1} if few else {"nticks": 12}


def _band(steps: Sequence[ProfileStep], trait: Trait) -> tuple[go.Scatter, go.Scatter]:
    intervals = [estimate.interval(trait) for estimate in _estimates(steps)]
    low, high = ([getattr(i, end) for i in intervals] for end in ("low", "high"))
    shared = {"x": _numbers(steps), "mode": "lines", "line": {"width": 0, "shape": "hv"}, "hoverinfo": "skip"}
    faded = _faded(TRAIT_COLOURS[trait], 0.18)
    return (
        go.Scatter(y=low, showlegend=False, **shared),
        go.Scatter(y=high, fill="tonexty", fillcolor=faded, showlegend=False, **shared),
    )


def _line(steps: Sequence[ProfileStep], trait: Trait) -> go.Scatter:
    return go.Scatter(
        x=_numbers(steps),
        y=[estimate.profile[trait] for estimate in _estimates(steps)],
        mode="lines+markers",
        line={"color": TRAIT_COLOURS[trait], "width": 2, "shape": "hv"},
        marker={"size": _moves(steps, trait), "line": {"width": 0}},
        text=["before the first turn", *(_evidence(step, trait) for step in steps)],
        hovertemplate=f"<b>{trait} %{{y:.2f}}</b><br>%{{text}}<extra></extra>",
        showlegend=False,
    )


def _moves(steps: Sequence[ProfileStep], trait: Trait) -> list[int]:
    """Marker sizes: a dot where a step moved this trait, none where it moved only others."""
    scores = [estimate.profile[trait] for estimate in _estimates(steps)]
    return [0, *(7 if now != before else 0 for before, now in pairwise(scores))]


def _set_by_hand(steps: Sequence[ProfileStep], trait: Trait) -> go.Scatter:
    chosen = [s for s in steps if not isinstance(s.edit, Observe) and trait in dict(s.edit.scores)]
    return go.Scatter(
        x=[_turn_number(s.turn) for s in chosen],
        y=[dict(s.edit.scores)[trait] for s in chosen if not isinstance(s.edit, Observe)],
        mode="markers",
        marker={"symbol": "x-thin", "size": 11, "line": {"width": 2.5, "color": TRAIT_COLOURS[trait]}},
        hovertemplate="set by the user: %{y:.2f}<extra></extra>",
        showlegend=False,
    )


def _evidence(step: ProfileStep, trait: Trait) -> str:
    when = f"{step.turn or 'at the start'}, {step.time:%d %b %Y %H:%M}"
    if not isinstance(step.edit, Observe):
        return f"{when}<br>settings by the user"
    cues = ", ".join(cue for moved, cue in step.edit.cues if moved == trait)
    return f"{when}<br>read as {step.edit.observed[trait]:.1f}" + (f" from: {_html(cues)}" if cues else "")


def _name_panel(figure: go.Figure, row: int, trait: Trait, steps: Sequence[ProfileStep]) -> None:
    score = _estimates(steps)[-1].profile[trait]
    axis = "" if row == 1 else str(row)
    shared = {"yref": f"y{axis} domain", "showarrow": False, "align": "left", "xanchor": "left", "xref": "paper"}
    figure.add_annotation(
        text=f"<b>{trait}</b><br>{score:.1f}  {_wrapped(describe_trait(trait, score), 24)}",
        x=1.015,
        y=0.5,
        font={"size": 11},
        **shared,
    )


# ── sessions ─────────────────────────────────────────────────────────────────────────────────────────────────────


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
    return _styled(figure, height=340, top=48)


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
        customdata=[f"{session.id} · {t.id} · {t.time:%d %b %Y %H:%M}<br>{_html(_short(t.text, 80))}" for t in turns],
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
    return _styled(figure, height=330)


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
        fillcolor=_faded(CYCLE[1], 0.16),
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
    )


def _minutes(gap: timedelta) -> float:
    return gap.total_seconds() / 60


# ── one turn ─────────────────────────────────────────────────────────────────────────────────────────────────────


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
    figure.add_trace(_look_ups(trace, replying, scale))
    _mark_reply(figure, trace, reply_at * scale, late=reply_at > sum(c.seconds for c in updating))
    figure.update_xaxes(title_text=f"time in model calls ({unit})", rangemode="tozero")
    rows = ["update", "retrieve", "respond"]
    figure.update_yaxes(type="category", categoryorder="array", categoryarray=rows, range=[-0.5, 2.5])
    return _styled(figure, height=270, top=40)


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
        + (f"<br>malformed: {_html(c.malformed)}" if c.malformed else "")
        for c in calls
    ]
    return go.Bar(
        x=[c.seconds * scale for c in calls],
        y=[stage] * len(calls),
        base=[s * scale for s in starts],
        orientation="h",
        width=0.55,
        text=[c.purpose for c in calls],
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
        text=[f"  “{_html(_short(', '.join(a.keywords), 36))}”: {len(hits)} hits" for _, a, hits in asked],
        textposition="middle right",
        customdata=[_html(_short(", ".join(action.keywords), 80)) for _, action, _ in asked],
        hovertemplate="looked up: %{customdata}<extra></extra>",
        showlegend=False,
    )


def hit_scores(hits: Sequence[Hit]) -> go.Figure:
    """Draw hits from the best down: the fused score as a bar (0 to 1), its parts as symbols where they were asked."""
    ranked = sorted(hits, key=lambda hit: hit.scores.fused)
    names = [f"{_html(_short(hit.text, 42))}  <b>{hit.id}</b>" for hit in ranked]
    figure = go.Figure(
        go.Bar(
            x=[hit.scores.fused for hit in ranked],
            y=names,
            orientation="h",
            width=0.55,
            marker={"color": [_faded(TYPE_COLOURS[hit.type], 0.55) for hit in ranked]},
            customdata=[f"{hit.type}, {hit.time:%d %b %Y}<br>{_html(hit.why)}" for hit in ranked],
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
    return _styled(figure, height=110 + 30 * len(ranked), top=36)


def _parts(part: str, symbol: str, scored: Sequence[tuple[float | None, str]]) -> go.Scatter:
    return go.Scatter(
        x=[score for score, _ in scored],
        y=[name for _, name in scored],
        mode="markers",
        marker={"symbol": symbol, "size": 9, "color": RULE, "line": {"width": 2, "color": RULE}},
        hovertemplate=f"{part} %{{x:.2f}}<extra></extra>",
        name=part,
    )


# ── style ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _styled(figure: go.Figure, height: int, top: int = 16, right: int = 16) -> go.Figure:
    """Give a figure the house style: no chart junk, quiet grid, transparent ground, text in the template's colour."""
    figure.update_layout(
        template="plotly_white",
        height=height,
        margin={"l": 64, "r": right, "t": top, "b": 48},
        paper_bgcolor="rgba(0, 0, 0, 0)",
        plot_bgcolor="rgba(0, 0, 0, 0)",
        font={"size": 12},
        title={"font": {"size": 14}, "x": 0, "xanchor": "left", "xref": "paper"},
        hoverlabel={"align": "left"},
        bargap=0.35,
    )
    figure.update_xaxes(gridcolor=FAINT, zeroline=False, title_font={"size": 12})
    figure.update_yaxes(gridcolor=FAINT, zeroline=False, title_font={"size": 12})
    return figure


def _faded(colour: str, share: float) -> str:
    red, green, blue = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {share})"


def _short(text: str, length: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: length - 1] + "…"


def _html(text: str) -> str:
    """Text as data: plotly renders a little HTML in labels, and a user's words must not become any."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _wrapped(text: str, width: int) -> str:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(lines)
