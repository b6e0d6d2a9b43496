"""When a memory states a fact: the hand-written pairs, and laws that no wording may break."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.matching import pairs, summary
from personavlm.memory import Memory
from personavlm.scoring import RELATIONS, Claim, match
from personavlm.scoring.moments import Day, moments
from personavlm.scoring.persons import subjects
from personavlm.scoring.reading import plain, same, terms

AT = datetime(2025, 3, 3, 12, tzinfo=UTC)
BEER = Claim("taste", "user", "drink", "ginger beer", "favourite drink is ginger beer", polarity=1, since=AT)


def memory(text: str, **fields: object) -> Memory:
    return Memory("m1", "semantic", text, AT, ("t1",), **fields)  # type: ignore[arg-type]


def found(text: str, claim: Claim = BEER) -> str:
    return match(memory(text), claim).relation


def test_pairs_are_many_and_of_every_kind() -> None:
    everything = list(pairs())
    assert len(everything) >= 200
    assert {pair.relation for pair in everything} == set(RELATIONS)
    held = [pair for pair in everything if pair.held]
    assert 0.3 <= len(held) / len(everything) <= 0.36
    assert not {pair.claim for pair in held} & {pair.claim for pair in everything if not pair.held}


def test_few_pairs_held_back_are_misjudged() -> None:
    figures = summary([pair for pair in pairs() if pair.held])
    assert figures["states_error"] <= 5
    assert figures["verdict_error"] <= 10


@pytest.mark.parametrize("claim", sorted({pair.claim for pair in pairs()}, key=lambda c: c.text), ids=lambda c: c.text)
def test_a_fact_in_its_own_words_states_itself(claim: Claim) -> None:
    assert match(memory(claim.text), claim).states


@pytest.mark.parametrize("claim", sorted({pair.claim for pair in pairs()}, key=lambda c: c.text), ids=lambda c: c.text)
def test_a_denied_fact_is_never_stated(claim: Claim) -> None:
    assert not match(memory(f"It is not true that {claim.text}"), claim).states


def test_the_label_counts_where_the_text_is_bare() -> None:
    claim = Claim("relation", "user", "sister", "Nadia", "sister is called Nadia", topic="Nadia")
    assert match(memory("Nadia", attribute="sister", value="Nadia"), claim).states
    assert not match(memory("Nadia"), claim).states


def test_polarity_of_the_record_counts_where_the_text_is_silent() -> None:
    assert match(memory("ginger beer", attribute="drink", polarity=1), BEER).states
    assert match(memory("ginger beer", attribute="drink", polarity=-1), BEER).relation == "denied"


def test_days_of_an_event() -> None:
    trip = Claim("event", "user", "trip", "a weekend in Ghent", "spent a weekend in Ghent on 15 March 2025",
                 since=datetime(2025, 3, 15, tzinfo=UTC))  # fmt: skip
    assert match(memory("spent a weekend in Ghent (15 March 2025)"), trip).days == 0
    wrong = match(memory("spent a weekend in Ghent on 22 March 2025"), trip)
    assert (wrong.relation, wrong.days) == ("other-date", 7)


@given(st.text(max_size=60), st.sampled_from([pair.claim for pair in pairs()]))
def test_any_text_gets_a_verdict(text: str, claim: Claim) -> None:
    assert match(memory(text), claim).relation in RELATIONS


@given(st.sampled_from(["Wren", "Oriel", "Tamsin", "Bosko"]), st.sampled_from(["likes", "loves", "enjoys"]))
def test_somebody_elses_taste_is_not_the_users(name: str, verb: str) -> None:
    assert found(f"{name} {verb} ginger beer") == "other-person"
    assert found(f"friend {name} {verb} ginger beer") == "other-person"
    assert found(f"{verb} ginger beer") == "same"


def test_plain_spelling() -> None:
    assert plain("Tromsø, Sci-Fi, twenty-one o'clock") == "tromso, sci fi, 21:00"
    assert plain("half past seven in the evening") == "19:30"
    assert plain("at 8 pm") == "at 20:00"
    assert terms(plain("her bikes")) == terms(plain("a bicycle"))


def test_moments() -> None:
    assert moments(plain("on Tuesdays at half past seven")).hours == {450, 1170}
    assert moments(plain("on 2 May 2025")).dates == (Day(5, 2, 2025),)
    assert Day(4).agrees(Day(4, 5, 2025))
    assert not Day(5, 2).agrees(Day(4, 2))
    assert moments("may like it").dates == ()


def test_subjects() -> None:
    assert subjects("Their brother Tom always orders it") == {"brother", "tom"}
    assert subjects("Reads novels every night") == frozenset()
    assert subjects("her daughter's friend Mies lives there") == {"friend", "mies"}
    assert subjects("On 2 May 2025 the user's mother began a job") == {"mother"}


@given(st.text("abcdefgh", min_size=6, max_size=10), st.integers(0, 9))
def test_one_slip_passes_two_do_not(word: str, place: int) -> None:
    place = 1 + place % (len(word) - 1)
    slipped = word[:place] + "x" + word[place + 1 :]
    assert same(word, slipped)
    assert same(slipped, word)
    assert not same(word, "z" + word[1:-1] + "z")
