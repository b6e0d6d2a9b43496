"""Terms: which words count, and which count as the same."""

from __future__ import annotations

import pytest

from personavlm.words import STOP_WORDS, stem, terms, words


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("She plays the guitar on Sundays", ["play", "guitar", "sunday"]),
        ("Bob's dog isn’t Ann’s", ["bob", "dog", "ann"]),
        ("8 May, 2023", ["8", "may", "2023"]),
        ("café_au_lait", ["café", "au", "lait"]),
        ("", []),
        ("\x00<retrieve>", ["retriev"]),
    ],
)
def test_terms_are_stemmed_content_words(text: str, wanted: list[str]) -> None:
    assert terms(text) == wanted


def test_words_keep_their_spelling_beside_the_stem() -> None:
    assert list(words("Two Violins")) == [("Two", "two"), ("Violins", "violin")]


def test_stop_words_are_lower_case_and_closed_class() -> None:
    assert {"the", "where", "not"} <= STOP_WORDS
    assert not {"guitar", "yesterday", "today"} & STOP_WORDS
    assert all(word == word.lower() for word in STOP_WORDS)
    assert stem("played") == stem("playing") == "play"
