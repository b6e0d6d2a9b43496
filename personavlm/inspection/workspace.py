"""The workspace: who lives in a home, what is still to be learnt of them or went wrong, and archives as bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from personavlm.archive import Manifest, pack, read_manifest, unpack
from personavlm.errors import PersonaVLMError
from personavlm.store import DATABASE, Job, Store, user_folder, users
from personavlm.trace import Call

LEARNING = {"turn": ("personality", "semantic"), "session": ("episodic", "procedural", "core")}
"""What the model is asked for when a turn or a finished session is learnt from."""


@dataclass(frozen=True, slots=True)
class Resident:
    """One user of a home in numbers; those of a store that cannot be read are 0, and ``problem`` says why."""

    user: str
    turns: int = 0
    sessions: int = 0
    last: datetime | None = None
    """When something was said last."""
    queued: int = 0
    failed: int = 0
    bytes: int = 0
    problem: str = ""


def residents(home: Path) -> Iterator[Resident]:
    """Yield every user of a home; those whose name cannot be read are named by their folder."""
    names = users(home)
    yield from (_resident(home, name) for name in names)
    known = {user_folder(home, name) for name in names}
    for path in sorted((home / "users").glob(f"[!.]*/{DATABASE}")):
        if path.parent not in known:
            yield Resident(path.parent.name, bytes=_size(path.parent), problem="The database cannot be read.")


def _resident(home: Path, user: str) -> Resident:
    folder = user_folder(home, user)
    try:
        with Store.open(home, user) as store:
            last = store.last_turn()
            waiting, failed = len(store.jobs("queued")), len(store.jobs("failed"))
            return Resident(user, *store.counts(), last.time if last else None, waiting, failed, _size(folder))
    except (PersonaVLMError, ValueError) as error:  # the other: a record that no longer reads as one
        said = error.message if isinstance(error, PersonaVLMError) else "A record is damaged."
        return Resident(user, bytes=_size(folder), problem=said)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@dataclass(frozen=True, slots=True)
class Unlearnt:
    """A job that waits, or that failed, with the turn it belongs to and the calls whose output was Malformed."""

    job: Job
    turn: str
    """The turn itself, or the session's last one."""
    calls: tuple[Call, ...]


def unlearnt(store: Store) -> tuple[Unlearnt, ...]:
    """Return what is still to be learnt of a user, and what was learnt only in part, oldest first."""
    return tuple(_unlearnt(store, job) for job in store.jobs() if job.status != "done")


def _unlearnt(store: Store, job: Job) -> Unlearnt:
    turn = job.subject if job.kind == "turn" else store.session(job.subject).traces[-1].turn.id
    calls = store.trace(turn).calls if job.status == "failed" else ()
    return Unlearnt(job, turn, tuple(c for c in calls if c.malformed and c.purpose in LEARNING[job.kind]))


@dataclass(frozen=True, slots=True)
class Stage:
    """What one purpose of model calls came to."""

    purpose: str
    calls: int
    malformed: int
    seconds: float
    tokens: int
    """Tokens in and out."""


def stages(calls: Iterable[Call]) -> tuple[Stage, ...]:
    """Return what calls came to by purpose, in the order of the purposes' first calls."""
    by_purpose: dict[str, list[Call]] = {}
    for call in calls:
        by_purpose.setdefault(call.purpose, []).append(call)
    return tuple(
        Stage(
            purpose,
            len(made),
            sum(bool(call.malformed) for call in made),
            sum(call.seconds for call in made),
            sum(call.tokens_in + call.tokens_out for call in made),
        )
        for purpose, made in by_purpose.items()
    )


# ── archives ─────────────────────────────────────────────────────────────────────────────────────────────────────


def packed(store: Store) -> bytes:
    """Return a user's archive."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "archive.zip"
        pack(store, path)
        return path.read_bytes()


def manifest_of(archive: bytes) -> Manifest:
    """Return what an archive says it holds. Raises ``BadInput`` for bytes that are none."""
    with tempfile.TemporaryDirectory() as folder:
        return read_manifest(_written(archive, folder))


def unpacked(archive: bytes, home: Path, user: str) -> None:
    """Create a user from an archive, checksums compared. Raises ``BadInput`` as ``archive.unpack``."""
    with tempfile.TemporaryDirectory() as folder:
        unpack(_written(archive, folder), home, user).close()


def _written(archive: bytes, folder: str) -> Path:
    path = Path(folder) / "archive.zip"
    path.write_bytes(archive)
    return path
