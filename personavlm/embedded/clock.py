"""Times of day as people write them, and as a clock shows them.

>>> [time for _, time in clocks("from 7:30 pm, or a quarter past eight in the evening, never at noon")]
['19:30', '20:15', '12:00']
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_HOUR = rf"(?P<h>\d{{1,2}}|{'|'.join(_NUMBERS)})"
_PART = r"(?P<p>a\.?m\b\.?|p\.?m\b\.?|in the (?:morning|afternoon|evening)|at night|tonight)"
_CLOCK = re.compile(
    rf"\b(?:(?P<f>half past|a quarter past|quarter past|a quarter to|quarter to) {_HOUR}(?: {_PART})?"
    rf"|{_HOUR.replace('<h>', '<o>')} o'clock(?: {_PART.replace('<p>', '<q>')})?"
    rf"|(?P<c>\d{{1,2}})[:.](?P<m>[0-5]\d)(?: ?{_PART.replace('<p>', '<r>')})?"
    rf"|(?P<a>\d{{1,2}}) ?{_PART.replace('<p>', '<s>')}"
    r"|(?P<n>noon|midnight))(?!\w)",
    re.IGNORECASE,
)
_OFF = {"half past": 30, "quarter past": 15, "quarter to": -15}


def clocks(text: str) -> Iterator[tuple[tuple[int, int], str]]:
    """Yield where a text names times of day, and each as "20:15"; what no clock shows is left out."""
    for match in _CLOCK.finditer(text.replace("’", "'")):
        minutes = _minutes(match)
        if 0 <= minutes < 24 * 60:
            yield match.span(), f"{minutes // 60:02}:{minutes % 60:02}"


def _minutes(match: re.Match[str]) -> int:
    if match["n"]:
        return 12 * 60 if match["n"].lower() == "noon" else 0
    named = next(match[name] for name in ("h", "o", "c", "a") if match[name]).lower()
    hour = int(named) if named.isdigit() else _NUMBERS.index(named) + 1
    part = next((match[name] for name in ("p", "q", "r", "s") if match[name]), "").lower()
    if part and (part.startswith("p") or part.endswith(("noon", "evening", "night"))) and hour < 12:
        hour += 12
    elif part.startswith("a") and hour == 12:
        hour = 0
    off = _OFF.get((match["f"] or "").lower().removeprefix("a "), 0)
    return 60 * hour + int(match["m"] or 0) + off
