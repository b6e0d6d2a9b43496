"""What is shipped in data/ and as golden conversations: readable, attributed, and nobody else's text."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from lab import make_data
from personavlm.datasets import OwnConversation, own
from personavlm.trace import SESSION_GAP

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data"
GOLDEN = ROOT / "tests" / "golden" / "conversations"
CONVERSATIONS = sorted([*DATA.glob("demo/*.json"), *DATA.glob("story/*.json"), *DATA.glob("fidelity/*.json")])
CONVERSATIONS += sorted(GOLDEN.glob("*.json"))

HEALTH = re.compile(
    r"allerg|diet|health|gluten|vegan|vegetarian|keto|lactose|celiac|diabet|calor|\bill\b|illness|sick|disease|doctor|"
    r"sodium|cholesterol|carb|intoleran|pregnan|medic|restrict|weight|nutri|protein",
    re.IGNORECASE,
)


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


@pytest.fixture(params=CONVERSATIONS, ids=named)
def conversation(request: pytest.FixtureRequest) -> OwnConversation:
    return own(request.param)


def test_there_are_the_conversations_that_were_promised() -> None:
    assert {named(path) for path in CONVERSATIONS} == {
        "demo/laps_cook.json",
        "story/mara.json",
        "fidelity/ingrid.json",
        "fidelity/kaz.json",
        "fidelity/yusuf.json",
        "conversations/bob_on_sunday.json",
        "conversations/drink_and_mood.json",
        "conversations/improv_and_personality.json",
        "conversations/train_engine.json",
    }


def test_every_conversation_is_complete(conversation: OwnConversation) -> None:
    assert conversation.skipped == ()
    assert conversation.assigned_dates
    assert all(turn.text.strip() for turn in conversation.dialogue.turns)
    assert conversation.questions or conversation.facts
    assert conversation.origin
    assert conversation.licence


def test_ids_are_unique_and_questions_come_after_the_talk(conversation: OwnConversation) -> None:
    ids = [item.id for item in (*conversation.questions, *conversation.facts, *conversation.forbidden)]
    assert len(ids) == len(set(ids))
    last = conversation.dialogue.turns[-1].time
    assert all(question.at > last for question in conversation.questions)


def test_evidence_says_what_is_expected(conversation: OwnConversation) -> None:
    said = {turn.source: f"{turn.text} {turn.pictures}".lower() for turn in conversation.dialogue.turns}
    for question in conversation.questions:
        assert bool(question.evidence) is not question.unknown, question.id
        text = " ".join(said[turn] for turn in question.evidence)
        words = [word for group in question.expected.contains for word in group]
        assert question.unknown or any(word in text for word in words), question.id
    for fact in conversation.facts:
        text = " ".join(said[turn] for turn in fact.evidence)
        assert any(word in text for group in fact.expected.contains for word in group), fact.id


def test_evidence_lies_in_the_period_asked_about(conversation: OwnConversation) -> None:
    times = {turn.source: turn.time for turn in conversation.dialogue.turns}
    for question in conversation.questions:
        if question.period is not None:
            inside = [question.period.start <= times[turn] <= question.period.end for turn in question.evidence]
            assert all(inside), question.id


def test_the_story_is_three_weeks_of_sessions() -> None:
    turns = own(DATA / "story" / "mara.json").dialogue.turns
    gaps = [later.time - earlier.time for earlier, later in itertools.pairwise(turns)]
    assert 35 <= len(turns) <= 45
    assert 9 <= 1 + sum(gap >= SESSION_GAP for gap in gaps) <= 12
    assert timedelta(days=18) < turns[-1].time - turns[0].time < timedelta(days=22)
    assert sum(bool(turn.pictures) for turn in turns) == 4


def test_there_are_sixty_facts() -> None:
    read = [own(path) for path in DATA.glob("fidelity/*.json")]
    assert sum(len(one.facts) for one in read) == 60
    for one in read:
        assert any(not fact.current for fact in one.facts)
        assert one.forbidden
        told = [fact.text for fact in one.facts]
        assert not [item.id for item in one.forbidden for text in told if item.expected.met_by(text)]


def test_the_demo_is_without_health_matters_and_worker_id() -> None:
    text = (DATA / "demo" / "laps_cook.json").read_text(encoding="utf-8")
    assert not HEALTH.findall(text)
    assert not re.findall(r"\d{8,}", text)  # worker ids are long numbers
    assert "worker_id" not in text


def test_pictures_are_attributed_and_unchanged() -> None:
    index = json.loads((DATA / "pictures" / "pictures.json").read_text(encoding="utf-8"))
    shipped = {path.name for path in (DATA / "pictures").glob("*.jpg")}
    assert {entry["file"] for entry in index} == shipped
    assert len(shipped) <= 12
    for entry in index:
        content = (DATA / "pictures" / entry["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
        assert entry["photographer"] in ("Yael Pritch", "Nataniel Ruiz", "Varun Jampani")
        with Image.open(DATA / "pictures" / entry["file"]) as picture:
            assert max(picture.size) <= 512
            assert not picture.getexif()  # no place, no camera


def test_the_readme_names_every_file() -> None:
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    files = [path.relative_to(DATA).as_posix() for path in DATA.rglob("*") if path.is_file()]
    listed = {f"worlds/{name}" for name in json.loads((DATA / "worlds" / "manifest.json").read_bytes())["sha256"]}
    assert [name for name in files if f"`{name}`" not in readme and name not in listed | {"README.md"}] == []


def test_the_demo_and_pictures_are_what_their_sources_give(data_dir: Path) -> None:
    made = {make_data.DEMO: make_data.demo(data_dir / "laps" / "recipe_dataset_train.json")}
    made |= make_data.pictures(data_dir / "dreambooth")
    assert [name for name, content in made.items() if (DATA / name).read_bytes() != content] == []


# ── nobody else's text ───────────────────────────────────────────────────────────────────────────────────────────

SHINGLE = 10
"""So many words in a row are no coincidence."""
TEXT = {".py", ".md", ".json", ".jsonl", ".txt", ".ipynb", ".toml", ".csv", ".yml", ".yaml", ".sh", ".html"}


def shingles(text: str) -> Iterator[int]:
    words = re.findall(r"[a-z0-9']+", text.lower())
    return (hash(tuple(words[i : i + SHINGLE])) for i in range(len(words) - SHINGLE + 1))


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings(item)


def tracked() -> list[Path]:
    try:
        done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in done.stdout.decode().split("\0") if name]
    return [path for path in paths if path.suffix in TEXT and path.is_file()]


def test_no_text_of_restricted_data_sets_is_in_the_project(data_dir: Path) -> None:
    restricted: set[int] = set()
    for name in ("locomo", "prefeval", "psoups"):
        for path in (data_dir / name).rglob("*.json"):
            for text in strings(json.loads(path.read_text(encoding="utf-8"))):
                restricted.update(shingles(text))
    assert len(restricted) > 10_000
    found = [
        path.relative_to(ROOT).as_posix()
        for path in tracked()
        if not restricted.isdisjoint(shingles(path.read_text(encoding="utf-8", errors="replace")))
    ]
    assert found == []
