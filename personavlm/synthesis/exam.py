"""Exam: lessons in which one of several options is to be chosen, as the benchmark asks.

    Question ──> Lesson: look up what it turns on, then "(b) the option's text"
    Alignment ──> two Lessons without look-ups: does the manner of this reply suit the person?

A choice whose evidence was not found has no honest answer in the form that is asked for: its lesson ends without one,
and whoever collects samples leaves it out.
"""

from __future__ import annotations

import random
import re
from calendar import day_name
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from personavlm.memory import bare
from personavlm.prompts.choice import JUDGED, render_choice, render_manner
from personavlm.respond import MAX_RETRIEVALS
from personavlm.synthesis.benchmark import offer_of
from personavlm.synthesis.lessons import Lesson, LookUp, Need
from personavlm.synthesis.questions.alignment import align
from personavlm.synthesis.questions.draw import UNKNOWN
from personavlm.synthesis.questions.values import Alignment, Question
from personavlm.synthesis.teacher import concept_name, with_reason
from personavlm.worlds.banks import bank
from personavlm.worlds.life_kin import ASSISTANT
from personavlm.worlds.truth import fact_of, thread_of
from personavlm.worlds.values import USER, Fact, World

LETTERS = "abcd"


def exam_lessons(world: World, seed: int, rng: random.Random, choices: int, manners: int) -> Iterator[Lesson]:
    """Yield lessons on a world's questions at its end; numbers are upper bounds, a manner gives two lessons."""
    if not choices:
        return
    offer = offer_of(world, seed)
    fit = [question for question in offer.questions if not _beyond_memory(world, question)]
    questions = rng.sample(fit, min(choices, len(fit)))
    yield from (choice_lesson(world, question, rng) for question in questions)
    for question in questions[:manners] if offer.suited else ():
        trait, high = rng.choice(offer.suited)
        yield from manner_lessons(question, align(question, trait, high, rng.randrange(100)), world.person.end)


def _beyond_memory(world: World, question: Question) -> bool:
    """Whether a question is on what merely stood in a picture: memory keeps what belongs to somebody."""
    shown = (fact_of(world.person, id_) for id_ in question.facts)
    return any(fact.matter == "detail" and fact.about not in _names(world) for fact in shown)


def choice_lesson(world: World, question: Question, rng: random.Random) -> Lesson:
    """Return a multiple-choice lesson: a look-up for each fact that it turns on, then by other words."""
    thoughts = bank("recall")["thoughts"]
    shown = [fact_of(world.person, id_) for id_ in question.facts]
    words = (*_asked_words(world, question, shown), *_other_words(world, question, shown))
    first, *later = list(dict.fromkeys(filter(None, words)))[:MAX_RETRIEVALS] or [("what they told",)]
    answer = f"({LETTERS[question.answer]}) {question.right}"
    return Lesson(
        question.time,
        render_choice(question.query, tuple(zip(LETTERS, (o.text for o in question.options), strict=True))),
        rng.choice(thoughts["found"]),
        answer,
        (
            LookUp(rng.choice(thoughts["look"]).replace("{topic}", first[0]), first),
            *(LookUp(rng.choice(thoughts["again"]).replace("{topic}", row[0]), row) for row in later),
        ),
        tuple(dict.fromkeys(_needs(world, question, shown))) or (Need(),),
        rng.choice(thoughts["missing"]).replace("{topic}", first[0]),
        answer if question.right == UNKNOWN else "",
        note="choice",
    )


LATEST = ("LPR", "BPR", "RDC")
"""Tasks whose answer rests on the last of the facts told on a matter; the others show what it was before."""


def _needs(world: World, question: Question, shown: Sequence[Fact]) -> Iterator[Need]:
    """What has to be found for the right option: a reason with its fact, the latest of a matter, or every fact."""
    right = bare(question.right)
    if reasons := [fact for fact in shown if fact.reason and bare(fact.reason) in right]:
        yield from (Need(fact.evidence, (bare(with_reason(fact)),)) for fact in reasons)
        return
    told = [fact for fact in shown if not fact.implied]
    for fact in told[-1:] if question.task in LATEST else told:
        yield Need(fact.evidence, (bare(fact.text),))
    for fact in shown:
        compared = fact.matter == "dynamic" and bare(fact.about) not in right
        if fact.matter == "detail":
            yield Need(said=(bare(_names(world)[fact.about]),), seen=True)
        elif fact.implied and fact.matter != "aim" and not compared:
            yield Need(fact.evidence)


def _asked_words(world: World, question: Question, shown: Sequence[Fact]) -> Iterator[tuple[str, ...]]:
    """Keywords for each fact that come from the question and what it is about, not from the right option."""
    names = {*day_name, *(kin.name for kin in world.person.kin)}
    named = [word for word in re.findall(r"\w+", question.query) if word in names]
    for fact in shown:
        yield _open(question, (*named, *_about(world, fact)))


def _other_words(world: World, question: Question, shown: Sequence[Fact]) -> Iterator[tuple[str, ...]]:
    """Other words for the same: what conversations call the matters, and that it was in a picture or talked about."""
    ids = [fact.id for fact in shown if fact.matter not in ("detail", "aim")]
    threads = [thread_of(world.person, id_) for id_ in ids]
    threads += [thread for thread in world.person.threads if thread.id in question.about]
    never = [one for one in question.about if one in question.query]  # a plan that is nobody's has no thread
    words = [bank("recall")["words"].get(thread.label, thread.label) for thread in threads]
    labels = _open(question, (*never, *words))
    if labels:
        yield labels
        yield (*labels, "picture" if question.needs_picture else "mentioned")


def _names(world: World) -> dict[str, str]:
    return {thing.id: concept_name(thing) for thing in world.person.things}


def _about(world: World, fact: Fact) -> tuple[str, ...]:
    if fact.matter == "detail":
        return (_names(world)[fact.about], bank("recall")["words"].get(fact.attribute, fact.attribute))
    if fact.matter in ("goal", "belonging"):
        return (thread_of(world.person, fact.id).label,)
    whom = fact.about if fact.about not in (USER, ASSISTANT) else ""
    return (whom, bank("recall")["words"].get(fact.attribute, fact.attribute))


def _open(question: Question, words: Sequence[str]) -> tuple[str, ...]:
    """Keywords somebody could think of who does not know the right option."""
    right = bare(question.right)
    return tuple(dict.fromkeys(word for word in words if bare(word) and bare(word) not in right))[:4]


def manner_lessons(question: Question, pair: Alignment, at: datetime) -> Iterator[Lesson]:
    """Yield the two tests of manner of one pair of replies; the profile in the prompt is all they need."""
    way = "high" if pair.high else "low"
    for minute, reply, (letter, text), verdict in (
        (1, pair.chosen, JUDGED[0], "speaks to that"),
        (2, pair.rejected, JUDGED[1], "speaks to the opposite"),
    ):
        yield Lesson(
            at + timedelta(minutes=minute),
            render_manner(question.query, reply),
            f"They come across as {way} in {pair.trait}. The manner of the reply {verdict}.",
            f"({letter}) {text}",
            note="manner",
        )
