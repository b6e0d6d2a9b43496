"""A workload that can be cut off anywhere: it chats, learns, forks, exports, imports, migrates and erases.

Each step looks at what is there and goes on from it, as a program does that is started again. ``told`` is called with a
turn's number once the turn is acknowledged.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

from PIL import Image

from personavlm.archive import pack, unpack
from personavlm.assistant import Assistant, Kit, create_user
from personavlm.erasure import Turns, erase, erase_user
from personavlm.models import Model
from personavlm.schema import M001_INITIAL
from personavlm.store import DATABASE, Store, state_digest, user_folder, users

START = datetime(2025, 3, 3, 9, tzinfo=UTC)
TEXTS = (
    "My sister Ottilie plays the cello in Porto.",
    "I keep four hives of bees behind the house.",
    "Look at my kite.",
    "The lectures on glaciers were dull today.",
    "I want to learn how to bake rye bread.",
    "Anselm called about the boat again.",
    "My kite tore in the storm.",
    "Where does Ottilie play?",
)
GAPS = (0, 4, 8, 90, 94, 200, 205, 400)
"""Minutes from the start: four sessions."""


def run(home: Path, model: Model, kit: Kit, told: Callable[[int], None] = lambda _: None) -> None:
    """Do what is left of the workload."""
    _migrate(home)
    if not (home / "erased").exists():
        _talk(home, model, kit, told)
        _copies(home)
        (home / "erased").touch()
    _erase(home, model, kit)


def old_user(home: Path) -> None:
    """Lay down a user as the first schema wrote them."""
    folder = user_folder(home, "Elder")
    (folder / "pictures").mkdir(parents=True)
    db = sqlite3.connect(folder / DATABASE)
    db.executescript(M001_INITIAL + "PRAGMA user_version = 1;")
    db.execute("INSERT INTO meta VALUES ('user', 'Elder')")
    db.commit()
    db.close()


def _migrate(home: Path) -> None:
    with Store.open(home, "Elder") as store:
        store.counts()


def _talk(home: Path, model: Model, kit: Kit, told: Callable[[int], None]) -> None:
    known = "Dana" in users(home)
    with Store.open(home, "Dana") if known else create_user(home, "Dana", START) as store:
        assistant = Assistant(store, model, kit=kit)
        for number in range(store.counts()[0], len(TEXTS)):
            if number % 3 == 0:  # before, so that a run that was cut off knows as much when it replies
                assistant.flush()
            time = START + timedelta(minutes=GAPS[number])
            pictures = [_picture()] if "kite" in TEXTS[number] else []
            assistant.say(time, TEXTS[number], pictures)
            told(number + 1)
        assistant.tick(START + timedelta(minutes=GAPS[-1] + 60))


def _picture() -> bytes:
    out = BytesIO()
    Image.new("RGB", (40, 40), "red").save(out, "PNG")
    return out.getvalue()


def _copies(home: Path) -> None:
    archive = home / "dana.zip"
    with Store.open(home, "Dana") as store:
        if "Fork" not in users(home):
            store.fork(home, "Fork", START + timedelta(minutes=95)).close()
        if not archive.exists():
            pack(store, archive)
    if "Guest" not in users(home) and not (home / "left").exists():
        unpack(archive, home, "Guest").close()
    (home / "left").touch()


def _erase(home: Path, model: Model, kit: Kit) -> None:
    with Store.open(home, "Dana") as store:
        there = {trace.turn.id for trace in store.traces()}
    if "t1" in there:
        erase(home, "Dana", Turns(("t1",)))
    with Store.open(home, "Fork") as store:  # an erasure that was cut off between users is asked for again
        there = {trace.turn.id for trace in store.traces()}
    if "t1" in there:
        erase(home, "Fork", Turns(("t1",)))
    for user in ("Dana", "Fork"):
        with Store.open(home, user) as store:
            Assistant(store, model, kit=kit).flush()
    if "Guest" in users(home):
        erase_user(home, "Guest")


def outcome(home: Path) -> dict[str, object]:
    """Return what all users came to: equal outcomes are equal to the byte of every record."""
    found: dict[str, object] = {}
    for user in users(home):
        with Store.open(home, user) as store:
            wrong = store.verify()
            jobs = [(job.kind, job.subject, job.status) for job in store.jobs()]
            pictures = sorted(path.name for path in (store.folder / "pictures").iterdir())
            found[user] = [store.head(), state_digest(store.state()), jobs, pictures, wrong]
    return found | {"leftovers": sorted(path.name for path in (home / "users").glob(".erasing-*"))}
