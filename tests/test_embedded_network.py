"""The network of a domain: what it reads of a span, what it says, and that the run time computes what was learnt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personavlm.embedded import banks, domains, network, spans
from personavlm.embedded.network import Reading
from personavlm.encoders import PieceEncoder
from tests.fakes import HashingEncoder

TEXT = "about 30 minutes, and no nuts please"
ASKED = "How much time do you have to cook the recipe? Any allergies?"
STOCK = banks.phrases("recipes")["stock"]


def shown(minilm: Any, text: str) -> tuple[list[spans.Candidate], Reading]:
    setting = spans.Setting(ASKED, 1, 0, domains.lexicon("recipes"))
    found = [*spans.candidates(text, spans.read(text, setting), setting), *spans.stock(STOCK, text, setting)]
    return found, network.read(text, setting, found, STOCK, minilm, minilm)


def test_pieces_stand_where_the_words_do(minilm: Any) -> None:
    assert isinstance(minilm, PieceEncoder)
    seen = minilm.pieces(ASKED, TEXT, (3, 6))
    assert [TEXT[a:b] for a, b in seen.places] == TEXT.replace(",", " ,").split()
    assert seen.states.shape == (8, 2, 384)
    assert minilm.pieces("", "", (3, 6)).states.shape == (0, 2, 384)


def test_what_was_asked_changes_how_a_word_is_seen(minilm: Any) -> None:
    first, second = (minilm.pieces(asked, "30", (6,)).states for asked in ("How old are you?", ASKED))
    assert not np.allclose(first, second)


def test_every_span_is_the_pieces_of_its_words(minilm: Any) -> None:
    found, reading = shown(minilm, TEXT)
    places = minilm.pieces(ASKED, TEXT, (6,)).places
    for one, (first, behind, kind, _) in zip(found, reading.spans, strict=True):
        if one.end:
            assert (places[first][0], places[behind - 1][1]) == (one.start, one.end)
        assert (kind >= network.STOCK) == (one.end == 0)
    assert network.DENIED in reading.spans[:, 2]


def test_the_network_tells_time_from_allergies(minilm: Any) -> None:
    by = domains.reader("recipes")
    found, reading = shown(minilm, TEXT)
    odds = network.scores(by.network, reading)
    best = {one.value: by.categories[int(row.argmax())] for one, row in zip(found, odds, strict=True)}
    assert best["30 minutes"] == "time_availability"
    assert best["nuts"] == "allergies"


def test_spans_behind_the_last_piece_are_not_read(minilm: Any) -> None:
    found, reading = shown(minilm, "tea " * 300 + "nuts")
    odds = network.scores(domains.reader("recipes").network, reading)
    assert (odds[[one.value == "nuts" for one in found]] == network.UNREAD).all()


def test_another_encoder_leaves_the_network_out(minilm: Any) -> None:
    by, setting = domains.reader("recipes"), spans.Setting(ASKED, 1, 0, domains.lexicon("recipes"))
    _, without = domains.weighed(by, TEXT, setting, STOCK, HashingEncoder())
    _, with_it = domains.weighed(by, TEXT, setting, STOCK, minilm)
    assert without.shape == with_it.shape
    assert not np.allclose(without, with_it)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=3, max_size=3), st.booleans())
def test_a_mean_chance_lies_between_the_readings(chances: list[float], stock: bool) -> None:
    one = spans.Candidate(0, 0 if stock else 4, "nuts", ())
    readings = [np.array([[chance]]) for chance in chances]
    counted = [chances[0], chances[2]] if stock else chances
    found = float(domains.mean([one], readings, (0.35, 0.2, 0.45))[0, 0])
    assert min(counted) - 1e-9 <= found <= max(counted) + 1e-9


def test_what_was_learnt_is_what_runs(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    lab = pytest.importorskip("lab.network")
    draw = np.random.default_rng(0)
    module = lab._Module(8, 4, 2, 1, 3).eval()
    mean, spread = draw.normal(size=8).astype(np.float32), np.ones(8, np.float32)
    reading = Reading(
        draw.normal(size=(3, 8)).astype(np.float32),
        draw.normal(size=4).astype(np.float32),
        ("b",),
        np.array([[0, 2, 0, 2], [1, 3, 2, 1], [0, 3, 3, 0]]),
    )
    inputs, _ = lab._batch([lab.Shown(reading, np.zeros((3, 3)))], ["a", "b"], mean, spread)
    lab.save(module.network("tiny", ("a", "b"), mean, spread), tmp_path / "tiny.npz")
    with torch.no_grad():
        expected = module(inputs).numpy()
    assert network.scores(network.load(tmp_path / "tiny.npz"), reading) == pytest.approx(expected, abs=0.02)
