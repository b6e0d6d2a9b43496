"""mem0, open-source edition, with its local Qdrant and history database: raw ``add`` (no inference) and ``search``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from lab.peers import Item, Period
from personavlm.encoders import TextEncoder
from personavlm.errors import MissingPackage

LARGEST = 10_000
RESPECTS_PERIOD = True


class _Embedder:
    """The interface of mem0's embedders over ours."""

    def __init__(self, encoder: TextEncoder) -> None:
        self._encoder = encoder

    def embed(self, text: str, memory_action: str = "add") -> list[float]:
        vector: list[float] = self._encoder.encode([text])[0].tolist()
        return vector

    def embed_batch(self, texts: Sequence[str], memory_action: str = "add") -> list[list[float]]:
        return [self.embed(text) for text in texts]


class Mem0:
    """One collection; users are a filter on it."""

    def __init__(self, folder: Path, encoder: TextEncoder) -> None:
        os.environ.update(MEM0_TELEMETRY="False", MEM0_DIR=str(folder / "settings"))  # read when mem0 is imported
        try:
            from mem0 import Memory
        except ImportError as error:
            raise MissingPackage("mem0ai is not installed.", "pip install -r lab/peers/requirements.txt") from error
        unused = {"provider": "openai", "config": {"api_key": "never used"}}
        place = {"path": str(folder / "qdrant"), "on_disk": True, "embedding_model_dims": encoder.dim}
        self._memory: Any = Memory.from_config(
            {
                "vector_store": {"provider": "qdrant", "config": {**place, "collection_name": "items"}},
                "history_db_path": str(folder / "history.sqlite"),
                "llm": unused,
                "embedder": unused,
            }
        )
        self._memory.embedding_model = _Embedder(encoder)

    def add(self, item: Item) -> None:
        """Add the words as they are."""
        about = {"item": item.id, "said_at": item.time.timestamp()}
        self._memory.add(item.searched, user_id=item.user, metadata=about, infer=False)

    def search(self, user: str, question: str, now: datetime, k: int, period: Period | None = None) -> list[str]:
        """Search with the user, and the period, as filters."""
        filters: dict[str, Any] = {"user_id": user}
        if period is not None:
            filters["said_at"] = {"gte": period[0].timestamp(), "lte": period[1].timestamp()}
        found = self._memory.search(question, top_k=k, filters=filters, threshold=0.0)
        return [one["metadata"]["item"] for one in found["results"]]

    def forget(self, user: str) -> None:
        """Delete everything of a user."""
        self._memory.delete_all(user_id=user)

    def close(self) -> None:
        """Close both databases."""
        self._memory.vector_store.client.close()
        self._memory.close()


def open_peer(folder: Path, encoder: TextEncoder) -> Mem0:
    """Open the collection in a folder."""
    return Mem0(folder, encoder)
