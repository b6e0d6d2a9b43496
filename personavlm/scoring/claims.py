"""What memories are held against: claims, and the verdicts on them.

>>> Claim("taste", "user", "drink", "ginger beer", "favourite drink is ginger beer", polarity=1).current
True
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from personavlm.memory import MemoryType

Relation = Literal["same", "past", "denied", "other-person", "other-value", "other-date", "vaguer", "unrelated"]
RELATIONS: tuple[Relation, ...] = get_args(Relation)

Scale = Literal["goal", "closeness", "knowledge"]
SCALES: dict[str, Scale] = {"goal": "goal", "dynamic": "closeness", "expertise": "knowledge"}
"""Matters whose value is a degree."""
ORDERS: dict[Scale, tuple[str, ...]] = {
    "goal": ("dropped", "done", "planned", "under way"),
    "closeness": (
        *("made up", "fell out", "cooler", "closer", "on easy terms", "distant", "close"),
        *("more casual", "more formal", "more guarded", "more trusting"),
    ),
    "knowledge": ("beginner", "handy", "expert"),
}
"""The degrees, the clearer words first."""
_OPPOSITES = (
    *(("closer", "cooler"), ("fell out", "made up"), ("close", "distant")),
    *(("more casual", "more formal"), ("more guarded", "more trusting")),
)
OPPOSITE = {one: other for pair in _OPPOSITES for one, other in (pair, pair[::-1])}

USER = "user"


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that is or was true, in the form memories are held against."""

    matter: str
    """What kind of thing: "taste", "routine", "goal", … (``worlds.values.Matter``)."""
    about: str
    """"user", or the name of a person, animal or thing."""
    attribute: str
    value: str
    text: str
    """The whole statement."""
    called: tuple[str, ...] = ()
    """Other ways to refer to whom it is about: the user's name, a relation, a category."""
    topic: str = ""
    """What its thread is called; of a goal, the goal, its value being the status."""
    polarity: Literal[-1, 0, 1] = 0
    also: tuple[str, ...] = ()
    """Other words for the value."""
    since: datetime | None = None
    until: datetime | None = None
    memory: MemoryType = "semantic"
    current: bool = True
    """Whether it holds at the moment the memories are looked at."""
    id: str = ""
    implied: bool = False
    """Whether it was shown and never said."""
    thread: str = ""
    """Claims of one thread follow each other: what is true now and what was before."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a memory stands to a claim."""

    relation: Relation
    days: int | None = None
    """By how many days its date is off, where both have one."""

    @property
    def states(self) -> bool:
        """Whether the memory states the claim as something that holds."""
        return self.relation == "same"

    @property
    def supported(self) -> bool:
        """Whether what the memory says follows from the claim: it states it, or less than it."""
        return self.relation in ("same", "vaguer")
