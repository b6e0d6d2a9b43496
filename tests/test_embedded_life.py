"""The reader of everyday life: its network against torch's, spans from chances, records from spans."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personavlm.embedded import life as module
from personavlm.embedded.life import LABELS, LIKELY, SURE, Tables, life, likely, spans

NOW = datetime(2025, 5, 9, 18, 0, tzinfo=UTC)


def test_the_network_is_the_one_that_was_learnt() -> None:
    torch = pytest.importorskip("torch")
    from lab.life_reader import Shown, _Reader, _tables

    torch.manual_seed(0)
    draw = np.random.default_rng(1)
    module_, states = _Reader(12).eval(), draw.normal(0, 1, (31, 12)).astype(np.float32)
    mean, spread = draw.normal(0, 1, 12).astype(np.float32), draw.uniform(0.5, 2, 12).astype(np.float32)
    learnt = {name: table.astype(np.float32) for name, table in _tables(module_).items()}
    by = Tables("made", mean, spread, **learnt)
    shown = Shown(((states - mean) / spread).astype(np.float32), np.zeros((31, len(LABELS)), np.uint8))
    with torch.no_grad():
        wanted = torch.sigmoid(module_(torch.from_numpy(shown.states)[None], torch.ones(1, 31, 1)))[0].numpy()
    assert np.allclose(likely(by, states), wanted, atol=2e-3)  # the tables are in half precision


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=30))
def test_runs_are_sure_somewhere_and_apart(chances: list[float]) -> None:
    column = np.array(chances, np.float32)
    places = np.array([(3 * k, 3 * k + 2) for k in range(len(column))])
    found = list(module._runs(column, places))
    assert all(column[start // 3 : (end + 1) // 3].max() >= SURE for start, end in found)
    assert all(one[1] < other[0] for one, other in pairwise(found))
    loud = {k for k in range(len(column)) if column[k] >= max(SURE, LIKELY)}
    assert all(any(start <= 3 * k < end for start, end in found) for k in loud)


def test_an_encoder_it_was_not_learnt_from_is_not_read() -> None:
    class Other:
        name, dim = "other", 3

        def encode(self, texts: Any) -> Any:
            raise AssertionError("not asked")

    assert spans("My favourite tea is mint.", Other()) == ()


def told(monkeypatch: pytest.MonkeyPatch, text: str, **where: str) -> list[str]:
    """What is told of a text whose spans are given: label (underscores for blanks) and words."""
    found = tuple(
        module.Span(label.replace("_", " "), text.index(words), text.index(words) + len(words), words)
        for label, words in where.items()
    )
    monkeypatch.setattr(module, "spans", lambda *_: tuple(sorted(found, key=lambda one: one.start)))
    return [one.content for one in life(text, NOW, object())]  # type: ignore[arg-type]


def test_spans_near_each_other_make_a_record(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "Of all desserts, cherry pie. A reunion brought it back to me."
    where = {"kind": "desserts", "favourite": "cherry pie", "reason": "A reunion brought it back to me"}
    assert told(monkeypatch, text, **where) == [
        "favourite desserts is cherry pie, because a reunion brought it back to them"
    ]


def test_a_routine_has_its_day_time_and_place(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "Choir is on Fridays now, half past seven in the evening, at the guildhall."
    where = {"routine": "Choir", "day": "Fridays", "place": "the guildhall"}
    assert told(monkeypatch, text, **where) == ["Choir is on Fridays at 19:30 at the guildhall"]


def test_a_name_may_be_told_and_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "That aunt of mine, Daphne, again. I keep visits short."
    where = {"who_kind": "aunt", "who": "Daphne", "distance": "Daphne"}
    assert sorted(told(monkeypatch, text, **where)) == ["aunt Daphne", "keeps a distance from Daphne"]


@pytest.mark.parametrize(
    ("status", "goal", "content"),
    [
        ("plans", "start a choir", "plans to start a choir"),
        ("doing", "building a boat", "is under way with building a boat"),
        ("done", "building a boat", "is done with building a boat"),
        ("dropped", "start a choir", "has given up the plan to start a choir"),
    ],
)
def test_goals_tell_their_status(monkeypatch: pytest.MonkeyPatch, status: str, goal: str, content: str) -> None:
    assert told(monkeypatch, f"So: {goal}, as I said.", **{status: goal}) == [content]
