"""Laws of the edits and their fold, and of the one JSON spelling of every value."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personavlm.memory import (
    EMPTY,
    MAX_PROCEDURAL,
    Add,
    Edit,
    Link,
    Memory,
    MemoryLink,
    Merge,
    Observe,
    Override,
    Replace,
    Retire,
    State,
    apply,
    fold,
)
from personavlm.personality import TRAITS, Profile
from personavlm.trace import (
    Answer,
    Call,
    Hit,
    Malformed,
    Picture,
    Quote,
    Retrieve,
    Scores,
    Step,
    Trace,
    Turn,
    canonical,
    digest,
    revive,
    sessions,
)

START = datetime(2025, 3, 3, 10, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def memory(number: int, type: str = "semantic", **fields: object) -> Memory:
    return Memory(f"m{number}", type, f"text {number}", at(number), (f"t{number + 1}",), **fields)  # type: ignore[arg-type]


@st.composite
def ledgers(draw: st.DrawFn) -> list[Edit]:
    """Runs of edits that fit the state they meet."""
    edits: list[Edit] = []
    for number in range(draw(st.integers(0, 14))):
        state = fold(edits)
        current = [m.id for m in state.current()]
        kind = draw(st.sampled_from(["add", "replace", "retire", "merge", "link", "observe", "override"]))
        fresh = memory(number, draw(st.sampled_from(["core", "semantic", "episodic", "procedural"])))
        time, evidence = at(number), (f"t{number + 1}",)
        if kind == "replace" and current:
            edits.append(Replace(time, evidence, draw(st.sampled_from(current)), fresh))
        elif kind == "retire" and current:
            edits.append(Retire(time, evidence, draw(st.sampled_from(current)), "no longer"))
        elif kind == "merge" and len(current) >= 2:
            edits.append(Merge(time, evidence, tuple(draw(st.permutations(current))[:2]), fresh))
        elif kind == "link" and len(state.memories) >= 2:
            one, other = draw(st.permutations(sorted(state.memories)))[:2]
            edits.append(Link(time, evidence, MemoryLink(one, other, "person", "Bob")))
        elif kind == "observe":
            scores = draw(st.tuples(*[st.integers(1, 5)] * 5))
            edits.append(Observe(time, evidence, Profile(*map(float, scores)), number))
        elif kind == "override":
            edits.append(Override(time, evidence, ((draw(st.sampled_from(TRAITS)), 4.0),)))
        else:
            edits.append(Add(time, evidence, fresh))
    return edits


def spelled(state: State) -> str:
    return digest(
        [list(state.memories.values()), list(state.links), state.estimate, dict(state.keyed), dict(state.statements)]
    )


@given(ledgers())
def test_replay_gives_the_same_state(edits: list[Edit]) -> None:
    assert spelled(fold(edits)) == spelled(fold(edits))


@given(ledgers(), st.integers(0, 14))
def test_a_fold_can_be_cut_anywhere(edits: list[Edit], cut: int) -> None:
    assert spelled(fold(edits[cut:], fold(edits[:cut]))) == spelled(fold(edits))


@given(ledgers())
def test_apply_is_a_fold_of_one(edits: list[Edit]) -> None:
    state = EMPTY
    for edit in edits:
        before = spelled(state)
        after = apply(state, edit)
        assert spelled(state) == before, "an applied edit must not change the state it was applied to"
        state = after
    assert spelled(state) == spelled(fold(edits))


@given(ledgers())
def test_nothing_is_lost(edits: list[Edit]) -> None:
    added = [e.memory for e in edits if isinstance(e, Add | Replace | Merge)]
    state = fold(edits)
    assert [(m.id, m.text, m.since) for m in state.all()] == [(m.id, m.text, m.since) for m in added]


@given(ledgers())
def test_what_is_kept_at_hand_is_what_a_search_would_find(edits: list[Edit]) -> None:
    state = fold(edits)
    kept = {m.id for m in state.current("core", "procedural")}
    assert kept == {m.id for m in state.all("core", "procedural") if m.status == "current"}
    assert {m.id for m in state.current()} == {m.id for m in state.all() if m.status == "current"}
    said = {m.text: m.id for m in state.all("semantic") if m.status == "current"}
    assert all((state.says(m.text) == m.id) == (said.get(m.text) == m.id) for m in state.all())


@given(ledgers())
def test_at_most_one_version_of_a_history_is_current(edits: list[Edit]) -> None:
    state = fold(edits)
    for memory in state.all():
        versions = state.history(memory.id)
        assert memory in versions
        assert sum(m.status == "current" for m in versions) <= 1 or any(isinstance(e, Merge) for e in edits)


@given(ledgers())
def test_procedural_memory_never_holds_more_than_five(edits: list[Edit]) -> None:
    for length in range(len(edits) + 1):
        assert len(list(fold(edits[:length]).current("procedural"))) <= MAX_PROCEDURAL


def test_the_oldest_habit_makes_room() -> None:
    state = fold([Add(at(n), ("t1",), memory(n, "procedural")) for n in range(MAX_PROCEDURAL + 2)])
    assert [m.id for m in state.current("procedural")] == [f"m{n}" for n in range(2, MAX_PROCEDURAL + 2)]
    assert state.memories["m0"].status == "retired"


def test_replace_keeps_both_and_one_current() -> None:
    sprite = replace(memory(0), value="Sprite")
    cola = replace(memory(9), value="Coca-Cola")
    state = fold([Add(at(0), ("t1",), sprite), Replace(at(9), ("t10",), "m0", cola)])
    assert [(m.value, m.status) for m in state.all("semantic")] == [("Sprite", "superseded"), ("Coca-Cola", "current")]
    assert state.memories["m0"].until == at(9)
    assert state.memories["m0"].replaced_by == "m9"
    assert state.memories["m9"].sources == ("m0",)
    assert [m.id for m in state.history("m0")] == [m.id for m in state.history("m9")] == ["m0", "m9"]


def test_a_known_end_of_validity_is_kept() -> None:
    ended = replace(memory(0), until=at(4))
    state = fold([Add(at(0), ("t1",), ended), Replace(at(9), ("t10",), "m0", memory(9))])
    assert state.memories["m0"].until == at(4)


def test_validity_never_ends_before_it_starts() -> None:
    late = memory(50)
    state = fold([Add(at(50), ("t1",), late), Replace(at(60), ("t2",), "m50", replace(memory(9), since=at(9)))])
    assert state.memories["m50"].until == at(50)


def test_retire_ends_without_successor() -> None:
    state = fold([Add(at(0), ("t1",), memory(0)), Retire(at(7), ("t8",), "m0", "no longer")])
    assert (state.memories["m0"].status, state.memories["m0"].until) == ("retired", at(7))
    assert not list(state.current())


def test_merge_keeps_its_sources() -> None:
    state = fold(
        [
            *(Add(at(n), ("t1",), memory(n, "episodic")) for n in (0, 1)),
            Merge(at(5), ("t6",), ("m0", "m1"), memory(5, "episodic")),
        ]
    )
    assert state.memories["m5"].sources == ("m0", "m1")
    assert [m.status for m in state.all()] == ["merged", "merged", "current"]
    assert [m.id for m in state.history("m5")] == ["m0", "m1", "m5"]


@pytest.mark.parametrize("target", ["m9", "m0"])
def test_only_current_memories_can_change(target: str) -> None:
    state = fold([Add(at(0), ("t1",), memory(0)), Retire(at(1), ("t2",), "m0", "no longer")])
    with pytest.raises(ValueError, match=target):
        apply(state, Retire(at(2), ("t3",), target, "no longer"))


def test_ids_are_taken_once() -> None:
    with pytest.raises(ValueError, match="exists already"):
        fold([Add(at(0), ("t1",), memory(0)), Add(at(1), ("t2",), memory(0))])


def test_links_need_both_ends_and_count_once() -> None:
    state = fold([Add(at(n), ("t1",), memory(n)) for n in (0, 1)])
    link = Link(at(2), ("t3",), MemoryLink("m0", "m1", "thing", "guitar"))
    assert fold([link, link], state).links == (link.link,)
    with pytest.raises(ValueError, match="m7"):
        apply(state, Link(at(2), ("t3",), MemoryLink("m0", "m7", "thing", "guitar")))


def test_the_name_is_the_human_blocks() -> None:
    named = replace(memory(0, "core"), block="human", attribute="name", value="Ana")
    state = apply(EMPTY, Add(at(0), ("t1",), named))
    assert (EMPTY.name, state.name) == (None, "Ana")
    assert set(state.core("human")) == {"name"}
    assert state.core("persona") == {}


def test_an_override_of_nothing_lifts_all() -> None:
    edits: list[Edit] = [
        Observe(at(0), ("t1",), Profile(openness=5), 0),
        Override(at(1), (), (("openness", 1.0),)),
        Override(at(2), (), ()),
    ]
    assert [fold(edits[:n]).estimate.profile.openness for n in (1, 2, 3)] == [4.0, 1.0, 4.0]


# ── canonical JSON ───────────────────────────────────────────────────────────────────────────────────────────────

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
TIMES = (
    st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1))
    .map(lambda t: t.replace(microsecond=0))
    .flatmap(
        lambda t: st.integers(-14 * 4, 14 * 4).map(lambda q: t.replace(tzinfo=timezone(timedelta(minutes=15 * q))))
    )
)
FRACTION = st.none() | st.floats(0, 1)
PICTURES = st.builds(Picture, TEXT, st.integers(0, 9), st.integers(0, 9), TEXT, st.none() | st.floats(0, 9))
TURNS = st.builds(Turn, st.integers(1, 99).map(lambda n: f"t{n}"), TIMES, TEXT, st.tuples(PICTURES) | st.just(()))
QUOTES = st.builds(Quote, st.just("t1"), TIMES, TEXT, TEXT, st.floats(0, 1), st.tuples(TEXT))
HITS = st.builds(
    Hit,
    TEXT,
    st.sampled_from(["core", "semantic", "episodic", "procedural", "visual", "turn"]),
    TIMES,
    TEXT,
    st.builds(Scores, st.floats(0, 1), FRACTION, FRACTION, FRACTION),
    TEXT,
    st.tuples(TEXT),
    st.tuples(QUOTES) | st.just(()),
    st.tuples(TEXT),
    st.none() | TIMES,
)
ACTIONS = (
    st.builds(Retrieve, st.tuples(TEXT, TEXT), st.none() | TIMES, st.none() | TIMES)
    | st.builds(Answer, TEXT, st.booleans())
    | st.builds(Malformed, TEXT, TEXT)
)
STEPS = st.builds(Step, TEXT, ACTIONS, st.tuples(HITS) | st.just(()), st.booleans())
CALLS = st.builds(Call, TEXT, TEXT, st.floats(0, 9), st.integers(0, 9), st.integers(0, 9), TEXT)
TRACES = st.builds(Trace, TURNS, st.lists(STEPS, max_size=2).map(tuple), ledgers().map(tuple), st.tuples(CALLS))


@settings(max_examples=60)
@given(TRACES)
def test_every_value_of_a_trace_survives_canonical_json(trace: Trace) -> None:
    text = canonical(trace)
    assert revive(Trace, text) == trace
    assert canonical(revive(Trace, text)) == text
    assert digest(revive(Trace, text)) == digest(trace)


@given(TEXT, TEXT)
def test_digests_tell_values_and_pasts_apart(one: str, other: str) -> None:
    assert (digest(Answer(one)) == digest(Answer(other))) == (one == other)
    assert digest(one, parent="a") != digest(one, parent="b")


@given(st.lists(st.integers(0, 400), max_size=12))
def test_sessions_hold_every_turn_once_and_cut_at_the_gap(minutes: list[int]) -> None:
    traces = [Trace(Turn(f"t{n + 1}", at(m), ""), ()) for n, m in enumerate(sorted(minutes))]
    found = list(sessions(traces))
    assert [t for s in found for t in s.traces] == traces
    assert [s.id for s in found] == [f"s{n + 1}" for n in range(len(found))]
    for one, other in pairwise(found):
        assert other.start - one.last >= timedelta(minutes=60)
    for session in found:
        times = [t.turn.time for t in session.traces]
        assert all(b - a < timedelta(minutes=60) for a, b in pairwise(times))
