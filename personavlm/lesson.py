"""Lesson: how a notebook shows source and values, so that what is read is what runs.

    source(sessions)                          the function's own source, from the file it is in
    table([{"session": "s1", "turns": 10}])   one row per mapping, columns in the order of the first

Both are Markdown where that is drawn (Jupyter, a plain viewer of notebooks, HTML) and plain text elsewhere, and hold no
machine path. Nothing here knows the rest of the package.

Source of the idea: values that draw themselves, after claudette and IPython's ``_repr_markdown_``.
"""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from textwrap import dedent
from typing import Any

# Libraries ask for a progress bar on loading weights; in a notebook without widgets that is a warning about nothing.
warnings.filterwarnings("ignore", message="IProgress not found")

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~$-])")


@dataclass(frozen=True, slots=True)
class Shown:
    """Something to read: Markdown in a notebook, plain text in a terminal."""

    markdown: str
    plain: str

    def _repr_markdown_(self) -> str:
        return self.markdown

    def __repr__(self) -> str:
        return self.plain


def source(*things: Any) -> Shown:
    """Return the source of functions, methods or classes of the package, with the module each is in.

    Raises ``OSError`` or ``TypeError``, as ``inspect.getsource`` does, for what has none.
    """
    parts = [(f"{t.__module__}.{t.__qualname__}", dedent(inspect.getsource(t)).rstrip()) for t in things]
    markdown = "\n\n".join(f"`{name}`\n~~~~python\n{code}\n~~~~" for name, code in parts)
    return Shown(markdown, "\n\n".join(f"# {name}\n{code}" for name, code in parts))


def table(rows: Iterable[Mapping[str, object]], cut: int = 160) -> Shown:
    """Return mappings as a table; texts longer than ``cut`` characters end in an ellipsis.

    Numbers stand right, with two decimals unless they are whole; a missing value is a dash.
    """
    listed = list(rows)
    if not listed:
        return Shown("*(no rows)*", "(no rows)")
    names = list(listed[0])
    cells = [[_spelled(row.get(name), cut) for name in names] for row in listed]
    rights = [all(_is_number(row.get(name)) for row in listed) for name in names]
    return Shown(_markdown(names, cells, rights), _plain(names, cells, rights))


def _spelled(value: object, cut: int) -> str:
    match value:
        case None | "" | ():
            return "–"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.2f}"
        case datetime():
            return f"{value:%d %b %Y %H:%M}"
        case timedelta():
            return f"{round(value.total_seconds() / 60, 1):g} min"
        case tuple() | list():
            return _shortened(", ".join(str(one) for one in value), cut)
    return _shortened(str(value), cut)


def _shortened(text: str, cut: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= cut else flat[: cut - 1].rstrip() + "…"


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _markdown(names: Sequence[str], cells: Sequence[Sequence[str]], rights: Sequence[bool]) -> str:
    rule = ["---:" if right else ":---" for right in rights]
    rows = [[_escaped(name) for name in names], rule, *([_escaped(cell) for cell in row] for row in cells)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _escaped(text: str) -> str:
    """Text as data: a user's words must not become Markdown or HTML."""
    return _SPECIAL.sub(r"\\\1", text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def _plain(names: Sequence[str], cells: Sequence[Sequence[str]], rights: Sequence[bool]) -> str:
    widths = [max(len(row[n]) for row in [names, *cells]) for n in range(len(names))]
    lines = [names, ["-" * width for width in widths], *cells]
    return "\n".join("  ".join(_aligned(*cell) for cell in zip(row, widths, rights, strict=True)) for row in lines)


def _aligned(cell: str, width: int, right: bool) -> str:
    return cell.rjust(width) if right else cell.ljust(width)
