"""Training data: many worlds lived through, and their calls put together in the paper's proportions.

    seed ──worlds──> parts/PERSON.jsonl (every call of a person) ──compose──> sft.jsonl, sft_released.jsonl, rl.jsonl

Living is done person by person, each into its own file, so that a run that was stopped goes on where it was and
several processes share the work. Composing draws from all parts with the seed; where a kind is short of the paper's
number, that is reported and not made up by copies.

Source: composition of the 77,997 SFT samples of 500 persons (paper section 4, figure 7).
"""

from __future__ import annotations

import json
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

from personavlm.assistant import Kit
from personavlm.encoders import PictureEncoder
from personavlm.encoders.text import SentenceEncoder, load_text_encoder
from personavlm.errors import BadInput
from personavlm.files import write_atomically
from personavlm.synthesis.chains import chain_lessons
from personavlm.synthesis.exam import exam_lessons
from personavlm.synthesis.formats import conversational, picture_path, pictures_of, question_row, released_row
from personavlm.synthesis.lessons import Lesson
from personavlm.synthesis.living import SAMPLE_KINDS, Pictures, Sample, SampleKind, live_through
from personavlm.synthesis.processes import each
from personavlm.synthesis.recall import direct_lessons, recall_lessons
from personavlm.synthesis.sights import sight_lessons
from personavlm.worlds.make import make_world
from personavlm.worlds.pictures.album import data_of
from personavlm.worlds.values import World

RlKind = Literal["open", "choice", "binary"]

PAPER_COMPOSITION: Mapping[SampleKind, int] = {
    "reasoning": 33_981,
    "semantic": 16_000,
    "personality": 8_000,
    "episodic": 6_672,
    "procedural": 6_672,
    "core": 6_672,
}
"""The paper's SFT samples by kind."""
PAPER_CONCEPTS = 6_000
"""How many of them are about a thing in a picture: a record that remembers it, or a lesson that asks about it."""
CONCEPT_NOTES = frozenset({"concept", "again", "stranger", "look"})
PAPER_RL: Mapping[RlKind, int] = {"open": 1_191, "choice": 3_150, "binary": 1_323}
"""The paper's 5,664 RL samples by form."""
RL_OF_NOTE: Mapping[str, RlKind] = {
    **dict.fromkeys(("fact", "told", "astray", "when", "past", "hop", "both", "again"), "open"),
    "choice": "choice",
    "manner": "binary",
}
"""Which lessons may be asked in RL, where the answer alone is known and the way to it is to be found."""
PAPER_PERSONS = 500

Make = Callable[[int, int], tuple[World, Pictures]]
"""From seed and number to a training world with its pictures; a function at the top of a module, so it can travel."""
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class LessonPlan:
    """How many lessons a person gives at most, by sort: the paper's 68 reasoning and 11 RL samples, and some more."""

    facts: int = 28
    timed: int = 8
    past: int = 5
    unknown: int = 5
    hops: int = 4
    both: int = 5
    sights: int = 10
    direct: int = 20
    choices: int = 18
    manners: int = 3


PAPER_PLAN = LessonPlan()


@dataclass(slots=True)
class Composed:
    """What a data set came to: samples wanted and there by kind, lessons by sort, RL questions by form."""

    wanted: Mapping[SampleKind, int]
    persons: int
    turns: int
    samples: Counter[SampleKind] = field(default_factory=Counter)
    lessons: Counter[str] = field(default_factory=Counter)
    rl: Counter[RlKind] = field(default_factory=Counter)
    with_pictures: int = 0
    concepts: int = 0
    """Samples about a thing in a picture."""

    def count(self, row: Mapping[str, Any]) -> None:
        """Count a sample that is taught."""
        self.samples[row["kind"]] += 1
        self.with_pictures += bool(row["images"])
        self.concepts += _on_concept(row)
        if row["note"]:
            self.lessons[row["note"]] += 1


def make_training_set(
    out: Path,
    seed: int,
    persons: int,
    make: Make,
    processes: int = 2,
    progress: Progress = lambda *_: None,
    plan: LessonPlan = PAPER_PLAN,
) -> Composed:
    """Write the training data of ``persons`` worlds into a folder; goes on where an earlier run stopped.

    Raises ``BadInput`` for a folder that holds another seed's.
    """
    _claim(out, seed)
    for folder in ("parts", "images"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    todo = [number for number in range(persons) if not _part(out, number).is_file()]
    live = partial(live_person, out, seed, make=make, plan=plan)
    for done, _ in enumerate(each(live, todo, processes), start=persons - len(todo) + 1):
        progress("persons", done, persons)
    return compose(out, seed, persons)


def _claim(out: Path, seed: int) -> None:
    """Write down which seed a folder is of, or make sure that it is the same as before; persons may be added."""
    path = out / "seed.json"
    if path.is_file() and json.loads(path.read_bytes()) != seed:
        raise BadInput(f"{out} holds training data of seed {path.read_text()}.", "give another folder with --out.")
    write_atomically(path, json.dumps(seed).encode())


def training_world(seed: int, number: int) -> tuple[World, Pictures]:
    """Return a person of the training half with a month of conversations, and the pictures of it."""
    world = make_world(seed, "train", "train", number)
    return world, {shot.id: data_of(shot) for shot in world.shots}


def _part(out: Path, number: int) -> Path:
    return out / "parts" / f"{number:04}.jsonl"


def live_person(out: Path, seed: int, number: int, make: Make, plan: LessonPlan = PAPER_PLAN) -> None:
    """Live one training person's life and write every call of it, and its pictures; whole or not at all."""
    world, pictures = make(seed, number)
    with tempfile.TemporaryDirectory() as home:
        rows = []
        for sample in live_through(world, lessons_of(world, seed, plan), pictures, _kit(), Path(home)):
            _keep_pictures(out, sample)
            rows.append(json.dumps(conversational(sample), ensure_ascii=False))
    head = json.dumps({"person": world.person.id, "turns": len(world.turns)})
    write_atomically(_part(out, number), "\n".join([head, *rows, ""]).encode())


def lessons_of(world: World, seed: int, plan: LessonPlan) -> list[Lesson]:
    """Return a world's lessons, one a minute and message at most."""
    rng = random.Random(f"{seed}/{world.person.id}/lessons")
    lessons = [
        *recall_lessons(world, rng, plan.facts, plan.timed, plan.past, plan.unknown),
        *chain_lessons(world, rng, plan.hops, plan.both),
        *sight_lessons(world, rng, plan.sights),
        *direct_lessons(world, rng, plan.direct),
        *exam_lessons(world, seed, rng, plan.choices, plan.manners),
    ]
    return list({(lesson.time, lesson.text): lesson for lesson in lessons}.values())


def _keep_pictures(out: Path, sample: Sample) -> None:
    for part in pictures_of(sample):
        path = out / picture_path(part)
        if not path.is_file():
            write_atomically(path, part.data)


@cache
def _loaded() -> tuple[SentenceEncoder, PictureEncoder]:
    """The encoders of this process, loaded once."""
    from personavlm.encoders.picture import load_picture_encoder

    return load_text_encoder(), load_picture_encoder()


def _kit() -> Kit:
    """What one person lives with. It remembers nothing of others, whose order may differ from run to run."""
    text, pictures = _loaded()
    return Kit(text.fresh(), pictures)


# ── composing ────────────────────────────────────────────────────────────────────────────────────────────────────


Place = tuple[int, int]
"""A sample in the parts: number of the person, line of the file."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A sample that may be chosen."""

    place: Place
    kind: SampleKind
    tells: bool
    """Whether it says something: a decision to remember, a trait shown, an entry."""
    concept: bool
    """Whether it is about a thing in a picture, and holds one."""
    rl: RlKind | None
    """Its form if RL may ask it."""

    @staticmethod
    def of(place: Place, row: Mapping[str, Any]) -> Entry:
        """Return the entry of a row of a part."""
        return Entry(place, row["kind"], _telling(row), _on_concept(row), RL_OF_NOTE.get(row["note"]))


def compose(out: Path, seed: int, persons: int) -> Composed:
    """Choose the samples of every kind from the parts, those for RL first, and write them with the statistics."""
    entries: list[Entry] = []
    turns = 0
    for number in range(persons):
        for line, row in enumerate(_rows(out, number)):
            if line:
                entries.append(Entry.of((number, line), row))
            else:
                turns += row["turns"]
    share = persons / PAPER_PERSONS
    rng = random.Random(f"{seed}/compose")
    asked = {place for kind, n in PAPER_RL.items() for place in _asked(entries, kind, round(n * share), rng)}
    wanted = {kind: round(number * share) for kind, number in PAPER_COMPOSITION.items()}
    left = [entry for entry in entries if entry.place not in asked]
    taught = _taught(left, wanted, round(PAPER_CONCEPTS * share), rng)
    composed = _write(out, taught, asked, Composed(wanted, persons=persons, turns=turns))
    write_atomically(out / "statistics.json", json.dumps(plain_statistics(composed), indent=1).encode())
    return composed


def _taught(
    entries: Sequence[Entry], wanted: Mapping[SampleKind, int], concepts: int, rng: random.Random
) -> set[Place]:
    """Choose what is taught: the concept samples, and of every kind what is still wanted from the rest."""
    shown = [entry for entry in entries if entry.concept]
    first = rng.sample(shown, min(concepts, len(shown)))
    there = Counter(entry.kind for entry in first)
    taught = {entry.place for entry in first}
    for kind in SAMPLE_KINDS:
        rest = [entry for entry in entries if entry.kind == kind and not entry.concept]
        taught |= set(_choose(rest, wanted[kind] - there[kind], rng))
    return taught


def _write(out: Path, taught: set[Place], asked: set[Place], composed: Composed) -> Composed:
    with (
        (out / "sft.jsonl").open("w", encoding="utf-8") as ours,
        (out / "sft_released.jsonl").open("w", encoding="utf-8") as theirs,
        (out / "rl.jsonl").open("w", encoding="utf-8") as questions,
    ):
        for number in range(composed.persons):
            for line, row in enumerate(_rows(out, number)):
                if (number, line) in asked:
                    questions.write(_line(question_row(row, RL_OF_NOTE[row["note"]])))
                    composed.rl[RL_OF_NOTE[row["note"]]] += 1
                elif (number, line) in taught:
                    ours.write(_line(row))
                    theirs.write(_line(released_row(row)))
                    composed.count(row)
    return composed


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def plain_statistics(composed: Composed) -> dict[str, Any]:
    """Return the statistics as a JSON object."""
    return {
        "persons": composed.persons,
        "turns": composed.turns,
        "samples": {kind: {"wanted": composed.wanted[kind], "there": composed.samples[kind]} for kind in SAMPLE_KINDS},
        "rl": dict(sorted(composed.rl.items())),
        "lessons": dict(sorted(composed.lessons.items())),
        "with_pictures": composed.with_pictures,
        "concepts": composed.concepts,
    }


def _rows(out: Path, number: int) -> Iterator[dict[str, Any]]:
    with _part(out, number).open(encoding="utf-8") as part:
        yield from map(json.loads, part)


def _on_concept(row: Mapping[str, Any]) -> bool:
    return bool(row["images"]) and row["note"] in CONCEPT_NOTES


def _telling(row: Mapping[str, Any]) -> bool:
    """Whether a sample says something; those are chosen first."""
    output: str = row["messages"][-1]["content"][0]["text"]
    if row["kind"] == "semantic":
        return '"decision": true' in output
    if row["kind"] == "personality":
        return any(f": {score}" in output for score in (1, 2, 4, 5))
    return output != "{}"


SILENT_SHARE = 0.3
"""So many of a kind's samples may say nothing (small talk, no trait shown): a model must learn to keep silent, too."""


def _asked(entries: Sequence[Entry], kind: RlKind, wanted: int, rng: random.Random) -> list[Place]:
    fit = [entry.place for entry in entries if entry.rl == kind]
    return rng.sample(fit, min(wanted, len(fit)))


def _choose(there: Sequence[Entry], wanted: int, rng: random.Random) -> list[Place]:
    telling = [entry.place for entry in there if entry.tells]
    silent = [entry.place for entry in there if not entry.tells]
    rng.shuffle(telling)
    rng.shuffle(silent)
    quiet = min(len(silent), max(round(wanted * SILENT_SHARE), wanted - len(telling)))
    return [*telling[: wanted - quiet], *silent[:quiet]]
