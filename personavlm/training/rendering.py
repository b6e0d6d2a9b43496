"""Rendering: a finished conversation as token ids with a mask of what is trained.

    messages ──models.chat──> text with the spans the assistant wrote ──tokenizer──> ids, mask; pictures by digest

Every assistant message is trained, from its first token to the token that ends it; prompts, what was retrieved and the
role headers are not. Text is tokenized up to where the model starts to write, as it is at inference, so that a trained
prompt has the ids of the asked one. A picture's mark becomes as many tokens as the processor gives the picture.

Source: loss on the assistant's own tokens (PersonaVLM, section 4); its released code also masks the last assistant
turn, which is a fault and not repeated here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personavlm.errors import BadInput
from personavlm.models import ImagePart, Message
from personavlm.models.chat import chat_text, decoded

Ids = NDArray[np.int32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Example:
    """One conversation as a model in training sees it."""

    ids: Ids
    """Token ids, ``(tokens,)``."""
    mask: Mask
    """Which tokens are trained, ``(tokens,)``."""
    pictures: tuple[str, ...] = ()
    """Digests of its pictures, in the order of their places."""

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of rendered text, and whether the assistant wrote it."""

    text: str
    own: bool


def render(processor: Any, messages: Sequence[Message], grids: Mapping[str, int]) -> Example:
    """Return a conversation as ids and mask. ``grids`` says how many tokens each picture costs (``picture_tokens``).

    Raises ``BadInput`` if nothing in it is the assistant's, or an answer cannot be told from its prompt.
    """
    tokenizer = getattr(processor, "tokenizer", processor)
    pictures = [part for message in messages for part in message.images]
    costs = iter([grids[part.digest] for part in pictures])
    ids: list[int] = []
    mask: list[bool] = []
    for span in spans(processor, messages):
        text = span.text if span.own else with_room(span.text, costs, processor)
        found = tokenizer(text, add_special_tokens=False)["input_ids"]
        ids += found
        mask += [span.own] * len(found)
    return Example(np.array(ids, np.int32), np.array(mask, np.bool_), tuple(part.digest for part in pictures))


def spans(processor: Any, messages: Sequence[Message]) -> Iterator[Span]:
    """Yield the rendered text in stretches, in order; together they are the text of the whole conversation."""
    own = [place for place, message in enumerate(messages) if message.role == "assistant"]
    if not own:
        raise BadInput("A conversation without an assistant message teaches nothing.", "leave it out.")
    whole = chat_text(processor, messages, answering=False)
    end = str(getattr(processor, "tokenizer", processor).eos_token)
    done = 0
    for place in own:
        start = len(_prefix(processor, messages, place, whole))
        stop = whole.index(end, start + len(messages[place].text.rstrip())) + len(end)
        if whole[start].isspace():
            raise BadInput("An answer that starts with white space reads differently in training.", "strip it.")
        yield Span(whole[done:start], False)
        yield Span(whole[start:stop], True)
        done = stop
    if done < len(whole):
        yield Span(whole[done:], False)


def _prefix(processor: Any, messages: Sequence[Message], place: int, whole: str) -> str:
    """The text a model is given when it is to write message ``place``."""
    asked = chat_text(processor, messages[:place], answering=True)
    if not whole.startswith(asked):
        raise BadInput(
            "This chat template renders a finished conversation differently from an open one.",
            "use a template whose text of a chat's start is the start of its text.",
        )
    return asked


def with_room(text: str, costs: Iterator[int], processor: Any) -> str:
    """Return rendered text with each picture's mark repeated as often as the picture costs tokens."""
    mark = getattr(processor, "image_token", None)
    if mark is None or mark not in text:
        return text
    first, *rest = text.split(mark)
    return first + "".join(mark * next(costs) + piece for piece in rest)


# ── pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────


def picture_tokens(processor: Any, part: ImagePart) -> int:
    """Return how many tokens a picture costs: its patches over the square of the merge size."""
    grid = processor.image_processor([decoded(part)], return_tensors="np")["image_grid_thw"][0]
    return int(np.prod(grid)) // int(processor.image_processor.merge_size) ** 2


# ── rows of the data set ─────────────────────────────────────────────────────────────────────────────────────────


def messages_of(row: Mapping[str, Any], pictures: Mapping[str, bytes]) -> tuple[Message, ...]:
    """Return a row of ``sft.jsonl`` as messages. ``pictures`` holds the bytes by the paths in the row's ``images``."""
    paths = iter(row["images"])
    return tuple(Message(m["role"], tuple(_part(p, paths, pictures) for p in m["content"])) for m in row["messages"])


def _part(part: Mapping[str, str], paths: Iterator[str], pictures: Mapping[str, bytes]) -> str | ImagePart:
    if part["type"] == "text":
        return part["text"]
    path = next(paths)
    kind = "image/png" if path.endswith("png") else "image/jpeg"
    return ImagePart(path, pictures[path], kind)
