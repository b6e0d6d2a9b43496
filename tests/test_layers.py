"""The shape of the package: imports point downwards, importing it is light, and docs/ARCHITECTURE.md shows both."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "personavlm"
ARCHITECTURE = ROOT / "docs" / "ARCHITECTURE.md"

# Bottom first. A module imports from floors below its own, never from its neighbours or from above.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("errors",),
    ("personality",),
    ("memory",),
    ("trace", "refit"),
    (
        "models",
        "figures",
        "datasets",
        "schema",
        "home",
        "terminal",
        "files",
        "pictures",
        "foreground",
        "checkpoints",
        "words",
        "lesson",
    ),
    ("ledger", "scoring", "consent", "quarantine"),
    ("store", "encoders", "detect", "graph", "prompts", "exchange"),
    ("retrieval", "embedded", "archive", "doctor"),
    ("asking", "library", "reporting", "erasure"),
    ("respond", "update"),
    ("assistant",),
    ("replay", "inspection"),
    ("worlds",),
    ("synthesis",),
    ("bench", "training"),
    ("evals", "demo"),
    ("cli",),
)
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}

# Imports that do not point downwards, each with its reason.
EXCEPTIONS = {("models", "embedded"): "load_model makes the backend that the one setting names"}

HEAVY = ("torch", "transformers", "faiss", "streamlit", "sentence_transformers", "peft", "openai", "sklearn", "pandas")


def modules() -> dict[str, tuple[Path, ...]]:
    """Return the package's modules with their files; a folder counts as one module."""
    names = {path.stem: (path,) for path in PACKAGE.glob("*.py") if path.stem != "__init__"}
    folders = {path.parent.name: tuple(path.parent.rglob("*.py")) for path in PACKAGE.glob("*/__init__.py")}
    return dict(sorted((names | folders).items()))


def imported(path: Path) -> Iterator[str]:
    """Yield the modules of the package that a file imports anywhere, functions and annotations included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno}: relative import"
            names = [node.module or ""]
            if node.module == "personavlm":
                names = [f"personavlm.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("personavlm.") and "__" not in name)


def test_every_module_has_a_floor() -> None:
    missing = [name for name in modules() if name not in FLOOR]
    assert not missing, f"new modules: put {missing} on a floor in FLOORS (tests/test_layers.py)"


@pytest.mark.parametrize("name", modules())
def test_imports_point_downwards(name: str) -> None:
    wrong = []
    for path in modules()[name]:
        for other in imported(path):
            fits = other == name or FLOOR[other] < FLOOR[name] or (name, other) in EXCEPTIONS
            if not fits:
                wrong.append(f"{path.relative_to(ROOT).as_posix()} imports {other}")
    assert not wrong, wrong


def test_exceptions_are_still_needed() -> None:
    present = modules()
    for name, other in EXCEPTIONS:
        users = [path for path in present[name] if other in imported(path)]
        assert users, f"{name} no longer imports {other}: drop the exception"


def test_the_package_imports_no_lab_app_or_test() -> None:
    for paths in modules().values():
        for path in paths:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    first = (getattr(node, "module", None) or node.names[0].name).split(".")[0]
                    assert first not in ("lab", "apps", "tests", "notebooks", "tasks"), f"{path.name} imports {first}"


@pytest.mark.parametrize("target", ["personavlm", "personavlm.cli"])
def test_importing_is_light(target: str) -> None:
    code = f"import sys, {target}; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


# ── the table in docs/ARCHITECTURE.md ────────────────────────────────────────────────────────────────────────────

BEGIN, END = "<!-- modules: begin (tests/test_layers.py --update-golden) -->\n", "<!-- modules: end -->"


def purpose(paths: tuple[Path, ...]) -> str:
    """Return the first sentence of a module's docstring, without its leading name."""
    home = next((path for path in paths if path.name == "__init__.py"), paths[0])
    text = " ".join((ast.get_docstring(ast.parse(home.read_text(encoding="utf-8"))) or "").split("\n\n")[0].split())
    name, _, rest = text.partition(": ")
    sentence = rest if rest and " " not in name else text
    return sentence.split(". ")[0].rstrip(".").replace("|", "\\|")


def table() -> str:
    """Return the module table: one row per module, from the ground floor up."""
    present = modules()
    rows = [f"| {FLOOR[n]} | `{n}` | {purpose(present[n])} |" for names in FLOORS for n in names if n in present]
    return "\n".join(["| floor | module | purpose |", "|---|---|---|", *rows]) + "\n"


def test_architecture_shows_the_modules_as_they_are(pytestconfig: pytest.Config) -> None:
    text = ARCHITECTURE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    shown, _, after = rest.partition(END)
    assert after, "the markers of the module table are gone"
    if pytestconfig.getoption("--update-golden"):
        ARCHITECTURE.write_text(before + BEGIN + table() + END + after, encoding="utf-8")
        return
    assert shown == table(), "python -m pytest tests/test_layers.py --update-golden writes it afresh"
