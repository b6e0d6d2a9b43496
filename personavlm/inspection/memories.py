"""Memories as they are looked at: found by words or by picture, counted, and compared version by version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

import numpy as np

from personavlm.assistant import Assistant
from personavlm.figures.style import kind_of
from personavlm.memory import Memory, State, bare
from personavlm.pictures import open_picture
from personavlm.trace import HitType, Turn

KINDS: tuple[HitType, ...] = ("core", "semantic", "visual", "procedural", "episodic")
"""Types in the order in which memories are shown."""


def found(state: State, kind: HitType | None = None, text: str = "", former: bool = True) -> list[Memory]:
    """Return memories of a type (None: all) that say all words of a text: by type, current ones first, newest first."""
    wanted = bare(text).split()
    chosen = [
        m
        for m in state.all()
        if (kind is None or kind_of(m) == kind)
        and (former or m.status == "current")
        and all(word in bare(f"{m.id} {m.text} {m.attribute}") for word in wanted)
    ]
    return sorted(chosen, key=lambda m: (KINDS.index(kind_of(m)), m.status != "current", -m.since.timestamp()))


def notable(memories: Sequence[Memory]) -> Memory | None:
    """Return the memory worth a first look: one with an earlier or later version, one that ended, or the first."""
    changed = [m for m in memories if m.sources or m.replaced_by] or [m for m in memories if m.status != "current"]
    return next(iter(changed or memories), None)


def counted(state: State) -> dict[HitType, tuple[int, int]]:
    """Return how many memories of each type are current, and how many former."""
    numbers = {kind: [0, 0] for kind in KINDS}
    for memory in state.all():
        numbers[kind_of(memory)][memory.status != "current"] += 1
    return {kind: (current, former) for kind, (current, former) in numbers.items()}


# ── pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Likeness(NamedTuple):
    """A named thing and how much a picture looks like it: cosine, 1 for the same picture."""

    memory: Memory
    cosine: float
    same: bool
    """Whether the assistant would take it for the same thing."""


def looking_like(assistant: Assistant, picture: bytes, state: State) -> tuple[Likeness, ...]:
    """Return the named things of a state by how much they look like what a picture shows, nearest first.

    Nothing is stored. Raises ``BadPicture`` for bytes that are no picture.
    """
    opened = open_picture(picture)
    last = assistant.store.last_turn()
    concepts = [m for m in state.all("semantic") if m.crops]
    if last is None or not concepts:
        return ()
    with assistant.library.passing([opened]):
        things = assistant.library.things(Turn("t1", last.time, "", (opened.mention(),)))
    assert things is not None  # the picture is passing
    encoder = assistant.kit.pictures
    found: list[Likeness] = []
    for memory in concepts:
        shown = assistant.library.picture_vectors([crop.digest for crop in memory.crops])
        if len(shown):
            cosine = float(np.max(things @ shown.T))
            found.append(Likeness(memory, cosine, cosine >= encoder.same_from))
    return tuple(sorted(found, key=lambda one: -one.cosine))


# ── versions ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Piece(NamedTuple):
    """A run of words that two versions share, or that only one of them has."""

    words: str
    change: Literal["same", "gone", "new"]


def reworded(old: str, new: str) -> tuple[Piece, ...]:
    """Return how one wording became another, word by word."""
    return tuple(_pieces(old.split(), new.split()))


def _pieces(old: list[str], new: list[str]) -> Iterator[Piece]:
    for change, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if change == "equal":
            yield Piece(" ".join(old[i1:i2]), "same")
            continue
        if i2 > i1:
            yield Piece(" ".join(old[i1:i2]), "gone")
        if j2 > j1:
            yield Piece(" ".join(new[j1:j2]), "new")


@dataclass(frozen=True, slots=True)
class Keyed:
    """One key of core or procedural memory with its versions, oldest first; the last one is in force if current."""

    key: str
    versions: tuple[Memory, ...]


def keyed(state: State, kind: Literal["core", "procedural"]) -> tuple[Keyed, ...]:
    """Return core or procedural memory key by key; keys in force first, each group by name."""
    groups: dict[tuple[str, str], list[Memory]] = {}
    for memory in state.all(kind):
        groups.setdefault((memory.block or "", memory.attribute), []).append(memory)
    rows = [Keyed(key, tuple(versions)) for (_, key), versions in groups.items()]
    return tuple(sorted(rows, key=lambda row: (all(m.status != "current" for m in row.versions), row.key)))
