"""Packing: units are laid into the sessions in order of their due dates, one to four topics each, with fillers.

    units, frame ──pack──> for every session its turns, each a tuple of beats with the number of its topic

Somebody's relation is told in the turn that first mentions them. When there is more to tell than turns, a turn takes
two steps; when there is less, small talk, retelling and questions about what was told earlier fill the rest.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from personavlm.worlds.banks import bank
from personavlm.worlds.life_time import Frame
from personavlm.worlds.plan_units import Step, Unit, beat
from personavlm.worlds.truth import facts
from personavlm.worlds.values import Beat, Fact, Person

MOST_BEATS = 3
"""Beats a turn has at most before a greeting or good-bye is added."""

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
        self.facts = {fact.id: fact for fact in facts(self.person)}
        self.relations = {f.about: f for f in self.facts.values() if f.matter == "relation"}
        self.chats = [*bank("smalltalk")["subjects"]]
        self.rng.shuffle(self.chats)
        steps = sum(len(unit.steps) for unit in self.left if unit.essential)
        pressure = min(1.0, steps / self.turns_left) * (self.time.end - self.time.start) * 0.4
        self.left.sort(key=lambda unit: (unit.due + pressure * (1 - (unit.essential + unit.pressing) / 2), unit.theme))

    facts: dict[str, Fact] = field(init=False)
    relations: dict[str, Fact] = field(init=False)
    chats: list[str] = field(init=False)

    def session(self, times: Sequence[datetime]) -> list[list[Beat]]:
        """Return the turns of one session as lists of beats, and remember what they tell."""
        turns: list[list[Beat]] = []
        self.left = [unit for unit in self.left if unit.expires > times[0] and not self._stale(unit)]
        topics = self._split(len(times))
        for number, size in enumerate(topics):
            done: list[list[Beat]] = []
            theme = ""
            while len(done) < size:
                idle = self.rng.random() < IDLE / (1 + 2 * self.load)
                unit = None if idle else self._next(times[len(turns) + len(done)], theme, size - len(done))
                steps = unit.steps if unit else (self._filler(times[0]),)
                theme = theme or (unit.theme if unit else "")
                self._lay(done, steps, times[len(turns)], size)
            turns.extend([replace(b, topic=number) for b in turn] for turn in done)
        self.turns_left -= len(times)
        return turns

    def _split(self, size: int) -> list[int]:
        """Split a session's turns into one to four topics of at least one turn."""
        count = min(4, size, max(1, round(size / self.rng.uniform(2.2, 4.2))))
        sizes = [size // count] * count
        for at in self.rng.sample(range(count), k=size - sum(sizes)):
            sizes[at] += 1
        return sizes

    # ── choosing ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _next(self, now: datetime, theme: str, room: int) -> Unit | None:
        """Take the unit that is due first; within a topic rather one of its theme that is due soon."""
        soon = now + (self.time.end - self.time.start) / 6
        ready = self._ready(now, room, soon)
        if not ready:
            return None
        mates = [unit for unit in ready if unit.theme == theme and unit.due <= soon]
        late = [unit for unit in ready if unit.essential and unit.due <= now]
        late.sort(key=lambda unit: not unit.pressing)
        chosen = late[0] if late and self.rng.random() < 0.5 + self.load / 2 else (mates or late or ready)[0]
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

    def _lay(self, done: list[list[Beat]], steps: Iterable[Step], now: datetime, size: int) -> None:
        """Append steps as turns, or add one to the turn before when time is short."""
        for step in steps:
            beats = [*self._introduced(step), *step]
            if done and self._joins(done[-1], beats):
                done[-1].extend(beats)
            elif len(done) < size:
                done.append(beats)
            else:
                return
            for b in beats:
                self._note(b, now)

    def _joins(self, turn: Sequence[Beat], beats: Sequence[Beat]) -> bool:
        if len(turn) + len(beats) > MOST_BEATS or not all(b.act in COMPANIONS for b in (*turn, *beats)):
            return False
        if any(b.act in ("ask", "show") for b in turn) or any(b.act == "retell" for b in beats):
            return False
        return self.rng.random() < self.load

    @property
    def load(self) -> float:
        """Chance that a turn takes a second step: how much is left to tell, for each turn that is left."""
        steps = sum(len(unit.steps) * (1.0 if unit.essential else 0.45) for unit in self.left)
        return min(0.85, max(0.12, steps / max(1, self.turns_left) - 0.35))

    def _introduced(self, step: Step) -> list[Beat]:
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


def _named(name: str, step: Step, known: dict[str, Fact]) -> bool:
    """Tell whether a step's words will name somebody."""
    texts = [known[b.fact].text for b in step if b.fact in known] + [b.subject for b in step]
    return any(name in text.replace("'", " ").replace(",", " ").split() for text in texts)
