"""Journals: what a run keeps of each person, every case with its reply and its whole trace.

OUT/journal/50-0.jsonl      while the person is asked: a line is with the system once its case is answered
50-0.jsonl.gz   afterwards
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from personavlm.bench.values import Answered, Spend
from personavlm.files import guarded, write_atomically
from personavlm.trace import Trace, canonical, revive


@dataclass(frozen=True, slots=True)
class Prepared:
    """What it took to take one person in."""

    person: str
    setting: str
    turns: int
    bytes: int
    seconds: float
    """Of this run: short where the replay was there already."""
    spends: tuple[Spend, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a journal: what taking the person in cost, or how a case went."""

    prepared: Prepared | None = None
    answered: Answered | None = None


@dataclass(frozen=True, slots=True)
class Entry(Row):
    """A line with its trace; a case that failed has none."""

    trace: Trace | None = None


class Journal:
    """One person's lines: appended as they come, packed when the person is done. A line cut by a kill is dropped."""

    def __init__(self, out: Path, person: str) -> None:
        self.path = out / "journal" / f"{person.replace('/', '-')}.jsonl"
        self.whole = self.path.with_suffix(".jsonl.gz")

    def __enter__(self) -> Journal:
        with guarded(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a", encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, entry: Entry) -> None:
        """Append a line; it is with the system when this returns."""
        with guarded(self.path):
            self._file.write(canonical(entry) + "\n")
            self._file.flush()

    def read(self) -> Iterator[Entry]:
        """Yield the whole lines, oldest first."""
        yield from (revive(Entry, line) for line in self._lines())

    def rows(self) -> Iterator[Row]:
        """Yield the lines without their traces, which take longest to read."""
        yield from (revive(Row, line) for line in self._lines())

    def _lines(self) -> list[str]:
        """Return the whole lines; a cut one at the end is removed from the file."""
        if self.whole.is_file():
            with guarded(self.whole):
                text = gzip.decompress(self.whole.read_bytes())
        elif self.path.is_file():
            with guarded(self.path):
                text = self.path.read_bytes()
                if not text.endswith(b"\n"):
                    text = text[: text.rfind(b"\n") + 1]
                    self.path.write_bytes(text)
        else:
            return []
        return text.decode().split("\n")[:-1]

    def finish(self) -> None:
        """Pack the journal."""
        if self.path.is_file():
            with guarded(self.path):
                write_atomically(self.whole, gzip.compress(self.path.read_bytes(), mtime=0))
                self.path.unlink()
