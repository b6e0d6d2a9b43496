"""Values of the bench: what is asked of whom, and how it went.

    Person("50/0", "32k", cases, source)      Case("50/0#12", …, text, options, gold)
                                              Answered("50/0#12", …, said="b", score=1.0, spends=(Spend("respond", …),))

A column (a data set) yields persons; a row (a system) answers their cases. Both meet only in these values.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from personavlm.datasets.dialogue import Dialogue
from personavlm.trace import Call
from personavlm.worlds.values import World

Options = tuple[tuple[str, str], ...]
"""Letters, lower case, with their texts, in the order in which they are shown."""
ALIGNMENT = "Personality Alignment"
"""Task (and aspect) of the binary tests whether a reply suits the person; Table 4 counts them, Table 1 does not."""


@dataclass(frozen=True, slots=True)
class Case:
    """One question as it is put, with its right answer."""

    id: str
    """Unique within its data set: person and place in the file, "50/0#12"; "+" or "-" for a reply to be judged."""
    person: str
    setting: str
    aspect: str
    task: str
    at: datetime
    """When it is asked; aware."""
    text: str
    """The whole message that the system is asked, options included."""
    options: Options
    """Empty for a question that is answered in free text."""
    gold: str
    """The right option's letter; the reference answer where there are no options."""
    twin: str = ""
    """The case that it asks again with its options in another order; such a case counts in no average."""


@dataclass(frozen=True, slots=True)
class Talk:
    """What a person and their assistant said before the questions, and what is known of the person at first."""

    dialogue: Dialogue
    human: tuple[tuple[str, str], ...] = ()
    """Keys with values for core memory ("name": "Ida"); a name should be among them."""


class Source(Protocol):
    """Where a person's talk lies, read when it is wanted. A small value, so that it can travel to other processes."""

    def talk(self, user: str) -> Talk:
        """Return the talk, its user called as asked. Raises ``BadInput`` if it is missing or damaged."""
        ...

    def world(self) -> World:
        """Return the truth about the person. Raises ``BadInput`` where nobody knows it."""
        ...


@dataclass(frozen=True, slots=True)
class Person:
    """One person of a data set with the cases asked about them: the unit of intervals, tests and parallel work."""

    id: str
    """Unique within its data set: "50/0"."""
    setting: str
    cases: tuple[Case, ...]
    source: Source
    data: str = ""
    """Which data set it is, exactly: its name and a digest of its file. Replays of equal ``data`` can be shared."""


@dataclass(frozen=True, slots=True)
class Spend:
    """What one stage of one case, or of one talk, cost."""

    stage: str
    """What the model was asked for: "respond", "answer", "semantic" …"""
    calls: int
    seconds: float
    """In model calls; what lies between them (search, parsing) is in the case's whole time only."""
    tokens_in: int
    tokens_out: int


@dataclass(frozen=True, slots=True)
class Answered:
    """How one case went, with what figures are grouped by. All but ``reply`` and ``why`` are ids and numbers."""

    case: str
    person: str
    setting: str
    aspect: str
    task: str
    gold: str
    """The right letter; empty where there are no options, so that no reference answer leaves the data set."""
    said: str
    """The letter that the reply picks, empty if none or several; "text" where there are no options."""
    score: float
    """1 for the right option, else 0; a share of 1 in columns that give one."""
    reply: str
    twin: str = ""
    """See ``Case.twin``."""
    failed: bool = False
    """It could not be asked, or broke on the way: wrong, counted, and never left out."""
    why: str = ""
    """What failed."""
    seconds: float = 0.0
    """From asking to reply."""
    spends: tuple[Spend, ...] = ()
    trace: str = ""
    """Digest of its trace, times of calls left out; empty if it failed."""

    @property
    def right(self) -> bool:
        """Whether it counts in full."""
        return self.score == 1.0

    @property
    def unparsed(self) -> bool:
        """Whether there was a reply and no one option could be read from it."""
        return not self.said and not self.failed


def spends(calls: Iterable[Call]) -> tuple[Spend, ...]:
    """Return what calls cost by stage, in the order of the stages' first calls."""
    found: dict[str, list[Call]] = {}
    for call in calls:
        found.setdefault(call.purpose, []).append(call)
    return tuple(
        Spend(
            stage,
            len(made),
            round(sum(call.seconds for call in made), 4),
            sum(call.tokens_in for call in made),
            sum(call.tokens_out for call in made),
        )
        for stage, made in found.items()
    )
