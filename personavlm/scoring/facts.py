"""Memory fidelity: what is remembered against what could be known, with no judge.

    memories × claims ──match──> every claim Recalled or not, every memory Kept as right, stale, wrong, invented

Counted are core, semantic and procedural memories that rest on a turn; topics and raw turns hold every word anyway, and
the name a user was created with was told by nobody. Claims are what can be known by then (``worlds.truth.known``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from personavlm.memory import Memory, MemoryType
from personavlm.scoring.claims import Claim, Relation, Verdict
from personavlm.scoring.episodes import Overlap
from personavlm.scoring.matching import match

COUNTED: tuple[MemoryType, ...] = ("core", "semantic", "procedural")

Sort = Literal[
    "right",  # states a claim that holds, or of one that does not that it is over
    "vague",  # says less than a claim that holds
    "stale",  # states as holding what has been overtaken
    "date",  # states a claim with another date, day or hour
    "person",  # states of somebody what is true of another
    "contrary",  # denies a claim that holds, or says that it is over
    "value",  # puts another value in the place of one there can be but one of
    "invented",  # nothing told bears it out
]
SORTS: tuple[Sort, ...] = get_args(Sort)

SINGLE = frozenset({"identity", "relation", "routine", "goal", "dynamic", "expertise"})
"""Matters of which one value holds at a time, so that another one is wrong; tastes may stand side by side."""
EXACT = 1
"""Days by which a date may be off and still be right: "last night" may be told after midnight."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """A claim, and whether memory states it: a current memory if it holds, else an older one, or one that says so."""

    claim: Claim
    held: bool
    days: int | None = None
    """By how many days the nearest date remembered is off; None if it is not held or has no date."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A current memory, and what it is worth."""

    memory: Memory
    sort: Sort
    claim: str = ""
    """Id of the claim that decided; empty if there is none."""


@dataclass(frozen=True, slots=True)
class Fidelity:
    """One person's memory against the truth."""

    recalled: tuple[Recalled, ...]
    kept: tuple[Kept, ...]
    duplicates: int
    """Current memories beyond the first of their type that state the same claim."""
    contradictions: int
    """Threads of which current memories state two claims that do not hold at once."""


def fidelity(memories: Iterable[Memory], claims: Sequence[Claim]) -> Fidelity:
    """Return how memories stand to claims."""
    counted = [m for m in memories if m.type in COUNTED and m.evidence]
    verdicts = {(m.id, n): match(m, claim) for m in counted for n, claim in enumerate(claims)}
    current = [m for m in counted if m.status == "current"]
    recalled = tuple(_recalled(n, claim, counted, verdicts) for n, claim in enumerate(claims))
    kept = tuple(_kept(m, claims, [verdicts[m.id, n] for n in range(len(claims))]) for m in current)
    stating = [[m for m in current if verdicts[m.id, n].states] for n in range(len(claims))]
    return Fidelity(recalled, kept, _duplicates(stating), _contradictions(claims, stating))


Verdicts = dict[tuple[str, int], Verdict]


def _recalled(number: int, claim: Claim, memories: Sequence[Memory], verdicts: Verdicts) -> Recalled:
    now = [verdicts[m.id, number] for m in memories if m.status == "current"]
    before = [verdicts[m.id, number] for m in memories if m.status != "current"]
    stated = [v for v in now if v.states]
    if claim.current:
        dated = stated + [v for v in now if v.relation == "other-date" and v.days is not None]
        days = min((v.days for v in dated if v.days is not None), default=None)
        return Recalled(claim, bool(stated), days)
    over = any(v.relation == "past" for v in (*now, *before)) or any(v.states for v in before)
    return Recalled(claim, over and not stated)


def _kept(memory: Memory, claims: Sequence[Claim], verdicts: Sequence[Verdict]) -> Kept:
    pairs = list(zip(claims, verdicts, strict=True))
    for sort, fits in _SORTING:
        for claim, verdict in pairs:
            if fits(claim, verdict.relation):
                return Kept(memory, sort, claim.id)
    return Kept(memory, "invented")


_SORTING: tuple[tuple[Sort, Callable[[Claim, Relation], bool]], ...] = (
    ("right", lambda claim, found: found == ("same" if claim.current else "past")),
    ("vague", lambda claim, found: claim.current and found == "vaguer"),
    ("stale", lambda claim, found: not claim.current and found == "same"),
    ("date", lambda _, found: found == "other-date"),
    ("person", lambda claim, found: claim.current and found == "other-person"),
    ("contrary", lambda claim, found: claim.current and found in ("denied", "past")),
    ("value", lambda claim, found: found == "other-value" and claim.matter in SINGLE),
)


def _duplicates(stating: Sequence[Sequence[Memory]]) -> int:
    extra: set[str] = set()
    for memories in stating:
        for kind in COUNTED:
            extra.update(m.id for m in [m for m in memories if m.type == kind][1:])
    return len(extra)


def _contradictions(claims: Sequence[Claim], stating: Sequence[Sequence[Memory]]) -> int:
    told: dict[str, list[bool]] = {}
    for claim, memories in zip(claims, stating, strict=True):
        if memories and claim.thread:
            told.setdefault(claim.thread, []).append(claim.current)
    return sum(len(values) > 1 and not all(values) for values in told.values())


# ── figures over persons ─────────────────────────────────────────────────────────────────────────────────────────


def overlap(persons: Sequence[Fidelity], kind: MemoryType | None = None) -> Overlap | None:
    """Return precision and recall over persons; None if there is nothing to recall.

    Precision: the share of current memories (of this type) that are right or vague. Recall: the share of claims that
    hold (and belong to this type) that a current memory of any type states. What was shown and never said supports
    memories but is not asked for here: ``recall`` counts it on its own.
    """
    kept = [k for p in persons for k in p.kept if kind in (None, k.memory.type)]
    told = [r for p in persons for r in p.recalled if r.claim.current and not r.claim.implied]
    wanted = [r for r in told if kind in (None, r.claim.memory)]
    if not wanted:
        return None
    right = sum(k.sort in ("right", "vague") for k in kept)
    return Overlap(right / len(kept) if kept else 1.0, sum(r.held for r in wanted) / len(wanted))


def recall(persons: Sequence[Fidelity], among: Callable[[Claim], bool]) -> float | None:
    """Return the share of claims that hold, among some, that a current memory states; None if there are none."""
    wanted = [r.held for p in persons for r in p.recalled if r.claim.current and among(r.claim)]
    return sum(wanted) / len(wanted) if wanted else None


def share(persons: Sequence[Fidelity], sort: Sort) -> float | None:
    """Return the share of current memories that are of a sort; None if there are none."""
    kept = [k.sort for p in persons for k in p.kept]
    return kept.count(sort) / len(kept) if kept else None


def overtaken(persons: Sequence[Fidelity]) -> float | None:
    """Return the share of overtaken claims that are remembered as such: known, and no longer held for true."""
    past = [r.held for p in persons for r in p.recalled if not r.claim.current]
    return sum(past) / len(past) if past else None


def stale_kept(persons: Sequence[Fidelity]) -> float | None:
    """Return the share of overtaken claims that a current memory still states; None if nothing was overtaken."""
    past = sum(not r.claim.current for p in persons for r in p.recalled)
    stale = sum(len({k.claim for k in p.kept if k.sort == "stale"}) for p in persons)
    return stale / past if past else None


def dates_off(persons: Sequence[Fidelity]) -> tuple[int, ...]:
    """Return by how many days remembered dates of events are off, smallest first."""
    return tuple(sorted(r.days for p in persons for r in p.recalled if r.days is not None))


def date_wrong(persons: Sequence[Fidelity]) -> float | None:
    """Return the share of remembered dates that are off by more than a day; None if no date is remembered."""
    days = dates_off(persons)
    return sum(day > EXACT for day in days) / len(days) if days else None
