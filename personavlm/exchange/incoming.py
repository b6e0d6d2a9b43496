"""From ``user_data.json`` to our own values: traces and edits to adopt a memory, or dialogues to replay.

    UserData ──to_traces_and_edits──> traces, edits, pictures by digest, and a list of what had no place
             ──to_dialogue──────────> Dialogue: the turns alone, for our own assistant to remember

The file's block snapshots become edits at the closes of its sessions, so that ``state(as_of)`` shows them in time; its
final trait scores become one reading taken whole. What has no place here is listed in ``lost``, never dropped silently.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from personavlm.datasets.dialogue import Dialogue, GivenTurn, Imported
from personavlm.datasets.files import Skipped
from personavlm.errors import BadInput, BadPicture, BadTime
from personavlm.exchange.shapes import minute
from personavlm.exchange.values import (
    BENCHMARK_FILL,
    FILL,
    PERSONA,
    AssistantData,
    BenchmarkData,
    ChainStep,
    Entries,
    Interaction,
    Retrieved,
    SemanticRecord,
    SessionData,
    UserData,
)
from personavlm.memory import Add, Block, Crop, Edit, Memory, MemoryType, Observe, Replace, Retire, State, fold
from personavlm.personality import Momentum
from personavlm.pictures import open_picture
from personavlm.trace import SESSION_GAP, Action, Answer, Hit, HitType, Picture, Retrieve, Scores, Step, Trace, Turn

UNKNOWN_BOX = (0, 0, 0, 0)
"""Box of a crop whose place in its picture the file does not tell."""

WHOLE = Momentum(0.0, 0.0)
"""A momentum that takes a reading whole: the file's final scores, not a turn's."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """A user as our values. ``edits`` fold in this order; ``pictures`` are bytes by sha256; ``lost`` had no place."""

    user: str
    traces: tuple[Trace, ...]
    edits: tuple[Edit, ...]
    pictures: Mapping[str, bytes]
    lost: tuple[Skipped, ...] = ()


def user_name(data: UserData) -> str | None:
    """Return the name in the file's profile, if it has one."""
    block = data.init_profile if isinstance(data, AssistantData) else tuple(data.profile.items())
    return next((str(value) for key, value in block if key.lower() == "name" and value), None)


def to_traces_and_edits(data: UserData, zone: tzinfo, user: str | None = None) -> Adopted:
    """Return a user's turns, memories and pictures. ``zone`` is that of the file's times, which name none.

    Turns of one minute get a second each to keep their order. The benchmark's schema holds no memory but the profile.
    Raises ``BadInput`` without a name in the file or here, ``BadTime`` if a turn lies before the one in front of it.
    """
    name = user or user_name(data)
    if not name:
        raise BadInput("user_data.json names no user.", "give a user name.")
    adopting = _Adopting(zone)
    if isinstance(data, AssistantData):
        _adopt(data, adopting)
    else:
        _adopt_history(data, adopting)
    return Adopted(name, tuple(adopting.traces), tuple(adopting.edits), adopting.pictures, tuple(adopting.lost))


def to_dialogue(data: UserData, folder: Path, zone: tzinfo, user: str | None = None) -> Imported:
    """Return the turns alone with their pictures' paths, for replay. Raises as ``to_traces_and_edits``."""
    name = user or user_name(data)
    if not name:
        raise BadInput("user_data.json names no user.", "give a user name.")
    clock, skipped, turns = _Clock(zone), list[Skipped](), list[GivenTurn]()
    for where, time, text, reply, names in _turns(data, skipped):
        there = tuple(folder / one for one in names if one in data.pictures)
        skipped += [Skipped(where, f"its picture {one} is missing") for one in names if one not in data.pictures]
        if text or there:
            turns.append(GivenTurn(clock.read(time, where), text, reply, there, where))
        else:
            skipped.append(Skipped(where, "the user says nothing in it"))
    return Imported((Dialogue(name, "Assistant", tuple(turns)),), tuple(skipped))


@dataclass(slots=True)
class _Clock:
    """Gives the file's minutes their zone, and a second each where several turns share one."""

    zone: tzinfo
    last: datetime | None = None

    def read(self, time: datetime, where: str) -> datetime:
        aware = time.replace(tzinfo=self.zone)
        if self.last is not None and aware.astimezone(UTC) <= self.last.astimezone(UTC):
            later = time.replace(tzinfo=self.zone, fold=1)  # the repeated hour when clocks go back
            step = self.last + timedelta(seconds=1)
            same_minute = aware.astimezone(UTC) == self.last.astimezone(UTC).replace(second=0)
            aware = step if same_minute else later
            if aware.astimezone(UTC) <= self.last.astimezone(UTC):
                raise BadTime(f"{where} is at {time}, before the turn in front of it.", "put the turns in time order.")
        self.last = aware
        return aware


@dataclass(slots=True)
class _Adopting:
    """What grows while a file is adopted; private to this module."""

    zone: tzinfo
    traces: list[Trace] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    pictures: dict[str, bytes] = field(default_factory=dict)
    lost: list[Skipped] = field(default_factory=list)
    state: State = field(default_factory=State)
    count: int = 0
    clock: _Clock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = _Clock(self.zone)

    def edit(self, edit: Edit) -> None:
        self.edits.append(edit)
        self.state = fold([edit], self.state)

    def new_id(self) -> str:
        self.count += 1
        return f"m{self.count}"

    def keep(self, pictures: Mapping[str, bytes], name: str, where: str) -> Picture | None:
        """Take over a picture in the form that is stored, or return None where it is missing or damaged (listed)."""
        if name not in pictures:
            self.lost.append(Skipped(where, f"its picture {name} is missing"))
            return None
        try:
            opened = open_picture(pictures[name])
        except BadPicture as error:
            self.lost.append(Skipped(where, f"its picture {name} cannot be used: {error.message}"))
            return None
        if opened.data != pictures[name]:
            self.lost.append(Skipped(where, f"what a camera or a larger size told beside the pixels of {name}"))
        self.pictures[opened.digest] = opened.data
        return opened.mention()


# ── the assistant's schema ───────────────────────────────────────────────────────────────────────────────────────


def _adopt(data: AssistantData, adopting: _Adopting) -> None:
    first = next((one.time for session in data.sessions for one in session.interactions), None)
    if first is None:
        adopting.lost.append(Skipped("sessions", "there is no turn to tie the profile to"))
        return
    _block(adopting, "core", data.init_profile, first.replace(tzinfo=adopting.zone), ())
    closed: datetime | None = None
    for number, session in enumerate(data.sessions):
        if closed is not None:
            evidence = (adopting.traces[-1].turn.id,)
            if session.profile is not None:
                _block(adopting, "core", session.profile, closed, evidence)
            if session.procedural is not None:
                _block(adopting, "procedural", session.procedural, closed, evidence)
        closed = _session(adopting, data, session, f"sessions[{number}]") or closed
    last = adopting.traces[-1].turn
    if not data.big_five.is_neutral:
        adopting.edit(Observe(last.time, (last.id,), data.big_five, len(adopting.traces) - 1, "none", WHOLE))
    if data.current_interactions != len(adopting.traces):
        adopting.lost.append(Skipped("current_interactions", f"it says {data.current_interactions}, counted again"))


def _session(adopting: _Adopting, data: AssistantData, session: SessionData, where: str) -> datetime | None:
    """Adopt one session; return when it closed, None if it holds no turn."""
    turns: list[str] = []
    for index, one in enumerate(session.interactions):
        place = f"{where}.interactions[{index}]"
        trace = _trace(adopting, data, one, place)
        adopting.traces.append(trace)
        turns.append(trace.turn.id)
        if index < len(session.semantic):
            _semantic(adopting, data, session.semantic[index], trace.turn, f"{where}.semantic_memory[{index}]")
    if not turns:
        return None
    closed = adopting.traces[-1].turn.time + SESSION_GAP
    for topic in session.topics or ():
        own = tuple(turns[index] for index in topic.turns) or (turns[-1],)
        since = next(trace.turn.time for trace in adopting.traces if trace.turn.id == own[0])
        memory = Memory(
            adopting.new_id(),
            "episodic",
            topic.summary,
            since,
            own,
            keywords=_keywords(topic.keywords),
            kind="topic",
            turns=own,
        )
        adopting.edit(Add(closed, own, memory))
    return closed


def _block(adopting: _Adopting, kind: MemoryType, block: Entries, time: datetime, evidence: tuple[str, ...]) -> None:
    """Turn a snapshot of a block into the edits that lead to it from what holds now."""
    held = {_key(memory): memory for memory in adopting.state.current(kind)}
    wanted = dict(block)
    for key, memory in held.items():
        if key not in wanted:
            adopting.edit(Retire(time, evidence, memory.id, "no longer in the imported block"))
    for key, sentence in wanted.items():
        old = next((memory for memory in adopting.state.current(kind) if _key(memory) == key), None)
        if old is not None and old.value == sentence:
            continue
        new = _entry(adopting.new_id(), kind, key, sentence, time, evidence)
        adopting.edit(Add(time, evidence, new) if old is None else Replace(time, evidence, old.id, new))
    kept = {_key(memory) for memory in adopting.state.current(kind)}
    adopting.lost += [Skipped(f"{kind} {key}", "no room: only 5 entries are kept") for key in wanted if key not in kept]


def _key(memory: Memory) -> str:
    return (PERSONA if memory.block == "persona" else "") + memory.attribute


def _entry(
    identity: str, kind: MemoryType, key: str, sentence: str, time: datetime, evidence: tuple[str, ...]
) -> Memory:
    # The file tells neither the two core blocks apart (but for keys we marked ourselves) nor goals from habits.
    block: Block | None = None
    if kind == "core":
        block = "persona" if key.startswith(PERSONA) else "human"
    return Memory(
        identity,
        kind,
        f"{key}: {sentence}",
        time,
        evidence,
        kind="habit" if kind == "procedural" else "fact",
        attribute=key.removeprefix(PERSONA),
        value=sentence,
        block=block,
    )


def _semantic(adopting: _Adopting, data: AssistantData, record: SemanticRecord, turn: Turn, where: str) -> None:
    if record.reason:
        adopting.lost.append(Skipped(f"{where}.reason", "a reason is not kept beside a memory"))
    if not record.decision:
        return
    crops = [_crop(adopting, data, name, turn, where) for name in record.crops or ()]
    memory = Memory(
        adopting.new_id(),
        "semantic",
        unfilled(record.content, FILL),
        turn.time,
        (turn.id,),
        keywords=_keywords(record.keywords),
        kind="fact" if record.crops is None else "concept",
        crops=tuple(crop for crop in crops if crop is not None),
    )
    adopting.edit(Add(turn.time, (turn.id,), memory))


def _crop(adopting: _Adopting, data: AssistantData, name: str, turn: Turn, where: str) -> Crop | None:
    kept = adopting.keep(data.pictures, name, where)
    if kept is None:
        return None
    picture = turn.pictures[-1].digest if turn.pictures else ""  # the released code cuts from the last picture
    return Crop(picture, kept.digest, UNKNOWN_BOX)


def _trace(adopting: _Adopting, data: AssistantData, one: Interaction, where: str) -> Trace:
    time = adopting.clock.read(one.time, where)
    pictures = tuple(_picture(adopting, data.pictures, name, where) for name in one.pictures)
    text = unfilled(one.query, FILL)
    if one.query not in (text, filled(text, len(pictures), FILL)):
        adopting.lost.append(Skipped(f"{where}.query", "where its pictures stand inside the text"))
    turn = Turn(f"t{len(adopting.traces) + 1}", time, text, pictures)
    steps = tuple(_step(adopting, step, turn, f"{where} step {i}") for i, step in enumerate(one.chain))
    said = steps and isinstance(steps[-1].action, Answer) and steps[-1].action.text == one.response
    return Trace(turn, steps if said else (*steps, Step("", Answer(one.response, given=True))))


def _step(adopting: _Adopting, step: ChainStep, turn: Turn, where: str) -> Step:
    action: Action = Answer(step.response)
    if step.action == "retrieve":
        info = step.info
        bounds = [_bound(text, adopting.zone) for text in ((info.start_time, info.end_time) if info else (None, None))]
        action = Retrieve(_keywords(info.keywords if info else ""), bounds[0], bounds[1])
        if step.response:
            adopting.lost.append(Skipped(f"{where}.response", "a retrieving step has no response here"))
    return Step(step.think, action, tuple(_hits(step.retrieved, turn)) if step.retrieved else ())


def _hits(back: Retrieved, turn: Turn) -> Iterator[Hit]:
    groups: tuple[tuple[HitType, tuple[str, ...]], ...] = (
        ("semantic", back.semantic),
        ("episodic", back.episodic),
        ("procedural", back.procedural),
    )
    for kind, texts in groups:
        for place, text in enumerate(texts):
            why = "as recorded in the imported file, which keeps neither its time nor its scores"
            yield Hit(f"{turn.id}/{kind}/{place}", kind, turn.time, text, Scores(0.0), why)


def _picture(adopting: _Adopting, pictures: Mapping[str, bytes], name: str, where: str) -> Picture:
    return adopting.keep(pictures, name, where) or Picture("", caption=f"missing picture {Path(name).name}")


def _bound(text: str | None, zone: tzinfo) -> datetime | None:
    """Return a bound the model wrote, or None where it wrote no time (the released parser does the same)."""
    try:
        return minute(text)[0].replace(tzinfo=zone) if text else None
    except ValueError:
        return None


def _keywords(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def unfilled(text: str, marker: str) -> str:
    """Return a text without picture placeholders; a line that held nothing else goes too."""
    lines = ((line, " ".join(line.replace(marker, " ").split())) for line in text.split("\n"))
    return "\n".join(rest if marker in line else line for line, rest in lines if rest or marker not in line)


def filled(text: str, pictures: int, marker: str) -> str:
    """Return a text with one placeholder line per picture in front, as the released code writes it."""
    return f"{marker}\n" * pictures + text


# ── the benchmark's schema, and turns of either ──────────────────────────────────────────────────────────────────


def _adopt_history(data: BenchmarkData, adopting: _Adopting) -> None:
    for number, (where, time, text, reply, names) in enumerate(_turns(data, adopting.lost), start=1):
        aware = adopting.clock.read(time, where)
        if number == 1:
            _block(adopting, "core", flat_profile(data.profile), aware, ())
        pictures = tuple(_picture(adopting, data.pictures, name, where) for name in names)
        turn = Turn(f"t{number}", aware, text, pictures)
        adopting.traces.append(Trace(turn, (Step("", Answer(reply, given=True)),)))


def flat_profile(profile: Mapping[str, object]) -> Entries:
    """Return the benchmark's profile flattened by one level, as the released code does for a first profile."""
    flat: dict[str, object] = {}
    for key, value in profile.items():
        flat.update(value if isinstance(value, dict) else {key: value})
    return tuple((str(key), value if isinstance(value, str) else str(value)) for key, value in flat.items())


def _turns(data: UserData, skipped: list[Skipped]) -> Iterator[tuple[str, datetime, str, str, tuple[str, ...]]]:
    """Yield place, time, text, reply and pictures of every turn; the benchmark's pictures go by their markers."""
    if isinstance(data, AssistantData):
        for s, session in enumerate(data.sessions):
            for i, one in enumerate(session.interactions):
                where = f"sessions[{s}].interactions[{i}]"
                yield where, one.time, unfilled(one.query, FILL), one.response, one.pictures
        return
    used = 0
    for s, history in enumerate(data.sessions):
        for i, turn in enumerate(history):
            count = turn.user.count(BENCHMARK_FILL)
            names = data.imgs[used : used + count]
            used += count
            yield f"sessions[{s}][{i}]", turn.time, unfilled(turn.user, BENCHMARK_FILL), turn.assistant, names
    if used != len(data.imgs):
        skipped.append(Skipped("imgs", f"the texts have {used} places for {len(data.imgs)} pictures"))
