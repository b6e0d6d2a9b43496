"""Choosing: from all questions that persons offer to a benchmark of the published size, evenly.

    candidates of 200 persons ──choose──> exactly the counts of the paper, each person asked about equally often

Questions are taken one by one; the next is the one that keeps the set most even: over persons and forms, between seen
and unseen wordings, and so that every option is right once where it stands four times. About a third need a picture.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from personavlm.personality import Trait
from personavlm.synthesis.questions.alignment import align
from personavlm.synthesis.questions.values import TASKS, Alignment, Question, Task

PICTURED = 0.36
"""Share of the questions that need a picture, where there are enough of them (published: 34.02 % are about one)."""
MOST_PICTURED = 0.7
"""No task but visual detail recall is asked with pictures more often than this."""
OFFERED = 10
"""So many candidates of a person and task, drawn at random, are looked at."""


@dataclass(slots=True)
class Evenness:
    """What has been taken so far, as far as the next choice depends on it."""

    persons: Counter[str] = field(default_factory=Counter)
    tasks: Counter[tuple[str, Task]] = field(default_factory=Counter)
    forms: Counter[tuple[Task, str]] = field(default_factory=Counter)
    unseen: Counter[tuple[Task, bool]] = field(default_factory=Counter)
    margins: dict[tuple[Task, str, str], int] = field(default_factory=lambda: defaultdict(int))
    """Three for each time an option was right, minus one for each time it was wrong: zero if right a quarter."""
    starts: Counter[str] = field(default_factory=Counter)

    def cost(self, question: Question) -> float:
        """Return how much less even the set would be with a question."""
        task, form = question.task, question.form
        moved = 0
        for at, option in enumerate(question.options):
            margin = self.margins.get((task, form, option.text), 0)
            moved += abs(margin + (3 if at == question.answer else -1)) - abs(margin) if margin else 0
        share = self.forms[task, form] / (1 + sum(n for (of, _), n in self.forms.items() if of == task))
        skewed = self.unseen[task, question.unseen] - self.unseen[task, not question.unseen]
        return (
            5 * self.tasks[question.person, task]
            + 0.6 * self.persons[question.person]
            + 8 * share
            + 0.6 * moved
            + 0.05 * skewed
        )

    def take(self, question: Question) -> None:
        """Count a question in."""
        task, form = question.task, question.form
        self.persons[question.person] += 1
        self.tasks[question.person, task] += 1
        self.forms[task, form] += 1
        self.unseen[task, question.unseen] += 1
        for at, option in enumerate(question.options):
            self.margins[task, form, option.text] += 3 if at == question.answer else -1


def choose(offered: Mapping[str, Sequence[Question]], wanted: Mapping[Task, int], rng: random.Random) -> list[Question]:
    """Return questions of the wanted number per task, task by task and person by person.

    ``offered`` holds the candidates of each person. Fewer come back only if there are not enough candidates.
    """
    even = Evenness()
    by_task: dict[Task, list[Question]] = {task: [] for task in wanted}
    for person in sorted(offered):
        _sample(offered[person], by_task, rng)
    pictured = _pictured(by_task, wanted)
    chosen: list[Question] = []
    for task in sorted(wanted, key=lambda task: len(by_task[task]) / max(1, wanted[task])):
        pools = [q for q in by_task[task] if q.needs_picture], [q for q in by_task[task] if not q.needs_picture]
        shown = _take(pools[0], pictured[task], even)
        plain = _take(pools[1], wanted[task] - len(shown), even)
        missing = wanted[task] - len(shown) - len(plain)
        chosen += [*shown, *plain, *_take([q for q in pools[0] if q not in shown], missing, even)]
    order = list(offered)
    places = {task: n for n, task in enumerate(TASKS)}
    return sorted(chosen, key=lambda q: (order.index(q.person), places[q.task], q.id))


def _sample(questions: Sequence[Question], into: Mapping[Task, list[Question]], rng: random.Random) -> None:
    """Add at most ``OFFERED`` random candidates per task, pictured and plain ones apart, forms in turn."""
    for task, rows in into.items():
        for pictured in (True, False):
            own = [q for q in questions if q.task == task and q.needs_picture == pictured]
            forms: Counter[str] = Counter()
            ranked: list[tuple[int, int, Question]] = []
            for question in rng.sample(own, k=len(own)):
                ranked.append((forms[question.form], len(ranked), question))
                forms[question.form] += 1
            rows.extend(question for *_, question in sorted(ranked, key=lambda row: row[:2])[:OFFERED])


def _pictured(by_task: Mapping[Task, Sequence[Question]], wanted: Mapping[Task, int]) -> dict[Task, int]:
    """Return how many questions of each task need a picture, so that all together they are the wanted share."""
    goal = round(PICTURED * sum(wanted.values()))
    there = {task: sum(q.needs_picture for q in rows) for task, rows in by_task.items()}
    best: dict[Task, int] = {}
    for percent in range(0, round(100 * MOST_PICTURED) + 1):
        best = {
            task: min(there[task], number if task == "VDR" else round(percent / 100 * number))
            for task, number in wanted.items()
        }
        if sum(best.values()) >= goal:
            return best
    return best


def _take(pool: Sequence[Question], count: int, even: Evenness) -> list[Question]:
    left, taken = list(pool), list[Question]()
    while left and len(taken) < count:
        question = min(left, key=even.cost)
        left.remove(question)
        even.take(question)
        taken.append(question)
    return taken


# ── alignment ────────────────────────────────────────────────────────────────────────────────────────────────────


def choose_alignment(
    questions: Sequence[Question], suited: Mapping[str, Sequence[tuple[Trait, bool]]], count: int, rng: random.Random
) -> list[Alignment]:
    """Return alignment for ``count`` of the questions, as evenly as can be over traits, poles and persons.

    ``suited`` holds the clear traits of each person. Questions whose answer is "you have not said" get none.
    """
    fitting = [q for q in questions if suited.get(q.person) and q.options[q.answer].role != "unknown"]
    persons: Counter[str] = Counter()
    poles: Counter[tuple[Trait, bool]] = Counter()
    made: list[Alignment] = []
    left = rng.sample(fitting, k=len(fitting))
    while left and len(made) < count:
        rows = [(q, pole) for q in left for pole in suited[q.person]]
        question, pole = min(rows, key=lambda row: (poles[row[1]] + 2 * persons[row[0].person], row[0].id))
        left.remove(question)
        made.append(align(question, *pole, poles[pole]))
        poles[pole] += 1
        persons[question.person] += 1
    return made
