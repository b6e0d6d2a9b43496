"""Archives: one user in one file, with checksums, in and out.

    dana.zip
    ├── manifest.json        format, user, counts, sha256 of every member
    ├── memory.sqlite        a compact copy of the database, vectors left out (a cache)
    └── pictures/<sha256>

An archive is checked whole before anything is written; a user is never half there.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import tempfile
import zipfile
import zlib
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from personavlm.errors import BadInput
from personavlm.files import guarded
from personavlm.home import DATABASE, founding, users
from personavlm.store import Store

FORMAT = "personavlm-user-1"
MAX_BYTES = 8 * 2**30
"""Largest archive that is unpacked (bytes, unpacked): a guard against zip bombs."""
_UNREADABLE = (KeyError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)
# What zipfile raises on bytes that are not what the directory says; RuntimeError: encrypted, or unknown compression.


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds. ``files`` maps each member's name to its sha256."""

    format: str
    user: str
    turns: int
    sessions: int
    files: dict[str, str]


def pack(store: Store, target: Path) -> Manifest:
    """Write a user's archive and return its manifest. Raises ``BadInput`` if the file exists already."""
    if target.exists():
        raise BadInput(f"{target} exists already.", "choose another name, or remove it first.")
    with guarded(target), tempfile.TemporaryDirectory(dir=target.parent) as folder:
        database = Path(folder) / DATABASE
        store.copy_database(database)
        members = {DATABASE: database}
        members |= {f"pictures/{p.name}": p for p in sorted((store.folder / "pictures").iterdir()) if len(p.name) == 64}
        turns, sessions = store.counts()
        manifest = Manifest(FORMAT, store.user, turns, sessions, {name: _sha256(p) for name, p in members.items()})
        draft = Path(folder) / "archive.zip"
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("manifest.json", TypeAdapter(Manifest).dump_json(manifest, indent=1))
            for name, path in members.items():
                archive.write(path, name)
        shutil.move(draft, target)
    return manifest


def unpack(source: Path, home: Path, user: str | None = None) -> Store:
    """Create a user from an archive and return the open store; ``user`` gives them another name.

    Raises ``BadInput`` for a file that is no archive of ours, is damaged, or whose user exists already.
    """
    manifest = read_manifest(source)
    name = user or manifest.user
    if name.strip() in users(home):
        raise BadInput(f"There is a user {name!r} already.", "give another name with --as, or remove that user first.")
    with guarded(home), founding(home, name) as folder:
        _extract(source, manifest, folder)
        _rename(folder / DATABASE, name)
        (folder / "pictures").mkdir(exist_ok=True)
    return Store.open(home, name)


def read_manifest(source: Path) -> Manifest:
    """Return an archive's manifest. Raises ``BadInput`` naming what is wrong with the file."""
    try:
        with zipfile.ZipFile(source) as archive:
            manifest = TypeAdapter(Manifest).validate_json(archive.read("manifest.json"))
            size = sum(info.file_size for info in archive.infolist())
    except FileNotFoundError:
        raise BadInput(f"There is no file {source}.", "check the path.") from None
    except (*_UNREADABLE, ValidationError, json.JSONDecodeError, OSError) as error:
        raise _not_ours(source, error) from error
    if manifest.format != FORMAT or size > MAX_BYTES:
        raise _not_ours(source, ValueError(f"format {manifest.format!r}, {size:,} bytes"))
    return manifest


def _extract(source: Path, manifest: Manifest, folder: Path) -> None:
    with zipfile.ZipFile(source) as archive:
        for name, wanted in manifest.files.items():
            if name != DATABASE and not (name.startswith("pictures/") and name.removeprefix("pictures/").isalnum()):
                raise _not_ours(source, ValueError(f"unexpected member {name!r}"))
            try:
                data = archive.read(name)
            except _UNREADABLE as error:
                raise _not_ours(source, error) from error
            if hashlib.sha256(data).hexdigest() != wanted:
                raise BadInput(
                    f"{name} in {source} is damaged: its checksum differs.", "use another copy of the archive."
                )
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(data)


def _rename(database: Path, user: str) -> None:
    db = sqlite3.connect(database)
    try:
        with db:
            db.execute("UPDATE meta SET value = ? WHERE key = 'user'", (user,))
    finally:
        db.close()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _not_ours(source: Path, error: Exception) -> BadInput:
    return BadInput(
        f"{source} is not a complete personavlm archive ({error}).", "make one with `personavlm export archive FILE`."
    )
