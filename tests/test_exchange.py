"""The released user_data.json: both schemas read, written and mapped; what the schema can hold survives."""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from personavlm.datasets import Skipped
from personavlm.errors import BadInput, BadTime
from personavlm.exchange import (
    AssistantData,
    BenchmarkData,
    from_store,
    read_user_data,
    to_dialogue,
    to_traces_and_edits,
    write_user_data,
)
from personavlm.exchange.values import (
    BenchmarkTurn,
    ChainStep,
    Interaction,
    Retrieved,
    RetrieveInfo,
    SemanticRecord,
    SessionData,
    Topic,
)
from personavlm.memory import Add, Crop, Edit, Link, Memory, MemoryLink, Replace, fold
from personavlm.personality import Profile
from personavlm.trace import Answer, Picture, Retrieve, Step, Trace, Turn, malformed

BERLIN = ZoneInfo("Europe/Berlin")


def png(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 3), colour).save(buffer, "PNG")
    return buffer.getvalue()


# ── any value of either schema ───────────────────────────────────────────────────────────────────────────────────

text = st.text(max_size=20)
key = st.text(min_size=1, max_size=8).filter(lambda k: k != "update time")
entries = st.dictionaries(key, text, max_size=3).map(lambda d: tuple(d.items()))
minutes = st.datetimes(datetime(1000, 1, 1), datetime(2999, 1, 1)).map(lambda t: t.replace(second=0, microsecond=0))
score = st.floats(1, 5, allow_nan=False)
img = st.integers(0, 3).map(lambda n: f"media/imgs/{n}.png")
crop = st.integers(0, 3).map(lambda n: f"media/VisionConcept/{n}.png")


def several(item: st.SearchStrategy[Any], most: int = 2) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(item, max_size=most).map(tuple)


infos = st.builds(RetrieveInfo, text, st.none() | text, st.none() | text, st.booleans())
retrieved = st.builds(Retrieved, several(text), several(crop), several(text), several(img), several(text))
steps = st.builds(
    ChainStep, text, st.sampled_from(["retrieve", "answer"]), text, st.none() | infos, st.none() | retrieved
)
interactions = st.builds(Interaction, minutes, text, text, several(steps), several(img))
records = st.builds(SemanticRecord, text, st.booleans(), text, text, st.none() | several(crop))


@st.composite
def session_data(draw: st.DrawFn) -> SessionData:
    turns = draw(several(interactions, 3))
    places = several(st.integers(0, len(turns) - 1)) if turns else st.just(())
    topics = several(st.builds(Topic, text, text, places))
    profile = draw(st.none() | entries)
    return SessionData(
        turns,
        draw(st.lists(records, max_size=len(turns)).map(tuple)),
        draw(st.none() | topics),
        profile,
        draw(st.none() | minutes) if profile is not None else None,
        draw(st.none() | entries),
    )


files = st.dictionaries(img | crop, st.binary(max_size=9), max_size=4)
assistants = st.builds(
    AssistantData,
    entries,
    several(session_data()),
    several(img),
    st.integers(0, 99),
    st.builds(Profile, score, score, score, score, score),
    files,
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | text, lambda j: st.lists(j) | st.dictionaries(text, j)
)
plain_names = st.integers(0, 3).map(lambda n: f"{n}.png")


@st.composite
def benchmarks(draw: st.DrawFn) -> BenchmarkData:
    content = draw(st.dictionaries(plain_names, st.binary(max_size=9), max_size=4))
    names = several(st.sampled_from(sorted(content))) if content else st.just(())
    turns = several(st.builds(BenchmarkTurn, minutes, text, text))
    chosen = draw(names)
    # a picture that no turn names stays where it is: only named ones belong to the value
    return BenchmarkData(
        draw(st.dictionaries(text, json_values, max_size=3)),
        draw(several(turns)),
        chosen,
        {name: content[name] for name in chosen},
    )


@given(assistants | benchmarks())
@settings(max_examples=60, deadline=None)
def test_writing_what_was_read_loses_nothing(data: AssistantData | BenchmarkData) -> None:
    with tempfile.TemporaryDirectory() as place:
        write_user_data(data, Path(place))
        read = read_user_data(Path(place))
        assert read.data == data
        assert read.repaired == 0


def test_half_a_surrogate_pair_is_written_and_read_back(tmp_path: Path) -> None:
    data = AssistantData((("name", "\ud83d"),), ())
    write_user_data(data, tmp_path)
    assert read_user_data(tmp_path).data == data


# ── a file as the released code writes it ────────────────────────────────────────────────────────────────────────


def released() -> dict[str, Any]:
    """A user of two sessions with a picture, a visual concept and a reasoning chain; our own words."""
    return {
        "init_profile": {"name": "Ida", "city": "Bremen"},
        "imgs": ["/cluster/run7/media/imgs/0.png"],
        "current_interactions": 3,
        "big_five_personality": {
            "openness": 3.5,
            "conscientiousness": 3,
            "extraversion": 2.25,
            "agreeableness": 3,
            "neuroticism": 4,
        },
        "sessions": [
            {
                "interactions": [
                    [
                        {"time": "2025-03-03 18:05", "query": "<img_fill>\nThis is my kettle, call it Fritz."},
                        {"response": "Hello Fritz!"},
                        [],
                        ["/cluster/run7/media/imgs/0.png"],
                    ],
                    [
                        {"time": "2025-03-03 18:05", "query": "I run every Monday at 07:30."},
                        {"response": "Noted."},
                        [],
                        [],
                    ],
                ],
                "semantic_memory": [
                    {
                        "reason": "named thing",
                        "decision": True,
                        "content": "Fritz <img_fill>",
                        "keywords": "Fritz, kettle",
                        "crops": ["/cluster/run7/media/VisionConcept/77.png"],
                    },
                    {"reason": "", "decision": False, "content": "", "keywords": ""},
                ],
                "EpisodicMemory": [
                    {"topic_summary": "The kettle Fritz", "keywords": "kettle", "source_dialog_indices": [0]}
                ],
            },
            {
                "profile": {"name": "Ida", "likes": "running", "update time": "2025-03-03 19:05"},
                "ProceduralMemory": {"running": "runs every Monday at 07:30"},
                "interactions": [
                    [
                        {"time": "2025-03-09 10:00", "query": "When do I run?"},
                        {"response": "Mondays at 07:30."},
                        [
                            {
                                "think": "look it up",
                                "action": "retrieve",
                                "response": "",
                                "retrieve_info": {
                                    "keywords": "run, Monday",
                                    "start_time": "2025-03-01 00:00",
                                    "end_time": "null",
                                    "retrieve": True,
                                },
                                "retrieve_memory": {
                                    "semantic_memory": [],
                                    "semantic_memory_imgs": [],
                                    "episodic_memory": ["18:05 I run every Monday"],
                                    "episodic_memory_imgs": [],
                                    "procedural_memory": ["runs every Monday at 07:30"],
                                },
                            },
                            {
                                "think": "enough",
                                "action": "answer",
                                "response": "Mondays at 07:30.",
                                "retrieve_info": {},
                                "retrieve_memory": {},
                            },
                        ],
                        [],
                    ]
                ],
                "semantic_memory": [{"reason": "", "decision": False, "content": "", "keywords": ""}],
            },
        ],
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, colour in (("media/imgs/0.png", "red"), ("media/VisionConcept/77.png", "blue")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(png(colour))
    (tmp_path / "user_data.json").write_text(json.dumps(released()))
    return tmp_path


def assistant(folder: Path) -> AssistantData:
    data = read_user_data(folder).data
    assert isinstance(data, AssistantData)
    return data


def test_a_released_file_is_read_with_its_pictures(folder: Path) -> None:
    read = read_user_data(folder)
    data = assistant(folder)
    assert data.imgs == ("media/imgs/0.png",)
    assert data.pictures["media/VisionConcept/77.png"] == png("blue")
    assert data.sessions[1].profile_time == datetime(2025, 3, 3, 19, 5)
    assert read.repaired == 3  # three paths of another machine
    assert read.skipped == ()


def test_adopting_gives_turns_memories_and_profile(folder: Path) -> None:
    adopted = to_traces_and_edits(assistant(folder), BERLIN)
    state = fold(adopted.edits)
    assert adopted.user == "Ida"
    assert [trace.turn.id for trace in adopted.traces] == ["t1", "t2", "t3"]
    assert adopted.traces[0].turn.text == "This is my kettle, call it Fritz."
    assert adopted.traces[0].turn.time.isoformat() == "2025-03-03T18:05:00+01:00"
    assert adopted.traces[1].turn.time - adopted.traces[0].turn.time == timedelta(seconds=1)
    assert {key: memory.value for key, memory in state.core("human").items()} == {"name": "Ida", "likes": "running"}
    (kettle,) = state.current("semantic")
    assert kettle.text == "Fritz"
    assert adopted.pictures[kettle.crops[0].digest] == png("blue")
    assert kettle.crops[0].picture == adopted.traces[0].turn.pictures[0].digest
    (topic,) = state.current("episodic")
    assert topic.turns == ("t1",)
    assert [memory.value for memory in state.current("procedural")] == ["runs every Monday at 07:30"]
    assert state.estimate.profile == Profile(3.5, 3, 2.25, 3, 4)


def test_adopting_shows_nothing_before_it_was_learnt(folder: Path) -> None:
    edits = to_traces_and_edits(assistant(folder), BERLIN).edits
    close = datetime(2025, 3, 3, 19, 5, 1, tzinfo=BERLIN)
    early = fold(edit for edit in edits if edit.time < close)
    assert "likes" not in early.core("human")
    assert early.core("human")["city"].value == "Bremen"
    assert not list(early.all("episodic", "procedural"))


def test_adopting_keeps_the_reasoning_chain(folder: Path) -> None:
    trace = to_traces_and_edits(assistant(folder), UTC).traces[2]
    ask, answer = (step.action for step in trace.steps)
    assert ask == Retrieve(("run", "Monday"), datetime(2025, 3, 1, tzinfo=UTC), None)
    assert answer == Answer("Mondays at 07:30.")
    assert [hit.type for hit in trace.steps[0].hits] == ["episodic", "procedural"]


def test_there_and_back_again(folder: Path) -> None:
    data = assistant(folder)
    adopted = to_traces_and_edits(data, BERLIN)
    back = from_store("Ida", adopted.traces, adopted.edits, adopted.pictures, BERLIN).data
    assert back.big_five == data.big_five
    assert back.current_interactions == data.current_interactions
    assert back.init_profile == data.init_profile
    assert [s.profile for s in back.sessions] == [s.profile for s in data.sessions]
    assert [s.profile_time for s in back.sessions] == [s.profile_time for s in data.sessions]
    assert [s.procedural for s in back.sessions] == [s.procedural for s in data.sessions]
    assert [s.topics for s in back.sessions] == [s.topics for s in data.sessions]
    ours = [one for session in back.sessions for one in session.interactions]
    theirs = [one for session in data.sessions for one in session.interactions]
    assert [(o.time, o.query, o.response, o.pictures) for o in ours] == [
        (t.time, t.query, t.response, t.pictures) for t in theirs
    ]
    assert [record.content for record in back.sessions[0].semantic] == ["Fritz <img_fill>", ""]
    assert set(back.pictures.values()) == set(data.pictures.values())


def test_what_has_no_place_is_listed(folder: Path) -> None:
    adopted = to_traces_and_edits(assistant(folder), BERLIN)
    assert any(line.where.endswith("semantic_memory[0].reason") for line in adopted.lost)
    lost = from_store("Ida", adopted.traces, adopted.edits, adopted.pictures, BERLIN).lost
    assert Skipped("ledger", "where a crop was cut out: 1") in lost


def test_a_sixth_procedure_has_no_room_and_is_listed(folder: Path) -> None:
    whole = released()
    whole["sessions"][1]["ProceduralMemory"] = {f"habit {n}": f"does {n}" for n in range(6)}
    (folder / "user_data.json").write_text(json.dumps(whole))
    adopted = to_traces_and_edits(assistant(folder), UTC)
    assert len(list(fold(adopted.edits).current("procedural"))) == 5
    assert [line.where for line in adopted.lost if "no room" in line.why] == ["procedural habit 0"]


def test_a_damaged_picture_is_listed_and_its_bytes_are_not_adopted(folder: Path) -> None:
    for name in ("media/imgs/0.png", "media/VisionConcept/77.png"):
        (folder / name).write_bytes(b"no picture")
    adopted = to_traces_and_edits(assistant(folder), UTC)
    assert adopted.pictures == {}
    assert adopted.traces[0].turn.pictures[0].digest == ""
    assert sum("cannot be used" in line.why for line in adopted.lost) == 2


def test_replay_gives_the_turns_with_paths(folder: Path) -> None:
    (dialogue,) = to_dialogue(assistant(folder), folder, BERLIN).dialogues
    assert dialogue.turns[0].pictures == (folder / "media/imgs/0.png",)
    assert dialogue.turns[2].reply == "Mondays at 07:30."


# ── from our own values ──────────────────────────────────────────────────────────────────────────────────────────

MONDAY = datetime(2025, 3, 3, 18, 5, 7, tzinfo=UTC)


def memory(id: str, type: Any, text: str, evidence: tuple[str, ...], **more: Any) -> Memory:
    return Memory(id, type, text, MONDAY, evidence, **more)


def lived() -> tuple[tuple[Trace, ...], tuple[Edit, ...], dict[str, bytes]]:
    """Two sessions of ours with what the released schema has no place for."""
    picture = png("red")
    digest = hashlib.sha256(picture).hexdigest()
    week = MONDAY + timedelta(days=7)
    traces = (
        Trace(
            Turn("t1", MONDAY, "My mug and a lake.", (Picture(digest, 4, 3), Picture("", caption="a lake"))),
            (Step("", malformed("<oops>", "no block")), Step("thought", Answer("Nice."))),
        ),
        Trace(Turn("t2", week, "Coffee!"), (Step("", Answer("Noted.", given=True)),)),
    )
    name = memory("c1", "core", "name: Ida", (), attribute="name", value="Ida", block="human")
    pip = memory("c2", "core", "name: Pip", (), attribute="name", value="Pip", block="persona")
    tea = memory("m1", "semantic", "drinks tea", ("t1",), keywords=("tea",))
    mug = memory("m2", "semantic", "her mug", ("t1",), kind="concept", crops=(Crop(digest, digest, (0, 0, 2, 2)),))
    coffee = replace(memory("m3", "semantic", "drinks coffee", ("t2",)), since=week)
    topic = memory("e1", "episodic", "The mug", ("t1",), turns=("t1",), kind="topic")
    edits: tuple[Edit, ...] = (
        Add(MONDAY, (), name),
        Add(MONDAY, (), pip),
        Add(MONDAY, ("t1",), tea),
        Add(MONDAY, ("t1",), mug),
        Add(MONDAY + timedelta(hours=1), ("t1",), topic),
        Replace(week, ("t2",), "m1", coffee),
        Link(week, ("t2",), MemoryLink("m1", "m3", "thing", "drink")),
    )
    return traces, edits, {digest: picture}


def test_our_user_in_the_released_schema(tmp_path: Path) -> None:
    traces, edits, pictures = lived()
    exported = from_store("Ida", traces, edits, pictures, BERLIN)
    first, second = exported.data.sessions
    assert exported.data.init_profile == (("name", "Ida"), ("assistant's name", "Pip"))
    assert first.interactions[0].time == datetime(2025, 3, 3, 19, 5)
    assert first.interactions[0].query == "<img_fill>\nMy mug and a lake."
    assert first.semantic[0].content == "drinks tea; her mug <img_fill>"
    assert first.topics == (Topic("The mug", "", (0,)),)
    assert (first.profile, second.profile_time) == (None, datetime(2025, 3, 3, 20, 5))
    assert second.interactions[0].chain == ()
    assert [line.why for line in exported.lost] == [
        "a picture of which only a caption is known",
        "a malformed step (no block)",
        "2 memories share its one record",
        "links between memories: 1",
        "that a semantic or episodic memory no longer holds: 1",
        "where a crop was cut out: 1",
    ]
    write_user_data(exported.data, tmp_path)
    assert read_user_data(tmp_path).data == exported.data


def test_what_we_export_we_can_adopt_again() -> None:
    traces, edits, pictures = lived()
    data = from_store("Ida", traces, edits, pictures, BERLIN).data
    adopted = to_traces_and_edits(data, BERLIN)
    state = fold(adopted.edits)
    assert (state.name, state.core("persona")["name"].value) == ("Ida", "Pip")
    assert [trace.reply for trace in adopted.traces] == [trace.reply for trace in traces]
    assert adopted.pictures == pictures
    assert from_store("Ida", adopted.traces, adopted.edits, adopted.pictures, BERLIN).data == data


# ── the benchmark's schema ───────────────────────────────────────────────────────────────────────────────────────

BENCHMARK = {
    "profile": {"basic": {"name": "Ida", "age": 31}, "hobbies": ["chess"]},
    "imgs": ["/data/u1/a.png"],
    "sessions": [[{"time": "2025-03-03 18:05:30", "user": "Look <img> my garden", "assistant": "Lovely."}]],
}


def test_the_benchmark_is_told_apart_and_replayed(tmp_path: Path) -> None:
    (tmp_path / "user_data.json").write_text(json.dumps(BENCHMARK))
    (tmp_path / "a.png").write_bytes(png("green"))
    read = read_user_data(tmp_path)
    assert isinstance(read.data, BenchmarkData)
    assert read.repaired == 2  # the seconds, and the path of another machine
    (dialogue,) = to_dialogue(read.data, tmp_path, UTC, "Ida").dialogues
    assert dialogue.turns[0].text == "Look my garden"
    assert dialogue.turns[0].pictures == (tmp_path / "a.png",)
    state = fold(to_traces_and_edits(read.data, UTC, "Ida").edits)
    assert state.core("human")["age"].value == "31"


# ── bad input ────────────────────────────────────────────────────────────────────────────────────────────────────


def broken(change: Any, folder: Path) -> str:
    whole = released()
    change(whole)
    (folder / "user_data.json").write_text(json.dumps(whole))
    with pytest.raises(BadInput) as error:
        read_user_data(folder)
    return error.value.message


def test_errors_name_the_place(folder: Path) -> None:
    def bad_time(whole: dict[str, Any]) -> None:
        whole["sessions"][0]["interactions"][1][0]["time"] = "yesterday"

    assert "sessions[0].interactions[1][0].time" in broken(bad_time, folder)
    assert "big_five_personality.openness" in broken(lambda w: w["big_five_personality"].update(openness=9), folder)
    assert "sessions[0].EpisodicMemory" in broken(
        lambda w: w["sessions"][0]["EpisodicMemory"][0].update(source_dialog_indices=[7]), folder
    )
    assert "semantic_memory" in broken(
        lambda w: w["sessions"][1]["semantic_memory"].extend(w["sessions"][0]["semantic_memory"]), folder
    )


def test_missing_and_damaged_files_are_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        read_user_data(tmp_path)
    (tmp_path / "user_data.json").write_text("{")
    with pytest.raises(BadInput, match="not JSON"):
        read_user_data(tmp_path)
    (tmp_path / "user_data.json").write_text("[]")
    with pytest.raises(BadInput, match="the whole file"):
        read_user_data(tmp_path)


def test_unknown_keys_missing_pictures_and_caches_are_reported(folder: Path) -> None:
    whole = released()
    whole["sessions"][0]["mood"] = "fine"
    (folder / "user_data.json").write_text(json.dumps(whole))
    (folder / "media/imgs/0.png").unlink()
    (folder / "emb").mkdir()
    places = [line.where for line in read_user_data(folder).skipped]
    assert places == ["sessions[0].mood", "media/imgs/0.png", "emb"]


def test_a_picture_outside_the_folder_is_not_read(folder: Path) -> None:
    secret = folder.parent / "secret.png"
    secret.write_bytes(b"secret")
    whole = released()
    whole["imgs"] = ["../../../secret.png"]
    (folder / "media/imgs/link.png").symlink_to(secret)
    (folder / "user_data.json").write_text(json.dumps(whole))
    data = assistant(folder)
    assert b"secret" not in data.pictures.values()


def test_writing_never_leaves_the_folder_nor_overwrites(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="exists already"):
        write_user_data(assistant(folder), folder)
    for name in ("../out.png", "/out.png", "C:\\out.png", "a\\..\\out.png", ""):
        with pytest.raises(BadInput, match="leads out"):
            write_user_data(BenchmarkData({}, (), (), {name: b"x"}), tmp_path / "new")
    assert not (tmp_path / "out.png").exists()


def test_turns_out_of_order_are_a_clear_error(folder: Path) -> None:
    whole = released()
    whole["sessions"][1]["interactions"][0][0]["time"] = "2025-03-01 10:00"
    (folder / "user_data.json").write_text(json.dumps(whole))
    with pytest.raises(BadTime, match=r"sessions\[1\]\.interactions\[0\]"):
        to_traces_and_edits(assistant(folder), UTC)


# ── any damage ───────────────────────────────────────────────────────────────────────────────────────────────────

anything = st.none() | st.booleans() | st.integers() | st.floats() | text | st.lists(text) | st.dictionaries(text, text)


def nodes(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    return [path, *(place for key, item in inner for place in nodes(item, (*path, key)))]


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    value[path[0]] = put(value[path[0]], path[1:], new)
    return value


@given(st.sampled_from(nodes(released())[1:]), anything)
@settings(max_examples=60, deadline=None)
def test_a_damaged_file_is_read_or_refused_with_a_remedy(place: tuple[Any, ...], new: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "user_data.json").write_text(json.dumps(put(released(), place, new)))
        try:
            data = read_user_data(Path(folder)).data
            adopted = to_traces_and_edits(data, BERLIN, "Ida")
        except BadInput as error:
            remedy = error.remedy
        else:
            remedy = "none needed"
            fold(adopted.edits)
            back = from_store("Ida", adopted.traces, adopted.edits, adopted.pictures, BERLIN).data
            write_user_data(back, Path(folder) / "out")
            assert read_user_data(Path(folder) / "out").repaired == 0
        assert remedy
