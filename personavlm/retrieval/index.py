"""The index: passages by row, with their vectors (FAISS), words (postings) and times. A cache that can be rebuilt.

    row | time  since  kind  before  after  topic … | vector (FAISS, flat inner product) | words -> rows (postings)

Rows are appended and never move, so a row number is a FAISS id; in a user's life they come in time order, so a period
is a span of rows. A removed row is blanked at once and its place reclaimed when dead rows outnumber live ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from threading import RLock
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from personavlm.encoders import TextEncoder, Vectors
from personavlm.graph import Tie, linked
from personavlm.memory import Memory, MemoryLink, State
from personavlm.retrieval.lexical import Floats, Ints, Postings, Scope
from personavlm.retrieval.passages import Passage, memory_passage, turn_passage
from personavlm.trace import HitType, Trace, sessions
from personavlm.words import terms

KINDS: tuple[HitType, ...] = get_args(HitType)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATED = re.compile(
    r"\b(yesterday|today|tonight|tomorrow|ago|last|next|since|recently|just|finally|weekend|weeks?|months?|years?|"
    r"this morning|\d{4})\b",
    re.IGNORECASE,
)
_SPARE = 64
"""Dead rows that are tolerated however few the live ones are."""

_COLUMNS: dict[str, Any] = {
    "time": np.int64,
    "since": np.int64,
    "kind": np.int8,
    "alive": np.bool_,
    "before": np.int64,
    "after": np.int64,
    "topic": np.int64,
    "length": np.float32,
    "speaker": np.int16,
    "asks": np.bool_,
    "dated": np.bool_,
}


def instant(time: datetime) -> int:
    """Return a time as whole microseconds since 1970."""
    return (time - _EPOCH) // timedelta(microseconds=1)


@cache
def _faiss() -> Any:
    import faiss

    return faiss


class Index:
    """Everything findable of one user, or of one conversation. Threads may share it: each use holds ``lock``."""

    def __init__(self, encoder: TextEncoder) -> None:
        self.encoder = encoder
        self.lock = RLock()
        self._clear()

    def _clear(self) -> None:
        self.size = 0
        """Rows, dead ones included."""
        self.postings = Postings()
        self.speakers: list[str] = []
        self.links: dict[str, list[Tie]] = {}
        """Ties of the memory graph by memory id, both ways."""
        self._columns = {name: np.zeros(16, kind) for name, kind in _COLUMNS.items()}
        self._passages: list[Passage | None] = []
        self._rows: dict[str, int] = {}
        self._ends: dict[str, int] = {}
        self._topics: dict[str, str] = {}
        self._sources: dict[str, object] = {}
        self._vectors: Any = None

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, passage_id: str) -> bool:
        return passage_id in self._rows

    def column(self, name: str) -> NDArray[Any]:
        """Return one column of the table (a view over all rows)."""
        return self._columns[name][: self.size]

    def take(self, name: str, rows: Ints) -> NDArray[Any]:
        """Return a column at increasing rows; without a copy where they follow each other, as a period's do."""
        column = self._columns[name]
        if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
            return column[rows[0] : rows[-1] + 1]
        taken: NDArray[Any] = column[rows]
        return taken

    def row(self, passage_id: str) -> int | None:
        """Return a passage's row, None if it is not indexed."""
        return self._rows.get(passage_id)

    def at(self, row: int) -> Passage:
        """Return the passage of a live row. Raises ``KeyError`` for a dead one."""
        passage = self._passages[row]
        if passage is None:
            raise KeyError(row)
        return passage

    def passages(self) -> Iterator[Passage]:
        """Yield what is indexed, in row order."""
        return (passage for passage in self._passages if passage is not None)

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────

    def add(self, passages: Iterable[Passage], vectors: Vectors | None = None) -> None:
        """Index passages, best in time order; one whose id is known takes the old one's place.

        ``vectors`` are those of their ``searched`` texts if the caller has them, else the encoder is asked. Raises
        ``ValueError`` for vectors of another encoder's width or number: they are never mixed.
        """
        new = list(passages)
        if not new:
            return
        found = self.encoder.encode([passage.searched for passage in new]) if vectors is None else vectors
        if found.shape != (len(new), self.encoder.dim):
            name, dim = self.encoder.name, self.encoder.dim
            raise ValueError(
                f"vectors of shape {found.shape} for {len(new)} passages and the encoder {name} ({dim} wide)"
            )
        with self.lock:
            self.remove(passage.id for passage in new if passage.id in self._rows)
            if self._vectors is None:
                self._vectors = _faiss().IndexFlatIP(found.shape[1])
            self._vectors.add(np.ascontiguousarray(found, np.float32))
            for passage in new:
                self._append(passage)

    def _append(self, passage: Passage) -> None:
        row = self.size
        words = terms(passage.searched)
        self._passages.append(passage)
        self._rows[passage.id] = row
        self._reserve(row + 1)
        self.size = row + 1
        last = self._ends.get(passage.thread, -1) if passage.thread else -1
        for name, value in (
            ("time", instant(passage.time)),
            ("since", instant(passage.since or passage.time)),
            ("kind", KINDS.index(passage.type)),
            ("alive", True),
            ("before", last),
            ("after", -1),
            ("topic", self._rows.get(self._topics.get(passage.id, ""), -1)),
            ("length", len(words)),
            ("speaker", self._speaker(passage.speaker)),
            ("asks", "?" in passage.text),
            ("dated", bool(_DATED.search(passage.text))),
        ):
            self._columns[name][row] = value
        if passage.thread:
            self._ends[passage.thread] = row
            if last >= 0:
                self._columns["after"][last] = row
        self._cover(passage, row)
        self.postings.add(row, words)

    def _reserve(self, rows: int) -> None:
        if rows > len(self._columns["time"]):
            self._columns = {
                name: np.concatenate([values, np.zeros_like(values)]) for name, values in self._columns.items()
            }

    def _speaker(self, name: str) -> int:
        if not name:
            return -1
        if name not in self.speakers:
            self.speakers.append(name)
        return self.speakers.index(name)

    def _cover(self, topic: Passage, row: int) -> None:
        for turn in topic.turns:
            self._topics[turn] = topic.id
            if turn in self._rows:
                self._columns["topic"][self._rows[turn]] = row

    def remove(self, ids: Iterable[str]) -> None:
        """Forget passages; unknown ids are passed over. Their text and vectors leave memory at once."""
        with self.lock:
            for passage_id in list(ids):
                row = self._rows.pop(passage_id, None)
                if row is not None:
                    self._blank(row)
            if self.size - len(self) > max(_SPARE, len(self)):
                self._compact()

    def _blank(self, row: int) -> None:
        passage = self.at(row)
        self.postings.remove(terms(passage.searched))
        before, after = int(self._columns["before"][row]), int(self._columns["after"][row])
        if before >= 0:
            self._columns["after"][before] = after
        if after >= 0:
            self._columns["before"][after] = before
        elif passage.thread:
            self._ends[passage.thread] = before
        for turn in passage.turns:
            if self._topics.get(turn) == passage.id:
                del self._topics[turn]
                self._columns["topic"][self._rows.get(turn, row)] = -1
        self._columns["alive"][row] = False
        self._columns["before"][row] = self._columns["after"][row] = -1
        self._passages[row] = None
        self._sources.pop(passage.id, None)
        self._table()[row] = 0

    def _table(self) -> Vectors:
        # FAISS holds the only copy of the vectors; this is a view of it, not another one.
        count, width = self._vectors.ntotal, self._vectors.d
        view: Vectors = _faiss().rev_swig_ptr(self._vectors.get_xb(), count * width).reshape(count, width)
        return view

    def _compact(self) -> None:
        live = np.flatnonzero(self.column("alive"))
        kept = [self.at(int(row)) for row in live]
        vectors, sources, links = self._table()[live].copy(), self._sources, self.links
        self._clear()
        self.add(kept, vectors)
        self._sources, self.links = sources, links

    def refresh(
        self,
        state: State,
        traces: Sequence[Trace],
        speaker: str = "",
        pictures: Mapping[str, Vectors] | None = None,
    ) -> None:
        """Make the index hold exactly this state and these traces; what did not change is not touched.

        Vectors of changed memories come from the encoder, which is asked for new texts only if it remembers.
        """
        self.tie(state.links)
        times = {trace.turn.id: trace.turn.time for trace in traces}
        wanted: dict[str, object] = {trace.turn.id: trace for trace in traces}
        wanted.update((memory.id, memory) for memory in state.all() if memory.type != "core")
        known = self._sources
        self.remove([one for one in known if one not in wanted])
        stale = {
            one: source for one, source in wanted.items() if known.get(one) is not source and known.get(one) != source
        }
        if not stale:
            return
        new = [
            turn_passage(trace, session.id, speaker)
            for session in sessions(traces)
            for trace in session.traces
            if trace.turn.id in stale
        ]
        made = (memory_passage(one, times, pictures) for one in stale.values() if isinstance(one, Memory))
        new += [passage for passage in made if passage is not None]
        self.add(sorted(new, key=lambda passage: passage.time))
        self._sources.update(stale)

    def tie(self, links: Iterable[MemoryLink]) -> None:
        """Take the memory graph's links as they stand now; a hop follows them."""
        self.links = linked(links)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────

    def cosines(self, vector: Floats, near: Scope) -> Floats:
        """Return the cosine of a unit vector with every row of the scope.

        Listed rows are searched by FAISS under a selector. A span is one product over FAISS's own table: the same
        figures for all of its rows in half the time, since a result list need not be built.
        """
        if near.listed is None:
            product: Floats = self._table()[near.low : near.high] @ vector
            return product
        faiss = _faiss()
        chosen = faiss.SearchParameters(sel=faiss.IDSelectorBatch(near.listed))
        _, found, rows = self._vectors.range_search(np.ascontiguousarray(vector[None]), -2.0, params=chosen)
        cosines = np.zeros(near.size, np.float32)
        cosines[near.places(rows)[0]] = found
        return cosines

    def pictured(self, rows: Ints, vectors: Vectors) -> Floats:
        """Return each row's best cosine with any of the asked pictures, 0 for rows without pictures."""
        best = np.zeros(len(rows), np.float32)
        for place, row in enumerate(rows):
            pictures = self.at(int(row)).pictures
            if pictures is not None and pictures.shape[1] == vectors.shape[1]:
                best[place] = max(0.0, float((pictures @ vectors.T).max()))
        return best
