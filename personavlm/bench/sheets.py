"""Sheets: a table of results as a value, and its three looks: terminal, Markdown, HTML."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from rich.table import Table

from personavlm.bench.scores import Figure


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: rows as long as ``columns``; those from ``apart`` on are of another kind and drawn so."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    apart: int | None = None
    note: str = ""


def shown(figure: Figure | None) -> str:
    """Return a figure as people read it: "43.1 [39.8, 46.6]"; a dash where there is nothing."""
    if figure is None or not figure.n:
        return "–"
    return f"{figure.value:.1f} [{figure.low:.1f}, {figure.high:.1f}]"


def terminal(sheet: Sheet) -> Table:
    """Return a sheet for the terminal."""
    table = Table(title=sheet.title, caption=sheet.note or None, title_justify="left", caption_justify="left")
    for number, name in enumerate(sheet.columns):
        table.add_column(name, justify="right" if number else "left", overflow="fold")
    for number, row in enumerate(sheet.rows):
        later = sheet.apart is not None and number >= sheet.apart
        table.add_row(*row, style="dim" if later else None, end_section=number + 1 == sheet.apart)
    return table


def markdown(sheet: Sheet) -> str:
    """Return a sheet as Markdown; rows of another kind in italics."""
    lines = [f"### {sheet.title}", "", _row(sheet.columns), "|---|" + "---:|" * (len(sheet.columns) - 1)]
    for number, row in enumerate(sheet.rows):
        later = sheet.apart is not None and number >= sheet.apart
        lines.append(_row([f"*{cell}*" if cell else "" for cell in row] if later else row))
    return "\n".join([*lines, *(["", sheet.note] if sheet.note else [])]) + "\n"


def _row(cells: tuple[str, ...] | list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def html(sheet: Sheet) -> str:
    """Return a sheet as an HTML section."""
    head = "".join(f"<th>{escape(name)}</th>" for name in sheet.columns)
    rows = []
    for number, row in enumerate(sheet.rows):
        later = sheet.apart is not None and number >= sheet.apart
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in row)
        rows.append(f'<tr class="{"apart" if later else "measured"}">{cells}</tr>')
    note = f"<p>{escape(sheet.note)}</p>" if sheet.note else ""
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f"<section><h2>{escape(sheet.title)}</h2>{table}{note}</section>"
