"""Sight: gives a model in training the pictures of each rollout, also those that a look-up brought.

TRL hands a model the token ids of a batch, in any order, and the pictures of the first prompts alone where rollouts are
ours. The marks of pictures stand among the ids, so a rollout's ids say which pictures belong to it: they are looked up
by them and handed to the model as it is called, before its own forward, by a hook of torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from personavlm.models import ImagePart
from personavlm.models.chat import decoded


@dataclass(slots=True)
class Sight:
    """The pictures of the rollouts that are being learnt from."""

    processor: Any
    _shown: dict[bytes, tuple[ImagePart, ...]] = field(default_factory=dict)
    _patches: dict[str, Any] = field(default_factory=dict)

    def remember(self, rollouts: Sequence[tuple[Sequence[int], tuple[ImagePart, ...]]]) -> None:
        """Take the ids and pictures of the rollouts that come next; those before are forgotten."""
        self._shown = {_key(ids): pictures for ids, pictures in rollouts if pictures}
        here = {part.digest for pictures in self._shown.values() for part in pictures}
        self._patches = {digest: found for digest, found in self._patches.items() if digest in here}

    def attach(self, model: Any) -> Any:
        """Hand pictures to a model whenever it is called with labels; return torch's handle, which can end that."""
        return model.register_forward_pre_hook(self._see, with_kwargs=True)

    def _see(self, _: Any, arguments: Any, named: dict[str, Any]) -> tuple[Any, dict[str, Any]] | None:
        if named.get("labels") is None or not self._shown:
            return None
        rows = zip(named["input_ids"], named["attention_mask"].bool(), strict=True)
        pictures = [part for ids, real in rows for part in self._shown.get(_key(ids[real].tolist()), ())]
        return (arguments, named | self.pixels(pictures, named["input_ids"])) if pictures else None

    def pixels(self, pictures: Sequence[ImagePart], ids: Any) -> dict[str, Any]:
        """Return pictures as a model of Qwen2.5-VL's kind takes them beside ``ids``, on the same device."""
        import torch

        if not pictures:
            return {}
        found = [self._patched(part) for part in pictures]
        return {
            "pixel_values": torch.cat([pixels for pixels, _ in found]).to(ids.device),
            "image_grid_thw": torch.cat([grid for _, grid in found]).to(ids.device),
            "mm_token_type_ids": (ids == self.processor.image_token_id).long(),
        }

    def _patched(self, part: ImagePart) -> tuple[Any, Any]:
        if part.digest not in self._patches:
            found = self.processor.image_processor([decoded(part)], return_tensors="pt")
            self._patches[part.digest] = found["pixel_values"], found["image_grid_thw"]
        pixels, grid = self._patches[part.digest]
        return pixels, grid


def _key(ids: Sequence[int]) -> bytes:
    return b"".join(int(token).to_bytes(4, "little") for token in ids)
