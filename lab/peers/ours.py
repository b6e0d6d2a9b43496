"""Ours: a user is a folder; a turn enters the ledger with its pending work, and the index follows it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from lab.peers import Item, Period
from personavlm.assistant import Assistant, Kit
from personavlm.encoders import TextEncoder, Vectors
from personavlm.models.scripted import Scripted
from personavlm.retrieval import Limits, Query, search
from personavlm.store import Store, user_folder
from personavlm.trace import Picture

LARGEST = 1_000_000
RESPECTS_PERIOD = True


class _NoPictures:
    name, dim, same_from, surroundings = "none", 1, 0.5, 0.0

    def encode(self, pictures: Sequence[object]) -> Vectors:
        raise AssertionError("items hold no pictures")


class Ours:
    """One home, an assistant per user; its model is never asked, since replies are given and updates wait."""

    def __init__(self, home: Path, encoder: TextEncoder) -> None:
        self._home = home
        self._kit = Kit(encoder, _NoPictures())
        self._open: dict[str, Assistant] = {}

    def _assistant(self, user: str) -> Assistant:
        if user not in self._open:
            store = Store.open(self._home, user, create=True)
            self._open[user] = Assistant(store, Scripted([]), kit=self._kit)
        return self._open[user]

    def add(self, item: Item) -> None:
        """Store the turn with an empty reply, and index it."""
        assistant = self._assistant(item.user)
        pictures = (Picture("", caption=item.caption),) if item.caption else ()
        assistant.given(item.time, item.words, "", pictures)
        assistant.library.index()

    def search(self, user: str, question: str, now: datetime, k: int, period: Period | None = None) -> list[str]:
        """Search raw turns, as the response stage does for a session that is not closed yet."""
        start, end = period or (None, None)
        limits = Limits(procedural=0, semantic=0, topics=k, visual=0)
        query = Query(question, now, start=start, end=end, limits=limits)
        return [hit.id for hit in search(self._assistant(user).library.index(), query)]

    def forget(self, user: str) -> None:
        """A user is a folder."""
        if user in self._open:
            self._open.pop(user).store.close()
        shutil.rmtree(user_folder(self._home, user))

    def close(self) -> None:
        """Close every store."""
        while self._open:
            self._open.popitem()[1].store.close()


def open_peer(folder: Path, encoder: TextEncoder) -> Ours:
    """Open the home in a folder."""
    return Ours(folder, encoder)
