"""Doctor: what this machine can run, and why something cannot.

    examine(model, home) ──> Report ── checks: name, ok, detail, remedy
                                    ├─ fits: which models have room here, with a line to type
                                    └─ machine: memory, GPU

It looks and does not touch: nothing is downloaded or loaded that was not asked for, and it runs without torch. A server
is asked only if the model setting names one.

    >>> report = examine("hf:Qwen/Qwen2.5-VL-7B-Instruct", Path("workspace"))
    >>> [check.name for check in report.checks if not check.ok]
    ['model']
"""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from personavlm.encoders.text import load_text_encoder
from personavlm.errors import PersonaVLMError
from personavlm.models.catalogue import BILLION, CHOICES, Choice, prompts_for
from personavlm.models.loading import load_model, split_setting
from personavlm.models.room import Fit as Fit
from personavlm.models.room import Machine as Machine
from personavlm.models.room import fit, look_at_machine
from personavlm.models.weights import base_and_adapter, weight_files

CLIP_ID = "openai/clip-vit-large-patch14"
DINO_ID = "IDEA-Research/grounding-dino-base"
LEAST_DISK_GB = 1.0
"""Free space below which a workspace with pictures soon stops."""
EXTRAS = {
    "train": ("trl", "peft", "datasets"),
    "apps": ("streamlit",),
    "notebooks": ("jupyterlab", "nbclient"),
    "scale": ("ray",),
}
"""Optional extras and the packages by which they are recognised."""
PATIENCE = 60
"""Seconds for a package to be imported in a process of its own."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. ``needed`` is False where the assistant works without it."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """What ``examine`` found."""

    machine: Machine
    checks: tuple[Check, ...]
    fits: tuple[Fit, ...]

    @property
    def ok(self) -> bool:
        """Whether everything that is needed is there."""
        return all(check.ok for check in self.checks if check.needed)


def examine(model: str | None, home: Path) -> Report:
    """Look at this machine, at the folder the users live in, and at a model setting if one is given."""
    machine = look_at_machine()
    checks = [
        check_python(),
        *(check_package(name, least) for name, least in (("torch", "2.9"), ("transformers", "5.18"))),
        check_torchvision(),
        check_device(machine),
        check_disk(home),
        check_home(home),
        check_sqlite(),
        check_minilm(),
        check_cached("CLIP", CLIP_ID, "a picture encoder that needs no download is used"),
        check_cached("Grounding DINO", DINO_ID, "things in pictures are found by a box you draw or by what stands out"),
        check_optional("bitsandbytes", "4bit and 8bit weights (?quantise=4bit)", "pip install bitsandbytes"),
        Check("chromium", True, "not needed: figures are drawn by the browser that shows them", needed=False),
        *(check_extra(extra) for extra in EXTRAS),
        *(check_model(model, machine) if model else ()),
    ]
    said = tuple(replace(check, remedy="") if check.ok else check for check in checks)
    return Report(machine, said, tuple(fit(choice, machine) for choice in CHOICES))


# ── the machine and its software ──────────────────────────────────────────────────────────────────────────────────────
def check_device(machine: Machine) -> Check:
    """Say what models will run on."""
    cores = os.cpu_count() or 1
    if machine.gpu:
        return Check("device", True, f"{machine.gpu}, {machine.gpu_gb:.1f} GB; memory {machine.memory_gb:.1f} GB")
    where = f"{platform.machine()} with {cores} cores, memory {machine.memory_gb:.1f} GB"
    return Check("device", True, f"no GPU; {where}: embedded, small models here, large ones on a server")


def check_python() -> Check:
    """Python 3.11 or newer."""
    here = platform.python_version()
    return Check("python", sys.version_info >= (3, 11), here, "install Python 3.11 or newer.")


def check_package(name: str, least: str) -> Check:
    """A package the models need, recent enough."""
    remedy = 'pip install "personavlm[models]".'
    found = installed(name)
    if not found:
        return Check(name, False, "not installed: no MiniLM, so nothing can be remembered or looked up", remedy)
    return Check(name, _numbers(found) >= _numbers(least), f"{found} (needs {least} or newer)", remedy)


def check_optional(name: str, use: str, remedy: str) -> Check:
    """A package only some uses need."""
    found = installed(name)
    return Check(name, bool(found), found or f"not installed; needed for {use}", f"{remedy}.", needed=False)


def check_extra(extra: str) -> Check:
    """An optional extra of this project."""
    missing = [name for name in EXTRAS[extra] if not installed(name)]
    detail = f"without {', '.join(missing)}" if missing else ", ".join(f"{n} {installed(n)}" for n in EXTRAS[extra])
    return Check(f"extra {extra}", not missing, detail, f'pip install "personavlm[{extra}]".', needed=False)


def check_torchvision() -> Check:
    """Nobody needs torchvision here, but a broken one takes transformers down with it."""
    found = installed("torchvision")
    if not found:
        return Check("torchvision", True, "not installed and not needed", needed=False)
    run = _run("import torchvision")
    detail = f"{found}, works" if not run else f"{found} cannot be imported: {run}"
    return Check("torchvision", not run, detail, "pip uninstall torchvision; it is not needed.")


def check_minilm() -> Check:
    """The text encoder's package with the published weights; hashes them, loads nothing."""
    try:
        return Check("MiniLM", True, f"{load_text_encoder().name}, hash as published")
    except PersonaVLMError as error:
        return Check("MiniLM", False, error.message, error.remedy)


def check_cached(name: str, hub_id: str, otherwise: str) -> Check:
    """Whether an optional model's weights are in the local hub cache."""
    here = cached(hub_id)
    detail = f"{hub_id} is in the local cache" if here else f"{hub_id} is not here; {otherwise}"
    return Check(name, here, detail, f"optional: hf download {hub_id}.", needed=False)


def cached(hub_id: str) -> bool:
    """Return whether a hub id's configuration and weights are in the local cache. Asks no network."""
    if find_spec("huggingface_hub") is None:
        return False
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(hub_id, "config.json")
    return isinstance(config, str) and any(Path(config).parent.glob("*.safetensors"))


def installed(name: str) -> str:
    """Return an installed package's version, empty if it is not there."""
    try:
        return version(name) if find_spec(name) else ""
    except PackageNotFoundError:
        return ""


def _numbers(text: str) -> tuple[int, ...]:
    """The leading numbers of a version: "2.13.0+cpu" is (2, 13)."""
    return tuple(int(part) for part in text.split("+")[0].split(".")[:2] if part.isdigit())


def _run(code: str) -> str:
    """What went wrong when a line of Python ran in a process of its own; empty if nothing did."""
    try:
        command = [sys.executable, "-c", code]
        run = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return f"no answer within {PATIENCE} seconds"
    lines = run.stderr.strip().splitlines()
    return "" if run.returncode == 0 else (lines[-1] if lines else f"exit status {run.returncode}")


# ── the home ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def check_disk(home: Path) -> Check:
    """Room on the disk that the users live on."""
    free = shutil.disk_usage(_existing(home)).free / BILLION
    remedy = "free some space, or give another --home."
    return Check("disk", free >= LEAST_DISK_GB, f"{free:.1f} GB free", remedy)


def check_home(home: Path) -> Check:
    """Whether users can be stored: a database in WAL mode is made beside them and removed again."""
    try:
        with tempfile.TemporaryDirectory(dir=_existing(home)) as folder, closing(_database(Path(folder))) as database:
            (mode,) = database.execute("pragma journal_mode = wal").fetchone()
            database.execute("create table probe (x)")
    except (OSError, sqlite3.Error) as error:
        return Check("home", False, f"{home} cannot be written: {error}", "give a writable folder with --home.")
    remedy = "give a folder on a local disk with --home; network disks often cannot lock."
    return Check("home", mode == "wal", f"{home} is writable, journal mode {mode}", remedy)


def check_sqlite() -> Check:
    """The SQLite that Python came with."""
    new_enough = sqlite3.sqlite_version_info >= (3, 35)
    return Check("sqlite", new_enough, f"{sqlite3.sqlite_version} (needs 3.35 or newer)", "install a newer Python.")


def _database(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(folder / "probe.sqlite")


def _existing(path: Path) -> Path:
    """The path, or the nearest folder above it that exists."""
    return next((p for p in (path, *path.resolve().parents) if p.is_dir()), Path())


# ── the model ────────────────────────────────────────────────────────────────────────────────────────────────────────


def check_model(setting: str, machine: Machine) -> Iterator[Check]:
    """Say whether a model setting can work, without loading weights, and which prompts it wants."""
    try:
        kind, rest, _ = split_setting(setting)
    except PersonaVLMError as error:
        yield Check("model", False, error.message, error.remedy)
        return
    if kind == "hf":
        yield check_checkpoint(rest)
        yield from check_room(setting, rest, machine)
        yield check_prompts(rest)
    elif kind == "embedded":
        yield Check("model", True, "embedded: rules over MiniLM, no weights")
    else:
        yield _attempted(lambda: _try(setting))


def check_checkpoint(checkpoint: str) -> Check:
    """Whether a checkpoint's files are here."""
    if Path(checkpoint).is_dir():
        return _attempted(lambda: f"{base_and_adapter(checkpoint, '')[0]}: configuration and weights are here")
    if cached(checkpoint):
        return Check("model", True, f"{checkpoint} is in the local cache")
    detail = f"{checkpoint} is neither a folder here nor in the local cache"
    return Check("model", False, detail, f"hf download {checkpoint}, or just use it with a network.")


def check_room(setting: str, checkpoint: str, machine: Machine) -> Iterator[Check]:
    """Whether there is memory for a checkpoint of known size: one in the catalogue, or a folder's own weights."""
    listed = [choice for choice in CHOICES if setting == choice.setting]
    weights = weight_files(Path(checkpoint))
    if listed:
        choice = listed[0]
    elif weights:
        # Each parameter takes two bytes in nearly every published file; on a CPU it is loaded with four.
        size = sum(path.stat().st_size for path in weights)
        choice = Choice("", setting, size / 2, 2 if machine.gpu else 4)
    else:
        return
    enough = fit(choice, machine).fits
    detail = f"needs about {choice.memory_gb:.1f} GB"
    yield Check("room", enough, detail, "add ?quantise=4bit (NVIDIA) or ?dtype=bfloat16, or use a smaller model.")


def check_prompts(checkpoint: str) -> Check:
    """Which set of prompts a checkpoint was trained on."""
    if prompts_for(checkpoint) == "authors":
        detail = "trained on its authors' prompts, which this project does not contain"
        remedy = "give them with --prompts DIR; with ours it works below its worth."
        return Check("prompts", False, detail, remedy, needed=False)
    return Check("prompts", True, "our own prompts fit (the default)", needed=False)


def _try(setting: str) -> str:
    """Ask a server for its models, or read a recording."""
    model = load_model(setting)
    models = getattr(model, "models", None)
    return f"{model.name} answers; it has {', '.join(models()[:5])}" if models else f"{model.name} can be replayed"


def _attempted(attempt: Callable[[], str]) -> Check:
    try:
        return Check("model", True, attempt())
    except PersonaVLMError as error:
        return Check("model", False, error.message, error.remedy)
