"""Recordings, scripts, the setting of a model, and what happens to text before a model reads it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personavlm.errors import BadInput, ModelUnavailable
from personavlm.models import Completion, ImagePart, Message, Model, Sampling, StreamingModel, stream
from personavlm.models.loading import load_model, split_setting
from personavlm.models.recorded import SHOWN_LINES, Recorded
from personavlm.models.scripted import Scripted
from personavlm.models.wording import CONTROL, inert, inert_parts, merged, pieces

ASK = [Message("system", ("Be brief.",)), Message("user", ("What do I drink?",))]
GREEDY = Sampling()
MUG, TRAIN = ImagePart("a" * 64, b"1"), ImagePart("b" * 64, b"2")


# ── Scripted ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_queue_is_said_in_order_and_the_questions_are_kept() -> None:
    model = Scripted(["one", Completion("two", finished=False)])
    assert [model.complete(ASK, GREEDY), model.complete(ASK[1:], GREEDY)] == [
        Completion("one"),
        Completion("two", finished=False),
    ]
    assert [len(request.messages) for request in model.history] == [2, 1]


def test_an_empty_queue_is_an_error_and_errors_can_be_queued() -> None:
    down = ModelUnavailable("down", "start it")
    model = Scripted([down])
    with pytest.raises(ModelUnavailable, match="down"):
        model.complete(ASK, GREEDY)
    with pytest.raises(ModelUnavailable, match=r"request 2 was 'What do I drink\?'"):
        model.complete(ASK, GREEDY)


def test_a_function_answers_what_it_is_asked() -> None:
    model = Scripted(lambda messages, sampling: messages[-1].text.upper())
    assert model.complete(ASK, GREEDY).text == "WHAT DO I DRINK?"
    assert isinstance(model, StreamingModel)
    assert len(list(stream(model, ASK, GREEDY))) == 4


# ── Recorded ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    return tmp_path / "tapes" / "demo.jsonl"


def record(tape: Path, *asked: list[Message], name: str = "live") -> None:
    live = Scripted([f"reply {n}" for n in range(len(asked))], name=name)
    recorder = Recorded(tape, live)
    for messages in asked:
        recorder.complete(messages, GREEDY)


def test_what_was_recorded_comes_back_without_the_model(tape: Path) -> None:
    record(tape, ASK, [Message("user", ("mine? ", MUG))])
    replay = Recorded(tape)
    assert len(replay) == 2
    assert replay.name == "recorded:live"
    assert replay.complete(ASK, GREEDY) == Completion("reply 0")
    assert "".join(replay.stream([Message("user", ("mine? ", MUG))], GREEDY)) == "reply 1"


def test_the_live_model_is_asked_once(tape: Path) -> None:
    live = Scripted(["once"])
    recorder = Recorded(tape, live)
    assert (
        recorder.complete(ASK, GREEDY) == recorder.complete(ASK, GREEDY) == Recorded(tape, live).complete(ASK, GREEDY)
    )
    assert len(live.history) == 1
    assert len(tape.read_text().splitlines()) == 1


def test_the_key_is_what_the_model_reads(tape: Path) -> None:
    record(tape, [Message("user", ("a", "b", MUG), contract="respond", slots=(("query", "ab"),))])
    same = [Message("user", ("ab", MUG), contract="other")]
    assert Recorded(tape).complete(same, GREEDY).text == "reply 0"
    different = [
        [Message("user", ("ab", TRAIN))],
        [Message("user", (MUG, "ab"))],
        [Message("system", ("ab", MUG))],
        [Message("user", ("ab", MUG, MUG))],
    ]
    for messages in different:
        with pytest.raises(ModelUnavailable):
            Recorded(tape).complete(messages, GREEDY)
    with pytest.raises(ModelUnavailable, match="other sampling"):
        Recorded(tape).complete(same, Sampling(temperature=1.0))


def test_a_miss_shows_how_the_nearest_prompt_differs(tape: Path) -> None:
    long = "\n".join(f"line {n}" for n in range(200))
    record(tape, ASK, [Message("user", (f"{long}\nWhat colour is the train?",))])
    with pytest.raises(ModelUnavailable) as caught:
        Recorded(tape).complete([Message("user", (f"{long}\nWhat colour is the bus?",))], GREEDY)
    said = str(caught.value)
    assert "-What colour is the train?" in said
    assert "+What colour is the bus?" in said
    assert "line 7" not in said
    with pytest.raises(ModelUnavailable) as caught:
        Recorded(tape).complete([Message("user", ("\n".join("x" * 500 for _ in range(300)),))], GREEDY)
    assert len(str(caught.value)) < 160 * (SHOWN_LINES + 4)


def test_a_file_of_two_models_needs_a_name(tape: Path) -> None:
    record(tape, ASK, name="one")
    record(tape, ASK, name="two")
    with pytest.raises(BadInput, match="one, two"):
        Recorded(tape)
    assert Recorded(tape, name="two").complete(ASK, GREEDY).text == "reply 0"


def test_a_missing_or_damaged_recording_is_named(tape: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"demo\.jsonl"):
        Recorded(tape)
    record(tape, ASK)
    tape.write_text(tape.read_text() + '{"key": "torn')
    with pytest.raises(ModelUnavailable, match="Line 2"):
        Recorded(tape)


def test_no_picture_bytes_are_written(tape: Path) -> None:
    picture = ImagePart("c" * 64, b"PRIVATE BYTES")
    record(tape, [Message("user", (picture,))])
    line = json.loads(tape.read_text())
    assert line["messages"] == [{"role": "user", "content": [{"picture": "c" * 64}]}]
    assert "PRIVATE" not in tape.read_text()


# ── the setting ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_settings_are_split_into_form_rest_and_options() -> None:
    assert split_setting("embedded") == ("embedded", "", {})
    assert split_setting("hf:Qwen/Q?quantise=4bit&adapter=a%20b") == (
        "hf",
        "Qwen/Q",
        {"quantise": "4bit", "adapter": "a b"},
    )
    assert split_setting("openai:qwen2.5vl:7b@http://h/v1") == ("openai", "qwen2.5vl:7b@http://h/v1", {})


@pytest.mark.parametrize("setting", ["", "gpt-4", "hf:", "hf: ", "embedded:x", "recorded", "HF:x", "openai"])
def test_an_unknown_setting_lists_the_four_forms(setting: str) -> None:
    with pytest.raises(BadInput) as caught:
        load_model(setting)
    for form in ("embedded", "hf:", "openai:", "recorded:"):
        assert form in caught.value.remedy


@pytest.mark.parametrize(
    ("setting", "word"),
    [
        ("hf:x/y?dtype=float7", "float7"),
        ("hf:x/y?colour=red", "colour"),
        ("hf:x/y?max_pixels=many", "max_pixels"),
        ("embedded?temperature=1", "no options"),
        ("openai:gpt@localhost", "base url"),
        ("openai:gpt", "base url"),
    ],
)
def test_a_setting_that_cannot_be_meant_says_why(setting: str, word: str) -> None:
    with pytest.raises(BadInput, match=word):
        load_model(setting)


def test_settings_load_their_models(tape: Path) -> None:
    pytest.importorskip("openai")
    record(tape, ASK)
    assert load_model(f"recorded:{tape}").complete(ASK, GREEDY).text == "reply 0"
    model: Model = load_model("openai:qwen2.5vl:7b@http://127.0.0.1:1/v1?timeout=3")
    assert model.name == "openai:qwen2.5vl:7b@127.0.0.1:1"


def test_settings_need_neither_torch_nor_openai_until_used() -> None:
    modules = ", ".join(f"personavlm.models.{name}" for name in ("loading", "recorded", "scripted", "local", "remote"))
    code = f"import sys, {modules}; print([m for m in ('torch', 'transformers', 'openai') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


# ── wording ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.text(alphabet="<|>im_end s/"), st.sampled_from([(), ("</s>", "<s>"), ("<im>", "<<im>im>"), ("m_m", "s s")]))
def test_no_control_token_is_left_and_only_spaces_are_added(text: str, tokens: tuple[str, ...]) -> None:
    safe = inert(text, tokens)
    assert CONTROL.search(safe) is None
    assert not any(token in safe for token in tokens if " " not in token)
    assert safe.replace(" ", "") == text.replace(" ", "")


def test_ordinary_text_and_our_own_tags_are_left_alone() -> None:
    text = "<think>1 < 2 | 3 > 2</think>\n<answer>a <b> c</answer>"
    assert inert(text) == text


def test_neighbouring_texts_are_joined_and_pictures_stay_in_place() -> None:
    message = Message("user", ("a", "", "b", MUG, "", TRAIN, "<|im_", "start|>"))
    assert list(merged(message.content)) == ["ab", MUG, TRAIN, "<|im_start|>"]
    assert inert_parts(message) == ["ab", MUG, TRAIN, "< |im_start|>"]


@given(st.text())
def test_pieces_add_up(text: str) -> None:
    assert "".join(pieces(text)) == text
