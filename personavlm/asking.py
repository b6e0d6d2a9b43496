"""Asking a model: one place that times a call, parses what came back and writes both down.

    ask(purpose, messages, parse) ──> value | Malformed, with a Call in ``calls``

Used by both stages. The clock here measures durations only; the time of day is always the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import TypeVar

from personavlm.models import Completion, Message, Model, Sampling, stream
from personavlm.trace import Call, Malformed

T = TypeVar("T")

GREEDY = Sampling()


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of the reply while it is being written."""

    text: str


@dataclass(slots=True)
class Asker:
    """A model with its sampling, and the calls made to it so far."""

    model: Model
    sampling: Sampling = GREEDY
    calls: list[Call] = field(default_factory=list)

    def ask(
        self, purpose: str, messages: Sequence[Message], parse: Callable[[str], T | Malformed]
    ) -> tuple[T | Malformed, str]:
        """Return the parsed output and its raw text. Raises ``ModelUnavailable`` if the model cannot be asked."""
        began = perf_counter()
        completion = self.model.complete(messages, self.sampling)
        return self._note(purpose, began, completion, parse), completion.text

    def ask_aloud(
        self, purpose: str, messages: Sequence[Message], parse: Callable[[str], T | Malformed], tagged: bool
    ) -> Generator[Delta, None, tuple[T | Malformed, str]]:
        """Like ``ask``, but yield the reply's text as it grows; ``tagged`` if only an answer block is the reply."""
        began = perf_counter()
        text, shown = "", 0
        for piece in stream(self.model, messages, self.sampling):
            text += piece
            reply = _reply_so_far(text, tagged)
            if len(reply) > shown:
                yield Delta(reply[shown:])
                shown = len(reply)
        return self._note(purpose, began, Completion(text), parse), text

    def _note(
        self, purpose: str, began: float, completion: Completion, parse: Callable[[str], T | Malformed]
    ) -> T | Malformed:
        value = parse(completion.text)
        self.calls.append(
            Call(
                purpose,
                self.model.name,
                round(perf_counter() - began, 4),
                completion.tokens_in,
                completion.tokens_out,
                *((value.reason, value.raw) if isinstance(value, Malformed) else ()),
            )
        )
        return value


def _reply_so_far(text: str, tagged: bool) -> str:
    """The part of a growing output that is certainly reply: a tag that is still being written is held back."""
    if tagged:
        _, opened, text = text.partition("<answer>")
        if not opened:
            return ""
        text = text.partition("</answer>")[0].lstrip()
    held = text.rfind("<")
    return text[:held] if held >= 0 and "</answer>".startswith(text[held:]) else text
