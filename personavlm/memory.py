"""Memory: what the assistant keeps of a user, and the edits that change it. Frozen values, pure functions.

    edits (in ledger order) ──fold──> State: memories by id, links between them, the personality estimate

Four types, after the paper: **core** (who the user is, and what they want the assistant to be), **semantic** (facts,
preferences, visual concepts), **episodic** (topics of a session, pointing at their turns) and **procedural** (goals,
habits). Nothing is overwritten: a newer memory *replaces* an older one, which stays with the end of its validity.

    >>> sprite = Memory("m1", "semantic", "favourite drink is Sprite", at("2025-03-03"), ("t1",), value="Sprite")
    >>> cola = Memory("m2", "semantic", "favourite drink is Coca-Cola", at("2025-05-09"), ("t9",), value="Coca-Cola")
    >>> state = fold([Add(sprite.since, ("t1",), sprite), Replace(cola.since, ("t9",), "m1", cola)])
    >>> [(m.value, m.status) for m in state.all("semantic")]
    [('Sprite', 'superseded'), ('Coca-Cola', 'current')]

Source: paper section 3.1 and appendix A.3. The edits themselves are ours: the released code rewrites whole blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Literal, get_args

from personavlm.personality import Estimate, Momentum, NeutralRule, Profile, Trait, observe, override

MemoryType = Literal["core", "semantic", "episodic", "procedural"]
MEMORY_TYPES: tuple[MemoryType, ...] = get_args(MemoryType)

Status = Literal["current", "superseded", "retired", "merged"]
Block = Literal["human", "persona"]
Kind = Literal["fact", "preference", "plan", "goal", "habit", "relation", "request", "concept", "topic"]

MAX_PROCEDURAL = 5
"""Procedural memory holds at most this many current entries; the oldest makes room. Source: released prompt, A.3."""


@dataclass(frozen=True, slots=True)
class Crop:
    """One cut-out of a picture that shows a named thing."""

    picture: str
    """Digest of the picture it was cut from."""
    digest: str
    """Digest of the cut-out's own bytes, in the user's pictures."""
    box: tuple[int, int, int, int]
    """Left, top, right, bottom in pixels of the picture."""


@dataclass(frozen=True, slots=True)
class Memory:
    """One thing remembered. Which fields are used depends on the type; ``text`` alone always reads on its own."""

    id: str
    type: MemoryType
    text: str
    since: datetime
    """From when it holds in the user's life (not when it was learnt: "since March" said in May is March)."""
    evidence: tuple[str, ...]
    """Ids of the turns it rests on."""
    until: datetime | None = None
    """When it stopped holding; None while it holds or if unknown."""
    status: Status = "current"
    keywords: tuple[str, ...] = ()
    kind: Kind = "fact"
    attribute: str = ""
    """What it is about in one field-like word ("favourite drink", "dish_like", core and procedural keys)."""
    value: str = ""
    """The bare value of the attribute, in the user's own words ("Coca-Cola"); empty if it has none."""
    polarity: Literal[-1, 0, 1] = 0
    """Liking: 1 likes, -1 dislikes, 0 neither."""
    block: Block | None = None
    """Core memory only: about the human, or about the persona the assistant should have."""
    turns: tuple[str, ...] = ()
    """Episodic memory only: the turns of the topic, in order."""
    crops: tuple[Crop, ...] = ()
    """Visual concepts only: pictures of the named thing."""
    sources: tuple[str, ...] = ()
    """Ids of the memories this one came from (replaced or merged), kept beside it."""
    replaced_by: str | None = None


LinkReason = Literal["person", "thing", "goal", "cause", "both"]
"""What ties them; ``both``: the user said that both hold, so they are neither joined nor in each other's way."""


@dataclass(frozen=True, slots=True)
class MemoryLink:
    """An undirected tie between two memories of different times, with what they share."""

    source: str
    target: str
    reason: LinkReason
    label: str
    """What is shared, in words ("Bob", "the guitar")."""


# ── edits ────────────────────────────────────────────────────────────────────────────────────────────────────────
# Every edit carries its time, that of its last evidence turn (a session's close: last turn + the gap), never the time
# of processing, so that state(as_of=t) shows nothing learnt after t.


@dataclass(frozen=True, slots=True)
class Add:
    """Remember something new."""

    time: datetime
    evidence: tuple[str, ...]
    memory: Memory
    op: Literal["add"] = "add"


@dataclass(frozen=True, slots=True)
class Replace:
    """Put a newer memory in an older one's place; the older stays, superseded."""

    time: datetime
    evidence: tuple[str, ...]
    target: str
    memory: Memory
    reason: str = ""
    """Why, in the words of whoever did it by hand; empty for what a conversation taught."""
    op: Literal["replace"] = "replace"


@dataclass(frozen=True, slots=True)
class Retire:
    """End a memory's validity without a successor."""

    time: datetime
    evidence: tuple[str, ...]
    target: str
    reason: str
    op: Literal["retire"] = "retire"


@dataclass(frozen=True, slots=True)
class Merge:
    """Join memories that say the same into one; the sources are kept."""

    time: datetime
    evidence: tuple[str, ...]
    targets: tuple[str, ...]
    memory: Memory
    op: Literal["merge"] = "merge"


@dataclass(frozen=True, slots=True)
class Link:
    """Tie two memories of different times together."""

    time: datetime
    evidence: tuple[str, ...]
    link: MemoryLink
    op: Literal["link"] = "link"


@dataclass(frozen=True, slots=True)
class Observe:
    """One turn's reading of the five traits, folded in by PEM."""

    time: datetime
    evidence: tuple[str, ...]
    observed: Profile
    turn: int
    """Turns finished before this one (PEM's m)."""
    rule: NeutralRule = "all"
    schedule: Momentum = field(default_factory=Momentum)
    cues: tuple[tuple[Trait, str], ...] = ()
    """Words that moved a trait, where the model can name them."""
    op: Literal["observe"] = "observe"


@dataclass(frozen=True, slots=True)
class Override:
    """The user sets traits by hand (empty: lifts all settings). The user's word outranks inference."""

    time: datetime
    evidence: tuple[str, ...]
    scores: tuple[tuple[Trait, float], ...]
    op: Literal["override"] = "override"


Edit = Add | Replace | Retire | Merge | Link | Observe | Override


_KEYED: frozenset[MemoryType] = frozenset({"core", "procedural"})


def bare(text: str) -> str:
    """Return a text's words alone, lower case, one space between: equal for texts that say the same."""
    return " ".join(re.findall(r"\w+", text.lower()))


# ── state ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class State:
    """All that is known of a user after some prefix of the ledger. Built by ``fold`` only."""

    memories: MappingProxyType[str, Memory] = field(default_factory=lambda: MappingProxyType({}))
    links: tuple[MemoryLink, ...] = ()
    estimate: Estimate = field(default_factory=Estimate)
    keyed: MappingProxyType[str, Memory] = field(default_factory=lambda: MappingProxyType({}))
    """The current core and procedural memories by id: few, and wanted every turn, so they are kept apart."""
    statements: MappingProxyType[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """What current semantic memories say, in bare words, to their ids: the same is not learnt twice."""

    def all(self, *types: MemoryType) -> Iterator[Memory]:
        """Yield memories of these types (default: every type) in the order they were learnt."""
        return (m for m in self.memories.values() if not types or m.type in types)

    def current(self, *types: MemoryType) -> Iterator[Memory]:
        """Yield those memories that hold now."""
        if types and set(types) <= _KEYED:
            return (m for m in self.keyed.values() if m.type in types)
        return (m for m in self.all(*types) if m.status == "current")

    def says(self, text: str) -> str | None:
        """Return the id of a current semantic memory that says the same words, or None."""
        return self.statements.get(bare(text))

    def core(self, block: Block) -> dict[str, Memory]:
        """Return the current core memories of one block by attribute; ``human`` always comes with its name if known."""
        return {m.attribute: m for m in self.current("core") if m.block == block}

    @property
    def name(self) -> str | None:
        """The user's name, the one required entry of core memory."""
        memory = self.core("human").get("name")
        return memory.value if memory else None

    def history(self, memory_id: str) -> tuple[Memory, ...]:
        """Return every version of a memory, oldest first: what it replaced or merged, and what replaced it.

        Raises ``KeyError`` for an id that was never learnt.
        """
        older: list[Memory] = []
        pending = list(self.memories[memory_id].sources)
        while pending:
            memory = self.memories[pending.pop()]
            older.append(memory)
            pending.extend(memory.sources)
        newer = [self.memories[memory_id]]
        while (successor := newer[-1].replaced_by) is not None:
            newer.append(self.memories[successor])
        return (*sorted(older, key=lambda m: m.since), *newer)


EMPTY = State()


def apply(state: State, edit: Edit) -> State:
    """Return the state after one edit. Raises ``ValueError`` for an edit that does not fit the state."""
    return fold([edit], state)


def fold(edits: Iterable[Edit], state: State = EMPTY) -> State:
    """Return the state after a run of edits; copies the memories once, however many edits there are.

    Raises ``ValueError`` naming the edit when a target is unknown or no longer current, or an id is taken.
    """
    # The proxies' own copy is many times faster than dict(proxy), and every turn's cost depends on it.
    folding = _Folding(state.memories.copy(), state.links, state.estimate, state.keyed.copy(), state.statements.copy())
    for edit in edits:
        folding.apply(edit)
    return State(
        MappingProxyType(folding.memories),
        (*folding.links, *folding.new_links) if folding.new_links else folding.links,
        folding.estimate,
        MappingProxyType(folding.keyed),
        MappingProxyType(folding.statements),
    )


@dataclass(slots=True)
class _Folding:
    """The one mutable thing here: a private copy that a run of edits is applied to."""

    memories: dict[str, Memory]
    links: tuple[MemoryLink, ...]
    estimate: Estimate
    keyed: dict[str, Memory]
    statements: dict[str, str]
    new_links: dict[MemoryLink, None] = field(default_factory=dict)
    known_links: frozenset[MemoryLink] | None = None
    """Built when the first link comes: most runs of edits have none."""

    def apply(self, edit: Edit) -> None:
        match edit:
            case Add(memory=memory):
                self._add(edit, memory)
            case Replace(target=target, memory=memory):
                self._end(edit, target, "superseded", memory.since, memory.id)
                self._add(edit, replace(memory, sources=memory.sources or (target,)))
            case Retire(target=target):
                self._end(edit, target, "retired", edit.time, None)
            case Merge(targets=targets, memory=memory):
                for target in targets:
                    self._end(edit, target, "merged", None, memory.id)
                self._add(edit, replace(memory, sources=memory.sources or targets))
            case Link(link=link):
                self._link(edit, link)
            case Observe():
                self.estimate = observe(self.estimate, edit.observed, edit.turn, edit.rule, edit.schedule)
            case Override(scores=scores):
                self.estimate = override(self.estimate, dict(scores))

    def _add(self, edit: Edit, memory: Memory) -> None:
        if memory.id in self.memories:
            raise ValueError(f"{edit.op}: memory {memory.id} exists already")
        if memory.type == "procedural":
            self._make_room()
        self._put(memory)

    def _put(self, memory: Memory) -> None:
        self.memories[memory.id] = memory
        current = memory.status == "current"
        if memory.type in _KEYED:
            self.keyed.pop(memory.id, None)
            if current:
                self.keyed[memory.id] = memory
        elif memory.type == "semantic":
            said = bare(memory.text)
            if current:
                self.statements[said] = memory.id
            elif self.statements.get(said) == memory.id:
                del self.statements[said]

    def _make_room(self) -> None:
        entries = [m for m in self.keyed.values() if m.type == "procedural"]
        for oldest in sorted(entries, key=lambda m: m.since)[: max(0, len(entries) + 1 - MAX_PROCEDURAL)]:
            self._put(replace(oldest, status="retired"))

    def _end(self, edit: Edit, target: str, status: Status, until: datetime | None, successor: str | None) -> None:
        memory = self.memories.get(target)
        if memory is None or memory.status != "current":
            found = "unknown" if memory is None else memory.status
            raise ValueError(f"{edit.op}: memory {target} is {found}, only a current one can change")
        end = max(until, memory.since) if until and not memory.until else memory.until
        self._put(replace(memory, status=status, until=end, replaced_by=successor))

    def _link(self, edit: Edit, link: MemoryLink) -> None:
        for end in (link.source, link.target):
            if end not in self.memories:
                raise ValueError(f"{edit.op}: memory {end} is unknown")
        if self.known_links is None:
            self.known_links = frozenset(self.links)
        if link not in self.known_links:
            self.new_links[link] = None


# ── the profile's path ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ProfileStep:
    """The profile after one edit that moved it, with that edit as its evidence."""

    time: datetime
    turn: str
    """Id of the evidence turn; empty for what was set before the first."""
    estimate: Estimate
    edit: Observe | Override


def trajectory(edits: Iterable[Edit]) -> tuple[ProfileStep, ...]:
    """Return the profile after every edit that moved it, in ledger order; readings that changed nothing are out."""
    steps: list[ProfileStep] = []
    state = EMPTY
    for edit in edits:
        if isinstance(edit, Observe | Override):
            before, state = state, apply(state, edit)
            if state.estimate != before.estimate:
                turn = edit.evidence[-1] if edit.evidence else ""
                steps.append(ProfileStep(edit.time, turn, state.estimate, edit))
    return tuple(steps)
