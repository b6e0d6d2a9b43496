"""Runs: systems are asked the cases of persons, person by person; a run can be stopped at any moment and gone on with.

    carry_out([Run(plan, out, replays, make)], persons)  ──>  OUT/ (see ``folders``)  ──>  Scores

The journals are the truth, the rest is derived. A case is written once it is answered; a run that goes on asks what is
missing. A case that breaks is a row that failed. Where the model itself cannot be reached several times in a row the
run stops instead, and asks those cases again when it goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import perf_counter

from personavlm.bench.engines import HERE, Engine, spread
from personavlm.bench.folders import Plan, claim, finish
from personavlm.bench.journals import Entry, Journal, Prepared
from personavlm.bench.provenance import provenance
from personavlm.bench.scores import Scores
from personavlm.bench.systems import Ask, System
from personavlm.bench.validation import Score, score_choice, validate
from personavlm.bench.values import Answered, Case, Person, spends
from personavlm.errors import MissingPackage, ModelUnavailable, PersonaVLMError, StoreError
from personavlm.trace import Trace, digest

PATIENCE = 3
"""So many cases in a row whose model cannot be reached stop a run."""
STOPS = (ModelUnavailable, StoreError, MissingPackage)
"""What no other case would fare better with."""
Progress = Callable[[str, int, int], None]
"""Told what is under way, how much is done, and of how much."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run to be made. It travels to other processes, so ``make`` is a function of a module, or partial."""

    plan: Plan
    out: Path
    replays: Path
    make: Callable[[], System]
    score: Score = score_choice


def carry_out(
    runs: Sequence[Run],
    persons: Sequence[Person],
    engine: Engine = HERE,
    workers: int = 1,
    progress: Progress = lambda *_: None,
) -> list[Scores]:
    """Ask every case that was not asked yet, write the runs' folders, and return their figures for these persons.

    A person is asked by all systems before the next one, so that what is encoded for one serves the others.
    Raises ``BadInput`` for a folder that holds another run or a case that is scored wrongly, ``ModelUnavailable`` if
    a model cannot be reached, ``WorkerLost`` if a worker dies; run again, it goes on.
    """
    cases, made_with = [case for person in persons for case in person.cases], provenance()
    alike = {score: validate(cases, score) for score in {one.score for one in runs}}
    for one in runs:
        claim(one.out, one.plan, made_with, alike[one.score])
    longest_first = sorted(persons, key=_length, reverse=True) if workers > 1 else persons
    work = partial(ask_person, tuple(runs))
    for done, _ in enumerate(spread(work, longest_first, engine, workers), start=1):
        progress("persons", done, len(persons))
    return [finish(one.out, persons) for one in runs]


def _length(person: Person) -> int:
    """How long a person's talk is at most, as Persona-MME names them: "500/3"; 0 where it is not told."""
    size = person.id.partition("/")[0]
    return int(size) if size.isdigit() else 0


# ── one person ───────────────────────────────────────────────────────────────────────────────────────────────────


def ask_person(runs: Sequence[Run], person: Person) -> str:
    """Ask a person's cases in every run, those in the journals left out, and return the person's id."""
    for one in runs:
        journal = Journal(one.out, person.id)
        if journal.whole.is_file():
            continue
        done = {row.answered.case for row in journal.rows() if row.answered}
        if left := [case for case in person.cases if case.id not in done]:
            with journal:
                for entry in entries(one.make(), person, left, one.replays, one.score):
                    journal.write(entry)
        journal.finish()
    return person.id


def entries(
    system: System, person: Person, cases: Sequence[Case], home: Path, score: Score = score_choice
) -> Iterator[Entry]:
    """Yield what it took to take a person in, then how each case went; failed cases alone if the person is unusable.

    Raises ``ModelUnavailable`` and ``StoreError``.
    """
    began = perf_counter()
    with ExitStack() as stack:
        try:
            ready = stack.enter_context(system.prepare(person, home))
        except STOPS:
            raise
        except Exception as error:  # whatever broke on this person, the others are still asked
            yield from (Entry(answered=_failed(case, error, 0.0)) for case in cases)
            return
        seconds = round(perf_counter() - began, 3)
        yield Entry(Prepared(person.id, person.setting, ready.turns, ready.bytes, seconds, ready.spends))
        yield from _asked(cases, ready.ask, score)


def _asked(cases: Sequence[Case], ask: Ask, score: Score) -> Iterator[Entry]:
    """Yield how each case went. Failures to reach the model are held back until something shows they were passing."""
    held: list[Entry] = []
    for case in cases:
        began = perf_counter()
        try:
            trace = ask(case)
        except ModelUnavailable as error:
            held.append(Entry(answered=_failed(case, error, perf_counter() - began)))
            if len(held) == PATIENCE:
                raise
            continue
        except STOPS:
            raise
        except Exception as error:  # a defect that one case brings to light is a row, and the rest is still asked
            yield Entry(answered=_failed(case, error, perf_counter() - began))
            continue
        seconds = perf_counter() - began
        yield from held
        held = []
        yield Entry(answered=answered(case, trace, score, seconds), trace=trace)
    yield from held


def answered(case: Case, trace: Trace, score: Score = score_choice, seconds: float = 0.0) -> Answered:
    """Return how a case went from the trace of its reply."""
    said, points = score(case, trace.reply)
    if not case.options:
        said = "text" if said else ""  # words stay in the journal: tables hold ids and numbers only
    blank = _blank(case)
    timeless = digest(replace(trace, calls=()))
    return replace(
        blank,
        said=said,
        score=points,
        reply=trace.reply,
        seconds=round(seconds, 4),
        spends=spends(trace.calls),
        trace=timeless,
    )


def _failed(case: Case, error: Exception, seconds: float) -> Answered:
    why = str(error) if isinstance(error, PersonaVLMError) else f"{type(error).__name__}: {error}"
    return replace(_blank(case), failed=True, why=why, seconds=round(seconds, 4))


def _blank(case: Case) -> Answered:
    gold = case.gold if case.options else ""
    return Answered(case.id, case.person, case.setting, case.aspect, case.task, gold, "", 0.0, "", twin=case.twin)
