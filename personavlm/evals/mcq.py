"""Multiple choice: how well a model answers a Persona-MME or PersonaWorld-MME, with the truth, its memory, or nothing.

A short way into the bench (``personavlm.bench``): three of its systems, asked in one go, without a folder to go on
from, twins left out. Source: evaluation of PersonaVLM (section 5, appendix D) for the layout.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from personavlm.assistant import DEFAULT_CONFIG, Config, Kit
from personavlm.bench.cases import persona_mme, read_settings
from personavlm.bench.modes import Means, read_mode
from personavlm.bench.runs import entries
from personavlm.bench.scores import scores_of
from personavlm.bench.values import Answered
from personavlm.datasets.files import Skipped
from personavlm.datasets.personamme import MmeSetting
from personavlm.errors import BadInput
from personavlm.models import Model

__all__ = ["McqResult", "Mode", "evaluate", "mode_named", "read_settings"]

Mode = Literal["oracle", "memory", "none"]
SYSTEMS: Mapping[Mode, str] = {"oracle": "oracle", "memory": "personavlm", "none": "none"}
"""Which of the bench's systems stands for a mode."""
Progress = Callable[[str, int, int], None]
"""Told what is under way, how much is done, and of how much."""


@dataclass(frozen=True, slots=True)
class McqResult:
    """What ``eval mcq`` prints."""

    mode: Mode
    answered: tuple[Answered, ...]
    skipped: tuple[Skipped, ...] = ()

    def plain(self) -> dict[str, object]:
        """Return the figures under the names of the CLI contract, percents from 0 to 100."""
        return {"mode": self.mode, **scores_of(self.answered).plain(), "skipped": len(self.skipped)}


def evaluate(
    folder: Path,
    model: Model,
    kit: Kit,
    home: Path,
    settings: Sequence[MmeSetting] = ("32k", "128k"),
    mode: Mode = "memory",
    limit: int | None = None,
    config: Config = DEFAULT_CONFIG,
    progress: Progress = lambda _what, _done, _all: None,
) -> McqResult:
    """Return how a benchmark's questions are answered. ``limit`` keeps to the first persons of each setting.

    ``home`` keeps what was lived through (memory mode): run again with the same code and model, it goes on there.
    Raises ``BadInput`` for a folder without questions, ``ModelUnavailable`` if the model cannot be asked.
    """
    column = persona_mme(folder, settings, limit)
    system = read_mode(SYSTEMS[mode], Means(model, kit, config))
    answered: list[Answered] = []
    for number, person in enumerate(column.persons, start=1):
        asked = [case for case in person.cases if not case.twin]
        answered += [entry.answered for entry in entries(system, person, asked, home) if entry.answered]
        progress(f"{mode}: persons", number, len(column.persons))
    return McqResult(mode, tuple(answered), column.skipped)


def mode_named(name: str) -> Mode:
    """Return the mode of that name. Raises ``BadInput`` for another."""
    found: Mode | None = next((one for one in get_args(Mode) if one == name), None)
    if found is None:
        raise BadInput(f"There is no mode {name!r}.", "give oracle, memory or none.")
    return found
