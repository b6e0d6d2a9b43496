"""Remains: what of a user stands in the bytes of a store's files, before and after the user was deleted."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lab.peers import Item
from lab.peers.timing import open_all
from personavlm.encoders import TextEncoder, Vectors
from personavlm.errors import BadInput

PROBES = 200


def left_after_deletion(
    name: str, items: Sequence[Item], place: Path, encoder: TextEncoder, seed: int
) -> dict[str, Any]:
    """Delete the first user, close the store, and look for what they said in the bytes of its files.

    What is not found before either is stored in a form that is not looked for here.
    """
    user = items[0].user
    others = "\n".join(item.text for item in items if item.user != user)
    said = [item for item in items if item.user == user and len(probe(item)) >= 20 and probe(item) not in others]
    chosen = [said[i] for i in np.random.default_rng(seed).permutation(len(said))[:PROBES]]
    before = present(chosen, place / name, encoder)
    peer = open_all([name], place, encoder)[name]
    try:
        peer.forget(user)
    except BadInput as error:
        offered = error.message
    else:
        offered = "yes"
    peer.close()
    return {
        "offered": offered,
        "probed": len(chosen),
        "before": before,
        "after": present(chosen, place / name, encoder),
    }


def present(items: Sequence[Item], folder: Path, encoder: TextEncoder) -> dict[str, int]:
    """Return how many items' texts and vectors stand in the bytes of a folder's files."""
    data = b"\0".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
    vectors = encoder.encode([item.searched for item in items])
    return {
        "texts": sum(probe(item).encode() in data for item in items),
        "vectors": sum(any(form in data for form in forms(vector)) for vector in vectors),
    }


def probe(item: Item) -> str:
    """Return the longest stretch of what was said that is spelled the same in every file format."""
    runs = "".join(c if c.isascii() and (c.isalnum() or c in " ,.'") else "\n" for c in item.text).splitlines()
    return max(runs, key=len, default="")


def forms(vector: Vectors) -> tuple[bytes, bytes]:
    """Return how a vector's beginning is spelled: as 32-bit floats, and as Python floats in a pickle."""
    return vector[:6].tobytes(), b"".join(b"G" + struct.pack(">d", float(x)) for x in vector[:6])
