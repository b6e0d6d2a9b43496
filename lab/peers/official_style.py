"""Official style: how the released PersonaVLM keeps and finds semantic memory, written anew from a description of it.

    user_data.json   the whole state, written completely after each turn, not atomically
    content.faiss    a flat L2 index, written to disk with each query

One record per turn; a search embeds what is new one text at a time, takes the k nearest, and only then drops what is
younger than an hour, so the result shrinks and is not refilled. A period is taken and has no effect. Nothing can be
deleted. Topics, keywords and the rewritten core and procedural blocks come from a language model and take no part.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import faiss

from lab.peers import Item, Period
from personavlm.encoders import TextEncoder
from personavlm.errors import BadInput
from personavlm.trace import SESSION_GAP

LARGEST = 3_000
RESPECTS_PERIOD = False


class OfficialStyle:
    """A folder per user."""

    def __init__(self, folder: Path, encoder: TextEncoder) -> None:
        self._folder, self._encoder = folder, encoder
        self._data: dict[str, dict[str, Any]] = {}
        self._index: dict[str, Any] = {}
        for path in sorted(folder.glob("*/user_data.json")):
            self._data[path.parent.name] = json.loads(path.read_text("utf-8"))

    def add(self, item: Item) -> None:
        """Append a record to the state and write all of it."""
        data = self._data.setdefault(item.user, {"sessions": []})
        sessions = data["sessions"]
        if not sessions or item.time - self._last(sessions) > SESSION_GAP:
            sessions.append({"interactions": [], "semantic_memory": []})
        sessions[-1]["interactions"].append([{"time": item.time.isoformat(), "id": item.id, "query": item.words}])
        sessions[-1]["semantic_memory"].append({"decision": True, "content": item.searched, "keywords": ""})
        place = self._folder / item.user
        place.mkdir(exist_ok=True)
        (place / "user_data.json").write_text(json.dumps(data, indent=4, ensure_ascii=False), "utf-8")

    @staticmethod
    def _last(sessions: list[dict[str, Any]]) -> datetime:
        return datetime.fromisoformat(sessions[-1]["interactions"][-1][0]["time"])

    def search(self, user: str, question: str, now: datetime, k: int, period: Period | None = None) -> list[str]:
        """Scan every session, bring the index up to date and write it, take the nearest, then filter."""
        records = [
            (turn[0]["id"], datetime.fromisoformat(turn[0]["time"]), record["content"])
            for session in self._data[user]["sessions"]
            for turn, record in zip(session["interactions"], session["semantic_memory"], strict=True)
            if record["decision"]
        ]
        index = self._up_to_date(user, [content for _, _, content in records])
        _, rows = index.search(self._encoder.encode([question]), k)
        nearest = [records[row] for row in rows[0] if row >= 0]
        return [name for name, time, _ in nearest if time + timedelta(hours=1) <= now]

    def _up_to_date(self, user: str, contents: list[str]) -> Any:
        path = self._folder / user / "content.faiss"
        if user not in self._index:
            known = faiss.read_index(str(path)) if path.is_file() else faiss.IndexFlatL2(self._encoder.dim)
            self._index[user] = known
        index = self._index[user]
        for content in contents[index.ntotal :]:
            index.add(self._encoder.encode([content]))
        faiss.write_index(index, str(path))
        return index

    def forget(self, user: str) -> None:
        """There is no way to. Raises ``BadInput``."""
        raise BadInput("The released agent has no deletion.", "delete its folder by hand.")

    def close(self) -> None:
        """Nothing is open."""


def open_peer(folder: Path, encoder: TextEncoder) -> OfficialStyle:
    """Open the folder."""
    return OfficialStyle(folder, encoder)
