"""A world from a seed: a life, its plan, the words, and the ledger filled in from what was really said.

live ──> plan ──> utter, turn by turn ──> World: turns with their truth, sessions, topics, ties; facts with evidence
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from personavlm.worlds.life import live
from personavlm.worlds.life_time import Frame, frame
from personavlm.worlds.make_topics import sessions_of, ties_of
from personavlm.worlds.plan import Plan, plan
from personavlm.worlds.truth import facts
from personavlm.worlds.values import Fact, Half, Person, Setting, Shot, Slot, Thread, Utterance, World, WorldTurn
from personavlm.worlds.words import MOODS, Context, utter

Writer = Callable[[Slot, Person, Context, random.Random], Utterance]
"""Finds the words of a slot: ``words.utter``, or a model that rewrites them."""

UNSEEN = 0.5
"""Chance that a test turn is worded by patterns that training never uses."""

TELLS = {"tell", "retell", "change", "correct", "future", "other", "relate", "show", "choose", "ask", "request"}
"""Acts whose turn tells or shows the beat's fact."""


def make_world(
    seed: int, half: Half, setting: Setting, number: int = 0, write: Writer = utter, writer: str = "grammar"
) -> World:
    """Make the world of a seed; the same arguments give the same world, byte for byte."""
    time = frame(seed, half, setting, number)
    person = live(seed, half, setting, number)
    planned = plan(person, seed, setting, number)
    person = replace(person, threads=person.threads + planned.threads)
    turns = _worded(person, planned, time, write)
    ledger = Ledger(person, {shot.id: shot for shot in planned.shots})
    turns = [ledger.enter(turn) for turn in turns]
    person = replace(person, threads=tuple(map(ledger.told, person.threads)))
    sessions = sessions_of(person, time, turns)
    ties = ties_of(person, sessions, {turn.id: turn for turn in turns})
    return World(person, setting, tuple(turns), sessions, planned.shots, ties, writer)


def _worded(person: Person, planned: Plan, time: Frame, write: Writer) -> list[WorldTurn]:
    """Put every slot into words; the context runs through all sessions."""
    rng, luck = time.rng("words"), time.rng("unseen")
    context = Context(person.half, {shot.id: shot for shot in planned.shots})
    turns: list[WorldTurn] = []
    slots = iter(planned.slots)
    for number, times in enumerate(time.sessions):
        share = number / len(time.sessions)
        context = replace(context.rested(), trust=round(min(1.0, share * 1.2), 3), mood=luck.choice(MOODS))
        for _ in times:
            slot = next(slots)
            context = replace(context, unseen=person.half == "test" and luck.random() < UNSEEN)
            said = write(slot, person, context, rng)
            turns.append(_turn(len(turns) + 1, slot, said, context.unseen))
            context = context.after(slot, said, _things(slot, planned))
    return turns


def _turn(number: int, slot: Slot, said: Utterance, unseen: bool) -> WorldTurn:
    shots = tuple(beat.shot for beat in slot.beats if beat.shot)
    return WorldTurn(
        f"t{number}", slot.time, said.text, said.reply, shots, slot.beats, said.skeletons, said.cues, unseen=unseen
    )


def _things(slot: Slot, planned: Plan) -> frozenset[str]:
    """Return the ids of the things a slot shows."""
    shown = {beat.shot for beat in slot.beats if beat.shot}
    return frozenset(seen.thing for shot in planned.shots if shot.id in shown for seen in shot.seen if seen.thing)


@dataclass(slots=True)
class Ledger:
    """What a perfect assistant would write down, filled turn by turn."""

    person: Person
    shots: dict[str, Shot]
    evidence: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    ended: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    details: dict[str, list[Fact]] = field(init=False)

    def __post_init__(self) -> None:
        self.details = defaultdict(list)
        for fact in facts(self.person):
            if fact.matter == "detail":
                self.details[fact.about].append(fact)

    def enter(self, turn: WorldTurn) -> WorldTurn:
        """Write down what a turn tells, shows and ends; return the turn with what is new in it."""
        things = [seen.thing for shot in turn.shots for seen in self.shots[shot].seen if seen.thing]
        told = [beat.fact for beat in turn.beats if beat.fact and beat.act in TELLS]
        told += [fact.id for about in (*turn.shots, *things) for fact in self.details[about]]
        new = self._add(self.evidence, told, turn.id)
        over = [beat.old for beat in turn.beats if beat.old and beat.act != "waver"]
        over += [beat.fact for beat in turn.beats if beat.act in ("end", "forget")]
        ended = self._add(self.ended, over, turn.id)
        return replace(turn, learnt=tuple(new), ended=tuple(ended), concepts=tuple(dict.fromkeys(things)))

    @staticmethod
    def _add(book: dict[str, list[str]], ids: Iterable[str], turn: str) -> list[str]:
        """Enter a turn under each id once; return the ids that were not there before."""
        ids = list(dict.fromkeys(ids))
        new = [id_ for id_ in ids if not book[id_]]
        for id_ in ids:
            book[id_].append(turn)
        return new

    def told(self, thread: Thread) -> Thread:
        """Return a thread whose facts know their evidence and their end."""
        return replace(thread, facts=tuple(map(self._told, thread.facts)))

    def _told(self, fact: Fact) -> Fact:
        return replace(fact, evidence=tuple(self.evidence.get(fact.id, ())), ended=tuple(self.ended.get(fact.id, ())))
