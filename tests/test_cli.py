"""The command line's contract: one JSON object on stdout, errors with kind, message and remedy and status 2."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from personavlm import cli
from tests.fakes import answering, kit, look_up, remember

Run = Callable[..., tuple[int, Any]]
ROOT = Path(__file__).resolve().parent.parent
STORY = ROOT / "data" / "story" / "mara.json"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a verb in a fresh home with a scripted model; returns status and the JSON on stdout."""
    model = answering(respond=look_up("drink"), semantic=remember("drinks tea"), answer="Tea.")
    monkeypatch.setattr("personavlm.models.loading.load_model", lambda _: model)
    monkeypatch.setattr("personavlm.assistant.Kit.load", lambda _: kit())

    def call(*words: str, home: Path = tmp_path) -> tuple[int, Any]:
        with pytest.raises(SystemExit) as stopped:
            cli.main([*words, "--home", str(home), "--json"])
        out = capsys.readouterr().out
        return int(stopped.value.code or 0), json.loads(out) if out else None

    return call


def test_import_then_ask_then_state(run: Run) -> None:
    status, report = run("import", "conversation", str(STORY))
    assert status == 0
    assert report["users"] == [{"user": "Mara", "turns": 44, "sessions": 14}] or report["users"][0]["turns"] == 44
    assert report["skipped"] == []
    status, answer = run("ask", "What do I drink?", "--user", "Mara", "--at", "2025-03-25T09:00:00+00:00", "--dry")
    assert status == 0
    assert answer["answer"] == "All right."
    first, last = answer["steps"]
    assert (first["action"], last["action"]) == ("retrieve", "answer")
    assert first["keywords"] == ["drink"]
    assert (first["start"], first["end"]) == (None, None)
    assert {"id", "type", "time", "text", "scores", "why"} <= first["hits"][0].keys()
    assert first["hits"][0]["scores"].keys() == {"dense", "lexical", "picture", "fused"}
    assert set(answer["profile"]) == {"openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism"}
    assert answer["calls"] == 2
    status, known = run("state", "--user", "Mara")
    assert known["core"]["human"][0]["text"] == "name: Mara"
    assert {"id", "text", "from", "until", "status", "evidence"} <= known["semantic"][0].keys()
    assert known["profile"]["openness"].keys() == {"score", "low", "high"}
    status, early = run("state", "--user", "Mara", "--as-of", "2025-03-01T00:00:00+00:00")
    assert (early["semantic"], early["episodic"]) == ([], [])


def test_dry_stores_nothing_and_a_real_question_is_a_turn(run: Run) -> None:
    run("import", "conversation", str(STORY))
    run("ask", "What do I drink?", "--user", "Mara", "--at", "2025-04-01T09:00:00+00:00", "--dry")
    assert run("users")[1]["users"][0]["turns"] == 44
    run("ask", "What do I drink?", "--user", "Mara", "--at", "2025-04-01T09:00:00+00:00")
    assert run("users")[1]["users"][0]["turns"] == 45
    assert run("timeline", "--user", "Mara")[1]["turns"][-1]["time"] == "2025-04-01T09:00:00+00:00"


def test_archive_out_and_in(run: Run, tmp_path: Path) -> None:
    run("import", "conversation", str(STORY))
    assert run("export", "archive", str(tmp_path / "mara.zip"), "--user", "Mara")[1]["turns"] == 44
    status, report = run("import", "archive", str(tmp_path / "mara.zip"), home=tmp_path / "second")
    assert (status, report["users"][0]["user"]) == (0, "Mara")
    out = tmp_path / "released"
    assert run("export", "personavlm", str(out), "--user", "Mara")[0] == 0
    status, report = run("import", "personavlm", str(out), home=tmp_path / "third")
    assert (status, report["users"][0]["turns"]) == (0, 44)


@pytest.mark.parametrize(
    ("words", "kind", "named"),
    [
        (["ask", "hello", "--user", "Nobody"], "unknown_user", "Nobody"),
        (["state", "--user", "Nobody"], "unknown_user", "Nobody"),
        (["ask", "hello", "--user", "Mara", "--at", "yesterday"], "bad_time", "yesterday"),
        (["ask", "hello", "--user", "Mara", "--at", "2025-04-01T09:00:00"], "bad_time", "no time zone"),
        (["ask", "hello", "--user", "Mara", "--at", "2020-04-01T09:00:00+00:00"], "bad_time", "before the last turn"),
        (["ask", "", "--user", "Mara"], "bad_input", "empty"),
        (["ask", "look", "--user", "Mara", "--picture", "gone.png"], "bad_picture", "gone.png"),
        (["import", "conversation", "gone.json"], "bad_input", "gone.json"),
        (["import", "archive", "gone.zip"], "bad_input", "gone.zip"),
        (["import", "personavlm", "gone"], "bad_input", "gone"),
        (["frobnicate"], "usage", "frobnicate"),
        (["ask", "hello"], "usage", "--user"),
    ],
)
def test_errors_name_the_thing_and_the_remedy(run: Run, words: list[str], kind: str, named: str) -> None:
    run("import", "conversation", str(STORY))
    status, out = run(*words)
    assert status == 2
    assert out["error"]["kind"] == kind
    assert named in out["error"]["message"]
    assert out["error"]["remedy"]
    assert run("users")[1]["users"][0]["turns"] == 44


def test_an_unknown_model_setting_lists_the_four_forms(tmp_path: Path) -> None:
    words = ["ask", "hi", "--user", "Mara", "--home", str(tmp_path), "--model", "gpt", "--json"]
    from personavlm.store import Store

    Store.open(tmp_path, "Mara", create=True).close()
    run = subprocess.run([sys.executable, "-m", "personavlm.cli", *words], capture_output=True, text=True, check=False)
    assert run.returncode == 2
    error = json.loads(run.stdout)["error"]
    assert all(form in error["remedy"] + error["message"] for form in ("embedded", "hf:", "openai:", "recorded:"))


def test_help_lists_the_verbs() -> None:
    run = subprocess.run([sys.executable, "-m", "personavlm.cli", "--help"], capture_output=True, text=True, check=True)
    verbs = "demo chat ask import export state timeline doctor users eval bench tick"
    assert all(verb in run.stdout for verb in verbs.split())


def test_erasing_shows_first_and_erases_when_told(run: Run, tmp_path: Path) -> None:
    run("import", "conversation", str(STORY))
    status, shown = run("erase", "--user", "Mara", "--turn", "t1")
    assert (status, [turn["id"] for turn in shown["preview"]["turns"]]) == (0, ["t1"])
    _, before = run("users")
    file = tmp_path / "report.json"
    status, done = run("erase", "--user", "Mara", "--turn", "t1", "--yes", "--report", str(file))
    assert (status, done["report"]["turns"], done["report"]["found"]) == (0, 1, [])
    assert json.loads(file.read_text(encoding="utf-8")) == done["report"]
    _, after = run("users")
    assert after["users"][0]["turns"] == before["users"][0]["turns"] - 1
    status, refused = run("erase", "--user", "Mara", "--turn", "t2", "--about", "Biscuit")
    assert (status, refused["error"]["kind"]) == (2, "bad_input")
    assert run("erase", "--user", "Mara", "--everything", "--yes")[0] == 0
    assert run("users")[1] == {"users": []}


def test_consent_is_shown_and_changed(run: Run) -> None:
    run("import", "conversation", str(STORY))
    assert run("consent", "--user", "Mara")[1] == {"consent": {"profile": True, "topics": []}}
    changed = run("consent", "--user", "Mara", "--no-profile", "--bar", "health", "--bar", "boats")[1]
    assert changed == {"consent": {"profile": False, "topics": ["health", "boats"]}}
    assert run("consent", "--user", "Mara", "--allow", "health")[1]["consent"]["topics"] == ["boats"]
