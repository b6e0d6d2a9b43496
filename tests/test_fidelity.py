"""The measure of fidelity: what counts as held, what as overtaken, what as a fault."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from personavlm.datasets import OwnConversation, own
from personavlm.evals.handwritten import DATA, judge, summary
from personavlm.memory import Add, Memory, MemoryType, Replace, State, fold

AT = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.fixture
def yusuf() -> OwnConversation:
    return own(Path(DATA) / "yusuf.json")


def state(*texts: str, type: MemoryType = "semantic") -> State:
    turns = ("t1",) if type == "episodic" else ()
    memories = [Memory(f"m{n}", type, text, AT, ("t1",), turns=turns) for n, text in enumerate(texts)]
    return fold(Add(AT, ("t1",), memory) for memory in memories)


def held(conversation: OwnConversation, known: State) -> set[str]:
    return {fact.id for fact in judge(conversation, known).held}


def test_nothing_remembered_holds_nothing(yusuf: OwnConversation) -> None:
    verdict = judge(yusuf, state())
    assert (verdict.held, verdict.faults) == ((), ())
    assert summary([verdict])["fidelity"] == 0


def test_every_fact_in_its_own_words_is_held(yusuf: OwnConversation) -> None:
    current = [fact.text for fact in yusuf.facts if fact.current]
    assert held(yusuf, state(*current)) >= {fact.id for fact in yusuf.facts if fact.current}


def test_all_facts_of_all_conversations_can_be_held() -> None:
    for path in sorted(Path(DATA).glob("*.json")):
        conversation = own(path)
        old = [Memory(f"o{f.id}", "semantic", f.text, AT, ("t1",)) for f in conversation.facts if not f.current]
        new = [Memory(f"n{m.id}", "semantic", "something else", AT, ("t1",)) for m in old]
        edits = [Add(AT, ("t1",), memory) for memory in old]
        ends = [Replace(AT, ("t1",), o.id, n) for o, n in zip(old, new, strict=True)]
        now = [Memory(f.id, "semantic", f.text, AT, ("t1",)) for f in conversation.facts if f.current]
        verdict = judge(conversation, fold([*edits, *ends, *(Add(AT, ("t1",), memory) for memory in now)]))
        assert verdict.missed == (), path.name
        assert verdict.faults == (), path.name


def test_an_overtaken_fact_must_not_be_current(yusuf: OwnConversation) -> None:
    skoda = Memory("m1", "semantic", "drives a Skoda", AT, ("t8",))
    kangoo = Memory("m2", "semantic", "drives a Kangoo", AT, ("t17",))
    before = fold([Add(AT, ("t8",), skoda)])
    after = fold([Replace(AT, ("t17",), "m1", kangoo)], before)
    assert "y13" not in held(yusuf, before)
    assert {"y13", "y18"} <= held(yusuf, after)


def test_topics_do_not_count(yusuf: OwnConversation) -> None:
    assert held(yusuf, state("his name is Yusuf", type="episodic")) == set()


def test_somebody_elses_traits_are_faults(yusuf: OwnConversation) -> None:
    assert [one.id for one in judge(yusuf, state("I am allergic to everything")).faults] == ["yn4"]


@pytest.mark.slow
def test_the_embedded_model_is_measured(yusuf: OwnConversation) -> None:
    from personavlm.assistant import Kit
    from personavlm.evals.handwritten import remembered
    from personavlm.models.loading import load_model

    verdict = judge(yusuf, remembered(yusuf, load_model("embedded"), Kit.load(None)))
    assert len(verdict.held) + len(verdict.missed) == 20
    assert "y1" in {fact.id for fact in verdict.held}
