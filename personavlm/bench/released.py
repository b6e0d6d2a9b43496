"""Released answers, scored again: anybody's result file in the official layout, and our own runs.

    eval_persona_mme.json    {"Memory Recall_Visual Detail Recall": [["(b)", "(b)", […chain…]], …], "alignment": […]}
                             or the same per user: {"50/0": {…}, …}

Each answer is read twice. The official reading takes the character before the first ")" of the reply, or its last
character: it always finds one. Ours is strict: one option named and no other, else the reply is unparsed and wrong. How
far the two part is how far a score rests on the reading. Source: released evaluation (layout and rule as facts).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personavlm.bench.folders import read_run
from personavlm.bench.journals import Journal
from personavlm.bench.scores import Figure, Scores, scores_of, share
from personavlm.bench.validation import parts_fit
from personavlm.datasets.files import load
from personavlm.errors import BadInput
from personavlm.prompts.choice import parse_choice
from personavlm.scoring.choice import pick

WHAT = "a result file in the official layout: lists of [response, gold, reasoning chain] by task"
ALIGNED = "alignment"
CHOICE = {"a": "", "b": "", "c": "", "d": ""}
BINARY = {"a": "", "b": ""}


@dataclass(frozen=True, slots=True)
class Said:
    """One released answer."""

    user: str
    """Empty where the file does not tell users apart."""
    task: str
    reply: str
    gold: str


@dataclass(frozen=True, slots=True)
class Rescored:
    """A result file under both readings, in percent; intervals are over users, or over answers where none are told."""

    users: int
    strict: Figure
    official: Figure
    strict_with_alignment: Figure
    official_with_alignment: Figure
    by_task: Mapping[str, tuple[Figure, Figure]]
    """Strict and official by task."""
    unparsed: int
    """Replies that name no one option; the official reading scores them all the same."""

    def plain(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        both = {name: {"strict": a.plain(), "official": b.plain()} for name, (a, b) in self.by_task.items()}
        return {
            "users": self.users,
            "overall_mcq": {"strict": self.strict.plain(), "official": self.official.plain()},
            "overall_with_alignment": {
                "strict": self.strict_with_alignment.plain(),
                "official": self.official_with_alignment.plain(),
            },
            "by_task": both,
            "unparsed": self.unparsed,
        }


def read_released(path: Path) -> list[Said]:
    """Return the answers of a result file. Raises ``BadInput`` for a file of another shape."""
    whole = load(path, dict[str, Any], WHAT)
    found = list(_said(whole, ""))
    if not found:
        raise BadInput(f"{path} holds no answers.", f"give {WHAT}.")
    return found


def _said(part: Mapping[str, Any], user: str) -> Iterator[Said]:
    for name, value in part.items():
        if isinstance(value, dict) and not user:
            yield from _said(value, name)
        elif isinstance(value, list) and all(_is_answer(one) for one in value):
            yield from (Said(user, name, one[0], one[1].strip(" ().").lower()) for one in value)
        else:
            raise BadInput(f"{name!r} is no list of answers.", f"give {WHAT}.")


def _is_answer(one: object) -> bool:
    return isinstance(one, list) and len(one) >= 2 and all(isinstance(text, str) for text in one[:2])


def official_letter(reply: str) -> str:
    """Return the letter that the official evaluation reads: before the first ")", or the last character."""
    before, found, _ = reply.partition(")")
    text = before if found else reply.strip()
    return text[-1:].lower()


def strict_letter(said: Said) -> str:
    """Return the letter that a reply picks, empty if none or several."""
    return pick(said.reply, BINARY if said.task == ALIGNED else CHOICE).letter


def rescore(answers: list[Said]) -> Rescored:
    """Return the figures of released answers under both readings."""
    named = all(one.user for one in answers)
    units = [one.user if named else str(number) for number, one in enumerate(answers)]

    def figure(official: bool, task: str = "", choice: bool = False) -> Figure:
        rows = [
            (unit, float((official_letter(one.reply) if official else strict_letter(one)) == one.gold))
            for unit, one in zip(units, answers, strict=True)
            if one.task == (task or one.task) and not (choice and one.task == ALIGNED)
        ]
        return share(rows)

    tasks = dict.fromkeys(one.task for one in answers)
    by_task = {task: (figure(False, task), figure(True, task)) for task in tasks}
    for official in (False, True):
        whole = figure(official)
        assert parts_fit((whole.value, whole.n), [(f[official].value, f[official].n) for f in by_task.values()])
    return Rescored(
        len({one.user for one in answers}) if named else 0,
        figure(False, choice=True),
        figure(True, choice=True),
        figure(False),
        figure(True),
        by_task,
        sum(not strict_letter(one) for one in answers),
    )


@dataclass(frozen=True, slots=True)
class Checked:
    """One of our own runs, scored again from its journals."""

    replies: int
    """Replies that were scored again: those that pick an option."""
    differing: tuple[str, ...]
    """Cases whose table says something else than their reply."""
    scores: Scores

    def plain(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {"replies": self.replies, "differing": list(self.differing), **self.scores.plain()}


def check_run(folder: Path) -> Checked:
    """Score the replies of a run's journals again, by the options their traces show, and compare with its tables.

    Raises ``BadInput`` for a folder that holds no finished run.
    """
    run = read_run(folder)
    told = {one.case: (one.said, one.score) for one in run.answered}
    differing, replies = [], 0
    for person in dict.fromkeys(one.person for one in run.answered):
        for entry in Journal(folder, person).read():
            one, options = entry.answered, parse_choice(entry.trace.turn.text)[1] if entry.trace else ()
            if one is None or not options:
                continue
            replies += 1
            letter = pick(one.reply, dict(options)).letter
            if told.get(one.case) != (letter, float(letter == one.gold)):
                differing.append(one.case)
    return Checked(replies, tuple(differing), scores_of(run.answered))
