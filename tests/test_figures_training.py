"""Figures of training: a panel for each number, one look per run, parts that add up to the reward."""

from __future__ import annotations

from personavlm.figures import rewards, training_curves


def test_every_number_has_its_panel_and_every_run_its_look() -> None:
    panels = {name: {"<a>": ([1, 2], [3.0, 2.0]), "b": ([1], [4.0])} for name in ("loss", "rate", "tokens", "KL")}
    figure = training_curves(panels)
    assert len(figure.data) == 8
    assert {trace.xaxis for trace in figure.data} == {"x", "x2", "x3", "x4"}
    looks = {(trace.name, trace.line.color, trace.line.dash) for trace in figure.data}
    assert len(looks) == 2
    assert {name for name, *_ in looks} == {"&lt;a&gt;", "b"}
    assert sum(trace.showlegend for trace in figure.data) == 2
    assert not any(trace.showlegend for trace in training_curves({"loss": {"b": ([1], [4.0])}}).data)


def test_parts_of_a_reward_are_stacked_and_advantages_stand_beside() -> None:
    earned = {"1": {"right": 1.0, "look-ups": -0.1, "period": 0.0}, "2": {"right": 0.0}}
    figure = rewards(earned, {"1": 1.0, "2": -1.0})
    *parts, advantage = figure.data
    assert {part.name: list(part.x) for part in parts} == {"right": [1.0, 0.0], "look-ups": [-0.1, 0.0]}
    assert list(advantage.x) == [1.0, -1.0]
    assert figure.layout.barmode == "relative"
