"""Inspection: what the inspector shows of traces, memories and profiles, as plain values. Its pages only draw these.

Trace ──summed──> Summary        edits ──learnt──> "remembered", "changed its mind", …       State ──found──> Memory…

>>> [(row.verb, row.text) for row in learnt(trace.edits, state)]
[('remembered', 'likes Coca-Cola'), ('read', 'extraversion as 4.0 from "a Coca-Cola person now"')]
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from personavlm.assistant import Assistant
from personavlm.memory import (
    Add,
    Edit,
    Link,
    Memory,
    MemoryType,
    Merge,
    Observe,
    Override,
    ProfileStep,
    Replace,
    Retire,
    State,
    bare,
)
from personavlm.personality import NEUTRAL, TRAITS, Estimate
from personavlm.trace import HitType, Malformed, Retrieve, Trace

KINDS: tuple[HitType, ...] = ("core", "semantic", "visual", "procedural", "episodic")
"""Types in the order in which memories are shown."""


# ── one turn ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Summary:
    """A trace in numbers."""

    look_ups: int
    hits: int
    malformed: int
    """Model outputs that did not keep their contract, in replying and in learning."""
    learnt: int
    """Edits to memories; readings of traits and links do not count."""
    calls: int
    seconds: float
    tokens: int
    given: bool
    """Whether the reply came with an import."""


def summed(trace: Trace) -> Summary:
    """Return a trace in numbers."""
    actions = [step.action for step in trace.steps]
    in_steps = sum(isinstance(action, Malformed) for action in actions)
    learning = sum(bool(c.malformed) for c in trace.calls if c.purpose not in ("respond", "answer"))
    return Summary(
        look_ups=sum(isinstance(action, Retrieve) for action in actions),
        hits=len(trace.hits),
        malformed=in_steps + learning,
        learnt=sum(isinstance(edit, Add | Replace | Retire | Merge) for edit in trace.edits),
        calls=len(trace.calls),
        seconds=sum(call.seconds for call in trace.calls),
        tokens=sum(call.tokens_in + call.tokens_out for call in trace.calls),
        given=any(action.kind == "answer" and action.given for action in actions),
    )


@dataclass(frozen=True, slots=True)
class Learnt:
    """One edit in words: what was done, to what, and the type of memory it concerns (None: the profile)."""

    verb: str
    text: str
    type: MemoryType | None
    memory: str = ""
    """Id of the memory, if it is about one."""


def learnt(edits: Iterable[Edit], state: State) -> tuple[Learnt, ...]:
    """Return edits in words, in order; a reading that saw nothing is left out."""
    return tuple(row for edit in edits if (row := _learnt(edit, state)) is not None)


def _learnt(edit: Edit, state: State) -> Learnt | None:
    match edit:
        case Add(memory=memory):
            return Learnt("remembered", memory.text, memory.type, memory.id)
        case Replace(memory=memory, target=target):
            return Learnt("changed", f"{_text(state, target)} → {memory.text}", memory.type, memory.id)
        case Retire(target=target, reason=reason):
            gone = state.memories.get(target)
            return Learnt("retired", f"{_text(state, target)} ({reason})", gone.type if gone else None, target)
        case Merge(memory=memory, targets=targets):
            return Learnt("merged", f"{len(targets)} memories into: {memory.text}", memory.type, memory.id)
        case Link(link=link):
            return Learnt("linked", f"{link.source} and {link.target} by {link.reason}: {link.label}", None)
        case Observe(observed=observed):
            return None if observed == NEUTRAL else Learnt("read", _reading(edit), None)
        case Override(scores=scores):
            set_to = ", ".join(f"{trait} {score:.1f}" for trait, score in scores)
            return Learnt("set by the user", set_to or "every setting lifted", None)


def _text(state: State, memory: str) -> str:
    known = state.memories.get(memory)
    return known.text if known else memory


def _reading(edit: Observe) -> str:
    read = [(t, s) for t, s in edit.observed if s != NEUTRAL[t]]
    words = {t: [cue for moved, cue in edit.cues if moved == t] for t, _ in read}
    return "; ".join(f"{t} as {s:.1f}" + (f" from “{', '.join(words[t])}”" if words[t] else "") for t, s in read)


# ── memories ─────────────────────────────────────────────────────────────────────────────────────────────────────


def kind_of(memory: Memory) -> HitType:
    """Return the type a memory is shown under: its own, or visual for a named thing with pictures."""
    return "visual" if memory.crops else memory.type


def found(state: State, kind: HitType | None = None, text: str = "", former: bool = True) -> list[Memory]:
    """Return memories of a type (None: all) that say all words of a text: by type, current ones first, newest first."""
    wanted = bare(text).split()
    chosen = [
        m
        for m in state.all()
        if (kind is None or kind_of(m) == kind)
        and (former or m.status == "current")
        and all(word in bare(f"{m.id} {m.text} {m.attribute}") for word in wanted)
    ]
    return sorted(chosen, key=lambda m: (KINDS.index(kind_of(m)), m.status != "current", -m.since.timestamp()))


def notable(memories: Sequence[Memory]) -> Memory | None:
    """Return the memory worth a first look: one with an earlier or later version, one that ended, or the first."""
    changed = [m for m in memories if m.sources or m.replaced_by] or [m for m in memories if m.status != "current"]
    return next(iter(changed or memories), None)


def stops(edits: Sequence[Edit], most: int = 400) -> list[datetime]:
    """Return moments to look back to, oldest first: when something was learnt; thinned to at most ``most``."""
    times = sorted({edit.time for edit in edits})
    stride = -(-len(times) // most) if times else 1
    return [*times[:-1:stride], *times[-1:]]


def counted(state: State) -> dict[HitType, tuple[int, int]]:
    """Return how many memories of each type are current, and how many former."""
    numbers = {kind: [0, 0] for kind in KINDS}
    for memory in state.all():
        numbers[kind_of(memory)][memory.status != "current"] += 1
    return {kind: (current, former) for kind, (current, former) in numbers.items()}


@dataclass(frozen=True, slots=True)
class Wondered:
    """Why a memory did or did not come back for a question; ``place`` counts within its type from 1."""

    trace: Trace
    asked: Retrieve
    returned: bool
    place: int | None
    reason: str


def wondered(assistant: Assistant, time: datetime, question: str, memory: str) -> Wondered:
    """Ask a question (nothing is stored) and say what became of one memory.

    If the model looked nothing up, the question's own words are looked up in its place.
    """
    trace = assistant.ask(time, question)
    look_ups = [step for step in trace.steps if isinstance(step.action, Retrieve)]
    asked = next((step.action for step in look_ups if isinstance(step.action, Retrieve)), Retrieve((question,)))
    returned = any(hit.id == memory for hit in trace.hits)
    why = assistant.why_not(trace.turn, asked, memory)
    return Wondered(trace, asked, returned, why.rank, why.reason)


# ── the profile ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Move:
    """One step of the profile in words."""

    turn: str
    time: datetime
    moved: str
    """Which traits went from where to where ("agreeableness 3.0 → 2.6")."""
    words: str
    """The words that moved them, or who did."""


def moves(steps: Sequence[ProfileStep]) -> tuple[Move, ...]:
    """Return the profile's steps in words, newest first; steps that moved no trait visibly are left out."""
    rows: list[Move] = []
    before = Estimate()
    for step in steps:
        moved = _moved(before, step.estimate)
        if moved:
            rows.append(Move(step.turn, step.time, moved, _words(step)))
        before = step.estimate
    return tuple(reversed(rows))


def _moved(before: Estimate, after: Estimate) -> str:
    pairs = [(t, f"{before.profile[t]:.1f}", f"{after.profile[t]:.1f}") for t in TRAITS]
    return ", ".join(f"{trait} {old} → {new}" for trait, old, new in pairs if old != new)


def _words(step: ProfileStep) -> str:
    if isinstance(step.edit, Override):
        return "set by the user" if step.edit.scores else "settings lifted by the user"
    return ", ".join(cue for _, cue in step.edit.cues)
