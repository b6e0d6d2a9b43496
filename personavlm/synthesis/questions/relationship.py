"""Relationships: who is who and who matters (RR), how a relation has moved (RDC)."""

from __future__ import annotations

import random
from collections.abc import Iterator

from personavlm.synthesis.questions.draw import Ground, Pools, Quiz, mix, shuffled
from personavlm.synthesis.questions.looks import appearances, crossed
from personavlm.synthesis.questions.phrases import to_you
from personavlm.synthesis.questions.values import Option, Question
from personavlm.worlds.truth import Known
from personavlm.worlds.values import Kin

ASSISTANT = "assistant"


def relationship_recognition(ground: Ground, rng: random.Random) -> Iterator[Question]:
    """Relationship recognition: who somebody is, who bears a relation, who matters most, of whom something is true.

    Wrong options are the user's other people and strangers' relations that the same pronoun allows. In the form "look"
    somebody gave a thing, and the options are looks.
    """
    quiz = Quiz("RR", ground, rng)
    people = {kin.name: kin for kin in ground.person.kin if not kin.animal}
    told = [k for k in ground.settled("relation") if k.fact.about in people]
    for one in told:
        yield from _relation(quiz, one, people[one.fact.about])
        yield from _name(quiz, one, told, people)
    yield from _closest(quiz, people)
    for one in ground.settled("other"):
        if one.fact.attribute == "habit" and one.fact.about in people:
            yield from _who(quiz, one, [k.fact.about for k in told])
    yield from _gifts(quiz)


def _relation(quiz: Quiz, one: Known, kin: Kin) -> Iterator[Question]:
    own = [k.fact.attribute for k in quiz.ground.told("relation") if k is not one]
    strange = [
        other.relation
        for person in quiz.ground.strangers.persons
        for other in person.kin
        if not other.animal and other.pronoun == kin.pronoun
    ]
    pools: Pools = (("mine", [text for text in own if text in strange]), ("stranger", strange), ("stranger", strange))
    yield from quiz.ask("relation", {"name": kin.name}, kin.relation, pools, (one.fact.id, kin.name), [one])


def _name(quiz: Quiz, one: Known, told: list[Known], people: dict[str, Kin]) -> Iterator[Question]:
    """Yield the question for a name; the others are called what people of that pronoun may be called."""
    kin = people[one.fact.about]
    mine = [k.fact.about for k in told if k is not one and people[k.fact.about].pronoun == kin.pronoun]
    strange = [
        other.name
        for person in quiz.ground.strangers.persons
        for other in person.kin
        if not other.animal and other.pronoun == kin.pronoun and other.name not in people
    ]
    pools: Pools = (("mine", mine), ("stranger", strange))
    yield from quiz.ask("name", {"relation": kin.relation}, kin.name, pools, (one.fact.id, kin.name), [one])


def _closest(quiz: Quiz, people: dict[str, Kin]) -> Iterator[Question]:
    shown = [k for k in quiz.ground.settled("dynamic") if k.fact.attribute == "closeness" and k.fact.about in people]
    near = [k for k in shown if k.fact.strength == 3]
    for one in near:
        less = shuffled([k for k in shown if k.fact.strength < 3], quiz.rng)[:3]
        if len(less) == 3:
            options = [Option(one.fact.about, "right"), *(Option(k.fact.about, "mine") for k in less)]
            about = (one.fact.id, one.fact.about)
            yield quiz.put("closest", {}, mix(options, quiz.rng), about, [one, *less])


def _who(quiz: Quiz, one: Known, names: list[str]) -> Iterator[Question]:
    others = [Option(name, "mine") for name in shuffled(sorted({*names} - {one.fact.about}), quiz.rng)[:3]]
    if len(others) == 3:
        options = [Option(one.fact.about, "right"), *others]
        about = (one.fact.id, one.fact.about)
        yield quiz.put("who", {"habit": one.fact.value}, mix(options, quiz.rng), about, [one])


def _givers(ground: Ground) -> dict[str, Known]:
    """Return who gave exactly one thing, with the fact that says so."""
    rows = [k for k in ground.settled("belonging") if k.fact.attribute == "giver"]
    names = [k.fact.value for k in rows]
    return {k.fact.value: k for k in rows if names.count(k.fact.value) == 1}


def _gifts(quiz: Quiz) -> Iterator[Question]:
    looks = appearances(quiz.ground)
    for name, one in _givers(quiz.ground).items():
        if one.fact.about in looks and (found := crossed(looks[one.fact.about], list(looks.values()), quiz.rng)):
            proof = [one, *looks[one.fact.about].proof]
            yield quiz.put("look", {"name": name}, found, (one.fact.id, one.fact.about), proof, picture=True)


# ── how relations move ───────────────────────────────────────────────────────────────────────────────────────────

KIN_MOVES = {
    "closer": "you have grown closer",
    "cooler": "you have drifted apart",
    "fell out": "you have fallen out",
    "made up": "you have made up again",
}
MANNERS = {
    "more trusting": "more trusting than before",
    "more guarded": "more guarded than before",
    "more casual": "more casual than before",
    "more formal": "more formal than before",
}
WE = {
    "closer": "we have grown closer",
    "cooler": "we have drifted apart",
    "fell out": "we have fallen out",
    "made up": "we have made up again",
}


def relationship_dynamics(ground: Ground, rng: random.Random) -> Iterator[Question]:
    """Relationship dynamics comprehension: how a relation, to somebody or to the assistant, has moved of late, and why.

    Wrong options are the other ways in which it may move, the earlier one among them, and strangers' causes of the same
    move. In the form "look" the move points at a person who once gave a thing.
    """
    quiz = Quiz("RDC", ground, rng)
    moves = [k for k in ground.settled("dynamic") if k.fact.attribute != "closeness"]
    for one in moves:
        texts = MANNERS if one.fact.about == ASSISTANT else KIN_MOVES
        form = "assistant" if one.fact.about == ASSISTANT else "kin"
        gone = {k.fact.value for k in ground.line(one)} - {one.fact.value}
        options = [
            Option(text, "right" if move == one.fact.value else "stale" if move in gone else "stranger")
            for move, text in texts.items()
        ]
        slots = {"name": one.fact.about}
        yield quiz.put(form, slots, mix(options, rng), (ground.threads[one.fact.id].id,), ground.line(one))
        if form == "kin":
            yield from _cause(quiz, one, moves)
    yield from _gift_of(quiz, [k for k in moves if k.fact.about != ASSISTANT])


def _cause(quiz: Quiz, one: Known, moves: list[Known]) -> Iterator[Question]:
    ground, move = quiz.ground, one.fact.value
    mine = [k.fact.reason for k in moves if k is not one and k.fact.value == move]
    strange = [
        to_you(fact.reason, person.pronoun)
        for person in ground.strangers.persons
        for thread in person.threads
        if thread.matter == "dynamic"
        for fact in thread.facts
        if fact.value == move and fact.reason
    ]
    pools: Pools = (("mine", [to_you(text, ground.person.pronoun) for text in mine]), ("stranger", strange))
    slots = {"name": one.fact.about, "move": WE[move]}
    right = to_you(one.fact.reason, ground.person.pronoun)
    yield from quiz.ask("cause", slots, right, pools, (one.fact.id,), [one])


def _gift_of(quiz: Quiz, moves: list[Known]) -> Iterator[Question]:
    looks, givers = appearances(quiz.ground), _givers(quiz.ground)
    for one in moves:
        gift = givers.get(one.fact.about)
        alone = sum(k.fact.value == one.fact.value for k in moves) == 1
        if gift is None or not alone or gift.fact.about not in looks:
            continue
        if found := crossed(looks[gift.fact.about], list(looks.values()), quiz.rng):
            proof = [*quiz.ground.line(one), gift, *looks[gift.fact.about].proof]
            about = (one.fact.id, gift.fact.id, gift.fact.about)
            yield quiz.put("look", {"move": WE[one.fact.value]}, found, about, proof, picture=True)
