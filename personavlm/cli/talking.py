"""Verbs for talking to an assistant and for looking at what it holds."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from personavlm.cli.options import (
    DEFAULT_HOME,
    EMBEDDED,
    Home,
    Json,
    ModelOption,
    PromptsOption,
    User,
    load,
    load_kit,
    open_assistant,
    open_user,
)
from personavlm.errors import BadInput
from personavlm.terminal import Output, now, parse_time

app = typer.Typer(no_args_is_help=True, add_completion=False, help="A long-term personalised multimodal assistant.")


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


# ── programs ─────────────────────────────────────────────────────────────────────────────────────────────────────


@app.command()
def bench(as_json: Json = False) -> None:
    """Run the repository's speed comparisons (lab/bench_*.py): ratios side by side in one run."""
    import subprocess

    lab = Path(__file__).resolve().parents[2] / "lab"
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
