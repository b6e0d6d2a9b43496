"""Recall: lessons in which something told earlier is asked about, or nothing has to be looked up at all.

    (World, seed) ──> Lessons: open questions on facts, on the past, on what was never told, on things seen again,
                      and the world's own messages that are answered at once

The words of a look-up differ from those of the question, and a question about a month is looked up in that month.
What is asked lies in the past of the moment it is asked at, so the memory of that moment can hold it.
"""

from __future__ import annotations

import calendar
import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from personavlm.memory import bare
from personavlm.synthesis.lessons import Lesson, LookUp
from personavlm.trace import SESSION_GAP
from personavlm.worlds.banks import bank
from personavlm.worlds.truth import Known, known, thread_of
from personavlm.worlds.values import USER, Fact, World, WorldTurn

ASKED_MATTERS = frozenset(
    {"taste", "relation", "other", "dynamic", "belonging", "routine", "goal", "identity", "request"}
)
"""Matters that an open question has one short right answer about."""
NEEDS_NO_MEMORY = frozenset({"chat", "ask", "feel", "greet", "close"})


def recall_lessons(world: World, rng: random.Random, facts: int, past: int, unknown: int) -> Iterator[Lesson]:
    """Yield lessons on a world's facts, spread over the pauses between its sessions; numbers are upper bounds."""
    moments = pauses(world)
    for _ in range(facts):
        at = rng.choice(moments)
        askable = [one for one in known(world, at) if one.standing == "current" and _askable(one.fact)]
        if askable:
            yield fact_lesson(world, rng.choice(askable), at, rng)
    for _ in range(past):
        at = rng.choice(moments)
        over = [one for one in known(world, at) if one.standing == "superseded" and one.fact.matter == "taste"]
        if over:
            yield past_lesson(world, rng.choice(over), at, rng)
    for _ in range(unknown):
        yield unknown_lesson(world, rng.choice(moments), rng)


def pauses(world: World) -> list[datetime]:
    """Return moments after each session but the first third at which something may be asked, one a session."""
    ends = [world.turns[int(session.turns[-1][1:]) - 1].time for session in world.sessions]
    return [end + SESSION_GAP + timedelta(minutes=7) for end in ends[len(ends) // 3 :]]


def _askable(fact: Fact) -> bool:
    return fact.matter in ASKED_MATTERS and not fact.implied


def fact_lesson(world: World, one: Known, at: datetime, rng: random.Random) -> Lesson:
    """Return an open question on a fact that holds, two look-ups at most."""
    fact = one.fact
    kind = "distaste" if fact.matter == "taste" and fact.polarity < 0 else fact.matter
    words = frame(world, fact)
    return _lesson(kind, words, at, rng, (fact,), one.evidence, note="fact")


def past_lesson(world: World, one: Known, at: datetime, rng: random.Random) -> Lesson:
    """Return a question on what a taste was in the month in which it was told, looked up in that month first."""
    told = world.turns[int(one.evidence[0][1:]) - 1].time
    words = frame(world, one.fact) | {"month": f"{told:%B}"}
    start = told.replace(day=1, hour=0, minute=0, second=0)
    end = start.replace(day=calendar.monthrange(start.year, start.month)[1], hour=23, minute=59)
    return _lesson("past", words, at, rng, (one.fact,), one.evidence, note="past", period=(start, min(end, at)))


def unknown_lesson(world: World, at: datetime, rng: random.Random) -> Lesson:
    """Return a question on a matter of taste that was never told; the right answer says so."""
    told = {fact.attribute for thread in world.person.threads for fact in thread.facts}
    free = sorted({str(domain["domain"]) for domain in bank("domains")} - told) or ["kind of cheese"]
    words = {"attribute": rng.choice(free), "label": "", "about": "", "value": ""}
    return _lesson("unknown", words, at, rng, (), (), note="unknown")


def direct_lessons(world: World, rng: random.Random, number: int) -> Iterator[Lesson]:
    """Yield lessons made of the world's own messages that need no memory, answered as they were answered."""
    plain = [turn for turn in world.turns if needs_no_memory(turn)]
    for turn in sorted(rng.sample(plain, min(number, len(plain))), key=lambda turn: turn.time):
        think = rng.choice(bank("recall")["thoughts"]["at once"])
        yield Lesson(turn.time, turn.text, think, turn.reply, note="direct")


def needs_no_memory(turn: WorldTurn) -> bool:
    """Whether a turn's reply rests on nothing but the turn itself."""
    return not turn.shots and {beat.act for beat in turn.beats} <= NEEDS_NO_MEMORY


def frame(world: World, fact: Fact) -> dict[str, str]:
    """Return what the patterns of a fact's matter may name. The value is for answers alone."""
    label = thread_of(world.person, fact.id).label
    return {
        "attribute": fact.attribute,
        "label": label,
        "about": "me" if fact.about == USER else fact.about,
        "value": fact.value,
    }


def _lesson(
    kind: str,
    words: Mapping[str, str],
    at: datetime,
    rng: random.Random,
    shown: Sequence[Fact],
    evidence: tuple[str, ...],
    note: str,
    period: tuple[datetime, datetime] | None = None,
) -> Lesson:
    patterns, thoughts = bank("recall")[kind], bank("recall")["thoughts"]
    topic = next(word for word in (words["label"], words["attribute"], words["about"]) if word)
    words = {**words, "topic": topic, "Value": words["value"][:1].upper() + words["value"][1:]}
    first, second = (
        tuple(dict.fromkeys(_fill(k, words) for k in keys if _fill(k, words))) for keys in patterns["look"]
    )
    start, end = period or (None, None)
    lookups = (
        LookUp(_fill(rng.choice(thoughts["look in" if period else "look"]), words), first, start, end),
        LookUp(_fill(rng.choice(thoughts["again"]), words), second),
    )
    return Lesson(
        time=at,
        text=_fill(rng.choice(patterns["ask"]), words),
        think=rng.choice(thoughts["found"]),
        answer=_fill(rng.choice(patterns["answer"]), words),
        lookups=lookups,
        evidence=evidence,
        said=tuple(bare(fact.text) for fact in shown),
        unknown_think=_fill(rng.choice(thoughts["missing"]), words),
        unknown=rng.choice(bank("recall")["unknown"]["answer"]),
        note=note,
    )


def _fill(pattern: str, words: Mapping[str, str]) -> str:
    for name, word in words.items():
        pattern = pattern.replace(f"{{{name}}}", word)
    return pattern
