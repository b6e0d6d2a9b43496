"""Short answers to the assistant's own question, which say something of the user only together with it.

    "Do you have any pets?"   "yes, two cats"         ->  has two cats
    "Do you like jazz?"       "not really"            ->  dislikes jazz
    "Anything to avoid?"      "yes, no nuts please"   ->  avoids nuts

The question is the last one of the assistant's message before; what it supposes becomes the user's only if they agree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Literal

from personavlm.embedded import banks, language, phrases
from personavlm.embedded.records import Found

SHORT = 9
"""Most words of an answer that leans on its question."""

_YES = re.compile(
    r"^(?:yes|yeah|yep|yup|yea|sure do|i do|i am|of course|definitely|absolutely|totally|a lot|love it|very much|both)\b",
    re.I,
)
_NO = re.compile(
    r"^(?:no(?! (?:idea|clue|preference|opinion))|nope|nah|not really|not at all|not much|i don't|i do not|i'm not|never|not particularly|hate it)\b", re.I
)
_LEAD = re.compile(
    r"^(?:(?:yes|yeah|yep|yup|no|nope|nah|well|oh|um|hmm|sure|just|probably|definitely|i guess|i'd say|i would say|it's|its|"
    r"it is|they're|that would be|would be|maybe|my favourite is|my favorite is|actually|honestly|i have|i've got|we have|"
    r"i do|i am|i'm|i live in|i work as|i like|i love|in|a|an)\b[\s,.!:-]*)+",
    re.IGNORECASE,
)


def answers(asked: str, text: str) -> Iterator[Found]:
    """Yield what a short message says as the answer to the last question asked; nothing if it is no answer."""
    question = _question(asked)
    said = language.straighten(text).strip()
    first = next(iter(language.sentences(said)), "").strip(" .!")
    if not question or not first or language.is_question(first) or len(language.words(first)) > SHORT:
        return
    place = (0, len(text))
    for pattern, read in _FRAMES:
        match = pattern.search(question)
        if match is not None:
            found = read(match, first, place)
            if found is not None:
                yield found
            return


def _question(asked: str) -> str:
    questions = [s for s in language.sentences(language.straighten(asked)) if s.rstrip().endswith("?")]
    return questions[-1].strip().lower() if questions else ""


def _agrees(first: str) -> Literal[-1, 0, 1]:
    return -1 if _NO.match(first) else 1 if _YES.match(first) else 0


def _detail(first: str) -> str:
    """What an answer names beyond yes or no."""
    rest = _LEAD.sub("", first).strip(" ,.!")
    value = phrases.value_of(rest)
    dull = not language.content_words(value) or phrases.starts_with("not liked", value)
    return "" if dull or re.search(r"\b(?:i|i'm|you|not sure|don't know|no idea|idk|depends)\b", rest, re.I) else value


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


def _valued(template: str, attribute: str, polarity: Literal[-1, 0, 1] = 0) -> Callable[..., Found | None]:
    def read(match: re.Match[str], first: str, place: tuple[int, int]) -> Found | None:
        value = _detail(first)
        groups = match.groupdict()
        key = re.sub(r"\s+", " ", (groups.get("k") or "").replace("favorite", "favourite")).strip()
        if not value or (_agrees(first) == -1):
            return None
        content = template.format(v=phrases.bare_noun(value), k=key)
        return Found(
            content,
            "preference" if polarity else "fact",
            attribute or key,
            phrases.bare_noun(value),
            polarity,
            said=place,
        )

    return read


def _avoiding(_: re.Match[str], first: str, place: tuple[int, int]) -> Found | None:
    match = re.search(
        r"\b(?:no|not|without|avoid|except|hate|don't like)\s+(?P<v>(?!thanks|thank|idea|problem|preference|really)[\w -]{3,40})",
        first,
        re.I,
    )
    value = phrases.bare_noun(phrases.value_of(match["v"])) if match else ""
    if (
        not value
        or not language.content_words(value)
        or re.search(r"\b(?:allerg|restriction|dislike|requirement)", value)
    ):
        return None
    return Found(f"avoids {value}", "preference", "dislike", value, -1, said=place)


_FRAMES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], str, tuple[int, int]], Found | None]], ...] = tuple(
    (re.compile(source), read)
    for source, read in (
        (r"\b(?:avoid|leave out|allerg\w*|intoleran\w*|can't (?:eat|have)|don't (?:eat|like))\b", _avoiding),
        (
            r"\bdo you (?:really |still |also |both )?(?:like|love|enjoy|prefer) (?P<v>(?!to\b|any\b|it\b|that\b|this\b)[^?]{2,60})\?",
            _liking,
        ),
        (r"\bare you (?:really |still |also )?(?:into|a fan of|fond of|keen on) (?P<v>[^?]{2,60})\?", _liking),
        (r"\b(?:do you|you) (?:still |also )?(?:have|own|got)(?: got)? (?P<v>[^?]{2,40})\?", _having),
        (r"\bhave you got (?P<v>[^?]{2,40})\?", _having),
        (
            rf"\bare you (?:still |also |currently )?(?:an? )?(?P<v>{'|'.join(map(re.escape, sorted({*banks.phrases('people')['diet'], *banks.phrases('people')['status'], *banks.phrases('people')['occupation']}, key=lambda w: (-len(w), w))))})\b",
            _being,
        ),
        (
            r"\b(?:what|which|who)(?:'s| is| are) your (?P<k>favou?rite [\w -]{2,24})\b[^?]*\?",
            _valued("{k} is {v}", "", 1),
        ),
        (r"\b(?:what|which) (?P<k>[\w -]{2,24}?) do you (?:like|love|prefer|enjoy)\b", _valued("likes {v}", "like", 1)),
        (
            r"\bwhere (?:do you live|are you based|are you living)\b|\bwhich (?:city|town|country) do you live\b",
            _valued("lives in {v}", "home"),
        ),
        (r"\bwhere are you from\b", _valued("is from {v}", "origin")),
        (r"\bhow old are you\b|\bwhat(?:'s| is) your age\b", _valued("is {v} years old", "age")),
        (r"\bwhat(?:'s| is) your name\b|\bwhat should i call you\b", _valued("name is {v}", "name")),
        (
            r"\bwhat do you do\b(?: for a living)?\s*\?|\bwhat(?:'s| is) your (?:job|occupation|profession)\b",
            _valued("works as {v}", "job"),
        ),
        (r"\bwhen(?:'s| is) your birthday\b", _valued("birthday is {v}", "birthday")),
        (
            r"\bwhat(?:'s| is) (?:your|the) (?P<k>(?:dog|cat|pet|wife|husband|son|daughter|sister|brother|partner|puppy|kitten))(?:'s name| called)",
            _valued("{k} {v}", ""),
        ),
        (r"\bhow (?:long|much time) (?:do|would|can|will|did) you\b", _valued("time: {v}", "time")),
    )
)
