"""Systems without memory: what they are shown is what was said by the question's time, and no more than the budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personavlm.bench.context import FullContext, Nearest, TopMessages, messages
from personavlm.bench.critic import FewShot, SelfCritic
from personavlm.bench.systems import System
from personavlm.bench.values import Case, Person, Talk, spends
from personavlm.datasets.dialogue import Caption, Dialogue, GivenTurn
from personavlm.encoders import Vectors
from personavlm.errors import BadInput
from personavlm.models import Model
from personavlm.models.scripted import Scripted
from personavlm.prompts import CHARACTERS_PER_TOKEN, slot
from personavlm.prompts.fitting import Chosen, parse_fitting, render_fitting
from personavlm.prompts.text import parse_history, parse_memories
from personavlm.trace import Answer, Malformed, Trace
from personavlm.worlds.values import World
from tests.fakes import HashingEncoder, answering, kit
from tests.test_models_remote import Server, says, serve  # noqa: F401  a fixture is asked for by its name

START = datetime(2025, 3, 3, 10, 0, tzinfo=UTC)
WORDS = "lake tram violin harbour onion saddle chess fjord canvas walnut".split()  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class Told:
    """A source that holds its talk and what was compared."""

    dialogue: Dialogue

    def talk(self, user: str) -> Talk:
        return Talk(replace(self.dialogue, user=user), (("name", "Ida"),))

    def world(self) -> World:
        raise BadInput("nobody knows the truth", "ask somebody else.")


def turn(number: int, text: str = "") -> GivenTurn:
    said = text or f"My {WORDS[number % len(WORDS)]} is number {number}."
    return GivenTurn(START + timedelta(hours=number), said, f"Reply {number} it is.")


def person(turns: int = 12) -> Person:
    dialogue = Dialogue("", "Pip", tuple(turn(n) for n in range(turns)))
    return Person("50/0", "32k", (), Told(dialogue), "told/1")


def case(hours: float, text: str = "Where is my violin?") -> Case:
    at = START + timedelta(hours=hours)
    return Case("50/0#1", "50/0", "32k", "Memory Recall", "SIR", at, text, (("a", "yes"), ("b", "no")), "a")


def asked(system: System, who: Person, home: Path, *cases: Case) -> list[Trace]:
    with system.prepare(who, home) as ready:
        return [ready.ask(one) for one in cases]


# ── full context ─────────────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(minutes=st.integers(-60, 840), tokens=st.integers(120, 600))
def test_full_context_holds_the_newest_turns_said_by_then_within_its_budget(
    tmp_path: Path, minutes: int, tokens: int
) -> None:
    model = Scripted(lambda _messages, _sampling: "(a)")
    trace = asked(FullContext(model, kit(), tokens), person(), tmp_path, case(minutes / 60))[0]
    history = slot(model.history[0].messages, "DialogHistory")
    shown = [int(line.turn[1:]) - 1 for line in parse_history(history, UTC)]
    said = [n for n in range(12) if 60 * n <= minutes]
    assert shown == said[len(said) - len(shown) :]
    assert len(history) <= tokens * CHARACTERS_PER_TOKEN + 200  # the line that says how many were left out
    assert bool(shown) == bool(said)
    assert ("left out" in history) == (len(shown) < len(said))
    assert trace.reply == "(a)"


def test_full_context_shows_a_picture_by_its_caption_and_the_profile_by_its_name(tmp_path: Path) -> None:
    shown = GivenTurn(START, "Look!", "Nice.", (Caption("a red kite"),))
    who = replace(person(), source=Told(Dialogue("", "Pip", (shown,))))
    model = answering(answer="(a)")
    asked(FullContext(model, kit()), who, tmp_path, case(1))
    prompt = model.history[0].messages[-1].text
    assert "[picture: a red kite]" in prompt
    assert "name: Ida" in prompt


@pytest.mark.parametrize("make", [FullContext, SelfCritic], ids=["full", "self-critic"])
def test_a_talk_without_turns_is_refused(tmp_path: Path, make: Callable[[Model, Any], System]) -> None:
    with pytest.raises(BadInput, match="no turns"):
        asked(make(answering(), kit()), person(0), tmp_path)


# ── the nearest messages ─────────────────────────────────────────────────────────────────────────────────────────


class Counting(HashingEncoder):
    """Counts the texts it is given."""

    def __init__(self) -> None:
        self.texts = 0

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.texts += len(texts)
        return super().encode(texts)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(minutes=st.integers(-60, 840), k=st.integers(1, 6), words=st.sets(st.sampled_from(WORDS), min_size=1))
def test_the_nearest_messages_are_those_of_a_whole_comparison(
    tmp_path: Path, minutes: int, k: int, words: set[str]
) -> None:
    said = messages(person().source.talk("u").dialogue)
    question, at = " ".join(sorted(words)), START + timedelta(minutes=minutes)
    with Nearest(HashingEncoder()).open(said, tmp_path) as find:
        found = find(question, at, k)
    encoded = HashingEncoder().encode([one.text for one in said]) @ HashingEncoder().encode([question])[0]
    known = [(float(c), -i) for i, (one, c) in enumerate(zip(said, encoded, strict=True)) if one.time <= at]
    assert [place for place, _ in found] == [-i for _, i in sorted(known, reverse=True)[:k]]
    assert all(0 <= score <= 1 + 1e-6 for _, score in found)


def test_rag_shows_five_messages_in_the_order_in_which_they_were_said(tmp_path: Path) -> None:
    model = answering(answer="(b)")
    given_kit = kit()
    trace = asked(TopMessages(model, given_kit, Nearest(given_kit.encoder)), person(), tmp_path, case(20))[0]
    assert len(trace.hits) == 5
    assert [hit.time for hit in trace.hits] == sorted(hit.time for hit in trace.hits)
    assert any("violin" in hit.text for hit in trace.hits)
    rows = parse_memories(slot(model.history[0].messages, "EpisodicMemory"), UTC)
    assert [row.id for row in rows] == [hit.id for hit in trace.hits]
    assert not parse_history(slot(model.history[0].messages, "DialogHistory"), UTC)


def test_what_a_talk_was_encoded_to_is_kept_and_read_again(tmp_path: Path) -> None:
    encoder = Counting()
    mine = replace(kit(), encoder=encoder)
    system = TopMessages(answering(), mine, Nearest(encoder))
    first = asked(system, person(), tmp_path, case(20))
    made = encoder.texts
    second = asked(system, person(), tmp_path, case(20))
    assert encoder.texts == made + 1  # the question alone
    assert [t.hits for t in first] == [t.hits for t in second]
    with system.prepare(person(), tmp_path) as ready:
        assert ready.bytes >= 24 * encoder.dim * np.dtype(np.float32).itemsize


# ── Self-Critic ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_self_critic_reviews_its_draft_and_sends_the_mended_reply(tmp_path: Path) -> None:
    model = Scripted(["(b)", "It forgets the violin.", "(a)"])
    trace = asked(SelfCritic(model, kit()), person(), tmp_path, case(20))[0]
    assert trace.reply == "(a)"
    assert [step.action for step in trace.steps] == [Answer("(b)"), Answer("(a)")]
    assert trace.steps[1].think == "It forgets the violin."
    assert [spend.stage for spend in spends(trace.calls)] == ["answer", "critique", "revise"]
    roles = [message.role for message in model.history[2].messages]
    assert roles == ["system", "user", "assistant", "user", "assistant", "user"]


def test_a_draft_that_is_none_is_not_reviewed(tmp_path: Path) -> None:
    model = Scripted([""])
    trace = asked(SelfCritic(model, kit()), person(), tmp_path, case(20))[0]
    assert isinstance(trace.steps[0].action, Malformed)
    assert len(trace.calls) == 1
    assert trace.reply == ""


def test_a_review_that_ends_in_nothing_leaves_the_draft_and_is_seen(tmp_path: Path) -> None:
    trace = asked(SelfCritic(Scripted(["(b)", "Fine.", " "]), kit()), person(), tmp_path, case(20))[0]
    assert isinstance(trace.steps[-1].action, Malformed)
    assert trace.reply == "(b)"


def test_self_critic_over_http(tmp_path: Path, serve: Callable[..., Server]) -> None:  # noqa: F811
    remote = pytest.importorskip("personavlm.models.remote")
    server = serve(says("(b)"), says("It misses the date."), says("(a)"))
    model = remote.OpenAICompatible("m", server.url)
    trace = asked(SelfCritic(model, kit()), person(), tmp_path, case(20))[0]
    assert trace.reply == "(a)"
    assert [(s.tokens_in, s.tokens_out) for s in spends(trace.calls)] == [(7, 3)] * 3
    sent = server.seen[2][2]["messages"]
    assert [m["role"] for m in sent] == ["system", "user", "assistant", "user", "assistant", "user"]


# ── Few-Shot ─────────────────────────────────────────────────────────────────────────────────────────────────────

PAST = (Chosen("How do kites fly?", "Lift, mostly.", "Oh! What a question!"), Chosen("And boats?", "Drag.", "Hm!"))


def choosing(*past: Chosen) -> Person:
    text = render_fitting("High Openness", past, "Why is the sky blue?", ("Scattering.", "Because!"))
    return replace(person(), cases=(case(1, text),))


def test_few_shot_shows_one_earlier_choice(tmp_path: Path) -> None:
    model, who = Scripted(["(a)"]), choosing(*PAST)
    trace = asked(FewShot(model, kit()), who, tmp_path, *who.cases)[0]
    shown = parse_fitting(trace.turn.text)
    assert trace.reply == "(a)"
    assert shown is not None
    assert (shown.past, shown.message, shown.person) == (PAST[:1], "Why is the sky blue?", "High Openness")
    prompt = model.history[0].messages[-1].text
    assert "Lift, mostly." in prompt
    assert "And boats?" not in prompt


@pytest.mark.parametrize("who", [choosing(), replace(person(), cases=(case(1),))], ids=["none told", "another kind"])
def test_few_shot_has_no_row_where_nothing_was_chosen_before(tmp_path: Path, who: Person) -> None:
    with pytest.raises(BadInput, match="no earlier choice"):
        asked(FewShot(answering(), kit()), who, tmp_path)
