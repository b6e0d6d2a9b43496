"""Legs: base, SFT on short samples, SFT on all, evaluation; each at most eight minutes, from the files of the last.

    python -m lab.gpu.legs pack  --data DIR --unseen DIR --out FILES      anywhere: what has to travel
    python -m lab.gpu.legs base  --files FILES --out OUT --minutes 6      on the GPU; then put OUT's parts into FILES
    python -m lab.gpu.legs short --files FILES --out OUT --minutes 7
    python -m lab.gpu.legs long  --files FILES --out OUT --minutes 7
    python -m lab.gpu.legs ask   --files FILES --out OUT                  answers about unseen persons, in batches
    python -m lab.gpu.legs profile --files FILES --out OUT --leg long     a few steps under torch's profiler

A leg that is started again on the same machine goes on at its last checkpoint; on another, the next leg starts from
what came back, which is weights in fp16 and the logs, in parts of at most 15 MB. A leg's optimizer is its own.
``--toy`` takes a recipe for a CPU and a minute, to rehearse. See README.md beside this file.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lab.gpu.parcel import halve, receive, send, shrink
from lab.train_sft import Bounds, Recipe, prepare, train
from personavlm.errors import BadInput
from personavlm.files import write_atomically
from personavlm.training.corpus import texts_of
from personavlm.training.scratch import SIZES, make_processor, train_tokenizer

HERE = Path(__file__).parent
SIZE = "mini"
PEAK = 989e12
"""Dense bf16 products of an H100 SXM in one second, as its maker states: what shares of peak are of."""
ASKED, TOGETHER = 100, 64
"""Steps of each kind that are asked, and prompts decoded side by side."""


@dataclass(frozen=True, slots=True)
class Leg:
    """A part of the training: its recipe, the corpus it reads and the leg whose model it starts from."""

    recipe: str
    corpus: str
    after: str = ""


LEGS = {"base": Leg("base", "base"), "short": Leg("short", "sft", "base"), "long": Leg("long", "sft", "short")}


def recipe_of(leg: str, toy: bool) -> Recipe:
    """Return a leg's recipe, or its toy with the same course in miniature."""
    return Recipe.read(HERE / f"{LEGS[leg].recipe}{'_toy' if toy else ''}.toml")


# ── what travels ─────────────────────────────────────────────────────────────────────────────────────────────────


def pack(data: Path, unseen: Path, out: Path, work: Path, toy: bool) -> list[Path]:
    """Learn the tokenizer, render every corpus, shrink the pictures, and pack it all into parts in ``out``."""
    size = SIZES["random" if toy else SIZE]
    tokenizer = train_tokenizer(texts_of(data), size)
    tokenizer.save_pretrained(work / "tokenizer")
    processor = make_processor(tokenizer, size)
    for name, leg in (("base", "base"), ("sft", "long")):
        prepare(recipe_of(leg, toy), data, work / name, processor)
    _shrunk(data, work / "sft", processor)
    _shrunk(work / "base", work / "base", processor)
    _shrunk(unseen, work / "unseen", processor)
    shutil.copy(unseen / "sft.jsonl", work / "unseen" / "sft.jsonl")
    return send("pack", [(work / name, name) for name in ("base", "sft", "unseen", "tokenizer")], out)


def _shrunk(source: Path, target: Path, processor: Any) -> None:
    (target / "images").mkdir(parents=True, exist_ok=True)
    for path in sorted((source / "images").iterdir()):
        write_atomically(target / "images" / path.name, shrink(path.read_bytes(), processor.image_processor))


# ── a leg ────────────────────────────────────────────────────────────────────────────────────────────────────────


def run(name: str, files: Path, out: Path, work: Path, bounds: Bounds, toy: bool) -> list[Path]:
    """Train a leg within its bounds and pack its model and logs into parts in ``out``."""
    folder, recipe = _ready(name, files, work, toy)
    model = train(recipe, work / LEGS[name].corpus, folder, bounds)
    speed = speed_of(folder / "log.csv", model)
    write_atomically(folder / "speed.json", json.dumps(speed, indent=1).encode())
    print(json.dumps(speed), flush=True)
    logs = [folder / f"{log}" for log in ("log.csv", "curves.csv", "climbs.json", "run.json", "speed.json")]
    sent = [(halve(model, folder / "half"), "model"), *((log, log.name) for log in logs if log.is_file())]
    return send(name, [(path, f"{name}/{inside}") for path, inside in sent], out)


def _ready(name: str, files: Path, work: Path, toy: bool) -> tuple[Path, Recipe]:
    """A leg's folder with its corpus and tokenizer in it, and its recipe, which starts from the leg before."""
    leg = LEGS[name]
    _unpacked(files, work)
    folder = work / "runs" / name
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("corpus", "probes"):
        if not (folder / part).exists():
            (folder / part).symlink_to((work / leg.corpus / part).resolve())
    if not (folder / "tokenizer").exists():
        (folder / "tokenizer").symlink_to((work / "tokenizer").resolve())
    if leg.corpus == "base" and not (folder / "images").exists():
        (folder / "images").symlink_to((work / "base" / "images").resolve())
    recipe = recipe_of(name, toy)
    return folder, replace(recipe, base=str(model_of(leg.after, files, work))) if leg.after else recipe


def _unpacked(files: Path, work: Path) -> None:
    """Unpack what travels, unless it is there; the tokenizer comes last out of it, so where that is, all is."""
    if not (work / "tokenizer" / "tokenizer_config.json").is_file():
        receive("pack", files, work)


def model_of(leg: str, files: Path, work: Path) -> Path:
    """Return a finished leg's model: of this machine, or out of the files that came from another."""
    here = work / "runs" / leg / "model"
    if here.is_dir():
        return here
    return receive(leg, files, work / "came") / leg / "model"


def speed_of(log: Path, model: Path) -> dict[str, float]:
    """Return tokens a second after the first tenth of a log, and what that is of ``PEAK``.

    A token costs six floating-point operations a weight, forwards and backwards; attention's products are left out.
    """
    with log.open(newline="", encoding="utf-8") as file:
        rows = [(float(row["tokens"]), float(row["seconds"])) for row in csv.DictReader(file)]
    start, last = rows[len(rows) // 10], rows[-1]
    if last[1] <= start[1]:
        raise BadInput(f"{log} is too short to tell a speed.", "let the leg run longer, or log more often.")
    rate = (last[0] - start[0]) / (last[1] - start[1])
    weights = _parameters(model)
    return {"tokens": last[0], "tokens_per_second": round(rate), "weights": weights, "share": 6 * weights * rate / PEAK}


def _parameters(model: Path) -> int:
    from safetensors import safe_open

    total = 0
    for path in model.glob("*.safetensors"):
        with safe_open(path, "np") as weights:
            shapes = [weights.get_slice(name).get_shape() for name in weights.keys()]  # noqa: SIM118 (no mapping)
        total += sum(math.prod(shape) for shape in shapes)
    return total


def ask(files: Path, out: Path, work: Path, toy: bool) -> Path:
    """Ask the base and the trained model about unseen persons; write both results into ``out``."""
    from lab.eval_sft import evaluate

    _unpacked(files, work)
    each, together = (2, 4) if toy else (ASKED, TOGETHER)
    for leg in ("base", "long"):
        evaluate(f"hf:{model_of(leg, files, work)}", work / "unseen", out / f"{leg}.json", each, together, seed=5)
    return out


def profile(name: str, files: Path, out: Path, work: Path, toy: bool) -> Path:
    """Run a few steps of a leg under the profiler and write the dearest operations to ``out/profile.txt``."""
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as profiler

    folder, recipe = _ready(name, files, work, toy)
    trial = shutil.copytree(folder, work / "trial", symlinks=True, ignore=shutil.ignore_patterns("checkpoint-*"))
    with profiler(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as found:
        train(replace(recipe, probe_every=0), work / LEGS[name].corpus, trial, Bounds(steps=6))
    shutil.rmtree(trial)
    table: Any = found.key_averages()
    by = "self_cuda_time_total" if any(event.self_device_time_total for event in table) else "self_cpu_time_total"
    write_atomically(out / "profile.txt", table.table(sort_by=by, row_limit=40).encode())
    return out / "profile.txt"


def main() -> None:
    """Run one leg from the command line."""
    parser = argparse.ArgumentParser(description="Training on one GPU, leg by leg.")
    parser.add_argument("verb", choices=["pack", *LEGS, "ask", "profile"])
    parser.add_argument("--data", type=Path, help="pack: folder that `personavlm synth train` wrote")
    parser.add_argument("--unseen", type=Path, help="pack: folder that `lab.eval_sft make` wrote")
    parser.add_argument("--files", type=Path, help="folder with the parts of the pack and of earlier legs")
    parser.add_argument("--out", type=Path, required=True, help="folder for what comes back")
    parser.add_argument("--work", type=Path, default=Path("workspace/gpu"), help="scratch folder of this machine")
    parser.add_argument("--minutes", type=float, help="end the leg in time")
    parser.add_argument("--leg", choices=list(LEGS), default="long", help="profile: which one")
    parser.add_argument("--toy", action="store_true", help="rehearse on a CPU in a minute")
    given = parser.parse_args()
    for folder in (given.out, given.work):
        folder.mkdir(parents=True, exist_ok=True)
    if given.verb == "pack":
        made: Any = pack(given.data, given.unseen, given.out, given.work, given.toy)
    elif given.verb == "ask":
        made = ask(given.files, given.out, given.work, given.toy)
    elif given.verb == "profile":
        made = profile(given.leg, given.files, given.out, given.work, given.toy)
    else:
        seconds = given.minutes and 60 * given.minutes
        made = run(given.verb, given.files, given.out, given.work, Bounds(seconds=seconds), given.toy)
    print(f"wrote {made}")


if __name__ == "__main__":
    main()
