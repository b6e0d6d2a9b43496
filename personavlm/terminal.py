"""The terminal: where a verb's result and progress go, the present time, and times as people type them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from personavlm.errors import BadTime


@dataclass(frozen=True, slots=True)
class Output:
    """Where a verb's result goes: JSON to stdout, or text to the terminal with progress beside it."""

    json: bool

    @property
    def console(self) -> Console:
        """The terminal: stderr when stdout carries JSON."""
        return Console(stderr=self.json, highlight=False)

    def show(self, value: dict[str, Any], view: RenderableType | Callable[[], RenderableType] | None = None) -> None:
        """Print a verb's result."""
        if self.json:
            print(json.dumps(value, ensure_ascii=False, indent=1))
        else:
            rendered = view() if callable(view) else view
            self.console.print(rendered if rendered is not None else json.dumps(value, ensure_ascii=False, indent=1))

    @contextmanager
    def progress(self) -> Iterator[Callable[[str, int, int], None]]:
        """Yield a function (task, done, all) that draws progress bars on stderr."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=False) as bars:
            tasks: dict[str, Any] = {}

            def update(name: str, done: int, everything: int) -> None:
                if name not in tasks:
                    tasks[name] = bars.add_task(name, total=everything)
                bars.update(tasks[name], completed=done, total=everything)

            yield update


def now() -> datetime:
    """Return the present time with the machine's zone, to the second."""
    return datetime.now(UTC).astimezone().replace(microsecond=0)


def parse_time(text: str) -> datetime:
    """Return an ISO 8601 time with offset. Raises ``BadTime``."""
    from personavlm.trace import aware  # pydantic: only when a time is read

    try:
        return aware(datetime.fromisoformat(text))
    except ValueError:
        raise BadTime(f"{text!r} is not a time.", "write it like 2025-03-03T18:05:00+01:00.") from None


def parse_zone(name: str) -> tzinfo:
    """Return a time zone by its IANA name. Raises ``BadTime``."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise BadTime(f"There is no time zone {name!r}.", "use a name like Europe/Lisbon, or UTC.") from None
