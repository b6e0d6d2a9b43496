"""Baselines that prompt harder instead of remembering: they need a language model, and have no row without one.

    self-critic   the whole talk, a draft, a review of it by the same model, the reply that mends it: three calls
    few-shot      one pair of replies that the person compared earlier, shown before the question

Source: the rows "Self-Critic" and "Few-Shot" of PersonaVLM, table 2; the prompts are ours. Few-Shot needs a data set
that knows earlier comparisons (P-SOUPS does, Persona-MME does not: the paper has no figure there either).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from personavlm.asking import Asker
from personavlm.assistant import Kit
from personavlm.bench.context import FULL_TOKENS, core_of, exchanges, talk_of
from personavlm.bench.systems import Ready, asked
from personavlm.bench.values import Case, Person
from personavlm.errors import BadInput
from personavlm.models import Message, Model
from personavlm.personality import NEUTRAL
from personavlm.prompts import fill, system_message
from personavlm.prompts.respond import Context, context_slots, parse_answer, render_answer
from personavlm.prompts.text import clean, indent
from personavlm.trace import Answer, Step, Trace

LONGEST = 4_000
"""Most characters shown of a compared reply."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Two replies to one message, and which of them the person preferred."""

    message: str
    chosen: str
    rejected: str


@runtime_checkable
class Comparing(Protocol):
    """A person's source that knows what they compared earlier."""

    def compared(self) -> Sequence[Compared]:
        """Return earlier comparisons by this person, none of them among the cases."""
        ...


# ── Self-Critic ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class SelfCritic:
    """Full context, and the model reviews its own draft before it answers."""

    model: Model
    kit: Kit
    tokens: int = FULL_TOKENS
    name: str = "self-critic"

    @contextmanager
    def prepare(self, person: Person, home: Path) -> Iterator[Ready]:  # noqa: ARG002  nothing is kept
        """Read the talk. Raises ``BadInput`` if it is damaged or empty."""
        talk = talk_of(person)
        core, said = core_of(talk), exchanges(talk.dialogue)
        kit = replace(self.kit, budget=replace(self.kit.budget, history=self.tokens))

        def ask(case: Case) -> Trace:
            known = tuple(one for one in said if one.turn.time <= case.at)
            return reviewed(Context(asked(case), core, NEUTRAL, known), self.model, kit)

        yield Ready(ask, len(said))


def reviewed(context: Context, model: Model, kit: Kit) -> Trace:
    """Return the trace of a draft and of the reply after its review; a Malformed draft is not reviewed.

    The draft is a step, and the review is the thought of the next one; the reply is the last answer.
    """
    asker = Asker(model)
    messages = [*render_answer(kit.prompts, context, (), kit.budget, lambda _: None)]
    draft, said = asker.ask("answer", messages, parse_answer)
    steps = [Step("", draft)]
    if isinstance(draft, Answer):
        messages += [_assistant(said), fill(kit.prompts, "critique", {}, lambda _: None)]
        _, review = asker.ask("critique", messages, parse_answer)
        messages += [_assistant(review), fill(kit.prompts, "revise", {}, lambda _: None)]
        revised, _ = asker.ask("revise", messages, parse_answer)
        steps.append(Step(review, revised))
    return Trace(context.turn, tuple(steps), calls=tuple(asker.calls))


def _assistant(text: str) -> Message:
    return Message("assistant", (text,))


# ── Few-Shot ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class FewShot:
    """The question after ``shots`` earlier comparisons by the same person; the paper shows one."""

    model: Model
    kit: Kit
    shots: int = 1
    name: str = "few-shot"

    @contextmanager
    def prepare(self, person: Person, home: Path) -> Iterator[Ready]:  # noqa: ARG002  nothing is kept
        """Read the comparisons. Raises ``BadInput`` where the data set knows none."""
        pairs = tuple(person.source.compared()) if isinstance(person.source, Comparing) else ()
        if not pairs:
            raise BadInput(
                f"Nothing is known that {person.id} compared earlier.", "run few-shot on a data set with past pairs."
            )
        examples = format_compared(pairs[: self.shots])

        def ask(case: Case) -> Trace:
            context = Context(asked(case), (), NEUTRAL, ())
            slots = context_slots(context, self.kit.budget) | {"Examples": examples}
            prompt = fill(self.kit.prompts, "few_shot", slots, lambda _: None)
            asker = Asker(self.model)
            action, _ = asker.ask("few_shot", (system_message(self.kit.prompts), prompt), parse_answer)
            return Trace(context.turn, (Step("", action),), calls=tuple(asker.calls))

        yield Ready(ask)


def format_compared(pairs: Sequence[Compared]) -> str:
    """Return comparisons as a slot: the message, then the reply that was preferred and the other one."""
    return "\n\n".join(
        f"message: {_block(p.message)}\npreferred: {_block(p.chosen)}\nnot preferred: {_block(p.rejected)}"
        for p in pairs
    )


def _block(text: str) -> str:
    return indent(clean(text, LONGEST))
