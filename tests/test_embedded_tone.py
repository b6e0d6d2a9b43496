"""Tone: facts first and untouched, one or two short sentences after them, distinct for every pole."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab import eval_tone
from personavlm.embedded import banks
from personavlm.embedded.tone import is_hard, toned
from personavlm.personality import NEUTRAL, TRAITS, Trait

KINDS = ("answer", "unknown", "acknowledge", "advice", "choice")
PROFILES = st.dictionaries(st.sampled_from(TRAITS), st.floats(1, 5))
REPLY = "You play the cello.\nYou told me on 3 March 2025: “I play the cello on Sundays.”"


def added(reply: str, **profile: float) -> str:
    return toned(reply, profile, "answer")[len(reply.rstrip()) :]  # type: ignore[arg-type]


@given(st.text(max_size=120), PROFILES, st.sampled_from(KINDS), st.text(max_size=40))
def test_the_reply_stands_first_character_by_character(
    reply: str, profile: dict[Trait, float], kind: str, about: str
) -> None:
    told = toned(reply, profile, kind, about)  # type: ignore[arg-type]
    assert told == reply or told.startswith(reply.rstrip() + "\n")
    assert told == toned(reply, profile, kind, about)  # type: ignore[arg-type]


@given(
    PROFILES,
    st.sampled_from(KINDS),
    st.sampled_from([REPLY, "(b) the lake", "You haven't told me.", "I'm sorry she died."]),
)
def test_the_addition_is_short_and_states_no_fact(profile: dict[Trait, float], kind: str, reply: str) -> None:
    tail = toned(reply, profile, kind)[len(reply) :].strip()  # type: ignore[arg-type]
    assert "\n" not in tail
    assert len(re.findall(r"[.!?](?: |$)", tail)) <= 2
    assert len(tail.split()) <= 45
    assert not re.search(r"\d|(?<=[a-z,;] )[A-HJ-Z]", tail)


@pytest.mark.parametrize("reply", [REPLY, "(b) the lake", "You haven't told me.", "", "  "])
def test_a_neutral_profile_adds_nothing(reply: str) -> None:
    assert toned(reply, dict(NEUTRAL), "answer") == toned(reply, {}, "answer") == reply
    assert toned(reply, dict.fromkeys(TRAITS, 3.3), "answer") == reply


@pytest.mark.parametrize("trait", TRAITS)
@pytest.mark.parametrize(
    "reply", [REPLY, "You haven't told me where you work.", "I'm sorry to hear your dog died.", "(a) yes"]
)
def test_high_and_low_differ_and_only_the_marked_trait_speaks(trait: Trait, reply: str) -> None:
    high, low = added(reply, **{trait: 4.8}), added(reply, **{trait: 1.2})
    assert high
    assert low
    assert high != low
    bank = {
        clause.lower() for section, rows in banks.lines("tone").items() if section.startswith(trait) for clause in rows
    }
    assert {high.strip(" \n.!").lower(), low.strip(" \n.!").lower()} <= bank


def test_all_five_traits_are_heard_in_two_sentences() -> None:
    tail = added(REPLY, **dict.fromkeys(TRAITS, 4.8)).lower()
    for trait in TRAITS:
        assert any(clause.lower() in tail for clause in banks.lines("tone")[f"{trait} high plain"]), trait


def test_only_a_clear_trait_shows_and_a_mild_one_if_it_is_alone() -> None:
    assert added(REPLY, extraversion=3.7)
    assert added(REPLY, extraversion=3.7, openness=4.8) == added(REPLY, openness=4.8)
    assert not added(REPLY, extraversion=3.5)


@pytest.mark.parametrize(
    "news", ["My father passed away.", "I lost my job today", "she had a heart attack", "We broke up"]
)
def test_bad_news_is_met_without_cheer(news: str) -> None:
    assert is_hard(news)
    for told in (
        toned(news, {"extraversion": 5}, "acknowledge"),
        toned("Noted.", {"extraversion": 5}, "acknowledge", news),
    ):
        assert "!" not in told
        assert "fun" not in told


@pytest.mark.parametrize(
    "news", ["I got the job!", "We play on Sundays.", "Bob's guitar is red.", "The deadline is Friday"]
)
def test_ordinary_news_is_not_taken_for_bad(news: str) -> None:
    assert not is_hard(news)


def test_every_bank_has_choices_for_both_moods() -> None:
    sections = {f"{t} {p} {m}" for t in TRAITS for p in ("high", "low") for m in ("plain", "hard")}
    assert set(banks.lines("tone")) == sections
    assert all(len(set(rows)) >= 3 for rows in banks.lines("tone").values())


@pytest.mark.slow
@pytest.mark.parametrize("trait", TRAITS)
def test_replies_tell_high_from_low_and_keep_their_facts(trait: Trait, minilm: Any) -> None:
    asked = list(enumerate(eval_tone.questions()))[::5]
    neutral = {i: eval_tone.ask(minilm, q, fact, NEUTRAL) for i, (q, fact) in asked}
    sides: list[list[eval_tone.Reply]] = []
    for side in (True, False):
        profiles = {i: eval_tone.extreme(i, trait, side, mixed=False) for i in neutral}
        sides.append([eval_tone.Reply(i, eval_tone.ask(minilm, q, f, profiles[i]), neutral[i]) for i, (q, f) in asked])
    high, low = sides
    assert all(eval_tone.same_facts(reply) for reply in (*high, *low))
    right = eval_tone.by_meaning(high, low, trait, minilm)
    assert sum(right) / len(right) >= 0.75
