"""Slides: the figure that answers each notebook's question, one slide each, in one page that needs nothing else.

    python -m lab.slides                    writes slides.html
    python -m lab.slides 0 --out talk.html  those whose name begins so

A slide holds the notebook's number and title, its question, what a participant can do afterwards, and its last figure
as a still picture. All of it is taken from the executed notebooks, so a slide is as fresh as they are. The page scrolls
slide by slide (arrow and page keys too) and prints one to a sheet. Nothing is executed and no browser is needed.
"""

from __future__ import annotations

import argparse
import html
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from string import Template

import nbformat
from nbformat import NotebookNode

from lab.build_notebooks import plotly_outputs, sources
from personavlm.files import write_atomically

_MARKS = re.compile(r"\*\*|(?<!\w)\*(?=\S)|(?<=\S)\*(?!\w)|`")
_PAGE = Template("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>personavlm: the notebooks' figures</title>
<style>
html { scroll-snap-type: y mandatory; font: 18px/1.45 system-ui, sans-serif; color: #1f2a37; background: white; }
body { margin: 0; }
section { box-sizing: border-box; min-height: 100vh; padding: 3vh 5vw; scroll-snap-align: start; break-after: page; }
h1 { font-size: 1.5em; margin: 0 0 0.3em; }
p { font-size: 1.15em; margin: 0 0 1em; max-width: 60em; }
img { display: block; max-width: 100%; max-height: 58vh; margin: 0 auto; }
li { margin: 0.15em 0; }
ul { columns: 2; column-gap: 3em; font-size: 0.85em; }
</style>
$slides
<script>
const slides = [...document.querySelectorAll("section")];
const step = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1 };
addEventListener("keydown", (event) => {
  if (!(event.key in step)) return;
  event.preventDefault();
  const now = slides.findIndex((one) => one.getBoundingClientRect().bottom > innerHeight / 2);
  slides[Math.min(slides.length - 1, Math.max(0, now + step[event.key]))].scrollIntoView();
});
</script>
</html>
""")


@dataclass(frozen=True, slots=True)
class Slide:
    """What one notebook contributes."""

    title: str
    """With its number: "03 · Personality that evolves"."""
    question: str
    able: tuple[str, ...]
    """What a participant can do afterwards."""
    picture: str
    """Its last figure: a PNG in base64."""


def slide_of(notebook: NotebookNode) -> Slide:
    """Return the slide of an executed notebook. Raises ``ValueError`` if it has no question or no pictured figure."""
    opening = notebook.cells[0].source
    title = re.match(r"# (.+)", opening)
    question = re.search(r"\*\*Question\.\*\* (.+?)\n\n", opening, re.DOTALL)
    able = re.search(r"\*\*You will be able to\*\*\n(.+?)\n\n", opening, re.DOTALL)
    pictures = [data["image/png"] for data in plotly_outputs(notebook) if "image/png" in data]
    if not (title and question and able and pictures):
        raise ValueError("its first cell has no title, question or list of aims, or its figures have no pictures")
    aims = re.split(r"\n- ", f"\n{able[1]}")[1:]
    return Slide(title[1], _flat(question[1]), tuple(_flat(aim).rstrip(";.") for aim in aims), pictures[-1].strip())


def _flat(markdown: str) -> str:
    return " ".join(_MARKS.sub("", markdown).split())


def page(slides: list[Slide]) -> str:
    """Return all slides as one HTML page."""
    return _PAGE.substitute(slides="\n".join(map(_section, slides)))


def _section(slide: Slide) -> str:
    aims = "".join(f"<li>{html.escape(aim)}</li>" for aim in slide.able)
    picture = (
        f'<img alt="The figure of notebook {html.escape(slide.title)}" src="data:image/png;base64,{slide.picture}">'
    )
    words = f"<h1>{html.escape(slide.title)}</h1>\n<p>{html.escape(slide.question)}</p>"
    return f"<section>\n{words}\n{picture}\n<ul>{aims}</ul>\n</section>"


def main(arguments: list[str] | None = None) -> int:
    """Write the slides and return the exit status: 1 if a notebook is not built."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("prefix", nargs="?", default="", help="only notebooks whose name begins so, for example 0")
    parser.add_argument("--out", type=Path, default=Path("slides.html"))
    chosen = parser.parse_args(arguments)
    slides = []
    for path in sources(chosen.prefix):
        built = path.with_suffix(".ipynb")
        try:
            slides.append(slide_of(nbformat.read(built, as_version=4)))
        except (OSError, ValueError) as error:
            print(f"{built.name}: {error}: python -m lab.build_notebooks {path.stem[:2]}", file=sys.stderr)
            return 1
    write_atomically(chosen.out, page(slides).encode())
    print(f"{chosen.out}: {len(slides)} slides")
    return 0


if __name__ == "__main__":
    sys.exit(main())
