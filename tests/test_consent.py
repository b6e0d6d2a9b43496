"""Consent: what is not to be inferred or kept is not, from the moment it is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lab.trust.lives import parrot
from personavlm.assistant import Assistant, create_user
from personavlm.consent import EVERYTHING, TOPICS, WITHHELD, Consent, Request, after, agreed, read
from personavlm.memory import Link, Observe
from personavlm.personality import NEUTRAL
from personavlm.store import Store
from personavlm.trace import canonical
from tests.fakes import kit

NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


@pytest.fixture
def dana(tmp_path: Path) -> Assistant:
    return Assistant(create_user(tmp_path, "Dana", NOON), parrot(), kit=kit())


def bytes_of(store: Store) -> bytes:
    return b"".join(path.read_bytes() for path in store.folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Do not profile me.", Request("no profile")),
        ("Please stop guessing my personality", Request("no profile")),
        ("Don't analyse my character!", Request("no profile")),
        ("You may profile me again.", Request("profile")),
        ("Please don't remember anything about my health.", Request("bar", "health")),
        ("Hello. Never store anything on my divorce.", Request("bar", "divorce")),
        ("don’t remember health", Request("bar", "health")),
        ("From now on, don't keep anything I say.", Request("bar", EVERYTHING)),
        ("You may remember things about my health again.", Request("allow", "health")),
        ("Forget what I said about Rosa.", Request("forget", "Rosa")),
        ("Could you forget everything about my boat?", Request("forget", "boat")),
    ],
)
def test_requests_are_read(text: str, wanted: Request) -> None:
    assert read(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "I don't remember anything about my health class.",
        "My doctor said: don't remember things about school.",
        "Never mind, forget it.",
        "Don't forget about the milk.",
        "Don't remember anything.",
        "She told me to forget about Rosa.",
        "I never keep anything about taxes.",
        "Do you profile me?",
    ],
)
def test_what_only_sounds_like_a_request_is_none(text: str) -> None:
    assert read(text) is None


def test_only_a_bare_yes_is_a_yes() -> None:
    assert all(map(agreed, ("yes", "Yes, please.", "yes forget it", "go ahead!")))
    assert not any(map(agreed, ("yes but later", "no", "yesterday", "Yes, and my sister too", "")))


def test_without_consent_no_trait_is_read_or_used(dana: Assistant) -> None:
    dana.say(at(0), "What a marvellous day, I love surprises!")
    dana.flush()
    before = [edit for edit in dana.store.edits() if isinstance(edit, Observe)]
    dana.say(at(1), "Do not profile me.")
    dana.say(at(2), "I always plan everything to the minute.")
    dana.flush()
    assert [edit for edit in dana.store.edits() if isinstance(edit, Observe)] == before
    asked = [request.messages[-1].contract for request in dana.model.history]  # type: ignore[attr-defined]
    assert asked.count("personality") == 1
    assert dana.context(dana.store.draft(at(3), "x"), dana.store.state()).profile == NEUTRAL
    dana.say(at(4), "You may profile me again.")
    dana.flush()
    assert len([edit for edit in dana.store.edits() if isinstance(edit, Observe)]) > len(before)


def test_a_barred_topic_is_answered_and_leaves_no_byte(dana: Assistant) -> None:
    dana.say(at(0), "Please don't remember anything about my health.")
    trace = dana.say(at(1), "My chemotherapy at Saint Gudula starts on Friday.", [photo()])
    assert trace.reply  # it is answered as ever
    assert trace.turn.text.endswith("on Friday.")
    dana.say(at(2), "And the garden needs water.")
    dana.tick(at(200))
    assert [turn.turn.text for turn in dana.store.traces()][1] == WITHHELD
    assert b"Gudula" not in bytes_of(dana.store)
    assert list((dana.store.folder / "pictures").iterdir()) == []
    assert any("garden" in memory.text for memory in dana.store.state().all())
    assert dana.store.verify() == []


def photo() -> bytes:
    out = BytesIO()
    Image.new("RGB", (32, 32), "green").save(out, "PNG")
    return out.getvalue()


def test_a_memory_that_touches_a_barred_topic_is_not_stored_even_if_the_model_makes_one(dana: Assistant) -> None:
    dana.store.set_consent(Consent(topics=("wolf",)))
    dana.say(at(0), "A wolf howled.")
    dana.say(at(1), "Something else entirely.")
    dana.tick(at(200))
    assert "howl" not in "\n".join(canonical(row.value) for row in dana.store.rows())
    kept = dana.store.state().memories
    links = [edit.link for edit in dana.store.edits() if isinstance(edit, Link)]
    assert all({link.source, link.target} <= kept.keys() for link in links)


def test_settings_are_kept_and_taken_back(dana: Assistant, tmp_path: Path) -> None:
    dana.say(at(0), "Don't keep anything I say.")
    with Store.open(tmp_path, "Dana") as again:
        assert again.consent() == Consent(topics=(EVERYTHING,))
    dana.say(at(1), "The vault code is 9117.")
    assert b"9117" not in bytes_of(dana.store)
    dana.say(at(2), "You may remember everything again.")
    assert dana.store.consent() == Consent()
    dana.say(at(3), "The shed code is 4242.")
    assert b"4242" in bytes_of(dana.store)


def test_forgetting_waits_for_a_yes(dana: Assistant) -> None:
    dana.say(at(0), "Rosa moved in with us.")
    dana.say(at(1), "The garden needs water.")
    dana.flush()
    told = dana.say(at(2), "Forget what I said about Rosa.").reply
    assert "turns 1" in told
    assert b"Rosa moved" in bytes_of(dana.store)
    assert dana.say(at(3), "Yes, please.").reply.startswith("Forgotten")
    dana.flush()
    assert b"Rosa" not in bytes_of(dana.store)
    assert b"garden" in bytes_of(dana.store)


def test_without_a_yes_nothing_is_forgotten(dana: Assistant) -> None:
    dana.say(at(0), "Rosa moved in with us.")
    dana.say(at(1), "Forget what I said about Rosa.")
    dana.say(at(2), "Actually, wait.")
    dana.say(at(3), "Yes.")
    assert b"Rosa moved" in bytes_of(dana.store)


@given(st.sampled_from(sorted(TOPICS)), st.text(max_size=60))
def test_a_topics_words_are_withheld_wherever_they_stand(topic: str, noise: str) -> None:
    word = sorted(TOPICS[topic])[0]
    assert Consent(topics=(topic,)).withheld(f"{noise} {topic.split()[0]} {word}") in (topic, None)
    assert Consent(topics=(topic,)).withheld(f"I said {word} today") == topic
    assert Consent().withheld(f"I said {word} today") is None


@given(st.lists(st.sampled_from([Request("bar", "a"), Request("bar", "b"), Request("allow", "a"), Request("profile")])))
def test_the_last_request_holds(requests: list[Request]) -> None:
    consent = Consent()
    for request in requests:
        consent = after(consent, request)
    about_a = [request.wish for request in requests if request.topic == "a"]
    assert ("a" in consent.topics) == (about_a[-1:] == ["bar"])
