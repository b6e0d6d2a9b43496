"""Replay: conversations whose replies are given go through the assistant, which remembers them turn by turn.

    Imported(dialogues) ──turn by turn, update stage after each──> one user per dialogue

It can be stopped at any moment and started again: turns that are stored already are compared, not stored twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from personavlm.assistant import Assistant, create_user
from personavlm.datasets.dialogue import Caption, Dialogue, GivenTurn, Imported
from personavlm.datasets.files import Skipped
from personavlm.errors import BadInput, BadPicture
from personavlm.exchange import Adopted
from personavlm.pictures import image, open_picture
from personavlm.store import Store, users
from personavlm.trace import Picture, valid

Progress = Callable[[str, int, int], None]
"""Told after each turn: the user, turns done, turns in all."""
Open = Callable[[Store], Assistant]


@dataclass(frozen=True, slots=True)
class ReplayedUser:
    """One user after a replay."""

    user: str
    turns: int
    sessions: int


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did, what it left out and why, and how many values of the file it repaired."""

    users: tuple[ReplayedUser, ...]
    skipped: tuple[Skipped, ...]
    repaired: int


def replay(
    home: Path, imported: Imported, open_assistant: Open, progress: Progress = lambda _user, _done, _all: None
) -> Report:
    """Replay every dialogue into its user, creating those that are new; the last session of each is closed.

    Raises ``BadInput`` if a user of that name holds other turns.
    """
    done: list[ReplayedUser] = []
    skipped = list(imported.skipped)
    for dialogue in imported.dialogues:
        with _opened(home, dialogue) as store:
            skipped += _replay_one(open_assistant(store), dialogue, progress)
            done.append(ReplayedUser(dialogue.user, *store.counts()))
    return Report(tuple(done), tuple(skipped), imported.repaired)


def _opened(home: Path, dialogue: Dialogue) -> Store:
    if dialogue.user in users(home):
        return Store.open(home, dialogue.user)
    if not dialogue.turns:
        raise BadInput(f"The conversation of {dialogue.user} has no turns.", "check the file.")
    names = {"name": spoken_name(dialogue.user)}
    return create_user(home, dialogue.user, dialogue.turns[0].time, names, {"name": dialogue.assistant})


def spoken_name(user: str) -> str:
    """Return the name in a user's id: the last part of "conv-26-Caroline", else the whole."""
    last = user.rsplit("-", 1)[-1].strip()
    return last if last.isalpha() else user


def _replay_one(assistant: Assistant, dialogue: Dialogue, progress: Progress) -> list[Skipped]:
    skipped: list[Skipped] = []
    stored = _check_stored(assistant.store, dialogue)
    assistant.flush()
    for number, turn in enumerate(dialogue.turns[stored:], start=stored + 1):
        pictures = list(_pictures(turn, skipped))
        # A turn of which nothing can be shown still happened: its words are kept even if its pictures are not.
        assistant.given(turn.time, turn.text or "(a picture)", turn.reply, pictures)
        assistant.flush()
        progress(dialogue.user, number, len(dialogue.turns))
    assistant.tick(dialogue.turns[-1].time + assistant.config.gap)
    return skipped


def _check_stored(store: Store, dialogue: Dialogue) -> int:
    traces = store.traces()
    for trace, turn in zip(traces, dialogue.turns, strict=False):
        if trace.turn.time != turn.time or trace.turn.text != valid(turn.text or "(a picture)"):
            raise BadInput(
                f"{store.user} has other turns than the file ({trace.turn.id} differs).",
                "import into another home, or remove that user first.",
            )
    return len(traces)


def _pictures(turn: GivenTurn, skipped: list[Skipped]) -> Iterable[Path | Picture]:
    for picture in turn.pictures:
        if isinstance(picture, Caption):
            yield Picture("", caption=picture.text)
            continue
        try:
            open_picture(picture)
        except BadPicture as error:
            skipped.append(Skipped(turn.source or str(turn.time), str(error)))
        else:
            yield picture


def adopt(home: Path, adopted: Adopted) -> Store:
    """Create a user from another system's memory as it is, nothing derived anew, and return the open store."""
    if adopted.user in users(home):
        raise BadInput(f"There is a user {adopted.user!r} already.", "give another name with --user.")
    with Store.founding(home, adopted.user) as store:
        for data in adopted.pictures.values():
            opened = image(data)
            kind = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
            store.keep_picture(data, kind, opened.width, opened.height)
        store.adopt(adopted.traces, adopted.edits)
    return Store.open(home, adopted.user)
