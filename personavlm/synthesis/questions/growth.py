"""Growth: explanations at the user's level (TED), and decisions in a field that never came up (GNS)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

from personavlm.personality import TRAITS, Trait
from personavlm.synthesis.questions.draw import Ground, Quiz, mix, shuffled
from personavlm.synthesis.questions.values import Option, Question
from personavlm.worlds.banks import bank, share
from personavlm.worlds.truth import Known, traits_at

PITCH = {
    "beginner": "from the ground up",
    "handy": "without the first basics",
    "expert": "down to the fine points",
}
CLEAR = 0.7
"""A trait counts as known if it lies so far from the middle of its scale and was shown."""
SHOWN = 3
"""So many more turns must show a trait's direction than the opposite one."""


def tiered_explanation(ground: Ground, rng: random.Random) -> Iterator[Question]:
    """Tiered explanation delivery: the explanation that fits how much the user has shown to know of a subject.

    Form "pair" crosses two levels in each of two subjects the user asks about; form "text" gives actual explanations of
    a subject of theirs and of one they never touched, each at two levels.
    """
    quiz = Quiz("TED", ground, rng)
    shown = [k for k in ground.settled("expertise") if len(k.evidence) >= 2]
    for first, second in combinations(shown, 2):
        yield _pair(quiz, *shuffled([first, second], rng))
    for one in shown:
        yield from _text(quiz, one)


def _explained(subject: str) -> dict[str, str]:
    explain: dict[str, str] = next(row["explain"] for row in bank("expertise")["subjects"] if row["subject"] == subject)
    return explain


def _card(subject: str, level: str) -> str:
    explain = _explained(subject)
    return f"{explain['topic']}: {explain[level]}"


def _pair(quiz: Quiz, first: Known, second: Known) -> Question:
    rng = quiz.rng
    one, other = first.fact, second.fact
    ones = [one.value, rng.choice([level for level in PITCH if level != one.value])]
    others = [other.value, rng.choice([level for level in PITCH if level != other.value])]
    options = [
        Option(f"the first {PITCH[a]}, the second {PITCH[b]}", "right" if not (at or to) else "stranger")
        for at, a in enumerate(ones)
        for to, b in enumerate(others)
    ]
    slots = {"one": _explained(one.attribute)["topic"], "other": _explained(other.attribute)["topic"]}
    return quiz.put("pair", slots, mix(options, rng), (one.id, other.id), [first, second])


def _text(quiz: Quiz, one: Known) -> Iterator[Question]:
    """Yield four texts: the user's subject and a foreign one, each at the user's level and at another."""
    ground, rng = quiz.ground, quiz.rng
    known = {thread.label for thread in ground.person.threads if thread.matter == "expertise"}
    threads = [t for person in ground.strangers.persons for t in person.threads if t.matter == "expertise"]
    foreign = sorted({thread.label for thread in threads} - known)
    if not foreign:
        return
    levels = [one.fact.value, rng.choice([level for level in PITCH if level != one.fact.value])]
    subjects = [one.fact.attribute, rng.choice(foreign)]
    options = [
        Option(_card(subject, level), "right" if not (at or to) else "stranger")
        for at, subject in enumerate(subjects)
        for to, level in enumerate(levels)
    ]
    yield quiz.put("text", {}, mix(options, rng), (one.fact.id,), [one])


def new_scenarios(ground: Ground, rng: random.Random) -> Iterator[Question]:
    """Generalising to new scenarios: a decision in a field that never came up, from a leaning and from a trait.

    The four options cross the two poles of a leaning with the two poles of a trait.
    """
    quiz = Quiz("GNS", ground, rng)
    leanings = [k for k in ground.settled("leaning") if len(k.evidence) >= 2]
    traits = clear_traits(ground)
    scenes = shuffled(share(bank("questions_scenes"), ground.person.half), rng)
    pairs = shuffled([(leaning, trait) for leaning in leanings for trait in traits], rng)
    for scene, (leaning, (trait, high)) in zip(scenes * 2, pairs, strict=False):
        axis = next(row for row in bank("leanings")["axes"] if row["axis"] == leaning.fact.attribute)
        pole = axis["poles"].index(leaning.fact.value)
        ones, others = scene[leaning.fact.attribute], scene[trait]
        rows = [(ones[pole], others[not high]), (ones[pole], others[high])]
        rows += [(ones[1 - pole], others[not high]), (ones[1 - pole], others[high])]
        options = [Option(f"{a}, {b}", "stranger" if at else "right") for at, (a, b) in enumerate(rows)]
        question = quiz.put("scene", {"scene": scene["scene"]}, mix(options, rng), (leaning.fact.id, trait), [leaning])
        shown = {*question.evidence, *_showing(ground, trait, high)}
        yield replace(question, evidence=tuple(turn.id for turn in ground.world.turns if turn.id in shown))


def _showing(ground: Ground, trait: Trait, high: bool) -> list[str]:
    """Return the last few turns whose words show a trait in one direction."""
    cue = (trait, 1 if high else -1)
    return [turn.id for turn in ground.world.turns if cue in turn.cues][-SHOWN:]


def clear_traits(ground: Ground) -> list[tuple[Trait, bool]]:
    """Return the traits that are clearly high or low at the end and that the user's own words have shown."""
    profile = traits_at(ground.person, ground.person.end)
    found: list[tuple[Trait, bool]] = []
    for trait in TRAITS:
        high = profile[trait] > 3
        signs = [1 if (sign > 0) == high else -1 for turn in ground.world.turns for t, sign in turn.cues if t == trait]
        if abs(profile[trait] - 3) >= CLEAR and sum(signs) >= SHOWN:
            found.append((trait, high))
    return found
