"""checkpoints: a model folder that is damaged in some way is refused, with its name and a way round."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from personavlm.checkpoints import attempt, label
from personavlm.encoders.picture import load_picture_encoder
from personavlm.errors import ModelUnavailable
from tests.test_encoders_picture import tiny_clip

__all__ = ["tiny_clip"]  # a fixture


def test_a_checkpoint_is_called_by_its_folder_or_id(tmp_path: Path) -> None:
    assert label(tmp_path) == label(str(tmp_path)) == tmp_path.name
    assert label("openai/clip-vit-large-patch14") == "openai/clip-vit-large-patch14"


def test_a_failure_names_the_checkpoint_and_the_way_round() -> None:
    def fail() -> None:
        raise KeyError

    with pytest.raises(ModelUnavailable, match=r"The detector 'some/id' cannot be loaded: \?.*or draw a box"):
        attempt("detector", "some/id", fail, "draw a box")


def test_our_own_mistakes_are_not_dressed_up() -> None:
    with pytest.raises(ZeroDivisionError):
        attempt("detector", "some/id", lambda: 1 / 0, "draw a box")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "keep"),
    [
        ("model.safetensors", None),
        ("model.safetensors", 0),
        ("model.safetensors", 4),
        ("model.safetensors", 5000),
        ("config.json", 20),
        ("config.json", None),
        ("preprocessor_config.json", 5),
        ("preprocessor_config.json", None),
    ],
)
def test_a_damaged_folder_is_refused(tiny_clip: Path, tmp_path: Path, name: str, keep: int | None) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(tiny_clip, folder)
    data = (folder / name).read_bytes()
    (folder / name).unlink()
    if keep is not None:
        (folder / name).write_bytes(data[:keep])
    with pytest.raises(ModelUnavailable, match="'broken' cannot be loaded"):
        load_picture_encoder(folder)


@pytest.mark.slow
def test_a_folder_of_another_model_is_refused(tiny_clip: Path, tmp_path: Path) -> None:
    import transformers

    bert = transformers.BertConfig(vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=1)
    transformers.BertModel(bert).save_pretrained(tmp_path / "bert")
    with pytest.raises(ModelUnavailable, match="'bert' cannot be loaded"):
        load_picture_encoder(tmp_path / "bert")


@pytest.mark.slow
def test_an_id_that_cannot_be_had_is_refused() -> None:
    with pytest.raises(ModelUnavailable, match="no-such/clip"):
        load_picture_encoder("no-such/clip")
