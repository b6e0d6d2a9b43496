"""Reports: measured rows first, guesses and published rows apart, users' words never as markup."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from personavlm.bench.compare import compare
from personavlm.bench.folders import read_run
from personavlm.bench.report import comparison, parts, published_sheet, report
from personavlm.bench.scores import Figure
from personavlm.bench.sheets import Sheet, html, markdown, shown, terminal
from tests.test_bench_runs import Steady, go

GUESS = {"longest": Figure(26.0, 24.0, 28.0, 3)}


def text(renderable: object) -> str:
    console = Console(width=200, record=True, file=None)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def test_a_figure_is_shown_with_its_interval() -> None:
    assert shown(Figure(43.123, 39.8, 46.55, 9)) == "43.1 [39.8, 46.5]"
    assert shown(Figure(0, 0, 0, 0)) == shown(None) == "–"


def test_rows_of_another_kind_are_drawn_apart_and_words_are_no_markup() -> None:
    sheet = Sheet("<b>T</b>", ("name", "value"), (("a|b", "1"), ("<i>", "2")), apart=1, note="n & m")
    page = html(sheet)
    assert '<tr class="apart"><td>&lt;i&gt;</td>' in page
    assert '<tr class="measured">' in page
    assert "&lt;b&gt;T&lt;/b&gt;" in page
    assert "| a\\|b | 1 |" in markdown(sheet)
    assert "| *<i>* | *2* |" in markdown(sheet)
    assert "a|b" in text(terminal(sheet))


def test_a_report_has_every_run_setting_by_setting(tmp_path: Path) -> None:
    go(tmp_path, "steady")
    run = read_run(tmp_path / "steady")
    assert [(part.name, part.scores.mcq) for part in parts(run)] == [("steady · 32k", 2), ("steady · 128k", 1)]
    made = report([run], GUESS)
    assert set(made.plain()["runs"]) == {"steady · 32k", "steady · 128k"}
    overall = made.sheets[0]
    assert overall.apart == 2
    assert overall.rows[2][0] == "longest"
    assert "plotly" in made.html()
    cost = next(sheet for sheet in made.sheets if sheet.title == "Cost")
    assert ("steady", "answer", "1.00", "10", "2", "0.250", "case") in cost.rows
    assert ("steady", "whole answer", "1.00", "10", "2") in [row[:5] for row in cost.rows]


def test_the_papers_tables_are_never_among_the_measured() -> None:
    sheet = published_sheet("table1")
    assert sheet.apart == 0
    assert "not comparable" in sheet.note
    assert ("PersonaVLM-RL 32k rag", *sheet.rows[7][1:]) == sheet.rows[7]


def test_a_comparison_shows_flips_with_both_traces(tmp_path: Path) -> None:
    go(tmp_path, "a")
    go(tmp_path, "b", Steady(breaks=["50/0#0~", "50/1#1+", "50/1#1-", "50/0#0-", "50/0#0+"]))
    first, second = read_run(tmp_path / "a"), read_run(tmp_path / "b")
    found = compare(first.answered, second.answered, alignment=True)
    shown_text = text(comparison(first, second, found, show=2))
    assert "a · " in shown_text
    assert "KeyError" in shown_text
    assert "right to wrong" in shown_text
