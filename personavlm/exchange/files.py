"""Reading and writing a folder with ``user_data.json`` in either schema; writing what was read loses nothing.

    read_user_data(DIR) -> Read(data, skipped, repaired)        write_user_data(data, DIR)

Reading never leaves the folder: a path in the file (often one of the machine that wrote it) is rebased to its last
part, as the released loader does. Unknown keys, missing pictures and the index caches under ``emb/`` are reported as
skipped.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from personavlm.datasets.files import Skipped, check, load, unknown_keys
from personavlm.errors import BadInput
from personavlm.exchange.shapes import (
    AssistantShape,
    BenchmarkShape,
    InfoShape,
    InteractionShape,
    RetrievedShape,
    SemanticShape,
    SessionShape,
    StepShape,
    minute,
    spell_time,
)
from personavlm.exchange.values import (
    AssistantData,
    BenchmarkData,
    BenchmarkTurn,
    ChainStep,
    Entries,
    Interaction,
    Retrieved,
    RetrieveInfo,
    SemanticRecord,
    SessionData,
    Topic,
    UserData,
)
from personavlm.personality import Profile

NAME = "user_data.json"
IMGS, CONCEPTS = "media/imgs", "media/VisionConcept"
UPDATED = "update time"
REMEDY = f"give a folder with a {NAME} as the released PersonaVLM or Persona-MME writes it."


@dataclass(frozen=True, slots=True)
class Read:
    """A folder's content, what was left out of it and why, and how many values were repaired."""

    data: UserData
    skipped: tuple[Skipped, ...] = ()
    repaired: int = 0


@dataclass(slots=True)
class _Reading:
    """What a reading collects on its way."""

    folder: Path
    skipped: list[Skipped] = field(default_factory=list)
    repaired: int = 0
    pictures: dict[str, bytes] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)

    def time(self, text: str) -> datetime:
        time, mended = minute(text)
        self.repaired += mended
        return time

    def entries(self, block: Mapping[str, Any]) -> Entries:
        """Return a block's keys with sentences; lists and numbers become text, counted as repaired."""
        self.repaired += sum(not isinstance(value, str) for value in block.values())
        return tuple((key, _sentence(value)) for key, value in block.items())

    def media(self, name: str, home: str) -> str:
        """Return a picture's name inside the folder, having read its bytes if they are there."""
        rebased = f"{home}/{_last(name)}"
        self.repaired += rebased != name
        self.fetch(rebased)
        return rebased

    def fetch(self, name: str) -> None:
        if name in self.pictures or name in self.missing:
            return
        path = self.folder / name
        inside = path.is_file() and path.resolve().is_relative_to(self.folder.resolve())
        if inside:
            self.pictures[name] = path.read_bytes()
        else:
            self.missing.add(name)
            self.skipped.append(Skipped(name, "the picture is not in the folder"))


def read_user_data(folder: Path) -> Read:
    """Return a folder's ``user_data.json`` and pictures, whichever schema it has.

    Raises ``BadInput`` naming the place if the file is missing, damaged or of neither schema.
    """
    raw = load(folder / NAME, dict[str, Any], f"a folder with a {NAME}")
    reading = _Reading(folder)
    data = _benchmark(raw, reading) if _is_benchmark(raw) else _assistant(raw, reading)
    if (folder / "emb").is_dir():
        reading.skipped.append(Skipped("emb", "index caches are built again from the memories"))
    return Read(data, tuple(reading.skipped), reading.repaired)


def write_user_data(data: UserData, folder: Path) -> None:
    """Write a folder in the schema of its data; ``user_data.json`` comes last, so a half-written folder has none.

    Raises ``BadInput`` if the folder has one already, or if a picture's name leads out of it.
    """
    target = folder / NAME
    if target.exists():
        raise BadInput(f"{target} exists already.", "choose an empty folder.")
    for name, content in data.pictures.items():
        _write(folder / _inside(name), content)
    whole = _assistant_json(data) if isinstance(data, AssistantData) else _benchmark_json(data)
    _write(folder / f"{NAME}.part", _spell(whole))
    (folder / f"{NAME}.part").replace(target)


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _is_benchmark(raw: Mapping[str, Any]) -> bool:
    sessions = raw.get("sessions")
    listed = isinstance(sessions, list) and any(isinstance(session, list) for session in sessions)
    return "init_profile" not in raw and ("profile" in raw or listed)


def _assistant(raw: Mapping[str, Any], reading: _Reading) -> AssistantData:
    shape = check(raw, AssistantShape, NAME, REMEDY)
    reading.skipped += unknown_keys(shape)
    imgs = tuple(reading.media(name, IMGS) for name in shape.imgs)
    sessions = tuple(_session(one, f"sessions[{i}]", reading) for i, one in enumerate(shape.sessions))
    _loose_pictures(reading)
    return AssistantData(
        reading.entries(shape.init_profile),
        sessions,
        imgs,
        shape.current_interactions,
        Profile(**shape.big_five_personality.model_dump(exclude=set(shape.big_five_personality.model_extra or ()))),
        reading.pictures,
    )


def _session(shape: SessionShape, where: str, reading: _Reading) -> SessionData:
    if len(shape.semantic_memory) > len(shape.interactions):
        raise BadInput(
            f"{NAME}: {where}.semantic_memory has more records than there are interactions.",
            "give one record per interaction.",
        )
    topics = shape.EpisodicMemory
    for topic in topics or ():
        if any(index >= len(shape.interactions) for index in topic.source_dialog_indices):
            raise BadInput(f"{NAME}: {where}.EpisodicMemory names a turn that is not there.", "mend the indices.")
    profile = dict(shape.profile) if shape.profile is not None else None
    updated = profile.pop(UPDATED, None) if profile else None
    return SessionData(
        tuple(_interaction(one, reading) for one in shape.interactions),
        tuple(_semantic(one, reading) for one in shape.semantic_memory),
        None if topics is None else tuple(_topic(t.topic_summary, t.keywords, t.source_dialog_indices) for t in topics),
        None if profile is None else reading.entries(profile),
        None if updated is None else _updated(updated, where, reading),
        None if shape.ProceduralMemory is None else reading.entries(shape.ProceduralMemory),
    )


def _updated(value: object, where: str, reading: _Reading) -> datetime:
    try:
        return reading.time(str(value))
    except ValueError as error:
        raise BadInput(f"{NAME}: {where}.profile.{UPDATED}: {error}.", "write it as YYYY-MM-DD HH:MM.") from error


def _topic(summary: str, keywords: str, turns: list[int]) -> Topic:
    return Topic(summary, keywords, tuple(turns))


def _interaction(shape: InteractionShape, reading: _Reading) -> Interaction:
    query, response, chain, pictures = shape
    return Interaction(
        reading.time(query.time),
        query.query,
        response.response,
        tuple(_step(step, reading) for step in chain),
        tuple(reading.media(name, IMGS) for name in pictures),
    )


def _step(shape: StepShape, reading: _Reading) -> ChainStep:
    info, back = shape.retrieve_info, shape.retrieve_memory
    return ChainStep(
        shape.think,
        shape.action,
        shape.response,
        _info(info) if info.model_fields_set else None,
        _retrieved(back, reading) if back.model_fields_set else None,
    )


def _info(shape: InfoShape) -> RetrieveInfo:
    return RetrieveInfo(shape.keywords or "", shape.start_time, shape.end_time, shape.retrieve is not False)


def _retrieved(shape: RetrievedShape, reading: _Reading) -> Retrieved:
    return Retrieved(
        tuple(shape.semantic_memory or ()),
        tuple(reading.media(name, CONCEPTS) for name in shape.semantic_memory_imgs or ()),
        tuple(shape.episodic_memory or ()),
        tuple(reading.media(name, IMGS) for name in shape.episodic_memory_imgs or ()),
        tuple(shape.procedural_memory or ()),
    )


def _semantic(shape: SemanticShape, reading: _Reading) -> SemanticRecord:
    crops = None if shape.crops is None else tuple(reading.media(name, CONCEPTS) for name in shape.crops)
    return SemanticRecord(shape.reason, shape.decision, shape.content, shape.keywords, crops)


def _benchmark(raw: Mapping[str, Any], reading: _Reading) -> BenchmarkData:
    shape = check(raw, BenchmarkShape, NAME, REMEDY)
    reading.skipped += unknown_keys(shape)
    sessions = tuple(
        tuple(BenchmarkTurn(reading.time(turn.time), turn.user, turn.assistant) for turn in session)
        for session in shape.sessions
    )
    imgs = tuple(_benchmark_picture(name, reading) for name in shape.imgs)
    return BenchmarkData(shape.profile, sessions, imgs, reading.pictures)


def _benchmark_picture(name: str, reading: _Reading) -> str:
    """Return a picture's name inside the folder: as written if it is there, else found by its last part."""
    last = _last(name)
    safe = PurePosixPath(name.replace("\\", "/"))
    given = [] if safe.is_absolute() or ".." in safe.parts else [name]
    places = [*given, last, f"imgs/{last}", f"{IMGS}/{last}"]
    found = next((place for place in places if (reading.folder / place).is_file()), last)
    reading.repaired += found != name
    reading.fetch(found)
    return found


def _loose_pictures(reading: _Reading) -> None:
    """Read pictures of the folder that the file does not mention, so that a copy has them too."""
    for home in (IMGS, CONCEPTS):
        for path in sorted((reading.folder / home).glob("*")):
            if path.is_file():
                reading.fetch(f"{home}/{path.name}")


def _last(name: str) -> str:
    last = PurePosixPath(name.replace("\\", "/")).name
    if last in ("", ".", ".."):
        raise BadInput(f"{NAME}: {name!r} is no picture's name.", "name the file of the picture.")
    return last


def _sentence(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _assistant_json(data: AssistantData) -> dict[str, Any]:
    return {
        "init_profile": dict(data.init_profile),
        "imgs": list(data.imgs),
        "current_interactions": data.current_interactions,
        "big_five_personality": dict(data.big_five),
        "sessions": [_session_json(session) for session in data.sessions],
    }


def _session_json(session: SessionData) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    if session.profile is not None:
        updated = {UPDATED: spell_time(session.profile_time)} if session.profile_time else {}
        whole["profile"] = dict(session.profile) | updated
    if session.procedural is not None:
        whole["ProceduralMemory"] = dict(session.procedural)
    whole["interactions"] = [_interaction_json(one) for one in session.interactions]
    whole["semantic_memory"] = [_semantic_json(one) for one in session.semantic]
    if session.topics is not None:
        whole["EpisodicMemory"] = [
            {"topic_summary": t.summary, "keywords": t.keywords, "source_dialog_indices": list(t.turns)}
            for t in session.topics
        ]
    return whole


def _interaction_json(one: Interaction) -> list[Any]:
    return [
        {"time": spell_time(one.time), "query": one.query},
        {"response": one.response},
        [_step_json(step) for step in one.chain],
        list(one.pictures),
    ]


def _step_json(step: ChainStep) -> dict[str, Any]:
    info, back = step.info, step.retrieved
    return {
        "think": step.think,
        "action": step.action,
        "response": step.response,
        "retrieve_info": {}
        if info is None
        else {
            "keywords": info.keywords,
            "start_time": info.start_time,
            "end_time": info.end_time,
            "retrieve": info.retrieve,
        },
        "retrieve_memory": {}
        if back is None
        else {
            "semantic_memory": list(back.semantic),
            "semantic_memory_imgs": list(back.semantic_pictures),
            "episodic_memory": list(back.episodic),
            "episodic_memory_imgs": list(back.episodic_pictures),
            "procedural_memory": list(back.procedural),
        },
    }


def _semantic_json(one: SemanticRecord) -> dict[str, Any]:
    record = {"reason": one.reason, "decision": one.decision, "content": one.content, "keywords": one.keywords}
    return record if one.crops is None else record | {"crops": list(one.crops)}


def _benchmark_json(data: BenchmarkData) -> dict[str, Any]:
    sessions: Iterable[tuple[BenchmarkTurn, ...]] = data.sessions
    return {
        "profile": dict(data.profile),
        "imgs": list(data.imgs),
        "sessions": [
            [{"time": spell_time(t.time), "user": t.user, "assistant": t.assistant} for t in session]
            for session in sessions
        ],
    }


def _spell(whole: dict[str, Any]) -> bytes:
    """Return the JSON in the released spelling; half a surrogate pair, which UTF-8 cannot hold, is escaped."""
    try:
        return json.dumps(whole, indent=4, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(whole, indent=4).encode()


def _inside(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\\" in name or ":" in name:
        raise BadInput(f"The picture's name {name!r} leads out of the folder.", "name it inside the folder.")
    return name


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise BadInput(
            f"{path} cannot be written: {error.strerror}.", "choose a folder with room and rights."
        ) from error
