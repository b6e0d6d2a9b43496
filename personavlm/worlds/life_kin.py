"""The others in a life: who they are, what is true of them, how close they are, how it moves, what is done for them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, cast

from personavlm.worlds.banks import bank, share
from personavlm.worlds.life_pen import MISSPOKE, Pen, row
from personavlm.worlds.life_self import shuffled, write_event
from personavlm.worlds.life_time import spelled
from personavlm.worlds.values import USER, Kin

ASSISTANT = "assistant"
Pronoun = Literal["she", "he", "they", "it"]

CLOSENESS: dict[int, tuple[str, str, str]] = {
    3: ("close", "close", "is very close to {kin}"),
    2: ("easy", "on easy terms", "is on easy terms with {kin}"),
    1: ("distant", "distant", "keeps a distance from {kin}"),
}
"""Closeness: bank of episodes, value, text."""

MOVES: dict[str, str] = {
    "closer": "has grown closer to {kin}",
    "cooler": "has drifted apart from {kin}",
    "fell out": "has fallen out with {kin}",
    "made up": "has made up with {kin}",
}
TOWARDS_ASSISTANT: dict[str, str] = {
    "more trusting": "trusts the assistant more than before",
    "more guarded": "is more guarded with the assistant than before",
    "more casual": "talks with the assistant more casually than before",
    "more formal": "talks with the assistant more formally than before",
}
ALSO: dict[str, tuple[str, ...]] = {
    "closer": ("grown closer", "nearer than before"),
    "cooler": ("drifted apart", "more distant than before"),
    "fell out": ("fallen out", "quarrelled"),
    "made up": ("reconciled", "on good terms again"),
    "more trusting": ("trusts more",),
    "more guarded": ("trusts less",),
    "more casual": ("less formal",),
    "more formal": ("less casual",),
}
"""Other words for how a relation moves."""

BEFORE: dict[str, tuple[str, ...]] = {
    "closer": ("cooler", "made up"),
    "cooler": ("closer", "fell out"),
    "fell out": ("closer", "cooler"),
    "made up": ("fell out",),
    "more trusting": ("more guarded",),
    "more guarded": ("more trusting",),
    "more casual": ("more formal",),
    "more formal": ("more casual",),
}
"""How a relation may have moved before it moved so."""


@dataclass(frozen=True, slots=True)
class Circle:
    """How many others there are and how much is known of them, by the length of the dialogue."""

    people: int
    animals: int
    facts: int
    moves: int
    aims: int


def circle(turns: int, rng: random.Random) -> Circle:
    """Draw the size of somebody's circle."""
    step = sum(turns > bound for bound in (30, 60, 110, 210))
    animals = rng.choice((1, 1, 2))
    return Circle(
        people=min(9 - animals, (4, 5, 6, 7, 8)[step]),
        animals=animals,
        facts=(2, 3, 4, 6, 8)[step],
        moves=(1, 1, 2, 3, 4)[step],
        aims=(1, 1, 3, 4, 6)[step],
    )


def make_kin(pen: Pen, name: str, age: int, size: Circle) -> tuple[Kin, ...]:
    """Draw people and animals: relations that fit the age, names that hint at nothing, closeness even."""
    rng = pen.frame.rng("kin")
    relations = [entry for entry in shuffled(bank("relations")["people"], rng) if _fits(entry["relation"], age)]
    names = {kind: shuffled(share(bank("names")[kind], pen.half), rng) for kind in ("she", "he", "they", "animals")}
    for kind in ("she", "he", "they"):
        names[kind] = [given for given in names[kind] if given != name]
    closeness = [level for _ in range(4) for level in shuffled((1, 2, 3), rng)]
    people = []
    for entry in relations[: size.people]:
        pronoun = entry["pronoun"] if entry["pronoun"] != "any" else rng.choice(("she", "she", "he", "he", "they"))
        people.append(
            Kin(names[pronoun].pop(), entry["relation"], False, cast("Pronoun", pronoun), cast("Any", closeness.pop()))
        )
    for entry in shuffled(bank("relations")["animals"], rng)[: size.animals]:
        pronoun = rng.choice(("she", "he"))
        close: Any = rng.choice((2, 3))
        people.append(Kin(names["animals"].pop(), entry["relation"], True, cast("Pronoun", pronoun), close))
    return tuple(people)


def _fits(relation: str, age: int) -> bool:
    youngest = {"daughter": 30, "son": 30, "godchild": 26, "trainee": 28, "former colleague": 26}.get(relation, 0)
    oldest = {"grandmother": 40, "grandfather": 40, "mother": 58, "father": 58, "boss": 62}.get(relation, 99)
    return youngest <= age <= oldest


def write_kin(pen: Pen, kin: Sequence[Kin], size: Circle) -> None:
    """Write everybody's relation, closeness and what is true of them, and the moves."""
    rng = pen.frame.rng("others")
    people = [one for one in kin if not one.animal]
    movers = people[: size.moves]
    for one in kin:
        article = "an" if one.relation[0] in "aeiou" else "a"
        text = f"has {article} {one.relation} called {one.name}"
        pen.write("relation", one.name, row(one.name, one.relation, one.name, text, pen.frame.ago(rng, 12)))
        facts = _animal(pen, rng) if one.animal else _person(pen, rng)
        for attribute, value, text in facts[: max(1, size.facts - 2 * one.animal)]:
            _write_other(pen, one, attribute, value, text, rng)
        if one not in movers and not one.animal:
            _write_closeness(pen, one, rng)
    _write_moves(pen, [one.name for one in movers], MOVES, rng)
    _write_moves(pen, [ASSISTANT], TOWARDS_ASSISTANT, rng)
    _slip(pen, people, rng)


def _person(pen: Pen, rng: random.Random) -> list[tuple[str, str, str]]:
    """Return what is true of a person: attribute, value, clause; in random order."""
    others, half = bank("others"), pen.half
    plan = pen.fresh(share(others["plans"], half), rng)
    habit = pen.fresh(share(others["habits"], half), rng)
    job = pen.fresh(share(bank("work")["jobs"], half), rng)
    article = "an" if job[0] in "aeiou" else "a"
    town = pen.fresh(share(bank("towns")["towns"], half), rng)
    facts = [
        ("work", job, f"works as {article} {job}"),
        ("town", town, f"lives in {town}"),
        ("plan", plan, f"plans to {plan}"),
        ("habit", habit, habit),
        ("birthday", birthday := spelled(pen.frame.ago(rng, 1)).rsplit(" ", 1)[0], f"has a birthday on {birthday}"),
    ]
    for domain in rng.sample(bank("domains"), k=5):
        value = pen.fresh(share(domain["items"], half), rng)
        facts.append((domain["domain"], value, f"loves {value}"))
    return shuffled(facts, rng)


def _animal(pen: Pen, rng: random.Random) -> list[tuple[str, str, str]]:
    habits = share(bank("others")["animals"], pen.half)
    chosen = [pen.fresh(habits, rng) for _ in range(3)]
    age = rng.randint(2, 14)
    return shuffled([("age", str(age), f"is {age} years old"), *(("habit", habit, habit) for habit in chosen)], rng)


def _write_other(pen: Pen, one: Kin, attribute: str, value: str, clause: str, rng: random.Random) -> None:
    liked = 1 if clause.startswith("loves ") else 0
    text, since = f"{one.relation} {one.name} {clause}", pen.frame.ago(rng, 5)
    pen.write("other", one.name, row(one.name, attribute, value, text, since, polarity=liked, strength=2 + liked))


def _write_closeness(pen: Pen, one: Kin, rng: random.Random) -> None:
    _, value, text = CLOSENESS[one.closeness]
    since = pen.frame.ago(rng, 5)
    fact = row(one.name, "closeness", value, text.format(kin=one.name), since, strength=one.closeness, implied=True)
    pen.write("dynamic", one.name, fact)


def _write_moves(pen: Pen, names: Sequence[str], texts: dict[str, str], rng: random.Random) -> None:
    """Write how relations move: the last move even over all, a third of them after another one."""
    lasts = [move for _ in range(1 + len(names) // 4) for move in shuffled(tuple(texts), rng)]
    for name, last in zip(names, lasts, strict=False):
        path = [rng.choice(BEFORE[last]), last] if rng.random() < 0.4 else [last]
        moments = [pen.frame.gap(rng, 0.1, 0.4), pen.frame.gap(rng, 0.55, 0.9)][-len(path) :]
        if len(path) == 2 and moments[1] - moments[0] < timedelta(days=3):
            path, moments = path[1:], moments[1:]
        attribute = "manner" if name == ASSISTANT else "relation"
        facts: list[dict[str, Any]] = []
        for move, since in zip(path, moments, strict=True):
            reason = pen.reason(move, rng)
            text = texts[move].format(kin=name)
            facts.append(row(name, attribute, move, text, since, reason=reason, also=ALSO[move]))
        pen.write("dynamic", name, *facts)


def _slip(pen: Pen, people: Sequence[Kin], rng: random.Random) -> None:
    """Write something said wrong of somebody and corrected later."""
    one = rng.choice(people)
    domain = rng.choice(bank("domains"))
    values = [pen.fresh(share(domain["items"], pen.half), rng) for _ in range(2)]
    moments = [pen.frame.ago(rng, 3), pen.frame.gap(rng, 0.4, 0.8)]
    facts = [
        row(
            one.name, domain["domain"], value, f"{one.relation} {one.name} loves {value}", since, polarity=1, strength=3
        )
        for value, since in zip(values, moments, strict=True)
    ]
    pen.write("other", one.name, facts[0], facts[1] | {"reason": MISSPOKE})


def write_aims(pen: Pen, kin: Sequence[Kin], size: Circle) -> None:
    """Write errands whose purpose stays unsaid: two facts that can be told, and the aim that follows from them."""
    rng = pen.frame.rng("aims")
    people = shuffled([one for one in kin if not one.animal], rng)
    for at, kind in enumerate(shuffled(bank("aims")["kinds"], rng)[: size.aims]):
        one = people[at % len(people)]
        occasion = rng.choice(share(kind["occasions"], pen.half))
        moment = pen.frame.gap(rng, 0.5 + 0.3 * at / max(1, size.aims), 0.88)
        _write_aim(pen, one, kind["subject"], occasion, moment, rng)


def _write_aim(pen: Pen, one: Kin, subject: str, occasion: Any, moment: datetime, rng: random.Random) -> None:
    """Write the premises first, then the aim; the plan finds them by their order."""
    date = pen.frame.session_after(moment) + timedelta(days=rng.randint(3, 13))
    _write_other(pen, one, "circumstance", occasion["other"], occasion["other"], rng)
    ahead = occasion["future"].format(kin=one.name)
    write_event(pen, ahead, date, ahead=True)
    aim = occasion["aim"].format(kin=one.name)
    reason = f"{one.relation} {one.name} {occasion['other']}, and the plan is to {ahead} on {spelled(date)}"
    fact = row(USER, subject, aim, f"wants to {aim}", moment, until=date, reason=reason, implied=True)
    pen.write("aim", one.name, fact)
