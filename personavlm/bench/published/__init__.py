"""The paper's published rows, with what to know before comparing: never measured here, always drawn apart.

    >>> table = published("table1")
    >>> row = table.row("PersonaVLM-RL", "128k")
    >>> row.value("Overall"), rederived(table, row)
    (71.05, 71.05)

One CSV per table, as printed, and ``tables.toml`` with titles, averages and caveats. ``rederived`` computes an overall
value from its parts and the number of questions of each, so that a wrong digit or a smaller set of questions shows.
Source: PersonaVLM (arXiv 2604.13074), tables 1, 2, 4, 8, 9, 11 and figure 5.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from pydantic import TypeAdapter

from personavlm.errors import BadInput
from personavlm.synthesis.questions.values import ALIGNED, TASKS, Task

TableId = Literal["table1", "table2", "table4", "table8", "table9", "table11", "figure5"]
TABLE_IDS: tuple[TableId, ...] = get_args(TableId)
Average = Literal["multiple choice", "with alignment", ""]
"""What "Overall" is a micro-average of; empty for a table without one."""
Scored = Literal["all", "fewer", "unsure", "chance"]
"""On all questions of the setting, on fewer of them, unsure (one share fits no count), or not scored but chance."""
OVERALL, ALIGNMENT = "Overall", "PA"


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """One row as printed. ``values`` are in the table's unit, by column; a blank cell is not among them."""

    model: str
    setting: Literal["32k", "128k", ""]
    context: Literal["full", "rag", ""]
    """The whole talk in the prompt, retrieved parts of it, or not told."""
    scored: Scored
    values: tuple[tuple[str, float], ...]

    def value(self, measure: str) -> float | None:
        """Return one cell, None if it is blank."""
        return dict(self.values).get(measure)


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """One table or figure of the paper."""

    id: TableId
    title: str
    unit: str
    average: Average
    caveats: tuple[str, ...]
    rows: tuple[PublishedRow, ...]

    def row(self, model: str, setting: str = "", context: str = "") -> PublishedRow:
        """Return the first row of a model, in a setting and context if they are given. Raises ``BadInput``."""
        asked = {"model": model, "setting": setting, "context": context}
        for row in self.rows:
            if all(not wanted or getattr(row, name) == wanted for name, wanted in asked.items()):
                return row
        known = ", ".join(dict.fromkeys(row.model for row in self.rows))
        raise BadInput(f"{self.id} has no row {' '.join(filter(None, asked.values()))}.", f"choose among {known}.")


@cache
def published(table: TableId) -> PublishedTable:
    """Return one table of the paper. Raises ``BadInput`` for one that is not kept here."""
    if table not in TABLE_IDS:
        raise BadInput(f"There is no published table {table!r}.", f"give one of {', '.join(TABLE_IDS)}.")
    folder = files(__package__)
    about = tomllib.loads((folder / "tables.toml").read_text("utf-8"))[table]
    lines = (folder / f"{table}.csv").read_text("utf-8").splitlines()
    rows = tuple(_row(line) for line in csv.DictReader(lines))
    return PublishedTable(table, about["title"], about["unit"], about["average"], tuple(about["caveats"]), rows)


def _row(line: dict[str, str]) -> PublishedRow:
    about = {name: line.pop(name) for name in ("model", "setting", "context", "scored")}
    values = [(name, float(cell)) for name, cell in line.items() if cell]
    return TypeAdapter(PublishedRow).validate_python({**about, "values": values})


# ── re-deriving ──────────────────────────────────────────────────────────────────────────────────────────────────


def parts(table: PublishedTable, setting: str) -> Mapping[str, int]:
    """Return the columns that make up ``Overall`` with their numbers of questions; none for a table without one."""
    if table.average == "multiple choice":
        return {aspect: sum(_count(task, setting) for task in tasks) for aspect, tasks in _aspects().items()}
    if table.average == "with alignment":
        return {**{task: _count(task, setting) for task in TASKS}, ALIGNMENT: 2 * ALIGNED[setting == "128k"]}
    return {}


def _aspects() -> Mapping[str, tuple[Task, ...]]:
    named = dict.fromkeys(info.aspect for info in TASKS.values())
    return {name: tuple(code for code, info in TASKS.items() if info.aspect == name) for name in named}


def _count(task: Task, setting: str) -> int:
    info = TASKS[task]
    return info.long if setting == "128k" else info.short


def rederived(table: PublishedTable, row: PublishedRow) -> float | None:
    """Return ``Overall`` computed from the parts, in percent with two places.

    None if a part cannot be a share of that many questions (the row was scored on fewer), or there are no parts.
    """
    counts = parts(table, row.setting)
    right = [right_answers(row.value(name), n) for name, n in counts.items()]
    found = [one for one in right if one is not None]
    if not counts or len(found) < len(right):
        return None
    return round(100 * sum(found) / sum(counts.values()), 2)


def right_answers(percent: float | None, n: int) -> int | None:
    """Return how many of ``n`` answers a percentage of two places stands for, None if it stands for no whole number."""
    if percent is None:
        return None
    right = round(percent * n / 100)
    return right if abs(100 * right / n - percent) <= 0.005 + 1e-9 else None
