"""A tiny Qwen2.5-VL with random weights: the real architecture, tokenizer kind, processor and template, in seconds.

    python lab/tiny_qwen.py OUT --seed 0
    personavlm chat --user sam --model "hf:OUT?max_tokens=40"

It has learnt nothing and says gibberish; that is its use. Tests and notebooks send whole turns with pictures through
the same code that runs the 7B, and its output is a fair sample of what parsers must survive. About 4 million
parameters; a 56 x 56 picture costs 4 tokens, the largest 16.

Sizes that belong together: head size 32 = hidden/heads, so ``mrope_section`` sums to 16; the vision tower's
``out_hidden_size`` is the text model's hidden size. Source: transformers 5.23, Qwen2_5_VLConfig.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = Path(__file__).with_name("qwen_chat.jinja")
"""The chat template: Qwen's, with generation markers for the loss mask and tool turns; a prefix of a chat renders to a
prefix of its text."""

SPECIAL = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>",
    "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
"""Qwen2.5-VL's special tokens, in its order."""
TAGS = ("<tool_call>", "</tool_call>", "<think>", "</think>")
"""Added as ordinary tokens, so that decoding keeps them."""
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""Qwen2's pre-tokenizer pattern."""
HIDDEN, CONTEXT = 256, 16_384


def build(folder: str | Path, seed: int = 0, vocabulary: int = 2048, context: int = CONTEXT) -> Path:
    """Write a tiny Qwen2.5-VL checkpoint into ``folder`` and return it. Same seed and text, same weights.

    ``vocabulary`` is the largest number of tokens, ``context`` the longest prompt with answer in tokens.
    """
    import torch
    from transformers import GenerationConfig, Qwen2_5_VLForConditionalGeneration

    tokenizer = build_tokenizer(vocabulary, context)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model: Any = Qwen2_5_VLForConditionalGeneration(_config(tokenizer, context))
    model.generation_config = GenerationConfig(eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
    model.save_pretrained(folder)
    build_processor(tokenizer).save_pretrained(folder)
    return Path(folder)


def build_tokenizer(vocabulary: int, context: int = CONTEXT) -> Any:
    """Train a byte-level BPE tokenizer of Qwen's kind on this project's own text; smaller where text runs out."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(WORDS), "isolated")
    bytewise = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    inner.pre_tokenizer = pre_tokenizers.Sequence([split, bytewise])
    inner.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - len(TAGS), special_tokens=list(SPECIAL), initial_alphabet=alphabet, show_progress=False
    )
    inner.train_from_iterator(_texts(), trainer)
    inner.add_tokens([AddedToken(tag, normalized=False, special=False) for tag in TAGS])
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        bos_token=None,
        additional_special_tokens=[t for t in SPECIAL if t not in ("<|im_end|>", "<|endoftext|>")],
        model_max_length=context,
    )


def build_processor(tokenizer: Any) -> Any:
    """Return the processor of a tiny model: pictures of 4 to 16 tokens, our chat template."""
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    from personavlm.models.processors import Qwen2_5_VLImageTextProcessor

    pictures = Qwen2VLImageProcessorPil(min_pixels=56 * 56, max_pixels=112 * 112)
    return Qwen2_5_VLImageTextProcessor(pictures, tokenizer, chat_template=TEMPLATE.read_text(encoding="utf-8"))


def _config(tokenizer: Any, context: int) -> Any:
    from transformers import Qwen2_5_VLConfig

    ids = {word: tokenizer.convert_tokens_to_ids(f"<|{word}|>") for word in
           ("image_pad", "video_pad", "vision_start", "vision_end")}  # fmt: skip
    rope = {"rope_type": "default", "rope_theta": 10_000.0, "mrope_section": [4, 6, 6]}
    text = {
        "vocab_size": -(-len(tokenizer) // 64) * 64, "hidden_size": HIDDEN, "intermediate_size": 704,
        "num_hidden_layers": 4, "num_attention_heads": 8, "num_key_value_heads": 2, "rms_norm_eps": 1e-6,
        "max_position_embeddings": context, "use_sliding_window": False, "rope_parameters": rope,
        "bos_token_id": None, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id,
    }  # fmt: skip
    vision = {
        "depth": 2, "hidden_size": 128, "intermediate_size": 256, "num_heads": 4, "patch_size": 14,
        "spatial_merge_size": 2, "temporal_patch_size": 2, "tokens_per_second": 2, "window_size": 112,
        "out_hidden_size": HIDDEN, "fullatt_block_indexes": [1],
    }  # fmt: skip
    return Qwen2_5_VLConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=ids["image_pad"],
        video_token_id=ids["video_pad"],
        vision_start_token_id=ids["vision_start"],
        vision_end_token_id=ids["vision_end"],
        tie_word_embeddings=True,
    )


def _texts() -> Iterator[str]:
    """The project's own prose: what its prompts look like, and some English around it."""
    paths = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    paths += sorted((ROOT / "personavlm").glob("**/*.md")) + sorted((ROOT / "personavlm").glob("*.py"))
    for path in paths:
        yield path.read_text(encoding="utf-8")


def main() -> None:
    """Build from the command line."""
    parser = argparse.ArgumentParser(description="Build a tiny, randomly initialised Qwen2.5-VL.")
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--vocabulary", type=int, default=2048, help="largest number of tokens")
    arguments = parser.parse_args()
    folder = build(arguments.out, arguments.seed, arguments.vocabulary)
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    print(f"wrote a tiny Qwen2.5-VL with random weights to {folder} ({size:.0f} MB); use it with --model hf:{folder}")


if __name__ == "__main__":
    main()
