"""Whether a text tells a fact: its value stands in it, or one of the other words for it, or its parts.

Tests hold the grammar to it, and a model that rewrites a turn is held to it as well (``rewrite``).
"""

from __future__ import annotations

import re

from personavlm.worlds.truth import fact_of, thread_of
from personavlm.worlds.values import USER, Fact, Person, Shot, Slot
from personavlm.worlds.words.banked import goal
from personavlm.worlds.words.frames import ahead, clocks, own, routine
from personavlm.worlds.words.grammar import first_verb, plain_verb

SPOKEN = ("tell", "change", "end", "correct", "future", "other", "relate", "request", "retell")
"""Acts that say a fact in words."""

_UNTOLD = ("detail", "leaning", "aim", "expertise")
"""Matters that are shown and never worded."""


def spoken(person: Person, slot: Slot) -> tuple[Fact, ...]:
    """Return the facts that a slot's beats say in words."""
    facts = [fact_of(person, beat.fact) for beat in slot.beats if beat.act in SPOKEN and beat.fact]
    return tuple(fact for fact in facts if not fact.implied and fact.matter not in _UNTOLD)


def tells(fact: Fact, text: str, person: Person, slot: Slot, again: bool = False) -> bool:
    """Whether a text tells a fact so that it can be known exactly; ``again`` asks for less (it was told before)."""
    text = re.sub(r"\s+", " ", text.lower())
    return any(all(part.lower() in text for part in way) for way in _ways(fact, person, slot, again))


def _ways(fact: Fact, person: Person, slot: Slot, again: bool) -> list[tuple[str, ...]]:
    """Return the sets of words each of which tells the fact."""
    values = (fact.value, own(fact.value, person.pronoun), first_verb(fact.value), plain_verb(fact.value), *fact.also)
    ways: list[tuple[str, ...]] = [(value,) for value in values]
    if fact.matter == "relation":
        return [(fact.about, fact.attribute)]
    if fact.matter == "routine" and (parts := routine(fact.value)):
        day, hour, minute, place = parts
        return [(fact.attribute,)] if again else [(day, clock, place) for clock in clocks(hour, minute)]
    if fact.matter == "goal":
        forms = goal(thread_of(person, fact.id).label)
        return [(form,) for form in (forms["doing"], forms["doing"].removeprefix("starting "), forms["do"]) if form]
    if fact.matter == "dynamic":
        return _moved(fact)
    if fact.matter == "event":
        date = ahead(fact.since, slot.time)
        return [(*way, date) for way in ways] if fact.attribute == "appointment" and not again else ways
    return ways if fact.about in (USER, "assistant") or fact.matter != "other" else [(fact.about, *way) for way in ways]


_MOVES = {
    "closer": ("closer",),
    "cooler": ("drifted apart", "cooled", "grown apart", "cooler", "gone quiet", "close any more"),
    "fell out": ("fallen out", "fell out", "not speaking", "not on speaking", "had a row"),
    "made up": ("made up", "buried the hatchet", "all is forgiven"),
    "more trusting": ("trust you", "tell you more"),
    "more guarded": ("tell you less", "telling you less", "hold back", "more careful", "more guarded"),
    "more casual": ("casual", "less stiff", "like friends", "dropped the formalities"),
    "more formal": ("formal", "more form"),
}
"""Words that say how a relation moved."""


def _moved(fact: Fact) -> list[tuple[str, ...]]:
    who = () if fact.about == "assistant" else (fact.about,)
    return [(*who, words) for words in _MOVES.get(fact.value, (fact.value,))]


def looks(shot: Shot) -> frozenset[str]:
    """Return the words for how things in a picture look, which no text beside it may hold."""
    words = {word for seen in shot.seen for word in (seen.colour, seen.second, seen.material, seen.pattern)}
    return frozenset(word.lower() for word in words if word)
