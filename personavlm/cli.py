"""The command line: ``personavlm VERB``. Thin: each verb reads its options, calls the package and prints what it gives.

``--json`` prints one object on stdout and everything else on stderr; an error exits with status 2 and is printed as
``{"error": {"kind", "message", "remedy"}}``. This is the one place, with the apps, that reads the clock.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from personavlm.errors import BadInput, PersonaVLMError
from personavlm.terminal import Output, now, parse_time, parse_zone
from personavlm.worlds.values import Half, Setting

if TYPE_CHECKING:
    from personavlm.assistant import Assistant
    from personavlm.store import Store

app = typer.Typer(no_args_is_help=True, add_completion=False, help="A long-term personalised multimodal assistant.")
import_app = typer.Typer(no_args_is_help=True, help="Bring conversations or users in.")
export_app = typer.Typer(no_args_is_help=True, help="Take users out.")
eval_app = typer.Typer(no_args_is_help=True, help="Measure on real public data.")
synth_app = typer.Typer(no_args_is_help=True, help="Make worlds, benchmarks and training data from a seed.")
app.add_typer(import_app, name="import")
app.add_typer(export_app, name="export")
app.add_typer(eval_app, name="eval")
app.add_typer(synth_app, name="synth")

Home = Annotated[Path, typer.Option("--home", envvar="PERSONAVLM_HOME", help="Folder that holds the users.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, everything else on stderr.")]
User = Annotated[str, typer.Option("--user", help="Whose memory.")]
ModelOption = Annotated[
    str, typer.Option("--model", envvar="PERSONAVLM_MODEL", help="embedded | hf:ID | openai:MODEL@URL | recorded:FILE")
]
PromptsOption = Annotated[Path | None, typer.Option("--prompts", help="Folder with another set of prompt files.")]
DEFAULT_HOME = Path("workspace")
EMBEDDED = "embedded"
# Click's base of usage errors, wherever this typer keeps its click: BadParameter < UsageError < ClickException.
UsageProblem: Any = typer.BadParameter.mro()[2]


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; errors people can mend end with status 2 and a remedy."""
    words = sys.argv[1:] if arguments is None else arguments
    as_json = "--json" in words
    try:
        status = app(args=words, standalone_mode=False)
    except PersonaVLMError as error:
        sys.exit(_failed(as_json, error.kind, error.message, error.remedy))
    except UsageProblem as error:
        sys.exit(_failed(as_json, "usage", error.format_message(), "see personavlm --help."))
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(_failed(as_json, "stopped", "Stopped.", "run the same command again: it goes on where it was."))
    sys.exit(status if isinstance(status, int) else 0)


def _failed(as_json: bool, kind: str, message: str, remedy: str) -> int:
    if as_json:
        print(json.dumps({"error": {"kind": kind, "message": message, "remedy": remedy}}, ensure_ascii=False))
    else:
        Console(stderr=True).print(f"[red]{kind}[/]: {message}\n[green]remedy[/]: {remedy}", highlight=False)
    return 2


# ── talking ──────────────────────────────────────────────────────────────────────────────────────────────────────


@app.command()
def ask(
    text: str,
    user: User,
    home: Home = DEFAULT_HOME,
    at: Annotated[
        str | None, typer.Option("--at", help="Time of the question, ISO 8601 with offset; default now.")
    ] = None,
    picture: Annotated[list[Path] | None, typer.Option("--picture", help="A picture; may be repeated.")] = None,
    model: ModelOption = EMBEDDED,
    prompts: PromptsOption = None,
    dry: Annotated[bool, typer.Option("--dry", help="Store nothing; any past time may be asked from.")] = False,
    as_json: Json = False,
) -> None:
    """Ask one question and see what was looked up for it."""
    from personavlm.reporting import answer_view, ask_object

    time = parse_time(at) if at else now()
    with open_user(home, user) as store:
        assistant = open_assistant(store, model, prompts)
        if not dry:
            assistant.tick(time)
        trace = (assistant.ask if dry else assistant.say)(time, text, picture or [])
        if not dry:
            assistant.flush()
        profile = store.state(time if dry else None).estimate.profile
        Output(as_json).show(ask_object(trace, profile), lambda: answer_view(trace))


@app.command()
def chat(user: User, home: Home = DEFAULT_HOME, model: ModelOption = EMBEDDED, prompts: PromptsOption = None) -> None:
    """Talk, line by line; "/picture FILE words" shows a picture, an empty line or Ctrl-D ends."""
    from personavlm.assistant import IdleWorker, create_user
    from personavlm.reporting import answer_view
    from personavlm.store import users

    console = Console()
    store = open_user(home, user) if user.strip() in users(home) else create_user(home, user, now())
    with store:
        assistant = open_assistant(store, model, prompts)
        assistant.tick(now())
        worker = IdleWorker(assistant)
        try:
            while line := _read_line(console):
                text, pictures = _split_picture(line)
                try:
                    console.print(answer_view(assistant.say(now(), text, pictures)))
                except BadInput as error:
                    console.print(f"[red]{error.message}[/] {error.remedy}", highlight=False)
                worker.wake()
        finally:
            worker.stop()
            assistant.flush()


def _read_line(console: Console) -> str:
    try:
        return console.input("[bold cyan]you[/] ").strip()
    except EOFError:
        return ""


def _split_picture(line: str) -> tuple[str, list[Path]]:
    if not line.startswith("/picture "):
        return line, []
    name, _, text = line.removeprefix("/picture ").strip().partition(" ")
    return text, [Path(name)]


@app.command()
def tick(user: User, home: Home = DEFAULT_HOME, model: ModelOption = EMBEDDED, as_json: Json = False) -> None:
    """Close the session whose gap has passed and finish queued work."""
    with open_user(home, user) as store:
        open_assistant(store, model, None).tick(now())
        done, failed = len(store.jobs("done")), [f"{j.subject}: {j.note}" for j in store.jobs("failed")]
    Output(as_json).show({"done": done, "failed": failed})


# ── looking ──────────────────────────────────────────────────────────────────────────────────────────────────────


@app.command()
def state(
    user: User,
    home: Home = DEFAULT_HOME,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Show what was known at this time.")] = None,
    as_json: Json = False,
) -> None:
    """Show what is remembered of a user, and their profile."""
    from personavlm.reporting import state_object, state_view

    with open_user(home, user) as store:
        known = store.state(parse_time(as_of) if as_of else None)
    Output(as_json).show(state_object(known), lambda: state_view(known))


@app.command()
def timeline(user: User, home: Home = DEFAULT_HOME, as_json: Json = False) -> None:
    """List a user's turns with their sessions and what each taught."""
    from personavlm.reporting import timeline_object

    with open_user(home, user) as store:
        traces = [store.trace(t.turn.id) for t in store.traces()]
        rows = timeline_object(traces, [store.session_of(t.turn.id) for t in traces])
    Output(as_json).show(
        {"turns": rows}, "\n".join(f"{r['session']:>4} {r['id']:>5} {r['time']} {r['text'][:80]}" for r in rows)
    )


@app.command()
def users(home: Home = DEFAULT_HOME, as_json: Json = False) -> None:
    """List the users of a home."""
    from personavlm.store import users as names

    found = []
    for name in names(home):
        with open_user(home, name) as store:
            turns, sessions = store.counts()
        found.append({"user": name, "turns": turns, "sessions": sessions})
    Output(as_json).show(
        {"users": found}, "\n".join(f"{u['user']}: {u['turns']} turns" for u in found) or "no users yet"
    )


@app.command()
def doctor(
    home: Home = DEFAULT_HOME,
    model: Annotated[str | None, typer.Option("--model", help="Also examine this model setting.")] = None,
    as_json: Json = False,
) -> None:
    """Say what this machine can run, and why something cannot."""
    from personavlm.doctor import examine
    from personavlm.reporting import doctor_object, doctor_view

    report = examine(model, home)
    Output(as_json).show(doctor_object(report), lambda: doctor_view(report))


# ── bringing in and taking out ───────────────────────────────────────────────────────────────────────────────────


@import_app.command("locomo")
def import_locomo_file(
    file: Path,
    home: Home = DEFAULT_HOME,
    conversation: Annotated[str | None, typer.Option("--conversation", help="Only the one with this id.")] = None,
    model: ModelOption = EMBEDDED,
    as_json: Json = False,
) -> None:
    """Replay LoCoMo conversations: one user per speaker, the other takes the assistant's place."""
    from personavlm.datasets import import_locomo

    _replay(home, import_locomo(file, conversation), model, as_json)


@import_app.command("conversation")
def import_conversation(
    file: Path, home: Home = DEFAULT_HOME, model: ModelOption = EMBEDDED, as_json: Json = False
) -> None:
    """Replay a conversation file of our own format (see data/README.md)."""
    from personavlm.datasets import import_own

    _replay(home, import_own(file), model, as_json)


@import_app.command("personavlm")
def import_personavlm(
    folder: Path,
    home: Home = DEFAULT_HOME,
    user: Annotated[str | None, typer.Option("--user", help="Name to give; default the one in the file.")] = None,
    zone: Annotated[str, typer.Option("--zone", help="Time zone of the file's times, which name none.")] = "UTC",
    again: Annotated[bool, typer.Option("--replay", help="Replay the turns instead of adopting the memory.")] = False,
    model: ModelOption = EMBEDDED,
    as_json: Json = False,
) -> None:
    """Adopt a user from the released PersonaVLM's user_data.json, pictures included."""
    from personavlm.exchange import read_user_data, to_dialogue, to_traces_and_edits
    from personavlm.replay import adopt

    read = read_user_data(folder)
    if again:
        told = to_dialogue(read.data, folder, parse_zone(zone), user)
        told = replace(told, skipped=(*read.skipped, *told.skipped), repaired=read.repaired + told.repaired)
        _replay(home, told, model, as_json)
        return
    adopted = to_traces_and_edits(read.data, parse_zone(zone), user)
    with adopt(home, adopted) as store:
        turns, sessions = store.counts()
    lost = [{"where": s.where, "why": s.why} for s in (*read.skipped, *adopted.lost)]
    value = {
        "users": [{"user": adopted.user, "turns": turns, "sessions": sessions}],
        "skipped": lost,
        "repaired": read.repaired,
    }
    Output(as_json).show(value)


@import_app.command("archive")
def import_archive(
    file: Path,
    home: Home = DEFAULT_HOME,
    name: Annotated[str | None, typer.Option("--as", help="Another name for the user.")] = None,
    as_json: Json = False,
) -> None:
    """Bring a user back from an archive, checksums compared."""
    from personavlm.archive import unpack

    with unpack(file, home, name) as store:
        turns, sessions = store.counts()
        value = {"users": [{"user": store.user, "turns": turns, "sessions": sessions}], "skipped": [], "repaired": 0}
    Output(as_json).show(value)


@export_app.command("archive")
def export_archive(file: Path, user: User, home: Home = DEFAULT_HOME, as_json: Json = False) -> None:
    """Write a user into one file with checksums."""
    from personavlm.archive import pack

    with open_user(home, user) as store:
        manifest = pack(store, file)
    Output(as_json).show({"file": str(file), "turns": manifest.turns, "files": len(manifest.files)})


@export_app.command("personavlm")
def export_personavlm(
    folder: Path,
    user: User,
    home: Home = DEFAULT_HOME,
    zone: Annotated[str, typer.Option("--zone", help="Time zone to write times in; the format names none.")] = "UTC",
    as_json: Json = False,
) -> None:
    """Write a user as the released PersonaVLM's user_data.json, pictures included; lists what has no place there."""
    from personavlm.exchange import from_store, write_user_data

    with open_user(home, user) as store:
        pictures = {name: data for name in store.picture_names() if (data := store.picture(name)) is not None}
        exported = from_store(store.user, store.traces(), store.edits(), pictures, parse_zone(zone))
    write_user_data(exported.data, folder)
    lost = [{"where": s.where, "why": s.why} for s in exported.lost]
    Output(as_json).show({"folder": str(folder), "pictures": len(exported.data.pictures), "lost": lost})


def _replay(home: Path, imported: Any, model: str, as_json: bool) -> None:
    from personavlm.replay import replay

    output = Output(as_json)
    kit, loaded = load_kit(None), load(model)
    with output.progress() as progress:
        report = replay(home, imported, lambda store: assemble(store, loaded, kit), progress)
    output.show(
        {
            "users": [{"user": u.user, "turns": u.turns, "sessions": u.sessions} for u in report.users],
            "skipped": [{"where": s.where, "why": s.why} for s in report.skipped],
            "repaired": report.repaired,
        }
    )


# ── measuring ────────────────────────────────────────────────────────────────────────────────────────────────────

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
    from personavlm.evals.fidelity import read_worlds

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

    settings, how = mcq.read_settings(setting), mcq.read_mode(mode)
    output, began = Output(as_json), perf_counter()
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder, output.progress() as progress:
        config = Config(reasoning="forced" if forced else "on")
        result = mcq.evaluate(
            data, load(model), load_kit(None), home or Path(folder), settings, how, limit, config, progress
        )
    output.show(result.plain() | {"model": model, "seconds": round(perf_counter() - began, 1)})


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
    from personavlm.synthesis.benchmark import draw_figures, make_benchmark
    from personavlm.trace import plain

    output, began = Output(as_json), perf_counter()
    with output.progress() as progress:
        statistics = make_benchmark(out, seed, persons, processes, progress)
    draw_figures(out, statistics)
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


@app.command()
def bench(as_json: Json = False) -> None:
    """Run the repository's speed comparisons (lab/bench_*.py): ratios side by side in one run."""
    import subprocess

    lab = Path(__file__).resolve().parent.parent / "lab"
    programs = sorted(lab.glob("bench_*.py"))
    if not programs:
        raise BadInput("The speed comparisons live in the repository's lab folder.", "run this from a checkout.")
    results: dict[str, Any] = {}
    for program in programs:
        run = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=False)
        if run.returncode:
            raise BadInput(f"{program.name} failed: {run.stderr.strip()[-300:]}", "run it by hand to see more.")
        results[program.stem.removeprefix("bench_")] = json.loads(run.stdout)
    Output(as_json).show(results)


@app.command()
def demo(home: Home = DEFAULT_HOME, model: ModelOption = EMBEDDED, as_json: Json = False) -> None:
    """Replay the shipped conversations, show what was remembered, and answer questions on them with evidence."""
    from personavlm.demo import run

    output = Output(as_json)
    output.show(*run(home, load(model), load_kit(None), output))


# ── shared ───────────────────────────────────────────────────────────────────────────────────────────────────────


def open_user(home: Path, user: str) -> Store:
    """Open a user's store."""
    from personavlm.store import Store

    return Store.open(home, user)


def load(model: str) -> Any:
    """Load a model from the one setting."""
    from personavlm.models.loading import load_model

    return load_model(model)


def load_encoder() -> Any:
    """Load the text encoder."""
    from personavlm.encoders.text import load_text_encoder

    return load_text_encoder()


def load_kit(prompts: Path | None) -> Any:
    """Load encoders and prompts."""
    from personavlm.assistant import Kit

    return Kit.load(prompts)


def assemble(store: Store, model: Any, kit: Any) -> Assistant:
    """Put an assistant together."""
    from personavlm.assistant import Assistant

    return Assistant(store, model, kit=kit)


def open_assistant(store: Store, model: str, prompts: Path | None) -> Assistant:
    """Load everything and put an assistant together."""
    return assemble(store, load(model), load_kit(prompts))


if __name__ == "__main__":
    main()
