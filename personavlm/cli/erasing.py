"""``erase``: forget something for good. Shows what goes; with ``--yes`` it goes, and the report says what was found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from personavlm.cli.options import DEFAULT_HOME, EMBEDDED, Home, Json, ModelOption, User, open_assistant, open_user
from personavlm.errors import BadInput
from personavlm.terminal import Output, parse_time

if TYPE_CHECKING:
    from personavlm.erasure import Preview, Report, What


def erase(
    user: User,
    home: Home = DEFAULT_HOME,
    turn: Annotated[list[str] | None, typer.Option("--turn", help="A turn by id; may be repeated.")] = None,
    memory: Annotated[str | None, typer.Option("--memory", help="A memory by id, with the turns that say it.")] = None,
    picture: Annotated[str | None, typer.Option("--picture", help="A picture by its digest.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="With --to: all of a period, both ends included.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="End of the period.")] = None,
    about: Annotated[str | None, typer.Option("--about", help="Every turn that names this person or thing.")] = None,
    everything: Annotated[bool, typer.Option("--everything", help="The user altogether.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Erase; without it, only what would go is shown.")] = False,
    report: Annotated[Path | None, typer.Option("--report", help="Also write the report to this file.")] = None,
    model: ModelOption = EMBEDDED,
    as_json: Json = False,
) -> None:
    """Erase a turn, memory, picture, period, everything about somebody, or a user, with all that rests on it."""
    from personavlm.erasure import Turns, erase_user, preview
    from personavlm.erasure import erase as erase_from
    from personavlm.trace import plain

    whats = _whats(turn, memory, picture, (start, end), about)
    if len(whats) + everything != 1:
        raise BadInput(
            "Say one thing to erase.", "give --turn, --memory, --picture, --from and --to, --about, or --everything."
        )
    if not yes:
        with open_user(home, user) as store:
            what = whats[0] if whats else Turns(tuple(trace.turn.id for trace in store.traces()))
        shown = preview(home, user, what)
        Output(as_json).show({"preview": preview_object(shown)}, lambda: _preview_text(shown))
        return
    done = erase_user(home, user) if everything else erase_from(home, user, whats[0])
    if done.again:
        with open_user(home, user) as store:
            open_assistant(store, model, None).flush()
    if report is not None:
        report.write_text(json.dumps(plain(done), indent=1), encoding="utf-8")
    Output(as_json).show({"report": plain(done)}, lambda: _report_text(done))
    if done.residue:
        raise typer.Exit(1)


def _whats(
    turns: list[str] | None,
    memory: str | None,
    picture: str | None,
    period: tuple[str | None, str | None],
    name: str | None,
) -> list[What]:
    from personavlm.erasure import Mentioned, Period, Remembered, Shown, Turns

    whats: list[What] = [Turns(tuple(turns))] if turns else []
    whats += [Remembered(memory)] if memory else []
    whats += [Shown(picture)] if picture else []
    whats += [Mentioned(name)] if name else []
    start, end = period
    if start or end:
        if not (start and end):
            raise BadInput("A period has two ends.", "give both --from and --to.")
        whats.append(Period(parse_time(start), parse_time(end)))
    return whats


def preview_object(shown: Preview) -> dict[str, Any]:
    """Return a preview as the JSON of the command line."""
    return {
        "user": shown.user,
        "turns": [{"id": turn.id, "time": turn.time.isoformat(), "text": turn.text} for turn in shown.turns],
        "replies": list(shown.replies),
        "memories": [{"id": memory.id, "type": memory.type, "text": memory.text} for memory in shown.memories],
        "edits": shown.edits,
        "pictures": list(shown.pictures),
        "learnt_again": list(shown.again),
        "profile": {trait: [score, dict(shown.profile_after)[trait]] for trait, score in shown.profile},
        "still_said": list(shown.still_said),
        "forks": list(shown.forks),
    }


def _preview_text(shown: Preview) -> str:
    lines = [f"{len(shown.turns)} turns go:"]
    lines += [f"  {turn.id} {turn.time.isoformat()} {turn.text[:80]}" for turn in shown.turns]
    lines += [f"{len(shown.memories)} memories go:"]
    lines += [f"  {memory.id} {memory.text[:80]}" for memory in shown.memories]
    lines.append(f"{len(shown.replies)} replies rest on it and go: {', '.join(shown.replies) or 'none'}")
    lines.append(f"{len(shown.pictures)} pictures and cut-outs go; learnt again: {', '.join(shown.again) or 'nothing'}")
    after = dict(shown.profile_after)
    moved = [f"{t} {score:.2f} to {after[t]:.2f}" for t, score in shown.profile if abs(score - after[t]) >= 0.005]
    lines.append(f"profile: {', '.join(moved) or 'stays'}")
    if shown.still_said:
        lines.append(f"said elsewhere too, and stays: {', '.join(shown.still_said)}")
    if shown.forks:
        lines.append(f"goes from forks as well: {', '.join(shown.forks)}")
    return "\n".join([*lines, "Nothing was erased: give --yes."])


def _report_text(done: Report) -> str:
    return (
        f"Erased {done.turns} turns, {done.memories} memories, {done.replies} replies, {done.pictures} pictures.\n"
        f"Looked for {done.probes} stretches, pictures and vectors in {len(done.files)} files: {len(done.found)} found."
    )
