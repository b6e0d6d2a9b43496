"""Domains: when a conversation is about one, and how its records are told."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personavlm.embedded import domains
from personavlm.embedded.spans import Candidate
from personavlm.prompts.text import Line, MemoryLine

NOW = datetime(2025, 1, 6, tzinfo=UTC)


def line(user: str, assistant: str) -> Line:
    return Line("", NOW, user, assistant)


@pytest.mark.parametrize(
    ("before", "text"),
    [
        ((), "I want to make something quick for dinner, a simple recipe please"),
        ((), "what can I make for dinner? I eat no meat"),
        ((line("hi", "hello, are you interested in a breakfast or lunch recipe"),), "lunch"),
        ((line("can you recommend a recipe?", "Certainly, is this for yourself?"),), "Yes, a quick meal for two"),
    ],
)
def test_help_with_cooking_is_noticed_however_it_is_asked(before: tuple[Line, ...], text: str) -> None:
    assert domains.about(text, before) == "recipes"


@pytest.mark.parametrize(
    ("before", "text"),
    [
        ((), "I went to dinner with my sister, then we saw a film"),
        ((), "we cooked a lovely meal together and I told her about the job"),
        ((line("My dinner with Ana was great", "That sounds lovely!"),), "She brought a cake"),
        ((), ""),
    ],
)
def test_talk_of_meals_is_no_request(before: tuple[Line, ...], text: str) -> None:
    assert domains.about(text, before) == ""


def told(text: str, kept: list[tuple[str, str]], aside: list[str] = [], known: str = "") -> list[tuple[str, str, str]]:  # noqa: B006
    memories = [MemoryLine("m1", "semantic", NOW, known, "current", None)] if known else []
    found = domains._told(
        "recipes", text, [(span(text, v), c) for v, c in kept], [span(text, v) for v in aside], memories
    )
    return [(one.attribute, one.value, one.content) for one in found]


def span(text: str, value: str) -> Candidate:
    start = text.index(value)
    return Candidate(start, start + len(value), value, ())


def test_the_first_of_a_clause_tells_it_and_the_others_their_value() -> None:
    records = told("I usually cook chicken and rice", [("chicken", "dish_like"), ("rice", "ingredient_like")])
    assert [value for _, value, _ in records] == ["chicken", "rice"]
    assert "chicken and rice" in records[0][2]
    assert records[1][2] == "likes rice"


def test_a_value_known_from_another_matter_is_told_briefly_and_never_twice() -> None:
    text, kept = "I usually cook chicken", [("chicken", "dish_like")]
    assert [content for *_, content in told(text, kept, known="has chicken in the fridge")] == ["enjoys chicken"]
    assert told(text, kept, known="enjoys chicken") == []


def test_of_what_may_matter_only_that_part_is_told_beside() -> None:
    text = "I am vegan. Well you know how it is, my flatmate Bo is coming round later on"
    ((_, _, content),) = told(text, [("vegan", "diet_requirements")], ["flatmate Bo"])
    assert content.endswith("vegan; flatmate Bo")


WORDS = st.lists(
    st.sampled_from(("rice", "beans", "and", "I", "like", "tea", ",", ".", "soup")), min_size=1, max_size=25
)


@settings(deadline=None)
@given(WORDS, st.lists(st.tuples(st.integers(0, 24), st.integers(1, 4)), max_size=5))
def test_what_is_told_beside_was_typed_and_holds_every_part(words: list[str], parts: list[tuple[int, int]]) -> None:
    text = " ".join(words)
    places = [(m.start(), m.end()) for m in re.finditer(r"\w+", text)]
    spans = [places[a : a + n] for a, n in parts if places[a : a + n]]
    aside = [Candidate(s[0][0], s[-1][1], text[s[0][0] : s[-1][1]], ()) for s in spans]
    beside = list(domains._beside(text, aside))
    assert all(part in text for part in beside)
    assert all(any(one.value in part for part in beside) for one in aside)
    assert len(beside) <= len(aside)
