"""Peers: other stores of messages behind one small adapter each, so that one program can measure them side by side.

    Item(id, user, time, speaker, text) ──add──> Peer ──search(user, question, now, k, period)──> ids, nearest first

Everybody indexes the same words, ``Item.searched``, with the same encoder, through their own ``add`` and ``search``; no
language model takes part. Peers are optional: ``pip install -r lab/peers/requirements.txt`` in an environment of their
own, since some of them want older versions of what this project uses. Telemetry is off.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from personavlm.encoders import TextEncoder
from personavlm.errors import BadInput
from personavlm.retrieval.passages import spoken

Period = tuple[datetime, datetime]
"""Both ends are included."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing said by one of a user's speakers."""

    id: str
    """Unique within the user."""
    user: str
    time: datetime
    speaker: str
    text: str
    caption: str = ""

    @property
    def words(self) -> str:
        """Who said what, on one line."""
        return f'{self.speaker} said, "{self.text}"'

    @property
    def searched(self) -> str:
        """What everybody indexes: the date, who, what, and the caption of a picture that was shown."""
        shown = f" [{self.caption}]" if self.caption else ""
        return f'({spoken(self.time)}) "{self.words}{shown}"'


class Peer(Protocol):
    """One store, open."""

    def add(self, item: Item) -> None:
        """Take in the next thing said by a user; afterwards it can be found and outlives the process."""
        ...

    def search(self, user: str, question: str, now: datetime, k: int, period: Period | None = None) -> Sequence[str]:
        """Return ids of at most ``k`` of a user's items, nearest first."""
        ...

    def forget(self, user: str) -> None:
        """Delete a user by the means the store offers for it."""
        ...

    def close(self) -> None:
        """Close whatever is open."""
        ...


class Kind(Protocol):
    """A module of this package: how its store is opened, new or again."""

    LARGEST: int
    """Items beyond which it is not asked: it would take longer than the rest together."""
    RESPECTS_PERIOD: bool

    def open_peer(self, folder: Path, encoder: TextEncoder) -> Peer:
        """Open the store in a folder. Raises ``MissingPackage`` if its package is not installed."""
        ...


KINDS = ("ours", "plain", "langgraph_store", "mem0_oss", "official_style")
"""Modules here, each one kind."""


def kind(name: str) -> Kind:
    """Return the module of that name. Raises ``BadInput`` for another."""
    if name not in KINDS:
        raise BadInput(f"There is no peer {name!r}.", f"give some of {', '.join(KINDS)}.")
    module: Kind = importlib.import_module(f"{__name__}.{name}")  # type: ignore[assignment]
    return module
