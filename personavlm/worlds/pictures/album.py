"""A world's pictures as files, each named by the id of its shot."""

from __future__ import annotations

from pathlib import Path

from personavlm.errors import BadInput
from personavlm.files import guarded, write_atomically
from personavlm.worlds.pictures.render import jpeg
from personavlm.worlds.values import Shot, World

PHOTOGRAPHS = Path(__file__).resolve().parents[3] / "data" / "pictures"
"""The photographs that ship beside the package."""


def data_of(shot: Shot, photographs: Path = PHOTOGRAPHS) -> bytes:
    """Return the JPEG of a shot: rendered, or the photograph as it is. Raises ``BadInput`` if that is not there."""
    if shot.scene is not None:
        return jpeg(shot.scene)
    path = photographs / shot.photo
    if not path.is_file():
        raise BadInput(f"The photograph {shot.photo!r} is not in {photographs}.", "get data/pictures of this project.")
    return path.read_bytes()


def save_pictures(world: World, folder: Path, photographs: Path = PHOTOGRAPHS) -> tuple[Path, ...]:
    """Write ``<shot id>.jpg`` for every shot of a world; files that are there stay, so that a run can go on.

    Raises ``StoreError`` if they cannot be written, ``BadInput`` for a photograph that is not at hand.
    """
    with guarded(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for shot in world.shots:
            path = folder / f"{shot.id}.jpg"
            if not path.exists():
                write_atomically(path, data_of(shot, photographs))
    return tuple(folder / f"{shot.id}.jpg" for shot in world.shots)
