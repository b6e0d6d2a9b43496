"""A small benchmark in the official layout and answers to reckon with, for the tests of the bench."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from personavlm.bench.values import ALIGNMENT, Answered
from personavlm.personality import Profile
from personavlm.trace import canonical
from personavlm.worlds.kept import WORLD
from personavlm.worlds.values import USER, Fact, Person, Thread, World, WorldTurn
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


def answer(person: str, right: bool, task: str = "T", number: int = 0, aspect: str = "A") -> Answered:
    """An answer to one of a person's cases."""
    one = Answered(f"{person}#{number}", person, "32k", aspect, task, "a", "a" if right else "b", float(right), "")
    return replace(one, aspect=ALIGNMENT) if task == ALIGNMENT else one


def answers(rows: list[tuple[int, bool]], task: str = "T") -> list[Answered]:
    """Answers from (person, right), each a case of its own."""
    return [answer(f"50/{person}", right, task, number) for number, (person, right) in enumerate(rows)]
