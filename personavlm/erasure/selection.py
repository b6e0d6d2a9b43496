"""Selection: from what somebody wants forgotten to the turns that hold it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from personavlm.errors import BadInput
from personavlm.memory import Memory, State
from personavlm.trace import Trace, Turn
from personavlm.words import terms


@dataclass(frozen=True, slots=True)
class Turns:
    """Single turns by id."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Remembered:
    """A memory by id: it goes with the turns that say it, and with every version of it."""

    memory: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture by digest: its turns stay as words."""

    picture: str


@dataclass(frozen=True, slots=True)
class Period:
    """Everything said from ``start`` to ``end``, both included."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Mentioned:
    """A person or thing by name: every turn that names it, in any case of letters."""

    name: str


What = Turns | Remembered | Shown | Period | Mentioned


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is erased at first hand."""

    turns: frozenset[str] = frozenset()
    memories: frozenset[str] = frozenset()
    picture: str = ""
    phrase: re.Pattern[str] | None = None


def choose(what: What, traces: Sequence[Trace], state: State) -> Chosen:
    """Return what a request means for a user. Raises ``BadInput`` for what they do not have."""
    match what:
        case Turns(ids=ids):
            unknown = set(ids) - {trace.turn.id for trace in traces}
            if unknown or not ids:
                raise BadInput(f"There is no turn {', '.join(sorted(unknown)) or 'given'}.", "list them first.")
            return Chosen(frozenset(ids))
        case Remembered(memory=id):
            return _remembered(id, traces, state)
        case Shown(picture=digest):
            if not any(digest == picture.digest for trace in traces for picture in trace.turn.pictures):
                raise BadInput(f"No turn shows the picture {digest[:12]}.", "give the whole digest of a shown picture.")
            return Chosen(_wordless(digest, traces), picture=digest)
        case Period(start=start, end=end):
            return Chosen(frozenset(t.turn.id for t in traces if start <= t.turn.time <= end))
        case Mentioned(name=name):
            phrase = spelled(name)
            return Chosen(frozenset(t.turn.id for t in traces if phrase.search(plain(said(t.turn)))), phrase=phrase)


def _wordless(digest: str, traces: Sequence[Trace]) -> frozenset[str]:
    """Turns that are nothing but this picture."""
    return frozenset(
        trace.turn.id
        for trace in traces
        if not trace.turn.text.strip() and {picture.digest for picture in trace.turn.pictures} == {digest}
    )


def _remembered(id: str, traces: Sequence[Trace], state: State) -> Chosen:
    if id not in state.memories:
        raise BadInput(f"There is no memory {id}.", "list them with `personavlm state`.")
    versions = state.history(id)
    turns: set[str] = set()
    for memory in versions:
        turns |= _saying(memory, traces)
    return Chosen(frozenset(turns), frozenset(memory.id for memory in versions))


def _saying(memory: Memory, traces: Sequence[Trace]) -> set[str]:
    """The turns a memory rests on, and every other that says all of it.

    Core and procedural memories name their whole session as evidence: of it, the turns that share words with them.
    """
    evidence = {*memory.evidence, *memory.turns}
    wanted = set(terms(memory.value or memory.text))
    words = {trace.turn.id: set(terms(said(trace.turn))) for trace in traces}
    if memory.type in ("core", "procedural"):
        evidence = {turn for turn in evidence if wanted & words.get(turn, set())} or evidence
    repeated = {turn for turn, own in words.items() if wanted and memory.type != "episodic" and wanted <= own}
    return (evidence | repeated) & words.keys()


def said(turn: Turn) -> str:
    """Return the user's own words in a turn, captions included."""
    return "\n".join((turn.text, *(picture.caption for picture in turn.pictures)))


def plain(text: str) -> str:
    """Return a text in the form in which names are compared: compatibility forms joined, case folded."""
    return unicodedata.normalize("NFKC", text).casefold()


def spelled(name: str) -> re.Pattern[str]:
    """Return the pattern of a name as a whole word in plain text. Raises ``BadInput`` for an empty one."""
    parts = re.findall(r"\w+", plain(name))
    if not parts:
        raise BadInput("No name was given.", "name the person or thing to forget.")
    return re.compile(r"(?<!\w)" + r"\W+".join(map(re.escape, parts)) + r"(?!\w)")


def words_of(traces: Sequence[Trace]) -> Mapping[str, frozenset[str]]:
    """Return the terms of each turn's own words by turn."""
    return {trace.turn.id: frozenset(terms(said(trace.turn))) for trace in traces}
