"""Train the reader of everyday life (``personavlm/embedded/life.py``) on the training half of the ground-truth world.

    python -m lab.life_reader LAPS_FILE [PERSONS]     writes personavlm/embedded/words/life.npz and prints its scores

Every turn of a training person is shown with the places of what it tells; messages of people (LAPS) are shown as
telling nothing of the kind, so that the reader keeps silent where it has learnt nothing. Scored on persons of the test
half, whose names and things are others and half of whose wording was never seen.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from lab.report import progress
from personavlm.datasets.laps import laps
from personavlm.embedded.life import LABELS, LAYERS, LIKELY, TABLES, Tables, likely
from personavlm.encoders.text import load_text_encoder
from personavlm.worlds.make import make_world
from personavlm.worlds.truth import by_id, threads_by_fact
from personavlm.worlds.values import Beat, Fact, Half, World, WorldTurn

HIDDEN, PASSES, RATE, DECAY, DROPOUT, BATCH = 160, 6, 2e-3, 0.01, 0.2, 4096
PERSONS, SEED, REAL = 240, 0, 2_500
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
class Pieces:
    """All pieces of many messages: what MiniLM says of each, and which labels it has."""

    states: np.ndarray
    right: np.ndarray


def pieces_of(messages: list[Told], what: str) -> Pieces:
    """Return the pieces of messages, as the run time reads them."""
    encoder = load_text_encoder()
    states, right = [], []
    for number, one in enumerate(messages, start=1):
        seen = encoder.pieces("", one.text, LAYERS)  # type: ignore[attr-defined]
        rows = np.zeros((len(seen.places), len(LABELS)), np.uint8)
        for start, end, label in one.spans:
            rows[(seen.places[:, 1] > start) & (seen.places[:, 0] < end), LABELS.index(label)] = 1
        states.append(seen.states.reshape(len(seen.states), -1).astype(np.float16))
        right.append(rows)
        if number % 500 == 0:
            progress(what, number, len(messages))
    return Pieces(np.vstack(states), np.vstack(right))


def train(shown: Pieces, seed: int) -> dict[str, np.ndarray]:
    """Return the tables learnt, in half precision as they are shipped."""
    torch.manual_seed(seed)
    order = np.random.default_rng(seed)
    sample = shown.states[:: max(1, len(shown.states) // 50_000)].astype(np.float32)
    mean, spread = sample.mean(0), np.maximum(sample.std(0), 0.02)
    model = nn.Sequential(
        nn.Linear(len(mean), HIDDEN), nn.GELU(approximate="tanh"), nn.Dropout(DROPOUT), nn.Linear(HIDDEN, len(LABELS))
    )
    nn.init.constant_(model[3].bias, -4.0)  # type: ignore[arg-type]
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)
    batches = -(-len(shown.states) // BATCH)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=PASSES * batches, pct_start=0.1)
    for epoch in range(PASSES):
        for chosen in np.array_split(order.permutation(len(shown.states)), batches):
            states = torch.from_numpy((shown.states[chosen].astype(np.float32) - mean) / spread)
            right = torch.from_numpy(shown.right[chosen].astype(np.float32))
            loss = functional.binary_cross_entropy_with_logits(model(states), right, reduction="sum") / len(chosen)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            rate.step()
        progress("passes", epoch + 1, PASSES)
    first, last = model[0], model[3]
    learnt = {
        "inner": first.weight.detach().numpy().T,
        "inner_bias": first.bias.detach().numpy(),
        "out": last.weight.detach().numpy().T,
        "out_bias": last.bias.detach().numpy(),
    }
    return {"mean": mean, "spread": spread} | {name: np.asarray(table, np.float16) for name, table in learnt.items()}


# ── the run ──────────────────────────────────────────────────────────────────────────────────────────────────────


def messages_of(half: Half, seed: int, persons: int) -> list[Told]:
    """Return what the turns of made persons tell."""
    setting = "train" if half == "train" else "100"
    return [one for n in range(persons) for one in told(make_world(seed, half, setting, n))]


def scored(tables: Mapping[str, np.ndarray], shown: Pieces) -> dict[str, tuple[float, float, int]]:
    """Return precision, recall and number of pieces by label."""
    by = Tables("", **{name: table.astype(np.float32) for name, table in tables.items()})
    found = likely(by, shown.states.astype(np.float32)) >= LIKELY
    rows: dict[str, tuple[float, float, int]] = {}
    for k, label in enumerate(LABELS):
        right = shown.right[:, k] > 0
        both = int((found[:, k] & right).sum())
        rows[label] = both / max(int(found[:, k].sum()), 1), both / max(int(right.sum()), 1), int(right.sum())
    return rows


def main(words: list[str]) -> int:
    """Train, write the tables and print how well they read unseen persons."""
    if len(words) not in (1, 2):
        print(__doc__, file=sys.stderr)
        return 2
    persons = int(words[1]) if len(words) == 2 else PERSONS
    sessions = laps(Path(words[0])).sessions
    real = [message.text for session in sessions for message in session.messages if message.by_user][:REAL]
    messages = [*messages_of("train", SEED, persons), *(Told(text, ()) for text in real)]
    tables = train(pieces_of(messages, "messages"), SEED)
    np.savez_compressed(TABLES, encoder=np.array(load_text_encoder().name), labels=np.array(LABELS), **tables)
    for label, (precision, recall, n) in scored(tables, pieces_of(messages_of("test", SEED + 1, 6), "unseen")).items():
        print(f"{label:18} precision {100 * precision:5.1f}  recall {100 * recall:5.1f}  pieces {n}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
