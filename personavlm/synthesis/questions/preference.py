"""Preferences: the latest (LPR), how it came about (IEA), and what follows from one never stated (IPR)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from personavlm.synthesis.questions.draw import Ground, Pool, Pools, Quiz, mix, shuffled
from personavlm.synthesis.questions.looks import Appearance, appearances
from personavlm.synthesis.questions.phrases import to_you
from personavlm.synthesis.questions.values import Option, Question
from personavlm.worlds.banks import bank, share
from personavlm.worlds.truth import Known
from personavlm.worlds.values import USER


def _domain(attribute: str) -> Any:
    return next(row for row in bank("domains") if row["domain"] == attribute)


def latest_preference(ground: Ground, rng: random.Random) -> Iterator[Question]:
    """Latest preference recognition: which of four the user likes, or has gone off, as things stand at the end.

    Wrong options are what the user liked before, what others in their life like or the assistant offered, and
    what nobody mentioned. In the form "look" the favourite is one of several things of a kind, the options are looks.
    """
    quiz = Quiz("LPR", ground, rng)
    for one in ground.settled("taste"):
        if one.fact.about == USER and ground.before(one):
            yield from _liked(quiz, one) if one.fact.polarity > 0 else _avoided(quiz, one)
    yield from _favourite_things(quiz)


def _liked(quiz: Quiz, one: Known) -> Iterator[Question]:
    fact, ground = one.fact, quiz.ground
    domain = _domain(fact.attribute)
    same = [k for k in ground.told("taste") if k.fact.attribute == fact.attribute and k.fact.about == USER]
    liked = {k.fact.value for k in same if k.standing == "current" and k.fact.polarity > 0}
    stale = [k.fact.value for k in ground.line(one) if k.fact.value not in liked]
    taken = {k.fact.value for k in same}
    pools: Pools = (("stale", stale), *_elsewhere(ground, fact.attribute, taken))
    slots = {"kind": domain["kind"], "label": domain["label"]}
    yield from quiz.ask("like", slots, fact.value, pools, (ground.threads[fact.id].id,), ground.line(one))


def _avoided(quiz: Quiz, one: Known) -> Iterator[Question]:
    """Yield the question for what the user has gone off; nothing else that they dislike may stand among the options."""
    fact, ground = one.fact, quiz.ground
    domain = _domain(fact.attribute)
    same = [k for k in ground.told("taste") if k.fact.attribute == fact.attribute and k.fact.about == USER]
    liked = [k.fact.value for k in same if k.standing == "current" and k.fact.polarity > 0]
    taken = {k.fact.value for k in same}
    pools: Pools = (("mine", liked), *_elsewhere(ground, fact.attribute, taken))
    slots = {"kind": domain["kind"], "label": domain["label"]}
    yield from quiz.ask("avoid", slots, fact.value, pools, (ground.threads[fact.id].id,), ground.line(one))


def _elsewhere(ground: Ground, attribute: str, taken: set[str]) -> tuple[Pool, Pool]:
    """Return values of others and of the assistant's offers, and values that nobody mentioned."""
    others = [k.fact.value for k in ground.told("other") if k.fact.attribute == attribute]
    beats = [b for turn in ground.world.turns for b in turn.beats if b.act == "offered" and b.subject == attribute]
    offered = [item for b in beats for item in b.options]
    heard = {*others, *offered, *taken}
    strange = [value for value in ground.strangers.values("taste", attribute) if value not in heard]
    if offered and not others:
        return ("offered", [value for value in offered if value not in taken]), ("stranger", strange)
    return ("other", [value for value in others if value not in taken]), ("stranger", strange)


def _favourite_things(quiz: Quiz) -> Iterator[Question]:
    looks = appearances(quiz.ground)
    for one in quiz.ground.settled("taste"):
        before = quiz.ground.before(one)
        if one.fact.about not in looks or before is None or before.fact.about not in looks:
            continue
        now, then = looks[one.fact.about], looks[before.fact.about]
        others = _alike(quiz.ground, now)
        proof = [before, one, *now.proof, *then.proof]
        pools: Pools = (("stale", [then.text]), ("stranger", others), ("stranger", others))
        slots = {"category": now.category}
        yield from quiz.ask("look", slots, now.text, pools, (one.fact.id, now.thing), proof, picture=True)


def _alike(ground: Ground, look: Appearance) -> list[str]:
    """Return the looks of other things, as if they were of the same kind."""
    rows = [thing.look for person in ground.strangers.persons for thing in person.things if thing.look]
    plain = [row for row in rows if row.material != "fur"]
    return [Appearance("", look.category, row.colour, row.second, ()).text for row in plain]


# ── how it came about ────────────────────────────────────────────────────────────────────────────────────────────


def interest_evolution(ground: Ground, rng: random.Random) -> Iterator[Question]:
    """Interest evolution analysis: what made a taste change, or from what to what it went.

    Wrong reasons are the user's own for other changes and strangers' for changes of the same direction; wrong ways are
    the reverse, and ways that start or end at something else.
    """
    quiz = Quiz("IEA", ground, rng)
    for one in ground.told("taste"):
        before = ground.before(one)
        if before is None:
            continue
        if one.fact.about != USER:
            yield from _way_of_looks(quiz, before, one)
        else:
            yield from _cause(quiz, before, one)
            if one.fact.value != before.fact.value and one.standing == "current":
                yield from _way(quiz, before, one)


def _cause(quiz: Quiz, before: Known, one: Known) -> Iterator[Question]:
    ground, fact = quiz.ground, one.fact
    gain = fact.polarity > 0
    if gain and before.fact.value == fact.value:
        return
    mine = [
        to_you(k.fact.reason, ground.person.pronoun)
        for k in ground.told("taste")
        if k is not one and k.fact.about == USER and k.fact.reason and (k.fact.polarity > 0) == gain
    ]
    strange = [
        to_you(other.reason, person.pronoun)
        for person in ground.strangers.persons
        for thread in person.threads
        if thread.matter == "taste"
        for other in thread.facts
        if other.reason and other.about == USER and (other.polarity > 0) == gain
    ]
    pools: Pools = (("mine", mine), ("stranger", strange), ("stranger", strange))
    slots = {"label": _domain(fact.attribute)["label"], "old": before.fact.value, "new": fact.value}
    right = to_you(fact.reason, ground.person.pronoun)
    yield from quiz.ask("cause" if gain else "loss", slots, right, pools, (fact.id,), [before, one])


def _way(quiz: Quiz, before: Known, one: Known) -> Iterator[Question]:
    """Yield the question which way a taste went: the right way, its reverse, and both with another thing at one end."""
    ground, fact = quiz.ground, one.fact
    taken = {k.fact.value for k in ground.told("taste") if k.fact.attribute == fact.attribute}
    other, strange = _elsewhere(ground, fact.attribute, taken)
    third = shuffled(sorted(other[1]), quiz.rng)[:1] or shuffled(sorted(strange[1]), quiz.rng)[:1]
    if not third:
        return
    options = _ways(before.fact.value, fact.value, third[0], quiz.rng)
    slots = {"label": _domain(fact.attribute)["label"]}
    yield quiz.put("direction", slots, mix(options, quiz.rng), (ground.threads[fact.id].id, fact.id), [before, one])


def _ways(old: str, new: str, third: str, rng: random.Random) -> list[Option]:
    """Return four ways; the value that all of them share is the old or the new one, by the toss of a coin."""
    shared, gone = (old, new) if rng.random() < 0.5 else (new, old)
    pairs = [(shared, gone), (gone, shared), (shared, third), (third, shared)]
    return [
        Option(f"from {a} to {b}", "right" if (a, b) == (old, new) else "stale" if third not in (a, b) else "other")
        for a, b in pairs
    ]


def _way_of_looks(quiz: Quiz, before: Known, one: Known) -> Iterator[Question]:
    looks = appearances(quiz.ground)
    old, new = looks.get(before.fact.about), looks.get(one.fact.about)
    if old is None or new is None or old.colour == new.colour:
        return
    third = [word for word in sorted({look.colour for look in looks.values()}) if word not in (old.colour, new.colour)]
    if not third:
        return
    options = _ways(f"a {old.colour} one", f"a {new.colour} one", f"a {quiz.rng.choice(third)} one", quiz.rng)
    named = [Option(option.text.replace("a orange", "an orange"), option.role) for option in options]
    proof = [before, one, old.proof[0], new.proof[0]]
    about = (before.fact.id, one.fact.id)
    yield quiz.put("look", {"category": new.category}, mix(named, quiz.rng), about, proof, picture=True)


# ── what was never stated ────────────────────────────────────────────────────────────────────────────────────────


def implicit_recommendation(ground: Ground, rng: random.Random) -> Iterator[Question]:
    """Implicit preference recommendation: choose for the user where two leanings that they only ever showed decide.

    The four options are all combinations of two choices that have not come up; each choice has one side per pole.
    """
    quiz = Quiz("IPR", ground, rng)
    shown = [k for k in ground.settled("leaning") if len(k.evidence) >= 2]
    for first, second in combinations(shown, 2):
        left, right = _new_choice(ground, first, rng), _new_choice(ground, second, rng)
        if left is None or right is None:
            continue
        (one, ones), (other, others) = left, right
        options = [
            Option(f"{a} and {b}", "right" if not (at or to) else "stranger")
            for at, a in enumerate(ones)
            for to, b in enumerate(others)
        ]
        slots = {"one": one, "other": other}
        yield quiz.put("pair", slots, mix(options, rng), (first.fact.id, second.fact.id), [first, second])


def _new_choice(ground: Ground, leaning: Known, rng: random.Random) -> tuple[str, tuple[str, str]] | None:
    """Return a choice that has not come up: what it is about, and its options, the fitting one first."""
    axis = next(row for row in bank("leanings")["axes"] if row["axis"] == leaning.fact.attribute)
    used = {b.subject for turn in ground.world.turns for b in turn.beats if b.act == "choose"}
    fresh = [row for row in share(axis["choices"], ground.person.half) if row["about"] not in used]
    if not fresh:
        return None
    row = rng.choice(fresh)
    pole = axis["poles"].index(leaning.fact.value)
    return row["about"], (row["options"][pole], row["options"][1 - pole])
