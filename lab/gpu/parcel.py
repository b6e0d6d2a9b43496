"""Parcels: folders that travel as a few files of bounded size, and trained weights made small for the way.

send(folder, out)      ──>  out/NAME.tar.xz.00, .01, …       receive(folder_of_parts, name, into)
halve(model, out)      ──>  fp16 in shards of at most 15 MB, tokenizer and processor beside them
shrink(picture, most)  ──>  a picture with no more pixels than the model looks at
"""

from __future__ import annotations

import io
import math
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from personavlm.errors import BadInput
from personavlm.files import write_atomically

PART = 15_000_000
"""Bytes of a part, and of a shard of weights, at most."""
QUALITY = 60
"""Of shrunk pictures (WebP): a fifteenth of the bytes; what is lost is far below what a few dozen patches show."""


def send(name: str, entries: Iterable[tuple[Path, str]], out: Path) -> list[Path]:
    """Pack files and folders, each under a name of its own, into ``out/NAME.tar.xz.NN`` and return the parts."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz") as tar:
        for path, inside in entries:
            tar.add(path, inside)
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob(f"{name}.tar.xz.*"):
        old.unlink()
    data = packed.getbuffer()
    parts = []
    for number in range(math.ceil(len(data) / PART)):
        parts.append(out / f"{name}.tar.xz.{number:02}")
        write_atomically(parts[-1], bytes(data[number * PART : (number + 1) * PART]))
    return parts


def receive(name: str, where: Path, into: Path) -> Path:
    """Unpack what ``send`` packed into ``into`` and return it. Raises ``BadInput`` if there are no parts of it."""
    parts = sorted(where.glob(f"{name}.tar.xz.*"))
    if not parts:
        raise BadInput(f"{where} holds no part of {name}.", f"bring all files {name}.tar.xz.NN there.")
    packed = io.BytesIO(b"".join(part.read_bytes() for part in parts))
    with tarfile.open(fileobj=packed, mode="r:xz") as tar:
        tar.extractall(into, filter="data")
    return into


def halve(model: Path, out: Path) -> Path:
    """Write a checkpoint's weights in fp16 to ``out``, in shards of ``PART`` bytes at most, and return it."""
    import torch

    from personavlm.models.weights import Loading, load

    loaded, processor, _ = load(str(model), Loading(dtype="float32"))
    loaded.to(torch.float16).save_pretrained(out, max_shard_size=PART)
    processor.save_pretrained(out)
    return out


def shrink(data: bytes, image_processor: Any) -> bytes:
    """Return a picture as WebP in the size in which the model looks at it, so that it has as many patches as before.

    A picture so long and narrow that the size would not stay is returned as it is.
    """
    with Image.open(io.BytesIO(data)) as found:
        picture: Any = ImageOps.exif_transpose(found).convert("RGB")
    height, width = _looked_at(image_processor, picture.height, picture.width)
    if _looked_at(image_processor, height, width) != (height, width):
        return data
    file = io.BytesIO()
    picture.resize((width, height), Image.Resampling.BICUBIC).save(file, "WEBP", quality=QUALITY)
    return file.getvalue()


def _looked_at(image_processor: Any, height: int, width: int) -> tuple[int, int]:
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize

    side = image_processor.patch_size * image_processor.merge_size
    bounds = image_processor.size
    found: tuple[int, int] = smart_resize(height, width, side, bounds["shortest_edge"], bounds["longest_edge"])
    return found
