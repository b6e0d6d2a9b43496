"""What a user tells of other people and of animals, by name or as "he" and "she".

    "Ines lives in Porto, she teaches there"      ->  Ines lives in Porto · Ines teaches there
    "my dog Rex is asleep" … "he's eleven"        ->  dog Rex is eleven

It is kept of them, never of the user. What lasts is kept (what they are, have, do in the present tense), of what
happened only what matters later (moved, married, died). "He" is whoever was named last, in this message or before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple

from personavlm.embedded import banks, language, phrases, voice
from personavlm.embedded.records import Found

LOOK_BACK = 3
"""Messages before this one in which "he" may have been named."""
MAX_WORDS = 12
"""Words in a fact at most."""


class Somebody(NamedTuple):
    """Somebody named: what they are to the user ("sister"; may be empty) and their name (may be empty)."""

    kin: str
    name: str

    def __str__(self) -> str:
        return f"{self.kin} {self.name}".strip()


_NAME = r"(?-i:[A-Z])[^\W\d_]+(?:-[^\W\d_]+)*"


@cache
def _kin() -> str:
    people = banks.phrases("people")
    words = {
        word for section in ("relation", "relations", "acquaintance", "animal", "animals") for word in people[section]
    }
    return "|".join(map(re.escape, sorted(words, key=lambda w: (-len(w), w))))


@cache
def _mention() -> re.Pattern[str]:
    return re.compile(
        rf"\b(?:my|our|the) (?:[\w-]+ ){{0,2}}?(?P<k>{_kin()})\b(?!-)(?:,? (?:called |named )?\(?(?P<n>{_NAME})\b)?"
        rf"|\b(?P<m>{_NAME}), (?:my|our) (?:[\w-]+ ){{0,2}}?(?P<l>{_kin()})\b"
        rf"|\b(?P<o>{_NAME})\b(?!'t\b)",
        re.IGNORECASE,
    )


_PLACED = re.compile(r"\b(?:in|at|near|around|outside|to|from|on|called|for)(?: the)? $", re.IGNORECASE)


def named(text: str) -> list[Somebody]:
    """Return whom a text names, in order; what stands after "in", "near" and the like is a place."""
    found: list[Somebody] = []
    sure = {word for name in language.names(text) for word in name.split()}
    for match in _mention().finditer(language.straighten(text)):
        lone = match["o"]
        if lone and (_PLACED.search(text[: match.start()]) or not _is_name(lone, lone in sure)):
            continue
        found.append(Somebody((match["k"] or match["l"] or "").lower(), match["n"] or match["m"] or lone or ""))
    return found


def _is_name(word: str, sure: bool) -> bool:
    low = word.lower()
    taken = language.stop_words() | language.closed("question openers") | set(banks.phrases("people")["no name"])
    return low not in taken and (sure or low not in banks.phrases("shapes")["starters"])


# ── what is told of them ─────────────────────────────────────────────────────────────────────────────────────────


@cache
def _told() -> re.Pattern[str]:
    listed = sorted(banks.phrases("semantic")["relation predicates"], key=lambda w: -len(w))
    adverbs = r"(?:(?:just|recently|also|now|finally|really|still|always|both|only|usually|often|never) )*"
    who = rf"(?:my|our|the) (?:[\w-]+ ){{0,2}}?(?:{_kin()})(?:,? {_NAME})?|he|she|{_NAME}"
    short = (
        r"(?:'s|'ll be)(?= (?:an?|the|my|our|in|at|from|on|into|called|named|allergic|married|engaged|got|been|not"
        r"|really|so|very|only|still|also|nearly|almost|always|\w+ing|\d+)\b)|(?<=\b[sS]he)'s(?= )|(?<=\b[hH]e)'s(?= )"
    )
    present = "(?!thinks|says|means|seems|looks|sounds|hopes|guess|knows|tells|feels|this|as)[a-z]{2,}[^s\\W]s"
    verb = rf"(?:,? who)? {adverbs}(?:{'|'.join(map(re.escape, listed))}|{present})\b"
    opening = "^(?:(?:and|but|so|oh|well|because) )*"
    return re.compile(rf"{opening}(?P<who>{who})(?P<p>{short}|{verb})(?P<rest> .{{2,}})", re.IGNORECASE)


def people(sentence: str, place: tuple[int, int], now: datetime, earlier: Sequence[str]) -> Iterator[Found]:
    """Yield what a sentence tells of somebody else; ``earlier`` is what was said before it, oldest first."""
    sure = {word for text in (*earlier, sentence) for name in language.names(text) for word in name.split()}
    last = next((one for text in reversed(earlier) for one in reversed(named(text))), None)
    for clause in _clauses(sentence):
        match = _told().match(clause)
        who = _who(match["who"], last) if match else None
        if match and who and not (who.kin or who.name in sure or _listed(match["p"])):
            continue  # a capital letter alone makes no name: "Mondays off"
        if match and who is not None and (predicate := _predicate(f"{match['p']}{match['rest']}")):
            content = voice.reported(voice.dated(f"{who} {predicate}", now))
            yield Found(content, "relation", who.kin or who.name.lower(), who.name or predicate, said=place)
        last = next(iter(reversed(named(clause))), last)


def _listed(verb: str) -> bool:
    return verb.startswith("'s") or phrases.starts_with("relation predicates", verb)


_SUBJECT = re.compile(r",? (?=(?:he|she)(?:'s|'ll)?\b)|\(|\)", re.IGNORECASE)


def _clauses(sentence: str) -> Iterator[str]:
    for clause in language.clauses(sentence):
        yield from (piece.strip(" ,") for piece in _SUBJECT.split(clause) if piece.strip(" ,"))


def _who(subject: str, last: Somebody | None) -> Somebody | None:
    if subject.lower() in ("he", "she"):
        return last
    return next(iter(named(subject)), None)


def _predicate(text: str) -> str:
    text = re.sub(r"^'s\b(?= (?:got|been)\b)", " has", language.straighten(text))
    text = re.sub(r"^'s\b", " is", text).strip(" ,.!")
    cut = re.split(r"[.;!?]|, (?:so|but|which|and)\b|\b(?:because|but|so that|lol|haha)\b", text)[0].strip(" ,")
    told = phrases.value_of_clause(cut, MAX_WORDS)
    dull = phrases.starts_with("dull predicates", told) or phrases.starts_with("passing predicates", told)
    return told if len(told.split()) >= 2 and language.content_words(told) and not dull else ""
