"""Memories: what reinforcement learning asks of, made from a training set: each person's life lived through once more.

    DATA of ``synth train``  ──prepare──>  OUT/home (a memory per person), OUT/pictures, OUT/questions/NUMBER.jsonl

``rl.jsonl`` says which questions are asked; what they rest on is taken from the world they were made from, which the
data's seed makes again. Persons are prepared one by one, each whole or not at all, so a run that was stopped goes on.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from personavlm.assistant import Kit
from personavlm.errors import BadInput
from personavlm.files import write_atomically
from personavlm.home import user_folder
from personavlm.prompts.choice import parse_choice
from personavlm.prompts.text import clean, indent, stamp
from personavlm.synthesis.lessons import Lesson
from personavlm.synthesis.living import live_through
from personavlm.synthesis.processes import each
from personavlm.synthesis.training import PAPER_PLAN, LessonPlan, Make, lessons_of, training_world
from personavlm.training.questions import HOME, Question, read_questions, write_questions
from personavlm.training.rewards import accuracy
from personavlm.words import terms
from personavlm.worlds.pictures.album import data_of
from personavlm.worlds.values import Shot, World

PICTURES, QUESTIONS = "pictures", "questions"
Progress = Callable[[str, int, int], None]


def prepare(
    data: Path,
    out: Path,
    persons: int,
    processes: int = 1,
    progress: Progress = lambda *_: None,
    make: Make = training_world,
    plan: LessonPlan = PAPER_PLAN,
) -> tuple[Question, ...]:
    """Make the memories of the first ``persons`` persons of a training set and return their questions.

    ``make`` and ``plan`` are those the set was made with.

    Raises ``BadInput`` for a folder that ``synth train`` did not write, or wrote in another version of the worlds.
    """
    if not (data / "rl.jsonl").is_file():
        raise BadInput(f"{data} holds no rl.jsonl.", f"make it: personavlm synth train --out {data}")
    todo = [number for number in range(persons) if not _asked(out, number).is_file()]
    work = partial(prepare_person, data, out, make=make, plan=plan)
    for done, _ in enumerate(each(work, todo, processes), start=persons - len(todo) + 1):
        progress("memories", done, persons)
    return tuple(one for number in range(persons) for one in read_questions(_asked(out, number)))


def _asked(out: Path, number: int) -> Path:
    return out / QUESTIONS / f"{number:04}.jsonl"


def prepare_person(data: Path, out: Path, number: int, make: Make, plan: LessonPlan) -> None:
    """Make one person's memory and questions. What an interrupted attempt left is thrown away first."""
    seed = int(json.loads((data / "seed.json").read_bytes()))
    world, shots = make(seed, number)
    home = out / HOME
    home.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(user_folder(home, world.person.id), ignore_errors=True)
    questions = list(questions_of(world, lessons_of(world, seed, plan), _rows(data, world.person.id), out))
    for _ in live_through(world, (), shots, _kit(), home):
        pass  # only what is learnt on the way is wanted
    _asked(out, number).parent.mkdir(exist_ok=True)
    write_questions(_asked(out, number), questions)


@cache
def _kit() -> Kit:
    return Kit.load()


def _rows(data: Path, person: str) -> list[Mapping[str, Any]]:
    with (data / "rl.jsonl").open(encoding="utf-8") as file:
        return [row for row in map(json.loads, file) if row["person"] == person]


# ── questions with what they rest on ─────────────────────────────────────────────────────────────────────────────


def questions_of(
    world: World, lessons: Sequence[Lesson], rows: Sequence[Mapping[str, Any]], out: Path
) -> Iterator[Question]:
    """Yield a person's RL rows as questions; pictures sent with them are written into ``out``."""
    for number, row in enumerate(rows):
        lesson = _lesson_of(row, lessons)
        question = Question(
            f"{row['person']}/{number}",
            row["person"],
            lesson.time,
            lesson.text,
            row["form"],
            row["answer"],
            () if parse_choice(lesson.text)[1] else key_facts(lesson, row["answer"]),
            tuple(_said(world, turn) for need in lesson.needs for turn in need.evidence),
            tuple(_kept(shot, out) for shot in lesson.shots),
        )
        if accuracy(question, question.gold) < 1.0:
            raise BadInput(f"The right answer of question {question.id} is not scored as right.", "report it.")
        yield question


def _lesson_of(row: Mapping[str, Any], lessons: Sequence[Lesson]) -> Lesson:
    """The lesson that a row was made from: its time and words stand in the row's prompt."""
    prompt = "".join(part.get("text", "") for part in row["prompt"][1]["content"])
    fit = [one for one in lessons if f"\n{stamp(one.time)}\nuser: {indent(clean(one.text))}\n\n" in prompt]
    if len(fit) != 1:
        raise BadInput(
            f"A question of {row['person']} is none of this version's lessons.",
            "make the data anew: personavlm synth train --out DIR.",
        )
    return fit[0]


def key_facts(lesson: Lesson, answer: str) -> tuple[str, ...]:
    """Return the terms by which an open answer is known to be right.

    Those of the right answer that memory states and the question does not hold; fewer conditions where none is left.
    """
    given, asked = dict.fromkeys(terms(answer)), set(terms(lesson.text))
    stated = {term for need in lesson.needs for said in need.said for term in terms(said)}
    facts = [term for term in given if term in stated and term not in asked]
    return tuple(facts or [term for term in given if term not in asked] or given)


def _said(world: World, turn: str) -> datetime:
    return world.turns[int(turn.removeprefix("t")) - 1].time


def _kept(shot: Shot, out: Path) -> str:
    data = data_of(shot)
    path = f"{PICTURES}/{sha256(data).hexdigest()[:20]}"
    if not (out / path).is_file():
        (out / PICTURES).mkdir(parents=True, exist_ok=True)
        write_atomically(out / path, data)
    return path
