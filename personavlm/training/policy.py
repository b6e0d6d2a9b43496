"""Policy: the model in training as the response stage asks it, every token it reads and writes kept.

    respond ──messages──> Policy ──ids so far──> sample ──new ids──> text for ``parse_step``; ids and mask for the loss

The ids of a rollout are those of inference: the first prompt as it is rendered there, then what the policy wrote, to
the token, then the rendered result of its look-up, and so on. The policy's own tokens are trained, the rest is masked.
Inference reads an earlier output back from its text; where a policy spells words in other tokens than its tokenizer
would, the tokens it wrote stand here, because those are what was sampled.
The bare reply that ``respond`` falls back on belongs to another conversation: where it is asked for, the rollout ends
without an answer. Several rollouts wait for each other (``Table``), so that the model writes for all of them at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from personavlm.errors import BadInput
from personavlm.models import Completion, ImagePart, Message, Sampling
from personavlm.models.chat import chat_text
from personavlm.training.rendering import picture_tokens, with_room

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """What the model reads before it writes next."""

    ids: tuple[int, ...]
    pictures: tuple[ImagePart, ...]
    """In the order of their places among the ids."""


Sample = Callable[[Request], Sequence[int]]
"""From a request to the new token ids, the one that ends them included if it was written."""


@dataclass(slots=True)
class Policy:
    """A model in one rollout."""

    processor: Any
    sample: Sample
    longest: int
    """Tokens of a whole rollout; it ends where the next output might not fit."""
    room: int
    """Most tokens of one output."""
    name: str = "policy"
    ids: list[int] = field(default_factory=list)
    own: list[bool] = field(default_factory=list)
    """Which of ``ids`` the policy wrote."""
    pictures: list[ImagePart] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    opening: tuple[Message, ...] = ()
    """The first prompt."""
    _opened: str = ""
    """The rendered text up to where the policy wrote last."""
    _ended: bool = False

    def complete(self, messages: Sequence[Message], sampling: Sampling) -> Completion:  # noqa: ARG002
        """Return what the policy writes next, sampled as the trainer says; nothing once the rollout has ended."""
        if not self._ended and messages[-1].contract != "answer":
            self._read(messages)
            self._ended = len(self.ids) + self.room > self.longest
        else:
            self._ended = True
        if self._ended:
            return Completion("", finished=False)
        new = list(self.sample(Request(tuple(self.ids), tuple(self.pictures))))
        self._extend(new, own=True)
        finished = bool(new) and new[-1] == self._tokenizer.eos_token_id
        self.outputs.append(str(self._tokenizer.decode(new, skip_special_tokens=True)))
        return Completion(self.outputs[-1], len(self.ids) - len(new), len(new), finished)

    @property
    def prompt(self) -> int:
        """Tokens of the first prompt."""
        return self.own.index(True) if True in self.own else len(self.own)

    @property
    def _tokenizer(self) -> Any:
        return getattr(self.processor, "tokenizer", self.processor)

    def _read(self, messages: Sequence[Message]) -> None:
        """Take in what was added to the conversation since the policy wrote last."""
        whole = chat_text(self.processor, messages, answering=True)
        fresh = self._since(messages, whole) if self.ids else whole
        shown = [part for message in messages for part in message.images][len(self.pictures) :]
        room = iter([picture_tokens(self.processor, part) for part in shown])
        text = with_room(fresh, room, self.processor)
        self._extend(self._tokenizer(text, add_special_tokens=False)["input_ids"], own=False)
        self.pictures += shown
        self.opening = self.opening or tuple(messages)
        self._opened = whole

    def _since(self, messages: Sequence[Message], whole: str) -> str:
        """The text behind what the policy wrote last: the end of its message if it wrote none, and the next."""
        before = chat_text(self.processor, messages[:-1], answering=False)
        if not (whole.startswith(before) and before.startswith(self._opened)):
            raise BadInput(
                "This chat template renders a finished conversation differently from an open one.",
                "use a template whose text of a chat's start is the start of its text.",
            )
        end = str(self._tokenizer.eos_token)
        closing = before[before.rindex(end) :]
        if self.ids[-1] == self._tokenizer.eos_token_id:
            closing = closing.removeprefix(end)
        return closing + whole[len(before) :]

    def _extend(self, ids: Sequence[int], own: bool) -> None:
        self.ids += ids
        self.own += [own] * len(ids)


# ── several at once ──────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Table:
    """Where rollouts meet: each waits with its request until all that go on have one, then one batch answers all."""

    players: int
    _asked: dict[int, Request] = field(default_factory=dict)
    _answers: dict[int, Sequence[int]] = field(default_factory=dict)
    _error: BaseException | None = None
    _turn: threading.Condition = field(default_factory=threading.Condition)

    def ask(self, player: int, request: Request) -> Sequence[int]:
        """Wait for the answer to a request. Raises what generating raised."""
        with self._turn:
            self._asked[player] = request
            self._turn.notify_all()
            self._turn.wait_for(lambda: player in self._answers or self._error is not None)
            if self._error is not None:
                raise self._error
            return self._answers.pop(player)

    def leave(self) -> None:
        """Say that a player asks no more."""
        with self._turn:
            self.players -= 1
            self._turn.notify_all()

    def requests(self) -> Mapping[int, Request]:
        """Wait until every player that goes on has asked, and return what they asked; nothing when all have left."""
        with self._turn:
            self._turn.wait_for(lambda: len(self._asked) == self.players)
            asked, self._asked = self._asked, {}
            return dict(sorted(asked.items()))

    def answer(self, answers: Mapping[int, Sequence[int]]) -> None:
        """Hand out answers."""
        with self._turn:
            self._answers |= answers
            self._turn.notify_all()

    def fail(self, error: BaseException) -> None:
        """End everybody's waiting with an error."""
        with self._turn:
            self._error = error
            self._turn.notify_all()


def together(
    players: Sequence[Callable[[Sample], T]], generate: Callable[[Sequence[Request]], Sequence[Sequence[int]]]
) -> list[T]:
    """Play several rollouts side by side and return what they return, in order; ``generate`` runs in this thread."""
    table = Table(len(players))

    def play(number: int) -> T:
        try:
            return players[number](lambda request: table.ask(number, request))
        finally:
            table.leave()

    with ThreadPoolExecutor(max(len(players), 1), thread_name_prefix="rollout") as pool:
        futures = [pool.submit(play, number) for number in range(len(players))]
        try:
            while asked := table.requests():
                table.answer(dict(zip(asked, generate(list(asked.values())), strict=True)))
        except BaseException as error:
            table.fail(error)
            raise
    return [future.result() for future in futures]
