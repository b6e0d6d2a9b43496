"""Train the reader of everyday life (``personavlm/embedded/life.py``) on the training half of the ground-truth world.

    python -m lab.life_reader LAPS_FILE [PERSONS]     writes personavlm/embedded/words/life.npz and prints its scores

Every turn of a training person is shown with the places of what it tells; messages of people (LAPS) are shown as
telling nothing of the kind, so that the reader keeps silent where it has learnt nothing. Scored on persons of the test
half, whose names and things are others and half of whose wording was never seen.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from lab.report import progress
from personavlm.datasets.laps import laps
from personavlm.embedded.life import LABELS, LAYERS, LIKELY, REACH, STRIDE, TABLES, Tables, likely
from personavlm.encoders.text import load_text_encoder
from personavlm.worlds.make import make_world
from personavlm.worlds.truth import by_id, threads_by_fact
from personavlm.worlds.values import Beat, Fact, Half, World, WorldTurn

WIDTH, PASSES, RATE, DECAY, DROPOUT, BATCH = 48, 6, 4e-3, 0.01, 0.1, 16
PERSONS, UNSEEN, SEED, REAL = 90, 12, 0, 700
RARE = -4.0
"""Where the log odds of every label begin."""
LEAST_SPREAD = 0.02
SAMPLE = 1_000
"""Messages whose pieces give the mean and spread of each number."""
Span = tuple[int, int, str]


# ── what a turn tells, and where ─────────────────────────────────────────────────────────────────────────────────

_STATUS = {"planned": "plans", "under way": "doing", "done": "done", "dropped": "dropped"}
_MOVES = {
    "fell out": "quarrel", "cooler": "cooler", "made up": "reconciled", "closer": "closer", "close": "close",
    "distant": "distance", "on easy terms": "easy", "more trusting": "trusting", "more guarded": "guarded",
    "more casual": "casual", "more formal": "formal",
}  # fmt: skip
_SILENT = frozenset({"recall", "offered", "waver", "greet", "close", "chat", "feel", "forget"})


@dataclass(frozen=True, slots=True)
class Told:
    """A message with the spans that say something of a life."""

    text: str
    spans: tuple[Span, ...]


def told(world: World) -> Iterator[Told]:
    """Yield every turn of a world with where it tells what."""
    facts, threads = by_id(world.person), threads_by_fact(world.person)
    labels = {id: thread.label for id, thread in threads.items()}
    for turn in world.turns:
        spans = [span for beat in turn.beats for span in _spans(turn, beat, facts, labels)]
        yield Told(turn.text, tuple(spans))


def _spans(turn: WorldTurn, beat: Beat, facts: Mapping[str, Fact], labels: Mapping[str, str]) -> Iterator[Span]:
    text = turn.text
    if beat.act == "choose" and len(beat.options) > 1:
        yield from _found(text, "took", beat.options[0])
        for other in beat.options[1:]:
            yield from _found(text, "left", other)
    fact = facts.get(beat.fact)
    if fact is None or beat.act in _SILENT or (beat.act == "retell" and fact.matter != "dynamic"):
        return
    old = facts.get(beat.old)
    if fact.reason and fact.matter != "aim":
        yield from _found(text, "reason", fact.reason)
    yield from _matter(text, beat, fact, old, labels[fact.id])


def _matter(text: str, beat: Beat, fact: Fact, old: Fact | None, label: str) -> Iterator[Span]:
    match fact.matter:
        case "taste":
            if beat.act != "end":
                liking = (
                    "favourite" if fact.text.startswith("favourite") else "likes" if fact.polarity > 0 else "dislikes"
                )
                yield from _found(text, liking, fact.value)
            yield from _found(text, "was", old.value if old else fact.value if beat.act == "end" else "")
            yield from _found(text, "kind", label, fact.attribute)
        case "goal":
            infinitive = re.sub(r"^(?:plans|managed) to ", "", fact.text)
            yield from _found(text, _STATUS[fact.value], label, infinitive)
        case "routine":
            yield from _found(text, "routine over" if beat.act == "end" else "routine", label)
            day, _, where = re.match(r"(\w+) (\S+) at (.+)", fact.value).groups()  # type: ignore[union-attr]
            if beat.act != "end":
                yield from _found(text, "day", f"{day}s", day)
                yield from _found(text, "place", where)
        case "event":
            yield from _found(text, "will" if fact.attribute == "appointment" else "event", fact.value)
        case "relation":
            yield from _found(text, "who", fact.value)
            yield from _found(text, "who kind", fact.attribute)
        case "other":
            yield from _found(text, "of", fact.about)
            name = fact.attribute if fact.attribute in ("circumstance", "habit", "plan", "work", "town") else "loves"
            if fact.attribute != "birthday":
                yield from _found(text, f"their {name}", fact.value)
        case "dynamic" if fact.about == "assistant":
            yield from _sentence(text, _MOVES[fact.value], fact.reason)
        case "dynamic":
            yield from _found(text, _MOVES[fact.value], fact.about)
        case "belonging" if fact.attribute in ("origin", "giver", "use"):
            yield from _found(text, "thing", label)
            yield from _found(text, fact.attribute, fact.value)
        case "belonging":
            yield from _found(text, "thing", fact.value)
        case "expertise":
            yield from _found(text, fact.value, label)
        case "identity" | "request":
            name = fact.attribute if fact.matter == "identity" else "request"
            yield from _found(text, f"own {name}", fact.value)


def _found(text: str, label: str, *wanted: str) -> Iterator[Span]:
    """The first place of the first wording that stands in a text; people's own pronouns may stand for others."""
    for one in wanted:
        if one and (match := re.search(_loosely(one), text, re.IGNORECASE)):
            yield (*match.span(), label)
            return


def _loosely(wanted: str) -> str:
    words = [
        r"(?:me|you|her|him|them|us)" if w in ("her", "him", "them", "me", "you")
        else r"(?:my|your|her|his|their)" if w in ("her", "his", "their", "my", "your")
        else re.escape(w)
        for w in wanted.split()
    ]  # fmt: skip
    whole = r"\s+".join(words)
    return rf"(?<!\w){whole}(?!\w)"


def _sentence(text: str, label: str, inside: str) -> Iterator[Span]:
    for start, _, _ in _found(text, label, inside):
        first = max(text.rfind(mark, 0, start) for mark in ".!?") + 1
        ends = [place for mark in ".!?" if (place := text.find(mark, start)) >= 0]
        yield first, min(ends, default=len(text)), label


# ── the tables ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Shown:
    """One message: what MiniLM says of each of its pieces, and which labels each has."""

    states: np.ndarray
    right: np.ndarray


def shown(messages: Sequence[Told], what: str) -> list[Shown]:
    """Return messages as the run time reads them; those of which nothing is read are left out."""
    encoder = load_text_encoder()
    found: list[Shown] = []
    for number, one in enumerate(messages, start=1):
        seen = encoder.pieces("", one.text, LAYERS)  # type: ignore[attr-defined]
        right = np.zeros((len(seen.places), len(LABELS)), np.uint8)
        for start, end, label in one.spans:
            right[(seen.places[:, 1] > start) & (seen.places[:, 0] < end), LABELS.index(label)] = 1
        if len(right):
            found.append(Shown(seen.states.reshape(len(right), -1).astype(np.float16), right))
        if number % 1000 == 0:
            progress(what, number, len(messages))
    return found


class _Reader(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Linear(width, WIDTH)
        self.near = nn.Conv1d(WIDTH, WIDTH, REACH, padding=REACH // 2)
        self.far = nn.Conv1d(WIDTH, WIDTH, REACH, padding=REACH // 2 * STRIDE, dilation=STRIDE)
        self.out = nn.Linear(3 * WIDTH, len(LABELS))
        self.drop = nn.Dropout(DROPOUT)
        nn.init.constant_(self.out.bias, RARE)

    def forward(self, states: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
        x = self.drop(_bent(self.inner(states))) * there
        near = self.drop(_bent(self.near(x.mT).mT)) * there
        far = self.drop(_bent(self.far(near.mT).mT))
        scores: torch.Tensor = self.out(torch.cat([x, near, far], dim=-1))
        return scores


def _bent(x: torch.Tensor) -> torch.Tensor:
    return functional.gelu(x, approximate="tanh")


def train(messages: Sequence[Shown], seed: int) -> dict[str, np.ndarray]:
    """Return the tables learnt, weights in half precision as they are shipped."""
    torch.manual_seed(seed)
    order = np.random.default_rng(seed)
    sample = np.vstack([one.states for one in messages[:: max(1, len(messages) // SAMPLE)]]).astype(np.float32)
    mean, spread = sample.mean(0), np.maximum(sample.std(0), LEAST_SPREAD)
    model = _Reader(len(mean))
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)
    alike = sorted(range(len(messages)), key=lambda k: len(messages[k].right))
    batches = np.array_split(alike, -(-len(messages) // BATCH))
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=PASSES * len(batches), pct_start=0.1)
    for number in range(PASSES):
        for k in order.permutation(len(batches)):
            loss = _loss(model, [messages[one] for one in batches[k]], mean, spread)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            rate.step()
        progress("passes", number + 1, PASSES)
    return {"mean": mean, "spread": spread} | _tables(model)


def _loss(model: _Reader, messages: Sequence[Shown], mean: np.ndarray, spread: np.ndarray) -> torch.Tensor:
    states = [torch.from_numpy((one.states.astype(np.float32) - mean) / spread) for one in messages]
    right = torch.cat([torch.from_numpy(one.right.astype(np.float32)) for one in messages])
    lengths = torch.tensor([len(one) for one in states])
    there = torch.arange(int(lengths.max()))[None, :] < lengths[:, None]
    scores = model(nn.utils.rnn.pad_sequence(states, batch_first=True), there[..., None].float())
    loss: torch.Tensor = functional.binary_cross_entropy_with_logits(scores[there], right, reduction="sum") / len(right)
    return loss


def _tables(model: _Reader) -> dict[str, np.ndarray]:
    learnt: dict[str, np.ndarray] = {}
    for name in ("inner", "near", "far", "out"):
        weight = getattr(model, name).weight.detach().numpy()
        # A convolution's (out, in, place) becomes rows by place, then by input.
        rows = weight.T if weight.ndim == 2 else weight.transpose(2, 1, 0).reshape(-1, len(weight))
        learnt |= {name: rows, f"{name}_bias": getattr(model, name).bias.detach().numpy()}
    return {name: np.asarray(table, np.float16) for name, table in learnt.items()}


# ── the run ──────────────────────────────────────────────────────────────────────────────────────────────────────


def messages_of(half: Half, seed: int, persons: int) -> list[Told]:
    """Return what the turns of made persons tell."""
    setting = "train" if half == "train" else "100"
    return [one for n in range(persons) for one in told(make_world(seed, half, setting, n))]


def scored(learnt: Mapping[str, np.ndarray], messages: Sequence[Shown]) -> Iterator[tuple[str, float, float, int]]:
    """Yield precision, recall and number of pieces of each label, and of all."""
    by = Tables("", **{name: table.astype(np.float32) for name, table in learnt.items()})
    found = np.vstack([likely(by, one.states.astype(np.float32)) for one in messages]) >= LIKELY
    right = np.vstack([one.right for one in messages]) > 0
    for label, column, true in (*zip(LABELS, found.T, right.T, strict=True), ("all", found.ravel(), right.ravel())):
        both = int((column & true).sum())
        yield label, both / max(int(column.sum()), 1), both / max(int(true.sum()), 1), int(true.sum())


def main(words: list[str]) -> int:
    """Train, write the tables and print how well they read unseen persons."""
    if len(words) not in (1, 2):
        print(__doc__, file=sys.stderr)
        return 2
    persons = int(words[1]) if len(words) == 2 else PERSONS
    sessions = laps(Path(words[0])).sessions
    real = [message.text for session in sessions for message in session.messages if message.by_user][:REAL]
    messages = [*messages_of("train", SEED, persons), *(Told(text, ()) for text in real)]
    learnt = train(shown(messages, "messages"), SEED)
    np.savez_compressed(TABLES, encoder=np.array(load_text_encoder().name), labels=np.array(LABELS), **learnt)
    for label, precision, recall, n in scored(learnt, shown(messages_of("test", SEED + 1, UNSEEN), "unseen")):
        print(f"{label:18} precision {100 * precision:5.1f}  recall {100 * recall:5.1f}  pieces {n}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
