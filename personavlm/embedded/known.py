"""What needs no evidence from talk: core memory, things in pictures, and what the user likes, for recommendations.

core memory "home: Porto" + "Where do I live?"  ->  Porto
"favourite drink is Coca-Cola" (current), "… Sprite" (until May) + "What should I drink?"  ->  Coca-Cola
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from personavlm.embedded import language
from personavlm.embedded.judging import Verdict
from personavlm.embedded.question import Question, phrased
from personavlm.embedded.scene import Scene
from personavlm.embedded.when import date
from personavlm.encoders import TextEncoder
from personavlm.personality import Trait, describe_trait
from personavlm.prompts.text import MemoryLine


@dataclass(frozen=True, slots=True)
class Fact:
    """One entry of core memory."""

    key: str
    value: str


_ALIASES = {
    "name": ("call", "name"),
    "home": ("live", "home", "from", "city", "town", "address"),
    "job": ("job", "work", "profession", "living", "occupation"),
    "age": ("old", "age"),
    "birthday": ("born", "birthday"),
}


def find(question: Question, scene: Scene) -> Fact | None:
    """Return the entry of core memory that answers a question about either side; None if none does.

    Every content word of the question must belong to the entry's key, so "my sister's name" is not answered by "name".
    """
    if question.kind not in ("what", "where", "who", "how many", "when") or question.times or question.others:
        return None
    block = scene.core.get(
        "human" if question.about == {"user"} else "persona" if question.about == {"assistant"} else "", {}
    )
    asked = {"job"} if _FOR_A_LIVING.search(question.text) else set(question.terms)
    asked |= {"old"} if re.match(r"how old\b", question.text, re.I) else set()
    for key, value in block.items():
        words = {language.stem(w) for w in (*language.words(key), *_ALIASES.get(key.lower(), ()))}
        if asked and asked <= words:
            return Fact(key, value.strip().rstrip("."))
    return None


_FOR_A_LIVING = re.compile(r"\b(?:for a living|for work)\b", re.I)


def pictured(scene: Scene) -> str:
    """Return what is recognised in the picture, or that it is not known."""
    things = [m for m in scene.memories if m.type == "visual" and m.status == "current"]
    if not things:
        return "I don't know this one.\nShow it to me with its name, and I will know it next time."
    named = " ".join(dict.fromkeys(_this(m) for m in things[:2]))
    return f"{named}\nYou showed it to me on {date(things[0].time)}."


def _this(memory: MemoryLine) -> str:
    text = re.sub(r"\s*\(Image Object:[^)]*\)", "", memory.text).strip(" .")
    lowered = text if text[:2].isupper() or " " not in text else text[0].lower() + text[1:]
    lowered = re.sub(r"^(?:(?:this|it) is )?(?:the user's|user's|their|my)\b", "your", lowered)
    return f"This is {lowered}."


def trait_words(trait: Trait, score: float) -> str:
    """Return the adjectives of a trait that stands clear of neutral; empty for one that does not."""
    words = describe_trait(trait, score)
    return "" if words == "neutral" else words


# ── recommendations ──────────────────────────────────────────────────────────────────────────────────────────────

_LIKES, _DISLIKES = phrased("likes"), phrased("dislikes")


BEARING = 0.2
"""Cosine from which something liked bears on what is asked for."""


@dataclass(frozen=True, slots=True)
class _Liking:
    """Something the user said they like: the words, when, and the memory if it is one."""

    text: str
    time: datetime
    memory: MemoryLine | None = None


def recommend(verdict: Verdict, scene: Scene, encoder: TextEncoder) -> str:
    """Return advice that rests on what the user likes: the nearest current liking, with what it replaced."""
    kept = [m for m in scene.memories if m.type in ("semantic", "procedural") and m.status == "current"]
    likings = [_Liking(m.text, m.time, m) for m in kept if m.type == "procedural" or _LIKES.search(m.text)]
    told = (
        c for c in verdict.ranked if c.side == "user" and c.said.kind == "turn" and not language.is_question(c.text)
    )
    likings += [_Liking(c.text, c.time) for c in told if _LIKES.search(c.text)]
    ranked = _bearing(scene.query, [one for one in likings if not _DISLIKES.search(one.text)], encoder)
    if not ranked:
        return (
            "You haven't told me what you like there.\nTell me one thing you enjoy, and I can suggest by it next time."
        )
    best = ranked[0]
    if best.memory is not None:
        return _advice(best.memory, scene)
    shown = "\n".join(f"You told me on {date(one.time)}: “{one.text}”" for one in ranked[:2] if one.memory is None)
    return f"{_liked(best.text)}.\n{shown}"


def _bearing(query: str, likings: list[_Liking], encoder: TextEncoder) -> list[_Liking]:
    """Return the likings that bear on what is asked for, nearest first; a memory before a sentence as near."""
    if not likings:
        return []
    asked = [query, next((s for s in reversed(language.sentences(query)) if language.is_question(s)), query)]
    vectors = encoder.encode([*asked, *(one.text for one in likings)])
    nearness = [float(n) for n in (vectors[2:] @ vectors[:2].T).max(axis=1)]
    order = sorted(range(len(likings)), key=lambda i: (-nearness[i], likings[i].memory is None, i))
    return [likings[i] for i in order if nearness[i] >= BEARING]


def _advice(memory: MemoryLine, scene: Scene) -> str:
    head = f"{_liked(memory.text)}.\nI go by what I have from {date(memory.time)}: “{memory.text}”"
    former = [m for m in scene.memories if m.status == "superseded" and m.until and m.time < memory.time]
    shared = [m for m in former if set(language.stems(m.text)) & set(language.stems(memory.text))]
    return (
        f"{head}\nBefore that it was “{shared[0].text}” (until {date(shared[0].until or memory.time)})."
        if shared
        else head
    )


def _liked(text: str) -> str:
    """Return the liked thing in a statement of liking: what follows the verb or "is"."""
    match = re.search(
        r"\b(?:favou?rite [\w ]{1,30}? (?:is|are|was)(?: now)?|likes?|loves?|enjoys?|prefers?|into|fan of|craves?"
        r"|keen on|switched to|nothing beats)\s+(?:to )?([^.,;!?]{2,60})",
        text,
        re.I,
    )
    match = match or re.search(
        r"\b(?:an?|the|my)\s+((?:\w+\s+){0,2}\w+)\s+(?:settles?|calms?|cheers?|helps?)\b", text, re.I
    )
    thing = (match[1] if match else text).strip(" .")
    thing = re.split(r"\s+(?:because|since|when|but|and i|now|by the way|lately|recently)\b", thing)[0]
    return thing[:1].upper() + thing[1:]
