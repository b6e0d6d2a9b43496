"""What a user says of themselves in passing, on the way to something else.

    "just got in, I do nights at the bakery"     ->  works nights at the bakery
    "my mate Tunde's dragging me to a gig"       ->  mate Tunde (relation)
    "picked up my first car, a rusty Fiesta"     ->  has a rusty Fiesta
    "jazz does my head in"                       ->  dislikes jazz

Patterns are in ``words/asides.txt``, each with the words the fact is kept in. What somebody else does is kept of them
or not at all: a pattern begins with "I" or names whom it is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Literal, NamedTuple, cast

from personavlm.embedded import banks, language, phrases, voice
from personavlm.embedded.records import Found
from personavlm.memory import Kind

MAX_WORDS = 12
"""Words in a fact at most."""


class _Aside(NamedTuple):
    template: str
    kind: Kind
    attribute: str
    pattern: re.Pattern[str]


_NAME = r"(?-i:[A-Z])[^\W\d_]+(?:-[^\W\d_]+)*"
_SHORTHANDS = {
    "{cap}": rf"{_NAME}(?: {_NAME})*",
    "{name}": _NAME,
    "{place}": rf"(?:(?:the|an?|our|my) (?:[\w-]+ ){{0,2}}?[\w-]+|{_NAME}(?: (?:{_NAME}|&|and))*)",
    "{day}": r"(?:mon|tues|wednes|thurs|fri|satur|sun)day",
}


@cache
def _asides() -> tuple[_Aside, ...]:
    people = banks.phrases("people")
    kin = (*people["relation"], *people["relations"], *people["acquaintance"], *people["animal"], *people["animals"])
    classes = {"{kin}": kin} | {f"{{{name}}}": people[name] for name in ("occupation", "diet", "condition")}
    spelled = _SHORTHANDS | {
        short: f"(?:{'|'.join(map(re.escape, sorted(set(words), key=lambda w: (-len(w), w))))})"
        for short, words in classes.items()
    }
    found: list[_Aside] = []
    for row in banks.lines("asides")["aside"]:
        head, _, source = row.partition(" := ")
        template, _, rest = head.rstrip(")").rpartition(" (")
        kind, _, attribute = rest.partition(", ")
        for short, long in spelled.items():
            source = source.replace(short, long)
        found.append(_Aside(template, cast("Kind", kind), attribute, re.compile(source, re.IGNORECASE)))
    return tuple(found)


def asides(sentence: str, place: tuple[int, int], now: datetime) -> Iterator[Found]:
    """Yield what a sentence, its subject put back, says in passing."""
    for aside in _asides():
        for match in aside.pattern.finditer(sentence):
            if not _UNSURE.search(sentence[: match.start()]) and (one := _found(aside, match, place, now)):
                yield one


_UNSURE = re.compile(
    r"\b(?:if|when|wish|unless|that|because|said|says|told|than|like|imagine|pretend|not|never|maybe|might)\W*$", re.I
)


def _found(aside: _Aside, match: re.Match[str], place: tuple[int, int], now: datetime) -> Found | None:
    groups = {name: text.strip(" ,'") for name, text in match.groupdict().items() if text}
    if "k" not in groups and "m" in groups:
        groups["k"] = groups["m"]
    name = groups.get("n") or groups.get("m") or ""
    if name and not _somebody(name):
        return None
    value = groups.get("v") or groups.get("w", "")
    if "{v}" in aside.template:
        value = phrases.value_of(value)
        value = phrases.bare_noun(value) if aside.kind == "preference" or aside.attribute == "job" else value
        if not language.content_words(value) or (
            aside.kind == "preference" and phrases.starts_with("not liked", value)
        ):
            return None
    if aside.template == "{=}":
        content = phrases.third(phrases.value_of_clause(match[0], MAX_WORDS), now)
    else:
        value = value if "{v!}" not in aside.template else phrases.value_of_clause(value, MAX_WORDS)
        filled = aside.template.replace("{v!}", "{v}").format_map(groups | {"v": value, "n": name})
        content = voice.reported(filled if aside.kind == "habit" else voice.dated(filled, now))
    attribute = aside.attribute.format_map(groups).lower()
    polarity: Literal[-1, 0, 1] = 0 if aside.kind != "preference" else 1 if attribute == "like" else -1
    told = value or name or groups.get("k", "")
    over = phrases.bare_noun(groups.get("o") or told) if _OVER.match(content) else ""
    return Found(content, aside.kind, attribute, told, polarity, old=over, said=place)


_OVER = re.compile(r"(?:broke up with|sold|has gone off|quit|cancelled|gave away|no longer has)\b|.* moved to ", re.I)
"""Facts that end another: what they name is no longer so."""


def _somebody(name: str) -> bool:
    low = name.lower()
    return low not in language.stop_words() and low not in banks.phrases("people")["no name"]
