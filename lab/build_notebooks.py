"""From text notebooks to executed ones: ``notebooks/NN_name.py`` is written and reviewed, ``.ipynb`` is read.

    python -m lab.build_notebooks               execute all and write them
    python -m lab.build_notebooks 01            those whose name begins so
    python -m lab.build_notebooks --check       only say whether each pair has the same cells (exit status 1 if not)

A notebook runs in a fresh kernel, in its own folder, without times of day and with cell ids that follow from their
places, so that a second build differs only where seconds are measured (cells tagged "varies"). Figures stay
interactive; beside each stands a picture of it, for viewers that draw no plotly. Pictures are drawn by kaleido with a
Chromium of this machine; without one they are left out, and the program says so.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from PIL import Image

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
PLOTLY = "application/vnd.plotly.v1+json"
VARIES = "varies"
"""Tag of a cell whose output holds measured seconds."""
WIDTH, SCALE = 860, 1.5
"""Pictures of figures: width in CSS pixels, and how many dots each has."""
FEWER_COLOURS_FROM = 200_000
"""A picture of more bytes, one that shows photographs, is kept in 256 colours."""
CELL_SECONDS = 300
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
QUIET = {
    "OMP_NUM_THREADS": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "PLOTLY_RENDERER": "plotly_mimetype",
}


def sources(prefix: str = "") -> list[Path]:
    """Return the text notebooks whose name begins with ``prefix``, in order."""
    return sorted(FOLDER.glob(f"{prefix or '[0-9][0-9]_'}*.py"))


def read(path: Path) -> NotebookNode:
    """Return a text notebook as a notebook without outputs; cells are named by their place."""
    notebook = jupytext.read(path)
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{number:02}"
    notebook.metadata.get("jupytext", {}).pop("text_representation", None)
    return notebook


def execute(notebook: NotebookNode, folder: Path = FOLDER) -> NotebookNode:
    """Run a notebook in a fresh kernel and return it with outputs. Raises ``CellExecutionError`` if a cell fails."""
    with _environment(QUIET):
        client = NotebookClient(
            notebook,
            timeout=CELL_SECONDS,
            kernel_name="python3",
            record_timing=False,
            coalesce_streams=True,  # how many pieces a print comes in is chance
            resources={"metadata": {"path": str(folder)}},
        )
        done = client.execute()
    done.metadata["language_info"] = {"name": "python", "file_extension": ".py"}  # without this Python's patch release
    return done


@contextmanager
def _environment(wanted: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def plotly_outputs(notebook: NotebookNode) -> Iterator[dict[str, Any]]:
    """Yield the data of every output that holds a figure."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if PLOTLY in output.get("data", {}):
                yield output["data"]


def illustrate(notebook: NotebookNode) -> int:
    """Put a picture beside every figure; return how many there are (0 without a browser)."""
    figures = list(plotly_outputs(notebook))
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not figures or browser is None:
        return 0
    import plotly.graph_objects as go

    with _environment({"BROWSER_PATH": browser}):
        for data in figures:
            figure = go.Figure(data[PLOTLY]["data"], data[PLOTLY]["layout"])
            # A page that shows the picture alone may be dark or light: it carries its own ground.
            figure.update_layout(paper_bgcolor="white", plot_bgcolor="white")
            height = figure.layout.height or 400
            picture = figure.to_image(format="png", width=WIDTH, height=height, scale=SCALE)
            data["image/png"] = base64.b64encode(_lighter(picture)).decode()
    return len(figures)


def _lighter(picture: bytes) -> bytes:
    if len(picture) < FEWER_COLOURS_FROM:
        return picture
    out = io.BytesIO()
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(256).save(out, "PNG", optimize=True)
    return out.getvalue()


def same_cells(path: Path) -> bool:
    """Whether a text notebook and its executed pair have the same cells in the same order."""
    pair = path.with_suffix(".ipynb")
    if not pair.is_file():
        return False
    built = nbformat.read(pair, as_version=4)
    return [(c.cell_type, c.source) for c in read(path).cells] == [(c.cell_type, c.source) for c in built.cells]


def build(path: Path) -> str:
    """Execute a text notebook, write its pair, and return a line on what was done."""
    began = perf_counter()
    notebook = execute(read(path))
    seconds = perf_counter() - began
    figures = len(list(plotly_outputs(notebook)))
    drawn = illustrate(notebook)
    text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    path.with_suffix(".ipynb").write_text(text, encoding="utf-8", newline="\n")
    missing = "" if drawn == figures else f" ({figures - drawn} figures without a picture: there is no Chromium)"
    return f"{path.stem}: {len(notebook.cells)} cells, {seconds:.0f} s, {len(text) / 1000:.0f} KB{missing}"


def main(arguments: list[str] | None = None) -> int:
    """Build or check notebooks; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("prefix", nargs="?", default="", help="only those whose name begins so, for example 01")
    parser.add_argument("--check", action="store_true", help="change nothing; say whether pairs have the same cells")
    chosen = parser.parse_args(arguments)
    found = sources(chosen.prefix)
    if not found:
        print(f"no notebook begins with {chosen.prefix!r}", file=sys.stderr)
        return 1
    if chosen.check:
        stale = [path.stem for path in found if not same_cells(path)]
        for name in stale:
            print(f"{name}: the executed notebook is not its source's: python -m lab.build_notebooks {name[:2]}")
        return 1 if stale else 0
    for path in found:
        print(build(path), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
