"""Multiple choice as it is asked of a model: a question with its options, and the two tests of one reply's manner.

    When did I …?                        Tell me about …
    Options:                             A reply to this message:
    (a). in March                        <<<
    (b). in May                          Sure! Here is …
    Answer with …                        >>>
                                         Does the manner of this reply suit the user's personality?
                                         Options: …

Both are what a user says, so they go through the response stage like any other message. Source: layout of Persona-MME's
evaluation (options in lines ``(a). text``, two tests per alignment question); the sentences are ours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

JUDGED = (("a", "Yes, it suits the user."), ("b", "No, it does not suit the user."))
"""The options of a test of manner."""
_OPEN, _CLOSE = "<<<", ">>>"


@dataclass(frozen=True, slots=True)
class Manner:
    """A test of manner, read back: the user's message, and the reply to be judged."""

    message: str
    reply: str


def render_choice(question: str, options: Sequence[tuple[str, str]]) -> str:
    """Return a question with its options, each a letter and a text, and how to answer."""
    rows = [f"({letter}). {one_line(text)}" for letter, text in options]
    letters = [f"({letter})" for letter, _ in options]
    asked = f"{', '.join(letters[:-1])} or {letters[-1]}"
    return "\n".join([question.strip(), "Options:", *rows, f"Answer with the letter of one option: {asked}."])


_CHOICE = re.compile(
    r"\A(.*)\nOptions:\n((?:\([a-z]\)\. [^\n]*\n)+)Answer with the letter of one option: [^\n]*\Z", re.DOTALL
)


def parse_choice(text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the question and the options that ``render_choice`` wrote; any other message whole, without options."""
    match = _CHOICE.match(text)
    if not match:
        return text, ()
    return match[1], tuple((row[1], row[5:]) for row in match[2].splitlines())


def one_line(text: str) -> str:
    """Return a text on one line, so that it cannot begin another option."""
    return re.sub(r"\s+", " ", text).strip()


def render_manner(message: str, reply: str) -> str:
    """Return the test whether a reply's manner suits the user: (a) if it does, (b) if not."""
    asked = f"{message.strip()}\nA reply to this message:\n{_OPEN}\n{one_line(reply)}\n{_CLOSE}"
    question = f"{asked}\nDoes the manner of this reply suit the user's personality?"
    return render_choice(question, JUDGED)


_MANNER = re.compile(rf"\A(.*?)\n?A reply to this message:\n{_OPEN}\n(.*?)\n{_CLOSE}\n", re.DOTALL)


def parse_manner(text: str) -> Manner | None:
    """Return the test of manner that ``render_manner`` wrote, or None for any other message."""
    match = _MANNER.match(text)
    return Manner(match[1], match[2]) if match else None
