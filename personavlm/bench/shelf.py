"""Shelves: systems that were asked the same questions, side by side, from run folders or from the answers kept of them.

    OUT/full-system/run.json, results.parquet, journal   what ``bench run`` and ``lab.ablate`` leave, traces and all
    NAME.parquet, NAME.json                              ids and numbers of such runs, small enough to publish

    >>> shelf = read_shelf(places(Path("lab/results"))[0])
    >>> [row.name for row in shelf.rows], shelf.scores("full system", "32k").overall_mcq

What is shown of a shelf is reckoned from its answers alone, so both kinds look the same; only runs have traces to open.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from personavlm.bench.blind import BASELINES, read_baselines
from personavlm.bench.compare import Comparison, compare
from personavlm.bench.folders import Finished, read_run
from personavlm.bench.report import ORDER, SHORT
from personavlm.bench.scores import Figure, Scores, figure, scores_of
from personavlm.bench.values import ALIGNMENT, Answered, Spend
from personavlm.errors import BadInput
from personavlm.files import guarded

WHOLE = "whole answer"
"""Stage under which a kept table holds what a case cost: all its stages together."""
GUESSING = frozenset({"blind"})
"""Modes that know nothing of the person."""
NUMBERS = ("case", "person", "setting", "aspect", "task", "gold", "said", "score", "twin", "failed")
"""What a kept table holds of an answer beside its cost."""


@dataclass(frozen=True, slots=True)
class Row:
    """One system's answers, in the order of the questions."""

    name: str
    mode: str
    answered: tuple[Answered, ...]
    run: Finished | None = None
    """The run that holds its traces, if it is here."""

    @property
    def guesses(self) -> bool:
        """Whether it is a baseline that knows nothing of the person."""
        return self.mode in GUESSING


@dataclass(frozen=True, slots=True)
class Cost:
    """Means per case of what answering took."""

    cases: int
    seconds: float
    calls: float
    tokens_in: float
    tokens_out: float


@dataclass(frozen=True, slots=True)
class Shelf:
    """Systems that were asked the same questions."""

    name: str
    rows: tuple[Row, ...]
    blind: Mapping[str, Figure]
    """What rules get on multiple choice that see the question alone."""
    made_with: str
    """Model, data, code and machine, in words."""

    @property
    def settings(self) -> tuple[str, ...]:
        """The lengths of talk there are questions on, "32k" before "128k"."""
        return tuple(dict.fromkeys(one.setting for row in self.rows for one in row.answered))

    def row(self, name: str) -> Row:
        """Return a system by its name. Raises ``BadInput`` for one that is not here."""
        for row in self.rows:
            if row.name == name:
                return row
        known = ", ".join(row.name for row in self.rows)
        raise BadInput(f"There is no {name!r} in {self.name}.", f"choose among {known}.")

    def answers(self, name: str, setting: str) -> list[Answered]:
        """Return a system's answers on one setting."""
        return [one for one in self.row(name).answered if one.setting == setting]

    def scores(self, name: str, setting: str) -> Scores:
        """Return a system's figures on one setting."""
        return scores_of(self.answers(name, setting))

    def alignment(self, name: str, setting: str) -> Figure:
        """Return the share of binary tests of manner that a system passes; half is chance."""
        return figure([one for one in self.answers(name, setting) if one.task == ALIGNMENT])

    def cost(self, name: str, setting: str) -> Cost:
        """Return what a system's answers took on one setting, cases that broke left out."""
        asked = [one for one in self.answers(name, setting) if not one.failed]
        spent = [spend for one in asked for spend in one.spends]
        over = max(1, len(asked))
        return Cost(
            len(asked),
            sum(one.seconds for one in asked) / over,
            sum(one.calls for one in spent) / over,
            sum(one.tokens_in for one in spent) / over,
            sum(one.tokens_out for one in spent) / over,
        )

    def against(self, reference: str, setting: str, alignment: bool = False) -> dict[str, Comparison]:
        """Return how every other system stands to one, paired over persons, those who guess left out."""
        first = self.answers(reference, setting)
        others = [row.name for row in self.rows if row.name != reference and not row.guesses]
        return {name: compare(first, self.answers(name, setting), alignment) for name in others}


def by_task(scores: Scores) -> dict[str, Figure]:
    """Return a system's figures by task, under the published codes and in their order."""
    return _ordered({SHORT.get(name, name): one for name, one in scores.by_task.items()})


def by_aspect(scores: Scores) -> dict[str, Figure]:
    """Return a system's figures by aspect, in the published order."""
    return _ordered(scores.by_aspect)


def _ordered(figures: Mapping[str, Figure]) -> dict[str, Figure]:
    return dict(sorted(figures.items(), key=lambda item: (ORDER.get(item[0], len(ORDER)), item[0])))


def differences_by_task(a: Sequence[Answered], b: Sequence[Answered]) -> dict[str, Comparison]:
    """Return how B stands to A task by task, tests of manner among them, in the published order."""
    tasks = dict.fromkeys(SHORT.get(one.task, one.task) for one in a if not one.twin)
    found = {}
    for code in sorted(tasks, key=lambda name: (ORDER.get(name, len(ORDER)), name)):
        first, second = ([one for one in each if SHORT.get(one.task, one.task) == code] for each in (a, b))
        if first and second:
            found[code] = compare(first, second, alignment=True)
    return found


# ── finding ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Place:
    """Where a shelf lies: one kept table, or the folders of runs on the same data."""

    name: str
    paths: tuple[Path, ...]


def places(*roots: Path) -> tuple[Place, ...]:
    """Return the shelves in some folders and in the folders directly within them, kept tables first, largest first."""
    found: list[Place] = []
    for root in roots:
        if root.is_dir():
            kept = sorted(filter(_is_kept, root.glob("*.parquet")), key=lambda path: -path.stat().st_size)
            found += [Place(path.stem, (path,)) for path in kept]
            folders = [root, *sorted(path for path in root.iterdir() if path.is_dir())]
            found += [place for folder in folders for place in _of_runs(folder)]
    return tuple(found)


def _of_runs(folder: Path) -> Iterator[Place]:
    """One place per data set that the runs directly within a folder are of, oldest run first."""
    by_data: dict[str, list[Path]] = {}
    for results in sorted(folder.glob("*/results.parquet")):
        if (told := results.parent / "run.json").is_file():
            by_data.setdefault(_data(told), []).append(results.parent)
    for data, runs in by_data.items():
        yield Place(f"{folder.name} on {data}" if len(by_data) > 1 else folder.name, tuple(runs))


def _data(told: Path) -> str:
    with guarded(told):
        text = told.read_bytes()
    try:
        return str(json.loads(text)["plan"]["data"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{told} is damaged: {error}.", "remove that run, or run it again in another folder.") from error


def _is_kept(path: Path) -> bool:
    import polars as pl

    return {"variant", "mode", *NUMBERS} <= set(pl.read_parquet_schema(path))


def read_shelf(place: Place) -> Shelf:
    """Return a shelf whole. Raises ``BadInput`` for runs that are not finished or damaged."""
    if place.paths[0].suffix == ".parquet":
        return _read_kept(place)
    runs = [read_run(path) for path in place.paths]
    blind = next((found for run in runs if (found := read_baselines(run.folder / BASELINES))), {})
    rows = [Row(run.name.replace("-", " "), run.plan.mode, run.answered, run) for run in runs]
    return Shelf(place.name, tuple(sorted(rows, key=_first)), blind, _made_with(runs[0]))


def _first(row: Row) -> tuple[bool, bool]:
    """The whole system first, those who guess last, the others as they are named."""
    return (row.guesses, row.name.removesuffix(" seed1") not in ("full system", "personavlm"))


def _made_with(run: Finished) -> str:
    made = run.made_with
    return f"model {run.plan.model} · data {run.plan.data} · commit {made.commit or made.code} · {made.hardware}"


# ── keeping ──────────────────────────────────────────────────────────────────────────────────────────────────────


def keep_answers(runs: Mapping[str, Sequence[Finished]], path: Path) -> None:
    """Write the answers of named runs, ids and numbers only; a system of several seeds has a run for each."""
    import polars as pl

    rows = [
        _kept(one) | {"variant": name, "mode": run.plan.mode, "seed": run.plan.seed}
        for name, several in runs.items()
        for run in several
        for one in run.answered
    ]
    narrow = {"seconds": pl.Float32, "calls": pl.UInt16, "tokens_in": pl.UInt32, "tokens_out": pl.UInt32}
    narrow |= {"seed": pl.Int32}
    pl.DataFrame(rows, schema_overrides=narrow, infer_schema_length=None).write_parquet(
        path, compression="zstd", compression_level=19
    )


def _kept(one: Answered) -> dict[str, Any]:
    told = asdict(one)
    spent = {
        "calls": sum(spend.calls for spend in one.spends),
        "tokens_in": sum(spend.tokens_in for spend in one.spends),
        "tokens_out": sum(spend.tokens_out for spend in one.spends),
    }
    return {name: told[name] for name in NUMBERS} | {"seconds": round(one.seconds, 3)} | spent


def _read_kept(place: Place) -> Shelf:
    import polars as pl

    (path,) = place.paths
    with guarded(path):
        table = pl.read_parquet(path)
    rows = []
    for (name, mode, seed), part in table.group_by(["variant", "mode", "seed"], maintain_order=True):
        answered = tuple(_answered(row) for row in part.iter_rows(named=True))
        rows.append((str(name), int(seed), Row(str(name), str(mode), answered)))
    names = [name for name, *_ in rows]
    several = [replace(row, name=f"{name}, seed {seed}") if names.count(name) > 1 else row for name, seed, row in rows]
    told = _told(path.with_suffix(".json"))
    made = told.get("made with", {})
    blind = {name: Figure(**one) for name, one in told.get("blind rules", {}).items()}
    with_what = f"model {told.get('model', '?')} · data {told.get('data', '?')} · commit {made.get('commit', '?')}"
    return Shelf(place.name, tuple(sorted(several, key=lambda row: row.guesses)), blind, with_what)


def _answered(row: Mapping[str, Any]) -> Answered:
    spent = Spend(WHOLE, row["calls"], row["seconds"], row["tokens_in"], row["tokens_out"])
    return Answered(**{name: row[name] for name in NUMBERS}, reply="", seconds=row["seconds"], spends=(spent,))


def _told(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
    except ValueError as error:
        raise BadInput(f"{path} is damaged: {error}.", "write it again with lab.ablate --report --results.") from error
    return found
