"""From beats to what is typed: each beat's sentences, what leads into them, and what goes with them.

greeting · passing over what was offered · beat · join · beat · cue of a trait · aside · closing remark
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from personavlm.worlds.truth import by_id, threads_by_fact, traits_at
from personavlm.worlds.values import USER, Beat, Cue, Fact, Person, Slot, Thread
from personavlm.worlds.words.context import Context
from personavlm.worlds.words.frames import frame
from personavlm.worlds.words.grammar import Frame, patterns, say
from personavlm.worlds.words.manner import Manner, decapitalised, flow, manner, style

QUIET = ("greet", "close", "chat", "feel", "ask", "recall", "offered", "request", "forget")
"""Acts after which no closing remark comes."""


PLAIN = ("greet", "close", "tail", "aside", "show", "join", "pass")
"""Patterns that no filler such as "well" goes with."""


@dataclass(slots=True)
class Draft:
    """A turn while it is written."""

    slot: Slot
    person: Person
    context: Context
    how: Manner
    rng: random.Random
    pieces: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    cues: list[Cue] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    """What the slots of each beat were filled with, for the reply."""
    threads: Mapping[str, Thread] = field(init=False)
    """The thread of each fact, by the fact's id."""
    facts: Mapping[str, Fact] = field(init=False)

    def __post_init__(self) -> None:
        self.threads, self.facts = threads_by_fact(self.person), by_id(self.person)

    def add(self, keys: tuple[str, ...], filled: Frame) -> None:
        """Say one pattern of these keys."""
        text, id_ = say(keys, filled, self.rng, self.context.unseen, (*self.context.used, *self.ids))
        text = flow(text, self.how, self.rng, opens=bool(self.pieces) and not keys[0].startswith(PLAIN))
        follows = self.pieces and self.pieces[-1].rstrip()[-1:] not in ".!?"
        self.pieces.append(decapitalised(text) if follows else text)
        self.ids.append(id_)


def speak(slot: Slot, person: Person, context: Context, rng: random.Random) -> tuple[str, Draft]:
    """Return what the person types, and the draft it came from."""
    how = manner(person.id, traits_at(person, slot.time), context.mood)
    draft = Draft(slot, person, context, how, rng)
    if context.slots and any(beat.act == "offered" for beat in context.slots[-1].beats):
        draft.add(("pass",), {})
    for number, beat in enumerate(slot.beats):
        _beat(draft, number, beat)
        if beat.cue:
            _cue(draft, beat.cue, first=number == 0 and beat.act not in ("greet", "feel") and rng.random() < 0.3)
    _trimmings(draft)
    return style(" ".join(draft.pieces), how, rng), draft


def _beat(draft: Draft, number: int, beat: Beat) -> None:
    """Say one beat; the next one knows whoever it introduced."""
    before = draft.slot.beats[number - 1].act if number else "greet"
    filled = frame(draft.slot, beat, draft.person, draft.threads, draft.context, draft.rng)
    if before not in ("greet", "feel") and beat.act not in ("greet", "close", "show") and draft.rng.random() < 0.4:
        draft.add(("join",), {})
    draft.frames.append(filled)
    if beat.act == "feel" and not beat.cue:
        draft.add(("mood." + draft.context.mood,), filled)
    else:
        draft.add(keys(beat, draft.facts, draft.context), filled)
    named = frozenset(name for name in (beat.kin, filled.get("name", "")) if name)
    draft.context = replace(draft.context, met=draft.context.met | named)


def _cue(draft: Draft, cue: Cue, first: bool) -> None:
    """Weave in words that show a trait, before or after what was said."""
    trait, direction = cue
    stem = f"cue.{trait}.{'high' if direction > 0 else 'low'}."
    draft.add(tuple(sorted(key for key in patterns() if key.startswith(stem))), {"me": draft.person.name.split()[0]})
    if first:
        draft.pieces.insert(0, draft.pieces.pop())
    draft.cues.append(cue)


def _trimmings(draft: Draft) -> None:
    """Add an aside or a closing remark, now and then, the more the chattier somebody is."""
    chance = draft.how.chatty * 0.6
    last = draft.slot.beats[-1].act
    if len(draft.pieces) < 4 and draft.rng.random() < chance:
        draft.add(("aside",), {})
        if last in ("ask", "recall", "offered", "close"):
            draft.pieces.insert(0, draft.pieces.pop())
    elif last not in QUIET and len(draft.pieces) < 4 and draft.rng.random() < chance:
        draft.add(("tail",), {})


# ── which patterns fit a beat ────────────────────────────────────────────────────────────────────────────────────


def keys(beat: Beat, known: Mapping[str, Fact], context: Context) -> tuple[str, ...]:
    """Return the keys of a beat's patterns, the most specific first; patterns of later keys fill in."""
    fact = known.get(beat.fact) or (known.get(beat.old) if beat.act == "waver" else None)
    if beat.act == "show":
        shot = context.shots.get(beat.shot)
        mine = shot is not None and any(seen.thing for seen in shot.seen)
        return ("show" if mine else "show.scene",)
    if fact is None or beat.act in (
        "choose",
        "offered",
        "recall",
        "request",
        "forget",
        "feel",
        "chat",
        "greet",
        "close",
    ):
        return (beat.act,)
    if beat.act == "ask":
        return (f"ask.expertise.{fact.value}",) if fact.matter == "expertise" else ("ask",)
    found = tuple(key for key in _by_matter(beat, fact, known.get(beat.old)) if key in patterns())
    return found[:1] or (f"{'tell' if beat.act in ('other', 'relate', 'future') else beat.act}.any",)


def _by_matter(beat: Beat, fact: Fact, old: Fact | None) -> tuple[str, ...]:
    act, matter = beat.act, fact.matter
    if matter == "taste":
        return (f"{act}.taste.{_taste(fact, old if act == 'change' else None)}", f"{act}.taste")
    if matter == "event":
        return (
            f"{'retell' if act == 'retell' else 'tell'}.{'future' if fact.attribute == 'appointment' else 'event'}",
        )
    if matter == "other":
        return (f"other.{_other(fact)}",) if act in ("other", "tell", "change") else (f"{act}.other",)
    if matter == "dynamic":
        return (f"relate.{'closeness' if fact.attribute == 'closeness' else fact.value}", "relate")
    if matter == "goal":
        return (f"{act}.goal.{fact.value}", f"{act}.goal")
    return (f"{act}.{matter}.{fact.attribute}", f"{act}.{matter}")


def _taste(fact: Fact, old: Fact | None) -> str:
    """Return which sort of taste patterns fit: a favourite, a like, a dislike; when it changed, which way."""
    if fact.about != USER:
        return "thing"
    if old is not None and old.value == fact.value:
        return "sour" if fact.polarity < 0 else "warm"
    if fact.polarity < 0:
        return "dislike"
    return "best" if fact.text.startswith("favourite") else "like"


def _other(fact: Fact) -> str:
    known = ("work", "town", "plan", "habit", "circumstance", "birthday", "age")
    if fact.attribute in known:
        return fact.attribute
    return "taste" if fact.polarity > 0 else "any"
