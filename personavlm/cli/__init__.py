"""The command line: ``personavlm VERB``. Thin: each verb reads its options, calls the package and prints what it gives.

``--json`` prints one object on stdout and everything else on stderr; an error exits with status 2 and is printed as
``{"error": {"kind", "message", "remedy"}}``. This is the one place, with the apps, that reads the clock.

    talking  ask, chat, what is remembered, demo      exchanging  import, export
    measuring  eval                                   making  synth
    benching  bench                                   erasing  erase   consenting  consent
"""

from __future__ import annotations

import json
import sys
from typing import Any

import typer
from rich.console import Console

from personavlm.cli.benching import bench_app
from personavlm.cli.consenting import consent
from personavlm.cli.erasing import erase
from personavlm.cli.exchanging import export_app, import_app
from personavlm.cli.making import synth_app
from personavlm.cli.measuring import eval_app
from personavlm.cli.talking import app
from personavlm.errors import PersonaVLMError

app.command()(erase)
app.command()(consent)
app.add_typer(import_app, name="import")
app.add_typer(export_app, name="export")
app.add_typer(eval_app, name="eval")
app.add_typer(bench_app, name="bench")
app.add_typer(synth_app, name="synth")

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
