"""Questions: what reinforcement learning asks, and what a right answer rests on.

    Question(person, time, text, gold)  ──options──> letters with texts      ──facts, evidence──> what is scored

A question is asked of one person's memory as it was at a time. Its gold answer is never shown to the policy.
Source: the three forms are the paper's RL samples (section 4): open, multiple choice, two options.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from personavlm.errors import BadInput
from personavlm.files import write_atomically
from personavlm.prompts.choice import parse_choice
from personavlm.scoring.choice import pick
from personavlm.trace import canonical, revive

Form = Literal["open", "choice", "binary"]
HOME = "home"
"""Where the asked persons' memories lie in a folder of questions (``memories.prepare``)."""


@dataclass(frozen=True, slots=True)
class Question:
    """One RL sample."""

    id: str
    """The person and the number of the question within them: "train-0/3"."""
    person: str
    time: datetime
    text: str
    """The message as it is sent, options included."""
    form: Form
    gold: str
    """A right answer."""
    facts: tuple[str, ...] = ()
    """Terms (``words.terms``) by which an open answer is known to be right; empty where there are options."""
    evidence: tuple[datetime, ...] = ()
    """When what the answer rests on was said; empty if nothing has to be looked up, or it was never told."""
    pictures: tuple[str, ...] = ()
    """Pictures sent along, as paths in the folder of questions."""

    @property
    def options(self) -> tuple[tuple[str, str], ...]:
        """Letters and texts; empty for an open question."""
        return parse_choice(self.text)[1]

    @property
    def letter(self) -> str:
        """The letter of the right option; empty for an open question."""
        return pick(self.gold, dict(self.options)).letter if self.options else ""


def write_questions(path: Path, questions: Iterable[Question]) -> None:
    """Write questions, one a line, whole or not at all."""
    write_atomically(path, "".join(canonical(one) + "\n" for one in questions).encode())


def read_questions(path: Path) -> Iterator[Question]:
    """Yield the questions of a file. Raises ``BadInput`` if it is not there or a line is no question."""
    if not path.is_file():
        raise BadInput(f"{path} is not there.", "prepare it: python -m lab.train_grpo RECIPE --data DIR --out RUN.")
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield revive(Question, line)
            except ValueError as error:
                raise BadInput(
                    f"Line {number} of {path} is no question.", "delete the file and prepare it anew."
                ) from error
