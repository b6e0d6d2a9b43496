"""Embedded: the model without weights. Answers every prompt's contract by deterministic linguistics over MiniLM.

It reads what any model reads, the slots of the prompt as text, and writes what any model writes, text in the contract's
format; nothing reaches it by another way. One module per contract:

    respond, respond_more, answer -> respond.py      semantic   -> semantic.py
    personality                   -> personality.py  episodic   -> episodic.py
    core                          -> core.py         procedural -> procedural.py

It exists so that the whole loop runs on any laptop, in tests and workshops without weights, and as the baseline that
trained models must beat. It knows English only, quotes rather than composes, and says what it is when asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from personavlm.errors import ModelUnavailable
from personavlm.models import Completion, Message, Sampling

if TYPE_CHECKING:
    from personavlm.encoders import TextEncoder


@dataclass(frozen=True, slots=True)
class Embedded:
    """The embedded model over a text encoder. Deterministic: the same messages give the same text."""

    encoder: TextEncoder

    @staticmethod
    def load() -> Embedded:
        """Return the model over MiniLM. Raises ``MissingPackage`` without the ``models`` extra."""
        from personavlm.encoders.text import load_text_encoder

        return Embedded(load_text_encoder())

    @property
    def name(self) -> str:
        """Backend, version of its rules, and the encoder it leans on."""
        return f"embedded-1/{self.encoder.name}"

    def complete(self, messages: Sequence[Message], sampling: Sampling) -> Completion:  # noqa: ARG002  nothing is sampled
        """Return the contract's answer to the last message. Raises ``ModelUnavailable`` for one it has no rules for."""
        text = _replier(messages[-1].contract)(messages, self.encoder)
        words = sum(len(m.text.split()) for m in messages)
        return Completion(text, tokens_in=words, tokens_out=len(text.split()))


Replier = Callable[[Sequence[Message], "TextEncoder"], str]
"""One contract: from the conversation so far (slots in its messages) to the text a model would write."""


def _replier(contract: str) -> Replier:
    from personavlm.embedded import core, episodic, personality, procedural, respond, semantic

    repliers: dict[str, Replier] = {
        "respond": respond.step,
        "respond_more": respond.step,
        "answer": respond.answer,
        "personality": personality.read,
        "semantic": semantic.extract,
        "episodic": episodic.divide,
        "procedural": procedural.extract,
        "core": core.extract,
    }
    if contract not in repliers:
        raise ModelUnavailable(
            f"The embedded model has no rules for the prompt {contract!r}.", "give a language model instead."
        )
    return repliers[contract]
