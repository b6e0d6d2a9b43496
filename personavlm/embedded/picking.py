"""Picking: which of the good candidates an answer is read from, and what others add where several things are asked for.

scores say how near a sentence is to the question; here it is asked besides
whether it held then (or holds now) · whether it has an answer of the type asked for · where the reason was given
"""

from __future__ import annotations

import re
from datetime import timedelta

from personavlm.embedded import language, quoting
from personavlm.embedded.evidence import Candidate
from personavlm.embedded.judging import Verdict
from personavlm.embedded.question import Kind, Question
from personavlm.embedded.scene import order
from personavlm.encoders import TextEncoder

SITTING = timedelta(minutes=60)
"""What is said within this time belongs together."""


def best(question: Question, verdict: Verdict) -> Candidate:
    """Return the candidate to answer from; the verdict must have one."""
    chosen = _typed(question, _valid(question, verdict), verdict)
    return _reason(chosen, verdict) if question.kind == "why" else chosen


PAST = re.compile(r"\b(?:used to|previously|formerly|before|back then|at first|originally)\b", re.I)
_NOW = re.compile(r"\b(?:now|these days|nowadays|currently|at the moment|still|right now|lately)\b", re.I)
NEAR = 1.5
"""A memory that held at the time asked about may score so much (log-odds) less than the best and still be preferred."""


def _valid(question: Question, verdict: Verdict) -> Candidate:
    """Return the best candidate that held at the time asked about: then if a time is named, else now."""
    near = [c for c in verdict.ranked if c.score >= verdict.ranked[0].score - NEAR]
    if question.kind == "why":  # a memory keeps what, not why
        near = [c for c in near if c.said.kind == "turn"] or near
    if all(c.said.status == "current" for c in near):  # the user's own words say more than a memory made of them
        near = [c for c in near if c.said.kind == "turn"] or near
    spans = [m for m in question.times if m.kind != "habit"]
    if PAST.search(question.text):
        held = [c for c in near if c.said.status == "superseded"]
    elif spans:
        held = [c for c in near if c.time <= spans[0].end and not (c.said.until and c.said.until < spans[0].start)]
    else:
        held = [c for c in near if c.said.status == "current"]
    if _NOW.search(question.text):  # tastes change: of what is about as near, the newest
        stated = [c for c in held or near if not language.is_question(c.text)]
        held = sorted(stated, key=lambda c: (c.time, c.said.kind == "turn"), reverse=True)
    return (held or near)[0]


TYPED: frozenset[Kind] = frozenset(("who", "where", "how long", "how many", "how often"))
"""Kinds of question whose answers are of one type; of times every turn has one."""
ABOUT_AS_GOOD = 1.0
"""A sentence may score so much (log-odds) less than the best and be taken where the best has no answer of the type."""


def _typed(question: Question, chosen: Candidate, verdict: Verdict) -> Candidate:
    """Return the best candidate if it holds an answer of the type asked for, else the next that is about as good."""
    if question.kind not in TYPED or quoting.typed(question, chosen):
        return chosen
    near = (c for c in verdict.ranked if chosen.score - ABOUT_AS_GOOD <= c.score <= chosen.score)
    stated = (c for c in near if c.side == chosen.side and not language.is_question(c.text))
    return next((c for c in stated if quoting.typed(question, c)), chosen)


_CAUSE = re.compile(r"\b(?:because|'cause|cuz|so that|since then|reason|calm\w*|helps?)\b", re.I)


_ASKS_WHY = re.compile(
    r"\b(?:why|how come|what(?:'s| is| was) the reason|what (?:\w+ )?(?:made|brought|makes|got))\b", re.I
)


def _reason(chosen: Candidate, verdict: Verdict) -> Candidate:
    """Return where the reason is given: as the answer to "why?", in the evidence, or in what was said just after it."""
    told = [c for c in verdict.ranked if c.side == chosen.side and timedelta(0) <= c.time - chosen.time < SITTING]
    answers = sorted((c for c in told if _ASKS_WHY.search(c.said.asked)), key=lambda c: (*order(c.said), c.place))
    answers = [c for c in answers if c.said == answers[0].said]
    if answers:
        return next((c for c in answers if _CAUSE.search(c.text)), answers[0])
    if _CAUSE.search(chosen.said.text):
        return next((c for c in verdict.ranked if c.said == chosen.said and _CAUSE.search(c.text)), chosen)
    after = (c for c in verdict.ranked if c.side == chosen.side and timedelta(0) < c.time - chosen.time < SITTING)
    return min((c for c in after if _CAUSE.search(c.text)), key=lambda c: c.time, default=chosen)


def earlier(chosen: Candidate, verdict: Verdict) -> list[Candidate]:
    """Return what the same side said in the same sitting before the evidence, oldest first."""
    found = [c for c in verdict.ranked if c.side == chosen.side and timedelta(0) <= chosen.time - c.time < SITTING]
    before = [c for c in found if c.time < chosen.time or c.place < chosen.place]
    return sorted(before, key=lambda c: (c.time, c.place))


# ── several things ───────────────────────────────────────────────────────────────────────────────────────────────

_SEVERAL = re.compile(
    r"^(?:\w+ )?(?:what|which)(?: all)? (?P<kind>(?:[\w'-]+ ){0,2}?(?!does|is|was|has|this|class|his)[\w'-]+[^s\W]s)\b",
    re.I,
)
_ONE_ANSWER = re.compile(r"\b(?:days|times|dates|hours|colou?rs)$", re.I)
MORE = 3
"""Items told after the first where several are asked for."""
OF_THE_KIND = 0.35
"""Cosine from which an item is of the kind asked for ("drums": "instruments")."""


def more(
    question: Question, chosen: Candidate, verdict: Verdict, names: tuple[str, str], encoder: TextEncoder
) -> dict[str, Candidate]:
    """Return what other good candidates add where several things of a kind are asked for, each with its source."""
    several = _SEVERAL.search(question.text)
    near = [c for c in verdict.ranked if c.side == chosen.side and c.score >= chosen.score - NEAR]
    if several is None or len(near) < 2 or _ONE_ANSWER.search(several["kind"]):
        return {}
    found = {quoting.extract(question, c, names): c for c in reversed(near) if _adds(question, chosen, c)}
    vectors = encoder.encode([several["kind"], *found]) if found else None
    fit = [] if vectors is None else (vectors[1:] @ vectors[0] >= OF_THE_KIND).tolist()
    items: dict[str, Candidate] = {}
    seen = set(language.stems(quoting.extract(question, chosen, names)))
    for item, one in [pair for pair, good in zip(found.items(), fit, strict=True) if good][::-1][:MORE]:
        if set(language.stems(item)) - seen:
            items[item] = one
            seen |= set(language.stems(item))
    return items


def _adds(question: Question, chosen: Candidate, one: Candidate) -> bool:
    return one != chosen and not language.is_question(one.text) and quoting.typed(question, one)
