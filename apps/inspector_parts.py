"""Drawing for the inspector's pages: small pieces of HTML from values, and errors as what and remedy.

Users' words and model output are data: everything goes through ``esc`` before it becomes HTML, and none of it is ever
given to a Markdown renderer, which would follow links to pictures elsewhere.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from html import escape as esc
from io import BytesIO
from types import MappingProxyType

import streamlit as st
from PIL import Image, ImageDraw
from pydantic import ValidationError

from personavlm.errors import BadInput, PersonaVLMError, StoreError
from personavlm.figures import TYPE_COLOURS, kind_of
from personavlm.inspection import Changes, Learnt, Move, Piece, sharing
from personavlm.memory import Memory
from personavlm.models import Message, Part
from personavlm.pictures import image
from personavlm.store import Store
from personavlm.trace import Answer, Call, Hit, Malformed, Retrieve, Step, Trace

FIRST_HITS = 3
"""Hits shown at once; the others open on a click."""
MOST_EVIDENCE = 6


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────


def day(time: datetime) -> str:
    return f"{time:%A} {time.day} {time:%B %Y}"


def moment(time: datetime) -> str:
    return f"{time.day} {time:%b %Y, %H:%M}"


def several(number: int, thing: str) -> str:
    """Return "1 hit", "2 hits", "3 memories"."""
    many = thing[:-1] + "ies" if thing.endswith("y") else thing + "s"
    return f"{number} {thing if number == 1 else many}"


def plainly(text: str) -> str:
    """Return text that a Markdown renderer shows as it is."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|$:~])", r"\\\1", text)


@contextmanager
def told() -> Iterator[None]:
    """Show a problem the user can mend as what and remedy, in place of what was to be drawn."""
    try:
        yield
    except PersonaVLMError as error:
        show_problem(error)
    except ValidationError as error:  # a record of the ledger that no longer reads as one
        what = f"A record of this user's store is damaged: {error.title}, {error.error_count()} fields do not fit."
        show_problem(StoreError(what, "bring the user back from an export; the other users are not touched."))


def show_problem(error: PersonaVLMError) -> None:
    st.error(f"**{plainly(error.message)}**\n\n{plainly(error.remedy[:1].upper() + error.remedy[1:])}")


def block(*parts: str) -> None:
    """Draw pieces of HTML together."""
    st.html(f'<div class="pv">{"".join(parts)}</div>')


def heading(text: str) -> str:
    return f'<div class="pv-head">{esc(text)}</div>'


def said(text: str) -> None:
    """Draw what somebody said, as typed."""
    st.html(f'<div class="pv-said">{esc(text)}</div>')


def quoted(text: str) -> str:
    """Return what the user said, in quotation marks."""
    return f'<div class="pv-said">“{esc(text)}”</div>'


def soft(text: str) -> str:
    return f'<div class="pv-soft">{esc(text)}</div>'


def page_icon() -> Image.Image:
    """Return the icon of the browser's tab, drawn here: a named one would be fetched from elsewhere."""
    icon = Image.new("RGBA", (64, 64))
    pen = ImageDraw.Draw(icon)
    for box, colour in zip(((4, 4, 44, 44), (24, 20, 60, 56)), TYPE_COLOURS.values(), strict=False):
        pen.ellipse(box, fill=f"{colour}cc")
    return icon


# ── pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────


@st.cache_data(max_entries=500, show_spinner=False)
def thumbnail(data: bytes, height: int = 128) -> str:
    """Return a picture as a small data URL."""
    small = image(data).convert("RGB")
    small.thumbnail((height * 3, height))
    out = BytesIO()
    small.save(out, "JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()


def picture(store: Store | None, digest: str, words: str, passing: Mapping[str, bytes] = MappingProxyType({})) -> str:
    """Return a stored picture, or one of those that only pass through."""
    data = (store.picture(digest) if store else None) or passing.get(digest)
    return f'<img class="pv-pic" src="{thumbnail(data)}" alt="{esc(words)}">' if data else ""


def pictures(store: Store, trace: Trace, passing: Mapping[str, bytes] = MappingProxyType({})) -> str:
    """Return a turn's pictures, or the captions that stand for them."""
    name = f"picture in {trace.turn.id}"
    shown = [picture(store, p.digest, p.caption or name, passing) for p in trace.turn.pictures]
    captions = [soft(f"picture: {p.caption}") for p in trace.turn.pictures if p.caption and not p.digest]
    return "".join([*shown, *captions])


# ── one answer ───────────────────────────────────────────────────────────────────────────────────────────────────


def steps(store: Store | None, trace: Trace) -> str:
    """Return the steps of a reply: thought, look-up, hits, answer; Malformed output stands out.

    Without a store, as for the trace of a run, what hits rest on is named and cannot be opened.
    """
    return "".join(_step(store, number, step) for number, step in enumerate(trace.steps, start=1))


def _step(store: Store | None, number: int, step: Step) -> str:
    think = f'<div class="pv-body pv-think">{esc(step.think)}</div>' if step.think else ""
    forced = " (the loop's choice, not the model's)" if step.forced else ""
    match step.action:
        case Retrieve():
            title, body = f"Looked up{forced}", _asked(step.action) + _hits(store, step.hits)
        case Malformed(reason=reason, raw=raw):
            title, body = "Malformed", _bad(reason, raw)
        case Answer(given=True):
            title, body = "The reply came with the import", ""
        case Answer():
            title, body = f"Answered{forced}", ""
    head = f'<div class="pv-step"><span class="pv-n">{number}</span><b>{title}</b></div>'
    return f'{head}{think}<div class="pv-body">{body}</div>'


def _asked(query: Retrieve) -> str:
    words = "".join(f'<span class="pv-key">{esc(word)}</span>' for word in query.keywords)
    return words + soft(period(query.start, query.end))


def period(start: datetime | None, end: datetime | None) -> str:
    """Return a look-up's period in words."""
    if start is None and end is None:
        return "from any time"
    since = f"from {moment(start)}" if start else "from the beginning"
    return f"{since} to {moment(end) if end else 'the end'}"


def _bad(reason: str, raw: str) -> str:
    opened = f"<details><summary>what the model wrote</summary><blockquote>{esc(raw)}</blockquote></details>"
    return f'<div class="pv-bad"><b>Malformed</b> {esc(reason)}{opened if raw else ""}</div>'


def malformed(reason: str, raw: str = "") -> str:
    """Return a Malformed output of the update stage, with the model's own words where they were kept."""
    return _bad(reason, raw)


def _hits(store: Store | None, hits: Sequence[Hit]) -> str:
    if not hits:
        return soft("nothing came back")
    ranked = [_hit(store, hit) for hit in sorted(hits, key=lambda hit: -hit.scores.fused)]
    rest = "".join(ranked[FIRST_HITS:])
    more = f"<details><summary>{several(len(hits) - FIRST_HITS, 'more hit')}</summary>{rest}</details>" if rest else ""
    return "".join(ranked[:FIRST_HITS]) + more


def _hit(store: Store | None, hit: Hit) -> str:
    turns = list(dict.fromkeys([*(quote.turn for quote in hit.quotes), *hit.evidence]))
    crops = "".join(picture(store, digest, hit.text) for digest in hit.crops)
    former = " former" if hit.status != "current" else ""
    return (
        f'<div class="pv-card{former}" style="--c:{TYPE_COLOURS[hit.type]}">'
        f'<div class="pv-row"><span class="pv-text">{crops}{esc(hit.text)}</span>'
        f'<span class="pv-type">{hit.type} {_linked(store, hit)}</span></div>'
        f'<div class="pv-bars">{_bars(hit)}</div>{soft(hit.why)}'
        f"{evidence(store, turns) if store else _quotes(hit)}</div>"
    )


def _linked(store: Store | None, hit: Hit) -> str:
    if store is None:
        return esc(hit.id)
    return turn_link(store.user, hit.id) if hit.type == "turn" else memory_link(store.user, hit.id)


def _quotes(hit: Hit) -> str:
    """The turns that came back with a hit, as it quotes them; else the names of those it rests on."""
    if not hit.quotes:
        return soft("rests on " + ", ".join(hit.evidence[:MOST_EVIDENCE])) if hit.evidence else ""
    words = [(f"{quote.turn} · {moment(quote.time)}", f"{esc(quote.text)}\n{esc(quote.reply)}") for quote in hit.quotes]
    opened = (f"<details><summary>{name}</summary><blockquote>{text}</blockquote></details>" for name, text in words)
    return f'<div class="pv-turns">{"".join(opened)}</div>'


def _bars(hit: Hit) -> str:
    parts = [(part, getattr(hit.scores, part)) for part in ("fused", "dense", "lexical", "picture")]
    return "".join(
        f'<span>{part}<span class="pv-bar"><i style="width:{100 * min(score, 1):.0f}%"></i></span>{score:.2f}</span>'
        for part, score in parts
        if score is not None
    )


def evidence(store: Store, turns: Sequence[str]) -> str:
    """Return the raw turns something rests on, closed; each opens on a click."""
    shown = "".join(_raw(store, turn) for turn in turns[:MOST_EVIDENCE])
    left = len(turns) - MOST_EVIDENCE
    more = f'<span class="pv-soft">and {several(left, "more turn")}</span>' if left > 0 else ""
    return f'<div class="pv-turns">{shown}{more}</div>'


def _raw(store: Store, turn: str) -> str:
    try:
        trace = store.trace(turn)
    except BadInput:
        return soft(f"{turn} is not here")
    name = f"{turn} · {trace.turn.time.day} {trace.turn.time:%b %H:%M}"
    words = f"{soft(moment(trace.turn.time))}<b>user</b> {esc(trace.turn.text)}\n<b>reply</b> {esc(trace.reply)}"
    shown = pictures(store, trace)
    opened = turn_link(store.user, turn, "open this turn")
    return f"<details><summary>{esc(name)}</summary><blockquote>{shown}{words}\n{opened}</blockquote></details>"


def turn_link(user: str, turn: str, words: str = "") -> str:
    """Return a link to a turn in the chat."""
    return f'<a href="./?{esc(sharing.address("", user=user, turn=turn).lstrip("?"))}">{esc(words or turn)}</a>'


def memory_link(user: str, memory: str, words: str = "") -> str:
    """Return a link to a memory's card."""
    return f'<a href="./{esc(sharing.address("memories", user=user, memory=memory))}">{esc(words or memory)}</a>'


def learnt_rows(rows: Sequence[Learnt]) -> str:
    """Return what a turn taught, one line per edit."""
    lines = "".join(f"<span>{row.verb}</span><span>{_marked(row)}{esc(row.text)}</span>" for row in rows)
    return f'<div class="pv-learnt">{lines}</div>' if rows else soft("nothing new")


def version_diff(pieces: Sequence[Piece]) -> str:
    """Return how a wording changed: what went is struck out, what came is marked."""
    tags = {"same": "{}", "gone": '<span class="pv-gone">{}</span>', "new": '<span class="pv-new">{}</span>'}
    return " ".join(tags[piece.change].format(esc(piece.words)) for piece in pieces)


def change_list(user: str, changed: Changes) -> str:
    """Return what changed between two moments, one line each."""
    rows = [
        *((f"{shift.trait}", f"{shift.before:.1f} → {shift.after:.1f}") for shift in changed.shifts),
        *(
            ("replaced", f"{esc(old.text)} → {esc(new.text)} {memory_link(user, new.id)}")
            for old, new in changed.replaced
        ),
        *(("ended", f"{esc(memory.text)} {memory_link(user, memory.id)}") for memory in changed.ended),
        *(
            (f"new {kind_of(memory)}", f"{esc(memory.text)} {memory_link(user, memory.id)}")
            for memory in changed.learnt
        ),
        *([("ties", f"{changed.links} new between memories")] if changed.links else []),
    ]
    lines = "".join(f"<span>{esc(verb)}</span><span>{text}</span>" for verb, text in rows)
    return f'<div class="pv-list">{lines}</div>' if rows else soft("nothing changed")


def _marked(row: Learnt) -> str:
    if row.type is None:
        return ""
    return f'<span class="pv-type" style="--c:{TYPE_COLOURS[row.type]}">{row.type}</span> '


def prompt_text(messages: Sequence[Message], reply: str) -> str:
    """Return a prompt word by word, message by message, and what the model said to it, if that was kept."""
    parts = [heading(message.role) + "".join(map(_part, message.content)) for message in messages]
    said = f"<pre>{esc(reply)}</pre>" if reply else soft("It kept its contract; the edits are what it came to.")
    return "".join([*parts, heading("what the model said"), said])


def _part(part: Part) -> str:
    if isinstance(part, str):
        return f"<pre>{esc(part)}</pre>"
    return f'<img class="pv-pic" src="{thumbnail(part.data)}" alt="picture in the prompt">'


def calls(made: Sequence[Call]) -> str:
    """Return model calls as a table: purpose, seconds, tokens in and out."""
    head = ("purpose", "seconds", "tokens in", "tokens out")
    rows = [(c.purpose, f"{c.seconds:.3f}", str(c.tokens_in), str(c.tokens_out)) for c in made]
    return table(head, rows, numbers=(1, 2, 3)) if made else soft("no model was called")


def table(head: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """Return a quiet table; columns in ``numbers`` stand right."""

    def cell(tag: str, column: int, text: str) -> str:
        return f"<{tag}{' class=num' if column in numbers else ''}>{esc(text)}</{tag}>"

    def line(tag: str, cells: Sequence[str]) -> str:
        return "<tr>" + "".join(cell(tag, column, text) for column, text in enumerate(cells)) + "</tr>"

    return f"<table>{line('th', head)}{''.join(line('td', row) for row in rows)}</table>"


# ── memories ─────────────────────────────────────────────────────────────────────────────────────────────────────


def card(store: Store, memory: Memory) -> str:
    """Return a memory as a card: what, how long it held, status, pictures, evidence."""
    kind = kind_of(memory)
    former = "" if memory.status == "current" else " former"
    crops = "".join(picture(store, crop.digest, memory.text) for crop in memory.crops)
    about = {"human": "about the user", "persona": "about the assistant", None: ""}[memory.block]
    held = " · ".join(part for part in (memory.status, validity(memory), about) if part)
    rests_on = list(dict.fromkeys([*memory.evidence, *memory.turns]))
    return (
        f'<div class="pv-card{former}" style="--c:{TYPE_COLOURS[kind]}">'
        f'<div class="pv-row"><span class="pv-text">{crops}{esc(memory.text)}</span>'
        f'<span class="pv-type">{kind} {memory_link(store.user, memory.id)}</span></div>'
        f"{soft(held)}{evidence(store, rests_on)}</div>"
    )


def validity(memory: Memory) -> str:
    """Return when a memory holds, in words."""
    start = f"{memory.since.day} {memory.since:%b %Y}"
    end = f"{memory.until.day} {memory.until:%b %Y}" if memory.until else ""
    return f"since {start}" if not end else f"on {start}" if start == end else f"{start} to {end}"


def particulars(memory: Memory) -> str:
    """Return what else is noted with a memory: its kind, attribute, value and keywords."""
    liking = {1: "likes", -1: "dislikes", 0: ""}[memory.polarity]
    named = [memory.kind, memory.attribute, memory.value, liking, ", ".join(memory.keywords)]
    return soft(" · ".join(part for part in named if part))


def move_table(store: Store, rows: Sequence[Move]) -> str:
    """Return the steps of a profile as a table; each turn opens on a click."""
    lines = "".join(
        f"<tr><td>{evidence(store, [row.turn]) if row.turn else moment(row.time)}</td>"
        f"<td>{esc(row.moved)}</td><td>{esc(row.words)}</td></tr>"
        for row in rows
    )
    return f"<table><tr><th>turn</th><th>what moved</th><th>by these words</th></tr>{lines}</table>"
