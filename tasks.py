"""One entry for everything: ``python tasks.py VERB``. Needs Python 3.11 or newer and pip, nothing else.

The first verb makes the environment ``.venv`` and installs into it under ``constraints.txt``; later ones see that it is
done and start at once. The Makefile has the same verbs and only calls this file.

    python tasks.py demo              import a conversation, ask questions about it, print what was remembered
    python tasks.py lab               JupyterLab and the inspector side by side, until Ctrl-C
    python tasks.py test -k memory    everything after the verb goes to the program behind it

A verb is a function with ``@verb``: its name is the verb, its docstring the line in the help. Adding one means writing
that function and adding its name to the Makefile; a test compares the two.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import platform
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036  whoever starts it with an older Python gets a sentence, not a traceback
    sys.exit(f"personavlm needs Python 3.11 or newer, this is {platform.python_version()}: python3.12 tasks.py VERB")

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "personavlm-setup.json"
WORKSPACE = ROOT / "workspace"
READY = WORKSPACE / ".ready"
WHEELHOUSE = ROOT / "wheelhouse"
WINDOWS = os.name == "nt"

RUN = ("models",)
LAB = ("apps", "models", "notebooks")
DEVELOP = ("apps", "dev", "models", "notebooks", "train")

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
START_SECONDS, STOP_SECONDS = 120.0, 15.0

Verb = Callable[[list[str]], int]
VERBS: dict[str, Verb] = {}


class Stop(Exception):
    """Something the person at the keyboard can mend; the message says what and how."""


def verb(function: Verb) -> Verb:
    """Make a function a verb of the command line."""
    VERBS[function.__name__] = function
    return function


# ── running programs ─────────────────────────────────────────────────────────────────────────────────────────────


def say(text: str) -> None:
    """Print one line of our own, at once, so that it stays in order with the output of programs."""
    print(f"» {text}", flush=True)


def environment() -> dict[str, str]:
    """The variables every program here runs under: no telemetry, UTF-8, and threads that do not fight for cores."""
    defaults = {
        "OMP_WAIT_POLICY": "passive",  # with spinning threads a busy machine is 6 to 16 times slower
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
        "RAY_USAGE_STATS_ENABLED": "0",
        "DO_NOT_TRACK": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONUTF8": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    return defaults | dict(os.environ)


def call(command: Sequence[str | Path], extra: Mapping[str, str] | None = None) -> int:
    """Run a program in the project's root and return its exit status; Ctrl-C stops it and us."""
    return subprocess.run([str(part) for part in command], cwd=ROOT, env=environment() | dict(extra or {})).returncode


def need(command: Sequence[str | Path], what: str) -> None:
    """Run a program that has to succeed. Raises ``Stop`` naming what failed."""
    status = call(command)
    if status:
        raise Stop(f"{what} failed (exit status {status}); the lines above say why.")


def in_venv(program: str) -> Path:
    """The path of a program inside the environment."""
    return VENV / ("Scripts" if WINDOWS else "bin") / (f"{program}.exe" if WINDOWS else program)


def works(command: Sequence[str | Path]) -> bool:
    """Whether a program starts and ends well; its output is thrown away."""
    try:
        return subprocess.run([str(part) for part in command], capture_output=True).returncode == 0
    except OSError:
        return False


# ── set-up ───────────────────────────────────────────────────────────────────────────────────────────────────────


def fingerprint() -> str:
    """Return what an installation depends on, as a digest: metadata, pins, this folder and this Python."""
    parts = [(ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")]
    place = f"{ROOT}\n{platform.python_version()}"  # a moved or copied folder would import the old one's package
    return hashlib.sha256(b"\0".join([*parts, place.encode()])).hexdigest()


def installed() -> tuple[str, ...]:
    """Return the extras that a finished set-up has put into the environment as it should be now."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ()
    return tuple(stamp["extras"]) if stamp.get("fingerprint") == fingerprint() else ()


def set_up(extras: Sequence[str], offline: bool = False) -> None:
    """Make the environment and install the project with these extras, unless that is done already."""
    have = installed()
    if set(extras) <= set(have) and works([in_venv("python"), "-I", "-c", "import personavlm"]):
        return
    make_venv()
    wanted = sorted({*extras, *have})
    say(f"installing personavlm with {', '.join(wanted)} into .venv (once; the first time takes some minutes)")
    STAMP.unlink(missing_ok=True)  # an interrupted installation must not look finished
    source: list[str | Path] = ["--no-index", "--find-links", WHEELHOUSE] if offline else []
    need([*pip(), "install", *PIP_PATIENCE, *source, "-c", "constraints.txt", "-e", f".[{','.join(wanted)}]"], "pip")
    STAMP.write_text(json.dumps({"fingerprint": fingerprint(), "extras": wanted}), encoding="utf-8")


def make_venv() -> None:
    """Create ``.venv`` if it is not there or its Python has gone; without ensurepip it borrows this Python's pip."""
    if works([in_venv("python"), "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]):
        return
    say("making the environment .venv")
    command = [sys.executable, "-m", "venv", "--clear"]
    if works([sys.executable, "-c", "import ensurepip"]):
        need([*command, VENV], "making .venv")
    else:  # Debian's python3 without python3-venv
        need([*command, "--without-pip", VENV], "making .venv")


PIP_PATIENCE = ("--timeout", "180", "--retries", "10", "--progress-bar", "on" if sys.stdout.isatty() else "off")


def pip() -> list[str | Path]:
    """The command that installs into the environment: its own pip, or this Python's pip pointed at it."""
    if works([in_venv("python"), "-m", "pip", "--version"]):
        return [in_venv("python"), "-m", "pip"]
    if works([sys.executable, "-m", "pip", "--version"]):
        return [sys.executable, "-m", "pip", "--python", in_venv("python")]
    raise Stop("There is no pip. Install it (Debian and Ubuntu: apt install python3-pip python3-venv) and try again.")


def take_offline(arguments: list[str]) -> tuple[bool, list[str]]:
    """Split ``--offline`` off the arguments. Raises ``Stop`` if it is asked for and there is no wheelhouse."""
    offline = "--offline" in arguments
    if offline and not any(WHEELHOUSE.glob("*.whl")):
        raise Stop("--offline installs from the folder wheelhouse/, which is empty. Copy it here (see: bundle).")
    return offline, [argument for argument in arguments if argument != "--offline"]


# ── verbs: look ──────────────────────────────────────────────────────────────────────────────────────────────────


@verb
def demo(arguments: list[str]) -> int:
    """Import a real conversation, answer questions on it, print what was remembered; then end."""
    offline, rest = take_offline(arguments)
    set_up(RUN, offline)
    return build_workspace(rest)


def build_workspace(arguments: Sequence[str] = ()) -> int:
    """Run the demo into the workspace; mark the workspace as ready when it ended well. Returns the exit status."""
    status = call([in_venv("personavlm"), "demo", "--home", WORKSPACE, *arguments])
    if status == 0 and WORKSPACE.is_dir():
        READY.touch()
    return status


@verb
def lab(arguments: list[str]) -> int:
    """Open JupyterLab on notebook 00 and the inspector on the demo's workspace; Ctrl-C stops both."""
    offline, rest = take_offline(arguments)
    if rest:
        raise Stop(f"lab takes no arguments but --offline, not {' '.join(rest)}")
    set_up(LAB, offline)
    if not READY.exists() and build_workspace():
        raise Stop("the demo's workspace could not be built; the lines above say why.")
    notebook = next(iter(sorted((ROOT / "notebooks").glob("00_*.ipynb"))), None)
    page = ROOT / "apps" / "inspector.py"
    if notebook is None or not page.is_file():
        raise Stop("notebooks/00_*.ipynb or apps/inspector.py is missing: this clone is not complete (git status).")
    return serve([jupyter(notebook), streamlit(page)])


@verb
def reset(arguments: list[str]) -> int:
    """Throw the workspace away, with every user in it, and build it afresh from the demo."""
    offline, rest = take_offline(arguments)
    set_up(RUN, offline)
    if WORKSPACE.exists():
        say(f"removing {WORKSPACE.name}/")
        shutil.rmtree(WORKSPACE)
    return build_workspace(rest)


# ── servers that live and die together ───────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Server:
    """A program that serves on loopback: how to start it, where it says that it is up, and what to open."""

    name: str
    command: tuple[str, ...]
    health: str
    """Address that answers 200 once the program is up."""
    address: str
    """Address to open in a browser."""
    extra: tuple[tuple[str, str], ...] = ()
    """Environment variables of its own (a secret belongs here, not in the command that everybody can list)."""


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def jupyter(notebook: Path, root: Path = ROOT) -> Server:
    """JupyterLab on one notebook below ``root``, with a token of its own and without news or update checks."""
    port, token = free_port(), secrets.token_hex(16)
    base = f"http://127.0.0.1:{port}"
    command = [str(in_venv("python")), "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}"]
    command += ["--ServerApp.port_retries=0", f"--ServerApp.root_dir={root}", "--log-level=WARN"]
    command += ["--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    command += ["--LabApp.extension_manager=readonly"]
    if not WINDOWS and os.geteuid() == 0:
        command.append("--allow-root")
    address = f"{base}/lab/tree/{notebook.relative_to(root).as_posix()}?token={token}"
    extra = (("JUPYTER_TOKEN", token), ("PERSONAVLM_HOME", str(WORKSPACE)))
    return Server("JupyterLab", tuple(command), f"{base}/api", address, extra)


def streamlit(page: Path) -> Server:
    """The Streamlit inspector, without usage statistics."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    command = [str(in_venv("python")), "-m", "streamlit", "run", str(page), "--server.port", str(port)]
    command += ["--server.address", "127.0.0.1", "--server.headless", "true", "--browser.gatherUsageStats", "false"]
    return Server("Inspector", tuple(command), f"{base}/_stcore/health", base, (("PERSONAVLM_HOME", str(WORKSPACE)),))


def serve(servers: Sequence[Server], start_seconds: float = START_SECONDS) -> int:
    """Start the servers, print their addresses when all answer, and wait. Returns 0 after Ctrl-C, 1 if one dies.

    Whichever way it ends, all are stopped with everything they started.
    """
    with interruptible(), contextlib.ExitStack() as stack:
        try:
            running = [(server, stack.enter_context(started(server))) for server in servers]
            wait_until_up(running, start_seconds)
            for server in servers:
                print(f"{server.name:<11} {server.address}", flush=True)
            say("Ctrl-C stops both")
            while all(process.poll() is None for _, process in running):
                time.sleep(0.2)
        except KeyboardInterrupt:
            say("stopping")
            return 0
        name = next(server.name for server, process in running if process.poll() is not None)
        raise Stop(f"{name} ended by itself, so the others were stopped too; its last lines are above.")


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let a polite kill end us the way Ctrl-C does, so that servers are stopped then, too."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    before = {getattr(signal, n): signal.signal(getattr(signal, n), interrupt) for n in names if hasattr(signal, n)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def started(server: Server) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in a process group of its own; stop the whole group on leaving."""
    flags = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    process = subprocess.Popen(
        server.command, cwd=ROOT, env=environment() | dict(server.extra), start_new_session=True, creationflags=flags
    )
    try:
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask a process and its children to end, and end them after ``STOP_SECONDS``."""
    if WINDOWS:
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True)
        process.wait()
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)


def wait_until_up(running: Sequence[tuple[Server, subprocess.Popen[bytes]]], seconds: float) -> None:
    """Wait until every server answers. Raises ``Stop`` when one ends first or the time is over."""
    deadline = time.monotonic() + seconds
    for server, process in running:
        while not answers(server.health):
            if process.poll() is not None:
                raise Stop(f"{server.name} did not start; its last lines are above.")
            if time.monotonic() > deadline:
                raise Stop(f"{server.name} did not answer within {seconds:.0f} seconds at {server.health}.")
            time.sleep(0.2)


def answers(address: str) -> bool:
    """Whether a loopback address answers 200."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


# ── verbs: a workshop without network ────────────────────────────────────────────────────────────────────────────


@verb
def bundle(arguments: list[str]) -> int:
    """Collect every wheel a workshop needs into wheelhouse/, for machines like this one or --platform's."""
    parser = argparse.ArgumentParser("python tasks.py bundle", description=bundle.__doc__)
    parser.add_argument("--extras", default=",".join(LAB), help="extras to collect (default: %(default)s)")
    parser.add_argument("--only", nargs="+", metavar="REQUIREMENT", help="collect just these requirements instead")
    parser.add_argument("--platform", help="wheel platform of the machines, for example win_amd64")
    parser.add_argument("--python", help="their Python, for example 3.12")
    options = parser.parse_args(arguments)
    wanted = options.only or requirements([name for name in options.extras.split(",") if name])
    make_venv()
    foreign = ["--only-binary", ":all:"] if options.platform or options.python else []
    foreign += ["--platform", options.platform] if options.platform else []
    foreign += ["--python-version", options.python] if options.python else []
    # pip wheel also builds what comes as source only; for another machine there must be a finished wheel
    collect: list[str | Path]
    collect = ["download", "--dest", WHEELHOUSE, *foreign] if foreign else ["wheel", "--wheel-dir", WHEELHOUSE]
    need([*pip(), *collect, *PIP_PATIENCE, "-c", "constraints.txt", *wanted], "collecting wheels")
    for_python = options.python or ".".join(platform.python_version_tuple()[:2])
    (WHEELHOUSE / "README.md").write_text(wheelhouse_readme(for_python, options.platform or sys.platform), "utf-8")
    wheels = list(WHEELHOUSE.glob("*.whl"))
    say(f"wheelhouse/ holds {len(wheels)} wheels, {sum(w.stat().st_size for w in wheels) / 2**20:.0f} MB")
    return 0


def requirements(extras: Sequence[str]) -> list[str]:
    """Return what the project and these extras require, and what builds it, as lines of pyproject.toml."""
    import tomllib

    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    known = content["project"]["optional-dependencies"]
    if unknown := [name for name in extras if name not in known]:
        raise Stop(f"There is no extra {', '.join(unknown)}; there are {', '.join(known)}.")
    lines = [*content["build-system"]["requires"], *content["project"]["dependencies"]]
    return list(dict.fromkeys([*lines, *(line for name in extras for line in known[name])]))


def wheelhouse_readme(python: str, system: str) -> str:
    """Return the note that travels with the wheels."""
    return f"""# Wheels for a workshop without network
Collected for Python {python} on {system}; another Python or system needs its own:
`python tasks.py bundle --platform win_amd64 --python 3.12` on a machine with network.

1. Copy the project's folder together with this folder `wheelhouse/` inside it.
2. In the project's folder, with Python {python} and nothing else:

       python tasks.py demo --offline
       python tasks.py lab --offline

   (`make lab ARGS=--offline` is the same.) Nothing is fetched; the environment is made in `.venv/`.
"""


# ── verbs: develop ───────────────────────────────────────────────────────────────────────────────────────────────


@verb
def test(arguments: list[str]) -> int:
    """Run all tests, slow ones included; arguments go to pytest."""
    set_up(DEVELOP)
    browser = find_browser() or install_browser()
    if not browser:
        say("no Chromium here: the browser tests are skipped (Debian: apt install chromium)")
    parallel = any(argument.startswith(("-n", "--numprocesses")) for argument in arguments)
    workers = [] if parallel else ["-n", "2", "--dist", "loadfile"]  # a file's tests share what they loaded
    extra = {"BROWSER_PATH": browser} if browser else {}
    return call([in_venv("python"), "-m", "pytest", "--run-slow", *workers, *arguments], extra)


def find_browser() -> str:
    """Return the path of a Chromium that is installed and starts (Ubuntu's may be an empty shell), or nothing."""
    found = (os.environ.get("BROWSER_PATH"), *map(shutil.which, BROWSERS))
    return next((path for path in found if path and works([path, "--version"])), "")


def install_browser() -> str:
    """Install Chromium where that needs no question: as root with apt-get. Returns its path, or nothing."""
    if WINDOWS or os.geteuid() != 0 or not shutil.which("apt-get"):
        return ""
    say("installing Chromium for the browser tests (apt-get)")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    packages = ["chromium", "fonts-dejavu-core"]
    if call(["apt-get", "update", "-qq"], quiet) == 0:
        call(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], quiet)
    return find_browser()


@verb
def check(arguments: list[str]) -> int:
    """Check style (ruff), format and types (mypy, strict on the package)."""
    if arguments:
        raise Stop(f"check takes no arguments, not {' '.join(arguments)}")
    set_up(DEVELOP)
    python = in_venv("python")
    commands = (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"])
    failed = [" ".join(command) for command in commands if call([python, "-m", *command])]
    if failed:
        raise Stop(f"failed: {'; '.join(failed)}")
    say("check passed")
    return 0


@verb
def bench(arguments: list[str]) -> int:
    """Run every lab/bench_*.py, one after another, and write their figures to lab/results/bench.json."""
    set_up(RUN)
    results, failed = {}, []
    for program in sorted((ROOT / "lab").glob("bench_*.py")):
        name = program.stem.removeprefix("bench_")
        say(f"bench {name}")
        try:
            results[name] = measured(program, arguments)
        except ValueError as error:
            failed.append(f"{name} ({error})")
    target = ROOT / "lab" / "results" / "bench.json"
    target.parent.mkdir(exist_ok=True)
    content = {"versions": versions(), "results": results}
    target.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    say(f"wrote {target.relative_to(ROOT).as_posix()}")
    if failed:
        raise Stop(f"failed: {', '.join(failed)}")
    return 0


def measured(program: Path, arguments: Sequence[str]) -> object:
    """Run one benchmark and return the JSON object it prints on stdout. Raises ``ValueError`` if it does not."""
    command = [str(in_venv("python")), str(program), *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True, encoding="utf-8")
    if done.returncode:
        raise ValueError(f"exit status {done.returncode}")
    print(done.stdout, end="", flush=True)
    return json.loads(done.stdout)


def versions() -> dict[str, str]:
    """Return what the figures were measured with, as the environment has it."""
    packages = ("personavlm", "numpy", "faiss-cpu", "torch", "transformers", "polars")
    chosen = f"{{d.name: d.version for d in m.distributions() if d.name in {packages}}}"
    code = f"import importlib.metadata as m, json; print(json.dumps({chosen}))"
    done = subprocess.run([str(in_venv("python")), "-c", code], capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return {"python": platform.python_version(), "machine": f"{sys.platform} {platform.machine()}", **found}


@verb
def clean(arguments: list[str]) -> int:
    """Remove caches and build leftovers; with --all also .venv, workspace and wheelhouse."""
    if unknown := [argument for argument in arguments if argument != "--all"]:
        raise Stop(f"clean takes --all or nothing, not {' '.join(unknown)}")
    names = ["build", "dist", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis"]
    if arguments:
        names += [VENV.name, WORKSPACE.name, WHEELHOUSE.name]
    folders = [ROOT / name for name in names if (ROOT / name).is_dir()]
    ours = (ROOT / name for name in ("personavlm", "lab", "apps", "tests", "notebooks"))
    folders += [cache for folder in ours for cache in folder.rglob("__pycache__")]
    for folder in folders:
        shutil.rmtree(folder)
    say(f"removed {len(folders)} folders")
    return 0


# ── command line ─────────────────────────────────────────────────────────────────────────────────────────────────


def usage() -> str:
    """Return the help: one line per verb."""
    lines = (f"  {name:<8} {(function.__doc__ or '').splitlines()[0]}" for name, function in VERBS.items())
    return "\n".join(["python tasks.py VERB [arguments]", "", *lines])


def main(arguments: list[str]) -> int:
    """Run one verb and return its exit status."""
    if not arguments or arguments[0] in ("help", "-h", "--help"):
        print(usage())
        return 0
    if arguments[0] not in VERBS:
        print(f"There is no verb {arguments[0]}.\n\n{usage()}", file=sys.stderr)
        return 2
    try:
        return VERBS[arguments[0]](arguments[1:])
    except Stop as problem:
        print(f"» {problem}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
