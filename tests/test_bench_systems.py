"""Systems: what each one is shown; memory is lived through once, shared, and left as it was by questions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from personavlm.assistant import DEFAULT_CONFIG, Config
from personavlm.bench.axes import config_of
from personavlm.bench.cases import persona_mme
from personavlm.bench.modes import MODES, Means, read_mode
from personavlm.bench.replays import lived, replay_of
from personavlm.bench.runs import entries
from personavlm.bench.values import ALIGNMENT, Answered, Person
from personavlm.errors import BadInput
from personavlm.models import Message
from personavlm.models.scripted import Scripted
from personavlm.personality import TRAITS
from personavlm.prompts import slot
from personavlm.store import Store, users
from tests.bench_data import benchmark
from tests.fakes import answering, kit, remember


def person_of(folder: Path, truth: bool = True) -> Person:
    return persona_mme(benchmark(folder / "bench", truth=truth)).persons[0]


def asked(mode: str, person: Person, home: Path, model: Scripted, **means: object) -> list[Answered]:
    system = read_mode(mode, Means(model, kit(), **means))  # type: ignore[arg-type]
    assert system.name == mode
    rows = entries(system, person, [case for case in person.cases if not case.twin], home)
    return [entry.answered for entry in rows if entry.answered]


def remembering() -> Scripted:
    return answering(
        semantic=lambda messages: remember(slot(messages, "UserQuery").splitlines()[-1].removeprefix("user: ")),
        respond="<think>?</think><answer>(b) ginger beer.</answer>",
    )


def test_the_oracle_is_shown_what_is_known_and_the_true_traits(tmp_path: Path) -> None:
    seen: list[tuple[str, str]] = []

    def answer(messages: list[Message]) -> str:
        seen.append((slot(messages, "SemanticMemory"), slot(messages, "Extraversion")))
        return "(b)"

    rows = asked("oracle", person_of(tmp_path), tmp_path / "home", answering(answer=answer))  # type: ignore[arg-type]
    assert [one.right for one in rows] == [True, False, True]
    text, extraversion = seen[0]
    assert "favourite drink is Sprite | superseded, until 2025-03-12" in text
    assert "favourite drink is ginger beer, because Sprite got too sweet" in text
    assert extraversion == "4.5"
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("mode", ["none", "blind"])
def test_without_memory_nothing_of_the_person_is_shown(tmp_path: Path, mode: str) -> None:
    seen: list[str] = []

    def answer(messages: list[Message]) -> str:
        names = ("SemanticMemory", "EpisodicMemory", "DialogHistory", "UserProfile", "UserQuery")
        seen.append("".join(slot(messages, name) for name in names))
        return "I could not say."

    rows = asked(mode, person_of(tmp_path, truth=False), tmp_path / "h", answering(answer=answer))  # type: ignore[arg-type]
    assert all(one.unparsed for one in rows)
    assert not any("Ida" in text or "too sweet" in text for text in seen)
    assert ("these days" in seen[0]) == (mode == "none")
    assert "ginger beer" in seen[0]


def test_memory_is_lived_through_once_and_left_as_it_was(tmp_path: Path) -> None:
    person, model = person_of(tmp_path), remembering()
    first = asked("personavlm", person, tmp_path / "home", model)
    assert [one.right for one in first] == [True, False, True]
    (place,) = (tmp_path / "home").glob("replay-*")
    (user,) = users(place)
    with Store.open(place, user) as store:
        before = (store.counts(), store.state())
    calls = len(model.history)
    asked("personavlm", person, tmp_path / "home", model, config=config_of({"period": False}), made=DEFAULT_CONFIG)
    assert len(model.history) - calls == len(first), "asking otherwise needs no second replay"
    with Store.open(place, user) as store:
        assert (store.counts(), store.state()) == before
        assert store.state().name == "Ida"
    assert before[0][0] == 2


def test_another_way_of_remembering_has_its_own_replay(tmp_path: Path) -> None:
    person = person_of(tmp_path)
    for config in (DEFAULT_CONFIG, Config(pem="latest")):
        asked("personavlm", person, tmp_path / "home", remembering(), config=config)
    assert len(list((tmp_path / "home").glob("replay-*"))) == 2
    other = replay_of("other/1", remembering(), kit())
    assert other != replay_of(person.data, remembering(), kit())


def test_memory_types_that_are_taken_away_are_not_shown(tmp_path: Path) -> None:
    person = person_of(tmp_path)
    seen: list[str] = []

    def respond(messages: list[Message]) -> str:
        seen.append(slot(messages, "UserProfile"))
        return "<think>?</think><answer>(b)</answer>"

    model = answering(respond=respond)  # type: ignore[arg-type]
    asked("personavlm", person, tmp_path / "h", model)
    without = replace(DEFAULT_CONFIG, memories=DEFAULT_CONFIG.memories - {"core"})
    asked("personavlm", person, tmp_path / "h", model, config=without, made=DEFAULT_CONFIG)
    assert "Ida" in seen[0]
    assert "Ida" not in seen[-1]


def test_another_rule_for_the_profile_needs_no_replay(tmp_path: Path) -> None:
    person = person_of(tmp_path)
    traits: list[str] = []

    def respond(messages: list[Message]) -> str:
        traits.append(slot(messages, "Openness"))
        return "<think>?</think><answer>(b)</answer>"

    read = "\n".join(f'"{trait}": 5' for trait in TRAITS)
    model = answering(personality=read, respond=respond)  # type: ignore[arg-type]
    for rule in (None, "running mean", "fixed λ"):
        asked("personavlm", person, tmp_path / "h", model, profile=rule)
    # PEM: 3 → 4 → about 4.5; the mean of a neutral start and two readings of 5; then 0.3 of the way, twice
    assert [traits[0], traits[3], traits[6]] == ["4.5", "4.3", "4.0"]
    assert len(list((tmp_path / "h").glob("replay-*"))) == 1


def test_what_cannot_be_asked_has_failed(tmp_path: Path) -> None:
    person = person_of(tmp_path, truth=False)
    assert all(one.failed for one in asked("oracle", person, tmp_path / "h", answering()))
    (tmp_path / "bench/samples/50/0/user_data.json").write_text("{")
    rows = asked("personavlm", person, tmp_path / "h", answering())
    assert [one.failed for one in rows] == [True, True, True]
    assert [one.task for one in rows[1:]] == [ALIGNMENT, ALIGNMENT]


def test_a_half_lived_talk_goes_on(tmp_path: Path) -> None:
    person = person_of(tmp_path)
    stopped = answering(episodic=lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt), lived(tmp_path / "h", person, stopped, kit()):
        pass
    with lived(tmp_path / "h", person, answering(), kit()) as store:
        assert store.counts() == (2, 2)


def test_a_mode_there_is_not() -> None:
    with pytest.raises(BadInput, match="no mode 'truth'"):
        read_mode("truth", Means(answering(), kit()))
    assert all(read_mode(name, Means(answering(), kit())).name == name for name in MODES)
