"""Batches: examples as tensors.

    ids, mask, pictures of each ──Collator──> input_ids, labels, pixels

Texts with and without pictures share batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from personavlm.models import ImagePart
from personavlm.models.chat import decoded
from personavlm.training.rendering import Example

IGNORED = -100
"""Label of a token that is not trained (torch's cross-entropy)."""


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
