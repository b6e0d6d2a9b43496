"""``eval``: how well it works, on public data and on worlds whose truth is known."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated

import typer

from personavlm.cli.options import EMBEDDED, Json, ModelOption, load, load_encoder, load_kit
from personavlm.errors import BadInput
from personavlm.terminal import Output

eval_app = typer.Typer(no_args_is_help=True, help="Measure on real public data.")

Data = Annotated[str, typer.Option("--data", help="Which public data set the file is of.")]


def _expect(data: str, wanted: str) -> None:
    if data != wanted:
        raise BadInput(f"This eval reads {wanted}, not {data!r}.", f"give --data {wanted}.")


@eval_app.command("retrieval")
def eval_retrieval(file: Path, data: Data = "locomo", as_json: Json = False) -> None:
    """Evidence recall on LoCoMo: every utterance of a conversation ranked for each question."""
    from personavlm.evals import retrieval

    _expect(data, "locomo")
    Output(as_json).show(retrieval.evaluate(file, load_encoder()).plain())


@eval_app.command("preferences")
def eval_preferences(folder: Path, data: Data = "prefeval", as_json: Json = False) -> None:
    """Which stored preference a question touches, on PrefEval."""
    from personavlm.evals import preferences

    _expect(data, "prefeval")
    Output(as_json).show(preferences.evaluate(folder, load_encoder()).plain())


@eval_app.command("alignment")
def eval_alignment(
    folder: Path,
    data: Data = "psoups",
    model: ModelOption = EMBEDDED,
    seed: Annotated[int, typer.Option("--seed", help="Order of the two replies, folds and draws follow from it.")] = 0,
    as_json: Json = False,
) -> None:
    """Which of two replies fits a person, on P-SOUPS, beside blind rules."""
    from personavlm.evals import alignment

    _expect(data, "psoups")
    output = Output(as_json)
    with output.progress() as progress:
        output.show(alignment.evaluate(folder, load(model), load_kit(None), seed, progress).plain())


Judge = Annotated[str, typer.Option("--judge", help="The judging model, as --model: openai:MODEL@URL …")]
Cache = Annotated[Path | None, typer.Option("--cache", help="Recording that keeps the judge's calls; goes on there.")]
Flight = Annotated[int, typer.Option("--workers", min=1, help="Requests to the judge kept in flight.")]
OfSeed = Annotated[int, typer.Option("--seed", help="The seed that the runs were made with.")]


@eval_app.command("compare")
def eval_compare(
    folder: Annotated[Path, typer.Argument(help="The Persona-MME that the runs are of (--data open).")],
    a: Annotated[Path, typer.Argument(help="Folder of a run.")],
    b: Annotated[Path, typer.Argument(help="Folder of another, on the same questions.")],
    judge: Judge,
    setting: Annotated[str, typer.Option("--setting", help="32k | 128k | both")] = "both",
    cache: Cache = None,
    workers: Flight = 1,
    seed: OfSeed = 0,
    as_json: Json = False,
) -> None:
    """Win, tie or loss of run A's open-ended replies against run B's: both orders, three prompts, their agreement."""
    from personavlm.bench.columns import read_column
    from personavlm.bench.folders import read_run
    from personavlm.evals import judging

    output, column = Output(as_json), read_column("open", folder, setting, seed=seed)
    asked, judging_model = judging.contests(column.persons, read_run(a), read_run(b)), load(judge)
    with output.progress() as progress:
        found = judging.compare(
            asked, judging.cached(judging_model, cache), workers=workers, seed=seed, progress=progress
        )
    output.show(found.plain())


@eval_app.command("marks")
def eval_marks(
    path: Annotated[Path, typer.Argument(help="The data that the run is of.")],
    run: Annotated[Path, typer.Argument(help="Folder of a run with answers in free text.")],
    judge: Judge,
    data: Annotated[str, typer.Option("--data", help="locomo | open")] = "locomo",
    setting: Annotated[str, typer.Option("--setting", help="32k | 128k | both (open)")] = "both",
    cache: Cache = None,
    workers: Flight = 1,
    seed: OfSeed = 0,
    as_json: Json = False,
) -> None:
    """Answers in free text, marked right or wrong by a judge, beside their token F1."""
    from personavlm.bench.columns import read_column, read_kind
    from personavlm.bench.folders import read_run
    from personavlm.evals import judging

    output, column = Output(as_json), read_column(read_kind(data), path, setting, seed=seed)
    given, judging_model = judging.replied(column.persons, read_run(run)), load(judge)
    with output.progress() as progress:
        found = judging.marks(given, judging.cached(judging_model, cache), workers, seed, progress)
    output.show(found.plain())


@eval_app.command("extraction")
def eval_extraction(file: Path, data: Data = "laps", model: ModelOption = EMBEDDED, as_json: Json = False) -> None:
    """What is remembered of LAPS sessions against what their annotators noted."""
    from personavlm.evals import extraction

    _expect(data, "laps")
    output = Output(as_json)
    with output.progress() as progress:
        output.show(extraction.evaluate(file, load(model), load_kit(None), progress).plain())


@eval_app.command("fidelity")
def eval_fidelity(
    world: Annotated[Path | None, typer.Option("--world", help="Folder that holds worlds (world.json).")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Make worlds from this seed, if no folder is given.")] = 1,
    half: Annotated[str, typer.Option("--half", help="train | test")] = "test",
    setting: Annotated[str, typer.Option("--setting", help="train | 50 | 100 | 200 | 500 turns at most.")] = "50",
    persons: Annotated[int, typer.Option("--persons", min=1, help="How many to make.")] = 3,
    home: Annotated[Path | None, typer.Option("--home", help="Folder to live in; a run that stopped goes on.")] = None,
    model: ModelOption = EMBEDDED,
    as_json: Json = False,
) -> None:
    """What is remembered of worlds whose truth is known, beside the hand-written conversations."""
    from personavlm.evals import fidelity

    output = Output(as_json)
    worlds, count = fidelity.chosen(world, seed, half, setting, persons)
    with output.progress() as progress, fidelity.place(home) as folder:
        result = fidelity.evaluate(worlds, folder, load(model), load_kit(None), progress, count)
    output.show(result.plain(), lambda: fidelity.table(result))


@eval_app.command("pictures")
def eval_pictures(
    folder: Annotated[Path | None, typer.Argument(help="DreamBooth's folder, or one that holds worlds.")] = None,
    data: Annotated[str, typer.Option("--data", help="dreambooth | world")] = "dreambooth",
    seed: Annotated[int | None, typer.Option("--seed", help="Draw things from this seed instead (world).")] = None,
    things: Annotated[int, typer.Option("--things", min=4, help="How many to draw.")] = 60,
    as_json: Json = False,
) -> None:
    """Telling things apart: on DreamBooth's photographs, or on a world's rendered pictures."""
    from personavlm.evals import pictures, rendered
    from personavlm.worlds.kept import read_worlds

    output = Output(as_json)
    if seed is not None:
        output.show({"seed": seed} | rendered.evaluate(rendered.drawn(seed, things)).plain())
    elif folder is None:
        raise BadInput("There is nothing to look at.", "give a folder, or --seed 1 to draw things from a seed.")
    elif data == "world":
        output.show(rendered.evaluate(rendered.shown(read_worlds(folder))).plain())
    else:
        _expect(data, "dreambooth")
        output.show(pictures.evaluate(folder).plain())


@eval_app.command("answers")
def eval_answers(file: Path, data: Data = "locomo", model: ModelOption = EMBEDDED, as_json: Json = False) -> None:
    """Answers on LoCoMo: token F1 by category, and how often the honest answer is "you haven't told me"."""
    from personavlm.evals import answers

    _expect(data, "locomo")
    output = Output(as_json)
    with output.progress() as progress:
        output.show(answers.evaluate(file, load(model), load_kit(None), progress).plain())


@eval_app.command("mcq")
def eval_mcq(
    data: Annotated[Path, typer.Option("--data", help="Folder of a Persona-MME or PersonaWorld-MME.")],
    setting: Annotated[str, typer.Option("--setting", help="32k | 128k | both")] = "both",
    mode: Annotated[str, typer.Option("--mode", help="oracle | memory | none: what the model is shown.")] = "memory",
    model: ModelOption = EMBEDDED,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Only so many persons per setting.")] = None,
    home: Annotated[
        Path | None, typer.Option("--home", help="Keep what was lived through here; belongs to one model.")
    ] = None,
    forced: Annotated[bool, typer.Option("--forced", help="Look something up before every answer.")] = False,
    as_json: Json = False,
) -> None:
    """Multiple choice by task, with the truth, with the assistant's memory, or with nothing."""
    from personavlm.assistant import Config
    from personavlm.evals import mcq

    settings, how = mcq.read_settings(setting), mcq.mode_named(mode)
    output, began = Output(as_json), perf_counter()
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder, output.progress() as progress:
        config = Config(reasoning="forced" if forced else "on")
        result = mcq.evaluate(
            data, load(model), load_kit(None), home or Path(folder), settings, how, limit, config, progress
        )
    output.show(result.plain() | {"model": model, "seconds": round(perf_counter() - began, 1)})
