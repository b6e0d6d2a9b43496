"""How well a session was cut into topics and how well topics of different sessions were tied together.

    turns  t1 t2 t3 | t4 t5        true topics
           t1 t2 | t3 t4 t5        found topics      ──>  window_diff 0.67, pair F1 0.50, B-cubed F1 0.73

A topic is a run or set of turn ids; a turn may be in several. Sources: WindowDiff, Pevzner and Hearst (2002),
Computational Linguistics 28(1); B-cubed in its extended form for overlapping sets, Amigó et al. (2009), Information
Retrieval 12; pairwise F1 as in clustering.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from itertools import pairwise as pairwise_of


@dataclass(frozen=True, slots=True)
class Overlap:
    """Precision and recall, each in [0, 1]."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean; 0 if both are."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


Topics = Sequence[Collection[str]]


def pairs(topics: Topics) -> frozenset[tuple[str, str]]:
    """Return the pairs of turns that stand in one topic."""
    return frozenset(pair for topic in topics for pair in combinations(sorted(set(topic)), 2))


def pairwise(true: Topics, found: Topics) -> Overlap:
    """Return how many pairs of turns that were put together belong together, and the other way; 1 if there are none."""
    wanted, made = pairs(true), pairs(found)
    both = len(wanted & made)
    return Overlap(both / len(made) if made else 1.0, both / len(wanted) if wanted else 1.0)


def b_cubed(true: Topics, found: Topics, turns: Sequence[str]) -> Overlap:
    """Return B-cubed over turns: of those put with a turn how many belong with it, each pair as often as it is shared.

    A turn that is in no topic counts as a topic of its own. ``turns`` must not be empty.
    """
    wanted, made = _of_turn(true, turns), _of_turn(found, turns)
    return Overlap(_half(made, wanted, turns), _half(wanted, made, turns))


def _of_turn(topics: Topics, turns: Sequence[str]) -> dict[str, frozenset[int]]:
    of = {turn: frozenset(n for n, topic in enumerate(topics) if turn in topic) for turn in turns}
    return {turn: held or frozenset({-1 - n}) for n, (turn, held) in enumerate(of.items())}


def _half(made: dict[str, frozenset[int]], wanted: dict[str, frozenset[int]], turns: Sequence[str]) -> float:
    shares = []
    for turn in turns:
        near = [(len(made[turn] & made[other]), len(wanted[turn] & wanted[other])) for other in turns]
        kept = [min(m, w) / m for m, w in near if m]
        shares.append(sum(kept) / len(kept))
    return sum(shares) / len(shares)


def boundaries(topics: Topics, turns: Sequence[str]) -> tuple[bool, ...]:
    """Return for each gap between neighbouring turns whether no topic spans it."""
    joined = pairs(topics)
    return tuple((min(a, b), max(a, b)) not in joined for a, b in pairwise_of(turns))


def window_diff(true: Topics, found: Topics, turns: Sequence[str]) -> float:
    """Return WindowDiff in [0, 1], lower is better: windows in which the numbers of boundaries differ.

    The window is half the mean length of true segments, at least 1 gap. A session of one turn has nothing to cut: 0.
    """
    wanted, made = boundaries(true, turns), boundaries(found, turns)
    if not wanted:
        return 0.0
    width = max(1, min(len(wanted), round(len(turns) / (sum(wanted) + 1) / 2)))
    starts = range(len(wanted) - width + 1)
    return sum(sum(wanted[i : i + width]) != sum(made[i : i + width]) for i in starts) / len(starts)


Tie = tuple[frozenset[str], frozenset[str]]
"""The turns of two topics that are tied."""


def ties(true: Iterable[Tie], found: Iterable[Tie]) -> Overlap:
    """Return precision and recall of ties between topics; a found tie is right if each end shares a turn with
    an end of a true one.

    1 where there is nothing to find, or nothing was found.
    """
    wanted, made = list(true), list(found)
    right = sum(any(_meets(one, other) for other in wanted) for one in made)
    hit = sum(any(_meets(one, other) for other in made) for one in wanted)
    return Overlap(right / len(made) if made else 1.0, hit / len(wanted) if wanted else 1.0)


def _meets(one: Tie, other: Tie) -> bool:
    (a, b), (c, d) = one, other
    return bool((a & c and b & d) or (a & d and b & c))
