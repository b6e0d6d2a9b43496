"""Models: one protocol, ``complete(messages, sampling) -> Completion``, and the backends that keep it.

    messages ──> Transformers | OpenAICompatible | Embedded | Recorded | Scripted ──> Completion(text, tokens)

A message's content is text and pictures in the order in which the model should see them; nothing is moved to the front.
``load_model`` turns the one setting (``embedded``, ``hf:…``, ``openai:…``, ``recorded:…``) into a model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class ImagePart:
    """A picture inside a message: its bytes as stored (JPEG or PNG), and the digest that names them."""

    digest: str
    data: bytes
    media_type: str = "image/jpeg"


Part = str | ImagePart


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message. ``contract`` and ``slots`` say which prompt file made it and what filled its slots, as the same
    text the model reads: tests and ``Embedded`` use them, other backends ignore them.
    """

    role: Role
    content: tuple[Part, ...]
    contract: str = ""
    slots: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """The message's text, pictures left out."""
        return "".join(part for part in self.content if isinstance(part, str))

    @property
    def images(self) -> tuple[ImagePart, ...]:
        """The message's pictures, in order."""
        return tuple(part for part in self.content if isinstance(part, ImagePart))


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to decode. Greedy by default, as the released agent is (temperature 0, 1024 new tokens)."""

    max_tokens: int = 1024
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model said. ``finished`` is False when it was cut at ``max_tokens`` or by a broken stream."""

    text: str
    tokens_in: int = 0
    tokens_out: int = 0
    finished: bool = True


class Model(Protocol):
    """Anything that completes a chat."""

    @property
    def name(self) -> str:
        """Identity for provenance and recordings: backend, checkpoint and revision."""
        ...

    def complete(self, messages: Sequence[Message], sampling: Sampling) -> Completion:
        """Return the model's next message. Raises ``ModelUnavailable`` when it cannot be asked."""
        ...


@runtime_checkable
class StreamingModel(Model, Protocol):
    """A model that can also hand out its text as it grows."""

    def stream(self, messages: Sequence[Message], sampling: Sampling) -> Iterator[str]:
        """Yield pieces whose concatenation is the text ``complete`` would return."""
        ...


def stream(model: Model, messages: Sequence[Message], sampling: Sampling) -> Iterator[str]:
    """Yield the model's text piece by piece; in one piece if the model cannot stream."""
    if isinstance(model, StreamingModel):
        yield from model.stream(messages, sampling)
    else:
        yield model.complete(messages, sampling).text
