"""Judging by a model: which of two systems' open-ended replies is better, and whether answers in free text are right.

    run A, run B ──same questions──> Contest(message, reference, traits, two replies)
        └─ three prompts, lenient to strict × both orders ──> judge ──> win | tie | loss for A, or a failure
    one run      ──> question, reference, answer in free text ──> judge ──> right | wrong, or a failure

The judge is any model of ``load_model``, usually a server; ``cached`` keeps its calls in a recording, so that a judging
that was stopped goes on and is never paid twice. Whatever it says that is no verdict, and every call that fails, counts
as a failure and decides nothing. A judge that cannot be reached several times in a row stops the judging.

Source: win, tie and loss against a reference are PersonaVLM's (section 5.3, figure 5); both orders, three prompts and
the agreement between them are ours, because a single prompt's figures cannot be told from its leniency.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from personavlm.asking import Asker
from personavlm.bench.columns import score_free
from personavlm.bench.engines import read_engine, spread
from personavlm.bench.folders import Finished
from personavlm.bench.journals import Journal
from personavlm.bench.scores import Figure, share
from personavlm.bench.values import Case, Person
from personavlm.errors import BadInput, ModelUnavailable
from personavlm.models import Message, Model
from personavlm.models.recorded import Recorded
from personavlm.personality import describe
from personavlm.prompts.judge import STRICTNESSES, Strictness, render_comparison, render_marking
from personavlm.scoring.judge import (
    RESULTS,
    Agreement,
    Result,
    Said,
    Settled,
    agreement,
    parse_comparison,
    parse_marking,
    settle,
)
from personavlm.trace import Malformed
from personavlm.worlds.truth import traits_at

THREADS = read_engine("threads")
PATIENCE = 3
"""So many cases in a row for which the judge cannot be reached stop a judging."""
Progress = Callable[[str, int, int], None]
"""Told what is under way, how much is done, and of how much."""
T = TypeVar("T")


def cached(judge: Model, path: Path | None) -> Model:
    """Return a judge that answers from the recording what it was asked before, and adds the rest to it."""
    return Recorded(path, judge) if path else judge


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no verdict."""

    why: str
    unreachable: bool = False


def ask(judge: Model, messages: Sequence[Message], parse: Callable[[str], T | Malformed]) -> T | Failure:
    """Return a judge's verdict, or why there is none."""
    try:
        verdict, _ = Asker(judge).ask(messages[-1].contract, messages, parse)
    except (ModelUnavailable, BadInput) as error:
        return Failure(str(error), unreachable=isinstance(error, ModelUnavailable))
    return Failure(verdict.reason) if isinstance(verdict, Malformed) else verdict


# ── which of two replies ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Contest:
    """One question with two systems' replies."""

    case: str
    person: str
    message: str
    reference: str
    traits: str
    """The user's traits in words; empty if nobody knows them."""
    a: str
    b: str


@dataclass(frozen=True, slots=True)
class Compared:
    """How one contest went by each prompt, in the order of ``STRICTNESSES``."""

    case: str
    person: str
    verdicts: tuple[Settled | Failure, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """What one prompt says of all contests; shares are of those with a verdict, with intervals over persons."""

    shares: Mapping[Result, Figure]
    steady: Figure
    """Contests with the same verdict in both orders: the rest are ties by position."""
    failed: int

    def plain(self) -> dict[str, object]:
        """Return the figures, percents from 0 to 100."""
        shares = {str(name): figure.plain() for name, figure in self.shares.items()}
        return {**shares, "steady": self.steady.plain(), "failed": self.failed}


@dataclass(frozen=True, slots=True)
class ComparisonResult:
    """What ``eval compare`` prints: wins are A's."""

    judge: str
    contests: int
    tallies: Mapping[Strictness, Tally]
    agreement: Agreement

    def plain(self) -> dict[str, object]:
        """Return the figures under their names."""
        tallies = {str(name): tally.plain() for name, tally in self.tallies.items()}
        return {"judge": self.judge, "n": self.contests, **tallies, "agreement": asdict(self.agreement)}


def contests(persons: Iterable[Person], a: Finished, b: Finished) -> tuple[Contest, ...]:
    """Return the open-ended questions that both runs answered. Raises ``BadInput`` if there is none."""
    found = []
    for person in persons:
        ours, theirs = (_replies(run, person) for run in (a, b))
        open_cases = [case for case in person.cases if not case.options and case.id in ours and case.id in theirs]
        for case in open_cases:
            traits = _traits(person, case)
            found.append(Contest(case.id, case.person, case.text, case.gold, traits, ours[case.id], theirs[case.id]))
    if not found:
        raise BadInput("The two runs share no open-ended question.", "run both with --data open DIR, same seed.")
    return tuple(found)


def _replies(run: Finished, person: Person) -> dict[str, str]:
    """A run's replies by case; where it failed to reply, its reply is empty."""
    rows = (row.answered for row in Journal(run.folder, person.id).rows())
    return {one.case: one.reply for one in rows if one}


def _traits(person: Person, case: Case) -> str:
    """The true traits when the question is asked, where the world is known."""
    try:
        world = person.source.world()
    except BadInput:
        return ""
    return describe(traits_at(world.person, case.at.replace(tzinfo=world.person.start.tzinfo)))


def compare(
    asked: Sequence[Contest],
    judge: Model,
    strictnesses: Sequence[Strictness] = STRICTNESSES,
    workers: int = 1,
    seed: int = 0,
    progress: Progress = lambda _what, _done, _all: None,
) -> ComparisonResult:
    """Return what a judge makes of contests, each asked twice per prompt, the replies swapped the second time.

    ``workers`` requests are kept in flight. Raises ``ModelUnavailable`` if the judge cannot be reached.
    """
    work = partial(judged, judge, tuple(strictnesses))
    found = _patiently(spread(work, asked, THREADS, workers), lambda one: one.verdicts, len(asked), progress)
    tallies = {
        name: _tally([(one.person, one.verdicts[at]) for one in found], seed) for at, name in enumerate(strictnesses)
    }
    rows = [[one.result if isinstance(one, Settled) else None for one in each.verdicts] for each in found]
    return ComparisonResult(judge.name, len(found), tallies, agreement(rows))


def judged(judge: Model, strictnesses: Sequence[Strictness], contest: Contest) -> Compared:
    """Return the verdicts on one contest."""
    return Compared(contest.case, contest.person, tuple(_settled(judge, name, contest) for name in strictnesses))


def _settled(judge: Model, strictness: Strictness, contest: Contest) -> Settled | Failure:
    said: list[Said] = []
    for replies in ((contest.a, contest.b), (contest.b, contest.a)):
        messages = render_comparison(strictness, contest.message, contest.reference, contest.traits, replies)
        verdict: Said | Failure = ask(judge, messages, parse_comparison)
        if isinstance(verdict, Failure):
            return verdict
        said.append(verdict)
    return settle(said[0], said[1])


def _tally(verdicts: Sequence[tuple[str, Settled | Failure]], seed: int) -> Tally:
    settled = [(person, one) for person, one in verdicts if isinstance(one, Settled)]
    shares = {name: share([(p, float(one.result == name)) for p, one in settled], seed) for name in RESULTS}
    steady = share([(person, float(one.steady)) for person, one in settled], seed)
    return Tally(shares, steady, len(verdicts) - len(settled))


# ── is an answer right ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Marked:
    """How one answer in free text was marked."""

    case: Case
    reply: str
    verdict: bool | Failure

    @property
    def score(self) -> float:
        """1.0 if it was found right; no verdict is no point."""
        return float(self.verdict is True)


@dataclass(frozen=True, slots=True)
class MarkingResult:
    """What ``eval marks`` prints: all answers count, those without a verdict as wrong."""

    judge: str
    overall: Figure
    by_task: Mapping[str, Figure]
    f1: Figure
    """Token F1 of the same answers' headlines, without a judge."""
    failed: int

    def plain(self) -> dict[str, object]:
        """Return the figures under their names, percents from 0 to 100."""
        return {
            "judge": self.judge,
            "overall": self.overall.plain(),
            "by_task": {name: figure.plain() for name, figure in self.by_task.items()},
            "f1": self.f1.plain(),
            "failed": self.failed,
        }


Replied = tuple[Case, str]
"""A case in free text with the reply to it."""


def replied(persons: Iterable[Person], run: Finished) -> tuple[Replied, ...]:
    """Return a run's answers in free text. Raises ``BadInput`` if there is none."""
    found: list[Replied] = []
    for person in persons:
        replies = _replies(run, person)
        found += [(case, replies[case.id]) for case in person.cases if not case.options and case.id in replies]
    if not found:
        raise BadInput("The run holds no answer in free text.", "run it with --data locomo FILE or --data open DIR.")
    return tuple(found)


def marks(
    given: Sequence[Replied],
    judge: Model,
    workers: int = 1,
    seed: int = 0,
    progress: Progress = lambda _what, _done, _all: None,
) -> MarkingResult:
    """Return how a judge marks answers. Raises ``ModelUnavailable`` if the judge cannot be reached."""
    work = partial(mark, judge)
    found = _patiently(spread(work, given, THREADS, workers), lambda one: (one.verdict,), len(given), progress)
    tasks = dict.fromkeys(one.case.task for one in found)
    scored = {task: [(one.case.person, one.score) for one in found if one.case.task == task] for task in tasks}
    return MarkingResult(
        judge.name,
        share([row for rows in scored.values() for row in rows], seed),
        {task: share(rows, seed) for task, rows in scored.items()},
        share([(one.case.person, score_free(one.case, one.reply)[1]) for one in found], seed),
        sum(isinstance(one.verdict, Failure) for one in found),
    )


def mark(judge: Model, given: Replied) -> Marked:
    """Return whether one answer is right."""
    case, reply = given
    return Marked(case, reply, ask(judge, render_marking(case.text, case.gold, reply), parse_marking))


def _patiently(
    found: Iterable[T], verdicts: Callable[[T], Sequence[object]], everything: int, progress: Progress
) -> list[T]:
    """Return all results; raise ``ModelUnavailable`` once the judge was out of reach for several in a row."""
    kept: list[T] = []
    missed = 0
    for one in found:
        kept.append(one)
        failures = [v for v in verdicts(one) if isinstance(v, Failure) and v.unreachable]
        missed = missed + 1 if failures else 0
        if missed == PATIENCE:
            said = f"The judge was out of reach {PATIENCE} times in a row: {failures[0].why}"
            raise ModelUnavailable(said, "start its server; with --cache, what was judged is kept.")
        progress("judged", len(kept), everything)
    return kept
