"""Intent: reasons the user stated (EII), and what they were after without saying so (IIR)."""

from __future__ import annotations

import random
from collections.abc import Iterator

from personavlm.synthesis.questions.draw import Ground, Pools, Quiz, mix, shuffled
from personavlm.synthesis.questions.looks import appearances, crossed
from personavlm.synthesis.questions.phrases import to_you
from personavlm.synthesis.questions.values import Option, Question
from personavlm.worlds.banks import bank, share
from personavlm.worlds.truth import Known
from personavlm.worlds.values import USER, GoalStatus

FORMS: dict[GoalStatus, str] = {"planned": "why", "under way": "start", "done": "done", "dropped": "drop"}


def explicit_intent(ground: Ground, rng: random.Random) -> Iterator[Question]:
    """Explicit intent inference: the reason the user gave for a plan, for taking it up or ending it, for a new time.

    Wrong options are reasons the user gave for something else, and strangers' reasons for the same kind of step. In the
    form "look" the reason names a thing, and the options are looks.
    """
    quiz = Quiz("EII", ground, rng)
    for one in ground.told("goal"):
        if one.fact.about == USER:
            yield from _goal(quiz, one)
    for one in ground.settled("routine"):
        if one.fact.reason and ground.before(one):
            yield from _reason(quiz, "move", one)
    yield from _things(quiz)


def _goal(quiz: Quiz, one: Known) -> Iterator[Question]:
    first = not one.fact.replaces
    yield from _reason(quiz, "why" if first else FORMS[_status(one)], one)


def _status(one: Known) -> GoalStatus:
    statuses: dict[str, GoalStatus] = {status: status for status in FORMS}
    return statuses[one.fact.value]


def _reason(quiz: Quiz, form: str, one: Known) -> Iterator[Question]:
    """Yield the question for a stated reason; options are reasons for the same kind of step."""
    ground, fact = quiz.ground, one.fact
    label = ground.threads[fact.id].label
    rest = (k for k in ground.told(fact.matter) if k.fact.reason and k is not one)
    mine = [k.fact.reason for k in rest if _kind(ground, k) == form]
    pool = [
        to_you(other.reason, person.pronoun)
        for person in ground.strangers.persons
        for thread in person.threads
        if thread.matter == fact.matter
        for at, other in enumerate(thread.facts)
        if other.reason and _form(other.matter, other.value, at == 0) == form
    ]
    right = to_you(fact.reason, ground.person.pronoun)
    own = [to_you(reason, ground.person.pronoun) for reason in mine]
    pools: Pools = (("mine", own), ("stranger", pool), ("stranger", pool))
    yield from quiz.ask(form, {"label": label}, right, pools, (fact.id,), [one])


def _kind(ground: Ground, one: Known) -> str:
    return _form(one.fact.matter, one.fact.value, ground.threads[one.fact.id].facts[0].id == one.fact.id)


def _form(matter: str, value: str, first: bool) -> str:
    if matter == "routine":
        return "move"
    return "why" if first else next(form for status, form in FORMS.items() if status == value)


def _things(quiz: Quiz) -> Iterator[Question]:
    looks = appearances(quiz.ground)
    plans = [k for k in quiz.ground.told("goal") if k.fact.about in looks and not k.fact.replaces]
    for one in plans:
        look, reason = looks[one.fact.about], one.fact.reason
        if sum(k.fact.reason == reason for k in quiz.ground.told("goal")) > 1:
            continue
        if found := crossed(look, list(looks.values()), quiz.rng):
            slots = {"reason": to_you(reason, quiz.ground.person.pronoun)}
            yield quiz.put("look", slots, found, (one.fact.id, look.thing), [one, *look.proof], picture=True)


def implicit_intent(ground: Ground, rng: random.Random) -> Iterator[Question]:
    """Implicit intent recognition: what a question was for, though it was never said; two told facts make it known.

    Wrong options are other purposes of the same kind of question, for the same person and for somebody else.
    """
    quiz = Quiz("IIR", ground, rng)
    for one in ground.told("aim"):
        kind = next(row for row in bank("aims")["kinds"] if row["subject"] == one.fact.attribute)
        aims = {row["aim"]: row for row in share(kind["occasions"], ground.person.half)}
        kin = ground.threads[one.fact.id].label
        own = next((aim for aim in aims if aim.format(kin=kin) == one.fact.value), None)
        ask = _question(ground, one)
        premises = _premises(ground, one)
        if own is None or not ask or len(premises) < 2:
            continue
        rivals = [k.name for k in ground.person.kin if not k.animal and k.name != kin]
        for options in _aims(own, [aim for aim in aims if aim != own], kin, rivals, rng):
            proof = [*premises, one]
            yield quiz.put("aim", {"ask": ask}, mix(options, rng), (one.fact.id,), proof)


def _question(ground: Ground, one: Known) -> str:
    """Return what the user asked, in the words of the bank."""
    turns = [ground.world.turns[int(turn[1:]) - 1] for turn in one.evidence]
    return next((b.subject for turn in turns for b in turn.beats if b.fact == one.fact.id and b.act == "ask"), "")


def _premises(ground: Ground, one: Known) -> list[Known]:
    """Return the told facts that the aim follows from: how things are with somebody, and what lies ahead."""
    threads = ground.person.threads
    at = next(n for n, thread in enumerate(threads) if thread.facts[0].id == one.fact.id)
    ids = {threads[at - 2].facts[0].id, threads[at - 1].facts[0].id}
    return [k for k in ground.known if k.fact.id in ids]


def _aims(own: str, others: list[str], kin: str, rivals: list[str], rng: random.Random) -> Iterator[list[Option]]:
    """Yield one set of options: four purposes for one person, or two purposes crossed with two people."""
    others = shuffled(others, rng)
    right = Option(own.format(kin=kin), "right")
    if rivals and rng.random() < 0.5:
        rival = rng.choice(rivals)
        yield [
            right,
            Option(own.format(kin=rival), "other"),
            Option(others[0].format(kin=kin), "stranger"),
            Option(others[0].format(kin=rival), "stranger"),
        ]
    elif len(others) >= 3:
        yield [right, *(Option(aim.format(kin=kin), "stranger") for aim in others[:3])]
