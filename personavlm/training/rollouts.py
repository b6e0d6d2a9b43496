"""Rollouts: the glass box of reinforcement learning, kept while it runs and read by whoever looks.

    RUN/rollouts/000010.json   every n-th step, whole: Kept(step, kl, groups of Rollouts: Trace, reward, advantage)
    RUN/log.csv                one row a step: reward and its parts, KL, loss, and the watch numbers (``watch``)
    RUN/run.json               the recipe, versions, device

A rollout is a Trace like any other, so the inspector opens it as it opens a turn. ``log.csv`` is read by ``read_log``,
which takes the log of supervised fine-tuning as well.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from personavlm.errors import BadInput
from personavlm.files import write_atomically
from personavlm.trace import Trace, canonical, revive
from personavlm.training.questions import Question
from personavlm.training.rewards import Reward

FOLDER = "rollouts"
LOG = "log.csv"


@dataclass(frozen=True, slots=True)
class Rollout:
    """One sampled way to an answer, with what it earned."""

    trace: Trace
    outputs: tuple[str, ...]
    """What the policy wrote, step by step, to the letter."""
    reward: Reward | None
    """None where it could not be scored; ``unscored`` says why."""
    advantage: float
    """The reward standardised within its group; 0 if it was not scored."""
    tokens: int
    """Tokens the policy wrote: those that are trained."""
    unscored: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """All rollouts of one question in one step."""

    question: Question
    rollouts: tuple[Rollout, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """The rollouts of one step."""

    step: int
    """Optimiser steps finished when they were learnt from, from 1."""
    kl: float | None
    """Mean KL to the policy before RL over the step's own tokens (k3 estimate), None without a KL term."""
    groups: tuple[Group, ...]


def grouped(asked: Sequence[Question], rollouts: Sequence[Rollout]) -> tuple[Group, ...]:
    """Return rollouts with their questions, neighbours of the same question in one group."""
    pairs = groupby(zip(asked, rollouts, strict=True), key=lambda pair: pair[0])
    return tuple(Group(question, tuple(rollout for _, rollout in members)) for question, members in pairs)


def keep(run: Path, kept: Kept) -> Path:
    """Write a step's rollouts into a run's folder and return the file; whole or not at all."""
    folder = run / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{kept.step:06}.json"
    write_atomically(path, canonical(kept).encode())
    return path


def kept_steps(run: Path) -> tuple[int, ...]:
    """Return the steps of which a run has kept rollouts, in order; none for a run without any."""
    return tuple(sorted(int(path.stem) for path in (run / FOLDER).glob("*.json")))


def read_kept(run: Path, step: int) -> Kept:
    """Return the rollouts of a step. Raises ``BadInput`` if they were not kept or the file is damaged."""
    path = run / FOLDER / f"{step:06}.json"
    if not path.is_file():
        there = ", ".join(map(str, kept_steps(run))) or "none"
        raise BadInput(f"{run} has no rollouts of step {step}.", f"steps there: {there}.")
    try:
        return revive(Kept, path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInput(f"{path} is damaged.", "delete it.") from error


# ── the log ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Curve:
    """One number over a run."""

    name: str
    steps: tuple[int, ...]
    values: tuple[float, ...]


def write_log(run: Path, columns: Sequence[str], rows: Iterable[Mapping[str, float | None]]) -> None:
    """Write ``log.csv``: a row a step, its number first; what a step does not have stays empty."""
    with (run / LOG).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["step", *columns])
        for row in rows:
            writer.writerow([row["step"], *(_spelled(row.get(name)) for name in columns)])


def _spelled(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def read_log(run: Path) -> tuple[Curve, ...]:
    """Return a run's curves, column by column, of either stage. Raises ``BadInput`` for a folder without a log."""
    path = run / LOG
    if not path.is_file():
        raise BadInput(f"{run} holds no {LOG}.", "give the folder that a training program wrote (--out).")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in (rows[0] if rows else ()) if name != "step"]
    return tuple(_curve(name, rows) for name in names)


def _curve(name: str, rows: Sequence[Mapping[str, str]]) -> Curve:
    there = [(int(row["step"]), float(row[name])) for row in rows if row[name]]
    return Curve(name, tuple(step for step, _ in there), tuple(value for _, value in there))
