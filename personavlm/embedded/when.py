"""Time expressions in English text, resolved against the clock of the turn they stand in.

    >>> from datetime import timezone
    >>> now = datetime(2023, 6, 9, 20, 0, tzinfo=timezone.utc)                       # a Friday
    >>> [(m.text, f"{m.start:%d %b %H:%M}", f"{m.end:%d %b %H:%M}") for m in mentions("We met on Sunday morning.", now)]
    [('on Sunday morning', '04 Jun 05:00', '04 Jun 11:59')]

Two passes: simple expressions first (``dates``: "8 May", "last week", "two years ago", "Sunday"), then what stands
round them ("since …", "the week before …", "from … to …", "… morning at 7"). A date without a year, and a bare weekday,
lie on the side of now to which the sentence's verbs point; without a sign the nearest date counts, and the last such
weekday. ``say`` writes a time back in words. Source: the calendar and English usage; weeks begin on Monday (ISO 8601).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from personavlm.embedded.dates import (
    DAY,
    MINUTE,
    PARTS,
    WEEKDAYS,
    Kind,
    Span,
    Tense,
    Unit,
    days,
    expressions,
    part_of,
    weekend,
)


@dataclass(frozen=True, slots=True)
class Mention:
    """A time expression: its words, where they stand, and the time they mean, both ends included, to the minute.

    ``point`` is a day or less, ``period`` more; ``since`` runs from its start to now; a ``habit`` ("every Sunday")
    gives its latest occurrence. ``unit`` says how exact it is.
    """

    text: str
    span: tuple[int, int]
    start: datetime
    end: datetime
    kind: Kind
    unit: Unit = "day"


MAX_TEXT = 20_000
"""Longer texts are read up to here (characters)."""


def mentions(text: str, now: datetime) -> tuple[Mention, ...]:
    """Return the time expressions of a text in order, resolved against ``now`` and in its zone; never overlapping.

    An expression that leaves the calendar ("31 February", "900 years ago" in the year 500) is none.
    """
    text = text[:MAX_TEXT]
    return tuple(_ranges(text, [_in_context(text, mention, now) for mention in _simple(text, now)]))


def _simple(text: str, now: datetime) -> Iterator[Mention]:
    covered = 0
    for match, resolve, kind in expressions(text):
        if match.start() < covered:
            continue
        try:
            span = resolve(match, now, tense(text, *match.span()))
        except (ValueError, OverflowError):  # outside the calendar
            continue
        covered = match.end()
        yield _mention(match[0], match.span(), span, kind)


def _mention(text: str, place: tuple[int, int], span: Span, kind: Kind | None = None) -> Mention:
    start, end, unit = span
    long = end - start >= DAY and unit not in ("hour", "part")
    return Mention(text, place, start, end, kind or ("period" if long else "point"), unit)


_FUTURE = re.compile(
    r"\b(will|won't|going to|gonna|plan\w*|next|upcoming|tomorrow|soon|hop(?:e|ing) to|want to|looking forward|"
    r"can't wait|about to|shall|until|till)\b|'ll\b|(?:\b(?:am|are|is)|'m|'re|'s) (?:\w+ )?\w+ing\b",
    re.I,
)
_PAST = re.compile(
    r"\b(was|were|had|did|didn't|went|got|took|saw|met|made|came|ran|won|lost|bought|told|said|gave|"
    r"ago|last|back in|\w{2,}ed)\b",
    re.I,
)


def tense(text: str, start: int, end: int) -> Tense:
    """Return the side of now to which the words round a place in the text point; empty if they do not say."""
    left = max(text.rfind(mark, 0, start) for mark in ".!?;\n") + 1
    right = min((i for mark in ".!?;\n" if (i := text.find(mark, end)) >= 0), default=len(text))
    clause = text[max(left, start - 160) : min(right, end + 80)]
    if _PAST.search(clause):
        return "past"
    return "future" if _FUTURE.search(clause) else ""


# ── what stands round an expression ──────────────────────────────────────────────────────────────────────────────

_PART_AFTER = re.compile(rf" (?P<part>{'|'.join(PARTS)})\b", re.I)
_PART_BEFORE = re.compile(rf"\b(?:(?:on|in) )?the (?P<part>{'|'.join(PARTS)}) (?:of )?\Z", re.I)
_CLOCK = re.compile(
    r",? (?:at|around|from) (?P<h>\d{1,2})(?::(?P<m>\d{2}))? ?(?P<half>am|pm|a\.m\.|p\.m\.)?(?!\w)", re.I
)
_SINCE = re.compile(r"\b(?:ever )?since (?:(?:around|about) )?\Z|\bstarting (?:in |from )?\Z", re.I)
_BESIDE = re.compile(
    rf"\b(?:the |a |one |(?P<two>two) )?(?P<u>day|week|weekend|{'|'.join(WEEKDAYS)})s? (?P<side>before|after) \Z", re.I
)


def _in_context(text: str, mention: Mention, now: datetime) -> Mention:
    """Return the mention widened by the words before and after it that change what it means."""
    for widen in (_with_part, _with_clock, _beside, _since):
        try:
            mention = widen(text, mention, now)
        except (ValueError, OverflowError):
            continue
    return mention


def _stretch(text: str, start: int, end: int, span: Span, kind: Kind | None = None) -> Mention:
    return _mention(text[start:end], (start, end), span, kind)


def _with_part(text: str, mention: Mention, _: datetime) -> Mention:
    if mention.unit != "day":
        return mention
    start, end = mention.span
    day: Span = (mention.start, mention.end, mention.unit)
    kind: Kind | None = "habit" if mention.kind == "habit" else None
    if (after := _PART_AFTER.match(text, end)) is not None:
        return _stretch(text, start, after.end(), part_of(day, after["part"]), kind)
    if (before := _PART_BEFORE.search(text, 0, start)) is not None:
        return _stretch(text, before.start(), end, part_of(day, before["part"]), kind)
    return mention


def _with_clock(text: str, mention: Mention, _: datetime) -> Mention:
    match = _CLOCK.match(text, mention.span[1])
    if match is None or mention.unit not in ("day", "part"):
        return mention
    hour, half = int(match["h"]), (match["half"] or "").lower()[:1]
    evening = half == "p" or (not half and not match["m"] and mention.unit == "part" and mention.start.hour >= 12)
    hour = hour % 12 + 12 if evening and hour <= 12 else 0 if half == "a" and hour == 12 else hour
    moment = mention.start.replace(hour=hour, minute=int(match["m"] or 0))
    kind: Kind | None = "habit" if mention.kind == "habit" else None
    return _stretch(text, mention.span[0], match.end(), (moment, moment, "minute"), kind)


def _beside(text: str, mention: Mention, _: datetime) -> Mention:
    match = _BESIDE.search(text, max(0, mention.span[0] - 40), mention.span[0])
    if match is None:
        return mention
    unit, before = match["u"].lower(), match["side"].lower() == "before"
    count = 2 if match["two"] else 1
    if unit == "day":
        edge = mention.start - DAY * count if before else mention.end + MINUTE + DAY * (count - 1)
        span = days(edge)
    elif unit == "week":
        span = days(
            mention.start - DAY * 7 * count if before else mention.end + MINUTE + DAY * 7 * (count - 1), 7, "week"
        )
    elif unit == "weekend":
        edge = mention.start - DAY * (2 + mention.start.weekday() % 7) if before else mention.end + MINUTE
        span = weekend(edge + DAY * 7 * (count - 1) * (-1 if before else 1))
    else:
        wanted = WEEKDAYS.index(unit)
        back = (mention.start.weekday() - wanted - 1) % 7 + 1
        ahead = (wanted - mention.end.weekday() - 1) % 7 + 1
        span = days(mention.start - DAY * back if before else mention.end + DAY * ahead)
    return _stretch(text, match.start(), mention.span[1], span)


def _since(text: str, mention: Mention, now: datetime) -> Mention:
    match = _SINCE.search(text, max(0, mention.span[0] - 30), mention.span[0])
    if match is None:
        return mention
    start = mention.start
    if start > now:  # "since March", said in February: that of last year
        start = start.replace(year=start.year - 1) if (start.month, start.day) != (2, 29) else start - DAY * 366
    span = (min(start, now), max(start, now), mention.unit)
    return _stretch(text, match.start(), mention.span[1], span, "since")


_TO = re.compile(r"(?: and | to | until | till | through | ?[-–—] ?)\Z", re.I)
_FROM = re.compile(r"\b(?:between|from) \Z", re.I)


def _ranges(text: str, found: Sequence[Mention]) -> Iterator[Mention]:
    """Yield the mentions, two that bound a range ("from May to July", "between 3 and 9 June") as one."""
    waiting: Mention | None = None
    for mention in found:
        if waiting is not None and (joined := _joined(text, waiting, mention)) is not None:
            waiting = joined
            continue
        if waiting is not None and waiting.span[1] <= mention.span[0]:  # not swallowed: "the Sunday before 25 May"
            yield waiting
        waiting = mention
    if waiting is not None:
        yield waiting


def _joined(text: str, first: Mention, second: Mention) -> Mention | None:
    gap = text[first.span[1] : second.span[0]]
    opened = _FROM.search(text, 0, first.span[0])
    if opened is None or not _TO.fullmatch(gap):
        return None
    if second.end < first.start:  # "from 3 May to 9 June 2022": the year stands once
        back = first.start.year - second.start.year
        if (first.start.month, first.start.day) == (2, 29) or not 0 < back < first.start.year:
            return None
        first = replace(first, start=first.start.replace(year=second.start.year))
        if second.end < first.start:
            return None
    place = (opened.start(), second.span[1])
    return replace(first, text=text[slice(*place)], span=place, end=second.end, kind="period", unit="span")


# ── times in words ───────────────────────────────────────────────────────────────────────────────────────────────


def date(time: datetime) -> str:
    """Return a day in words: ``7 May 2023``."""
    return f"{time.day} {time:%B} {time.year}"


def say(mention: Mention, now: datetime) -> str:
    """Return the time a mention means in words that need no clock: ``7 May 2023``, ``the week before 9 June 2023``."""
    start, end = mention.start, mention.end
    if mention.kind == "since":
        return f"since {say_span(start, start, mention.unit)}"
    if mention.unit == "week" and timedelta(0) < now - end < DAY * 8:
        return f"the week before {date(now)}"
    if mention.unit == "weekend" and timedelta(0) < now - end < DAY * 8:
        return f"the weekend before {date(now)}"
    return say_span(start, end, mention.unit)


_SEASON_NAMES = {3: "spring", 6: "summer", 9: "autumn", 12: "winter"}


def say_span(start: datetime, end: datetime, unit: Unit) -> str:
    """Return a stretch of time in words, as exact as its unit."""
    if unit == "year":
        return f"{start.year}"
    if unit == "month":
        return f"{start:%B} {start.year}"
    if unit == "season":
        return f"{_SEASON_NAMES[start.month]} {start.year}"
    if end - start < DAY:
        return date(start)
    same_month = (start.year, start.month) == (end.year, end.month)
    first = f"{start.day}" if same_month else f"{start.day} {start:%B}" if start.year == end.year else date(start)
    return f"{first} to {date(end)}"
