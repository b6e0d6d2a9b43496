"""The word banks: names, places, things, domains, scenes as JSON files beside this one, and their two disjoint halves.

    >>> [name["name"] for name in share(bank("names")["people"], "test")][:2]

Everything in them was written for this project (Apache-2.0). The training half and the test half of a bank have no item
in common, so that a model cannot know a test person's sister by name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

from personavlm.worlds.values import Half

T = TypeVar("T")


@cache
def bank(name: str) -> Any:
    """Return a bank's content. Raises ``FileNotFoundError`` for one that does not exist."""
    return json.loads((files(__package__) / f"{name}.json").read_text(encoding="utf-8"))


def share(items: Sequence[T] | Mapping[str, Sequence[T]], half: Half) -> tuple[T, ...]:
    """Return the items of one half, in the bank's order; every item is in exactly one, about two thirds in train.

    A short list names its halves itself ({"train": […], "test": […]}), so that neither runs dry.
    """
    if isinstance(items, Mapping):
        return tuple(items[half])
    return tuple(item for item in items if _half(item) == half)


def _half(item: object) -> Half:
    spelled = json.dumps(item, sort_keys=True, ensure_ascii=False)
    return "test" if hashlib.sha256(spelled.encode()).digest()[0] % 3 == 0 else "train"
