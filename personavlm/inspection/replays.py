"""Replies told once more: with another look-up, another model, or without one of the memories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from personavlm.assistant import Assistant
from personavlm.memory import bare
from personavlm.models import Completion, Message, Model, Sampling
from personavlm.prompts.respond import step_text
from personavlm.trace import Hit, Retrieve, Trace, Turn


@dataclass(slots=True)
class Led:
    """A model whose first step is given: it looks up what it is told to, then goes on by itself."""

    model: Model
    first: Retrieve
    begun: bool = False

    @property
    def name(self) -> str:
        """The name of the model behind it."""
        return f"{self.model.name}, first look-up given"

    def complete(self, messages: Sequence[Message], sampling: Sampling) -> Completion:
        """Return the given look-up at first, then what the model says."""
        if self.begun:
            return self.model.complete(messages, sampling)
        self.begun = True
        return Completion(step_text("The look-up was given by hand.", self.first))


def replayed(assistant: Assistant, turn: Turn, first: Retrieve | None = None, model: Model | None = None) -> Trace:
    """Reply to a stored turn again as of the moment before it, storing nothing.

    ``first`` is looked up in place of what the model would; ``model`` replies in place of the assistant's.
    """
    speaking = model or assistant.model
    led = Led(speaking, first) if first else speaking
    return Assistant(assistant.store, led, assistant.config, assistant.kit).again(turn)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One hit, and the reply without it."""

    hit: Hit
    trace: Trace
    changed: bool
    """Whether the reply says something else than with it."""
    instead: tuple[Hit, ...]
    """Hits that came back in its place."""


def leaving_out(assistant: Assistant, turn: Turn, first: Trace | None = None) -> Iterator[LeftOut]:
    """Yield a turn's reply without each of its hits in turn: which of them the reply rests on.

    ``first`` is the reply with all of them, told again here if it is not given.
    """
    whole = first or assistant.again(turn)
    with_all = {hit.id for hit in whole.hits}
    for hit in {hit.id: hit for hit in whole.hits}.values():
        told = assistant.again(turn, frozenset({hit.id, *(quote.turn for quote in hit.quotes)}))
        instead = tuple(one for one in told.hits if one.id not in with_all)
        yield LeftOut(hit, told, bare(told.reply) != bare(whole.reply), instead)
