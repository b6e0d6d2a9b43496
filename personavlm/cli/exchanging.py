"""``import`` and ``export``: bringing conversations or users in, and taking users out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from personavlm.cli.options import (
    DEFAULT_HOME,
    EMBEDDED,
    Home,
    Json,
    ModelOption,
    User,
    assemble,
    load,
    load_kit,
    open_user,
)
from personavlm.terminal import Output, parse_zone

import_app = typer.Typer(no_args_is_help=True, help="Bring conversations or users in.")
export_app = typer.Typer(no_args_is_help=True, help="Take users out.")


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
