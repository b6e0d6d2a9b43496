"""Likes and dislikes, and how they change, as a user states them.

    "I used to love Sprite, but these days Coca-Cola calms me"
    ->  used to love Sprite (until now) · Coca-Cola calms them, liked, in Sprite's place

The cues are patterns in ``words/semantic.txt``; a wish for now ("I'd like a coffee") is no taste and matches none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Literal

from personavlm.embedded import language, phrases, voice
from personavlm.embedded.records import Found

_VERBS = {"love": "loves", "loved": "loves", "adore": "loves", "prefer": "prefers", "enjoy": "enjoys"}
_ONE_OFF = re.compile(r"\b(?:tonight|this time|right now|at the moment|for (?:dinner|lunch|breakfast)|instead)\b", re.I)


def preferences(sentence: str, place: tuple[int, int], now: datetime) -> Iterator[Found]:
    """Yield what a sentence says its writer likes or dislikes, clause by clause."""
    ended: list[str] = []
    for clause in language.clauses(voice.opening(sentence)):
        found = [*_clause(clause, place, now)]
        for one in found:
            if one.until is not None:
                ended.append(one.value)
                yield one
            else:
                yield _instead(one, ended)


def _instead(one: Found, ended: list[str]) -> Found:
    """A new like said beside an ended one takes its place."""
    return replace(one, old=one.old or ended[-1]) if ended and one.polarity == 1 else one


def _clause(clause: str, place: tuple[int, int], now: datetime) -> Iterator[Found]:
    for read in (_ended, _switched, _favourite, _disliked, _liked):
        found = list(read(clause, place, now))
        if found:
            yield from found
            return


def _first(section: str, clause: str) -> re.Match[str] | None:
    for pattern in phrases.patterns(section):
        match = pattern.search(clause)
        if match is not None and not _reported(clause[: match.start()]):
            return match
    return None


_OTHERS = re.compile(
    r"\b(?:said|says|think|thinks|thought|know|knows|guess|hope|wish|told me|when|if|why|how|what|whether|as)"
    r"\s*(?:that\s*)?$",
    re.I,
)


def _reported(head: str) -> bool:
    """Whether what stands before a cue makes it somebody else's, or supposed."""
    return _OTHERS.search(head.rstrip(" ,")) is not None


def _values(match: re.Match[str]) -> list[str]:
    raw = match["v"].strip()
    if phrases.starts_with("not liked", raw) or (raw.lower().startswith("the ") and not _lasting(match, raw)):
        return []
    value = phrases.value_of(raw)
    items = [phrases.bare_noun(item) for item in phrases.listed(value)] if value else []
    return [i for i in items if language.content_words(i) and not phrases.starts_with("not liked", i)]


_POINTING = re.compile(r"\b(?:this|that|these|those|it|which)\b", re.IGNORECASE)


def _lasting(match: re.Match[str], raw: str) -> bool:
    """Whether "the …" is a thing of the world ("I love the sea"), not one that lies before both speakers."""
    subject = re.match(r"(?:i|we)\b", match[0], re.IGNORECASE) is not None
    return subject and len(phrases.value_of(raw).split()) == 2


def _taste(
    value: str, verb: str, polarity: Literal[-1, 1], place: tuple[int, int], attribute: str = "", old: str = ""
) -> Found:
    attribute = attribute or ("like" if polarity == 1 else "dislike")
    content = voice.reported(f"{verb} {value}")
    return Found(content, "preference", attribute, value, polarity, old=old, said=place)


def _liked(clause: str, place: tuple[int, int], _: datetime) -> Iterator[Found]:
    match = _first("like", clause)
    if match is None or _ONE_OFF.search(clause) or language.is_negated(clause, match.start("v"), 3):
        return
    if re.match(r"(?:like|dig|prefer)\b", match[0], re.IGNORECASE):  # no subject: "like in sports", not a taste
        return
    if "k" in match.groupdict() and match["k"]:
        value = phrases.value_of(match["v"])
        if value and not phrases.starts_with("not liked", value) and not _POINTING.search(value):
            told = voice.reported(f"{value} {match[0][match.end('v') - match.start() :].strip()}")
            yield Found(told, "preference", "like", value, 1, said=place)
        return
    verb = next((third for word, third in _VERBS.items() if re.search(rf"\b{word}\b", match[0][:40], re.I)), "likes")
    head = match[0][: match.start("v") - match.start()]
    infinitive = "to " if re.search(r" to $", head) and not re.search(r"(?:switched|converted|over) to $", head) else ""
    for value in _values(match):
        yield _taste(f"{infinitive}{value}", verb, 1, place)


def _disliked(clause: str, place: tuple[int, int], _: datetime) -> Iterator[Found]:
    match = _first("dislike", clause)
    if match is None or _ONE_OFF.search(clause):
        return
    if "k" in match.groupdict() and match["k"]:
        value = phrases.value_of(match["v"])
        if value and not phrases.starts_with("not liked", value):
            yield Found(voice.reported(match[0]), "preference", "dislike", value, -1, said=place)
        return
    said = match[0][: match.start("v") - match.start()].lower()
    fear = re.search(r"\b(scared|afraid|terrified) of", said)
    want = re.search(r"\b(want|eat|drink)\b", said)
    if want and want[1] == "want":
        return
    verb = (
        f"{fear[1]} of" if fear else f"doesn't {want[1]}" if want else "can't stand" if "stand" in said else "dislikes"
    )
    for value in _values(match):
        yield _taste(value, verb, -1, place)


def _favourite(clause: str, place: tuple[int, int], _: datetime) -> Iterator[Found]:
    match = _first("favourite", clause)
    if match is None:
        return
    kind = re.sub(r"\s+", " ", match["k"].lower().replace("favorite", "favourite")).strip()
    value = phrases.bare_noun(phrases.value_of(match["v"]))
    if value and language.content_words(value):
        yield _taste(value, f"{kind} is", 1, place, kind)


def _ended(clause: str, place: tuple[int, int], now: datetime) -> Iterator[Found]:
    for section, polarity in (("ended like", 1), ("ended dislike", -1)):
        match = _first(section, clause)
        values = _values(match) if match else []
        for value in values:
            verb = "used to like" if polarity == 1 else "used to dislike"
            one = _taste(value, verb, 1 if polarity == 1 else -1, place)
            yield Found(one.content, one.kind, one.attribute, value, one.polarity, until=now, old=value, said=place)
        if values:
            return


def _switched(clause: str, place: tuple[int, int], _: datetime) -> Iterator[Found]:
    match = _first("switched", clause)
    if match is None:
        return
    new, old = (phrases.bare_noun(phrases.value_of(match[k])) for k in ("v", "o"))
    if new and old and language.content_words(new) and language.content_words(old):
        over = re.search(r"\b(over|to|instead of|rather than|more than)\b", match[0])
        verb = "prefers" if over and match.start("v") < match.start("o") else "switched to"
        content = f"{new} to {old}" if verb == "prefers" else f"{new} from {old}"
        one = _taste(content, verb, 1, place)
        yield Found(one.content, "preference", "like", new, 1, old=old if verb == "switched to" else "", said=place)
