"""Sights: lessons about things in pictures, each shown again in a picture that no conversation holds.

    (World, seed) ──> "do you know this one?" over a new view of a thing, "what colour is it?" from memory's cut-out,
                      and things never shown, which nobody can know

Source: user-concept samples (figure 7; 6k of the 78k).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal, get_args

from personavlm.memory import bare
from personavlm.synthesis.lessons import Lesson, LookUp, Need
from personavlm.synthesis.recall import capital, fill, pauses
from personavlm.synthesis.teacher import concept_name
from personavlm.worlds.banks import bank
from personavlm.worlds.pictures import compose
from personavlm.worlds.pictures.looks import some_look
from personavlm.worlds.values import Look, Thing, World

Detail = Literal["colour", "material", "pattern"]
DETAILS: tuple[Detail, ...] = get_args(Detail)

STRANGERS = 4
"""One in so many pictures asked about shows a thing that nobody has shown before."""


def sight_lessons(world: World, rng: random.Random, number: int) -> Iterator[Lesson]:
    """Yield lessons about pictures in the pauses of a world, ``number`` at most."""
    things = {thing.id: thing for thing in world.person.things}
    alive = {kin.name for kin in world.person.kin if kin.animal}
    for count, at in enumerate(rng.choices(pauses(world), k=number)):
        at += timedelta(minutes=count + 1)  # the words are few, so the minute tells the lessons apart
        seen = [things[id_] for id_ in dict.fromkeys(_shown(world, at)) if things[id_].look]
        if not seen:
            continue
        thing = rng.choice(seen)
        if count % STRANGERS == 0:
            yield stranger_lesson(world, thing, at, rng)
        elif count % STRANGERS == 1:
            yield look_lesson(thing, "colour" if thing.name in alive else rng.choice(DETAILS), at, rng)
        else:
            yield again_lesson(thing, at, rng)


def _shown(world: World, at: datetime) -> Iterator[str]:
    return (thing for turn in world.turns if turn.time <= at for thing in turn.concepts)


def again_lesson(thing: Thing, at: datetime, rng: random.Random) -> Lesson:
    """Return a question on what a new picture of a known thing shows."""
    assert thing.look is not None
    words = {"value": concept_name(thing), "Value": capital(concept_name(thing))}
    need = Need(said=(bare(concept_name(thing)),), seen=True)
    return _picture_lesson(
        need, thing.look, fill(rng.choice(bank("recall")["again"]["answer"]), words), at, rng, "again"
    )


def stranger_lesson(world: World, thing: Thing, at: datetime, rng: random.Random) -> Lesson:
    """Return the same question on a thing of the same sort that was never shown; the right answer says so."""
    assert thing.look is not None
    look = some_look(rng, world.person.half, thing.look.shape)
    return _picture_lesson(Need(), look, "", at, rng, "stranger")


def _picture_lesson(need: Need, look: Look, answer: str, at: datetime, rng: random.Random, note: str) -> Lesson:
    patterns, thoughts = bank("recall")["again"], bank("recall")["thoughts"]
    place = rng.choice(compose.places())
    shot = compose.shot(f"{note}{at:%d%H%M}", compose.close_up(look, place, compose.some_light(place, rng), rng))
    return Lesson(
        time=at,
        text=rng.choice(patterns["ask"]),
        think=rng.choice(thoughts["seen"]),
        answer=answer,
        lookups=(LookUp(rng.choice(thoughts["look at"]), tuple(patterns["look"][0])),),
        needs=(need,),
        unknown_think=rng.choice(thoughts["not seen"]),
        unknown=rng.choice(bank("recall")["stranger"]["answer"]),
        shots=(shot,),
        note=note,
    )


def look_lesson(thing: Thing, asked: Detail, at: datetime, rng: random.Random) -> Lesson:
    """Return a question on how a known thing looks, to be read off the cut-out that memory brings."""
    assert thing.look is not None
    patterns, thoughts = bank("recall")["look"], bank("recall")["thoughts"]
    detail = str(getattr(thing.look, asked))
    name = concept_name(thing)
    words = {"value": name, "Value": capital(name), "attribute": thing.category, "topic": name}
    words |= {"detail": detail, "Detail": capital(detail)}
    first, second = (tuple(fill(word, words) for word in row) for row in patterns["look"])
    return Lesson(
        time=at,
        text=fill(rng.choice(patterns["ask"][asked]), words),
        think=rng.choice(thoughts["found"]),
        answer=fill(rng.choice(patterns["answer"]), words),
        lookups=(
            LookUp(fill(rng.choice(thoughts["look"]), words), first),
            LookUp(fill(rng.choice(thoughts["again"]), words), second),
        ),
        needs=(Need(said=(bare(name),), seen=True),),
        unknown_think=fill(rng.choice(thoughts["missing"]), words),
        unknown=rng.choice(bank("recall")["unknown"]["answer"]),
        note="look",
    )
