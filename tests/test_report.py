"""What the pages say of measurements is what the result files hold."""

from __future__ import annotations

import pytest

from lab import report


@pytest.mark.parametrize("page", report.PAGES, ids=lambda page: page.name)
def test_the_pages_show_the_result_files(page) -> None:  # type: ignore[no-untyped-def]
    text = page.read_text(encoding="utf-8")
    assert text == report.filled(text), "run `python -m lab.report write`"


def test_every_part_is_on_a_page() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in report.PAGES)
    assert all(f"<!-- {name} -->" in pages and f"<!-- /{name} -->" in pages for name in report.PARTS)


def test_the_bars_are_held_by_the_committed_figures() -> None:
    """The figures that are shown keep the project's own bars; a run that falls below them must not be committed."""
    e = report.read_json("evals.json")
    assert e["retrieval"]["R@5"] >= 67
    assert e["retrieval"]["R@10"] >= 76
    assert e["preferences"]["R@5"] >= e["preferences"]["MiniLM"]["R@5"] - 1
    assert e["pictures"]["hit@1"] >= 78
    assert e["answers"]["above_best_hit"] >= 5
    assert e["answers"]["unknown_on_adversarial"] >= 50
    assert e["answers"]["unknown_on_answerable"] <= 15
