"""Worlds as files: the truth beside a sample, ``world.json``, as canonical JSON of a ``World``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from personavlm.errors import BadInput
from personavlm.trace import revive
from personavlm.worlds.values import World

WORLD = "world.json"


def read_world(folder: Path) -> World:
    """Return the world kept in a folder. Raises ``BadInput`` if there is none or it is damaged."""
    path = folder / WORLD
    try:
        return revive(World, path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        remedy = "a benchmark that `personavlm synth bench` wrote has one; without it, use --mode memory."
        raise BadInput(f"{folder} holds no {WORLD}.", remedy) from None
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read: {error}.", "write it again with `personavlm synth bench`.") from error


def read_worlds(folder: Path) -> Iterator[World]:
    """Yield the worlds below a folder, by path. Raises ``BadInput`` for a damaged one."""
    return (read_world(path.parent) for path in sorted(folder.rglob(WORLD)))
