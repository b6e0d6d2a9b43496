"""How long the inspector takes, measured in a real browser: first views, the as-of slider, a click in a large graph.

    python -m lab.inspector_times --home HOME [--persons-seed 77] [--repeats 9] [--script-only] [--out FILE]

HOME is made if it is not there: a person of the ground-truth world with 201 to 500 turns, lived through with the
embedded model (minutes, once), and one with 2,000 memories in a graph. Seconds are from the request or the key press
until the page has stopped running and its figures are drawn; medians with the range of the repeats. Other work on the
machine counts in, so the processor time of a page's script is measured beside it, without a browser: that part does not
depend on what else runs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from lab.screenshots import ROOT, inspector, page
from personavlm.assistant import Kit, create_user
from personavlm.evals.fidelity import made_worlds
from personavlm.evals.lived import live
from personavlm.memory import Add, Link, Memory, MemoryLink
from personavlm.models import loading
from personavlm.store import users

OUT = Path(__file__).parent / "results" / "inspector_times.json"
GRAPH = "graph of 2000"
PAGES = ("", "timeline", "memories", "graph", "personality", "retrieval", "trace", "benchmark", "training", "workspace")
IDLE = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  return app && app.dataset.testScriptState === 'notRunning' && document.querySelector('h3')
    && !document.querySelector('[data-testid="stSkeleton"]');
}"""
WATCH = """() => {
  window.changed = 0;
  new MutationObserver(() => { window.changed = performance.now(); })
    .observe(document.querySelector('[data-testid="stApp"]'),
      {subtree: true, childList: true, attributes: true, characterData: true});
}"""
QUIET = 0.6
"""Seconds without any change of the page after which it is drawn."""


def make_home(home: Path, seed: int) -> str:
    """Make what is missing of the two persons; return the name of the one who was lived through."""
    (world,) = made_worlds(seed, "test", "500", 1)
    known = users(home)
    if world.person.id not in known:
        kit = Kit.load()
        live(world, home, loading.load_model("embedded"), kit, lambda *_: None)
    if GRAPH not in known:
        make_graph(home)
    return world.person.id


def make_graph(home: Path, number: int = 2000) -> None:
    """Make a person who remembers many things, each tied to two others, mostly near ones."""
    start = datetime(2025, 1, 1, 9, tzinfo=UTC)
    days = [start + timedelta(hours=n) for n in range(number)]
    memories = [Memory(f"m{n}", "semantic", f"fact {n} of matter {n // 40}", day, ()) for n, day in enumerate(days)]
    near = [(n, n + 1) for n in range(number - 1) if (n + 1) % 40] + [(n, (n * 7 + 3) % number) for n in range(number)]
    links = [MemoryLink(f"m{a}", f"m{b}", "thing", f"matter {a // 40}") for a, b in near if a != b]
    with create_user(home, GRAPH, start) as store:
        store.record("", [Add(memory.since, (), memory) for memory in memories])
        store.record("", [Link(days[-1], (), link) for link in links])


def drawn(opened: Any, start: float) -> float:
    """Return the seconds from ``start`` (of the page's own clock) to the last change, once nothing changes any more."""
    while True:
        opened.wait_for_function(IDLE, timeout=120_000)
        last, now = opened.evaluate("() => [window.changed, performance.now()]")
        if now - last > 1000 * QUIET:
            return float(last) / 1000 - start
        opened.wait_for_timeout(100)


def first_view(opened: Any, address: str) -> float:
    """Return the seconds from the request to the page that is drawn."""
    began = perf_counter()
    opened.goto(address)
    opened.wait_for_function(IDLE, timeout=120_000)
    return perf_counter() - began


def after(opened: Any, act: Callable[[], None]) -> float:
    """Return the seconds from an act on the page to the last change it causes."""
    start = opened.evaluate("() => (window.changed = performance.now()) / 1000")
    act()
    return drawn(opened, start)


def slid(opened: Any, repeats: int) -> list[float]:
    """Return the seconds of moves of the as-of slider, one stop each."""
    thumb = opened.get_by_role("slider").first
    thumb.focus()
    return [after(opened, lambda: opened.keyboard.press("ArrowLeft")) for _ in range(repeats)]


def clicked(opened: Any, repeats: int) -> list[float]:
    """Return the seconds from a click on a memory of the map to the redrawn page with its card."""
    spots = opened.locator(".js-plotly-plot .scatterlayer .points path")
    places = [spots.nth(n).bounding_box() for n in range(5, 5 + 12 * repeats, 12)]
    times = []
    for box in places:
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        times.append(after(opened, lambda at=middle: opened.mouse.click(*at)))  # type: ignore[misc]
    return times


def script(home: Path, user: str, name: str, repeats: int) -> list[float]:
    """Return the processor seconds in which a page's script runs again, everything loaded."""
    from streamlit.testing.v1 import AppTest

    os.environ["PERSONAVLM_HOME"] = str(home)
    app = AppTest.from_file(str(ROOT / "apps" / "inspector.py"), default_timeout=600)
    app.query_params["user"] = user
    app.run()
    if name:
        app.switch_page(f"inspector_pages/{name}.py").run()
    times = []
    for _ in range(repeats + 1):
        began = process_time()
        app.run()
        times.append(process_time() - began)
    return times[1:]


def scripts(home: Path, user: str, repeats: int) -> dict[str, Any]:
    """Measure every page's script, and the map of 2,000 memories."""
    sys.path.insert(0, str(ROOT / "apps"))
    found = {name or "chat": told(script(home, user, name, repeats)) for name in PAGES}
    return found | {GRAPH: told(script(home, GRAPH, "graph", repeats))}


def told(times: Sequence[float]) -> dict[str, float]:
    """Return median and range in seconds."""
    return {
        "median": round(statistics.median(times), 3),
        "least": round(min(times), 3),
        "most": round(max(times), 3),
        "n": len(times),
    }


def measured(home: Path, user: str, repeats: int) -> dict[str, Any]:
    """Measure views and moves; the first view of each page warms the server and does not count."""
    found: dict[str, Any] = {"first view": {}, "slider": {}, GRAPH: {}}
    with inspector(home) as address, page(1400, 1000, "light", []) as opened:
        for name in PAGES:
            link = f"{address}/{name}?user={user}"
            first_view(opened, link)
            found["first view"][name or "chat"] = told([first_view(opened, link) for _ in range(max(3, repeats // 3))])
        for name in ("timeline", "memories", "graph", "personality"):
            first_view(opened, f"{address}/{name}?user={user}")
            opened.evaluate(WATCH)
            drawn(opened, 0.0)
            found["slider"][name] = told(slid(opened, repeats))
        first_view(opened, f"{address}/graph?user={GRAPH}")
        opened.evaluate(WATCH)
        drawn(opened, 0.0)
        found[GRAPH]["click"] = told(clicked(opened, repeats))
        found[GRAPH]["slider"] = told(slid(opened, repeats))
    return found


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--persons-seed", type=int, default=77)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--script-only", action="store_true", help="without a browser, for a busy machine")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    user = make_home(options.home, options.persons_seed)
    result: dict[str, Any] = {"script, processor time": scripts(options.home, user, options.repeats)}
    if not options.script_only:
        result |= measured(options.home, user, options.repeats)
    result["machine"] = {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
