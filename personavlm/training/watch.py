"""Watch: numbers that show early when a policy earns reward without doing what it should.

    groups of rollouts  ──watch──>  Watch: looks up, dates, copies, length, several options, no evidence, appeals, …

Every number is the mean over one step's rollouts. None of them is part of the reward.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from personavlm.prompts.choice import parse_choice
from personavlm.scoring.choice import pick
from personavlm.trace import Malformed, Retrieve
from personavlm.training.questions import Question
from personavlm.training.rewards import look_ups, own_answer, period_share
from personavlm.training.rollouts import Group, Rollout
from personavlm.words import terms


@dataclass(frozen=True, slots=True)
class Watch:
    """Means over rollouts; None where there was nothing to count. Shares are in [0, 1]."""

    answered: float | None
    """Share that ends in an answer of the policy's own."""
    retrieved: float | None
    """Share with a look-up of the policy's own."""
    look_ups: float | None
    """Look-ups of the policy's own in a rollout."""
    dated: float | None
    """Share of its look-ups that give a period."""
    in_period: float | None
    """Share of those periods that hold the evidence."""
    copied: float | None
    """Share of a look-up's terms that stand in the question: 1 is a policy that searches with the user's words."""
    words: float | None
    """Words in an answer."""
    several: float | None
    """Share of answers to multiple choice that name several options."""
    unfounded: float | None
    """Share of answers to what has to be looked up that were given without any look-up, forced ones included."""
    appeals: float | None
    """Share of answers that speak of being judged."""
    malformed: float | None
    """Share of outputs that are no step at all."""
    unscored: float | None
    """Share without a reward, because a judge failed."""


Pair = tuple[Question, Rollout]


def watch(groups: Iterable[Group]) -> Watch:
    """Return the watch numbers of a step's rollouts."""
    pairs = [(group.question, rollout) for group in groups for rollout in group.rollouts]
    answers = [(q, r, answer) for q, r in pairs if (answer := own_answer(r.trace.steps))]
    asked = [(question, look_ups(rollout.trace.steps)) for question, rollout in pairs]
    single = [(question, one) for question, several in asked for one in several]
    return Watch(
        answered=_mean(bool(own_answer(rollout.trace.steps)) for _, rollout in pairs),
        retrieved=_mean(bool(own) for _, own in asked),
        look_ups=_mean(len(own) for _, own in asked),
        dated=_mean(bool(one.start or one.end) for _, one in single),
        in_period=_mean(share for q, r in pairs if (share := period_share(q, r.trace.steps)) is not None),
        copied=_mean(_copied(question, one) for question, one in single),
        words=_mean(len(answer.split()) for _, _, answer in answers),
        several=_mean(_several(question, answer) for question, _, answer in answers if question.options),
        unfounded=_mean(not _looked(rollout) for question, rollout, _ in answers if question.evidence),
        appeals=_mean(_APPEAL.search(answer) is not None for _, _, answer in answers),
        malformed=_malformed([rollout for _, rollout in pairs]),
        unscored=_mean(rollout.reward is None for _, rollout in pairs),
    )


_APPEAL = re.compile(
    r"\b(?:verdict|judge|grader|reward|full marks|ignore (?:the|all|previous)|"
    r"(?:this|my) answer is (?:right|correct|true)|(?:is|are) (?:definitely|certainly) (?:right|correct))\b",
    re.IGNORECASE,
)


def _mean(values: Iterable[float]) -> float | None:
    found = [float(value) for value in values]
    return fmean(found) if found else None


def _copied(question: Question, asked: Retrieve) -> float:
    stem, _ = parse_choice(question.text)
    searched = terms(" ".join(asked.keywords))
    return sum(term in set(terms(stem)) for term in searched) / max(len(searched), 1)


def _several(question: Question, answer: str) -> bool:
    return pick(answer, dict(question.options)).why == "several"


def _looked(rollout: Rollout) -> bool:
    return any(isinstance(step.action, Retrieve) for step in rollout.trace.steps)


def _malformed(rollouts: Sequence[Rollout]) -> float | None:
    bad = sum(isinstance(step.action, Malformed) and bool(step.action.raw) for r in rollouts for step in r.trace.steps)
    written = sum(len(rollout.outputs) for rollout in rollouts)
    return bad / written if written else None
