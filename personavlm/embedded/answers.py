"""Short answers to the assistant's own question, which say something of the user only together with it.

    "Do you have any pets?"   "yes, two cats"         ->  has two cats
    "Do you like jazz?"       "not really"            ->  dislikes jazz
    "Anything to avoid?"      "yes, no nuts please"   ->  avoids nuts

The question is the last one of the assistant's message before; what it supposes becomes the user's only if they agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Literal

from personavlm.embedded import banks, language, phrases
from personavlm.embedded.records import Found

SHORT = 9
"""Most words of an answer that leans on its question."""


@cache
def _lead() -> re.Pattern[str]:
    leads = "|".join(map(re.escape, sorted(banks.phrases("semantic")["answer leads"], key=lambda w: (-len(w), w))))
    return re.compile(rf"^(?:(?:{leads})\b[\s,.!:-]*)+", re.IGNORECASE)


def answers(asked: str, text: str) -> Iterator[Found]:
    """Yield what a short message says as the answer to the last question asked; nothing if it is no answer."""
    question = _question(asked)
    said = language.straighten(text).strip()
    first = next(iter(language.sentences(said)), "").strip(" .!")
    if not question or not first or language.is_question(first) or len(language.words(first)) > SHORT:
        return
    for section in banks.lines("semantic"):
        match = phrases.first(section, question) if section.startswith("question ") else None
        if match is not None:
            found = _answer(section.removeprefix("question "), match, first, (0, len(text)))
            yield from [found] if found else []
            return


def _answer(frame: str, match: re.Match[str], first: str, place: tuple[int, int]) -> Found | None:
    """The answer to a question of one frame: a reading by name, or ``content: attribute`` with {v} for the value."""
    readings = {"liking": _liking, "having": _having, "being": _being, "avoiding": _avoiding}
    if frame in readings:
        return readings[frame](match, first, place)
    template, _, attribute = frame.rpartition(":")
    return _valued(template, attribute.strip(), match, first, place)


def _question(asked: str) -> str:
    questions = [s for s in language.sentences(language.straighten(asked)) if s.rstrip().endswith("?")]
    return questions[-1].strip().lower() if questions else ""


def _agrees(first: str) -> Literal[-1, 0, 1]:
    return -1 if phrases.first("denied", first) else 1 if phrases.first("agreed", first) else 0


def _detail(first: str) -> str:
    """What an answer names beyond yes or no."""
    rest = _lead().sub("", first).strip(" ,.!")
    value = phrases.value_of(rest)
    dull = not language.content_words(value) or phrases.starts_with("not liked", value)
    return (
        ""
        if dull
        or re.search(
            r"\b(?:i|i'm|you|thanks|thank|tough|hard|fan|not sure|don't know|no idea|idk|depends)\b", rest, re.I
        )
        else value
    )


def _liking(match: re.Match[str], first: str, place: tuple[int, int]) -> Found | None:
    value = phrases.bare_noun(phrases.value_of(match["v"]))
    agrees = _agrees(first)
    if not agrees or not language.content_words(value) or phrases.starts_with("not liked", value):
        return None
    verb, attribute = ("likes", "like") if agrees == 1 else ("dislikes", "dislike")
    return Found(f"{verb} {value}", "preference", attribute, value, agrees, said=place)


def _having(match: re.Match[str], first: str, place: tuple[int, int]) -> Found | None:
    what = phrases.bare_noun(phrases.value_of(match["v"]))
    detail = _detail(first)
    if not what or not set(language.words(what)) & set(banks.phrases("semantic")["had"]) or len(what.split()) > 3:
        return None
    if _agrees(first) == -1:
        return Found(f"has no {what}", "fact", what, f"no {what}", said=place) if not detail else None
    number = re.match(
        r"(?:i have|i've got|we have|yes|yeah|yep|yup|,| )*(an?|one|two|three|four|five|\d+)\b", first, re.I
    )
    value = f"{number[1]} {detail}" if number and detail and not detail.startswith(number[1]) else detail
    if not value and _agrees(first) != 1:
        return None
    return Found(f"has {value or what}", "fact", what, value or what, said=place)


def _being(match: re.Match[str], first: str, place: tuple[int, int]) -> Found | None:
    value, agrees = match["v"], _agrees(first)
    if not agrees:
        return None
    return Found(f"is {value}" if agrees == 1 else f"is not {value}", "fact", value, value, said=place)


def _valued(template: str, attribute: str, match: re.Match[str], first: str, place: tuple[int, int]) -> Found | None:
    value = phrases.bare_noun(_detail(first))
    key = re.sub(r"\s+", " ", (match.groupdict().get("k") or "").replace("favorite", "favourite")).strip()
    if not value or _agrees(first) == -1:
        return None
    content = template.replace("{v}", value).replace("{k}", key)
    if attribute in ("preference", "like"):
        return Found(content, "preference", key or attribute, value, 1, said=place)
    return Found(content, "fact", attribute or key, value, said=place)


def _avoiding(_: re.Match[str], first: str, place: tuple[int, int]) -> Found | None:
    match = phrases.first("avoided", first)
    value = phrases.bare_noun(phrases.value_of(match["v"])) if match else ""
    if (
        not value
        or not language.content_words(value)
        or re.search(r"\b(?:allerg|restriction|dislike|requirement)", value)
    ):
        return None
    return Found(f"avoids {value}", "preference", "dislike", value, -1, said=place)
