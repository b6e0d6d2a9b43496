"""Baselines that prompt harder instead of remembering.

    self-critic   the whole talk, a draft, a review of it by the same model, the reply that mends it: three calls
    few-shot      a choice between two replies, shown with one that the person made earlier instead of all of them

Source: the rows "Self-Critic" and "Few-Shot" of PersonaVLM, table 2; the prompts are ours. Few-Shot has no row where
cases tell of no earlier choice (P-SOUPS tells of four, Persona-MME of none: the paper has no figure there either).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from personavlm.asking import Asker
from personavlm.assistant import Kit
from personavlm.bench.context import FULL_TOKENS, with_whole_talk
from personavlm.bench.systems import Ready, answer_once, asked
from personavlm.bench.values import Case, Person
from personavlm.errors import BadInput
from personavlm.models import Message, Model
from personavlm.personality import NEUTRAL
from personavlm.prompts import fill
from personavlm.prompts.fitting import parse_fitting, render_fitting
from personavlm.prompts.respond import Context, parse_answer, render_answer
from personavlm.trace import Answer, Step, Trace, Turn

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
        yield with_whole_talk(person, self.kit, self.tokens, lambda seen, kit: reviewed(seen, self.model, kit))


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
    """The choice after ``shots`` of the person's earlier ones; the paper shows one."""

    model: Model
    kit: Kit
    shots: int = 1
    name: str = "few-shot"

    @contextmanager
    def prepare(self, person: Person, home: Path) -> Iterator[Ready]:  # noqa: ARG002  nothing is kept
        """Open for questions. Raises ``BadInput`` if a case tells of no earlier choice."""
        for case in person.cases:
            self._shortened(case)

        def ask(case: Case) -> Trace:
            return answer_once(Context(self._shortened(case), (), NEUTRAL, ()), (), self.model, self.kit)

        yield Ready(ask)

    def _shortened(self, case: Case) -> Turn:
        """The case with its first earlier choices alone."""
        found = parse_fitting(case.text)
        if found is None or not found.past:
            raise BadInput(f"{case.id} tells of no earlier choice.", "run few-shot on P-SOUPS.")
        return asked(case, render_fitting(found.person, found.past[: self.shots], found.message, found.replies))
