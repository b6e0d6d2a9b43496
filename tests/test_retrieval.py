"""Retrieval: the laws of time and refill, ranking, reasons, and the index as a cache that comes and goes."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Thread

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personavlm.encoders import Vectors
from personavlm.memory import Add, Edit, Link, Memory, MemoryLink, Merge, Replace, Retire, fold
from personavlm.retrieval import Index, Limits, Passage, Query, placed, rank, search, seen, why_not
from personavlm.trace import Answer, Hit, Picture, Step, Trace, Turn

START = datetime(2025, 3, 1, 9, tzinfo=UTC)
NOW = START + timedelta(days=365)
VOCABULARY = ("guitar", "Sunday", "train", "red", "Bob", "soup", "running", "mug", "Paris", "violin")


class Hashing:
    """A cheap encoder: a bag of hashed words, so that shared words mean nearness."""

    name = "hashing"
    dim = 32

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.lower()):
                vectors[row, zlib.crc32(word.encode()) % self.dim] += 1
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def turn(number: int, text: str, time: datetime, reply: str = "") -> Trace:
    return Trace(Turn(f"t{number}", time, text), (Step("", Answer(reply)),))


def memory(name: str, text: str, since: datetime, **fields: object) -> Memory:
    return replace(Memory(name, "semantic", text, since, ()), **fields)  # type: ignore[arg-type]


def indexed(*passages: Passage) -> Index:
    index = Index(Hashing())
    index.add(passages)
    return index


def built(edits: Sequence[Edit], traces: Sequence[Trace] = ()) -> Index:
    index = Index(Hashing())
    index.refresh(fold(edits), list(traces))
    return index


def added(*memories: Memory) -> list[Edit]:
    return [Add(one.since, one.evidence, one) for one in memories]


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────

laws = settings(max_examples=40, deadline=None)  # a busy machine is no counterexample
texts = st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=5).map(" ".join)
days = st.integers(0, 40)


@st.composite
def pools(draw: st.DrawFn) -> list[Passage]:
    kinds = st.sampled_from(["semantic", "procedural", "visual", "turn"])
    found = []
    for number in range(draw(st.integers(1, 14))):
        kind = draw(kinds)
        time = draw(days)
        since = day(time - draw(st.integers(0, 10))) if kind == "semantic" else None
        thread = draw(st.sampled_from(["", "s1", "s2"])) if kind == "turn" else ""
        found.append(Passage(f"p{number}", kind, draw(texts), day(time), since=since, thread=thread))
    turns = [one.id for one in found if one.type == "turn"]
    if turns and draw(st.booleans()):
        covered = tuple(draw(st.lists(st.sampled_from(turns), min_size=1, unique=True)))
        last = max(one.time for one in found if one.id in covered)
        found.append(Passage("topic", "episodic", draw(texts), last, turns=covered))
    return sorted(found, key=lambda one: one.time)


def times_shown(hits: Sequence[Hit]) -> list[datetime]:
    return [hit.time for hit in hits] + [quote.time for hit in hits for quote in hit.quotes]


@laws
@given(pools(), texts, days, days)
def test_nothing_outside_the_period_comes_back(pool: list[Passage], text: str, one: int, other: int) -> None:
    start, end = day(min(one, other)), day(max(one, other))
    query = Query(text, NOW, start=start, end=end)
    index = indexed(*pool)
    assert all(start <= time <= end for time in times_shown(search(index, query)))
    by_id = {passage.id: passage for passage in pool}
    for found in rank(index, query):
        passage = by_id[found.id]
        points = [by_id[turn].time for turn in passage.turns] or [passage.time, passage.since or passage.time]
        assert any(start <= point <= end for point in points)


@laws
@given(pools(), texts, days)
def test_both_ends_are_included(pool: list[Passage], text: str, at: int) -> None:
    there = {one.id for one in pool if one.time == day(at) and one.type != "episodic"}
    assert there <= {one.id for one in rank(indexed(*pool), Query(text, NOW, start=day(at), end=day(at)))}


@laws
@given(pools(), texts, days)
def test_nothing_later_than_now_comes_back(pool: list[Passage], text: str, at: int) -> None:
    index, query = indexed(*pool), Query(text, day(at))
    assert all(time <= day(at) for time in times_shown(search(index, query)))
    known = {one.id for one in pool if one.time <= day(at)}
    assert {one.id for one in rank(index, query)} == known


@laws
@given(pools(), texts, days)
def test_what_is_later_than_now_does_not_lift_its_neighbours(pool: list[Passage], text: str, at: int) -> None:
    past = [one for one in pool if one.time <= day(at)]
    query = Query(text, day(at), use_lexical=False)  # idf is a statistic of the whole index
    assert rank(indexed(*pool), query) == rank(indexed(*past), query)


@laws
@given(pools(), texts, st.integers(1, 3))
def test_results_are_refilled_after_exclusion(pool: list[Passage], text: str, asked: int) -> None:
    index = indexed(*pool)
    query = Query(text, NOW, limits=Limits(semantic=asked, procedural=0, topics=0, visual=0))
    everything = [hit.id for hit in search(index, replace(query, limits=Limits(99, 99, 0, 0)))]
    semantic = [one for one in everything if one in {p.id for p in pool if p.type == "semantic"}]
    shown: list[str] = []
    while hits := search(index, replace(query, exclude=frozenset(shown))):
        assert len(hits) == min(asked, len(semantic) - len(shown))
        shown += [hit.id for hit in hits]
    assert sorted(shown) == sorted(semantic)
    assert shown == semantic


@laws
@given(pools(), pools(), texts)
def test_adding_then_removing_leaves_the_ranking_as_before(one: list[Passage], other: list[Passage], text: str) -> None:
    index, query = indexed(*one), Query(text, NOW)
    before, hits = rank(index, query), search(index, query)
    index.add(replace(p, id=f"x{p.id}", turns=tuple(f"x{t}" for t in p.turns)) for p in other)
    index.remove([f"x{p.id}" for p in other])
    assert rank(index, query) == before
    assert search(index, query) == hits


@laws
@given(pools(), st.data())
def test_removing_is_like_never_having_been_there(pool: list[Passage], data: st.DataObject) -> None:
    gone = set(data.draw(st.lists(st.sampled_from([one.id for one in pool]), unique=True)))
    index = indexed(*pool)
    index.remove(gone)
    left = [replace(one, turns=tuple(t for t in one.turns if t not in gone)) for one in pool if one.id not in gone]
    fresh = Index(index.encoder)
    fresh.add(left)
    query = Query("guitar on Sunday", NOW)
    # A row elsewhere may round differently in the last bit; the figures are compared to six places.
    assert [(one.id, pytest.approx(one.scores.fused, abs=1e-5)) for one in rank(fresh, query)] == [
        (one.id, one.scores.fused) for one in rank(index, query)
    ]


@laws
@given(pools(), texts, days, days)
def test_why_not_agrees_with_search(pool: list[Passage], text: str, one: int, other: int) -> None:
    query = Query(text, day(35), start=day(min(one, other)), end=day(max(one, other)), limits=Limits(1, 1, 1, 1, 9))
    index = indexed(*pool)
    hits = search(index, query)
    for passage in pool:
        found = why_not(index, query, passage.id)
        assert (found.rank == 1) == (passage.id in {hit.id for hit in hits}), found


@laws
@given(pools(), texts, days, days)
def test_every_candidate_has_its_place_and_the_returned_are_what_search_returns(
    pool: list[Passage], text: str, one: int, other: int
) -> None:
    query = Query(text, day(35), start=day(min(one, other)), end=day(max(one, other)), limits=Limits(1, 1, 2, 1, 9))
    index = indexed(*pool)
    listed = placed(index, query)
    assert {p.hit.id: p.hit.scores for p in listed if p.returned} == {h.id: h.scores for h in search(index, query)}
    for one_placed in listed:
        assert why_not(index, query, one_placed.hit.id).rank == one_placed.place


# ── ranking ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_turn_is_found_by_what_the_turn_beside_it_says() -> None:
    asked = turn(1, "Shall I bring my violin tomorrow?", day(1))
    answered = turn(2, "Yes, the blue case", day(1) + timedelta(minutes=1))
    other = [turn(n, "The soup was good", day(n)) for n in range(3, 9)]
    index = built([], [asked, answered, *other])
    query = Query("What about the violin?", NOW)
    assert [one.id for one in rank(index, query)][:2] == ["t1", "t2"]
    without = rank(index, replace(query, use_context=False, use_dense=False))
    assert next(one for one in without if one.id == "t2").scores.fused == 0


def test_dates_and_speakers_are_found_as_words() -> None:
    early = Passage("a", "turn", "We had soup", datetime(2025, 3, 2, tzinfo=UTC), speaker="Ann")
    late = Passage("b", "turn", "We had soup", datetime(2025, 7, 9, tzinfo=UTC), speaker="Bea")
    index = indexed(early, late)
    assert rank(index, Query("soup in July", NOW))[0].id == "b"
    assert rank(index, Query("What did Ann eat?", NOW))[0].id == "a"


def test_a_question_without_known_words_is_ranked_by_meaning_alone() -> None:
    index = indexed(Passage("a", "semantic", "guitar", day(1)), Passage("b", "semantic", "train", day(2)))
    assert all(one.scores.lexical == 0 for one in rank(index, Query("zzz", NOW)))


def test_keywords_find_what_the_question_does_not_say() -> None:
    index = indexed(*(Passage(word, "semantic", f"likes {word}", day(n)) for n, word in enumerate(VOCABULARY)))
    hits = search(index, Query("And that one?", NOW, keywords=("violin",), limits=Limits(semantic=1)))
    assert [hit.id for hit in hits] == ["violin"]


def test_scores_lie_in_the_unit_interval_and_parts_can_be_switched_off() -> None:
    index = indexed(Passage("a", "semantic", "guitar on Sunday", day(1)))
    both = search(index, Query("guitar on Sunday", NOW))[0].scores
    assert 0.7 < both.fused <= 1
    assert both.lexical is not None
    assert both.dense is not None
    assert both.picture is None
    assert search(index, Query("guitar", NOW, use_dense=False))[0].scores.dense is None
    assert search(index, Query("guitar", NOW, use_lexical=False))[0].scores.lexical is None


def test_pictures_find_named_things() -> None:
    look = np.eye(4, dtype=np.float32)
    mug = Passage("mug", "visual", "my mug", day(1), pictures=look[:1], crops=("c1",))
    dog = Passage("dog", "visual", "my dog", day(2), pictures=look[1:3], crops=("c2", "c3"))
    hits = search(indexed(mug, dog), Query("What is this?", NOW, pictures=look[2:3]))
    assert (hits[0].id, hits[0].scores.picture, hits[0].crops) == ("dog", 1.0, ("c2", "c3"))
    assert "looks alike" in hits[0].why


def test_pictures_of_another_encoder_are_not_compared() -> None:
    mug = Passage("mug", "visual", "my mug", day(1), pictures=np.eye(4, dtype=np.float32))
    hits = search(indexed(mug), Query("mug", NOW, pictures=np.eye(8, dtype=np.float32)))
    assert hits[0].scores.picture == 0


# ── memories over time ───────────────────────────────────────────────────────────────────────────────────────────

SPRITE = memory("m1", "favourite drink is Sprite", day(2), attribute="favourite drink", value="Sprite")
COLA = memory("m2", "favourite drink is Coca-Cola", day(69), attribute="favourite drink", value="Coca-Cola")
CHANGED = [*added(SPRITE), Replace(COLA.since, (), "m1", COLA)]


def test_the_current_memory_comes_before_the_one_it_replaced() -> None:
    hits = search(built(CHANGED), Query("Is Sprite my favourite drink?", NOW))
    assert [(hit.id, hit.status) for hit in hits] == [("m2", "current"), ("m1", "superseded")]
    assert hits[1].until == COLA.since


def test_a_question_about_the_past_may_put_the_old_one_first() -> None:
    index = built(CHANGED)
    assert search(index, Query("Which Sprite was my favourite drink before?", NOW))[0].id == "m1"
    march = Query("favourite drink", NOW, start=day(0), end=day(30))
    assert [hit.id for hit in search(index, march)] == ["m1"]


def test_a_retired_memory_counts_for_less() -> None:
    gone, kept = memory("m1", "likes soup", day(1)), memory("m2", "likes tomato soup", day(2))
    index = built([*added(gone, kept), Retire(day(3), (), "m1", "said so")])
    assert [hit.id for hit in search(index, Query("soup", NOW))] == ["m2", "m1"]


def test_merged_sources_do_not_come_back_beside_their_merge() -> None:
    one, two = memory("m1", "likes soup", day(1)), memory("m2", "likes soup a lot", day(2))
    index = built([*added(one, two), Merge(day(3), (), ("m1", "m2"), memory("m3", "likes soup a lot", day(1)))])
    query = Query("soup", NOW)
    assert [hit.id for hit in search(index, query)] == ["m3"]
    assert why_not(index, query, "m1").reason == "merged into m3"


def test_the_newest_of_an_attribute_wins_a_tie() -> None:
    ones = [memory(f"m{n}", "likes soup", day(n), attribute="dish") for n in range(3)]
    hits = search(built(added(*ones)), Query("soup", NOW))
    assert [hit.id for hit in hits] == ["m2", "m1", "m0"]


def test_a_memory_learnt_in_may_that_holds_since_march_is_found_under_both() -> None:
    told = turn(1, "I have been running since March", day(70))
    runs = memory("m1", "goes running", day(5), evidence=("t1",))
    index = built(added(runs), [told])
    for start, end in ((day(0), day(10)), (day(65), day(75))):
        hit = next(hit for hit in search(index, Query("running", NOW, start=start, end=end)) if hit.id == "m1")
        assert start <= hit.time <= end
    assert not [hit for hit in search(index, Query("running", day(20))) if hit.id == "m1"]


def test_core_memory_is_not_retrieved() -> None:
    name = memory("m1", "name is Ann", day(1), type="core", block="human")
    assert len(built(added(name))) == 0


# ── topics and raw turns ─────────────────────────────────────────────────────────────────────────────────────────

TALK = [
    turn(1, "I play guitar with Bob on Sunday", day(1), "Which songs?"),
    turn(2, "Mostly Bach", day(1) + timedelta(minutes=2), "Lovely"),
    turn(3, "The train was red", day(5), "Nice"),
]
MUSIC = Memory("e1", "episodic", "Music with a friend", day(1), ("t1", "t2"), turns=("t1", "t2"), keywords=("Bach",))


def test_a_topic_scores_by_its_best_turn_and_quotes_it() -> None:
    hits = search(built(added(MUSIC), TALK), Query("When do I play guitar with Bob?", NOW))
    topic = next(hit for hit in hits if hit.type == "episodic")
    assert (topic.id, topic.quotes[0].turn, topic.quotes[0].reply) == ("e1", "t1", "Which songs?")
    assert topic.scores.fused >= topic.quotes[0].score
    assert 'says "guitar"' in topic.why or '"play"' in topic.why
    assert {hit.id for hit in hits} == {"e1", "t3"}, "covered turns do not come back on their own"


def test_a_topic_that_is_left_out_takes_its_turns_along() -> None:
    index = built(added(MUSIC), TALK)
    hits = search(index, Query("guitar with Bob", NOW, exclude=frozenset({"e1"})))
    assert [hit.id for hit in hits] == ["t3"]


def test_a_turn_that_is_left_out_is_not_quoted() -> None:
    hits = search(built(added(MUSIC), TALK), Query("guitar with Bob", NOW, exclude=frozenset({"t1"})))
    assert [quote.turn for hit in hits if hit.type == "episodic" for quote in hit.quotes] == ["t2"]


def test_seen_names_the_hits_and_their_quotes() -> None:
    hits = search(built(added(MUSIC), TALK), Query("guitar", NOW))
    assert seen(hits) == {"e1", "t1", "t2", "t3"}


def test_a_running_session_s_turns_are_found_before_its_topic_is_learnt() -> None:
    index = built([], TALK)
    assert {hit.type for hit in search(index, Query("guitar", NOW))} == {"turn"}
    index.refresh(fold(added(MUSIC)), TALK)
    assert {hit.id for hit in search(index, Query("guitar", NOW))} == {"e1", "t3"}


def test_captions_are_found_and_quoted() -> None:
    shown = Trace(Turn("t1", day(1), "Look!", (Picture("", caption="a red violin"),)), ())
    hits = search(built([], [shown]), Query("violin", NOW))
    assert hits[0].id == "t1"
    assert 'says "violin"' in hits[0].why


# ── reasons ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_why_says_words_meaning_and_date() -> None:
    index = built(added(memory("m1", "plays guitar on Sundays", day(1))))
    why = search(index, Query("Do I play guitar on Sunday?", NOW))[0].why
    assert why.startswith('says "plays" and "guitar" and "sundays"; close in meaning (0.')
    assert why.endswith("from 2025-03-02")


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"exclude": frozenset({"m1"})}, "already shown"),
        ({"start": day(5)}, "outside the period: it is from 2025-03-02"),
        ({"now": day(0)}, "learnt on 2025-03-02, after the time asked from"),
        ({"limits": Limits(semantic=1)}, "it ranked 2 of 2 semantic memories, 1 were asked for"),
        ({}, "returned: it ranked 2 of 2 semantic memories"),
    ],
)
def test_why_not_names_the_reason(changes: dict[str, object], wanted: str) -> None:
    index = built(added(memory("m1", "likes soup", day(1)), memory("m2", "plays guitar", day(7))))
    found = why_not(index, replace(Query("guitar", NOW), **changes), "m1")  # type: ignore[arg-type]
    assert wanted in found.reason


def test_why_not_of_an_unknown_id() -> None:
    assert why_not(Index(Hashing()), Query("guitar", NOW), "m9").rank is None


# ── links ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_link_lifts_what_is_tied_to_the_best_hit() -> None:
    best, tied, rival = (
        memory("m1", "Bob plays guitar", day(1)),
        memory("m2", "moved to Paris", day(2)),
        memory("m3", "moved to Lyon", day(1)),
    )
    edits = [*added(rival, best, tied), Link(day(3), (), MemoryLink("m1", "m2", "person", "Bob"))]
    index, query = built(edits), Query("Bob guitar", NOW, limits=Limits(semantic=2))
    assert [hit.id for hit in search(index, replace(query, use_hop=False))] == ["m1", "m3"]
    hits = search(index, query)
    assert [hit.id for hit in hits] == ["m1", "m2"]
    assert 'tied to a better hit by "Bob"' in hits[1].why


# ── the index as a cache ─────────────────────────────────────────────────────────────────────────────────────────


def test_refresh_touches_only_what_changed() -> None:
    encoder = Hashing()
    index = Index(encoder)
    index.refresh(fold(added(SPRITE)), TALK)
    encoder.asked.clear()
    index.refresh(fold(CHANGED), TALK)
    assert sorted(encoder.asked) == sorted([COLA.text, SPRITE.text])
    encoder.asked.clear()
    index.refresh(fold(CHANGED), list(TALK))
    assert encoder.asked == []
    index.refresh(fold([]), TALK[:1])
    assert [passage.id for passage in index.passages()] == ["t1"]


def test_removed_text_and_vectors_leave_memory() -> None:
    index = indexed(*(Passage(f"p{n}", "semantic", f"secret{n} words", day(n)) for n in range(5)))
    index.remove(["p3"])
    assert "p3" not in index
    assert not index._table()[3].any()
    assert not any("secret3" in passage.searched for passage in index.passages())


def test_dead_rows_are_reclaimed() -> None:
    index = indexed(*(Passage(f"p{n}", "turn", f"word{n} guitar", day(n), thread="s1") for n in range(300)))
    before = [one for one in rank(index, Query("guitar", NOW)) if int(one.id[1:]) >= 250]
    index.remove([f"p{n}" for n in range(249)])
    assert index.size < 300
    after = rank(index, Query("guitar", NOW))
    assert {one.id for one in before} <= {one.id for one in after}
    assert len(after) == 51


def test_a_writer_and_a_reader_share_the_index() -> None:
    index = indexed(*(Passage(f"p{n}", "semantic", "guitar on Sunday", day(n)) for n in range(50)))
    failed: list[Exception] = []

    def write() -> None:
        try:
            for n in range(50, 400):
                index.add([Passage(f"p{n}", "semantic", "guitar on Sunday", day(n % 300))])
                index.remove([f"p{n - 50}"])
        except Exception as error:
            failed.append(error)

    writer = Thread(target=write)
    writer.start()
    while writer.is_alive():
        assert len(search(index, Query("guitar", NOW))) == 4
    writer.join()
    assert not failed
    assert len(index) == 50


def test_vectors_of_another_encoder_are_never_mixed_in() -> None:
    index = indexed(Passage("a", "semantic", "guitar", day(1)))
    with pytest.raises(ValueError, match="hashing"):
        index.add([Passage("b", "semantic", "train", day(2))], np.ones((1, 384), np.float32))
    assert [passage.id for passage in index.passages()] == ["a"]


def test_an_empty_index_finds_nothing() -> None:
    assert search(Index(Hashing()), Query("guitar", NOW)) == ()
    assert rank(Index(Hashing()), Query("", NOW)) == ()


@pytest.mark.parametrize(
    "text", ["", "   ", "\x00\x07", "<retrieve>{keywords}</retrieve>", "?" * 1000, "le café d’été 早上好"]
)
def test_odd_questions_are_ranked_all_the_same(text: str) -> None:
    assert len(search(built(added(SPRITE), TALK), Query(text, NOW))) == 3
