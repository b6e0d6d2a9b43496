"""Drawing: what all tasks share. What is known at the end of a dialogue, four options in random order, a wording.

    Ground.of(world, Strangers.of(persons)) ──task──> Quiz.ask(form, slots, right, pools, proof) ──> Question

A *stranger* is another person of the same half whose true values serve as plausible ones that were never mentioned.
They come from the same lives as the right answers do, so that no value is right more often than it is wrong.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from personavlm.synthesis.questions.values import Option, Question, Role, Task
from personavlm.worlds.banks import bank
from personavlm.worlds.truth import Known, facts, known, threads_by_fact
from personavlm.worlds.values import USER, Fact, Half, Matter, Person, Thing, Thread, World

T = TypeVar("T")

UNKNOWN = "you have not said"
"""The option that is right when the user never told."""
OPTIONS = 4
Pool = tuple[Role, Iterable[str]]
"""Where wrong options come from."""
Pools = tuple[Pool, ...]


@dataclass(frozen=True, slots=True)
class Strangers:
    """People the user has nothing to do with, their facts by matter and attribute."""

    persons: tuple[Person, ...]
    rows: Mapping[tuple[Matter, str], tuple[Fact, ...]]

    @classmethod
    def of(cls, persons: Sequence[Person]) -> Strangers:
        """Sort strangers' facts."""
        rows: dict[tuple[Matter, str], list[Fact]] = {}
        for person in persons:
            for fact in facts(person):
                rows.setdefault((fact.matter, fact.attribute), []).append(fact)
        return cls(tuple(persons), {key: tuple(row) for key, row in rows.items()})

    def facts(self, matter: Matter, attribute: str) -> tuple[Fact, ...]:
        """Return their facts of one matter and attribute."""
        return self.rows.get((matter, attribute), ())

    def values(self, matter: Matter, attribute: str) -> list[str]:
        """Return the values of such facts; things are called by name, and no value of a taste in general."""
        return [fact.value for fact in self.facts(matter, attribute) if fact.matter != "taste" or fact.about == USER]


@dataclass(frozen=True, slots=True)
class Ground:
    """What questions stand on: a world and what can be known of it at its end, with strangers to take values from."""

    world: World
    known: tuple[Known, ...]
    threads: Mapping[str, Thread]
    """The thread of each fact, by the fact's id."""
    things: Mapping[str, Thing]
    strangers: Strangers

    @classmethod
    def of(cls, world: World, strangers: Strangers) -> Ground:
        """Return the ground of questions asked at a world's end; what the user wants forgotten is left out."""
        person = world.person
        threads = threads_by_fact(person)
        gone = {beat.fact for turn in world.turns for beat in turn.beats if beat.act == "forget"}
        told = tuple(one for one in known(world, person.end) if one.fact.id not in gone)
        return cls(world, told, threads, {thing.id: thing for thing in person.things}, strangers)

    @property
    def person(self) -> Person:
        """The person the world is of."""
        return self.world.person

    def told(self, *matters: Matter) -> list[Known]:
        """Return what is known of some matters, in the order in which it was first told."""
        return [one for one in self.known if one.fact.matter in matters]

    def settled(self, *matters: Matter) -> list[Known]:
        """Return what is known of some matters, still holds, and has not moved on in silence."""
        return [one for one in self.told(*matters) if one.standing == "current" and self._last(one.fact)]

    def _last(self, fact: Fact) -> bool:
        return self.threads[fact.id].facts[-1].id == fact.id

    def line(self, one: Known) -> list[Known]:
        """Return what is known of one fact's thread, oldest first."""
        ids = [fact.id for fact in self.threads[one.fact.id].facts]
        return sorted((other for other in self.known if other.fact.id in ids), key=lambda k: ids.index(k.fact.id))

    def before(self, one: Known) -> Known | None:
        """Return the known fact that a fact took the place of."""
        return next((other for other in self.known if other.fact.id == one.fact.replaces), None)

    def when(self, turn: str) -> str:
        """Return the day of a turn as people say it: "3 May"."""
        time = self.world.turns[int(turn[1:]) - 1].time
        return f"{time.day} {time:%B}"


@dataclass(frozen=True, slots=True)
class Quiz:
    """Puts the questions of one task to one world."""

    task: Task
    ground: Ground
    rng: random.Random

    @property
    def half(self) -> Half:
        """The half that wordings and banks are taken from."""
        return self.ground.person.half

    def ask(
        self,
        form: str,
        slots: Mapping[str, str],
        right: str,
        pools: Pools,
        about: tuple[str, ...],
        proof: Iterable[Known],
        picture: bool = False,
    ) -> Iterator[Question]:
        """Yield a question, or nothing if there are not four different options."""
        found = four_of(right, pools, self.rng)
        if found is not None:
            yield self.put(form, slots, found, about, proof, picture)

    def put(
        self,
        form: str,
        slots: Mapping[str, str],
        mixed: tuple[tuple[Option, ...], int],
        about: tuple[str, ...],
        proof: Iterable[Known],
        picture: bool = False,
    ) -> Question:
        """Return a question whose options are drawn already."""
        template, unseen = wording(f"{self.task}/{form}", self.half, self.rng)
        rests = {one.fact.id: one for one in proof}
        turns = {turn for one in rests.values() for turn in one.evidence}
        options, answer = mixed
        return Question(
            id="",
            person=self.ground.person.id,
            half=self.half,
            task=self.task,
            form=form,
            time=self.ground.person.end,
            query=sentence(template.format(**slots)),
            options=options,
            answer=answer,
            about=about,
            evidence=tuple(sorted(turns, key=lambda turn: int(turn[1:]))),
            facts=tuple(rests),
            needs_picture=picture,
            unseen=unseen,
        )


def wording(key: str, half: Half, rng: random.Random) -> tuple[str, bool]:
    """Return a wording of a form, and whether training never uses it; such ones are half of the test half's."""
    rows = bank("questions_wordings")[key]
    unseen = half == "test" and rng.random() < 0.5
    return rng.choice(rows["test" if unseen else "both"]), unseen


def sentence(text: str) -> str:
    """Return a text with its first letter, and each after a full stop, large."""
    marks = [n for n in range(len(text)) if n == 0 or text[n - 2 : n] in (". ", "? ")]
    return "".join(letter.upper() if n in marks else letter for n, letter in enumerate(text))


def four_of(right: str, pools: Pools, rng: random.Random) -> tuple[tuple[Option, ...], int] | None:
    """Return four different options in random order and the place of the right one; None if the pools run dry.

    Pools are used in the order given: one option from each in turn, and round again until there are four.
    """
    left = [(role, shuffled(sorted(set(texts)), rng)) for role, texts in pools]
    chosen = [Option(right, "right")]
    while len(chosen) < OPTIONS and any(texts for _, texts in left):
        for role, texts in left:
            taken = {option.text.lower() for option in chosen}
            while texts and texts[-1].lower() in taken:
                texts.pop()
            if texts and len(chosen) < OPTIONS:
                chosen.append(Option(texts.pop(), role))
    return mix(chosen, rng) if len(chosen) == OPTIONS else None


def mix(chosen: Sequence[Option], rng: random.Random) -> tuple[tuple[Option, ...], int]:
    """Return options in random order and the place of the right one."""
    mixed = tuple(shuffled(chosen, rng))
    return mixed, next(n for n, option in enumerate(mixed) if option.role == "right")


def shuffled(items: Iterable[T], rng: random.Random) -> list[T]:
    """Return items in random order."""
    mixed = list(items)
    rng.shuffle(mixed)
    return mixed
