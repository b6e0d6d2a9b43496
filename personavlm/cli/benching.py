"""``bench``: systems asked the same cases, runs compared and reported, anybody's answers scored again."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

from personavlm.cli.options import EMBEDDED, Json
from personavlm.terminal import Output

bench_app = typer.Typer(no_args_is_help=True, help="The measuring bench: every number with interval, baseline, trace.")


@bench_app.command("run")
def bench_run(
    recipe: Annotated[Path | None, typer.Argument(help="A recipe in TOML; options given beside it count more.")] = None,
    data: Annotated[
        tuple[str, Path] | None,
        typer.Option("--data", help="persona-mme | open | psoups | prefeval | personamem | locomo, and where it lies."),
    ] = None,
    setting: Annotated[str | None, typer.Option("--setting", help="32k | 128k | both")] = None,
    mode: Annotated[str | None, typer.Option("--mode", help="Which system: personavlm, none, blind, oracle …")] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", envvar="PERSONAVLM_MODEL", help="embedded | hf:ID | openai:MODEL@URL | recorded:FILE"),
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Draws follow from it.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The run's folder; a stopped run goes on there.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Only so many persons per setting.")] = None,
    replays: Annotated[
        Path | None, typer.Option("--replay", help="Folder that keeps talks lived through, for other runs too.")
    ] = None,
    prompts: Annotated[Path | None, typer.Option("--prompts", help="Folder with another set of prompt files.")] = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Persons asked side by side.")] = None,
    engine: Annotated[str | None, typer.Option("--engine", help="processes | threads | ray")] = None,
    as_json: Json = False,
) -> None:
    """Ask a system every case of a data set; run again, it goes on where it stopped."""
    from rich.console import Group

    from personavlm.bench.blind import BASELINES, read_baselines
    from personavlm.bench.columns import read_kind
    from personavlm.bench.folders import read_run
    from personavlm.bench.recipes import measure, read_recipe, recipe_of
    from personavlm.bench.report import report
    from personavlm.bench.sheets import terminal

    given: dict[str, Any] = {
        "kind": read_kind(data[0]) if data else None,
        "data": data[1] if data else None,
        "setting": setting,
        "mode": mode,
        "model": model or (None if recipe else EMBEDDED),
        "seed": seed,
        "out": out,
        "limit": limit,
        "replays": replays,
        "prompts": prompts,
        "workers": workers,
        "engine": engine,
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    asked = read_recipe(recipe, chosen) if recipe else recipe_of(chosen)
    output, began = Output(as_json), perf_counter()
    with output.progress() as progress:
        scores = measure(asked, progress)
    blind = read_baselines(asked.out / BASELINES)
    plain = {"mode": asked.mode, "model": asked.model, "setting": asked.setting, "seed": asked.seed, **scores.plain()}
    plain |= {"blind": {name: figure.plain() for name, figure in blind.items()}}
    plain |= {"seconds": round(perf_counter() - began, 1), "out": str(asked.out)}
    output.show(plain, lambda: Group(*map(terminal, report([read_run(asked.out)], blind).measured)))


@bench_app.command("report")
def bench_report(
    runs: Annotated[list[Path], typer.Argument(help="Folders of finished runs.")],
    out: Annotated[Path | None, typer.Option("--out", help="Write report.md and report.html here.")] = None,
    as_json: Json = False,
) -> None:
    """Runs side by side: tables, figures, blind baselines, cost."""
    from rich.console import Group

    from personavlm.bench.blind import BASELINES, read_baselines
    from personavlm.bench.folders import read_run
    from personavlm.bench.report import report
    from personavlm.bench.sheets import terminal
    from personavlm.files import write_atomically

    read = [read_run(folder) for folder in runs]
    same = len({one.plan.data for one in read}) == 1  # else whose guesses would they be
    made = report(read, read_baselines(runs[0] / BASELINES) if same else {})
    if out:
        write_atomically(out / "report.md", made.markdown().encode())
        write_atomically(out / "report.html", made.html().encode())
    Output(as_json).show(made.plain(), lambda: Group(*map(terminal, made.sheets)))


@bench_app.command("compare")
def bench_compare(
    a: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    b: Annotated[Path, typer.Argument(help="Folder of another on the same data.")],
    alignment: Annotated[bool, typer.Option("--alignment", help="With the tests of alignment.")] = False,
    show: Annotated[int, typer.Option("--show", min=0, help="So many flips each way with both replies.")] = 3,
    as_json: Json = False,
) -> None:
    """How B stands to A, paired over persons: difference, interval, p, and what flipped."""
    from personavlm.bench.compare import compare
    from personavlm.bench.folders import read_run
    from personavlm.bench.report import comparison

    first, second = read_run(a), read_run(b)
    found = compare(first.answered, second.answered, alignment)
    Output(as_json).show(found.plain(), lambda: comparison(first, second, found, show))


@bench_app.command("check")
def bench_check(
    answers: Annotated[Path, typer.Argument(help="A result file in the official layout, or the folder of a run.")],
    as_json: Json = False,
) -> None:
    """Score released answers again, strictly and as the official evaluation reads them."""
    from personavlm.bench.released import check_run, read_released, rescore

    found = check_run(answers) if answers.is_dir() else rescore(read_released(answers))
    Output(as_json).show(found.plain())
