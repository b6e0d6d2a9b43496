"""From our own values to the assistant's ``user_data.json``: what a folder of the released PersonaVLM can hold.

    traces + edits + pictures by digest ──from_store──> Exported(AssistantData, lost) ──write_user_data──> DIR

That schema has one semantic record per turn, blocks as snapshots per session and no zone; links, validity, superseded
versions, scores and the history of the profile have no place in it. What this user loses is listed in ``lost``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from personavlm.datasets.files import Skipped
from personavlm.exchange.files import CONCEPTS, IMGS, UPDATED
from personavlm.exchange.incoming import filled
from personavlm.exchange.shapes import spell_time
from personavlm.exchange.values import (
    FILL,
    PERSONA,
    AssistantData,
    ChainStep,
    Entries,
    Interaction,
    Retrieved,
    RetrieveInfo,
    SemanticRecord,
    SessionData,
    Topic,
)
from personavlm.memory import EMPTY, Add, Edit, Link, Memory, Merge, Override, Replace, State, fold
from personavlm.trace import SESSION_GAP, Answer, Hit, Malformed, Retrieve, Session, Step, Trace, sessions


@dataclass(frozen=True, slots=True)
class Exported:
    """A user in the released schema, and what had no place in it."""

    data: AssistantData
    lost: tuple[Skipped, ...] = ()


@dataclass(slots=True)
class _Exporting:
    """What grows while a user is exported; private to this module."""

    zone: tzinfo
    stored: Mapping[str, bytes]
    imgs: list[str] = field(default_factory=list)
    pictures: dict[str, bytes] = field(default_factory=dict)
    lost: list[Skipped] = field(default_factory=list)

    def img(self, digest: str, where: str) -> str | None:
        """File a picture of a turn under the next running number."""
        if digest not in self.stored:
            self.lost.append(Skipped(where, "a picture of which only a caption is known"))
            return None
        name = f"{IMGS}/{len(self.imgs)}.png"  # the released code names every picture .png and does not re-encode it
        self.imgs.append(name)
        self.pictures[name] = self.stored[digest]
        return name

    def crop(self, digest: str) -> str | None:
        if digest not in self.stored:
            return None
        name = f"{CONCEPTS}/{digest[:16]}.png"
        self.pictures[name] = self.stored[digest]
        return name


def from_store(
    user: str, traces: Sequence[Trace], edits: Sequence[Edit], pictures: Mapping[str, bytes], zone: tzinfo
) -> Exported:
    """Return a user in the released schema. ``edits`` is the whole ledger in order, ``pictures`` bytes by digest.

    Times are written in ``zone``, to the minute. Raises ``ValueError`` if the edits do not fold.
    """
    exporting = _Exporting(zone, pictures)
    cut = list(sessions(traces))
    semantic = _by_turn(edits)
    topics = [memory for edit in edits if (memory := _new(edit)) is not None and memory.type == "episodic"]
    ledger = _Ledger(list(edits))
    initial = tuple(e for e in edits if isinstance(e, Add) and not e.evidence and e.memory.type == "core")
    told: list[SessionData] = []
    shown = EMPTY
    for number, session in enumerate(cut):
        before = cut[number - 1] if number else None
        shown = ledger.before(session)
        told.append(_session(exporting, session, before, shown, user, semantic, topics))
    final = ledger.rest()
    exporting.lost += _no_place(edits, shown, final)
    first = _named(user, _entries(fold(initial), "core", exporting))
    data = AssistantData(
        first, tuple(told), tuple(exporting.imgs), len(traces), final.estimate.profile, exporting.pictures
    )
    return Exported(data, tuple(exporting.lost))


@dataclass(slots=True)
class _Ledger:
    """Folds the ledger up to one session after the other, each edit once."""

    edits: list[Edit]
    state: State = EMPTY

    def before(self, session: Session) -> State:
        """Return what held when the session began; its own turns' edits come later even at the same time."""
        own = {trace.turn.id for trace in session.traces}
        stop = 0
        while stop < len(self.edits):
            edit = self.edits[stop]
            if edit.time > session.start or own.intersection(edit.evidence):
                break
            stop += 1
        self.state = fold(self.edits[:stop], self.state)
        self.edits = self.edits[stop:]
        return self.state

    def rest(self) -> State:
        self.state, self.edits = fold(self.edits, self.state), []
        return self.state


def _session(
    exporting: _Exporting,
    session: Session,
    before: Session | None,
    state: State,
    user: str,
    semantic: Mapping[str, list[Memory]],
    topics: Sequence[Memory],
) -> SessionData:
    order = {trace.turn.id: index for index, trace in enumerate(session.traces)}
    own = tuple(
        Topic(topic.text, ", ".join(topic.keywords), tuple(order[turn] for turn in topic.turns if turn in order))
        for topic in topics
        if order.keys() & set(topic.turns)
    )
    profile = _named(user, _entries(state, "core", exporting)) if before else None
    updated = (before.last + SESSION_GAP).astimezone(exporting.zone).replace(tzinfo=None) if before else None
    return SessionData(
        tuple(_interaction(exporting, trace) for trace in session.traces),
        tuple(_semantic(exporting, semantic.get(turn, []), turn) for turn in order),
        own or None,
        profile,
        updated.replace(second=0, microsecond=0) if updated else None,
        _entries(state, "procedural", exporting) if before else None,
    )


def _entries(state: State, kind: str, exporting: _Exporting) -> Entries:
    """Return a block's current entries; the persona's keys are marked."""
    entries: dict[str, str] = {}
    for memory in state.current("core" if kind == "core" else "procedural"):
        key = (PERSONA if memory.block == "persona" else "") + (memory.attribute or memory.id)
        if key in entries or key == UPDATED:
            exporting.lost.append(Skipped(memory.id, f"the key {key!r} is taken in its block"))
            continue
        entries[key] = memory.value or memory.text
    return tuple(entries.items())


def _named(user: str, entries: Entries) -> Entries:
    """Return a core block with the name it must have, in front."""
    name = dict(entries).get("name", user)
    return (("name", name), *((key, value) for key, value in entries if key != "name"))


def _by_turn(edits: Sequence[Edit]) -> dict[str, list[Memory]]:
    """Return new semantic memories under the turn they were learnt in."""
    found: dict[str, list[Memory]] = {}
    for edit in edits:
        memory = _new(edit)
        if memory is not None and memory.type == "semantic" and memory.evidence:
            found.setdefault(memory.evidence[-1], []).append(memory)
    return found


def _new(edit: Edit) -> Memory | None:
    return edit.memory if isinstance(edit, Add | Replace | Merge) else None


def _semantic(exporting: _Exporting, learnt: Sequence[Memory], turn: str) -> SemanticRecord:
    """Return a turn's one record; several memories of a turn share it."""
    if not learnt:
        return SemanticRecord("", False, "", "")
    if len(learnt) > 1:
        exporting.lost.append(Skipped(turn, f"{len(learnt)} memories share its one record"))
    crops = [name for memory in learnt for crop in memory.crops if (name := exporting.crop(crop.digest))]
    content = "; ".join(" ".join((memory.text, *(FILL for _ in memory.crops))) for memory in learnt)
    keywords = ", ".join(dict.fromkeys(word for memory in learnt for word in memory.keywords))
    concept = any(memory.kind == "concept" for memory in learnt)
    return SemanticRecord("", True, content, keywords, tuple(crops) if concept else None)


def _interaction(exporting: _Exporting, trace: Trace) -> Interaction:
    turn = trace.turn
    found = [exporting.img(picture.digest, turn.id) for picture in turn.pictures]
    names = tuple(name for name in found if name is not None)
    chain = tuple(_chain(exporting, trace))
    time = turn.time.astimezone(exporting.zone).replace(tzinfo=None, second=0, microsecond=0)
    return Interaction(time, filled(turn.text, len(names), FILL), trace.reply, chain, names)


def _chain(exporting: _Exporting, trace: Trace) -> Iterator[ChainStep]:
    for step in trace.steps:
        match step.action:
            case Retrieve():
                yield ChainStep(step.think, "retrieve", "", _info(step.action, exporting.zone), _back(exporting, step))
            case Answer(text=text, given=False):
                yield ChainStep(step.think, "answer", text)
            case Malformed(reason=reason):
                exporting.lost.append(Skipped(trace.turn.id, f"a malformed step ({reason})"))


def _info(action: Retrieve, zone: tzinfo) -> RetrieveInfo:
    start, end = (
        None if bound is None else spell_time(bound.astimezone(zone).replace(tzinfo=None))
        for bound in (action.start, action.end)
    )
    return RetrieveInfo(", ".join(action.keywords), start, end)


def _back(exporting: _Exporting, step: Step) -> Retrieved:
    def texts(*kinds: str) -> tuple[str, ...]:
        return tuple(_told(hit) for hit in step.hits if hit.type in kinds)

    crops = (exporting.crop(digest) for hit in step.hits for digest in hit.crops)
    return Retrieved(
        texts("semantic", "core", "visual"),
        tuple(name for name in crops if name is not None),
        texts("episodic", "turn"),
        (),
        texts("procedural"),
    )


def _told(hit: Hit) -> str:
    quotes = (f"{spell_time(q.time.replace(tzinfo=None))} user: {q.text} assistant: {q.reply}" for q in hit.quotes)
    return "\n".join((hit.text, *quotes))


def _no_place(edits: Sequence[Edit], shown: State, final: State) -> Iterator[Skipped]:
    """Yield what the schema cannot hold, one line per kind; ``shown`` held when the last session began."""
    ended = sum(memory.status != "current" for memory in final.all("semantic", "episodic"))
    late = sum(shown.memories.get(m.id) != m for m in final.keyed.values())
    counts = {
        "core and procedural memory from the last session's end (the format shows it with the next session)": late,
        "links between memories": sum(isinstance(edit, Link) for edit in edits),
        "the user's own trait scores, written as if inferred": sum(isinstance(edit, Override) for edit in edits),
        "that a semantic or episodic memory no longer holds": ended,
        "steps of the profile (only the last is kept)": sum(edit.op == "observe" for edit in edits),
        "where a crop was cut out": sum(len(memory.crops) for memory in final.all("semantic")),
    }
    for what, count in counts.items():
        if count:
            yield Skipped("ledger", f"{what}: {count}")
