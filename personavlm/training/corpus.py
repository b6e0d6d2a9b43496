"""Corpus: rendered examples in a folder of flat files, memory-mapped, so that a training run starts at once.

    write_corpus(folder, examples) ──> ids.bin, mask.bin, four small tables, corpus.json
    Corpus.open(folder)[number]    ──> Rendered(kind, ids, mask, pictures)

Writing streams, so memory does not grow with the corpus; a folder is whole when ``corpus.json`` is there, which is
written last. Picture files stay where they are and are named by their paths.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personavlm.errors import BadInput
from personavlm.files import write_atomically
from personavlm.models import Message
from personavlm.training.rendering import Example, messages_of, picture_tokens, render

HEAD = "corpus.json"
HELD = 50
"""Of so many persons the last is not trained on."""
TOKENIZER_BYTES = 25_000_000
"""The tokenizer reads about so much of a training set at most."""
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Rendered:
    """An example with what sort of sample it is."""

    kind: str
    example: Example


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus opened for reading; examples are views of the mapped files."""

    folder: Path
    ids: NDArray[np.int32]
    mask: NDArray[np.bool_]
    starts: NDArray[np.int64]
    """Where each example starts in ``ids``, and where the last one ends."""
    kinds: NDArray[np.uint8]
    shown: NDArray[np.int32]
    """Numbers of pictures, example after example."""
    shown_starts: NDArray[np.int64]
    kind_names: tuple[str, ...]
    picture_names: tuple[str, ...]

    @classmethod
    def open(cls, folder: Path) -> Corpus:
        """Open a corpus. Raises ``BadInput`` for a folder that holds none, or none that is whole."""
        if not (folder / HEAD).is_file():
            raise BadInput(f"{folder} holds no whole corpus.", "write it (again) with write_corpus.")
        head = json.loads((folder / HEAD).read_text(encoding="utf-8"))
        starts, kinds, shown, shown_starts = (np.load(folder / f"{n}.npy") for n in _SMALL)
        ids = np.memmap(folder / "ids.bin", np.int32, "r") if starts[-1] else np.zeros(0, np.int32)
        mask = np.memmap(folder / "mask.bin", np.bool_, "r") if starts[-1] else np.zeros(0, np.bool_)
        names = tuple(head["kinds"]), tuple(head["pictures"])
        return cls(folder, ids, mask, starts, kinds, shown, shown_starts, *names)

    def __len__(self) -> int:
        return len(self.kinds)

    def __getitem__(self, number: int) -> Rendered:
        start, stop = self.starts[number : number + 2]
        seen = self.shown[slice(*self.shown_starts[number : number + 2])]
        pictures = tuple(self.picture_names[one] for one in seen)
        example = Example(self.ids[start:stop], self.mask[start:stop], pictures)
        return Rendered(self.kind_names[self.kinds[number]], example)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each example, ``(examples,)``."""
        return np.diff(self.starts)


_SMALL = ("starts", "kinds", "shown", "shown_starts")


def write_corpus(folder: Path, examples: Iterable[Rendered]) -> Corpus:
    """Write examples into ``folder`` in their order and open them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / HEAD).unlink(missing_ok=True)
    kinds: dict[str, int] = {}
    names: dict[str, int] = {}
    starts, shown_starts, kind_of, shown = [0], [0], [], []
    with (folder / "ids.bin").open("wb") as ids, (folder / "mask.bin").open("wb") as mask:
        for one in examples:
            ids.write(one.example.ids.astype(np.int32).tobytes())
            mask.write(one.example.mask.astype(np.bool_).tobytes())
            kind_of.append(kinds.setdefault(one.kind, len(kinds)))
            shown += [names.setdefault(name, len(names)) for name in one.example.pictures]
            starts.append(starts[-1] + len(one.example))
            shown_starts.append(len(shown))
    small = (starts, kind_of, shown, shown_starts)
    for name, values, dtype in zip(_SMALL, small, (np.int64, np.uint8, np.int32, np.int64), strict=True):
        np.save(folder / f"{name}.npy", np.array(values, dtype))
    write_atomically(folder / HEAD, json.dumps({"kinds": list(kinds), "pictures": list(names)}).encode())
    return Corpus.open(folder)


# ── from the data set that ``synth train`` writes ────────────────────────────────────────────────────────────────


def rows_of(data: Path, every: int = 1, held: bool = False) -> Iterator[dict[str, Any]]:
    """Yield each ``every``-th SFT row of a training set, of the persons that are trained on or of those ``held`` back.

    Raises ``BadInput`` for a folder without them.
    """
    path = _sft(data)
    with path.open(encoding="utf-8") as file:
        for line in islice(file, 0, None, every):
            row = json.loads(line)
            if is_held(row["person"]) == held:
                yield row


def is_held(person: str) -> bool:
    """Return whether a person ("train-49") is kept for probes: the last of every ``HELD``."""
    return int(person.rpartition("-")[2]) % HELD == HELD - 1


def texts_of(data: Path) -> Iterator[str]:
    """Yield texts of a training set for the tokenizer to learn from: all of them, or an even choice of a large set."""
    for row in rows_of(data, max(1, _sft(data).stat().st_size // TOKENIZER_BYTES)):
        for message in row["messages"]:
            yield "".join(part.get("text", "") for part in message["content"])


def render_rows(
    data: Path,
    processor: Any,
    longest: int,
    every: int = 1,
    held: bool = False,
    progress: Progress = lambda *_: None,
) -> Iterator[Rendered]:
    """Yield a training set's rows rendered, none over ``longest`` tokens.

    A conversation of several steps that is longer ends after an earlier one; a row whose first step is too long is left
    out.
    """
    costs: dict[str, int] = {}
    for number, row in enumerate(rows_of(data, every, held), start=1):
        pictures = {path: (data / path).read_bytes() for path in row["images"]}
        messages = messages_of(row, pictures)
        shown = (part for message in messages for part in message.images if part.digest not in costs)
        costs |= {part.digest: picture_tokens(processor, part) for part in shown}
        if (example := _within(processor, messages, costs, longest)) is not None:
            yield Rendered(row["kind"], example)
        progress("samples rendered", number, 0)


def _within(processor: Any, messages: tuple[Message, ...], costs: dict[str, int], longest: int) -> Example | None:
    """The most steps of a conversation that fit."""
    while any(message.role == "assistant" for message in messages):
        example = render(processor, messages, costs)
        if len(example) <= longest:
            return example
        messages = messages[:-2]
    return None


def _sft(data: Path) -> Path:
    path = data / "sft.jsonl"
    if not path.is_file():
        raise BadInput(f"{data} holds no sft.jsonl.", f"make it: personavlm synth train --out {data}")
    return path
