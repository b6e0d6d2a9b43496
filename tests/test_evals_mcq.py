"""Multiple choice on a small benchmark in the official layout: what is asked, in which mode, and how it is counted."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personavlm.cli import main
from personavlm.datasets import personamme
from personavlm.evals.mcq import (
    MANNER,
    Case,
    McqResult,
    Outcome,
    cases,
    evaluate,
    interval,
    live,
)
from personavlm.models import Message
from personavlm.personality import Profile
from personavlm.prompts import slot
from personavlm.prompts.choice import parse_manner
from personavlm.store import Store, users
from personavlm.trace import canonical
from personavlm.worlds.kept import WORLD
from personavlm.worlds.values import USER, Fact, Person, Thread, World, WorldTurn
from tests.fakes import answering, kit, remember
from tests.test_personamme import entry

START = datetime(2025, 3, 3, 10, 0, tzinfo=UTC)
TALK = (("My favourite drink is Sprite.", "Noted."), ("I switched to ginger beer, Sprite got too sweet.", "Cheers!"))
QUERY = "Which drink do I like best these days?"
OPTIONS = {"(a)": "Sprite", "(b)": "ginger beer", "(c)": "cocoa", "(d)": "water"}


def small_world() -> World:
    old = Fact("f1", "taste", USER, "drink", "Sprite", "favourite drink is Sprite", START, START + timedelta(days=9),
               1, evidence=("t1",), ended=("t2",))  # fmt: skip
    new = Fact("f2", "taste", USER, "drink", "ginger beer", "favourite drink is ginger beer", old.until or START, None,
               1, reason="Sprite got too sweet", replaces="f1", evidence=("t2",))  # fmt: skip
    person = Person("test-50-0", "test", "Ida", "she", Profile(extraversion=4.5), None, START,
                    START + timedelta(days=20), (Thread("h1", "taste", "drinks", (old, new)),), (), ())  # fmt: skip
    turns = tuple(
        WorldTurn(f"t{n}", START + timedelta(days=10 * n - 10), text, reply, (), (), (), ())
        for n, (text, reply) in enumerate(TALK, start=1)
    )
    return World(person, "50", turns, (), (), ())


def benchmark(folder: Path, sizes: tuple[str, ...] = ("50/0",), truth: bool = True) -> Path:
    """Write a benchmark whose every person says the same; one question each, with replies to judge."""
    world = small_world()
    entries = []
    for user in sizes:
        place = folder / "samples" / user
        place.mkdir(parents=True)
        talk = [{"time": f"{t.time:%Y-%m-%d %H:%M}", "user": t.text, "assistant": t.reply} for t in world.turns]
        whole = {"profile": {"name": "Ida"}, "imgs": [], "sessions": [[one] for one in talk]}
        (place / "user_data.json").write_text(json.dumps(whole), encoding="utf-8")
        if truth:
            (place / WORLD).write_text(canonical(world), encoding="utf-8")
        changes = {"query": QUERY, "choices": OPTIONS, "time": f"{world.person.end:%Y-%m-%d %H:%M} (Sunday)"}
        manner = {"chosen": "Ha, ginger beer, cheers!!", "rejected": "It is ginger beer."}
        entries.append(entry(f"./x/samples/{user}/user_data.json", **changes, answer="(b)", alignment=manner))
    (folder / "Persona-MME.json").write_text(json.dumps(entries), encoding="utf-8")
    return folder


def asked(messages: tuple[Message, ...]) -> str:
    return slot(messages, "UserQuery")


def test_a_question_gives_a_case_and_two_of_manner(tmp_path: Path) -> None:
    (person,) = personamme(benchmark(tmp_path)).persons
    choice, chosen, rejected = cases(person)
    assert (choice.gold, chosen.gold, rejected.gold) == ("b", "a", "b")
    assert choice.text.splitlines()[:4] == [QUERY, "Options:", "(a). Sprite", "(b). ginger beer"]
    judged = parse_manner(chosen.text)
    assert judged is not None
    assert (judged.message, judged.reply) == (QUERY, "Ha, ginger beer, cheers!!")
    assert (chosen.task, [letter for letter, _ in chosen.options]) == (MANNER, ["a", "b"])


@given(st.text(st.characters(blacklist_categories=("Cs",))), st.text(max_size=60))
def test_a_test_of_manner_can_be_read_back(message: str, reply: str) -> None:
    from personavlm.prompts.choice import one_line, render_manner

    read = parse_manner(render_manner(message, reply))
    if "A reply to this message" not in message:
        assert read is not None
        assert (read.message, read.reply) == (message.strip(), one_line(reply))


def test_the_oracle_is_shown_what_is_known_and_the_true_traits(tmp_path: Path) -> None:
    seen: list[tuple[str, str]] = []

    def answer(messages: list[Message]) -> str:
        seen.append((slot(messages, "SemanticMemory"), slot(messages, "Extraversion")))
        return "(b)"

    result = evaluate(benchmark(tmp_path), answering(answer=answer), kit(), tmp_path / "home", mode="oracle")
    assert [o.right for o in result.outcomes] == [True, False, True]
    text, extraversion = seen[0]
    assert "favourite drink is Sprite | superseded, until 2025-03-12" in text
    assert "favourite drink is ginger beer, because Sprite got too sweet" in text
    assert extraversion == "4.5"
    assert not (tmp_path / "home").exists()


def test_without_anything_nothing_is_shown(tmp_path: Path) -> None:
    seen: list[str] = []

    def answer(messages: list[Message]) -> str:
        seen.append("".join(slot(messages, name) for name in ("SemanticMemory", "EpisodicMemory", "DialogHistory")))
        return "I could not say."

    result = evaluate(benchmark(tmp_path, truth=False), answering(answer=answer), kit(), tmp_path / "h", mode="none")
    assert not any("ginger" in text for text in seen)
    assert (result.plain()["unparsed"], result.plain()["failed"]) == (3, 0)


def test_memory_is_lived_through_once_and_left_as_it_was(tmp_path: Path) -> None:
    model = answering(
        semantic=lambda messages: remember(asked(messages).splitlines()[-1].removeprefix("user: ")),
        respond="<think>?</think><answer>(b) ginger beer.</answer>",
    )
    folder, home = benchmark(tmp_path, ("50/0", "200/1")), tmp_path / "home"
    first = evaluate(folder, model, kit(), home, ("32k",))
    assert [o.right for o in first.outcomes] == [True, False, True]
    (user,) = users(home)
    with Store.open(home, user) as store:
        before = (store.counts(), store.state())
    evaluate(folder, model, kit(), home, ("32k",))
    with Store.open(home, user) as store:
        assert (store.counts(), store.state()) == before
    assert before[0][0] == len(TALK)


def test_what_cannot_be_asked_has_failed_and_is_wrong(tmp_path: Path) -> None:
    folder = benchmark(tmp_path, ("50/0", "50/1"), truth=False)
    assert evaluate(folder, answering(answer="(b)"), kit(), tmp_path / "h", mode="oracle").plain()["failed"] == 6
    (folder / "samples/50/1/user_data.json").write_text("{")
    plain = evaluate(folder, answering(respond="<think></think><answer>(b)</answer>"), kit(), tmp_path / "h").plain()
    assert (plain["failed"], plain["n"]) == (3, {"mcq": 2, "alignment": 4})
    assert plain["overall_mcq"]["value"] == 50.0  # type: ignore[index]


def test_settings_and_limit_choose_persons(tmp_path: Path) -> None:
    folder = benchmark(tmp_path, ("50/0", "50/1", "100/0", "500/3"), truth=False)

    def persons(**options: object) -> list[str]:
        found = evaluate(folder, answering(answer="(a)"), kit(), tmp_path / "h", mode="none", **options)  # type: ignore[arg-type]
        return list(dict.fromkeys(o.case.person for o in found.outcomes))

    assert persons() == ["50/0", "50/1", "100/0", "500/3"]
    assert persons(limit=1) == ["50/0", "500/3"]
    assert persons(settings=("128k",)) == ["500/3"]


def outcome(person: str, right: bool, task: str = "T", aspect: str = "A") -> Outcome:
    case = Case(f"{person}#0", person, aspect, task, START, "?", (("a", "x"), ("b", "y")), "a")
    return Outcome(case, "a" if right else "b", "")


def test_the_figures_have_the_names_of_the_contract() -> None:
    rows = (outcome("50/0", True), outcome("50/0", False, "U"), outcome("50/1", True, MANNER, MANNER))
    plain = McqResult("none", rows).plain()
    assert plain["n"] == {"mcq": 2, "alignment": 1}
    assert plain["overall_mcq"] == {"value": 50.0, "low": 50.0, "high": 50.0, "n": 2}
    assert set(plain["by_task"]) == {"T", "U", MANNER}  # type: ignore[call-overload]
    assert set(plain["by_aspect"]) == {"A"}  # type: ignore[call-overload]


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=40))
def test_the_interval_holds_the_value(rows: list[tuple[int, bool]]) -> None:
    found = [outcome(f"50/{person}", right) for person, right in rows]
    value = McqResult("none", tuple(found)).share(found)["value"]
    low, high = interval(found)
    assert 0 <= low <= high <= 100
    per_person = [[r for p, r in rows if p == one] for one in {p for p, _ in rows}]
    shares = [100 * sum(one) / len(one) for one in per_person]
    assert min(shares) - 0.01 <= low
    assert high <= max(shares) + 0.01
    assert min(shares) - 0.01 <= value <= max(shares) + 0.01


def test_persons_wider_apart_have_a_wider_interval() -> None:
    even = [outcome(f"50/{p}", r) for p in range(20) for r in (True, False)]
    apart = [outcome(f"50/{p}", p % 2 == 0) for p in range(20) for _ in range(2)]
    assert interval(even) == (50.0, 50.0)
    assert interval(apart)[1] - interval(apart)[0] > 20


def test_live_keeps_a_half_lived_talk(tmp_path: Path) -> None:
    (person,) = personamme(benchmark(tmp_path, truth=False)).persons
    assistant = live(tmp_path / "home", person, answering(), kit())
    with assistant.store as store:
        assert store.state().name == "Ida"
        assert store.counts() == (2, 2)


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = benchmark(tmp_path / "bench", ("50/0", "200/1"))
    with pytest.raises(SystemExit, match="0"):
        main(["eval", "mcq", "--data", str(folder), "--setting", "32k", "--mode", "oracle", "--json"])
    printed = json.loads(capsys.readouterr().out)
    assert printed["n"] == {"mcq": 1, "alignment": 2}
    assert printed["overall_mcq"]["value"] == 100.0
    with pytest.raises(SystemExit, match="2"):
        main(["eval", "mcq", "--data", str(folder), "--mode", "truth", "--json"])
    assert "no mode" in capsys.readouterr().out
