"""The ledger's rows: how traces and edits are appended to a user's database, chained by digest, and read back.

    seq kind  turn session time … record            digest
    7   trace t4   2       …      {"steps": …}      sha256(digest of the trace before + record)

Traces and edits are two chains of one table; in each, times never fall. ``store`` holds the transactions round these.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from personavlm.memory import Edit
from personavlm.schema import LATEST, migrate
from personavlm.trace import Call, Trace, canonical, revive

BACKUP = ".schema-"
"""How the name of a copy goes on that was made before a migration; the older schema's number follows."""
DURABILITY = "FULL"
"""What a commit waits for: its bytes are on the disk."""


@dataclass(frozen=True, slots=True)
class Job:
    """One queued piece of the update stage: a finished turn, or a session whose gap has passed."""

    id: int
    kind: Literal["turn", "session"]
    subject: str
    """Id of the turn or session."""
    status: Literal["queued", "done", "failed"]
    note: str = ""
    again: bool = False
    """Whether it runs once more, after an erasure: its edits go to their place in the past."""


@dataclass(frozen=True, slots=True)
class Held:
    """An edit that is held back, and why."""

    id: int
    turn: str
    reason: str
    edit: Edit


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the ledger. ``turn`` is the turn itself, or an edit's last evidence turn ("" before the first)."""

    turn: str
    session: int
    job: int | None
    """The job that made an edit; None for a trace, and for what was imported or made by hand."""
    value: Trace | Edit

    @property
    def time(self) -> datetime:
        """When it happened."""
        return self.value.turn.time if isinstance(self.value, Trace) else self.value.time


@dataclass(frozen=True, slots=True)
class Rewriting:
    """A ledger as it is to be from now on, and what goes with it. Made by ``erasure``, carried out by ``rewrite``."""

    rows: tuple[Row, ...]
    turns: frozenset[str] = frozenset()
    """Turns that are gone: their jobs, calls and uses of pictures go too."""
    sessions: frozenset[str] = frozenset()
    """Sessions without a turn left."""
    again: frozenset[tuple[str, str]] = frozenset()
    """(kind, subject) of jobs whose work is to be done once more."""
    notes: tuple[int, ...] = ()
    """Jobs whose note goes."""
    calls: tuple[tuple[int, Call], ...] = ()
    """Calls that are written anew, by their number."""
    held: frozenset[int] = frozenset()
    """Edits in quarantine that go, by their number."""
    pictures: frozenset[str] = frozenset()
    """Digests of pictures and cut-outs that go."""
    vectors: frozenset[str] = frozenset()
    """Content hashes of the cached vectors that stay; all others go."""


def connect(path: Path, user: str) -> sqlite3.Connection:
    """Open a user's database, durable and at the latest schema. Raises ``StoreError`` if it is newer."""
    db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA secure_delete = ON")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA synchronous = {DURABILITY}")
        db.execute("PRAGMA foreign_keys = ON")
        _keep_before_migrating(db, path)
        migrate(db, str(path))
        db.execute("INSERT OR IGNORE INTO meta VALUES ('user', ?)", (user.strip(),))
    except BaseException:
        db.close()
        raise
    return db


def _keep_before_migrating(db: sqlite3.Connection, path: Path) -> None:
    """Copy a database of an older schema beside itself; an erasure takes such copies along."""
    version = db.execute("PRAGMA user_version").fetchone()[0]
    backup = path.with_name(f"{path.name}{BACKUP}{version}")
    if 0 < version < LATEST and not backup.exists():
        draft = backup.with_suffix(".part")
        with closing(sqlite3.connect(draft)) as copy:
            db.backup(copy)
        draft.replace(backup)


def edit_of(record: str) -> Edit:
    """Return the edit that a row's record spells."""
    edit: Edit = revive(Edit, record)  # type: ignore[arg-type]
    return edit


def enqueue(db: sqlite3.Connection, kind: str, subject: str) -> bool:
    """Queue a job unless it is there already; return whether it was new."""
    return db.execute("INSERT OR IGNORE INTO jobs (kind, subject) VALUES (?, ?)", (kind, subject)).rowcount == 1


def write(
    db: sqlite3.Connection, kind: str, turn: str, session: int, time: datetime, value: Any, job: int | None
) -> None:
    """Append a row to a chain (``trace`` or ``edit``)."""
    record = canonical(value)
    db.execute(
        "INSERT INTO ledger (kind, turn, session, time, epoch, job, record, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            kind,
            turn,
            session,
            time.isoformat(),
            time.timestamp(),
            job,
            record,
            chained(record, last_digest(db, kind)),
        ),
    )


def rows(db: sqlite3.Connection) -> list[Row]:
    """Return the whole ledger in order."""
    found = db.execute("SELECT kind, turn, session, job, record FROM ledger ORDER BY seq")
    return [
        Row(turn, session, job, revive(Trace, record) if kind == "trace" else edit_of(record))
        for kind, turn, session, job, record in found
    ]


def crops_of(rows: Iterable[Row]) -> frozenset[str]:
    """Return the digests of all cut-outs that memories hold."""
    memories = (getattr(row.value, "memory", None) for row in rows)
    return frozenset(crop.digest for memory in memories if memory is not None for crop in memory.crops)


def pictures_of(rows: Sequence[Row]) -> frozenset[str]:
    """Return the digests of the pictures that turns show, and of the cut-outs that memories hold."""
    turns = (row.value.turn for row in rows if isinstance(row.value, Trace))
    return frozenset(picture.digest for turn in turns for picture in turn.pictures) | crops_of(rows)


def replace_rows(db: sqlite3.Connection, new: Iterable[Row]) -> None:
    """Put a ledger in the place of the one there is, every digest derived anew."""
    db.execute("DELETE FROM ledger")
    parents = {"trace": "", "edit": ""}
    for row in new:
        kind, record = ("trace" if isinstance(row.value, Trace) else "edit"), canonical(row.value)
        parents[kind] = chained(record, parents[kind])
        db.execute(
            "INSERT INTO ledger (kind, turn, session, time, epoch, job, record, digest) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                kind,
                row.turn,
                row.session,
                row.time.isoformat(),
                row.time.timestamp(),
                row.job,
                record,
                parents[kind],
            ),
        )


def rewrite(db: sqlite3.Connection, new: Rewriting) -> None:
    """Carry out an erasure, which rewrites the ledger, and mark the disk as still to be scrubbed."""
    gone = [("turn", turn) for turn in new.turns] + [("session", session) for session in new.sessions]
    found = (db.execute("SELECT id FROM jobs WHERE kind = ? AND subject = ?", one).fetchone() for one in gone)
    dead = {row[0] for row in found if row}
    db.executemany("DELETE FROM calls WHERE job = ?", [(job,) for job in dead])
    replace_rows(db, (replace(row, job=None) if row.job in dead else row for row in new.rows))
    for turn in new.turns:
        db.execute("DELETE FROM calls WHERE turn = ? AND job IS NULL", (turn,))
    # A session's calls stand under its last turn; where that is gone, under the last one left.
    db.execute(
        "UPDATE calls SET turn = coalesce((SELECT turn FROM ledger WHERE kind = 'trace' AND session = "
        "(SELECT CAST(substr(subject, 2) AS INTEGER) FROM jobs WHERE id = calls.job) ORDER BY seq DESC LIMIT 1), '') "
        "WHERE job IN (SELECT id FROM jobs WHERE kind = 'session')"
    )
    db.executemany("DELETE FROM jobs WHERE id = ?", [(job,) for job in dead])
    db.executemany(
        "UPDATE jobs SET status = 'queued', note = '', again = 1 WHERE kind = ? AND subject = ? AND status != 'queued'",
        sorted(new.again),
    )
    db.executemany("DELETE FROM quarantine WHERE id = ?", [(number,) for number in new.held])
    db.executemany("UPDATE jobs SET note = '' WHERE id = ?", [(job,) for job in new.notes])
    db.executemany("UPDATE calls SET record = ? WHERE id = ?", [(canonical(call), id) for id, call in new.calls])
    used = {(p.digest, r.turn) for r in new.rows if isinstance(r.value, Trace) for p in r.value.turn.pictures}
    db.execute("DELETE FROM picture_uses")
    db.executemany("INSERT INTO picture_uses VALUES (?, ?)", sorted(use for use in used if use[0]))
    db.executemany("DELETE FROM pictures WHERE digest = ?", [(digest,) for digest in new.pictures])
    cached = [row[0] for row in db.execute("SELECT DISTINCT content FROM vectors")]
    db.executemany("DELETE FROM vectors WHERE content = ?", [(c,) for c in cached if c not in new.vectors])
    db.execute("INSERT OR REPLACE INTO meta VALUES ('unscrubbed', '1')")
    next_generation(db)


def generation(db: sqlite3.Connection) -> int:
    """Return how often this ledger was rewritten: what was derived from an earlier one is void."""
    row = db.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()
    return int(row[0]) if row else 0


def next_generation(db: sqlite3.Connection) -> None:
    """Say that the ledger was rewritten."""
    db.execute("INSERT OR REPLACE INTO meta VALUES ('generation', ?)", (str(generation(db) + 1),))


def unscrubbed(db: sqlite3.Connection) -> bool:
    """Return whether an erasure has still to be finished on disk."""
    return db.execute("SELECT 1 FROM meta WHERE key = 'unscrubbed'").fetchone() is not None


def scrub(db: sqlite3.Connection) -> bool:
    """Leave no byte of what was deleted in the database or its WAL; return whether that was possible.

    It is not while another program reads or writes: then it is done when the store is opened next.
    """
    db.execute("PRAGMA temp_store = MEMORY")
    if db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        return False
    try:
        db.execute("VACUUM")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            return False
        raise
    db.execute("DELETE FROM meta WHERE key = 'unscrubbed'")
    return not db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]


def last_digest(db: sqlite3.Connection, kind: str) -> str:
    """Return the digest of a chain's last row; empty for an empty chain."""
    row = db.execute("SELECT digest FROM ledger WHERE kind = ? ORDER BY seq DESC LIMIT 1", (kind,)).fetchone()
    return row[0] if row else ""


def last_seq(db: sqlite3.Connection) -> int:
    """Return the position of the last edit, 0 if there is none."""
    row = db.execute("SELECT seq FROM ledger WHERE kind = 'edit' ORDER BY seq DESC LIMIT 1").fetchone()
    return row[0] if row else 0


def chained(record: str, parent: str) -> str:
    """Return a row's digest: sha256 over its predecessor's and its record."""
    return hashlib.sha256((parent + record).encode()).hexdigest()


def broken(db: sqlite3.Connection) -> Iterator[str]:
    """Yield what is wrong with a database: damage SQLite finds, and rows that do not match their digest."""
    yield from (f"database: {row[0]}" for row in db.execute("PRAGMA integrity_check") if row[0] != "ok")
    for kind in ("trace", "edit"):
        parent = ""
        rows = db.execute("SELECT seq, record, digest FROM ledger WHERE kind = ? ORDER BY seq", (kind,))
        for seq, record, stored in rows:
            if chained(record, parent) != stored:
                yield f"{kind} {seq}: its record does not match its digest"
            parent = stored
