"""encoders.picture: unit vectors, the same thing nearer than another, names, CLIP through the real classes."""

from __future__ import annotations

from pathlib import Path
from time import process_time

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from personavlm.encoders import PictureEncoder
from personavlm.encoders.picture import HANDMADE, HandmadeEncoder, load_picture_encoder
from personavlm.errors import ModelUnavailable


def toy(
    body: str, belly: str, ground: tuple[int, int, int], at: tuple[int, int] = (160, 110), seed: int = 0
) -> Image.Image:
    """Return a two-coloured toy on a noisy ground."""
    noise = np.random.default_rng(seed).normal(0, 16, (320, 420, 3))
    picture = Image.fromarray(np.clip(np.array(ground) + noise, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    x, y = at
    draw.ellipse((x, y, x + 110, y + 120), fill=body)
    draw.ellipse((x + 30, y + 40, x + 80, y + 100), fill=belly)
    draw.ellipse((x + 30, y - 40, x + 80, y + 15), fill=body)
    return picture.filter(ImageFilter.GaussianBlur(1.2))


GRASS, ROAD, CLOTH = (70, 120, 50), (120, 118, 115), (50, 70, 150)


@pytest.fixture(scope="module")
def encoder() -> HandmadeEncoder:
    return HandmadeEncoder()


def test_it_is_a_picture_encoder_with_a_version_in_its_name() -> None:
    encoder: PictureEncoder = load_picture_encoder()
    assert encoder.name == HANDMADE
    assert encoder.name.split("-")[-1].isdigit()
    vectors = encoder.encode([toy("red", "gold", GRASS), toy("white", "black", ROAD)])
    assert vectors.shape == (2, encoder.dim)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_nothing_in_nothing_out(encoder: HandmadeEncoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.dim)


def test_the_same_picture_has_the_same_vector() -> None:
    picture = toy("red", "gold", GRASS)
    assert (HandmadeEncoder().encode([picture]) == HandmadeEncoder().encode([picture])).all()


def test_memory_does_not_mix_pictures(encoder: HandmadeEncoder) -> None:
    one, two = toy("red", "gold", GRASS), toy("white", "black", ROAD)
    together = encoder.encode([one, two, one])
    assert (together[0] == together[2]).all()
    assert (together[1] == HandmadeEncoder().encode([two])[0]).all()


@pytest.mark.parametrize("other", [("blue", "gold"), ("white", "black"), ("gold", "green"), ("darkred", "white")])
def test_the_same_thing_elsewhere_is_nearer_than_another_thing_here(
    encoder: HandmadeEncoder, other: tuple[str, str]
) -> None:
    here, elsewhere = toy("red", "gold", GRASS), toy("red", "gold", CLOTH, at=(210, 140), seed=1)
    another = toy(*other, GRASS, seed=2)
    a, b, c = encoder.encode([here, elsewhere, another])
    assert a @ b > a @ c + 0.05


def test_light_and_size_matter_little(encoder: HandmadeEncoder) -> None:
    picture = toy("red", "gold", GRASS)
    darker = ImageEnhance.Brightness(picture).enhance(0.85)
    a, b, c, other = encoder.encode([picture, darker, picture.resize((210, 160)), toy("white", "black", GRASS)])
    assert min(a @ b, a @ c) > a @ other + 0.2


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (7, 5)])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P"])
def test_odd_pictures_have_finite_unit_vectors(encoder: HandmadeEncoder, size: tuple[int, int], mode: str) -> None:
    [vector] = encoder.encode([Image.new(mode, size)])
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_a_512_pixel_photo_takes_less_than_a_tenth_of_a_second_of_one_core(encoder: HandmadeEncoder) -> None:
    pictures = [toy("red", "gold", GRASS, seed=seed).resize((512, 390)) for seed in range(10, 15)]
    times = []
    for picture in pictures:
        start = process_time()
        encoder.encode([picture])
        times.append(process_time() - start)
    assert min(times) < 0.1


# ── CLIP through the real classes ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def tiny_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLIP of a few thousand random weights, saved as a real checkpoint is."""
    import torch
    import transformers
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    folder = tmp_path_factory.mktemp("clip")
    layers = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = transformers.CLIPConfig(
        text_config={**layers, "vocab_size": 20, "projection_dim": 24},
        vision_config={**layers, "image_size": 32, "patch_size": 8, "projection_dim": 24},
        projection_dim=24,
    )
    torch.manual_seed(0)
    transformers.CLIPModel(config).save_pretrained(folder)
    size = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    CLIPImageProcessorPil(**size).save_pretrained(folder)
    return folder


@pytest.mark.slow
def test_clip_gives_unit_vectors_and_a_name_of_its_weights(tiny_clip: Path, tmp_path: Path) -> None:
    import transformers

    encoder = load_picture_encoder(tiny_clip)
    pictures = [toy("red", "gold", GRASS), toy("white", "black", ROAD)]
    vectors = encoder.encode(pictures)
    assert vectors.shape == (2, encoder.dim) == (2, 24)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert encoder.encode(pictures[1:])[0] == pytest.approx(vectors[1], abs=1e-5)
    assert encoder.encode([]).shape == (0, 24)
    other = tmp_path / tiny_clip.name
    transformers.CLIPModel(transformers.CLIPModel.from_pretrained(tiny_clip).config).save_pretrained(other)
    (other / "preprocessor_config.json").write_bytes((tiny_clip / "preprocessor_config.json").read_bytes())
    assert load_picture_encoder(other).name != encoder.name


@pytest.mark.slow
def test_a_folder_without_clip_is_named(tiny_clip: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=tmp_path.name):
        load_picture_encoder(tmp_path)
    for name in ("config.json", "preprocessor_config.json"):
        (tmp_path / name).write_bytes((tiny_clip / name).read_bytes())
    with pytest.raises(ModelUnavailable, match=tmp_path.name):
        load_picture_encoder(tmp_path)
