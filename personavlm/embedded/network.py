"""A small network over MiniLM's word pieces: how likely each span of a message is each category.

    asked: How much time do you have?     about 30 minutes and no nuts
    ->  "about 30 minutes" time_availability, "nuts" allergies: log odds for every span and category

The third reader of a domain. ``spans`` and ``tagger`` know the words they have seen; this one knows what other words
mean, for MiniLM has read far more than any domain holds. A span is shown as its first and last piece, the mean of its
pieces and the pieces beside it, with the question before it and the setting. MiniLM itself is as published; what is
learnt (``lab/network.py``) are the tables behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from personavlm.embedded import language
from personavlm.embedded.spans import Candidate, Setting
from personavlm.encoders import PieceEncoder, TextEncoder

Floats = NDArray[np.float32]
LAYERS = (3, 5, 6)
"""MiniLM's layers that are read, of six."""
ASKED_CHARACTERS = 250
"""Characters of the assistant's questions that are read before a message."""
WIDEST = 8
PLAIN, UNIT, DENIED, STOCK = 0, 1, 2, 3
"""Kinds of candidates; the k-th stock value has the kind ``STOCK + k``."""
UNREAD = -8.0
"""Log odds of a span behind the last piece that MiniLM takes."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the network is shown of one message."""

    states: Floats
    """``(pieces, layers * dim)``"""
    question: Floats
    """``(dim,)``: the sentence vector of what was asked."""
    circumstances: tuple[str, ...]
    spans: NDArray[np.int64]
    """``(candidates, 4)``: first piece, the one behind the last, kind, words; a first piece of -1 was not read."""


@dataclass(frozen=True, slots=True)
class Network:
    """The learnt tables. ``h`` numbers stand for a span; matrices take rows: ``x @ m``."""

    encoder: str
    """Name of the text encoder whose states they were learnt from."""
    circumstances: tuple[str, ...]
    mean: Floats
    spread: Floats
    roles: Floats
    """``(layers * dim, 5 * h)``: a piece as the first, the last, one within, the one before, the one behind."""
    asked: Floats
    """``(dim, 2 * h)``: what a question adds to a span, and how much it turns each of its numbers up or down."""
    asked_bias: Floats
    setting: Floats
    """``(circumstances, h)``"""
    kinds: Floats
    widths: Floats
    inner: Floats
    inner_bias: Floats
    out: Floats
    """``(h / 2, categories)``"""
    direct: Floats
    """``(h, categories)``"""
    bias: Floats


def load(file: Path) -> Network:
    """Return the network of a file of arrays. Raises ``FileNotFoundError``."""
    with np.load(file) as raw:
        numbers = {key: raw[key].astype(np.float32) for key in raw.files if key not in ("encoder", "circumstances")}
        return Network(str(raw["encoder"]), tuple(map(str, raw["circumstances"])), **numbers)


def read(
    text: str,
    setting: Setting,
    found: Sequence[Candidate],
    stock: Sequence[str],
    sentences: TextEncoder,
    pieces: PieceEncoder,
) -> Reading:
    """Return what a network is shown of a message and its candidates."""
    asked = setting.question[-ASKED_CHARACTERS:]
    seen = pieces.pieces(asked, text, LAYERS)
    question: Floats = sentences.encode([asked or "none"])[0]
    states = seen.states.reshape(len(seen.states), -1)
    spans = np.array([_span(one, seen.places, stock) for one in found], dtype=np.int64).reshape(-1, 4)
    return Reading(states, question, tuple(setting.circumstances), spans)


def _span(one: Candidate, places: NDArray[np.int64], stock: Sequence[str]) -> tuple[int, int, int, int]:
    if one.end == 0:
        return (0 if len(places) else -1), len(places), STOCK + stock.index(one.value), 0
    first = int(np.searchsorted(places[:, 1], one.start, "right"))
    if first == len(places):
        return -1, 0, PLAIN, 0
    behind = max(first + 1, int(np.searchsorted(places[:, 0], one.end, "left")))
    kind = DENIED if "v:no" in one.features else UNIT if "v:unit" in one.features else PLAIN
    return first, behind, kind, min(WIDEST, len(language.words(one.value)))


def scores(by: Network, reading: Reading) -> NDArray[np.float64]:
    """Return ``(candidates, categories)`` log odds."""
    told = np.full((len(reading.spans), len(by.bias)), UNREAD)
    was_read = reading.spans[:, 0] >= 0
    if was_read.any():
        told[was_read] = _scores(by, reading, reading.spans[was_read])
    return told


def _scores(by: Network, reading: Reading, spans: NDArray[np.int64]) -> Floats:
    first, behind, kind, width = spans.T
    states = (reading.states - by.mean) / by.spread
    edge = np.zeros((1, states.shape[1]), np.float32)
    # With an edge on both sides, piece k stands at k + 1.
    start, last, within, before, after = np.split(np.vstack([edge, states, edge]) @ by.roles, 5, axis=1)
    sums = np.vstack([np.zeros((1, within.shape[1]), np.float32), within.cumsum(axis=0)])
    middle = (sums[behind + 1] - sums[first + 1]) / (behind - first)[:, None]
    adds, turns = np.split(reading.question @ by.asked + by.asked_bias, 2)
    shown = [by.circumstances.index(one) for one in reading.circumstances if one in by.circumstances]
    setting = by.setting[shown].sum(axis=0)
    whole = start[first + 1] + last[behind] + before[first] + after[behind + 1] + middle
    span = _bent(whole + adds + setting + by.kinds[kind] + by.widths[width]) * (1 + np.tanh(turns))
    told: Floats = _bent(span @ by.inner + by.inner_bias) @ by.out + span @ by.direct + by.bias
    return told


def _bent(x: Floats) -> Floats:
    """The Gaussian error linear unit, by its usual approximation with a hyperbolic tangent."""
    bent: Floats = 0.5 * x * (1 + np.tanh(np.float32(0.7978846) * (x + np.float32(0.044715) * x**3)))
    return bent
