"""Batches: examples as tensors, and which examples come when.

    Corpus ──Course(stages)──> ids, mask, pictures, place by place ──Collator──> input_ids, labels, pixels

A course begins with short examples and lets longer ones in stage by stage: from scratch that decides whether copying
out of a context emerges at all. Draws follow from seed and place alone, so a run that is taken up again sees what an
unbroken one would have seen. Texts with and without pictures share batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from personavlm.models import ImagePart
from personavlm.models.chat import decoded
from personavlm.training.corpus import Corpus
from personavlm.training.rendering import Example

IGNORED = -100
"""Label of a token that is not trained (torch's cross-entropy)."""


class Stage(NamedTuple):
    """A part of a run: so many examples, none longer than ``limit`` tokens."""

    examples: int
    limit: int


@dataclass(frozen=True)
class Course:
    """Examples of a corpus in the order of a run, stage by stage; ``course[place]`` is the place-th of the run."""

    corpus: Corpus
    stages: tuple[Stage, ...]
    seed: int

    @cached_property
    def _by_length(self) -> Any:
        return np.argsort(self.corpus.lengths, kind="stable")

    def __len__(self) -> int:
        return sum(stage.examples for stage in self.stages)

    def __getitem__(self, place: int) -> Example:
        return self.corpus[self.number(place)].example

    def number(self, place: int) -> int:
        """Return which example stands at a place: each pass over those of a stage is a shuffle of its own.

        A stage whose limit is below the shortest example takes that one. Raises ``IndexError`` beyond the run.
        """
        limit, place = self._within_stage(place)
        lengths = self.corpus.lengths[self._by_length]
        within = max(1, int(np.searchsorted(lengths, limit, side="right")))
        turn, position = divmod(place, within)
        return int(self._by_length[_shuffle(self.seed, turn, within)[position]])

    def _within_stage(self, place: int) -> tuple[int, int]:
        for stage in self.stages:
            if place < stage.examples:
                return stage.limit, place
            place -= stage.examples
        raise IndexError(place)


@lru_cache(maxsize=8)
def _shuffle(seed: int, turn: int, count: int) -> Any:
    return np.random.default_rng((seed, turn, count)).permutation(count)


@dataclass(frozen=True, slots=True)
class Collator:
    """Turns examples into one batch; pictures are read from ``folder`` by their paths."""

    processor: Any
    folder: Path

    def __call__(self, examples: Sequence[Example]) -> dict[str, Any]:
        """Return ``input_ids``, ``attention_mask``, ``labels`` ``(batch, tokens)``, and pixels if there are any."""
        import torch

        longest = max(map(len, examples))
        tokenizer = getattr(self.processor, "tokenizer", self.processor)
        shape = (len(examples), longest)
        ids = torch.full(shape, int(tokenizer.pad_token_id), dtype=torch.long)
        seen = torch.zeros(shape, dtype=torch.long)
        labels = torch.full(shape, IGNORED, dtype=torch.long)
        for row, example in enumerate(examples):
            tokens = torch.from_numpy(np.array(example.ids, np.int64))
            ids[row, : len(example)] = tokens
            seen[row, : len(example)] = 1
            labels[row, : len(example)] = torch.where(torch.from_numpy(np.array(example.mask)), tokens, IGNORED)
        return {"input_ids": ids, "attention_mask": seen, "labels": labels} | self._pixels(examples, ids)

    def _pixels(self, examples: Sequence[Example], ids: Any) -> dict[str, Any]:
        import torch

        if not hasattr(self.processor, "image_processor"):
            return {}
        kinds = (ids == self.processor.image_token_id).long()
        names = [name for example in examples for name in example.pictures]
        if not names:
            return {"mm_token_type_ids": kinds}
        both = [_patches(self.processor.image_processor, self.folder / name) for name in names]
        return {
            "mm_token_type_ids": kinds,
            "pixel_values": torch.cat([pixels for pixels, _ in both]),
            "image_grid_thw": torch.cat([grid for _, grid in both]),
        }


@lru_cache(maxsize=4_096)
def _patches(image_processor: Any, path: Path) -> tuple[Any, Any]:
    import torch

    found = image_processor([decoded(ImagePart(path.name, path.read_bytes()))], return_tensors="np")
    return torch.from_numpy(np.asarray(found["pixel_values"])), torch.from_numpy(np.asarray(found["image_grid_thw"]))
