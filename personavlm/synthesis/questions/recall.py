"""Memory recall: what a picture showed (VDR), and what was said once (SIR)."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from personavlm.synthesis.questions.draw import Ground, Pools, Quiz
from personavlm.synthesis.questions.looks import appearances, crossed
from personavlm.synthesis.questions.phrases import a, mine, part
from personavlm.synthesis.questions.values import Question
from personavlm.worlds.banks import bank
from personavlm.worlds.pictures.looks import colours, shapes
from personavlm.worlds.truth import Known
from personavlm.worlds.values import Fact, Shot

COUNTS = ("two", "three", "four", "five")


def visual_detail(ground: Ground, rng: random.Random) -> Iterator[Question]:
    """Visual detail recall: an attribute of something in an earlier picture, seen there and never put into words.

    Wrong options are the same attribute of other things of the user, and values that things of the kind may have.
    """
    quiz = Quiz("VDR", ground, rng)
    for one in ground.told("detail"):
        if one.fact.about in ground.things:
            yield from _of_thing(quiz, one)
    for shot in ground.world.shots:
        yield from _of_shot(quiz, shot)


def _of_thing(quiz: Quiz, one: Known) -> Iterator[Question]:
    fact, thing = one.fact, quiz.ground.things[one.fact.about]
    kind = next((shape for shape in shapes().values() if shape.category == thing.category), None)
    if kind is None or fact.attribute not in ("colour", "second", "pattern"):
        return
    own_colours = kind.colours if fact.attribute == "colour" else ()
    possible = kind.patterns if fact.attribute == "pattern" else own_colours or tuple(colours())
    others = [other.fact.value for other in quiz.ground.told("detail") if other.fact.attribute == fact.attribute]
    pools: Pools = (
        ("mine", [value for value in others if value in possible]),
        ("stranger", possible),
        ("stranger", possible),
    )
    slots = {"thing": mine(thing.name), "part": part(thing.category)}
    yield from quiz.ask(fact.attribute, slots, fact.value, pools, (thing.id, fact.attribute), [one], picture=True)


def _of_shot(quiz: Quiz, shot: Shot) -> Iterator[Question]:
    """Yield questions on what stands about in a picture and is nobody's; the picture must be the day's only one."""
    rows = [one for one in quiz.ground.told("detail") if one.fact.about == shot.id]
    if not rows or not _alone_that_day(quiz.ground, shot):
        return
    when = quiz.ground.when(rows[0].evidence[0])
    named = {seen.category for seen in shot.seen if seen.thing}
    for one in rows:
        kind, noun = one.fact.attribute.split(" of ", 1)
        slots = {"when": when, "things": noun, "side": one.fact.value, "beside": a(noun)}
        about = (shot.id, one.fact.attribute)
        if kind == "count":
            yield from quiz.ask("count", slots, one.fact.value, (("stranger", COUNTS),), about, [one], picture=True)
        elif kind == "colour" and noun in shapes():
            pool = shapes()[noun].colours or tuple(colours())
            yield from quiz.ask("beside", slots, one.fact.value, (("stranger", pool),), about, [one], picture=True)
        elif kind == "position" and noun not in named and noun in shapes():
            others = [seen.category for seen in shot.seen if not seen.thing and seen.count == 1]
            pools: Pools = (("mine", others), ("stranger", [name for name in shapes() if name not in named]))
            yield from quiz.ask("position", slots, noun, pools, about, [one], picture=True)


def _alone_that_day(ground: Ground, shot: Shot) -> bool:
    day = [turn.time.date() for turn in ground.world.turns for _ in turn.shots]
    own = next((turn.time.date() for turn in ground.world.turns if shot.id in turn.shots), None)
    return own is not None and day.count(own) == 1


ASKS = {
    "work": "what is {name}'s work?",
    "town": "where does {name} live?",
    "plan": "what does {name} plan to do?",
    "birthday": "when is {name}'s birthday?",
    "age": "how many years old is {name}?",
}


def semantic_information(ground: Ground, rng: random.Random) -> Iterator[Question]:
    """Semantic information recall: something about the user, their things or their people that was told as a fact.

    Wrong options are what held before, what is true of others in the user's life, and strangers' values. In the form
    "look" the told fact is where a thing comes from, and the options are looks.
    """
    quiz = Quiz("SIR", ground, rng)
    for one in ground.settled("identity", "request", "event"):
        yield from _told(quiz, one)
    for one in ground.settled("other"):
        yield from _of_kin(quiz, one)
    looks = appearances(ground)
    origins = [one for one in ground.settled("belonging") if one.fact.attribute == "origin"]
    for one in origins:
        alone = sum(other.fact.value == one.fact.value for other in origins) == 1
        if alone and one.fact.about in looks:
            look = looks[one.fact.about]
            if found := crossed(look, list(looks.values()), rng):
                proof, about = [one, *look.proof], (one.fact.id, look.thing)
                yield quiz.put("look", {"origin": one.fact.value}, found, about, proof, picture=True)


def _told(quiz: Quiz, one: Known) -> Iterator[Question]:
    fact, ground = one.fact, quiz.ground
    if fact.attribute not in ("work", "town", "origin", "home", "age", "event", "appointment", "remember"):
        return
    same = [other.fact for other in ground.told(fact.matter) if other.fact.attribute == fact.attribute]
    if fact.matter == "event" and sum(other.since.date() == fact.since.date() for other in same) > 1:
        return
    also = {other.value for other in same if other.attribute == "remember"}
    strange = [v for v in ground.strangers.values(fact.matter, fact.attribute) if v not in also]
    mine = [value for value in _rivals(ground, fact, same) if value not in also]
    pools: Pools = (("mine", map(_wish, mine)), ("stranger", map(_wish, strange)), ("stranger", map(_wish, strange)))
    slots = {"when": f"{fact.since.day} {fact.since:%B}"}
    yield from quiz.ask(fact.attribute, slots, _wish(fact.value), pools, (fact.id,), [one])


def _rivals(ground: Ground, fact: Fact, same: Sequence[Fact]) -> list[str]:
    """Return what else was told of the kind: of the user in another matter or time, and of their people."""
    values = [other.value for other in same if other.id != fact.id]
    if fact.matter != "identity":
        return values
    people = {kin.name for kin in ground.person.kin if not kin.animal}
    others = [one.fact for one in ground.told("other") if one.fact.about in people]
    kind = "town" if fact.attribute == "origin" else fact.attribute
    own = [one.fact for one in ground.told("identity") if one.fact.attribute == kind and one.fact.id != fact.id]
    return values + [other.value for other in (*others, *own) if other.attribute == kind]


def _wish(value: str) -> str:
    return value.removeprefix("remember that ")


def _of_kin(quiz: Quiz, one: Known) -> Iterator[Question]:
    fact, ground = one.fact, quiz.ground
    domain = next((row for row in bank("domains") if row["domain"] == fact.attribute), None)
    loves = f"which of these {domain['label']} does {{name}} love?" if domain else ""
    ask = ASKS.get(fact.attribute, loves)
    if not ask:
        return
    taken = [k for k in ground.told("other") if k.fact.attribute == fact.attribute and k.fact.about == fact.about]
    if sum(k.standing == "current" for k in taken) > 1:
        return
    things = ground.things
    same = [k for k in ground.told("other", "taste") if k.fact.attribute == fact.attribute]
    same = [k for k in same if k.fact.about not in things]
    others = [k.fact.value for k in same if k not in taken]
    stale = [k.fact.value for k in taken if k is not one]
    strangers = ground.strangers.values("other", fact.attribute)
    pools: Pools = (("stale", stale), ("other", others), ("stranger", strangers))
    slots = {"name": fact.about, "ask": ask.format(name=fact.about)}
    yield from quiz.ask("kin", slots, fact.value, pools, (fact.id, fact.about), [one])
