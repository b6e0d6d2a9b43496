"""Histories: what a training run of either stage left behind, read for whoever looks while it runs or afterwards.

RUN/log.csv      losses, or rewards with their parts, a row a step
RUN/curves.csv   held-out examples by kind: share right as a whole, and by token     (stages 0 and 1)
RUN/rollouts     sampled answers with what they earned, every n-th step              (reinforcement learning)
RUN/run.json     recipe, device, versions; written when the run ends
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from personavlm.errors import BadInput
from personavlm.training.rollouts import LOG, Curve, kept_steps, read_log

MARKS = "curves.csv"


@dataclass(frozen=True, slots=True)
class History:
    """One training run as its folder tells it."""

    folder: Path
    curves: tuple[Curve, ...]
    """Every column of the log over steps; none before its first row."""
    probes: tuple[Curve, ...]
    """Share of held-out examples that are right from the first to the last token, in [0, 1], by kind over steps."""
    kept: tuple[int, ...]
    """Steps whose rollouts were kept."""
    recipe: tuple[tuple[str, str], ...]
    """Names with values; empty while the run goes on."""
    made_with: tuple[tuple[str, str], ...]
    """Device, parameters, versions and what else the run says of itself; empty while it goes on."""

    @property
    def steps(self) -> int:
        """The last step there is a number of, 0 if there is none."""
        return max((curve.steps[-1] for curve in (*self.curves, *self.probes) if curve.steps), default=0)

    def curve(self, name: str) -> Curve | None:
        """Return a column of the log, None if the run has none of that name."""
        return next((curve for curve in self.curves if curve.name == name and curve.steps), None)


def histories(*roots: Path) -> tuple[Path, ...]:
    """Return the folders of training runs within some folders, up to two levels deep, root by root in their order."""
    return tuple(dict.fromkeys(run for root in roots for run in sorted(_within(root))))


def _within(root: Path) -> set[Path]:
    return {table.parent for depth in ("*/", "*/*/") for name in (LOG, MARKS) for table in root.glob(depth + name)}


def read_history(run: Path) -> History:
    """Return what a run's folder tells. Raises ``BadInput`` for one without a log, or with damaged files."""
    told = _told(run / "run.json")
    recipe = told.pop("recipe", {})
    try:
        curves = read_log(run) if (run / LOG).is_file() or not (run / MARKS).is_file() else ()
        return History(run, curves, _probes(run / MARKS), kept_steps(run), _spelled(recipe), _spelled(told))
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"A table of {run} is damaged: {error}.", "look at its CSV files, or run it again.") from error


def _told(path: Path) -> dict[str, object]:
    if not path.is_file():
        return {}
    try:
        told: dict[str, object] = json.loads(path.read_bytes())
    except ValueError as error:
        raise BadInput(f"{path} is damaged: {error}.", "remove it; the curves do not need it.") from error
    return told


def _probes(path: Path) -> tuple[Curve, ...]:
    if not path.is_file():
        return ()
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    kinds = dict.fromkeys(row["kind"] for row in rows)
    return tuple(_of(kind, [row for row in rows if row["kind"] == kind]) for kind in kinds)


def _of(kind: str, rows: list[dict[str, str]]) -> Curve:
    return Curve(kind, tuple(int(row["step"]) for row in rows), tuple(float(row["exact"]) for row in rows))


def _spelled(told: object, under: str = "") -> tuple[tuple[str, str], ...]:
    """Nested values as names with dots and their text."""
    if not isinstance(told, Mapping):
        return ((under, str(told)),)
    found = [_spelled(value, f"{under}.{name}" if under else str(name)) for name, value in told.items()]
    return tuple(pair for pairs in found for pair in pairs)
