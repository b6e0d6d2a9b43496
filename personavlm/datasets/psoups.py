"""P-SOUPS: two replies to one message, of which a person prefers one, with their profile and four past choices.

    DIR/student_phd*.json          [{"prompt": "…", "chosen": "…", "rejected": "…", "profile": "Young, Low Openness …",
    DIR/friendly_unfriendly*.json    "Pair-wise Comparative Feedback": [{"prompt", "chosen", "rejected"}, …]}, …]

The files also hold ``ground_truth_persona``, which says in so many words what is preferred: it is not read, so that
nothing can be fed with it. Source: P-SOUPS (Jang et al., 2023) in the public copy of AlignX; its licence is not stated:
read from where the user has it, never copied into this project.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from personavlm.datasets.files import Skipped, load, place
from personavlm.errors import BadInput

WHAT = "a P-SOUPS file (a list of prompt, chosen, rejected, profile and past pairs)"
NAMES: Mapping[str, str] = {"student_phd": "Expertise", "friendly_unfriendly": "Style"}
"""The paper's names of the sets by their files' names; other files keep theirs."""


@dataclass(frozen=True, slots=True)
class RepliesPair:
    """A message with the reply that was preferred and the one that was turned down."""

    message: str
    chosen: str
    rejected: str


@dataclass(frozen=True, slots=True)
class PSoupsItem:
    """One choice of one person."""

    set: str
    """"Expertise", "Style", or the name of another file."""
    number: int
    """Place in the file, from 0."""
    pair: RepliesPair
    profile: str
    """Traits, needs and likings, parted by commas."""
    past: tuple[RepliesPair, ...]


@dataclass(frozen=True, slots=True)
class PSoups:
    """What was read, sets in the order of their files' names, and what was left out and why."""

    items: tuple[PSoupsItem, ...]
    skipped: tuple[Skipped, ...] = ()


class _Read(BaseModel):
    """Only what is named here is read: the rest of the file gives the answer away."""

    model_config = ConfigDict(extra="ignore", strict=True)
    prompt: str = Field(min_length=1)
    chosen: str = Field(min_length=1)
    rejected: str = Field(min_length=1)

    def pair(self) -> RepliesPair:
        return RepliesPair(self.prompt, self.chosen, self.rejected)


class _Item(_Read):
    profile: str = ""
    past: list[_Read] = Field(alias="Pair-wise Comparative Feedback", default_factory=list)


def psoups(folder: Path) -> PSoups:
    """Return the choices of all sets in a folder, or of one file.

    Raises ``BadInput`` if there is no file, a file has another shape, or no choice can be used.
    """
    paths = [folder] if folder.is_file() else sorted(folder.glob("*.json"))
    if not paths:
        raise BadInput(f"{folder} holds no *.json.", f"give the folder of P-SOUPS: {', '.join(NAMES)}.")
    skipped: list[Skipped] = []
    items = tuple(item for path in paths for item in _items(path, skipped))
    if not items:
        first = f" ({skipped[0].where}: {skipped[0].why})" if skipped else ""
        raise BadInput(f"{folder} holds no choice that can be asked{first}.", f"give {WHAT}.")
    return PSoups(items, tuple(skipped))


def _items(path: Path, skipped: list[Skipped]) -> Iterator[PSoupsItem]:
    name = next((NAMES[known] for known in NAMES if path.stem.startswith(known)), path.stem)
    for number, raw in enumerate(load(path, list[Any], WHAT)):
        try:
            read = _Item.model_validate(raw)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            skipped.append(Skipped(f"{path.name} [{number}].{place(first['loc'])}", first["msg"]))
        else:
            yield PSoupsItem(name, number, read.pair(), read.profile, tuple(one.pair() for one in read.past))
