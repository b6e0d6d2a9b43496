"""Figures of memory beside the truth: marks stand where the shares say, and a stale stretch is told from a true one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from personavlm.figures.remembered import LEVELS, LOOK, Kept, Row, Span, precision_recall, validity

MAY = datetime(2025, 5, 1, tzinfo=UTC)
WEEK = timedelta(days=7)


def test_a_mark_stands_where_its_shares_say_and_a_rival_is_hollow() -> None:
    figure = precision_recall([Kept("ours", "semantic", 0.4, 0.7), Kept("<naive>", "semantic", 0.9, 0.2, rival=True)])
    ours, naive = (trace for trace in figure.data if "markers" in trace.mode)
    assert (ours.x[0], ours.y[0], ours.marker.symbol) == (0.4, 0.7, "circle")
    assert (naive.name, naive.marker.symbol, naive.marker.color) == ("&lt;naive&gt;", "circle-open", ours.marker.color)


@pytest.mark.parametrize("level", LEVELS)
def test_a_curve_joins_equal_f1(level: float) -> None:
    curve = next(t for t in precision_recall([]).data if t.text[-1] == f"F1 {level:g}")
    assert all(2 * p * r / (p + r) == pytest.approx(level) for r, p in zip(curve.x, curve.y, strict=True))
    assert max(curve.y) <= 1 + 1e-9


def test_truth_lies_above_memory_and_staleness_has_its_own_line() -> None:
    end = MAY + 3 * WEEK
    row = Row(
        "drink",
        (Span(MAY, MAY + WEEK, "tea", "true"), Span(MAY + WEEK, end, "cola", "true")),
        (Span(MAY, MAY + WEEK, "tea", "right"), Span(MAY + WEEK, end, "tea", "stale")),
    )
    bars = {trace.name: trace for trace in validity([row]).data if trace.mode == "lines"}
    true, right, stale = (bars[name] for _, name in LOOK.values())
    assert true.y[0] < right.y[0] < stale.y[0] < 0.5
    assert list(true.x) == [MAY, MAY + WEEK, None, MAY + WEEK, end, None]
    assert stale.line.dash != right.line.dash
    assert stale.line.color != right.line.color


def test_values_are_data() -> None:
    row = Row("<b>x</b>", (Span(MAY, MAY + WEEK, "<i>tea</i>", "true"),), ())
    figure = validity([row])
    assert figure.layout.yaxis.ticktext == ("&lt;b&gt;x&lt;/b&gt;",)
    assert not any("<i>" in text for trace in figure.data for text in trace.text or ())
