"""The update stage: records become edits, keys not mentioned survive, Malformed changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personavlm.asking import Asker
from personavlm.memory import EMPTY, Add, Crop, Observe, Replace, Retire, State, fold
from personavlm.prompts.update import Topic
from personavlm.trace import Answer, Session, Step, Trace, Turn
from personavlm.update import Learnt, Tools, UpdateSettings, claim_all, close, keyed_memory, observe
from tests.fakes import NOTHING_NEW, answering, remember

NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)


def trace(number: int, text: str = "hello", reply: str = "hi") -> Trace:
    turn = Turn(f"t{number}", NOON + timedelta(minutes=number), text)
    return Trace(turn, (Step("", Answer(reply)),))


def learn(state: State = EMPTY, number: int = 3, tools: Tools = Tools(), **contracts: str) -> Learnt:
    return observe(trace(number), [], state, Asker(answering(**contracts)), tools=tools)


def finish(state: State = EMPTY, turns: int = 3, **contracts: str) -> Learnt:
    session = Session("s2", tuple(trace(n) for n in range(1, turns + 1)))
    return close(session, state, Asker(answering(**contracts)))


def core(**entries: str) -> State:
    memories = [keyed_memory(f"c0_{k}", "core", k, v, NOON, (), "human") for k, v in entries.items()]
    return fold(Add(NOON, (), m) for m in memories)


def test_a_turn_is_read_for_traits_and_facts() -> None:
    scores = NOTHING_NEW["personality"].replace('"openness": 3', '"openness": 5')
    learnt = learn(personality=scores, semantic=remember("sister plays the cello", kind="relation"))
    observed, added = learnt.edits
    assert isinstance(observed, Observe)
    assert (observed.observed.openness, observed.turn, observed.evidence) == (5, 2, ("t3",))
    assert isinstance(added, Add)
    assert (added.memory.text, added.memory.kind, added.time) == (
        "sister plays the cello",
        "relation",
        trace(3).turn.time,
    )


def test_a_failed_inference_is_not_neutral() -> None:
    learnt = learn(personality='"openness": 4')
    assert learnt.edits == ()
    assert learnt.notes == ("personality: conscientiousness is 'missing', not a number from 1 to 5",)


def test_the_same_is_not_learnt_twice() -> None:
    first = learn(semantic=remember("plays the cello"))
    again = learn(fold(first.edits), number=4, semantic=remember("Plays the CELLO."))
    assert [e.op for e in again.edits] == ["observe"]


def test_a_change_of_taste_replaces_and_both_are_kept() -> None:
    state = fold(learn(semantic=remember("drinks Sprite", attribute="drink", value="Sprite")).edits)
    [old] = state.all("semantic")
    learnt = learn(state, number=4, semantic=remember("drinks Coca-Cola", replaces=old.id))
    assert isinstance(learnt.edits[-1], Replace)
    after = fold(learnt.edits, state)
    assert [(m.text, m.status) for m in after.all("semantic")] == [
        ("drinks Sprite", "superseded"),
        ("drinks Coca-Cola", "current"),
    ]


@pytest.mark.parametrize("target", ["m99_1", "../../x", "null", "the drink one"])
def test_replacing_what_is_not_there_just_adds(target: str) -> None:
    learnt = learn(semantic=remember("drinks tea", replaces=target))
    assert [e.op for e in learnt.edits] == ["observe", "add"]


def test_a_statement_about_the_past_holds_from_then() -> None:
    learnt = learn(semantic=remember("lives in Porto", since="2024-05-01 00:00"))
    added = learnt.edits[-1]
    assert isinstance(added, Add)
    assert added.memory.since == datetime(2024, 5, 1, tzinfo=UTC)
    assert added.time == trace(3).turn.time


def test_named_things_are_cut_out_in_order() -> None:
    asked: list[tuple[str, int]] = []

    def enrol(_: Trace, category: str, number: int) -> tuple[Crop, ...]:
        asked.append((category, number))
        return (Crop("p", f"c{number}", (0, 0, 1, 1)),)

    text = "\n\n".join(
        [remember("Biscuit, my dog (Image Object: dog)"), remember("Rex, my other dog (Image Object: dog)")]
    )
    learnt = learn(tools=Tools(enrol=enrol), semantic=text)
    memories = [e.memory for e in learnt.edits if isinstance(e, Add)]
    assert asked == [("dog", 0), ("dog", 1)]
    assert [m.text for m in memories] == ["Biscuit, my dog", "Rex, my other dog"]
    assert [m.crops[0].digest for m in memories] == ["c0", "c1"]


def test_a_session_closes_in_the_papers_order_at_its_last_turn_plus_the_gap() -> None:
    learnt = finish(procedural='"habit: run": Runs on Tuesdays at 07:30.', core='Human\n"home": Lisbon')
    assert [e.memory.type for e in learnt.edits if isinstance(e, Add)] == ["episodic", "procedural", "core"]
    assert {e.time for e in learnt.edits} == {trace(3).turn.time + timedelta(minutes=60)}
    habit = learnt.edits[1]
    assert isinstance(habit, Add)
    assert habit.memory.text == "Runs on Tuesdays at 07:30."  # the released parser stops at the second colon


def test_keys_the_model_did_not_mention_survive() -> None:
    state = core(name="Dana", home="Porto", job="nurse")
    learnt = finish(state, core='Human\n"home": Lisbon')
    after = fold(learnt.edits, state)
    assert {k: m.value for k, m in after.core("human").items()} == {"name": "Dana", "home": "Lisbon", "job": "nurse"}


def test_a_key_is_known_again_as_its_prompt_showed_it() -> None:
    state = core(**{"home\x08  town": "Porto"})
    after = fold(finish(state, core='Human\n"home town": Lisbon').edits, state)
    assert [m.value for m in after.core("human").values()] == ["Lisbon"]


@given(st.permutations(["null", "Moved to Friday.", None, None]))
def test_an_entry_that_is_pushed_out_may_be_changed_in_the_same_session(changes: list[str | None]) -> None:
    days = [NOON + timedelta(days=n) for n in range(5)]
    known = [
        keyed_memory(f"p0_{n}", "procedural", f"habit: {n}", f"Does {n}.", day, (), None) for n, day in enumerate(days)
    ]
    state = fold(Add(memory.since, (), memory) for memory in known)
    lines = [
        f'"habit: new {n}": Is new.' if line is None else f'"habit: {n}": {line}' for n, line in enumerate(changes)
    ]
    after = fold(finish(state, procedural="\n".join(lines)).edits, state)
    assert sum(memory.value == "Is new." for memory in after.current("procedural")) == 2


def test_null_retires_a_key_but_never_the_name() -> None:
    state = core(name="Dana", job="nurse")
    learnt = finish(state, core='Human\n"job": null\n"name": null')
    assert [e for e in learnt.edits if isinstance(e, Retire)]
    assert list(fold(learnt.edits, state).core("human")) == ["name"]


@pytest.mark.parametrize("garbage", ["", "I am sorry, I cannot.", "<<<", "[1, 2", "\x00", "nan"])
def test_garbage_changes_nothing_and_is_named(garbage: str) -> None:
    state = core(name="Dana")
    contracts = dict.fromkeys(("episodic", "procedural", "core"), garbage)
    learnt = finish(state, **contracts)
    assert learnt.edits == ()
    assert [note.split(":")[0] for note in learnt.notes] == ["episodic", "procedural", "core"]


@given(st.text(max_size=200))
def test_no_output_of_any_kind_raises_or_breaks_the_fold(text: str) -> None:
    state = core(name="Dana")
    learnt = finish(state, **dict.fromkeys(("episodic", "procedural", "core"), text))
    after = fold(learnt.edits, state)
    assert after.name is not None
    turn = learn(after, number=9, personality=text, semantic=text)
    fold(turn.edits, after)


def test_turning_memory_types_off_leaves_them_alone() -> None:
    settings = UpdateSettings(frozenset({"semantic"}), personality=False)
    model = answering()
    observe(trace(1), [], EMPTY, Asker(model), settings)
    close(Session("s1", (trace(1),)), EMPTY, Asker(model), settings)
    assert [r.messages[-1].contract for r in model.history] == ["semantic"]


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4), min_size=1, max_size=4))
def test_every_turn_belongs_to_a_topic_and_none_is_invented(claims: list[list[int]]) -> None:
    topics = [Topic("x", (), tuple(sorted(set(c)))) for c in claims]
    owned = claim_all(topics, 10)
    assert set().union(*(t.turns for t in owned)) == set(range(10))
    for before, after in zip(topics, owned, strict=True):
        assert set(before.turns) <= set(after.turns)


def test_a_key_without_a_value_is_no_entry() -> None:
    state = core(name="Dana", job="nurse")
    learnt = finish(state, core='Human\n"job":\n"home": Lisbon')
    assert {k: m.value for k, m in fold(learnt.edits, state).core("human").items()} == {
        "name": "Dana",
        "job": "nurse",
        "home": "Lisbon",
    }
