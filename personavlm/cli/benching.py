"""``bench``: systems asked the same cases, runs compared and reported, anybody's answers scored again."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

from personavlm.cli.options import EMBEDDED, Json
from personavlm.errors import BadInput
from personavlm.terminal import Output

bench_app = typer.Typer(no_args_is_help=True, help="The measuring bench: every number with interval, baseline, trace.")

PERSONA_MME = "persona-mme"


@bench_app.command("run")
def bench_run(
    recipe: Annotated[Path | None, typer.Argument(help="A recipe in TOML; options given beside it count more.")] = None,
    data: Annotated[
        tuple[str, Path] | None, typer.Option("--data", help="persona-mme DIR: a Persona-MME or PersonaWorld-MME.")
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
    from personavlm.bench.recipes import measure, read_recipe, recipe_of

    if data and data[0] != PERSONA_MME:
        raise BadInput(f"bench run reads {PERSONA_MME}, not {data[0]!r}.", f"give --data {PERSONA_MME} DIR.")
    given: dict[str, Any] = {
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
    plain = {"mode": asked.mode, "model": asked.model, "setting": asked.setting, "seed": asked.seed, **scores.plain()}
    output.show(plain | {"seconds": round(perf_counter() - began, 1), "out": str(asked.out)})
