"""Laws of training data: what is trained, that training and inference read the same, that files keep what went in."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from personavlm.errors import BadInput
from personavlm.models import ImagePart, Message
from personavlm.models.local import Transformers
from personavlm.training.batches import IGNORED, Collator
from personavlm.training.corpus import Corpus, Rendered, render_rows, rows_of, write_corpus
from personavlm.training.course import Course, Stage
from personavlm.training.rendering import Example, messages_of, picture_tokens, render, spans
from personavlm.training.scratch import SIZES, make_model, make_processor, size_named, train_tokenizer

SIZE = SIZES["random"]
TEXTS = [
    "You are a helpful assistant.",
    "<think>look it up</think><answer>a red mug</answer>",
    "Whose mug is this?",
] * 20


@pytest.fixture(scope="module")
def processor() -> Any:
    return make_processor(train_tokenizer(TEXTS, SIZE), SIZE)


@pytest.fixture(scope="module")
def model(processor: Any) -> Transformers:
    return Transformers(make_model(processor.tokenizer, SIZE, 0), processor, "random")


def picture(colour: str, side: int = 60) -> ImagePart:
    file = BytesIO()
    Image.new("RGB", (side, side), colour).save(file, "PNG")
    return ImagePart(f"{colour}{side}", file.getvalue(), "image/png")


def talk(*turns: tuple[Any, str]) -> tuple[Message, ...]:
    said = [Message("system", ("You are a helpful assistant.",))]
    for asked, answered in turns:
        said += [Message("user", asked if isinstance(asked, tuple) else (asked,)), Message("assistant", (answered,))]
    return tuple(said)


def costs(processor: Any, messages: tuple[Message, ...]) -> dict[str, int]:
    return {part.digest: picture_tokens(processor, part) for m in messages for part in m.images}


WITH_PICTURES = talk(
    (("what is ", picture("red"), " beside ", picture("blue", 120), "?"), "<think>two</think><retrieve>mug</retrieve>"),
    (("found: ", picture("green"), "\n"), "<think>so</think><answer>a red mug</answer>"),
)


def test_what_is_trained_is_what_the_assistant_wrote_and_its_end(processor: Any) -> None:
    example = render(processor, WITH_PICTURES, costs(processor, WITH_PICTURES))
    trained = processor.tokenizer.decode(example.ids[example.mask])
    assert trained == (
        "<think>two</think><retrieve>mug</retrieve><|im_end|><think>so</think><answer>a red mug</answer><|im_end|>"
    )


@pytest.mark.parametrize("steps", [1, 2])
def test_a_trained_prompt_has_the_ids_and_pixels_of_the_asked_one(model: Transformers, steps: int) -> None:
    """For the first step and for a later one, pictures in their places."""
    messages = WITH_PICTURES[: 1 + 2 * steps]
    asked = model._inputs([messages[:-1]])
    example = render(model.processor, messages, costs(model.processor, messages))
    prompt = asked["input_ids"][0].tolist()
    assert example.ids[: len(prompt)].tolist() == prompt
    assert example.mask[len(prompt)]


def test_a_batch_has_the_pixels_of_inference(model: Transformers, tmp_path: Path) -> None:
    import torch

    messages = WITH_PICTURES[:3]
    for part in messages[1].images:
        (tmp_path / part.digest).write_bytes(part.data)
    batch = Collator(model.processor, tmp_path)([render(model.processor, messages, costs(model.processor, messages))])
    asked = model._inputs([messages[:-1]])
    assert torch.equal(batch["pixel_values"], asked["pixel_values"])
    assert torch.equal(batch["image_grid_thw"], asked["image_grid_thw"])


WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=30)
ANSWERS = WORDS.map(str.strip).filter(bool)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(WORDS, ANSWERS), min_size=1, max_size=3))
def test_spans_are_the_whole_text_and_the_ids_decode_to_it(processor: Any, turns: list[tuple[str, str]]) -> None:
    from personavlm.models.chat import chat_text

    messages = talk(*turns)
    found = list(spans(processor, messages))
    whole = chat_text(processor, messages, answering=False)
    assert "".join(span.text for span in found) == whole
    assert sum(span.own for span in found) == len(turns)
    example = render(processor, messages, {})
    assert processor.tokenizer.decode(example.ids) == whole


def test_what_teaches_nothing_or_reads_differently_is_refused(processor: Any) -> None:
    with pytest.raises(BadInput, match="teaches nothing"):
        render(processor, talk()[:1], {})
    with pytest.raises(BadInput, match="white space"):
        render(processor, talk(("hello", " hi")), {})


def test_untrained_tokens_get_no_gradient(model: Transformers, tmp_path: Path) -> None:
    example = render(model.processor, talk(("whose mug?", "yours")), {})
    batch = Collator(model.processor, tmp_path)([example])
    out = model.model(**batch)
    out.logits.retain_grad()
    out.loss.backward()
    by_place = out.logits.grad[0].abs().sum(dim=1)
    predicts_trained = np.roll(example.mask, -1)
    predicts_trained[-1] = False
    assert (by_place[predicts_trained] > 0).all()
    assert (by_place[~predicts_trained] == 0).all()
    model.model.zero_grad()


def test_padding_is_neither_seen_nor_trained(processor: Any, tmp_path: Path) -> None:
    short, long = (render(processor, talk(("hi", word)), {}) for word in ("no", "a red mug and a blue one"))
    batch = Collator(processor, tmp_path)([short, long])
    assert batch["attention_mask"].sum(dim=1).tolist() == [len(short), len(long)]
    assert (batch["labels"][0, len(short) :] == IGNORED).all()
    assert (batch["labels"] != IGNORED).sum(dim=1).tolist() == [short.mask.sum(), long.mask.sum()]


# ── corpus and course ────────────────────────────────────────────────────────────────────────────────────────────


def made(*lengths: int) -> list[Rendered]:
    return [
        Rendered("even" if n % 2 == 0 else "odd", Example(np.full(n, n, np.int32), np.arange(n) % 2 == 0, (f"p{n}",)))
        for n in lengths
    ]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 20), max_size=8))
def test_a_corpus_gives_back_what_was_written(tmp_path_factory: pytest.TempPathFactory, lengths: list[int]) -> None:
    written = made(*lengths)
    corpus = write_corpus(tmp_path_factory.mktemp("corpus"), written)
    assert len(corpus) == len(written)
    for number, one in enumerate(written):
        found = corpus[number]
        assert (found.kind, found.example.pictures) == (one.kind, one.example.pictures)
        assert found.example.ids.tolist() == one.example.ids.tolist()
        assert found.example.mask.tolist() == one.example.mask.tolist()


def test_a_corpus_cut_short_is_refused(tmp_path: Path) -> None:
    write_corpus(tmp_path, made(3))
    (tmp_path / "corpus.json").unlink()
    with pytest.raises(BadInput, match="no whole corpus"):
        Corpus.open(tmp_path)


def test_a_course_keeps_to_its_limits_and_sees_all_within_them(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path, made(9, 2, 5, 3, 8))
    course = Course(corpus, (Stage(4, 5), Stage(5, 9)), seed=1)
    assert sorted(len(course[place]) for place in range(3)) == [2, 3, 5]
    assert sorted(len(course[place]) for place in range(4, 9)) == [2, 3, 5, 8, 9]
    with pytest.raises(IndexError):
        course[9]


def test_a_courses_draws_follow_from_seed_and_place(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path, made(*range(1, 12)))
    first, second = (Course(corpus, (Stage(22, 11),), seed=4) for _ in range(2))
    backwards = [second.number(place) for place in reversed(range(22))]
    assert [first.number(place) for place in range(22)] == backwards[::-1]
    assert [first.number(place) for place in range(11)] != [first.number(place) for place in range(11, 22)]


def test_rows_of_a_training_set_become_examples(processor: Any, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "m.png").write_bytes(picture("red").data)
    asked = {"role": "user", "content": [{"type": "text", "text": "what is "}, {"type": "image"}]}
    answer = {"role": "assistant", "content": [{"type": "text", "text": "a mug"}]}
    row = {"messages": [asked, answer], "images": ["images/m.png"], "kind": "reasoning", "person": "train-0"}
    (tmp_path / "sft.jsonl").write_text(json.dumps(row) + "\n")
    (found,) = render_rows(tmp_path, processor, longest=200)
    data = {"images/m.png": picture("red").data}
    assert found.kind == "reasoning"
    assert found.example.pictures == ("images/m.png",)
    expected = render(processor, messages_of(row, data), {"images/m.png": 4})
    assert found.example.ids.tolist() == expected.ids.tolist()
    assert list(render_rows(tmp_path, processor, longest=3)) == []


def test_a_conversation_that_is_too_long_ends_after_an_earlier_step(processor: Any, tmp_path: Path) -> None:
    said = [
        ("user", "whose mug?"),
        ("assistant", "<think>look</think>"),
        ("user", "a red mug " * 30),
        ("assistant", "A."),
    ]
    messages = [{"role": role, "content": [{"type": "text", "text": text}]} for role, text in said]
    row = {"messages": messages, "images": [], "kind": "reasoning", "person": "train-0"}
    (tmp_path / "sft.jsonl").write_text(json.dumps(row) + "\n")

    def trained(longest: int) -> list[str]:
        found = render_rows(tmp_path, processor, longest)
        return [processor.tokenizer.decode(one.example.ids[one.example.mask]) for one in found]

    assert trained(1_000) == ["<think>look</think><|im_end|>A.<|im_end|>"]
    assert trained(100) == ["<think>look</think><|im_end|>"]
    assert trained(10) == []


def test_held_back_persons_are_not_trained_on(processor: Any, tmp_path: Path) -> None:
    asked, said = ({"role": r, "content": [{"type": "text", "text": "x"}]} for r in ("user", "assistant"))
    rows = [{"messages": [asked, said], "images": [], "kind": "core", "person": f"train-{n}"} for n in range(100)]
    (tmp_path / "sft.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert [row["person"] for row in rows_of(tmp_path, held=True)] == ["train-49", "train-99"]
    assert len(list(rows_of(tmp_path))) == 98
    assert len(list(rows_of(tmp_path, every=2))) == 50


def test_sizes_are_known_by_name() -> None:
    assert size_named("tiny").layers == 4
    with pytest.raises(BadInput, match="no size"):
        size_named("huge")
