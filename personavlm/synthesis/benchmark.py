"""The benchmark: PersonaWorld-MME, in Persona-MME's official layout, from a seed.

    OUT/Persona-MME.json                          all questions
    OUT/samples/{50,100,200,500}/{0..49}/         user_data.json and pictures as published; world.json, the truth: ours
    OUT/truth/questions.json                      ours: for each question, in the same order, what proves it
    OUT/truth/manifest.json, OUT/statistics.json  ours: what was asked for, and what it came to

Persons are made one by one, each folder whole or not at all, so that a stopped run goes on where it was; then the
questions are chosen from all of them. The same seed gives the same bytes.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from personavlm.errors import BadInput
from personavlm.exchange import BenchmarkData, write_user_data
from personavlm.exchange.values import BenchmarkTurn
from personavlm.files import write_atomically
from personavlm.personality import Trait
from personavlm.synthesis.check import problems
from personavlm.synthesis.choosing import choose, choose_alignment
from personavlm.synthesis.processes import each
from personavlm.synthesis.questions.alignment import suited
from personavlm.synthesis.questions.catalogue import candidates
from personavlm.synthesis.questions.draw import Ground, Strangers
from personavlm.synthesis.questions.values import ALIGNED, TASKS, Alignment, Question
from personavlm.synthesis.statistics import Dialogue, Statistics, dialogue_of, statistics_of
from personavlm.trace import canonical, plain, revive
from personavlm.worlds.kept import WORLD, read_world
from personavlm.worlds.life import live
from personavlm.worlds.make import make_world
from personavlm.worlds.pictures.album import data_of
from personavlm.worlds.truth import known
from personavlm.worlds.values import Half, Setting, World

SETTINGS: tuple[Setting, ...] = ("50", "100", "200", "500")
PERSONS = 200
EACH = 50
"""Persons of each setting."""
FIRST_STRANGER = 10_000
"""Strangers are numbered from here on, so that none of them is also a person of the data."""
LETTERS = ("(a)", "(b)", "(c)", "(d)")
ROOT = "./data/Persona-MME/samples"
"""Where the published file says that the samples lie."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Place:
    """One person's place in the layout: ``samples/SETTING/NUMBER``."""

    setting: Setting
    number: int

    @property
    def long(self) -> bool:
        """Whether it belongs to the 128k setting."""
        return self.setting in ("200", "500")


@dataclass(frozen=True, slots=True)
class Offer:
    """What one person brings to the benchmark: questions to choose from, clear traits, what the dialogue came to."""

    person: str
    questions: tuple[Question, ...]
    suited: tuple[tuple[Trait, bool], ...]
    dialogue: Dialogue
    dropped: int
    """Candidates that a check turned down."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """The chosen questions in the order of the file, with alignment by the id of its question."""

    questions: tuple[Question, ...]
    alignment: Mapping[str, Alignment]


def make_benchmark(
    out: Path, seed: int, persons: int = PERSONS, processes: int = 2, progress: Progress = lambda *_: None
) -> Statistics:
    """Write the benchmark of a seed into a folder; goes on where an earlier run stopped.

    With fewer than 200 persons the settings take turns and the counts shrink in proportion. Raises ``BadInput`` for a
    folder that holds another seed or number of persons, or if a question fails its check.
    """
    _claim(out, seed, persons)
    rows = places(persons)
    offers: dict[Place, Offer] = {}
    for place, offer in zip(rows, each(partial(make_person, out, seed), rows, processes), strict=True):
        offers[place] = offer
        progress("persons", len(offers), len(rows))
    made = select(offers, seed)
    _write(out, made, offers)
    statistics = statistics_of(made.questions, made.alignment, [offer.dialogue for offer in offers.values()])
    write_atomically(out / "statistics.json", _pretty(plain(statistics)))
    return statistics


def places(persons: int) -> list[Place]:
    """Return the places of so many persons, setting by setting."""
    found = [Place(SETTINGS[n % len(SETTINGS)], n // len(SETTINGS)) for n in range(persons)]
    return sorted(found, key=lambda place: (int(place.setting), place.number))


def _claim(out: Path, seed: int, persons: int) -> None:
    """Write down what a folder holds, or make sure that it is the same as before."""
    path, wanted = out / "truth" / "manifest.json", {"name": "PersonaWorld-MME", "seed": seed, "persons": persons}
    if path.is_file() and json.loads(path.read_bytes()) != wanted:
        raise BadInput(f"{out} holds another benchmark ({path.read_text()}).", "give another folder with --out.")
    write_atomically(path, json.dumps(wanted).encode())


# ── one person ───────────────────────────────────────────────────────────────────────────────────────────────────


def make_person(out: Path, seed: int, place: Place) -> Offer:
    """Write one person's folder, if it is not there yet, and return what they offer."""
    folder = out / "samples" / place.setting / str(place.number)
    if (folder / "user_data.json").is_file():
        world = read_world(folder)
    else:
        world = make_world(seed, "test", place.setting, place.number)
        write_atomically(folder / WORLD, canonical(world).encode())
        write_user_data(user_data(world, place), folder)
    return offer_of(world, seed)


def user_data(world: World, place: Place) -> BenchmarkData:
    """Return what the published layout holds of a person: name, dialogue and pictures, and no truth."""
    turns = {turn.id: turn for turn in world.turns}
    sessions = tuple(
        tuple(
            BenchmarkTurn(turn.time.replace(tzinfo=None), "<img>\n" * len(turn.shots) + turn.text, turn.reply)
            for turn in (turns[id_] for id_ in session.turns)
        )
        for session in world.sessions
    )
    names = [f"{shot}.jpg" for turn in world.turns for shot in turn.shots]
    pictures = {f"{shot.id}.jpg": data_of(shot) for shot in world.shots}
    where = f"{ROOT}/{place.setting}/{place.number}"
    imgs = tuple(f"{where}/{name}" for name in names)
    return BenchmarkData({"name": world.person.name}, sessions, imgs, pictures)


def offer_of(world: World, seed: int) -> Offer:
    """Return the questions that can be asked of a world, checked, and what else choosing needs."""
    strangers = strangers_of(seed, world.person.half)
    found = candidates(world, strangers, seed)
    ledger = known(world, world.person.end)
    sound = tuple(question for question in found if not problems(world, question, ledger))
    ground = Ground.of(world, strangers)
    return Offer(world.person.id, sound, tuple(suited(ground)), dialogue_of(world), len(found) - len(sound))


@cache
def strangers_of(seed: int, half: Half) -> Strangers:
    """Return forty people of one half who are in no data set."""
    settings: tuple[Setting, ...] = ("train",) if half == "train" else SETTINGS
    rows = [live(seed, half, settings[n % len(settings)], FIRST_STRANGER + n // len(settings)) for n in range(40)]
    return Strangers.of(rows)


# ── all together ─────────────────────────────────────────────────────────────────────────────────────────────────


def select(offers: Mapping[Place, Offer], seed: int) -> Benchmark:
    """Choose the published number of questions of each task from what persons offer, 32k and 128k apart."""
    questions: list[Question] = []
    alignment: dict[str, Alignment] = {}
    for long in (False, True):
        half = {place: offer for place, offer in offers.items() if place.long == long}
        share = len(half) / (2 * EACH)
        wanted = {task: round((info.long if long else info.short) * share) for task, info in TASKS.items()}
        rng = random.Random(f"{seed}/choose/{long}")
        chosen = choose({offer.person: offer.questions for offer in half.values()}, wanted, rng)
        traits = {offer.person: offer.suited for offer in half.values()}
        pairs = choose_alignment(chosen, traits, round(ALIGNED[long] * share), rng)
        questions += chosen
        alignment |= {pair.question: pair for pair in pairs}
    return Benchmark(tuple(questions), alignment)


def entry(question: Question, place: Place, alignment: Alignment | None) -> dict[str, Any]:
    """Return a question as an entry of the published file."""
    info = TASKS[question.task]
    row: dict[str, Any] = {
        "data_path": f"{ROOT}/{place.setting}/{place.number}/user_data.json",
        "type": info.aspect,
        "question_type": info.name,
        "time": f"{question.time:%Y-%m-%d %H:%M}",
        "query": question.query,
        "choices": {letter: option.text for letter, option in zip(LETTERS, question.options, strict=True)},
        "answer": LETTERS[question.answer],
    }
    if alignment:
        row["alignment"] = {"chosen": alignment.chosen, "rejected": alignment.rejected}
    return row


def _write(out: Path, made: Benchmark, offers: Mapping[Place, Offer]) -> None:
    of = {offer.person: place for place, offer in offers.items()}
    rows = [entry(q, of[q.person], made.alignment.get(q.id)) for q in made.questions]
    truth = [plain(q) | {"alignment": plain(made.alignment.get(q.id))} for q in made.questions]
    write_atomically(out / "truth" / "questions.json", _pretty(truth))
    write_atomically(out / "Persona-MME.json", _pretty(rows))


def _pretty(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()


def read_truth(out: Path) -> Sequence[Question]:
    """Return the questions of a written benchmark with what proves them, in the order of ``Persona-MME.json``.

    Raises ``BadInput`` if the folder holds none.
    """
    path = out / "truth" / "questions.json"
    if not path.is_file():
        raise BadInput(f"{path} is missing.", "make the benchmark with `personavlm synth bench --out DIR`.")
    rows = json.loads(path.read_bytes())
    bare = [{key: value for key, value in row.items() if key != "alignment"} for row in rows]
    return revive(tuple[Question, ...], json.dumps(bare))
