"""The update stage's prompts and the parsers of what they bring back.

Every parser is tolerant of how models write (JSON, quoted keys, bullets, code fences, colons in values) and strict
about what it accepts: a missing field, a number out of range or an index out of the session is Malformed, which changes
nothing. Keys are those of the released prompts (figures 18 to 22); those marked * are ours and optional:

    "reason": The user says where they live.
    "decision": true
    "content": lives in Lisbon
    "keywords": Lisbon, home, city
    "kind": fact            *  fact, preference, plan, goal, habit, relation, request, concept
    "attribute": home       *
    "value": Lisbon         *
    "polarity": 0           *  1 likes, -1 dislikes
    "since": 2025-03-01 00:00   *
    "until": null           *
    "replaces": m12         *
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Literal, get_args

from personavlm.memory import MAX_PROCEDURAL, Block, Kind, Memory
from personavlm.models import Message
from personavlm.personality import HIGHEST, LOWEST, TRAITS, Profile, Trait
from personavlm.prompts import Budget, Images, Prompts, fill, system_message
from personavlm.prompts.text import (
    Exchange,
    clean,
    format_core,
    format_history,
    format_memories,
    format_query,
    indent,
    one_line,
    read_stamp,
)
from personavlm.trace import Malformed, Turn, malformed

MAX_OUTPUT = 20_000
MAX_RECORDS = 12
"""Most semantic records taken from one turn."""
MAX_FIELD = 600
"""Most characters of one field."""
NULL = "null"
"""How an explicit null is kept apart from a value that is missing, until it is known what it means."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What every update prompt starts from: who the user is, and the turns before the one in question."""

    core: tuple[Memory, ...]
    history: tuple[Exchange, ...]


def _slots(occasion: Occasion, budget: Budget, numbered: bool = False) -> dict[str, str]:
    return {
        "UserProfile": format_core(occasion.core, budget.characters("profile")),
        "DialogHistory": format_history(occasion.history, budget.characters("history"), numbered),
    }


# ── personality ──────────────────────────────────────────────────────────────────────────────────────────────────


def render_personality(
    prompts: Prompts, occasion: Occasion, turn: Turn, budget: Budget, images: Images
) -> tuple[Message, ...]:
    """Return the prompt that reads the five traits from one user message."""
    slots = _slots(occasion, budget) | {"UserQuery": format_query(turn, budget.characters("query"))}
    return system_message(prompts), fill(prompts, "personality", slots, images)


@dataclass(frozen=True, slots=True)
class Reading:
    """Five traits as read from one turn, with the words that moved them where they are named."""

    observed: Profile
    cues: tuple[tuple[Trait, str], ...] = ()


def parse_personality(text: str) -> Reading | Malformed:
    """Return the reading: all five traits, each 1 to 5, in any order; optional ``"<trait> cue"`` lines."""
    found = _pairs(text, [*TRAITS, *(f"{t} cue" for t in TRAITS)])
    scores: dict[Trait, float] = {}
    for trait in TRAITS:
        match = re.match(r"[1-5](?:\.\d+)?(?![\d])", found.get(trait, "").strip())
        if match is None or not LOWEST <= float(match[0]) <= HIGHEST:
            return malformed(text, f"{trait} is {found.get(trait, 'missing')!r}, not a number from 1 to 5")
        scores[trait] = float(match[0])
    cues = tuple((t, found[f"{t} cue"][:MAX_FIELD]) for t in TRAITS if found.get(f"{t} cue"))
    return Reading(Profile(**scores), cues)


# ── semantic ─────────────────────────────────────────────────────────────────────────────────────────────────────


def render_semantic(
    prompts: Prompts,
    occasion: Occasion,
    exchange: Exchange,
    known: Sequence[Memory],
    budget: Budget,
    images: Images,
) -> tuple[Message, ...]:
    """Return the prompt that asks what of a turn is worth remembering; it sees query and reply, each as such."""
    slots = _slots(occasion, budget) | {
        "KnownMemory": format_memories(known, budget.characters("known")),
        "UserQuery": format_query(exchange.turn, budget.characters("query")),
        "UserReply": f"assistant: {indent(clean(exchange.reply, budget.characters('query')))}",
    }
    return system_message(prompts), fill(prompts, "semantic", slots, images)


@dataclass(frozen=True, slots=True)
class SemanticRecord:
    """One thing to remember, as the model put it. ``concept`` is the category of a named thing in a picture."""

    content: str
    keywords: tuple[str, ...]
    kind: Kind = "fact"
    attribute: str = ""
    value: str = ""
    polarity: Literal[-1, 0, 1] = 0
    since: datetime | None = None
    until: datetime | None = None
    replaces: str = ""
    concept: str = ""


SEMANTIC_KEYS = (
    "reason decision content keywords kind attribute value polarity since until replaces".split()  # noqa: SIM905
)
_CONCEPT = re.compile(r"\(\s*image object\s*:\s*([^),]+)[^)]*\)", re.IGNORECASE)


def parse_semantic(text: str, zone: tzinfo) -> tuple[SemanticRecord, ...] | Malformed:
    """Return the records to remember; an empty tuple when the decision was not to. Times are read in ``zone``."""
    blocks = _blocks(text, SEMANTIC_KEYS)
    if not blocks:
        return malformed(text, "no decision")
    records: list[SemanticRecord] = []
    for block in blocks[:MAX_RECORDS]:
        decision = block.get("decision", "").strip().lower()
        if decision not in ("true", "false", "yes", "no"):
            return malformed(text, f"the decision is {decision!r}, not true or false")
        if decision in ("true", "yes"):
            record = _semantic_record(block, zone)
            if record is None:
                return malformed(text, "a record without content")
            records.append(record)
    return tuple(records)


def _semantic_record(block: dict[str, str], zone: tzinfo) -> SemanticRecord | None:
    content = block.get("content", "")
    concept = _CONCEPT.search(content)
    content = re.sub(r"\s+", " ", _CONCEPT.sub("", content)).strip()
    if not content:
        return None
    kind = block.get("kind", "").lower()
    polarity = {"1": 1, "-1": -1}.get(block.get("polarity", "0").strip("+ "), 0)
    return SemanticRecord(
        content,
        _list(block.get("keywords", "")),
        "concept" if concept else kind if kind in get_args(Kind) else "fact",  # type: ignore[arg-type]
        block.get("attribute", ""),
        block.get("value", ""),
        polarity,  # type: ignore[arg-type]
        read_stamp(block.get("since", ""), zone),
        read_stamp(block.get("until", ""), zone),
        block.get("replaces", "").removeprefix("null"),
        concept[1].strip() if concept else "",
    )


# ── episodic ─────────────────────────────────────────────────────────────────────────────────────────────────────


def render_episodic(prompts: Prompts, occasion: Occasion, budget: Budget, images: Images) -> tuple[Message, ...]:
    """Return the prompt that cuts a finished session (numbered from 0) into topics."""
    return system_message(prompts), fill(prompts, "episodic", _slots(occasion, budget, numbered=True), images)


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of a session; ``turns`` are positions in the session from 0, ascending."""

    summary: str
    keywords: tuple[str, ...]
    turns: tuple[int, ...]


def parse_episodic(text: str, length: int) -> tuple[Topic, ...] | Malformed:
    """Return the topics of a session of ``length`` turns; indices outside it are Malformed. Turns may be unclaimed."""
    topics: list[Topic] = []
    for block in _blocks(text, ["topic_summary", "keywords", "source_dialog_indices"]):
        indices = tuple(sorted({int(i) for i in re.findall(r"\d+", block.get("source_dialog_indices", ""))}))
        summary = block.get("topic_summary", "")
        if not summary or not indices:
            return malformed(text, "a topic without a summary or without turns")
        if indices[-1] >= length:
            return malformed(text, f"turn {indices[-1]} is not in a session of {length}")
        topics.append(Topic(summary, _list(block.get("keywords", "")), indices))
    return tuple(topics) if topics else malformed(text, "no topic")


# ── procedural and core ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Entry:
    """A key the model wants set; an empty value retires it. ``block`` is for core memory only."""

    key: str
    value: str
    block: Block | None = None


def render_procedural(
    prompts: Prompts, occasion: Occasion, known: Sequence[Memory], budget: Budget, images: Images
) -> tuple[Message, ...]:
    """Return the prompt that asks for goals and habits a finished session shows."""
    lines = "\n".join(f'"{one_line(m.attribute, 80)}": {one_line(m.text, 300)}' for m in known) or "{}"
    slots = _slots(occasion, budget) | {"CurrentProceduralMemory": lines}
    return system_message(prompts), fill(prompts, "procedural", slots, images)


def parse_procedural(text: str) -> tuple[Entry, ...] | Malformed:
    """Return at most five entries; ``{}`` means nothing to set; text without any entry is Malformed."""
    entries = _entries(text)
    if not entries and not re.search(r"\{\s*\}", text):
        return malformed(text, "no entry and no empty object")
    return tuple(entries[:MAX_PROCEDURAL])


def render_core(prompts: Prompts, occasion: Occasion, budget: Budget, images: Images) -> tuple[Message, ...]:
    """Return the prompt that asks what a finished session says of who the user is and what they want of us."""
    return system_message(prompts), fill(prompts, "core", _slots(occasion, budget), images)


def parse_core(text: str) -> tuple[Entry, ...] | Malformed:
    """Return the entries with their block; a ``Persona`` heading starts the second block, everything else is human."""
    entries: list[Entry] = []
    for block, part in _core_parts(text[:MAX_OUTPUT]):
        entries += [Entry(e.key, e.value, block) for e in _entries(part)]
    if not entries and not re.search(r"\{\s*\}", text):
        return malformed(text, "no entry and no empty object")
    return tuple(entries[: 4 * MAX_RECORDS])


def _core_parts(text: str) -> list[tuple[Block, str]]:
    pieces = re.split(r"^[^\w\n]*(human|persona)[^\w\n]*$", text, flags=re.IGNORECASE | re.MULTILINE)
    blocks: list[tuple[Block, str]] = [("human", pieces[0])]
    for heading, part in zip(pieces[1::2], pieces[2::2], strict=True):
        blocks.append(("persona" if heading.lower() == "persona" else "human", part))
    return blocks


# ── tolerant reading ─────────────────────────────────────────────────────────────────────────────────────────────

# One run of blanks per alternative and the value to the end of its line: what follows a value is taken off afterwards,
# because several optional parts after a lazy one take cubic time on a run of blanks.
_LINE = re.compile(
    r"""^[^\S\n]*[,{*•-]*[^\S\n]*["“]([^"”\n]{1,80})["”][^\S\n]*:(.*)$"""
    r"""|^[^\S\n]*[*•-]*[^\S\n]*([A-Za-z][\w /()-]{0,60}?)[^\S\n]*:[ \t](.*)$""",
    re.M,
)


def _lines(text: str) -> list[tuple[str, str]]:
    """Every ``key: value`` line in order; the value runs to the end of the line, colons and all."""
    found: list[tuple[str, str]] = []
    for quoted, quoted_value, bare, bare_value in _LINE.findall(_unfence(text)):
        value = quoted_value.rstrip().removesuffix("}") if quoted else bare_value
        found.append(((quoted or bare).strip(), _bare_value(value.rstrip().removesuffix(","))))
    return found


def _unfence(text: str) -> str:
    return re.sub(r"^[ \t]*```\w*[ \t]*$", "", text[:MAX_OUTPUT], flags=re.MULTILINE)


def _bare_value(value: str) -> str:
    value = value.strip()
    if len(value) >= 2 and value[0] in "\"“'" and value[-1] in "\"”'":
        value = value[1:-1].replace('\\"', '"')
    return NULL if value.lower() in ("null", "none") else value[:MAX_FIELD].strip()


def _objects(text: str) -> list[dict[str, Any]]:
    """JSON objects in a text: one object, a list of them, or none."""
    plain = _unfence(text)
    start = min((at for at in (plain.find("["), plain.find("{")) if at >= 0), default=len(plain))
    end = max(plain.rfind("]"), plain.rfind("}"))  # by hand: a pattern takes quadratic time on "[[[["
    try:
        value = json.loads(plain[start : end + 1]) if start < end else None
    except (ValueError, RecursionError):
        return []
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]


def _scalar(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_scalar, value))[:MAX_FIELD]
    return NULL if value is None else str(value)[:MAX_FIELD].strip()


def _pairs(text: str, keys: Sequence[str]) -> dict[str, str]:
    """The first value of each wanted key."""
    blocks = _blocks(text, keys)
    merged: dict[str, str] = {}
    for block in blocks:
        merged = block | merged
    return merged


def _blocks(text: str, keys: Sequence[str]) -> list[dict[str, str]]:
    """Groups of wanted keys: a key that repeats starts the next group. Keys are matched without case."""
    wanted = {key.lower(): key for key in keys}
    pairs = [(k, _scalar(v)) for o in _objects(text) for k, v in o.items()] or _lines(text)
    blocks: list[dict[str, str]] = []
    for key, value in pairs:
        name = wanted.get(key.lower())
        if name is None:
            continue
        if not blocks or name in blocks[-1]:
            blocks.append({})
        blocks[-1][name] = "" if value == NULL else value
    return blocks


def _entries(text: str) -> list[Entry]:
    """Every key with its value; the first of a repeated key counts. Null retires a key, nothing at all is no entry."""
    pairs = [(k, _scalar(v)) for o in _objects(text) for k, v in o.items() if not isinstance(v, dict)] or _lines(text)
    first: dict[str, str] = {}
    for key, value in pairs:
        first.setdefault(key[:80], value)
    return [Entry(key, "" if value == NULL else value) for key, value in first.items() if key and value]


def _list(text: str) -> tuple[str, ...]:
    words = (w.strip(" \t\"'[]“”") for w in text.split(","))
    return tuple(dict.fromkeys(w for w in words if w))[:MAX_RECORDS]
