"""What a training set came to: composition beside the paper's, trajectories, and every label read by our own parsers.

    python -m lab.training_statistics DIR [--cost TIME_FILE] [--out lab/results/training_statistics.json]

DIR was written by ``personavlm synth train``. Counts are of the whole set; shares are of its reasoning samples, with a
95 % bootstrap interval over persons. Every output of an assistant in the set is read with the parser its prompt has:
the program ends with 1 if one is Malformed, or if a picture that a sample names is not there.

TIME_FILE is what ``/usr/bin/time -v`` said of the run; seconds of processor time and peak memory are taken from it.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Any

from personavlm.bench.scores import interval, per_person
from personavlm.prompts.respond import parse_step
from personavlm.prompts.update import parse_core, parse_episodic, parse_personality, parse_procedural, parse_semantic
from personavlm.synthesis.training import PAPER_COMPOSITION, PAPER_CONCEPTS, PAPER_PERSONS, PAPER_RL
from personavlm.trace import Malformed

RESULTS = Path(__file__).parent / "results" / "training_statistics.json"
CHARACTERS = 4
"""Characters of text a token, nearly."""
UNTOLD = ("unknown", "stranger")
"""Lessons on what was never told or shown."""

Row = dict[str, Any]


@dataclass(slots=True)
class Trajectories:
    """Each reasoning sample's person with 1 or 0 for what its share is wanted of."""

    shares: dict[str, list[tuple[str, float]]] = field(default_factory=dict)

    def take(self, row: Row) -> None:
        """Enter a reasoning sample."""
        outputs = said(row)
        for name, holds in {
            "no look-up": len(outputs) == 1,
            "one look-up": len(outputs) == 2,
            "several look-ups": len(outputs) > 2,
            "a period asked for": any('"start_time": "2' in text for text in outputs),
            "nothing to be found": row["note"] in UNTOLD,
            "a picture in the prompt": bool(row["images"]),
        }.items():
            self.shares.setdefault(name, []).append((row["person"], float(holds)))

    def result(self) -> dict[str, list[float]]:
        """Return shares with the ends of their intervals, in per cent."""
        return {name: in_per_cent(scored) for name, scored in self.shares.items()}


def in_per_cent(scored: Sequence[tuple[str, float]]) -> list[float]:
    """Return a share and the ends of its 95 % interval over persons, in per cent."""
    mean = statistics.fmean(score for _, score in scored)
    return [round(100 * value, 1) for value in (mean, *interval(per_person(scored)))]


def said(row: Row) -> list[str]:
    """Return the outputs to learn of a sample."""
    return ["".join(_texts(m)) for m in row["messages"] if m["role"] == "assistant"]


def _texts(message: Row) -> Iterator[str]:
    return (part["text"] for part in message["content"] if part["type"] == "text")


def malformed(row: Row) -> list[str]:
    """Return what the parsers could not read of a sample's outputs."""
    prompt = "".join(_texts(row["messages"][1]))
    length = 1 + max((int(n) for n in re.findall(r"^\[(\d+)\] \d{4}-", prompt, re.MULTILINE)), default=0)
    read = {
        "reasoning": lambda text: parse_step(text, UTC, strict=True).action,
        "semantic": lambda text: parse_semantic(text, UTC),
        "personality": parse_personality,
        "episodic": lambda text: parse_episodic(text, length),
        "procedural": parse_procedural,
        "core": parse_core,
    }[row["kind"]]
    return [text for text in said(row) if isinstance(read(text), Malformed)]


def rows_of(path: Path) -> Iterator[Row]:
    """Yield the rows of a file of JSON lines."""
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def cost(time_file: Path) -> dict[str, float]:
    """Return processor seconds, wall seconds and peak memory of what ``/usr/bin/time -v`` watched."""
    told = time_file.read_text()
    user, system = (float(_told(told, name)) for name in ("User time (seconds)", "System time (seconds)"))
    wall = _told(told, "Elapsed (wall clock) time (h:mm:ss or m:ss)").split(":")
    return {
        "processor_seconds": round(user + system, 1),
        "wall_seconds": round(sum(float(part) * 60**place for place, part in enumerate(reversed(wall))), 1),
        "largest_process_gb": round(int(_told(told, "Maximum resident set size (kbytes)")) / 2**20, 2),
    }


def _told(text: str, name: str) -> str:
    found = re.search(re.escape(name) + r": (\S+)", text)
    if found is None:
        raise SystemExit(f"The file says nothing of {name!r}: give what /usr/bin/time -v wrote.")
    return found[1]


def measured(folder: Path) -> dict[str, Any]:
    """Return what a training set came to."""
    told = json.loads((folder / "statistics.json").read_bytes())
    share = told["persons"] / PAPER_PERSONS
    trajectories, lengths, bad = Trajectories(), list[int](), 0
    images: set[str] = set()
    for row in rows_of(folder / "sft.jsonl"):
        bad += len(malformed(row))
        images |= set(row["images"])
        lengths.append(sum(len(text) for m in row["messages"] for text in _texts(m)) // CHARACTERS)
        if row["kind"] == "reasoning":
            trajectories.take(row)
    forms = Counter(row["form"] for row in rows_of(folder / "rl.jsonl"))
    return {
        "persons": told["persons"],
        "interactions": told["turns"],
        "samples": {k: [told["samples"][k]["there"], round(n * share)] for k, n in PAPER_COMPOSITION.items()},
        "rl": {form: [forms[form], round(n * share)] for form, n in PAPER_RL.items()},
        "concepts": [told["concepts"], round(PAPER_CONCEPTS * share)],
        "with_pictures": told["with_pictures"],
        "pictures": len(images),
        "pictures_missing": sum(not (folder / image).is_file() for image in images),
        "lessons": told["lessons"],
        "malformed": bad,
        "tokens": {"median": statistics.median(lengths), "largest": max(lengths)},
        "reasoning": trajectories.result(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cost", type=Path)
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    found = measured(args.folder) | ({"cost": cost(args.cost)} if args.cost else {})
    args.out.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))
    return int(bool(found["malformed"] or found["pictures_missing"]))


if __name__ == "__main__":
    sys.exit(main())
