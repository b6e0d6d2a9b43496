"""A run's folder: what it is of, written before anything is asked, and its results, derived from the journals.

OUT/run.json               plan (what was asked of whom, and how), provenance (code, versions, hardware)
journal/50-0.jsonl.gz  per person: what taking them in cost, then every case with its whole trace
results.parquet        one row per case: ids and numbers only, may be published
persons.parquet        one row per person: turns, bytes, seconds, model calls
scores.json            figures with intervals
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from personavlm.assistant import Config
from personavlm.bench.axes import axes_of, config_of
from personavlm.bench.journals import Entry, Journal, Prepared
from personavlm.bench.provenance import Provenance
from personavlm.bench.scores import Scores, scores_of
from personavlm.bench.values import Answered, Person, Spend
from personavlm.errors import BadInput
from personavlm.files import write_atomically
from personavlm.inspection.profiles import Rule
from personavlm.trace import plain, revive

HIDDEN = frozenset({"reply", "why"})
"""What of an answer stays in the journal: the rest are ids and numbers."""
SUMS = frozenset({"calls", "tokens_in", "tokens_out"})
"""Columns of the tables that add up what the stages spent."""


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
    profile: Rule | None = None
    """By which rule the profile was made of the readings, if not as it was lived through."""
    seed: int = 0

    def plain(self) -> dict[str, Any]:
        """Return it as it is written down."""
        return {
            "mode": self.mode,
            "data": self.data,
            "model": self.model,
            "config": axes_of(self.config),
            "made": axes_of(self.made),
            "profile": self.profile,
            "seed": self.seed,
        }


def claim(out: Path, plan: Plan, made_with: Provenance, alike: Sequence[str]) -> None:
    """Write down what a folder is of, or make sure that it is the same as before. Raises ``BadInput`` if it is not.

    ``alike`` are cases whose options can be told apart by letter only.
    """
    path = out / "run.json"
    wanted = {"plan": plan.plain(), "provenance": plain(made_with), "told apart by letter only": list(alike)}
    if not path.is_file():
        write_atomically(path, json.dumps(wanted, indent=1).encode())
        return
    there = _told(path)
    changed = [key for key, value in wanted["plan"].items() if there["plan"].get(key) != value]
    if there["provenance"]["code"] != made_with.code:
        changed.append("code")
    if changed:
        raise BadInput(f"{out} holds a run with another {', '.join(changed)}.", "give another folder with --out.")


def _told(path: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(path.read_bytes())
    except ValueError as error:
        raise BadInput(f"{path} is damaged: {error}.", "run it again in another folder.") from error
    return told


def finish(out: Path, persons: Sequence[Person]) -> Scores:
    """Write the results of a run from its journals, in the order of the persons' cases, and return the figures."""
    rows = [row for person in persons for row in Journal(out, person.id).rows()]
    place = {case.id: number for number, case in enumerate(c for person in persons for c in person.cases)}
    found = sorted((row.answered for row in rows if row.answered), key=lambda one: place[one.case])
    _write(out / "results.parquet", found)
    _write(out / "persons.parquet", list({row.prepared.person: row.prepared for row in rows if row.prepared}.values()))
    scores = scores_of(found)
    write_atomically(out / "scores.json", json.dumps(scores.plain(), indent=1).encode())
    return scores


def _write(path: Path, values: Sequence[Answered] | Sequence[Prepared]) -> None:
    import polars as pl

    rows = [{k: v for k, v in asdict(one).items() if k not in HIDDEN} | _sums(one.spends) for one in values]
    table = BytesIO()
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(table)
    write_atomically(path, table.getvalue())


def _sums(spent: Sequence[Spend]) -> dict[str, float | int]:
    return {
        "calls": sum(one.calls for one in spent),
        "tokens_in": sum(one.tokens_in for one in spent),
        "tokens_out": sum(one.tokens_out for one in spent),
    }


@dataclass(frozen=True, slots=True)
class Finished:
    """A run as its folder holds it."""

    folder: Path
    plan: Plan
    made_with: Provenance
    answered: tuple[Answered, ...]
    """In the order of the data set; without replies, which the journals hold."""
    prepared: tuple[Prepared, ...]

    @property
    def name(self) -> str:
        """What it is called in tables: its folder's name."""
        return self.folder.name

    def entry(self, person: str, case: str) -> Entry:
        """Return a case with its reply and trace. Raises ``BadInput`` if the run does not hold it."""
        for entry in Journal(self.folder, person).read():
            if entry.answered and entry.answered.case == case:
                return entry
        raise BadInput(f"{self.folder} holds no case {case}.", "compare runs of the same data set.")


def read_run(folder: Path) -> Finished:
    """Return a finished run. Raises ``BadInput`` for a folder that holds none."""
    import polars as pl

    try:
        told = _told(folder / "run.json")
        answered, prepared = (pl.read_parquet(folder / f"{name}.parquet") for name in ("results", "persons"))
    except FileNotFoundError as error:
        remedy = "give the folder of a run; one that was stopped is finished by running it again."
        missing = Path(error.filename or "run.json").name
        raise BadInput(f"{folder} holds no finished run: {missing} is missing.", remedy) from None
    plan = told["plan"] | {name: config_of(told["plan"][name]) for name in ("config", "made")}
    return Finished(
        folder,
        Plan(**plan),
        revive(Provenance, json.dumps(told["provenance"])),
        tuple(Answered(**_read(row), reply="") for row in answered.iter_rows(named=True)),
        tuple(Prepared(**_read(row)) for row in prepared.iter_rows(named=True)),
    )


def _read(row: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if name not in SUMS}
    return kept | {"spends": tuple(Spend(**one) for one in row["spends"] or ())}
