"""Ellipsis: chat leaves out "I"; here it is put back, so that one pattern reads both ways of saying a thing.

    >>> completed("sold the van, been in Cardiff since uni")
    "I sold the van, I've been in Cardiff since uni"
    >>> completed("swim before work most mornings")
    'I swim before work most mornings'
    >>> completed("dad turned 70")
    'my dad turned 70'

What opens a sentence decides (``words/asides.txt``). Orders and questions stay as they are.
"""

from __future__ import annotations

import re
from functools import cache

from personavlm.embedded import banks, language, voice


def completed(sentence: str) -> str:
    """Return a sentence without greetings and the like before it, with the subject it leaves out, if it leaves one."""
    plain = voice.opening(sentence)
    if not plain or language.is_question(sentence):
        return plain
    parts = _PART.split(_NAMED.sub(r"\1 \2", plain))
    whole = "".join(part if _PART.fullmatch(part) else _completed(part) for part in parts if part)
    return _PAST_LATER.sub("I ", _LATER.sub("I've ", whole))


def _completed(text: str) -> str:
    for spoken, pattern in _dropped():
        if pattern.match(text):
            return f"{spoken} {text[:1].lower()}{text[1:]}" if _lowers(text) else f"{spoken} {text}"
    return _KIN.sub(lambda m: f"my {m[0].lower()}", text)


def _lowers(text: str) -> bool:
    return not re.match(r"[A-Z]{2}|I\b", text)


_KIN = re.compile(
    r"^(?:mum|mom|dad|gran|nan|nana|granny|grandma|grandad|granddad|grandpa)(?='s\b| (?!and i\b|jokes?\b|mode\b)\w)",
    re.I,
)
_NAMED = re.compile(r"\b(my [\w-]+) \(((?-i:[A-Z])\w+)\)", re.I)
_PART = re.compile(r"(: | - )(?=[a-z])")
_LATER = re.compile(
    r"(?<=, )(?=(?:always |never |only )?(?:been|gone) (?:in|at|to|with|a|an|off|vegan|vegetarian|veggie)\b)", re.I
)
_PAST_LATER = re.compile(
    r"(?<=, )(?=(?:just |recently |finally )*(?:moved|started|got engaged|got married) (?:to|in|at|back)\b)", re.I
)
"""The same after a comma."""


@cache
def _dropped() -> tuple[tuple[str, re.Pattern[str]], ...]:
    found = [(name, rows) for name, rows in banks.lines("asides").items() if name.startswith("dropped ")]
    return tuple(
        (name.removeprefix("dropped "), re.compile(row, re.IGNORECASE)) for name, rows in found for row in rows
    )
