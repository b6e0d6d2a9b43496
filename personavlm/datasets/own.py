"""Our own conversations: a dialogue with questions, and the facts an assistant should hold at its end.

    {"format": "personavlm.conversation/1", "title": "…", "origin": "…", "licence": "…", "assigned_dates": true,
     "user": "Mara", "assistant": "Assistant", "pictures": "../pictures",
     "turns": [{"id": "t1", "time": "2025-03-03T18:05:00+01:00", "text": "…", "reply": "…",
                "pictures": ["biscuit-1.jpg", {"caption": "a lake"}]}],
     "questions": [{"id": "q1", "at": "2025-03-24T09:00:00+01:00", "text": "What do I drink?",
                    "expected": {"contains": [["coca-cola", "coke"]], "lacks": ["sprite"]}, "evidence": ["t9"]}],
     "facts": [{"id": "f1", "type": "semantic", "text": "her drink is Coca-Cola", "contains": [["coca-cola", "coke"]],
                "evidence": ["t9"], "current": true}],
     "forbidden": [{"id": "n1", "contains": [["deborah"]], "why": "somebody else's name, in a joke"}]}

Files of this form lie in ``data/`` and ``tests/golden/conversations``; turn ids count "t1", "t2", … as a store's do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from personavlm.datasets.dialogue import Caption, Dialogue, GivenTurn, Imported
from personavlm.datasets.files import Shape, Skipped, load, unknown_keys
from personavlm.errors import BadInput, BadPicture, BadTime
from personavlm.memory import MemoryType
from personavlm.trace import aware

FORMAT = "personavlm.conversation/1"
WHAT = f'a conversation file (format "{FORMAT}")'


@dataclass(frozen=True, slots=True)
class Expected:
    """What a text must and must not say: every group of ``contains`` by one of its words, none of ``lacks``."""

    contains: tuple[tuple[str, ...], ...]
    lacks: tuple[str, ...] = ()

    def met_by(self, text: str) -> bool:
        """Whether a text says so. Case and punctuation do not count; words and phrases match whole."""
        said = plain_words(text)
        missing = any(not any(plain_words(word) in said for word in group) for group in self.contains)
        return not missing and not any(plain_words(word) in said for word in self.lacks)


def plain_words(text: str) -> str:
    """Return a text for whole-word matching: lower case, punctuation to spaces, a space at both ends."""
    return f" {' '.join(_WORD.findall(text.lower()))} "


_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time, both ends included."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class OwnQuestion:
    """A question asked after the dialogue, with what a right answer says and where it stands."""

    id: str
    at: datetime
    text: str
    expected: Expected
    evidence: tuple[str, ...]
    """Ids of the turns it rests on; empty if the dialogue does not answer it."""
    pictures: tuple[Path, ...] = ()
    period: Period | None = None
    """The time it asks about, where that matters."""
    unknown: bool = False
    """Whether the honest answer is that the user has not told."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact that memory should hold; a fact that is not ``current`` should be kept but no longer hold."""

    id: str
    type: MemoryType
    text: str
    expected: Expected
    evidence: tuple[str, ...]
    current: bool = True


@dataclass(frozen=True, slots=True)
class Forbidden:
    """Something that must not be remembered of the user: no memory may say all of ``contains``."""

    id: str
    expected: Expected
    why: str


@dataclass(frozen=True, slots=True)
class OwnConversation:
    """A whole file. ``assigned_dates`` says that the times are ours and not those of the talk."""

    title: str
    origin: str
    licence: str
    assigned_dates: bool
    dialogue: Dialogue
    questions: tuple[OwnQuestion, ...]
    facts: tuple[Fact, ...]
    forbidden: tuple[Forbidden, ...]
    skipped: tuple[Skipped, ...] = ()


def _time(value: object) -> datetime:
    try:
        return aware(datetime.fromisoformat(str(value)))
    except BadTime as error:
        raise ValueError(error.message) from error


_Time = Annotated[datetime, BeforeValidator(_time)]
_Groups = Annotated[list[Annotated[list[str], Field(min_length=1)]], Field(min_length=1)]


class _Caption(Shape):
    caption: str


class _Turn(Shape):
    id: str
    time: _Time
    text: str
    reply: str = ""
    origin: str = Field(default="", alias="from")
    pictures: list[str | _Caption] = Field(default_factory=list)


class _Expected(Shape):
    contains: _Groups
    lacks: list[str] = Field(default_factory=list)


class _Period(Shape):
    start: _Time
    end: _Time


class _Question(Shape):
    id: str
    at: _Time
    text: str
    expected: _Expected
    evidence: list[str] = Field(default_factory=list)
    pictures: list[str] = Field(default_factory=list)
    period: _Period | None = None
    unknown: bool = False


class _Fact(Shape):
    id: str
    type: MemoryType
    text: str
    contains: _Groups
    lacks: list[str] = Field(default_factory=list)
    evidence: Annotated[list[str], Field(min_length=1)]
    current: bool = True


class _Forbidden(Shape):
    id: str
    contains: _Groups
    why: str


class _File(Shape):
    format: Literal["personavlm.conversation/1"]
    title: str
    origin: str
    licence: str
    assigned_dates: bool
    user: str
    assistant: str = "Assistant"
    pictures: str = "."
    turns: Annotated[list[_Turn], Field(min_length=1)]
    questions: list[_Question] = Field(default_factory=list)
    facts: list[_Fact] = Field(default_factory=list)
    forbidden: list[_Forbidden] = Field(default_factory=list)


def own(path: Path) -> OwnConversation:
    """Return a conversation file. Raises ``BadInput`` for another shape, broken ids or order, or a missing picture."""
    raw = load(path, _File, WHAT)
    _check_turns(raw.turns, path.name)
    known = {turn.id for turn in raw.turns}
    claims = [(one.id, one.evidence) for one in raw.questions] + [(one.id, one.evidence) for one in raw.facts]
    for claim, evidence in claims:
        _check_evidence(claim, evidence, known, path.name)
    album = path.parent / raw.pictures
    turns = tuple(
        GivenTurn(one.time, one.text, one.reply, tuple(_picture(p, album) for p in one.pictures), one.id)
        for one in raw.turns
    )
    return OwnConversation(
        raw.title,
        raw.origin,
        raw.licence,
        raw.assigned_dates,
        Dialogue(raw.user, raw.assistant, turns),
        tuple(_question(one, album) for one in raw.questions),
        tuple(_fact(one) for one in raw.facts),
        tuple(Forbidden(one.id, Expected(_groups(one.contains)), one.why) for one in raw.forbidden),
        tuple(unknown_keys(raw)),
    )


def import_own(path: Path) -> Imported:
    """Return a conversation file's dialogue. Raises as ``own`` does."""
    read = own(path)
    return Imported((read.dialogue,), read.skipped)


def _check_turns(turns: list[_Turn], name: str) -> None:
    for number, turn in enumerate(turns, start=1):
        if turn.id != f"t{number}":
            raise BadInput(f"{name}: turn {number} has the id {turn.id!r}.", f'count the turns: "t{number}".')
        if number > 1 and turn.time <= turns[number - 2].time:
            raise BadInput(f"{name}: {turn.id} is not later than the turn before it.", "put the turns in time order.")


def _check_evidence(claim: str, evidence: Iterable[str], known: set[str], name: str) -> None:
    lost = [one for one in evidence if one not in known]
    if lost:
        raise BadInput(f"{name}: {claim} rests on {', '.join(lost)}, no turn of it.", "name turns of the same file.")


def _picture(raw: str | _Caption, album: Path) -> Path | Caption:
    return Caption(raw.caption) if isinstance(raw, _Caption) else _file(raw, album)


def _file(name: str, album: Path) -> Path:
    path = album / name
    if not path.is_file():
        raise BadPicture(f"The picture {name} is not in {album.name}/.", "put the file there or take it off the turn.")
    return path


def _groups(raw: list[list[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(group) for group in raw)


def _question(raw: _Question, album: Path) -> OwnQuestion:
    expected = Expected(_groups(raw.expected.contains), tuple(raw.expected.lacks))
    period = Period(raw.period.start, raw.period.end) if raw.period else None
    pictures = tuple(_file(name, album) for name in raw.pictures)
    return OwnQuestion(raw.id, raw.at, raw.text, expected, tuple(raw.evidence), pictures, period, raw.unknown)


def _fact(raw: _Fact) -> Fact:
    expected = Expected(_groups(raw.contains), tuple(raw.lacks))
    return Fact(raw.id, raw.type, raw.text, expected, tuple(raw.evidence), raw.current)
