"""Scratch: a Qwen2.5-VL of our own size, made from nothing: tokenizer, processor and random weights.

    texts ──> tokenizer ──> processor          size, tokenizer, seed ──> model          both ──> a checkpoint folder

It is the real architecture with the real classes, tokenizer kind and template, so that a checkpoint of it loads by the
code that loads the 7B. Sizes that belong together: a head is 32 wide in text and vision, so ``mrope_section`` sums to
16; the vision tower's ``out_hidden_size`` is the text model's width. Source: transformers 5.23, Qwen2_5_VLConfig.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personavlm.errors import BadInput

TEMPLATE = Path(__file__).with_name("chat.jinja")
"""Qwen's chat format, with generation markers for the loss mask and tool turns; the start of a chat renders to the
start of its text."""
SPECIAL = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>",
    "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
"""Qwen2.5-VL's special tokens, in its order."""
TAGS = (
    "<tool_call>", "</tool_call>", "<think>", "</think>", "<retrieve>", "</retrieve>", "<answer>", "</answer>",
)  # fmt: skip
"""Added as ordinary tokens, so that decoding keeps them."""
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""Qwen2's pre-tokenizer pattern."""
HEAD = 32
"""Width of an attention head, in text and vision."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a model is. ``parameters`` of a built model say what that comes to."""

    width: int
    layers: int
    inner: int
    """Width of the feed-forward layers."""
    sight: int
    """Width of the vision tower."""
    sight_layers: int
    vocabulary: int
    """Most tokens; fewer where the text has no more to merge."""
    context: int
    """Longest prompt with its answer, in tokens."""
    pixels: tuple[int, int] = (56 * 56, 112 * 112)
    """Smallest and largest picture; 56 x 56 costs 4 tokens, 112 x 112 16."""


SIZES: dict[str, Size] = {
    "random": Size(256, 4, 704, 128, 2, vocabulary=2_048, context=16_384),
    "tiny": Size(256, 4, 704, 128, 2, vocabulary=4_096, context=8_192),
    "mini": Size(384, 8, 1_024, 192, 4, vocabulary=8_192, context=16_384),
}
"""``random`` is for tests of the code around a model, ``tiny`` trains on two CPU cores, ``mini`` on one GPU."""


def size_named(name: str) -> Size:
    """Return the size of that name. Raises ``BadInput`` for another."""
    if name not in SIZES:
        raise BadInput(f"There is no size {name!r}.", f"give one of {', '.join(SIZES)}.")
    return SIZES[name]


def train_tokenizer(texts: Iterable[str], size: Size) -> Any:
    """Return a byte-level BPE tokenizer of Qwen's kind, learnt from ``texts``. Same texts, same tokenizer."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    fast: Any = PreTrainedTokenizerFast
    inner = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(WORDS), "isolated")
    bytewise = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    inner.pre_tokenizer = pre_tokenizers.Sequence([split, bytewise])
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size.vocabulary - len(TAGS),
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator(texts, trainer)
    inner.add_tokens([AddedToken(tag, normalized=False, special=False) for tag in TAGS])
    return fast(
        tokenizer_object=inner,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        bos_token=None,
        additional_special_tokens=[t for t in SPECIAL if t not in ("<|im_end|>", "<|endoftext|>")],
        model_max_length=size.context,
    )


def make_processor(tokenizer: Any, size: Size) -> Any:
    """Return the processor of a model of that size: its pictures and our chat template."""
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    from personavlm.models.processors import Qwen2_5_VLImageTextProcessor

    least, most = size.pixels
    pictures = Qwen2VLImageProcessorPil(min_pixels=least, max_pixels=most)
    return Qwen2_5_VLImageTextProcessor(pictures, tokenizer, chat_template=TEMPLATE.read_text(encoding="utf-8"))


def make_model(tokenizer: Any, size: Size, seed: int) -> Any:
    """Return a Qwen2.5-VL of that size with random weights; the caller's random state is left alone."""
    import torch
    from transformers import GenerationConfig, Qwen2_5_VLForConditionalGeneration

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model: Any = Qwen2_5_VLForConditionalGeneration(_config(tokenizer, size))
    settings: Any = GenerationConfig
    model.generation_config = settings(eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
    return model


def save_checkpoint(folder: Path, model: Any, processor: Any) -> Path:
    """Write model and processor into ``folder``, as ``--model hf:FOLDER`` reads them, and return it."""
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def _config(tokenizer: Any, size: Size) -> Any:
    from transformers import Qwen2_5_VLConfig

    names = ("image_pad", "video_pad", "vision_start", "vision_end")
    ids = {f"{name}_token_id": tokenizer.convert_tokens_to_ids(f"<|{name}|>") for name in names}
    ids["image_token_id"], ids["video_token_id"] = ids.pop("image_pad_token_id"), ids.pop("video_pad_token_id")
    text = {
        "vocab_size": -(-len(tokenizer) // 64) * 64, "hidden_size": size.width, "intermediate_size": size.inner,
        "num_hidden_layers": size.layers, "num_attention_heads": size.width // HEAD, "num_key_value_heads": 2,
        "rms_norm_eps": 1e-6, "max_position_embeddings": size.context, "use_sliding_window": False,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10_000.0, "mrope_section": [4, 6, 6]},
        "bos_token_id": None, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id,
    }  # fmt: skip
    vision = {
        "depth": size.sight_layers, "hidden_size": size.sight, "intermediate_size": 2 * size.sight,
        "num_heads": size.sight // HEAD, "patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2,
        "tokens_per_second": 2, "window_size": 112, "out_hidden_size": size.width,
        "fullatt_block_indexes": [size.sight_layers - 1],
    }  # fmt: skip
    return Qwen2_5_VLConfig(text_config=text, vision_config=vision, tie_word_embeddings=True, **ids)
