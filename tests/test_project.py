"""The project as a whole: what it pins, what it tracks, what its papers say about it."""

from __future__ import annotations

import ast
import csv
import importlib
import importlib.metadata as metadata
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
LIMIT_MB = 56
SHINGLE = 8
TEXT = {
    ".py",
    ".md",
    ".txt",
    ".toml",
    ".json",
    ".jsonl",
    ".csv",
    ".ipynb",
    ".yaml",
    ".yml",
    ".html",
    ".svg",
    ".jinja",
    "",
}


@cache
def tracked() -> tuple[Path, ...]:
    """The files git tracks; a copy without git has nothing to check."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True)
    if done.returncode:
        pytest.skip("not a git checkout")
    paths = (ROOT / name.decode() for name in done.stdout.split(b"\0") if name)
    return tuple(path for path in paths if path.is_file())


def names(paths: list[Path]) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in paths]


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


# ── versions ─────────────────────────────────────────────────────────────────────────────────────────────────────


def pins() -> dict[str, Version]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    wanted = [Requirement(line) for line in lines if line and not line.startswith("#")]
    found = {}
    for requirement in wanted:
        (spec,) = requirement.specifier
        assert spec.operator == "==", f"{requirement}: constraints.txt holds pins only"
        assert requirement.url is None
        found[canonicalize_name(requirement.name)] = Version(spec.version)
    assert len(found) == len(wanted), "a package is pinned twice"
    return found


def test_constraints_hold_no_addresses_and_no_local_versions() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    bad = [line for line in lines if not line.startswith("#") and re.search(r"://|@|\+|^-|/", line)]
    assert not bad
    assert all(version.local is None for version in pins().values())


def test_pins_satisfy_every_requirement() -> None:
    content, pinned = project(), pins()
    extras = content["optional-dependencies"]
    lines = [*content["dependencies"], *(line for extra in extras.values() for line in extra)]
    for requirement in map(Requirement, lines):
        if requirement.name == "personavlm":
            continue
        version = pinned.get(canonicalize_name(requirement.name))
        assert version, f"{requirement.name} is not pinned in constraints.txt"
        assert requirement.specifier.contains(version), f"{requirement}: pinned at {version}"


KNOWN_TO_NEED_TORCH = {"torch", "torchvision", "trl", "peft", "accelerate", "sentence-transformers"}


def needs_torch(name: str, seen: set[str] | None = None) -> bool:
    """Whether installing a package brings torch, as far as what is installed here knows."""
    name = canonicalize_name(name)
    seen = set() if seen is None else seen
    if name in KNOWN_TO_NEED_TORCH:
        return True
    if name in seen:
        return False
    seen.add(name)
    try:
        wanted = [Requirement(line) for line in metadata.requires(name) or ()]
    except metadata.PackageNotFoundError:
        return False
    usual = (r for r in wanted if not r.marker or r.marker.evaluate({"extra": ""}))
    return any(needs_torch(r.name, seen) for r in usual)


def test_torch_is_bounded_from_above_wherever_it_may_come_in() -> None:
    """An open bound resolves to the newest build, which on Linux is the CUDA one."""
    content = project()
    groups = {"dependencies": content["dependencies"], **content["optional-dependencies"]}
    touched = []
    for group, lines in groups.items():
        wanted = [Requirement(line) for line in lines]
        if not any(needs_torch(r.name) for r in wanted):
            continue
        touched.append(group)
        bounds = [spec.operator for r in wanted if r.name == "torch" for spec in r.specifier]
        assert {"<", "<=", "=="} & set(bounds), f"extra {group} brings torch without an upper bound of its own"
    assert {"models", "train"} <= set(touched)
    assert "dependencies" not in touched, "the light core must not bring torch"


# ── the tracked tree ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_tree_is_small() -> None:
    size = sum(path.stat().st_size for path in tracked()) / 2**20
    assert size < LIMIT_MB, f"{size:.1f} MB tracked"


def test_no_machine_paths_and_no_registry_hosts() -> None:
    slash = "/"
    words = [
        f"{slash}work{slash}",
        f"{slash}root{slash}",
        f"{slash}tmp{slash}",
        f"C:{chr(92)}Users",
        "pythonhosted" + ".org",
    ]
    words += ["pypi" + ".org", "download.pytorch" + ".org", str(ROOT) + slash, str(Path.home()) + slash]
    patterns = [word.encode() for word in words if len(word) > 4]
    found = [(path, word) for path in tracked() for word in patterns if word in path.read_bytes()]
    found += [(path, b"home") for path in tracked() if re.search(rb"/(home|Users)/[a-z]\w+/", path.read_bytes())]
    assert not [f"{path.relative_to(ROOT)}: {word.decode()}" for path, word in found]


def test_nothing_is_left_unfinished() -> None:
    marks = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3, "NotImplemented" + "Error"]) + r")\b")
    code = [path for path in tracked() if path.suffix == ".py" and path.parts[len(ROOT.parts)] != "tests"]
    assert not names([path for path in code if marks.search(path.read_text(encoding="utf-8"))])


def test_goldens_are_read_by_a_test() -> None:
    """A golden file that no test names is dead weight; a folder may be read as a whole (``glob``)."""
    goldens = [path for path in tracked() if {"golden", "goldens"} & set(path.relative_to(ROOT).parts[:-1])]
    tests = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("test_*.py") if path != Path(__file__)]

    def is_read(path: Path) -> bool:
        names_it = any(path.name in text or f'"{path.stem}"' in text for text in tests)
        return names_it or any(path.parent.name in text and "glob(" in text for text in tests)

    assert not names([path for path in goldens if not is_read(path)])


# ── data that must stay outside ──────────────────────────────────────────────────────────────────────────────────


def shingles(text: str) -> Iterator[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9']+", text.lower())
    return zip(*(words[start:] for start in range(SHINGLE)), strict=False)


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def outside(folder: Path) -> Iterator[str]:
    """Every text of the data sets that may be measured on but not copied."""
    for name in ("locomo", "prefeval", "psoups"):
        for path in (folder / name).rglob("*"):
            if path.suffix == ".json":
                yield from strings(json.loads(path.read_text(encoding="utf-8")))
            elif path.suffix == ".jsonl":
                for line in path.read_text(encoding="utf-8").splitlines():
                    yield from strings(json.loads(line))
            elif path.suffix == ".csv":
                with path.open(encoding="utf-8", newline="") as file:
                    yield from (cell for row in csv.reader(file) for cell in row)


def content(path: Path) -> str:
    """The text of a tracked file, tables included; nothing for pictures and weights."""
    if path.suffix == ".parquet":
        import polars

        frame = polars.read_parquet(path).select(polars.selectors.string())
        return "\n".join(str(cell) for row in frame.rows() for cell in row)
    return path.read_text(encoding="utf-8", errors="replace") if path.suffix in TEXT else ""


def copied(paths: tuple[Path, ...], texts: Iterator[str]) -> list[str]:
    """Return where a run of ``SHINGLE`` words of the texts stands in the files."""
    where = {shingle: path for path in paths for shingle in shingles(content(path))}
    hits = {(where[s].name, " ".join(s)) for text in texts for s in shingles(text) if s in where}
    return sorted(f"{name}: {run}" for name, run in hits)


def test_no_sentence_of_measure_only_data_is_tracked(data_dir: Path) -> None:
    assert copied(tracked(), outside(data_dir)) == []


def test_a_copied_sentence_would_be_found(tmp_path: Path) -> None:
    ours = tmp_path / "log.md"
    ours.write_text("We saw: one two three four five six seven EIGHT, and so on.", encoding="utf-8")
    assert copied((ours,), iter(["zero, one two three four five six seven eight nine"])) == [
        "log.md: one two three four five six seven eight"
    ]


# ── papers ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_readme_names_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for line in ("make lab", "make test", "python tasks.py lab", "python tasks.py test"):
        assert line in text


def test_licence_is_the_full_text() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert (ROOT / "NOTICE").read_text(encoding="utf-8").startswith("personavlm")


PAPERS = ["lab/PAPER.md", "docs/ARCHITECTURE.md", "docs/datacard.md", "CONTRIBUTING.md"]


@pytest.mark.parametrize("name", PAPERS)
def test_what_the_papers_mention_exists(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    quoted = re.findall(r"`([^`\n]+)`", text)
    missing = [word for word in quoted if not exists(word)]
    assert not missing
    assert not re.search(r"\b(TBD|to be filled)\b", text)


def exists(word: str) -> bool:
    """Whether a quoted symbol, test or file is there; other quoted words, and names to fill in, are not claims."""
    if re.search(r"NN|NAME", word):
        return True
    if re.fullmatch(r"personavlm(\.\w+)+(\(\))?", word):
        return resolves(word.removesuffix("()"))
    if match := re.fullmatch(r"(tests/[\w/]+\.py)::(\w+)", word):
        return match[2] in defined(ROOT / match[1])
    if re.fullmatch(r"(tests|notebooks|lab|apps|docs|data|personavlm)/[\w./*-]*", word):
        return any(ROOT.glob(word.rstrip("/")))
    return True


def resolves(symbol: str) -> bool:
    """Whether a dotted name can be imported and looked up."""
    parts = symbol.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            value: Any = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            if not hasattr(value, part):
                return part in getattr(value, "__annotations__", {})
            value = getattr(value, part)
        return True
    return False


def defined(path: Path) -> set[str]:
    """The functions a test file defines."""
    if not path.is_file():
        return set()
    return {n.name for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.FunctionDef)}


def test_the_check_on_papers_can_fail() -> None:
    assert exists("personavlm.personality.momentum")
    assert exists("tests/test_project.py::exists")
    assert not exists("personavlm.personality.no_such_name")
    assert not exists("tests/test_project.py::test_of_nothing")
    assert not exists("notebooks/99_nothing.ipynb")


def test_paper_tables_are_whole() -> None:
    """The first table says claim, code, test, notebook, number for each claim; no table has a row of another width."""
    tables = re.findall(r"(?:^\|.*\n)+", (ROOT / "lab/PAPER.md").read_text(encoding="utf-8"), re.MULTILINE)
    widths = [{len(re.split(r"(?<!\\)\|", row)) - 2 for row in table.splitlines()} for table in tables]
    assert all(len(width) == 1 for width in widths)
    assert widths[0] == {5}
    assert tables[0].count("::") >= 3
