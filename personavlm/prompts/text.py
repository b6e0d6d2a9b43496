"""How values are written into prompts, and read back: the neighbour formats of every slot.

Text is data. Whatever a user, a memory or a picture says goes through ``clean`` before it enters a slot, so it cannot
forge a tag, a chat marker, a slot or another speaker's line:

    [t12] 2025-03-03 10:00 (Monday)
    user: my train was late
        again
    assistant: The third time this month.

Continuation lines are indented, so a line that begins with a speaker is always ours. ``parse_history`` and
``parse_memories`` read the same text back; the embedded model and tests use them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from personavlm.memory import Memory
from personavlm.trace import Hit, Quote, Turn

CHARACTERS_PER_TOKEN = 4
"""Rule of thumb for English text; budgets are kept in characters so that no tokenizer has to be loaded."""

PICTURE_OPEN, PICTURE_CLOSE = "\ue000", "\ue001"
"""Private-use characters round a picture's digest; ``clean`` removes them from all text, so they are always ours."""

_TAG = re.compile(r"<(?=[/|!]?[A-Za-z_|])")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ue000-\uf8ff]")
NOTHING = "(nothing yet)"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A turn and the reply to it, as shown to a model."""

    turn: Turn
    reply: str


@dataclass(frozen=True, slots=True)
class Line:
    """An exchange as read back from a prompt. ``time`` is in the zone it is read with, to the minute."""

    turn: str
    time: datetime
    user: str
    assistant: str


@dataclass(frozen=True, slots=True)
class MemoryLine:
    """A memory as read back from a prompt."""

    id: str
    type: str
    time: datetime
    text: str
    status: str
    until: datetime | None
    quotes: tuple[Line, ...] = ()


def clean(text: str, limit: int = 100_000) -> str:
    """Return text that cannot speak as anything but text: tags opened, control and invisible characters dropped.

    ``<`` before a tag-like word becomes its full-width twin; longer texts than ``limit`` characters are cut visibly.
    """
    lined = text[: limit + 1].replace("\u2028", "\n").replace("\u2029", "\n")  # other spellings of a line's end
    kept = "".join(c for c in lined if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
    kept = _INVISIBLE.sub("", _TAG.sub("＜", kept)).strip()
    return kept if len(text) <= limit else kept[:limit].rstrip() + " … [cut]"


def unclean(text: str) -> str:
    """Return model output with the full-width twins turned back, so that quotes read as the user wrote them."""
    return text.replace("＜", "<")


def stamp(time: datetime) -> str:
    """Return a time as prompts show it: ``2025-03-03 10:00 (Monday)``, in its own zone."""
    return f"{time:%Y-%m-%d %H:%M} ({time:%A})"


_STAMP = r"(\d{4}-\d{2}-\d{2} \d{2}:\d{2})(?: \([A-Za-z]+\))?"


def read_stamp(text: str, zone: tzinfo) -> datetime | None:
    """Return the time of a stamp (minute, in ``zone``), or None if the text is none."""
    match = re.fullmatch(_STAMP + r"(?::\d{2})?", text.strip())
    try:
        return datetime.strptime(match[1], "%Y-%m-%d %H:%M").replace(tzinfo=zone) if match else None
    except ValueError:
        return None


def picture_mark(digest: str) -> str:
    """Return the marker at which a picture of that digest is put into the message."""
    return f"{PICTURE_OPEN}{digest}{PICTURE_CLOSE}"


def format_query(turn: Turn, limit: int) -> str:
    """Return the user's message with its time; its pictures stand in front of its words."""
    marks = "".join(_picture_text(p.digest, p.caption) for p in turn.pictures)
    return f"{stamp(turn.time)}\nuser: {marks}{indent(clean(turn.text, limit))}"


def parse_query(text: str, zone: tzinfo) -> tuple[datetime | None, str]:
    """Return time and words of a query written by ``format_query``, picture markers left out."""
    head, _, body = text.partition("\n")
    return read_stamp(head, zone), _dedent(strip_marks(body.removeprefix("user: ")))


def strip_marks(text: str) -> str:
    """Return text without picture markers and captions."""
    return re.sub(rf"{PICTURE_OPEN}[^{PICTURE_CLOSE}]*{PICTURE_CLOSE}\n?|\[picture[^\]]*\]\n?", "", text)


def format_history(exchanges: Sequence[Exchange], limit: int, numbered: bool = False) -> str:
    """Return exchanges oldest first within ``limit`` characters; the oldest are left out first, and that is said.

    ``numbered`` puts the position (from 0) in front instead of the turn's id, for prompts that ask for indices.
    """
    blocks: list[str] = []
    room = limit
    for index in range(len(exchanges) - 1, -1, -1):
        block = _exchange_block(exchanges[index], f"{index}" if numbered else exchanges[index].turn.id, max(room, 400))
        if blocks and len(block) > room:
            blocks.append(f"({index + 1} earlier turns left out)")
            break
        blocks.append(block)
        room -= len(block)
    return "\n\n".join(reversed(blocks)) if blocks else "(no turns)"


def _exchange_block(exchange: Exchange, label: str, limit: int) -> str:
    turn = exchange.turn
    pictures = "".join(_picture_text("", p.caption) for p in turn.pictures)
    said = pictures + clean(turn.text, limit // 2)
    return f"[{label}] {stamp(turn.time)}\nuser: {indent(said)}\nassistant: {indent(clean(exchange.reply, limit // 2))}"


def _picture_text(digest: str, caption: str) -> str:
    mark = picture_mark(digest) if digest else ""
    words = f"[picture: {clean(caption, 400).replace(']', ')')}]\n" if caption else "" if digest else "[picture]\n"
    return mark + words


def indent(text: str) -> str:
    """Return text whose further lines are indented, so that none can pass for a line of ours."""
    return text.replace("\n", "\n    ")


_EXCHANGE = re.compile(
    rf"^\[(?P<label>\w+)\] {_STAMP}\nuser: (?P<user>.*?)\n"
    r"assistant: (?P<assistant>.*?)(?=\n+\[\w+\] \d{4}|\n+- \[|\Z)",
    re.DOTALL | re.MULTILINE,
)


def parse_history(text: str, zone: tzinfo) -> tuple[Line, ...]:
    """Return the exchanges of a history slot, in order; picture captions stay in the text as ``[picture: …]``."""
    return tuple(
        Line(m["label"], time, _dedent(m["user"]), _dedent(m["assistant"]))
        for m in _EXCHANGE.finditer(text)
        if (time := read_stamp(m[2], zone)) is not None
    )


def _dedent(text: str) -> str:
    return text.replace("\n    ", "\n").strip()


def format_core(memories: Iterable[Memory], limit: int) -> str:
    """Return core memory as two blocks of ``- key: value`` lines."""
    memories = list(memories)
    lines: list[str] = []
    for block in ("human", "persona"):
        entries = [f"- {one_line(m.attribute, 80)}: {one_line(m.value, 300)}" for m in memories if m.block == block]
        lines += [f"{block.title()}:", *(entries or [f"- {NOTHING}"])]
    return _within(lines, limit)


def parse_core_text(text: str) -> dict[str, dict[str, str]]:
    """Return ``{"human": {key: value}, "persona": {…}}`` of a core slot."""
    blocks: dict[str, dict[str, str]] = {"human": {}, "persona": {}}
    block = "human"
    for line in text.splitlines():
        if line.rstrip(":").lower() in blocks:
            block = line.rstrip(":").lower()
        elif (match := re.match(r"- ([^:]+): (.*)", line)) is not None:
            blocks[block][match[1]] = match[2]
    return blocks


def format_memories(memories: Iterable[Memory], limit: int) -> str:
    """Return memories one per line: ``- [m3] semantic | 2025-03-03 10:00 (Monday) | text``."""
    rows = [_memory_row(m.id, m.type, m.since, m.text, m.status, m.until) for m in memories]
    return _within(rows, limit) if rows else NOTHING


def format_hits(hits: Sequence[Hit], limit: int) -> str:
    """Return hits one per line, each followed by its quoted turns; best first, the last left out if over ``limit``."""
    if not hits:
        return NOTHING
    share = max(limit // len(hits), 200)
    return _within([_hit_block(hit, share) for hit in hits], limit)


def _hit_block(hit: Hit, limit: int) -> str:
    row = _memory_row(hit.id, hit.type, hit.time, hit.text, hit.status, hit.until)
    marks = "".join(f"\n    {picture_mark(digest)}" for digest in hit.crops)
    room = limit - len(row)
    kept: list[Quote] = []
    for quote in sorted(hit.quotes, key=lambda q: -q.score):  # the best quotes get the room, then time order
        room -= len(quote.text) + len(quote.reply) + 60
        if kept and room < 0:
            break
        kept.append(quote)
    return row + marks + "".join(f"\n{_quote_block(q, limit)}" for q in sorted(kept, key=lambda q: q.time))


def _quote_block(quote: Quote, limit: int) -> str:
    captions = "".join(f"[picture: {clean(c, 200).replace(']', ')')}]\n" for c in quote.captions)
    said = indent(captions + clean(quote.text, limit))
    block = f"[{quote.turn}] {stamp(quote.time)}\nuser: {said}\nassistant: {indent(clean(quote.reply, limit))}"
    return "    " + indent(block)


def _memory_row(id: str, type: str, time: datetime, text: str, status: str, until: datetime | None) -> str:
    ended = f" | {status}, until {stamp(until)}" if until else "" if status == "current" else f" | {status}"
    return f"- [{id}] {type} | {stamp(time)} | {one_line(text, 600)}{ended}"


_ROW = re.compile(
    rf"^- \[(?P<id>\w+)\] (?P<type>\w+) \| {_STAMP} \| (?P<text>.*?)"
    rf"(?: \| (?P<status>\w+)(?:, until (?P<until>{_STAMP}))?)?$",
    re.MULTILINE,
)


def parse_memories(text: str, zone: tzinfo) -> tuple[MemoryLine, ...]:
    """Return the memories or hits of a slot with their quoted turns, in order."""
    rows = list(_ROW.finditer(text))
    ends = [*(row.start() for row in rows[1:]), len(text)] if rows else []
    found: list[MemoryLine] = []
    for row, end in zip(rows, ends, strict=True):
        time = read_stamp(row[3], zone)
        until = read_stamp(row["until"], zone) if row["until"] else None
        if time is not None:
            quotes = parse_history(_shift_left(text[row.end() : end]), zone)
            found.append(
                MemoryLine(row["id"], row["type"], time, row["text"], row["status"] or "current", until, quotes)
            )
    return tuple(found)


def _shift_left(text: str) -> str:
    return re.sub(r"^ {4}", "", text, flags=re.MULTILINE)


def one_line(text: str, limit: int) -> str:
    """Return clean text on one line, so that it cannot begin another record of a list."""
    return re.sub(r"\s+", " ", clean(text, limit)).replace(" | ", " / ")


def _within(rows: Sequence[str], limit: int) -> str:
    kept: list[str] = []
    for position, row in enumerate(rows):
        if kept and sum(map(len, kept)) + len(row) > limit:
            kept.append(f"({len(rows) - position} more left out)")
            break
        kept.append(row)
    return "\n".join(kept)


def recent(exchanges: Sequence[Exchange], now: datetime, gap: timedelta) -> tuple[Exchange, ...]:
    """Return the exchanges within ``gap`` before ``now``, never one after it: short-term memory C_m (section 3.1)."""
    return tuple(e for e in exchanges if timedelta(0) <= now - e.turn.time <= gap)
