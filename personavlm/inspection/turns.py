"""One turn: a trace in numbers, and what it taught in words."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from personavlm.memory import Add, Edit, Link, MemoryType, Merge, Observe, Override, Replace, Retire, State
from personavlm.personality import NEUTRAL
from personavlm.trace import Hit, Malformed, Retrieve, Trace


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


def resting_on(trace: Trace) -> Hit | None:
    """Return the best memory among a reply's hits, None if there is none; raw turns do not count."""
    memories = [hit for hit in trace.hits if hit.type != "turn"]
    return max(memories, key=lambda hit: hit.scores.fused, default=None)


def brought_back_for(traces: Iterable[Trace], memories: Collection[str]) -> tuple[str, ...]:
    """Return the turns whose reply had one of these memories among its hits, latest first."""
    return tuple(trace.turn.id for trace in traces if any(hit.id in memories for hit in trace.hits))[::-1]


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
