"""What a judging model said, read strictly, and what follows from several of its verdicts.

    "… verdict: first"  ──parse_comparison──>  "first" | Malformed        "… verdict: right"  ──parse_marking──>  True
    settle("first", "second")  ──>  win, steady        the same reply was preferred in both places
    settle("first", "first")   ──>  tie, not steady    the first place was preferred, whoever stood there
    agreement([["win", "tie"], ["win", "win"], …])  ──>  share of equal verdicts, and Krippendorff's alpha

A verdict that cannot be read is a failure of the judge: it is counted, and decides nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from personavlm.trace import Malformed, malformed

Said = Literal["first", "second", "tie"]
Result = Literal["win", "tie", "loss"]
RESULTS: tuple[Result, ...] = ("win", "tie", "loss")
MAX_OUTPUT = 20_000
"""Longer output is cut before it is read (characters)."""

_VERDICT = re.compile(r"^[\s>*_#`\"'(\[-]*verdict\s*[:=]\s*[*_`\"'(\[]*([a-z]+)\b(.*)$", re.IGNORECASE | re.MULTILINE)
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL | re.IGNORECASE)


def parse_comparison(text: str) -> Said | Malformed:
    """Return which reply a judge prefers. Anything but one clear verdict line is Malformed."""
    word = _verdict(text, ("first", "second", "tie"))
    if isinstance(word, Malformed):
        return word
    return "first" if word == "first" else "second" if word == "second" else "tie"


def parse_marking(text: str) -> bool | Malformed:
    """Return whether a judge takes an answer for right. Anything but one clear verdict line is Malformed."""
    word = _verdict(text, ("right", "wrong"))
    return word if isinstance(word, Malformed) else word == "right"


def parse_support(text: str) -> bool | Malformed:
    """Return whether a judge finds that an answer follows. Anything but one clear verdict line is Malformed."""
    word = _verdict(text, ("follows", "unsupported"))
    return word if isinstance(word, Malformed) else word == "follows"


def _verdict(text: str, words: Sequence[str]) -> str | Malformed:
    """The one word of all verdict lines, if it is among these, and the last line is one of them."""
    said = _THOUGHT.sub("", text[:MAX_OUTPUT]).strip()
    found = [(match[1].lower(), match[2]) for match in _VERDICT.finditer(said)]
    if not found:
        return malformed(text, "no line with a verdict")
    if len({word for word, _ in found}) > 1:
        return malformed(text, "two different verdicts")
    word, rest = found[-1]
    if word not in words:
        return malformed(text, f"the verdict {word!r} is none of {', '.join(words)}")
    if re.search(r"\w", rest) or _VERDICT.match(said.splitlines()[-1]) is None:
        return malformed(text, "something stands behind the verdict")
    return word


# ── both orders ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Settled:
    """What two verdicts on the same two replies come to, for the reply that stood first at first."""

    result: Result
    steady: bool
    """Whether the verdict was the same reply (or a tie) in both orders."""


def settle(there: Said, back: Said) -> Settled:
    """Return what follows from a verdict and the one on swapped replies: whoever does not win both times has no win."""
    points = _POINTS[there] - _POINTS[back]
    result: Result = "win" if points == 2 else "loss" if points == -2 else "tie"
    return Settled(result, points in (2, -2) or (there, back) == ("tie", "tie"))


_POINTS = {"first": 1, "tie": 0, "second": -1}


# ── several judges ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far several judges agree on the cases that two of them or more have judged."""

    share: float
    """Pairs of judges with the same verdict, in [0, 1]; 0 without a pair."""
    alpha: float | None
    """Krippendorff's alpha for names: 1 full agreement, 0 as by chance; None where every verdict is the same one."""
    cases: int


def agreement(judged: Sequence[Sequence[str | None]]) -> Agreement:
    """Return the agreement of judges; each row is a case with every judge's verdict, None where there is none."""
    rows = [[one for one in row if one is not None] for row in judged]
    rows = [row for row in rows if len(row) > 1]
    pairs = [(a, b) for row in rows for a, b in combinations(row, 2)]
    if not pairs:
        return Agreement(0.0, None, 0)
    # a case's pairs weigh 1 / (its judges - 1), so that every verdict counts once
    apart = sum(2 / (len(row) - 1) * sum(a != b for a, b in combinations(row, 2)) for row in rows)
    counts = Counter(one for row in rows for one in row)
    n = sum(counts.values())
    by_chance = (n * n - sum(count * count for count in counts.values())) / (n - 1)
    alpha = 1 - apart / by_chance if by_chance else None
    return Agreement(sum(a == b for a, b in pairs) / len(pairs), alpha, len(rows))
