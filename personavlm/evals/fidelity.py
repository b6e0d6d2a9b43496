"""Fidelity: what an assistant remembers of worlds whose truth is known exactly, with no judge.

    worlds ──live──> users of a home ──judged──> facts, dates, profile, topics, ties, things in pictures

Every figure is over persons, with a 95 % interval from drawing persons anew (bootstrap). The three hand-written
conversations stand beside them: a reader of text that has learnt the worlds' grammar is better on worlds only.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.table import Table

from personavlm.assistant import Kit
from personavlm.errors import BadInput
from personavlm.evals import handwritten
from personavlm.evals.fidelity_figures import rows, sections
from personavlm.evals.lived import Judged, Progress, judged, live
from personavlm.models import Model
from personavlm.worlds.kept import WORLD, read_worlds
from personavlm.worlds.make import make_world
from personavlm.worlds.values import Half, Setting, World


@dataclass(frozen=True, slots=True)
class FidelityResult:
    """What ``eval fidelity`` prints: figures in percent (or as named), each with its interval over persons."""

    model: str
    persons: tuple[Judged, ...]
    written: dict[str, object] | None
    """The hand-written conversations' figures; None where they are not at hand."""

    def plain(self) -> dict[str, object]:
        """Return the figures under the names of the CLI contract."""
        every = self.persons
        turns = [len(one.world.turns) for one in every]
        return {
            "model": self.model,
            "persons": len(every),
            "turns": {"mean": round(statistics.mean(turns), 1), "least": min(turns), "most": max(turns)},
            "writer": sorted({one.world.writer for one in every}),
            **sections(every),
            "hand-written": self.written,
        }


def evaluate(
    worlds: Iterable[World],
    home: Path,
    model: Model,
    kit: Kit,
    progress: Progress,
    count: int = 0,
    written: Path = handwritten.DATA,
) -> FidelityResult:
    """Live through worlds, one user each, and return what is remembered. A home that has some goes on from there.

    ``written`` is the folder of the hand-written conversations; one without any leaves them out.

    Raises ``BadInput`` if there are no worlds.
    """
    done: list[Judged] = []
    for number, world in enumerate(worlds, start=1):
        live(world, home, model, kit, progress)
        done.append(judged(world, home))
        progress("persons", number, count or number)
    if not done:
        raise BadInput("There are no worlds to live through.", "give --persons 1 or more, or a folder that holds some.")
    return FidelityResult(model.name, tuple(done), handwritten.evaluate(model, kit, written))


def made_worlds(seed: int, half: Half, setting: Setting, persons: int) -> Iterator[World]:
    """Yield worlds from a seed, numbered from 0."""
    return (make_world(seed, half, setting, number) for number in range(persons))


HALVES: dict[str, Half] = {"train": "train", "test": "test"}
SETTINGS: dict[str, Setting] = {"train": "train", "50": "50", "100": "100", "200": "200", "500": "500"}


def chosen(folder: Path | None, seed: int, half: str, setting: str, persons: int) -> tuple[Iterable[World], int]:
    """Return the worlds that options ask for, and how many. Raises ``BadInput`` for a half or setting there is not."""
    if folder is not None:
        return read_worlds(folder), len(list(folder.rglob(WORLD)))
    if half not in HALVES or setting not in SETTINGS or (half == "train") != (setting == "train"):
        raise BadInput(f"There is no {half} half with setting {setting}.", "give test with 50 to 500, or train twice.")
    return made_worlds(seed, HALVES[half], SETTINGS[setting], persons), persons


@contextmanager
def place(home: Path | None) -> Iterator[Path]:
    """Give the folder to live in: the one named, which stays, or one that is removed afterwards."""
    if home is not None:
        home.mkdir(parents=True, exist_ok=True)
        yield home
        return
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def table(result: FidelityResult) -> Table:
    """Return the figures as a table for the terminal."""
    shown = Table("figure", "value (95 % over persons)", title=f"Memory fidelity, {result.model}")
    for name, text in rows(result.plain()):
        shown.add_row(name, text)
    return shown
