"""Which of two replies fits a person: asked with who they are said to be, and with choices they made before.

    Which of two replies to the last message fits this person better?
    About the person: Young, High Extraversion, …
    They chose before:
    To the message: Explain …
    they preferred: …
    and turned down: …
    The last message: Rewrite …
    Options:
    (a). …
    (b). …
    Answer with the letter of one option: (a) or (b).

Every text stands on one line, so that none can begin a line of ours. Source: layout of P-SOUPS (profile, past pairs,
two replies); the sentences are ours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from personavlm.prompts.choice import one_line, render_choice

_QUESTION = "Which of two replies to the last message fits this person better?"
_PERSON, _BEFORE, _LAST = "About the person:", "They chose before:", "The last message:"
_MESSAGE, _PREFERRED, _DOWN = "To the message:", "they preferred:", "and turned down:"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A choice a person made before: the message, the reply they preferred, and the one they turned down."""

    message: str
    preferred: str
    turned_down: str


@dataclass(frozen=True, slots=True)
class Fitting:
    """The question, read back."""

    person: str
    past: tuple[Chosen, ...]
    message: str
    replies: tuple[str, str]


def render_fitting(person: str, past: Sequence[Chosen], message: str, replies: tuple[str, str]) -> str:
    """Return the question which of two replies, (a) or (b), fits a person."""
    lines = [_QUESTION, f"{_PERSON} {one_line(person) or 'nothing is known'}", _BEFORE]
    for one in past:
        said = ((_MESSAGE, one.message), (_PREFERRED, one.preferred), (_DOWN, one.turned_down))
        lines += [f"{label} {one_line(text)}" for label, text in said]
    lines.append(f"{_LAST} {one_line(message)}")
    return render_choice("\n".join(lines), tuple(zip("ab", replies, strict=True)))


_ASKED = re.compile(
    rf"\A{re.escape(_QUESTION)}\n{_PERSON} (.*)\n{_BEFORE}\n"
    rf"((?:{_MESSAGE} .*\n{_PREFERRED} .*\n{_DOWN} .*\n)*){_LAST} (.*)\nOptions:\n\(a\)\. (.*)\n\(b\)\. (.*)\n"
)
_PAST = re.compile(rf"{_MESSAGE} (.*)\n{_PREFERRED} (.*)\n{_DOWN} (.*)\n")


def parse_fitting(text: str) -> Fitting | None:
    """Return the question that ``render_fitting`` wrote, or None for any other message."""
    match = _ASKED.match(text)
    if match is None:
        return None
    person, past, message, one, other = match.groups()
    return Fitting(person, tuple(Chosen(*found) for found in _PAST.findall(past)), message, (one, other))
