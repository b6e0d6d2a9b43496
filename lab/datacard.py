"""The data card, `docs/datacard.md`: its numbers and pictures come from result files, none is typed or drawn by hand.

    python -m lab.datacard read BENCH TRAIN [SEED]    keeps what two sets came to in lab/results/data_sets.json
    python -m lab.datacard write                      fills its marked parts, draws the pictures that have changed
    python -m lab.datacard check                      says whether both show what the files hold (the tests ask this)

BENCH and TRAIN are folders of `personavlm synth bench` and `personavlm synth train`, SEED (default 0) is what TRAIN was
made from; its dialogues have to agree with it. The other numbers are those of
`lab.leaks`, `lab.text_statistics`, `lab.trait_signal` and `lab.rendered_pictures`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from PIL import Image

from lab.data_figures import (
    LABEL,
    PAPER_PARTS,
    PAPER_TABLE,
    RL,
    SFT,
    Sets,
    digest,
    drawn,
    measured,
    read_sets,
    statistics,
    write_picture,
)
from lab.report import RESULTS, ROOT, filled, read_json, write_json
from personavlm.errors import BadInput
from personavlm.personality import TRAITS
from personavlm.trace import plain, revive

PAGE = ROOT / "docs" / "datacard.md"
PICTURES = ROOT / "docs" / "datacard"
SETS = "data_sets.json"


def sets() -> Sets:
    """Return what the two sets came to when they were last read."""
    return revive(Sets, (RESULTS / SETS).read_text(encoding="utf-8"))


def rows(head: Sequence[str], body: Sequence[Sequence[object]]) -> str:
    """Return a table."""
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def commands_part() -> str:
    """Return the commands that make the two sets which the card measures."""
    made = sets()
    bench = f"personavlm synth bench --seed {made.bench_seed} --persons {made.bench.persons} --out BENCH"
    train = f"personavlm synth train --seed {made.train_seed} --personas {len(made.train.turns)} --out TRAIN"
    return f"```\n{bench}\n{train}\npython -m lab.datacard read BENCH TRAIN\n```"


def statistics_part() -> str:
    """Return the table of the benchmark's statistics beside the paper's."""
    body = [(what, ours, PAPER_TABLE.get(what, "–")) for what, ours in statistics(sets()).items()]
    return rows(("benchmark", "ours", "the paper's"), body)


def composition_part() -> str:
    """Return the table of training samples by kind."""
    train = sets().train
    body: list[Sequence[str]] = []
    for name, made in ((SFT, train.samples), (RL, train.rl)):
        theirs = PAPER_PARTS[name]
        body.append((f"**{name}**", f"**{sum(made.values()):,}**", "", f"**{sum(theirs.values()):,}**", ""))
        body += [(kind, *counted(made, kind), *counted(theirs, kind)) for kind in made]
    said = f"{len(train.turns)} persons, {sum(train.turns):,} turns. {train.with_pictures:,} supervised samples"
    said += f" show a picture, {train.concepts:,} of them to teach a thing by it (the paper's: 6,000)."
    return rows(("samples", "ours", "", "the paper's", ""), body) + f"\n\n{said}"


def counted(parts: Mapping[str, int], kind: str) -> tuple[str, str]:
    return f"{parts[kind]:,}", f"{100 * parts[kind] / sum(parts.values()):.1f} %"


def leaks_part() -> str:
    """Return the table of blind baselines."""
    found = read_json("leaks.json")
    pooled = found["pooled"]
    places = [(name, "25", ("multiple choice", name, "all")) for name in pooled["multiple choice"]]
    places += [(name, "25", (name,)) for name in pooled if name.startswith(("unknown", "picture "))]
    places += [(f"manner: {name}", "50", ("alignment", name)) for name in pooled["alignment"]]
    body = [(name, chance, *(right(found[part], *at) for part in ("pooled", "fresh"))) for name, chance, at in places]
    return (
        rows(("right without any memory", "chance", "three seeds", "a fresh seed"), body) + f"\n\n`{found['command']}`"
    )


def right(found: Any, *place: str) -> str:
    for key in place:
        found = found[key]
    return f"{found[1]} % of {found[0]:,}"


def text_part() -> str:
    """Return the table of text statistics beside real text."""
    found = read_json("text_statistics.json")
    keys = ("distinct_2", "distinct_3", "repeated", "sentences_repeated", "words")
    body = [(name, *(row[key] for key in keys)) for name, row in found["rows"].items()]
    head = ("text", "distinct-2", "distinct-3", "repeated turns", "repeated sentences", "words a turn")
    said = f"{found['samples']} draws of {found['tokens']:,} tokens each, their means"
    said += f"; seed {found['seed']}, {found['persons']} persons a half."
    return rows(head, body) + f"\n\n{said} `python -m lab.text_statistics --laps FILE --locomo FILE`"


def traits_part() -> str:
    """Return the table of how well traits can be read from the words."""
    found = read_json("trait_signal.json")
    body = [(f"from {name}", *(spelt(row[trait]) for trait in TRAITS)) for name, row in found["r"].items()]
    said = f"{found['train']} training persons, {found['test']} unseen ones, seed {found['seed']}; 95 % by Fisher."
    return rows(("r with the truth", *TRAITS), body) + f"\n\n{said} `python -m lab.trait_signal`"


def pictures_part() -> str:
    """Return what rendered pictures are good for."""
    found = read_json("rendered_pictures.json")
    alike, boxes = found["look-alikes"], found["detect"]
    body = [
        ("the same thing first, in another view", found["hit@1"], span(found["intervals"]["hit@1"])),
        ("… by an RGB histogram of its true box", *told(found["baseline"]["hit@1"])),
        (f"told from three look-alikes by colour alone (chance {alike['chance']})", *told(alike["colour"])),
        ("… by the hand-made encoder", *told(alike["encoder"])),
        ("overlap of a saliency box with the true one (IoU)", *told(boxes["overlap"])),
    ]
    said = f"{found['things']} things in three views each, seed {found['seed']}; 95 % bootstrap over things."
    return rows(("in %, but the last", "", "95 %"), body) + f"\n\n{said} `python -m lab.rendered_pictures`"


def spelt(estimate: Sequence[float]) -> str:
    value, low, high = estimate
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"


def told(found: Mapping[str, Any]) -> tuple[object, str]:
    return found["mean"], span(found["interval"])


def span(interval: Sequence[float]) -> str:
    return f"{interval[0]} to {interval[1]}"


PARTS: dict[str, Callable[[], str]] = {
    "commands": commands_part,
    "statistics": statistics_part,
    "composition": composition_part,
    "leaks": leaks_part,
    "text": text_part,
    "traits": traits_part,
    "rendered": pictures_part,
}


def figures() -> dict[str, go.Figure]:
    """Return the card's figures by the name of their picture."""
    return drawn(sets()) | measured()


def stale() -> list[str]:
    """Return what of the card does not show what the result files hold."""
    text = PAGE.read_text(encoding="utf-8")
    pictures = [name for name, figure in figures().items() if shown(PICTURES / f"{name}.png") != digest(figure)]
    return [*([PAGE.name] if text != filled(text, PARTS) else []), *pictures]


def shown(path: Path) -> str:
    """Return the digest of the figure a picture shows, empty if there is no picture."""
    if not path.is_file():
        return ""
    with Image.open(path) as picture:
        return str(picture.info.get(LABEL, ""))


def write() -> None:
    """Fill the card and draw what has changed of its pictures."""
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), PARTS), encoding="utf-8")
    PICTURES.mkdir(exist_ok=True)
    for name, figure in figures().items():
        path = PICTURES / f"{name}.png"
        if shown(path) != digest(figure) and not write_picture(figure, path):
            print(f"{name} is not drawn: there is no Chromium", file=sys.stderr)


def main(words: list[str]) -> int:
    """Run a verb; return the exit status."""
    match words:
        case ["read", bench, train, *seed] if len(seed) < 2:
            try:
                write_json(SETS, plain(read_sets(Path(bench), Path(train), *map(int, seed))))
            except BadInput as error:
                print(error, file=sys.stderr)
                return 2
        case ["write"]:
            write()
        case ["check"]:
            print(", ".join(stale()) or "the card shows what the files hold")
            return int(bool(stale()))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
