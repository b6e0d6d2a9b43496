"""The database of one user: its tables, and the numbered migrations that lead to them.

``PRAGMA user_version`` holds the number of the last migration applied. A new one is appended to ``MIGRATIONS``, never
edited in: stores of every age must open.

The ledger is append-only and holds two chains, traces and edits. Within each, times never fall and every row's digest
covers its predecessor's, so a store forked at a moment shares a prefix of both.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from personavlm.errors import StoreError

M001_INITIAL = """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE jobs (
        id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL CHECK (kind IN ('turn', 'session')),
        subject TEXT NOT NULL,               -- turn id or session id
        status TEXT NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'done', 'failed')),
        note TEXT NOT NULL DEFAULT '',       -- what was Malformed, or why it failed
        UNIQUE (kind, subject)
    );
    CREATE INDEX jobs_queued ON jobs (id) WHERE status = 'queued';
    CREATE TABLE ledger (
        seq INTEGER PRIMARY KEY,
        kind TEXT NOT NULL CHECK (kind IN ('trace', 'edit')),
        turn TEXT NOT NULL,                  -- the turn itself, or an edit's last evidence turn
        session INTEGER NOT NULL,
        time TEXT NOT NULL,                  -- ISO 8601 with offset
        epoch REAL NOT NULL,                 -- the same moment in seconds
        job INTEGER REFERENCES jobs (id),    -- the job that made an edit; NULL if it was made by hand
        record TEXT NOT NULL,                -- canonical JSON
        digest TEXT NOT NULL                 -- sha256 over the predecessor's digest and the record
    );
    CREATE INDEX ledger_chain ON ledger (kind, seq);
    CREATE INDEX ledger_time ON ledger (kind, epoch);
    CREATE INDEX ledger_turn ON ledger (turn, kind);
    CREATE INDEX ledger_session ON ledger (kind, session);
    CREATE TABLE calls (
        id INTEGER PRIMARY KEY,
        turn TEXT NOT NULL,
        job INTEGER REFERENCES jobs (id),    -- NULL for calls of the response stage
        record TEXT NOT NULL
    );
    CREATE INDEX calls_turn ON calls (turn);
    CREATE TABLE pictures (
        digest TEXT PRIMARY KEY,
        media_type TEXT NOT NULL,
        width INTEGER NOT NULL,
        height INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE picture_uses (
        digest TEXT NOT NULL REFERENCES pictures (digest),
        turn TEXT NOT NULL,
        PRIMARY KEY (digest, turn)
    ) WITHOUT ROWID;
    CREATE TABLE vectors (                   -- a cache: may be dropped at any time
        encoder TEXT NOT NULL,
        content TEXT NOT NULL,               -- sha256 of what was encoded
        vector BLOB NOT NULL,                -- float32
        PRIMARY KEY (encoder, content)
    ) WITHOUT ROWID;
"""
"""Ledger, jobs, calls, pictures, vectors."""

M002_VECTORS_BY_ROW = """
    ALTER TABLE vectors RENAME TO vectors_before;
    CREATE TABLE vectors (                   -- a cache: may be dropped at any time
        encoder TEXT NOT NULL,
        content TEXT NOT NULL,               -- sha256 of what was encoded
        vector BLOB NOT NULL,                -- float32
        PRIMARY KEY (encoder, content)
    );
    INSERT INTO vectors SELECT encoder, content, vector FROM vectors_before;
    DROP TABLE vectors_before;
"""
"""Vectors in an ordinary table: without row ids, each took a page of its own beside the tree's."""

M003_LEARNT_AGAIN = """
    ALTER TABLE jobs ADD COLUMN again INTEGER NOT NULL DEFAULT 0;  -- 1: its edits go to their place in the past
"""
"""Jobs that run once more, after an erasure took away what they had learnt."""

M004_QUARANTINE = """
    CREATE TABLE quarantine (
        id INTEGER PRIMARY KEY,
        turn TEXT NOT NULL,                  -- last evidence turn of the edit
        reason TEXT NOT NULL,
        record TEXT NOT NULL                 -- canonical JSON of the edit
    );
"""
"""Edits that are held back until somebody has looked at them."""

MIGRATIONS = (M001_INITIAL, M002_VECTORS_BY_ROW, M003_LEARNT_AGAIN, M004_QUARANTINE)
LATEST = len(MIGRATIONS)


def migrate(db: sqlite3.Connection, where: str) -> None:
    """Bring a database to the latest schema, one migration per transaction. Raises ``StoreError`` if it is newer."""
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > LATEST:
        raise StoreError(
            f"{where} was written by a newer personavlm (schema {version}, this one knows {LATEST}).",
            "upgrade personavlm; nothing was changed.",
        )
    for number, migration in enumerate(MIGRATIONS[version:], start=version + 1):
        db.execute("BEGIN IMMEDIATE")
        if db.execute("PRAGMA user_version").fetchone()[0] < number:  # else another process has just done it
            for statement in _statements(migration):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {number}")
        db.execute("COMMIT")


def _statements(script: str) -> Iterator[str]:
    """Cut a script into statements; ``executescript`` would end the transaction it runs in."""
    begun = ""
    for line in script.splitlines(keepends=True):
        begun += line
        if sqlite3.complete_statement(begun):
            yield begun
            begun = ""
