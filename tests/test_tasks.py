"""The verbs: same names in tasks.py and the Makefile, set-up that knows when it is done, servers that end together."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A fresh tasks module whose root is a folder of its own with the project's metadata in it."""
    module = load()
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    places = {"ROOT": "", "VENV": ".venv", "STAMP": ".venv/stamp.json", "WORKSPACE": "workspace"}
    places |= {"READY": "workspace/.ready", "WHEELHOUSE": "wheelhouse"}
    for name, place in places.items():
        monkeypatch.setattr(module, name, tmp_path / place)
    return module


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tasks", ROOT / "tasks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["tasks"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_makefile_and_tasks_have_the_same_verbs(tasks: ModuleType) -> None:
    match = re.search(r"^VERBS := (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert match is not None
    assert match[1].split() == list(tasks.VERBS)


def test_help_names_every_verb_and_an_unknown_one_is_refused(
    tasks: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tasks.main([]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in tasks.VERBS)
    assert tasks.main(["dance"]) == 2
    assert "dance" in capsys.readouterr().err


def test_only_the_standard_library_is_imported() -> None:
    found = re.findall(r"^\s*(?:import|from) (\w+)", (ROOT / "tasks.py").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(found) <= set(sys.stdlib_module_names)


def test_telemetry_is_off_in_every_program(tasks: ModuleType) -> None:
    variables = tasks.environment()
    assert variables["STREAMLIT_BROWSER_GATHER_USAGE_STATS"] == "false"
    assert variables["HF_HUB_DISABLE_TELEMETRY"] == "1"


# ── set-up ───────────────────────────────────────────────────────────────────────────────────────────────────────


class Pip:
    """Stands for pip: keeps the commands and ends with a status."""

    def __init__(self, status: int = 0) -> None:
        self.status = status
        self.commands: list[list[str]] = []

    def __call__(self, command: list[object], extra: object = None) -> int:
        self.commands.append([str(part) for part in command])
        return self.status


@pytest.fixture
def pip(tasks: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Pip:
    stand_in = Pip()
    tasks.VENV.mkdir()
    monkeypatch.setattr(tasks, "call", stand_in)
    monkeypatch.setattr(tasks, "works", lambda command: True)
    return stand_in


def test_set_up_happens_once(tasks: ModuleType, pip: Pip) -> None:
    tasks.set_up(["models"])
    tasks.set_up(["models"])
    (command,) = pip.commands
    assert command[-4:] == ["-c", "constraints.txt", "-e", ".[models]"]


def test_set_up_adds_what_is_missing_and_keeps_what_is_there(tasks: ModuleType, pip: Pip) -> None:
    tasks.set_up(["models"])
    tasks.set_up(["apps", "models"])
    tasks.set_up(["models"])
    assert [command[-1] for command in pip.commands] == [".[models]", ".[apps,models]"]


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_set_up_notices_a_change(tasks: ModuleType, pip: Pip, name: str) -> None:
    tasks.set_up(["models"])
    with (tasks.ROOT / name).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    tasks.set_up(["models"])
    assert len(pip.commands) == 2


def test_set_up_notices_that_the_folder_moved(
    tasks: ModuleType, pip: Pip, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tasks.set_up(["models"])
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("pyproject.toml", "constraints.txt"):
        (moved / name).write_bytes((tasks.ROOT / name).read_bytes())
    monkeypatch.setattr(tasks, "ROOT", moved)
    tasks.set_up(["models"])
    assert len(pip.commands) == 2


def test_a_failed_set_up_does_not_look_finished(tasks: ModuleType, pip: Pip) -> None:
    tasks.set_up(["models"])
    pip.status = 1
    with pytest.raises(tasks.Stop, match="pip failed"):
        tasks.set_up(["models", "apps"])
    assert tasks.installed() == ()


def test_a_broken_stamp_means_not_set_up(tasks: ModuleType, pip: Pip) -> None:
    tasks.STAMP.write_text("{", encoding="utf-8")
    assert tasks.installed() == ()


def test_offline_without_wheels_says_what_to_do(tasks: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert tasks.main(["demo", "--offline"]) == 1
    assert "wheelhouse" in capsys.readouterr().err


def test_offline_installs_from_the_wheelhouse_only(tasks: ModuleType, pip: Pip) -> None:
    tasks.set_up(["models"], offline=True)
    (command,) = pip.commands
    assert command[command.index("--no-index") + 1 :][:2] == ["--find-links", str(tasks.WHEELHOUSE)]


def test_reset_removes_the_workspace_and_builds_it_again(tasks: ModuleType, pip: Pip) -> None:
    tasks.WORKSPACE.mkdir()
    (tasks.WORKSPACE / "old").touch()
    assert tasks.main(["reset"]) == 0
    assert not tasks.WORKSPACE.exists()
    assert pip.commands[-1][1:] == ["demo", "--home", str(tasks.WORKSPACE)]


def test_clean_keeps_what_costs_time_unless_asked(tasks: ModuleType) -> None:
    for name in (".venv", "workspace", "wheelhouse", ".ruff_cache", "personavlm/__pycache__", "personavlm/embedded"):
        (tasks.ROOT / name).mkdir(parents=True)
    assert tasks.main(["clean"]) == 0
    left = {path.name for path in tasks.ROOT.iterdir() if path.is_dir()}
    assert left == {".venv", "workspace", "wheelhouse", "personavlm"}
    assert [path.name for path in (tasks.ROOT / "personavlm").iterdir()] == ["embedded"]
    assert tasks.main(["clean", "--all"]) == 0
    assert {path.name for path in tasks.ROOT.iterdir() if path.is_dir()} == {"personavlm"}


def test_test_runs_everything_and_passes_arguments_on(
    tasks: ModuleType, pip: Pip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "find_browser", lambda: "a browser")
    assert tasks.main(["test", "-k", "memory"]) == 0
    assert pip.commands[0][-1] == ".[apps,dev,models,notebooks,train]"
    assert pip.commands[1][1:] == ["-m", "pytest", "--run-slow", "-n", "2", "--dist", "loadfile", "-k", "memory"]
    tasks.main(["test", "-n0"])
    assert pip.commands[2][1:] == ["-m", "pytest", "--run-slow", "-n0"]
    pip.status = 1
    assert tasks.main(["test"]) == 1


def test_without_a_browser_and_a_way_to_install_one_the_tests_still_run(
    tasks: ModuleType, pip: Pip, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("BROWSER_PATH", raising=False)
    monkeypatch.setattr(tasks.shutil, "which", lambda name: None)
    assert tasks.main(["test"]) == 0
    assert "browser tests are skipped" in capsys.readouterr().out
    assert "pytest" in pip.commands[-1]


def test_a_browser_that_does_not_start_is_passed_over(tasks: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER_PATH", "no-such-browser")
    monkeypatch.setattr(tasks, "BROWSERS", ("python3", "python"))
    assert tasks.find_browser() in map(shutil.which, ("python3", "python"))
    monkeypatch.setattr(tasks, "BROWSERS", ())
    assert tasks.find_browser() == ""


def test_check_runs_all_three_and_fails_if_one_does(
    tasks: ModuleType, pip: Pip, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tasks, "set_up", lambda extras: None)
    monkeypatch.setattr(tasks, "call", lambda command: pip(command) or int("format" in command))
    assert tasks.main(["check"]) == 1
    assert [command[2] for command in pip.commands] == ["ruff", "ruff", "mypy"]
    assert "failed: ruff format --check ." in capsys.readouterr().err


def test_lab_in_an_incomplete_clone_says_so(tasks: ModuleType, pip: Pip, capsys: pytest.CaptureFixture[str]) -> None:
    assert tasks.main(["lab"]) == 1
    assert "not complete" in capsys.readouterr().err


def test_bench_collects_figures_and_names_what_failed(
    tasks: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tasks.ROOT / "lab").mkdir()
    (tasks.ROOT / "lab" / "bench_good.py").write_text("print('{\"ratio\": 2.5}')", encoding="utf-8")
    (tasks.ROOT / "lab" / "bench_bad.py").write_text("raise SystemExit(3)", encoding="utf-8")
    monkeypatch.setattr(tasks, "set_up", lambda extras: None)
    monkeypatch.setattr(tasks, "in_venv", lambda program: Path(sys.executable))
    assert tasks.main(["bench"]) == 1
    assert "bad (exit status 3)" in capsys.readouterr().err
    written = json.loads((tasks.ROOT / "lab/results/bench.json").read_text(encoding="utf-8"))
    assert written["results"] == {"good": {"ratio": 2.5}}
    assert set(written["versions"]) >= {"python", "machine", "personavlm", "numpy", "faiss-cpu"}


# ── servers ──────────────────────────────────────────────────────────────────────────────────────────────────────

TWO_SERVERS = """
import sys
sys.path.insert(0, sys.argv[1])
import tasks

def page(name, seconds):
    port = tasks.free_port()
    code = f'''
import http.server, subprocess, sys, threading, os
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("pids", os.getpid(), child.pid, flush=True)
threading.Timer({seconds}, lambda: os._exit(5)).start()
http.server.HTTPServer(("127.0.0.1", {port}), http.server.SimpleHTTPRequestHandler).serve_forever()
'''
    base = f"http://127.0.0.1:{port}"
    return tasks.Server(name, (sys.executable, "-c", code), base, base)

sys.exit(tasks.serve([page("one", 600), page("two", float(sys.argv[2]))]))
"""


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie that init has not yet collected does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.fixture
def two_servers() -> Iterator[subprocess.Popen[str]]:
    yield from run_servers(600)


@pytest.fixture
def one_dies() -> Iterator[subprocess.Popen[str]]:
    yield from run_servers(2)


def run_servers(seconds: float) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", TWO_SERVERS, str(ROOT), str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
    yield process
    process.kill()
    process.wait()


def read_until(process: subprocess.Popen[str], mark: str) -> list[str]:
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if mark in line:
            return lines
    raise AssertionError(f"ended without {mark!r}: {''.join(lines)}")


def gone(lines: list[str]) -> bool:
    """Whether every process that announced itself has ended, waiting a moment for it."""
    pids = [int(pid) for line in lines if line.startswith("pids") for pid in line.split()[1:]]
    assert len(pids) == 4
    deadline = time.monotonic() + 10
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(alive, pids))


posix = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_servers_announce_themselves_and_stop_together(
    tasks: ModuleType, two_servers: subprocess.Popen[str], number: int
) -> None:
    lines = read_until(two_servers, "Ctrl-C stops both")
    addresses = re.findall(r"^(?:one|two) +(http\S+)", "".join(lines), re.MULTILINE)
    assert len(addresses) == 2
    assert all(tasks.answers(address) for address in addresses)
    two_servers.send_signal(number)
    assert two_servers.wait(20) == 0
    assert gone(lines)


@posix
def test_when_one_server_dies_the_other_is_stopped(one_dies: subprocess.Popen[str]) -> None:
    lines = read_until(one_dies, "tasks.Stop: two")
    assert one_dies.wait(20) == 1
    assert gone(lines)


def test_a_server_that_cannot_start_is_named(tasks: ModuleType) -> None:
    broken = tasks.Server("Broken", (sys.executable, "-c", "raise SystemExit(1)"), "http://127.0.0.1:9/", "")
    with pytest.raises(tasks.Stop, match="Broken did not start"):
        tasks.serve([broken])


def test_a_server_that_never_answers_is_named(tasks: ModuleType) -> None:
    silent = tasks.Server("Silent", (sys.executable, "-c", "import time; time.sleep(60)"), "http://127.0.0.1:9/", "")
    with pytest.raises(tasks.Stop, match="Silent did not answer within 1 seconds"):
        tasks.serve([silent], start_seconds=1)


def test_the_token_is_no_part_of_the_command(tasks: ModuleType) -> None:
    server = tasks.jupyter(tasks.ROOT / "notebooks" / "00_meet.ipynb", tasks.ROOT)
    token = dict(server.extra)["JUPYTER_TOKEN"]
    assert server.address.endswith(f"/lab/tree/notebooks/00_meet.ipynb?token={token}")
    assert token not in " ".join(server.command)
    assert "--ip=127.0.0.1" in server.command


# ── bundle ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_requirements_come_from_pyproject(tasks: ModuleType) -> None:
    lines = tasks.requirements(["models", "apps"])
    assert any(line.startswith("setuptools") for line in lines)
    assert any(line.startswith("torch>=") for line in lines)
    assert any(line.startswith("streamlit") for line in lines)
    with pytest.raises(tasks.Stop, match="no extra nonsense"):
        tasks.requirements(["nonsense"])


def tiny_wheel(folder: Path) -> Path:
    """Write the smallest wheel there can be: one module, by hand."""
    files = {
        "tinything.py": "answer = 42\n",
        "tinything-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tinything\nVersion: 1.0\n",
        "tinything-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = []
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        rows.append(f"{name},sha256={digest},{len(text)}")
    record = "tinything-1.0.dist-info/RECORD"
    path = folder / "tinything-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in (files | {record: "\n".join([*rows, f"{record},,"]) + "\n"}).items():
            wheel.writestr(name, text)
    return path


@pytest.mark.slow
def test_a_bundle_installs_without_an_index(tasks: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Collect from a folder that plays the index, then install from the wheelhouse alone, both with the real pip."""
    index = tmp_path / "index"
    index.mkdir()
    tiny_wheel(index)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    assert tasks.main(["bundle", "--only", "tinything"]) == 0
    assert [path.name for path in tasks.WHEELHOUSE.glob("*.whl")] == ["tinything-1.0-py3-none-any.whl"]
    assert "--offline" in (tasks.WHEELHOUSE / "README.md").read_text(encoding="utf-8")
    monkeypatch.delenv("PIP_FIND_LINKS")
    assert tasks.call([*tasks.pip(), "install", "-q", "--find-links", tasks.WHEELHOUSE, "tinything"]) == 0
    assert tasks.works([tasks.in_venv("python"), "-c", "import tinything; assert tinything.answer == 42"])
