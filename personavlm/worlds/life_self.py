"""The user's own side of a life: who they are, what they like, what they do every week, what they are after.

Whatever can become an answer is drawn evenly: values, days, hours, places, statuses, poles, levels and reasons, so that
a question says nothing about its answer.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from personavlm.worlds.banks import bank, share
from personavlm.worlds.life_pen import Pen, Row, row
from personavlm.worlds.life_time import spelled
from personavlm.worlds.values import GOAL_STATUSES, USER, GoalStatus, Thread

T = TypeVar("T")

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LEVELS = ("beginner", "handy", "expert")
LEVEL_TEXT = {"beginner": "knows next to nothing about", "handy": "knows a fair bit about", "expert": "is an expert in"}
STRENGTH_TEXT = {-3: "cannot stand", -2: "dislikes", -1: "is not keen on", 1: "rather likes", 2: "likes", 3: "loves"}
GOAL_TEXT: dict[GoalStatus, str] = {
    "planned": "plans to {inf}",
    "under way": "is under way with {ing}",
    "done": "managed to {inf}",
    "dropped": "has given up {ing}",
}


GOAL_ALSO: dict[GoalStatus, tuple[str, ...]] = {
    "planned": ("still only a plan", "not begun yet"),
    "under way": ("in progress", "begun"),
    "done": ("finished", "achieved"),
    "dropped": ("given up", "abandoned"),
}
LEVEL_ALSO = {
    "beginner": ("novice", "new to it"),
    "handy": ("some knowledge", "intermediate"),
    "expert": ("expert level",),
}


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much of each a life has, by the length of its dialogue."""

    domains: int
    changes: int
    routines: int
    moves: int
    goals: int
    past: int
    future: int
    subjects: int
    leanings: int
    requests: int


def amounts(turns: int) -> Amounts:
    """Return how rich a life has to be to fill so many turns."""
    step = sum(turns > bound for bound in (30, 60, 110, 210))
    return Amounts(
        domains=(15, 16, 18, 20, 23)[step],
        changes=(1, 2, 4, 7, 10)[step],
        routines=(4, 4, 5, 7, 9)[step],
        moves=(1, 1, 2, 3, 4)[step],
        goals=(4, 4, 6, 9, 14)[step],
        past=2 + round(turns * 0.09),
        future=1 + round(turns * 0.035),
        subjects=(2, 2, 3, 4, 6)[step],
        leanings=(2, 2, 3, 5, 8)[step],
        requests=(2, 2, 3, 5, 7)[step],
    )


def shuffled(items: Sequence[T], rng: random.Random) -> list[T]:
    """Return the items in random order."""
    return rng.sample(items, k=len(items))


# ── tastes ───────────────────────────────────────────────────────────────────────────────────────────────────────


def tastes(pen: Pen, much: Amounts) -> None:
    """Write a favourite in every domain, dislikes and side likes in some, and the changes."""
    rng = pen.frame.rng("tastes")
    domains = shuffled(bank("domains"), rng)[: much.domains]
    changing = set(rng.sample(range(len(domains)), k=much.changes))
    for at, domain in enumerate(domains):
        items = shuffled([item for item in share(domain["items"], pen.half) if item not in pen.spent], rng)
        favourite: list[Row] = [_taste(domain, items.pop(), rng.choice((2, 3)), pen.frame.ago(rng, 8), best=True)]
        if at in changing:
            favourite += _changes(pen, domain, favourite[0], items, rng)
        pen.write("taste", domain["label"], *favourite)
        if rng.random() < 0.6:
            _second(pen, domain, items, rng, turns=at in changing or rng.random() < 0.15)


def _changes(pen: Pen, domain: Any, first: Row, items: list[str], rng: random.Random) -> list[Row]:
    """Return one or two followers of a favourite: another thing, or the same one disliked."""
    twice = rng.random() < 0.3
    spans = ((0.3, 0.5), (0.6, 0.85)) if twice else ((0.35, 0.8),)
    moments = sorted({pen.frame.gap(rng, *span) for span in spans})
    if len(moments) == 2 and moments[1] - moments[0] < timedelta(days=4):
        moments.pop()
    followers: list[Row] = []
    for number, moment in enumerate(moments):
        sours = rng.random() < 0.3 and number == len(moments) - 1
        value = (followers or [first])[-1]["value"] if sours else items.pop()
        strength = -rng.choice((1, 2, 3)) if sours else rng.choice((2, 3))
        reason = pen.reason("loss" if sours else "gain", rng)
        followers.append(_taste(domain, value, strength, moment, reason, best=not sours))
    return followers


def _second(pen: Pen, domain: Any, items: list[str], rng: random.Random, turns: bool) -> None:
    """Write a dislike or a side like beside the favourite; some turn into their opposite."""
    liked = rng.random() < 0.35
    value, strength = items.pop(), rng.choice((1, 2, 3))
    facts = [_taste(domain, value, 1 if liked else -strength, pen.frame.ago(rng, 8))]
    if turns and rng.random() < 0.5:
        reason = pen.reason("loss" if liked else "gain", rng)
        moment = pen.frame.gap(rng, 0.35, 0.8)
        facts.append(_taste(domain, value, -strength if liked else rng.choice((1, 2)), moment, reason))
    pen.write("taste", domain["label"], *facts)


def _taste(
    domain: Any, value: str, strength: int, since: datetime, reason: str = "", best: bool = False
) -> dict[str, Any]:
    text = f"{domain['favourite']} {value}" if best else f"{STRENGTH_TEXT[strength]} {value}"
    polarity = 1 if strength > 0 else -1
    return row(USER, domain["domain"], value, text, since, polarity=polarity, strength=abs(strength), reason=reason)


# ── leanings and expertise ───────────────────────────────────────────────────────────────────────────────────────


def leanings(pen: Pen, much: Amounts) -> None:
    """Write general inclinations, each an even draw between two poles; nobody ever says them."""
    rng = pen.frame.rng("leanings")
    for axis in shuffled(bank("leanings")["axes"], rng)[: much.leanings]:
        pole = rng.randrange(2)
        value, other = axis["poles"][pole], axis["poles"][1 - pole]
        text, strength = f"prefers {value} to {other}", rng.choice((1, 2, 3))
        fact = row(USER, axis["axis"], value, text, pen.frame.ago(rng, 10), polarity=(1, -1)[pole], strength=strength)
        pen.write("leaning", axis["axis"], fact | {"implied": True})


def expertise(pen: Pen, much: Amounts, job: str) -> None:
    """Write how much they know of some subjects: what their work implies, the rest so that levels come out even."""
    rng = pen.frame.rng("expertise")
    subjects = shuffled(share(bank("expertise")["subjects"], pen.half), rng)[: much.subjects + 1]
    levels = [*shuffled(LEVELS, rng), *shuffled(LEVELS, rng), *shuffled(LEVELS, rng)]
    own = next((s for s in share(bank("expertise")["subjects"], pen.half) if job in s["jobs"]), None)
    chosen = [s for s in subjects if s is not own][: much.subjects - (own is not None)]
    if own:
        levels.remove("expert")
        _know(pen, own["subject"], "expert", rng)
    for subject, level in zip(chosen, levels, strict=False):
        _know(pen, subject["subject"], level, rng)


def _know(pen: Pen, subject: str, level: str, rng: random.Random) -> None:
    text = f"{LEVEL_TEXT[level]} {subject}"
    pen.write(
        "expertise",
        subject,
        row(USER, subject, level, text, pen.frame.ago(rng, 10), implied=True, also=LEVEL_ALSO[level]),
    )


# ── routines ─────────────────────────────────────────────────────────────────────────────────────────────────────


def routines(pen: Pen, much: Amounts) -> None:
    """Write weekly habits with day, hour and place; some move to another day, one of many stops."""
    rng = pen.frame.rng("routines")
    content = bank("routines")
    taken = set[tuple[str, str]]()
    places = {kind: shuffled(share(names, pen.half), rng) for kind, names in content["places"].items()}
    for at, activity in enumerate(shuffled(share(content["activities"], pen.half), rng)[: much.routines]):
        place = places[activity["places"]].pop()
        moments = [pen.frame.ago(rng, 4)] + ([pen.frame.gap(rng, 0.35, 0.8)] if at < much.moves else [])
        facts: list[dict[str, Any]] = []
        for number, since in enumerate(moments):
            day, hour = _free(rng, content["hours"], taken, facts[-1]["value"].split()[0] if facts else "")
            reason = pen.reason("move", rng) if number else ""
            facts.append(_habit(activity["activity"], day, hour, place, since, reason))
        if at == much.routines - 1 and pen.frame.turns > 60:
            facts[-1]["until"] = pen.frame.gap(rng, 0.5, 0.85)
        pen.write("routine", activity["activity"], *facts)


def _free(rng: random.Random, hours: Sequence[str], taken: set[tuple[str, str]], not_day: str) -> tuple[str, str]:
    """Draw a day and an hour that nothing else has; on another day than before if it moves."""
    while True:
        slot = rng.choice(DAYS), rng.choice(hours)
        if slot not in taken and slot[0] != not_day:
            taken.add(slot)
            return slot


def _habit(activity: str, day: str, hour: str, place: str, since: datetime, reason: str) -> dict[str, Any]:
    also = (f"{day}s at {hour}", f"every {day} at {hour}")
    text = f"{activity} is on {day}s at {hour} at {place}"
    return row(USER, activity, f"{day} {hour} at {place}", text, since, reason=reason, also=also)


# ── goals, events, requests ──────────────────────────────────────────────────────────────────────────────────────

PATHS: dict[GoalStatus, tuple[tuple[GoalStatus, ...], ...]] = {
    "planned": (("planned",),),
    "under way": (("under way",), ("planned", "under way")),
    "done": (("planned", "done"), ("under way", "done"), ("planned", "under way", "done")),
    "dropped": (("planned", "dropped"), ("under way", "dropped"), ("planned", "under way", "dropped")),
}
"""Ways to a last status."""

CAUSES: dict[GoalStatus, str] = {"under way": "start", "done": "done", "dropped": "drop", "planned": "why"}


def goals(pen: Pen, much: Amounts) -> None:
    """Write long-term plans; the last status is even over the four."""
    rng = pen.frame.rng("goals")
    last = [status for _ in range(1 + much.goals // 4) for status in shuffled(GOAL_STATUSES, rng)]
    for goal, status in zip(shuffled(share(bank("goals")["goals"], pen.half), rng)[: much.goals], last, strict=False):
        write_goal(pen, goal["inf"], goal["ing"], status, rng)


def write_goal(pen: Pen, inf: str, ing: str, status: GoalStatus, rng: random.Random, about: str = USER) -> Thread:
    """Write a plan on its way to a last status; ``about`` is the id of the thing it is about, if any."""
    path = rng.choice(PATHS[status])
    moments = [pen.frame.ago(rng, 0.4)] + [pen.frame.gap(rng, *span) for span in _spans(len(path) - 1)]
    facts: list[dict[str, Any]] = []
    for number, (step, since) in enumerate(zip(path, moments, strict=True)):
        if facts and since <= facts[-1]["since"] + timedelta(hours=12):
            continue
        kind = CAUSES[step] if number else "why"
        reason = pen.fresh(share(bank("goals")[kind], pen.half), rng)
        text = GOAL_TEXT[step].format(inf=inf, ing=ing)
        facts.append(row(about, "status", step, text, since, reason=reason, also=GOAL_ALSO[step]))
    return pen.write("goal", ing, *facts)


def _spans(count: int) -> tuple[tuple[float, float], ...]:
    return (((0.35, 0.85),), ((0.3, 0.5), (0.6, 0.88)))[count - 1] if count else ()


def events(pen: Pen, much: Amounts) -> None:
    """Write what happened before and meanwhile, and what will happen on a date."""
    rng = pen.frame.rng("events")
    for number, value in enumerate(shuffled(share(bank("events")["past"], pen.half), rng)[: much.past]):
        early = number % 2
        since = pen.frame.ago(rng, 2) if early else pen.frame.gap(rng, 0.05, 0.95)
        write_event(pen, value, since, ahead=False)
    for value in shuffled(share(bank("events")["future"], pen.half), rng)[: much.future]:
        write_event(pen, value, pen.frame.gap(rng, 0.2, 0.9) + timedelta(days=rng.randint(3, 30)), ahead=True)


def write_event(pen: Pen, value: str, since: datetime, ahead: bool) -> Thread:
    """Write something that happened, or will happen, on a date."""
    text = f"will {value} on {spelled(since)}" if ahead else f"{value} on {spelled(since)}"
    attribute = "appointment" if ahead else "event"
    return pen.write("event", value, row(USER, attribute, value, text, since))


def requests(pen: Pen, much: Amounts) -> None:
    """Write what they want of the assistant."""
    rng = pen.frame.rng("requests")
    content = {kind: shuffled(share(items, pen.half), rng) for kind, items in bank("requests").items()}
    kinds = [kind for _ in range(3) for kind in shuffled(("tone", "remember", "avoid"), rng)]
    for kind in kinds[: much.requests]:
        value = content[kind].pop()
        text = f"wants the assistant to {value}"
        pen.write("request", kind, row("assistant", kind, value, text, pen.frame.ago(rng, 0.5)))
