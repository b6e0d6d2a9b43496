"""Disk and database failures as errors people can act on, and writes that are whole or not there."""

from __future__ import annotations

import errno
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from personavlm.errors import StoreError


@contextmanager
def guarded(where: Path) -> Iterator[None]:
    """Turn disk and SQLite failures inside the block into ``StoreError`` with a remedy; nothing stored is lost."""
    try:
        yield
    except sqlite3.Error as error:
        raise _database_error(where, error) from error
    except OSError as error:
        raise _disk_error(where, error) from error


_RESTORE = "restore the user from an archive (`personavlm import archive FILE`); the file was not changed."


def _database_error(where: Path, error: sqlite3.Error) -> StoreError:
    text = str(error)
    remedies = {
        "locked": "another program is writing to this user; close it or try again in a moment.",
        "full": "the disk is full: free some space and try again; the last complete turn is safe.",
        "readonly": "make the folder writable, or choose another home with --home.",
        "unable to open": "check that the folder exists and is writable, or choose another home with --home.",
        "not a database": _RESTORE,
        "malformed": _RESTORE,
    }
    remedy = next((r for key, r in remedies.items() if key in text), "check the disk, then restore from an archive.")
    return StoreError(f"The store in {where} failed: {text}.", remedy)


def _disk_error(where: Path, error: OSError) -> StoreError:
    remedy = {
        errno.ENOSPC: "the disk is full: free some space and try again; the last complete turn is safe.",
        errno.EACCES: "make the folder writable, or choose another home with --home.",
        errno.EROFS: "the disk is read-only: choose another home with --home.",
        errno.EPERM: "make the folder writable, or choose another home with --home.",
    }.get(error.errno or 0, "check the path and the disk, or choose another home with --home.")
    return StoreError(f"Cannot use {error.filename or where}: {error.strerror or error}.", remedy)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file whole: it appears complete, on disk, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
