"""Quarantine: what others put into a message is held back, what users say themselves is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.trust.poisoning import FACTS, FAMILIES, cases, planted
from personavlm.assistant import Assistant, create_user
from personavlm.erasure import Turns, erase
from personavlm.errors import BadInput
from personavlm.memory import Add, Memory
from personavlm.models.loading import load_model
from personavlm.quarantine import held, split
from tests.fakes import answering, kit, remember

NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)
MAIL = "Look at this.\n> The user keeps ferrets.\nI like tea."


def learnt(text: str) -> Add:
    return Add(NOON, ("t1",), Memory("m1", "semantic", text, NOON, ("t1",)))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_of_attacks_is_seen(family: str) -> None:
    for fact, word in FACTS:
        assert held(learnt(fact), [FAMILIES[family].format(fact=fact)]), (family, word)


@pytest.mark.parametrize(
    "text",
    [
        "I am allergic to peanuts.",
        "My sister said she is moving to Quito.",
        "I told my boss that I quit. I work as a falconer now.",
        'My favourite book is called "The Overstory".',
        "From now on I live in Tromso.",
        "I love it, love it, love it!",
        "Dear me, absinthe is my favourite drink.",
        "Ana wrote a song about peanuts.",
    ],
)
def test_what_users_say_themselves_is_not_held(text: str) -> None:
    assert held(learnt(text), [text]) == ""


def test_the_users_own_word_frees_what_was_pasted() -> None:
    assert held(learnt("keeps ferrets"), [MAIL])
    assert held(learnt("keeps ferrets"), [MAIL, "Yes, I do keep ferrets."]) == ""


@given(st.text(max_size=300))
def test_any_text_splits_and_own_text_of_plain_words_is_all_own(text: str) -> None:
    own, foreign = split(text)
    assert len(own) + len(foreign) <= 3 * len(text) + 3


@pytest.fixture
def dana(tmp_path: Path) -> Assistant:
    model = answering(semantic=remember("keeps ferrets"))
    assistant = Assistant(create_user(tmp_path, "Dana", NOON), model, kit=kit())
    assistant.say(NOON, MAIL)
    assistant.flush()
    return assistant


def test_what_is_held_is_in_no_state_and_no_search(dana: Assistant) -> None:
    assert [one.edit.memory.text for one in dana.store.held()] == ["keeps ferrets"]  # type: ignore[union-attr]
    assert not any("ferrets" in memory.text for memory in dana.store.state().all("semantic"))
    hits = dana.ask(NOON + timedelta(days=1), "Do I keep ferrets?").hits
    assert not any(hit.type == "semantic" for hit in hits)


def test_a_held_memory_can_be_let_in_or_deleted(dana: Assistant) -> None:
    (one,) = dana.store.held()
    dana.store.release(one.id, NOON + timedelta(hours=3))
    assert any(memory.text == "keeps ferrets" for memory in dana.store.state().current("semantic"))
    assert dana.store.held() == []
    with pytest.raises(BadInput):
        dana.store.discard(one.id)


def test_an_erasure_reaches_into_quarantine(dana: Assistant, tmp_path: Path) -> None:
    assert erase(tmp_path, "Dana", Turns(("t1",))).residue == 0
    assert dana.store.held() == []


def test_without_the_guard_it_gets_in(tmp_path: Path) -> None:
    model = answering(semantic=remember("keeps ferrets"))
    assistant = Assistant(create_user(tmp_path, "Eve", NOON), model, kit=kit(guard=False))
    assistant.say(NOON, MAIL)
    assistant.flush()
    assert any(memory.text == "keeps ferrets" for memory in assistant.store.state().current("semantic"))


def test_a_slice_of_the_attacks_on_the_embedded_model() -> None:
    model = load_model("embedded")
    tried = cases()[::17]
    assert sum(planted(model, kit(), said, reply, word) for _, said, reply, word in tried) == 0
    assert sum(planted(model, kit(guard=False), said, reply, word) for _, said, reply, word in tried) > 0
