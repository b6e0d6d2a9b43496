"""A plan: what is said when. Sessions of one to four topics, pictures placed, cues of traits drawn.

    Person ──plan──> Plan(slots, shots, threads): every turn's beats, the pictures, and what only pictures show

A cue is a noisy draw from the true score at that moment: a trait far from neutral shows more often, and mostly, though
not always, in its own direction. One turn tells next to nothing, sixty tell a lot.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from personavlm.personality import MIDDLE, TRAITS, Trait
from personavlm.worlds.life_time import frame
from personavlm.worlds.plan_pack import Packer
from personavlm.worlds.plan_shots import Album, known_things
from personavlm.worlds.plan_talk import units
from personavlm.worlds.plan_units import beat
from personavlm.worlds.truth import facts, traits_at
from personavlm.worlds.values import Beat, Cue, Person, Setting, Shot, Slot, Thread

PICTURED = 0.175
"""Share of turns that carry a picture at least; the rest of the way to it is made up with scenes."""

AGAIN = 0.6
"""Share of them that show a known thing again, another way."""

CUED = 0.57
"""Share of turns that show a trait, once somebody has warmed to the conversation."""

RESERVE, WARM = 0.35, 8
"""How much of that share the very first turn shows, and the turns until it is reached: strangers give little away."""

WEIGHT: Mapping[Trait, float] = {
    "openness": 1.25,
    "conscientiousness": 1.1,
    "extraversion": 0.75,
    "agreeableness": 1.0,
    "neuroticism": 1.05,
}
"""How much oftener a trait shows than its distance from neutral makes it. Company and noise, or the lack of them, give
a person away in few words and in how they write, the other traits take more: so all can be read after equally long."""

SLOPE = 1.3
"""How surely a cue points the right way: log odds for each score point away from neutral."""

GREETED, CLOSED = 0.85, 0.6
"""Share of sessions that begin with a greeting, end with a good-bye."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The beats of all turns, the pictures they show, and the facts that only those pictures show."""

    slots: tuple[Slot, ...]
    shots: tuple[Shot, ...]
    threads: tuple[Thread, ...]


def plan(person: Person, seed: int, setting: Setting, number: int = 0) -> Plan:
    """Plan all conversations of a person; the same arguments give the same plan."""
    time = frame(seed, person.half, setting, number)
    packer = Packer(person, time, time.rng("pack"), units(person, time, time.rng("units")))
    sessions = [packer.session(times) for times in time.sessions]
    turns = [turn for session in sessions for turn in session]
    moments = [moment for times in time.sessions for moment in times]
    _picture(list(zip(moments, turns, strict=True)), introduced(person, packer.told), time.rng("scenes"))
    _frame_sessions(sessions, time.rng("greetings"))
    cues = time.rng("cues")
    album = Album(person, time.rng("album"))
    slots = []
    for number, (moment, turn) in enumerate(zip(moments, turns, strict=True)):
        beats = _shown(_ordered(turn), person, album, moment)
        slots.append(Slot(moment, _cued(beats, draw_cue(person, moment, number, cues), cues)))
    return Plan(tuple(slots), tuple(album.shots), tuple(album.threads))


def _picture(turns: list[tuple[datetime, list[Beat]]], known: dict[str, datetime], rng: random.Random) -> None:
    """Add pictures to turns without one until the share is reached: a thing that is known by then, or a scene."""
    missing = math.ceil(PICTURED * len(turns)) - sum(any(b.act == "show" for b in turn) for _, turn in turns)
    plain = [(moment, turn) for moment, turn in turns if len(turn) < 3 and not any(b.act in _BARE for b in turn)]
    for moment, turn in rng.sample(plain, k=min(len(plain), max(0, missing))):
        things = [thing for thing, since in sorted(known.items()) if since < moment]
        thing = rng.choice(things) if things and rng.random() < AGAIN else ""
        turn.append(beat("show", shot=thing, topic=turn[-1].topic))


def introduced(person: Person, told: dict[str, datetime]) -> dict[str, datetime]:
    """Return when each thing was first spoken of, by its id; an animal when it was introduced."""
    named = {thing.name: thing.id for thing in person.things}
    rows = ((fact, told[fact.id]) for fact in facts(person) if fact.id in told)
    return {
        named[fact.value]: since
        for fact, since in rows
        if fact.value in named and fact.matter in ("belonging", "relation")
    }


_BARE = {"show", "recall", "request", "forget", "offered", "waver"}
"""Acts that no scene goes with."""


def _frame_sessions(sessions: list[list[list[Beat]]], rng: random.Random) -> None:
    """Add greetings and good-byes."""
    for session in sessions:
        if rng.random() < GREETED:
            session[0].insert(0, beat("greet"))
        if rng.random() < CLOSED:
            session[-1].append(beat("close", topic=session[-1][-1].topic))


def _ordered(turn: list[Beat]) -> list[Beat]:
    """Return a turn's beats with the greeting first, a question late and the good-bye last."""
    rank = {"greet": 0, "ask": 2, "close": 3}
    return sorted(turn, key=lambda b: rank.get(b.act, 1))


def _shown(turn: list[Beat], person: Person, album: Album, moment: datetime) -> list[Beat]:
    """Take the pictures of a turn: a ``show`` names its thing until now, its shot from now on."""
    things = known_things(person.things)
    return [replace(b, shot=album.show(things.get(b.shot), moment)) if b.act == "show" else b for b in turn]


# ── cues ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def draw_cue(person: Person, moment: datetime, number: int, rng: random.Random) -> Cue | None:
    """Draw whether a turn, the ``number``-th from 0, shows a trait, which one, and which way."""
    if rng.random() >= CUED * min(1.0, RESERVE + (1 - RESERVE) * number / WARM):
        return None
    scores = traits_at(person, moment)
    weights = [WEIGHT[trait] * (0.35 + abs(scores[trait] - MIDDLE)) for trait in TRAITS]
    trait = rng.choices(TRAITS, weights)[0]
    high = rng.random() < 1 / (1 + math.exp(-SLOPE * (scores[trait] - MIDDLE)))
    return trait, 1 if high else -1


def _cued(turn: list[Beat], cue: Cue | None, rng: random.Random) -> tuple[Beat, ...]:
    """Give the cue to one of the turn's beats, rather not to a greeting or good-bye."""
    if cue is None:
        return tuple(turn)
    at = rng.choice([i for i, b in enumerate(turn) if b.act not in ("greet", "close")] or range(len(turn)))
    return tuple(replace(b, cue=cue) if i == at else b for i, b in enumerate(turn))
