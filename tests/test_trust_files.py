"""Files from elsewhere: archives that lie, are too large or lead out of their folder; old and damaged stores."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import tempfile
import zipfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personavlm import archive
from personavlm.archive import FORMAT, pack, unpack
from personavlm.assistant import create_user
from personavlm.errors import BadInput, PersonaVLMError, StoreError
from personavlm.home import DATABASE
from personavlm.schema import LATEST, M001_INITIAL
from personavlm.store import Store, user_folder, users
from personavlm.trace import Answer, Step

NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packed")
    with create_user(folder, "Dana", NOON) as store:
        store.append(store.draft(NOON, "hello"), (Step("", Answer("hi")),))
        pack(store, folder / "dana.zip")
    return folder / "dana.zip"


def forged(target: Path, members: dict[str, bytes], **changes: object) -> Path:
    files = {name: hashlib.sha256(data).hexdigest() for name, data in members.items()}
    manifest = {"format": FORMAT, "user": "Dana", "turns": 1, "sessions": 1, "files": files} | changes
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("manifest.json", json.dumps(manifest))
        for name, data in members.items():
            made.writestr(name, data)
    return target


@pytest.mark.parametrize(
    "name", ["../../evil", "/etc/evil", "pictures/../../evil", "pictures/..", "C:\\evil", "pictures/a/b", "x", ""]
)
def test_no_member_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    file = forged(tmp_path / "bad.zip", {name or "pictures/": b"x"})
    with pytest.raises(BadInput):
        unpack(file, tmp_path / "home")
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "home") == ["bad.zip"]
    assert users(tmp_path / "home") == []


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 1_000_000)
    file = forged(tmp_path / "bomb.zip", {DATABASE: b"\0" * 50_000_000})
    assert file.stat().st_size < 100_000
    with pytest.raises(BadInput, match="50,0"):
        unpack(file, tmp_path / "home")


def test_a_size_that_the_directory_lies_about_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The directory says one byte, the member holds 50 million: what is read is bounded all the same."""
    monkeypatch.setattr(archive, "MAX_BYTES", 1_000_000)
    file = forged(tmp_path / "bomb.zip", {DATABASE: b"\0" * 50_000_000})
    data = bytearray(file.read_bytes())
    size = (50_000_000).to_bytes(4, "little")
    while (place := data.find(size)) >= 0:
        data[place : place + 4] = (1).to_bytes(4, "little")
    file.write_bytes(data)
    with pytest.raises(BadInput):
        unpack(file, tmp_path / "home")


def test_a_database_that_is_none_is_refused_and_leaves_no_user(tmp_path: Path) -> None:
    file = forged(tmp_path / "bad.zip", {DATABASE: b"this is no database" * 100})
    with pytest.raises(PersonaVLMError):
        unpack(file, tmp_path / "home")
    assert users(tmp_path / "home") == []


def test_an_archive_without_a_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PersonaVLMError):
        unpack(forged(tmp_path / "bad.zip", {}), tmp_path / "home")
    assert users(tmp_path / "home") == []


def test_an_existing_user_is_never_overwritten(packed: Path, tmp_path: Path) -> None:
    create_user(tmp_path, "Dana", NOON).close()
    with pytest.raises(BadInput, match="already"):
        unpack(packed, tmp_path)
    with Store.open(tmp_path, "Dana") as store:
        assert store.counts() == (0, 0)


@settings(max_examples=150)
@given(st.integers(0, 10**6), st.binary(min_size=1, max_size=8))
def test_a_damaged_archive_is_taken_whole_or_refused(packed: Path, place: int, noise: bytes) -> None:
    data = bytearray(packed.read_bytes())
    at = place % len(data)
    data[at : at + len(noise)] = noise
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "damaged.zip"
        file.write_bytes(data)
        try:
            with unpack(file, Path(folder) / "home", "Dana") as store:
                assert store.verify() == []
                assert store.counts() == (1, 1)
        except PersonaVLMError:
            assert users(Path(folder) / "home") == []


def test_an_old_store_is_copied_before_it_is_changed(tmp_path: Path) -> None:
    folder = user_folder(tmp_path, "Elder")
    (folder / "pictures").mkdir(parents=True)
    old = sqlite3.connect(folder / DATABASE)
    old.executescript(M001_INITIAL + "PRAGMA user_version = 1; INSERT INTO meta VALUES ('user', 'Elder');")
    old.close()
    Store.open(tmp_path, "Elder").close()
    backup = folder / f"{DATABASE}.schema-1"
    with closing(sqlite3.connect(backup)) as copy:
        assert copy.execute("PRAGMA user_version").fetchone() == (1,)
    with Store.open(tmp_path, "Elder") as store:
        assert store._db.execute("PRAGMA user_version").fetchone() == (LATEST,)
        assert store.scrub()  # as every erasure does
    assert not backup.exists()


def told(home: Path) -> bool:
    """Whether the damage is named, when the store is opened or when it is checked."""
    try:
        with Store.open(home, "Dana") as store:
            return store.verify() != []
    except StoreError as error:
        return "archive" in error.remedy


def test_a_damaged_store_is_told_and_left_alone(tmp_path: Path) -> None:
    with create_user(tmp_path, "Dana", NOON) as store:
        for number in range(40):
            store.append(store.draft(NOON, f"hello {number} " * 50), (Step("", Answer("hi")),))
    path = user_folder(tmp_path, "Dana") / DATABASE
    data = bytearray(path.read_bytes())
    data[8192:20000] = b"\xff" * (20000 - 8192)
    path.write_bytes(data)
    assert told(tmp_path)
    assert path.read_bytes()[8192:20000] == b"\xff" * (20000 - 8192)
