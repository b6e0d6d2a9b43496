"""Train the chain tagger of a domain (``personavlm/embedded/tagger.py``): a linear-chain CRF over named features.

Maximum likelihood with an L2 penalty, Adagrad, a few passes: more passes only learn so few sentences by heart.
Used by ``lab/tune_extraction.py``.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from personavlm.embedded.tagger import Table, allowed

PASSES, RATE, PENALTY, BATCH = 5, 0.12, 5e-4, 48
SEEN = 4
"""A feature counts if at least this many words have it."""
SMALLEST = 0.03


@dataclass(frozen=True)
class Tagged:
    """One sentence: its words' features, and their labels."""

    features: list[list[str]]
    labels: list[int]


def labelled(length: int, spans: Sequence[tuple[int, int, int]], categories: int) -> list[int]:
    """Labels of a sentence whose spans (first word, word behind, category) may overlap: the longest are taken first."""
    labels = [0] * length
    for i, j, c in sorted(spans, key=lambda s: (s[0] - s[1], s)):
        if not any(labels[i:j]):
            labels[i:j] = [1 + c, *([1 + categories + c] * (j - i - 1))]
    return labels


def train(sentences: Sequence[Tagged], categories: int, seed: int) -> Table:
    """Return the weights as they are shipped: small ones left out, two decimals."""
    torch.manual_seed(seed)
    seen = Counter(f for s in sentences for word in s.features for f in set(word))
    place = {f: k for k, f in enumerate(sorted(f for f, n in seen.items() if n >= SEEN))}
    coded = [([np.array([place[f] for f in w if f in place]) for w in s.features], s.labels) for s in sentences]
    chain = _Chain(len(place), categories)
    optimiser = torch.optim.Adagrad(chain.parameters(), lr=RATE)
    order = random.Random(seed)
    for _ in range(PASSES):
        for batch in _batches(coded, order):
            optimiser.zero_grad()
            (chain.surprise(batch) / len(batch) + PENALTY * (chain.emit.weight**2).sum()).backward()
            optimiser.step()
    return _table(chain, list(place), categories)


def _batches(coded: Sequence[tuple[list[np.ndarray], list[int]]], order: random.Random) -> list[list]:
    by_length = sorted(coded, key=lambda c: len(c[1]))
    batches = [by_length[k : k + BATCH] for k in range(0, len(by_length), BATCH)]
    order.shuffle(batches)
    return batches


class _Chain(torch.nn.Module):
    def __init__(self, features: int, categories: int) -> None:
        super().__init__()
        self.labels = 1 + 2 * categories
        self.emit = torch.nn.EmbeddingBag(features, self.labels, mode="sum")
        torch.nn.init.zeros_(self.emit.weight)
        self.starts = torch.nn.Parameter(torch.zeros(self.labels))
        self.moves = torch.nn.Parameter(torch.zeros(self.labels, self.labels))
        self.no_start, self.no_move = (torch.tensor(a, dtype=torch.float32) for a in allowed(categories))

    def surprise(self, batch: Sequence[tuple[list[np.ndarray], list[int]]]) -> torch.Tensor:
        """Minus the log likelihood of the labels, summed over sentences."""
        length = max(len(labels) for _, labels in batch)
        scores = self._scores(batch, length)
        labels = torch.tensor([[*one, *([0] * (length - len(one)))] for _, one in batch])
        mask = torch.tensor([[k < len(one) for k in range(length)] for _, one in batch], dtype=torch.float32)
        right = (scores.gather(2, labels[:, :, None])[:, :, 0] * mask).sum(1) + self.starts[labels[:, 0]]
        right = right + (self.moves[labels[:, :-1], labels[:, 1:]] * mask[:, 1:]).sum(1)
        return (self._total(scores, mask) - right).sum()

    def _scores(self, batch: Sequence[tuple[list[np.ndarray], list[int]]], length: int) -> torch.Tensor:
        empty = np.array([], dtype=np.int64)
        bags = [w for words, _ in batch for w in (*words, *([empty] * (length - len(words))))]
        starts = torch.from_numpy(np.cumsum([0, *(len(b) for b in bags[:-1])]))
        return self.emit(torch.from_numpy(np.concatenate(bags)), starts).view(len(batch), length, self.labels)

    def _total(self, scores: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        row = self.starts + self.no_start + scores[:, 0]
        moves = self.moves + self.no_move
        for k in range(1, scores.shape[1]):
            onward = torch.logsumexp(row[:, :, None] + moves, 1) + scores[:, k]
            row = torch.where(mask[:, k : k + 1] > 0, onward, row)
        return torch.logsumexp(row, 1)


def _table(chain: _Chain, features: Sequence[str], categories: int) -> Table:
    emit = np.round(chain.emit.weight.detach().numpy().astype(float), 2)
    kept = np.where(np.abs(emit) >= SMALLEST, emit, 0.0)
    weights = {
        features[k]: tuple((int(c), float(kept[k, c])) for c in np.flatnonzero(kept[k]))
        for k in np.flatnonzero(kept.any(axis=1))
    }
    no_start, no_move = allowed(categories)
    starts = no_start + np.round(chain.starts.detach().numpy().astype(float), 2)
    return Table(categories, weights, starts, no_move + np.round(chain.moves.detach().numpy().astype(float), 2))
