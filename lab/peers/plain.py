"""The plain vector store: one SQLite table with vectors, and a flat FAISS index per user in memory. The floor.

A commit is as durable as ours (write-ahead log, ``synchronous=FULL``). Items come in time order, so a period is a span
of rows.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left, bisect_right
from datetime import datetime
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from lab.peers import Item, Period
from personavlm.encoders import TextEncoder

LARGEST = 1_000_000
RESPECTS_PERIOD = True


class _User:
    def __init__(self, dim: int) -> None:
        self.index: Any = faiss.IndexFlatIP(dim)
        self.ids: list[str] = []
        self.times: list[float] = []


class Plain:
    """Vectors in a table and in memory."""

    def __init__(self, folder: Path, encoder: TextEncoder) -> None:
        self._encoder = encoder
        self._users: dict[str, _User] = {}
        self._db = sqlite3.connect(folder / "vectors.sqlite", isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("CREATE TABLE IF NOT EXISTS items (user TEXT, id TEXT, time REAL, text TEXT, vector BLOB)")
        for user, name, time, blob in self._db.execute("SELECT user, id, time, vector FROM items ORDER BY rowid"):
            self._index(user, name, time, np.frombuffer(blob, np.float32))

    def _index(self, user: str, name: str, time: float, vector: Any) -> None:
        mine = self._users.setdefault(user, _User(self._encoder.dim))
        mine.index.add(vector[None])
        mine.ids.append(name)
        mine.times.append(time)

    def add(self, item: Item) -> None:
        """Insert a row and its vector."""
        vector = self._encoder.encode([item.searched])[0]
        row = (item.user, item.id, item.time.timestamp(), item.searched, vector.tobytes())
        self._db.execute("INSERT INTO items VALUES (?, ?, ?, ?, ?)", row)
        self._index(item.user, item.id, item.time.timestamp(), vector)

    def search(self, user: str, question: str, now: datetime, k: int, period: Period | None = None) -> list[str]:
        """Search the flat index, or a span of it."""
        mine = self._users[user]
        chosen = None
        if period is not None:
            low = bisect_left(mine.times, period[0].timestamp())
            high = bisect_right(mine.times, period[1].timestamp())
            chosen = faiss.SearchParameters(sel=faiss.IDSelectorRange(low, high))
        _, rows = mine.index.search(self._encoder.encode([question]), k, params=chosen)
        return [mine.ids[row] for row in rows[0] if row >= 0]

    def forget(self, user: str) -> None:
        """Delete the rows, as SQLite does it by default."""
        self._db.execute("DELETE FROM items WHERE user = ?", (user,))
        self._users.pop(user, None)

    def close(self) -> None:
        """Close the database."""
        self._db.close()


def open_peer(folder: Path, encoder: TextEncoder) -> Plain:
    """Open the table in a folder and read it into memory."""
    return Plain(folder, encoder)
