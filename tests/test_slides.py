"""Slides: one for each notebook, with its question and its last figure, and nothing that comes from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat", reason="the extra `notebooks` is not installed")
pytest.importorskip("jupytext")

from lab import slides  # noqa: E402
from lab.build_notebooks import PLOTLY, plotly_outputs, sources  # noqa: E402

OPENING = """# 07 · Of <i>things</i>

**Question.** Is it *Biscuit*,
or `another` dog?

**You will be able to**
- tell one
  from the other;
- say **why**.

More."""


def notebook(opening: str = OPENING, *pictures: str) -> nbformat.NotebookNode:
    cells = [nbformat.v4.new_markdown_cell(opening)]
    for picture in pictures:
        data = {PLOTLY: {"data": [], "layout": {}}, "image/png": picture}
        cells.append(nbformat.v4.new_code_cell("f", outputs=[nbformat.v4.new_output("display_data", data)]))
    return nbformat.v4.new_notebook(cells=cells)


def test_a_slide_is_the_question_the_aims_and_the_last_figure() -> None:
    slide = slides.slide_of(notebook(OPENING, "Zmlyc3Q=", "bGFzdA=="))
    assert slide.question == "Is it Biscuit, or another dog?"
    assert slide.able == ("tell one from the other", "say why")
    assert slide.picture == "bGFzdA=="


@pytest.mark.parametrize("lacking", [notebook("# 07\n", "eA=="), notebook(OPENING)])
def test_a_notebook_without_question_or_figure_is_refused(lacking: nbformat.NotebookNode) -> None:
    with pytest.raises(ValueError, match="no"):
        slides.slide_of(lacking)


def test_words_are_data_and_nothing_is_fetched() -> None:
    made = slides.page([slides.slide_of(notebook(OPENING, "eA=="))])
    assert "<i>" not in made
    assert "&lt;i&gt;things" in made
    assert not re.findall(r"(?:src|href)=\"(?!data:)", made)


def test_every_notebook_has_its_slide(tmp_path: Path) -> None:
    out = tmp_path / "slides.html"
    assert slides.main(["--out", str(out)]) == 0
    made = out.read_text(encoding="utf-8")
    assert made.count("<section>") == len(sources())
    for path in sources():
        built = nbformat.read(path.with_suffix(".ipynb"), as_version=4)
        assert list(plotly_outputs(built))[-1]["image/png"].strip() in made


def test_a_notebook_that_is_not_built_stops_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(slides, "sources", lambda _prefix: [tmp_path / "07_x.py"])
    assert slides.main(["--out", str(tmp_path / "slides.html")]) == 1
    assert not (tmp_path / "slides.html").exists()
