"""Rewards: r = accuracy · consistency + 0.5 · format, each part a pure scorer, validated on right answers.

    question, answer            ──accuracy──>     1 for the right option; for open answers the facts they give
    question, answer, evidence  ──consistency──>  does the answer follow from what was looked up
    every output of the rollout ──format──>       1 if each step keeps the format to the letter and the last answers

Accuracy of open answers and consistency can also be asked of a judging model. What it says that is no verdict, and
every call that fails, leaves the rollout without reward: it is counted and moves nothing. Text of the policy reaches a
judge between marks it cannot forge (``prompts.judge``). Two options beyond the paper: what a look-up costs, and a bonus
for look-ups whose period holds the evidence.

Source: PersonaVLM, equation 3. Its released code scores the format of the last step only, lets the judge of consistency
see no evidence, and takes 0.5 for a judge that fails; none of that is repeated here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Literal

from personavlm.asking import Asker
from personavlm.errors import BadInput, ModelUnavailable
from personavlm.models import Message, Model
from personavlm.prompts.choice import parse_choice
from personavlm.prompts.judge import render_marking, render_support
from personavlm.prompts.respond import parse_step
from personavlm.scoring.answers import untold
from personavlm.scoring.choice import pick
from personavlm.scoring.judge import parse_marking, parse_support
from personavlm.trace import Answer, Hit, Malformed, Retrieve, Step
from personavlm.training.questions import Question
from personavlm.words import terms

FORMAT_WEIGHT = 0.5
"""Paper, equation 3."""
SPARE_TERMS = 12
"""Terms an open answer may have beyond right answer and question before its length counts against it."""


@dataclass(frozen=True, slots=True)
class Reward:
    """The parts of one rollout's reward, each in [0, 1], and what the options add or take."""

    accuracy: float
    consistency: float
    format: float
    cost: float = 0.0
    """What look-ups cost, >= 0."""
    bonus: float = 0.0
    """For periods that hold the evidence, >= 0."""

    @property
    def total(self) -> float:
        """The reward of equation 3, in [0, 1.5] without the options."""
        return sum(value for _, value in self.parts)

    @property
    def parts(self) -> tuple[tuple[str, float], ...]:
        """What adds up to the total, each with its name."""
        return (
            ("accuracy · consistency", self.accuracy * self.consistency),
            ("format", FORMAT_WEIGHT * self.format),
            ("look-ups", -self.cost),
            ("period", self.bonus),
        )


@dataclass(frozen=True, slots=True)
class Unscored:
    """Why a rollout has no reward."""

    why: str


@dataclass(frozen=True, slots=True)
class Scoring:
    """How rollouts are scored."""

    judge: Model | None = None
    """Asked for the accuracy of open answers, and for consistency if that is "judge"; None: rules alone."""
    consistency: Literal["rule", "judge", "off"] = "rule"
    """"off" counts every answer as consistent."""
    steps: Literal["all", "last"] = "all"
    """Whose format counts; "last" is the released code's."""
    retrieval_cost: float = 0.0
    """Taken for each look-up."""
    period_bonus: float = 0.0
    """Given times the share of look-ups whose period holds the evidence."""

    def __post_init__(self) -> None:
        if self.consistency == "judge" and self.judge is None:
            raise BadInput("Consistency by a judge needs one.", 'give judge = "openai:MODEL@URL", or "rule".')


def reward(
    question: Question, steps: Sequence[Step], outputs: Sequence[str], known: str, scoring: Scoring
) -> Reward | Unscored:
    """Return the reward of a rollout.

    ``steps`` are its steps, ``outputs`` what the policy wrote, output by output; ``known`` is the text its first prompt
    gave it to answer from (core memory, the last hour).
    """
    last = own_answer(steps)
    evidence = "\n".join([known, *(hit_text(hit) for step in steps for hit in step.hits)])
    zone = question.time.tzinfo
    assert zone is not None  # a question's time is aware
    right = _accuracy(question, last, scoring)
    if isinstance(right, Unscored):
        return right
    follows = _consistency(question, last, steps, evidence, scoring)
    if isinstance(follows, Unscored):
        return follows
    return Reward(
        right,
        follows,
        format_kept(outputs, zone, scoring.steps) if last else 0.0,
        scoring.retrieval_cost * len(look_ups(steps)),
        scoring.period_bonus * (period_share(question, steps) or 0.0),
    )


def own_answer(steps: Sequence[Step]) -> str:
    """Return the answer the policy itself gave last; empty if it gave none."""
    final = steps[-1] if steps else None
    return final.action.text if final and isinstance(final.action, Answer) and not final.forced else ""


def look_ups(steps: Sequence[Step]) -> list[Retrieve]:
    """Return what the policy itself asked memory for."""
    return [step.action for step in steps if isinstance(step.action, Retrieve) and not step.forced]


# ── accuracy ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _accuracy(question: Question, answer: str, scoring: Scoring) -> float | Unscored:
    if not answer:
        return 0.0
    if question.options or scoring.judge is None:
        return accuracy(question, answer)
    return _verdict(scoring.judge, render_marking(question.text, question.gold, answer), parse_marking)


def accuracy(question: Question, answer: str) -> float:
    """Return how right an answer is by rule, in [0, 1]; 1 for the gold answer.

    With options: whether the one it picks is right. Open: the share of the facts that it gives; where the right answer
    is that this was never told, whether it says so. Terms beyond the right answer and the question, ``SPARE_TERMS``
    aside, dilute it, so that saying everything is no way to be right.
    """
    if question.options:
        return float(pick(answer, dict(question.options)).letter == question.letter)
    if untold(question.gold) or untold(answer):
        return float(untold(question.gold) and untold(answer))
    said, facts = set(terms(answer)), question.facts or tuple(dict.fromkeys(terms(question.gold)))
    given = sum(fact in said for fact in facts) / max(len(facts), 1)
    extra = len(terms(answer)) - len(said & {*facts, *terms(question.gold), *terms(question.text)})
    return given * min(1.0, SPARE_TERMS / max(extra, 1))


# ── consistency ──────────────────────────────────────────────────────────────────────────────────────────────────


def _consistency(
    question: Question, answer: str, steps: Sequence[Step], evidence: str, scoring: Scoring
) -> float | Unscored:
    if not answer:
        return 0.0
    if scoring.consistency == "off":
        return 1.0
    if scoring.consistency == "judge" and scoring.judge is not None:
        think = steps[-1].think
        return _verdict(scoring.judge, render_support(question.text, evidence, think, answer), parse_support)
    return supported(question, answer, evidence, any(isinstance(step.action, Retrieve) for step in steps))


def supported(question: Question, answer: str, evidence: str, looked: bool) -> float:
    """Return how far an answer follows from what the policy was shown, by rule, in [0, 1].

    Counted are the terms of what is claimed (the text of the picked option, or the open answer) that the question does
    not hold already: the share of them that the evidence has. That something was never told follows from having looked.
    Two options on manner rest on the profile, which is always shown.
    """
    if question.form == "binary":
        return 1.0
    stem, options = parse_choice(question.text)
    claim = dict(options).get(pick(answer, dict(options)).letter, "") if options else answer
    if untold(claim):
        return float(looked)
    shared = set.intersection(*(set(terms(text)) for _, text in options)) if options else set()
    claimed = set(terms(claim)) - set(terms(stem)) - shared
    if not claimed:
        return 1.0
    return len(claimed & set(terms(evidence))) / len(claimed)


def hit_text(hit: Hit) -> str:
    """Return everything a hit shows: its day and text, and day and both sides of the turns it quotes."""
    quoted = (f"{_day(quote.time)}\n{quote.text}\n{quote.reply}" for quote in hit.quotes)
    return "\n".join([_day(hit.time), hit.text, *quoted])


def _day(time: datetime) -> str:
    return f"{time.day} {time:%B} {time.year}"


# ── format and period ────────────────────────────────────────────────────────────────────────────────────────────


def format_kept(outputs: Sequence[str], zone: tzinfo, steps: Literal["all", "last"] = "all") -> float:
    """Return 1.0 if every output keeps the format to the letter (or only the last), else 0.0; 0.0 without any."""
    counted = outputs if steps == "all" else outputs[-1:]
    kept = [not isinstance(parse_step(output, zone, strict=True).action, Malformed) for output in counted]
    return float(bool(kept) and all(kept))


def period_share(question: Question, steps: Sequence[Step]) -> float | None:
    """Return which share of the look-ups with a period has evidence in it, in [0, 1].

    None if no look-up has a period, or the question rests on nothing that was said.
    """
    dated = [asked for asked in look_ups(steps) if asked.start or asked.end]
    if not dated or not question.evidence:
        return None
    return sum(_holds(asked, question.evidence) for asked in dated) / len(dated)


def _holds(asked: Retrieve, times: Sequence[datetime]) -> bool:
    return any((not asked.start or asked.start <= t) and (not asked.end or t <= asked.end) for t in times)


# ── judges ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _verdict(judge: Model, messages: Sequence[Message], parse: Callable[[str], bool | Malformed]) -> float | Unscored:
    try:
        said, _ = Asker(judge).ask(messages[-1].contract, messages, parse)
    except (ModelUnavailable, BadInput) as error:
        return Unscored(f"the judge could not be asked: {error}")
    return Unscored(f"no verdict: {said.reason}") if isinstance(said, Malformed) else float(said)
