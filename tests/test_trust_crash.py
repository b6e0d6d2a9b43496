"""Crash: a small slice of ``python -m lab.trust.crash``, and disks that are full or read-only."""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lab.trust.crash import cut_wals, every_point, random_kills
from personavlm.archive import pack
from personavlm.assistant import Assistant, create_user
from personavlm.erasure import Turns, erase
from personavlm.errors import StoreError
from personavlm.store import Store, state_digest, users
from tests.fakes import answering, kit, remember

NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that are forked")


@forks
def test_random_kills_change_nothing() -> None:
    result = random_kills(6, 1, kit())
    assert result["wrong"] == []
    assert result["kills"] == 6


@forks
@pytest.mark.slow
def test_no_write_is_a_weak_point() -> None:
    result = every_point(40, kit())
    assert result["wrong"] == []
    assert result["tried"] >= 40


def test_a_wal_cut_or_changed_anywhere_leaves_a_committed_state() -> None:
    result = cut_wals(40, 1)
    assert result["wrong"] == []
    assert result["states"] == 13


@pytest.fixture
def dana(tmp_path: Path) -> Assistant:
    assistant = Assistant(create_user(tmp_path, "Dana", NOON), answering(semantic=remember("likes tea")), kit=kit())
    assistant.say(NOON, "I like tea.")
    return assistant


def outcome(store: Store) -> tuple[object, ...]:
    return store.head(), state_digest(store.state()), store.jobs(), store.verify()


@pytest.mark.parametrize("limit", ["PRAGMA max_page_count = 1", "PRAGMA query_only = ON"])
def test_a_disk_that_refuses_loses_nothing_and_says_what_to_do(dana: Assistant, limit: str) -> None:
    before = outcome(dana.store)
    db = dana.store._db
    db.execute(limit)
    with pytest.raises(StoreError) as refused:
        dana.say(NOON + timedelta(minutes=1), "I also like coffee. " * 20_000)  # more than the pages there are can hold
    assert "disk is full" in refused.value.remedy or "writable" in refused.value.remedy
    db.execute("PRAGMA query_only = OFF")
    db.execute("PRAGMA max_page_count = 1000000")
    assert outcome(dana.store) == before
    dana.say(NOON + timedelta(minutes=1), "I also like coffee.")
    assert dana.flush() == 2


def test_an_erasure_on_a_full_disk_erases_nothing_or_all(
    dana: Assistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dana.flush()
    before = outcome(dana.store)
    monkeypatch.setattr("personavlm.ledger.replace_rows", full)
    with pytest.raises(StoreError, match="full"):
        erase(tmp_path, "Dana", Turns(("t1",)))
    assert outcome(dana.store) == before
    monkeypatch.undo()
    assert erase(tmp_path, "Dana", Turns(("t1",))).residue == 0


def full(*_: object) -> None:
    raise sqlite3.OperationalError("database or disk is full")


def test_an_archive_that_does_not_fit_is_not_there(
    dana: Assistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zipfile.ZipFile.write", full_disk)
    with pytest.raises(StoreError, match="No space"):
        pack(dana.store, tmp_path / "dana.zip")
    assert not (tmp_path / "dana.zip").exists()


def test_a_user_that_does_not_fit_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("personavlm.store.Store.record", full_disk)
    with pytest.raises(StoreError):
        create_user(tmp_path, "Eve", NOON)
    assert users(tmp_path) == []
    assert list((tmp_path / "users").glob(".new-*")) == []
    monkeypatch.undo()
    create_user(tmp_path, "Eve", NOON).close()


def full_disk(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")
