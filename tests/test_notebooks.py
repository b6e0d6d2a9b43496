"""Every notebook, found by its name: pairs agree, cells are short, outputs are clean, and a fresh run says the same."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

jupytext = pytest.importorskip("jupytext", reason="the extra `notebooks` is not installed")
nbformat = pytest.importorskip("nbformat")

from lab import build_notebooks as builder  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
SOURCES = builder.sources()
NAMES = [path.stem for path in SOURCES]
every = pytest.mark.parametrize("path", SOURCES, ids=NAMES)

MAX_LINES, MAX_COLUMNS, MAX_KB = 20, 80, 600
NAIVE_LINES = 15
PARTS = ("**Question.**", "**You will be able to**", "naive", "What could be wrong with this", "What if", "Sources")


@cache
def built(path: Path) -> Any:
    return nbformat.read(path.with_suffix(".ipynb"), as_version=4)


def code(path: Path) -> list[str]:
    return [cell.source for cell in builder.read(path).cells if cell.cell_type == "code"]


def prose(path: Path) -> str:
    return "\n".join(cell.source for cell in builder.read(path).cells if cell.cell_type == "markdown")


def outputs(notebook: Any, steady: bool = False) -> list[Any]:
    """Every output; ``steady`` leaves out cells that hold measured seconds."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    kept = [cell for cell in cells if not (steady and builder.VARIES in cell.metadata.get("tags", ()))]
    return [output for cell in kept for output in cell.outputs]


def words(output: Any) -> str:
    """What an output says as text; numbers are left out, other processors differ in the last digit."""
    data = output.get("data", {})
    text = output.get("text") or data.get("text/markdown") or data.get("text/plain") or ""
    return re.sub(r"\d+([.,]\d+)*", "#", str(text))


def test_there_are_notebooks_and_their_numbers_are_in_order() -> None:
    assert NAMES
    assert [int(name[:2]) for name in NAMES] == list(range(len(NAMES)))
    lonely = [p.name for p in builder.FOLDER.glob("*.ipynb") if not p.with_suffix(".py").is_file()]
    assert not lonely, "executed notebooks without a source"


# ── source ───────────────────────────────────────────────────────────────────────────────────────────────────────


@every
def test_pair_is_in_step(path: Path) -> None:
    assert builder.same_cells(path), f"python -m lab.build_notebooks {path.stem[:2]}"


def test_a_pair_out_of_step_would_be_found(tmp_path: Path) -> None:
    source = tmp_path / "00_x.py"
    source.write_text("# %%\n1 + 1\n", encoding="utf-8")
    assert not builder.same_cells(source)
    nbformat.write(builder.read(source), source.with_suffix(".ipynb"))
    assert builder.same_cells(source)
    source.write_text("# %%\n1 + 2\n", encoding="utf-8")
    assert not builder.same_cells(source)


@every
def test_header_pairs_the_two_files(path: Path) -> None:
    assert builder.read(path).metadata.jupytext.formats == "ipynb,py:percent"


@every
def test_cells_fit_on_a_screen(path: Path) -> None:
    for cell in code(path):
        lines = cell.splitlines()
        assert len(lines) <= MAX_LINES, cell
        assert max(map(len, lines)) <= MAX_COLUMNS, max(lines, key=len)


@every
def test_it_has_all_parts_and_ends_in_a_figure(path: Path) -> None:
    missing = [part for part in PARTS if part not in prose(path)]
    assert not missing
    figures = [n for n, cell in enumerate(built(path).cells) for o in cell.get("outputs", ()) if is_figure(o)]
    wrong = next(n for n, cell in enumerate(built(path).cells) if "What could be wrong" in cell.source)
    assert figures
    assert figures[-1] == wrong - 1, "the figure is the last thing before the doubts"


def is_figure(output: Any) -> bool:
    return builder.PLOTLY in output.get("data", {})


@every
def test_naive_versions_are_short(path: Path) -> None:
    functions = [f for cell in code(path) for f in ast.walk(ast.parse(cell)) if isinstance(f, ast.FunctionDef)]
    naive = [f for f in functions if f.name.startswith("naive")]
    assert naive
    assert all((f.end_lineno or 0) - f.lineno < NAIVE_LINES for f in naive)


@every
def test_it_imports_the_package_and_no_neighbour(path: Path) -> None:
    tree = ast.parse("\n".join(code(path)))
    froms = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    first = {name.split(".")[0] for name in froms | plain}
    assert "personavlm" in first
    assert not first & {"lab", "apps", "tests", "notebooks", "tasks"}


def test_nobody_imports_a_notebook() -> None:
    for folder in ("personavlm", "lab", "apps", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                assert not [n for n in names if n.split(".")[0] == "notebooks" or n in NAMES], path.name


# ── outputs as committed ─────────────────────────────────────────────────────────────────────────────────────────


@every
def test_outputs_are_clean(path: Path) -> None:
    raw = path.with_suffix(".ipynb").read_text(encoding="utf-8")
    assert len(raw) < MAX_KB * 1000
    texts = json.dumps([{**o, "data": {k: v for k, v in o.get("data", {}).items() if not k.startswith("image/")}}
                        for o in outputs(built(path))])  # fmt: skip
    assert not re.search(r"/(work|root|home|tmp|Users|site-packages)/|[A-Z]:\\\\", texts), "a machine path"
    assert not re.search(r"it/s\]|\d+%\|| object at 0x", texts), "a progress bar or an address in memory"
    assert not [o for o in outputs(built(path)) if o.get("name") == "stderr" or o.output_type == "error"]


@every
def test_every_cell_was_run_in_order(path: Path) -> None:
    counts = [cell.execution_count for cell in built(path).cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert not any("execution" in cell.metadata for cell in built(path).cells), "times of day are recorded"


@every
def test_every_figure_has_a_picture_for_plain_viewers(path: Path) -> None:
    assert all("image/png" in data for data in builder.plotly_outputs(built(path)))


# ── a fresh run ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
@every
def test_a_fresh_run_says_what_is_committed(path: Path) -> None:
    fresh = builder.execute(builder.read(path))
    assert not [o for o in outputs(fresh) if o.get("name") == "stderr"]
    said, stands = ([words(o) for o in outputs(n, steady=True)] for n in (fresh, built(path)))
    assert said == stands, f"python -m lab.build_notebooks {path.stem[:2]}"


# ── what notebooks show with ─────────────────────────────────────────────────────────────────────────────────────


def test_source_is_the_functions_own() -> None:
    from personavlm.lesson import source
    from personavlm.trace import sessions

    shown = source(sessions)
    assert "personavlm.trace.sessions" in shown._repr_markdown_()
    assert "def sessions(traces: Iterable[Trace]" in repr(shown)
    assert str(ROOT) not in shown.markdown
    with pytest.raises(TypeError):
        source(len)


def test_a_users_words_become_neither_markdown_nor_html() -> None:
    from personavlm.lesson import table

    shown = table([{"text": "a|b <b>bold</b> *x*\n# y", "n": 1, "share": 0.5, "none": None}]).markdown
    row = shown.splitlines()[2]
    assert row == r"| a\|b &lt;b&gt;bold&lt;/b&gt; \*x\* \# y | 1 | 0.50 | – |"
    assert shown.splitlines()[1] == "| :--- | ---: | ---: | ---: |"
    assert table([]).plain == "(no rows)"


def test_long_texts_are_cut_and_columns_stand_in_line() -> None:
    from personavlm.lesson import table

    lines = repr(table([{"a": "x" * 50, "b": 2}, {"a": "y", "b": 10}], cut=10)).splitlines()
    assert lines[2].startswith("xxxxxxxxx… ")
    assert len({len(line) for line in lines}) == 1
