"""Runs: one folder per run, made person by person, that can be stopped at any moment and gone on with.

    OUT/run.json               plan (what was asked of whom, and how), provenance (code, versions, hardware)
        journal/50-0.jsonl.gz  per person: what taking them in cost, then every case with its whole trace
        results.parquet        one row per case: ids and numbers only, may be published
        persons.parquet        one row per person: turns, bytes, seconds, model calls
        scores.json            figures with intervals

The journals are the truth, the rest is derived. A case is written once it is answered; a run that goes on asks what is
missing. A case that breaks is a row that failed. Where the model itself cannot be reached several times in a row the
run stops instead, and asks those cases again when it goes on.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from personavlm.assistant import Config
from personavlm.bench.axes import axes_of
from personavlm.bench.engines import Engine, spread
from personavlm.bench.provenance import Provenance, provenance
from personavlm.bench.scores import Scores, scores_of
from personavlm.bench.systems import Ask, System
from personavlm.bench.validation import Score, score_choice, validate
from personavlm.bench.values import Answered, Case, Person, Spend, spends
from personavlm.errors import BadInput, MissingPackage, ModelUnavailable, PersonaVLMError, StoreError
from personavlm.files import guarded, write_atomically
from personavlm.trace import Trace, canonical, digest, plain, revive

PATIENCE = 3
"""So many cases in a row whose model cannot be reached stop a run."""
STOPS = (ModelUnavailable, StoreError, MissingPackage)
"""What no other case would fare better with."""
Progress = Callable[[str, int, int], None]
"""Told what is under way, how much is done, and of how much."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is of: two runs of one plan with the same code give the same answers."""

    mode: str
    data: str
    """The data set with the digest of its file."""
    model: str
    config: Config
    """How questions are answered."""
    made: Config
    """How talks were lived through."""
    seed: int = 0

    def plain(self) -> dict[str, Any]:
        """Return it as it is written down."""
        return {
            "mode": self.mode,
            "data": self.data,
            "model": self.model,
            "config": axes_of(self.config),
            "made": axes_of(self.made),
            "seed": self.seed,
        }


@dataclass(frozen=True, slots=True)
class Prepared:
    """What it took to take one person in."""

    person: str
    setting: str
    turns: int
    bytes: int
    seconds: float
    """Of this run: short where the replay was there already."""
    spends: tuple[Spend, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a journal: what taking the person in cost, or how a case went."""

    prepared: Prepared | None = None
    answered: Answered | None = None


@dataclass(frozen=True, slots=True)
class Entry(Row):
    """A line with its trace; a case that failed has none."""

    trace: Trace | None = None


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
    engine: Engine = "processes",
    workers: int = 1,
    progress: Progress = lambda *_: None,
) -> list[Scores]:
    """Ask every case that was not asked yet, write the runs' folders, and return their figures for these persons.

    A person is asked by all systems before the next one, so that what is encoded for one serves the others.
    Raises ``BadInput`` for a folder that holds another run or a case that is scored wrongly, ``ModelUnavailable`` if
    a model cannot be reached, ``WorkerLost`` if a worker dies; run again, it goes on.
    """
    cases, made_with = [case for person in persons for case in person.cases], provenance()
    for one in runs:
        _claim(one.out, one.plan, made_with, validate(cases, one.score))
    longest_first = sorted(persons, key=_length, reverse=True) if workers > 1 else persons
    work = partial(ask_person, tuple(runs))
    for done, _ in enumerate(spread(work, longest_first, engine, workers), start=1):
        progress("persons", done, len(persons))
    return [finish(one.out, persons) for one in runs]


def _length(person: Person) -> int:
    """How long a person's talk is at most, as Persona-MME names them: "500/3"; 0 where it is not told."""
    size = person.id.partition("/")[0]
    return int(size) if size.isdigit() else 0


def _claim(out: Path, plan: Plan, made_with: Provenance, alike: Sequence[str]) -> None:
    """Write down what a folder is of, or make sure that it is the same as before."""
    path = out / "run.json"
    wanted = {"plan": plan.plain(), "provenance": plain(made_with), "told apart by letter only": list(alike)}
    if not path.is_file():
        write_atomically(path, json.dumps(wanted, indent=1).encode())
        return
    there = json.loads(path.read_bytes())
    changed = [key for key, value in wanted["plan"].items() if there["plan"].get(key) != value]
    if there["provenance"]["code"] != made_with.code:
        changed.append("code")
    if changed:
        raise BadInput(f"{out} holds a run with another {', '.join(changed)}.", "give another folder with --out.")


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


# ── journals ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Journal:
    """One person's lines: appended as they come, packed when the person is done. A line cut by a kill is dropped."""

    def __init__(self, out: Path, person: str) -> None:
        self.path = out / "journal" / f"{person.replace('/', '-')}.jsonl"
        self.whole = self.path.with_suffix(".jsonl.gz")

    def __enter__(self) -> Journal:
        with guarded(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a", encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, entry: Entry) -> None:
        """Append a line; it is with the system when this returns."""
        with guarded(self.path):
            self._file.write(canonical(entry) + "\n")
            self._file.flush()

    def read(self) -> Iterator[Entry]:
        """Yield the whole lines, oldest first."""
        yield from (revive(Entry, line) for line in self._lines())

    def rows(self) -> Iterator[Row]:
        """Yield the lines without their traces, which take longest to read."""
        yield from (revive(Row, line) for line in self._lines())

    def _lines(self) -> list[str]:
        """Return the whole lines; a cut one at the end is removed from the file."""
        if self.whole.is_file():
            with guarded(self.whole):
                text = gzip.decompress(self.whole.read_bytes())
        elif self.path.is_file():
            with guarded(self.path):
                text = self.path.read_bytes()
                if not text.endswith(b"\n"):
                    text = text[: text.rfind(b"\n") + 1]
                    self.path.write_bytes(text)
        else:
            return []
        return text.decode().split("\n")[:-1]

    def finish(self) -> None:
        """Pack the journal."""
        if self.path.is_file():
            with guarded(self.path):
                write_atomically(self.whole, gzip.compress(self.path.read_bytes(), mtime=0))
                self.path.unlink()


# ── all together ─────────────────────────────────────────────────────────────────────────────────────────────────


def finish(out: Path, persons: Sequence[Person]) -> Scores:
    """Write the results of a run from its journals, in the order of the persons' cases, and return the figures."""
    rows = [row for person in persons for row in Journal(out, person.id).rows()]
    place = {case.id: number for number, case in enumerate(c for person in persons for c in person.cases)}
    found = sorted((row.answered for row in rows if row.answered), key=lambda one: place[one.case])
    _write_tables(out, found, [row.prepared for row in rows if row.prepared])
    scores = scores_of(found)
    write_atomically(out / "scores.json", json.dumps(scores.plain(), indent=1).encode())
    return scores


def _write_tables(out: Path, found: Sequence[Answered], taken: Sequence[Prepared]) -> None:
    import polars as pl

    hidden = {"reply", "why"}
    rows = [{k: v for k, v in asdict(one).items() if k not in hidden} | _sums(one.spends) for one in found]
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(out / "results.parquet")
    last = {one.person: one for one in taken}
    people = [asdict(one) | _sums(one.spends) for one in last.values()]
    pl.DataFrame(people, infer_schema_length=None).write_parquet(out / "persons.parquet")


def _sums(spent: Sequence[Spend]) -> dict[str, float | int]:
    return {
        "calls": sum(one.calls for one in spent),
        "tokens_in": sum(one.tokens_in for one in spent),
        "tokens_out": sum(one.tokens_out for one in spent),
    }
