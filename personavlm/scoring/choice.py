"""Which option an answer picks: strict, the same for evals and as a reward.

    options {"a": "in March", "b": "in May"}      "(b)" · "b)" · "B." · "**(b)** because …" · "The answer is b" ·
                                                  "<answer>b</answer>" · "in May"                     ──>  "b"

An answer that names no option, or two different ones, picks none: it is wrong, and counted as unparsed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Picked:
    """What an answer picked: a letter, or nothing and why not."""

    letter: str
    """Lower case; empty if none or several are named."""
    why: str = ""
    """"none" or "several" where the letter is empty."""


_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL | re.IGNORECASE)
_TAGGED = re.compile(r"<answer>(.*?)(?:</answer>|\Z)", re.DOTALL | re.IGNORECASE)
_BOXED = re.compile(r"\\boxed\{(?:\\text\{)?([^{}]*)\}?\}")
_LEAD = (
    r"(?:(?:the\s+|my\s+)?(?:correct\s+|right\s+|best\s+|final\s+)?"
    r"(?:answer|option|choice)(?:\s+is|\s+would\s+be)?\s*[:=]?\s*)+"
)


def pick(answer: str, options: Mapping[str, str]) -> Picked:
    """Return which option an answer picks; ``options`` maps single letters to texts."""
    said = _bare(answer)
    letters = _letters(said, "".join(options))
    if not letters:
        letters = {letter for letter, text in options.items() if _plain(text) and _plain(said) == _plain(text)}
    if not letters:
        letters = {letter for letter, text in options.items() if _opens(said, text)}
    if len(letters) == 1:
        return Picked(letters.pop())
    return Picked("", "several" if letters else "none")


def score(answer: str, options: Mapping[str, str], gold: str) -> float:
    """Return 1.0 if the answer picks the gold letter, else 0.0."""
    return float(pick(answer, options).letter == gold.lower())


def unparsed(answers: Sequence[str], options: Sequence[Mapping[str, str]]) -> int:
    """Return how many of the answers pick no option."""
    return sum(not pick(answer, choice).letter for answer, choice in zip(answers, options, strict=True))


def _bare(answer: str) -> str:
    """An answer without thoughts, tags and emphasis."""
    text = _THOUGHT.sub(" ", answer)
    tagged = _TAGGED.findall(text)
    text = tagged[-1] if tagged else text
    boxed = _BOXED.findall(text)
    text = boxed[-1] if boxed else text
    return re.sub(r"[*_`]+", "", text).strip().strip("\"“”'’").strip()


def _letters(said: str, letters: str) -> set[str]:
    """The letters named in so many words: at the start, after "answer is", or in brackets anywhere."""
    one = f"[{re.escape(letters)}]"
    start = re.match(
        rf"(?:{_LEAD})?(?:\(({one})\)|({one})(?=[).:,]|\s*\Z|\s+[-–—]\s|\s+because\b))", said, re.IGNORECASE
    )
    named = {m.lower() for m in re.findall(rf"\(({one})\)", said, re.IGNORECASE)}
    led = {
        m[0].lower() or m[1].lower()
        for m in re.findall(rf"{_LEAD}(?:\(({one})\)|({one})\b(?!['’]))", said, re.IGNORECASE)
    }
    if led:
        return led
    if start:
        first = (start[1] or start[2]).lower()
        return {first, *_rivals(said, one)}
    return named


def _rivals(said: str, one: str) -> set[str]:
    """The second letter of "(a) or (b)", "a, b": the answer is undecided. "(b) because (a) is older" is not."""
    both = rf"\(?{one}\)?[.:]?\s*(?:,|/|or|and|&)\s*\(?({one})\)?(?![\w'’])"
    match = re.match(both, said, re.IGNORECASE)
    return {match[1].lower()} if match else set()


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _opens(said: str, text: str) -> bool:
    """Whether an answer begins with an option's text and goes on with a new clause."""
    plain = _plain(text)
    first = re.split(r"[.;:\n]|\bbecause\b|,\s", said, maxsplit=1)[0]
    return len(plain.split()) > 1 and _plain(first) == plain
