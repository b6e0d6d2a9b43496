"""Facts about a user and the people, animals and things in their life; what they did, plan and do again and again.

    "my sister Ana moved to Porto"     ->  sister Ana moved to Porto (relation; sister: Ana)
    "I'm a nurse, I live in Leeds"     ->  works as nurse · lives in Leeds
    "we're visiting Bergen next month" ->  is visiting Bergen next month (December 2026) (plan)
    "I run on Tuesdays at 7"           ->  runs on Tuesdays at 7 (habit)

Who the user is comes from the patterns that core memory uses (``words/core.txt``), habits and goals from those of
procedural memory; relations, possessions, events and plans are read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Literal

from personavlm.embedded import banks, core, language, phrases, procedural, voice
from personavlm.embedded.records import Found
from personavlm.embedded.when import Mention, mentions, say
from personavlm.prompts.text import Line

Place = tuple[int, int]

_TELLS = {
    **{"name": "name is {v}", "age": "is {v} years old", "home": "lives in {v}", "origin": "is from {v}"},
    **{"birthday": "birthday is {v}", "job": "works as {v}", "employer": "works at {v}", "studies": "studies {v}"},
    **{"status": "is {v}", "diet": "is {v}", "allergy": "allergic to {v}", "condition": "has {v}"},
    **{"languages": "speaks {v}", "family": "has {v}", "pets": "has {v}"},
}


def facts(sentence: str, place: Place, _: datetime) -> Iterator[Found]:
    """Yield who the user says they are: name, age, home, job, allergies … by the patterns of core memory."""
    for found in core.statements(sentence):
        if found.block != "human" or not found.value or found.key.startswith("favourite"):
            continue
        value = phrases.bare_noun(found.value) if found.key in ("job", "employer") else found.value
        relation = found.key in banks.phrases("people")["relation"] or found.key in banks.phrases("people")["animal"]
        if found.key == "household" or (found.key == "diet" and language.words(value)[0] in ("don't", "do", "never")):
            content = phrases.third(f"I {value}", _)
        else:
            content = _TELLS.get(found.key, "{k} {v}").format(k=found.key, v=value)
        polarity: Literal[-1, 0] = -1 if found.key == "allergy" else 0
        yield Found(content, "relation" if relation else "fact", found.key, value, polarity, said=place)


# ── people and animals ───────────────────────────────────────────────────────────────────────────────────────────


@cache
def _relation() -> re.Pattern[str]:
    people = banks.phrases("people")
    kin = sorted(
        {
            word
            for section in ("relation", "acquaintance", "animal", "relations", "animals")
            for word in people[section]
        },
        key=lambda w: -len(w),
    )
    told = sorted(banks.phrases("semantic")["relation predicates"], key=lambda w: -len(w))
    doing = "moving|getting|going|coming|visiting|living|working|studying|turning|having"
    return re.compile(
        rf"\b(?:my|our) (?:(?:[\w-]+ ){{0,2}}?)(?P<k>{'|'.join(map(re.escape, kin))})\b"
        rf"(?!'s name)(?:,? (?P<n>(?-i:[A-Z])[\w'-]+))?,?"
        rf"(?P<p>(?: (?:just|recently|also|now|finally|really|still|always|both))*"
        rf" ?(?:'s(?= (?:an?|my|the|in|at|from|called|named|allergic|married|{doing})\b)"
        rf"|{'|'.join(map(re.escape, told))})\b.{{2,}})",
        re.IGNORECASE,
    )


def relations(sentence: str, place: Place, now: datetime) -> Iterator[Found]:
    """Yield what a sentence tells of the people and animals in the user's life."""
    for clause in language.clauses(voice.opening(sentence)):
        match = _relation().search(clause)
        if match is None or re.search(
            r"\b(?:if|when|that|because|and|said|says|than)\s*$", clause[: match.start()], re.I
        ):
            continue
        kin, name = match["k"].lower(), match["n"] or ""
        told = _predicate(match["p"])
        if not told or phrases.starts_with("dull predicates", told):
            continue
        who = f"{kin} {name}".strip()
        if told.startswith("is called ") or told.startswith("is named "):
            name = told.split()[2]
            yield Found(f"{kin} {name}", "relation", kin, name, said=place)
        else:
            content = voice.reported(voice.dated(f"{who} {told}", now))
            yield Found(content, "relation", kin, name or _object(told), said=place)


def _predicate(text: str) -> str:
    text = re.sub(r"^\s*'s\b", " is", language.straighten(text)).strip(" ,.!")
    cut = re.split(r"[.;!?]|, (?:so|but|which|who|and)\b|\b(?:because|but|so that|lol|haha)\b", text)[0].strip(" ,")
    return cut if 2 <= len(cut.split()) <= 14 else ""


def _object(told: str) -> str:
    return phrases.bare_noun(
        phrases.value_of(re.sub(r"^(?:\w+ed|\w+s|has|have|is|are|was)\b(?: to| in| as| at)?", "", told).strip())
    )


# ── things, events, plans ────────────────────────────────────────────────────────────────────────────────────────


def things(sentence: str, place: Place, now: datetime) -> Iterator[Found]:
    """Yield what the user says they have or got."""
    for clause in language.clauses(voice.opening(sentence)):
        match = phrases.first("having", clause)
        if match is None or _elsewhere(clause, match.start()):
            continue
        value = phrases.value_of(match["v"])
        noun = phrases.bare_noun(value)
        if not value or phrases.starts_with("dull things", noun) or banks.any_of(_dull()).search(noun):
            continue
        got = match["c"].lower() == "got" and not re.search(r"'ve got|have got", match[0], re.IGNORECASE)
        if not (got and not banks.pattern("semantic", "got").search(noun)) and not _ahead(clause, now):
            verb = "has" if match["c"].lower() in ("have", "own") else match["c"].lower()
            content = voice.reported(voice.dated(f"{verb} {value}", now))
            yield Found(content, "fact", "has", noun, said=place)


@cache
def _dull() -> tuple[str, ...]:
    return (*banks.phrases("semantic")["dull things"], *banks.phrases("semantic")["upcoming"])


_EVENT = re.compile(
    r"\b(?:i|we)(?:'ve| have)?(?: (?:just|also|recently|finally|actually|even|once|both))* (?P<v>[^.!?;]{4,140})", re.I
)


def events(sentence: str, place: Place, now: datetime) -> Iterator[Found]:
    """Yield what the user says they did that will matter later, with its date."""
    for clause in language.clauses(voice.opening(sentence)):
        match = _EVENT.search(clause)
        if match is None or _elsewhere(clause, match.start()) or not phrases.starts_with("events", match["v"]):
            continue
        verb, _, rest = match["v"].partition(" ")
        told = phrases.value_of_clause(match["v"])
        if len(language.content_words(told)) < 2 or phrases.starts_with("dull objects", rest):
            continue
        when = next((m for m in mentions(clause, now) if m.kind in ("point", "period") and m.start < now), None)
        content = voice.reported(voice.dated(told, now))
        if when is not None and when.text not in told:
            content = f"{content} ({say(when, now)})"
        value = phrases.bare_noun(_untimed(phrases.value_of(rest), now))
        yield Found(content, "fact", verb.lower(), value, since=when.start if when else None, said=place)


def _untimed(value: str, now: datetime) -> str:
    """A value without the time expression it ends in."""
    last = next((m for m in reversed(mentions(value, now)) if m.span[1] == len(value)), None)
    return value[: last.span[0]].rstrip(" ,") if last and last.span[0] else value


def _elsewhere(clause: str, start: int) -> bool:
    """Whether what stands before makes a statement reported, supposed or somebody else's."""
    return phrases.first("elsewhere", clause[:start].rstrip(" ,")) is not None


def plans(sentence: str, place: Place, now: datetime) -> Iterator[Found]:
    """Yield what the user says lies ahead, with its date: a time to come makes it a plan."""
    for clause in language.clauses(voice.opening(sentence)):
        match = phrases.first("planning", clause)
        when = _ahead(clause, now)
        if match is None or _elsewhere(clause, match.start()):
            continue
        sure = re.search(r"\b(?:planning|plan to|plan on|booked|scheduled|hoping to)\b", match[0], re.I)
        if (
            (when is None and not sure)
            or language.is_negated(clause, match.end(), 20)
            or phrases.first("chat", match[0])
        ):
            continue
        told = _told(match[0], when, now)
        if len(language.content_words(told)) < 2:
            continue
        what = phrases.value_of(re.sub(r"^.*?\b(?:going to|to|on|a|an|my)\b ", "", told))
        if not language.content_words(what) or phrases.starts_with("dull things", what):
            continue
        until = when.end if when else None
        yield Found(told, "plan", "plan", what, until=until if until and until > now else None, said=place)


def _told(clause: str, when: Mention | None, now: datetime) -> str:
    """A plan in the third person; its date is that of ``when``, which may be another than the words alone give."""
    if when is None or any(m.start == when.start for m in mentions(clause, now)):
        return phrases.third(phrases.value_of_clause(clause, 18), now)
    return f"{phrases.third(phrases.value_of_clause(clause, 18))} ({say(when, now)})"


_WEEK = timedelta(days=7)


def _ahead(clause: str, now: datetime) -> Mention | None:
    """The first time expression of a clause that lies ahead; "I have an interview on Monday" means the coming one."""
    today = now.replace(hour=0, minute=0, second=0)
    due = banks.pattern("semantic", "upcoming").search(clause) is not None
    due = due and re.search(r"\b(?:have|has|is|are|got|'ve|'s|having)\b", clause, re.IGNORECASE) is not None
    for one in mentions(clause, now):
        if one.kind in ("point", "period") and one.end > now and one.start >= today:
            return one
        if due and _WEEKDAY.search(one.text) and today - _WEEK <= one.start < today:
            return replace(one, start=one.start + _WEEK, end=one.end + _WEEK)
    return None


_WEEKDAY = re.compile(r"^(?:on )?(?:mon|tues|wednes|thurs|fri|satur|sun)day(?: \w+)?$", re.IGNORECASE)


def habits(line: Line, place: Place) -> Iterator[Found]:
    """Yield the habits and goals of one sentence, by the patterns of procedural memory."""
    for routine in procedural.routines(line):
        told = routine.sentence.rstrip(".")
        content = re.split(r", (?:which|so|it|and it)\b", told[:1].lower() + told[1:])[0]
        if routine.change == "ended":
            if not re.match(
                r"(?:i|we)\b(?! (?:just )?(?:finished|completed))", voice.opening(line.user), re.IGNORECASE
            ):
                continue
            yield Found(
                phrases.third(phrases.value_of_clause(voice.opening(line.user), 16), line.time),
                "fact",
                "ended",
                routine.key,
                old=routine.key,
                said=place,
            )
        else:
            yield Found(content, routine.kind, routine.kind, routine.key, said=place)


# ── what the user asks to be remembered ──────────────────────────────────────────────────────────────────────────


def request(sentence: str) -> str:
    """Return what a sentence asks to be remembered, in the user's words; empty if it asks for nothing of the kind."""
    match = phrases.first("remember", sentence)
    if match is None or re.search(
        r"\b(?:i|we|to|can't|don't|didn't|you|they|he|she|always)\s*$", sentence[: match.start()], re.I
    ):
        return ""
    asked = match["v"].strip(" .!")
    return asked if re.search(r"\b(?:i|i'm|i've|my|we|our|me|i'll)\b", asked, re.IGNORECASE) else ""
