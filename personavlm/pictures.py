"""Pictures as they come in: read with bounds, made upright, freed of everything but their pixels, named by content.

    file or bytes ──decode (bounded)──upright──first frame──no alpha──at most 1600 px──> OpenedPicture(data, digest, …)

What is stored holds no place, date or device: whatever a camera wrote beside the pixels is left out. A JPEG or PNG that
is already so is stored byte for byte, so that a picture that was exported comes back with the same digest.

    >>> photo = open_picture("IMG_0412.JPG")             # 8000 x 5000 pixels, taken sideways, with its GPS position
    >>> photo.media_type, photo.width, photo.height
    ('image/jpeg', 1000, 1600)

Short clips come in as frames with times (``frames``). Source: the bounds are ours; decoding is Pillow's.
"""

from __future__ import annotations

import io
import math
import re
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from personavlm.errors import BadInput, BadPicture
from personavlm.trace import Picture

MAX_PIXELS = 100_000_000
"""Pictures of more pixels are refused: decoding one may take gigabytes."""
MAX_BYTES = 100_000_000
"""Files of more bytes are refused unread."""
LONGEST_SIDE = 1600
"""Longest side in pixels of what is stored (about 2 megapixels)."""
MAX_FRAMES = 64
"""Frames of one clip."""
QUALITY = 90
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
"""What is decoded. Pillow knows more formats, some of which start other programs."""
_READABLE = "give a JPEG, PNG, WebP, GIF, BMP or TIFF file"

_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    struct.error,
    zlib.error,
)
# What Pillow's decoders raise on bytes that are not what their header says.


@dataclass(frozen=True, slots=True)
class OpenedPicture:
    """A picture ready to be stored."""

    data: bytes
    """JPEG or PNG without metadata."""
    digest: str
    """sha256 of ``data``, hexadecimal."""
    media_type: str
    width: int
    height: int

    def mention(
        self, caption: str = "", at: float | None = None, box: tuple[int, int, int, int] | None = None
    ) -> Picture:
        """Return the picture as a turn names it; ``at`` in seconds for a frame of a clip, ``box`` round a thing in it.

        Raises ``BadInput`` for a box that holds nothing of the picture.
        """
        return Picture(self.digest, self.width, self.height, caption, at, self._inside(box) if box else None)

    def _inside(self, box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        left, top, right, bottom = box
        cut = max(0, left), max(0, top), min(self.width, right), min(self.height, bottom)
        if cut[2] <= cut[0] or cut[3] <= cut[1]:
            raise BadInput(f"The box {box} holds nothing of the picture.", "draw it round a thing in the picture.")
        return cut


@dataclass(frozen=True, slots=True)
class Marked:
    """A picture to be shown, with a box round the thing that is meant."""

    source: Path | bytes
    box: tuple[int, int, int, int]
    """Left, top, right, bottom in pixels of the picture as it is stored (``open_picture``)."""


def open_picture(source: str | Path | bytes, max_pixels: int = MAX_PIXELS) -> OpenedPicture:
    """Return a file or its bytes as a picture to store: upright, RGB, first frame, at most ``LONGEST_SIDE`` pixels.

    Raises ``BadPicture`` for what is missing, no picture, cut short, or of more than ``max_pixels`` pixels.
    """
    label = "The picture" if isinstance(source, bytes) else f"The picture {Path(source).name!r}"
    data = source if isinstance(source, bytes) else _read(Path(source), label)
    picture, whole = _decode(data, label, max_pixels)
    media_type = _bare(data) if whole else None
    if media_type:
        return OpenedPicture(data, sha256(data).hexdigest(), media_type, picture.width, picture.height)
    return store_form(picture)


def store_form(picture: Image.Image) -> OpenedPicture:
    """Return a decoded picture (a cut-out, a frame) as it is to be stored: a JPEG without metadata."""
    small = _opaque(picture)
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, "JPEG", quality=QUALITY, subsampling=0)
    data = out.getvalue()
    return OpenedPicture(data, sha256(data).hexdigest(), "image/jpeg", small.width, small.height)


def image(data: bytes) -> Image.Image:
    """Return stored bytes as an RGB picture. Raises ``BadPicture`` if they are damaged."""
    picture, _ = _decode(data, "The stored picture", MAX_PIXELS)
    return picture


def frames(clip: Sequence[tuple[float, str | Path | bytes]]) -> tuple[tuple[OpenedPicture, Picture], ...]:
    """Return a short clip, given as (seconds from its start, file) in order, as pictures with their times.

    Raises ``BadInput`` for no or too many frames or times that do not grow from 0, ``BadPicture`` for a bad frame.
    """
    if not 1 <= len(clip) <= MAX_FRAMES:
        raise BadInput(f"The clip has {len(clip)} frames.", f"give between 1 and {MAX_FRAMES} frames.")
    before = -1.0
    for at, _ in clip:
        if not math.isfinite(at) or at < 0 or at <= before:
            raise BadInput(
                f"The clip's frame at {at} seconds does not follow its predecessor.",
                "give seconds from the start of the clip, 0 or more, each later than the one before.",
            )
        before = at
    opened = [(open_picture(source), float(at)) for at, source in clip]
    return tuple((picture, picture.mention(at=at)) for picture, at in opened)


def _read(path: Path, label: str) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadPicture(f"{label} is larger than {MAX_BYTES // 1_000_000} MB.", "make it smaller and try again.")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise BadPicture(f"{label} does not exist.", "check the name and the folder.") from error
    except (OSError, ValueError) as error:
        raise BadPicture(f"{label} cannot be read: {error}.", f"{_READABLE} that you may read.") from error


def _decode(data: bytes, label: str, max_pixels: int) -> tuple[Image.Image, bool]:
    # The picture, upright and in RGB, no longer than it is stored, and whether it came at that size.
    if len(data) > MAX_BYTES:
        raise BadPicture(f"{label} is larger than {MAX_BYTES // 1_000_000} MB.", "make it smaller and try again.")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            whole = max(_checked_size(opened, label, max_pixels)) <= LONGEST_SIDE
            opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a large JPEG is decoded at a half or a quarter
            opened.load()
            if not whole and opened.mode in ("L", "RGB", "RGBA", "CMYK"):  # before anything copies it
                opened.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
            return _opaque(_upright(opened)), whole
    except Image.DecompressionBombError as error:
        raise BadPicture(f"{label} has more than {max_pixels} pixels.", "make it smaller and try again.") from error
    except UnidentifiedImageError as error:
        raise BadPicture(f"{label} is not a picture that can be read.", f"{_READABLE}.") from error
    except _DAMAGE as error:
        raise BadPicture(f"{label} is damaged or cut short ({error}).", "copy or download it again.") from error


def _checked_size(picture: Image.Image, label: str, max_pixels: int) -> tuple[int, int]:
    width, height = picture.size
    if width * height > max_pixels:
        raise BadPicture(
            f"{label} has {width} x {height} pixels, more than {max_pixels} in all.", "make it smaller and try again."
        )
    return width, height


def _upright(picture: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except _DAMAGE:
        return picture.copy()  # an unreadable note on the orientation says nothing; the pixels are sound


def _opaque(picture: Image.Image) -> Image.Image:
    # RGB and pixels alone: no metadata travels along in ``info``.
    if picture.mode.startswith("I") or picture.mode == "F":
        values = np.asarray(picture, np.float64)
        top = 65535.0 if values.max(initial=0) > 255 else 255.0
        return Image.fromarray(np.clip(values / top * 255, 0, 255).astype(np.uint8)).convert("RGB")
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        solid = Image.new("RGB", picture.size, "white")
        layer = picture.convert("RGBA")
        solid.paste(layer, mask=layer.getchannel("A"))
        return solid
    plain = Image.new("RGB", picture.size)
    plain.paste(picture.convert("RGB"))
    return plain


# ── bare files ───────────────────────────────────────────────────────────────────────────────────────────────────

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_CHUNKS = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"sRGB", b"gAMA", b"pHYs")
_JPEG_TABLES = (0xC0, 0xC1, 0xC2, 0xC4, 0xDB, 0xDD)
_JPEG_HIDDEN = re.compile(rb"\xff[^\x00\xff\xc4\xd0-\xd7\xda\xdb\xdd]")
"""A marker among the scans that is not a table, a scan or a restart: a comment, say, or a second picture."""


def _bare(data: bytes) -> str | None:
    # The media type of a JPEG or PNG that holds pixels and nothing else, to be kept as it is; None when in doubt.
    if data.startswith(_PNG):
        return "image/png" if _bare_png(data) else None
    return "image/jpeg" if data.startswith(b"\xff\xd8") and _bare_jpeg(data) else None


def _bare_png(data: bytes) -> bool:
    at, kind = len(_PNG), b""
    while at + 12 <= len(data) and kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind not in _PNG_CHUNKS:
            return False
        at += 12 + length
    depth, colour = data[24], data[25]
    return kind == b"IEND" and at == len(data) and depth == 8 and colour in (0, 2, 3)


def _bare_jpeg(data: bytes) -> bool:
    at = 2
    while at + 4 <= len(data):
        start, marker, length = struct.unpack_from(">BBH", data, at)
        payload = data[at + 4 : at + 2 + length]
        if start != 0xFF or length < 2:
            return False
        if marker == 0xDA:
            return data.endswith(b"\xff\xd9") and not _JPEG_HIDDEN.search(data, at + 2, len(data) - 2)
        if marker not in _JPEG_TABLES and not _plain_header(marker, payload):
            return False
        if marker in (0xC0, 0xC1, 0xC2) and payload[5:6] not in (b"\x01", b"\x03"):
            return False
        at += 2 + length
    return False


def _plain_header(marker: int, payload: bytes) -> bool:
    # JFIF without a thumbnail, or Adobe's note on the colour transform.
    jfif = marker == 0xE0 and payload.startswith(b"JFIF\0") and len(payload) == 14
    return jfif or (marker == 0xEE and payload.startswith(b"Adobe") and len(payload) == 12)
