"""Fidelity against a world's ledger: a small hand-made world, models that remember it well, badly, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from personavlm.errors import BadInput
from personavlm.evals import fidelity
from personavlm.evals.fidelity_figures import rows
from personavlm.models import Message
from personavlm.personality import Profile
from personavlm.prompts import slot
from personavlm.trace import canonical
from personavlm.worlds.claims import claims
from personavlm.worlds.values import Drift, Fact, Kin, Person, Thread, Tie, Topic, World, WorldSession, WorldTurn
from tests.fakes import NOTHING_NEW, answering, kit, remember

START = datetime(2025, 3, 3, 18, tzinfo=UTC)
TOLD = [
    "I work as a welder.",
    "My favourite drink is ginger beer.",
    "My sister Nadia loves mint tea.",
    "I went off ginger beer, plum cordial is my favourite drink now.",
]


def fact(number: int, matter: Any, about: str, attribute: str, value: str, text: str, **rest: Any) -> Fact:
    return Fact(f"f{number}", matter, about, attribute, value, text, START, evidence=(f"t{number}",), **rest)


FACTS = [
    fact(1, "identity", "user", "work", "welder", "works as a welder"),
    fact(2, "taste", "user", "drink", "ginger beer", "favourite drink is ginger beer", polarity=1),
    fact(3, "other", "Nadia", "drink", "mint tea", "sister Nadia loves mint tea", polarity=1),
    fact(4, "taste", "user", "drink", "plum cordial", "favourite drink is plum cordial", polarity=1, replaces="f2"),
]


@pytest.fixture
def world() -> World:
    threads = (
        Thread("h1", "identity", "work", (FACTS[0],)),
        Thread("h2", "taste", "drinks", (FACTS[1], FACTS[3])),
        Thread("h3", "other", "Nadia", (FACTS[2],)),
    )
    drift = Drift("openness", 1.0, START + timedelta(days=1))
    person = Person("test-50-0", "test", "Ada Brandt", "she", Profile(openness=2), drift, START,
                    START + timedelta(days=3), threads, (Kin("Nadia", "sister"),), ())  # fmt: skip
    times = [START + timedelta(days=n // 2, minutes=n) for n in range(4)]
    turns = tuple(
        WorldTurn(f"t{n}", time, text, "I see.", (), (), (), (), learnt=(f"f{n}",))
        for n, (time, text) in enumerate(zip(times, TOLD, strict=True), start=1)
    )
    sessions = (
        WorldSession("s1", ("t1", "t2"), (Topic("e1_0", "work", (), ("t1",)), Topic("e1_1", "drinks", (), ("t2",)))),
        WorldSession("s2", ("t3", "t4"), (Topic("e2_0", "drinks", (), ("t3", "t4")),)),
    )
    return World(person, "50", turns, sessions, (), (Tie("e1_1", "e2_0", "thing", "drinks"),))


def telling(contents: Sequence[str]) -> Any:
    """A model that remembers one content per turn, in the order of what is told."""

    def semantic(messages: Sequence[Message]) -> str:
        said = slot(messages, "UserQuery")
        return next(
            (remember(c) for text, c in zip(TOLD, contents, strict=True) if text in said), NOTHING_NEW["semantic"]
        )

    return answering(semantic=semantic)


def quiet(_what: str, _done: int, _all: int) -> None:
    pass


def run(world: World, home: Path, model: Any) -> dict[str, Any]:
    nothing = home / "nothing-written"
    return fidelity.evaluate([world], home, model, kit(), quiet, 1, nothing).plain()


def test_claims_are_what_the_ledger_knows(world: World) -> None:
    found = {claim.id: claim for claim in claims(world, world.turns[-1].time)}
    assert {name for name, claim in found.items() if claim.current} == {"f1", "f3", "f4"}
    assert found["f3"].called == ("sister",)
    assert (found["f1"].memory, found["f2"].thread) == ("core", found["f4"].thread)
    assert {c.id for c in claims(world, world.turns[1].time)} == {"f1", "f2"}


def test_whoever_remembers_every_fact_recalls_all(world: World, tmp_path: Path) -> None:
    figures = run(world, tmp_path, telling([f.text for f in FACTS]))
    assert figures["facts"]["all"]["recall"]["value"] == 100
    assert figures["memories"]["stale"]["value"] == 25  # nobody said that ginger beer is over
    assert figures["facts"]["all"]["precision"]["value"] == 75
    assert figures["memories"]["contradictions per person"]["value"] == 1
    assert figures["hand-written"] is None


def test_whoever_remembers_nothing_recalls_nothing(world: World, tmp_path: Path) -> None:
    figures = run(world, tmp_path, answering())
    assert figures["facts"]["all"]["recall"]["value"] == 0
    assert figures["memories"]["per person"]["value"] == 0


def test_wrong_persons_and_inventions_are_counted(world: World, tmp_path: Path) -> None:
    told = ["sister Nadia works as a welder", "once met a duke", "loves mint tea", "cannot stand plum cordial"]
    figures = run(world, tmp_path, telling(told))["memories"]
    assert {name: figures[name]["value"] for name in ("person", "invented", "contrary", "right")} == {
        "person": 50, "invented": 25, "contrary": 25, "right": 0,
    }  # fmt: skip


def test_a_home_that_has_the_person_goes_on_from_there(world: World, tmp_path: Path) -> None:
    model = telling([f.text for f in FACTS])
    assert run(world, tmp_path, model) == run(world, tmp_path, answering())


def test_a_stopped_run_ends_as_a_whole_one(world: World, tmp_path: Path) -> None:
    model = telling([f.text for f in FACTS])
    calls = 0

    def stop(_what: str, _done: int, _all: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt

    home = tmp_path / "stopped"
    home.mkdir()
    with pytest.raises(KeyboardInterrupt):
        fidelity.evaluate([world], home, model, kit(), stop, 1, tmp_path / "nothing")
    whole = tmp_path / "whole"
    whole.mkdir()
    assert run(world, home, model) == run(world, whole, model)


def test_topics_profile_and_drift_are_reported(world: World, tmp_path: Path) -> None:
    reading = NOTHING_NEW["personality"].replace('"openness": 3', '"openness": 1')
    figures = run(world, tmp_path, answering(personality=reading))
    assert figures["episodes"]["sessions"] == 2
    assert 0 <= figures["episodes"]["b_cubed f1"]["value"] <= 100
    assert figures["links"]["true"] == 1
    assert figures["traits"]["after a drift"]["n"] == 1
    assert figures["traits"]["at the end"]["rmse"]["value"] > 0
    assert dict(rows(figures))["persons"] == "1"


def test_worlds_are_read_from_a_folder(world: World, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / fidelity.WORLD).write_text(canonical(world), encoding="utf-8")
    found, count = fidelity.chosen(tmp_path, 1, "test", "50", 3)
    assert (list(found), count) == ([world], 1)
    (tmp_path / "a" / fidelity.WORLD).write_text("{", encoding="utf-8")
    with pytest.raises(BadInput, match="cannot be read"):
        list(fidelity.chosen(tmp_path, 1, "test", "50", 3)[0])


@pytest.mark.parametrize(("half", "setting"), [("train", "50"), ("test", "train"), ("both", "50"), ("test", "7")])
def test_a_half_goes_with_its_settings(half: str, setting: str) -> None:
    with pytest.raises(BadInput, match="There is no"):
        fidelity.chosen(None, 1, half, setting, 1)


def test_no_worlds_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no worlds"):
        fidelity.evaluate([], tmp_path, answering(), kit(), quiet)
