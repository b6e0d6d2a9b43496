"""``synth``: worlds, benchmarks and training data from a seed."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from personavlm.cli.options import Json
from personavlm.terminal import Output
from personavlm.worlds.values import Half, Setting

synth_app = typer.Typer(no_args_is_help=True, help="Make worlds, benchmarks and training data from a seed.")


@synth_app.command("show")
def synth_show(
    seed: Annotated[int, typer.Option("--seed", help="Everything follows from it.")] = 1,
    half: Annotated[Half, typer.Option("--half", help="Which half of the word banks.")] = "test",
    setting: Annotated[Setting, typer.Option("--setting", help="How long the dialogue is.")] = "50",
    number: Annotated[int, typer.Option("--number", help="Which person.")] = 0,
    as_json: Json = False,
) -> None:
    """One invented person: life, conversation and truth side by side."""
    from personavlm.trace import plain
    from personavlm.worlds.make import make_world
    from personavlm.worlds.show import show

    world = make_world(seed, half, setting, number)
    Output(as_json).show(plain(world), lambda: show(world))


@synth_app.command("train")
def synth_train(
    out: Annotated[Path, typer.Option("--out", help="Folder to write to; a stopped run goes on there.")],
    personas: Annotated[int, typer.Option("--personas", min=1, help="How many persons live.")] = 500,
    seed: Annotated[int, typer.Option("--seed", help="Everything follows from it.")] = 0,
    processes: Annotated[int, typer.Option("--processes", min=1, help="Persons that live side by side.")] = 2,
    as_json: Json = False,
) -> None:
    """Training data from invented lives: every prompt of the assistant with its right output."""
    from personavlm.synthesis.training import make_training_set, plain_statistics, training_world

    output = Output(as_json)
    with output.progress() as progress:
        composed = make_training_set(out, seed, personas, training_world, processes, progress)
    output.show(plain_statistics(composed))


@synth_app.command("bench")
def synth_bench(
    out: Annotated[Path, typer.Option("--out", help="Folder to write to; a stopped run goes on there.")],
    persons: Annotated[int, typer.Option("--persons", min=1, help="How many; 200 is the published size.")] = 200,
    seed: Annotated[int, typer.Option("--seed", help="Everything follows from it.")] = 1,
    processes: Annotated[int, typer.Option("--processes", min=1, help="Persons that are made side by side.")] = 2,
    as_json: Json = False,
) -> None:
    """PersonaWorld-MME: a benchmark of invented persons in Persona-MME's layout, every question checked."""
    from personavlm.synthesis.benchmark import make_benchmark
    from personavlm.trace import plain

    output, began = Output(as_json), perf_counter()
    with output.progress() as progress:
        statistics = make_benchmark(out, seed, persons, processes, progress)
    output.show(plain(statistics) | {"seconds": round(perf_counter() - began, 1)})


@synth_app.command("page")
def synth_page(
    data: Annotated[Path, typer.Option("--data", help="A benchmark that `synth bench` wrote.")],
    count: Annotated[int, typer.Option("--count", min=1, help="How many questions.")] = 60,
    seed: Annotated[int, typer.Option("--seed", help="Which ones.")] = 1,
    as_json: Json = False,
) -> None:
    """Random questions with their evidence and pictures on one page, for a person to go through."""
    from personavlm.files import write_atomically
    from personavlm.synthesis.page import page

    target = data / "page.html"
    write_atomically(target, page(data, count, seed).encode())
    Output(as_json).show({"page": str(target), "questions": count})
