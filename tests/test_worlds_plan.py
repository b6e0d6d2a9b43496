"""Plans and worlds: time runs forward, everything is told before it counts, and the ledger follows from the turns."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from statistics import correlation, mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personavlm.personality import TRAITS, Trait
from personavlm.trace import canonical, revive
from personavlm.worlds.life import live
from personavlm.worlds.life_pen import MISSPOKE
from personavlm.worlds.life_time import frame
from personavlm.worlds.make import make_world
from personavlm.worlds.plan import CUED, draw_cue, plan
from personavlm.worlds.plan_units import premises_of
from personavlm.worlds.truth import facts, known, traits_at
from personavlm.worlds.values import Half, Person, Setting, Slot, Utterance, World
from personavlm.worlds.words.context import Context

SETTINGS: tuple[Setting, ...] = ("train", "50", "100", "200")


def half_of(setting: Setting) -> Half:
    return "train" if setting == "train" else "test"


def plainly(slot: Slot, person: Person, context: Context, rng: random.Random) -> Utterance:
    """Stand in for the grammar: the laws hold whatever the words are."""
    said = " ".join(f"{beat.act} {beat.fact or beat.subject}".strip() for beat in slot.beats)
    return Utterance(f"{said} {rng.random():.3f}", "Yes.", ("plain",), tuple(b.cue for b in slot.beats if b.cue))


def world_of(seed: int, setting: Setting) -> World:
    return make_world(seed, half_of(setting), setting, write=plainly)


worlds = st.builds(world_of, st.integers(0, 9_999), st.sampled_from(SETTINGS))
LAWS = settings(max_examples=12)


@LAWS
@given(worlds)
def test_time_runs_forward_and_topics_cover_their_session(world: World) -> None:
    times = [turn.time for turn in world.turns]
    assert times == sorted(set(times))
    assert [turn.id for turn in world.turns] == [f"t{n}" for n in range(1, len(times) + 1)]
    assert world.person.start == times[0] < times[-1] < world.person.end
    assert [id_ for session in world.sessions for id_ in session.turns] == [turn.id for turn in world.turns]
    for session in world.sessions:
        assert 1 <= len(session.topics) <= 4
        assert {id_ for topic in session.topics for id_ in topic.turns} == set(session.turns)
        assert all(topic.summary and topic.keywords for topic in session.topics)


@LAWS
@given(worlds)
def test_nothing_is_told_before_it_is_true_or_after_it_ended(world: World) -> None:
    times = {turn.id: turn.time for turn in world.turns}
    for fact in facts(world.person):
        told = [times[id_] for id_ in fact.evidence]
        assert told == sorted(set(told))
        if fact.attribute == "appointment":
            assert all(moment < fact.since for moment in told)
        elif fact.matter != "detail":
            assert all(fact.since <= moment for moment in told)
        assert all(fact.until is None or moment < fact.until for moment in told)


@LAWS
@given(worlds)
def test_a_change_is_told_after_what_it_changes(world: World) -> None:
    times = {turn.id: turn.time for turn in world.turns}
    held = {fact.id: fact for fact in facts(world.person)}
    for turn in world.turns:
        for beat in turn.beats:
            if beat.act in ("change", "correct"):
                old, new = held[beat.old], held[beat.fact]
                assert new.replaces == old.id
                assert (new.reason == MISSPOKE) == (beat.act == "correct")
                assert times[old.evidence[0]] < turn.time - timedelta(hours=2)
                assert turn.id in old.ended
            if beat.act == "waver":
                assert turn.id not in held[beat.old].evidence
                assert turn.id not in held[beat.old].ended


@LAWS
@given(worlds)
def test_what_is_known_only_grows(world: World) -> None:
    before: set[str] = set()
    gone: set[str] = set()
    for turn in world.turns:
        now = known(world, turn.time)
        ids = {one.fact.id for one in now}
        over = {one.fact.id for one in now if one.standing != "current"}
        assert before <= ids
        assert ids - before == set(turn.learnt)
        assert gone <= over
        before, gone = ids, over


@LAWS
@given(worlds)
def test_what_a_turn_tells_is_in_the_ledger(world: World) -> None:
    held = {fact.id: fact for fact in facts(world.person)}
    silent = {"recall", "offered", "forget", "end"}
    for turn in world.turns:
        for beat in turn.beats:
            if beat.fact:
                assert (turn.id in held[beat.fact].evidence) or beat.act in silent
            if beat.act in ("forget", "end"):
                assert turn.id in held[beat.fact].ended


@LAWS
@given(worlds)
def test_everybody_is_introduced_before_or_when_first_mentioned(world: World) -> None:
    relations = {fact.about: fact for fact in facts(world.person) if fact.matter == "relation"}
    told: set[str] = set()
    for turn in world.turns:
        for beat in turn.beats:
            told |= {beat.fact} if beat.act == "tell" else set()
            if beat.kin:
                assert relations[beat.kin].id in told


@LAWS
@given(worlds)
def test_a_question_with_an_unsaid_aim_follows_both_its_premises(world: World) -> None:
    at = {turn.id: number for number, turn in enumerate(world.turns)}
    held = {fact.id: fact for fact in facts(world.person)}
    for aim, circumstance, ahead in premises_of(world.person):
        for id_ in held[aim.id].evidence:
            first = [held[premise.id].evidence[0] for premise in (circumstance, ahead)]
            assert all(at[premise] <= at[id_] for premise in first)
            assert aim.value not in world.turns[at[id_]].text


@LAWS
@given(worlds)
def test_pictures_are_many_enough_and_show_what_is_there(world: World) -> None:
    shots = {shot.id: shot for shot in world.shots}
    things = {thing.id for thing in world.person.things}
    assert sum(bool(turn.shots) for turn in world.turns) >= 0.15 * len(world.turns)
    assert [id_ for turn in world.turns for id_ in turn.shots] == [shot.id for shot in world.shots]
    for shot in shots.values():
        assert shot.seen
        assert {seen.thing for seen in shot.seen if seen.thing} <= things
        assert (shot.scene is None) == bool(shot.photo)
    for turn in world.turns:
        assert set(turn.concepts) == {seen.thing for id_ in turn.shots for seen in shots[id_].seen if seen.thing}


@LAWS
@given(worlds)
def test_ties_join_topics_of_different_sessions(world: World) -> None:
    session_of = {topic.id: session.id for session in world.sessions for topic in session.topics}
    order = {session.id: number for number, session in enumerate(world.sessions)}
    for tie in world.ties:
        assert order[session_of[tie.source]] < order[session_of[tie.target]]
        assert tie.label


@LAWS
@given(worlds)
def test_leanings_show_in_choices_and_are_never_said(world: World) -> None:
    held = {fact.id: fact for fact in facts(world.person)}
    for turn in world.turns:
        for beat in turn.beats:
            if beat.fact in held and held[beat.fact].matter == "leaning":
                assert beat.act == "choose"
                assert len(set(beat.options)) == 2


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_same_seed_gives_the_same_bytes(setting: Setting) -> None:
    world = world_of(3, setting)
    assert canonical(world) == canonical(world_of(3, setting))
    assert canonical(world) != canonical(world_of(4, setting))
    assert canonical(revive(World, canonical(world))) == canonical(world)


@pytest.mark.slow
def test_every_task_finds_something_to_ask_about() -> None:
    """In nearly every person, also the short ones: a changed taste, a moved routine, a goal, an aim, a leaning, …"""
    found: Counter[str] = Counter()
    people = 40
    for number in range(people):
        world = make_world(9, "test", "50", number, plainly)
        told = [fact for fact in facts(world.person) if fact.evidence]
        ids = {fact.id for fact in told}
        kinds = {(fact.matter, fact.replaces in ids) for fact in told}
        found["taste"] += ("taste", True) in kinds
        found["routine"] += ("routine", True) in kinds
        found["goal"] += ("goal", False) in kinds
        found["aim"] += ("aim", False) in kinds
        found["leaning"] += any(f.matter == "leaning" and len(f.evidence) >= 3 for f in told)
        found["expertise"] += ("expertise", False) in kinds
        found["thing"] += any(turn.concepts for turn in world.turns)
        found["closeness"] += any(f.attribute == "closeness" for f in told)
    assert min(found.values()) >= 0.75 * people, found


# ── cues ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def reading(person: Person, turns: int, seed: int) -> dict[Trait, float]:
    """Read a person's traits as the mean signed cue over so many turns."""
    rng, time = random.Random(f"cues {person.id} {turns}"), frame(seed, "train", "train", int(person.id.split("-")[1]))
    moments = [moment for session in time.sessions for moment in session]
    cues = [draw_cue(person, moments[at * len(moments) // turns], at, rng) for at in range(turns)]
    return {trait: mean(cue[1] if cue and cue[0] == trait else 0.0 for cue in cues) for trait in TRAITS}


def test_cues_tell_little_in_two_turns_and_a_lot_in_sixty() -> None:
    people = [live(3, "train", "train", number) for number in range(200)]
    truth = {trait: [traits_at(person, person.end)[trait] for person in people] for trait in TRAITS}

    def recovered(turns: int) -> list[float]:
        read = [reading(person, turns, 3) for person in people]
        return [correlation([one[trait] for one in read], truth[trait]) for trait in TRAITS]

    assert min(recovered(60)) > 0.7
    assert mean(recovered(2)) < 0.3


def test_strangers_give_little_away_at_first() -> None:
    people = [live(4, "train", "train", number) for number in range(40)]

    def shown(number: int) -> float:
        rng = random.Random(number)
        return mean(draw_cue(one, one.start, number, rng) is not None for one in people for _ in range(25))

    assert shown(0) < shown(4) < shown(20)
    assert shown(20) == pytest.approx(CUED, abs=0.06)


def test_the_plan_has_the_acts_a_conversation_needs() -> None:
    acts: Counter[str] = Counter()
    turns = 0
    for number in range(6):
        slots = plan(live(2, "test", "200", number), 2, "200", number).slots
        turns += len(slots)
        acts.update(beat.act for slot in slots for beat in slot.beats)
        for slot in slots:
            named = [beat.act for beat in slot.beats]
            assert "greet" not in named[1:]
            assert "close" not in named[:-1]
    least = {"chat": 0.03, "recall": 0.015, "ask": 0.08, "choose": 0.05, "other": 0.05, "change": 0.05}
    assert all(acts[act] >= share * turns for act, share in least.items()), acts
    assert acts["waver"]
    assert acts["correct"]
    assert acts["offered"]
    assert acts["end"]
