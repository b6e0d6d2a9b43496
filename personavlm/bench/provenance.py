"""Provenance: with which code, versions and machine a number was made."""

from __future__ import annotations

import platform
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from personavlm.models.room import look_at_machine

PACKAGE = Path(__file__).resolve().parent.parent
PACKAGES = ("personavlm", "numpy", "faiss-cpu", "torch", "transformers", "polars")
BESIDE = frozenset({"apps", "bench", "cli", "evals", "figures", "inspection", "synthesis", "training", "worlds"})
"""Parts of the package that no answer depends on."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a run was made with."""

    code: str
    """Digest of the package's files that answers depend on."""
    commit: str
    """Commit of the working copy, "+" behind it if it has changes; empty outside of one."""
    python: str
    versions: tuple[tuple[str, str], ...]
    hardware: str


def provenance() -> Provenance:
    """Return what is running now."""
    return Provenance(code_digest(), commit(), platform.python_version(), tuple(_versions()), hardware())


@cache
def code_digest() -> str:
    """Return a digest of the package's sources, prompts and data, without the parts that answers do not depend on."""
    found = sha256()
    for path in sorted(PACKAGE.rglob("*")):
        parts = path.relative_to(PACKAGE).parts
        if path.is_file() and parts[0] not in BESIDE and "__pycache__" not in parts:
            found.update("/".join(parts).encode() + b"\0" + sha256(path.read_bytes()).digest())
    return found.hexdigest()[:12]


def commit() -> str:
    """Return the commit of the working copy that holds the package; empty if there is none."""
    head = _git("rev-parse", "--short=12", "HEAD")
    return head + ("+" if head and _git("status", "--porcelain", "--untracked-files=no") else "")


def _git(*words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=PACKAGE, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _versions() -> list[tuple[str, str]]:
    found = []
    for name in PACKAGES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            found.append((name, ""))
    return found


def hardware() -> str:
    """Return cores, memory, GPU and system in one line; no name of the machine."""
    import os

    machine = look_at_machine()
    parts = [
        f"{os.cpu_count()} cores",
        f"{machine.memory_gb:g} GB",
        machine.gpu,
        f"{sys.platform} {platform.machine()}",
    ]
    return ", ".join(part for part in parts if part)
