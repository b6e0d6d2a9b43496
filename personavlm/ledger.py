"""The ledger's rows: how traces and edits are appended to a user's database, chained by digest, and read back.

    seq kind  turn session time … record            digest
    7   trace t4   2       …      {"steps": …}      sha256(digest of the trace before + record)

Traces and edits are two chains of one table; in each, times never fall. ``store`` holds the transactions round these.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from personavlm.memory import Edit
from personavlm.schema import migrate
from personavlm.trace import canonical, revive

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


def connect(path: Path, user: str) -> sqlite3.Connection:
    """Open a user's database, durable and at the latest schema. Raises ``StoreError`` if it is newer."""
    db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA secure_delete = ON")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA synchronous = {DURABILITY}")
        db.execute("PRAGMA foreign_keys = ON")
        migrate(db, str(path))
        db.execute("INSERT OR IGNORE INTO meta VALUES ('user', ?)", (user.strip(),))
    except BaseException:
        db.close()
        raise
    return db


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
