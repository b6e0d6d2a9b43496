"""Axes: a Config goes to plain values and back; what there is not is refused by name."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personavlm.assistant import DEFAULT_CONFIG, Config
from personavlm.bench.axes import axes_of, config_of
from personavlm.bench.replays import ANSWERING, update_side
from personavlm.errors import BadInput

CONFIGS = st.builds(
    Config,
    memories=st.frozensets(st.sampled_from(["core", "semantic", "episodic", "procedural"])),
    pem=st.sampled_from(["momentum", "latest", "off"]),
    gap=st.timedeltas(min_value=DEFAULT_CONFIG.gap, max_value=100 * DEFAULT_CONFIG.gap),
    period=st.booleans(),
    refill=st.booleans(),
    fusion=st.sampled_from(["both", "dense", "lexical"]),
    max_retrievals=st.integers(0, 5),
)


@given(CONFIGS)
def test_a_config_comes_back_from_json(config: Config) -> None:
    assert config_of(json.loads(json.dumps(axes_of(config)))) == config


def test_a_part_of_an_axis_keeps_the_rest() -> None:
    changed = config_of({"limits": {"topics": 0}})
    assert changed.limits.topics == 0
    assert changed.limits.semantic == DEFAULT_CONFIG.limits.semantic


@pytest.mark.parametrize("axes", [{"memory": []}, {"limits": {"topic": 1}}, {"fusion": "both of them"}])
def test_what_there_is_not_is_refused(axes: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        config_of(axes)


def test_axes_of_answering_do_not_change_the_replay() -> None:
    assert set(axes_of(DEFAULT_CONFIG)) >= ANSWERING
    other = config_of({"period": False, "fusion": "dense", "limits": {"topics": 4}, "refill": False, "links": False})
    assert update_side(other) == update_side(DEFAULT_CONFIG)
    assert update_side(config_of({"gap": "PT30M"})) != update_side(DEFAULT_CONFIG)
