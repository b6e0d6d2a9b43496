"""evals.pictures: the figures mean what they say; the bars on real photographs where they are present."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image

from personavlm.encoders.picture import HandmadeEncoder
from personavlm.errors import BadInput
from personavlm.evals.pictures import Photo, PicturesResult, evaluate, hits, middle_histogram, nearness, open_set, read
from tests.test_encoders_picture import CLOTH, GRASS, ROAD, toy

TOYS = {"duck": ("gold", "orange"), "robot": ("gray", "blue"), "frog": ("green", "white"), "bear": ("brown", "red")}


def photo(thing: str, angle: float) -> Photo:
    row = np.array([[np.cos(np.radians(angle)), np.sin(np.radians(angle))]], np.float32)
    return Photo(thing, row, row, row)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four toys on three grounds each, one of the photographs broken, and a lone one."""
    home = tmp_path_factory.mktemp("toys")
    for thing, colours in TOYS.items():
        (home / thing).mkdir()
        for number, ground in enumerate((GRASS, ROAD, CLOTH)):
            toy(*colours, ground, at=(140 + 20 * number, 100), seed=number).save(home / thing / f"{number}.jpg")
    (home / "bear" / "3.jpg").write_bytes(b"not a picture")
    (home / "notes.txt").write_text("not a thing")
    (home / "alone").mkdir()
    toy("black", "white", GRASS).save(home / "alone" / "0.jpg")
    return home


@pytest.fixture(scope="module")
def result(folder: Path) -> PicturesResult:
    return evaluate(folder)


def test_toys_that_differ_are_found_and_told_apart(result: PicturesResult) -> None:
    assert (result.photos, result.things) == (12, 4)
    assert result.hit[1] > 90
    assert result.known_accuracy.low <= result.known_accuracy.mean <= result.known_accuracy.high


def test_what_could_not_be_read_is_reported(result: PicturesResult) -> None:
    [(where, why)] = result.skipped
    assert where == "bear/3.jpg"
    assert "not a picture" in why


def test_the_figures_have_the_contracts_names(result: PicturesResult) -> None:
    plain = result.plain()
    assert {"n", "hit@1", "hit@5", "known_accuracy", "unknown_rejected", "threshold", "baseline"} <= set(plain)
    assert plain["baseline"] == {"hit@1": round(result.baseline[1], 2), "hit@5": round(result.baseline[5], 2)}


def test_the_same_folder_gives_the_same_figures(folder: Path, result: PicturesResult) -> None:
    assert evaluate(folder) == result


def test_hit_at_k_leaves_the_photo_itself_out() -> None:
    photos = [photo("a", 0), photo("a", 90), photo("b", 3), photo("b", 4)]
    assert hits(nearness(photos), photos) == {1: 50.0, 5: 100.0}  # both of a have one of b between them


def test_a_known_thing_that_is_rejected_counts_wrong() -> None:
    photos = [photo(thing, 40 * k + d) for k, thing in enumerate("abcd") for d in (0, 4, 8)]
    assert open_set(photos, 0.98, Random(1)) == (100, 100)
    assert open_set(photos, 1.01, Random(1)) == (0, 100)
    assert open_set(photos, -1.0, Random(1)) == (100, 0)


def test_the_baseline_looks_at_the_middle_half_only() -> None:
    picture = Image.new("RGB", (80, 80), "red")
    picture.paste((0, 0, 255), (20, 20, 60, 60))
    row = middle_histogram(picture)
    assert row.shape == (1, 512)
    assert row[0, 7] == 1


def test_too_few_things_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="four things"):
        read(tmp_path, HandmadeEncoder())
    with pytest.raises(BadInput, match="missing"):
        evaluate(tmp_path / "missing")


@pytest.mark.slow
def test_the_bars_hold_on_real_photographs(data_dir: Path) -> None:
    if not (data_dir / "dreambooth").is_dir():
        pytest.skip("no dreambooth in the development data")
    result = evaluate(data_dir / "dreambooth")
    assert not result.skipped
    assert result.hit[1] >= max(78, result.baseline[1] + 12)
    assert result.known_accuracy.mean >= 65
    assert result.unknown_rejected.mean >= 65
