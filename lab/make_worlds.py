"""Make `data/worlds`: a few persons of each kind with everything that belongs to them, for notebooks, apps and tests.

    python -m lab.make_worlds              writes data/worlds anew
    python -m lab.make_worlds --check      makes it in a temporary folder and says which of the shipped files differ

    bench/          six persons of PersonaWorld-MME, as `personavlm synth bench --seed SEED --persons 6` writes it
    train/          three training persons: sft.jsonl, rl.jsonl, images/ and statistics.json as `personavlm synth train
                    --seed SEED --personas 3` writes them, and the persons themselves, worlds/NAME/world.json
    manifest.json   command and seed, which picture is whose photograph, and a checksum of every file

The seed belongs to no measurement, so that whoever learns or tunes on these persons has seen nothing of a benchmark.
The same machine with the pinned versions gives the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lab.make_data import DATA
from personavlm.pictures import open_picture
from personavlm.synthesis.benchmark import make_benchmark
from personavlm.synthesis.training import make_training_set, training_world
from personavlm.trace import canonical
from personavlm.worlds.kept import WORLD
from personavlm.worlds.make import make_world

WORLDS = DATA / "worlds"
BENCH, TRAIN, MANIFEST = "bench", "train", "manifest.json"
SEED = 4086
"""One whose dialogues are short for their settings (103 and 232 turns in the two longest): it keeps this small."""
BENCH_PERSONS, TRAIN_PERSONS = 6, 3
KEPT = ("sft.jsonl", "rl.jsonl", "statistics.json")
"""What is shipped of training data; the released layout and the parts can be made from it or with it."""
LICENCE = "Apache-2.0; the photographs CC BY 4.0, see pictures/pictures.json"


def make(out: Path) -> None:
    """Write the whole set into an empty folder."""
    make_benchmark(out / BENCH, SEED, BENCH_PERSONS, processes=1, progress=told)
    make_training(out / TRAIN)
    write(out / MANIFEST, manifest(out))


def make_training(out: Path) -> None:
    """Write samples, the pictures they show, and the worlds they come from."""
    out.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as work:
        make_training_set(Path(work), SEED, TRAIN_PERSONS, training_world, processes=1, progress=told)
        for name in (*KEPT, *sorted(shown(Path(work)))):
            (out / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(Path(work) / name, out / name)
    for number in range(TRAIN_PERSONS):
        world = make_world(SEED, "train", "train", number)
        folder = out / "worlds" / world.person.id
        folder.mkdir(parents=True)
        (folder / WORLD).write_text(canonical(world), encoding="utf-8")


def shown(folder: Path) -> set[str]:
    """Return the pictures that samples of a training set show."""
    lines = [line for name in ("sft.jsonl", "rl.jsonl") for line in (folder / name).open(encoding="utf-8")]
    return {picture for line in lines for picture in json.loads(line)["images"]}


def manifest(folder: Path) -> dict[str, Any]:
    """Return what a set is, whose its photographs are, and its checksums."""
    shipped = sorted((DATA / "pictures").glob("*.jpg"))
    photographs = {form: path.name for path in shipped for form in (digest(path), open_picture(path).digest)}
    sums = {path.relative_to(folder).as_posix(): digest(path) for path in files(folder)}
    return {
        "name": "persons of PersonaWorld, invented from a seed",
        "command": "python -m lab.make_worlds",
        "seed": SEED,
        "licence": LICENCE,
        "photographs": {name: photographs[found] for name, found in sums.items() if found in photographs},
        "sha256": sums,
    }


def files(folder: Path) -> Iterator[Path]:
    """Yield the files of a set by path, its own manifest left out."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path != folder / MANIFEST)


def digest(path: Path) -> str:
    """Return a file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def different(made: Path, shipped: Path = WORLDS) -> list[str]:
    """Return the files of either set that are missing or other in the other one."""
    ours, theirs = (json.loads((folder / MANIFEST).read_bytes())["sha256"] for folder in (made, shipped))
    return sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))


def told(task: str, done: int, everything: int) -> None:
    print(f"  {task}: {done} of {everything}", file=sys.stderr, flush=True)


def write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")


def main() -> int:
    """Make the set, or compare it; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing, say what differs")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        made = Path(work) / "worlds"
        make(made)
        changed = different(made) if (WORLDS / MANIFEST).is_file() else ["all of it"]
        if not given.check:
            shutil.rmtree(WORLDS, ignore_errors=True)
            shutil.copytree(made, WORLDS, copy_function=shutil.copyfile)
    size = sum(path.stat().st_size for path in files(WORLDS)) / 2**20
    print(f"{len(changed)} files differ from what was there: {', '.join(changed[:9]) or 'none'}; {size:.1f} MB")
    return int(given.check and bool(changed))


if __name__ == "__main__":
    sys.exit(main())
