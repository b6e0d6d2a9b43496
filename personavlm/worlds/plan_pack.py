"""Packing: units are laid into the sessions in order of their due dates, one to four topics each, with fillers.

    units, frame ──pack──> for every session its turns, each a tuple of beats with the number of its topic

Somebody's relation is told in the turn that first mentions them. When there is more to tell than turns, a turn takes
two steps; when there is less, small talk, retelling and questions about what was told earlier fill the rest.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from personavlm.worlds.banks import bank
from personavlm.worlds.life_time import Frame
from personavlm.worlds.plan_units import Step, Unit, beat
from personavlm.worlds.truth import by_id
from personavlm.worlds.values import Beat, Fact, Person

MOST_BEATS = 3
"""Beats a turn has at most before a greeting or good-bye is added."""

MOST_TOPICS = 4
"""Topics of a session."""

APART = 0.45
"""Chance that a step joins a turn on another theme, as a share of the chance that it joins one on its own."""

IDLE = 0.4
"""Chance of small talk, a mood, a retelling or a question about earlier talk, in a turn with little left to tell."""

COMPANIONS = {
    "tell",
    "other",
    "relate",
    "change",
    "future",
    "choose",
    "ask",
    "feel",
    "request",
    "retell",
    "end",
    "show",
}
"""Acts that go together in one turn."""


@dataclass(slots=True)
class Packer:
    """What has been told so far, and what is still to tell. Changes while the sessions are filled in order."""

    person: Person
    time: Frame
    rng: random.Random
    left: list[Unit]
    told: dict[str, datetime] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    turns_left: int = 0

    def __post_init__(self) -> None:
        self.turns_left = self.time.turns
        self.facts = by_id(self.person)
        self.relations = {f.about: f for f in self.facts.values() if f.matter == "relation"}
        self.chats = [*bank("smalltalk")["subjects"]]
        self.rng.shuffle(self.chats)
        steps = sum(len(unit.steps) for unit in self.left if unit.essential)
        pressure = min(1.0, steps / self.turns_left) * (self.time.end - self.time.start) * 0.2
        self.left.sort(key=lambda unit: (unit.due + pressure * (1 - (unit.essential + unit.pressing) / 2), unit.theme))

    facts: dict[str, Fact] = field(init=False)
    relations: dict[str, Fact] = field(init=False)
    chats: list[str] = field(init=False)

    def session(self, times: Sequence[datetime]) -> list[list[Beat]]:
        """Return the turns of one session as lists of beats, and remember what they tell."""
        turns: list[list[Beat]] = []
        topic, theme = 0, ""
        self.left = [unit for unit in self.left if unit.expires > times[0] and not self._stale(unit)]
        while len(turns) < len(times):
            now, room = times[len(turns)], len(times) - len(turns)
            idle = self.rng.random() < IDLE / (1 + 2 * self.load)
            unit = None if idle else self._next(now, theme, room)
            steps = unit.steps if unit else (self._filler(now),)
            same = unit is None or unit.theme == theme
            topic += bool(turns) and not same and theme != "" and topic < MOST_TOPICS - 1
            theme = unit.theme if unit else theme
            for step in steps[:room]:
                self._lay(turns, [replace(b, topic=topic) for b in step], now, same)
        self.turns_left -= len(times)
        return turns

    # ── choosing ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _next(self, now: datetime, theme: str, room: int) -> Unit | None:
        """Take the unit that is due first; within a topic rather one of its theme that is due soon."""
        soon = now + (self.time.end - self.time.start) / 6
        ready = self._ready(now, room, soon)
        if not ready:
            return None
        late = [unit for unit in ready if unit.essential and unit.due <= now]
        late.sort(key=lambda unit: (not unit.pressing, unit.theme != theme))
        mates = [unit for unit in (*late, *ready) if unit.theme == theme and unit.due <= soon]
        stays = bool(mates) and self.rng.random() < 0.9 - self.load / 2
        chosen = mates[0] if stays else (late or mates or ready)[0]
        if chosen.due > soon and not chosen.essential and self.rng.random() < 0.5:
            return None
        self.left.remove(chosen)
        return chosen

    def _ready(self, now: datetime, room: int, soon: datetime) -> list[Unit]:
        """Return the units that can be told now and are due soon, or the first one due later; by due date."""
        ready: list[Unit] = []
        for unit in self.left:
            if unit.due > soon and len(ready) > 8:
                break
            if unit.expires > now and self._fits(unit, now, room) and not self._stale(unit):
                ready.append(unit)
        return ready

    def _fits(self, unit: Unit, now: datetime, room: int) -> bool:
        today = now.date()
        needs_days = any(b.act in ("change", "correct") for step in unit.steps for b in step)
        told = all(need in self.told and not (needs_days and self.told[need].date() == today) for need in unit.needs)
        return unit.ready <= now and told and len(unit.steps) <= max(1, room)

    def _stale(self, unit: Unit) -> bool:
        """Tell whether what it would bring up was overtaken or ended, or who it introduces is known by now."""
        first = unit.steps[0][0]
        met = first.act == "tell" and first.fact in self.told
        return met or any(fact in self.ended for fact in unit.told)

    # ── laying ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _lay(self, turns: list[list[Beat]], step: list[Beat], now: datetime, same: bool) -> None:
        """Append a step as a turn, or add it to the turn before when time is short."""
        beats = [*(replace(b, topic=step[0].topic) for b in self._introduced(step)), *step]
        if turns and self._joins(turns[-1], beats, same):
            turns[-1].extend(beats)
        else:
            turns.append(beats)
        for b in beats:
            self._note(b, now)

    def _joins(self, turn: Sequence[Beat], beats: Sequence[Beat], same: bool) -> bool:
        """Draw whether beats join a turn; less often if it is about something else."""
        if len(turn) + len(beats) > MOST_BEATS or not all(b.act in COMPANIONS for b in (*turn, *beats)):
            return False
        if any(b.act in ("ask", "show") for b in turn) or any(b.act == "retell" for b in beats):
            return False
        if {b.fact for b in turn if b.fact} & {b.fact for b in beats}:
            return False
        return self.rng.random() < self.load * (1.0 if same else APART)

    @property
    def load(self) -> float:
        """Chance that a turn takes a second step: how much is left to tell, for each turn that is left."""
        steps = sum(len(unit.steps) * (1.0 if unit.essential else 0.45) for unit in self.left)
        return min(0.85, max(0.12, steps / max(1, self.turns_left) - 0.35))

    def _introduced(self, step: Sequence[Beat]) -> list[Beat]:
        """Return the beat that says who somebody is, if the step mentions them for the first time."""
        names = [b.kin for b in step if b.kin] + [name for name in self.relations if _named(name, step, self.facts)]
        relations = [self.relations[name] for name in dict.fromkeys(names) if name in self.relations]
        saying = {b.fact for b in step}
        return [beat("tell", fact) for fact in relations if fact.id not in self.told and fact.id not in saying][:1]

    def _note(self, b: Beat, now: datetime) -> None:
        if b.fact and b.act not in ("recall", "offered"):
            self.told.setdefault(b.fact, now)
        if b.old and b.act in ("change", "correct", "relate"):
            self.ended.add(b.old)
        if b.act in ("forget", "end"):
            self.ended.add(b.fact)

    # ── filling ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _filler(self, now: datetime) -> Step:
        """Return small talk, a mood, something told again, or a question about something told days ago."""
        day = timedelta(days=1)
        old = [f for f, time in self.told.items() if now - time > day and self._holds(f, now)]
        kind = self.rng.choices(("chat", "feel", "retell", "recall", "ask"), (4, 2.5, 2, 3, 1.5))[0]
        if kind in ("retell", "recall") and old:
            fact = self.facts[self.rng.choice(old)]
            return (beat("retell" if kind == "retell" else "recall", fact),)
        if kind == "ask":
            row = self.rng.choice(bank("domains"))
            return (beat("ask", subject=self.rng.choice(row["ask"])),)
        if kind == "feel":
            return (beat("feel"),)
        subject = self.chats.pop(0)
        self.chats.append(subject)
        return (beat("chat", subject=subject),)

    def _holds(self, fact: str, now: datetime) -> bool:
        """Tell whether a told fact may come up again: said aloud, and neither overtaken, ended nor past."""
        known = self.facts[fact]
        day = known.since if known.attribute == "appointment" else known.until
        past = day is not None and day <= now
        plain = known.matter not in ("aim", "detail", "leaning", "expertise", "dynamic", "goal")
        return fact not in self.ended and not known.implied and not past and plain


def _named(name: str, step: Sequence[Beat], known: dict[str, Fact]) -> bool:
    """Tell whether a step's words will name somebody."""
    texts = [known[b.fact].text for b in step if b.fact in known] + [b.subject for b in step]
    return any(name in text.replace("'", " ").replace(",", " ").split() for text in texts)
