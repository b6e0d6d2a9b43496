"""Persons whose true traits are known: what was made of them over their turns, read from a result file."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from personavlm.errors import BadInput
from personavlm.figures.profile import TraitPath
from personavlm.personality import TRAITS, Trait

COLUMNS = ("person", "trait", "turn", "score", "low", "high", "true")


def read_paths(file: Path) -> tuple[TraitPath, ...]:
    """Return the paths in a table with the columns ``COLUMNS``. Raises ``BadInput`` if it is missing or damaged."""
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            rows = list(csv.DictReader(opened))
        groups: dict[tuple[str, Trait], list[tuple[int, float, float, float, float]]] = {}
        for row in rows:
            trait = next(trait for trait in TRAITS if trait == row["trait"])
            score, low, high, true = (float(row[column]) for column in COLUMNS[3:])
            groups.setdefault((row["person"], trait), []).append((int(row["turn"]), score, low, high, true))
    except (OSError, ValueError, KeyError, StopIteration) as error:
        raise BadInput(f"{file.name} cannot be read as paths of traits: {error!r}.", "make it again.") from error
    return tuple(_path(person, trait, points) for (person, trait), points in groups.items())


def covered_at_the_end(paths: Sequence[TraitPath]) -> int:
    """Return how many paths end with the truth inside their 90 % interval."""
    return sum(path.lows[-1] <= path.true[-1] <= path.highs[-1] for path in paths)


def _path(person: str, trait: Trait, points: Sequence[tuple[int, float, float, float, float]]) -> TraitPath:
    turns, scores, lows, highs, true = zip(*sorted(points), strict=True)
    return TraitPath(person, trait, turns, scores, lows, highs, true)
