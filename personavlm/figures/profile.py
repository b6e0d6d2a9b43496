"""The profile's path: five traits over turns, from ``memory.trajectory``; beside other rules, moments and the truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from personavlm.figures.style import (
    CYCLE,
    RULE,
    SYMBOLS,
    TRAIT_COLOURS,
    as_html,
    faded,
    marked_with,
    scatter,
    styled,
    wrapped,
)
from personavlm.memory import Observe, Override, ProfileStep
from personavlm.personality import (
    HIGHEST,
    LOWEST,
    MIDDLE,
    PAPER_MOMENTUM,
    TRAITS,
    Estimate,
    Momentum,
    Profile,
    Trait,
    describe_trait,
    momentum,
)


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
        for drawn in (*_band(path, trait), _line(path, trait), *_set_by_hand(steps, trait)):
            figure.add_trace(drawn, row=row, col=1)
    names = [_panel_name(row, trait, path[-1].estimate.profile[trait]) for row, trait in enumerate(TRAITS, start=1)]
    figure.update_layout(annotations=names)
    _rule_the_middle(figure, len(TRAITS))
    figure.update_yaxes(range=[LOWEST - 0.15, HIGHEST + 0.15], tickvals=[1, 3, 5])
    figure.update_yaxes(title_text="score (1 to 5)", row=3, col=1)
    figure.update_xaxes(title_text="turn (number; band: 90 % interval; cross: set by the user)", row=5, col=1)
    ticks = {"dtick": 1} if path[-1].turn <= 10 else {"nticks": 12}
    figure.update_xaxes(rangemode="tozero", **ticks)
    return styled(figure, height=600, right=150)


def _rule_the_middle(figure: go.Figure, panels: int) -> None:
    """Draw neutral as a dotted line in each panel, in one go: adding lines one by one is slow."""
    axes = ["", *map(str, range(2, panels + 1))]
    line = {"color": RULE, "width": 1, "dash": "dot"}
    across = {"type": "line", "x0": 0, "x1": 1, "y0": MIDDLE, "y1": MIDDLE, "line": line}
    figure.update_layout(shapes=[{**across, "xref": f"x{axis} domain", "yref": f"y{axis}"} for axis in axes])


def _points(steps: Sequence[ProfileStep], turns: int) -> list[_Point]:
    path = [_Point(0, Estimate()), *(_Point(_turn_number(s.turn), s.estimate, s) for s in steps)]
    held = [_Point(turns, path[-1].estimate)] if turns > path[-1].turn else []
    return [*path, *held]


def _turn_number(turn: str) -> int:
    return int(turn[1:]) if turn[1:].isdigit() else 0


def _band(path: Sequence[_Point], trait: Trait) -> tuple[dict[str, object], dict[str, object]]:
    intervals = [point.estimate.interval(trait) for point in path]
    low, high = [i.low for i in intervals], [i.high for i in intervals]
    numbers = [point.turn for point in path]
    shared = {"x": numbers, "mode": "lines", "line": {"width": 0, "shape": "hv"}, "hoverinfo": "skip"}
    shade = faded(TRAIT_COLOURS[trait], 0.18)
    return (
        scatter(y=low, showlegend=False, **shared),
        scatter(y=high, fill="tonexty", fillcolor=shade, showlegend=False, **shared),
    )


def _line(path: Sequence[_Point], trait: Trait) -> dict[str, object]:
    scores = [point.estimate.profile[trait] for point in path]
    # A dot where a step moved this trait, none where it moved only others.
    sizes = [0, *(7 if now != before else 0 for before, now in pairwise(scores))]
    return scatter(
        x=[point.turn for point in path],
        y=scores,
        mode="lines+markers",
        line={"color": TRAIT_COLOURS[trait], "width": 2, "shape": "hv"},
        marker={"size": sizes, "line": {"width": 0}},
        customdata=marked_with([point.step.turn if point.step else "" for point in path]),
        unselected={"marker": {"opacity": 0.8}},
        text=[_evidence(point, trait) for point in path],
        hovertemplate=f"<b>{trait} %{{y:.2f}}</b><br>%{{text}}<extra></extra>",
        showlegend=False,
    )


def _set_by_hand(steps: Sequence[ProfileStep], trait: Trait) -> Iterator[dict[str, object]]:
    """Crosses where the user set the trait; nothing where they never did."""
    chosen = [
        (_turn_number(step.turn), score)
        for step in steps
        if isinstance(step.edit, Override)
        for moved, score in step.edit.scores
        if moved == trait
    ]
    if chosen:
        yield scatter(
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


def _panel_name(row: int, trait: Trait, score: float) -> dict[str, object]:
    """An annotation at the right of a panel: the trait, its last score, what that means."""
    return {
        "text": f"<b>{trait}</b><br>{score:.1f}  {wrapped(describe_trait(trait, score), 24)}",
        "x": 1.015,
        "y": 0.5,
        "xref": "paper",
        "yref": f"y{'' if row == 1 else row} domain",
        "xanchor": "left",
        "align": "left",
        "showarrow": False,
        "font": {"size": 11},
    }


# ── beside each other ────────────────────────────────────────────────────────────────────────────────────────────


def profile_dots(now: Estimate, then: Estimate | None = None) -> go.Figure:
    """Draw one profile: a dot per trait (points, 1 to 5) on its 90 % interval, with an open dot for another moment."""
    figure = go.Figure()
    names = list(TRAITS)
    for trait in TRAITS:
        interval = now.interval(trait)
        colour = TRAIT_COLOURS[trait]
        ends = {"x": [interval.low, interval.high], "y": [trait, trait], "mode": "lines", "hoverinfo": "skip"}
        figure.add_trace(go.Scatter(line={"width": 7, "color": faded(colour, 0.22)}, showlegend=False, **ends))
    if then is not None:
        figure.add_trace(_dots([then.profile[t] for t in TRAITS], "circle-open", "then"))
    figure.add_trace(_dots([now.profile[t] for t in TRAITS], "circle", "now"))
    figure.add_vline(MIDDLE, line={"color": RULE, "width": 1, "dash": "dot"})
    figure.update_xaxes(title_text="score (1 to 5; bar: 90 % interval)", range=[0.9, 5.1], tickvals=[1, 2, 3, 4, 5])
    figure.update_yaxes(type="category", categoryorder="array", categoryarray=names[::-1], automargin=True)
    return styled(figure, height=230, top=8)


def _dots(scores: Sequence[float], symbol: str, said: str) -> go.Scatter:
    colours = [TRAIT_COLOURS[trait] for trait in TRAITS]
    return go.Scatter(
        x=list(scores),
        y=list(TRAITS),
        mode="markers",
        marker={"symbol": symbol, "size": 11, "color": colours, "line": {"width": 2, "color": colours}},
        hovertemplate=f"%{{y}} {said}: %{{x:.2f}}<extra></extra>",
        showlegend=False,
    )


def profile_radar(profiles: Mapping[str, Profile]) -> go.Figure:
    """Draw profiles over each other on five axes (1 to 5), the last one filled; names stand in the legend."""
    figure = go.Figure()
    corners = [*TRAITS, TRAITS[0]]
    last = len(profiles) - 1
    for number, (name, profile) in enumerate(profiles.items()):
        colour = CYCLE[number % len(CYCLE)]
        figure.add_trace(
            go.Scatterpolar(
                r=[profile[trait] for trait in corners],
                theta=corners,
                mode="lines+markers",
                name=name,
                line={"color": colour, "width": 2, "dash": "solid" if number == last else "dot"},
                marker={"symbol": SYMBOLS[number % len(SYMBOLS)], "size": 7},
                fill="toself" if number == last else "none",
                fillcolor=faded(colour, 0.14),
                hovertemplate="%{theta} %{r:.2f}<extra>%{fullData.name}</extra>",
            )
        )
    axis = {"range": [0.5, HIGHEST], "tickvals": [1, 2, 3, 4, 5], "gridcolor": RULE, "angle": 90, "tickangle": 90}
    figure.update_layout(
        polar={"radialaxis": axis, "angularaxis": {"gridcolor": RULE, "rotation": 90}, "bgcolor": "rgba(0, 0, 0, 0)"},
        legend={"orientation": "h", "y": -0.12, "yanchor": "top", "x": 0.5, "xanchor": "center"},
    )
    styled(figure, height=330, top=30)
    return figure.update_layout(margin={"l": 84, "r": 84, "b": 24}, polar_angularaxis_tickfont_size=11)


def momentum_curve(steps: Sequence[ProfileStep], schedule: Momentum = PAPER_MOMENTUM, turns: int = 0) -> go.Figure:
    """Draw λ, the weight of the old profile (0 to 1), over finished turns, with a dot at every step of a path."""
    read = [step.edit for step in steps if isinstance(step.edit, Observe)]
    reach = max(schedule.horizon + 10, turns, *(edit.turn for edit in read), 0)
    numbers = list(range(reach + 1))
    figure = go.Figure(
        go.Scatter(
            x=numbers,
            y=[momentum(m, schedule) for m in numbers],
            mode="lines",
            line={"color": CYCLE[0], "width": 2},
            hovertemplate="turn %{x}: λ %{y:.2f}<extra></extra>",
            showlegend=False,
        )
    )
    figure.add_trace(
        go.Scatter(
            x=[edit.turn for edit in read],
            y=[momentum(edit.turn, edit.schedule) for edit in read],
            mode="markers",
            marker={"size": 8, "color": CYCLE[1]},
            text=[
                f"{edit.evidence[-1]}: the reading weighed {1 - momentum(edit.turn, edit.schedule):.2f}"
                for edit in read
            ],
            hovertemplate="%{text}<extra></extra>",
            showlegend=False,
        )
    )
    figure.update_xaxes(title_text="turns finished before (number; dot: a reading that moved the profile)")
    figure.update_yaxes(title_text="λ (weight of the old, 0 to 1)", range=[0.4, 1.0])
    return styled(figure, height=250, top=8)


def paths_compared(paths: Mapping[str, Sequence[ProfileStep]], turns: int = 0) -> go.Figure:
    """Draw several paths of one user over turns, one panel per trait (points, 1 to 5): other rules, or a session less.

    The first path is drawn thick; the others are told apart by dash and colour.
    """
    dashes = ("solid", "dash", "dot", "dashdot", "longdash")
    figure = make_subplots(rows=1, cols=len(TRAITS), shared_yaxes=True, horizontal_spacing=0.02, subplot_titles=TRAITS)
    for number, (name, steps) in enumerate(paths.items()):
        points = _points(steps, turns)
        line = {"color": CYCLE[number % 5], "dash": dashes[number % 5], "width": 1.6 if number else 3, "shape": "hv"}
        for column, trait in enumerate(TRAITS, start=1):
            drawn = go.Scatter(
                x=[point.turn for point in points],
                y=[point.estimate.profile[trait] for point in points],
                mode="lines",
                line=line,
                name=name,
                legendgroup=name,
                showlegend=column == 1,
                hovertemplate=f"{trait} %{{y:.2f}} after turn %{{x}}<extra>{name}</extra>",
            )
            figure.add_trace(drawn, row=1, col=column)
    _rule_the_middle(figure, len(TRAITS))
    figure.update_yaxes(range=[LOWEST - 0.1, HIGHEST + 0.1], tickvals=[1, 2, 3, 4, 5])
    figure.update_yaxes(title_text="score (1 to 5)", row=1, col=1)
    figure.update_xaxes(title_text="turn (number)", row=1, col=3)
    figure.update_annotations(font={"size": 12})
    figure.update_layout(legend={"orientation": "h", "y": -0.24, "yanchor": "top", "x": 0})
    return styled(figure, height=300, top=30)


@dataclass(frozen=True, slots=True)
class TraitPath:
    """One trait of one person over turns, beside the truth; all but ``turns`` are scores in [1, 5]."""

    person: str
    trait: Trait
    turns: tuple[int, ...]
    scores: tuple[float, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]
    true: tuple[float, ...]


def paths_and_truth(paths: Sequence[TraitPath]) -> go.Figure:
    """Draw persons' profiles against their truth: a row per trait, a column per person (points, 1 to 5, over turns).

    The line is the estimate with its 90 % band, the dashed line the truth. After the paper's figure 14.
    """
    persons = list(dict.fromkeys(path.person for path in paths))
    columns = max(1, len(persons))
    figure = make_subplots(
        rows=len(TRAITS), cols=columns, shared_yaxes=True, horizontal_spacing=0.008, vertical_spacing=0.03
    )
    for path in paths:
        at = {"row": TRAITS.index(path.trait) + 1, "col": persons.index(path.person) + 1}
        for drawn in _against_truth(path):
            figure.add_trace(drawn, **at)
    figure.update_yaxes(range=[LOWEST - 0.15, HIGHEST + 0.15], tickvals=[1, 3, 5])
    figure.update_xaxes(showticklabels=False, rangemode="tozero", nticks=3)
    figure.update_xaxes(showticklabels=True, row=len(TRAITS))
    figure.update_xaxes(title_text="turn (number; dashed: the truth)", row=len(TRAITS), col=(columns + 1) // 2)
    for row, trait in enumerate(TRAITS, start=1):
        figure.update_yaxes(title_text=trait, title_font={"size": 10}, row=row, col=1)
    return styled(figure, height=620, top=10)


def _against_truth(path: TraitPath) -> tuple[go.Scatter, ...]:
    colour = TRAIT_COLOURS[path.trait]
    shared = {"x": path.turns, "mode": "lines", "showlegend": False}
    told = f"{path.person} {path.trait} %{{y:.2f}} after turn %{{x}}"
    edge = {"line": {"width": 0}, "hoverinfo": "skip"}
    true = {"color": RULE, "width": 1.5, "dash": "dash"}
    return (
        go.Scatter(y=path.lows, **shared, **edge),
        go.Scatter(y=path.highs, fill="tonexty", fillcolor=faded(colour, 0.16), **shared, **edge),
        go.Scatter(y=path.true, line=true, hovertemplate=f"truth: {told}<extra></extra>", **shared),
        go.Scatter(
            y=path.scores, line={"color": colour, "width": 1.8}, hovertemplate=f"{told}<extra></extra>", **shared
        ),
    )
