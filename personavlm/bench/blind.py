"""Blind baselines: what rules get that see the question and its options and nothing of the person.

    baselines(cases, encoder)["longest"]  ──>  Figure(26.4, 24.8, 28.1, n=1234)

A system is of worth by what it gets beyond the best of these. Where a rule cannot decide it earns what guessing among
the tied options would. The rules are those of ``synthesis.leaks`` that learn nothing from other questions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from personavlm.bench.scores import Figure, share
from personavlm.bench.values import ALIGNMENT, Case
from personavlm.encoders import TextEncoder
from personavlm.files import write_atomically
from personavlm.prompts.choice import parse_choice
from personavlm.synthesis.leaks import blind
from personavlm.synthesis.questions.values import TASK_CODES, Option, Question

BASELINES = "baselines.json"
"""Where a run's folder keeps them."""


def baselines(cases: Sequence[Case], encoder: TextEncoder) -> dict[str, Figure]:
    """Return what each rule gets on multiple choice, with its interval over persons; tests of alignment left out."""
    asked = [case for case in cases if case.options and not case.twin and case.task != ALIGNMENT]
    widths = {len(case.options) for case in asked}
    found: dict[str, list[tuple[str, float]]] = {}
    for width in sorted(widths):  # rules compare options in a table, which has one width
        same = [case for case in asked if len(case.options) == width]
        for name, credits in blind([_question(case) for case in same], (), encoder).items():
            rows = zip(same, credits, strict=True)
            found.setdefault(name, []).extend((case.person, float(credit)) for case, credit in rows)
    return {name: share(rows) for name, rows in found.items()}


def _question(case: Case) -> Question:
    """A case as the rules read it: query, options, answer; what the generator knows beside them they do not use."""
    letters = [letter for letter, _ in case.options]
    options = tuple(Option(text, "stranger") for _, text in case.options)
    query, _ = parse_choice(case.text)
    place = letters.index(case.gold)
    return Question(
        case.id, case.person, "test", TASK_CODES[0], "", case.at, query, options, place, about=(), evidence=(), facts=()
    )


def kept(path: Path, cases: Sequence[Case], encoder: TextEncoder) -> Mapping[str, Figure]:
    """Return the baselines that a file holds, or reckon them and write it."""
    if not path.is_file():
        made = {name: figure.plain() for name, figure in baselines(cases, encoder).items()}
        write_atomically(path, json.dumps(made, indent=1).encode())
    return read_baselines(path)


def read_baselines(path: Path) -> Mapping[str, Figure]:
    """Return the baselines of a file, none if it is not there."""
    if not path.is_file():
        return {}
    return {name: Figure(**one) for name, one in json.loads(path.read_bytes()).items()}
