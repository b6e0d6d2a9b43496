"""Scripted: a model that says what it is told to, for tests and lessons. It remembers what it was asked.

    >>> model = Scripted(["<think>…</think><answer>Coca-Cola</answer>"])
    >>> model.complete([Message("user", ("What do I drink?",))], Sampling()).text
    '<think>…</think><answer>Coca-Cola</answer>'
    >>> model.history[0].messages[0].text
    'What do I drink?'

A queue is used up once; a function answers for ever and may look at the messages. An exception in the queue is raised,
so failures can be scripted too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from personavlm.errors import ModelUnavailable
from personavlm.models import Completion, Message, Sampling
from personavlm.models.wording import pieces

Reply = str | Completion
Answering = Callable[[Sequence[Message], Sampling], Reply]


@dataclass(frozen=True, slots=True)
class Request:
    """What a model was asked."""

    messages: tuple[Message, ...]
    sampling: Sampling


class Scripted:
    """A model whose replies come from a queue or from a function of what it is asked."""

    def __init__(self, replies: Iterable[Reply | Exception] | Answering, name: str = "scripted") -> None:
        self._queue = None if callable(replies) else deque(replies)
        self._answer = replies if callable(replies) else self._next
        self._name = name
        self.history: list[Request] = []

    @property
    def name(self) -> str:
        """The name it was given."""
        return self._name

    @property
    def left(self) -> int:
        """Replies still in the queue; 0 for a function."""
        return len(self._queue or ())

    def complete(self, messages: Sequence[Message], sampling: Sampling) -> Completion:
        """Return the next reply. Raises ``ModelUnavailable`` when the queue is used up."""
        self.history.append(Request(tuple(messages), sampling))
        reply = self._answer(messages, sampling)
        return reply if isinstance(reply, Completion) else Completion(reply)

    def stream(self, messages: Sequence[Message], sampling: Sampling) -> Iterator[str]:
        """Yield the next reply word by word."""
        yield from pieces(self.complete(messages, sampling).text)

    def _next(self, messages: Sequence[Message], _: Sampling) -> Reply:
        if not self._queue:
            asked = messages[-1].text[:80] if messages else ""
            raise ModelUnavailable(
                f"The script has no reply left; request {len(self.history)} was {asked!r}.",
                "give Scripted one reply per call, or a function.",
            )
        reply = self._queue.popleft()
        if isinstance(reply, Exception):
            raise reply
        return reply
