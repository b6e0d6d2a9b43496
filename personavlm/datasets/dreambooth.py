"""DreamBooth: photographs of single things, a few of each, for telling "my dog" from a dog.

    dog3/00.jpg … dog3/05.jpg   rc_car/00.jpg …   prompts_and_classes.txt (dog3,dog)   references_and_licenses.txt

Source: DreamBooth (Ruiz et al., CVPR 2023), github.com/google/dreambooth; the set is CC BY 4.0, single
photographs are by its authors or under the Unsplash licence.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from personavlm.datasets.files import Skipped
from personavlm.errors import BadInput

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing with its photographs in name order; ``kind`` is the set's class word ("dog"), empty if not given."""

    name: str
    pictures: tuple[Path, ...]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class DreamBooth:
    """What was found, and what was left out and why."""

    things: tuple[Thing, ...]
    skipped: tuple[Skipped, ...] = ()


def dreambooth(folder: Path) -> DreamBooth:
    """Return the things under a folder, one sub-folder each. Raises ``BadInput`` if there is none.

    Pictures are named, not opened: whoever opens one reports damage.
    """
    if not folder.is_dir():
        raise BadInput(f"{folder} is no folder.", "give the folder that holds one folder of photographs per thing.")
    kinds = _kinds(folder / "prompts_and_classes.txt")
    things: list[Thing] = []
    skipped: list[Skipped] = []
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        files = sorted(path for path in place.iterdir() if path.is_file())
        pictures = tuple(path for path in files if path.suffix.lower() in SUFFIXES)
        skipped += [Skipped(f"{place.name}/{path.name}", "not a picture") for path in files if path not in pictures]
        if pictures:
            things.append(Thing(place.name, pictures, kinds.get(place.name, "")))
        else:
            skipped.append(Skipped(place.name, "no pictures in it"))
    if not things:
        raise BadInput(f"{folder} holds no folder with pictures.", "give the folder with one folder per thing.")
    return DreamBooth(tuple(things), tuple(skipped))


def _kinds(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    pairs = (line.split(",") for line in path.read_text(encoding="utf-8", errors="replace").splitlines())
    return {pair[0].strip(): pair[1].strip() for pair in pairs if len(pair) == 2}
