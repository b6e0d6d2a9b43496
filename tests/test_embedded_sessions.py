"""What the embedded model makes of a finished session: topics, goals and habits, core memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from personavlm.embedded import core, episodic, procedural
from personavlm.embedded.voice import dated, opening, reported
from personavlm.memory import Memory
from personavlm.models import ImagePart
from personavlm.prompts import DEFAULT_BUDGET, default_prompts
from personavlm.prompts.text import Exchange, one_line
from personavlm.prompts.update import (
    Entry,
    Occasion,
    Topic,
    parse_core,
    parse_episodic,
    parse_procedural,
    render_core,
    render_episodic,
    render_procedural,
)
from personavlm.trace import Malformed, Turn

NOW = datetime(2023, 5, 8, 13, 56, tzinfo=UTC)

Said = Sequence[tuple[str, str]]
"""User's words and the reply, turn by turn."""


def no_image(digest: str) -> ImagePart | None:
    return None


def occasion(said: Said, known: dict[str, str] | None = None, persona: dict[str, str] | None = None) -> Occasion:
    exchanges = tuple(Exchange(Turn(f"t{n + 1}", NOW + timedelta(minutes=n), u), a) for n, (u, a) in enumerate(said))
    blocks = (("human", known or {}), ("persona", persona or {}))
    memories = tuple(
        Memory(f"m{block}{n}", "core", value, NOW, ("t1",), attribute=key, value=value, block=block)  # type: ignore[arg-type]
        for block, entries in blocks
        for n, (key, value) in enumerate(entries.items())
    )
    return Occasion(memories, exchanges)


def core_of(
    said: Said | str, known: dict[str, str] | None = None, persona: dict[str, str] | None = None
) -> dict[str, str]:
    turns = [(said, "I see.")] if isinstance(said, str) else said
    text = core.extract(render_core(default_prompts(), occasion(turns, known, persona), DEFAULT_BUDGET, no_image), None)  # type: ignore[arg-type]
    return {e.key: e.value for e in kept(parse_core(text))}


def procedural_of(said: Said | str, encoder: Any, known: dict[str, str] | None = None) -> dict[str, str]:
    turns = [(said, "I see.")] if isinstance(said, str) else said
    old = [
        Memory(f"m{n}", "procedural", v, NOW, ("t1",), attribute=k) for n, (k, v) in enumerate((known or {}).items())
    ]
    messages = render_procedural(default_prompts(), occasion(turns), old, DEFAULT_BUDGET, no_image)
    return {e.key: e.value for e in kept(parse_procedural(procedural.extract(messages, encoder)))}


def topics_of(said: Said, encoder: Any, known: dict[str, str] | None = None) -> tuple[Topic, ...]:
    messages = render_episodic(default_prompts(), occasion(said, known), DEFAULT_BUDGET, no_image)
    found = parse_episodic(episodic.divide(messages, encoder), len(said))
    assert not isinstance(found, Malformed), found
    return found


def kept(parsed: tuple[Entry, ...] | Malformed) -> tuple[Entry, ...]:
    assert not isinstance(parsed, Malformed), parsed
    return parsed


# ── core ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("I'm a nurse and I live in Porto with my wife Ana.", {"job": "nurse", "home": "Porto", "wife": "Ana"}),
        ("My name is Sam.", {"name": "Sam"}),
        ("I'm 34, and I have asthma.", {"age": "34", "condition": "asthma"}),
        ("I'm allergic to peanuts and shellfish, so no thai", {"allergy": "peanuts and shellfish"}),
        ("We have two kids and a dog named Biscuit", {"family": "two kids", "dog": "Biscuit"}),
        ("My favorite food is curry, probably", {"favourite food": "curry"}),
        (
            "Please keep your answers short and call me Max.",
            {"length": "keep your answers short", "calls the user": "Max"},
        ),
        ("Can you be my running coach?", {"role": "my running coach"}),
        ("Stop using emojis!", {"manner": "Stop using emojis"}),
        ("I moved from Madrid to Lisbon last year", {"home": "Lisbon"}),
    ],
)
def test_what_users_say_of_themselves_is_kept(text: str, entries: dict[str, str]) -> None:
    assert core_of(text) == entries


@pytest.mark.parametrize(
    "text",
    [
        "My friend's name is Bob.", "My boss says my name is hard to spell", "If I lived in Rome I'd be happy.",
        "I used to live in Rome", "Do I live in Porto?", 'He wrote "my name is Bob" on it.', "call me when you're home",
        "I'm 34 weeks pregnant", "my brother lives in Rome", "I don't have any allergies", "She works as a nurse.",
        "I'm not vegan", "What a day!", "",
    ],
)  # fmt: skip
def test_what_is_supposed_asked_quoted_or_said_of_others_is_not(text: str) -> None:
    assert core_of(text) == {}


@pytest.mark.parametrize(
    ("asked", "said", "entries"),
    [
        ("What's your name?", "Sam", {"name": "Sam"}),
        ("How old are you?", "34", {"age": "34"}),
        ("And where do you live?", "In Porto", {"home": "Porto"}),
        ("What's your name?", "I'd rather not say", {}),
        ("What's your favourite colour?", "Green", {}),
    ],
)
def test_bare_answers_to_the_assistants_questions(asked: str, said: str, entries: dict[str, str]) -> None:
    assert core_of([("hello", asked), (said, "Thank you.")]) == entries


def test_only_what_is_new_or_corrected_is_written() -> None:
    said = "My name is Sam. I live in Porto. I work as a nurse."
    assert core_of(said, {"name": "Sam", "home": "Porto"}) == {"job": "nurse"}
    assert core_of(said, {"name": "Tom", "home": "Rome", "job": "nurse"}) == {"name": "Sam", "home": "Porto"}


def test_a_name_is_not_changed_by_an_aside() -> None:
    assert core_of([("My friend's name is Bob and my dog is called Rex.", "")], {"name": "Sam"}) == {"dog": "Rex"}


def test_lists_grow_and_a_job_lost_is_ended_only_if_known() -> None:
    assert core_of("I'm allergic to shellfish", {"allergy": "peanuts"}) == {"allergy": "peanuts, shellfish"}
    assert core_of("I quit my job!", {"job": "nurse"}) == {"job": ""}
    assert core_of("I quit my job!") == {}


def test_blocks_are_kept_apart() -> None:
    messages = render_core(
        default_prompts(), occasion([("I live in Porto. Keep it short, please.", "")]), DEFAULT_BUDGET, no_image
    )
    entries = kept(parse_core(core.extract(messages, None)))  # type: ignore[arg-type]
    assert [(e.block, e.key) for e in entries] == [("human", "home"), ("persona", "length")]


# ── procedural ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "key", "sentence"),
    [
        ("I play guitar every Sunday morning at 10.", "habit: play guitar", "Plays guitar every Sunday morning at 10."),
        ("On Tuesdays I run by the river at 7pm", "habit: run river", "Runs by the river at 7pm, on Tuesdays."),
        ("I usually have cereal for breakfast", "habit: cereal breakfast", "Usually has cereal for breakfast."),
        ("My dream is to open a dance studio.", "goal: open dance studio", "Their dream is to open a dance studio."),
        ("I'm learning Spanish", "goal: spanish", "Is learning Spanish."),
        ("I want to become a nurse next year", "goal: nurse", "Wants to become a nurse next year (2024)."),
    ],
)
def test_habits_and_goals_are_found(text: str, key: str, sentence: str, minilm: Any) -> None:
    assert procedural_of(text, minilm) == {key: sentence}


@pytest.mark.parametrize(
    "text",
    ["I want to cook chicken tonight", "I went running every day last week", "I don't go to the gym every day",
     "Do you play every Sunday?", "She swims twice a week.", "I want to try that recipe", "Nothing new.", ""],
)  # fmt: skip
def test_passing_wishes_and_past_or_foreign_habits_are_not(text: str, minilm: Any) -> None:
    assert procedural_of(text, minilm) == {}


def test_the_same_habit_keeps_its_key_and_is_not_written_twice(minilm: Any) -> None:
    known = {"habit: play guitar": "Plays guitar every Sunday morning at 10."}
    assert procedural_of("I play guitar every Sunday morning at 10.", minilm, known) == {}
    moved = procedural_of("I play the guitar every Saturday at 9 now.", minilm, known)
    assert moved == {"habit: play guitar": "Plays the guitar every Saturday at 9 now."}


def test_a_goal_moves_on_and_ends(minilm: Any) -> None:
    known = {"goal: marathon": "Is training for a marathon."}
    going = procedural_of("I'm training for a marathon, making good progress", minilm, known)
    assert going == {"goal: marathon": "Is training for a marathon (progressing, 8 May 2023)."}
    assert procedural_of("I finished my marathon training!", minilm, known) == {"goal: marathon": ""}
    assert procedural_of("I finished my soup.", minilm, known) == {}


def test_a_habit_dropped_in_the_session_that_told_of_it_is_not_kept(minilm: Any) -> None:
    said = [("I play tennis every Friday.", ""), ("Well, I don't play tennis anymore.", "")]
    assert procedural_of(said, minilm).get("habit: play tennis", "") == ""


def test_at_most_five_entries(minilm: Any) -> None:
    hobbies = ["swim", "bake bread", "paint birds", "clean windows", "call grandma", "study maps", "water plants"]
    assert len(procedural_of([(f"I {h} every Monday.", "") for h in hobbies], minilm)) == 5


# ── episodic ─────────────────────────────────────────────────────────────────────────────────────────────────────

DOG = [
    ("My dog Biscuit has been ill since yesterday.", "Oh no, has the vet seen the dog?"),
    ("Yes, the vet looked at Biscuit this morning.", "What did the vet say about the dog?"),
    ("The vet says the dog ate something in the garden.", "Poor dog!"),
    ("Biscuit gets medicine and rice, the vet was kind.", "Good vet."),
]
FLAT = [
    ("By the way, I found a flat in Porto with two bedrooms!", "A flat! What is the rent?"),
    ("The flat costs 900 euros and I move in June.", "Does the flat have a balcony?"),
    ("The flat has a balcony over the river.", "Lovely flat."),
    ("I have to buy furniture for the new flat.", "Which furniture for the flat?"),
]


def test_two_matters_are_two_topics(minilm: Any) -> None:
    dog, flat = topics_of([*DOG, *FLAT], minilm)
    assert (dog.turns, flat.turns) == ((0, 1, 2, 3), (4, 5, 6, 7))
    assert "Biscuit" in dog.keywords
    assert "Porto" in flat.keywords
    assert {"vet", "flat"} & {*dog.keywords, *flat.keywords} == {"flat"}, "words of three letters are no keywords"


def test_one_matter_is_one_topic_told_by_who_what_and_when(minilm: Any) -> None:
    (topic,) = topics_of(DOG[:2], minilm, {"name": "Ana"})
    assert topic.summary.startswith("On 8 May 2023 Ana said: ")
    assert "their dog Biscuit has been ill since yesterday (" in topic.summary
    assert not topics_of(DOG[:2], minilm)[0].summary.startswith("On 8 May 2023 Ana")


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.lists(st.tuples(st.text(max_size=60), st.text(max_size=40)), min_size=1, max_size=14))
def test_any_session_is_divided_without_rest_or_overlap(said: Said, minilm: Any) -> None:
    topics = topics_of(said, minilm)
    assert 1 <= len(topics) <= 6
    assert sorted(turn for topic in topics for turn in topic.turns) == list(range(len(said)))
    assert topics_of(said, minilm) == topics


# ── any text ─────────────────────────────────────────────────────────────────────────────────────────────────────

PIECES = (
    "My name is", "I live in", "null", "none", '"', "{", "}", "[", "\n", "Persona", "Human", '"job": clown', ":",
    "I run", "every Monday", "my dream is to", "open a", "Bob", "I stopped", "my favourite", "is", "call me",
    "topic_summary", "34", "I'm", "{}", "please be",
)  # fmt: skip
NASTY = st.text(max_size=80) | st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(said=[("I STOPPED N00", "")], key="0\x08", value="0")
@given(said=st.lists(st.tuples(NASTY, NASTY), min_size=1, max_size=4), key=NASTY, value=NASTY)
def test_any_text_keeps_all_three_contracts(said: Said, key: str, value: str, minilm: Any) -> None:
    known = {key.strip() or "k": value.strip() or "v"}
    assert core_of(said, known) == core_of(said, known)
    found = procedural_of(said, minilm, known)
    shown = {one_line(k, 80) for k in known}  # a key comes back as the prompt showed it, control characters left out
    assert len(found) <= 5
    assert all(k in shown or k.split(":")[0] in ("habit", "goal") for k in found)
    topics_of(said, minilm)


# ── the third person ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_third_person() -> None:
    assert reported("I'm glad my sister visited us yesterday") == "they're glad their sister visited them yesterday"
    assert reported("I was mine own") == "they were theirs own"
    assert dated("We met yesterday and run every Sunday", NOW) == "We met yesterday (7 May 2023) and run every Sunday"
    assert opening("Hey Mel! Thanks, I found it.") == "I found it"
