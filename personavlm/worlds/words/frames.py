"""Frames: what a beat's slots are filled with, from the facts behind it.

Beat("tell", fact="f7") ──frame──> {"value": "ginger beer", "domain": "drink", "reason": "the dentist told me off", …}
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from personavlm.worlds.values import USER, Beat, Fact, Kin, Person, Slot, Thread
from personavlm.worlds.words.banked import domain, goal
from personavlm.worlds.words.context import Context
from personavlm.worlds.words.grammar import ADVERBS, first_verb, plain_verb

# ── the third person becomes the first ───────────────────────────────────────────────────────────────────────────

_THIRD = {
    "she": {"she": "I", "hers": "mine", "herself": "myself"},
    "he": {"he": "I", "him": "me", "himself": "myself"},
    "they": {"they": "I", "them": "me", "their": "my", "theirs": "mine", "themselves": "myself", "themself": "myself"},
}
_FOLLOWING = """off up out down in on at to of for from with about into over back away by and but or that when while if
because how what why the a an this so too again once before after home there"""
_AFTER_OBJECT = frozenset(_FOLLOWING.split())
_WORD = re.compile(r"[\w'’]+")
_TO_BE = {"is": "am", "are": "am", "were": "was", "isn't": "am not", "aren't": "am not", "weren't": "wasn't"}


def own(text: str, pronoun: str) -> str:
    """Return a third-person text about the user in their own words. Everybody else has to be there by name.

    >>> own("the dentist told her off", "she"), own("his back hurts", "he"), own("they are tired of it", "they")
    ('the dentist told me off', 'my back hurts', 'I am tired of it')
    """
    words = list(_WORD.finditer(text))
    pieces, end, after_i = [], 0, False
    for number, match in enumerate(words):
        word = match.group()
        following = words[number + 1].group().lower() if number + 1 < len(words) else ""
        new = _turned(word, pronoun, following, at_end=text[match.end() : match.end() + 1] in ("", ".", ",", ";", "!"))
        if after_i and new == word and word not in ADVERBS:
            new = _TO_BE.get(word) or (first_verb(word) if pronoun != "they" else word)
        after_i = new == "I" or (after_i and word in ADVERBS)
        pieces += [text[end : match.start()], new]
        end = match.end()
    return "".join(pieces) + text[end:]


def _turned(word: str, pronoun: str, following: str, at_end: bool) -> str:
    lower = word.lower()
    if pronoun == "she" and lower == "her":
        return "me" if at_end or following in _AFTER_OBJECT else "my"
    if pronoun == "he" and lower == "his":
        return "mine" if at_end else "my"
    return _THIRD[pronoun].get(lower, word)


# ── moments ──────────────────────────────────────────────────────────────────────────────────────────────────────


def ago(then: datetime, now: datetime) -> str:
    """Return how people refer to a past moment, or nothing if it is not past."""
    days = (now.date() - then.date()).days
    if days < 0:
        return ""
    if days <= 1:
        return ("earlier today", "yesterday")[days]
    if days <= 6:
        return f"on {then:%A}"
    if days <= 13:
        return f"last {then:%A}"
    if days <= 45:
        return f"about {('two', 'three', 'four', 'five', 'six')[min(4, days // 7 - 2)]} weeks ago"
    if then.year == now.year or days < 300:
        return f"back in {then:%B}"
    return f"in {then:%Y}" if now.year - then.year > 1 else f"in {then:%B} last year"


def ahead(then: datetime, now: datetime) -> str:
    """Return a date to come, exact: weekday when it is near, and the day of the month always."""
    if then.date() <= now.date():
        return "later today" if then.date() == now.date() else f"on {then.day} {then:%B}"
    near = (then.date() - now.date()).days < 60
    return f"on {then:%A} {then.day} {then:%B}" if near else f"on {then.day} {then:%B}{_year(then, now)}"


def _year(then: datetime, now: datetime) -> str:
    return f" {then.year}" if then.year != now.year else ""


_HOURS = ("twelve", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")


def clocks(hour: int, minute: int) -> tuple[str, ...]:
    """Return ways of saying a time of day: "19:30", "7:30 pm", "half past seven in the evening"."""
    half = "am" if hour < 12 else "pm"
    part = "in the morning" if hour < 12 else "in the afternoon" if hour < 18 else "in the evening"
    short = f"{(hour - 1) % 12 + 1}" + (f":{minute:02}" if minute else "")
    spoken = {0: "{} o'clock", 15: "a quarter past {}", 30: "half past {}", 45: "a quarter to {}"}.get(minute, "")
    named = spoken.format(_HOURS[(hour + (minute == 45)) % 12])
    return (f"{hour:02}:{minute:02}", f"{short} {half}", *((f"{named} {part}",) if named else ()))


_ROUTINE = re.compile(r"(?P<day>\w+day)s?,? (?:at )?(?P<hour>\d\d?):(?P<minute>\d\d)(?:,? (?:at )?(?P<place>.+))?$")


def routine(value: str) -> tuple[str, int, int, str] | None:
    """Return the day, hour, minute and place of a routine's value, or nothing if it is not one."""
    match = _ROUTINE.match(value)
    return (match["day"], int(match["hour"]), int(match["minute"]), match["place"] or "") if match else None


# ── frames ───────────────────────────────────────────────────────────────────────────────────────────────────────


def frame(
    slot: Slot, beat: Beat, person: Person, threads: Mapping[str, Thread], context: Context, rng: random.Random
) -> dict[str, str]:
    """Return what the slots of a beat's patterns are filled with; what is unknown is missing.

    ``threads`` holds the thread of each of the person's facts, by the fact's id.
    """
    filled = {"subject": beat.subject, "about": beat.subject, "me": person.name.split()[0], **_chosen(beat)}
    old = _in(threads, beat.old)
    fact = _in(threads, beat.fact) or (old if beat.act == "waver" else None)
    if fact is not None:
        filled |= _of_fact(fact, threads[fact.id], person, slot.time, rng)
    if old is not None:
        filled |= {f"old{name}": text for name, text in _value(old, person, rng).items()}
    filled |= _of_kin(_kin(beat, fact, person), context, filled.get("value", ""))
    filled |= _of_shot(beat, fact, person, context)
    if fact is not None:
        filled |= _named(fact, filled)
    if beat.act == "relate":
        filled["episode"] = _episode(beat, slot, filled, own(beat.subject, person.pronoun))
    filled |= {name[0].upper() + name[1:]: filled[name] for name in ("why", "cause", "reason") if filled.get(name)}
    return {name: text for name, text in filled.items() if text}


def _in(threads: Mapping[str, Thread], fact_id: str) -> Fact | None:
    return next((fact for fact in threads[fact_id].facts if fact.id == fact_id), None) if fact_id in threads else None


_OWN = {
    "name": "my name",
    "age": "my age",
    "work": "my work",
    "town": "where I live",
    "origin": "where I grew up",
    "home": "my place",
    "giver": "who gave me {thing}",
    "use": "what {thing} is for",
    "tone": "how I want you to write",
    "remember": "what you were to remember",
    "avoid": "what I'd rather not talk about",
    "event": "that story of mine, {when}",
    "appointment": "what I've got on, {date}",
    "birthday": "{name}'s birthday",
    "habit": "{name}'s ways",
    "plan": "{name}'s plans",
    "circumstance": "{name}'s news",
}
"""What a fact is about, in the user's words, without its value; by attribute."""


def _named(fact: Fact, filled: Mapping[str, str]) -> dict[str, str]:
    """Return how a fact's subject is called when it is asked about ("matter", "yours") and when it is taken back."""
    known = defaultdict(str, filled)
    phrase = _OWN.get(fact.attribute, "").format_map(known)
    if fact.matter == "other":
        phrase = (
            phrase
            if fact.attribute in ("birthday", "habit", "plan", "circumstance")
            else (f"{known['name']} and {known['kinds']}" if known["kinds"] else f"{known['name']}'s {fact.attribute}")
        )
    elif fact.matter == "belonging" and fact.attribute not in ("giver", "use"):
        phrase = f"where {known['thing']} came from" if fact.attribute == "origin" else f"my {fact.attribute}"
    elif fact.matter == "taste":
        phrase = f"my taste in {known['kinds']}" if known["kinds"] else f"which {fact.attribute} I like best"
    elif fact.matter == "relation":
        phrase = f"my {fact.attribute}"
    elif fact.matter == "routine":
        phrase = f"when and where {fact.attribute} is"
    phrase = phrase.removesuffix(", ") or known["label"]
    affair = f"the time I {known['plainly']}" if fact.attribute == "event" else phrase
    yours = re.sub(r"\bmy\b", "your", re.sub(r"\bI've\b", "you've", re.sub(r"\b(me|I)\b", "you", phrase)))
    wish = re.sub(r"\bme\b", "you", known["value"])
    return {"matter": phrase, "affair": affair, "yours": yours.replace("I'd", "you'd"), "wish": wish}


def _kin(beat: Beat, fact: Fact | None, person: Person) -> Kin | None:
    who = beat.kin or (fact.value if fact and fact.attribute == "giver" else fact.about if fact else "")
    return next((kin for kin in person.kin if kin.name == who), None)


def _chosen(beat: Beat) -> dict[str, str]:
    options = beat.options
    return {
        "pick": options[0] if options else "",
        "other": options[1] if len(options) > 1 else "",
        "offer": " or ".join(options[:2]),
    }


def _of_fact(fact: Fact, thread: Thread, person: Person, now: datetime, rng: random.Random) -> dict[str, str]:
    reason = own(fact.reason, person.pronoun)
    return {
        **_value(fact, person, rng),
        "attribute": fact.attribute,
        "topic": fact.attribute,
        "label": thread.label,
        "text": own(fact.text, person.pronoun),
        "reason": reason,
        "why": "" if _phrase(fact) else reason,
        "cause": reason if _phrase(fact) else "",
        "when": ago(fact.since, now),
        "date": (date := ahead(fact.since, now) if fact.since > now else ""),
        "thedate": date.removeprefix("on ") if date != "later today" else "today",
        **(domain(fact.attribute) if fact.matter in ("taste", "other") else {}),
        **(_goal(thread.label) if fact.matter == "goal" else {}),
    }


def _goal(label: str) -> dict[str, str]:
    """Return a goal's two forms, and how one says that it was begun."""
    forms = goal(label)
    return {**forms, "begun": f"started {forms['doing'].removeprefix('starting ')}"}


def _phrase(fact: Fact) -> bool:
    """Whether the reason is a noun phrase ("an argument about a bill") and not a clause ("the hall closed")."""
    return fact.matter == "goal" or (fact.matter == "dynamic" and fact.about != "assistant")


def _value(fact: Fact, person: Person, rng: random.Random) -> dict[str, str]:
    """Return a fact's value as it is, and in the forms its matter has."""
    value = own(fact.value, person.pronoun) if fact.about == USER else fact.value
    filled = {"value": value, "plainly": first_verb(value)}
    if fact.matter == "routine" and (parts := routine(fact.value)):
        day, hour, minute, place = parts
        filled |= {"day": day, "clock": rng.choice(clocks(hour, minute)), "place": place}
    if fact.matter == "request":
        filled["asked"] = fact.value.removeprefix("remember that ")
    return filled


def _episode(beat: Beat, slot: Slot, filled: Mapping[str, str], subject: str) -> str:
    """Return what was done together; whoever the turn has named before is a pronoun in it."""
    before = slot.beats[: slot.beats.index(beat)]
    episode = first_verb(subject) if subject else ""
    if not any(other.kin == beat.kin for other in before) or "name" not in filled:
        return episode
    return episode.replace(f"{filled['name']}'s", filled["hers"]).replace(filled["name"], filled["her"])


_OBJECT = {"she": "her", "he": "him", "they": "them", "it": "it"}
_HERS = {"she": "her", "he": "his", "they": "their", "it": "its"}


def _of_kin(kin: Kin | None, context: Context, value: str) -> dict[str, str]:
    """Return how somebody is referred to: introduced the first time, by name later."""
    if kin is None:
        return {}
    known = kin.name in context.met
    return {
        "name": kin.name,
        "relation": kin.relation,
        "who": kin.name if known else f"my {kin.relation} {kin.name}",
        "new": kin.name,
        "does": f"{kin.pronoun} {plain_verb(value) if kin.pronoun == 'they' else value}" if value else "",
        "she": kin.pronoun,
        "her": _OBJECT[kin.pronoun],
        "hers": _HERS[kin.pronoun],
    }


def _of_shot(beat: Beat, fact: Fact | None, person: Person, context: Context) -> dict[str, str]:
    """Return what a picture shows, by kind and name only: how it looks stays unsaid."""
    shot = context.shots.get(beat.shot)
    shown = {seen.thing for seen in shot.seen} if shot else set()
    about = {fact.about} if fact else set()
    mine = next((thing for thing in person.things if thing.id in (about or shown)), None)
    if mine is None:
        mine = next((thing for thing in person.things if thing.id in shown), None)
    return {"thing": mine.name or f"my {mine.category}", "category": mine.category} if mine else {}
