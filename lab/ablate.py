"""Ablations: one system with one thing changed at a time, or a grid of changes, on the same questions.

    python -m lab.ablate RECIPE… [--data DIR] [--out DIR] [--setting 32k] [--sample N] [--workers N] [--results NAME]

RECIPE is a recipe of ``personavlm bench run`` (``bench/recipes.py``) with any of

    seeds = [1, 2]                                            each variant once per seed, scores averaged case by case
    [variants]
    "without core" = { config.memories = ["semantic", "episodic", "procedural"] }        one line, one ablation
    [grid]
    "config.limits.topics" = [0, 1, 2, 3, 4]                  every combination of these values

and the recipe itself is the full system; several recipes are taken together. All runs are made person by person in one
pass and can be stopped and gone on with. OUT gets a folder per run, ``ablation.md``, ``.html`` and ``.json``; with
--results the figures go to lab/results/NAME.json and the answers, ids and numbers only, to NAME.parquet as well.
--sample takes so many persons of each setting, evenly over short and long talks; given a larger number later, the run
goes on from those it has.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any

from lab.report import RESULTS
from personavlm.bench.blind import BASELINES, read_baselines
from personavlm.bench.compare import Comparison, compare
from personavlm.bench.engines import read_engine
from personavlm.bench.folders import Finished, read_run
from personavlm.bench.recipes import Recipe, column_of, guess, recipe_of, run_of
from personavlm.bench.report import Report, published_sheet, report
from personavlm.bench.runs import carry_out
from personavlm.bench.sheets import Sheet, shown
from personavlm.bench.shelf import keep_answers
from personavlm.bench.values import Answered, Person
from personavlm.bench.voices import loaded
from personavlm.figures.benchmark import Interval, forest
from personavlm.files import write_atomically
from personavlm.terminal import Output

FULL = "full system"
"""What the recipe itself is called beside its variants."""
OWN = frozenset({"variants", "grid", "seeds"})


@dataclass(frozen=True, slots=True)
class Variant:
    """One named system with its recipe for each seed."""

    name: str
    recipes: tuple[Recipe, ...]


def variants(told: Mapping[str, Any]) -> tuple[Variant, ...]:
    """Return the full system and every variant of it. Raises ``BadInput`` for a change there is not."""
    base = {name: value for name, value in told.items() if name not in OWN}
    changes = {FULL: {}, **told.get("variants", {}), **dict(_grid(told.get("grid", {})))}
    seeds = told.get("seeds", [base.get("seed", 0)])
    return tuple(Variant(name, tuple(_recipe(base, name, change, seeds))) for name, change in changes.items())


def _grid(axes: Mapping[str, Sequence[Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for values in product(*axes.values()) if axes else ():
        change: dict[str, Any] = {}
        for path, value in zip(axes, values, strict=True):
            change = merged(change, _nested(path.split("."), value))
        yield ", ".join(f"{path.rpartition('.')[2]} {value}" for path, value in zip(axes, values, strict=True)), change


def _nested(path: Sequence[str], value: Any) -> dict[str, Any]:
    return {path[0]: _nested(path[1:], value) if path[1:] else value}


def merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested values with some of them changed."""
    deeper = {
        name: merged(base[name], value)
        for name, value in change.items()
        if isinstance(value, Mapping) and isinstance(base.get(name), Mapping)
    }
    return {**base, **change, **deeper}


def _recipe(base: Mapping[str, Any], name: str, change: Mapping[str, Any], seeds: Sequence[int]) -> Iterator[Recipe]:
    out = Path(base["out"])
    for seed in seeds:
        folder = re.sub(r"\W+", "-", name.lower()).strip("-") + (f"-seed{seed}" if len(seeds) > 1 else "")
        shared = {"replays": base.get("replays", out / "replays")}
        yield recipe_of({**merged(base, change), **shared, "out": out / folder, "seed": seed})


def pooled(runs: Sequence[Finished]) -> tuple[Answered, ...]:
    """Return the answers of one system under several seeds as one: each case with its mean score."""
    if len(runs) == 1:
        return runs[0].answered
    scores: dict[str, list[float]] = {}
    for one in (one for run in runs for one in run.answered):
        scores.setdefault(one.case, []).append(one.score)
    return tuple(replace(one, score=fmean(scores[one.case])) for one in runs[0].answered)


def evenly(persons: Sequence[Person], count: int | None) -> tuple[Person, ...]:
    """Return ``count`` persons of each setting (None: all) at even distances in their order, which is that of length.

    Of twice as many, half are the same ones.
    """
    chosen: list[Person] = []
    for setting in dict.fromkeys(person.setting for person in persons):
        same = [person for person in persons if person.setting == setting]
        n = min(count or len(same), len(same))
        chosen += [same[place * len(same) // n] for place in range(n)]
    return tuple(chosen)


# ── what came of it ──────────────────────────────────────────────────────────────────────────────────────────────


def differences(runs: Mapping[str, Sequence[Finished]], setting: str, alignment: bool) -> dict[str, Comparison]:
    """Return how each variant stands to the full system, on one setting ("" for all)."""
    answers = {name: [a for a in pooled(made) if setting in ("", a.setting)] for name, made in runs.items()}
    return {name: compare(answers[FULL], found, alignment) for name, found in answers.items() if name != FULL}


def sheet(title: str, found: Mapping[str, Comparison]) -> Sheet:
    """Return paired differences as a table."""
    rows = [
        (name, shown(one.b), f"{one.difference.value:+.1f} [{one.difference.low:+.1f}, {one.difference.high:+.1f}]",
         f"{one.p:.4g}", str(len(one.gained)), str(len(one.lost)))
        for name, one in found.items()
    ]  # fmt: skip
    first = next(iter(found.values()), None)
    full = (FULL, shown(first.a if first else None), "", "", "", "")
    note = (
        "Difference to the full system in points, 95 % interval and p of the permutation test paired over persons, not "
        f"corrected for there being {len(found)} of them."
    )
    columns = ("variant", "value", "difference", "p", "wrong to right", "right to wrong")
    return Sheet(title, columns, (full, *rows), None, note)


def outcome(runs: Mapping[str, Sequence[Finished]], blind_of: Path) -> Report:
    """Return tables of differences by setting and average, forest plots, then the plain report of all runs."""
    settings = list(dict.fromkeys(one.setting for one in runs[FULL][0].answered))
    sheets, figures = [], []
    for setting in settings:
        for alignment, average in ((False, "multiple choice"), (True, "with alignment")):
            found = differences(runs, setting, alignment)
            title = f"{setting}: {average}"
            sheets.append(sheet(title, found))
            rows = {name: Interval(*_ends(one)) for name, one in found.items()}
            figures.append((title, forest(rows, "difference to the full system (points)", line=0.0)))
    whole = report([made for several in runs.values() for made in several], read_baselines(blind_of / BASELINES))
    sheets += [published_sheet("table8"), published_sheet("table9")]
    return replace(whole, sheets=(*sheets, *whole.sheets), figures=(*figures, *whole.figures))


def _ends(one: Comparison) -> tuple[float, float, float]:
    return one.difference.value, one.difference.low, one.difference.high


def plain(runs: Mapping[str, Sequence[Finished]]) -> dict[str, Any]:
    """Return every difference as JSON-ready values, with what the runs were made with."""
    made_with = runs[FULL][0].made_with
    settings = list(dict.fromkeys(one.setting for one in runs[FULL][0].answered))
    found: dict[str, Any] = {
        "made with": {"commit": made_with.commit, "code": made_with.code, "hardware": made_with.hardware},
        "model": runs[FULL][0].plan.model,
        "data": runs[FULL][0].plan.data,
    }
    for setting in settings:
        for alignment, average in ((False, "multiple choice"), (True, "with alignment")):
            rows = differences(runs, setting, alignment)
            shown_rows = {name: _short(one) for name, one in rows.items()}
            full = next((one.a.plain() for one in rows.values()), {})
            found[f"{setting}, {average}"] = {FULL: full, **shown_rows}
    return found


def _short(one: Comparison) -> dict[str, Any]:
    flips = {"gained": len(one.gained), "lost": len(one.lost)}
    return {**one.b.plain(), "difference": one.difference.plain(), "p": one.p, **flips}


def keep(runs: Mapping[str, Sequence[Finished]], made: Report, name: str) -> None:
    """Write tables, figures and answers, ids and numbers only, to lab/results."""
    first = runs[FULL][0]
    head = (
        f"# {name}\n\nWritten by `python -m lab.ablate`; model {first.plan.model}, data {first.plan.data}, commit "
        f"{first.made_with.commit}, {first.made_with.hardware}. The answers behind it are in `{name}.parquet`.\n\n"
    )
    found = plain(runs) | {"blind rules": {rule: one.plain() for rule, one in made.blind.items()}}
    write_atomically(RESULTS / f"{name}.md", (head + made.markdown()).encode())
    write_atomically(RESULTS / f"{name}.json", (json.dumps(found, indent=1, ensure_ascii=False) + "\n").encode())
    keep_answers(runs, RESULTS / f"{name}.parquet")


def main(words: list[str]) -> int:
    """Make the runs of recipes, or go on with them, and write what came of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", type=Path, nargs="+")
    for name in ("data", "out", "replays"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--setting")
    parser.add_argument("--workers", type=int)
    parser.add_argument("--sample", type=int, help="only so many persons of each setting")
    parser.add_argument("--results", help="name of the result files in lab/results")
    parser.add_argument("--report", action="store_true", help="ask nothing, write what finished runs came to")
    given = vars(parser.parse_args(words))
    results, paths, sample, finished = (given.pop(name) for name in ("results", "recipes", "sample", "report"))
    told: dict[str, Any] = {}
    for path in paths:
        told = merged(told, tomllib.loads(path.read_text(encoding="utf-8")))
    told |= {name: value for name, value in given.items() if value is not None}
    chosen = variants(told)
    if not finished:
        make(chosen, sample)
    found = {variant.name: [read_run(recipe.out) for recipe in variant.recipes] for variant in chosen}
    made = outcome(found, chosen[0].recipes[0].out)
    out = Path(told["out"])
    write_atomically(out / "ablation.md", made.markdown().encode())
    write_atomically(out / "ablation.html", made.html().encode())
    write_atomically(out / "ablation.json", json.dumps(plain(found), indent=1, ensure_ascii=False).encode())
    if results:
        keep(found, made, results)
    print(made.markdown())
    return 0


def make(chosen: Sequence[Variant], sample: int | None) -> None:
    """Make the runs of all variants, or go on with them."""
    recipes = [recipe for variant in chosen for recipe in variant.recipes]
    first = recipes[0]
    column = column_of(first)
    column = replace(column, persons=evenly(column.persons, sample))
    runs = [run_of(recipe, column) for recipe in recipes]
    with Output(json=False).progress() as progress:
        carry_out(runs, column.persons, read_engine(first.engine), first.workers, progress)
    guess(runs[0], column, loaded(first.model, first.prompts)[1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
