"""Processors: how text and pictures become tensors, without torchvision and without video.

    a checkpoint's folder or id ──load_processor──> processor(text, images) ──> input_ids, pixel_values, …

The stock processors of Qwen2.5-VL, Qwen3-VL and SmolVLM insist on a video part that needs torchvision. The subclasses
here have a shorter constructor, from which transformers reads which parts a processor has; everything else is theirs,
so they load stock checkpoints, and pictures go through Pillow:

    >>> processor = load_processor("Qwen/Qwen2.5-VL-7B-Instruct", "qwen2_5_vl")
    >>> processor(text=["<|vision_start|><|image_pad|><|vision_end|>"], images=[picture])

A checkpoint saved with one of them names it, and ``AutoProcessor`` hands out a bare tokenizer, without an error, where
the name is unknown: call ``register`` before transformers' own programs touch such a folder. This module imports
transformers when it is imported, so only ``weights`` (when it loads something) and programs in ``lab`` import it.

Source: transformers 5.23, ``processing_utils.ProcessorMixin`` and the three models' ``processing_*.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
import transformers
from transformers import (
    AutoProcessor,
    ProcessorMixin,
    Qwen2_5_VLConfig,
    Qwen2_5_VLProcessor,
    Qwen3VLConfig,
    Qwen3VLProcessor,
    SmolVLMConfig,
    SmolVLMProcessor,
)

from personavlm.errors import ModelUnavailable


class Qwen2_5_VLImageTextProcessor(Qwen2_5_VLProcessor):
    """Qwen2.5-VL's processor for pictures and text."""

    def __init__(self, image_processor: Any, tokenizer: Any, chat_template: str | None = None, **_: Any) -> None:
        _name_tokens(self, tokenizer)
        _assemble(self, image_processor, tokenizer, chat_template)

    def _process_images(self, images: Any, **kwargs: Any) -> Any:
        return _as_tensors(super()._process_images(images, **kwargs))


class Qwen3VLImageTextProcessor(Qwen3VLProcessor):
    """Qwen3-VL's processor for pictures and text."""

    def __init__(self, image_processor: Any, tokenizer: Any, chat_template: str | None = None, **_: Any) -> None:
        _name_tokens(self, tokenizer)
        self.vision_start_token, self.vision_end_token = "<|vision_start|>", "<|vision_end|>"
        self.vision_start_token_id = tokenizer.convert_tokens_to_ids(self.vision_start_token)
        self.vision_end_token_id = tokenizer.convert_tokens_to_ids(self.vision_end_token)
        _assemble(self, image_processor, tokenizer, chat_template)

    def _process_images(self, images: Any, **kwargs: Any) -> Any:
        return _as_tensors(super()._process_images(images, **kwargs))


class SmolVLMImageTextProcessor(SmolVLMProcessor):
    """SmolVLM's processor for pictures and text; the stock one also needs num2words, for video only."""

    def __init__(
        self,
        image_processor: Any,
        tokenizer: Any,
        image_seq_len: int = 169,
        chat_template: str | None = None,
        **_: Any,
    ) -> None:
        self.fake_image_token = getattr(tokenizer, "fake_image_token", "<fake_token_around_image>")
        self.image_token = getattr(tokenizer, "image_token", "<image>")
        self.image_token_id = tokenizer.convert_tokens_to_ids(self.image_token)
        self.end_of_utterance_token = getattr(tokenizer, "end_of_utterance_token", "<end_of_utterance>")
        self.global_image_token = getattr(tokenizer, "global_image_token", "<global-img>")
        self.video_token = getattr(tokenizer, "video_token", "<video>")
        self.image_seq_len = image_seq_len
        _assemble(self, image_processor, tokenizer, chat_template)

    # The stock method reads settings of the missing video part.
    apply_chat_template = ProcessorMixin.apply_chat_template


OURS: dict[str, tuple[type[Any], type[Any]]] = {
    "qwen2_5_vl": (Qwen2_5_VLConfig, Qwen2_5_VLImageTextProcessor),
    "qwen3_vl": (Qwen3VLConfig, Qwen3VLImageTextProcessor),
    "smolvlm": (SmolVLMConfig, SmolVLMImageTextProcessor),
}
"""Model type to its configuration class and our processor."""


def register() -> None:
    """Make transformers' Auto classes and programs find these processors by name. May be called again."""
    auto: Any = AutoProcessor
    for config, processor in OURS.values():
        auto.register(config, processor, exist_ok=True)
        setattr(transformers, processor.__name__, processor)


def load_processor(checkpoint: str, model_type: str, revision: str | None = None) -> Any:
    """Return the processor of a vision-language checkpoint (folder or hub id).

    Raises ``ModelUnavailable`` if its kind needs torchvision, or if what comes back could not read pictures.
    """
    register()
    loader = OURS[model_type][1] if model_type in OURS else AutoProcessor
    try:
        with quiet():
            processor = loader.from_pretrained(checkpoint, revision=revision)
    except (ImportError, AttributeError) as error:  # the stock classes raise either where torchvision is missing
        raise ModelUnavailable(
            f"The processor of {model_type} models cannot be loaded here: {first_line(error)}",
            f"use one of {', '.join(OURS)}, or serve the model elsewhere and use --model openai:<model>@<base url>.",
        ) from error
    if not isinstance(processor, ProcessorMixin) or not hasattr(processor, "image_processor"):
        raise ModelUnavailable(
            f"{checkpoint!r} came with a tokenizer only: pictures would be dropped without a word.",
            "add its preprocessor_config.json (or processor_config.json) to the folder.",
        )
    return processor


@contextmanager
def quiet() -> Iterator[None]:
    """Silence transformers' warnings below errors; "falling back to Pil" is what we want, not news."""
    logging: Any = transformers.logging
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)


def first_line(error: BaseException, width: int = 300) -> str:
    """Return an error's first line that says something, cut to ``width`` characters."""
    lines = (line.strip() for line in str(error).splitlines())
    return next((line[:width] for line in lines if line), type(error).__name__)


def _assemble(processor: Any, image_processor: Any, tokenizer: Any, chat_template: str | None) -> None:
    start: Any = ProcessorMixin.__init__
    start(processor, image_processor, tokenizer, chat_template=chat_template)


def _name_tokens(processor: Any, tokenizer: Any) -> None:
    processor.image_token, processor.video_token = "<|image_pad|>", "<|video_pad|>"
    processor.image_token_id = tokenizer.convert_tokens_to_ids(processor.image_token)
    processor.video_token_id = tokenizer.convert_tokens_to_ids(processor.video_token)


def _as_tensors(processed: Any) -> Any:
    # The torchvision path returns tensors here, the Pillow path arrays; TRL's tool loop takes tensors only.
    data, replacements = processed
    for key in ("pixel_values", "image_grid_thw"):
        if key in data and not isinstance(data[key], torch.Tensor):
            data[key] = torch.as_tensor(np.asarray(data[key]))
    return data, replacements
