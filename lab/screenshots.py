"""Take the screenshots of the inspector that the documents show.

    python lab/screenshots.py --home workspace --user Mara [--theme dark]

Starts the inspector on a copy of a workspace (``python tasks.py demo`` makes one), so that the workspace stays as it
is, drives it in Chromium and writes PNGs of at most 250 KB to docs/screenshots/. ``--folder`` writes elsewhere, and
``--theme dark`` and ``--width`` show it otherwise.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MOST_BYTES = 250_000
SLOW = 180_000
"""Milliseconds that a page may take."""
QUESTION = "What did Bob bring along on Sunday 9 March 2025?"
PAGES = {
    "timeline": "",
    "memories": "",
    "graph": "",
    "personality": "",
    "retrieval": "&ask=What+did+Bob+bring+along%3F",
    "trace": "",
    "benchmark": "",
    "training": "",
    "workspace": "",
}
"""The pages beside the chat, with what each is asked to show."""


def find_browser() -> str | None:
    """Return the path of a Chromium, or None."""
    return os.environ.get("BROWSER_PATH") or next(filter(None, map(shutil.which, BROWSERS)), None)


@contextmanager
def inspector(home: Path) -> Iterator[str]:
    """Run the inspector on a home; yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "apps/inspector.py", "--server.port", str(port)]
    settings = {"PERSONAVLM_HOME": str(home), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **settings})
    try:
        _wait(f"http://127.0.0.1:{port}/_stcore/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


def _wait(address: str, seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)


@contextmanager
def page(width: int, height: int, theme: str, outside: list[str]) -> Iterator[Any]:
    """Open a browser page; requests that leave this machine are collected in ``outside``."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=list(FLAGS))
        opened = browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme)  # type: ignore[arg-type]
        opened.set_default_timeout(SLOW)  # a busy machine may take its time
        opened.on("request", lambda request: outside.append(request.url) if _leaves(request.url) else None)
        try:
            yield opened
        finally:
            browser.close()


def _leaves(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:", "about:"))


def settle(opened: Any) -> None:
    """Wait until Streamlit has stopped running and figures are drawn."""
    opened.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=SLOW)
    opened.wait_for_selector('[data-testid="stSkeleton"]', state="detached", timeout=SLOW)
    opened.wait_for_timeout(1200)


def ask(opened: Any, question: str) -> None:
    """Type a question and wait for its answer."""
    opened.get_by_test_id("stChatInputTextArea").fill(question)
    opened.keyboard.press("Enter")
    opened.wait_for_timeout(800)
    settle(opened)


def save(opened: Any, file: Path) -> None:
    """Write what the browser shows as a small PNG: 256 colours, so chosen that rare ones, such as a legend's, stay."""
    if opened.locator('[data-testid="stException"]').count():
        raise SystemExit(f"{file.name} would show an error; the inspector's output above says which")
    with Image.open(BytesIO(opened.screenshot())) as shot:
        few = shot.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(file, optimize=True)
    if file.stat().st_size > MOST_BYTES:
        raise SystemExit(f"{file.name} has {file.stat().st_size} bytes, more than {MOST_BYTES}")
    print(f"{file.name}: {file.stat().st_size // 1000} KB")


def take(address: str, options: argparse.Namespace) -> list[str]:
    """Take every screenshot; return the requests that left this machine."""
    outside: list[str] = []
    suffix = "" if options.theme == "light" else f"-{options.theme}"
    with page(options.width, options.height, options.theme, outside) as opened:
        opened.goto(f"{address}/?user={options.user}")
        settle(opened)
        ask(opened, options.question)
        opened.wait_for_timeout(2500)  # until what the turn taught is shown
        settle(opened)
        save(opened, options.folder / f"chat{suffix}.png")
        for name, named in PAGES.items():
            opened.goto(f"{address}/{name}?user={options.user}{named}")
            settle(opened)
            save(opened, options.folder / f"{name}{suffix}.png")
    return outside


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--home", type=Path, default=ROOT / "workspace")
    parser.add_argument("--user", default="Mara")
    parser.add_argument("--question", default=QUESTION)
    parser.add_argument("--folder", type=Path, default=ROOT / "docs" / "screenshots")
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument("--width", type=int, default=1400)
    parser.add_argument("--height", type=int, default=900)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "workspace"
        shutil.copytree(options.home, copy)
        with inspector(copy) as address:
            outside = take(address, options)
    if outside:
        raise SystemExit(f"requests left this machine: {outside[:5]}")


if __name__ == "__main__":
    main()
