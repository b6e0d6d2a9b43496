"""A sample as a model in training sees it: what is trained in colour, token by token, the rest dim.

    python -m lab.show_sample RUN [--number 3] [--kind semantic] [--probes]

RUN is a folder of ``lab.train_sft``. Two shades of green tell neighbouring trained tokens apart; a picture's places are
shown once with their number.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from personavlm.errors import BadInput
from personavlm.training.corpus import Corpus, Rendered
from personavlm.training.rendering import Example

TRAINED = ("bold green", "bold dark_sea_green3")
PICTURE = "<|image_pad|>"


def coloured(tokenizer: Any, example: Example) -> Text:
    """Return an example's text: trained tokens in two shades of green in turn, what is only read dim."""
    text = Text()
    pads = 0
    picture = tokenizer.convert_tokens_to_ids(PICTURE)
    for place, (token, own) in enumerate(zip(example.ids.tolist(), example.mask.tolist(), strict=True)):
        pads = pads + 1 if token == picture else 0
        if pads and place + 1 < len(example) and example.ids[place + 1] == picture:
            continue
        shown = f"[{pads} picture tokens]" if pads else tokenizer.decode([token])
        text.append(shown, TRAINED[place % 2] if own else "magenta" if pads else "dim")
    return text


def sample(corpus: Corpus, number: int, kind: str = "") -> Rendered:
    """Return the number-th example of a kind, or of all. Raises ``BadInput`` if there are fewer."""
    of_kind = [place for place, which in enumerate(corpus.kinds) if kind in ("", corpus.kind_names[which])]
    if number >= len(of_kind):
        raise BadInput(f"There are {len(of_kind)} examples of {kind or 'any kind'}.", "give a smaller --number.")
    return corpus[of_kind[number]]


def main() -> None:
    """Show one sample."""
    from transformers import AutoTokenizer

    parser = argparse.ArgumentParser(description="One sample with its mask in colour.")
    parser.add_argument("run", type=Path)
    parser.add_argument("--number", type=int, default=0)
    parser.add_argument("--kind", default="", help="reasoning, semantic, copy, … (default: any)")
    parser.add_argument("--probes", action="store_true", help="of the held-out examples instead")
    arguments = parser.parse_args()
    corpus = Corpus.open(arguments.run / ("probes" if arguments.probes else "corpus"))
    one = sample(corpus, arguments.number, arguments.kind)
    tokenizer = AutoTokenizer.from_pretrained(arguments.run / "tokenizer")
    trained = int(one.example.mask.sum())
    console = Console(width=120)
    console.print(f"{one.kind}: {len(one.example)} tokens, {trained} trained, {len(one.example.pictures)} pictures")
    console.print(coloured(tokenizer, one.example))


if __name__ == "__main__":
    main()
