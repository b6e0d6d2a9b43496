"""A home: the folder of users, each in a folder named by a hash, so that names never become paths."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

from personavlm.errors import BadInput

DATABASE = "memory.sqlite"


def user_folder(home: Path, user: str) -> Path:
    """Return a user's folder. Names never become paths: the folder is named by a hash of the name.

    Raises ``BadInput`` for a name that is empty, too long or not printable.
    """
    name = user.strip()
    if not name or len(name) > 200 or not name.isprintable():
        raise BadInput(f"{user[:40]!r} cannot be a user's name.", "use 1 to 200 printable characters.")
    return home / "users" / hashlib.sha256(name.encode()).hexdigest()[:20]


def users(home: Path) -> list[str]:
    """Return the names of all users in a home, sorted; a damaged store is skipped here and reported when opened."""
    found: list[str] = []
    for path in sorted((home / "users").glob(f"[!.]*/{DATABASE}")):  # a dot: being unpacked, or being erased
        try:
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
                row = db.execute("SELECT value FROM meta WHERE key = 'user'").fetchone()
            db.close()
        except sqlite3.DatabaseError:
            continue
        found += [row[0]] if row else []
    return sorted(found)
