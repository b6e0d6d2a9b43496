"""Course: which examples come when, from short to long, and how a run climbs.

    Corpus ──Course(stages, climbs)──> the example of every place of a run

From scratch, beginning with short examples decides whether copying out of a context emerges at all. A stage ends when
it is mastered (``Climbs``, written down as it happens) or when its share of the run is used up; the last one takes
what is left. Draws follow from seed, place and climbs alone, so that a run that is taken up again sees what an unbroken
one would have seen. Neighbours are of like length, so that little of a batch is padding.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from personavlm.files import write_atomically
from personavlm.training.corpus import Corpus
from personavlm.training.rendering import Example

WINDOW = 32
"""Batches that are sorted by length together."""


class Stage(NamedTuple):
    """A part of a run: at most so many examples, none longer than ``limit`` tokens."""

    examples: int
    limit: int


class Climb(NamedTuple):
    """A stage left early: seen after ``step``, and from ``place`` on the next one counts."""

    step: int
    place: int


@dataclass(slots=True)
class Climbs:
    """The climbs of a run, kept in a file; the n-th is out of stage n."""

    path: Path | None = None
    made: list[Climb] = field(default_factory=list)

    @classmethod
    def open(cls, path: Path, step: int) -> Climbs:
        """Read what a run had climbed by the step it is taken up at; what came later is forgotten."""
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
        return cls(path, [climb for climb in (Climb(*row) for row in found) if climb.step <= step])

    def add(self, climb: Climb) -> None:
        """Write a climb down."""
        self.made.append(climb)
        if self.path is not None:
            write_atomically(self.path, json.dumps(self.made).encode())


@dataclass(frozen=True)
class Course:
    """Examples of a corpus in the order of a run, stage by stage; ``course[place]`` is the place-th of the run."""

    corpus: Corpus
    stages: tuple[Stage, ...]
    seed: int
    batch: int = 1
    climbs: Climbs = field(default_factory=Climbs)

    @cached_property
    def _by_length(self) -> Any:
        return np.argsort(self.corpus.lengths, kind="stable")

    @cached_property
    def _sorted_lengths(self) -> Any:
        return self.corpus.lengths[self._by_length]

    def __len__(self) -> int:
        return sum(stage.examples for stage in self.stages)

    def __getitem__(self, place: int) -> Example:
        return self.corpus[self.number(place)].example

    def number(self, place: int) -> int:
        """Return which example stands at a place: each pass over those of a stage is a shuffle of its own.

        A stage whose limit is below the shortest example takes that one. Raises ``IndexError`` beyond the run.
        """
        stage, start = self.stage_at(place)
        within = max(1, int(np.searchsorted(self._sorted_lengths, self.stages[stage].limit, side="right")))
        turn, position = divmod(place - start, within)
        return int(self._by_length[_shuffle((self.seed, stage, turn), within, self.batch)[position]])

    def stage_at(self, place: int) -> tuple[int, int]:
        """Return the stage a place belongs to, and where that began. Raises ``IndexError`` beyond the run."""
        if not 0 <= place < len(self):
            raise IndexError(place)
        stage = start = 0
        while stage + 1 < len(self.stages) and place >= (end := self._end(stage, start)):
            stage, start = stage + 1, end
        return stage, start

    def climb(self, step: int, now: int, place: int) -> bool:
        """Leave the stage of place ``now`` at ``place``, which no process has drawn yet; return whether that is early.

        The last stage is not left, and none that ends before ``place`` anyway.
        """
        if place >= len(self):
            return False
        stage, _ = self.stage_at(now)
        if stage + 1 == len(self.stages) or self.stage_at(place)[0] != stage:
            return False
        self.climbs.add(Climb(step, place))
        return True

    def _end(self, stage: int, start: int) -> int:
        climbed = next((c.place for c in self.climbs.made if c.place > start), None)
        planned = start + self.stages[stage].examples
        return planned if climbed is None else min(planned, climbed)


@lru_cache(maxsize=8)
def _shuffle(seed: Sequence[int], count: int, batch: int) -> Any:
    """A permutation of ``count`` ranks by length in which each batch holds ranks of like length."""
    rng = np.random.default_rng((*seed, count))
    order = rng.permutation(count)
    for start in range(0, count, WINDOW * batch):
        window = np.sort(order[start : start + WINDOW * batch])
        whole = len(window) // batch * batch
        batches = rng.permutation(window[:whole].reshape(-1, batch))
        order[start : start + len(window)] = np.concatenate([batches.ravel(), window[whole:]])
    return order
