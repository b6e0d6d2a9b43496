"""The demo end to end: what a newcomer sees, on the real encoders and the embedded model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_the_demo_remembers_answers_and_shows_its_evidence(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "personavlm.cli", "demo", "--home", str(tmp_path), "--json"]
    run = subprocess.run(words, capture_output=True, text=True, check=True)
    users = json.loads(run.stdout)["users"]
    assert set(users) == {"Cook", "Mara"}
    assert users["Mara"]["right"] >= 20  # 21 of 21 when this was written
    assert users["Cook"]["right"] >= 8
    for told in users.values():
        assert told["grounded"] >= told["n"] - 3  # answered from core memory, nothing needs looking up
        assert told["state"]["core"]["human"]
        assert told["state"]["semantic"]
        assert told["state"]["episodic"]
    drinks = {m["text"]: m["status"] for m in users["Mara"]["state"]["semantic"]}
    assert drinks["drink is Sprite"] == "superseded"
    assert drinks["likes Coca-Cola"] == "current"
    things = {m["text"] for m in users["Mara"]["state"]["visual"]}
    assert things == {"Biscuit", "Captain"}
    again = subprocess.run(words, capture_output=True, text=True, check=True)  # nothing is stored twice
    assert json.loads(again.stdout)["users"]["Mara"]["right"] == users["Mara"]["right"]
