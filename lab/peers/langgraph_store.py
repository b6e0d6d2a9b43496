"""LangGraph's SqliteStore, which LangMem keeps its memories in; its defaults are kept.

It loads sqlite-vec as an extension. A Python built without loadable extensions gets the driver from pysqlite3.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

from lab.peers import Item, Period
from personavlm.encoders import TextEncoder
from personavlm.errors import MissingPackage

LARGEST = 100_000
RESPECTS_PERIOD = True
PAGE = 1_000


class LangGraph:
    """A namespace per user, an item per key; vectors by sqlite-vec."""

    def __init__(self, folder: Path, encoder: TextEncoder) -> None:
        try:
            from langgraph.store.sqlite import SqliteStore
        except ImportError as error:
            raise MissingPackage(
                "langgraph-checkpoint-sqlite is not installed.", "pip install -r lab/peers/requirements.txt."
            ) from error

        def embed(texts: list[str]) -> list[list[float]]:
            return [vector.tolist() for vector in encoder.encode(texts)]

        index: Any = {"dims": encoder.dim, "embed": embed}
        self._db = _connect(folder / "store.sqlite")
        self._store = SqliteStore(self._db, index=index)
        self._store.setup()

    def add(self, item: Item) -> None:
        """Put one value."""
        value = {"text": item.searched, "time": item.time.timestamp()}
        self._store.put((item.user,), item.id, value, index=["text"])  # the store passes over "fields" of its settings

    def search(self, user: str, question: str, now: datetime, k: int, period: Period | None = None) -> list[str]:
        """Search a namespace, the period as a filter on a field."""
        within = {"time": {"$gte": period[0].timestamp(), "$lte": period[1].timestamp()}} if period else None
        return [found.key for found in self._store.search((user,), query=question, limit=k, filter=within)]

    def forget(self, user: str) -> None:
        """Delete a namespace key by key: there is no other way."""
        while page := self._store.search((user,), limit=PAGE):
            for found in page:
                self._store.delete((user,), found.key)

    def close(self) -> None:
        """Close the connection."""
        self._db.close()


def _connect(path: Path) -> Any:
    """As the store's own ``from_conn_string`` connects."""
    driver: Any = sqlite3
    if not hasattr(sqlite3.Connection, "enable_load_extension"):
        try:
            from pysqlite3 import dbapi2 as driver
        except ImportError as error:
            raise MissingPackage(
                "This Python's sqlite3 loads no extensions.", "pip install -r lab/peers/requirements.txt."
            ) from error
    return driver.connect(str(path), check_same_thread=False, isolation_level=None)


def open_peer(folder: Path, encoder: TextEncoder) -> LangGraph:
    """Open the store in a folder."""
    return LangGraph(folder, encoder)
