"""detect: boxes from a detector, from the user's hand, from what stands out; recognition as an open set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from personavlm.detect import (
    AROUND,
    MOST_BOXES,
    Box,
    cut,
    detect,
    drawn,
    enrol,
    load_detector,
    recognise,
    salient,
)
from personavlm.errors import BadInput, ModelUnavailable
from personavlm.foreground import foreground, lab, thumbnail


def scene(*things: tuple[tuple[int, int, int, int], str], size: tuple[int, int] = (400, 300)) -> Image.Image:
    """Return coloured discs on a noisy grey-green ground, as a photograph would have them: blurred, uneven."""
    noise = np.random.default_rng(0).normal(0, 14, (size[1], size[0], 3))
    ground = Image.fromarray(np.clip(np.array([110, 125, 100]) + noise, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(ground)
    for corners, colour in things:
        draw.ellipse(corners, fill=colour)
    return ground.filter(ImageFilter.GaussianBlur(1.5))


def overlap(box: Box, corners: tuple[int, int, int, int]) -> float:
    left, top, right, bottom = corners
    across = max(0, min(box.right, right) - max(box.left, left))
    down = max(0, min(box.bottom, bottom) - max(box.top, top))
    return across * down / (box.area + (right - left) * (bottom - top) - across * down)


class Boxes:
    """A detector that returns what it was given, as a real one would: unsorted, above the threshold only."""

    name = "boxes"

    def __init__(self, *boxes: Box) -> None:
        self.boxes = boxes
        self.asked: list[tuple[str, float]] = []

    def find(self, picture: Image.Image, word: str, threshold: float) -> tuple[Box, ...]:
        self.asked.append((word, threshold))
        return tuple(box for box in self.boxes if box.score > threshold)


def found(left: int, top: int, right: int, bottom: int, score: float) -> Box:
    return Box(left, top, right, bottom, "detector", score)


@pytest.mark.parametrize("corners", [(140, 80, 280, 220), (60, 100, 160, 200), (200, 40, 360, 260)])
@pytest.mark.parametrize("colour", ["crimson", "gold", "white", "black"])
def test_what_stands_out_is_boxed(corners: tuple[int, int, int, int], colour: str) -> None:
    boxes = salient(scene((corners, colour)))
    assert len(boxes) == 1
    assert overlap(boxes[0], corners) > 0.6


def test_two_things_are_two_boxes_the_larger_first() -> None:
    large, small = (40, 80, 190, 230), (260, 110, 350, 200)
    boxes = salient(scene((small, "gold"), (large, "crimson")))
    assert len(boxes) == 2
    assert overlap(boxes[0], large) > 0.6
    assert overlap(boxes[1], small) > 0.5
    assert sum(box.score for box in boxes) == pytest.approx(1)


@pytest.mark.parametrize("colour", ["white", "black", "steelblue"])
@pytest.mark.parametrize("size", [(300, 200), (1, 1), (2000, 3), (5, 90)])
def test_where_nothing_stands_out_the_whole_picture_is_taken(colour: str, size: tuple[int, int]) -> None:
    [box] = detect(Image.new("RGB", size, colour))
    assert box.source == "whole"
    assert box.corners == (0, 0, *size)


def test_foreground_is_a_share_and_finds_the_disc() -> None:
    share = foreground(lab(thumbnail(scene(((140, 80, 280, 220), "gold")))))
    assert share.shape == (72, 96)
    assert 0 <= share.min() <= share.max() <= 1
    assert share[36, 50] > 0.9
    assert share[4, 4] < 0.1


def test_the_detector_is_asked_for_the_word_with_the_right_threshold() -> None:
    detector = Boxes(found(0, 0, 10, 10, 0.15), found(50, 50, 90, 90, 0.9))
    picture = scene()
    assert [box.score for box in detect(picture, "dog", detector)] == [0.9]
    assert enrol(picture, "dog", detector).score == 0.9
    detect(picture, None, detector)
    assert detector.asked == [("dog", 0.2), ("dog", 0.1), ("object", 0.2)]


def test_boxes_come_best_first_once_and_bounded() -> None:
    same = [found(10, 10, 60, 60, 0.5), found(12, 11, 61, 60, 0.7)]
    others = [found(20 * k, 100, 20 * k + 18, 130, 0.3 + k / 100) for k in range(12)]
    boxes = detect(scene(), "dog", Boxes(*same, *others))
    assert boxes[0].score == 0.7
    assert len(boxes) == MOST_BOXES
    assert [box.score for box in boxes] == sorted((box.score for box in boxes), reverse=True)
    assert same[0] not in boxes


def test_the_kth_thing_is_enrolled_and_the_last_if_there_are_fewer() -> None:
    detector = Boxes(found(0, 0, 40, 40, 0.9), found(60, 60, 99, 99, 0.5))
    assert [enrol(scene(), "dog", detector, number).score for number in (0, 1, 5)] == [0.9, 0.5, 0.5]
    assert enrol(scene(), "dog", Boxes()).source == "whole"


def test_a_drawn_box_is_put_in_order_and_clipped() -> None:
    picture = scene()
    assert drawn(picture, 90.7, 80, 20.2, -15).corners == (20, 0, 91, 80)
    assert drawn(picture, -1e9, -1e9, 1e9, 1e9).corners == (0, 0, 400, 300)


@pytest.mark.parametrize(
    "corners",
    [(10, 10, 10, 50), (500, 10, 600, 50), (-9, -9, -1, -1), (0, 0, float("nan"), 9), (0, 0, float("inf"), 9)],
)
def test_a_drawn_box_without_any_picture_in_it_is_refused(corners: tuple[float, float, float, float]) -> None:
    with pytest.raises(BadInput, match="drawn box"):
        drawn(scene(), *corners)


def test_padding_is_a_share_of_the_whole_picture_and_clipped() -> None:
    picture = scene()
    assert cut(picture, Box(100, 100, 140, 120, "drawn")).size == (40, 20)
    assert cut(picture, Box(100, 100, 140, 120, "drawn"), AROUND).size == (40 + 2 * 60, 20 + 2 * 45)
    assert cut(picture, Box(0, 0, 400, 300, "whole"), AROUND).size == (400, 300)
    assert cut(picture, Box(380, 280, 400, 300, "drawn"), AROUND).size == (80, 65)


# ── recognition ──────────────────────────────────────────────────────────────────────────────────────────────────


def unit(*angles: float) -> np.ndarray:
    return np.array([[np.cos(a), np.sin(a)] for a in np.radians(angles)], np.float32)


def test_the_nearest_known_thing_is_named_with_its_margin() -> None:
    known = {"Bobby": unit(0, 80), "Rex": unit(40)}
    seen = recognise(unit(10), known, threshold=0.9)
    assert (seen.name, seen.nearest) == ("Bobby", "Bobby")
    assert seen.score == pytest.approx(np.cos(np.radians(10)), abs=1e-6)
    assert seen.margin == pytest.approx(np.cos(np.radians(10)) - np.cos(np.radians(30)), abs=1e-6)


def test_what_is_not_near_enough_is_not_known() -> None:
    seen = recognise(unit(20), {"Bobby": unit(0)}, threshold=0.95)
    assert (seen.name, seen.nearest) == (None, "Bobby")


def test_any_thing_in_the_picture_may_be_the_known_one() -> None:
    assert recognise(unit(90, 1), {"Bobby": unit(0)}, threshold=0.95).name == "Bobby"


def test_nothing_enrolled_is_nothing_known() -> None:
    assert recognise(unit(0), {}, 0.5) == recognise(unit(0), {"Bobby": np.zeros((0, 2), np.float32)}, 0.5)
    assert recognise(unit(0), {}, 0.5).name is None


def test_ties_do_not_depend_on_the_order_of_names() -> None:
    one, two = {"Rex": unit(0), "Bobby": unit(0)}, {"Bobby": unit(0), "Rex": unit(0)}
    assert recognise(unit(0), one, 0.5) == recognise(unit(0), two, 0.5)


# ── Grounding DINO through the real classes ──────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def tiny_dino(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Grounding DINO of 160,000 random weights, saved as a real checkpoint is."""
    import torch
    import transformers
    from transformers.models.grounding_dino.image_processing_pil_grounding_dino import GroundingDinoImageProcessorPil

    folder = tmp_path_factory.mktemp("dino")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?", "dog", "object", "red", "mug"]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    transformers.BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    swin = transformers.SwinConfig(
        embed_dim=8,
        depths=[1, 1, 1, 1],
        num_heads=[1, 1, 2, 2],
        window_size=4,
        image_size=64,
        out_features=["stage2", "stage3", "stage4"],
    )
    bert = transformers.BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    layers = {f"{part}_{name}": n for part in ("encoder", "decoder") for name, n in (("layers", 2), ("ffn_dim", 16))}
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
    config = transformers.GroundingDinoConfig(
        backbone_config=swin, text_config=bert, d_model=32, num_queries=6, **layers, **heads
    )
    torch.manual_seed(0)
    transformers.GroundingDinoForObjectDetection(config).save_pretrained(folder)
    GroundingDinoImageProcessorPil(size={"shortest_edge": 64, "longest_edge": 96}).save_pretrained(folder)
    return folder


@pytest.mark.slow
def test_a_real_detector_finds_boxes_inside_the_picture(tiny_dino: Path) -> None:
    picture = scene(((140, 80, 280, 220), "crimson"))
    detector = load_detector(tiny_dino)
    boxes = detector.find(picture, "Red dog", 0.0)
    assert boxes
    for box in boxes:
        assert 0 <= box.left < box.right <= 400
        assert 0 <= box.top < box.bottom <= 300
    assert [box.score for box in boxes] == sorted((box.score for box in boxes), reverse=True)
    middle = sorted(box.score for box in boxes)[len(boxes) // 2]
    assert all(box.score > middle for box in detector.find(picture, "Red dog", middle))
    assert {box.source for box in detect(picture, "mug", detector, 0.0)} == {"detector"}
    assert detect(picture, "mug", detector, 1.0)[0].source == "whole"


@pytest.mark.slow
def test_the_word_reaches_the_detector(tiny_dino: Path) -> None:
    picture = scene(((140, 80, 280, 220), "crimson"))
    detector = load_detector(tiny_dino)
    assert detector.find(picture, "dog", 0.0) != detector.find(picture, "mug", 0.0)
    assert detector.find(picture, " DOG. ", 0.0) == detector.find(picture, "dog", 0.0)


@pytest.mark.slow
def test_a_detector_with_missing_weights_is_not_taken(tiny_dino: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    for file in tiny_dino.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = load_file(tmp_path / "model.safetensors")
    weights.pop(next(name for name in weights if "decoder" in name))
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelUnavailable, match="weights lack"):
        load_detector(tmp_path)


@pytest.mark.slow
def test_a_folder_without_a_detector_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=tmp_path.name):
        load_detector(tmp_path)
