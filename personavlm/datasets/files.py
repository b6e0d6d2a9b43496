"""JSON files at the edge: read whole, checked against a shape, with errors that name file, place and remedy.

    path ──load──> pydantic model ──(a reader)──> frozen values

A wrong place is named as it would be typed: ``locomo.json: [0].conversation.session_3[7].text: Field required``.
Keys a shape does not know are never dropped in silence: ``unknown_keys`` lists them for the reader's report.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from personavlm.errors import BadInput

MAX_BYTES = 512 * 1024 * 1024
"""A JSON file larger than this is refused instead of filling memory."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Skipped:
    """One thing a reader left out: where it stands in the file, and why."""

    where: str
    why: str


class Shape(BaseModel):
    """Base of all file shapes: exact types, unknown keys kept so that they can be reported."""

    model_config = ConfigDict(extra="allow", strict=True)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def load(path: Path, kind: type[T], what: str) -> T:
    """Return the file's content in the shape ``kind``; ``what`` names the format in errors ("a LoCoMo file").

    Raises ``BadInput`` if the file is missing, unreadable, too large, not JSON or not of that shape.
    """
    remedy = f"give the path of {what}."
    text = _text(path, remedy)
    try:
        data = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise BadInput(f"{path.name} is not JSON: {error}.", remedy) from error
    return check(data, kind, path.name, f"{remedy} The place in it that does not fit is named above.")


def check(data: object, kind: type[T], name: str, remedy: str) -> T:
    """Return parsed JSON in the shape ``kind``. Raises ``BadInput`` naming the first place that does not fit."""
    adapter: TypeAdapter[T] = _adapter(kind)  # type: ignore[arg-type]
    try:
        value = adapter.validate_python(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        more = f" ({error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise BadInput(f"{name}: {place(first['loc'])}: {first['msg']}{more}.", remedy) from error
    return value


def place(location: tuple[int | str, ...]) -> str:
    """Return a place inside a JSON file as it would be typed, for example ``sessions[2].profile.name``."""
    parts = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return parts.removeprefix(".") or "the whole file"


def unknown_keys(value: object, where: str = "") -> Iterator[Skipped]:
    """Yield a line for every key of the file that its shape does not know, at any depth."""
    if isinstance(value, Shape):
        for key in value.model_extra or {}:
            yield Skipped(_join(where, key), "this key is not part of the format")
        for key in type(value).model_fields:
            yield from unknown_keys(getattr(value, key), _join(where, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from unknown_keys(item, f"{where}[{index}]")


def _join(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _text(path: Path, remedy: str) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInput(f"{path.name} is larger than {MAX_BYTES // 2**20} MB.", "split the file.")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path.name} is not UTF-8 text (byte {error.start}).", remedy) from error
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.", remedy) from error
