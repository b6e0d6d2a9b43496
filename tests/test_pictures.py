"""pictures: bounded reading, upright, first frame, no alpha, no metadata, errors that name the file."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from personavlm.errors import BadInput, BadPicture
from personavlm.pictures import LONGEST_SIDE, frames, image, open_picture, store_form


def gradient(width: int, height: int) -> Image.Image:
    across = np.linspace(0, 255, width, dtype=np.uint8)
    down = np.linspace(0, 255, height, dtype=np.uint8)
    red = np.broadcast_to(across, (height, width))
    green = np.broadcast_to(down[:, None], (height, width))
    return Image.fromarray(np.stack([red, green, np.full_like(red, 60)], axis=-1))


def saved(picture: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def with_gps(orientation: int = 6) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "SECRETCAM"
    exif.get_ifd(0x8825)[2] = (48.0, 12.0, 30.0)
    return saved(gradient(60, 40), exif=exif, comment=b"SECRETNOTE")


def test_what_is_stored_is_named_by_its_content() -> None:
    opened = open_picture(saved(gradient(60, 40)))
    assert opened.digest == hashlib.sha256(opened.data).hexdigest()
    assert (opened.width, opened.height) == image(opened.data).size == (60, 40)
    mention = opened.mention("my mug", at=1.5)
    assert (mention.digest, mention.caption, mention.at) == (opened.digest, "my mug", 1.5)


def test_metadata_is_left_out_and_the_picture_made_upright() -> None:
    data = with_gps()
    assert b"SECRETCAM" in data
    assert b"SECRETNOTE" in data
    opened = open_picture(data)
    assert (opened.width, opened.height) == (40, 60)
    assert b"SECRET" not in opened.data
    stored = Image.open(io.BytesIO(opened.data))
    assert not stored.getexif()
    assert "comment" not in stored.info
    red = np.asarray(image(opened.data), int)[..., 0]  # red grew to the right: it grows downwards now
    assert red[-1].mean() > red[0].mean() + 150


def test_metadata_is_left_out_even_where_the_picture_is_upright() -> None:
    assert b"SECRET" not in open_picture(with_gps(orientation=1)).data


def test_metadata_after_the_picture_or_between_its_scans_is_left_out() -> None:
    plain = open_picture(saved(gradient(60, 40))).data
    assert b"SECRET" not in open_picture(plain + b"SECRET").data
    assert b"SECRET" not in open_picture(plain + plain[:-2] + b"\xff\xfe\x00\x08SECRET\xff\xd9").data
    note = b"\xff\xfe\x00\x08SECRET"
    assert b"SECRET" not in open_picture(plain[:-2] + note + plain[-2:]).data


def test_png_notes_are_left_out() -> None:
    plain = saved(gradient(30, 20), "PNG")
    body = b"tEXtComment\0SECRET"
    note = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    for data in (plain[:33] + note + plain[33:], plain + b"SECRET"):
        assert b"SECRET" not in open_picture(data).data


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_bare_file_is_kept_byte_for_byte(kind: str) -> None:
    data = saved(gradient(50, 40), kind)
    opened = open_picture(data)
    assert opened.data == data
    assert opened.media_type == f"image/{kind.lower()}"


def test_opening_what_was_stored_changes_nothing() -> None:
    for source in (with_gps(), saved(gradient(4000, 300)), saved(gradient(20, 20), "BMP")):
        once = open_picture(source)
        assert open_picture(once.data) == once


@pytest.mark.parametrize(("width", "height"), [(8000, 5000), (3200, 3200), (1601, 10)])
def test_a_large_picture_is_made_smaller(width: int, height: int) -> None:
    opened = open_picture(saved(gradient(width, height), quality=50))
    assert max(opened.width, opened.height) == LONGEST_SIDE
    assert opened.height == pytest.approx(height * LONGEST_SIDE / width, abs=1)
    assert len(opened.data) < 2_000_000


def test_too_many_pixels_are_refused_before_they_are_decoded() -> None:
    header = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    pixels = b"IDAT" + zlib.compress(bytes(1000))
    chunks = (struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (header, pixels, b"IEND"))
    bomb = b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
    with pytest.raises(BadPicture, match="pixels"):
        open_picture(bomb)
    with pytest.raises(BadPicture, match="60 x 40 pixels"):
        open_picture(saved(gradient(60, 40)), max_pixels=2000)


def test_transparent_parts_become_white() -> None:
    clear = Image.new("RGBA", (10, 10), (255, 0, 0, 0))
    clear.paste((0, 0, 255, 255), (0, 0, 5, 10))
    for data in (saved(clear, "PNG"), saved(clear, "WEBP", lossless=True), saved(clear.quantize(), "PNG")):
        pixels = np.asarray(image(open_picture(data).data), int)
        assert pixels[5, 8].min() > 240
        assert pixels[5, 1].tolist() == pytest.approx([0, 0, 255], abs=12)


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK"])
def test_other_colour_modes_become_rgb(mode: str) -> None:
    picture = gradient(40, 30).convert(mode)
    stored = image(open_picture(saved(picture, "TIFF")).data)
    want = np.asarray(picture.convert("RGB"), int)
    assert stored.mode == "RGB"
    assert np.abs(np.asarray(stored, int) - want).mean() < 12


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    values = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (16, 1))
    pixels = np.asarray(image(open_picture(saved(Image.fromarray(values), "PNG")).data), int)
    assert pixels[8, 32].tolist() == pytest.approx([129] * 3, abs=4)


def test_the_first_frame_of_an_animation_counts() -> None:
    red, blue = (Image.new("RGB", (16, 16), colour) for colour in ("red", "blue"))
    data = saved(red, "GIF", save_all=True, append_images=[blue, blue])
    assert np.asarray(image(open_picture(data).data), int)[8, 8].tolist() == pytest.approx([254, 0, 0], abs=6)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadPicture, match=r"'mug.jpg' does not exist.*Remedy"):
        open_picture(tmp_path / "mug.jpg")
    with pytest.raises(BadPicture, match="cannot be read"):
        open_picture(tmp_path)
    with pytest.raises(BadPicture, match="cannot be read"):
        open_picture("no\0name.jpg")


@pytest.mark.parametrize("data", [b"", b"hello", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"<svg/>"])
def test_what_is_no_picture_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "note.jpg").write_bytes(data)
    with pytest.raises(BadPicture, match=r"'note.jpg' is not a picture.*JPEG"):
        open_picture(tmp_path / "note.jpg")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_file_cut_short_is_refused(kind: str) -> None:
    data = saved(gradient(300, 200), kind)
    with pytest.raises(BadPicture, match=r"damaged|not a picture"):
        open_picture(data[: len(data) // 2])


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"]),
    places=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=12),
    keep=st.floats(0.05, 1),
)
def test_damage_ends_in_a_picture_or_a_clear_error(kind: str, places: list[tuple[float, int]], keep: float) -> None:
    data = bytearray(saved(gradient(40, 30), kind))
    for place, value in places:
        data[int(place * len(data))] = value
    try:
        opened = open_picture(bytes(data[: int(keep * len(data))]), max_pixels=1_000_000)
    except BadPicture:
        return
    assert image(opened.data).size == (opened.width, opened.height)


def test_a_cut_out_is_stored_the_same_way_each_time() -> None:
    cut = gradient(90, 80).crop((10, 10, 50, 60))
    assert store_form(cut) == store_form(cut)
    assert store_form(cut).width == 40


def test_a_clip_keeps_its_times() -> None:
    clip = frames([(0, saved(gradient(20, 10))), (0.5, saved(gradient(10, 20)))])
    assert [(p.at, p.width) for _, p in clip] == [(0.0, 20), (0.5, 10)]
    assert all(opened.digest == p.digest for opened, p in clip)


@pytest.mark.parametrize("times", [[], [1.0, 1.0], [-1.0], [float("nan")], list(range(65))])
def test_a_clip_out_of_order_or_too_long_is_refused(times: list[float]) -> None:
    with pytest.raises(BadInput, match=r"clip"):
        frames([(at, saved(gradient(8, 8))) for at in times])
