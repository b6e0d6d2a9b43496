"""Lessons: how a message is answered well, step by step, by somebody who sees only what retrieval brings back.

    Lesson(question, what to look up, what it rests on)  +  the conversation so far  ──next_step──>  one model output

The look-ups of a lesson are planned from what the asker can know: the matter, names and the time it points to, never
the answer. Whether the answer may be given is decided by what came back: a lesson whose evidence was not found ends in
the honest "you haven't told me", whatever the hidden truth is. Source: paper section 4 and appendix C (targets made
anew from the query and what was retrieved for it).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from personavlm.memory import bare
from personavlm.models import Message
from personavlm.prompts.text import MemoryLine, parse_memories

FOUND_SLOTS = ("ProceduralMemory", "SemanticMemory", "VisualMemory", "EpisodicMemory")


@dataclass(frozen=True, slots=True)
class LookUp:
    """One planned look-up, with the thought that leads to it."""

    think: str
    keywords: tuple[str, ...]
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Lesson:
    """How one message is answered. Without look-ups it is answered at once."""

    time: datetime
    text: str
    """The message as the user sends it, options included."""
    think: str
    """Why the answer follows; ``{found}`` stands for the evidence as it was found."""
    answer: str
    lookups: tuple[LookUp, ...] = ()
    evidence: tuple[str, ...] = ()
    """Turns any of which shows the answer."""
    said: tuple[str, ...] = ()
    """Statements any of which, as a memory, shows the answer (bare words)."""
    unknown_think: str = ""
    unknown: str = ""
    """What is said if the evidence was not found."""
    shots: tuple[str, ...] = ()
    """Pictures sent with the message, by shot id."""
    note: str = ""
    """What sort of lesson it is, for the statistics."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What showed the answer: the words, and when they were said."""

    time: datetime
    words: str


def next_step(lesson: Lesson, messages: Sequence[Message]) -> str:
    """Return the output a perfect model gives next in a reasoning conversation."""
    done = sum(message.role == "assistant" for message in messages)
    if not lesson.lookups:
        return answer_text(lesson.think, lesson.answer)
    finding = found(lesson, messages) if done else None
    if finding is not None:
        return answer_text(lesson.think.replace("{found}", told(finding)), lesson.answer)
    if done < len(lesson.lookups):
        return retrieve_text(lesson.lookups[done])
    return answer_text(lesson.unknown_think, lesson.unknown)


def found(lesson: Lesson, messages: Sequence[Message]) -> Finding | None:
    """Return the best evidence among the memories and quoted turns that came back so far, None if there is none."""
    for line in _found_lines(messages, lesson.time):
        if any(statement in bare(line.text) for statement in lesson.said):
            return Finding(line.time, line.text)
    for line in _found_lines(messages, lesson.time):
        for quote in line.quotes:
            if quote.turn in lesson.evidence:
                return Finding(quote.time, re.sub(r"\[picture[^\]]*\]\s*", "", quote.user))
    return None


def _found_lines(messages: Sequence[Message], at: datetime) -> list[MemoryLine]:
    assert at.tzinfo is not None
    slots = [value for message in messages for key, value in message.slots if key in FOUND_SLOTS]
    return [line for value in slots for line in parse_memories(value, at.tzinfo)]


LONGEST_QUOTE = 160
"""Characters of the evidence that a thought repeats."""


def told(finding: Finding) -> str:
    """Return evidence as a thought quotes it: its day and its words."""
    words = re.sub(r"\s+", " ", finding.words).strip()
    if len(words) > LONGEST_QUOTE:
        words = words[:LONGEST_QUOTE].rsplit(" ", 1)[0] + " …"
    return f"on {finding.time.day} {finding.time:%B}: {words}"


def answer_text(think: str, answer: str) -> str:
    """Return a step that answers, in the prompt's exact format."""
    return f"<think>{think}</think><answer>{answer}</answer>"


def retrieve_text(lookup: LookUp) -> str:
    """Return a step that looks up, in the prompt's exact format."""
    start, end = (f'"{moment:%Y-%m-%d %H:%M}"' if moment else '"null"' for moment in (lookup.start, lookup.end))
    block = f'"keywords": {", ".join(lookup.keywords)}\n"start_time": {start}\n"end_time": {end}'
    return f"<think>{lookup.think}</think><retrieve>\n{block}\n</retrieve>"
