"""Chains: lessons on two things at once, which no single look-up answers.

hop   "what holds for my sister when it comes to tea?"   look up who the sister is, then what was said of her
both  "when is yoga? And which tea do I like?"           one look-up a question, answered as far as each was found
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from personavlm.synthesis.lessons import Lesson, LookUp
from personavlm.synthesis.recall import (
    askable,
    fact_lesson,
    fill,
    frame,
    kind_of,
    look_ups,
    need_of,
    pauses,
    spoken,
)
from personavlm.worlds.banks import bank
from personavlm.worlds.truth import Known
from personavlm.worlds.values import World


def chain_lessons(world: World, rng: random.Random, hops: int, both: int) -> Iterator[Lesson]:
    """Yield lessons of several look-ups, in the pauses of a world; numbers are upper bounds."""
    moments = pauses(world)
    for at in rng.choices(moments, k=hops):
        if pairs := _kin_facts(world, at):
            yield hop_lesson(world, *rng.choice(pairs), at, rng)
    for at in rng.choices(moments, k=both):
        holding = askable(world, at)
        if len(holding) > 1:
            first, second = rng.sample(holding, 2)
            yield both_lesson(world, first, second, at, rng)


def _kin_facts(world: World, at: datetime) -> list[tuple[Known, Known]]:
    """Pairs of a relation and something told of that person, where the word for the relation means nobody else."""
    holding = askable(world, at)
    alike = Counter(kin.relation for kin in world.person.kin)
    who = {one.fact.about: one for one in holding if one.fact.matter == "relation" and alike[one.fact.attribute] == 1}
    return [(who[one.fact.about], one) for one in holding if one.fact.matter == "other" and one.fact.about in who]


def hop_lesson(world: World, relation: Known, one: Known, at: datetime, rng: random.Random) -> Lesson:
    """Return a question on somebody who is not named: the second look-up takes the name from the first."""
    kind, thoughts = kind_of(one.fact), bank("recall")["thoughts"]
    word = relation.fact.attribute
    words = spoken(frame(world, one.fact) | {"relation": word})
    then, again = look_ups(kind, words)
    return Lesson(
        time=at,
        text=fill(rng.choice(bank("recall")[kind]["ask"]), words | {"about": f"my {word}"}),
        think=rng.choice(thoughts["found"]),
        answer=fill(rng.choice(bank("recall")[kind]["answer"]), words),
        lookups=(
            LookUp(fill(rng.choice(thoughts["who"]), words), (word,), need=0),
            LookUp(fill(rng.choice(thoughts["then"]), words), then, need=1, after=True),
            LookUp(fill(rng.choice(thoughts["again"]), words), again, need=1, after=True),
        ),
        needs=(need_of(relation), need_of(one)),
        unknown_think=fill(rng.choice(thoughts["missing"]), words),
        unknown=rng.choice(bank("recall")["unknown"]["answer"]),
        note="hop",
    )


def both_lesson(world: World, first: Known, second: Known, at: datetime, rng: random.Random) -> Lesson:
    """Return two open questions in one message; what is found is answered even if the other is not."""
    one, two = (fact_lesson(world, known, at, rng) for known in (first, second))
    thoughts = bank("recall")["thoughts"]
    halves = (("one half", first), ("other half", second))
    thinks = [fill(rng.choice(thoughts[key]), spoken(frame(world, known.fact))) for key, known in halves]
    return Lesson(
        time=at,
        text=fill(rng.choice(bank("recall")["both"]["ask"]), {"first": one.text, "second": two.text}),
        think=one.think,
        answer=f"{one.answer} {two.answer}",
        lookups=(
            replace(one.lookups[0], think=thinks[0], need=0),
            replace(two.lookups[0], think=thinks[1], need=1),
            replace(one.lookups[1], need=0),
            replace(two.lookups[1], need=1),
        ),
        needs=tuple(replace(lesson.needs[0], alone=lesson.answer) for lesson in (one, two)),
        unknown_think=rng.choice(thoughts["parts"]),
        unknown=one.unknown,
        note="both",
    )
