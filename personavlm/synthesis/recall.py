"""Recall: lessons in which something told earlier is asked about, or nothing has to be looked up at all.

    (World, seed) ──> Lessons: open questions on facts, on when they were told, on a certain time, on the past, on what
                      was never told, and the world's own messages that are answered at once

The words of a look-up differ from those of the question, and a question about a month is looked up in that month.
What is asked lies in the past of the moment it is asked at, so the memory of that moment can hold it.
"""

from __future__ import annotations

import calendar
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from personavlm.memory import bare
from personavlm.synthesis.lessons import Lesson, LookUp, Need
from personavlm.trace import SESSION_GAP
from personavlm.worlds.banks import bank
from personavlm.worlds.truth import Known, known, thread_of
from personavlm.worlds.values import USER, Fact, Matter, World, WorldTurn

ASKED: Mapping[Matter, Mapping[str, str]] = {
    "taste": {},
    "relation": {},
    "other": {"habit": "habit", "circumstance": "circumstance", "plan": "intention"},
    "belonging": {"origin": "origin", "giver": "giver", "use": "use"},
    "routine": {},
    "goal": {},
    "identity": {},
    "request": {"remember": "remember", "avoid": "avoid", "tone": "tone"},
}
"""Matters that an open question has one short right answer about; the patterns of attributes that have their own."""
DATED: Mapping[Matter, Literal["value", "label"]] = {
    "taste": "value",
    "relation": "label",
    "routine": "label",
    "goal": "label",
}
"""Matters of which may be asked when they were first told, and what of them is named then."""
TOLD: frozenset[Matter] = frozenset({"taste", "relation", "other", "routine", "goal"})
"""Matters that can be asked about by no more than what they are on and when they were told."""
NEEDS_NO_MEMORY = frozenset({"chat", "ask", "feel", "greet", "close"})


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time as a question names it."""

    named: str
    """"yesterday", "in March"."""
    start: datetime
    end: datetime


def recall_lessons(
    world: World, rng: random.Random, facts: int, timed: int, past: int, unknown: int
) -> Iterator[Lesson]:
    """Yield lessons on a world's facts, spread over the pauses between its sessions; numbers are upper bounds.

    ``timed`` is for each of three sorts: what was told in a certain time or in a wrong one, and when it was told.
    """
    moments = pauses(world)
    for at in rng.choices(moments, k=facts):
        if holding := askable(world, at):
            yield fact_lesson(world, rng.choice(holding), at, rng)
    for at in rng.choices(moments, k=timed):
        if holding := askable(world, at):
            yield from told_lesson(world, rng.choice(holding), at, rng)
            yield from astray_lesson(world, rng.choice(holding), at, rng)
            yield from when_lesson(world, rng.choice(holding), at, rng)
    for at in rng.choices(moments, k=past):
        if over := outlived(world, at):
            yield past_lesson(world, *rng.choice(over), at, rng)
    for at in rng.choices(moments, k=unknown):
        yield unknown_lesson(world, at, rng)


def pauses(world: World) -> list[datetime]:
    """Return moments after each session but the first third at which something may be asked, one a session."""
    ends = [world.turns[int(session.turns[-1][1:]) - 1].time for session in world.sessions]
    return [end + SESSION_GAP + timedelta(minutes=7) for end in ends[len(ends) // 3 :]]


def askable(world: World, at: datetime) -> list[Known]:
    """Return the facts that hold at a moment and that an open question has one short right answer about."""
    holding = [one for one in known(world, at) if one.standing == "current" and not one.fact.implied]
    asked = [one for one in holding if one.fact.matter in ASKED]
    return [one for one in asked if not any(_rivals(one.fact, other.fact) for other in asked)]


def _rivals(fact: Fact, other: Fact) -> bool:
    """Whether a question on a fact could as well mean another: of two likings the stronger is the one meant."""
    if fact.id == other.id or (kind_of(fact), fact.attribute) != (kind_of(other), other.attribute):
        return False
    named = fact.matter == "goal" or kind_of(fact) in ("origin", "giver", "use")
    if named or (fact.matter != "belonging" and fact.about != other.about):
        return False
    return fact.matter != "taste" or other.strength >= fact.strength


def fact_lesson(world: World, one: Known, at: datetime, rng: random.Random) -> Lesson:
    """Return an open question on a fact that holds, two look-ups at most."""
    return _lesson(kind_of(one.fact), frame(world, one.fact), at, rng, need_of(one), note="fact")


def told_lesson(world: World, one: Known, at: datetime, rng: random.Random) -> Iterator[Lesson]:
    """Yield a question on what was told of a matter in a certain time, looked up in that time first.

    None if something else of the matter was told in that time as well.
    """
    period = period_of(_time_of(world, one.evidence[0]), at)
    inside = _inside(world, one, period)
    if one.fact.matter in TOLD and not _told_beside(world, one, period, at):
        need, ask = need_of(one, inside), bank("recall")["told"]["ask"]
        yield _lesson(kind_of(one.fact), _at(world, one, period), at, rng, need, note="told", period=period, ask=ask)


def astray_lesson(world: World, one: Known, at: datetime, rng: random.Random) -> Iterator[Lesson]:
    """Yield a question that puts a matter into the wrong time: there is nothing there, and something without it.

    None if something else of the matter was ever told.
    """
    wrong = [period_of(at - timedelta(days=days), at) for days in (0, 1, 3)]
    free = [period for period in wrong if not _inside(world, one, period)]
    always = Period("", world.person.start, at)
    if not free or one.fact.matter not in TOLD or _told_beside(world, one, always, at):
        return
    period, patterns = rng.choice(free), bank("recall")["astray"]
    words = _at(world, one, period)
    lesson = _lesson(kind_of(one.fact), words, at, rng, need_of(one), "astray", period, patterns["ask"])
    answer = fill(rng.choice(patterns["answer"]), {"answer": lesson.answer})
    yield replace(lesson, answer=answer)


def _told_beside(world: World, one: Known, period: Period, at: datetime) -> bool:
    """Whether something else of a fact's matter was told in a period."""
    label = thread_of(world.person, one.fact.id).label
    others = (other for other in known(world, at) if other.fact.id != one.fact.id)
    return any(
        thread_of(world.person, other.fact.id).label == label and _inside(world, other, period) for other in others
    )


def _at(world: World, one: Known, period: Period) -> dict[str, str]:
    return frame(world, one.fact) | {"when": period.named, "When": capital(period.named)}


def _inside(world: World, one: Known, period: Period) -> tuple[str, ...]:
    """The turns of a period that tell a fact."""
    return tuple(turn for turn in one.evidence if period.start <= _time_of(world, turn) <= period.end)


def when_lesson(world: World, one: Known, at: datetime, rng: random.Random) -> Iterator[Lesson]:
    """Yield a question on the day on which something was told, if it can be named and was not spoken of before."""
    words, first = frame(world, one.fact), one.evidence[0]
    subject = words[DATED[one.fact.matter]] if one.fact.matter in DATED and not one.fact.replaces else ""
    earlier = world.turns[: int(first[1:]) - 1]
    if subject and not any(bare(subject) in bare(f"{turn.text} {turn.reply}") for turn in earlier):
        yield _lesson("when", words | {"subject": subject}, at, rng, need_of(one, (first,)), note="when")


def month_of(told: datetime, at: datetime) -> Period:
    """Return the month of something told before ``at``, until then."""
    start = told.replace(day=1, hour=0, minute=0, second=0)
    last = calendar.monthrange(start.year, start.month)[1]
    return Period(f"in {told:%B}", start, min(start.replace(day=last, hour=23, minute=59), at))


def period_of(told: datetime, at: datetime) -> Period:
    """Return how somebody names the time of something told before ``at``, and from when to when that reaches."""
    midnight = at.replace(hour=0, minute=0, second=0)
    days = (midnight.date() - told.date()).days
    if days == 0:
        return Period("earlier today", midnight, at)
    if days == 1:
        return Period("yesterday", midnight - timedelta(days=1), midnight - timedelta(minutes=1))
    if days < 7:
        return Period("in the last few days", midnight - timedelta(days=6), at)
    return month_of(told, at)


def _time_of(world: World, turn: str) -> datetime:
    return world.turns[int(turn[1:]) - 1].time


def need_of(one: Known, evidence: tuple[str, ...] | None = None) -> Need:
    """What has to be found for a fact: a turn that tells it, or the memory of it."""
    return Need(one.evidence if evidence is None else evidence, (bare(one.fact.text),))


def outlived(world: World, at: datetime) -> list[tuple[Known, Known]]:
    """Return likings that others have taken the place of, each with its successor; the first of their matter only."""
    liked = [one for one in known(world, at) if one.fact.matter == "taste" and one.fact.polarity > 0]
    heirs = {one.fact.replaces: one for one in liked}
    first = {one.fact.attribute: one for one in reversed(liked)}
    return [(one, heirs[one.fact.id]) for one in first.values() if one.fact.id in heirs]


def past_lesson(world: World, one: Known, heir: Known, at: datetime, rng: random.Random) -> Lesson:
    """Return a question on what a taste was in the month in which it was told, looked up in that month first."""
    told = _time_of(world, one.evidence[0])
    period = month_of(told, at)
    words = frame(world, one.fact) | {"month": f"{told:%B}", "when": period.named}
    ask = bank("recall")["past"]["before"] if _inside(world, heir, period) else ()
    return _lesson("past", words, at, rng, need_of(one), note="past", period=period, ask=ask)


def unknown_lesson(world: World, at: datetime, rng: random.Random) -> Lesson:
    """Return a question on a matter of taste that was never told; the right answer says so."""
    told = {fact.attribute for thread in world.person.threads for fact in thread.facts}
    free = sorted({str(domain["domain"]) for domain in bank("domains")} - told) or ["kind of cheese"]
    words = {"attribute": rng.choice(free), "label": "", "about": "", "value": ""}
    return _lesson("unknown", words, at, rng, Need(), note="unknown")


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


def kind_of(fact: Fact) -> str:
    """Return the key of a fact's patterns in the bank."""
    if fact.matter == "taste" and fact.polarity < 0:
        return "distaste"
    return ASKED[fact.matter].get(fact.attribute, fact.matter)


def _lesson(
    kind: str,
    words: Mapping[str, str],
    at: datetime,
    rng: random.Random,
    need: Need,
    note: str,
    period: Period | None = None,
    ask: Sequence[str] = (),
) -> Lesson:
    patterns, thoughts = bank("recall")[kind], bank("recall")["thoughts"]
    words = spoken(words)
    first, second = look_ups(kind, words)
    start, end = (period.start, period.end) if period else (None, None)
    return Lesson(
        time=at,
        text=fill(rng.choice(ask or patterns["ask"]), words),
        think=rng.choice(thoughts["found"]),
        answer=fill(rng.choice(patterns["answer"]), words),
        lookups=(
            LookUp(fill(rng.choice(thoughts["look in" if period else "look"]), words), first, start, end),
            LookUp(fill(rng.choice(thoughts["wider" if period else "again"]), words), second),
        ),
        needs=(need,),
        unknown_think=fill(rng.choice(thoughts["missing"]), words),
        unknown=rng.choice(bank("recall")["unknown"]["answer"]),
        note=note,
    )


def spoken(words: Mapping[str, str]) -> dict[str, str]:
    """Return what patterns may name, with the topic and the value at the start of a sentence."""
    topic = next(word for word in (words["label"], words["attribute"], words["about"]) if word)
    return {**words, "topic": topic, "Value": capital(words["value"])}


def look_ups(kind: str, words: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the keywords of the two look-ups of a kind of question."""
    first, second = (dict.fromkeys(fill(word, words) for word in row) for row in bank("recall")[kind]["look"])
    return tuple(filter(None, first)), tuple(filter(None, second))


def fill(pattern: str, words: Mapping[str, str]) -> str:
    """Return a pattern with its names in place."""
    for name, word in words.items():
        pattern = pattern.replace(f"{{{name}}}", word)
    return pattern


def capital(text: str) -> str:
    """Return text that begins a sentence."""
    return text[:1].upper() + text[1:]
