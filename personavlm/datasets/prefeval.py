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
    """What was read, what was left out and why, and how many options were joined by place."""

    items: tuple[Preference, ...]
    skipped: tuple[Skipped, ...] = ()
    repaired: int = 0


class _Item(Shape):
    preference: str
    question: str
    explanation: str = ""
    classification_task_options: list[str] = Field(default_factory=list)


def prefeval(folder: Path) -> PrefEval:
    """Return all preferences under ``folder/explicit_preference`` with their options, topics in name order.

    Some preferences are worded a little differently beside their options; the same place and question then join them,
    counted as repaired. Raises ``BadInput`` if the folder holds no topic or a file has another shape.
    """
    topics = sorted((folder / "explicit_preference").glob("*.json"))
    if not topics:
        raise BadInput(f"{folder} holds no explicit_preference/*.json.", "give PrefEval's benchmark_dataset folder.")
    items: list[Preference] = []
    skipped: list[Skipped] = []
    repaired = 0
    for path in topics:
        answers = _answers(folder / "mcq_options" / path.name)
        for number, raw in enumerate(load(path, list[_Item], WHAT)):
            answer = _partner(raw, number, answers)
            options = tuple(answer.classification_task_options) if answer else ()
            items.append(Preference(path.stem, number, raw.preference, raw.question, raw.explanation, options))
            repaired += answer is not None and answer.preference != raw.preference
            if not options:
                skipped.append(Skipped(f"mcq_options/{path.name}", f"no options for number {number} of the topic"))
    return PrefEval(tuple(items), tuple(skipped), repaired)


def _answers(path: Path) -> list[_Item]:
    return load(path, list[_Item], WHAT) if path.exists() else []


def _partner(item: _Item, number: int, answers: list[_Item]) -> _Item | None:
    """Return the entry with this one's options: the same texts anywhere, else the same question at the same place."""
    same = (one for one in answers if (one.preference, one.question) == (item.preference, item.question))
    near = (one for one in answers[number : number + 1] if one.question == item.question)
    return next(same, None) or next(near, None)
