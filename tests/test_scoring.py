"""Laws of the scorers: perfect scores 1, nothing scores 0, and more right is never worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personavlm.memory import Memory
from personavlm.personality import TRAITS, Interval, Profile
from personavlm.scoring import Claim
from personavlm.scoring.choice import pick, score, unparsed
from personavlm.scoring.episodes import b_cubed, pairwise, ties, window_diff
from personavlm.scoring.facts import Fidelity, dates_off, fidelity, overlap, overtaken, stale_kept
from personavlm.scoring.spans import iou, over_persons
from personavlm.scoring.traits import Point, correlation, covered, lag, rmse

AT = datetime(2025, 3, 3, 12, tzinfo=UTC)
OPTIONS = {"a": "in March", "b": "in early May", "c": "during the summer holidays", "d": "You haven't told me"}


# ── choice ──

SPELLINGS = ["({})", "{})", "{}", "{}.", "({}).", "**({})** because it is so", "The answer is {}.", "Answer: ({})",
             "<think>it may be (a) or (b)</think><answer>{}</answer>", "{}: that one", "Option {}", "\\boxed{{{}}}",
             "My final answer is **{}**", "({}) - since (a) is wrong"]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("gold", "abcd")
@pytest.mark.parametrize("upper", [False, True])
def test_every_spelling_of_a_letter(spelling: str, gold: str, upper: bool) -> None:
    said = spelling.format(gold.upper() if upper else gold)
    assert score(said, OPTIONS, gold) == 1
    assert sum(score(said, OPTIONS, other) for other in "abcd") == 1


@pytest.mark.parametrize("gold", "abcd")
def test_the_text_of_an_option_picks_it(gold: str) -> None:
    assert pick(OPTIONS[gold], OPTIONS).letter == gold
    assert pick(f"{OPTIONS[gold]}.", OPTIONS).letter == gold
    assert pick(f"({gold}) {OPTIONS[gold]}", OPTIONS).letter == gold


@pytest.mark.parametrize(
    "said",
    ["", "I don't know", "(a) or (b)", "a, b", "both (a) and (c)", "A day in May", "e", "(e)", "Bananas", "abcd"],
)
def test_what_picks_nothing_is_unparsed(said: str) -> None:
    assert pick(said, OPTIONS).letter == ""
    assert unparsed([said, "(a)"], [OPTIONS, OPTIONS]) == 1


@given(st.text(max_size=80))
def test_at_most_one_option_scores(said: str) -> None:
    assert sum(score(said, OPTIONS, letter) for letter in OPTIONS) <= 1


# ── facts ──


def claims() -> list[Claim]:
    def claim(number: int, thread: str, matter: str, attribute: str, value: str, text: str, **rest: Any) -> Claim:
        about = rest.pop("about", "user")
        return Claim(matter, about, attribute, value, text, since=AT, id=f"f{number}", thread=thread, **rest)

    climbing = "goes climbing on Tuesdays at 19:30 at the hall"
    ghent = "spent a weekend in Ghent"
    return [
        claim(1, "1", "identity", "work", "welder", "works as a welder", memory="core"),
        claim(2, "2", "taste", "drink", "ginger beer", "favourite drink is ginger beer", polarity=1, current=False),
        claim(3, "2", "taste", "drink", "mint tea", "favourite drink is mint tea", polarity=1),
        claim(4, "3", "routine", "climbing", "Tuesday 19:30 at the hall", climbing, memory="procedural"),
        claim(5, "4", "other", "snack", "tuna", "cat Pim loves tuna", about="Pim", called=("cat",), polarity=1),
        claim(6, "5", "event", "trip", ghent, f"{ghent} on 3 March 2025"),
    ]


def kept(claim: Claim, text: str = "") -> Memory:
    status = "current" if claim.current else "superseded"
    return Memory(f"m{claim.id}", claim.memory, text or claim.text, AT, ("t1",), status=status)


def perfect() -> Fidelity:
    return fidelity([kept(claim) for claim in claims()], claims())


def test_a_perfect_memory_scores_one_everywhere() -> None:
    one = perfect()
    for kind in (None, "core", "semantic", "procedural"):
        both = overlap([one], kind)  # type: ignore[arg-type]
        assert both is not None
        assert (both.precision, both.recall, both.f1) == (1, 1, 1)
    assert overtaken([one]) == 1
    assert stale_kept([one]) == 0
    assert (one.duplicates, one.contradictions) == (0, 0)
    assert {k.sort for k in one.kept} == {"right"}
    assert dates_off([one]) == (0,)


def test_an_empty_memory_recalls_nothing() -> None:
    one = fidelity([], claims())
    both = overlap([one])
    assert both is not None
    assert (both.recall, both.f1) == (0, 0)
    assert overtaken([one]) == 0


def test_everything_negated_is_never_right() -> None:
    one = fidelity([kept(c, f"It is not true that {c.text}") for c in claims() if c.current], claims())
    both = overlap([one])
    assert both is not None
    assert (both.precision, both.recall) == (0, 0)
    assert {k.sort for k in one.kept} <= {"contrary", "invented", "value"}


def test_what_was_overtaken_and_is_still_current_is_stale_and_contradicts() -> None:
    stale = [replace(kept(claim), status="current") for claim in claims()]
    one = fidelity(stale, claims())
    assert [k.claim for k in one.kept if k.sort == "stale"] == ["f2"]
    assert (overtaken([one]), stale_kept([one]), one.contradictions) == (0, 1, 1)


@pytest.mark.parametrize(
    ("text", "sort"),
    [
        ("favourite drink is mint tea", "right"),
        ("used to love ginger beer", "right"),
        ("goes climbing", "vague"),
        ("loves ginger beer", "stale"),
        ("goes climbing on Fridays at 19:30 at the hall", "date"),
        ("sister Ada works as a welder", "person"),
        ("cannot stand mint tea", "contrary"),
        ("works as a baker", "value"),
        ("once met a duke at the opera", "invented"),
    ],
)
def test_sorts(text: str, sort: str) -> None:
    memory = Memory("m1", "semantic", text, AT, ("t1",))
    assert [k.sort for k in fidelity([memory], claims()).kept] == [sort]


def test_the_same_twice_is_a_duplicate_in_one_type_only() -> None:
    twice = [kept(claims()[0]), replace(kept(claims()[0]), id="m9", type="semantic")]
    assert fidelity(twice, claims()).duplicates == 0
    assert fidelity([*twice, replace(twice[0], id="m10")], claims()).duplicates == 1


def test_what_rests_on_no_turn_does_not_count() -> None:
    assert fidelity([replace(kept(claims()[0]), evidence=())], claims()).kept == ()


@given(st.sets(st.sampled_from(range(6))), st.sampled_from(range(6)))
def test_one_more_right_memory_never_lowers_recall(some: set[int], more: int) -> None:
    def recall(chosen: set[int]) -> float:
        both = overlap([fidelity([kept(claims()[n]) for n in sorted(chosen)], claims())])
        assert both is not None
        return both.recall

    assert recall(some | {more}) >= recall(some)


# ── episodes ──

TURNS = ("t1", "t2", "t3", "t4", "t5")


@st.composite
def cuts(draw: st.DrawFn) -> list[tuple[str, ...]]:
    marks = draw(st.lists(st.booleans(), min_size=4, max_size=4))
    topics: list[list[str]] = [[TURNS[0]]]
    for turn, mark in zip(TURNS[1:], marks, strict=True):
        if mark:
            topics.append([])
        topics[-1].append(turn)
    return [tuple(topic) for topic in topics]


@given(cuts())
def test_a_perfect_cut(topics: list[tuple[str, ...]]) -> None:
    assert window_diff(topics, topics, TURNS) == 0
    assert pairwise(topics, topics).f1 == b_cubed(topics, topics, TURNS).f1 == 1


@given(cuts(), cuts())
def test_scores_are_shares_and_mirror(one: list[tuple[str, ...]], other: list[tuple[str, ...]]) -> None:
    assert 0 <= window_diff(one, other, TURNS) <= 1
    there, back = b_cubed(one, other, TURNS), b_cubed(other, one, TURNS)
    assert there.precision == pytest.approx(back.recall)
    assert (one == other) == (there.f1 == pytest.approx(1))


def test_the_example_of_the_module() -> None:
    true, found = [TURNS[:3], TURNS[3:]], [TURNS[:2], TURNS[2:]]
    assert pairwise(true, found).f1 == pytest.approx(0.5)
    assert b_cubed(true, found, TURNS).f1 == pytest.approx(0.73, abs=0.01)


def test_overlapping_topics_are_allowed() -> None:
    both = [("t1", "t2"), ("t2", "t3")]
    assert b_cubed(both, both, TURNS[:3]).f1 == 1
    assert window_diff(both, [TURNS[:3]], TURNS[:3]) == 0


def test_ties() -> None:
    a, b, c = frozenset({"t1"}), frozenset({"t5", "t6"}), frozenset({"t9"})
    assert ties([(a, b)], [(b, a)]).f1 == 1
    assert ties([(a, b)], [(a, c)]).f1 == 0
    assert ties([(a, b), (a, c)], [(a, b)]) == (found := ties([(a, b), (a, c)], [(a, frozenset({"t6"}))]))
    assert (found.precision, found.recall) == (1, 0.5)


# ── traits, boxes, intervals ──


def point(true: Sequence[float], scores: Sequence[float], reach: float = 0.5) -> Point:
    a, b, c, d, e = (Interval(s, s - reach, s + reach) for s in scores)
    return Point(1, Profile(*true), (a, b, c, d, e))


def test_traits() -> None:
    assert rmse([point([3] * 5, [3] * 5)]) == 0
    assert rmse([point([3] * 5, [4, 3, 3, 3, 3])]) == pytest.approx((1 / 5) ** 0.5)
    assert covered(point([3] * 5, [3.5, 3.6, 2.5, 2.4, 3])) == (True, False, True, False, True)
    assert len(covered(point([3] * 5, [3] * 5))) == len(TRAITS)
    with pytest.raises(ValueError, match="no points"):
        rmse([])


def test_lag() -> None:
    true = [2.0] * 4 + [4.0] * 6
    assert lag(true, [2.0] * 4 + [2.2, 2.6, 3.0, 3.4, 3.6, 3.8], 4) == 2
    assert lag(true, true, 4) == 0
    assert lag(true, [2.0] * 10, 4) is None
    assert lag([3.0] * 5, [3.0] * 5, 2) == 0


@given(st.lists(st.floats(-5, 5), min_size=3, max_size=12, unique=True))
def test_correlation_with_itself(values: list[float]) -> None:
    if max(values) - min(values) > 1e-3:
        assert correlation(values, [2 * v + 1 for v in values]) == pytest.approx(1, abs=1e-6)
    assert correlation(values, [1.0] * len(values)) == 0


def test_iou() -> None:
    assert iou((0, 0, 10, 10), (0, 0, 10, 10)) == 1
    assert iou((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert iou((0, 0, 10, 10), (20, 20, 30, 30)) == 0
    assert iou((0, 0, 0, 0), (0, 0, 0, 0)) == 0


def test_intervals_hold_the_value_and_are_repeatable() -> None:
    people = [1.0, 2.0, 3.0, 10.0]
    figure = over_persons(people, lambda some: sum(some) / len(some))
    assert figure is not None
    assert figure.low <= figure.value == 4.0 <= figure.high
    assert figure == over_persons(people, lambda some: sum(some) / len(some))
    assert over_persons(people, lambda _: None) is None
