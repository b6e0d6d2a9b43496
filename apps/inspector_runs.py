"""What the benchmark and training pages look at: runs in PERSONAVLM_RUNS (default ``runs``), then the shipped ones.

Reading runs and reckoning their intervals takes a second or two, so both are kept until a file changes.
"""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from personavlm.bench.compare import Comparison, compare
from personavlm.bench.scores import Scores
from personavlm.bench.shelf import Place, Shelf, differences_by_task, places, read_shelf
from personavlm.training.histories import histories

SHIPPED = Path(__file__).resolve().parent.parent / "lab" / "results"
Stamp = tuple[tuple[str, float], ...]


def runs_folder() -> Path:
    """Return the folder in which the reader's own runs lie."""
    return Path(os.environ.get("PERSONAVLM_RUNS", "runs"))


def known_places() -> dict[str, Place]:
    """Return every shelf there is by its name, the reader's own first."""
    found: dict[str, Place] = {}
    for place in places(runs_folder(), SHIPPED):
        found.setdefault(place.name, place)
    return found


def shelf_at(place: Place) -> Shelf:
    """Return a shelf, read once until its files change."""
    return _shelf(place, _stamp(place))


def scores_at(place: Place, setting: str) -> dict[str, Scores]:
    """Return every system's figures on one setting."""
    return _scores(place, _stamp(place), setting)


def against(place: Place, reference: str, setting: str, alignment: bool) -> dict[str, Comparison]:
    """Return how every other system stands to one."""
    return _against(place, _stamp(place), reference, setting, alignment)


def two_at(place: Place, a: str, b: str, setting: str) -> tuple[Comparison, dict[str, Comparison]]:
    """Return how B stands to A, on multiple choice as a whole and task by task."""
    return _two(place, _stamp(place), a, b, setting)


def known_histories() -> dict[str, Path]:
    """Return every training run there is by its name, the reader's own first."""
    found: dict[str, Path] = {}
    for folder in histories(runs_folder(), SHIPPED):
        found.setdefault(folder.name, folder)
    return found


def _stamp(place: Place) -> Stamp:
    files = [path if path.is_file() else path / "results.parquet" for path in place.paths]
    return tuple((str(file), file.stat().st_mtime) for file in files if file.exists())


@st.cache_resource(show_spinner="Reading the runs …", max_entries=6)
def _shelf(place: Place, stamp: Stamp) -> Shelf:  # noqa: ARG001  the stamp is what the cache goes by
    return read_shelf(place)


@st.cache_resource(show_spinner="Reckoning the intervals …", max_entries=12)
def _scores(place: Place, stamp: Stamp, setting: str) -> dict[str, Scores]:
    shelf = _shelf(place, stamp)
    return {row.name: shelf.scores(row.name, setting) for row in shelf.rows if shelf.answers(row.name, setting)}


@st.cache_resource(show_spinner="Comparing …", max_entries=24)
def _against(place: Place, stamp: Stamp, reference: str, setting: str, alignment: bool) -> dict[str, Comparison]:
    return _shelf(place, stamp).against(reference, setting, alignment)


@st.cache_resource(show_spinner="Comparing …", max_entries=24)
def _two(place: Place, stamp: Stamp, a: str, b: str, setting: str) -> tuple[Comparison, dict[str, Comparison]]:
    shelf = _shelf(place, stamp)
    first, second = shelf.answers(a, setting), shelf.answers(b, setting)
    return compare(first, second), differences_by_task(first, second)
