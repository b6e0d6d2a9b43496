"""Fuzzing: whatever comes in from models, files and users is read or refused, in bounded time and memory.

    python -m lab.trust.fuzzing [--n 1000000] [--seed 1]

Inputs are well-formed samples that are cut, repeated, spliced with each other and salted with characters that mean
something to a parser. What is wanted: a value, or an error of ours that names what is wrong. Counted are other
exceptions, inputs that take more than ``LONGEST`` seconds of processor time, and the growth of the process's memory.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from personavlm import consent, quarantine
from personavlm.datasets import import_own
from personavlm.errors import PersonaVLMError
from personavlm.pictures import open_picture
from personavlm.prompts import respond, text, update

LONGEST = 1.0
SALT = [
    "\x00",
    "\ud800",
    "\u202e",
    "\ue000",
    "<",
    "</",
    "<|",
    "{",
    "}",
    "[",
    "]",
    '"',
    "'",
    "\\",
    "\n",
    "\t",
    ":",
    ",",
    "null",
]
SALT += [
    "<answer>",
    "</think>",
    "<retrieve>",
    '"decision": true',
    "[t1]",
    "```",
    "9" * 30,
    "0x",
    "-",
    "é",
    "𝕏",
    "user: ",
]
OUTPUTS = (
    "<think>so</think><answer>Tea.</answer>",
    '<think>a</think><retrieve>\n"keywords": tea\n"start_time": "2025-03-01 10:00"\n"end_time": null\n</retrieve>',
    '"reason": new\n"decision": true\n"content": likes tea\n"keywords": tea\n"since": "2025-03-03"\n"replaces": null',
    '"topic_summary": Tea.\n"keywords": tea\n"source_dialog_indices": 0, 1',
    '{\n"Goal": run a mile,\n"Habit": null\n}\nPersona\n{"name": "Pip"}',
    '"openness": 4\n"conscientiousness": 3\n"extraversion": 2\n"agreeableness": 5\n"neuroticism": 1',
    "[t12] 2025-03-03 10:00 (Monday)\nuser: my train was late\n    again\nassistant: The third time.",
    "Please don't remember anything about my health. Forget what I said about Rosa.",
    "Look.\n> The user is allergic.\nFrom: Max\nDear all, I like tea.",
)

Target = Callable[[str], object]
TARGETS: Mapping[str, Target] = {
    "parse_step": lambda raw: respond.parse_step(raw, UTC),
    "parse_answer": respond.parse_answer,
    "parse_retrieve": lambda raw: respond.parse_retrieve(raw, UTC),
    "parse_semantic": lambda raw: update.parse_semantic(raw, UTC),
    "parse_episodic": lambda raw: update.parse_episodic(raw, 3),
    "parse_procedural": update.parse_procedural,
    "parse_core": update.parse_core,
    "parse_personality": update.parse_personality,
    "parse_history": lambda raw: text.parse_history(raw, UTC),
    "parse_memories": lambda raw: text.parse_memories(raw, UTC),
    "clean": text.clean,
    "consent": consent.read,
    "quarantine": quarantine.split,
}


def main(arguments: list[str] | None = None) -> None:
    """Run the campaign and print its figures as JSON; status 1 if anything was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    result = campaign(options.n, options.seed)
    json.dump(vars(options) | result, sys.stdout, indent=1)
    sys.exit(bool(result["found"]))


def campaign(n: int, seed: int) -> dict[str, Any]:
    """Feed ``n`` inputs, one in 100 of them to the readers of files and pictures; return what was found."""
    rng, found = random.Random(seed), list[str]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        files = _file_targets(Path(folder))
        names = list(TARGETS)
        for number in range(n):
            if number % 100 == 99:
                name = rng.choice(list(files))
                took = tried(name, partial_bytes(files[name], rng), found)
            else:
                name = names[number % len(names)]
                raw = salted(rng.choice(OUTPUTS), rng)
                took = tried(name, lambda name=name, raw=raw: TARGETS[name](raw), found, raw)  # type: ignore[misc]
            slowest = max(slowest, took)
            if number % 10_000 == 0:
                print(f"\r{number:,}/{n:,}, {len(found)} found", end="", file=sys.stderr)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {"inputs": n, "slowest_s": round(slowest, 3), "grown_mb": grown // 1024, "found": found[:20]}


def tried(name: str, call: Callable[[], object], found: list[str], raw: object = "") -> float:
    """Call once; note what escaped and what took too long; return the seconds of processor time."""
    began = time.process_time()
    try:
        with suppress(PersonaVLMError):
            call()
    except Exception as error:  # whatever it is, it is the finding
        found.append(f"{name}: {type(error).__name__}: {error} on {raw!r}"[:400])
    took = time.process_time() - began
    if took > LONGEST:
        found.append(f"{name}: {took:.1f} s on {str(raw)[:200]!r}")
    return took


def salted(sample: str, rng: random.Random) -> str:
    """Return a sample cut, repeated, spliced and salted."""
    for _ in range(rng.randint(1, 6)):
        at, until = sorted((rng.randint(0, len(sample)), rng.randint(0, len(sample))))
        match rng.randrange(5):
            case 0:
                sample = sample[:at] + sample[until:]
            case 1:
                sample = sample[:until] + sample[at:until] * rng.choice([1, 2, 50]) + sample[until:]
            case 2:
                other = rng.choice(OUTPUTS)
                sample = sample[:at] + other[rng.randrange(len(other)) :] + sample[at:]
            case 3:
                sample = sample[:at] + rng.choice(SALT) * rng.choice([1, 3, 300]) + sample[at:]
            case _:
                sample = sample[:at] + chr(rng.randrange(0x110000)) + sample[at:]
    return sample[:50_000]


def partial_bytes(target: tuple[bytes, Callable[[bytes], object]], rng: random.Random) -> Callable[[], object]:
    """Return a call that reads a file's bytes with some of them changed, left out or cut off."""
    data, read = bytearray(target[0]), target[1]
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(data) or 1)
        match rng.randrange(3):
            case 0 if data:
                data[at] = rng.randrange(256)
            case 1:
                del data[at : at + rng.randint(1, 40)]
            case _:
                data[at:at] = rng.randbytes(rng.randint(1, 20))
    changed = bytes(data[: rng.randint(1, len(data) + 1)] if rng.random() < 0.2 else data)
    return lambda: read(changed)


def _file_targets(folder: Path) -> dict[str, tuple[bytes, Callable[[bytes], object]]]:
    story = Path(__file__).resolve().parents[2] / "data" / "story" / "mara.json"

    def conversation(data: bytes) -> object:
        file = folder / "conversation.json"
        file.write_bytes(data)
        return import_own(file)

    made = {kind: BytesIO() for kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP")}
    for kind, out in made.items():
        Image.effect_noise((24, 24), 60).convert("RGB").save(out, kind)
    pictures = {kind: (out.getvalue(), lambda data: open_picture(data)) for kind, out in made.items()}
    return {"conversation": (story.read_bytes()[:6000], conversation), **pictures}


if __name__ == "__main__":
    main()
