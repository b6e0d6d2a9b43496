"""Draw what a benchmark and a training set came to, and what was measured of the generator; the data card shows these.

    python -m lab.data_figures BENCH TRAIN OUT

BENCH is what `personavlm synth bench` wrote, TRAIN what `personavlm synth train` wrote. Each figure becomes
OUT/NAME.html (interactive, needs no network) and, where there is a Chromium, OUT/NAME.png. Values of the paper are
drawn apart. The figures of text, traits and blind baselines are drawn from `lab/results`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lab.build_notebooks import BROWSERS, SCALE, WIDTH
from lab.report import read_json
from lab.text_statistics import FLOORS, MOST_REPEATED
from lab.trait_signal import ENOUGH, LITTLE
from personavlm.errors import BadInput
from personavlm.figures import Panel, composition, intervals, questions_per_task, table, turns_per_dialogue
from personavlm.figures.intervals import Estimate
from personavlm.personality import TRAITS
from personavlm.synthesis.questions.values import TASKS
from personavlm.synthesis.statistics import Statistics
from personavlm.synthesis.training import PAPER_COMPOSITION, PAPER_RL
from personavlm.trace import revive
from personavlm.worlds.life_time import frame

PAPER_TURNS = {"benchmark": 142.9}
SFT, RL = "supervised fine-tuning", "reinforcement learning"
PAPER_PARTS = {SFT: PAPER_COMPOSITION, RL: PAPER_RL}
PAPER_TASKS = {info.name: (info.aspect, info.short, info.long) for info in TASKS.values()}
PAPER_TABLE = {
    "turns per dialogue, mean": "142.9",
    "turns with a picture": "15.87 %",
    "words in a question, mean": "22.7",
    "words in a right answer, mean": "3.05",
    "questions that need a picture": "34.02 %",
    "persons": "200",
    "questions": "2,034",
    "questions with a test of manner": "406",
}
"""Table 6 and section 4 of the paper; what needs a picture is called image-related there."""


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """What a training set came to."""

    turns: tuple[int, ...]
    """Turns of every person's dialogue."""
    samples: Mapping[str, int]
    """Supervised samples by kind, as composed."""
    rl: Mapping[str, int]
    """Questions for reinforcement learning by form."""
    with_pictures: int
    """Supervised samples with a picture."""
    concepts: int
    """Those that teach a thing by its picture."""


@dataclass(frozen=True, slots=True)
class Sets:
    """A benchmark and a training set, with the seeds they were made from."""

    bench_seed: int
    bench: Statistics
    train_seed: int
    train: TrainingSet


def read_sets(bench: Path, train: Path, train_seed: int = 0) -> Sets:
    """Return what two folders came to. Raises ``BadInput`` for one that is unfinished or of another seed."""
    made = json.loads(_text(bench / "truth" / "manifest.json"))
    training = _training(train)
    expected = tuple(frame(train_seed, "train", "train", number).turns for number in range(len(training.turns)))
    if training.turns != expected:
        raise BadInput(f"{train} was not made from seed {train_seed}.", "say which seed it was.")
    return Sets(made["seed"], revive(Statistics, _text(bench / "statistics.json")), train_seed, training)


def _training(folder: Path) -> TrainingSet:
    found = json.loads(_text(folder / "statistics.json"))
    heads = [_text(folder / "parts" / f"{number:04}.jsonl").split("\n", 1)[0] for number in range(found["persons"])]
    return TrainingSet(
        tuple(json.loads(head)["turns"] for head in heads),
        {kind: found["samples"][kind]["there"] for kind in PAPER_COMPOSITION},
        {form: found["rl"].get(form, 0) for form in PAPER_RL},
        found["with_pictures"],
        found["concepts"],
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        remedy = "give folders that `personavlm synth bench` and `personavlm synth train` finished."
        raise BadInput(f"{path} cannot be read: {error.strerror}.", remedy) from error


# ── figures ──────────────────────────────────────────────────────────────────────────────────────────────────────


def drawn(sets: Sets) -> dict[str, go.Figure]:
    """Return the figures of two sets by name."""
    lengths = {"training": sets.train.turns} | dict(sets.bench.turns)
    return {
        "turns": turns_per_dialogue(lengths, PAPER_TURNS),
        "composition": composition({SFT: sets.train.samples, RL: sets.train.rl}, PAPER_PARTS),
        "tasks": questions_per_task(sets.bench.tasks, PAPER_TASKS),
        "statistics": table([(what, ours, PAPER_TABLE.get(what, "")) for what, ours in statistics(sets).items()]),
    }


def statistics(sets: Sets) -> dict[str, str]:
    """Return the rows of the table of statistics: what, and ours as it is shown."""
    s = sets.bench
    return {
        "persons": f"{s.persons}",
        "turns per dialogue, mean": f"{s.turns_per_dialogue:.1f}",
        "turns with a picture": f"{100 * s.multimodal_turns:.2f} %",
        "questions": f"{s.questions:,}",
        "questions with a test of manner": f"{s.alignment}",
        "words in a question, mean": f"{s.question_words:.1f}",
        "words in a right answer, mean": f"{s.answer_words:.2f}",
        "questions that need a picture": f"{100 * s.needs_picture:.2f} %",
        "questions worded as no training question is": f"{100 * s.unseen_wording:.1f} %",
        "tokens per dialogue, median of the 32k half": f"{s.tokens['32k']:,}",
        "tokens per dialogue, median of the 128k half": f"{s.tokens['128k']:,}",
    }


def measured() -> dict[str, go.Figure]:
    """Return the figures of what was measured of the generator, from the result files."""
    return {
        "blind": intervals(blind(read_json("leaks.json")), "right (%)"),
        "traits": intervals(traits(read_json("trait_signal.json")["r"]), "correlation with the truth (r)", across=True),
        "text": intervals(variety(read_json("text_statistics.json")["rows"]), "share", across=True),
    }


def blind(found: Mapping[str, Any]) -> list[Panel]:
    """Return the blind baselines with 95 % intervals (normal, a draw a question), chance and 3 points around it.

    Guessing at random is left out: it is worked out, not drawn, and is the line.
    """
    choice: dict[str, dict[str, Estimate]] = {}
    manner: dict[str, dict[str, Estimate]] = {}
    for part, name in (("pooled", "three seeds"), ("fresh", "a fresh seed")):
        rows = {row: shares["all"] for row, shares in found[part]["multiple choice"].items() if row != "random"}
        rows |= {row: found[part][row] for row in found[part] if row.startswith(("unknown", "picture questions"))}
        choice[name] = {row: share(*one) for row, one in rows.items()}
        manner[name] = {row: share(*one) for row, one in found[part]["alignment"].items()}
    return [
        Panel("multiple choice, chance 25 %", choice, (25.0,), (22.0, 28.0)),
        Panel("two replies, chance 50 %", manner, (50.0,), (47.0, 53.0)),
    ]


def share(n: int, percent: float) -> Estimate:
    """Return a share of ``n`` draws with its 95 % interval, in %.

    >>> share(100, 50.0)
    (50.0, 40.2, 59.8)
    """
    half = 1.96 * math.sqrt(percent * (100 - percent) / n)
    return percent, round(percent - half, 6), round(percent + half, 6)


def traits(found: Mapping[str, Mapping[str, Sequence[float]]]) -> list[Panel]:
    """Return how well traits are read from a person's words, many turns and few, with the bar for each."""
    rows = {name: {trait: _three(row[trait]) for trait in TRAITS} for name, row in found.items()}
    return [Panel(f"from {name}", {"a linear model": row}, bars(name)) for name, row in rows.items()]


def bars(turns: str) -> tuple[float, ...]:
    """Return what a trait's correlation is held against: enough from many turns, little from two."""
    return (ENOUGH,) if turns == "60 turns" else (LITTLE,) if turns.endswith(" 2 turns") else ()


def _three(values: Sequence[float]) -> Estimate:
    value, low, high = values
    return value, low, high


def variety(found: Mapping[str, Mapping[str, float]]) -> list[Panel]:
    """Return how varied the words are beside real text; no intervals: draws of one sample are not independent."""
    held = FLOORS | {"repeated": MOST_REPEATED}
    names = {
        "distinct_2": "distinct-2",
        "distinct_3": "distinct-3",
        "repeated": "repeated turns",
        "sentences_repeated": "repeated sentences",
    }
    real = [name for name in found if name.startswith(("LAPS", "LoCoMo"))]
    split = {"ours": [name for name in found if name not in real], "real people": real}
    return [
        Panel(
            title,
            {who: {row: (found[row][key],) * 3 for row in rows} for who, rows in split.items()},
            (held[key],) if key in held else (),
        )
        for key, title in names.items()
    ]


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────

LABEL = "figure"
"""Key in a picture under which the digest of the figure stands."""


VALUES = ("type", "name", "x", "y", "text", "array", "arrayminus", "values")
"""What of a trace, of its error bars and of its cells is a value; the rest is style."""


def digest(figure: go.Figure) -> str:
    """Return what tells what a figure says from what any other says: a digest of its values and notes, not of style."""
    whole = figure.to_plotly_json()
    parts = [part for trace in whole["data"] for part in (trace, trace.get("error_x", {}), trace.get("cells", {}))]
    values = [[part.get(key) for key in VALUES] for part in parts]
    notes = [note["text"] for note in whole["layout"].get("annotations", ())]
    return hashlib.sha256(json.dumps([values, notes], default=list).encode()).hexdigest()


def write_picture(figure: go.Figure, path: Path) -> bool:
    """Draw a figure as a PNG that carries its digest; False without a Chromium to draw it with."""
    browser = os.environ.get("BROWSER_PATH") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        return False
    os.environ["BROWSER_PATH"] = browser
    shown = go.Figure(figure).update_layout(paper_bgcolor="white", plot_bgcolor="white")
    data = shown.to_image(format="png", width=WIDTH, height=shown.layout.height, scale=SCALE)
    label = PngInfo()
    label.add_text(LABEL, digest(figure))
    Image.open(BytesIO(data)).convert("RGB").quantize(128).save(path, pnginfo=label, optimize=True)
    return True


def write_page(figure: go.Figure, path: Path) -> None:
    """Write a figure as a page that works without a network."""
    path.write_text(figure.to_html(include_plotlyjs=True, div_id=path.stem), encoding="utf-8")


def main(words: list[str]) -> int:
    """Draw the figures of two folders and of the result files; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", type=Path)
    parser.add_argument("train", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--train-seed", type=int, default=0)
    given = parser.parse_args(words)
    given.out.mkdir(parents=True, exist_ok=True)
    try:
        figures = drawn(read_sets(given.bench, given.train, given.train_seed)) | measured()
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    for name, figure in figures.items():
        write_page(figure, given.out / f"{name}.html")
        pictured = write_picture(figure, given.out / f"{name}.png")
        print(f"{name}: html{' and png' if pictured else '; no png, there is no Chromium'}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
