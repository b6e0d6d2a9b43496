"""The pen a life is written with: it numbers facts and threads and joins facts that follow each other."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from personavlm.worlds.banks import bank, share
from personavlm.worlds.life_time import Frame
from personavlm.worlds.values import Fact, Half, Matter, Thread

MISSPOKE = "a slip of the tongue"
"""Reason of a fact that corrects what was said before."""

PRONOUNS: Mapping[str, Mapping[str, str]] = {
    "she": {"they": "she", "them": "her", "their": "her", "theirs": "hers"},
    "he": {"they": "he", "them": "him", "their": "his", "theirs": "his"},
    "they": {"they": "they", "them": "them", "their": "their", "theirs": "theirs"},
}


def filled(text: str, pronoun: str, **names: str) -> str:
    """Fill a bank's text with pronouns, and with names."""
    return text.format(**{**PRONOUNS[pronoun], **names}) if "{" in text else text


Row = Mapping[str, Any]
"""A fact's fields before it has an id."""


def row(about: str, attribute: str, value: str, text: str, since: datetime, **more: Any) -> dict[str, Any]:
    """Return the fields of a fact."""
    return {"about": about, "attribute": attribute, "value": value, "text": text, "since": since, **more}


@dataclass(slots=True)
class Pen:
    """Writes the threads of one life. The only thing in a life that changes while it is made."""

    frame: Frame
    pronoun: str
    threads: list[Thread] = field(default_factory=list)
    count: int = 0
    spent: set[str] = field(default_factory=set)
    """Values and reasons that are taken, so that no two of a life are the same."""

    @property
    def half(self) -> Half:
        """The half that the life draws from."""
        return self.frame.half

    def fresh(self, items: Sequence[str], rng: random.Random) -> str:
        """Draw an item that nothing else in this life has yet, if there is one."""
        value = rng.choice([item for item in items if item not in self.spent] or items)
        self.spent.add(value)
        return value

    def reason(self, kind: str, rng: random.Random) -> str:
        """Draw a reason of a kind, one that was not given before."""
        return self.fill(self.fresh(share(bank("reasons")[kind], self.half), rng))

    def fill(self, text: str, **names: str) -> str:
        """Fill a bank's text with the person's pronouns, and with names."""
        return filled(text, self.pronoun, **names)

    def write(self, matter: Matter, label: str, *facts: Row) -> Thread:
        """Add a thread of facts in order of time; each but the first replaces the one before and ends it."""
        written: list[Fact] = []
        for fields in facts:
            self.count += 1
            fact = Fact(id=f"f{self.count}", matter=matter, **fields)
            if written:
                fact = replace(fact, replaces=written[-1].id)
                written[-1] = replace(written[-1], until=fact.since)
            written.append(fact)
        thread = Thread(f"h{len(self.threads) + 1}", matter, label, tuple(written))
        self.threads.append(thread)
        return thread
