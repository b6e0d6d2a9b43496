"""The text encoder: the packaged weights and their hash, memory by content, and clear errors."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from personavlm.encoders import text as module
from personavlm.encoders.text import PACKAGE_HASH, SentenceEncoder, load_text_encoder
from personavlm.errors import MissingPackage, ModelUnavailable


def test_the_packaged_encoder_gives_unit_vectors_that_mean_something(minilm: Any) -> None:
    asked, near, far = minilm.encode(["Which instrument do I play?", "I like the guitar", "The train is red"])
    assert minilm.dim == len(asked) == 384
    assert np.linalg.norm(asked) == pytest.approx(1, abs=1e-5)
    assert asked @ near > 0.4 > 0.1 > asked @ far


def test_the_name_holds_the_hash_of_the_weights(minilm: Any) -> None:
    assert minilm.name == f"all-MiniLM-L6-v2:{PACKAGE_HASH[:12]}"


def test_batches_and_order_do_not_change_a_vector(minilm: Any) -> None:
    texts = ["tea", "a much longer sentence about green tea in the garden", "", "tea"]
    together = minilm.encode(texts)
    fresh = load_text_encoder()
    alone = np.concatenate([fresh.encode([one]) for one in texts])
    assert together == pytest.approx(alone, abs=1e-5)
    assert minilm.encode([]).shape == (0, 384)


def test_a_fresh_encoder_says_the_same_and_remembers_nothing() -> None:
    batches: list[list[str]] = []

    def forward(texts: Any) -> Any:
        batches.append(list(texts))
        return np.ones((len(texts), 2), np.float32)

    encoder = SentenceEncoder("counting", 2, lambda: forward)
    encoder.encode(["a"])
    fresh = encoder.fresh()
    assert (fresh.name, fresh.dim) == ("counting", 2)
    fresh.encode(["a"])
    encoder.encode(["a"])
    assert batches == [["a"], ["a"]]


def test_what_multiplies_faster_gives_the_same_vectors(minilm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_with_onednn", lambda model: model)
    texts = ["tea", "My sister plays the cello on Sundays, and I read by the stove.", "tea " * 300]
    assert load_text_encoder().encode(texts) == pytest.approx(minilm.encode(texts), abs=2e-6)


def test_long_text_is_cut_not_refused(minilm: Any) -> None:
    # 256 word pieces with the two marks at the ends: the 254 first words decide.
    assert minilm.encode(["tea " * 254 + "train " * 50_000]) == pytest.approx(minilm.encode(["tea " * 254]), abs=1e-5)


def test_the_same_words_are_encoded_once_and_the_oldest_forgotten() -> None:
    batches: list[list[str]] = []

    def forward(texts: Any) -> Any:
        batches.append(list(texts))
        return np.ones((len(texts), 2), np.float32)

    encoder = SentenceEncoder("counting", 2, lambda: forward, remembered=2)
    encoder.encode(["a", "b", "a"])
    encoder.encode(["b", "a"])
    assert batches == [["a", "b"]]
    encoder.encode(["c"])
    encoder.encode(["b", "a"])
    assert batches == [["a", "b"], ["c"], ["b"]]


def test_loading_is_lazy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_transformers", lambda: pytest.fail("transformers was loaded"))
    assert load_text_encoder().dim == 384


def test_without_the_package_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PACKAGE", "no_such_package_at_all")
    with pytest.raises(MissingPackage, match=r"personavlm\[models\]"):
        load_text_encoder()


def test_without_torch_the_first_text_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ImportError(name=name)

    encoder = load_text_encoder()
    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingPackage, match="torch"):
        encoder.encode(["tea"])


def test_changed_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PACKAGE_HASH", "0" * 64)
    with pytest.raises(ModelUnavailable, match="hash"):
        load_text_encoder()


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="no text encoder"):
        load_text_encoder(tmp_path)


def test_a_folder_with_damaged_files_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"nonsense")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelUnavailable, match="hidden_size"):
        load_text_encoder(tmp_path)
    (tmp_path / "config.json").write_text('{"hidden_size": 8}')
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load_text_encoder(tmp_path).encode(["tea"])


def test_a_name_that_is_neither_folder_nor_id_is_refused() -> None:
    with pytest.raises(ModelUnavailable, match="neither a folder nor a hub id"):
        load_text_encoder("nowhere")


def test_a_hub_id_that_cannot_be_had_is_named() -> None:
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load_text_encoder("nobody/no-such-encoder")
