"""Store: one user is one folder, holding one SQLite file and their pictures by content hash.

    home/users/<hash of the name>/memory.sqlite      ledger of traces and edits, job queue, calls, vector cache
                                 /pictures/<digest>  bytes as stored

The ledger is the truth: ``state(as_of)`` is the fold of its edits up to a moment. A turn, its steps and the update jobs
it causes enter in one transaction; a job's edits and its completion enter in another. So a kill at any instant leaves
either all of a turn or none, and every job runs exactly once, in order.

    >>> with Store.open(home, "Dana", create=True) as store:
    ...     trace = store.append(store.draft(time, "My sister plays the cello."), steps)
    ...     store.state().name

The package reads no clock: times are the caller's. Source: promises 1, 3, 7 and 8 of docs/ARCHITECTURE.md; faults 16 to
19 of the released code are what this replaces.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from personavlm import ledger
from personavlm.consent import Consent
from personavlm.errors import BadInput, BadTime, StoreError, UnknownUser
from personavlm.files import guarded, write_atomically
from personavlm.home import DATABASE, finish_removals, founding, user_folder, users
from personavlm.ledger import Held, Job, Rewriting, Row
from personavlm.memory import EMPTY, Add, Edit, State, fold
from personavlm.refit import refit
from personavlm.trace import (
    SESSION_GAP,
    Call,
    Picture,
    Session,
    Step,
    Trace,
    Turn,
    aware,
    canonical,
    digest,
    revive,
    sessions,
    valid,
)

MAX_TEXT = 2_000_000
"""Longest text of one turn that is taken (characters)."""
__all__ = ["DATABASE", "Job", "Store", "state_digest", "user_folder", "users"]


class Store:
    """One user's folder, open. Safe to share between threads; several processes may have it open at once."""

    def __init__(self, folder: Path, user: str, db: sqlite3.Connection) -> None:
        self.folder = folder
        self.user = user
        self._db = db
        self._lock = threading.RLock()
        self._state: tuple[int, State] = (0, EMPTY)
        self._pending: tuple[int, State] | None = None
        self._generation = 0

    # ── opening ──────────────────────────────────────────────────────────────────────────────────────────────────

    @staticmethod
    def open(home: Path, user: str, create: bool = False) -> Store:
        """Open a user's store. Raises ``UnknownUser`` if there is none and ``create`` is not given, ``StoreError`` if
        it is damaged, newer than this package, or the disk refuses.
        """
        folder = user_folder(home, user)
        finish_removals(home)
        if not (folder / DATABASE).is_file():
            if not create:
                known = ", ".join(users(home)) or "none yet"
                raise UnknownUser(f"There is no user {user!r} in {home}.", f"use one of: {known}; or create it first.")
            with Store.founding(home, user):
                pass
        with guarded(folder):
            (folder / "pictures").mkdir(exist_ok=True)
            store = Store(folder, user, ledger.connect(folder / DATABASE, user))
        if ledger.unscrubbed(store._db):
            store.scrub()
        return store

    @staticmethod
    @contextmanager
    def founding(home: Path, user: str) -> Iterator[Store]:
        """Yield the store of a user who exists once the block ends, or not at all. Raises ``BadInput`` if they do."""
        with guarded(home), founding(home, user) as folder:
            (folder / "pictures").mkdir()
            with Store(folder, user, ledger.connect(folder / DATABASE, user)) as store:
                yield store

    def wait_for_no_disk(self) -> None:
        """Write without waiting for the disk: for a store that nobody opens again. A power cut may damage it."""
        with self._lock:
            self._db.execute("PRAGMA synchronous = OFF")

    def close(self) -> None:
        """Close the database. Reading or writing afterwards is an error."""
        with self._lock:
            self._db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, guarded(self.folder):
            yield self._db

    @contextmanager
    def _caching(self) -> Iterator[sqlite3.Connection]:
        """Write what can be made again: a power cut may lose it, so nobody waits for the disk."""
        with self._lock, guarded(self.folder):
            self._db.execute("PRAGMA synchronous = NORMAL")
            try:
                with self._writing() as db:
                    yield db
            finally:
                self._db.execute(f"PRAGMA synchronous = {ledger.DURABILITY}")

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, guarded(self.folder):
            self._db.execute("BEGIN IMMEDIATE")
            self._pending = None
            try:
                yield self._db
            except BaseException:
                self._db.rollback()
                self._state = (0, EMPTY)  # folded anew: it may have run ahead of what was undone
                raise
            self._db.commit()
            self._state = self._pending or self._state

    # ── turns ────────────────────────────────────────────────────────────────────────────────────────────────────

    def draft(self, time: datetime, text: str, pictures: Sequence[Picture] = ()) -> Turn:
        """Return the user's next turn, checked but not stored.

        Raises ``BadTime`` for a time without zone or before the last turn, ``BadInput`` for an empty or huge text.
        """
        time = aware(time)
        if not text.strip() and not pictures:
            raise BadInput("The message is empty.", "write something, or give a picture.")
        if len(text) > MAX_TEXT:
            raise BadInput(f"The message has {len(text):,} characters.", f"send at most {MAX_TEXT:,} at a time.")
        last = self.last_turn()
        if last and time < last.time:
            raise BadTime(
                f"The time {time.isoformat()} lies before the last turn, {last.id} at {last.time.isoformat()}.",
                "give a later time, or fork the user as of the earlier one.",
            )
        return Turn(f"t{last.finished + 2 if last else 1}", time, valid(text), tuple(pictures))

    def append(
        self,
        turn: Turn,
        steps: Sequence[Step],
        calls: Sequence[Call] = (),
        gap: timedelta = SESSION_GAP,
        update: bool = True,
        generation: int | None = None,
    ) -> Trace:
        """Store a finished turn and queue its update; closes the session before it if its gap has passed.

        All in one transaction. The turn's id is assigned here, so that two processes cannot take the same one.
        ``generation`` is the store's when the reply was begun: raises ``BadInput`` if something was erased meanwhile,
        because the reply may rest on it.
        """
        with self._writing() as db:
            if generation is not None and generation != ledger.generation(db):
                raise BadInput("Something was erased while the reply was made.", "send the message again.")
            last, session = self._last(db)
            if last is not None and turn.time < last.time:
                raise BadTime(f"Turn {last.id} at {last.time.isoformat()} came first.", "send the message again.")
            if last is not None and turn.time - last.time >= gap:
                ledger.enqueue(db, "session", f"s{session}")
                session += 1
            turn = replace(turn, id=f"t{last.finished + 2 if last else 1}")
            trace = Trace(turn, tuple(steps))
            ledger.write(db, "trace", turn.id, session, turn.time, trace, job=None)
            for call in calls:
                db.execute("INSERT INTO calls (turn, record) VALUES (?, ?)", (turn.id, canonical(call)))
            for picture in turn.pictures:
                if picture.digest:
                    db.execute("INSERT OR IGNORE INTO picture_uses VALUES (?, ?)", (picture.digest, turn.id))
            if update:
                ledger.enqueue(db, "turn", turn.id)
        return replace(trace, calls=tuple(calls))

    def last_turn(self) -> Turn | None:
        """Return the latest turn, or None for a new user."""
        with self._reading() as db:
            return self._last(db)[0]

    @staticmethod
    def _last(db: sqlite3.Connection) -> tuple[Turn | None, int]:
        row = db.execute("SELECT record, session FROM ledger WHERE kind = 'trace' ORDER BY seq DESC LIMIT 1").fetchone()
        return (revive(Trace, row[0]).turn, row[1]) if row else (None, 1)

    def traces(self, since: datetime | None = None, until: datetime | None = None) -> list[Trace]:
        """Return the traces of a period (both ends included), oldest first, without their edits and calls."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT record FROM ledger WHERE kind = 'trace' AND epoch BETWEEN ? AND ? ORDER BY seq",
                (since.timestamp() if since else -1e18, until.timestamp() if until else 1e18),
            ).fetchall()
        return [revive(Trace, row[0]) for row in rows]

    def traces_after(self, turn: str) -> list[Trace]:
        """Return the traces that followed a turn ("" for all), oldest first, without their edits and calls."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT record FROM ledger WHERE kind = 'trace' AND seq > "
                "coalesce((SELECT seq FROM ledger WHERE kind = 'trace' AND turn = ?), 0) ORDER BY seq",
                (turn,),
            ).fetchall()
        return [revive(Trace, row[0]) for row in rows]

    def trace(self, turn: str) -> Trace:
        """Return one turn's whole record with edits and calls. Raises ``BadInput`` for an unknown turn."""
        with self._reading() as db:
            rows = db.execute("SELECT kind, record FROM ledger WHERE turn = ? ORDER BY seq", (turn,)).fetchall()
            calls = db.execute("SELECT record FROM calls WHERE turn = ? ORDER BY id", (turn,)).fetchall()
        records = [record for kind, record in rows if kind == "trace"]
        if not records:
            raise BadInput(f"{self.user} has no turn {turn!r}.", "list the turns with `personavlm timeline`.")
        edits = tuple(ledger.edit_of(record) for kind, record in rows if kind == "edit")
        return replace(revive(Trace, records[0]), edits=edits, calls=tuple(revive(Call, row[0]) for row in calls))

    def session(self, session: str) -> Session:
        """Return a session with its traces (without edits and calls). Raises ``BadInput`` for an unknown one."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT record FROM ledger WHERE kind = 'trace' AND session = ? ORDER BY seq", (_number(session),)
            ).fetchall()
        if not rows:
            raise BadInput(f"{self.user} has no session {session!r}.", "list them with `personavlm timeline`.")
        return Session(session, tuple(revive(Trace, row[0]) for row in rows))

    def session_of(self, turn: str) -> str:
        """Return the id of the session a turn belongs to. Raises ``BadInput`` for an unknown turn."""
        with self._reading() as db:
            row = db.execute("SELECT session FROM ledger WHERE kind = 'trace' AND turn = ?", (turn,)).fetchone()
        if row is None:
            raise BadInput(f"{self.user} has no turn {turn!r}.", "list the turns with `personavlm timeline`.")
        return f"s{row[0]}"

    def counts(self) -> tuple[int, int]:
        """Return how many turns and sessions there are."""
        with self._reading() as db:
            row = db.execute("SELECT count(*), count(DISTINCT session) FROM ledger WHERE kind = 'trace'").fetchone()
        return int(row[0]), int(row[1])

    # ── update jobs ──────────────────────────────────────────────────────────────────────────────────────────────

    def close_due(self, now: datetime, gap: timedelta = SESSION_GAP) -> bool:
        """Queue the closing of the last session if its gap has passed at ``now``; return whether it was queued."""
        with self._writing() as db:
            last, session = self._last(db)
            due = last is not None and aware(now) - last.time >= gap
            return due and ledger.enqueue(db, "session", f"s{session}")

    def jobs(self, status: Literal["queued", "done", "failed"] | None = None) -> list[Job]:
        """Return jobs in the order in which they run, optionally of one status."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT id, kind, subject, status, note, again FROM jobs WHERE ? IS NULL OR status = ? ORDER BY id",
                (status, status),
            ).fetchall()
        return [_job(row) for row in rows]

    def next_job(self) -> Job | None:
        """Return the oldest queued job, or None."""
        with self._reading() as db:
            row = db.execute(
                "SELECT id, kind, subject, status, note, again FROM jobs WHERE status = 'queued' ORDER BY id LIMIT 1"
            ).fetchone()
        return _job(row) if row else None

    def finish(
        self,
        job: Job,
        turn: str,
        edits: Sequence[Edit],
        calls: Sequence[Call],
        note: str = "",
        held: Sequence[tuple[Edit, str]] = (),
    ) -> None:
        """Store what a job learnt and that it is done, in one transaction; a note (Malformed output) marks it failed.

        ``held`` are edits that go to quarantine, each with the reason. ``turn`` is the job's last evidence turn. A job
        that is no longer queued is left as it is: it ran already.
        """
        session = _number(self.session_of(turn))
        status = "failed" if note else "done"
        with self._writing() as db:
            done = db.execute(
                "UPDATE jobs SET status = ?, note = ?, again = 0 WHERE id = ? AND status = 'queued'",
                (status, note, job.id),
            )
            if done.rowcount:
                for call in calls:
                    row = (turn, job.id, canonical(call))
                    db.execute("INSERT INTO calls (turn, job, record) VALUES (?, ?, ?)", row)
                rows = [(turn, reason, canonical(edit)) for edit, reason in held]
                db.executemany("INSERT INTO quarantine (turn, reason, record) VALUES (?, ?, ?)", rows)
                if job.again:
                    self._insert(db, turn, session, edits, job.id)
                else:
                    self._extend(db, turn, session, edits, job.id)

    def learn_again(self, job: Job) -> None:
        """Queue a failed job once more: what it learnt goes, and what it learns now takes that place in the past.

        A job that has not failed stays as it is.
        """
        with self._writing() as db:
            queued = db.execute(
                "UPDATE jobs SET status = 'queued', note = '', again = 1 WHERE id = ? AND status = 'failed'", (job.id,)
            )
            if queued.rowcount:
                db.execute("DELETE FROM calls WHERE job = ?", (job.id,))
                ledger.replace_rows(db, fitted([row for row in ledger.rows(db) if row.job != job.id]))
                ledger.next_generation(db)

    @staticmethod
    def _insert(db: sqlite3.Connection, turn: str, session: int, edits: Sequence[Edit], job: int) -> None:
        """Put edits where they belong in the past, and fit what follows to them."""
        rows = ledger.rows(db)
        own = [place for place, row in enumerate(rows) if row.job == job]
        if own:  # beside what the job had learnt and could stay, at the same time
            edits = [replace(edit, time=rows[own[-1]].time) for edit in edits]
        earlier = (p for p, row in enumerate(rows) if not isinstance(row.value, Trace) and row.time <= edits[-1].time)
        place = 1 + max(own or earlier, default=-1) if edits else 0
        fresh = frozenset(memory.id for edit in edits if (memory := getattr(edit, "memory", None)) is not None)
        new = [Row(turn, session, job, edit) for edit in edits]
        ledger.replace_rows(db, fitted([*rows[:place], *new, *rows[place:]], fresh=fresh))
        ledger.next_generation(db)

    def _extend(self, db: sqlite3.Connection, turn: str, session: int, edits: Sequence[Edit], job: int | None) -> None:
        """Write edits and take the state along. One that does not fit raises and undoes the transaction."""
        after = fold(edits, self.state())
        for edit in edits:
            ledger.write(db, "edit", turn, session, edit.time, edit, job)
        self._pending = (ledger.last_seq(db), after)

    def record(self, turn: str, edits: Sequence[Edit]) -> None:
        """Store edits made by hand or by an import; ``turn`` is "" for what was known before the first turn.

        Raises ``BadTime`` if one lies before the last edit.
        """
        session = _number(self.session_of(turn)) if turn else 0
        with self._writing() as db:
            last = db.execute("SELECT epoch, time FROM ledger WHERE kind = 'edit' ORDER BY seq DESC LIMIT 1").fetchone()
            if last and any(edit.time.timestamp() < last[0] for edit in edits):
                raise BadTime(f"The edit's time lies before the last edit, {last[1]}.", "give a later time.")
            self._extend(db, turn, session, edits, job=None)

    def adopt(self, traces: Sequence[Trace], edits: Sequence[Edit], gap: timedelta = SESSION_GAP) -> None:
        """Take over a whole past, turns and edits, in one transaction; sessions with topics count as closed.

        Raises ``BadInput`` unless the user is new.
        """
        if self.last_turn() is not None:
            raise BadInput(f"{self.user} has turns already.", "import under another name.")
        place = {t.turn.id: int(s.id[1:]) for s in sessions(traces, gap) for t in s.traces}
        with self._writing() as db:
            for trace in traces:
                ledger.write(
                    db, "trace", trace.turn.id, place[trace.turn.id], trace.turn.time, replace(trace, edits=()), None
                )
                uses = {(p.digest, trace.turn.id) for p in trace.turn.pictures if p.digest}
                db.executemany("INSERT OR IGNORE INTO picture_uses VALUES (?, ?)", sorted(uses))
            for edit in edits:
                turn = edit.evidence[-1] if edit.evidence else ""
                self._extend(db, turn, place.get(turn, 0), [edit], job=None)
                self._state = self._pending or self._state
            closed = {place[e.memory.turns[0]] for e in edits if isinstance(e, Add) and e.memory.turns}
            rows = [("session", f"s{number}", "done") for number in sorted(closed)]
            db.executemany("INSERT OR IGNORE INTO jobs (kind, subject, status) VALUES (?, ?, ?)", rows)

    @contextmanager
    def working(self, wait: float = 0.0) -> Iterator[bool]:
        """Hold the right to run this user's jobs; yields False if another has it for ``wait`` seconds more."""
        lock = FileLock(self.folder / "worker.lock")
        try:
            lock.acquire(timeout=wait)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    # ── state ────────────────────────────────────────────────────────────────────────────────────────────────────

    def state(self, as_of: datetime | None = None) -> State:
        """Return the fold of all edits, or of those learnt up to a moment.

        The full fold is cached and only ever extended, so its cost does not grow with the number of turns.
        """
        if as_of is not None:
            return fold(edit for edit in self.edits() if edit.time <= aware(as_of))
        with self._reading() as db:
            while True:
                generation = ledger.generation(db)
                seq, state = self._state if generation == self._generation else (0, EMPTY)
                reached, edits = self.edits_after(seq)
                if generation == ledger.generation(db):  # else the ledger was rewritten between the two reads
                    break
            self._generation = generation
            self._state = (reached, fold(edits, state) if edits else state)
            return self._state[1]

    def state_for(self, job: Job, gap: timedelta = SESSION_GAP) -> State:
        """Return what is known when a job runs: everything, or what was known then for one that runs again."""
        if not job.again:
            return self.state()
        last = self.session(job.subject).last + gap if job.kind == "session" else self.trace(job.subject).turn.time
        rows = [row for row in self.rows() if not isinstance(row.value, Trace)]
        own = [place for place, row in enumerate(rows) if row.job == job.id]
        known = rows[: own[-1] + 1] if own else [row for row in rows if row.time <= last]
        return fold(row.value for row in known if not isinstance(row.value, Trace))

    def edits(self, turn: str | None = None) -> list[Edit]:
        """Return edits in ledger order, of one turn or all."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT record FROM ledger WHERE kind = 'edit' AND (? IS NULL OR turn = ?) ORDER BY seq", (turn, turn)
            ).fetchall()
        return [ledger.edit_of(row[0]) for row in rows]

    def edits_after(self, seq: int) -> tuple[int, list[Edit]]:
        """Return the edits written after a ledger position (0: all), and the position reached."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT seq, record FROM ledger WHERE kind = 'edit' AND seq > ? ORDER BY seq", (seq,)
            ).fetchall()
        return (rows[-1][0] if rows else seq), [ledger.edit_of(row[1]) for row in rows]

    def calls(self) -> list[Call]:
        """Return every model call, oldest first."""
        with self._reading() as db:
            return [revive(Call, row[0]) for row in db.execute("SELECT record FROM calls ORDER BY id")]

    def head(self) -> tuple[str, str]:
        """Return the digests of the last trace and the last edit: equal heads mean equal ledgers."""
        with self._reading() as db:
            return ledger.last_digest(db, "trace"), ledger.last_digest(db, "edit")

    def verify(self) -> list[str]:
        """Re-derive every digest and every picture's hash; return what does not match (empty: all is well)."""
        wrong: list[str] = []
        with self._reading() as db:
            wrong += ledger.broken(db)
            names = [row[0] for row in db.execute("SELECT digest FROM pictures")]
        for name in names:
            data = self.picture(name)
            if data is None or hashlib.sha256(data).hexdigest() != name:
                wrong.append(f"picture {name[:12]}: {'missing' if data is None else 'damaged'}")
        return wrong

    # ── erasing ──────────────────────────────────────────────────────────────────────────────────────────────────

    def generation(self) -> int:
        """Return how often the ledger was rewritten; what was derived from an earlier one is void."""
        with self._reading() as db:
            return ledger.generation(db)

    def rows(self) -> list[Row]:
        """Return the whole ledger in order."""
        with self._reading() as db:
            return ledger.rows(db)

    def digests(self) -> list[str]:
        """Return the digests of the ledger's rows in order: users who share one share the past up to it."""
        with self._reading() as db:
            return [row[0] for row in db.execute("SELECT digest FROM ledger ORDER BY seq")]

    def numbered_calls(self) -> list[tuple[int, Call]]:
        """Return every model call with its number, oldest first."""
        with self._reading() as db:
            return [(id, revive(Call, record)) for id, record in db.execute("SELECT id, record FROM calls ORDER BY id")]

    def rewrite(self, make: Callable[[], Rewriting]) -> None:
        """Replace the ledger by what ``make`` returns, and scrub. All else but ``learn_again`` appends.

        ``make`` runs inside the transaction, so that nothing is written between what it reads and what it decides.
        Raises ``StoreError`` if another program holds on to old pages; they go when the store is opened next.
        """
        with self._writing() as db:
            ledger.rewrite(db, make())
        self._state = (0, EMPTY)
        if not self.scrub():
            raise StoreError(
                f"What was erased of {self.user} is gone, but another program still reads the file.",
                "close it, and open the user once more: the last bytes go then.",
            )

    def scrub(self) -> bool:
        """Leave no byte of what was erased in any file of the user; False while another program reads."""
        with self._reading() as db:
            db.execute("BEGIN IMMEDIATE")  # nobody is just storing a picture
            try:
                kept = {row[0] for row in db.execute("SELECT digest FROM pictures")}
                for path in (self.folder / "pictures").iterdir():
                    if path.name not in kept:
                        path.unlink()
                for backup in self.folder.glob(f"{DATABASE}{ledger.BACKUP}*"):
                    backup.unlink()
            finally:
                db.execute("COMMIT")
            return ledger.scrub(db)

    # ── quarantine ───────────────────────────────────────────────────────────────────────────────────────────────

    def held(self) -> list[Held]:
        """Return the edits that are held back, oldest first."""
        with self._reading() as db:
            rows = db.execute("SELECT id, turn, reason, record FROM quarantine ORDER BY id").fetchall()
        return [Held(number, turn, reason, ledger.edit_of(record)) for number, turn, reason, record in rows]

    def release(self, number: int, time: datetime) -> None:
        """Let a held edit in, at the time of whoever looked at it. Raises ``BadInput`` for one that is not there."""
        one = self._held(number)
        edit = next(refit([replace(one.edit, time=aware(time))], start=self.state()))
        self.record(one.turn, [edit] if edit is not None else [])
        self.discard(number)

    def discard(self, number: int) -> None:
        """Delete a held edit. Raises ``BadInput`` for one that is not there."""
        self._held(number)
        with self._writing() as db:
            db.execute("DELETE FROM quarantine WHERE id = ?", (number,))

    def _held(self, number: int) -> Held:
        found = next((one for one in self.held() if one.id == number), None)
        if found is None:
            raise BadInput(f"Nothing is held under {number}.", "list what is held first.")
        return found

    # ── consent ──────────────────────────────────────────────────────────────────────────────────────────────────

    def consent(self) -> Consent:
        """Return what the user agrees to."""
        with self._reading() as db:
            row = db.execute("SELECT value FROM meta WHERE key = 'consent'").fetchone()
        return revive(Consent, row[0]) if row else Consent()

    def set_consent(self, consent: Consent) -> None:
        """Keep what the user agrees to; it holds for everything that is inferred and stored from now on."""
        with self._writing() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES ('consent', ?)", (canonical(consent),))

    # ── pictures and vectors ─────────────────────────────────────────────────────────────────────────────────────

    def keep_picture(self, data: bytes, media_type: str, width: int, height: int) -> str:
        """Store a picture's bytes under their sha256 and return it; storing the same bytes again is free."""
        name = hashlib.sha256(data).hexdigest()
        with self._writing() as db:  # the file within it: an erasure takes away what no row names
            if not (self.folder / "pictures" / name).is_file():
                write_atomically(self.folder / "pictures" / name, data)
            db.execute("INSERT OR IGNORE INTO pictures VALUES (?, ?, ?, ?)", (name, media_type, width, height))
        return name

    def picture(self, name: str) -> bytes | None:
        """Return a picture's bytes, or None if they are not here."""
        path = self.folder / "pictures" / name
        return path.read_bytes() if _is_digest(name) and path.is_file() else None

    def drop_unused(self, names: Sequence[str]) -> None:
        """Delete those of these pictures that no turn shows and no memory holds."""
        with self._writing() as db:
            unused = set(names) - ledger.pictures_of(ledger.rows(db))
            db.executemany("DELETE FROM pictures WHERE digest = ?", [(name,) for name in unused])
            for name in unused:
                (self.folder / "pictures" / name).unlink(missing_ok=True)

    def picture_names(self) -> list[str]:
        """Return the digests of all stored pictures, cut-outs included."""
        with self._reading() as db:
            return [row[0] for row in db.execute("SELECT digest FROM pictures ORDER BY digest")]

    def picture_size(self, name: str) -> tuple[str, int, int] | None:
        """Return media type, width and height of a stored picture."""
        with self._reading() as db:
            row = db.execute("SELECT media_type, width, height FROM pictures WHERE digest = ?", (name,)).fetchone()
        return (row[0], row[1], row[2]) if row else None

    def vectors(self, encoder: str, contents: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return cached vectors by content hash; what was encoded by another encoder is not there."""
        found: dict[str, NDArray[np.float32]] = {}
        with self._reading() as db:
            for start in range(0, len(contents), 500):
                part = contents[start : start + 500]
                marks = ",".join("?" * len(part))
                for content, blob in db.execute(
                    f"SELECT content, vector FROM vectors WHERE encoder = ? AND content IN ({marks})", (encoder, *part)
                ):
                    found[content] = np.frombuffer(blob, dtype=np.float32)
        return found

    def cached_vectors(self) -> dict[str, bytes]:
        """Return every cached vector by content hash, as stored."""
        with self._reading() as db:
            return dict(db.execute("SELECT content, vector FROM vectors").fetchall())

    def keep_vectors(self, encoder: str, vectors: dict[str, NDArray[np.float32]]) -> None:
        """Cache vectors by content hash."""
        if vectors:
            rows = [(encoder, content, v.astype(np.float32).tobytes()) for content, v in vectors.items()]
            with self._caching() as db:
                db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)

    # ── forks ────────────────────────────────────────────────────────────────────────────────────────────────────

    def fork(self, home: Path, user: str, as_of: datetime | None = None) -> Store:
        """Return a new user who shares this one's past (up to a moment) and goes on alone.

        Raises ``BadInput`` if the new name is taken.
        """
        with guarded(home), founding(home, user) as folder:
            shutil.copytree(self.folder / "pictures", folder / "pictures")
            with self._reading() as db, sqlite3.connect(folder / DATABASE) as copy:
                db.backup(copy)
                copy.execute("UPDATE meta SET value = ? WHERE key = 'user'", (user,))
            copy.close()
            if as_of is not None:
                with Store(folder, user, ledger.connect(folder / DATABASE, user)) as fork:
                    fork._forget_after(aware(as_of))
        return Store.open(home, user)

    def copy_database(self, target: Path) -> None:
        """Write a compact copy of the database, without the vector cache, to a new file."""
        with self._reading() as db, sqlite3.connect(target) as copy:
            db.backup(copy)
            copy.execute("DELETE FROM vectors")
        copy.isolation_level = None
        copy.execute("PRAGMA journal_mode = DELETE")
        copy.execute("VACUUM")
        copy.close()

    def _forget_after(self, moment: datetime) -> None:
        with self._writing() as db:
            late = [
                r[0]
                for r in db.execute("SELECT turn FROM ledger WHERE kind='trace' AND epoch>?", (moment.timestamp(),))
            ]
            db.execute("DELETE FROM ledger WHERE epoch > ?", (moment.timestamp(),))
            for table in ("calls", "picture_uses", "quarantine"):
                db.executemany(f"DELETE FROM {table} WHERE turn = ?", [(t,) for t in late])
            db.executemany("DELETE FROM jobs WHERE kind = 'turn' AND subject = ?", [(t,) for t in late])
            # The session that was running at the moment is open again, whatever became of it later.
            running = self._last(db)[1]
            reopened = (
                "SELECT id FROM jobs WHERE kind = 'session' AND CAST(substr(subject, 2) AS INTEGER) >= ? "
                "AND id NOT IN (SELECT job FROM ledger WHERE job IS NOT NULL)"
            )
            db.execute(f"DELETE FROM calls WHERE job IN ({reopened})", (running,))
            db.execute(f"DELETE FROM jobs WHERE id IN ({reopened})", (running,))
            names = {row[0] for row in db.execute("SELECT digest FROM pictures")}
            unseen = names - ledger.pictures_of(ledger.rows(db))
            db.executemany("DELETE FROM pictures WHERE digest = ?", [(name,) for name in unseen])
            db.execute("DELETE FROM vectors")  # some are of what is not known yet
        self._state = (0, EMPTY)
        self.scrub()


def fitted(
    rows: Sequence[Row], heirs: Mapping[str, str] | None = None, fresh: frozenset[str] = frozenset()
) -> tuple[Row, ...]:
    """Return a ledger whose edits fold again after some were taken out or put in (see ``refit``)."""
    edits = iter(refit([row.value for row in rows if not isinstance(row.value, Trace)], heirs, fresh))
    kept = (row if isinstance(row.value, Trace) else _with(row, next(edits)) for row in rows)
    return tuple(row for row in kept if row is not None)


def _with(row: Row, edit: Edit | None) -> Row | None:
    return replace(row, value=edit) if edit is not None else None


def _job(row: Sequence[Any]) -> Job:
    number, kind, subject, status, note, again = row
    return Job(number, kind, subject, status, note, bool(again))


def _number(session: str) -> int:
    if not session.removeprefix("s").isdigit():
        raise BadInput(f"{session!r} is no session id.", "session ids look like s3.")
    return int(session.removeprefix("s"))


def _is_digest(name: str) -> bool:
    return len(name) == 64 and all(c in "0123456789abcdef" for c in name)


def state_digest(state: State) -> str:
    """Return one hash of a whole state: equal states, equal hashes."""
    return digest({"memories": dict(state.memories), "links": state.links, "estimate": state.estimate})
