"""Measure on real data, and put the figures where people read them.

    python -m lab.report measure DATA [EVAL …]   runs evals (default all) on the data sets in DATA, writes evals.json
    python -m lab.report fidelity         replays the three hand-written conversations, writes fidelity.json
    python -m lab.report demo             runs the demo in a temporary home, writes lab/results/demo.json
    python -m lab.report write            fills the marked parts of README.md, lab/PAPER.md and docs/datacard.md
    python -m lab.report check            says whether they show what the files hold (the tests ask this)

No number is typed by hand: a part between ``<!-- name -->`` and ``<!-- /name -->`` belongs to this program.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from personavlm.models.catalogue import CHOICES

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "lab" / "results"
PAGES = (ROOT / "README.md", ROOT / "lab" / "PAPER.md")

EVERY_FIFTH = frozenset(range(0, 400, 5))
"""LAPS workers whose sessions are read here: a fifth, to keep it short. ``personavlm eval extraction`` takes all."""

SHOWN = (
    "Have I ever taken cooking classes?",
    "What did Bob bring along on Sunday 9 March?",
    "What was my usual drink at the beginning of March?",
    "What do I drink these days when I'm nervous?",
    "Who looks after Biscuit while I'm in Porto?",
    "What's my favourite film?",
)
"""Questions of the demo that the README prints, right or wrong."""


def measure(data: Path, names: list[str]) -> dict[str, Any]:
    """Run evals with the embedded model (none named: all); return the figures of all by name."""
    from personavlm.assistant import Kit
    from personavlm.embedded import Embedded
    from personavlm.evals import answers, extraction, pictures, preferences, retrieval

    kit = Kit.load()
    model = Embedded(kit.encoder)
    locomo = data / "locomo" / "locomo_dev.json"
    runs: dict[str, Callable[[], Any]] = {
        "retrieval": lambda: retrieval.evaluate(locomo, kit.encoder, baselines=True),
        "preferences": lambda: preferences.evaluate(data / "prefeval", kit.encoder),
        "extraction": lambda: extraction.evaluate(
            data / "laps" / "recipe_dataset_train.json", model, kit, progress, EVERY_FIFTH
        ),
        "pictures": lambda: pictures.evaluate(data / "dreambooth"),
        "answers": lambda: answers.evaluate(locomo, model, kit, progress),
    }
    figures: dict[str, Any] = read_json("evals.json") if names and (RESULTS / "evals.json").exists() else {}
    for name in names or runs:
        print(f"{name} …", file=sys.stderr)
        figures[name] = runs[name]().plain()
        write_json("evals.json", figures)  # a run that is stopped leaves what it measured
    return figures


def fidelity() -> dict[str, Any]:
    """Run the three hand-written conversations; return how many of their facts are held."""
    from personavlm.assistant import Kit
    from personavlm.evals import handwritten
    from personavlm.models.loading import load_model

    found = handwritten.evaluate(load_model("embedded"), Kit.load(None)) or {}
    write_json("fidelity.json", found)
    return found


def progress(task: str, done: int, everything: int) -> None:
    """Say on stderr how far a run is, every hundred steps."""
    if done % 100 == 0 or done == everything:
        print(f"  {task}: {done} of {everything}", file=sys.stderr)


class _Bars:
    @contextmanager
    def progress(self) -> Iterator[Callable[[str, int, int], None]]:
        yield progress


def run_demo() -> dict[str, Any]:
    """Run the demo in a home of its own; return its answers and scores."""
    from personavlm.assistant import Kit
    from personavlm.demo import run
    from personavlm.embedded import Embedded

    kit = Kit.load()
    with tempfile.TemporaryDirectory() as home:
        result, _ = run(Path(home), Embedded(kit.encoder), kit, _Bars())
    users = {
        user: {
            "right": found["right"],
            "n": found["n"],
            "answers": [{k: a[k] for k in ("question", "right", "answer")} for a in found["answers"]],
        }
        for user, found in result["users"].items()
    }
    write_json("demo.json", users)
    return users


def write_json(name: str, value: object) -> None:
    """Write a result file."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / name).write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(name: str) -> Any:
    """Read a result file."""
    return json.loads((RESULTS / name).read_text(encoding="utf-8"))


# ── what the README shows ────────────────────────────────────────────────────────────────────────────────────────


def demo_part() -> str:
    """Return some of the demo's questions with the answers as they came."""
    users = read_json("demo.json")
    lines = [
        f"{sum(u['right'] for u in users.values())} of {sum(u['n'] for u in users.values())} answers right; some:",
        "",
    ]
    lines += ["```"]
    for question in SHOWN:
        for user, found in users.items():
            for one in found["answers"]:
                if one["question"] == question:
                    lines += [f"{user}> {question}", *("  " + line for line in one["answer"].splitlines()), ""]
    return "\n".join([*lines[:-1], "```"])


def models_part() -> str:
    """Return the table of models from the catalogue."""
    rows = ["| hardware | model | memory | | one line to type |", "|---|---|---|---|---|"]
    for choice in CHOICES:
        ran = choice.note or ("" if choice.ran_here else "not run here")
        memory = f"{choice.memory_gb:.1f} GB" if choice.parameters else "the server's"
        rows.append(f"| {choice.hardware} | `{choice.setting}` | {memory} | {ran} | `{choice.line}` |")
    return "\n".join(rows)


def figures_part() -> str:
    """Return the table of evals."""
    e = read_json("evals.json")
    r, p, x, d, a = (e[name] for name in ("retrieval", "preferences", "extraction", "pictures", "answers"))
    h = read_json("extraction_held_out.json")
    base = r["baselines"]
    rows = [
        ("evidence of LoCoMo questions in the first 5 / 10", f"{r['R@5']} / {r['R@10']}", _both(base, "R@5")),
        (
            "… multi-hop / temporal, first 10",
            f"{_hop(r)} / {r['by_category']['temporal']['R@10']}",
            _both(base, "R@10"),
        ),
        ("preference a PrefEval question touches, first 5", f"{p['R@5']}", f"MiniLM {p['MiniLM']['R@5']}"),
        ("LoCoMo answers, token F1", f"{a['f1']['overall']}", f"best hit whole {max(a['best_hit_f1'].values())}"),
        (
            "… “you haven't told me” on adversarial / answerable",
            f"{a['unknown_on_adversarial']} / {a['unknown_on_answerable']}",
            "",
        ),
        (
            "LAPS preferences, F1 (workers whom the reader was not learnt from)",
            f"{h['together']['f1']} ({' to '.join(map(str, h['interval']['f1']))})",
            f"workers it was learnt from {x['f1']}",
        ),
        (
            "… gold values kept, in this share of the words",
            f"{h['together']['value_recall']}, {h['together']['words_kept']}",
            f"whole turns {x['whole turns']['value_recall']}, 1.0",
        ),
        (
            "DreamBooth, another photo of the same thing first",
            f"{d['hit@1']}",
            f"RGB histogram {d['baseline']['hit@1']}",
        ),
        ("… known things told right / unknown ones rejected", f"{d['known_accuracy']} / {d['unknown_rejected']}", ""),
    ]
    lines = ["| what, in % | ours | beside it |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]
    ns = f"n: {r['n']} LoCoMo questions, {p['n']} preferences, {h['n']} LAPS gold values, {d['n']} photographs."
    return "\n".join(
        [*lines, "", ns + " Made by `python -m lab.report measure DATA`, LAPS by `python -m lab.cross_extraction`."]
    )


def _both(baselines: dict[str, Any], key: str) -> str:
    return ", ".join(f"{name} {found[key]}" for name, found in baselines.items())


def _hop(found: dict[str, Any]) -> str:
    return str(found["multi-hop R@10"]["with_hop"])


def measured_part() -> str:
    """Return the table of everything measured, with its command and n."""
    lines = ["| what | command | n | result |", "|---|---|---|---|"]
    lines += [f"| {what} | `{command}` | {n} | {result} |" for what, command, n, result in _measured()]
    return "\n".join(lines)


def _measured() -> Iterator[tuple[str, str, object, str]]:
    e = read_json("evals.json")
    r, p, x, d, a = (e[name] for name in ("retrieval", "preferences", "extraction", "pictures", "answers"))
    command = "personavlm eval {} --data {} {}".format
    shown = ", ".join(f"{k} {r[k]}" for k in ("R@1", "R@5", "R@10", "R@20", "MRR"))
    yield "LoCoMo dev, evidence recall", command("retrieval", "locomo", "FILE"), r["n"], shown
    for name, found in r["by_category"].items():
        yield f"… {name}", "the same", found["n"], f"R@5 {found['R@5']}, R@10 {found['R@10']}"
    hop = r["multi-hop R@10"]
    yield "… multi-hop R@10 without / with the hop", "the same", "", f"{hop['without_hop']} / {hop['with_hop']}"
    beside = f"R@5 {p['R@5']}; MiniLM alone {p['MiniLM']['R@5']}"
    yield "PrefEval dev, the preference a question touches", command("preferences", "prefeval", "DIR"), p["n"], beside
    h = read_json("extraction_held_out.json")
    for who, program, n, found in (
        ("held out, five folds", "python -m lab.cross_extraction FILE WORK", h["n"], h["together"]),
        ("every fifth worker, learnt from them", command("extraction", "laps", "FILE"), x["n"], x),
    ):
        said = f"P {found['precision']}, R {found['recall']}, F1 {found['f1']}"
        said += f"; values {found['value_recall']}, words {found['words_kept']}"
        yield f"LAPS, preferences ({who})", program, n, said
    said = f"hit@1 {d['hit@1']} (histogram {d['baseline']['hit@1']})"
    said += f"; known {d['known_accuracy']}, unknown {d['unknown_rejected']}"
    yield "DreamBooth dev", command("pictures", "dreambooth", "DIR"), d["n"], said
    best = max(a["best_hit_f1"].values())
    said = f"F1 {a['f1']['overall']} (best hit whole {best})"
    said += f"; unknown {a['unknown_on_adversarial']} / {a['unknown_on_answerable']}"
    yield "LoCoMo dev, answers", command("answers", "locomo", "FILE"), a["n"], said
    held = read_json("fidelity.json")
    said = f"{held['held']} held, {held['faults']} forbidden remembered"
    yield "three hand-written conversations, facts", "python -m lab.fidelity", held["n"], said
    bench = read_json("bench.json")["results"]
    for name, figures in bench.items():
        said = ", ".join(f"{key} {value}" for key, value in _flat(figures))
        yield f"speed: {name}", f"python lab/bench_{name}.py", "", said


def _flat(figures: dict[str, Any], under: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in figures.items():
        if not isinstance(value, dict):
            yield under + key, value
        elif key != "bars":
            yield from _flat(value, f"{key}.")


PARTS: dict[str, Callable[[], str]] = {
    "demo": demo_part,
    "models": models_part,
    "figures": figures_part,
    "measured": measured_part,
}


def filled(text: str, parts: Mapping[str, Callable[[], str]] = PARTS) -> str:
    """Return a page with its marked parts as they should be."""
    for name, part in parts.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        if pattern.search(text):
            text = pattern.sub(lambda match, body=part(): f"{match[1]}{body}\n{match[2]}", text)
    return text


def main(words: list[str]) -> int:
    """Run a verb."""
    from lab import datacard  # it builds on this module

    match words:
        case ["measure", data, *names]:
            print(json.dumps(measure(Path(data), names), indent=1))
        case ["fidelity"]:
            print(json.dumps(fidelity(), indent=1))
        case ["demo"]:
            print(json.dumps({user: f"{u['right']} of {u['n']}" for user, u in run_demo().items()}))
        case ["write"]:
            for page in PAGES:
                page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")
            datacard.write()
        case ["check"]:
            pages = [page.read_text(encoding="utf-8") for page in PAGES]
            return int(any(text != filled(text) for text in pages) or bool(datacard.stale()))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
