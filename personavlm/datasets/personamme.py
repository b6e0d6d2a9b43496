"""Persona-MME as downloaded: who was asked what, with which answer; and the folders in which the users' talks lie.

    DIR/Persona-MME.json                     [{"data_path": "./data/Persona-MME/samples/50/0/user_data.json",
    DIR/samples/{50,100,200,500}/{0..49}/      "type": "Memory Recall", "question_type": "Visual Detail Recall",
        user_data.json, pictures               "time": "2025-03-03 18:05", "query": "…", "answer": "(b)",
                                               "choices": {"(a)": "…", …, "(d)": "…"},
                                               "alignment": {"chosen": "…", "rejected": "…"}}, …]

``alignment`` may be missing. PersonaWorld-MME is written in the same layout. Talks are read by
``exchange.read_user_data``. What cannot be used is skipped with its reason: an entry, or a user with all questions.
Source: PersonaVLM (arXiv 2604.13074), the published files; the sets "32k" and "128k" are its sizes 50 and 100, 200 and
500 turns at most.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Literal, get_args

from pydantic import ValidationError

from personavlm.datasets.files import Shape, Skipped, load, place
from personavlm.errors import BadInput

WHAT = "a Persona-MME.json (a list of questions with data_path, choices and answer)"
NAME = "Persona-MME.json"
SAMPLES, USER_DATA = "samples", "user_data.json"

MmeSetting = Literal["32k", "128k"]
SIZES: Mapping[MmeSetting, tuple[str, ...]] = {"32k": ("50", "100"), "128k": ("200", "500")}
"""Folders of each set, by the most turns a talk has."""
LETTERS = ("a", "b", "c", "d")


@dataclass(frozen=True, slots=True)
class MmeQuestion:
    """One question of four options; with ``chosen`` and ``rejected``, two replies whose manner is to be judged."""

    number: int
    """Its place in the file, from 0."""
    aspect: str
    task: str
    at: datetime
    """When it is asked; naive, as in the file."""
    text: str
    options: tuple[str, str, str, str]
    answer: Literal["a", "b", "c", "d"]
    chosen: str = ""
    rejected: str = ""


@dataclass(frozen=True, slots=True)
class MmePerson:
    """A user with their questions. ``folder`` holds ``user_data.json`` and the pictures."""

    id: str
    """Size and number, "50/0"."""
    setting: MmeSetting
    folder: Path
    questions: tuple[MmeQuestion, ...]


@dataclass(frozen=True, slots=True)
class PersonaMME:
    """What was read, by size and number, and what was left out and why."""

    persons: tuple[MmePerson, ...]
    skipped: tuple[Skipped, ...] = ()


class _Alignment(Shape):
    chosen: str
    rejected: str


class _Item(Shape):
    data_path: str
    type: str
    question_type: str
    time: str
    query: str
    choices: dict[str, str]
    answer: str
    alignment: _Alignment | None = None


def personamme(folder: Path) -> PersonaMME:
    """Return the users of a Persona-MME folder with their questions, in the order of sizes and numbers.

    Raises ``BadInput`` if ``Persona-MME.json`` is missing, no list, or holds no usable question.
    """
    asked: dict[tuple[int, int], list[MmeQuestion]] = {}
    skipped: list[Skipped] = []
    for number, raw in enumerate(load(folder / NAME, list[Any], WHAT)):
        try:
            item = _Item.model_validate(raw)
            user, question = _user(item.data_path), _question(number, item)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            skipped.append(Skipped(f"[{number}].{place(first['loc'])}", first["msg"]))
        except ValueError as error:
            skipped.append(Skipped(f"[{number}]", str(error)))
        else:
            asked.setdefault(user, []).append(question)
    persons = tuple(_persons(folder, asked, skipped))
    if not persons:
        first_reason = f" ({skipped[0].where}: {skipped[0].why})" if skipped else ""
        raise BadInput(f"{folder / NAME} holds no question that can be asked{first_reason}.", f"give {WHAT}.")
    return PersonaMME(persons, tuple(skipped))


def _persons(
    folder: Path, asked: Mapping[tuple[int, int], list[MmeQuestion]], skipped: list[Skipped]
) -> Iterator[MmePerson]:
    for (size, number), questions in sorted(asked.items()):
        place_of = folder / SAMPLES / str(size) / str(number)
        if (place_of / USER_DATA).is_file():
            setting = next(name for name, sizes in SIZES.items() if str(size) in sizes)
            yield MmePerson(f"{size}/{number}", setting, place_of, tuple(questions))
        else:
            why = f"there is no {USER_DATA} in it, so {len(questions)} questions are not asked"
            skipped.append(Skipped(f"{SAMPLES}/{size}/{number}", why))


_PATH = re.compile(rf"(?:.*/)?{SAMPLES}/(\d+)/(\d+)/{re.escape(USER_DATA)}")


def _user(path: str) -> tuple[int, int]:
    """Return size and number of the user a data path names, wherever its author's folder lay."""
    match = _PATH.fullmatch(str(PurePosixPath(path.replace("\\", "/"))))
    if match is None or not any(match[1] in sizes for sizes in SIZES.values()):
        raise ValueError(f"data_path {path!r} names no user like samples/50/0/{USER_DATA}")
    return int(match[1]), int(match[2])


def _question(number: int, item: _Item) -> MmeQuestion:
    options = {key.strip().strip("().").lower(): text.strip() for key, text in item.choices.items()}
    if tuple(sorted(options)) != LETTERS or not all(options.values()):
        raise ValueError(f"choices are {', '.join(item.choices) or 'none'}, not (a) to (d) with a text each")
    answer = item.answer.strip().strip("().").lower()
    letter = next((one for one in get_args(Literal["a", "b", "c", "d"]) if one == answer), None)
    if letter is None:
        raise ValueError(f"answer {item.answer!r} is none of (a) to (d)")
    if not item.query.strip():
        raise ValueError("the query is empty")
    a, b, c, d = (options[one] for one in LETTERS)
    told = item.alignment
    return MmeQuestion(
        number,
        item.type.strip(),
        item.question_type.strip(),
        _time(item.time),
        item.query.strip(),
        (a, b, c, d),
        letter,
        told.chosen.strip() if told else "",
        told.rejected.strip() if told else "",
    )


def _time(text: str) -> datetime:
    """Return a time like "2025-03-03 18:05" or "2025-03-03 18:05 (Monday)"."""
    bare = text.split("(")[0].strip()
    try:
        return datetime.strptime(bare, "%Y-%m-%d %H:%M")
    except ValueError:
        raise ValueError(f"time {text!r} is not like '2025-03-03 18:05'") from None
