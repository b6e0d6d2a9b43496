"""Train the network of a domain (``personavlm/embedded/network.py``) on the states of MiniLM's word pieces.

Binary cross entropy over all candidates and categories, AdamW with a rising and falling rate, dropout. Inputs are read
with the run time's own function; MiniLM stays as published. Used by ``lab/tune_extraction.py``.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from personavlm.embedded.network import STOCK, WIDEST, Network, Reading

HIDDEN, PASSES, RATE, DECAY, DROPOUT, BATCH = 160, 8, 2e-3, 0.02, 0.3, 32
RARE = -4.0
"""Where the log odds of every category begin."""
LEAST_SPREAD = 0.02
SAMPLE = 800
"""Messages whose pieces give the mean and spread of each number."""


@dataclass(frozen=True)
class Shown:
    """One message: what the network is shown, and which of its candidates are right (a row each)."""

    reading: Reading
    right: np.ndarray


def train(messages: Sequence[Shown], categories: int, stock: int, encoder: str, seed: int) -> Network:
    """Return the tables learnt from messages, in half precision as they are shipped."""
    torch.manual_seed(seed)
    order = np.random.default_rng(seed)
    messages = [one for one in messages if (one.reading.spans[:, 0] >= 0).any()]
    names = sorted({name for one in messages for name in one.reading.circumstances})
    sample = np.vstack([one.reading.states for one in messages[:: max(1, len(messages) // SAMPLE)]]).astype(np.float32)
    mean, spread = sample.mean(0), np.maximum(sample.std(0), LEAST_SPREAD)
    module = _Module(len(mean), len(messages[0].reading.question), len(names), stock, categories)
    optimiser = torch.optim.AdamW(module.parameters(), lr=RATE, weight_decay=DECAY)
    batches = -(-len(messages) // BATCH)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=PASSES * batches, pct_start=0.1)
    for _ in range(PASSES):
        for chosen in np.array_split(order.permutation(len(messages)), batches):
            inputs, right = _batch([messages[k] for k in chosen], names, mean, spread)
            loss = functional.binary_cross_entropy_with_logits(module(inputs), right, reduction="sum") / len(chosen)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(module.parameters(), 5.0)
            optimiser.step()
            rate.step()
    return module.eval().network(encoder, tuple(names), mean, spread)


@dataclass(frozen=True)
class _Inputs:
    """A batch: all pieces with an edge before, between and behind messages; spans; whose each span is."""

    states: torch.Tensor
    spans: torch.Tensor
    question: torch.Tensor
    setting: torch.Tensor
    whose: torch.Tensor


def _batch(
    messages: Sequence[Shown], names: Sequence[str], mean: np.ndarray, spread: np.ndarray
) -> tuple[_Inputs, torch.Tensor]:
    edge = np.zeros((1, len(mean)), np.float32)
    states, spans, whose, right, at = [edge], [], [], [], 1
    for number, one in enumerate(messages):
        was_read = one.reading.spans[:, 0] >= 0
        states += [(one.reading.states.astype(np.float32) - mean) / spread, edge]
        spans.append(one.reading.spans[was_read] + np.array([at, at, 0, 0]))
        whose += [number] * int(was_read.sum())
        right.append(one.right[was_read])
        at += len(one.reading.states) + 1
    setting = np.array([[name in one.reading.circumstances for name in names] for one in messages], np.float32)
    question = np.stack([one.reading.question for one in messages])
    arrays = np.vstack(states), np.vstack(spans), question, setting, np.array(whose)
    return _Inputs(*map(torch.from_numpy, arrays)), torch.from_numpy(np.vstack(right).astype(np.float32))


class _Module(nn.Module):
    def __init__(self, states: int, question: int, circumstances: int, stock: int, categories: int) -> None:
        super().__init__()
        self.roles = nn.Linear(states, 5 * HIDDEN, bias=False)
        self.asked = nn.Linear(question, 2 * HIDDEN)
        self.setting = nn.Linear(circumstances, HIDDEN, bias=False)
        self.kinds, self.widths = nn.Embedding(STOCK + stock, HIDDEN), nn.Embedding(WIDEST + 1, HIDDEN)
        self.inner, self.out = nn.Linear(HIDDEN, HIDDEN // 2), nn.Linear(HIDDEN // 2, categories)
        self.direct = nn.Linear(HIDDEN, categories, bias=False)
        nn.init.constant_(self.out.bias, RARE)
        for table in (self.kinds, self.widths):
            nn.init.normal_(table.weight, std=0.1)

    def forward(self, inputs: _Inputs) -> torch.Tensor:
        first, behind, kind, width = inputs.spans.T
        states = functional.dropout(inputs.states, DROPOUT, self.training)
        start, last, within, before, after = self.roles(states).chunk(5, dim=1)
        sums = torch.cat([torch.zeros(1, HIDDEN), within.cumsum(0)])
        middle = (sums[behind] - sums[first]) / (behind - first)[:, None]
        adds, turns = self.asked(inputs.question).chunk(2, dim=1)
        whole = start[first] + last[behind - 1] + before[first - 1] + after[behind] + middle
        told = (adds + self.setting(inputs.setting))[inputs.whose] + self.kinds(kind) + self.widths(width)
        span = functional.gelu(whole + told, approximate="tanh") * (1 + torch.tanh(turns))[inputs.whose]
        span = functional.dropout(span, DROPOUT, self.training)
        inner = functional.gelu(self.inner(span), approximate="tanh")
        scores: torch.Tensor = self.out(functional.dropout(inner, DROPOUT / 2, self.training)) + self.direct(span)
        return scores

    def network(self, encoder: str, names: tuple[str, ...], mean: np.ndarray, spread: np.ndarray) -> Network:
        tables = {
            "mean": mean,
            "spread": spread,
            "roles": self.roles.weight.T,
            "asked": self.asked.weight.T,
            "asked_bias": self.asked.bias,
            "setting": self.setting.weight.T,
            "kinds": self.kinds.weight,
            "widths": self.widths.weight,
            "inner": self.inner.weight.T,
            "inner_bias": self.inner.bias,
            "out": self.out.weight.T,
            "direct": self.direct.weight.T,
            "bias": self.out.bias,
        }
        halves = {
            key: np.ascontiguousarray(torch.as_tensor(table).detach().numpy().astype(np.float16).astype(np.float32))
            for key, table in tables.items()
        }
        return Network(encoder, names, **halves)


def save(network: Network, file: Path) -> None:
    """Write a network as half-precision arrays."""
    numbers = {
        name: getattr(network, name).astype(np.float16)
        for name in Network.__slots__
        if name not in ("encoder", "circumstances")
    }
    held = io.BytesIO()
    np.savez(held, encoder=np.array(network.encoder), circumstances=np.array(network.circumstances), **numbers)
    file.write_bytes(held.getvalue())
