"""Figures: what they show is what went in, axes carry units, colours can be told from their ground."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import plotly.graph_objects as go
import pytest

from personavlm import figures
from personavlm.figures import (
    context_bars,
    gap_sweep,
    hit_scores,
    memory_map,
    memory_timeline,
    momentum_curve,
    paths_and_truth,
    paths_compared,
    profile_dots,
    profile_over_turns,
    profile_radar,
    session_timeline,
    turn_timeline,
)
from personavlm.figures.graph import Disc, Line, Spot
from personavlm.figures.profile import TraitPath
from personavlm.figures.timeline import READABLE
from personavlm.memory import Memory, Observe, Override, ProfileStep, trajectory
from personavlm.personality import NEUTRAL, TRAITS, Estimate, Profile, momentum
from personavlm.trace import Answer, Call, Hit, Picture, Retrieve, Scores, Step, Trace, Turn

NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)


def read(turn: int, **scores: float) -> Observe:
    return Observe(
        NOON + timedelta(minutes=turn), (f"t{turn}",), Profile(**scores), turn - 1, cues=(("openness", "art"),)
    )


@pytest.fixture
def path() -> tuple[ProfileStep, ...]:
    by_hand = Override(NOON + timedelta(minutes=8), ("t8",), (("neuroticism", 1.5),))
    return trajectory([read(1, openness=5), read(2), read(7, extraversion=1), by_hand])


@pytest.fixture
def traces() -> list[Trace]:
    minutes = (0, 2, 5, 200, 203, 60 * 24 * 3)
    return [
        Trace(Turn(f"t{n}", NOON + timedelta(minutes=m), f"turn <{n}>"), (Step("", Answer("yes")),))
        for n, m in enumerate(minutes, start=1)
    ]


@pytest.fixture
def answered() -> Trace:
    hit = Hit("m1", "semantic", NOON, "likes <b>tea</b> & cake", Scores(0.7, 0.8, 0.5), "says tea", ("t1",))
    other = replace(hit, id="m2", scores=Scores(0.9, 0.9, None))
    steps = (Step("look", Retrieve(("tea",)), (hit, other)), Step("enough", Answer("tea")))
    calls = [Call("respond", "m", 0.5), Call("respond", "m", 1.0), Call("semantic", "m", 2.0, 9, 9, "no keys")]
    return Trace(Turn("t9", NOON, "What do I like?", (Picture("", caption="a cup"),)), steps, (), tuple(calls))


def axis_titles(figure: go.Figure) -> list[str]:
    axes = [*figure.select_xaxes(), *figure.select_yaxes()]
    return [axis.title.text for axis in axes if axis.title.text]


def test_the_path_leaves_out_readings_that_changed_nothing(path: tuple[ProfileStep, ...]) -> None:
    assert [step.turn for step in path] == ["t1", "t7", "t8"]
    assert path[0].estimate.profile.openness == 4.0
    assert path[-1].estimate.profile.neuroticism == 1.5


def test_profile_has_a_panel_per_trait_and_every_step(path: tuple[ProfileStep, ...]) -> None:
    figure = profile_over_turns(path)
    lines = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert len(lines) == len(TRAITS)
    openness = lines[TRAITS.index("openness")]
    assert list(openness.x) == [0, 1, 7, 8]
    assert list(openness.y) == [3.0, *(step.estimate.profile.openness for step in path)]
    assert "t1" in openness.text[1]
    assert "art" in openness.text[1]


def test_profile_band_is_the_interval_and_closes_where_the_user_spoke(path: tuple[ProfileStep, ...]) -> None:
    figure = profile_over_turns(path)
    low, high = [t for t in figure.data if t.mode == "lines"][2 * TRAITS.index("neuroticism") :][:2]
    for step, below, above in zip(path, low.y[1:], high.y[1:], strict=True):
        interval = step.estimate.interval("neuroticism")
        assert (below, above) == (interval.low, interval.high)
    assert low.y[-1] == high.y[-1] == 1.5


def test_the_last_profile_is_drawn_on_to_the_present_turn(path: tuple[ProfileStep, ...]) -> None:
    line = next(trace for trace in profile_over_turns(path, turns=20).data if trace.mode == "lines+markers")
    assert list(line.x) == [0, 1, 7, 8, 20]
    assert line.y[-1] == line.y[-2]
    assert line.text[-1] == "t20: unchanged since"


def test_sessions_are_columns_of_their_turns(traces: list[Trace]) -> None:
    figure = session_timeline(traces)
    assert [list(column.y) for column in figure.data] == [[1, 2, 3], [1, 2], [1]]
    assert [column.text[-1] for column in figure.data] == ["s1", "s2", "s3"]
    assert all(
        a.marker.color != b.marker.color and a.marker.symbol != b.marker.symbol for a, b in pairwise(figure.data)
    )
    assert "6 turns in 3 sessions" in figure.layout.title.text


def test_a_longer_gap_never_makes_more_sessions(traces: list[Trace]) -> None:
    numbers = list(gap_sweep(traces).data[0].y)
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[0] == 6
    assert numbers[-1] == 1


def test_one_turn_lays_its_calls_end_to_end(answered: Trace) -> None:
    respond, update, look_ups = turn_timeline(answered).data
    assert list(zip(respond.base, respond.x, strict=True)) == [(0.0, 0.5), (0.5, 1.0)]
    assert (list(update.base), list(update.x)) == ([1.5], [2.0])
    assert list(look_ups.x) == [0.5]
    assert "2 hits" in look_ups.text[0]
    assert list(update.marker.pattern.shape) == ["/"]


def test_short_turns_are_in_milliseconds(answered: Trace) -> None:
    quick = replace(answered, calls=(Call("respond", "m", 0.02),))
    figure = turn_timeline(quick)
    assert "milliseconds" in figure.layout.xaxis.title.text
    assert list(figure.data[0].x) == [20.0]


def test_hits_stand_from_the_best_down_and_show_their_parts(answered: Trace) -> None:
    figure = hit_scores(answered.hits)
    assert list(figure.data[0].x) == [0.7, 0.9]  # plotly draws upwards: the last is on top
    assert {trace.name for trace in figure.data} == {"fused", "dense", "lexical"}


@pytest.fixture
def memories() -> list[Memory]:
    days = [NOON + timedelta(days=n) for n in range(9)]
    return [
        Memory("m1", "semantic", "likes <b>tea</b>", days[0], ("t1",)),
        Memory("m2", "semantic", "drinks cola", days[0], ("t1",), days[2], "superseded"),
        Memory("m3", "semantic", "has a cold", days[1], ("t2",), days[1], "retired"),
        Memory("c1", "core", "home: Porto", days[0] - timedelta(days=900), ("t1",)),
        Memory("e1", "episodic", "a talk", days[2], ("t3",), days[2]),
    ]


def marks(figure: go.Figure) -> dict[str, list[datetime]]:
    """Where each memory or turn has a mark, by its id."""
    found: dict[str, list[datetime]] = {}
    for drawn in figure.data:
        for place, at in zip(drawn.customdata if drawn.customdata is not None else (), drawn.x, strict=False):
            found.setdefault(place[0], []).append(at)
    return found


def test_every_memory_and_turn_has_its_mark_where_it_began_and_ended(
    memories: list[Memory], traces: list[Trace]
) -> None:
    found = marks(memory_timeline(memories, traces))
    assert set(found) == {m.id for m in memories} | {t.turn.id for t in traces}
    assert found["m1"] == [memories[0].since]
    assert found["m2"] == [memories[1].since, memories[1].until]
    assert found["c1"] == [traces[0].turn.time]  # what began before the first turn begins with the axis


def test_a_bar_tells_by_its_line_whether_it_holds(memories: list[Memory], traces: list[Trace]) -> None:
    figure = memory_timeline(memories, traces, edge=NOON + timedelta(days=5))
    lines = {(bar.line.dash, bar.x[0], bar.x[1]) for bar in figure.data if bar.mode == "lines"}
    assert ("solid", memories[0].since, NOON + timedelta(days=5)) in lines
    assert any(dash not in ("solid", None) and end == memories[1].until for dash, _, end in lines)


def test_long_pauses_are_cut_out_of_the_axis(memories: list[Memory], traces: list[Trace]) -> None:
    assert not memory_timeline(memories, traces[:5]).layout.xaxis.rangebreaks
    late = replace(traces[-1], turn=replace(traces[-1].turn, time=NOON + timedelta(days=600)))
    (cut,) = memory_timeline(memories, [*traces, late]).layout.xaxis.rangebreaks
    start, end = cut.bounds
    assert traces[-1].turn.time < start < end < late.turn.time


def test_many_memories_are_drawn_without_their_texts(memories: list[Memory], traces: list[Trace]) -> None:
    many = [replace(memories[0], id=f"m{n}") for n in range(READABLE + 1)]
    assert list(memory_timeline(many, traces).layout.yaxis.ticktext) == ["semantic"]
    assert len(memory_timeline(many[:-1], traces).layout.yaxis.ticktext) == READABLE


def test_dots_stand_on_their_intervals_beside_another_moment(path: tuple[ProfileStep, ...]) -> None:
    now = path[-1].estimate
    figure = profile_dots(now, Estimate())
    then, last = (trace for trace in figure.data if trace.mode == "markers")
    assert list(last.x) == [now.profile[t] for t in TRAITS]
    assert list(then.x) == [3.0] * 5
    assert then.marker.symbol == "circle-open"


def test_the_radar_closes_and_fills_the_last(path: tuple[ProfileStep, ...]) -> None:
    first, last = profile_radar({"at first": NEUTRAL, "now": path[-1].estimate.profile}).data
    assert first.r[0] == first.r[-1]
    assert (first.fill, last.fill) == ("none", "toself")
    assert list(last.r[:5]) == [path[-1].estimate.profile[t] for t in TRAITS]


def test_the_curve_of_lambda_carries_the_steps(path: tuple[ProfileStep, ...]) -> None:
    curve, dots = momentum_curve(path).data
    assert (curve.y[0], curve.y[50]) == (momentum(0), momentum(50))
    assert list(dots.x) == [0, 6]  # the step set by hand has no weight
    assert list(dots.y) == [momentum(0), momentum(6)]


def test_paths_are_told_apart_by_more_than_colour(path: tuple[ProfileStep, ...]) -> None:
    figure = paths_compared({"paper": path, "less": path[:1]}, turns=9)
    assert len(figure.data) == 2 * len(TRAITS)
    assert len({trace.line.dash for trace in figure.data}) == 2
    assert [trace.showlegend for trace in figure.data if trace.name == "less"] == [True, False, False, False, False]
    assert figure.data[0].x[-1] == 9


def test_truth_is_dashed_beside_each_persons_path() -> None:
    one = TraitPath("p1", "openness", (1, 9), (3.0, 3.6), (1.0, 2.0), (5.0, 4.8), (4.0, 4.0))
    figure = paths_and_truth([one, replace(one, person="p2", trait="neuroticism")])
    dashed = [trace for trace in figure.data if trace.line.dash == "dash"]
    assert [list(trace.y) for trace in dashed] == [[4.0, 4.0], [4.0, 4.0]]
    assert len({trace.yaxis for trace in dashed}) == 2


def test_a_prompts_parts_are_as_long_as_they_are_large() -> None:
    figure = context_bars([("respond", [("message", 30), ("instructions", 300)]), ("respond_more", [("message", 30)])])
    parts = {trace.name: list(trace.x) for trace in figure.data}
    assert parts == {"instructions": [300, 0], "message": [30, 30]}
    assert [trace.name for trace in context_bars([("x", [("of no known name", 3)])]).data] == ["of no known name"]


def test_the_map_shows_what_holds_and_what_ties() -> None:
    spots = [Spot(f"m{n}", "semantic", "<b>tea</b>", NOON, n, 0.0, 9, n == 0, n == 1) for n in range(3)]
    figure = memory_map(spots, [Line("m0", "m1", False), Line("m1", "m9", True)], [Disc("tea & co", 0, 0, 2)])
    between, inside, drawn = figure.data
    assert list(inside.x) == [0, 1, None]
    assert between.x is None or list(between.x) == []  # a tie to what is not on the map is not drawn
    assert len(set(drawn.marker.color)) == 2
    assert [place[0] for place in drawn.customdata] == ["m0", "m1", "m2"]
    assert "tea &amp; co" in figure.layout.annotations[0].text


def test_words_are_data_in_every_figure(answered: Trace, traces: list[Trace], memories: list[Memory]) -> None:
    life = memory_timeline(memories, traces)
    spot = Spot("m1", "semantic", "likes <b>tea</b>", NOON, 0, 0, 9)
    for figure in (
        hit_scores(answered.hits),
        turn_timeline(answered),
        session_timeline(traces),
        life,
        memory_map([spot], []),
    ):
        assert "<b>tea" not in str(figure.to_dict())
        assert "turn <1>" not in str(figure.to_dict())


def test_axes_are_labelled_with_units(path: tuple[ProfileStep, ...], traces: list[Trace], answered: Trace) -> None:
    units = ("1 to 5", "number", "day", "log scale", "seconds", "0 to 1", "turns")
    drawn = [profile_over_turns(path), session_timeline(traces), gap_sweep(traces), turn_timeline(answered)]
    drawn += [momentum_curve(path), paths_compared({"paper": path}), profile_dots(path[-1].estimate)]
    drawn += [memory_timeline([], traces)]
    for figure in [*drawn, hit_scores(answered.hits)]:
        titles = axis_titles(figure)
        assert titles
        assert all(any(unit in title for unit in units) for title in titles), titles


@pytest.mark.parametrize(
    "draw",
    [
        profile_over_turns,
        session_timeline,
        gap_sweep,
        hit_scores,
        momentum_curve,
        paths_and_truth,
        context_bars,
        lambda nothing: memory_timeline(nothing, nothing),
        lambda nothing: memory_map(nothing, nothing),
        lambda _: paths_compared({}),
        lambda _: profile_radar({}),
    ],
)
def test_nothing_to_draw_is_drawn_as_nothing(draw: object) -> None:
    assert isinstance(draw([]), go.Figure)  # type: ignore[operator]
    assert isinstance(turn_timeline(Trace(Turn("t1", NOON, "hi"), ())), go.Figure)


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    "colour", sorted({*figures.TRAIT_COLOURS.values(), *figures.TYPE_COLOURS.values(), *figures.CYCLE})
)
def test_colours_stand_out_on_light_and_dark(colour: str) -> None:
    for ground in ("#ffffff", "#12161c"):
        lighter, darker = sorted((luminance(colour), luminance(ground)), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 3, f"{colour} on {ground}"
