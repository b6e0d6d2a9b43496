"""What the embedded model keeps of a message: everyday sentences, far from the set it learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personavlm.embedded import domains, semantic
from personavlm.memory import Memory
from personavlm.prompts import DEFAULT_BUDGET, default_prompts
from personavlm.prompts.text import Exchange
from personavlm.prompts.update import Occasion, SemanticRecord, parse_semantic, render_semantic
from personavlm.trace import Malformed, Picture, Turn

NOW = datetime(2025, 5, 9, 18, 0, tzinfo=UTC)


class Blind:
    """A text encoder that sees no meaning: one unit vector for everything."""

    name = "blind"
    dim = 384

    def encode(self, texts: Sequence[str]) -> Any:
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        vectors[:, 0] = 1
        return vectors


def text_of(said: str, asked: str = "", known: Sequence[str] = (), caption: str = "", reply: str = "Noted.") -> str:
    before = (Exchange(Turn("t1", NOW - timedelta(minutes=2), "hello"), asked),) if asked else ()
    memories = [Memory(f"m{k}", "semantic", text, NOW, ("t1",)) for k, text in enumerate(known)]
    pictures = (Picture("", caption=caption),) if caption else ()
    turn = Turn("t2", NOW, said, pictures)
    messages = render_semantic(
        default_prompts(), Occasion((), before), Exchange(turn, reply), memories, DEFAULT_BUDGET, lambda _: None
    )
    return semantic.extract(messages, Blind())


def kept(said: str, **around: Any) -> tuple[SemanticRecord, ...]:
    records = parse_semantic(text_of(said, **around), UTC)
    assert not isinstance(records, Malformed), records
    return records


def only(said: str, **around: Any) -> SemanticRecord:
    records = kept(said, **around)
    assert len(records) == 1, [r.content for r in records]
    return records[0]


# ── forty everyday sentences, not about food ─────────────────────────────────────────────────────────────────────

PROBES: list[tuple[str, str, str, int]] = [
    ("i love old maps", "preference", "old maps", 1),
    ("I really enjoy swimming in cold lakes.", "preference", "swimming in cold lakes", 1),
    ("i'm really into chess these days", "preference", "chess", 1),
    ("can't stand horror films", "preference", "horror films", -1),
    ("i'm not a fan of crowded beaches", "preference", "crowded beaches", -1),
    ("I don't really like small talk", "preference", "small talk", -1),
    ("I hate getting up early, it ruins my day", "preference", "getting up early", -1),
    ("my favourite colour is teal", "preference", "teal", 1),
    ("My favorite band is Radiohead, no question", "preference", "Radiohead", 1),
    ("I'm obsessed with vintage typewriters", "preference", "vintage typewriters", 1),
    ("I'm scared of spiders", "preference", "spiders", -1),
    ("we love board games", "preference", "board games", 1),
    ("rainy evenings calm me down", "preference", "rainy evenings", 1),
    ("I live in Leeds", "fact", "Leeds", 0),
    ("i'm 34 years old", "fact", "34", 0),
    ("my name is Tomas", "fact", "Tomas", 0),
    ("I work as a nurse", "fact", "nurse", 0),
    ("i'm allergic to cats", "fact", "cats", -1),
    ("I have two brothers", "fact", "two brothers", 0),
    ("My birthday is on 3 June", "fact", "3 June", 0),
    ("I own a red bicycle", "fact", "red bicycle", 0),
    ("We just bought a house near the canal", "fact", "house near the canal", 0),
    ("I joined a choir last week", "fact", "choir", 0),
    ("My sister Ana moved to Porto", "relation", "Ana", 0),
    ("my brother is a pilot", "relation", "pilot", 0),
    ("My dog's name is Biscuit", "relation", "Biscuit", 0),
    ("our daughter Mia plays the cello", "relation", "Mia", 0),
    ("I run on Tuesdays at 7", "habit", "run", 0),
    ("every Sunday I call my grandmother", "habit", "call grandmother", 0),
    ("I go climbing twice a week", "habit", "climbing", 0),
    ("my goal is to run a marathon this year", "goal", "run marathon", 0),
    ("I'm learning to play the violin", "goal", "play violin", 0),
    ("we're visiting Bergen next month", "plan", "", 0),
    ("I'm going to paint the fence tomorrow", "plan", "", 0),
    ("remember that my passport is in the blue drawer", "request", "passport is in the blue drawer", 0),
    ("please don't forget that my car is parked on level 3", "request", "car is parked on level 3", 0),
    ("I used to love techno", "preference", "techno", 1),
    ("I gave up smoking", "fact", "", 0),
    ("I speak Portuguese and Dutch", "fact", "Portuguese and Dutch", 0),
    ("I'm married", "fact", "married", 0),
]


@pytest.mark.parametrize(("said", "kind", "value", "polarity"), PROBES, ids=[p[0] for p in PROBES])
def test_everyday_sentence(said: str, kind: str, value: str, polarity: int) -> None:
    records = kept(said)
    assert any(
        r.kind == kind and (not value or r.value.lower() == value.lower()) and r.polarity == polarity for r in records
    ), [(r.kind, r.content, r.value, r.polarity) for r in records]
    assert len(records) == 1


@pytest.mark.parametrize(
    "said",
    [
        "What's the weather like tomorrow?",
        "do you like jazz",
        "can you book me a table for two?",
        "if I had a dog I would call it Max",
        "I wish I lived in Paris",
        "my boss said I love meetings, just kidding",
        'she said "I hate this town and everyone in it, honestly"',
        "thanks, that's great!",
        "ok",
        "I like it",
        "i'd like a taxi to the station please",
        "I love that idea",
        "Could I get a summary of this text?",
        "Your dog is lovely",
        "haha you love football",
        "Love the colours in your photo!",
    ],
)
def test_nothing_worth_keeping(said: str) -> None:
    assert kept(said) == ()


# ── with what stands round a message ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("asked", "said", "content", "polarity"),
    [
        ("Do you have any pets?", "yes, two cats", "has two cats", 0),
        ("Do you like jazz?", "not really", "dislikes jazz", -1),
        ("Are you into hiking?", "yeah a lot", "likes hiking", 1),
        ("What is your favourite season?", "autumn", "favourite season is autumn", 1),
        ("Where do you live?", "in Ghent", "lives in Ghent", 0),
        ("Is there anything I should avoid?", "no balloons please", "avoids balloons", -1),
        ("When is your birthday?", "3 June", "birthday is 3 June", 0),
    ],
)
def test_short_answers_are_read_with_their_question(asked: str, said: str, content: str, polarity: int) -> None:
    record = only(said, asked=asked)
    assert (record.content, record.polarity) == (content, polarity)


def test_what_the_assistant_says_is_never_the_users() -> None:
    assert kept("ok, thanks", asked="I love jazz and my name is Robo.", reply="I live in a data centre.") == ()
    assert kept("no idea", asked="Do you like jazz?") == ()


def test_a_change_of_taste_replaces_the_older_memory() -> None:
    record = only("I used to love Sprite, but these days Coca-Cola calms me", known=["favourite drink is Sprite"])
    assert (record.value, record.polarity, record.replaces) == ("Coca-Cola", 1, "m0")
    assert record.content == "Coca-Cola calms them"


def test_a_taste_that_ended_keeps_its_end() -> None:
    record = only("I used to love techno", known=["loves techno"])
    assert record.replaces == "m0"
    assert record.until == NOW


@pytest.mark.parametrize(
    ("said", "known", "content"),
    [
        ("actually, it's Thursday, not Tuesday", "plays squash on Tuesdays", "plays squash on Thursdays"),
        ("I live in Bristol now", "lives in Leeds", "lives in Bristol"),
        ("my favourite colour is green now", "favourite colour is teal", "favourite colour is green"),
        ("I hate musicals", "loves musicals", "dislikes musicals"),
    ],
)
def test_corrections_replace(said: str, known: str, content: str) -> None:
    record = only(said, known=["has a bicycle", known])
    assert (record.content, record.replaces) == (content, "m1")


def test_what_is_known_is_not_kept_again() -> None:
    assert kept("I live in Leeds", known=["lives in Leeds"]) == ()


@pytest.mark.parametrize(
    ("said", "name", "concept"),
    [
        ("this is Biscuit, my dog", "Biscuit", "dog"),
        ("Meet my cat Luna!", "Luna", "cat"),
        ("here's my new mug, it's called Old Blue", "Old Blue", "mug"),
    ],
)
def test_named_things_in_pictures(said: str, name: str, concept: str) -> None:
    record = kept(said, caption="something")[0]
    assert (record.kind, record.content, record.concept) == ("concept", name, concept)


def test_without_a_picture_nothing_is_shown() -> None:
    assert all(r.kind != "concept" for r in kept("this is Biscuit, my dog"))


def test_an_event_has_its_date() -> None:
    record = only("I went to a pottery workshop last Saturday")
    assert record.since is not None
    assert record.since.date().isoformat() == "2025-05-03"


def test_an_appointment_on_a_weekday_lies_ahead() -> None:
    record = only("I have a job interview on Monday")
    assert record.kind == "plan"
    assert record.content == "has a job interview on Monday (12 May 2025)"
    assert record.until is not None
    assert record.until.date().isoformat() == "2025-05-12"


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.text(max_size=120))
def test_any_text_keeps_the_contract(said: str, asked: str) -> None:
    first = text_of(said, asked=asked)
    assert not isinstance(parse_semantic(first, UTC), Malformed)
    assert first == text_of(said, asked=asked)


STARTS = [
    "I love ",
    "my sister ",
    "i'm ",
    "I hate ",
    "remember that my ",
    "we have a ",
    "I used to ",
    "actually it's ",
    "",
]


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(STARTS), st.text('abc "{}:,.\n<>|[]-null', max_size=60))
def test_cues_before_anything_keep_the_contract(start: str, rest: str) -> None:
    assert not isinstance(parse_semantic(text_of(start + rest), UTC), Malformed)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["you", "my", "sister", "love", "jazz", "tea", "Porto", "on", "Tuesday"]), max_size=8))
def test_a_question_alone_gives_no_record(words: list[str]) -> None:
    assert kept(" ".join(["what", "about", *words]) + "?") == ()


def test_a_long_message_is_read_in_bounded_time() -> None:
    assert len(kept("I love tea. " * 20_000)) <= 12


# ── the learnt domain ────────────────────────────────────────────────────────────────────────────────────────────


def test_talk_of_other_things_is_no_business_of_the_domain() -> None:
    assert domains.about("I went to dinner with my sister, then we saw a film", ()) == ""
    assert domains.about("can you recommend a recipe for dinner?", ()) == "recipes"


def test_cooking_talk_is_read_by_the_learnt_reader(minilm: Any) -> None:
    asked = "Do you have any allergies or dietary requirements? How much time do you have to cook the recipe?"
    before = (Exchange(Turn("t1", NOW, "I need a dinner recipe"), asked),)
    turn = Turn("t2", NOW, "I'm vegetarian and allergic to nuts. I have about 30 minutes.")
    messages = render_semantic(
        default_prompts(), Occasion((), before), Exchange(turn, "ok"), (), DEFAULT_BUDGET, lambda _: None
    )
    records = parse_semantic(semantic.extract(messages, minilm), UTC)
    assert not isinstance(records, Malformed)
    # Where a span begins is the reader's choice.
    told = {(r.attribute, r.value.removeprefix("about ")) for r in records}
    assert {("diet_requirements", "vegetarian"), ("allergies", "nuts"), ("time_availability", "30 minutes")} <= told
