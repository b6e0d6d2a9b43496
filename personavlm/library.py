"""Library: one user's findable memory, kept in step with the store, and the pictures that belong to it.

    store ──new traces, changed memories──> Index ──search──> Hits       picture ──detect──> cut-out ──encode──> vector

The index is a cache. What was encoded is kept in the store by content and encoder, so opening a user encodes nothing
twice, and a change of encoder finds nothing of the old one and encodes anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TypeVar

import numpy as np

from personavlm.detect import AROUND, Box, Detector, cut, detect, enrol, recognise
from personavlm.encoders import PictureEncoder, TextEncoder, Vectors
from personavlm.graph import propose_links, propose_merges
from personavlm.memory import Add, Crop, Edit, Link, Memory, Merge, Replace, Retire, State
from personavlm.pictures import OpenedPicture, image, store_form
from personavlm.retrieval import Index, Limits, Passage, Query, memory_passage, search, turn_passage
from personavlm.store import Store
from personavlm.trace import Trace, Turn

T = TypeVar("T")


class StoredEncoder:
    """A text encoder that remembers in the user's store what it encoded."""

    def __init__(self, encoder: TextEncoder, store: Store) -> None:
        self.name, self.dim = encoder.name, encoder.dim
        self._encoder, self._store = encoder, store

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return ``(len(texts), dim)`` unit vectors; only texts never seen with this encoder are encoded."""
        return _remembered(self._store, self.name, [_key(t.encode()) for t in texts], texts, self._encoder.encode)


@dataclass(slots=True)
class _Seen:
    """How far the index has followed the ledger."""

    generation: int = 0
    turn: str = ""
    edits: int = 0


class Library:
    """A user's index and pictures. One per open user; safe to share between threads."""

    def __init__(
        self, store: Store, encoder: TextEncoder, pictures: PictureEncoder, detector: Detector | None = None
    ) -> None:
        self.store = store
        self.pictures = pictures
        self.detector = detector
        self.encoder = encoder
        self.stored_encoder = StoredEncoder(encoder, store)
        """The text encoder, remembering in the store what it encoded."""
        self._lock = threading.RLock()
        self._index = Index(encoder)
        self._seen = _Seen()
        self._times: dict[str, datetime] = {}
        self._passing: dict[str, bytes] = {}

    def index(self, as_of: datetime | None = None) -> Index:
        """Return the index of all that is known, or of what was known at a moment (built for the occasion)."""
        if as_of is not None:
            return self._past(as_of)
        with self._lock:
            self._follow()
            return self._index

    def _follow(self) -> None:
        """Index what the ledger gained: new turns, and the memories that new edits touched; all, after an erasure."""
        generation = self.store.generation()
        if generation != self._seen.generation:
            self._index, self._seen, self._times = Index(self.encoder), _Seen(generation), {}
        state = self.store.state()
        speaker = state.name or ""
        fresh: list[Passage] = []
        for trace in self.store.traces_after(self._seen.turn):
            fresh.append(turn_passage(trace, self.store.session_of(trace.turn.id), speaker))
            self._times[trace.turn.id] = trace.turn.time
            self._seen.turn = trace.turn.id
        seq, edits = self.store.edits_after(self._seen.edits)
        self._seen.edits = seq
        fresh += self._passages(state.memories[id] for id in touched(edits, state))
        self._add(self._index, fresh)
        if any(isinstance(edit, Link) for edit in edits):
            self._index.tie(state.links)

    def _past(self, as_of: datetime) -> Index:
        state = self.store.state(as_of)
        index = Index(self.encoder)
        traces = self.store.traces(until=as_of)
        self._times |= {t.turn.id: t.turn.time for t in traces}
        turns = [turn_passage(t, self.store.session_of(t.turn.id), state.name or "") for t in traces]
        self._add(index, [*turns, *self._passages(state.all())])
        index.tie(state.links)
        return index

    def _passages(self, memories: Iterable[Memory]) -> list[Passage]:
        memories = list(memories)
        vectors = {crop.digest: self.picture_vectors([crop.digest]) for m in memories for crop in m.crops}
        made = (memory_passage(m, self._times, vectors) for m in memories)
        return [passage for passage in made if passage is not None]

    def _add(self, index: Index, fresh: list[Passage]) -> None:
        # Raw turns are encoded once and kept; times stay in order so that a period is a span of rows.
        fresh.sort(key=lambda passage: passage.time)
        index.add(fresh, self.stored_encoder.encode([passage.searched for passage in fresh]))

    # ── pictures ─────────────────────────────────────────────────────────────────────────────────────────────────

    def picture(self, digest: str) -> bytes | None:
        """Return a picture's bytes: stored, or passing through."""
        return self._passing.get(digest) or self.store.picture(digest)

    @contextmanager
    def passing(self, pictures: Sequence[OpenedPicture]) -> Iterator[None]:
        """Let pictures be looked at inside the block without being stored."""
        self._passing |= {picture.digest: picture.data for picture in pictures}
        try:
            yield
        finally:
            for picture in pictures:
                self._passing.pop(picture.digest, None)

    def picture_vectors(self, digests: Sequence[str]) -> Vectors:
        """Return unit vectors of stored pictures, one row each; pictures whose bytes are gone are left out."""
        found = [(d, data) for d in digests if (data := self.picture(d)) is not None]

        def encode(pictures: Sequence[bytes]) -> Vectors:
            return self.pictures.encode([image(data) for data in pictures])

        keys = [digest for digest, _ in found]
        return _remembered(self.store, self.pictures.name, keys, [data for _, data in found], encode)

    def things(self, turn: Turn) -> Vectors | None:
        """Return unit vectors of the things in a turn's pictures, None if it has no stored picture."""
        cut_outs = []
        for picture in turn.pictures:
            data = self.picture(picture.digest)
            if data is not None:
                opened = image(data)
                boxes = [_marked(picture.box)] if picture.box else detect(opened, None, self.detector)
                cut_outs += [cut(opened, box, self.pictures.surroundings) for box in boxes]
        return self.pictures.encode(cut_outs) if cut_outs else None

    def enrol(self, trace: Trace, category: str, number: int) -> tuple[Crop, ...]:
        """Cut the ``number``-th thing of a category out of a turn's pictures, keep it, and return where it was."""
        for picture in trace.turn.pictures:
            data = self.picture(picture.digest)
            if data is None:
                continue
            opened = image(data)
            box = _marked(picture.box) if picture.box else enrol(opened, category or None, self.detector, number)
            kept = store_form(cut(opened, box, AROUND))
            self.store.keep_picture(kept.data, kept.media_type, kept.width, kept.height)
            return (Crop(picture.digest, kept.digest, box.corners),)
        return ()

    def known_things(self, turn: Turn, state: State) -> dict[str, float]:
        """Return the visual concepts a turn's pictures show, by memory id with their cosine; empty: none is known."""
        asked = self.things(turn)
        concepts = [m for m in state.current("semantic") if m.crops]
        if asked is None or not concepts:
            return {}
        enrolled = {m.id: self.picture_vectors([crop.digest for crop in m.crops]) for m in concepts}
        found: dict[str, float] = {}
        for row in asked:
            seen = recognise(row, enrolled, self.pictures.same_from)
            if seen.name is not None:
                found[seen.name] = max(seen.score, found.get(seen.name, -1.0))
        return found

    def related(self, trace: Trace, limit: int) -> list[Memory]:
        """Return current semantic memories that bear on a turn, nearest first."""
        state = self.store.state()
        if not state.statements:
            return []
        limits = Limits(procedural=0, semantic=limit, topics=0, visual=limit)
        query = Query(trace.turn.text[:2000], trace.turn.time, limits=limits)
        with self._lock:
            hits = search(self.index(), query)
        found = (state.memories[hit.id] for hit in hits if hit.id in state.memories)
        return [m for m in found if m.status == "current"][:limit]

    def connect(self, state: State, new: Sequence[Memory], time: datetime) -> tuple[Link | Merge, ...]:
        """Return links that new memories suggest across time, and merges of memories that say the same."""
        merges = propose_merges(state, self.encoder.encode, time)
        gone = {target for merge in merges for target in merge.targets}
        links = propose_links(state, [memory.id for memory in new if memory.id not in gone], time)
        kept = (one for one in links if not gone & {one.link.source, one.link.target})
        return (*merges, *kept)


def touched(edits: Iterable[Edit], state: State) -> list[str]:
    """Return ids of the memories a run of edits added or changed, and of procedural ones that made room."""
    ids: dict[str, None] = {}
    for edit in edits:
        match edit:
            case Add(memory=memory) | Replace(memory=memory) | Merge(memory=memory):
                ids |= dict.fromkeys((*memory.sources, memory.id))
                if memory.type == "procedural":
                    ids |= dict.fromkeys(m.id for m in state.all("procedural") if m.status == "retired")
            case Retire(target=target):
                ids[target] = None
            case _:
                pass
    return [id for id in ids if id in state.memories]


def _marked(box: tuple[int, int, int, int]) -> Box:
    return Box(*box, source="drawn")


def _key(data: bytes) -> str:
    return sha256(data).hexdigest()


def _remembered(
    store: Store, encoder: str, keys: Sequence[str], items: Sequence[T], encode: Callable[[Sequence[T]], Vectors]
) -> Vectors:
    """Vectors from the store's cache, the missing ones from the encoder and kept."""
    known = store.vectors(encoder, list(dict.fromkeys(keys)))
    missing = {key: item for key, item in zip(keys, items, strict=True) if key not in known}
    if missing:
        made = encode(list(missing.values()))
        fresh = dict(zip(missing, made, strict=True))
        store.keep_vectors(encoder, fresh)
        known |= fresh
    return np.stack([known[key] for key in keys]) if keys else np.zeros((0, 0), np.float32)
