"""The memory graph: ties by telling words, proposed links and merges, and one hop."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from personavlm.graph import Ties, hop, linked, memory_graph, propose_links, propose_merges, widen
from personavlm.memory import Add, Edit, Link, Memory, MemoryLink, Replace, State, apply, fold

START = datetime(2025, 3, 1, 9, tzinfo=UTC)
CLOSE = START + timedelta(days=90)


def memory(name: str, text: str, number: int = 0, **fields: object) -> Memory:
    made = Memory(name, "semantic", text, START + timedelta(days=number), (f"t{name}",))
    return replace(made, **fields)  # type: ignore[arg-type]


def state(*memories: Memory) -> State:
    return fold([Add(one.since, one.evidence, one) for one in memories])


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    vectors = np.zeros((len(texts), 64), np.float32)
    for row, text in enumerate(texts):
        for word in re.findall(r"\w+", text.lower()):
            vectors[row, zlib.crc32(word.encode()) % 64] += 1
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)


PLAIN = ("soup", "train", "weather", "garden", "office")
FILLER = [memory(f"f{n}", f"{word} was fine", n) for n, word in enumerate(PLAIN)]
BOB = memory("m1", "plays guitar with Bob on Sundays", 1)
LEEDS = memory("m2", "our friend Bob moved to Leeds", 30)


def test_a_shared_name_ties_two_times() -> None:
    links = propose_links(state(BOB, LEEDS, *FILLER), ["m2"], CLOSE)
    assert [(one.link.source, one.link.target, one.link.reason, one.link.label) for one in links] == [
        ("m2", "m1", "person", "Bob")
    ]
    assert links[0].evidence == ("tm2", "tm1")
    assert links[0].time == CLOSE


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        (memory("m1", "bought a guitar"), memory("m2", "the guitar is red", 3), "thing"),
        (memory("m1", "bought a guitar"), memory("m2", "learn the guitar", 3, kind="goal"), "goal"),
        (memory("m1", "broke the guitar"), memory("m2", "sad because of the guitar", 3), "cause"),
    ],
)
def test_the_reason_of_a_tie(one: Memory, other: Memory, reason: str) -> None:
    (link,) = propose_links(state(one, other, *FILLER), ["m2"], CLOSE)
    assert (link.link.reason, link.link.label) == (reason, "guitar")


def test_words_that_many_memories_share_tie_nothing() -> None:
    plain = [memory(f"m{n}", f"word{n} was fine", n) for n in range(60)]
    assert propose_links(state(*plain), ["m59"], CLOSE) == []


def test_no_links_inside_a_session_nor_twice_nor_to_a_successor() -> None:
    same_turn = replace(LEEDS, evidence=BOB.evidence)
    assert propose_links(state(BOB, same_turn, *FILLER), ["m2"], CLOSE) == []
    both = state(BOB, LEEDS, *FILLER)
    (link,) = propose_links(both, ["m2"], CLOSE)
    assert propose_links(apply(both, link), ["m2", "m1"], CLOSE) == []
    followed = fold([Replace(LEEDS.since, (), "m1", LEEDS)], state(BOB, *FILLER))
    assert propose_links(followed, ["m2"], CLOSE) == []


def test_an_unknown_or_core_memory_is_passed_over() -> None:
    core = memory("m3", "name is Bob", type="core", block="human")
    assert propose_links(state(BOB, core, *FILLER), ["m3", "m9"], CLOSE) == []


TEA = memory("m1", "likes green tea", 1, attribute="drink", value="green tea", polarity=1, kind="preference")


def test_near_duplicates_become_a_merge_that_keeps_both() -> None:
    again = replace(TEA, id="m2", text="likes green tea", since=TEA.since + timedelta(days=9), evidence=("t7",))
    before = state(TEA, again)
    (merge,) = propose_merges(before, encode, CLOSE)
    after = apply(before, merge)
    assert [(one.id, one.status) for one in after.all()][:2] == [("m1", "merged"), ("m2", "merged")]
    joined = after.memories[merge.memory.id]
    assert (joined.since, joined.evidence, joined.sources) == (TEA.since, ("tm1", "t7"), ("m1", "m2"))
    assert propose_merges(after, encode, CLOSE) == []


@pytest.mark.parametrize(
    "change",
    [{"polarity": -1}, {"value": "black tea"}, {"attribute": "colour"}, {"kind": "plan"}, {"text": "works as a baker"}],
)
def test_memories_that_differ_are_not_merged(change: dict[str, object]) -> None:
    other = replace(TEA, id="m2", **change)  # type: ignore[arg-type]
    assert propose_merges(state(TEA, other), encode, CLOSE) == []


def test_what_the_user_keeps_beside_each_other_is_not_merged() -> None:
    again = replace(TEA, id="m2", text="likes green tea", since=TEA.since + timedelta(days=9), evidence=("t7",))
    kept = apply(state(TEA, again), Link(CLOSE, (), MemoryLink("m1", "m2", "both", "both hold")))
    assert propose_merges(kept, encode, CLOSE) == []


def test_superseded_memories_are_not_merged() -> None:
    edits: list[Edit] = [Add(TEA.since, (), TEA), Replace(CLOSE, (), "m1", replace(TEA, id="m2", since=CLOSE))]
    assert propose_merges(fold(edits), encode, CLOSE) == []


def test_the_graph_holds_links_successions_and_topics() -> None:
    topic = Memory("e1", "episodic", "music", START, ("tm1",), turns=("tm1", "t9"))
    later = replace(LEEDS, evidence=("t50",))
    held = fold(
        [
            *(Add(one.since, one.evidence, one) for one in (BOB, topic)),
            Replace(later.since, (), "m1", later),
            Link(CLOSE, (), MemoryLink("e1", "m2", "person", "Bob")),
        ]
    )
    graph = memory_graph(held)
    assert set(graph) == {"m1", "m2", "e1"}
    assert {(*sorted(pair), data["reason"]) for *pair, data in graph.edges(data=True)} == {
        ("m1", "m2", "became"),
        ("e1", "m2", "person"),
        ("e1", "m1", "turn"),
    }
    assert graph.nodes["m1"]["status"] == "superseded"


def test_widen_and_linked_follow_links_both_ways() -> None:
    links = (MemoryLink("a", "b", "person", "Bob"), MemoryLink("b", "c", "thing", "guitar"))
    assert [(one.id, one.via, one.label) for one in widen(["b"], links)] == [("a", "b", "Bob"), ("c", "b", "guitar")]
    assert [one.id for one in widen(["a", "b"], links)] == ["c"]
    assert [tie.other for tie in linked(links)["b"]] == ["a", "c"]


words = st.lists(st.sampled_from(("guitar", "Bob", "Leeds", *PLAIN)), min_size=1, max_size=4).map(" ".join)


@settings(max_examples=40, deadline=None)
@given(st.lists(words, min_size=2, max_size=8))
def test_ties_are_mutual_and_bounded(texts: list[str]) -> None:
    ties = Ties({str(place): text for place, text in enumerate(texts)}, common=1)
    for place in range(len(texts)):
        for tie in ties.of(str(place)):
            back = {one.other: one for one in ties.of(tie.other)}[str(place)]
            assert 0 < tie.strength <= 1
            assert back.strength == pytest.approx(tie.strength)


@settings(max_examples=40, deadline=None)
@given(st.lists(words, min_size=2, max_size=8), st.floats(0, 1))
def test_a_hop_keeps_the_candidates_and_never_lowers_a_score(texts: list[str], weight: float) -> None:
    ranked = [(str(place), 1 - place / 10) for place in range(len(texts))]
    ties = Ties(dict(zip((one for one, _ in ranked), texts, strict=True)), common=1)
    widened = dict(hop(ranked, ties.of, weight=weight))
    assert widened.keys() == dict(ranked).keys()
    assert all(score <= widened[one] <= score + weight + 1e-9 for one, score in ranked)


def test_a_hop_lifts_what_shares_a_name_with_the_best() -> None:
    ties = Ties({"a": "Bob plays guitar", "b": "soup again", "c": "Bob moved", "d": "train", "e": "garden"}, common=1)
    ranked = [("a", 0.9), ("b", 0.31), ("c", 0.3)]
    assert [one for one, _ in hop(ranked, ties.of, start=1, weight=0.1)] == ["a", "c", "b"]
