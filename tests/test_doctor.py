"""The doctor: what it says of a healthy machine, and of each thing that may be wrong."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from personavlm import doctor
from personavlm.doctor import Check, check_model, examine
from personavlm.models.catalogue import CHOICES, NOTE, Choice, prompts_for
from personavlm.models.loading import split_setting
from personavlm.models.room import Machine, fit
from personavlm.trace import canonical

LAPTOP, WORKSTATION = Machine(16.0), Machine(64.0, "GPU", 24.0)


def named(checks: tuple[Check, ...], name: str) -> Check:
    return next(check for check in checks if check.name == name)


def test_a_healthy_machine_is_told_what_fits(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    report = examine(None, tmp_path / "not" / "yet")
    assert [check.name for check in report.checks if check.needed and not check.ok] == []
    assert report.ok
    assert "hash as published" in named(report.checks, "MiniLM").detail
    assert report.machine.memory_gb > 0.5
    assert len(report.fits) == len(CHOICES)
    assert json.loads(canonical(report))["checks"][0]["name"] == "python"
    assert not (tmp_path / "not").exists()


def test_every_check_that_fails_has_a_remedy_and_one_that_passes_has_none(tmp_path: Path) -> None:
    for check in examine("nonsense", tmp_path).checks:
        assert bool(check.remedy) == (not check.ok), check


def test_it_runs_without_torch(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = None; sys.modules['transformers'] = None\n"
        "import importlib.util, importlib.metadata; real = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *a: None if name in ('torch', 'transformers') else real(name, *a)\n"
        "from pathlib import Path\nfrom personavlm.doctor import examine\n"
        f"report = examine('embedded', Path({str(tmp_path)!r}))\n"
        "print([c.name for c in report.checks if c.needed and not c.ok], report.ok)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "['torch', 'transformers'] False"


# ── the machine and its disk ─────────────────────────────────────────────────────────────────────────────────────────


def test_room_is_the_gpus_for_models_that_need_one_and_the_machines_for_others() -> None:
    small, large = Choice("", "hf:a/b", 1e9, 4), Choice("", "hf:c/d", 8e9, needs_gpu=True)
    assert (small.memory_gb, large.memory_gb) == (6.4, 19.6)
    assert (fit(small, LAPTOP).fits, fit(large, LAPTOP).fits) == (True, False)
    assert (fit(small, WORKSTATION).fits, fit(large, WORKSTATION).fits) == (True, True)
    assert not fit(replace(large, bytes_each=4.0), WORKSTATION).fits
    assert fit(replace(large, parameters=0), LAPTOP).fits  # runs elsewhere


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="file modes do not bind this user")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        check = doctor.check_home(tmp_path)
    finally:
        tmp_path.chmod(0o700)
    assert not check.ok
    assert str(tmp_path) in check.detail


def test_a_disk_that_refuses_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing(sqlite3.Connection):
        def execute(self, *_: object) -> sqlite3.Cursor:
            raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(doctor, "_database", lambda folder: Refusing(folder / "probe.sqlite"))
    check = doctor.check_home(tmp_path)
    assert (check.ok, "disk I/O error" in check.detail) == (False, True)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 10**8})
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage)
    assert doctor.check_disk(tmp_path) == Check(
        "disk", False, "0.1 GB free", "free some space, or give another --home."
    )


# ── packages ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("found", "ok"), [("2.13.0+cpu", True), ("2.9", True), ("2.8.1", False), ("1.13", False)])
def test_versions_are_compared_as_numbers(monkeypatch: pytest.MonkeyPatch, found: str, ok: bool) -> None:
    monkeypatch.setattr(doctor, "installed", lambda _: found)
    assert doctor.check_package("torch", "2.9").ok is ok


def test_a_broken_torchvision_is_found_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "installed", lambda _: "0.28.0")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    module = tmp_path / "torchvision.py"
    module.write_text("raise RuntimeError('operator torchvision::nms does not exist')")
    broken = doctor.check_torchvision()
    assert (broken.ok, broken.needed) == (False, True)
    assert "nms does not exist" in broken.detail
    module.write_text("")
    assert doctor.check_torchvision().ok


def test_a_minilm_that_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("personavlm.encoders.text.PACKAGE", "no_such_package")
    check = doctor.check_minilm()
    assert not check.ok
    assert "personavlm[models]" in check.remedy


# ── the model ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    with (folder / "model.safetensors").open("wb") as file:
        file.truncate(16_600_000_000)  # as large as the 7B, and no byte of it on the disk
    return folder


def test_a_checkpoint_is_looked_at_without_loading_it(checkpoint: Path) -> None:
    model, room, prompts = check_model(f"hf:{checkpoint}?dtype=bfloat16", WORKSTATION)
    assert (model.ok, room.ok, prompts.ok) == (True, True, True)
    assert room.detail == "needs about 20.3 GB"
    assert not next(check for check in check_model(f"hf:{checkpoint}", LAPTOP) if check.name == "room").ok
    (checkpoint / "model.safetensors").unlink()
    model, prompts = check_model(f"hf:{checkpoint}", WORKSTATION)
    assert not model.ok
    assert "weights" in model.detail


def test_the_released_checkpoint_wants_its_authors_prompts(checkpoint: Path) -> None:
    checks = tuple(check_model("hf:ClareNie/PersonaVLM", WORKSTATION))
    assert "--prompts" in named(checks, "prompts").remedy
    assert prompts_for("Qwen/Qwen2.5-VL-7B-Instruct") == "ours"
    assert prompts_for(str(checkpoint)) == "ours"
    (checkpoint / "config.json").write_text('{"_name_or_path": "models/PersonaVLM"}')
    assert prompts_for(str(checkpoint)) == "authors"
    (checkpoint / NOTE).write_text('{"prompts": "ours"}')
    assert prompts_for(str(checkpoint)) == "ours"


@pytest.mark.parametrize(
    ("setting", "word"),
    [
        ("gpt", "forms"),
        ("openai:m@http://127.0.0.1:9/v1", "reached"),
        ("recorded:nowhere.jsonl", "nowhere"),
        ("hf:a/b", "neither"),
    ],
)
def test_a_model_that_cannot_work_says_why(setting: str, word: str) -> None:
    check = next(iter(check_model(setting, LAPTOP)))
    assert not check.ok
    assert word in check.detail
    assert check.remedy


def test_the_catalogue_can_be_typed() -> None:
    for choice in CHOICES:
        kind, _, options = split_setting(choice.setting)
        assert kind in ("embedded", "hf", "openai")
        assert set(options) <= {"quantise", "dtype", "device"}
        assert choice.setting in choice.line
    assert [choice.setting for choice in CHOICES if choice.prompts == "authors"] == ["hf:ClareNie/PersonaVLM"]


@pytest.mark.slow
def test_parameters_are_those_of_the_architecture() -> None:
    torch = pytest.importorskip("torch")
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    text = {
        "vocab_size": 152_064, "hidden_size": 3584, "intermediate_size": 18_944, "num_hidden_layers": 28,
        "num_attention_heads": 28, "num_key_value_heads": 4,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]},
    }  # fmt: skip
    vision = {"depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16, "out_hidden_size": 3584}
    with torch.device("meta"):
        model = Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(text_config=text, vision_config=vision))
    listed = next(choice for choice in CHOICES if choice.setting == "hf:Qwen/Qwen2.5-VL-7B-Instruct")
    assert sum(weight.numel() for weight in model.parameters()) == listed.parameters
