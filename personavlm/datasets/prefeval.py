"""PrefEval: stated preferences, each with a question it bears on and four answers of which the first one respects it.

    explicit_preference/TOPIC.json   [{"preference": "…", "question": "…", "explanation": "…"}, …]
    mcq_options/TOPIC.json           the same with "classification_task_options": [right, wrong, wrong, wrong]

The right option always comes first in the file: shuffle before showing. Source: PrefEval (Zhao et al., ICLR 2025),
CC BY-NC 4.0: read from where the user has it, never copied into this project.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from personavlm.datasets.files import Shape, Skipped, load
from personavlm.errors import BadInput

WHAT = "a PrefEval topic (a list of preference, question, explanation)"


@dataclass(frozen=True, slots=True)
class Preference:
    """One preference with its question. ``options`` are in the file's order, right one first; empty if it has none."""

    topic: str
    number: int
    """Place in the topic's file, from 0."""
    preference: str
    question: str
    explanation: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PrefEval:
    """What was read, and what was left out and why."""

    items: tuple[Preference, ...]
    skipped: tuple[Skipped, ...] = ()


class _Item(Shape):
    preference: str
    question: str
    explanation: str = ""
    classification_task_options: list[str] = Field(default_factory=list)


def prefeval(folder: Path) -> PrefEval:
    """Return all preferences under ``folder/explicit_preference`` with their options, topics in name order.

    Raises ``BadInput`` if the folder holds no topic or a file has another shape.
    """
    topics = sorted((folder / "explicit_preference").glob("*.json"))
    if not topics:
        raise BadInput(f"{folder} holds no explicit_preference/*.json.", "give PrefEval's benchmark_dataset folder.")
    items: list[Preference] = []
    skipped: list[Skipped] = []
    for path in topics:
        options = _options(folder / "mcq_options" / path.name)
        for number, raw in enumerate(load(path, list[_Item], WHAT)):
            given = options.get((raw.preference, raw.question), ())
            items.append(Preference(path.stem, number, raw.preference, raw.question, raw.explanation, given))
            if not given:
                skipped.append(Skipped(f"mcq_options/{path.name}", f"no options for number {number} of the topic"))
    return PrefEval(tuple(items), tuple(skipped))


def _options(path: Path) -> dict[tuple[str, str], tuple[str, ...]]:
    if not path.exists():
        return {}
    raw = load(path, list[_Item], WHAT)
    return {(item.preference, item.question): tuple(item.classification_task_options) for item in raw}
