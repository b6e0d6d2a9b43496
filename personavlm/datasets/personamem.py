"""PERSONAMEM as downloaded: questions of a table, each about the first so many messages of a shared conversation.

    DIR/questions_32k.csv         persona_id, question_id, question_type, topic, context_length_in_tokens, …,
                                  user_question_or_message, correct_answer "(c)", all_options "['(a) …', …]",
                                  shared_context_id, end_index_in_shared_context
    DIR/shared_contexts_32k.jsonl {"<shared_context_id>": [{"role": "user", "content": "User: …"}, …]} a line each

A conversation has no times: callers assign them. A system message is the persona's description, not talk. Rows that
cannot be used are skipped with their reason. Source: PersonaMem (Jiang et al., 2025), bowen-upenn/PersonaMem on GitHub.
"""

from __future__ import annotations

import ast
import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from personavlm.datasets.dialogue import Dialogue, Said, pair
from personavlm.datasets.files import Shape, Skipped, place
from personavlm.errors import BadInput

WHAT = "a PERSONAMEM folder (questions_32k.csv beside shared_contexts_32k.jsonl)"
MemSetting = Literal["32k", "128k", "1M"]
SPACING = timedelta(minutes=1)
"""Time put between messages when times are assigned."""
MAX_FIELD = 10_000_000
"""Characters of one field of the table; the default of Python's reader is too short for long options."""


@dataclass(frozen=True, slots=True)
class MemMessage:
    """One message. ``role`` "system" describes the persona and is no part of the talk."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class MemQuestion:
    """One question: asked after the first ``end`` messages of the context."""

    id: str
    persona: str
    task: str
    topic: str
    text: str
    options: tuple[str, ...]
    """Texts in the order of their letters, from (a)."""
    answer: str
    """Letter of the right option."""
    context: str
    end: int


@dataclass(frozen=True, slots=True)
class PersonaMem:
    """What was read, and what was left out and why."""

    questions: tuple[MemQuestion, ...]
    contexts: Mapping[str, tuple[MemMessage, ...]]
    skipped: tuple[Skipped, ...] = ()

    def before(self, question: MemQuestion) -> tuple[MemMessage, ...]:
        """Return the messages a question may be answered from."""
        return self.contexts[question.context][: question.end]


class _Row(Shape):
    persona_id: str
    question_id: str
    question_type: str
    topic: str = ""
    user_question_or_message: str
    correct_answer: str
    all_options: str
    shared_context_id: str
    end_index_in_shared_context: str


class _Message(Shape):
    role: Literal["system", "user", "assistant"]
    content: str


def personamem(folder: Path, setting: MemSetting = "32k") -> PersonaMem:
    """Return the questions of one setting with their conversations.

    Raises ``BadInput`` if a file is missing or unreadable, or if no row can be used.
    """
    skipped: list[Skipped] = []
    contexts = dict(_contexts(folder / f"shared_contexts_{setting}.jsonl", skipped))
    questions = tuple(_questions(folder / f"questions_{setting}.csv", contexts, skipped))
    if not questions:
        reason = f" ({skipped[0].where}: {skipped[0].why})" if skipped else ""
        raise BadInput(f"questions_{setting}.csv holds no question that can be asked{reason}.", f"give {WHAT}.")
    return PersonaMem(questions, contexts, tuple(skipped))


def mem_dialogue(messages: tuple[MemMessage, ...], user: str, start: datetime) -> Dialogue:
    """Return a conversation as turns, the first at ``start`` (aware), a minute between messages.

    Runs of one side are joined; the data's own marks "User:" and "Assistant:" in front of a message go.
    """
    said = [
        Said(one.role == "user", _unmarked(one.text), start + SPACING * place_of, f"m{place_of}")
        for place_of, one in enumerate(messages)
        if one.role != "system" and _unmarked(one.text)
    ]
    return Dialogue(user, "Assistant", pair(said))


def _unmarked(text: str) -> str:
    return re.sub(r"\A\s*(?:user|assistant)\s*:\s*", "", text, flags=re.I).strip()


def _text(path: Path) -> io.StringIO:
    """Return a file as lines that end where the file breaks them, and nowhere else."""
    try:
        return io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path.name} is not UTF-8 text (byte {error.start}).", f"give {WHAT}.") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.", f"give {WHAT}.") from error


_CONTEXT: TypeAdapter[dict[str, list[_Message]]] = TypeAdapter(dict[str, list[_Message]])


def _contexts(path: Path, skipped: list[Skipped]) -> Iterator[tuple[str, tuple[MemMessage, ...]]]:
    for number, line in enumerate(_text(path), start=1):
        where = f"{path.name} line {number}"
        if not line.strip():
            continue
        try:
            found = _CONTEXT.validate_python(json.loads(line))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            skipped.append(Skipped(f"{where}: {place(first['loc'])}", first["msg"]))
        except (ValueError, RecursionError) as error:
            skipped.append(Skipped(where, f"not JSON: {error}"))
        else:
            for name, messages in found.items():
                yield name, tuple(MemMessage(one.role, one.content) for one in messages)


def _questions(
    path: Path, contexts: Mapping[str, tuple[MemMessage, ...]], skipped: list[Skipped]
) -> Iterator[MemQuestion]:
    csv.field_size_limit(MAX_FIELD)
    rows = csv.DictReader(_text(path))
    while True:
        try:
            raw: dict[str, Any] | None = next(rows, None)
            if raw is None:
                return
            yield _question({key: value for key, value in raw.items() if key in _Row.model_fields}, contexts)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            skipped.append(Skipped(f"{path.name} line {rows.line_num}: {place(first['loc'])}", first["msg"]))
        except (ValueError, csv.Error) as error:
            skipped.append(Skipped(f"{path.name} line {rows.line_num}", str(error)))


def _question(raw: dict[str, Any], contexts: Mapping[str, tuple[MemMessage, ...]]) -> MemQuestion:
    row = _Row.model_validate(raw)
    options = _options(row.all_options)
    answer = row.correct_answer.strip().strip("().").lower()
    if len(answer) != 1 or not 0 <= ord(answer) - ord("a") < len(options):
        raise ValueError(f"correct_answer {row.correct_answer!r} is none of its {len(options)} options")
    context = contexts.get(row.shared_context_id)
    if context is None:
        raise ValueError(f"there is no context {row.shared_context_id!r}")
    if not row.end_index_in_shared_context.isdigit() or not 0 < int(row.end_index_in_shared_context) <= len(context):
        raise ValueError(f"end index {row.end_index_in_shared_context!r} is not within its {len(context)} messages")
    end = int(row.end_index_in_shared_context)
    text = _unmarked(row.user_question_or_message)
    return MemQuestion(
        row.question_id,
        row.persona_id,
        row.question_type,
        row.topic,
        text,
        options,
        answer,
        row.shared_context_id,
        end,
    )


def _options(text: str) -> tuple[str, ...]:
    """Return the options of a cell, a list of "(a) text" as JSON or Python spells it, in the order of their letters."""
    raw = _list(text)
    if not isinstance(raw, list) or len(raw) < 2 or not all(isinstance(one, str) for one in raw):
        raise ValueError("all_options is no list of two or more texts")
    lettered = [re.match(r"\s*\(?([a-z])\)[.:]?\s*(.+)", one, re.I | re.S) for one in raw]
    found = {match[1].lower(): match[2].strip() for match in lettered if match}
    if "".join(sorted(found)) != "abcdefghijklmnopqrstuvwxyz"[: len(raw)]:
        raise ValueError("the options are not lettered from (a)")
    return tuple(found[letter] for letter in sorted(found))


def _list(text: str) -> Any:
    """Return what a cell spells. JSON comes first: Python would read its escaped pairs as halves of characters."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(f"all_options is no list: {text[:40]!r}") from error
