"""Days, hours and dates in a text, as far as two wordings of them can be told to agree.

    >>> moments("climbs tuesdays at 19:30")
    Moments(weekdays=frozenset({1}), hours=frozenset({1170}), parts=frozenset(), dates=())

A date may lack its year or day: "in April" agrees with 5 April 2025, "2 May" does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from personavlm.scoring import lexicon

WEEKDAYS, MONTHS = lexicon.section("weekdays"), lexicon.section("months")
PARTS = {
    "morning": (300, 719),
    "noon": (690, 810),
    "afternoon": (720, 1079),
    "evening": (1020, 1439),
    "night": (1080, 1439),
}
"""Minutes of the day that a part of it covers, both ends included."""


@dataclass(frozen=True, slots=True)
class Day:
    """A date that may lack its year or its day of the month."""

    month: int
    day: int | None = None
    year: int | None = None

    def agrees(self, other: Day) -> bool:
        """Whether both can be the same date."""
        pairs = ((self.month, other.month), (self.day, other.day), (self.year, other.year))
        return all(a is None or b is None or a == b for a, b in pairs)

    def near(self, when: date) -> date:
        """Return the date with what it lacks filled in from another one."""
        year, day = self.year or when.year, self.day or when.day
        for last in (day, 30, 29, 28):
            try:
                return date(year, self.month, min(day, last))
            except ValueError:
                continue
        return when


@dataclass(frozen=True, slots=True)
class Moments:
    """What a text says of when."""

    weekdays: frozenset[int] = frozenset()
    """0 is Monday."""
    hours: frozenset[int] = frozenset()
    """Clock times in minutes of the day; "7:30" with nothing to tell morning from evening is 450 and 1170."""
    parts: frozenset[str] = frozenset()
    dates: tuple[Day, ...] = ()


_MONTH = rf"(?P<month>{'|'.join(MONTHS)}|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b\.?"
_DATES = (
    re.compile(r"\b(?P<year>\d{4})-(?P<m>\d\d)-(?P<day>\d\d)\b"),
    re.compile(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?{_MONTH}(?:,? (?P<year>(?:19|20)\d\d))?"),
    re.compile(rf"\b{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (?P<year>(?:19|20)\d\d))?"),
    re.compile(rf"\b(?:in|since|last|next|early|late|mid|until|of|by) {_MONTH}(?:,? (?P<year>(?:19|20)\d\d))?"),
)
_CLOCK = re.compile(r"\b(\d\d?):(\d\d)\b")
_WEEKDAY = re.compile(rf"\b({'|'.join(WEEKDAYS)})s?\b")
_PART = re.compile(rf"\b({'|'.join(PARTS)})s?\b|\b(before noon)\b|\bafter (work)\b")


@lru_cache(maxsize=65_536)
def moments(text: str) -> Moments:
    """Return what a plain text (``reading.plain``) says of when."""
    taken: list[Day] = []
    rest = text
    for pattern in _DATES:
        taken += [_day(match) for match in pattern.finditer(rest)]
        rest = pattern.sub(" ", rest)
    hours = frozenset(minute for m in _CLOCK.finditer(text) for minute in _minutes(m[1], m[2]))
    parts = frozenset(m[1] or ("morning" if m[2] else "evening") for m in _PART.finditer(text))
    return Moments(frozenset(WEEKDAYS.index(m[1]) for m in _WEEKDAY.finditer(rest)), hours, parts, tuple(taken))


def _minutes(hour: str, minute: str) -> tuple[int, ...]:
    first = 60 * int(hour) + int(minute)
    return (first, first + 720) if len(hour) == 1 else (first,)


def without(text: str) -> str:
    """Return a plain text without its days, hours and dates."""
    for pattern in (*_DATES, _CLOCK, _WEEKDAY, _PART):
        text = pattern.sub(" ", text)
    return text


def _day(match: re.Match[str]) -> Day:
    groups = match.groupdict()
    month = int(groups["m"]) if groups.get("m") else 1 + [m[:3] for m in MONTHS].index(groups["month"][:3])
    day, year = groups.get("day"), groups.get("year")
    return Day(month, int(day) if day else None, int(year) if year else None)


def hours_agree(one: Moments, other: Moments) -> bool:
    """Whether clock times and parts of the day of two texts can be the same."""
    if one.hours and other.hours:
        return bool(one.hours & other.hours)
    spans = [PARTS[part] for part in other.parts if one.hours] + [PARTS[part] for part in one.parts if other.hours]
    known = one.hours or other.hours
    if spans:
        return any(low <= hour <= high for low, high in spans for hour in known)
    return (
        not (one.parts and other.parts)
        or bool(one.parts & other.parts)
        or {"evening", "night"} <= one.parts | other.parts
    )


# ── spelling ─────────────────────────────────────────────────────────────────────────────────────────────────────

_HALF = re.compile(r"\bhalf past (\d\d?)\b")
_QUARTER = re.compile(r"\b(?:a )?quarter (past|to) (\d\d?)\b")
_PM = re.compile(
    r"\b(\d\d?)(?::(\d\d))?(?: o'clock)? ?"
    r"(am|pm|a\.m\.|p\.m\.|in the morning|in the afternoon|in the evening|at night)(?!\w)"
)
_OCLOCK = re.compile(r"\b(\d\d?) o'clock\b")


def spelled(text: str) -> str:
    """Return a lower-case text whose clock times are spelled HH:MM ("half past 7 in the evening" is 19:30)."""
    text = _HALF.sub(r"\1:30", text)
    text = _QUARTER.sub(lambda m: f"{m[2]}:15" if m[1] == "past" else f"{int(m[2]) - 1}:45", text)
    text = _PM.sub(_clock, text)
    text = _OCLOCK.sub(r"\1:00", text)
    return re.sub(r"\b(\d):(\d\d)(?:,| on)? (?:in the )?(?:evening|afternoon)s?\b", _late, text)


def _clock(match: re.Match[str]) -> str:
    hour, minute, half = int(match[1]), match[2] or "00", match[3]
    late = half.startswith("p") or half.endswith(("afternoon", "evening", "night"))
    shifted = hour + 12 if late and hour < 12 else 0 if not late and hour == 12 else hour
    return f"{shifted:02}:{minute}"


def _late(match: re.Match[str]) -> str:
    return f"{int(match[1]) + 12}:{match[2]}"
