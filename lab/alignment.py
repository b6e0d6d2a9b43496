"""Which of two replies fits: measured on P-SOUPS, with what each part brings and what choosing the weights overstates.

    python -m lab.alignment DIR      -> lab/results/alignment.json, and one JSON object

``held out``: messages in five folds; on four of them the best of ``GRID`` is chosen (mean of both sets) and measured
on the fifth, so the figure owes nothing to it. ``without past`` and ``without profile`` leave one of the two out.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

from lab.report import progress, write_json
from personavlm.assistant import Kit
from personavlm.bench.columns import psoups_column
from personavlm.bench.scores import share
from personavlm.bench.values import Case
from personavlm.embedded import Embedded
from personavlm.embedded.fitting import WEIGHTS, Weights, fits
from personavlm.encoders import TextEncoder
from personavlm.evals import alignment
from personavlm.prompts.fitting import Fitting, parse_fitting

GRID = tuple(Weights(*values) for values in product((2.0, 3.0, 4.0, 6.0), (0.25, 0.5, 1.0), (0.25, 0.5, 1.0)))
FOLDS = 5


def right(case: Case, encoder: TextEncoder, weights: Weights, seen: Callable[[Fitting], Fitting]) -> float:
    """Return 1.0 if a case's right reply is preferred, 0.5 if neither is."""
    asked = parse_fitting(case.text)
    assert asked is not None, case.id
    better = fits(seen(asked), encoder, weights)
    return 0.5 if better == 0 else float((better > 0) == (case.gold == "a"))


def worth(cases: Sequence[Case], scores: dict[str, float]) -> float:
    """Return the mean over sets of the mean score of their cases."""
    sets = {case.setting for case in cases}
    return fmean(fmean(scores[c.id] for c in cases if c.setting == name) for name in sets)


def held_out(cases: Sequence[Case], table: dict[Weights, dict[str, float]], seed: int) -> dict[str, float]:
    """Return each case's score under the weights that are best on the other folds of messages."""
    messages = sorted({case.person for case in cases})
    Random(f"held out/{seed}").shuffle(messages)
    fold = {message: place % FOLDS for place, message in enumerate(messages)}
    found: dict[str, float] = {}
    for part in range(FOLDS):
        rest = [case for case in cases if fold[case.person] != part]
        best = max(GRID, key=lambda weights: worth(rest, table[weights]))
        found |= {case.id: table[best][case.id] for case in cases if fold[case.person] == part}
    return found


def figures(cases: Sequence[Case], scores: dict[str, float], seed: int) -> dict[str, Any]:
    """Return accuracy per set with its interval over messages."""
    names = list(dict.fromkeys(case.setting for case in cases))
    return {n: share([(c.person, scores[c.id]) for c in cases if c.setting == n], seed).plain() for n in names}


def main(words: list[str]) -> int:
    """Measure and write the result file."""
    if len(words) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    folder, seed, kit = Path(words[0]), 0, Kit.load()
    cases = [case for person in psoups_column(folder, seed).persons for case in person.cases]

    def scored(weights: Weights = WEIGHTS, seen: Callable[[Fitting], Fitting] = replace) -> dict[str, float]:
        return {case.id: right(case, kit.encoder, weights, seen) for case in cases}

    measured = alignment.evaluate(folder, Embedded(kit.encoder), kit, seed, progress).plain()
    table = {weights: scored(weights) for weights in GRID}
    values = [worth(cases, scores) for scores in table.values()]
    result = {
        **measured,
        "held out": figures(cases, held_out(cases, table, seed), seed),
        "grid, mean of the sets": {"settings": len(GRID), "lowest": min(values), "highest": max(values)},
        "without past": figures(cases, scored(seen=lambda asked: replace(asked, past=())), seed),
        "without profile": figures(cases, scored(seen=lambda asked: replace(asked, person="")), seed),
    }
    write_json("alignment.json", result)
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
