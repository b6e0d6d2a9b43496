"""Inspection: what the inspector shows, as values, on small ledgers whose truth is plain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from personavlm.assistant import Assistant, create_user
from personavlm.errors import BadInput
from personavlm.inspection import (
    RULES,
    Hand,
    Stage,
    accepted,
    as_of,
    at,
    brought_back_for,
    changes,
    chart,
    contradictions,
    corrected,
    counted,
    covered_at_the_end,
    dialled,
    found,
    keyed,
    learnt,
    leaving_out,
    lessons,
    looking_like,
    manifest_of,
    moves,
    nearest,
    notable,
    packed,
    profile_at,
    prompts,
    proposed_merges,
    ranked,
    read_paths,
    reason,
    recomputed,
    refused,
    replayed,
    residents,
    resting_on,
    restored,
    retired,
    reworded,
    settled,
    sharing,
    stages,
    stops,
    summed,
    unpacked,
    whole_days,
    without,
    wondered,
    written,
)
from personavlm.memory import EMPTY, Add, Edit, Link, Memory, MemoryLink, Observe, Replace, State, fold, trajectory
from personavlm.models.scripted import Scripted
from personavlm.personality import TRAITS, Profile
from personavlm.prompts import slot
from personavlm.prompts.respond import parse_step, step_text
from personavlm.retrieval import WEIGHTS
from personavlm.store import DATABASE, Store, user_folder
from personavlm.trace import Answer, Call, Malformed, Retrieve
from personavlm.training.rollouts import write_log
from tests.fakes import NOTHING_NEW, answering, kit, look_up, remember
from tests.test_bench_runs import go as run_bench

NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=30)


def model() -> Scripted:
    """Remembers the cello, the tea and a dog in a picture, reads extraversion from "party", looks up the cello."""
    outgoing = NOTHING_NEW["personality"].replace('"extraversion": 3', '"extraversion": 5')
    known = {
        "cello": remember("sister plays the cello"),
        "tea": remember("likes green tea"),
        "Biscuit": remember("Biscuit, my dog (Image Object: dog)"),
    }
    return answering(
        semantic=lambda ms: next(
            (text for word, text in known.items() if word in slot(ms, "UserQuery")), '"decision": false'
        ),
        personality=lambda ms: outgoing if "party" in slot(ms, "UserQuery") else NOTHING_NEW["personality"],
        respond=look_up("cello"),
        respond_more=lambda ms: (
            "<think>found it</think><answer>She plays the cello.</answer>"
            if "plays the cello" in slot(ms, "SemanticMemory")
            else "<think>nothing</think><answer>I do not know.</answer>"
        ),
    )


def photo(colour: str) -> bytes:
    out = BytesIO()
    Image.new("RGB", (64, 48), colour).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def dana(tmp_path: Path) -> Iterator[Assistant]:
    """Five turns in three sessions: the cello, a party, a dog in a picture, tea, and a question about the cello."""
    assistant = Assistant(create_user(tmp_path, "Dana", NOON), model(), kit=kit())
    told = ("My sister plays the cello.", "What a party!", "This is Biscuit", "Green tea again.", "What does she play?")
    for minutes, text in zip((0, 2, 300, 301, 3000), told, strict=True):
        assistant.say(NOON + timedelta(minutes=minutes), text, [photo("teal")] if "Biscuit" in text else [])
        assistant.flush()
    assistant.tick(NOON + timedelta(days=10))
    yield assistant
    assistant.store.close()


def id_of(state: State, text: str) -> str:
    return next(m.id for m in state.all() if text in m.text)


# ── turns ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_turn_taught_in_words(dana: Assistant) -> None:
    store = dana.store
    rows = learnt(store.trace("t1").edits, store.state())
    assert [(row.verb, row.text, row.memory) for row in rows if row.type == "semantic"] == [
        ("remembered", "sister plays the cello", "m1_1")
    ]
    assert any(row.verb == "read" and "extraversion as 5.0" in row.text for row in learnt(store.edits(), store.state()))
    assert summed(store.trace("t1")).learnt == 1
    assert summed(store.trace("t5")).look_ups == 1
    best = resting_on(store.trace("t5"))
    assert best is not None
    assert best.scores.fused == max(hit.scores.fused for hit in store.trace("t5").hits if hit.type != "turn")
    assert resting_on(replace(store.trace("t5"), steps=())) is None
    assert brought_back_for(store.traces(), {"m1_1"}) == ("t5", "t4", "t3", "t2")  # not t1, which taught it
    assert brought_back_for(store.traces(), {"nothing"}) == ()


# ── memories ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_memories_are_found_by_type_and_words(dana: Assistant) -> None:
    state = dana.store.state()
    assert [m.id for m in found(state, text="CELLO sister")] == ["m1_1"]
    assert found(state, "procedural") == []
    assert counted(state)["semantic"] == (2, 0)
    assert counted(state)["visual"] == (1, 0)
    assert notable([]) is None
    assert [row.key for row in keyed(state, "core")] == ["name"]


def test_a_picture_finds_the_thing_it_shows_and_stores_nothing(dana: Assistant) -> None:
    before = dana.store.picture_names()
    near = looking_like(dana, photo("teal"), dana.store.state())
    far = looking_like(dana, photo("red"), dana.store.state())
    assert [(one.memory.text, one.same) for one in near] == [("Biscuit, my dog", True)]
    assert far[0].cosine < near[0].cosine
    assert dana.store.picture_names() == before
    assert looking_like(dana, photo("teal"), EMPTY) == ()


@given(st.lists(st.sampled_from("abc"), max_size=8), st.lists(st.sampled_from("abc"), max_size=8))
def test_a_diff_holds_both_wordings(old: list[str], new: list[str]) -> None:
    pieces = reworded(" ".join(old), " ".join(new))
    assert " ".join(p.words for p in pieces if p.change != "new") == " ".join(old)
    assert " ".join(p.words for p in pieces if p.change != "gone") == " ".join(new)


# ── moments ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_moments_are_those_at_which_something_was_learnt(dana: Assistant) -> None:
    edits = dana.store.edits()
    assert stops(edits) == sorted({edit.time for edit in edits})
    assert len(stops(edits, most=2)) <= 3
    assert stops(edits, most=2)[-1] == max(edit.time for edit in edits)
    assert stops([]) == []
    assert nearest([], NOON) is None
    assert nearest(stops(edits), NOON + timedelta(minutes=1)) == NOON
    assert nearest(stops(edits), NOON - timedelta(days=9)) == stops(edits)[0]


def test_a_moment_is_the_stores_as_of(dana: Assistant) -> None:
    edits = dana.store.edits()
    for moment in stops(edits):
        assert at(edits, moment) == dana.store.state(moment)


def test_changes_lead_from_one_moment_to_the_other(dana: Assistant) -> None:
    edits = dana.store.edits()
    moments = stops(edits)
    for one, other in pairwise(moments):
        before, after = at(edits, one), at(edits, other)
        changed = changes(before, after)
        assert {m.id for m in changed.learnt} <= set(after.memories) - set(before.memories)
        assert {s.trait for s in changed.shifts} == {
            t for t in TRAITS if before.estimate.profile[t] != after.estimate.profile[t]
        }
        assert changes(after, after).nothing
    whole = changes(EMPTY, dana.store.state())
    assert {m.id for m in whole.learnt} == {m.id for m in dana.store.state().current()}


def test_a_replacement_is_told_as_one_and_an_end_as_one(dana: Assistant) -> None:
    before = dana.store.state()
    tea, cello = id_of(before, "tea"), id_of(before, "plays the cello")
    written(dana, LATER, lambda state, hand: corrected(state, tea, "likes black tea", "misheard", hand))
    written(dana, LATER, lambda state, hand: retired(state, cello, "she stopped", hand))
    changed = changes(before, dana.store.state())
    assert [(old.id, new.text) for old, new in changed.replaced] == [(tea, "likes black tea")]
    assert [memory.id for memory in changed.ended] == [cello]
    assert changed.learnt == ()


# ── by hand ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_correction_keeps_the_old_version_with_its_reason(dana: Assistant) -> None:
    tea = id_of(dana.store.state(), "tea")
    (edit,) = written(dana, LATER, lambda s, hand: corrected(s, tea, "likes black tea", " misheard ", hand))
    state = dana.store.state()
    assert isinstance(edit, Replace)
    assert (edit.reason, edit.time) == ("misheard", LATER)
    assert [(m.text, m.status) for m in state.history(tea)] == [
        ("likes green tea", "superseded"),
        ("likes black tea", "current"),
    ]
    assert state.history(tea)[-1].evidence == state.memories[tea].evidence
    assert dana.store.verify() == []


def test_a_corrected_name_stays_core(dana: Assistant) -> None:
    name = id_of(dana.store.state(), "name: Dana")
    written(dana, LATER, lambda s, hand: corrected(s, name, "Dana Voss", "that is my whole name", hand))
    assert dana.store.state().name == "Dana Voss"


def test_every_change_can_be_taken_back(dana: Assistant) -> None:
    tea = id_of(dana.store.state(), "tea")
    written(dana, LATER, lambda s, hand: corrected(s, tea, "likes black tea", "misheard", hand))
    written(dana, LATER, lambda s, hand: restored(s, tea, hand))
    assert [m.text for m in dana.store.state().history(tea) if m.status == "current"] == ["likes green tea"]
    latest = dana.store.state().history(tea)[-1].id
    written(dana, LATER, lambda s, hand: retired(s, latest, "no more", hand))
    assert not [m for m in dana.store.state().current() if "tea" in m.text]
    written(dana, LATER, lambda s, hand: restored(s, latest, hand))
    assert [m.text for m in dana.store.state().current() if "tea" in m.text] == ["likes green tea"]
    assert dana.store.verify() == []


def test_what_cannot_be_done_by_hand_is_told(dana: Assistant) -> None:
    state = dana.store.state()
    tea, name = id_of(state, "tea"), id_of(state, "name: Dana")
    refusals = [
        (lambda s, hand: corrected(s, tea, "likes black tea", "  ", hand), "No reason"),
        (lambda s, hand: corrected(s, tea, " ", "wrong", hand), "empty"),
        (lambda s, hand: corrected(s, tea, "likes green tea", "wrong", hand), "Nothing was changed"),
        (lambda s, hand: corrected(s, "m99", "x", "wrong", hand), "unknown"),
        (lambda s, hand: retired(s, name, "nameless", hand), "name is always known"),
        (lambda s, hand: restored(s, tea, hand), "current"),
    ]
    for make, message in refusals:
        with pytest.raises(BadInput, match=message):
            written(dana, LATER, make)
    assert dana.store.state() == state


def test_an_edit_by_hand_never_lies_before_what_was_learnt(dana: Assistant) -> None:
    tea = id_of(dana.store.state(), "tea")
    (edit,) = written(dana, NOON, lambda s, hand: retired(s, tea, "over", hand))
    assert edit.time == max(e.time for e in dana.store.edits())


def fact(id: str, text: str, day: int, **fields: object) -> Memory:
    return Memory(id, "semantic", text, NOON + timedelta(days=day), ("t1",), **fields)  # type: ignore[arg-type]


HOME = Memory("c1", "core", "home: Porto", NOON, ("t1",), attribute="home", value="Porto", block="human")
RIVALS = [
    (
        fact("m1", "likes tea", 0, kind="preference", attribute="like", value="tea", polarity=1),
        fact("m2", "dislikes tea", 3, kind="preference", attribute="dislike", value="tea", polarity=-1),
        "liked and disliked",
    ),
    (HOME, fact("m2", "lives in Leeds", 3, attribute="home", value="Leeds"), "two values of home"),
    (
        fact("m1", "favourite colour is red", 0, kind="preference", attribute="favourite colour", value="red"),
        fact("m2", "favourite colour is blue", 3, kind="preference", attribute="favourite colour", value="blue"),
        "two values of favourite colour",
    ),
    (
        fact("m1", "runs on Tuesdays", 0, kind="habit", attribute="habit", value="run"),
        fact("m2", "runs on Saturdays", 3, kind="habit", attribute="habit", value="run"),
        "two accounts of one habit",
    ),
]
AGREEING = [
    (
        fact("m1", "likes tea", 0, kind="preference", attribute="like", value="tea", polarity=1),
        fact("m2", "likes coffee", 3, kind="preference", attribute="like", value="coffee", polarity=1),
    ),
    (HOME, fact("m2", "lives in Porto", 3, attribute="home", value="Porto")),
    (
        fact("m1", "neighbour Doreen bakes", 0, kind="relation", attribute="neighbour", value="Doreen"),
        fact("m2", "neighbour Doreen sings", 3, kind="relation", attribute="neighbour", value="Doreen"),
    ),
]


def knowing(*memories: Memory) -> State:
    return fold([Add(m.since, m.evidence, m) for m in memories])


@pytest.mark.parametrize(("old", "new", "why"), RIVALS)
def test_contradictions_are_found_and_settled(old: Memory, new: Memory, why: str) -> None:
    state = knowing(old, new)
    (pair,) = contradictions(state)
    assert (pair.old.id, pair.new.id) == (old.id, new.id)
    assert why in pair.why
    hand = Hand(LATER, ("t1",))
    for verdict, left in (("old", {old.id}), ("new", {new.id}), ("both", {old.id, new.id})):
        after = fold(settled(pair, verdict, hand), state)  # type: ignore[arg-type]
        assert {m.id for m in after.current()} == left
        assert contradictions(after) == ()


@pytest.mark.parametrize(("one", "other"), AGREEING)
def test_what_can_both_hold_is_no_contradiction(one: Memory, other: Memory) -> None:
    assert contradictions(knowing(one, other)) == ()


def test_merges_are_proposed_taken_and_refused(tmp_path: Path) -> None:
    store = create_user(tmp_path, "Noor", NOON)
    eve = Assistant(store, model(), kit=kit())
    shared = {"kind": "preference", "attribute": "like", "value": "tea", "polarity": 1}
    one, other = (
        fact(id, text, 0, **shared) for id, text in (("m1", "likes tea a lot"), ("m2", "likes tea a lot now"))
    )
    store.record("", [Add(one.since, (), one), Add(other.since, (), other)])
    (merge,) = proposed_merges(eve, store.state(), LATER)
    assert set(merge.targets) == {"m1", "m2"}
    refused_state = fold(refused(merge, store.state(), Hand(LATER, ())), store.state())
    assert proposed_merges(eve, refused_state, LATER) == ()
    written(eve, LATER, lambda _, hand: accepted(merge, hand))
    assert [m.text for m in store.state().current("semantic")] == ["likes tea a lot now"]
    written(eve, LATER, lambda s, hand: restored(s, "m1", hand))  # a merge comes apart whole
    assert sorted(m.text for m in store.state().current("semantic")) == ["likes tea a lot", "likes tea a lot now"]
    store.close()


# ── profiles ─────────────────────────────────────────────────────────────────────────────────────────────────────


readings = st.lists(st.lists(st.sampled_from([1.0, 3.0, 5.0]), min_size=5, max_size=5), max_size=12)


def observed(rows: list[list[float]]) -> list[Edit]:
    scores = [Profile(*row) for row in rows]
    return [Observe(NOON + timedelta(minutes=n), (f"t{n + 1}",), score, n) for n, score in enumerate(scores)]


@given(readings)
def test_the_papers_rule_recomputed_is_the_profile_there_is(rows: list[list[float]]) -> None:
    edits = observed(rows)
    assert recomputed(edits, "paper") == trajectory(edits)


@given(readings)
def test_the_running_mean_is_the_mean_of_the_readings_and_the_neutral_start(rows: list[list[float]]) -> None:
    counted_rows = [row for row in rows if any(score != 3 for score in row)]
    ended = profile_at(recomputed(observed(rows), "running mean"))
    for number, (_, score) in enumerate(ended):
        expected = (3 + sum(row[number] for row in counted_rows)) / (1 + len(counted_rows))
        assert score == pytest.approx(expected)


@given(readings, st.integers(1, 12))
def test_without_a_turn_nothing_of_it_is_left(rows: list[list[float]], turn: int) -> None:
    edits = observed(rows)
    less = without(edits, {f"t{turn}"})
    assert all(step.turn != f"t{turn}" for step in less)
    assert without(edits, ()) == trajectory(edits)


def test_rules_differ_where_they_should() -> None:
    edits = observed([[5, 3, 3, 3, 3], [3, 5, 3, 3, 3], [5, 3, 3, 3, 3]])
    ends = {rule: profile_at(recomputed(edits, rule)).openness for rule in RULES}
    assert ends["per trait"] > ends["paper"]  # a neutral reading of one trait pulls back under the paper's rule only
    assert len(set(ends.values())) == len(RULES)


def test_steps_of_the_profile_in_words_newest_first(dana: Assistant) -> None:
    rows = moves(trajectory(dana.store.edits()))
    assert [row.turn for row in rows] == ["t2"]
    assert rows[0].moved.startswith("extraversion 3.0 → ")
    assert not any(trait in rows[0].moved for trait in TRAITS if trait != "extraversion")


def test_known_persons_are_read_and_damage_is_told(tmp_path: Path) -> None:
    file = tmp_path / "paths.csv"
    head = "person,trait,turn,score,low,high,true\n"
    file.write_text(head + "p1,openness,2,3.5,2,5,4\np1,openness,1,3,1,5,4\np2,openness,1,3,1,5,2\n")
    first, second = read_paths(file)
    assert (first.person, first.turns, first.scores, first.true) == ("p1", (1, 2), (3.0, 3.5), (4.0, 4.0))
    assert second.person == "p2"
    assert covered_at_the_end([first, second]) == 2
    assert covered_at_the_end([replace(first, true=(4.0, 1.5))]) == 0
    for damaged in (head + "p1,courage,1,3,1,5,4\n", head + "p1,openness,1,x,1,5,4\n", "a,b\n1,2\n"):
        file.write_text(damaged)
        with pytest.raises(BadInput, match="paths of traits"):
            read_paths(file)
    with pytest.raises(BadInput):
        read_paths(tmp_path / "none.csv")


# ── look-ups ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_candidate_is_listed_and_what_comes_back_is_what_a_reply_gets(dana: Assistant) -> None:
    asked = Retrieve(("cello",))
    ranking = ranked(dana, LATER, "Who plays the cello?", asked)
    trace = dana.ask(LATER, "Who plays the cello?")
    assert {one.hit.id for one in ranking.placed if one.returned} == {hit.id for hit in trace.hits}
    assert len(ranking.placed) <= ranking.known
    assert "returned" in reason(dana, ranking, "m1_1").reason
    assert "core memory" in reason(dana, ranking, "c0_1").reason


def test_weights_turn_the_ranking_and_defaults_leave_it(dana: Assistant) -> None:
    asked = Retrieve(("cello",))
    defaults = dialled([WEIGHTS.own, WEIGHTS.window, WEIGHTS.dense, WEIGHTS.picture, WEIGHTS.recency, WEIGHTS.hop])
    assert defaults == WEIGHTS
    nothing = ranked(dana, LATER, "Who plays the cello?", asked, dialled([0.0] * 6))
    assert max(one.hit.scores.fused for one in nothing.placed) <= WEIGHTS.speaker + WEIGHTS.dated
    early = ranked(dana, LATER, "cello", Retrieve(("cello",), LATER, LATER))
    assert early.placed == ()


def test_a_period_of_days_holds_them_whole() -> None:
    first, last = NOON.date(), (NOON + timedelta(days=2)).date()
    start, end = whole_days((first, last), UTC)
    assert (start, end) == (datetime(2025, 3, 3, tzinfo=UTC), datetime(2025, 3, 5, 23, 59, 59, tzinfo=UTC))
    assert whole_days((first,), UTC) == (start, None)
    assert whole_days((), UTC) == (None, None)


def test_an_unlike_thing_does_not_come_back_for_a_picture(dana: Assistant) -> None:
    asked = Retrieve(("dog",))
    same = ranked(dana, LATER, "Who is this?", asked, picture=photo("teal"))
    other = ranked(dana, LATER, "Who is this?", asked, picture=photo("red"))
    assert [one.returned for one in same.placed if one.hit.type == "visual"] == [True]
    assert [one.returned for one in other.placed if one.hit.type == "visual"] == [False]


def test_wondering_asks_without_storing(dana: Assistant) -> None:
    before = dana.store.head()
    came = wondered(dana, LATER, "Who plays the cello?", "m1_1")
    core = wondered(dana, LATER, "Who plays the cello?", "c0_1")
    assert (came.returned, came.place) == (True, 1)
    assert not core.returned
    assert "core memory is in every prompt" in core.reason
    assert dana.store.head() == before
    assert not any(isinstance(step.action, Malformed) for step in came.trace.steps)


# ── prompts and replays ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_step_as_text_is_read_back_as_it_was() -> None:
    zone = NOON.tzinfo
    assert zone is not None
    for action in (
        Retrieve(("cello", "Bob"), NOON, NOON.replace(second=59)),
        Retrieve(("cello",)),
        Answer("Two\nlines"),
    ):
        assert parse_step(step_text("why", action), zone).action == action


def test_prompts_written_out_again_are_those_the_model_was_given(dana: Assistant) -> None:
    speaking = dana.model
    assert isinstance(speaking, Scripted)
    speaking.history.clear()
    trace = dana.say(LATER, "What does my sister play?")
    given_now = [request.messages for request in speaking.history]
    shown = prompts(dana, dana.store.trace(trace.turn.id))
    assert [prompt.messages for prompt in shown] == given_now
    assert [prompt.purpose for prompt in shown] == ["respond", "respond_more"]
    first, second = shown
    assert {"instructions", "core memory", "traits", "message"} <= {part.name for part in first.parts}
    assert {"semantic", "earlier steps"} <= {part.name for part in second.parts}
    whole = sum(len(message.text) for message in second.messages)
    assert sum(part.tokens for part in second.parts) == pytest.approx(whole / 4, rel=0.05)


def test_a_message_with_a_picture_counts_as_message(dana: Assistant) -> None:
    trace = dana.say(LATER, "What is this thing, do you know it perhaps?", [photo("teal")])
    (first, *_) = prompts(dana, dana.store.trace(trace.turn.id))
    sizes = {part.name: part for part in first.parts}
    assert sizes["message"].tokens >= len("What is this thing, do you know it perhaps?") // 4
    assert sizes["pictures"].pictures == 1


def test_malformed_and_forced_steps_have_prompts_too(dana: Assistant) -> None:
    bad = Assistant(dana.store, answering(respond="no tags", respond_more="none", answer="Sorry."), kit=kit())
    trace = bad.say(LATER, "Hello?")
    shown = prompts(bad, dana.store.trace(trace.turn.id))
    assert [prompt.purpose for prompt in shown] == ["respond", "respond_more", "answer"]
    assert [prompt.said for prompt in shown] == ["no tags", "none", "Sorry."]


def test_a_reply_that_came_with_an_import_has_no_prompts(dana: Assistant) -> None:
    trace = dana.given(LATER, "Hello", "Hi there")
    assert prompts(dana, trace) == ()


def test_prompts_of_learning_written_out_again_are_those_the_model_was_given(dana: Assistant) -> None:
    speaking = dana.model
    assert isinstance(speaking, Scripted)
    trace = dana.say(LATER, "My brother sails.")
    speaking.history.clear()
    dana.flush()
    dana.tick(LATER + timedelta(hours=2))
    given_now = {request.messages[-1].contract: request.messages for request in speaking.history}
    shown = {prompt.purpose: prompt for prompt in lessons(dana, dana.store.trace(trace.turn.id))}
    assert list(shown) == ["personality", "semantic", "episodic", "procedural", "core"]
    assert {purpose: prompt.messages for purpose, prompt in shown.items()} == given_now
    assert {prompt.said for prompt in shown.values()} == {""}
    assert [prompt.purpose for prompt in lessons(dana, dana.store.trace("t1"))] == ["personality", "semantic"]


def test_malformed_output_of_learning_is_kept_with_its_call(dana: Assistant) -> None:
    bad = Assistant(dana.store, answering(semantic="no decision here"), kit=kit())
    trace = bad.say(LATER, "Hello?")
    bad.flush()
    said = {prompt.purpose: prompt.said for prompt in lessons(bad, dana.store.trace(trace.turn.id))}
    assert said == {"personality": "", "semantic": "no decision here"}


def test_a_reply_is_told_again_with_another_look_up_or_model(dana: Assistant) -> None:
    turn = dana.store.trace("t5").turn
    before = dana.store.head()
    elsewhere = replayed(dana, turn, Retrieve(("cello",), LATER, LATER))
    assert isinstance(elsewhere.steps[0].action, Retrieve)
    assert elsewhere.steps[0].action.start == LATER
    assert elsewhere.hits == ()
    assert elsewhere.reply == "I do not know."
    assert replayed(dana, turn, model=answering(respond="<think>x</think><answer>Drums.</answer>")).reply == "Drums."
    assert dana.store.head() == before


def test_leaving_the_memory_out_changes_the_answer_that_rests_on_it(dana: Assistant) -> None:
    turn = dana.store.trace("t5").turn
    told = {one.hit.id: one for one in leaving_out(dana, turn)}
    assert set(told) == {hit.id for hit in dana.again(turn).hits}
    assert told["m1_1"].changed
    assert "m1_1" not in {hit.id for hit in told["m1_1"].trace.hits}
    assert told["m1_1"].trace.reply == "I do not know."


# ── the map ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_map_places_everything_once_and_the_same_way_each_time(dana: Assistant) -> None:
    state = dana.store.state()
    drawn = chart(state)
    assert drawn == chart(state)
    assert {spot.id for spot in drawn.spots} == set(state.memories)
    assert sorted(m for _, members in drawn.groups for m in members) == sorted(state.memories)
    places = {(round(spot.x, 6), round(spot.y, 6)) for spot in drawn.spots}
    assert len(places) == len(drawn.spots)


def test_a_map_as_of_a_moment_keeps_places(dana: Assistant) -> None:
    edits = dana.store.edits()
    whole = chart(dana.store.state())
    early = as_of(whole, at(edits, NOON))
    where = {spot.id: (spot.x, spot.y) for spot in whole.spots}
    assert 0 < len(early.spots) < len(whole.spots)
    assert all((spot.x, spot.y) == where[spot.id] for spot in early.spots)
    shown = {spot.id for spot in early.spots}
    assert all({line.source, line.target} <= shown for line in early.lines)


def test_bridges_tie_groups_together() -> None:
    left = [fact(f"a{n}", f"plays the cello number {n}", n) for n in range(4)]
    right = [fact(f"b{n}", f"bakes the bread number {n}", n) for n in range(4)]
    ties = [*((f"{g}0", f"{g}{n}") for g in "ab" for n in (1, 2, 3)), ("a1", "a2"), ("b1", "b2"), ("a0", "b0")]
    links = [
        Link(LATER, (), MemoryLink(one, other, "thing", "cello" if one[0] == "a" else "bread")) for one, other in ties
    ]
    drawn = chart(fold(links, knowing(*left, *right)))
    assert {bridge.memory.id for bridge in drawn.bridges} == {"a0", "b0"}
    assert [line for line in drawn.lines if line.between] == [
        line for line in drawn.lines if {line.source, line.target} == {"a0", "b0"}
    ]
    names = [name for name, _ in drawn.groups]
    assert any("cello" in name for name in names)
    assert any("bread" in name for name in names)
    assert chart(EMPTY).spots == ()


# ── sharing ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_address_names_what_is_shown_and_is_read_back() -> None:
    assert sharing.address("memories", user="Da na", memory="m1", moment=None) == "memories?user=Da+na&memory=m1"
    assert sharing.address("graph") == "graph"
    assert sharing.read_moment(NOON.isoformat()) == NOON
    assert sharing.read_moment(None) is None
    for bad in ("yesterday", "2025-03-03T12:00:00", "<script>"):
        with pytest.raises(BadInput, match="which is none"):
            sharing.read_moment(bad)


def test_a_table_is_csv_and_computes_nothing() -> None:
    text = sharing.table(("what", "when"), [("=1+1", NOON), ('says "hi", twice', NOON), ("-3 degrees", NOON)])
    assert text.splitlines()[1].startswith("'=1+1,2025-03-03T12:00:00+00:00")
    assert '"says ""hi"", twice"' in text
    assert "'-3 degrees" in text


def test_every_snippet_runs_as_it_stands(dana: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    from personavlm import assistant as assistants
    from personavlm.models import loading

    monkeypatch.setattr(loading, "load_model", lambda setting: model())
    monkeypatch.setattr(assistants.Kit, "load", staticmethod(lambda prompts=None: kit()))
    home, user = str(dana.store.folder.parent.parent), dana.store.user
    asked = Retrieve(("cello",), NOON, None)
    snippets = [
        sharing.opened(home, user),
        sharing.one_turn(home, user, "t5"),
        sharing.life(home, user, None),
        sharing.life(home, user, NOON),
        sharing.one_memory(home, user, "m1_1"),
        sharing.profile(home, user, "running mean"),
        sharing.looked_up(home, user, "embedded", LATER, 'Who "plays"?', asked),
        sharing.told_again(home, user, "embedded", "t5"),
        sharing.graph(home, user),
    ]
    for code in snippets:
        names: dict[str, object] = {}
        exec(compile(code, "snippet", "exec"), names)
        store = names["store"]
        assert isinstance(store, Store)
        assert store.user == "Dana"
        store.close()


def test_snippets_on_runs_and_homes_run_too(
    dana: Assistant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_bench(tmp_path, "full")
    write_log(tmp_path / "full", ["loss"], [{"step": 1, "loss": 2.5}])
    for code in (
        sharing.benchmark([str(tmp_path / "full")], 'a "name"', "32k"),
        sharing.training(str(tmp_path / "full")),
        sharing.workspace(str(dana.store.folder.parent.parent)),
    ):
        exec(compile(code, "snippet", "exec"), {})
    assert "Resident(user='Dana'" in capsys.readouterr().out


def test_residents_are_everybody_even_who_cannot_be_read(dana: Assistant) -> None:
    home = dana.store.folder.parent.parent
    create_user(home, "Noor", NOON).close()
    broken = user_folder(home, "Noor") / DATABASE
    broken.write_bytes(b"no database at all" * 100)
    found = {one.user: one for one in residents(home)}
    assert (found["Dana"].turns, found["Dana"].problem) == (dana.store.counts()[0], "")
    assert found[broken.parent.name].problem == "The database cannot be read."


def test_calls_are_summed_by_what_they_were_for() -> None:
    bad = Call("semantic", "m", 1.0, 5, 1, "no decision", "?")
    made = [Call("respond", "m", 0.5, 10, 2), bad, Call("respond", "m", 1)]
    assert stages(made) == (Stage("respond", 2, 0, 1.5, 12), Stage("semantic", 1, 1, 1.0, 6))


def test_an_archive_is_looked_into_before_it_comes_in(dana: Assistant, tmp_path: Path) -> None:
    archive = packed(dana.store)
    assert manifest_of(archive).turns == dana.store.counts()[0]
    unpacked(archive, tmp_path / "elsewhere", "Dana the second")
    with Store.open(tmp_path / "elsewhere", "Dana the second") as store:
        assert store.head() == dana.store.head()
    with pytest.raises(BadInput, match="not a complete"):
        manifest_of(archive[:-100])


def test_a_snippet_quotes_odd_names() -> None:
    odd = 'O\'Neil \\ "x"\nimport os'
    compile(sharing.one_turn("C:\\home\\new", odd, "t1"), "snippet", "exec")
    assert repr(odd) in sharing.opened("home", odd)
