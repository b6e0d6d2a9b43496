"""Stage 0's material and its probes: from a seed, of persons that are not trained on, and measured without mistake."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from personavlm.training.batches import Collator
from personavlm.training.corpus import Rendered, write_corpus
from personavlm.training.drills import DRILL_KINDS
from personavlm.training.material import FURTHER, PIECE, person, read_drills, read_material
from personavlm.training.probes import Mark, mastery, probe
from personavlm.training.scratch import SIZES, make_model, make_processor, train_tokenizer


@pytest.fixture(scope="module")
def processor() -> Any:
    world = person(0, number=FURTHER)
    texts = [turn.text + turn.reply for turn in world.turns] + [shot.caption for shot in world.shots]
    return make_processor(train_tokenizer(texts, SIZES["random"]), SIZES["random"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("material")


@pytest.fixture(scope="module")
def read(processor: Any, folder: Path) -> list[Rendered]:
    return list(read_material(processor, folder, seed=0, persons=1, drilled=20))


def text(processor: Any, one: Rendered) -> str:
    return str(processor.tokenizer.decode(one.example.ids))


def test_dialogues_are_whole_sessions_and_every_token_is_trained(processor: Any, read: list[Rendered]) -> None:
    world = person(0, number=FURTHER)
    documents = [one for one in read if one.kind == "dialogue"]
    together = "\n\n".join(text(processor, one).removesuffix("<|im_end|>") for one in documents)
    assert all(turn.text in together and turn.reply in together for turn in world.turns)
    assert all(one.example.mask.all() for one in documents)
    longest = max(len(turn.text) + len(turn.reply) for turn in world.turns)
    assert all(len(text(processor, one)) <= max(PIECE, longest + 100) for one in documents)


def test_pictures_are_described_and_asked_about_as_they_are(processor: Any, folder: Path, read: list[Rendered]) -> None:
    world = person(0, number=FURTHER)
    shown = [one for one in read if one.kind == "picture"]
    answers = {
        processor.tokenizer.decode(one.example.ids[one.example.mask]).removesuffix("<|im_end|>") for one in shown
    }
    assert {shot.caption for shot in world.shots if shot.caption} <= answers
    colours = {seen.colour for shot in world.shots for seen in shot.seen}
    assert answers <= colours | {shot.caption for shot in world.shots}
    assert all((folder / name).is_file() for one in shown for name in one.example.pictures)
    assert Collator(processor, folder)([one.example for one in shown[:2]])["pixel_values"].ndim == 2


def test_the_same_seed_reads_the_same(processor: Any, folder: Path, read: list[Rendered]) -> None:
    again = list(read_material(processor, folder, seed=0, persons=1, drilled=20))
    assert [text(processor, one) for one in again] == [text(processor, one) for one in read]
    assert {one.kind for one in read} == {*DRILL_KINDS, "dialogue", "picture"}


class Oracle:
    """Stands for a model: writes every token right, but the end of an answer after which ``wrong`` comes."""

    training = False
    device = "cpu"

    def __init__(self, wrong: int, vocabulary: int) -> None:
        self.wrong, self.vocabulary = wrong, vocabulary

    def eval(self) -> None: ...

    def train(self, mode: bool) -> None: ...

    def __call__(self, input_ids: Any, **_: Any) -> Any:
        import torch

        following = torch.roll(input_ids, -1, dims=1)
        if input_ids[0, -1] == self.wrong:
            following[:, -3] = 0  # the token that ends the answer; a line break follows it
        logits = torch.nn.functional.one_hot(following, self.vocabulary).float()
        return type("Output", (), {"logits": logits})()


def test_marks_count_whole_examples_and_single_tokens(processor: Any, tmp_path: Path) -> None:
    drilled = [one for one in islice(read_drills(processor, 0, 200), 200) if one.kind in ("copy", "bind")]
    corpus = write_corpus(tmp_path, drilled)
    vocabulary = len(processor.tokenizer)
    perfect = Oracle(wrong=-1, vocabulary=vocabulary)
    found = probe(perfect, Collator(processor, tmp_path), corpus, limit=2_000, each=5, batch=1)
    assert found == (Mark("bind", 5, 1.0, 1.0), Mark("copy", 5, 1.0, 1.0))
    assert mastery(found) == 1.0
    newline = int(drilled[0].example.ids[-1])
    slips = probe(Oracle(newline, vocabulary), Collator(processor, tmp_path), corpus, limit=2_000, each=5, batch=1)
    assert all(mark.exact == 0.0 and 0.5 < mark.tokens < 1.0 for mark in slips)


def test_a_probe_keeps_to_lengths_and_numbers_and_leaves_the_mode(processor: Any, tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path, read_drills(processor, 0, 60))
    lengths = sorted(corpus.lengths)
    model = make_model(processor.tokenizer, SIZES["random"], 0).train()
    marks = probe(model, Collator(processor, tmp_path), corpus, limit=int(lengths[29]), each=3)
    assert model.training
    assert all(mark.examples <= 3 for mark in marks)
    assert probe(model, Collator(processor, tmp_path), corpus, limit=1, each=3) == ()
    assert mastery(()) == 0.0
