"""Questions: one right option each, proved by what was said before; symmetric options; checks that find faults."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personavlm.personality import TRAITS
from personavlm.scoring.choice import score
from personavlm.synthesis.benchmark import offer_of, strangers_of
from personavlm.synthesis.check import problems
from personavlm.synthesis.choosing import choose, choose_alignment
from personavlm.synthesis.questions.alignment import align, manners
from personavlm.synthesis.questions.catalogue import TASK_FUNCTIONS, candidates
from personavlm.synthesis.questions.draw import UNKNOWN, four_of, sentence, wording
from personavlm.synthesis.questions.phrases import slot, to_me, to_you
from personavlm.synthesis.questions.values import TASK_CODES, TASKS, Option, Question
from personavlm.worlds.banks import bank
from personavlm.worlds.make import make_world
from personavlm.worlds.values import World

SEED = 5


@cache
def world(setting: str = "100", number: int = 0, half: str = "test") -> World:
    return make_world(SEED, half, setting, number)  # type: ignore[arg-type]


@cache
def asked(setting: str = "100", number: int = 0, half: str = "test") -> tuple[Question, ...]:
    return candidates(world(setting, number, half), strangers_of(SEED, half), SEED)  # type: ignore[arg-type]


def test_counts_are_the_published_ones() -> None:
    assert sum(info.short for info in TASKS.values()) == 1129
    assert sum(info.long for info in TASKS.values()) == 905
    assert set(TASK_FUNCTIONS) == set(TASKS) == set(TASK_CODES)


@pytest.mark.parametrize("setting", ["50", "100", "200", "train"])
def test_every_question_has_one_right_option_proved_before_it(setting: str) -> None:
    half = "train" if setting == "train" else "test"
    for number in range(2):
        wrong = [p for q in asked(setting, number, half) for p in problems(world(setting, number, half), q)]
        assert wrong == []


def test_a_long_dialogue_offers_every_task_with_and_without_pictures() -> None:
    found = asked("200")
    assert {q.task for q in found} == set(TASK_CODES)
    assert {q.task for q in found if q.needs_picture} >= {"VDR", "SIR", "RR"}


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=30)
def test_any_other_answer_is_found_out(pick: int) -> None:
    rows = asked()
    question = rows[pick % len(rows)]
    for other in range(1, 4):
        assert problems(world(), replace(question, answer=(question.answer + other) % 4))


def test_checks_find_twin_options_and_missing_or_late_evidence() -> None:
    question = next(q for q in asked() if q.evidence)
    twins = tuple(replace(option, text="the same") for option in question.options)
    first = world().turns[0].time
    assert any("alike" in p for p in problems(world(), replace(question, options=twins)))
    assert any("proves" in p for p in problems(world(), replace(question, evidence=())))
    assert problems(world(), replace(question, time=first.replace(year=first.year - 1)))


def test_gold_scores_one_and_every_distractor_nothing() -> None:
    letters = "abcd"
    for question in asked():
        options = dict(zip(letters, (option.text for option in question.options), strict=True))
        gold = letters[question.answer]
        for at, letter in enumerate(letters):
            expected = float(at == question.answer)
            assert score(f"({letter})", options, gold) == expected
            assert score(question.options[at].text, options, gold) == expected, question


def test_the_same_seed_asks_the_same() -> None:
    again = candidates(make_world(SEED, "test", "100", 0), strangers_of(SEED, "test"), SEED)
    assert again == asked()


def test_training_questions_use_no_wording_kept_for_the_test_half() -> None:
    assert not any(q.unseen for q in asked("train", 0, "train"))
    assert 0.3 < sum(q.unseen for q in asked("200")) / len(asked("200")) < 0.7


def test_queries_are_a_person_speaking_in_some_words() -> None:
    for question in asked("200"):
        assert 8 <= len(question.query.split()) <= 50, question.query
        assert question.query[0].isupper()
        assert "{" not in question.query
        assert not any("{" in option.text for option in question.options)


def test_every_wording_has_its_half() -> None:
    for key, rows in bank("questions_wordings").items():
        assert key.split("/")[0] in TASK_CODES
        assert rows["both"]
        assert rows["test"]
        assert not set(rows["both"]) & set(rows["test"])
        assert wording(key, "train", random.Random(1))[1] is False


# ── drawing ──────────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.sets(st.text("abcdef", min_size=1, max_size=4), max_size=8), st.integers(0, 99))
@settings(deadline=None)
def test_four_different_options_or_none(values: set[str], seed: int) -> None:
    found = four_of("Right", (("stranger", values), ("mine", ["right", "RIGHT"])), random.Random(seed))
    if len({value.lower() for value in values}) < 3:
        assert found is None
    else:
        assert found is not None
        options, answer = found
        assert options[answer] == Option("Right", "right")
        assert len({option.text.lower() for option in options}) == 4


def test_the_right_option_is_anywhere_equally_often() -> None:
    rng = random.Random(3)
    places = Counter(four_of("r", (("stranger", ["a", "b", "c", "d"]),), rng)[1] for _ in range(4000))  # type: ignore[index]
    assert all(900 < places[at] < 1100 for at in range(4))


def test_clauses_turn_to_the_user() -> None:
    assert to_you("a visit to the coast opened her eyes", "she") == "a visit to the coast opened your eyes"
    assert to_me("a night shift made him give in", "he") == "a night shift made me give in"
    assert to_you("Nadia told her", "she") == "Nadia told her"
    assert slot("Tuesday 19:30 at the hall at the pier") == ("Tuesday", "19:30", "the hall at the pier")
    assert sentence("so what? then. and now") == "So what? Then. And now"


# ── choosing ─────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def offers() -> dict[str, tuple[Question, ...]]:
    rows = [offer_of(world("100", number), SEED) for number in range(4)]
    return {offer.person: offer.questions for offer in rows}


def test_choosing_gives_the_wanted_numbers_evenly_over_persons() -> None:
    wanted = dict.fromkeys(TASK_CODES, 4)
    chosen = choose(offers(), wanted, random.Random(1))
    assert Counter(q.task for q in chosen) == wanted
    assert set(Counter(q.person for q in chosen).values()) <= set(range(9, 18))
    assert len({q.id for q in chosen}) == len(chosen)
    assert 0.25 < sum(q.needs_picture for q in chosen) / len(chosen) < 0.45


def test_statuses_are_right_a_quarter_of_the_time() -> None:
    options = tuple(Option(text, "stranger") for text in ("one", "two", "three", "four"))
    question = next(q for q in asked() if q.task == "LGT" and q.form == "status")
    rows = [replace(question, id=f"q{n}", person=f"p{n}", options=options, answer=min(n % 7, 3)) for n in range(70)]
    chosen = choose({q.person: [q] for q in rows}, {"LGT": 40}, random.Random(1))
    assert max(Counter(q.answer for q in chosen).values()) == 10


# ── alignment ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("trait", TRAITS)
@pytest.mark.parametrize("half", ["train", "test"])
def test_manners_differ_in_manner_alone(trait: str, half: str) -> None:
    pairs = manners(trait, half)  # type: ignore[arg-type]
    assert len(pairs) >= 2
    for pair in pairs:
        high, low = pair["high"], pair["low"]
        assert high.count("{answer}") == low.count("{answer}") == 1
        assert abs(len(high) - len(low)) <= 8, (high, low)


def test_alignment_depends_on_the_person_alone() -> None:
    question = asked()[0]
    high, low = align(question, "openness", True, 1), align(question, "openness", False, 1)
    assert (high.chosen, high.rejected) == (low.rejected, low.chosen)
    assert question.right in high.chosen
    assert question.right in high.rejected


def test_alignment_is_even_over_poles_and_never_of_the_unknown() -> None:
    questions = [q for rows in offers().values() for q in rows]
    traits = {person: [("openness", True), ("openness", False)] for person in offers()}
    pairs = choose_alignment(questions, traits, 40, random.Random(1))  # type: ignore[arg-type]
    assert len(pairs) == 40
    assert sum(pair.high for pair in pairs) == 20
    assert not any(UNKNOWN in pair.chosen for pair in pairs)
    longer = [(len(p.chosen) > len(p.rejected)) - (len(p.chosen) < len(p.rejected)) for p in pairs]
    assert abs(sum(longer)) <= 2
