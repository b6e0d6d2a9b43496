"""Crash: the process is killed again and again, and what comes out equals what an unbroken run leaves.

    python -m lab.trust.crash [--kills 500] [--points 0 (all) | N] [--cuts 2000] [--seed 1]

random   a workload that chats, learns, forks, exports, imports, migrates and erases is ended at random instants of its
         processor time (SIGPROF, whose default action ends a process where it stands, as SIGKILL does), and started
         again each time until it is done; processor time, so that a busy machine kills no later in the work
points   SIGKILL right before each single write: every SQL statement that writes, and every file opened for
         writing, renamed or removed
wal      the database with its WAL cut at any byte, and with one byte changed: what opens is a state that was committed

Compared are the digests of both ledgers, of the state, every job, every picture, and the check of all digests; turns
that were acknowledged must be there. Linux and macOS: processes are forked.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from lab.trust.lives import parrot
from lab.trust.workload import START, old_user, outcome, run
from personavlm.assistant import Kit
from personavlm.errors import StoreError
from personavlm.home import DATABASE
from personavlm.store import Store, user_folder
from personavlm.trace import Answer, Step
from tests.fakes import kit as stand_ins

WRITES = re.compile(
    r"\s*(BEGIN|INSERT|UPDATE|DELETE|COMMIT|VACUUM|CREATE|ALTER|DROP|PRAGMA (wal_checkpoint|user_version))"
)


def main(arguments: list[str] | None = None) -> None:
    """Run all three and print the figures as JSON; status 1 if anything differed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--points", type=int, default=0)
    parser.add_argument("--cuts", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    kit = stand_ins()  # no weights: what is tried is the storing
    result = {
        "random": random_kills(options.kills, options.seed, kit),
        "points": every_point(options.points, kit),
        "wal": cut_wals(options.cuts, options.seed),
    }
    json.dump(vars(options) | result, sys.stdout, indent=1)
    sys.exit(any(one["wrong"] for one in result.values()))


# ── processes that are killed ────────────────────────────────────────────────────────────────────────────────────


def child(home: Path, kit: Kit, prepare: Callable[[], object] = lambda: None) -> int:
    """Fork a process that does what is left of the workload; acknowledged turns are written to ``home/told``."""
    process = os.fork()
    if process == 0:
        status = 1
        try:
            log = os.open(home / "told", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
            prepare()
            run(home, parrot(), kit, lambda turn: os.write(log, f"{turn}\n".encode()) and None)
            status = 0
        finally:
            os._exit(status)
    return process


def ended(process: int) -> int:
    """Wait for a process; return its status, negative for the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def seconds_of_children() -> float:
    """Return the processor time of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def unbroken(folder: Path, kit: Kit) -> tuple[dict[str, Any], float]:
    """Return what a run that nobody disturbs leaves, and its seconds of processor time."""
    home = folder / "unbroken"
    old_user(home)
    began = seconds_of_children()
    if ended(child(home, kit)):
        raise RuntimeError("the workload itself fails")
    return outcome(home), seconds_of_children() - began


def random_kills(kills: int, seed: int, kit: Kit) -> dict[str, Any]:
    """Return how many kills hit a running workload, over how many homes, and what differed."""
    rng, wrong, hit, homes = random.Random(seed), list[str](), 0, 0
    with tempfile.TemporaryDirectory() as place:
        wanted, seconds = unbroken(Path(place), kit)
        while hit < kills:
            home = Path(place) / "home"
            old_user(home)
            killed, status = 0, 1
            while status:
                after = rng.uniform(0, 0.6 * seconds) if killed < 8 and hit < kills else 0.0  # 0: never
                status = ended(child(home, kit, partial(signal.setitimer, signal.ITIMER_PROF, after)))
                killed += status == -signal.SIGPROF
                hit += status == -signal.SIGPROF
                if status > 0:
                    wrong.append(f"home {homes}: the workload failed after {killed} kills")
                    break
            wrong += [f"home {homes}: {one}" for one in _differences(home, wanted)]
            homes += 1
            shutil.rmtree(home)
            print(f"\r{hit}/{kills} kills, {len(wrong)} wrong", end="", file=sys.stderr)
    return {"kills": hit, "homes": homes, "seconds_unbroken": round(seconds, 2), "wrong": wrong}


def every_point(most: int, kit: Kit) -> dict[str, Any]:
    """Kill before the n-th write, for every n (or ``most`` of them, evenly); then let the run end and compare."""
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as place:
        wanted, _ = unbroken(Path(place), kit)
        counted = Path(place) / "counted"
        old_user(counted)
        tally = Path(place) / "tally"
        ended(child(counted, kit, lambda: watch_writes(lambda n: tally.write_text(str(n)) and None)))
        points = int(tally.read_text())
        step = max(1, points // most) if most else 1
        tried = range(1, points + 1, step)
        for point in tried:
            home = Path(place) / "home"
            old_user(home)
            status = ended(child(home, kit, lambda point=point: watch_writes(_killing(point))))  # type: ignore[misc]
            if status not in (0, -signal.SIGKILL) or ended(child(home, kit)):
                wrong.append(f"point {point}: the workload failed")
            wrong += [f"point {point}: {one}" for one in _differences(home, wanted)]
            shutil.rmtree(home)
            print(f"\rpoint {point}/{points}, {len(wrong)} wrong", end="", file=sys.stderr)
    return {"points": points, "tried": len(tried), "wrong": wrong}


def _killing(point: int) -> Callable[[int], None]:
    def kill(number: int) -> None:
        if number == point:
            os.kill(os.getpid(), signal.SIGKILL)

    return kill


def watch_writes(seen: Callable[[int], None]) -> None:
    """Call ``seen`` with a running number right before everything this process writes from now on."""
    count, busy = 0, False

    def write() -> None:
        nonlocal count, busy
        if not busy:
            busy = True
            count += 1
            seen(count)
            busy = False

    def statement(sql: str) -> None:
        if WRITES.match(sql):
            write()

    def event(name: str, arguments: tuple[Any, ...]) -> None:
        opened = name == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if opened or name in ("os.rename", "os.remove", "os.rmdir", "os.mkdir"):
            write()

    connect = sqlite3.connect

    def connected(*arguments: Any, **options: Any) -> sqlite3.Connection:
        db = connect(*arguments, **options)
        db.set_trace_callback(statement)
        return db

    sqlite3.connect = connected  # type: ignore[assignment]
    sys.addaudithook(event)


def _differences(home: Path, wanted: dict[str, Any]) -> Iterator[str]:
    try:
        found = outcome(home)
    except StoreError as error:
        yield str(error)
        return
    yield from (f"{key} differs" for key in sorted({*found, *wanted}) if found.get(key) != wanted.get(key))
    told = (home / "told").read_text().split() if (home / "told").exists() else []
    if len(told) != len(set(told)):
        yield "a turn was acknowledged twice"


# ── the WAL ──────────────────────────────────────────────────────────────────────────────────────────────────────


def cut_wals(cuts: int, seed: int) -> dict[str, Any]:
    """Cut or change a WAL in so many places; what opens must be one of the states that were committed."""
    rng, wrong = random.Random(seed), list[str]()
    with tempfile.TemporaryDirectory() as place:
        states = _written(Path(place))
        database, wal = (Path(place) / name for name in ("base", "base-wal"))
        whole = wal.read_bytes()
        for number in range(cuts):
            at = rng.randrange(len(whole) + 1) if number % 3 else min(len(whole), 32 + 4120 * rng.randrange(40))
            data = whole[:at]
            if number % 4 == 3 and at:
                spot = rng.randrange(at)
                data = whole[:spot] + bytes([whole[spot] ^ (1 << rng.randrange(8))]) + whole[spot + 1 :]
            home = Path(place) / "home"
            folder = user_folder(home, "Dana")
            folder.mkdir(parents=True)
            shutil.copy(database, folder / DATABASE)
            (folder / f"{DATABASE}-wal").write_bytes(data)
            with Store.open(home, "Dana") as store:
                if (head := store.head()) not in states or store.verify():
                    wrong.append(f"{number}: cut at {at}: {head}")
            shutil.rmtree(home)
    return {"cuts": cuts, "bytes": len(whole), "states": len(states), "wrong": wrong}


def _written(place: Path) -> set[tuple[str, str]]:
    """Write turns without a checkpoint; keep copies of database and WAL, and return the heads after each commit."""
    home = place / "writing"
    heads: set[tuple[str, str]] = set()
    with Store.open(home, "Dana", create=True) as store:
        store.scrub()
        heads.add(store.head())
        shutil.copy(store.folder / DATABASE, place / "base")
        for _ in range(12):
            store.append(store.draft(START, "Something was said."), (Step("", Answer("noted")),))
            heads.add(store.head())
        shutil.copy(store.folder / f"{DATABASE}-wal", place / "base-wal")
    return heads


if __name__ == "__main__":
    main()
