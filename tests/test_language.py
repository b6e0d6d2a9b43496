from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personavlm.embedded import language as lang


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "i can't stand olives!! what about you? my dog's called Biscuit",
            ["i can't stand olives!!", "what about you?", "my dog's called Biscuit"],
        ),
        ("I wake at 7.30 a.m. on weekdays.Then I run", ["I wake at 7.30 a.m. on weekdays.", "Then I run"]),
        ("Dr. Lee is my dentist", ["Dr. Lee is my dentist"]),
        ("first line\nsecond line", ["first line", "second line"]),
        ("", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert lang.sentences(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("do you like it", True),
        ("any ideas for tonight", True),
        ("What should I wear?", True),
        ("ok so can you help me", True),
        ("is my train late", True),
        ("How I love this place", False),
        ("I like it", False),
        ("What I need is a break", False),
        ("Have a nice day", False),
    ],
)
def test_questions(text: str, expected: bool) -> None:
    assert lang.is_question(text) is expected


def test_clauses_cut_at_new_subjects_and_contrast_but_not_in_lists() -> None:
    assert lang.clauses("I love tea, cake and jam, but I hate coffee and my sister Ana lives in Porto") == [
        "I love tea, cake and jam",
        "I hate coffee",
        "my sister Ana lives in Porto",
    ]


def test_negation_reaches_back_within_the_clause() -> None:
    text = "I don't like jazz but blues is fine"
    assert lang.is_negated(text, text.index("jazz"))
    assert not lang.is_negated(text, text.index("blues"))
    assert not lang.is_negated("I can't not go", len("I can't not "))


def test_names_are_runs_of_capitals_that_do_not_merely_open_a_sentence() -> None:
    assert lang.names("Yesterday I met Anna Smith in Porto. Bob's dog was there") == ["Anna Smith", "Porto", "Bob"]


@pytest.mark.parametrize(
    ("base", "third"), [("like", "likes"), ("go", "goes"), ("carry", "carries"), ("play", "plays"), ("have", "has")]
)
def test_third_person(base: str, third: str) -> None:
    assert lang.third_person(base) == third


def test_same_ignores_endings_case_and_grammar_words() -> None:
    assert lang.same("the Spicy foods", "spicy food")
    assert not lang.same("spicy food", "sweet food")
    assert not lang.same("the", "a")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_any_text_keeps_its_words_and_order(text: str) -> None:
    pieces = lang.sentences(text)
    position = 0
    for piece in pieces:
        position = text.index(piece, position) + len(piece)
    assert "".join("".join(p.split()) for p in pieces) == "".join(text.split())
    for word in lang.tokens(text):
        assert text[word.start : word.end] == word.text
