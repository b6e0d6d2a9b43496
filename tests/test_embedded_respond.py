"""The reply without weights: what it looks up, what it answers, what it refuses, and its contract on any text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personavlm.embedded import choice, respond, scene
from personavlm.embedded.question import analyse
from personavlm.embedded.respond import headline
from personavlm.memory import Memory
from personavlm.models import ImagePart, Message
from personavlm.personality import NEUTRAL, Profile
from personavlm.prompts import DEFAULT_BUDGET, default_prompts
from personavlm.prompts.respond import (
    LAST_NOTICE,
    Context,
    parse_answer,
    parse_step,
    render_answer,
    render_respond,
    render_result,
)
from personavlm.prompts.text import Exchange, Line
from personavlm.trace import Answer, Hit, Malformed, Picture, Quote, Retrieve, Scores, Turn
from tests.fakes import HashingEncoder

NOW = datetime(2025, 6, 2, 21, 15, tzinfo=UTC)


def at(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def core(human: Mapping[str, str], persona: Mapping[str, str] | None = None) -> tuple[Memory, ...]:
    rows = [("human", *kv) for kv in human.items()] + [("persona", *kv) for kv in (persona or {}).items()]
    day = at("2025-01-01")
    return tuple(
        Memory(f"c{n}", "core", f"{k}: {v}", day, (), attribute=k, value=v, block=b)  # type: ignore[arg-type]
        for n, (b, k, v) in enumerate(rows)
    )


def said(number: int, day: str, text: str, reply: str = "I see.") -> Quote:
    return Quote(f"t{number}", at(day), text, reply, 0.5)


def topic(*quotes: Quote) -> Hit:
    return Hit("m1", "episodic", quotes[0].time, "They talked.", Scores(0.5), "", quotes=quotes)


def remembered(number: int, day: str, text: str, **more: Any) -> Hit:
    return Hit(f"s{number}", more.pop("type", "semantic"), at(day), text, Scores(0.5), "", **more)


def opening(text: str, recent: Iterable[Exchange] = (), picture: bool = False, **human: str) -> tuple[Message, ...]:
    pictures = (Picture("a" * 64),) if picture else ()
    context = Context(
        Turn("t99", NOW, text, pictures), core({"name": "Nora"} | human, {"name": "Pip"}), NEUTRAL, tuple(recent)
    )
    images = lambda digest: ImagePart(digest, b"x")  # noqa: E731
    return render_respond(default_prompts(), context, DEFAULT_BUDGET, images)


def found(messages: tuple[Message, ...], *hits: Hit, notice: str = "") -> tuple[Message, ...]:
    result = render_result(default_prompts(), hits, notice, DEFAULT_BUDGET, lambda _: None)
    return (*messages, Message("assistant", ("…",)), result)


def act(messages: tuple[Message, ...], encoder: Any) -> Answer | Retrieve:
    action = parse_step(respond.step(messages, encoder), UTC, strict=True).action
    assert not isinstance(action, Malformed), action
    return action


def reply(messages: tuple[Message, ...], encoder: Any) -> str:
    action = act(messages, encoder)
    assert isinstance(action, Answer), action
    return action.text


# ── what is looked up ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text", ["Hi there!", "Thanks a lot", "I moved to Leeds last week.", "Who are you?", "Are you a bot?"]
)
def test_what_needs_no_memory_is_answered_at_once(text: str) -> None:
    assert isinstance(act(opening(text), HashingEncoder()), Answer)


@pytest.mark.parametrize(
    "text", ["Where does my sister live?", "What should I drink tonight?", "Do you remember my dog's name?"]
)
def test_questions_and_wishes_for_advice_are_looked_up(text: str) -> None:
    action = act(opening(text), HashingEncoder())
    assert isinstance(action, Retrieve)
    assert action.keywords


def test_a_time_in_the_question_bounds_the_look_up_and_a_failure_opens_it() -> None:
    messages = opening("What did I cook last week?")
    first = act(messages, HashingEncoder())
    assert isinstance(first, Retrieve)
    assert first.keywords == ("cook",)
    assert first.start == at("2025-05-26")
    assert first.end is not None
    assert first.end <= NOW + timedelta(minutes=1)
    second = act(found(messages), HashingEncoder())
    assert isinstance(second, Retrieve)
    assert second.start == first.start
    assert second.end is not None
    assert first.end <= second.end <= NOW + timedelta(minutes=1)  # told later, perhaps
    third = act(found(found(messages)), HashingEncoder())
    assert isinstance(third, Retrieve)
    assert (third.start, third.end) == (None, None)


def test_a_year_does_not_bound_the_look_up() -> None:
    action = act(opening("Where did I travel in 2023?"), HashingEncoder())
    assert isinstance(action, Retrieve)
    assert action.start is None


def test_after_the_last_look_up_there_is_an_answer() -> None:
    messages = found(found(found(opening("Where does my sister live?"))), notice=LAST_NOTICE)
    assert headline(reply(messages, HashingEncoder())).startswith("You haven't told me")


def test_core_memory_answers_without_a_look_up() -> None:
    assert headline(reply(opening("Where do I live?", home="Porto"), HashingEncoder())) == "Porto"
    assert isinstance(act(opening("Where does my sister live?", home="Porto"), HashingEncoder()), Retrieve)


def test_a_name_in_the_first_result_is_followed(minilm: Any) -> None:
    messages = opening("Where does Bob's sister live?")
    action = act(found(messages, topic(said(3, "2025-03-01", "Met Bob today, his sister Zoe came too."))), minilm)
    assert isinstance(action, Retrieve)
    assert "Zoe" in action.keywords


# ── what is answered ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_relative_time_is_resolved_against_the_turn_it_was_said_in(minilm: Any) -> None:
    messages = found(
        opening("When did I go hiking in the hills?"),
        topic(said(4, "2025-05-08", "I went hiking in the hills yesterday!")),
    )
    text = reply(messages, minilm)
    assert headline(text) == "7 May 2025"
    assert "You told me on 8 May 2025: “I went hiking in the hills yesterday!”" in text


def test_a_place_a_name_and_a_thing_are_short_and_quoted(minilm: Any) -> None:
    evidence = topic(
        said(2, "2025-02-01", "My sister Ana moved to Porto to study architecture."),
        said(3, "2025-02-09", "I adopted a beagle called Biscuit from the shelter."),
    )
    assert "Porto" in headline(reply(found(opening("Where did my sister move?"), evidence), minilm))
    assert "Biscuit" in reply(found(opening("What is the beagle I adopted called?"), evidence), minilm)


def test_what_the_other_side_did_is_no_evidence_about_the_user(minilm: Any) -> None:
    pottery = topic(said(5, "2025-04-01", "How was your week?", "I made a blue bowl in my pottery class."))
    mine = found(opening("What did I make in my pottery class?"), pottery)
    yours = found(opening("What did you make in your pottery class?"), pottery)
    assert isinstance(act(mine, minilm), Retrieve), "not supported: it is looked up again"
    assert headline(respond.answer(mine, minilm)).startswith("You haven't told me")
    assert "bowl" in headline(reply(yours, minilm))


def test_names_of_the_two_sides_stand_for_them() -> None:
    asked = analyse("When did Nora visit Pip?", NOW, "Nora", "Pip")
    assert asked.about == {"user", "assistant"}
    assert analyse("What does Mel's necklace mean?", NOW, "Melanie", "Pip").about == {"user"}
    assert analyse("What did I tell you about Bob?", NOW, "Nora", "Pip").about == {"user"}


def test_the_current_taste_is_advised_and_the_former_one_named(minilm: Any) -> None:
    drinks = (
        remembered(2, "2025-05-09", "Favourite drink is Coca-Cola"),
        remembered(1, "2025-03-03", "Favourite drink is Sprite", status="superseded", until=at("2025-05-09")),
    )
    messages = found(opening("I had a dreadful day. What should I drink?"))
    assert "dreadful" in getattr(act(messages, minilm), "keywords", ())
    text = reply(found(messages, *drinks), minilm)
    assert headline(text) == "Coca-Cola"
    assert "9 May 2025" in text
    assert "Before that it was “Favourite drink is Sprite”" in text


def test_the_value_that_holds_is_given_and_the_one_that_held_then(minilm: Any) -> None:
    homes = (
        remembered(1, "2024-03-03", "Lives in Leeds", status="superseded", until=at("2025-05-09")),
        remembered(2, "2025-05-09", "Lives in Porto"),
    )
    now = reply(found(opening("Where do I live?"), *homes), minilm)
    then = reply(found(opening("Where did I live in January?"), *homes), minilm)
    assert (headline(now), headline(then)) == ("Porto", "Leeds")
    assert "Until 9 May 2025 it was: “Lives in Leeds”" in now


def test_a_disliked_thing_is_not_advised(minilm: Any) -> None:
    tastes = (remembered(1, "2025-03-03", "Can't stand liquorice tea"), remembered(2, "2025-03-03", "Loves ginger tea"))
    text = reply(found(found(opening("Which tea should I buy?")), *tastes), minilm)
    assert headline(text) == "Ginger tea"
    assert "liquorice" not in text


def test_options_are_chosen_by_evidence_wherever_they_stand(minilm: Any) -> None:
    evidence = topic(said(3, "2025-02-09", "I adopted a beagle called Biscuit from the shelter."))
    texts = [
        "A parrot called Rio",
        "A beagle called Biscuit",
        "Two goldfish from the market, and a pond to keep them in",
    ]
    for shift in range(3):
        order = texts[shift:] + texts[:shift]
        options = "\n".join(f"({letter}). {text}" for letter, text in zip("abc", order, strict=True))
        messages = found(
            opening(f"Which pet did I adopt?\nOptions:\n{options}\nAnswer with (a), (b) or (c)."), evidence
        )
        assert reply(messages, minilm).startswith(f"({'abc'[order.index(texts[1])]})")


def test_the_unknown_option_wins_only_without_support(minilm: Any) -> None:
    question = analyse("Which pet did I adopt?\n(a) A beagle\n(b) You have not mentioned it", NOW)
    option, evidence = choice.choose(question.text, question.options, [], {}, minilm)[:2]
    assert (option.letter, evidence) == ("b", None)


def test_a_known_thing_is_named_and_an_unknown_one_is_not() -> None:
    messages = opening("Who is this?", picture=True)
    assert isinstance(act(messages, HashingEncoder()), Retrieve)
    rex = remembered(7, "2025-04-04", "their dog Rex (Image Object: dog)", type="visual")
    assert headline(reply(found(messages, rex), HashingEncoder())) == "This is your dog Rex"
    assert headline(reply(found(messages), HashingEncoder())) == "I don't know this one"


def test_a_statement_is_understood() -> None:
    text = reply(opening("Hi! I moved to Leeds last week with my dog."), HashingEncoder())
    assert headline(text) == "Noted: you moved to Leeds last week with your dog"


def test_it_says_what_it_is() -> None:
    assert "embedded model" in headline(reply(opening("What are you?"), HashingEncoder()))


def test_tone_comes_after_the_facts() -> None:
    lively = Profile(extraversion=5.0)
    plain = render_answer(default_prompts(), _context("Where do I live?", NEUTRAL), (), DEFAULT_BUDGET, lambda _: None)
    toned = render_answer(default_prompts(), _context("Where do I live?", lively), (), DEFAULT_BUDGET, lambda _: None)
    first, second = (respond.answer(m, HashingEncoder()) for m in (plain, toned))
    assert second.startswith(first)
    assert len(second) > len(first)


def _context(text: str, profile: Profile) -> Context:
    return Context(Turn("t9", NOW, text), core({"name": "Nora", "home": "Porto"}), profile, ())


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────

_WORDS = st.sampled_from(
    [
        "what",
        "when",
        "who",
        "where",
        "why",
        "how",
        "did",
        "I",
        "you",
        "my",
        "Nora",
        "Bob",
        "go",
        "buy",
        "<think>",
        "</answer>",
        "<retrieve>",
        "(a)",
        "(b).",
        "?",
        "!",
        "last",
        "week",
        "May",
        "2023",
        "should",
        "recommend",
        "｛UserQuery｝",
        "{UserQuery}",
        '"',
        ",",
        ";",
        "\n",
        "Options:",
        "dog",
        "tea",
        "＜",
        "-",
        "[m1]",
        "user:",
    ]
)
_ANY = st.one_of(st.text(max_size=80), st.lists(_WORDS, max_size=14).map(" ".join))


@settings(max_examples=80, deadline=None)
@given(query=_ANY, quote=_ANY, memory=_ANY, looks=st.integers(0, 3), picture=st.booleans())
def test_any_text_gets_a_step_and_a_reply_that_keep_the_contract(
    query: str, quote: str, memory: str, looks: int, picture: bool
) -> None:
    messages = opening(query, [Exchange(Turn("t98", NOW, quote), memory)], picture)
    hits = (topic(said(1, "2025-02-01", quote, memory)), remembered(1, "2025-02-01", memory or "tea"))
    for number in range(looks):
        messages = found(messages, *hits, notice=LAST_NOTICE if number == 2 else "")
    text = respond.step(messages, HashingEncoder())
    assert text == respond.step(messages, HashingEncoder())
    action = parse_step(text, UTC, strict=True).action
    assert not isinstance(action, Malformed), action
    assert looks < 3 or isinstance(action, Answer)
    final = respond.answer(messages, HashingEncoder())
    assert isinstance(parse_answer(final), Answer)
    assert headline(final)


# ── other words, other forms, the right type ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("asked", "told", "short"),
    [
        ("What did Bob bring along?", "Bob came round with his drum this afternoon and we sat outside", "His drum"),
        ("Who looks after Rex while I'm in Oslo?", "Ann said yes for May. She'll take him all week", "Ann"),
        ("What am I training for?", "I signed up for a triathlon, first one ever", "A triathlon"),
        ("Which recipe did I ask you for?", "Give me a receipe for leek soup!", "Leek soup"),
        ("What did I like most about the flat?", "The flat is bright, quiet, the balcony especially.", "The balcony"),
        (
            "How was I feeling on Friday?",
            "I felt really low about it, and the rain didn't help.",
            "Really low about it",
        ),
        ("Which city did my brother fly to?", "My brother flew to Lisbon on Friday.", "Lisbon"),
    ],
)
def test_the_answer_is_the_phrase_that_the_questions_verb_asks_for(
    asked: str, told: str, short: str, minilm: Any
) -> None:
    evidence = topic(said(4, "2025-05-30", told), said(5, "2025-05-31", "The rain near Tring never stops."))
    assert headline(respond.answer(found(opening(asked), evidence), minilm)) == short


def test_a_thing_is_not_taken_for_the_act_of_the_same_name(minilm: Any) -> None:
    toy = topic(said(4, "2025-05-30", "The wooden train for my nephew is finished, wheels and all."))
    assert "nephew" not in headline(respond.answer(found(opening("What am I training for?"), toy), minilm))


def test_a_reason_is_read_where_why_was_asked(minilm: Any) -> None:
    evidence = topic(
        said(4, "2025-05-30T10:00", "I've taken up rowing.", "Oh! What made you start?"),
        said(5, "2025-05-30T10:01", "I wanted to get out of the house more. The river is right there."),
    )
    text = respond.answer(found(opening("Why did I take up rowing?"), evidence), minilm)
    assert headline(text) == "To get out of the house more"
    assert "“I wanted to get out of the house more." in text


def test_several_things_are_gathered_from_several_turns_with_their_sources(minilm: Any) -> None:
    evidence = topic(
        said(4, "2025-05-02", "I play the cello in a quartet."), said(5, "2025-05-20", "On Sundays I play the piano.")
    )
    text = respond.answer(found(opening("Which instruments do I play?"), evidence), minilm)
    assert all(word in headline(text) for word in ("cello", "piano"))
    assert "2 May 2025" in text
    assert "20 May 2025" in text


def test_what_only_repeats_the_question_is_no_answer(minilm: Any) -> None:
    evidence = topic(
        said(4, "2025-05-02T10:00", "Lunch, please!", "What do you usually have for lunch?"),
        said(5, "2025-05-02T10:01", "I mostly have noodles because they are quick."),
    )
    assert headline(respond.answer(found(opening("What do I have for lunch?"), evidence), minilm)) == "Noodles"


def test_an_answer_that_quotes_its_evidence_is_no_evidence_itself() -> None:
    """What it rested on is found by itself, or has been corrected since."""
    answer = "Cello.\nYou told me on 3 March 2025: “My sister plays the cello.”"
    lines = [Line("t2", NOW, "What does my sister play?", said) for said in (answer, "Lovely, a cello.")]
    assert [[u.side for u in scene._sides(line, 0)] for line in lines] == [["user"], ["user", "assistant"]]
