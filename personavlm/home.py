"""A home: the folder of users, each in a folder named by a hash, so that names never become paths."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from personavlm.errors import BadInput

DATABASE = "memory.sqlite"


def user_folder(home: Path, user: str) -> Path:
    """Return a user's folder. Names never become paths: the folder is named by a hash of the name.

    Raises ``BadInput`` for a name that is empty, too long or not printable.
    """
    name = unicodedata.normalize("NFC", user.strip())  # one name, however its accents are spelled
    if not name or len(name) > 200 or not name.isprintable():
        raise BadInput(f"{user[:40]!r} cannot be a user's name.", "use 1 to 200 printable characters.")
    return home / "users" / hashlib.sha256(name.encode()).hexdigest()[:20]


@contextmanager
def founding(home: Path, user: str) -> Iterator[Path]:
    """Yield a folder to fill. When the block ends it is the user's: a kill at any moment leaves a whole user or none.

    Raises ``BadInput`` if the user exists.
    """
    folder = user_folder(home, user)
    draft = folder.with_name(f".new-{folder.name}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        if folder.exists():
            raise BadInput(f"There is a user {user!r} already.", "choose another name, or remove that user first.")
        shutil.rmtree(draft, ignore_errors=True)  # of an attempt that was cut off
        draft.mkdir()
        try:
            yield draft
            draft.rename(folder)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise


def remove_user(home: Path, user: str) -> None:
    """Delete a user's folder. In one step nobody can open it any more; a removal that is cut off is finished later."""
    folder = user_folder(home, user)
    folder.rename(folder.with_name(f".erasing-{folder.name}"))
    finish_removals(home)


def finish_removals(home: Path) -> None:
    """Delete what is left of removed users."""
    for folder in (home / "users").glob(".erasing-*"):
        shutil.rmtree(folder, ignore_errors=True)


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
