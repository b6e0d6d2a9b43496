"""Residue: random erasures on lived lives, and everything by which the erased might still be found.

    python -m lab.trust.residue [--n 300] [--lives 10] [--turns 30] [--seed 1] [--model embedded] [--encoder minilm]

Each erasure starts from a fresh copy of a life with a fork beside it. After it, and again after the queued jobs have
learnt anew, it is looked for in the bytes of every file (database, WAL, pictures, an exported archive), in whatever the
system wrote (words that only the erased turns held), by direct question and by its bare words among the nearest
memories, now and as of the middle of the life, and in the fork. Every digest must fit.
"""

from __future__ import annotations

import argparse
import calendar
import json
import random
import re
import shutil
import signal
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from lab.trust.lives import OWN_WORDS, live, parrot, world_of
from personavlm.archive import pack
from personavlm.assistant import Assistant, Kit
from personavlm.erasure import Mentioned, Period, Remembered, Report, Shown, Turns, What, check, erase, preview
from personavlm.memory import LinkReason
from personavlm.models import Model
from personavlm.models.loading import load_model
from personavlm.retrieval import Query
from personavlm.retrieval import search as look
from personavlm.retrieval.passages import spoken
from personavlm.store import Store
from personavlm.trace import Trace, canonical, plain
from personavlm.words import terms
from tests.fakes import kit as stand_ins

_FIXED = ("kind", "type", "status", "op", "rule", "time", "since", "until", "start", "end", "block")
CALENDAR = {name for names in (calendar.day_name, calendar.month_name) for name in names}
USER, FORK = "Dana", "Dana, forked"


@dataclass(frozen=True)
class Erased:
    """What must not be found any more, worked out from the ledger as it was, without the eraser's own plan."""

    turns: frozenset[str]
    stretches: frozenset[str]
    words: frozenset[str]
    pictures: frozenset[str]


def main(arguments: list[str] | None = None) -> None:
    """Run the campaign and print its figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--lives", type=int, default=10)
    parser.add_argument("--turns", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--model", choices=("parrot", "embedded"), default="parrot")
    parser.add_argument("--encoder", choices=("words", "minilm"), default="words")
    options = parser.parse_args(arguments)
    model: Model = parrot() if options.model == "parrot" else load_model("embedded")
    kit = Kit.load() if options.encoder == "minilm" else stand_ins()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # told to stop, it prints what it has
    result = campaign(options.n, options.lives, options.turns, options.seed, model, kit)
    json.dump(vars(options) | result, sys.stdout, indent=1)
    sys.exit(bool(result["residue"]))


def campaign(n: int, lives: int, turns: int, seed: int, model: Model, kit: Kit) -> dict[str, object]:
    """Return how many erasures of each kind were made, what they took, and everything that was found after them."""
    rng, found, kinds, taken = random.Random(seed), list[str](), Counter[str](), Counter[str]()
    with suppress(KeyboardInterrupt), tempfile.TemporaryDirectory() as folder:
        for number in range(lives):
            grown = Path(folder) / str(number)
            grow(grown, seed + number, turns, model, kit, rng)
            for trial in range(n // lives + (number < n % lives)):
                home = grown.with_name("trial")
                shutil.copytree(grown, home)
                report, left = attempt(home, model, kit, rng)
                shutil.rmtree(home)
                kinds[report.kind] += 1
                taken.update({key: getattr(report, key) for key in ("turns", "replies", "memories", "edits", "probes")})
                found += [f"life {number}, {trial}, {report.kind}: {one}" for one in left]
                print(f"\r{kinds.total()}/{n} erasures, residue {len(found)}", end="", file=sys.stderr)
    return {"erasures": dict(kinds), "taken": dict(taken), "residue": len(found), "found": found[:50]}


def grow(home: Path, seed: int, turns: int, model: Model, kit: Kit, rng: random.Random) -> None:
    """Live a life, and fork it somewhere in its second half."""
    assistant = live(home, USER, world_of(seed), model, kit, turns)
    with assistant.store as store:
        store.cached_vectors()
        traces = store.traces()
        store.fork(home, FORK, traces[rng.randrange(len(traces) // 2, len(traces))].turn.time).close()


def attempt(home: Path, model: Model, kit: Kit, rng: random.Random) -> tuple[Report, list[str]]:
    """Erase something at random; return the report and every place where it is still found."""
    with Store.open(home, USER) as store:
        what = anything(store, rng)
        sought = erased(store, {turn.id for turn in preview(home, USER, what).turns}, what)
    report = erase(home, USER, what)
    left = [f"report: {one}" for one in (*report.found, *check(report, home))]
    left += [f"at once: {one}" for one in remains(home, USER, sought, model, kit)]
    for user in (USER, FORK):
        with Store.open(home, user) as store:
            Assistant(store, model, kit=kit).flush()
        left += [f"after learning anew, {user}: {one}" for one in remains(home, user, sought, model, kit)]
    return report, left


def anything(store: Store, rng: random.Random) -> What:
    """Return something of a user to erase, each kind as likely."""
    traces = store.traces()
    at = rng.randrange(len(traces))
    found = re.findall(r"(?<=[a-z,] )[A-Z][a-z]{3,}", " ".join(trace.turn.text for trace in traces))
    names = sorted({name for name in found if name.rstrip("s") not in CALENDAR})  # days stand in every prompt
    shown = [picture.digest for trace in traces for picture in trace.turn.pictures]
    until = min(at + rng.randint(0, 4), len(traces) - 1)
    choices: list[What] = [
        Turns(tuple(trace.turn.id for trace in rng.sample(traces, rng.randint(1, 3)))),
        Remembered(rng.choice(sorted(store.state().memories))),
        Period(traces[at].turn.time, traces[until].turn.time),
    ]
    choices += [Mentioned(rng.choice(names))] if names else []
    choices += [Shown(rng.choice(shown))] if shown else []
    return rng.choice(choices)


def erased(store: Store, turns: set[str], what: What) -> Erased:
    """Return what an erasure of these turns must leave no trace of."""
    traces = store.traces()
    gone = [trace for trace in traces if trace.turn.id in turns]
    stays = "\n".join(trace.turn.text for trace in traces if trace.turn.id not in turns)
    first = gone[0].turn.time if gone else None
    before = [canonical(t) for t in traces if first and t.turn.time < first]
    before += [canonical(edit) for edit in store.edits() if first and edit.time < first]
    before += [canonical(edit) for edit in store.edits() if not edit.evidence]
    before += [spoken(trace.turn.time) for trace in traces if trace.turn.id not in turns]  # the clock's words
    before.append(OWN_WORDS)
    known = stays + "\n" + "\n".join(before) + "\n" + store.user
    words = {word for trace in gone for word in terms(trace.turn.text)} - set(terms(known))
    if isinstance(what, Mentioned):
        words |= set(terms(what.name))
    return Erased(
        frozenset(turns),
        frozenset(one for trace in gone for one in _sentences(trace.turn.text) if one not in known),
        frozenset(words),
        frozenset({what.picture} if isinstance(what, Shown) else ()),
    )


def _sentences(text: str) -> Iterator[str]:
    return (one.strip() for one in re.split(r'[.!?\n"\\]+', text) if len(one.strip()) >= 12)


# ── looking for it ───────────────────────────────────────────────────────────────────────────────────────────────


def remains(home: Path, user: str, sought: Erased, model: Model, kit: Kit) -> list[str]:
    """Return every way in which it is still found."""
    with Store.open(home, user) as store:
        left = [*_in_bytes(store, sought), *_in_records(store, sought), *_by_search(store, sought, model, kit)]
        left += [f"verify: {one}" for one in store.verify()]
        if [t.turn.id for t in store.traces() if t.turn.id in sought.turns] and user == USER:
            left.append("the turn is still there")
    return left


def _in_bytes(store: Store, sought: Erased) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "export.zip"
        pack(store, archive)
        with zipfile.ZipFile(archive) as members:
            files = {f"export {name}": members.read(name) for name in members.namelist()}
    files |= {path.name: path.read_bytes() for path in store.folder.rglob("*") if path.is_file()}
    for name, data in files.items():
        yield from (f"{name}: {one!r}" for one in sought.stretches if one.encode() in data)
        yield from (f"{name}: picture" for one in sought.pictures if one in name or one.encode() in data)


def _in_records(store: Store, sought: Erased) -> Iterator[str]:
    """Words that only the erased turns held, in anything the system wrote."""
    for row in store.rows():
        value = row.value
        text = "\n".join(_texts(plain(value.steps if isinstance(value, Trace) else value)))
        yield from (f"{row.turn}: {word!r} in {text[:200]!r}" for word in sorted(sought.words & set(terms(text))))
    for job in store.jobs():
        yield from (f"job {job.subject}: {word!r}" for word in sought.words & set(terms(job.note)))


def _texts(value: object) -> Iterator[str]:
    """Every text in a record, fields with a fixed set of words left out."""
    if isinstance(value, dict):
        yield from (text for key, one in value.items() if key not in _FIXED for text in _texts(one))
    elif isinstance(value, list):
        yield from (text for one in value for text in _texts(one))
    elif isinstance(value, str) and value not in get_args(LinkReason):
        yield value


def _by_search(store: Store, sought: Erased, model: Model, kit: Kit) -> Iterator[str]:
    """Direct question, the bare words, and the same as of the moment after each turn that is left."""
    library = Assistant(store, model, kit=kit).library
    traces = store.traces()
    if not traces:
        return
    questions = [*sorted(sought.stretches)[:2], " ".join(sorted(sought.words))]
    for as_of in (None, traces[len(traces) // 2].turn.time):
        index = library.index(as_of)
        for question in filter(None, questions):
            for hit in look(index, Query(question, as_of or traces[-1].turn.time)):
                said = {quote.turn for quote in hit.quotes} | {hit.id, *hit.evidence}
                if said & sought.turns and store.user == USER:
                    yield f"search finds {hit.id} ({hit.type})"
                yield from (f"search shows {word!r}" for word in sought.words & set(terms(hit.text)))


if __name__ == "__main__":
    main()
