"""Lexical: BM25 over postings that grow and shrink with the memory, for the rows a query asks for.

    "She plays the guitar on Sundays" ──terms──> play guitar sunday ──> {play: [(row, count), …], …}

A document's score is the share of the question's information it holds: the sum over shared terms of idf times the
saturated term frequency, divided by what a document of mean length gets that has each term once, and cut at 1. So a
question whose words hardly occur gets low lexical scores everywhere and leaves the ranking to the vectors.

Source: Robertson and Zaragoza (2009), "The Probabilistic Relevance Framework: BM25 and Beyond".
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


class Posting:
    """Where one term occurs: rows in increasing order with their counts, and how many of those rows still live."""

    __slots__ = ("counts", "live", "rows")

    def __init__(self) -> None:
        self.rows = array("i")
        self.counts = array("H")
        self.live = 0

    def between(self, start: int, stop: int) -> tuple[NDArray[np.int32], NDArray[np.uint16]]:
        """Return the rows in [start, stop) and their counts."""
        # Views of an array lock its size, so they end with this call: the slices are copied.
        rows = np.frombuffer(self.rows, np.int32)
        low, high = np.searchsorted(rows, (start, stop))
        return rows[low:high].copy(), np.frombuffer(self.counts, np.uint16)[low:high].copy()


class Lexical(NamedTuple):
    """BM25 of a row itself and of the window of the row with its neighbours, both in [0, 1]."""

    own: Floats
    window: Floats


@dataclass(frozen=True, slots=True)
class Scope:
    """The rows a query scores, and the rows beside them. Values of a scope are arrays over ``size`` places.

    A scope is the span of rows [low, high) when the rows asked for fill most of it (rows come in time order, so a
    period is a span), else the listed rows.
    """

    low: int
    high: int
    listed: Ints | None
    asked: Ints | slice
    """Places of the rows asked for."""
    before: Ints | None
    after: Ints | None
    """Places of their neighbours, ``size`` for none; None if nothing here has a neighbour."""

    @property
    def size(self) -> int:
        """Number of places."""
        return self.high - self.low if self.listed is None else len(self.listed)

    def places(self, rows: NDArray[Any]) -> tuple[Ints, NDArray[np.bool_] | None]:
        """Return the places of rows in [low, high), and which of them are in the scope (None: all)."""
        if self.listed is None:
            return rows - self.low, None
        places = np.searchsorted(self.listed, rows)
        return places, self.listed[np.minimum(places, len(self.listed) - 1)] == rows

    def around(self, values: Floats) -> Floats:
        """Return, for each row asked for, the sum of its two neighbours' values."""
        if self.before is None or self.after is None:
            return np.float32(0) * values[self.asked]
        padded = np.append(values, np.float32(0))
        total: Floats = padded[self.before] + padded[self.after]
        return total


def scope(asked: Ints, before: Ints, after: Ints) -> Scope:
    """Return the scope of the rows asked for (increasing, at least one); neighbours are rows too, -1 for none."""
    alone = before.max() < 0 and after.max() < 0
    beside = asked[:0] if alone else np.concatenate([before[before >= 0], after[after >= 0]])
    low, high = int(asked[0]), int(asked[-1]) + 1
    if len(beside):
        low, high = min(low, int(beside.min())), max(high, int(beside.max()) + 1)
    listed = None if high - low <= 2 * (len(asked) + len(beside)) else np.union1d(asked, beside)
    whole = Scope(low, high, listed, slice(None), None, None)
    own = whole.places(asked)[0]
    every = len(asked) == whole.size
    if not len(beside):
        return replace(whole, asked=slice(None) if every else own)
    near = [np.where(rows >= 0, whole.places(rows)[0], whole.size) for rows in (before, after)]
    return replace(whole, asked=slice(None) if every else own, before=near[0], after=near[1])


class Postings:
    """An inverted index with exact live statistics; rows are numbered by the caller in increasing order."""

    def __init__(self) -> None:
        self._terms: dict[str, Posting] = {}
        self.live = 0
        self.tokens = 0

    def add(self, row: int, document: Sequence[str]) -> None:
        """Index a document (its terms) under a row above all earlier ones."""
        for term, count in Counter(document).items():
            posting = self._terms.setdefault(term, Posting())
            posting.rows.append(row)
            posting.counts.append(min(count, 65_535))
            posting.live += 1
        self.live += 1
        self.tokens += len(document)

    def remove(self, document: Iterable[str]) -> None:
        """Take a document's terms out of the statistics; its row must be masked by the caller from now on."""
        listed = list(document)
        for term in set(listed):
            self._terms[term].live -= 1
        self.live -= 1
        self.tokens -= len(listed)

    def idf(self, term: str) -> float:
        """Return how telling a term is: log of (documents without it) over (documents with it), above 0."""
        posting = self._terms.get(term)
        having = posting.live if posting else 0
        return float(np.log1p((self.live - having + 0.5) / (having + 0.5)))

    def score(self, query: Iterable[str], lengths: Floats, near: Scope, k1: float, b: float) -> Lexical:
        """Return the BM25 shares of the rows asked for; ``lengths`` are those of every row of the scope."""
        mean = max(self.tokens / max(self.live, 1), 1.0)
        wide = near.before is not None
        mine = lengths[near.asked]
        own_norm = np.float32(k1) * (1 - b + b * mine / mean)
        window_norm = np.float32(k1) * (1 - b + b * (mine + near.around(lengths)) / (mean * 3)) if wide else own_norm
        own, window, mass = np.zeros_like(mine), np.zeros_like(mine), 1e-9
        for term in dict.fromkeys(query):
            idf = self.idf(term)
            mass += idf
            counts = self._counts(term, near)
            if counts is None:
                continue
            here = counts[near.asked]
            own += np.float32(idf) * here / (here + own_norm)
            if wide:
                both = here + near.around(counts)
                window += np.float32(idf) * both / (both + window_norm)
        full = np.float32(mass / (1 + k1))
        mine = np.minimum(own / full, np.float32(1))
        return Lexical(mine, np.minimum(window / full, np.float32(1)) if wide else mine)

    def _counts(self, term: str, near: Scope) -> Floats | None:
        posting = self._terms.get(term)
        if posting is None:
            return None
        rows, found = posting.between(near.low, near.high)
        if not len(rows):
            return None
        places, inside = near.places(rows)
        counts = np.zeros(near.size, np.float32)
        if inside is None:
            counts[places] = found
        else:
            counts[places[inside]] = found[inside]
        return counts
