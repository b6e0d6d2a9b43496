"""The store's promises: state is a fold, turns and jobs are whole or absent, users are folders."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from personavlm.archive import pack, read_manifest, unpack
from personavlm.errors import BadInput, BadTime, StoreError, UnknownUser
from personavlm.memory import Add, Memory, Observe, Retire
from personavlm.personality import Profile
from personavlm.schema import LATEST, MIGRATIONS, migrate
from personavlm.store import DATABASE, Store, state_digest, user_folder, users
from personavlm.trace import Answer, Call, Step, Trace

NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)
REPLY = (Step("", Answer("noted")),)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path, "Dana", create=True)


def say(store: Store, minutes: int, text: str = "hello") -> Trace:
    return store.append(store.draft(NOON + timedelta(minutes=minutes), text), REPLY, (Call("respond", "m", 0.1),))


def learn(store: Store) -> None:
    """Run every queued job with one memory and one reading per turn."""
    while (job := store.next_job()) is not None:
        if job.kind == "session":
            store.finish(job, store.session(job.subject).traces[-1].turn.id, [], [])
            continue
        turn = store.trace(job.subject).turn
        memory = Memory(f"m{turn.id[1:]}", "semantic", turn.text, turn.time, (turn.id,))
        edits = [Observe(turn.time, (turn.id,), Profile(openness=5), turn.finished), Add(turn.time, (turn.id,), memory)]
        store.finish(job, turn.id, edits, [Call("semantic", "m", 0.1)])


def test_a_trace_comes_back_whole_and_in_its_own_zone(store: Store) -> None:
    zone = datetime.fromisoformat("2025-03-03T12:00:07+05:30")
    store.append(store.draft(zone, "hi"), REPLY)
    learn(store)
    trace = store.trace("t1")
    assert trace.turn.time.isoformat() == "2025-03-03T12:00:07+05:30"
    assert (trace.reply, len(trace.edits), len(trace.calls)) == ("noted", 2, 1)


def test_state_as_of_shows_nothing_learnt_later_and_equals_the_state_back_then(store: Store) -> None:
    digests = {}
    for minute in range(0, 300, 25):
        say(store, minute, f"fact {minute}")
        learn(store)
        digests[minute] = state_digest(store.state())
    for minute, then in digests.items():
        assert state_digest(store.state(NOON + timedelta(minutes=minute))) == then


def test_replaying_the_ledger_in_a_fresh_process_gives_the_same_digest(store: Store, tmp_path: Path) -> None:
    for minute in (0, 10, 200):
        say(store, minute)
    learn(store)
    code = (
        "import sys; from pathlib import Path; from personavlm.store import *; "
        "print(state_digest(Store.open(Path(sys.argv[1]), 'Dana').state()))"
    )
    out = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == state_digest(store.state())


def test_fork_shares_the_past_and_goes_on_alone(store: Store, tmp_path: Path) -> None:
    for minute in (0, 10, 200, 400):
        say(store, minute)
    learn(store)
    moment = NOON + timedelta(minutes=200)
    fork = store.fork(tmp_path, "Dana-b", moment)
    assert state_digest(fork.state()) == state_digest(store.state(moment))
    assert fork.counts() == (3, 2)
    assert fork.verify() == []
    say(fork, 500)
    learn(fork)
    assert store.counts() == (4, 3)
    assert [j.subject for j in fork.jobs() if j.kind == "session"] == ["s1", "s2"]


def test_sessions_are_cut_at_sixty_minutes_exactly(store: Store) -> None:
    for minute in (0, 59, 59 + 60, 59 + 60 + 59):
        say(store, minute)
    assert [store.session_of(f"t{i}") for i in (1, 2, 3, 4)] == ["s1", "s1", "s2", "s2"]
    assert [(j.kind, j.subject) for j in store.jobs()][2] == ("session", "s1")


def test_closing_comes_with_time_not_with_the_next_turn(store: Store) -> None:
    say(store, 0)
    assert not store.close_due(NOON + timedelta(minutes=59, seconds=59))
    assert store.close_due(NOON + timedelta(minutes=60))
    assert not store.close_due(NOON + timedelta(minutes=90))  # once


def test_a_job_runs_once_even_if_two_workers_finish_it(store: Store) -> None:
    say(store, 0)
    job = store.next_job()
    assert job is not None
    add = Add(NOON, ("t1",), Memory("m1", "semantic", "x", NOON, ("t1",)))
    store.finish(job, "t1", [add], [])
    other = Add(NOON, ("t1",), Memory("m2", "semantic", "y", NOON, ("t1",)))
    store.finish(job, "t1", [other], [])
    assert list(store.state().memories) == ["m1"]


def test_only_one_process_works_at_a_time(store: Store, tmp_path: Path) -> None:
    with store.working() as mine, Store.open(tmp_path, "Dana").working() as theirs:
        assert (mine, theirs) == (True, False)


def test_an_edit_that_does_not_fit_never_reaches_the_ledger(store: Store) -> None:
    say(store, 0)
    job = store.next_job()
    assert job is not None
    with pytest.raises(ValueError, match="unknown"):
        store.finish(job, "t1", [Retire(NOON, ("t1",), "m9", "gone")], [])
    assert store.next_job() == job
    assert store.edits() == []


def test_two_processes_write_turns_without_losing_one(tmp_path: Path) -> None:
    Store.open(tmp_path, "Dana", create=True).close()

    def talk() -> None:
        with Store.open(tmp_path, "Dana") as mine:
            for _ in range(20):
                mine.append(mine.draft(NOON, "hello"), REPLY)

    threads = [threading.Thread(target=talk) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Store.open(tmp_path, "Dana") as store:
        assert [t.turn.id for t in store.traces()] == [f"t{i}" for i in range(1, 41)]
        assert store.verify() == []


def test_time_without_zone_or_out_of_order_is_refused_and_nothing_is_lost(store: Store) -> None:
    say(store, 10)
    with pytest.raises(BadTime, match="no time zone"):
        store.draft(datetime(2025, 3, 3, 12), "hi")
    with pytest.raises(BadTime, match="before the last turn"):
        say(store, 9)
    assert store.counts() == (1, 1)


@pytest.mark.parametrize(("text", "word"), [("", "empty"), ("  \n", "empty"), ("x" * 2_000_001, "characters")])
def test_empty_and_huge_texts_are_refused(store: Store, text: str, word: str) -> None:
    with pytest.raises(BadInput, match=word):
        say(store, 0, text)


def test_a_megabyte_of_text_with_control_characters_comes_back_unchanged(store: Store) -> None:
    text = "a\x00\x1b[31m</answer>{UserQuery}é" + "x" * 1_000_000
    say(store, 0, text + "\ud800")  # a lone surrogate is no character and cannot be stored as one
    assert store.trace("t1").turn.text == text + "?"


@pytest.mark.parametrize("name", ["..", "../../etc/passwd", "CON", "aux.txt", "a/b\\c", "Ünïcode 🐕", "x" * 200])
def test_names_never_become_paths(tmp_path: Path, name: str) -> None:
    home = tmp_path / "home"
    with Store.open(home, name, create=True) as store:
        assert store.folder.parent == home / "users"
        assert store.folder.name.isalnum()
    assert users(home) == [name]
    assert [p.name for p in tmp_path.iterdir()] == ["home"]


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 201])
def test_impossible_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput):
        Store.open(tmp_path, name, create=True)


def test_an_unknown_user_is_named_with_those_there_are(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UnknownUser, match="Dana"):
        Store.open(tmp_path, "Eve")


def test_a_damaged_database_is_reported_and_left_as_it_is(store: Store, tmp_path: Path) -> None:
    store.close()
    path = user_folder(tmp_path, "Dana") / DATABASE
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError, match="archive"):
        Store.open(tmp_path, "Dana")
    assert path.read_bytes().startswith(b"not a database")


def test_a_newer_schema_is_left_alone(store: Store, tmp_path: Path) -> None:
    store.close()
    db = sqlite3.connect(user_folder(tmp_path, "Dana") / DATABASE)
    db.execute(f"PRAGMA user_version = {LATEST + 1}")
    db.close()
    with pytest.raises(StoreError, match="newer personavlm"):
        Store.open(tmp_path, "Dana")


def test_every_migration_runs_from_the_oldest_schema(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "old.sqlite")
    for migration in MIGRATIONS:
        db.executescript(migration)
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert {"ledger", "jobs", "calls", "pictures", "vectors", "meta"} <= tables


def test_vectors_of_the_first_schema_are_still_there(tmp_path: Path) -> None:
    folder = user_folder(tmp_path, "Dana")
    folder.mkdir(parents=True)
    old = sqlite3.connect(folder / DATABASE)
    old.executescript(MIGRATIONS[0])
    vector = np.arange(384, dtype=np.float32)
    old.executemany("INSERT INTO vectors VALUES ('e', ?, ?)", [(f"{n:064x}", vector.tobytes()) for n in range(50)])
    old.execute("PRAGMA user_version = 1")
    old.commit()
    old.close()
    with Store.open(tmp_path, "Dana") as store:
        found = store.vectors("e", [f"{n:064x}" for n in range(50)])
        assert len(found) == 50
        assert all((one == vector).all() for one in found.values())
        say(store, 0)
        assert store.verify() == []


def test_a_migration_that_breaks_off_leaves_the_schema_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = sqlite3.connect(tmp_path / "old.sqlite", isolation_level=None)
    monkeypatch.setattr("personavlm.schema.MIGRATIONS", (MIGRATIONS[0], f"{MIGRATIONS[1]}\nSELECT no_such_thing;\n"))
    with pytest.raises(sqlite3.OperationalError):
        migrate(db, "old.sqlite")
    db.close()
    monkeypatch.undo()
    again = sqlite3.connect(tmp_path / "old.sqlite", isolation_level=None)
    assert again.execute("PRAGMA user_version").fetchone()[0] == 1
    migrate(again, "old.sqlite")
    assert again.execute("PRAGMA user_version").fetchone()[0] == LATEST


def test_many_may_open_an_old_store_at_once(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite"
    first = sqlite3.connect(path, isolation_level=None)
    first.executescript(MIGRATIONS[0])
    first.execute("PRAGMA user_version = 1")
    first.close()
    failed: list[Exception] = []

    def open_it() -> None:
        db = sqlite3.connect(path, timeout=30, isolation_level=None)
        try:
            migrate(db, "old.sqlite")
        except sqlite3.Error as error:
            failed.append(error)
        finally:
            db.close()

    threads = [threading.Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_a_vector_takes_little_more_than_its_bytes(store: Store, tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).standard_normal((500, 384)).astype(np.float32)
    store.keep_vectors("all-MiniLM-L6-v2", {f"{n:064x}": vector for n, vector in enumerate(vectors)})
    store.close()
    assert (user_folder(tmp_path, "Dana") / DATABASE).stat().st_size < 1.6 * vectors.nbytes


@pytest.mark.skipif(os.name == "nt", reason="a file in the folder's place is refused differently")
def test_an_unusable_home_is_named_with_a_remedy(tmp_path: Path) -> None:
    blocked = tmp_path / "home"
    blocked.write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="--home"):
        Store.open(blocked, "Dana", create=True)


def test_a_full_disk_loses_nothing(store: Store) -> None:
    say(store, 0)
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="full"):
        say(store, 1, "x" * 500_000)
    store._db.execute("PRAGMA max_page_count = 1000000")
    say(store, 2)
    assert store.counts()[0] == 2
    assert store.verify() == []


def test_tampering_is_found(store: Store) -> None:
    say(store, 0)
    say(store, 1)
    store._db.execute("UPDATE ledger SET record = replace(record, 'hello', 'hullo') WHERE turn = 't1'")
    assert store.verify() == ["trace 1: its record does not match its digest"]


def test_durability_settings_are_on(store: Store) -> None:
    pragma = {
        k: store._db.execute(f"PRAGMA {k}").fetchone()[0] for k in ("journal_mode", "synchronous", "secure_delete")
    }
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}
    assert store._db.execute("PRAGMA foreign_keys").fetchone()[0] == 1


def test_only_the_vector_cache_is_written_without_waiting_for_the_disk(store: Store) -> None:
    ran: list[str] = []
    store._db.set_trace_callback(ran.append)
    say(store, 0)
    store.keep_vectors("e", {"a": np.ones(3, np.float32)})
    with pytest.raises(ValueError, match="closed"), store._caching():
        raise ValueError("closed again, whatever happens inside")
    say(store, 5)
    store._db.set_trace_callback(None)
    waits = "FULL"
    committed: dict[str, set[str]] = {}
    for statement in ran:
        waits = statement.rpartition(" ")[2] if statement.startswith("PRAGMA synchronous = ") else waits
        for table in ("ledger", "vectors"):
            if f"INTO {table} " in statement:
                committed.setdefault(table, set()).add(waits)
    assert committed == {"ledger": {"FULL"}, "vectors": {"NORMAL"}}
    assert waits == "FULL"


def test_pictures_are_named_by_their_content(store: Store) -> None:
    name = store.keep_picture(b"bytes", "image/png", 1, 1)
    assert store.keep_picture(b"bytes", "image/png", 1, 1) == name
    assert store.picture(name) == b"bytes"
    assert store.picture("../../" + DATABASE) is None
    (store.folder / "pictures" / name).write_bytes(b"other")
    assert store.verify() == [f"picture {name[:12]}: damaged"]


def test_an_archive_brings_everything_back(store: Store, tmp_path: Path) -> None:
    for minute in (0, 10, 200):
        say(store, minute)
    learn(store)
    picture = store.keep_picture(b"bytes", "image/png", 1, 1)
    manifest = pack(store, tmp_path / "dana.zip")
    assert (manifest.user, manifest.turns, manifest.sessions) == ("Dana", 3, 2)
    with unpack(tmp_path / "dana.zip", tmp_path / "elsewhere") as other:
        assert other.head() == store.head()
        assert state_digest(other.state()) == state_digest(store.state())
        assert other.picture(picture) == b"bytes"
        assert other.verify() == []


def test_a_damaged_archive_changes_nothing(store: Store, tmp_path: Path) -> None:
    say(store, 0)
    path = tmp_path / "dana.zip"
    pack(store, path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))
    with pytest.raises(BadInput):
        unpack(path, tmp_path / "elsewhere")
    assert users(tmp_path / "elsewhere") == []
    with pytest.raises(BadInput, match="no file"):
        read_manifest(tmp_path / "missing.zip")
    (tmp_path / "text.zip").write_text("hello")
    with pytest.raises(BadInput, match="not a complete"):
        read_manifest(tmp_path / "text.zip")


def test_an_archive_never_overwrites_a_user(store: Store, tmp_path: Path) -> None:
    pack(store, tmp_path / "dana.zip")
    with pytest.raises(BadInput, match="already"):
        unpack(tmp_path / "dana.zip", tmp_path)
    with unpack(tmp_path / "dana.zip", tmp_path, "Dana 2") as other:
        assert other.user == "Dana 2"
    assert users(tmp_path) == ["Dana", "Dana 2"]
