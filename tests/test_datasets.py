"""Readers of data sets: shapes, repairs, what is skipped, and dialogues from which nothing is lost."""

from __future__ import annotations

import copy
import json
import tempfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personavlm import datasets
from personavlm.datasets import Caption, Expected, Said, Skipped, evidence_ids, locomo, locomo_dialogues, pair
from personavlm.datasets.locomo import session_time
from personavlm.errors import BadInput, BadPicture

NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)


def put(path: Path, whole: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(whole), encoding="utf-8")
    return path


# ── pairing two people's talk ────────────────────────────────────────────────────────────────────────────────────


def said(*sides: str) -> list[Said]:
    """One utterance per word: "u…" by the user, "o…" by the other."""
    return [Said(s[0] == "u", f"says {s}", NOON + timedelta(seconds=i), s) for i, s in enumerate(sides)]


def test_consecutive_utterances_of_a_side_are_one_turn() -> None:
    turns = pair(said("u1", "u2", "o1", "o2", "u3"))
    assert [turn.source for turn in turns] == ["u1 u2 | o1 o2", "u3 |"]
    assert turns[0].text == "says u1\nsays u2"
    assert turns[1].reply == ""
    assert turns[1].time == NOON + timedelta(seconds=4)


def test_what_the_other_side_opens_with_stays_its_words() -> None:
    (turn,) = pair(said("o1", "u1", "o2"))
    assert (turn.text, turn.reply, turn.source) == ("says u1", "says o1\nsays o2", "u1 | o1 o2")


def test_a_sitting_without_the_user_is_empty() -> None:
    assert pair(said("o1", "o2")) == ()


def test_captions_stand_for_pictures() -> None:
    talk = [Said(True, "", NOON, "u1", "a lake"), Said(False, "Nice!", NOON, "o1", "a boat")]
    (turn,) = pair(talk)
    assert turn.pictures == (Caption("a lake"),)
    assert turn.text == "[picture: a lake]"
    assert turn.reply == "Nice! [picture: a boat]"


# ── LoCoMo ───────────────────────────────────────────────────────────────────────────────────────────────────────


def conversation() -> dict[str, Any]:
    def line(number: int, speaker: str, **more: str) -> dict[str, str]:
        return {"speaker": speaker, "dia_id": f"D1:{number}", "text": f"line {number}", **more}

    return {
        "sample_id": "conv-1",
        "conversation": {
            "speaker_a": "Ann",
            "speaker_b": "Ben",
            "session_1_date_time": "12:05 am on 29 February, 2024",
            "session_1": [
                line(1, "Ben"),
                line(2, "Ann", blip_caption="a lake"),
                line(3, "Ben"),
                {"speaker": "Ben", "dia_id": "D1:4", "text": " "},
            ],
            "session_2_date_time": "1:56 pm on 8 May, 2024",
        },
        "qa": [
            {"question": "q0", "answer": 2022, "evidence": ["D1:1; D1:2"], "category": 1},
            {"question": "q1", "answer": "x", "evidence": ["D:1:3", "D9:9"], "category": 2},
            {"question": "q2", "adversarial_answer": "trap", "evidence": ["D1:02"], "category": 5},
            {"question": "q3", "answer": "y", "evidence": ["D1:1", "D"], "category": 4},
        ],
    }


def test_locomo_reads_times_questions_and_repairs(tmp_path: Path) -> None:
    read = locomo(put(tmp_path / "l.json", [conversation()]))
    (one,) = read.conversations
    assert [u.time.isoformat() for u in one.utterances][:2] == [
        "2024-02-29T00:05:00+00:00",
        "2024-02-29T00:05:01+00:00",
    ]
    assert [q.evidence for q in one.questions] == [("D1:1", "D1:2"), ("D1:3",), ("D1:2",), ("D1:1",)]
    assert [q.category for q in one.questions] == ["multi-hop", "temporal", "adversarial", "single-hop"]
    assert (one.questions[0].answer, one.questions[2].answer, one.questions[2].trap) == ("2022", "", "trap")
    assert read.repaired == 3
    assert read.skipped == (
        Skipped("conv-1 D1:4", "it has neither text nor a caption"),
        Skipped("conv-1 session 2", "it has a date but no utterances"),
        Skipped("conv-1 question 1", "evidence 'D9:9' is no utterance"),
        Skipped("conv-1 question 3", "evidence 'D' is no utterance"),
    )


def test_locomo_gives_one_user_per_speaker(tmp_path: Path) -> None:
    (one,) = locomo(put(tmp_path / "l.json", [conversation()])).conversations
    ann, ben = locomo_dialogues(one)
    assert (ann.user, ann.assistant, ben.user) == ("conv-1-Ann", "Ben", "conv-1-Ben")
    assert [turn.source for turn in ann.turns] == ["D1:2 | D1:1 D1:3"]
    assert [turn.source for turn in ben.turns] == ["D1:1 | D1:2", "D1:3 |"]
    assert ann.turns[0].pictures == (Caption("a lake"),)


def test_a_silent_sitting_is_reported(tmp_path: Path) -> None:
    whole = conversation()
    whole["conversation"]["session_2"] = [{"speaker": "Ben", "dia_id": "D2:1", "text": "alone"}]
    imported = datasets.import_locomo(put(tmp_path / "l.json", [whole]))
    assert Skipped("conv-1 session 2", "Ann says nothing in it: left out of conv-1-Ann") in imported.skipped


@pytest.mark.parametrize(
    ("raw", "ids"),
    [
        ("D8:6; D9:17", ("D8:6", "D9:17")),
        ("D9:1 D4:4 D4:6", ("D9:1", "D4:4", "D4:6")),
        ("D:11:26", ("D11:26",)),
        ("D30:05", ("D30:5",)),
        ("D", ()),
    ],
)
def test_malformed_evidence_ids(raw: str, ids: tuple[str, ...]) -> None:
    assert evidence_ids(raw) == ids


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("12:00 pm on 1 January, 2023", datetime(2023, 1, 1, 12, tzinfo=UTC)),
        ("12:09 am on 13 September, 2023", datetime(2023, 9, 13, 0, 9, tzinfo=UTC)),
        ("1:56 PM on 8 May 2023", datetime(2023, 5, 8, 13, 56, tzinfo=UTC)),
    ],
)
def test_session_times(text: str, time: datetime) -> None:
    assert session_time(text) == time


@pytest.mark.parametrize(
    "text", ["8 May 2023", "13:56 on 8 May, 2023", "1:56 pm on 8 Floreal, 2023", "1:56 pm on 31 June, 2023"]
)
def test_other_spellings_of_a_time_are_errors(text: str) -> None:
    with pytest.raises(ValueError, match=r"time|day"):
        session_time(text)


def test_locomo_errors_name_file_place_and_remedy(tmp_path: Path) -> None:
    whole = conversation()
    del whole["conversation"]["session_1"][2]["speaker"]
    with pytest.raises(BadInput, match=r"l\.json: conv-1\.session_1: \[2\]\.speaker"):
        locomo(put(tmp_path / "l.json", [whole]))
    whole = conversation()
    whole["qa"][1]["category"] = 6
    with pytest.raises(BadInput, match=r"\[0\]\.qa\[1\]\.category"):
        locomo(put(tmp_path / "l.json", [whole]))
    whole = conversation()
    whole["conversation"]["session_1_date_time"] = "in spring"
    with pytest.raises(BadInput, match=r"conv-1 session 1: "):
        locomo(put(tmp_path / "l.json", [whole]))
    with pytest.raises(BadInput, match=r"choose one of conv-1\."):
        locomo(put(tmp_path / "l.json", [conversation()]), "conv-2")
    whole = conversation()
    whole["conversation"]["session_1"][0]["speaker"] = "Cat"
    with pytest.raises(BadInput, match="3 speakers"):
        locomo(put(tmp_path / "l.json", [whole]))


def test_unreadable_files_are_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        locomo(tmp_path / "none.json")
    with pytest.raises(BadInput, match="cannot be read"):
        locomo(tmp_path)
    (tmp_path / "x.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="not UTF-8"):
        locomo(tmp_path / "x.json")
    (tmp_path / "x.json").write_text("[" * 100_000)
    with pytest.raises(BadInput, match="not JSON"):
        locomo(tmp_path / "x.json")


def test_locomo_dev(data_dir: Path) -> None:
    read = locomo(data_dir / "locomo" / "locomo_dev.json")
    questions = [q for one in read.conversations for q in one.questions]
    assert sum(len(one.utterances) for one in read.conversations) == 2960
    assert sum(bool(q.evidence) for q in questions) == 1018
    assert read.repaired == 5
    for one in read.conversations:
        ids = sorted(u.id for u in one.utterances)
        for dialogue in locomo_dialogues(one):
            assert sorted(id for turn in dialogue.turns for id in turn.source.replace("|", " ").split()) == ids
            assert all(a.time < b.time for a, b in zip(dialogue.turns, dialogue.turns[1:], strict=False))
            assert all(turn.text for turn in dialogue.turns)


# ── LAPS, PrefEval, DreamBooth ───────────────────────────────────────────────────────────────────────────────────


def worker() -> dict[str, Any]:
    return {
        "worker_id": "4711",
        "topic": "recipe",
        "sessions": [
            {
                "dialogue": [
                    {"role": "Assistant", "turn_number": 0, "message": "Hello!"},
                    {"role": "User", "turn_number": 1, "message": "hi, soup please"},
                    {"role": "User", "turn_number": 2, "message": " "},
                ],
                "preferences": {"dish_like": ["soup", ""]},
                "task_setting": "dinner",
                "pay": 3,
            }
        ],
    }


def test_laps_drops_the_worker_id_and_reports_the_rest(tmp_path: Path) -> None:
    read = datasets.laps(put(tmp_path / "laps.json", [worker()]))
    (session,) = read.sessions
    assert "4711" not in repr(read)
    assert session.preferences == (("dish_like", "soup"),)
    assert [line.where for line in read.skipped] == [
        "[0].sessions[0].pay",
        "worker 0 session 0 turn 2",
        "worker 0 session 0 preferences.dish_like",
    ]


def test_laps_dialogue_takes_the_dates_it_is_given(tmp_path: Path) -> None:
    sessions = datasets.laps(put(tmp_path / "laps.json", [worker()])).sessions
    dialogue = datasets.laps_dialogue(sessions, [NOON], "Robin")
    assert dialogue.turns[0].time == NOON + timedelta(seconds=20)
    assert dialogue.turns[0].source == "0/1 | 0/0"
    with pytest.raises(BadInput, match="1 sessions but 0 dates"):
        datasets.laps_dialogue(sessions, [], "Robin")
    with pytest.raises(BadInput, match="no time zone"):
        datasets.laps_dialogue(sessions, [datetime(2025, 3, 3)], "Robin")


def test_laps_dev(data_dir: Path) -> None:
    read = datasets.laps(data_dir / "laps" / "recipe_dataset_train.json")
    assert (len(read.workers), len(read.sessions), read.skipped) == (347, 691, ())


def test_prefeval_joins_options_by_text_then_place(tmp_path: Path) -> None:
    def item(preference: str, question: str, *options: str) -> dict[str, Any]:
        return {"preference": preference, "question": question, "classification_task_options": list(options)}

    put(tmp_path / "explicit_preference" / "pets.json", [item("p0", "q0"), item("p1", "q1"), item("p2", "q2")])
    put(
        tmp_path / "mcq_options" / "pets.json",
        [item("p0", "q0", "a", "b"), item("really p1", "q1", "c"), item("x", "y")],
    )
    read = datasets.prefeval(tmp_path)
    assert [one.options for one in read.items] == [("a", "b"), ("c",), ()]
    assert read.repaired == 1
    assert read.skipped == (Skipped("mcq_options/pets.json", "no options for number 2 of the topic"),)
    with pytest.raises(BadInput, match="explicit_preference"):
        datasets.prefeval(tmp_path / "mcq_options")


def test_prefeval_dev(data_dir: Path) -> None:
    read = datasets.prefeval(data_dir / "prefeval")
    assert (len(read.items), read.skipped, read.repaired) == (505, (), 19)
    assert {len(one.options) for one in read.items} == {4}


def test_dreambooth_lists_things_and_what_it_left(tmp_path: Path) -> None:
    for name in ("mug/01.jpg", "mug/00.JPG", "mug/notes.txt", "empty/x.txt"):
        put(tmp_path / name, 0)
    (tmp_path / "prompts_and_classes.txt").write_text("subject_name,class\nmug,cup\nsay('a, b, c')\n")
    read = datasets.dreambooth(tmp_path)
    (mug,) = read.things
    assert (mug.name, mug.kind, [p.name for p in mug.pictures]) == ("mug", "cup", ["00.JPG", "01.jpg"])
    assert {line.where for line in read.skipped} == {"mug/notes.txt", "empty/x.txt", "empty"}
    with pytest.raises(BadInput, match="no folder with pictures"):
        datasets.dreambooth(tmp_path / "mug")
    with pytest.raises(BadInput, match="no folder"):
        datasets.dreambooth(tmp_path / "none")


def test_dreambooth_dev(data_dir: Path) -> None:
    read = datasets.dreambooth(data_dir / "dreambooth")
    assert (len(read.things), sum(len(thing.pictures) for thing in read.things)) == (15, 81)


# ── our own files ────────────────────────────────────────────────────────────────────────────────────────────────


def own_file() -> dict[str, Any]:
    return {
        "format": "personavlm.conversation/1",
        "title": "two turns",
        "origin": "written for this test",
        "licence": "Apache-2.0",
        "assigned_dates": True,
        "user": "Ida",
        "turns": [
            {
                "id": "t1",
                "time": "2025-03-03T18:05:00+01:00",
                "text": "I drink tea.",
                "pictures": [{"caption": "a cup"}],
            },
            {"id": "t2", "time": "2025-03-03T18:06:00+01:00", "text": "Coffee now.", "reply": "Good choice."},
        ],
        "questions": [
            {
                "id": "q1",
                "at": "2025-03-04T09:00:00+01:00",
                "text": "What do I drink?",
                "expected": {"contains": [["coffee"]], "lacks": ["tea"]},
                "evidence": ["t2"],
                "period": {"start": "2025-03-03T00:00:00+01:00", "end": "2025-03-03T23:59:59+01:00"},
            }
        ],
        "facts": [
            {"id": "f1", "type": "semantic", "text": "drinks coffee", "contains": [["coffee"]], "evidence": ["t2"]}
        ],
        "forbidden": [{"id": "n1", "contains": [["beer"]], "why": "never said"}],
    }


def test_own_files(tmp_path: Path) -> None:
    read = datasets.own(put(tmp_path / "c.json", own_file()))
    assert read.dialogue.turns[0].time == datetime(2025, 3, 3, 18, 5, tzinfo=timezone(timedelta(hours=1)))
    assert read.dialogue.turns[0].pictures == (Caption("a cup"),)
    assert read.questions[0].expected.met_by("Coffee!")
    assert read.questions[0].period is not None
    assert read.facts[0].current
    assert datasets.import_own(tmp_path / "c.json").dialogues == (read.dialogue,)


def test_own_files_that_do_not_fit(tmp_path: Path) -> None:
    def complaint(change: Any, kind: type[BadInput] = BadInput) -> str:
        whole = own_file()
        change(whole)
        with pytest.raises(kind) as error:
            datasets.own(put(tmp_path / "c.json", whole))
        return error.value.message

    assert "turn 2 has the id 't3'" in complaint(lambda w: w["turns"][1].update(id="t3"))
    assert "turns[1].time: Value error, The time 2025-03-03 18:06:00 has no time zone" in complaint(
        lambda w: w["turns"][1].update(time="2025-03-03T18:06:00")
    )
    assert "turns[1].time" in complaint(lambda w: w["turns"][1].update(time="soon"))
    assert "not later" in complaint(lambda w: w["turns"][1].update(time=w["turns"][0]["time"]))
    assert "q1 rests on t9" in complaint(lambda w: w["questions"][0].update(evidence=["t9"]))
    assert "b.jpg" in complaint(lambda w: w["turns"][1].update(pictures=["b.jpg"]), BadPicture)
    assert "format" in complaint(lambda w: w.update(format="other"))


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("You drink Coca-Cola now.", True),
        ("coke, as always", True),
        ("You drink cokes", False),
        ("coca cola, no longer Sprite", False),
    ],
)
def test_expected_matches_whole_words(text: str, met: bool) -> None:
    assert Expected((("coca-cola", "coke"),), ("sprite",)).met_by(text) is met


# ── any damage ───────────────────────────────────────────────────────────────────────────────────────────────────

text = st.text(max_size=8)
anything = st.none() | st.booleans() | st.integers() | st.floats() | text | st.lists(text) | st.dictionaries(text, text)


def nodes(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    return [path, *(place for key, item in inner for place in nodes(item, (*path, key)))]


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    value[path[0]] = changed(value[path[0]], path[1:], new)
    return value


READERS = [(datasets.import_locomo, [conversation()]), (datasets.laps, [worker()]), (datasets.own, own_file())]
DAMAGE = [(reader, whole, place) for reader, whole in READERS for place in nodes(whole)]


@given(st.sampled_from(DAMAGE), anything)
@settings(max_examples=150, deadline=None)
def test_a_damaged_file_is_read_or_refused_with_a_remedy(damage: tuple[Any, Any, Any], new: Any) -> None:
    reader, whole, place = damage
    with tempfile.TemporaryDirectory() as folder:
        path = put(Path(folder) / "x.json", changed(copy.deepcopy(whole), place, new))
        try:
            remedy = str(reader(path)) and "none needed"
        except BadInput as error:
            remedy = error.remedy
    assert remedy
