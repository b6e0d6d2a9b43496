"""The update stage: what a turn, and a finished session, teach. From records to edits.

    turn    ─> personality ─> Observe                       session ─> episodic   ─> Add topics, every turn in one
            ─> semantic    ─> Add | Replace, concepts               ─> procedural ─> Add | Replace | Retire by key
                                                                    ─> core       ─> Add | Replace | Retire by key
                                                                    ─> graph      ─> Link | Merge

Nothing here writes: ``Learnt`` holds the edits, and the store takes them together with the completed job. Output that
keeps no contract changes nothing and is named in ``Learnt.notes``; what the model did not mention stays as it was.

Source: paper section 3.1 (update stage), algorithm 1, eq. 2: semantic memory is extracted from (Q_m, R_m).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from personavlm.asking import Asker
from personavlm.memory import (
    Add,
    Block,
    Crop,
    Edit,
    Link,
    Memory,
    MemoryType,
    Merge,
    Observe,
    Replace,
    Retire,
    State,
    bare,
    fold,
)
from personavlm.personality import PAPER_MOMENTUM, Momentum, NeutralRule
from personavlm.prompts import DEFAULT_BUDGET, Budget, Images, Prompts, default_prompts
from personavlm.prompts.text import Exchange, one_line
from personavlm.prompts.update import (
    Entry,
    Occasion,
    SemanticRecord,
    Topic,
    parse_core,
    parse_episodic,
    parse_personality,
    parse_procedural,
    parse_semantic,
    render_core,
    render_episodic,
    render_personality,
    render_procedural,
    render_semantic,
)
from personavlm.trace import SESSION_GAP, Malformed, Session, Trace

Known = Callable[[Trace], Sequence[Memory]]
"""Current semantic memories related to a turn, for the model to compare with."""
Enrol = Callable[[Trace, str, int], tuple[Crop, ...]]
"""Cut the k-th thing of a category out of a turn's pictures; empty if there is none."""
Connect = Callable[[State, Sequence[Memory], datetime], Sequence[Link | Merge]]
"""Links and merges that a session's new memories suggest, at the time of its close."""


@dataclass(frozen=True, slots=True)
class UpdateSettings:
    """How the update stage runs; part of ``assistant.Config``."""

    memories: frozenset[MemoryType] = frozenset({"core", "semantic", "episodic", "procedural"})
    personality: bool = True
    rule: NeutralRule = "all"
    schedule: Momentum = PAPER_MOMENTUM
    gap: timedelta = SESSION_GAP
    budget: Budget = DEFAULT_BUDGET


DEFAULT_SETTINGS = UpdateSettings()


@dataclass(frozen=True, slots=True)
class Tools:
    """What the update stage leans on besides the model."""

    prompts: Prompts = field(default_factory=default_prompts)
    images: Images = lambda _: None
    known: Known = lambda _: ()
    enrol: Enrol = lambda _trace, _category, _k: ()
    connect: Connect = lambda _state, _new, _time: ()


DEFAULT_TOOLS = Tools()


@dataclass(frozen=True, slots=True)
class Learnt:
    """What a job came to: its edits in order, and what was Malformed on the way (empty if all went well)."""

    edits: tuple[Edit, ...]
    notes: tuple[str, ...] = ()


# ── one turn ─────────────────────────────────────────────────────────────────────────────────────────────────────


def observe(
    trace: Trace,
    before: Sequence[Trace],
    state: State,
    asker: Asker,
    settings: UpdateSettings = DEFAULT_SETTINGS,
    tools: Tools = DEFAULT_TOOLS,
) -> Learnt:
    """Return what one turn teaches; ``before`` are the turns of its session that came earlier."""
    occasion = Occasion(tuple(state.current("core")), tuple(_exchange(t) for t in before))
    edits: list[Edit] = []
    notes: list[str] = []
    if settings.personality:
        _read_personality(trace, occasion, asker, settings, tools, edits, notes)
    if "semantic" in settings.memories:
        messages = render_semantic(
            tools.prompts, occasion, _exchange(trace), tools.known(trace), settings.budget, tools.images
        )
        zone = trace.turn.time.tzinfo
        records, _ = asker.ask("semantic", messages, lambda text: parse_semantic(text, zone))  # type: ignore[arg-type]
        if isinstance(records, Malformed):
            notes.append(f"semantic: {records.reason}")
        else:
            edits += semantic_edits(records, trace, state, tools.enrol)
    return Learnt(tuple(edits), tuple(notes))


def _read_personality(
    trace: Trace,
    occasion: Occasion,
    asker: Asker,
    settings: UpdateSettings,
    tools: Tools,
    edits: list[Edit],
    notes: list[str],
) -> None:
    messages = render_personality(tools.prompts, occasion, trace.turn, settings.budget, tools.images)
    reading, _ = asker.ask("personality", messages, parse_personality)
    if isinstance(reading, Malformed):  # a failed inference is not "neutral": nothing is observed
        notes.append(f"personality: {reading.reason}")
        return
    turn = trace.turn
    edits.append(
        Observe(turn.time, (turn.id,), reading.observed, turn.finished, settings.rule, settings.schedule, reading.cues)
    )


def semantic_edits(records: Iterable[SemanticRecord], trace: Trace, state: State, enrol: Enrol) -> list[Edit]:
    """Return the edits that remember a turn's records; what is known already is not added again."""
    turn = trace.turn
    known = {bare(f"{m.attribute} {m.value}") for m in state.current("core")}
    replaced: set[str] = set()
    seen: dict[str, int] = {}
    edits: list[Edit] = []
    for record in records:
        if state.says(record.content) or bare(record.content) in known:
            continue
        known.add(bare(record.content))
        category = record.concept.lower()
        crops = enrol(trace, category, seen.get(category, 0)) if category else ()
        seen[category] = seen.get(category, 0) + 1
        memory = _semantic_memory(f"m{turn.id[1:]}_{len(edits) + 1}", record, trace, crops)
        target = _replaceable(record.replaces, state, replaced)
        replaced |= {target} if target else set()
        edits.append(Replace(turn.time, (turn.id,), target, memory) if target else Add(turn.time, (turn.id,), memory))
    return edits


def _semantic_memory(id: str, record: SemanticRecord, trace: Trace, crops: tuple[Crop, ...]) -> Memory:
    turn = trace.turn
    since = min(record.since, turn.time) if record.since and record.kind not in ("plan", "goal") else turn.time
    over = record.until is not None and record.until <= turn.time
    return Memory(
        id,
        "semantic",
        record.content,
        since,
        (turn.id,),
        until=max(record.until, since) if record.until else None,
        status="retired" if over else "current",
        keywords=record.keywords,
        kind=record.kind,
        attribute=record.attribute or record.concept,
        value=record.value,
        polarity=record.polarity,
        crops=crops,
    )


def _replaceable(id: str, state: State, replaced: set[str]) -> str | None:
    memory = state.memories.get(id.strip("[] "))
    return memory.id if memory and memory.status == "current" and memory.id not in replaced else None


# ── a finished session ───────────────────────────────────────────────────────────────────────────────────────────


def close(
    session: Session,
    state: State,
    asker: Asker,
    settings: UpdateSettings = DEFAULT_SETTINGS,
    tools: Tools = DEFAULT_TOOLS,
) -> Learnt:
    """Return what a finished session teaches, in the paper's order: episodic, procedural, core; then ties across time.

    The edits' time is the session's last turn plus the gap.
    """
    closing = _Closing(session, state, asker, settings, tools)
    if "episodic" in settings.memories:
        closing.episodic()
    if "procedural" in settings.memories:
        closing.procedural()
    if "core" in settings.memories:
        closing.core()
    closing.connect()
    return Learnt(tuple(closing.edits), tuple(closing.notes))


@dataclass(slots=True)
class _Closing:
    """One session's closing under way."""

    session: Session
    state: State
    asker: Asker
    settings: UpdateSettings
    tools: Tools
    edits: list[Edit] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def occasion(self) -> Occasion:
        return Occasion(tuple(self.state.current("core")), tuple(_exchange(t) for t in self.session.traces))

    @property
    def time(self) -> datetime:
        return self.session.last + self.settings.gap

    @property
    def evidence(self) -> tuple[str, ...]:
        return tuple(t.turn.id for t in self.session.traces)

    def episodic(self) -> None:
        messages = render_episodic(self.tools.prompts, self.occasion, self.settings.budget, self.tools.images)
        length = len(self.session.traces)
        topics, _ = self.asker.ask("episodic", messages, lambda text: parse_episodic(text, length))
        if isinstance(topics, Malformed):  # the raw turns stay retrievable as turns
            self.notes.append(f"episodic: {topics.reason}")
            return
        for number, topic in enumerate(claim_all(topics, length), start=1):
            self.edits.append(Add(self.time, self.evidence, self._topic_memory(topic, number)))

    def _topic_memory(self, topic: Topic, number: int) -> Memory:
        turns = [self.session.traces[i].turn for i in topic.turns]
        ids = tuple(turn.id for turn in turns)
        return Memory(
            f"e{self.session.id[1:]}_{number}",
            "episodic",
            topic.summary,
            turns[0].time,
            ids,
            until=turns[-1].time,
            keywords=topic.keywords,
            kind="topic",
            turns=ids,
        )

    def procedural(self) -> None:
        known = list(self.state.current("procedural"))
        messages = render_procedural(self.tools.prompts, self.occasion, known, self.settings.budget, self.tools.images)
        entries, _ = self.asker.ask("procedural", messages, parse_procedural)
        self._keyed("procedural", entries)

    def core(self) -> None:
        messages = render_core(self.tools.prompts, self.occasion, self.settings.budget, self.tools.images)
        entries, _ = self.asker.ask("core", messages, parse_core)
        self._keyed("core", entries)

    def _keyed(self, type: MemoryType, entries: tuple[Entry, ...] | Malformed) -> None:
        if isinstance(entries, Malformed):
            self.notes.append(f"{type}: {entries.reason}")
            return
        # The model answers with the key as its prompt showed it.
        current = {(m.block, one_line(m.attribute, 80).lower()): m for m in self.state.current(type)}
        edits: list[Edit] = []
        first = 1 + _highest(self.state, f"{type[0]}{self.session.id[1:]}_")  # 1, unless the session is learnt again
        for number, entry in enumerate(entries, start=first):
            old = current.pop((entry.block, entry.key.lower()), None)
            edits += self._entry_edits(type, entry, old, f"{type[0]}{self.session.id[1:]}_{number}")
        # What is new comes last: it may push out the oldest entry, which the session may also have changed or ended.
        self.edits += sorted(edits, key=lambda edit: isinstance(edit, Add))

    def _entry_edits(self, type: MemoryType, entry: Entry, old: Memory | None, id: str) -> list[Edit]:
        if not entry.value:
            required = type == "core" and entry.block == "human" and entry.key.lower() == "name"
            retired = old is not None and not required
            return [Retire(self.time, self.evidence, old.id, "ended in conversation")] if old and retired else []
        memory = keyed_memory(id, type, entry.key, entry.value, self.session.last, self.evidence, entry.block)
        if old is None:
            return [Add(self.time, self.evidence, memory)]
        return [] if bare(old.text) == bare(memory.text) else [Replace(self.time, self.evidence, old.id, memory)]

    def connect(self) -> None:
        learnt = set(self.evidence)
        state = fold(self.edits, self.state)
        new = [m for m in state.current() if m.type != "core" and learnt & set(m.evidence)]
        self.edits += self.tools.connect(state, new, self.time)


def _highest(state: State, prefix: str) -> int:
    numbers = (id.removeprefix(prefix) for id in state.memories if id.startswith(prefix))
    return max((int(number) for number in numbers if number.isdigit()), default=0)


def keyed_memory(
    id: str, type: MemoryType, key: str, value: str, since: datetime, evidence: tuple[str, ...], block: Block | None
) -> Memory:
    """Return a core or procedural memory: a key with its value, readable on its own."""
    text = value if type == "procedural" else f"{key}: {value}"
    kind = "goal" if key.lower().startswith("goal") else "habit" if type == "procedural" else "fact"
    key = key.strip().lower()
    return Memory(id, type, text, since, evidence, kind=kind, attribute=key, value=value, block=block)  # type: ignore[arg-type]


def claim_all(topics: Sequence[Topic], length: int) -> tuple[Topic, ...]:
    """Return topics that together hold every turn: one that nobody claimed goes with the turn before it (else after).

    The released code glues such turns to the first topic, whose vector then matches them no longer (fault 11).
    """
    owner: dict[int, int] = {i: k for k, topic in reversed(list(enumerate(topics))) for i in topic.turns}
    adopted: dict[int, list[int]] = {k: list(topic.turns) for k, topic in enumerate(topics)}
    last = owner[min(owner)]
    for index in range(length):
        if index in owner:
            last = owner[index]
        else:
            adopted[last].append(index)
    return tuple(Topic(t.summary, t.keywords, tuple(sorted(adopted[k]))) for k, t in enumerate(topics))


def _exchange(trace: Trace) -> Exchange:
    return Exchange(trace.turn, trace.reply)
