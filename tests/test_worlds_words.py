"""What people type and what is replied: laws of the grammar, held over many worlds."""

from __future__ import annotations

import json
import random
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personavlm.personality import TRAITS, Profile
from personavlm.worlds.banks import bank
from personavlm.worlds.make import make_world
from personavlm.worlds.truth import fact_of
from personavlm.worlds.values import Half, Setting, Slot, World, WorldTurn
from personavlm.worlds.words import frames, grammar, manner, tidying
from personavlm.worlds.words.replies import advice
from personavlm.worlds.words.telling import SPOKEN, looks, spoken, tells

SETTINGS: tuple[tuple[Half, Setting], ...] = (("train", "train"), ("test", "50"), ("test", "100"))
worlds = st.builds(lambda seed, kind: (seed, *kind), st.integers(0, 11), st.sampled_from(SETTINGS))
Which = tuple[int, Half, Setting]


@cache
def world(seed: int, half: Half, setting: Setting) -> World:
    return make_world(seed, half, setting)


def slot(turn: WorldTurn) -> Slot:
    return Slot(turn.time, turn.beats)


# ── what the text must and must not say ──────────────────────────────────────────────────────────────────────────


@settings(deadline=None, max_examples=30)
@given(worlds)
def test_every_told_fact_is_in_the_text(which: Which) -> None:
    made = world(*which)
    for turn in made.turns:
        for fact in spoken(made.person, slot(turn)):
            again = any(beat.act in ("retell", "end") and beat.fact == fact.id for beat in turn.beats)
            assert tells(fact, turn.text, made.person, slot(turn), again), (fact.matter, fact.value, turn.text)


@settings(deadline=None, max_examples=30)
@given(worlds)
def test_reasons_are_told_with_changes(which: Which) -> None:
    made = world(*which)
    for turn in made.turns:
        for beat in turn.beats:
            fact = fact_of(made.person, beat.fact) if beat.fact else None
            if beat.act == "change" and fact and fact.reason and fact.matter in ("taste", "routine", "identity"):
                reason = frames.own(fact.reason, made.person.pronoun).lower()
                assert reason in turn.text.lower(), (fact.reason, turn.text)


@settings(deadline=None, max_examples=30)
@given(worlds)
def test_a_picture_is_never_described(which: Which) -> None:
    made = world(*which)
    shots = {shot.id: shot for shot in made.shots}
    for turn in made.turns:
        hidden = {word for id_ in turn.shots for word in looks(shots[id_])}
        said = said_apart_from_values(made, turn)
        assert not hidden & set(re.findall(r"[\w-]+", said.lower())), (hidden, turn.text)


def said_apart_from_values(made: World, turn: WorldTurn) -> str:
    """Return a turn's text without the facts it tells, which may hold any word ("white walls")."""
    text = turn.text.lower()
    for fact in (fact_of(made.person, beat.fact or beat.old) for beat in turn.beats if beat.fact or beat.old):
        for value in (fact.value, fact.text, fact.reason, frames.own(fact.reason, made.person.pronoun)):
            text = text.replace(value.lower(), " ") if value else text
    for beat in turn.beats:
        for words in (beat.subject, *beat.options):
            text = text.replace(words.lower(), " ") if words else text
    return text


@settings(deadline=None, max_examples=30)
@given(worlds)
def test_what_is_shown_only_is_never_said(which: Which) -> None:
    made = world(*which)
    for turn in made.turns:
        for beat in turn.beats:
            fact = fact_of(made.person, beat.fact) if beat.fact else None
            if fact and fact.matter in ("leaning", "aim"):
                assert fact.value.lower() not in turn.text.lower(), turn.text
                assert fact.value.lower() not in turn.reply.lower(), turn.reply


@settings(deadline=None, max_examples=30)
@given(worlds)
def test_replies_propose_what_is_offered(which: Which) -> None:
    made = world(*which)
    for turn in made.turns:
        for beat in turn.beats:
            if beat.act == "offered":
                assert beat.options[0].lower() in turn.reply.lower(), turn.reply
                assert beat.options[0].lower() not in turn.text.lower(), turn.text


# ── how it is written ────────────────────────────────────────────────────────────────────────────────────────────

FLAWS = {
    "two spaces": r"  ",
    "a leftover slot or choice": r"[{}<>|\[\]\x02\x03]",
    "a space before punctuation": r" [,.;:!?](?!\.)",
    "a vowel after a": r"\b[Aa] (?=[aeiou])(?!one\b|uni|use|usu|eur|u[bkt]|ukulele)",
    "doubled punctuation": r",,|,\.(?!\.)|;;|\.,|[?!][.,;]|(?<!\.)\.\.(?!\.)",
    "a double article": r"\b(?:the|a|an|my) (?:the|a|an|my)\b",
    "a doubled preposition": r"\b(at at|in in|on on|to to|of of)\b",
}


@settings(deadline=None, max_examples=30)
@given(worlds)
def test_texts_are_well_formed(which: Which) -> None:
    made = world(*which)
    for turn in made.turns:
        for text in (turn.text, turn.reply):
            assert text.strip() == text, repr(text)
            assert text
            for name, flaw in FLAWS.items():
                assert not re.search(flaw, text), (name, text)
            assert text.count("(") == text.count(")"), text


@settings(deadline=None, max_examples=30)
@given(worlds)
def test_cues_are_those_asked_for(which: Which) -> None:
    made = world(*which)
    for turn in made.turns:
        assert turn.cues == tuple(beat.cue for beat in turn.beats if beat.cue)


@settings(deadline=None, max_examples=30)
@given(worlds)
def test_unseen_patterns_stay_out_of_training(which: Which) -> None:
    made = world(*which)
    unseen = {p.id for patterns in grammar.patterns().values() for p in patterns if p.unseen}
    for turn in made.turns:
        assert turn.skeletons
        if turn.unseen:
            assert made.person.half == "test"
        assert all((id_ in unseen) == turn.unseen for id_ in turn.skeletons), turn.skeletons


def test_the_same_seed_gives_the_same_words() -> None:
    first, second = (make_world(5, "test", "50") for _ in range(2))
    assert [(t.text, t.reply, t.skeletons) for t in first.turns] == [
        (t.text, t.reply, t.skeletons) for t in second.turns
    ]


def test_help_is_substantial_and_length_is_moderate() -> None:
    asked, user, reply = [], [], []
    for seed in range(6):
        for turn in world(seed, "train", "train").turns:
            user.append(len(turn.text.split()))
            reply.append(len(turn.reply.split()))
            if any(beat.act == "ask" for beat in turn.beats):
                asked.append(reply[-1])
    assert min(asked) >= 18
    assert 30 <= sum(asked) / len(asked) <= 80
    assert 20 <= sum(user) / len(user) <= 45
    assert 30 <= sum(reply) / len(reply) <= 60


def test_replies_grow_casual_with_trust() -> None:
    def casual(share: float) -> float:
        turns = [t for seed in range(12) for t in tail(world(seed, "train", "train").turns, share)]
        marked = [id_ for t in turns for id_ in t.skeletons if ".casual/" in id_ or ".formal/" in id_]
        return sum(".casual/" in id_ for id_ in marked) / len(marked)

    assert casual(-0.25) < 0.35
    assert casual(0.25) > 0.65


def tail(turns: tuple[WorldTurn, ...], share: float) -> tuple[WorldTurn, ...]:
    count = int(len(turns) * abs(share))
    return turns[:count] if share < 0 else turns[-count:]


# ── the parts ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_key_has_patterns_of_both_sets() -> None:
    for key, patterns in grammar.patterns().items():
        assert {p.unseen for p in patterns} == {True, False}, key
        assert len({p.body for p in patterns}) == len(patterns), f"{key} holds a pattern twice"


@pytest.mark.parametrize(
    ("text", "pronoun", "expected"),
    [
        ("the dentist told her off", "she", "the dentist told me off"),
        ("it kept him awake", "he", "it kept me awake"),
        ("her old boss left", "she", "my old boss left"),
        ("they are tired of it and their feet hurt", "they", "I am tired of it and my feet hurt"),
        ("he always forgets his keys", "he", "I always forget my keys"),
        ("she was tired", "she", "I was tired"),
        ("a colleague swore by it", "she", "a colleague swore by it"),
    ],
)
def test_the_third_person_becomes_the_first(text: str, pronoun: str, expected: str) -> None:
    assert frames.own(text, pronoun) == expected


@pytest.mark.parametrize(
    ("noun", "expected"),
    [
        ("apple", "an"),
        ("union", "a"),
        ("hour", "an"),
        ("house", "a"),
        ("ukulele", "a"),
        ("one-way street", "a"),
        ("umbrella", "an"),
    ],
)
def test_articles(noun: str, expected: str) -> None:
    assert grammar.article(noun) == expected


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        ("likes tea", "like tea"),
        ("watches birds", "watch birds"),
        ("has a cat", "have a cat"),
        ("never misses it", "never miss it"),
        ("carries a notebook", "carry a notebook"),
        ("gave a speech", "gave a speech"),
    ],
)
def test_verbs_lose_their_ending(verb: str, expected: str) -> None:
    assert grammar.plain_verb(verb) == expected


@pytest.mark.parametrize("text", ["<a|b", "a]", "{x", "a > b", "[a|<b]>"])
def test_unbalanced_patterns_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"brackets|brace|no |unexpected"):
        grammar.parse(text)


def test_no_pattern_of_the_user_says_how_something_looks() -> None:
    content = bank("looks")
    hidden = {row["name"] for kind in ("colours", "patterns") for row in content[kind]} | set(content["materials"])
    for name in grammar.FILES[:-1]:
        for key, texts in grammar.read(name).items():
            for text in texts:
                words = set(re.findall(r"[a-z-]+", re.sub(r"\{[^}]*\}", "", text.lower())))
                assert not words & hidden, (key, text)


def test_no_pattern_names_a_pole_that_choices_only_show() -> None:
    poles = {pole for axis in bank("leanings")["axes"] for pole in axis["poles"]}
    for name in grammar.FILES:
        for key, texts in grammar.read(name).items():
            for text in texts:
                assert not [pole for pole in poles if pole in text.lower()], (key, text)


def test_every_sort_of_cue_names_the_finding_it_rests_on() -> None:
    sources = json.loads((Path(grammar.__file__).parent / "sources.json").read_text(encoding="utf-8"))
    poles = {key.rpartition(".")[0] for key in grammar.read("cues")}
    assert poles == set(sources) - {"facets"}
    assert len(poles) == 2 * len(TRAITS)


def test_what_cannot_be_filled_is_left_out() -> None:
    body = grammar.parse("tea[, because {reason}]<, or {other}|>.")
    rng = random.Random(0)
    assert {grammar.expand(body, {}, rng) for _ in range(20)} == {"tea."}
    assert not grammar.possible(grammar.parse("tea {reason}"), {})


@given(st.text(alphabet="abcdefgh ", min_size=1, max_size=40), st.integers(0, 99))
@settings(deadline=None)
def test_style_never_touches_a_value(value: str, seed: int) -> None:
    how = manner.Manner(1, 0.5, 1, 0.5, 1, True, 0.3, run_on=1, opener=1, openers=("well", "so"))
    kept = " ".join(value.split())
    if kept:
        text = f"because it's always {grammar.OPEN}{kept}{grammar.SHUT} going to happen"
        assert kept in manner.style(text, how, random.Random(seed))


SENTENCES = st.lists(
    st.sampled_from(
        ["I went home", "it rained", "Sunday it was", f"we saw {grammar.OPEN}Ada{grammar.SHUT}", "what is it"]
    ),
    min_size=1,
    max_size=5,
)


@given(SENTENCES, st.integers(0, 99), st.booleans())
def test_sentences_that_run_on_keep_their_words_and_their_order(said: list[str], seed: int, opens: bool) -> None:
    how = manner.Manner(0, 0, 0, 0, 0, False, 0, run_on=0.5, opener=0.5, openers=("mind you",))
    text = ". ".join(said) + "."
    flowing = manner.flow(text, how, random.Random(seed), opens)
    words = re.findall(r"[\w\x02\x03]+", flowing.lower())
    kept = iter(words)
    assert all(word in kept for word in re.findall(r"[\w\x02\x03]+", text.lower()))
    assert set(words) - set(re.findall(r"[\w\x02\x03]+", text.lower())) <= {"and", "mind", "you"}
    assert flowing.count("what is it.") + flowing.count("what is it. ") >= min(1, said.count("what is it"))


def test_nothing_runs_on_where_nobody_lets_it() -> None:
    how = manner.Manner(0, 0, 0, 0, 0, False, 0, run_on=0, opener=0, openers=("mind you",))
    assert manner.flow("I went home. it rained.", how, random.Random(0)) == "I went home. it rained."


@pytest.mark.parametrize(
    ("rough", "right"),
    [
        ("\x02tulips\x03 has won me over.", "tulips have won me over."),
        ("\x02table tennis\x03 has won me over.", "table tennis has won me over."),
        ("\x02visiting the old towns\x03 is under way.", "visiting the old towns is under way."),
        ("\x02Urs\x03 is here.", "Urs is here."),
        ("what lies behind it fascinates me.", "what lies behind it fascinates me."),
    ],
)
def test_verbs_agree_and_statements_stay_statements(rough: str, right: str) -> None:
    assert tidying.tidy(rough, capitals=False).replace("\x02", "").replace("\x03", "").lower() == right.lower()


def test_traits_lean_the_manner() -> None:
    def mean(**scores: float) -> manner.Manner:
        return manner.manner("somebody", Profile(**scores), "plain")

    assert mean(extraversion=5).loud > mean(extraversion=1).loud
    assert mean(conscientiousness=1).slips > mean(conscientiousness=5).slips
    assert mean(neuroticism=5).hedged > mean(neuroticism=1).hedged


def test_moments_are_said_relative_to_now() -> None:
    now = datetime(2025, 6, 18, 12, tzinfo=UTC)
    assert frames.ago(datetime(2025, 6, 17, tzinfo=UTC), now) == "yesterday"
    assert frames.ago(datetime(2025, 3, 2, tzinfo=UTC), now) == "back in March"
    assert frames.ahead(datetime(2025, 6, 20, tzinfo=UTC), now) == "on Friday 20 June"
    assert frames.clocks(19, 45) == ("19:45", "7:45 pm", "a quarter to eight in the evening")


def test_every_question_of_the_banks_has_advice_of_its_field() -> None:
    from personavlm.worlds.words.replies import _advice, _fields

    assert set(_fields().values()) <= set(_advice()["tips"])
    assert SPOKEN
    assert callable(advice)
