"""LoCoMo: long conversations of two people over months, with questions and the utterances that answer them.

One file holds several conversations; a session looks like this (abridged, not a real one):

    "session_1_date_time": "1:56 pm on 8 May, 2023",
    "session_1": [{"speaker": "Ann", "dia_id": "D1:1", "text": "Hi!", "blip_caption": "a photo of a lake"}, …],
    "qa": [{"question": "…", "answer": "…", "evidence": ["D1:1"], "category": 2}, …]

Its other parts (event_summary, observation, session_summary, picture addresses and search words) were generated from
the text by its authors; they are left aside on purpose and not reported. Source: LoCoMo (Maharana et al., 2024),
CC BY-NC 4.0: read from where the user has it, never copied into this project.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import groupby
from pathlib import Path
from typing import Literal, get_args

from pydantic import Field

from personavlm.datasets.dialogue import Dialogue, Imported, Said, pair
from personavlm.datasets.files import Shape, Skipped, check, load
from personavlm.errors import BadInput

Category = Literal["multi-hop", "temporal", "open-domain", "single-hop", "adversarial"]
CATEGORIES: tuple[Category, ...] = get_args(Category)
"""In the file's numbering, 1 to 5."""

SPACING = timedelta(seconds=1)
"""Time put between utterances of a session. The file dates sessions only, to the minute; a second each keeps the order
and, up to 60 utterances, the minute."""

WHAT = "a LoCoMo file (a list of conversations with qa, as locomo10.json)"


@dataclass(frozen=True, slots=True)
class Utterance:
    """One thing said. ``id`` is the file's dia_id, ``session`` counts from 1, ``caption`` tells a shared picture."""

    id: str
    session: int
    speaker: str
    time: datetime
    text: str
    caption: str = ""


@dataclass(frozen=True, slots=True)
class LoCoMoQuestion:
    """One question with the ids of the utterances that answer it (only those found in the conversation)."""

    id: str
    """Conversation and the question's number from 0, as "conv-26/17"."""
    question: str
    answer: str
    """Empty for adversarial questions: nothing in the talk answers them."""
    category: Category
    evidence: tuple[str, ...]
    trap: str = ""
    """Adversarial only: the wrong answer the question baits."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation of two speakers with its questions."""

    id: str
    speakers: tuple[str, str]
    utterances: tuple[Utterance, ...]
    questions: tuple[LoCoMoQuestion, ...]


@dataclass(frozen=True, slots=True)
class LoCoMo:
    """What was read, what was left out and why, and how many evidence ids were repaired."""

    conversations: tuple[Conversation, ...]
    skipped: tuple[Skipped, ...] = ()
    repaired: int = 0


class _Utterance(Shape):
    speaker: str
    dia_id: str
    text: str = ""
    blip_caption: str = ""


class _Question(Shape):
    question: str
    category: int = Field(ge=1, le=len(CATEGORIES))
    answer: str | int | float | None = None
    adversarial_answer: str | int | float | None = None
    evidence: list[str] = Field(default_factory=list)


class _Conversation(Shape):
    sample_id: str
    conversation: dict[str, object]
    qa: list[_Question] = Field(default_factory=list)


def locomo(path: Path, conversation: str | None = None, zone: tzinfo = UTC) -> LoCoMo:
    """Return the conversations of a LoCoMo file, or the one of that id.

    The file's times have no zone: ``zone`` is assumed. Evidence ids are repaired where possible ("D8:6; D9:17" is two,
    "D:11:26" is D11:26, "D30:05" is D30:5); what resolves to no utterance is reported and left out.
    Raises ``BadInput`` for a file of another shape or an id that is not in it.
    """
    raw = load(path, list[_Conversation], WHAT)
    ids = [item.sample_id for item in raw]
    if conversation is not None and conversation not in ids:
        raise BadInput(f"{path.name} has no conversation {conversation!r}.", f"choose one of {', '.join(ids)}.")
    chosen = [item for item in raw if conversation in (None, item.sample_id)]
    read = [_conversation(item, path.name, zone) for item in chosen]
    return LoCoMo(
        tuple(one for one, _, _ in read),
        tuple(line for _, lines, _ in read for line in lines),
        sum(count for _, _, count in read),
    )


def asker(conversation: Conversation, question: str) -> str:
    """Return the speaker who asks: the one whose name stands first in the question, else the first speaker."""
    places = {name: match.start() for name in conversation.speakers if (match := _named(name, question))}
    return min(places, key=lambda name: places[name]) if places else conversation.speakers[0]


def _named(name: str, question: str) -> re.Match[str] | None:
    return re.search(rf"\b{re.escape(name)}", question, re.IGNORECASE)


def locomo_dialogues(conversation: Conversation) -> tuple[Dialogue, ...]:
    """Return the conversation once per speaker: that one is the user ``ID-speaker``, the other is the assistant.

    Captions stand for the user's pictures; the other side's are told in the reply. See ``dialogue.pair`` for the rest.
    """
    return tuple(_as_user(conversation, user) for user in conversation.speakers)


def import_locomo(path: Path, conversation: str | None = None, zone: tzinfo = UTC) -> Imported:
    """Return a LoCoMo file's conversations as dialogues, two per conversation. Raises as ``locomo`` does."""
    read = locomo(path, conversation, zone)
    dialogues = tuple(dialogue for one in read.conversations for dialogue in locomo_dialogues(one))
    silent = tuple(
        Skipped(f"{one.id} session {number}", f"{speaker} says nothing in it: left out of {one.id}-{speaker}")
        for one in read.conversations
        for speaker in one.speakers
        for number, talk in _sittings(one)
        if not any(utterance.speaker == speaker for utterance in talk)
    )
    return Imported(dialogues, read.skipped + silent, read.repaired)


def session_time(text: str, zone: tzinfo = UTC) -> datetime:
    """Return the time in LoCoMo's spelling, "1:56 pm on 8 May, 2023". Raises ``ValueError`` for another one."""
    match = _TIME.fullmatch(text.strip().lower())
    if match is None or match["month"] not in _MONTHS:
        raise ValueError(f"{text!r} is not a time like '1:56 pm on 8 May, 2023'")
    hour = int(match["hour"]) % 12 + (12 if match["half"] == "pm" else 0)
    month = _MONTHS.index(match["month"]) + 1
    return datetime(int(match["year"]), month, int(match["day"]), hour, int(match["minute"]), tzinfo=zone)


_TIME = re.compile(
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d) (?P<half>am|pm) on (?P<day>\d{1,2}) (?P<month>[a-z]+),? (?P<year>\d{4})"
)
_MONTHS = (
    "january february march april may june july august september october november december".split()  # noqa: SIM905
)
_EVIDENCE = re.compile(r"D:?(\d+):(\d+)")


def evidence_ids(raw: str) -> tuple[str, ...]:
    """Return the utterance ids meant by one evidence string, in the file's usual spelling ("D8:6")."""
    return tuple(f"D{int(session)}:{int(number)}" for session, number in _EVIDENCE.findall(raw))


def _conversation(item: _Conversation, name: str, zone: tzinfo) -> tuple[Conversation, list[Skipped], int]:
    said, skipped = _utterances(item, name, zone)
    known = {utterance.id for utterance in said}
    questions: list[LoCoMoQuestion] = []
    repaired = 0
    for number, raw in enumerate(item.qa):
        found, mended, lost = _resolve(raw.evidence, known)
        questions.append(_question(f"{item.sample_id}/{number}", raw, found))
        repaired += mended
        skipped += [Skipped(f"{item.sample_id} question {number}", f"evidence {one!r} is no utterance") for one in lost]
    speakers = _speakers(item, said)
    return Conversation(item.sample_id, speakers, tuple(said), tuple(questions)), skipped, repaired


def _resolve(raw: Iterable[str], known: set[str]) -> tuple[tuple[str, ...], int, list[str]]:
    """Return the resolved ids, how many strings needed repair, and what resolves to nothing."""
    found: dict[str, None] = {}
    repaired, lost = 0, []
    for text in raw:
        ids = (text,) if text in known else evidence_ids(text)
        inside = [one for one in ids if one in known]
        found.update(dict.fromkeys(inside))
        repaired += bool(inside) and inside != [text]
        lost += [one for one in ids if one not in known] if ids else [text]
    return tuple(found), repaired, lost


def _question(name: str, raw: _Question, evidence: tuple[str, ...]) -> LoCoMoQuestion:
    answer = "" if raw.answer is None else str(raw.answer)
    trap = "" if raw.adversarial_answer is None else str(raw.adversarial_answer)
    return LoCoMoQuestion(name, raw.question, answer, CATEGORIES[raw.category - 1], evidence, trap)


def _utterances(item: _Conversation, name: str, zone: tzinfo) -> tuple[list[Utterance], list[Skipped]]:
    said: list[Utterance] = []
    skipped: list[Skipped] = []
    for number in _session_numbers(item.conversation):
        where = f"{item.sample_id} session {number}"
        raw = item.conversation.get(f"session_{number}")
        if raw is None:
            skipped.append(Skipped(where, "it has a date but no utterances"))
            continue
        start = _start(item.conversation, number, f"{name}: {where}", zone)
        place = f"{name}: {item.sample_id}.session_{number}"
        for index, one in enumerate(check(raw, list[_Utterance], place, f"give the path of {WHAT}.")):
            if one.text.strip() or one.blip_caption.strip():
                time = start + index * SPACING
                said.append(
                    Utterance(one.dia_id, number, one.speaker, time, one.text.strip(), one.blip_caption.strip())
                )
            else:
                skipped.append(Skipped(f"{item.sample_id} {one.dia_id}", "it has neither text nor a caption"))
    return said, skipped


def _session_numbers(conversation: Mapping[str, object]) -> list[int]:
    matches = (re.fullmatch(r"session_(\d+)(?:_date_time)?", key) for key in conversation)
    return sorted({int(match[1]) for match in matches if match})


def _start(conversation: Mapping[str, object], number: int, where: str, zone: tzinfo) -> datetime:
    text = conversation.get(f"session_{number}_date_time")
    try:
        return session_time(str(text), zone)
    except ValueError as error:
        raise BadInput(f"{where}: {error}.", "write the session's date in LoCoMo's spelling.") from error


def _speakers(item: _Conversation, said: Sequence[Utterance]) -> tuple[str, str]:
    named = [item.conversation.get("speaker_a"), item.conversation.get("speaker_b")]
    names = list(dict.fromkeys([str(name) for name in named if name] + [utterance.speaker for utterance in said]))
    if len(names) != 2:
        raise BadInput(
            f"{item.sample_id} has {len(names)} speakers ({', '.join(names)}), not two.",
            "name the two speakers alike in speaker_a, speaker_b and every utterance.",
        )
    return names[0], names[1]


def _as_user(conversation: Conversation, user: str) -> Dialogue:
    (other,) = (name for name in conversation.speakers if name != user)
    turns = tuple(turn for _, talk in _sittings(conversation) for turn in pair([_said(u, user) for u in talk]))
    return Dialogue(f"{conversation.id}-{user}", other, turns)


def _sittings(conversation: Conversation) -> list[tuple[int, list[Utterance]]]:
    return [(number, list(talk)) for number, talk in groupby(conversation.utterances, key=lambda u: u.session)]


def _said(utterance: Utterance, user: str) -> Said:
    return Said(utterance.speaker == user, utterance.text, utterance.time, utterance.id, utterance.caption)
