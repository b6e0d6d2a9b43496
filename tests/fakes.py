"""Small stand-ins for tests of laws: a text encoder and a picture encoder that need no weights, and a model whose every
contract is answered from a table. What is measured is always measured on the real ones."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from PIL.Image import Image

from personavlm.assistant import Kit
from personavlm.encoders import Vectors
from personavlm.models import Message, Sampling
from personavlm.models.scripted import Scripted
from personavlm.personality import TRAITS


class HashingEncoder:
    """Bag of hashed words: equal words, near vectors."""

    name, dim = "hashing-test", 64

    def encode(self, texts: Sequence[str]) -> Vectors:
        rows = np.full((len(texts), self.dim), 1e-6, np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                row[int.from_bytes(hashlib.sha256(word.encode()).digest()[:4]) % self.dim] += 1
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


class ColourEncoder:
    """Mean colour of a picture."""

    name, dim, same_from, surroundings = "colour-test", 4, 0.98, 0.0

    def encode(self, pictures: Sequence[Image]) -> Vectors:
        rows = np.stack([np.append(np.asarray(p.convert("RGB"), np.float32).mean((0, 1)), 1.0) for p in pictures])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def kit(**changes: object) -> Kit:
    """A kit that loads nothing."""
    return Kit(HashingEncoder(), ColourEncoder(), **changes)  # type: ignore[arg-type]


NOTHING_NEW: Mapping[str, str] = {
    "personality": "\n".join(f'"{trait}": 3' for trait in TRAITS),
    "semantic": '"reason": small talk\n"decision": false',
    "episodic": '"topic_summary": The user talked.\n"keywords": talk\n"source_dialog_indices": 0',
    "procedural": "{}",
    "core": "{}",
    "respond": "<think>enough</think><answer>All right.</answer>",
    "respond_more": "<think>enough</think><answer>All right.</answer>",
    "answer": "All right.",
}


def answering(**contracts: str | Callable[[Sequence[Message]], str]) -> Scripted:
    """A model that answers each contract with a fixed text or a function of the messages; quiet where not told."""

    def reply(messages: Sequence[Message], _: Sampling) -> str:
        contract = messages[-1].contract
        told = contracts.get(contract, NOTHING_NEW[contract])
        return told(messages) if callable(told) else told

    return Scripted(reply)


def look_up(keywords: str, start: str = "null", end: str = "null", think: str = "look") -> str:
    """The text of a retrieve step."""
    return (
        f'<think>{think}</think><retrieve>\n"keywords": {keywords}\n"start_time": "{start}"\n"end_time": "{end}"\n'
        "</retrieve>"
    )


def remember(content: str, **fields: object) -> str:
    """The text of one semantic record."""
    lines = {"reason": "new", "decision": "true", "content": content, "keywords": content.replace(" ", ", ")} | fields
    return "\n".join(f'"{key}": {value}' for key, value in lines.items())
