"""PrefEval's four options, the stated preference being all that is known: what reading stances adds to the choice.

    python -m lab.prefeval_choice DIR      -> lab/results/prefeval_choice.json

The embedded model's choice alone, without look-ups, on every preference that has options, in the order in which the
bench shows them (seed 0): with all features, and with the one of stances taken out. Blind rules stand beside it.
Percents with 95 % bootstrap intervals over preferences.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from lab.report import write_json
from personavlm.bench.blind import baselines
from personavlm.bench.columns import prefeval_column
from personavlm.bench.scores import share
from personavlm.embedded import choice, evidence
from personavlm.embedded.scene import Utterance
from personavlm.encoders.text import load_text_encoder
from personavlm.personality import NEUTRAL
from personavlm.prompts.choice import parse_choice


def main(words: list[str]) -> int:
    """Measure and write the result file."""
    if len(words) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    encoder, column = load_text_encoder(), prefeval_column(Path(words[0]), 0)
    without = np.array(choice.WEIGHTS) * [name != "stance" for name in choice.FEATURES]
    right: dict[str, list[tuple[str, float]]] = {"with stances": [], "without": []}
    for person in column.persons:
        (case,), (told, *_) = person.cases, person.source.talk(person.id).dialogue.turns
        rows = evidence.candidates([Utterance("user", told.text, told.time, "t1", 0)])
        question, _ = parse_choice(case.text)
        table, _ = choice.features(question, [text for _, text in case.options], rows, dict(NEUTRAL), encoder)
        for name, weights in (("with stances", np.array(choice.WEIGHTS)), ("without", without)):
            letter, _ = case.options[int(np.argmax(np.round(table @ weights, 6)))]
            right[name].append((person.id, float(letter == case.gold)))
    blind = baselines([case for person in column.persons for case in person.cases], encoder)
    result: dict[str, Any] = {name: share(rows).plain() for name, rows in right.items()}
    result["blind"] = {name: figure.plain() for name, figure in blind.items()}
    write_json("prefeval_choice.json", result)
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
