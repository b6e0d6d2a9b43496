"""Time expressions: what each means from a known moment, and the laws that hold for any text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personavlm.embedded.when import date, mentions, say

NOW = datetime(2023, 6, 9, 20, 0, tzinfo=UTC)  # a Friday


@pytest.mark.parametrize(
    ("text", "words", "start", "end", "kind"),
    [
        ("We met on Sunday morning.", "on Sunday morning", "2023-06-04 05:00", "2023-06-04 11:59", "point"),
        ("I went there yesterday!", "yesterday", "2023-06-08 00:00", "2023-06-08 23:59", "point"),
        ("It happened last night", "last night", "2023-06-08 18:00", "2023-06-09 03:59", "point"),
        ("Last week was wild", "Last week", "2023-05-29 00:00", "2023-06-04 23:59", "period"),
        ("we hiked last weekend", "last weekend", "2023-06-03 00:00", "2023-06-04 23:59", "period"),
        ("since March I run", "since March", "2023-03-01 00:00", "2023-06-09 20:00", "since"),
        ("since November I run", "since November", "2022-11-01 00:00", "2023-06-09 20:00", "since"),
        ("I've had it for 4 years now", "for 4 years now", "2019-06-09 20:00", "2023-06-09 20:00", "since"),
        ("the week before 9 June", "the week before 9 June", "2023-06-02 00:00", "2023-06-08 23:59", "period"),
        ("the Sunday before 25 May 2023", None, "2023-05-21 00:00", "2023-05-21 23:59", "point"),
        ("two weekends before 17 July 2023", None, "2023-07-08 00:00", "2023-07-09 23:59", "period"),
        ("I moved two years ago", "two years ago", "2021-01-01 00:00", "2021-12-31 23:59", "period"),
        ("a few days ago I fell", "a few days ago", "2023-06-05 00:00", "2023-06-08 23:59", "period"),
        ("We leave in three weeks", "in three weeks", "2023-06-27 00:00", "2023-07-03 23:59", "period"),
        ("We will move next month", "next month", "2023-07-01 00:00", "2023-07-31 23:59", "period"),
        ("it was in May 2022", "in May 2022", "2022-05-01 00:00", "2022-05-31 23:59", "period"),
        ("we met in August", "in August", "2022-08-01 00:00", "2022-08-31 23:59", "period"),
        ("I'll start in August", "in August", "2023-08-01 00:00", "2023-08-31 23:59", "period"),
        ("8 May", "8 May", "2023-05-08 00:00", "2023-05-08 23:59", "point"),
        ("on August 15, 2023", "on August 15, 2023", "2023-08-15 00:00", "2023-08-15 23:59", "point"),
        ("10 July 2023 at 7pm", "10 July 2023 at 7pm", "2023-07-10 19:00", "2023-07-10 19:00", "point"),
        ("tonight at 8", "tonight at 8", "2023-06-09 20:00", "2023-06-09 20:00", "point"),
        ("last summer we sailed", "last summer", "2022-06-01 00:00", "2022-08-31 23:59", "period"),
        ("from May to July", "from May to July", "2023-05-01 00:00", "2023-07-31 23:59", "period"),
        ("between 3 May and 9 June 2022", None, "2022-05-03 00:00", "2022-06-09 23:59", "period"),
        ("every Sunday morning at 9", "every Sunday morning at 9", "2023-06-04 09:00", "2023-06-04 09:00", "habit"),
        ("on Tuesdays", "on Tuesdays", "2023-06-06 00:00", "2023-06-06 23:59", "habit"),
        ("end of October", "end of October", "2023-10-21 00:00", "2023-10-31 23:59", "period"),
        ("I'm meeting Bob on Saturday", "on Saturday", "2023-06-10 00:00", "2023-06-10 23:59", "point"),
        ("I met Bob on Saturday", "on Saturday", "2023-06-03 00:00", "2023-06-03 23:59", "point"),
    ],
)  # fmt: skip
def test_an_expression_means_this_time(text: str, words: str | None, start: str, end: str, kind: str) -> None:
    (mention,) = mentions(text, NOW)
    assert (f"{mention.start:%Y-%m-%d %H:%M}", f"{mention.end:%Y-%m-%d %H:%M}") == (start, end)
    assert mention.text == (words or text)
    assert mention.kind == kind


@pytest.mark.parametrize(
    "text", ["may I ask you", "we march on", "he will fall asleep", "for 3 days we went", "the second one"]
)
def test_words_that_only_look_like_times_are_none(text: str) -> None:
    assert mentions(text, NOW) == ()


def test_a_weekday_said_on_that_day_is_the_one_before_or_after() -> None:
    (past,) = mentions("we met on Friday", NOW)
    (ahead,) = mentions("we will meet on Friday", NOW)
    assert (past.start.date(), ahead.start.date()) == (NOW.date() - timedelta(7), NOW.date() + timedelta(7))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("yesterday", "8 June 2023"),
        ("last week", "the week before 9 June 2023"),
        ("last weekend", "the weekend before 9 June 2023"),
        ("last year", "2022"),
        ("in May", "May 2023"),
        ("last summer", "summer 2022"),
        ("since March", "since March 2023"),
        ("from 3 May to 9 May", "3 to 9 May 2023"),
    ],
)
def test_a_time_is_said_without_a_clock(text: str, said: str) -> None:
    (mention,) = mentions(text, NOW)
    assert say(mention, NOW) == said


def test_a_day_in_words() -> None:
    assert date(NOW) == "9 June 2023"


_PIECES = st.sampled_from(
    [
        "since",
        "last",
        "next",
        "this",
        "the",
        "week",
        "weekend",
        "month",
        "year",
        "day",
        "ago",
        "before",
        "after",
        "in",
        "on",
        "at",
        "from",
        "to",
        "and",
        "between",
        "May",
        "March",
        "8",
        "31",
        "February",
        "2023",
        "0001",
        "9999",
        "Sunday",
        "morning",
        "night",
        "every",
        "two",
        "900",
        "999",
        "years",
        "few",
        "couple",
        "Christmas",
        "7pm",
        "19:30",
        "25:99",
        "summer,",
        ".",
        "—",
        "first",
        "second",
        "of",
        "end",
        "early",
        "the-day",
        "2023-02-30",
        "31/12/9999",
        "tomorrow",
        "yesterday",
        "Feb",
        "29",
    ]
)
_TEXT = st.one_of(st.text(max_size=60), st.lists(_PIECES, max_size=10).map(" ".join))
_NOW = st.datetimes(
    min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-11)), timezone(timedelta(hours=13))]),
)  # fmt: skip


@given(text=_TEXT, now=_NOW)
def test_any_text_gives_ordered_times_in_place(text: str, now: datetime) -> None:
    found = mentions(text, now)
    assert found == mentions(text, now)
    end = 0
    for mention in found:
        assert mention.start <= mention.end
        assert mention.start.tzinfo == mention.end.tzinfo == now.tzinfo
        assert mention.span[0] >= end, "mentions overlap"
        assert mention.text == text[slice(*mention.span)]
        assert mention.text.strip()
        assert say(mention, now)
        end = mention.span[1]
