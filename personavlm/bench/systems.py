"""Systems: whoever answers a bench's cases, each a named value.

    modes.read_mode("personavlm", means)  ──prepare(person, home)──>  Ready  ──ask(case)──>  Trace

``prepare`` does what comes before the questions (living through the talk, indexing) and may be stopped and run again;
inside it the state is frozen: no case learns from another. Whoever looks nothing up still answers with a Trace.

To add one: a frozen dataclass with ``name`` and ``prepare`` in a file of its own, and its line in
``modes.read_mode``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from personavlm.asking import Asker
from personavlm.assistant import Assistant, Config, Kit
from personavlm.bench.replays import bytes_of, lived
from personavlm.bench.values import Case, Person, Spend, spends
from personavlm.inspection.profiles import Rule, profile_at, recomputed
from personavlm.models import Model
from personavlm.personality import NEUTRAL
from personavlm.prompts import Budget
from personavlm.prompts.choice import render_choice
from personavlm.prompts.respond import Context, parse_answer, render_answer
from personavlm.trace import Hit, HitType, Scores, Step, Trace, Turn
from personavlm.worlds.truth import Known, known, traits_at

WHOLE_LEDGER = Budget(memories=60_000)
"""Room for every fact of a life in the oracle's prompt (tokens)."""

Ask = Callable[[Case], Trace]
"""Put a case to a system. Raises ``ModelUnavailable`` if its model cannot be asked."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A system that knows a person and can be asked about them; what getting there took, however long ago it was."""

    ask: Ask
    turns: int = 0
    """Turns that were taken in."""
    spends: tuple[Spend, ...] = ()
    """Model calls of taking them in."""
    bytes: int = 0
    """Kept on disk about the person."""


class System(Protocol):
    """A row of the bench."""

    @property
    def name(self) -> str:
        """The mode's name: "none", "personavlm"."""
        ...

    def prepare(self, person: Person, home: Path) -> AbstractContextManager[Ready]:
        """Take a person's talk in and open them for questions; ``home`` keeps what may be used again by other runs.

        Raises ``BadInput`` if the person's data cannot be used, ``ModelUnavailable`` if the model cannot be asked.
        """
        ...


# ── with the assistant's memory ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Remembering:
    """PersonaVLM: the talk is lived through, then the assistant is asked, and nothing of that is stored."""

    model: Model
    kit: Kit
    config: Config
    """How questions are answered."""
    made: Config
    """How the talk is lived through, so that one replay can serve other ways of answering."""
    profile: Rule | None = None
    """By which rule the profile is made of the readings when a question is asked; None: as it was lived through."""
    name: str = "personavlm"

    @contextmanager
    def prepare(self, person: Person, home: Path) -> Iterator[Ready]:
        """Live through the talk, or find that ``home`` has done so, and open the assistant."""
        with lived(home, person, self.model, self.kit, self.made) as store:
            assistant = Assistant(store, self.model, self.config, self.kit)
            turns, _ = store.counts()
            path = recomputed(store.edits(), self.profile) if self.profile else ()

            def ask(case: Case) -> Trace:
                traits = dict(profile_at(path, case.at)) if self.profile else {}
                return assistant.ask(case.at, case.text, traits=traits)

            yield Ready(ask, turns, spends(store.calls()), bytes_of(store.folder))


# ── without it ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Nothing:
    """The bare question to a model that knows nothing of the person."""

    model: Model
    kit: Kit
    name: str = "none"

    @contextmanager
    def prepare(self, person: Person, home: Path) -> Iterator[Ready]:  # noqa: ARG002  nothing is taken in or kept
        """Open for questions."""
        yield Ready(lambda case: answer_once(Context(asked(case), (), NEUTRAL, ()), (), self.model, self.kit))


@dataclass(frozen=True, slots=True)
class Blind:
    """The options alone, without their question: what they give away by themselves."""

    model: Model
    kit: Kit
    name: str = "blind"

    @contextmanager
    def prepare(self, person: Person, home: Path) -> Iterator[Ready]:  # noqa: ARG002  nothing is taken in or kept
        """Open for questions."""

        def ask(case: Case) -> Trace:
            turn = asked(case, render_choice("", case.options))
            return answer_once(Context(turn, (), NEUTRAL, ()), (), self.model, self.kit)

        yield Ready(ask)


@dataclass(frozen=True, slots=True)
class Oracle:
    """The truth in memory's place: every fact told by the question's time with its standing, and the true traits."""

    model: Model
    kit: Kit
    name: str = "oracle"

    @contextmanager
    def prepare(self, person: Person, home: Path) -> Iterator[Ready]:  # noqa: ARG002  nothing is kept
        """Read the truth. Raises ``BadInput`` where nobody knows it."""
        world = person.source.world()
        kit = replace(self.kit, budget=WHOLE_LEDGER)

        def ask(case: Case) -> Trace:
            at = case.at.replace(tzinfo=world.person.start.tzinfo)
            hits = [_as_hit(number, one) for number, one in enumerate(known(world, at), start=1)]
            return answer_once(Context(asked(case), (), traits_at(world.person, at), ()), hits, self.model, kit)

        yield Ready(ask)


def asked(case: Case, text: str | None = None) -> Turn:
    """Return a case as a user's turn, in other words if ``text`` gives them."""
    return Turn("t1", case.at, case.text if text is None else text)


def answer_once(context: Context, hits: Sequence[Hit], model: Model, kit: Kit) -> Trace:
    """Return the trace of one answer from what is given, without look-ups.

    Output that is no reply stays in the trace as a Malformed step, and the reply is empty.
    """
    asker = Asker(model)
    messages = render_answer(kit.prompts, context, hits, kit.budget, lambda _: None)
    action, _ = asker.ask("answer", messages, parse_answer)
    return Trace(context.turn, (Step("", action, tuple(hits)),), calls=tuple(asker.calls))


def _as_hit(number: int, one: Known) -> Hit:
    fact = one.fact
    kind: HitType = "procedural" if fact.memory == "procedural" else "core" if fact.memory == "core" else "semantic"
    text = f"{fact.text}, because {fact.reason}" if fact.reason else fact.text
    status = "retired" if one.standing == "ended" else one.standing
    until = fact.until if one.standing != "current" else None
    return Hit(f"m{number}", kind, fact.since, text, Scores(1.0), "known", one.evidence, until=until, status=status)
