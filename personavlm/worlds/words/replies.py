"""What the assistant replies: something that fits what was said, adds nothing about the user, and helps when asked.

The manner drifts with trust, from formal to casual. When help was asked for, the reply holds real, general advice from
``advice.json``: an answer to that very question if there is one, and tips of its field.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from personavlm.worlds.banks import bank
from personavlm.worlds.values import Beat, Fact
from personavlm.worlds.words.grammar import OPEN, SHUT, Frame, patterns, say
from personavlm.worlds.words.speak import Draft
from personavlm.worlds.words.tidying import tidy

LOUDEST = ("ask", "offered", "recall", "forget", "request", "change", "end", "correct", "waver")
"""Acts a reply must answer first, the most pressing first; what else was said gets a word if there is room."""

_THINKS = {"change.taste": "change", "correct": "retell"}
"""Which general thoughts go with a sort of answer, where they are not kept under its own name."""

ENOUGH = 64
"""Words after which a reply needs nothing more."""

FIRST_CASUAL, LAST_CASUAL = 0.08, 0.92
"""Chance of a casual pattern at no trust and at full trust."""


def reply(draft: Draft) -> tuple[str, tuple[str, ...]]:
    """Return the reply and the ids of its patterns."""
    spoken: list[str] = []
    ids: list[str] = []
    manner = _manner(draft)
    for beat, filled in _answered(draft):
        _answer(draft, beat, filled, manner, spoken, ids)
    if _short(spoken):
        _lengthened(draft, manner, spoken, ids)
    if draft.cues and len(spoken) < 3 and draft.rng.random() < 0.6:
        trait, way = draft.cues[0]
        _add(draft, f"reply.cue.{trait}.{'high' if way > 0 else 'low'}", {}, spoken, ids, first=True)
    return " ".join(spoken), tuple(ids)


def _short(spoken: Sequence[str]) -> bool:
    return len(" ".join(spoken).split()) < ENOUGH


def _manner(draft: Draft) -> str:
    casual = FIRST_CASUAL + (LAST_CASUAL - FIRST_CASUAL) * draft.context.trust
    return "casual" if draft.rng.random() < casual else "formal"


def _ordered(draft: Draft) -> list[tuple[Beat, Frame]]:
    """Return the beats with their frames in the order in which they are answered; a greeting only if it is all."""
    pairs = list(zip(draft.slot.beats, draft.frames, strict=True))
    heavy = [pair for pair in pairs if pair[0].act not in ("greet", "close")]
    rank = {act: number for number, act in enumerate(LOUDEST)}
    return sorted(heavy or pairs, key=lambda pair: rank.get(pair[0].act, len(rank)))


def _answered(draft: Draft) -> list[tuple[Beat, Frame]]:
    """Return the one or two beats that get an answer; two remarks on one thing get one."""
    first, *others = _ordered(draft)
    about = (_kind(draft, first[0]), first[1].get("thing"))
    second = [(b, f) for b, f in others if about[1] is None or (_kind(draft, b), f.get("thing")) != about]
    return [first, *second[:1]]


def _answer(draft: Draft, beat: Beat, filled: Frame, manner: str, spoken: list[str], ids: list[str]) -> None:
    if beat.act != "ask":
        if not spoken or draft.rng.random() < 0.8:
            _add(draft, f"reply.{_kind(draft, beat)}.{manner}", filled, spoken, ids)
        return
    _add(draft, f"reply.ask.{manner}", filled, spoken, ids)
    spoken.extend(advice(beat, draft.facts.get(beat.fact), draft.rng))
    if draft.rng.random() < 0.7:
        _add(draft, f"reply.askend.{manner}", filled, spoken, ids)


def _lengthened(draft: Draft, manner: str, spoken: list[str], ids: list[str]) -> None:
    """Add a general tip or thought on what came up, and a word on how to go on, as long as the reply is short."""
    domain = next((f for f in draft.frames if f.get("domain") in _advice()["tips"]), None)
    beat = _ordered(draft)[0][0]
    thoughts = _advice()["thoughts"].get(_THINKS.get(_kind(draft, beat), _kind(draft, beat)), ())
    if domain and draft.rng.random() < 0.85:
        _add(draft, f"reply.tip.{manner}", domain, spoken, ids)
        tip = draft.rng.choice(_advice()["tips"][domain["domain"]])
        spoken.append(tip[0].lower() + tip[1:])
    if beat.act not in ("greet", "close"):
        _think(draft, thoughts, spoken)
    if draft.slot.beats[-1].act != "close" and _short(spoken):
        _add(draft, f"reply.more.{manner}", {}, spoken, ids)


def _think(draft: Draft, thoughts: Sequence[str], spoken: list[str]) -> None:
    """Add one thought, or two while the reply is short, that this session has not heard."""
    heard = " ".join(said.reply for said in draft.context.said)
    fresh = [thought for thought in thoughts if thought not in heard]
    for thought in draft.rng.sample(fresh, k=min(2, len(fresh))):
        if _short(spoken):
            spoken.append(thought)


def _add(draft: Draft, key: str, filled: Frame, spoken: list[str], ids: list[str], first: bool = False) -> None:
    found = say((key,), filled, draft.rng, draft.context.unseen, (*draft.context.used, *ids))
    spoken.insert(0 if first else len(spoken), tidy(found[0]).replace(OPEN, "").replace(SHUT, ""))
    ids.append(found[1])


def _kind(draft: Draft, beat: Beat) -> str:
    """Return which sort of answer fits a beat."""
    fact = draft.facts.get(beat.fact)
    if beat.act == "show":
        shot = draft.context.shots.get(beat.shot)
        return "show" if shot and any(seen.thing for seen in shot.seen) else "scene"
    if fact and fact.matter == "dynamic":
        return "bond" if fact.about == "assistant" else "dynamic"
    if fact and fact.matter == "goal" and beat.act in ("tell", "change"):
        return f"goal.{fact.value}" if fact.value in ("done", "dropped") else "goal"
    if fact and fact.matter == "routine" and beat.act == "change":
        return "routine"
    if fact and fact.matter == "taste" and beat.act == "change":
        return "change.taste"
    if beat.act in ("tell", "future", "other") and fact:
        return _told(fact)
    return beat.act if f"reply.{beat.act}.formal" in patterns() else "any"


def _told(fact: Fact) -> str:
    if fact.matter == "taste":
        return "belonging" if fact.about != "user" else "taste.like" if fact.polarity > 0 else "taste.dislike"
    if fact.matter == "event":
        return "future" if fact.attribute == "appointment" else "event"
    return fact.matter if f"reply.{fact.matter}.formal" in patterns() else "any"


# ── advice ───────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def _advice() -> Any:
    return json.loads((files(__package__) / "advice.json").read_text(encoding="utf-8"))


@cache
def _fields() -> dict[str, str]:
    """Return the field of every question the banks hold."""
    found = {ask: row["domain"] for row in bank("domains") for ask in row["ask"]}
    found |= {ask: kind["subject"] for kind in bank("aims")["kinds"] for ask in kind["asks"]}
    for row in bank("expertise")["subjects"]:
        found |= {ask: row["subject"] for asks in row["asks"].values() for ask in asks}
    return found


def advice(beat: Beat, fact: Fact | None, rng: random.Random) -> list[str]:
    """Return two to four sentences of advice on a question; on how to pursue a plan if the banks do not know it."""
    content = _advice()
    said = [rng.choice(content["answers"][beat.subject])] if beat.subject in content["answers"] else []
    tips = content["tips"]
    field = _fields().get(beat.subject, fact.attribute if fact and fact.attribute in tips else "plans")
    return said + rng.sample(tips[field], k=3 if said else min(len(tips[field]), rng.choice((4, 5))))
