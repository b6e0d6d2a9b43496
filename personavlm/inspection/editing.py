"""Editing by hand: corrections, endings and returns as edits, with what contradicts or repeats itself.

    state, memory ──corrected | retired | restored──> edits ──written──> ledger

Nothing is overwritten: a correction replaces, an ending retires, and taking either back brings an earlier version in
again. What is made by hand has ids "h1", "h2", …, and happens when the hand does it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations
from typing import Literal

from personavlm.assistant import Assistant
from personavlm.errors import BadInput
from personavlm.graph import kept_beside, propose_merges
from personavlm.memory import Add, Edit, Link, Memory, MemoryLink, Merge, Replace, Retire, State, bare
from personavlm.words import terms

NEAR_SAME = 0.72
"""Cosine from which two memories of one value are proposed as one; the update stage joins from 0.9 on by itself."""
BY_HAND = "h"


@dataclass(frozen=True, slots=True)
class Hand:
    """When an edit is made by hand, and the turn it follows."""

    time: datetime
    evidence: tuple[str, ...]


def written(assistant: Assistant, now: datetime, make: Callable[[State, Hand], Sequence[Edit]]) -> tuple[Edit, ...]:
    """Finish queued work, make edits of the state there is then, store them and return them.

    Their time is ``now``, or that of the latest edit if the conversation has run ahead of the clock.
    """
    assistant.flush()
    store = assistant.store
    last = store.last_turn()
    latest = max((edit.time for edit in store.edits()), default=now)
    hand = Hand(max(now, latest), (last.id,) if last else ())
    edits = tuple(make(store.state(), hand))
    store.record(last.id if last else "", edits)
    return edits


def _fresh(state: State, memory: Memory, sources: tuple[str, ...], number: int = 0) -> Memory:
    """A memory under a new id, in force again; ``number`` tells those of one edit apart."""
    taken = sum(id.startswith(BY_HAND) for id in state.memories)
    id = f"{BY_HAND}{taken + number + 1}"
    return replace(memory, id=id, status="current", until=None, replaced_by=None, sources=sources)


def _current(state: State, id: str) -> Memory:
    memory = state.memories.get(id)
    if memory is None or memory.status != "current":
        said = "unknown" if memory is None else memory.status
        raise BadInput(f"Memory {id} is {said}.", "choose one that is current, or bring it back first.")
    return memory


def _because(reason: str) -> str:
    if not reason.strip():
        raise BadInput("No reason was given.", "say in a few words why, so that the history tells it.")
    return reason.strip()


def corrected(state: State, id: str, value: str, reason: str, hand: Hand) -> tuple[Edit, ...]:
    """Return the edit that puts a memory right: it reads so from when it held on.

    ``value`` is the new wording; for core memory it is the bare value of its key. Raises ``BadInput`` for a memory
    that is not current, an empty wording or one that changes nothing, and without a reason.
    """
    memory, value = _current(state, id), value.strip()
    if not value:
        raise BadInput("The corrected memory is empty.", "write what is right, or retire the memory.")
    text = f"{memory.attribute}: {value}" if memory.type == "core" else value
    if text == memory.text:
        raise BadInput("Nothing was changed.", "write what is right in place of what it says.")
    kept = value if memory.type in ("core", "procedural") else memory.value if bare(memory.value) in bare(value) else ""
    new = replace(_fresh(state, memory, (id,)), text=text, value=kept)
    return (Replace(hand.time, hand.evidence, id, new, _because(reason)),)


def retired(state: State, id: str, reason: str, hand: Hand) -> tuple[Edit, ...]:
    """Return the edit that ends a memory. Raises ``BadInput`` if it is former or the name, or without a reason."""
    memory = _current(state, id)
    if memory.type == "core" and memory.block == "human" and memory.attribute == "name":
        raise BadInput("The user's name is always known.", "correct it if it is wrong.")
    return (Retire(hand.time, hand.evidence, id, _because(reason)),)


def restored(state: State, id: str, hand: Hand) -> tuple[Edit, ...]:
    """Return the edits that bring a former version back in the place of what followed it: the undo of every change.

    A merge is taken apart again into all that it joined. Raises ``BadInput`` for a memory that is current or unknown.
    """
    memory = state.memories.get(id)
    if memory is None or memory.status == "current":
        raise BadInput(f"Memory {id} is {'unknown' if memory is None else 'current'}.", "choose a former version.")
    heir = state.history(id)[-1]
    why = f"{id} brought back"
    if memory.status == "merged" and heir.status == "current":
        parts = [state.memories[source] for source in heir.sources]
        again = (_fresh(state, part, (part.id,), n) for n, part in enumerate(parts))
        back = (Add(hand.time, hand.evidence, part) for part in again)
        return (Retire(hand.time, hand.evidence, heir.id, f"taken apart: {why}"), *back)
    new = _fresh(state, memory, (id,))
    if heir.id != id and heir.status == "current":
        return (Replace(hand.time, hand.evidence, heir.id, replace(new, sources=(heir.id,)), why),)
    return (Add(hand.time, hand.evidence, new),)


# ── contradictions ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two current memories that can hardly both hold."""

    old: Memory
    new: Memory
    why: str


Verdict = Literal["old", "new", "both"]


def contradictions(state: State) -> tuple[Contradiction, ...]:
    """Return pairs of current memories that speak against each other, latest first.

    These are: the same thing liked and disliked; two values of what has one (the keys of core memory, favourites); two
    accounts of one habit. Pairs that the user keeps beside each other are settled.
    """
    settled = kept_beside(state)
    current = [m for m in state.current("core", "semantic") if m.block != "persona"]
    pairs: list[Contradiction] = []
    for group in _rivals(current):
        for one, other in combinations(sorted(group, key=lambda m: m.since), 2):
            why = _against(one, other, state)
            if why and frozenset((one.id, other.id)) not in settled:
                pairs.append(Contradiction(one, other, why))
    return tuple(sorted(pairs, key=lambda pair: pair.new.since, reverse=True))


def _rivals(memories: Sequence[Memory]) -> Iterator[list[Memory]]:
    """Memories that share an attribute, or else a value with a liking: only these can speak against each other."""
    by_attribute: dict[str, list[Memory]] = {}
    by_liking: dict[tuple[str, ...], list[Memory]] = {}
    for memory in memories:
        if memory.attribute and memory.value:
            by_attribute.setdefault(memory.attribute.lower(), []).append(memory)
        if memory.polarity and memory.value:
            by_liking.setdefault(tuple(terms(memory.value)), []).append(memory)
    yield from by_attribute.values()
    yield from (group for group in by_liking.values() if len({m.attribute for m in group}) > 1)


def _against(one: Memory, other: Memory, state: State) -> str:
    same_value = terms(one.value) == terms(other.value)
    if same_value and one.polarity * other.polarity < 0:
        return f"{one.value}: liked and disliked"
    if one.attribute.lower() != other.attribute.lower():
        return ""
    attribute = one.attribute.lower()
    single = attribute in state.core("human") or attribute.startswith("favourite")
    if single and not same_value and {one.kind, other.kind} <= {"fact", "preference"}:
        return f"two values of {attribute}"
    if one.kind == other.kind == "habit" and same_value and bare(one.text) != bare(other.text):
        return f"two accounts of one habit: {one.value}"
    return ""


def settled(pair: Contradiction, verdict: Verdict, hand: Hand) -> tuple[Edit, ...]:
    """Return the edit that settles a contradiction: one of the two ends, or both are kept beside each other."""
    if verdict == "both":
        return (_beside(pair.old, pair.new, hand),)
    kept, gone = (pair.old, pair.new) if verdict == "old" else (pair.new, pair.old)
    return (Retire(hand.time, hand.evidence, gone.id, f"{kept.id} holds ({pair.why})"),)


def _beside(one: Memory, other: Memory, hand: Hand) -> Link:
    return Link(hand.time, hand.evidence, MemoryLink(one.id, other.id, "both", "both hold"))


# ── merges ───────────────────────────────────────────────────────────────────────────────────────────────────────


def proposed_merges(assistant: Assistant, state: State, time: datetime) -> tuple[Merge, ...]:
    """Return merges worth a look: memories of one value that say nearly the same, below what is joined unasked."""
    encoder = assistant.library.stored_encoder
    return tuple(propose_merges(state, encoder.encode, time, NEAR_SAME))


def accepted(merge: Merge, hand: Hand) -> tuple[Edit, ...]:
    """Return the edit that makes a proposed merge."""
    return (replace(merge, time=hand.time, evidence=hand.evidence),)


def refused(merge: Merge, state: State, hand: Hand) -> tuple[Edit, ...]:
    """Return the edits that keep what a merge would join beside each other for good."""
    parts = [state.memories[target] for target in merge.targets]
    return tuple(_beside(one, other, hand) for one, other in combinations(parts, 2))
