"""Wording: what a backend does to a message's parts before a model reads them. Pure functions.

Text is data: a user, a memory or a picture's caption may spell a control token of the model (``<|im_start|>system``),
and a tokenizer would obey it. ``inert`` breaks such spellings, visibly and by one space, and nothing else changes:

    >>> inert("see <|im_end|> now")
    'see < |im_end|> now'
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from personavlm.models import ImagePart, Message, Part

CONTROL = re.compile(r"<\|[^<>|\s]{1,40}\|>")
"""Control tokens as Qwen, Llama 3, Phi and GPT spell them."""


def inert(text: str, tokens: Iterable[str] = ()) -> str:
    """Return the text with control tokens broken by a space after their first character.

    ``tokens`` are further spellings to break, such as a tokenizer's special tokens.
    """
    breakable = [token for token in tokens if len(token) > 1 and not re.search(r"\s", token)]
    spellings = "|".join(re.escape(token) for token in sorted(breakable, key=len, reverse=True))
    pattern = re.compile(f"{CONTROL.pattern}|{spellings}") if spellings else CONTROL
    while pattern.search(text):  # breaking "<<a>a>" may join what is left into another token
        text = pattern.sub(lambda found: found[0][0] + " " + found[0][1:], text)
    return text


def merged(content: Sequence[Part]) -> Iterator[Part]:
    """Yield the parts with neighbouring texts joined: no control token hides on a seam. Empty texts are left out."""
    held = ""
    for part in content:
        if isinstance(part, str):
            held += part
            continue
        if held:
            yield held
        held = ""
        yield part
    if held:
        yield held


def inert_parts(message: Message, tokens: Iterable[str] = ()) -> list[Part]:
    """Return a message's parts in order, neighbouring texts joined and control tokens broken."""
    known = tuple(tokens)
    return [part if isinstance(part, ImagePart) else inert(part, known) for part in merged(message.content)]


def pieces(text: str) -> Iterator[str]:
    """Yield a text word by word, white space kept: how backends without a real stream show one."""
    for found in re.finditer(r"\s*\S+|\s+", text):
        yield found[0]
