"""What a question is made of, the fourteen tasks, and how many of each the published benchmark has.

    >>> TASKS["LPR"]
    TaskInfo(name='Latest Preference Recognition', aspect='Preference Recognition', short=80, long=57)

Source: task names, aspects and counts: PersonaVLM, table 5 and figure 11; the 128k counts are those of the questions
that were scored (905, and 180 with a test of alignment).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from personavlm.personality import Trait
from personavlm.worlds.values import Half

Task = Literal["VDR", "SIR", "EII", "IIR", "LPR", "IEA", "IPR", "BPR", "LGT", "RR", "RDC", "TED", "GNS"]
TASK_CODES: tuple[Task, ...] = get_args(Task)

Role = Literal[
    "right",  # true as of the question's time
    "stale",  # was true of the user, and is no longer
    "mine",  # true of the user in another matter: another routine, another picture, another reason
    "other",  # true of somebody else in the user's life
    "offered",  # said by the assistant, never taken up
    "stranger",  # true of somebody the user has nothing to do with: plausible and never mentioned
    "unknown",  # "I have not said"
]


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """A task's name and aspect as published, and its number of questions in the 32k and the 128k setting."""

    name: str
    aspect: str
    short: int
    long: int


TASKS: dict[Task, TaskInfo] = {
    "VDR": TaskInfo("Visual Detail Recall", "Memory Recall", 92, 71),
    "SIR": TaskInfo("Semantic Information Recall", "Memory Recall", 94, 95),
    "EII": TaskInfo("Explicit Intent Inference", "Intent Inference", 98, 82),
    "IIR": TaskInfo("Implicit Intent Recognition", "Intent Inference", 83, 66),
    "LPR": TaskInfo("Latest Preference Recognition", "Preference Recognition", 80, 57),
    "IEA": TaskInfo("Interest Evolution Analysis", "Preference Recognition", 92, 74),
    "IPR": TaskInfo("Implicit Preference Recommendation", "Preference Recognition", 64, 56),
    "BPR": TaskInfo("Behavioral Pattern Recognition", "Behavioral Awareness", 92, 77),
    "LGT": TaskInfo("Long-term Goal Tracking", "Behavioral Awareness", 92, 74),
    "RR": TaskInfo("Relationship Recognition", "Relationship Understanding", 82, 57),
    "RDC": TaskInfo("Relationship Dynamics Comprehension", "Relationship Understanding", 86, 63),
    "TED": TaskInfo("Tiered Explanation Delivery", "Personalized Growth Modeling", 92, 58),
    "GNS": TaskInfo("Generalizing to New Scenarios", "Personalized Growth Modeling", 82, 75),
}
ALIGNED = (226, 180)
"""Questions that also carry a test of alignment, in the 32k and the 128k setting."""


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to choose from, and why it is there."""

    text: str
    role: Role


@dataclass(frozen=True, slots=True)
class Question:
    """A question at the end of a dialogue, with its only right option and what proves it."""

    id: str
    """"test-50-3/LPR/2": person, task, number."""
    person: str
    half: Half
    task: Task
    form: str
    """Which kind of question within the task: "reason", "direction", "look"."""
    time: datetime
    query: str
    options: tuple[Option, ...]
    answer: int
    """Index of the right option."""
    about: tuple[str, ...]
    """Ids that the query is about (threads, things, shots, facts) or names of people: what a verifier starts from."""
    evidence: tuple[str, ...]
    """Ids of the turns that prove the answer, oldest first."""
    facts: tuple[str, ...]
    """Ids of the facts that it rests on."""
    needs_picture: bool = False
    """Whether the answer can be seen only in a picture."""
    unseen: bool = False
    """Whether its wording is one that training questions never use."""

    @property
    def right(self) -> str:
        """The text of the right option."""
        return self.options[self.answer].text


@dataclass(frozen=True, slots=True)
class Alignment:
    """Two replies to one question that differ in manner only; ``chosen`` suits the person in ``trait``."""

    question: str
    """Id of the question whose query both reply to."""
    trait: Trait
    high: bool
    """Whether the person is high in the trait, and so which of the two manners suits them."""
    chosen: str
    rejected: str
