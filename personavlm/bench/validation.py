"""Validation: the scorer is tried on gold and distractors before any model is asked, and every sum on its parts.

    validate(cases)          each gold answer in each spelling scores 1, each distractor 0, or ``BadInput``
    parts_fit(whole, parts)  an average is the weighted mean of its parts, to the rounding

Source: the habit of running a scorer on its gold answers first is that of verifiers; totals that do not equal their
parts are a fault of published memory benchmarks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from personavlm.bench.values import Case
from personavlm.errors import BadInput
from personavlm.scoring.choice import pick

Score = Callable[[Case, str], tuple[str, float]]
"""From a case and a reply to what the reply picks and its score in [0, 1]."""


def score_choice(case: Case, reply: str) -> tuple[str, float]:
    """Return the letter that a reply picks, read strictly, and 1.0 if it is the right one."""
    letter = pick(reply, dict(case.options)).letter
    return letter, float(letter == case.gold)


def spellings(letter: str) -> Iterator[str]:
    """Yield how a model may name an option."""
    yield from (f"({letter})", letter, f"{letter})", f"{letter.upper()}.", f"**({letter})**")
    yield from (f"The answer is ({letter}).", f"<answer>{letter}</answer>", f"({letter}) because it fits.")


def validate(cases: Sequence[Case], score: Score = score_choice) -> tuple[str, ...]:
    """Check that gold scores 1 and distractors 0 in every spelling, and return ids of cases whose options cannot be
    told apart by their texts: a reply has to name them by letter.

    Raises ``BadInput`` for the first case that is scored wrongly or has no right answer. Cases in free text are left
    to their column.
    """
    alike = []
    for case in cases:
        if not case.options:
            continue
        if case.gold not in dict(case.options):
            raise BadInput(f"Case {case.id} has no option ({case.gold}), its answer.", "mend the data set.")
        for letter, _ in case.options:
            for said in spellings(letter):
                _check(case, letter, said, score)
        if any(not _told(case, letter, text, score) for letter, text in case.options):
            alike.append(case.id)
    return tuple(alike)


def _check(case: Case, letter: str, said: str, score: Score) -> None:
    wanted, got = float(letter == case.gold), score(case, said)[1]
    if got != wanted:
        raise BadInput(
            f"Case {case.id}: the reply {said!r} scores {got:g} where it must score {wanted:g}.",
            "mend the scorer or the case; no number made with it would mean anything.",
        )


def _told(case: Case, letter: str, text: str, score: Score) -> bool:
    wanted = (letter, float(letter == case.gold))
    return score(case, text) == wanted and score(case, f"({letter}). {text}") == wanted


def parts_fit(whole: tuple[float, int], parts: Iterable[tuple[float, int]], rounding: float = 0.01) -> bool:
    """Return whether a value over n is the weighted mean of its parts, each a value with its n."""
    listed = list(parts)
    n = sum(count for _, count in listed)
    if n != whole[1] or not n:
        return n == whole[1]
    return abs(sum(value * count for value, count in listed) / n - whole[0]) <= rounding + 1e-9
