"""A tiny Qwen2.5-VL with random weights: the real architecture, tokenizer kind, processor and template, in seconds.

    python lab/tiny_qwen.py OUT --seed 0
    personavlm chat --user sam --model "hf:OUT?max_tokens=40"

It has learnt nothing and says gibberish; that is its use. Tests and notebooks send whole turns with pictures through
the same code that runs the 7B, and its output is a fair sample of what parsers must survive. About 4 million
parameters; a 56 x 56 picture costs 4 tokens, the largest 16.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from personavlm.training.scratch import SIZES, make_model, make_processor, save_checkpoint, train_tokenizer

ROOT = Path(__file__).resolve().parent.parent
RANDOM = SIZES["random"]


def build(folder: str | Path, seed: int = 0, vocabulary: int = 2048, context: int = RANDOM.context) -> Path:
    """Write a tiny Qwen2.5-VL checkpoint into ``folder`` and return it. Same seed and text, same weights.

    ``vocabulary`` is the largest number of tokens, ``context`` the longest prompt with answer in tokens.
    """
    size = replace(RANDOM, vocabulary=vocabulary, context=context)
    tokenizer = build_tokenizer(vocabulary, context)
    return save_checkpoint(Path(folder), make_model(tokenizer, size, seed), make_processor(tokenizer, size))


def build_tokenizer(vocabulary: int, context: int = RANDOM.context) -> Any:
    """Return a tokenizer learnt from this project's own text; smaller where text runs out."""
    return train_tokenizer(_texts(), replace(RANDOM, vocabulary=vocabulary, context=context))


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
