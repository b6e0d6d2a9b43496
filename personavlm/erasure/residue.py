"""Residue: what of something erased still stands in the bytes of a user's files.

Looked for are stretches of what was said and remembered, pictures by their bytes, and cached vectors. What a turn that
stays says too, and what stood somewhere before, is no residue.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from personavlm.erasure.plan import Plan, told
from personavlm.erasure.selection import said
from personavlm.ledger import Row
from personavlm.memory import Memory
from personavlm.trace import Trace

SHORTEST = 12
"""Stretches of fewer characters are not looked for: they may stand anywhere."""


@dataclass(frozen=True, slots=True)
class Probes:
    """What must not be found any more."""

    stretches: frozenset[bytes]
    pictures: frozenset[str]
    """Digests of pictures, which are also their files' names."""
    vectors: frozenset[bytes]
    """Vectors that were cached, as stored."""

    def __len__(self) -> int:
        return len(self.stretches) + len(self.pictures) + len(self.vectors)


def probes(rows: Sequence[Row], plan: Plan, pictures: frozenset[str], vectors: frozenset[bytes]) -> Probes:
    """Return what to look for once a plan for these rows is carried out."""
    traces = [row.value for row in rows if isinstance(row.value, Trace)]
    gone = [said(trace.turn) for trace in traces if trace.turn.id in plan.turns]
    stays = [said(trace.turn) for trace in traces if trace.turn.id not in plan.turns]
    stays += [told(row.value) for row in rows[: plan.first]]
    again = {memory.text for memory in _memories(plan.rows)}
    known = "\n".join(stays)
    wanted = {one for text in gone for one in stretches(text) if one not in known}
    texts = (memory.text for memory in plan.memories if memory.text not in again)
    # A topic goes with one of its turns; its words on the others may stand elsewhere.
    wanted |= {one for text in texts for one in stretches(text) if one not in known and plan.tells(one)}
    return Probes(frozenset(one.encode() for one in wanted), pictures, vectors)


def _memories(rows: Iterable[Row]) -> Iterator[Memory]:
    return (memory for row in rows if (memory := getattr(row.value, "memory", None)) is not None)


def stretches(text: str) -> Iterator[str]:
    """Yield the stretches of a text that are spelled alike in JSON and in plain text."""
    for run in re.split(r"[\x00-\x1f\"\\]+", text):
        if len(run.strip()) >= SHORTEST:
            yield run.strip()


def found(folder: Path, wanted: Probes) -> list[str]:
    """Return which of a folder's files hold what they must not: their names and the kind of thing, never the words."""
    left: list[str] = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        data = path.read_bytes()
        where = path.relative_to(folder).as_posix()
        if path.name in wanted.pictures or hashlib.sha256(data).hexdigest() in wanted.pictures:
            left.append(f"{where}: picture")
        left += [f"{where}: words" for stretch in sorted(wanted.stretches) if stretch in data]
        left += [f"{where}: vector" for vector in sorted(wanted.vectors) if vector in data]
    return left
