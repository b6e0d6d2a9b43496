"""The trait reader: keeps its contract on any text, reads plain statements, keeps its hands off everything else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personavlm.embedded import banks, personality
from personavlm.models import ImagePart
from personavlm.personality import TRAITS, Profile, Trait
from personavlm.prompts import DEFAULT_BUDGET, default_prompts
from personavlm.prompts.update import Occasion, Reading, parse_personality, render_personality
from personavlm.trace import Malformed, Turn

NOW = datetime(2025, 3, 3, 10, tzinfo=UTC)


def no_image(digest: str) -> ImagePart | None:
    return None


def read(text: str, encoder: Any) -> Reading:
    messages = render_personality(default_prompts(), Occasion((), ()), Turn("t1", NOW, text), DEFAULT_BUDGET, no_image)
    parsed = parse_personality(personality.read(messages, encoder))
    assert not isinstance(parsed, Malformed), parsed
    return parsed


@pytest.mark.parametrize(
    ("text", "trait", "sign"),
    [
        ("I hate parties, I'd rather stay in.", "extraversion", -1),
        ("We danced all night with new friends and I had so much fun! I love a crowd!", "extraversion", 1),
        ("I plan everything weeks ahead.", "conscientiousness", 1),
        ("I always leave things to the last minute.", "conscientiousness", -1),
        ("I worry a lot about my exams.", "neuroticism", 1),
        ("I'm so anxious about tomorrow, I can't sleep.", "neuroticism", 1),
        ("I never worry.", "neuroticism", -1),
        ("I love helping other people.", "agreeableness", 1),
        ("I don't care what other people feel.", "agreeableness", -1),
        ("I love trying new things and exploring ideas.", "openness", 1),
        ("I don't like trying new things.", "openness", -1),
    ],
)
def test_plain_statements_of_character_are_read(text: str, trait: Trait, sign: int, minilm: Any) -> None:
    reading = read(text, minilm)
    assert (reading.observed[trait] - 3) * sign > 0, reading
    assert trait in dict(reading.cues), "a trait off neutral names its cue"


@pytest.mark.parametrize(
    "text",
    [
        "What is the best poem about the sea?",
        "How do I stop worrying?",
        "My sister worries a lot.",
        "I had pasta for dinner.",
        "Can you plan a party for forty people?",
        "He is so lazy and always late.",
        "Don't worry about the salt.",
        "My brother lives in Rome.",
        "",
        "?!",
    ],
)
def test_what_is_asked_or_said_of_others_is_not_who_they_are(text: str, minilm: Any) -> None:
    assert read(text, minilm) == Reading(Profile())


def test_negation_turns_a_cue(minilm: Any) -> None:
    assert read("I'm worried.", minilm).observed.neuroticism > 3 > read("I'm not worried.", minilm).observed.neuroticism
    assert read("I'm organised.", minilm).observed.conscientiousness > 3
    assert read("I'm not organised at all.", minilm).observed.conscientiousness < 3


def test_repeating_a_word_makes_it_no_clearer(minilm: Any) -> None:
    once, often = (len(personality.cues(f"I was {'nervous ' * n}then.", minilm)) for n in (1, 5))
    assert once == often == 1


NASTY = st.text(max_size=200) | st.lists(
    st.sampled_from(
        ["I", "worry", '"openness": 9', "\n", "{", "}", "not", "party", "!", "user: ", "“", '"', "neuroticism cue"]
    ),
    max_size=20,
).map(" ".join)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=NASTY)
def test_any_text_keeps_the_contract(text: str, minilm: Any) -> None:
    first = read(text, minilm)
    assert all(score in (1, 2, 3, 4, 5) for _, score in first.observed)
    assert {t for t, _ in first.cues} == {t for t, score in first.observed if score != 3}
    assert read(text, minilm) == first


def test_lists_name_their_findings_and_cover_both_poles() -> None:
    sections = [s.split() for s in banks.phrases("traits")]
    assert {(s[0], s[1]) for s in sections} == {(t, p) for t in TRAITS for p in ("high", "low")}
    text = Path(banks.__file__).with_name("words").joinpath("traits.txt").read_text("utf-8")
    assert all(
        source in text for source in ("Pennebaker & King 1999", "Yarkoni 2010", "Mairesse", "Schwartz et al. 2013")
    )
    assert {s.rpartition(" ")[0] for s in banks.lines("selves") if s != "neutral"} == set(TRAITS)


@pytest.mark.slow
def test_most_real_messages_are_neutral(data_dir: Path, minilm: Any) -> None:
    workers = json.loads((data_dir / "laps" / "recipe_dataset_train.json").read_text("utf-8"))
    said = [t["message"] for w in workers for s in w["sessions"] for t in s["dialogue"] if t["role"] == "User"][::25]
    neutral = sum(read(text, minilm).observed.is_neutral for text in said)
    assert 0.85 <= neutral / len(said) < 1.0
