"""Lessons: how a message is answered well, step by step, by somebody who sees only what retrieval brings back.

    Lesson(question, look-ups, needs)  +  the conversation so far  ──next_step──>  one model output

A need is one thing that has to be found. Some questions have several, and the words of a later look-up may come from
what an earlier one brought. The look-ups of a lesson are planned from what the asker can know: the matter, names and
the time it points to, never the answer. Whether the answer may be given is decided by what came back: a lesson whose
needs were not found ends in the honest "you haven't told me", whatever the hidden truth is. Source: paper section 4
and appendix C (targets made anew from the query and what was retrieved for it).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from personavlm.memory import bare
from personavlm.models import Message
from personavlm.prompts.respond import step_text
from personavlm.prompts.text import MemoryLine, parse_memories
from personavlm.respond import MAX_RETRIEVALS
from personavlm.trace import Answer, Retrieve
from personavlm.worlds.values import Shot

FOUND_SLOTS = ("ProceduralMemory", "SemanticMemory", "VisualMemory", "EpisodicMemory")
SEEN_SLOTS = ("VisualMemory",)


@dataclass(frozen=True, slots=True)
class LookUp:
    """One planned look-up, with the thought that leads to it."""

    think: str
    keywords: tuple[str, ...]
    start: datetime | None = None
    end: datetime | None = None
    need: int | None = None
    """Which need it is for; it is left out once that is found. None is for all of them."""
    after: bool = False
    """Whether its words come from what the need before it brings: it is left out as long as that is not found."""


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that has to be found. Without evidence and statements nothing can show it: it was never told."""

    evidence: tuple[str, ...] = ()
    """Turns any of which shows it."""
    said: tuple[str, ...] = ()
    """Statements any of which, as a memory, shows it (bare words)."""
    seen: bool = False
    """Whether only the thing itself shows it, as remembered with its picture under just that name."""
    alone: str = ""
    """What can be answered if this was found and another need was not."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """How one message is answered. Without look-ups it is answered at once."""

    time: datetime
    text: str
    """The message as the user sends it, options included."""
    think: str
    """Why the answer follows; ``{found}`` stands for what was found."""
    answer: str
    """What is said when all needs are found; ``{day}`` stands for the day of the first of them."""
    lookups: tuple[LookUp, ...] = ()
    needs: tuple[Need, ...] = ()
    unknown_think: str = ""
    unknown: str = ""
    """What is said of what was not found."""
    shots: tuple[Shot, ...] = ()
    """Pictures sent with the message."""
    note: str = ""
    """What sort of lesson it is, for the statistics."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What showed a need: the words, and when they were said."""

    time: datetime
    words: str


def next_step(lesson: Lesson, messages: Sequence[Message]) -> str:
    """Return the output a perfect model gives next in a reasoning conversation."""
    made = {message.text for message in messages if message.role == "assistant"}
    findings = [found(need, lesson.time, messages) if made else None for need in lesson.needs]
    if None not in findings:
        return _answered(lesson, [finding for finding in findings if finding])
    left = (one for one in lesson.lookups if retrieve_text(one) not in made and _fits(one, findings))
    lookup = next(left, None)
    if lookup is not None and len(made) < MAX_RETRIEVALS:
        return retrieve_text(lookup)
    return answer_text(lesson.unknown_think, _unknown(lesson, findings))


def _fits(lookup: LookUp, findings: Sequence[Finding | None]) -> bool:
    if lookup.need is None:
        return True
    return findings[lookup.need] is None and not (lookup.after and findings[lookup.need - 1] is None)


def _answered(lesson: Lesson, findings: Sequence[Finding]) -> str:
    think = lesson.think.replace("{found}", "; and ".join(map(told, findings)))
    day = f"{findings[0].time.day} {findings[0].time:%B %Y}" if findings else ""
    return answer_text(think, lesson.answer.replace("{day}", day))


def _unknown(lesson: Lesson, findings: Sequence[Finding | None]) -> str:
    part = [need.alone for need, finding in zip(lesson.needs, findings, strict=True) if finding and need.alone]
    return " ".join([*part, lesson.unknown]).strip()


def found(need: Need, at: datetime, messages: Sequence[Message]) -> Finding | None:
    """Return the best evidence among the memories and quoted turns that came back so far, None if there is none."""
    lines = _found_lines(messages, at, SEEN_SLOTS if need.seen else FOUND_SLOTS)
    for line in lines:
        said = bare(line.text)
        if said in need.said or (not need.seen and any(statement in said for statement in need.said)):
            return Finding(line.time, line.text)
    for line in lines:
        for quote in line.quotes:
            if quote.turn in need.evidence:
                return Finding(quote.time, re.sub(r"\[picture[^\]]*\]\s*", "", quote.user))
    return None


def _found_lines(messages: Sequence[Message], at: datetime, slots: Sequence[str]) -> list[MemoryLine]:
    assert at.tzinfo is not None
    texts = [value for message in messages for key, value in message.slots if key in slots]
    return [line for text in texts for line in parse_memories(text, at.tzinfo)]


LONGEST_QUOTE = 160
"""Characters of the evidence that a thought repeats."""


def told(finding: Finding) -> str:
    """Return evidence as a thought quotes it: its day and its words."""
    words = re.sub(r"\s+", " ", finding.words).strip()
    if len(words) > LONGEST_QUOTE:
        words = words[:LONGEST_QUOTE].rsplit(" ", 1)[0] + " …"
    return f"on {finding.time.day} {finding.time:%B}: {words.removesuffix('.')}"


def answer_text(think: str, answer: str) -> str:
    """Return a step that answers, as a model writes it."""
    return step_text(think, Answer(answer))


def retrieve_text(lookup: LookUp) -> str:
    """Return a step that looks up, as a model writes it."""
    return step_text(lookup.think, Retrieve(tuple(lookup.keywords), lookup.start, lookup.end))
