"""Behaviour: what usually happens when (BPR), and how far plans have got (LGT)."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from personavlm.synthesis.questions.draw import UNKNOWN, Ground, Pools, Quiz, mix, shuffled
from personavlm.synthesis.questions.looks import appearances, crossed
from personavlm.synthesis.questions.phrases import slot
from personavlm.synthesis.questions.values import Option, Question
from personavlm.worlds.banks import bank
from personavlm.worlds.truth import Known
from personavlm.worlds.values import USER, Fact, Thread


def behavioural_pattern(ground: Ground, rng: random.Random) -> Iterator[Question]:
    """Behavioural pattern recognition: what comes at a day and hour, when something comes, where it takes place.

    Wrong options are the user's other habits, the time before a habit moved, and strangers' habits. In the form "look"
    the habit points at a thing that is taken along, and the options are looks.
    """
    quiz = Quiz("BPR", ground, rng)
    for one in ground.settled("routine"):
        yield from _activity(quiz, one)
        yield from _slot(quiz, one)
        yield from _place(quiz, one)
    yield from _taken_along(quiz)


def _others(quiz: Quiz, one: Known) -> list[Known]:
    return [k for k in quiz.ground.settled("routine") if k is not one]


def _activity(quiz: Quiz, one: Known) -> Iterator[Question]:
    day, hour, _ = slot(one.fact.value)
    strange = [fact.attribute for person in quiz.ground.strangers.persons for fact in _routines(person.threads)]
    pools: Pools = (
        ("mine", [k.fact.attribute for k in _others(quiz, one)]),
        ("stranger", strange),
        ("stranger", strange),
    )
    slots = {"day": day, "hour": hour}
    yield from quiz.ask("activity", slots, one.fact.attribute, pools, (one.fact.id,), [one])


def _slot(quiz: Quiz, one: Known) -> Iterator[Question]:
    stale = [_time(k) for k in quiz.ground.line(one) if k is not one]
    values = [fact.value for person in quiz.ground.strangers.persons for fact in _routines(person.threads)]
    strange = ["{} at {}".format(*slot(value)[:2]) for value in values]
    pools: Pools = (("stale", stale), ("mine", [_time(k) for k in _others(quiz, one)]), ("stranger", strange))
    slots = {"activity": one.fact.attribute}
    yield from quiz.ask("slot", slots, _time(one), pools, (one.fact.id,), quiz.ground.line(one))


def _time(one: Known) -> str:
    day, hour, _ = slot(one.fact.value)
    return f"{day} at {hour}"


def _place(quiz: Quiz, one: Known) -> Iterator[Question]:
    place = slot(one.fact.value)[2]
    kind = next(names for names in bank("routines")["places"].values() if _has(names, place))
    values = [fact.value for person in quiz.ground.strangers.persons for fact in _routines(person.threads)]
    strange = [other for other in (slot(value)[2] for value in values) if _has(kind, other)]
    mine = [slot(k.fact.value)[2] for k in _others(quiz, one)]
    pools: Pools = (("mine", [p for p in mine if _has(kind, p)]), ("stranger", strange), ("stranger", strange))
    yield from quiz.ask("place", {"activity": one.fact.attribute}, place, pools, (one.fact.id,), [one])


def _has(names: object, place: str) -> bool:
    """Return whether a list of places, in whichever half, holds one."""
    rows = [name for half in names.values() for name in half] if isinstance(names, dict) else names
    return place in rows if isinstance(rows, list) else False


def _routines(threads: Iterable[Thread]) -> Iterator[Fact]:
    return (thread.facts[-1] for thread in threads if thread.matter == "routine")


def _taken_along(quiz: Quiz) -> Iterator[Question]:
    looks = appearances(quiz.ground)
    uses = [k for k in quiz.ground.settled("belonging") if k.fact.attribute == "use" and k.fact.about in looks]
    for one in uses:
        if sum(k.fact.value == one.fact.value for k in uses) > 1:
            continue
        if found := crossed(looks[one.fact.about], list(looks.values()), quiz.rng):
            proof = [one, *looks[one.fact.about].proof]
            slots = {"activity": one.fact.value}
            yield quiz.put("look", slots, found, (one.fact.id, one.fact.about), proof, picture=True)


STATUS = {
    "planned": "still only a plan",
    "under way": "begun and under way",
    "done": "finished for good",
    "dropped": "given up again",
}
OF_THING = {
    "planned": "I have not begun yet",
    "under way": "I am in the middle of it",
    "done": "everything is done",
    "dropped": "I gave it all up again",
}


def goal_tracking(ground: Ground, rng: random.Random) -> Iterator[Question]:
    """Long-term goal tracking: the status a plan has reached by the last that was said; unknown if it never came up.

    Wrong options are the other statuses, "you have not said" among them; it is right for plans of strangers.
    """
    quiz = Quiz("LGT", ground, rng)
    known = [k for k in ground.settled("goal") if k.fact.about == USER]
    for one in known:
        others = [text for status, text in STATUS.items() if status != one.fact.value]
        options = _status_options(STATUS[one.fact.value], [*others, UNKNOWN], rng)
        slots = {"label": ground.threads[one.fact.id].label}
        yield quiz.put("status", slots, mix(options, rng), (ground.threads[one.fact.id].id,), ground.line(one))
    yield from _never_told(quiz, max(1, len(known) // 3))
    yield from _projects(quiz)


def _status_options(right: str, others: list[str], rng: random.Random) -> list[Option]:
    wrong = shuffled(others, rng)[:3]
    return [Option(right, "right"), *(Option(text, "unknown" if text == UNKNOWN else "stranger") for text in wrong)]


def _never_told(quiz: Quiz, count: int) -> Iterator[Question]:
    """Yield questions on plans that this person does not have, or has and never told."""
    person = quiz.ground.person
    own = {thread.label for thread in person.threads if thread.matter == "goal"}
    threads = [t for other in quiz.ground.strangers.persons for t in other.threads if t.matter == "goal"]
    strange = sorted({t.label for t in threads if t.facts[0].about == USER} - own)
    for label in shuffled(strange, quiz.rng)[:count]:
        options = _status_options(UNKNOWN, list(STATUS.values()), quiz.rng)
        yield quiz.put("status", {"label": label}, mix(options, quiz.rng), (label,), [])


def _projects(quiz: Quiz) -> Iterator[Question]:
    looks = appearances(quiz.ground)
    plans = [k for k in quiz.ground.settled("goal") if k.fact.about in quiz.ground.things]
    for one in plans:
        if one.fact.about not in looks or sum(k.fact.value == one.fact.value for k in plans) > 1:
            continue
        if found := crossed(looks[one.fact.about], list(looks.values()), quiz.rng):
            proof = [*quiz.ground.line(one), *looks[one.fact.about].proof]
            slots = {"status": OF_THING[one.fact.value]}
            yield quiz.put("look", slots, found, (one.fact.id, one.fact.about), proof, picture=True)
