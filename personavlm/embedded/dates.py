"""Simple time expressions: the rules behind ``when``, one regular expression and one resolver each.

A resolver turns a match into a span of the calendar, both ends included, to the minute. Dates written out and counted
offsets go through dateparser; weeks (Monday to Sunday), weekends, seasons (northern), parts of the day and habits are
our own, because a library returns a moment and memory asks for a period. Tables: the
calendar, and common English usage.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal

Kind = Literal["point", "period", "since", "habit"]
Unit = Literal["minute", "hour", "part", "day", "weekend", "week", "month", "season", "year", "span"]

# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12,
}  # fmt: skip
VAGUE = {"a couple of": 2, "couple of": 2, "a couple": 2, "a few": 3, "few": 3, "several": 4, "a": 1, "an": 1}
SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
"""First month of each, northern hemisphere, by the meteorological calendar."""
HOLIDAYS = {
    "christmas eve": (12, 24), "christmas": (12, 25), "new year's eve": (12, 31), "new year's day": (1, 1),
    "new year's": (1, 1), "halloween": (10, 31), "valentine's day": (2, 14), "independence day": (7, 4),
    "fourth of july": (7, 4),
}  # fmt: skip
PARTS = {"morning": (5, 7), "afternoon": (12, 6), "evening": (17, 6), "night": (18, 10), "lunchtime": (11, 3)}
"""First hour and length in hours."""

_DAY = "|".join(WEEKDAYS) + "|mon|tues?|wed|thurs?|fri|sat|sun"
_MONTH = "|".join(MONTHS) + "|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
_COUNT = r"\d{1,3}|" + "|".join(sorted([*NUMBERS, *VAGUE], key=len, reverse=True))
_UNIT = r"minute|hour|day|night|weekend|week|month|year"
_PART = "|".join(PARTS)
_YEAR = r"(?:19|20)\d{2}"

Tense = Literal["past", "future", ""]
"""The side of now to which the verbs round an expression point."""

# ── calendar ─────────────────────────────────────────────────────────────────────────────────────────────────────

Span = tuple[datetime, datetime, Unit]
MINUTE, DAY, WEEK = timedelta(minutes=1), timedelta(days=1), timedelta(days=7)


def _midnight(time: datetime) -> datetime:
    return time.replace(hour=0, minute=0, second=0, microsecond=0)


def days(first: datetime, count: int = 1, unit: Unit = "day") -> Span:
    """Return ``count`` whole days from the day of ``first``."""
    return _midnight(first), _midnight(first) + DAY * count - MINUTE, unit


def _week(day: datetime) -> Span:
    return days(day - DAY * day.weekday(), 7, "week")


def part_of(day: Span, part: str) -> Span:
    """Return the part of a day that "morning" and the like mean."""
    hour, length = PARTS[part.lower()]
    start = day[0] + timedelta(hours=hour)
    return start, start + timedelta(hours=length) - MINUTE, "part"


def weekend(day: datetime) -> Span:
    """Return the weekend of the day's week (Saturday and Sunday)."""
    return days(day + DAY * (5 - day.weekday()), 2, "weekend")


def _month(year: int, month: int, now: datetime, count: int = 1, unit: Unit = "month") -> Span:
    """Return ``count`` months from one; months outside 1 to 12 run into the neighbouring years."""
    index = year * 12 + month - 1
    first = _midnight(now).replace(year=index // 12, month=index % 12 + 1, day=1)
    index += count
    return first, first.replace(year=index // 12, month=index % 12 + 1) - MINUTE, unit


def _year(year: int, now: datetime) -> Span:
    return _month(year, 1, now, 12, "year")


def _side(candidates: list[Span], now: datetime, tense: Tense) -> Span:
    """Return the candidate on the side of now that the verbs point to; without a sign the nearest."""
    past = [c for c in candidates if c[0] <= now]
    future = [c for c in candidates if c[1] >= now]
    if tense == "past" and past:
        return max(past)
    if tense == "future" and future:
        return min(future)
    return min(candidates, key=lambda c: 0 if c[0] <= now <= c[1] else min(abs(c[0] - now), abs(c[1] - now)) / DAY)


def _count(words: str) -> int:
    words = words.lower().strip()
    return int(words) if words.isdigit() else NUMBERS.get(words, VAGUE.get(words, 1))


def _weekday(word: str) -> int:
    return next(i for i, name in enumerate(WEEKDAYS) if name.startswith(word.lower()[:3]))


def _month_number(word: str) -> int:
    return next(i for i, name in enumerate(MONTHS, 1) if name.startswith(word.lower()[:3]))


@lru_cache(maxsize=4096)
def _library(text: str, base: datetime) -> datetime | None:
    import dateparser

    settings = {"RELATIVE_BASE": base, "RETURN_AS_TIMEZONE_AWARE": False, "PREFER_DATES_FROM": "current_period"}
    return dateparser.parse(text, languages=["en"], settings=settings)


def _parsed(text: str, now: datetime) -> datetime:
    """Return what dateparser makes of a date or offset, in now's zone. Raises ``ValueError`` if nothing."""
    found = _library(text, now.replace(tzinfo=None, second=0, microsecond=0))
    if found is None:
        raise ValueError(f"{text!r} is no date")
    return found.replace(tzinfo=now.tzinfo)


# ── simple expressions ───────────────────────────────────────────────────────────────────────────────────────────

Match = re.Match[str]
Resolver = Callable[[Match, datetime, Tense], Span]


def _iso(m: Match, now: datetime, _: Tense) -> Span:
    day = now.replace(year=int(m["y"]), month=int(m["m"]), day=int(m["d"]), second=0, microsecond=0)
    if m["clock"]:
        moment = day.replace(hour=int(m["clock"][:2]), minute=int(m["clock"][3:5]))
        return moment, moment, "minute"
    return days(day)


def _date(m: Match, now: datetime, tense: Tense) -> Span:
    bare = re.sub(r"(?<=\d)(st|nd|rd|th)|\b(of|the|on|\w+day)\b|,", " ", m[0], flags=re.I)
    if m["y"]:
        return days(_parsed(bare, now))
    found = []
    for year in (now.year - 1, now.year, now.year + 1):
        month, day = _month_number(m["m"]), int(m["d"])
        if 1 <= year <= 9998 and 1 <= day <= monthrange(year, month)[1]:
            found.append(days(now.replace(year=year, month=month, day=day)))
    return _side(found, now, tense)


def _numeric(m: Match, now: datetime, _: Tense) -> Span:
    return days(_parsed(m[0], now))


def _month_name(m: Match, now: datetime, tense: Tense) -> Span:
    month, when = _month_number(m["m"]), (m["rel"] or "").lower().strip()
    if m["y"]:
        span = _month(int(m["y"]), month, now)
    elif when in ("last", "past", "next"):
        years = (now.year - 1, now.year, now.year + 1)
        candidates = [_month(y, month, now) for y in years]
        span = max(c for c in candidates if c[1] < now) if when != "next" else min(c for c in candidates if c[0] > now)
    elif when == "this":
        span = _month(now.year, month, now)
    else:
        span = _side([_month(y, month, now) for y in (now.year - 1, now.year, now.year + 1)], now, tense)
    return _third(span, (m["third"] or "").lower())


def _third(span: Span, part: str) -> Span:
    first, last, unit = span
    length = (last - first) / 3
    if re.match("early|start|beginning", part):
        return days(first, length.days, "span")
    if re.match("mid", part):
        return days(first + length, length.days, "span")
    if re.match("late|end", part):
        return days(last - length, length.days + 1, "span")
    return first, last, unit


def _year_only(m: Match, now: datetime, _: Tense) -> Span:
    return _third(_year(int(m["y"]), now), (m["third"] or "").lower())


def _season(m: Match, now: datetime, tense: Tense) -> Span:
    month, when = SEASONS[m["s"].lower()], (m["rel"] or "").lower()
    if m["y"]:
        return _month(int(m["y"]), month, now, 3, "season")
    candidates = [_month(y, month, now, 3, "season") for y in (now.year - 1, now.year, now.year + 1)]
    if when in ("last", "past"):
        return max(c for c in candidates if c[1] < now)
    if when in ("next", "coming"):
        return min(c for c in candidates if c[0] > now)
    return _side(candidates, now, "future" if when == "this" and tense != "past" else tense)


def _holiday(m: Match, now: datetime, tense: Tense) -> Span:
    month, day = HOLIDAYS[m["h"].lower().replace("’", "'")]
    if m["y"]:
        return days(now.replace(year=int(m["y"]), month=month, day=day))
    found = [days(now.replace(year=y, month=month, day=day)) for y in (now.year - 1, now.year, now.year + 1)]
    return _side(found, now, "past" if (m["rel"] or "").lower() == "last" else tense)


def _named_day(m: Match, now: datetime, _: Tense) -> Span:
    words = m[0].lower()
    if "fortnight" in words:
        return days(now - DAY * 16, 5, "span")
    if words in ("last night", "tonight"):
        first = _midnight(now) - (DAY if words == "last night" else timedelta(0)) + timedelta(hours=18)
        return first, first + timedelta(hours=10) - MINUTE, "part"
    if words == "the other day":
        return days(now - DAY * 7, 6, "span")
    if words.startswith("this "):
        return part_of(days(now), words[5:])
    steps = {"the day before yesterday": -2, "the day after tomorrow": 2, "yesterday": -1, "tomorrow": 1}
    return days(now + DAY * steps.get(words, 0))


def _relative(m: Match, now: datetime, _: Tense) -> Span:
    """Last, this or next day of the week, weekend, week, month, year."""
    when, unit = m["rel"].lower(), m["u"].lower()
    step = {"last": -1, "past": -1, "previous": -1, "this past": -1, "this last": -1}.get(when, 1)
    step = 0 if when in ("this", "the current") else step
    if unit == "week":
        return _week(now + WEEK * step)
    if unit == "weekend":
        back = WEEK if step < 0 and now.weekday() < 5 else timedelta(0)
        return weekend(now - (back or WEEK)) if step < 0 else weekend(now + WEEK * step)
    if unit == "month":
        return _month(now.year, now.month + step, now)
    if unit == "year":
        return _year(now.year + step, now)
    return _weekday_span(_weekday(unit), now, "future" if step >= 0 else "past", today=step == 0)


def _weekday_span(day: int, now: datetime, tense: Tense, today: bool = False) -> Span:
    if today and day == now.weekday():
        return days(now)
    if tense == "future":
        return days(now + DAY * ((day - now.weekday() - 1) % 7 + 1))
    return days(now - DAY * ((now.weekday() - day - 1) % 7 + 1))


def _bare_weekday(m: Match, now: datetime, tense: Tense) -> Span:
    return _weekday_span(_weekday(m["u"]), now, tense)


def _ago(m: Match, now: datetime, _: Tense) -> Span:
    """Return the time so many units before or after now, as blurred as the unit."""
    count, unit, back = _count(m["n"]), m["u"].lower(), not m[0].lower().startswith("in ")
    words = f"{count} {'day' if unit in ('night', 'weekend') else unit}s"
    moment = _parsed(f"{words} ago" if back else f"in {words}", now)
    vague = m["n"].lower().endswith(("few", "several", "couple of", "couple"))
    if unit in ("minute", "hour"):
        return moment, moment, "hour"
    if unit in ("day", "night"):
        return days(moment - DAY, 4, "span") if vague else days(moment)
    if unit == "weekend":
        return weekend(now + WEEK * (-count if back else count))
    if unit == "week":
        return days(moment - DAY * 3, 7, "week")
    if unit == "month":
        return _month(moment.year, moment.month - vague, now, 1 + 2 * vague, "span" if vague else "month")
    return _month(moment.year - vague, 1, now, 12 * (1 + 2 * vague), "span") if vague else _year(moment.year, now)


def _lasting(m: Match, now: datetime, _: Tense) -> Span:
    """Return the stretch up to now: "the last three weeks", "for two years" after have or been."""
    words = f"{_count(m['n'] or '1')} {m['u'].lower().replace('night', 'day').replace('weekend', 'week')}s ago"
    return min(_parsed(words, now), now), now, "span"


def _nth_week(m: Match, now: datetime, tense: Tense) -> Span:
    year = int(m["y"]) if m["y"] else _month_name_year(m["m"], now, tense)
    first, last, _ = _month(year, _month_number(m["m"]), now)
    which = m["n"].lower()
    if which == "last":
        return days(last - DAY * 6, 7, "week")
    position = {"first": 0, "second": 1, "third": 2, "fourth": 3}[which]
    if m["u"].lower() == "weekend":
        return days(first + DAY * ((5 - first.weekday()) % 7 + 7 * position), 2, "weekend")
    return days(first + DAY * 7 * position, 7, "week")


def _month_name_year(word: str, now: datetime, tense: Tense) -> int:
    month = _month_number(word)
    return _side([_month(y, month, now) for y in (now.year - 1, now.year, now.year + 1)], now, tense)[0].year


def _habit(m: Match, now: datetime, _: Tense) -> Span:
    words = m[0].lower()
    if (day := re.search(rf"\b({_DAY})s?\b", words)) is not None:
        return _weekday_span(_weekday(day[1]), now, "past")
    if "weekend" in words:
        return weekend(now - WEEK)
    if "month" in words:
        return _month(now.year, now.month - 1, now)
    if "year" in words:
        return _year(now.year - 1, now)
    return _week(now - WEEK) if "week" in words else days(now - DAY)


_THIRD = r"(?:(?:the )?(?P<third>early|mid|late|(?:start|beginning|middle|end) of)[ -])?"
_IN = r"(?:(?:in|during|around|by|over|on) )?"
_TH = r"(?:st|nd|rd|th)?"
_NAMED = rf"(?:(?:{'|'.join(WEEKDAYS)}),? )?"
"""A date's weekday, which says nothing more."""
_OF_YEAR = rf"(?:,?(?: of)? (?P<y>{_YEAR}))?"
_ABOUT = r"(?:(?:about|around|just|like|over|almost|nearly) )?"
_FULL_DAY = "|".join(WEEKDAYS)
_COUNTED = rf"(?P<n>{_COUNT}) (?P<u>{_UNIT})s?"
_EVERY = (
    rf"(?:every|each)(?: other| single)? (?:(?:{_DAY})(?: (?:{_PART}))?|{_PART}|{_UNIT})s?",
    rf"on (?:{_FULL_DAY})s",
    rf"(?:on )?(?:{_FULL_DAY}) (?:{_PART})s",
    rf"in the (?:{_PART})s|on weekends|daily|weekly|monthly",
    rf"(?:once|twice|(?:{_COUNT}) times) (?:a|per|each|every) (?:day|week|month|year)",
)
_NEAR_DAYS = (
    "the day before yesterday|the day after tomorrow|yesterday|today|tomorrow|tonight|last night|the other day",
    rf"this (?:{_PART})|a fortnight ago",
)
_REL = "last|this past|this last|past|previous|next|this|the current|coming"
_RULES: tuple[tuple[str, Resolver, Kind | None], ...] = (
    (r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})(?:[ T](?P<clock>\d{2}:\d{2}))?", _iso, None),
    (rf"(?:on )?{_NAMED}(?:the )?(?P<d>\d{{1,2}}){_TH}(?: of)? (?P<m>{_MONTH})\b\.?{_OF_YEAR}", _date, None),
    (rf"(?:on )?{_NAMED}(?P<m>{_MONTH})\.? (?:the )?(?P<d>\d{{1,2}}){_TH}\b(?!:){_OF_YEAR}", _date, None),
    (r"\d{1,2}/\d{1,2}/\d{4}|\d{1,2}\.\d{1,2}\.\d{4}", _numeric, None),
    (
        rf"{_IN}(?:the )?(?P<n>first|second|third|fourth|last) (?P<u>week|weekend) (?:of|in) (?P<m>{_MONTH})\b"
        rf"{_OF_YEAR}",
        _nth_week,
        None,
    ),
    ("|".join(_EVERY), _habit, "habit"),
    ("|".join(_NEAR_DAYS), _named_day, None),
    (rf"{_ABOUT}{_COUNTED} (?:ago|back|earlier|before now)", _ago, None),
    (rf"in {_ABOUT}{_COUNTED}(?! of)(?:'s? time)?", _ago, None),
    (rf"{_IN}(?:for )?the (?:last|past) (?:(?P<n>{_COUNT}) )?(?P<u>{_UNIT})s", _lasting, "since"),
    (rf"for {_ABOUT}{_COUNTED}(?: now)?", _lasting, "since"),
    (rf"{_IN}(?:the )?(?P<rel>{_REL}) (?P<u>week|weekend|month|year|{_DAY})", _relative, None),
    (rf"{_IN}(?:the )?(?:(?P<rel>last|past|this|next|coming) )?(?P<s>{'|'.join(SEASONS)}){_OF_YEAR}", _season, None),
    (rf"(?:(?P<rel>last|this|next) )?(?P<h>{'|'.join(HOLIDAYS)}){_OF_YEAR}", _holiday, None),
    (rf"{_IN}{_THIRD}(?:(?P<rel>last|past|this|next) )?(?P<m>{_MONTH})\b{_OF_YEAR}", _month_name, None),
    (rf"(?:in|during|around|by|back in|since) {_THIRD}(?P<y>{_YEAR})", _year_only, None),
    (rf"(?:on )?(?P<u>{_FULL_DAY})", _bare_weekday, None),
)
_COMPILED = tuple((re.compile(rf"\b(?:{p})(?!\w)".replace("'", "['’]"), re.I), r, k) for p, r, k in _RULES)
_AMBIGUOUS = {"may", "march", "fall", "spring", "the fall", "the spring", "this may", "first"}
"""Words that are times only beside a word that says so ("may I", "march on", "fall asleep")."""
_LASTED = re.compile(r"\b(have|has|had|been|haven't|hasn't|never)\b|'ve\b|\w's (?!a\b|the\b)", re.I)
_MAY = re.compile(r"(?:\w[,\w'’]* )(?:May|March)\Z")


def expressions(text: str) -> Iterator[tuple[re.Match[str], Resolver, Kind | None]]:
    """Yield the simple expressions of a text from left to right; where two begin together, the longer first."""
    found = [
        (match, order, resolver, kind)
        for order, (pattern, resolver, kind) in enumerate(_COMPILED)
        for match in pattern.finditer(text)
        if not _doubtful(text, match)
    ]
    found.sort(key=lambda item: (item[0].start(), -item[0].end(), item[1]))
    for match, _, resolver, kind in found:
        yield match, resolver, kind


def _doubtful(text: str, match: Match) -> bool:
    words = match[0].lower()
    before = text[max(0, match.start() - 60) : match.start()]
    if words.startswith("for ") and not words.startswith("for the "):
        return not _LASTED.search(before)
    if words in ("may", "march"):
        return not _MAY.search(before[-30:] + match[0])
    return words in _AMBIGUOUS
