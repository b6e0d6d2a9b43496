"""Figures: what they show is what went in, axes carry units, colours can be told from their ground."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import plotly.graph_objects as go
import pytest

from personavlm import figures
from personavlm.figures import gap_sweep, hit_scores, profile_over_turns, session_timeline, turn_timeline
from personavlm.memory import Observe, Override, ProfileStep, trajectory
from personavlm.personality import TRAITS, Profile
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


def test_words_are_data_in_every_figure(answered: Trace, traces: list[Trace]) -> None:
    for figure in (hit_scores(answered.hits), turn_timeline(answered), session_timeline(traces)):
        assert "<b>tea" not in str(figure.to_dict())
        assert "turn <1>" not in str(figure.to_dict())


def test_axes_are_labelled_with_units(path: tuple[ProfileStep, ...], traces: list[Trace], answered: Trace) -> None:
    units = ("1 to 5", "number", "day", "log scale", "seconds", "0 to 1", "turns")
    drawn = [profile_over_turns(path), session_timeline(traces), gap_sweep(traces), turn_timeline(answered)]
    for figure in [*drawn, hit_scores(answered.hits)]:
        titles = axis_titles(figure)
        assert titles
        assert all(any(unit in title for unit in units) for title in titles), titles


@pytest.mark.parametrize("draw", [profile_over_turns, session_timeline, gap_sweep, hit_scores])
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
