"""Drawing: what all tasks share. What is known at the end of a dialogue, four options in random order, a wording.

    Ground.of(world, strangers)  ->  one_of("taste")  ->  four_of(right, distractors, rng)  ->  asked(...)

A *stranger* is another person of the same half whose true values serve as plausible ones that were never mentioned. They
come from the same lives as the right answers do, so that no value is right more often than it is wrong.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from personavlm.synthesis.questions.values import Option, Question, Role, Task
from personavlm.worlds.banks import bank
from personavlm.worlds.truth import Known, facts, known
from personavlm.worlds.values import Fact, Matter, Person, Thread, World

UNKNOWN = "you have not said"
"""The option that is right when the user never told."""
OPTIONS = 4


@dataclass(frozen=True, slots=True)
class Ground:
    """What questions stand on: a world, what can be known of it at its end, and strangers to take values from."""

    world: World
    known: tuple[Known, ...]
    threads: dict[str, Thread]
    """The thread of each fact, by the fact's id."""
    strangers: tuple[Person, ...]
    spoken: str
    """Everything that was said, in lower case."""

    @classmethod
    def of(cls, world: World, strangers: Sequence[Person]) -> Ground:
        """Return the ground of questions asked at a world's end."""
        threads = {fact.id: thread for thread in world.person.threads for fact in thread.facts}
        spoken = "\n".join(f"{turn.text}\n{turn.reply}" for turn in world.turns).lower()
        return cls(world, known(world, world.person.end), threads, tuple(strangers), spoken)

    @property
    def person(self) -> Person:
        """The person the world is of."""
        return self.world.person

    def told(self, *matters: Matter) -> list[Known]:
        """Return what is known of some matters, in the order in which it was first told."""
        return [one for one in self.known if one.fact.matter in matters]

    def current(self, *matters: Matter) -> list[Known]:
        """Return what is known of some matters and still holds."""
        return [one for one in self.told(*matters) if one.standing == "current"]

    def thread(self, fact: Fact) -> Thread:
        """Return a fact's thread."""
        return self.threads[fact.id]

    def foreign(self, *matters: Matter) -> Iterator[Fact]:
        """Yield strangers' facts of some matters."""
        for person in self.strangers:
            yield from (fact for fact in facts(person) if fact.matter in matters)

    def mentioned(self, text: str) -> bool:
        """Return whether a text came up in the dialogue, from either side."""
        return text.lower() in self.spoken


def four_of(
    right: str, pools: Iterable[tuple[Role, Iterable[str]]], rng: random.Random
) -> tuple[tuple[Option, ...], int] | None:
    """Return four different options in random order and the place of the right one; None if the pools run dry.

    Pools are used in the order given: one option from each in turn, and round again until there are four.
    """
    left = [(role, shuffled(sorted(set(texts) - {right}), rng)) for role, texts in pools]
    chosen: list[Option] = [Option(right, "right")]
    while len(chosen) < OPTIONS and any(texts for _, texts in left):
        for role, texts in left:
            fresh = next((text for text in texts if text not in {option.text for option in chosen}), None)
            texts[:] = [text for text in texts if text != fresh] if fresh else []
            if fresh and len(chosen) < OPTIONS:
                chosen.append(Option(fresh, role))
    if len(chosen) < OPTIONS:
        return None
    mixed = tuple(shuffled(chosen, rng))
    return mixed, next(n for n, option in enumerate(mixed) if option.role == "right")


def shuffled(items: Iterable[object], rng: random.Random) -> list:  # type: ignore[type-arg]
    """Return items in random order."""
    mixed = list(items)
    rng.shuffle(mixed)
    return mixed
