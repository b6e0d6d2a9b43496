"""Exam: lessons in which one of several options is to be chosen, as the benchmark asks.

    Question ──> Lesson: look up what it turns on, then "(b) the option's text"
    Alignment ──> two Lessons without look-ups: does the manner of this reply suit the person?

A choice whose evidence was not found has no honest answer in the form that is asked for: its lesson ends without one,
and whoever collects samples leaves it out.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from personavlm.memory import bare
from personavlm.prompts.choice import JUDGED, render_choice, render_manner
from personavlm.synthesis.benchmark import offer_of
from personavlm.synthesis.lessons import Lesson, LookUp, Need
from personavlm.synthesis.questions.alignment import align
from personavlm.synthesis.questions.values import Alignment, Question
from personavlm.worlds.banks import bank
from personavlm.worlds.truth import fact_of, thread_of
from personavlm.worlds.values import USER, World

LETTERS = "abcd"


def exam_lessons(world: World, seed: int, rng: random.Random, choices: int, manners: int) -> Iterator[Lesson]:
    """Yield lessons on a world's questions at its end; numbers are upper bounds, a manner gives two lessons."""
    if not choices:
        return
    offer = offer_of(world, seed)
    questions = rng.sample(offer.questions, min(choices, len(offer.questions)))
    yield from (choice_lesson(world, question, rng) for question in questions)
    for question in questions[:manners] if offer.suited else ():
        trait, high = rng.choice(offer.suited)
        yield from manner_lessons(question, align(question, trait, high, rng.randrange(100)), world.person.end)


def choice_lesson(world: World, question: Question, rng: random.Random) -> Lesson:
    """Return a multiple-choice lesson: two look-ups at most, by what the question turns on."""
    thoughts = bank("recall")["thoughts"]
    shown = [fact_of(world.person, id_) for id_ in question.facts]
    labels = [thread_of(world.person, fact.id).label for fact in shown]
    attributes = [fact.attribute for fact in shown]
    whom = [fact.about for fact in shown if fact.about != USER and fact.about.isalpha()]
    first, second = (_words(question.right, words) for words in ((*whom, *attributes), (*labels, *whom)))
    topic = (first or second or ("what they told",))[0]
    lookups = (
        LookUp(rng.choice(thoughts["look"]).replace("{topic}", topic), first or second or (topic,)),
        LookUp(rng.choice(thoughts["again"]).replace("{topic}", topic), second or first or (topic,)),
    )
    return Lesson(
        question.time,
        render_choice(question.query, tuple(zip(LETTERS, (o.text for o in question.options), strict=True))),
        rng.choice(thoughts["found"]),
        f"({LETTERS[question.answer]}) {question.right}",
        lookups,
        (Need(question.evidence, tuple(bare(fact.text) for fact in shown if not fact.implied)),),
        note="choice",
    )


def _words(right: str, words: Sequence[str]) -> tuple[str, ...]:
    """Keywords somebody could think of who does not know the right option."""
    return tuple(dict.fromkeys(word for word in words if bare(word) and bare(word) not in bare(right)))[:4]


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
