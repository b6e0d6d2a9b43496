"""The response stage's prompts and the parser of a step.

    <think>She means the concert.</think><retrieve>
    "keywords": concert, guitar, Bob
    "start_time": "2025-03-01 00:00"
    "end_time": "null"
    </retrieve>

or ``<think>…</think><answer>…</answer>``. Source: interface of figures 16 and 17 (tags and keys only).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from personavlm.memory import Memory
from personavlm.models import Message
from personavlm.personality import Profile, describe
from personavlm.prompts import Budget, Images, Prompts, fill, system_message
from personavlm.prompts.text import Exchange, format_core, format_history, format_hits, format_query, read_stamp
from personavlm.trace import Action, Answer, Hit, HitType, Malformed, Retrieve, Turn, malformed


@dataclass(frozen=True, slots=True)
class Context:
    """What the response stage knows before it looks anything up."""

    turn: Turn
    core: tuple[Memory, ...]
    profile: Profile
    recent: tuple[Exchange, ...]


LAST_NOTICE = "This was the last look-up for this message: answer now with what you have."
"""Part of the third result (promise 6), in training and inference alike."""
FORMAT_NOTICE = "Your last output did not follow the format: one think block, then one retrieve or one answer block."


def context_slots(context: Context, budget: Budget) -> dict[str, str]:
    """Return the slots every response prompt shares, as text."""
    slots = {
        "UserProfile": format_core(context.core, budget.characters("profile")),
        "Personality": describe(context.profile),
        "DialogHistory": format_history(context.recent, budget.characters("history")),
        "UserQuery": format_query(context.turn, budget.characters("query")),
    }
    return slots | {trait.title(): f"{score:.1f}" for trait, score in context.profile}


def render_respond(prompts: Prompts, context: Context, budget: Budget, images: Images) -> tuple[Message, ...]:
    """Return the opening of a reply: system message and first prompt."""
    return system_message(prompts), fill(prompts, "respond", context_slots(context, budget), images)


def hit_slots(hits: Sequence[Hit], budget: Budget) -> dict[str, str]:
    """Return retrieved memories as slots, one per memory type; raw turns of the running session stand with topics."""
    room = budget.characters("memories")
    parts: Mapping[str, tuple[tuple[HitType, ...], int]] = {
        "ProceduralMemory": (("procedural",), room // 8),
        "SemanticMemory": (("semantic", "core"), room // 4),
        "VisualMemory": (("visual",), room // 8),
        "EpisodicMemory": (("episodic", "turn"), room // 2),
    }
    return {name: format_hits([h for h in hits if h.type in types], share) for name, (types, share) in parts.items()}


def render_result(prompts: Prompts, hits: Sequence[Hit], notice: str, budget: Budget, images: Images) -> Message:
    """Return the next user message of the same conversation: what the look-up found, and what may come next."""
    return fill(prompts, "respond_more", hit_slots(hits, budget) | {"Notice": notice}, images)


def render_answer(
    prompts: Prompts, context: Context, hits: Sequence[Hit], budget: Budget, images: Images
) -> tuple[Message, ...]:
    """Return the prompt that wants the reply alone (no-reasoning mode, and the forced last answer)."""
    slots = context_slots(context, budget) | hit_slots(hits, budget) | {"Notice": ""}
    return system_message(prompts), fill(prompts, "answer", slots, images)


@dataclass(frozen=True, slots=True)
class ParsedStep:
    """A step as parsed: what was thought, and the action."""

    think: str
    action: Action


_THINK = re.compile(r"<think>(.*?)(?:</think>|(?=<(?:answer|retrieve)>))", re.DOTALL | re.IGNORECASE)
_RETRIEVE = re.compile(r"<retrieve>(.*?)(?:</retrieve>|\Z)", re.DOTALL | re.IGNORECASE)
_ANSWER = re.compile(r"<answer>(.*?)(?:</answer>|\Z)", re.DOTALL | re.IGNORECASE)
_STRICT = re.compile(r"\s*<think>(?:(?!</?think>).)*</think><(answer|retrieve)>(?:(?!</?\1>).)*</\1>\s*", re.DOTALL)


def step_text(think: str, action: Retrieve | Answer) -> str:
    """Return a step as a model writes it, in the prompt's exact format: what ``parse_step`` reads."""
    if isinstance(action, Answer):
        return f"<think>{think}</think><answer>{action.text}</answer>"
    start, end = (f'"{time:%Y-%m-%d %H:%M}"' if time else '"null"' for time in (action.start, action.end))
    block = f'"keywords": {", ".join(action.keywords)}\n"start_time": {start}\n"end_time": {end}'
    return f"<think>{think}</think><retrieve>\n{block}\n</retrieve>"


MAX_OUTPUT = 20_000
"""Longer model output is cut before parsing (characters)."""
MAX_KEYWORDS = 24


def parse_step(text: str, zone: tzinfo, strict: bool = False) -> ParsedStep:
    """Return the step in a model's output; times are read in ``zone``. Never raises.

    Tolerant by default: missing closing tags, code fences and newlines between blocks are accepted, and a retrieve
    block wins over an answer block. ``strict`` wants exactly one block right after ``</think>`` (the reward's format).
    """
    text = text[:MAX_OUTPUT]
    thought = _THINK.search(text)
    think = thought[1].strip() if thought else ""
    if strict and not _STRICT.fullmatch(text):
        return ParsedStep(think, malformed(text, "not exactly <think>…</think> followed by one block"))
    if (block := _RETRIEVE.search(text)) is not None:
        return ParsedStep(think, parse_retrieve(block[1], zone))
    if (block := _ANSWER.search(text)) is not None:
        answer = block[1].strip()
        return ParsedStep(think, Answer(answer) if answer else malformed(text, "the answer block is empty"))
    return ParsedStep(think, malformed(text, "neither a retrieve nor an answer block"))


_FIELD = re.compile(
    r"""^[^\S\n]*[,{*-]*[^\S\n]*["'“]?(keywords|start_time|end_time)["'”]?[^\S\n]*[:=]\s*(.*)$""", re.M | re.I
)


def parse_retrieve(block: str, zone: tzinfo) -> Retrieve | Malformed:
    """Return the query in a retrieve block; a time that is no time makes it Malformed, an empty one leaves it open."""
    found = {key.lower(): value.rstrip(" \t\r,}") for key, value in _FIELD.findall(block)}
    keywords = _keywords(found.get("keywords", ""))
    if not keywords:
        return malformed(block, "no keywords")
    start, end = (_bound(found.get(key, ""), zone) for key in ("start_time", "end_time"))
    if isinstance(start, str) or isinstance(end, str):
        return malformed(block, f"not a time: {start if isinstance(start, str) else end}")
    if start and end and start > end:
        return malformed(block, f"the period ends ({end:%Y-%m-%d %H:%M}) before it starts ({start:%Y-%m-%d %H:%M})")
    # Times have minute resolution: the last minute belongs to the period.
    return Retrieve(keywords, start, end + timedelta(seconds=59) if end else None)


def _keywords(text: str) -> tuple[str, ...]:
    words = (w.strip(" \t\"'“”[]") for w in re.split(r"[,;]", text))
    return tuple(dict.fromkeys(w for w in words if w))[:MAX_KEYWORDS]


def _bound(text: str, zone: tzinfo) -> datetime | str | None:
    bare = text.strip(" \t\"'“”,")
    if bare.lower() in ("", "null", "none"):
        return None
    return read_stamp(bare, zone) or bare


def parse_answer(text: str) -> Answer | Malformed:
    """Return a free-text reply: an answer block's content if there is one, else the text without think blocks."""
    text = text[:MAX_OUTPUT]
    block = _ANSWER.search(text)
    bare = block[1] if block else re.sub(r"<(think|retrieve)>.*?(</\1>|\Z)|</?answer>", "", text, flags=re.DOTALL)
    return Answer(bare.strip()) if bare.strip() else malformed(text, "no reply")
