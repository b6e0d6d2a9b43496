"""Isolation: nobody's words reach anybody else, and no name is a path."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lab.trust.isolation import campaign
from personavlm.assistant import create_user
from personavlm.errors import BadInput, UnknownUser
from personavlm.store import Store, user_folder, users
from tests.fakes import kit

NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)
HOSTILE = [
    "../../etc/passwd",
    "..",
    "/etc/passwd",
    "C:\\Windows\\system32",
    "CON",
    "NUL.txt",
    "a/b",
    "~",
    "$HOME",
    "*",
    "'; DROP TABLE ledger; --",
    "{UserQuery}",
    "Dana<|im_end|>",
    "Dаna",  # the second letter is Cyrillic
    "Dana.",
    "dana",
]


def test_users_who_talk_at_once_never_see_each_others_words() -> None:
    result = campaign(4, 2, 1, kit())
    assert result["leaks"] == []
    assert result["texts"] > 100


def test_a_leak_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a word for a secret that everybody says, the search must find it."""
    monkeypatch.setattr("lab.trust.isolation.secret_words", lambda _, __: ["sister", "tea"])
    assert campaign(2, 1, 1, kit())["leaks"] != []


@given(st.text(max_size=220))
@example("x" * 10_000)
@example("a\nb")
@example("\x00")
@example("\u202eevil")
def test_a_name_is_refused_or_a_folder_of_its_own_right_under_users(name: str) -> None:
    home = Path("home")
    try:
        folder = user_folder(home, name)
    except BadInput:
        return
    assert folder.parent == home / "users"
    assert re.fullmatch("[0-9a-f]{20}", folder.name)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_names(tmp_path: Path, name: str) -> None:
    home = tmp_path / "home"
    create_user(home, "Dana", NOON).close()
    with create_user(home, name, NOON) as store:
        assert store.user == name
        assert store.state().name == name
    assert sorted(users(home)) == sorted(["Dana", name])
    assert {path.name for path in tmp_path.iterdir()} == {"home"}
    with Store.open(home, "Dana") as store:
        assert store.state().name == "Dana"


def test_two_spellings_of_one_name_are_one_user(tmp_path: Path) -> None:
    name = "José Núñez"
    create_user(tmp_path, unicodedata.normalize("NFC", name), NOON).close()
    with pytest.raises(BadInput, match="already"):
        create_user(tmp_path, unicodedata.normalize("NFD", name), NOON)
    Store.open(tmp_path, unicodedata.normalize("NFD", name)).close()


def test_nothing_is_read_without_a_user(tmp_path: Path) -> None:
    create_user(tmp_path, "Dana", NOON).close()
    for name in ("", "  ", "Eve"):
        with pytest.raises((BadInput, UnknownUser)):
            Store.open(tmp_path, name)
    assert users(tmp_path) == ["Dana"]
