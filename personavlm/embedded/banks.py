"""Word lists as data files with sections: ``words/<name>.txt``, read once.

    # where the list is from
    [neuroticism high 1.0 self]
    worried, anxious, on edge

``phrases`` splits lines at commas, ``lines`` keeps them whole. Each file begins with a comment that names its source.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType


@cache
def lines(name: str) -> Mapping[str, tuple[str, ...]]:
    """Return each section's lines in order; a section that opens twice goes on. Raises ``FileNotFoundError``."""
    found: dict[str, list[str]] = {}
    section = ""
    for raw in files("personavlm.embedded").joinpath("words", f"{name}.txt").read_text("utf-8").splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        else:
            found.setdefault(section, []).append(line)
    return MappingProxyType({key: tuple(value) for key, value in found.items()})


@cache
def phrases(name: str) -> Mapping[str, tuple[str, ...]]:
    """Return each section's comma-separated phrases in order."""
    split = {key: [p.strip() for row in rows for p in row.split(",")] for key, rows in lines(name).items()}
    return MappingProxyType({key: tuple(p for p in found if p) for key, found in split.items()})


@cache
def pattern(name: str, section: str) -> re.Pattern[str]:
    """Return a pattern that matches any phrase of a section as whole words; a trailing ``*`` takes any ending."""
    return any_of(phrases(name)[section])


def any_of(wanted: tuple[str, ...]) -> re.Pattern[str]:
    """Return a pattern for any of these phrases as whole words, longest first, without case."""
    ordered = sorted(wanted, key=lambda p: (-len(p), p))
    spelled = (re.escape(p).replace(r"\ ", r"\s+").replace(r"\*", r"\w*").replace("'", "['’]") for p in ordered)
    return re.compile(rf"(?<![\w'’-])(?:{'|'.join(spelled)})(?![\w’'-])", re.IGNORECASE)
