"""The memory graph: what ties memories of different times together, and what to do with it.

    "guitar with Bob on Sunday" (March) ──person: Bob── "Bob moved to Leeds" (June) ──cause: moved── "plays alone now"

Ties are found in the text by telling words: names, things, goals and causes that few memories share. They become
``Link`` edits across sessions, near-duplicates become ``Merge`` edits that keep both sources, and retrieval may take
one hop from its best hits through what they share with others. Nothing here is learnt or random.

Source: the paper names links across sessions as its own limitation (section 6); the method here is ours.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from personavlm.memory import Link, LinkReason, Memory, MemoryLink, Merge, State
from personavlm.words import terms, words

if TYPE_CHECKING:
    import networkx as nx

COMMON = 0.05
"""Terms in more than this share of the texts tie nothing together."""
HOP_FROM = 3
"""Best hits that a hop starts from."""
HOP_WEIGHT = 0.08
"""What a full tie to one of them adds to a fused score. Chosen on LoCoMo dev (docs/retrieval.md)."""
LINKS_PER_MEMORY = 3
REACH = 2_000
"""Latest memories among which links are looked for."""
TELLING = 0.15
"""Least strength of a tie that becomes a link."""
SAME = 0.9
"""Least cosine of two memories that say the same."""

_CAUSE = re.compile(
    r"\b(because|since then|so that|that's why|therefore|thanks to|due to|led to|as a result|inspired by|after)\b", re.I
)
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]+\b")


class Tie(NamedTuple):
    """What two texts share: the other's id, how much (1 for the same telling words), and the most telling word."""

    other: str
    strength: float
    label: str


class Ties:
    """Which of some texts share telling words; cosine of their idf vectors over terms that few of them have."""

    def __init__(self, texts: Mapping[str, str], common: float = COMMON) -> None:
        found = {one: Counter(terms(text)) for one, text in texts.items()}
        having = Counter(term for counts in found.values() for term in counts)
        most = max(2.0, common * len(texts))
        self._idf = {term: math.log(1 + len(texts) / n) for term, n in having.items() if 1 < n <= most}
        self._vectors = {one: self._unit(counts) for one, counts in found.items()}
        self._having: dict[str, list[str]] = defaultdict(list)
        for one, vector in self._vectors.items():
            for term in vector:
                self._having[term].append(one)

    def _unit(self, counts: Mapping[str, int]) -> dict[str, float]:
        weights = {term: self._idf[term] for term in counts if term in self._idf}
        length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
        return {term: weight / length for term, weight in weights.items()}

    def of(self, one: str) -> list[Tie]:
        """Return what a text is tied to, strongest first. Raises ``KeyError`` for an unknown id."""
        strength: dict[str, float] = defaultdict(float)
        label: dict[str, tuple[float, str]] = {}
        for term, weight in self._vectors[one].items():
            for other in self._having[term]:
                if other != one:
                    part = weight * self._vectors[other][term]
                    strength[other] += part
                    label[other] = max(label.get(other, (0.0, "")), (part, term))
        found = [Tie(other, min(1.0, value), label[other][1]) for other, value in strength.items()]
        return sorted(found, key=lambda tie: (-tie.strength, tie.other))


def hop(
    ranked: Sequence[tuple[str, float]],
    ties: Callable[[str], Iterable[Tie]],
    start: int = HOP_FROM,
    weight: float = HOP_WEIGHT,
) -> list[tuple[str, float]]:
    """Return a ranking widened by one hop: what is tied to the best ``start`` gains up to ``weight``.

    ``ranked`` holds ids with fused scores, best first; ids that are not in it cannot come in (they are no candidates).
    """
    gain: dict[str, float] = {}
    for one, _ in ranked[:start]:
        for tie in ties(one):
            gain[tie.other] = max(gain.get(tie.other, 0.0), tie.strength)
    widened = [(one, score + weight * gain.get(one, 0.0)) for one, score in ranked]
    return sorted(widened, key=lambda one: -one[1])


# ── the graph of a state ─────────────────────────────────────────────────────────────────────────────────────────


def memory_graph(state: State) -> nx.Graph[str]:
    """Return memories as nodes (type, kind, label, since, status) and their ties as edges (reason, label).

    Besides the links, a memory is tied to those it came from ("became") and to those that rest on a same turn ("turn").
    """
    import networkx as nx

    graph: nx.Graph[str] = nx.Graph()
    for memory in state.all():
        graph.add_node(
            memory.id, type=memory.type, kind=memory.kind, label=memory.text, since=memory.since, status=memory.status
        )
    for link in state.links:
        graph.add_edge(link.source, link.target, reason=link.reason, label=link.label)
    for memory in state.all():
        for source in memory.sources:
            graph.add_edge(source, memory.id, reason="became", label=memory.attribute)
    for turn, pair in _sharing_turns(state):
        if not graph.has_edge(*pair):
            graph.add_edge(*pair, reason="turn", label=turn)
    return graph


def _sharing_turns(state: State) -> Iterator[tuple[str, tuple[str, str]]]:
    # A topic ties its turns' memories; memories of a topic are tied to it, not each to each: that would be a hairball.
    topic = {turn: memory.id for memory in state.all("episodic") for turn in memory.turns}
    for memory in state.all("core", "semantic", "procedural"):
        for turn in memory.evidence:
            if turn in topic:
                yield turn, (topic[turn], memory.id)


def linked(links: Iterable[MemoryLink]) -> dict[str, list[Tie]]:
    """Return a state's links as ties in both directions, for ``hop``."""
    found: dict[str, list[Tie]] = defaultdict(list)
    for link in links:
        found[link.source].append(Tie(link.target, 1.0, link.label))
        found[link.target].append(Tie(link.source, 1.0, link.label))
    return dict(found)


# ── proposals ────────────────────────────────────────────────────────────────────────────────────────────────────


def propose_links(
    state: State, new: Iterable[str], time: datetime, most: int = LINKS_PER_MEMORY, reach: int = REACH
) -> list[Link]:
    """Return links from new memories to older ones of other sessions that share a person, thing, goal or cause.

    ``new`` are ids in the state, ``time`` that of the session's close. Core memory is tied to all, so to nothing.
    Pairs that are linked already, or rest on a same turn, are left out; so is what was learnt more than ``reach``
    memories ago, which bounds the work at a session's close.
    """
    latest = list(state.memories.values())[-reach:]
    pool = {m.id: m for m in latest if m.type != "core" and m.status != "merged"}
    ties = Ties({one: _telling(memory) for one, memory in pool.items()})
    taken = {frozenset((link.source, link.target)) for link in state.links}
    proposed: list[Link] = []
    for one in new:
        near = [tie for tie in ties.of(one) if tie.strength >= TELLING] if one in pool else []
        free = [tie for tie in near if frozenset((one, tie.other)) not in taken and _apart(pool[one], pool[tie.other])]
        for tie in free[:most]:
            taken.add(frozenset((one, tie.other)))
            proposed.append(_link(pool[one], pool[tie.other], tie.label, time))
    return proposed


def _telling(memory: Memory) -> str:
    return " ".join((memory.text, memory.value, *memory.keywords))


def _apart(one: Memory, other: Memory) -> bool:
    """Whether two memories come from different turns and neither came from the other."""
    return not ({*one.evidence, *one.turns} & {*other.evidence, *other.turns}) and not (
        one.id in other.sources or other.id in one.sources
    )


def _link(one: Memory, other: Memory, term: str, time: datetime) -> Link:
    label = next((word for word, stemmed in words(_telling(one)) if stemmed == term), term)
    link = MemoryLink(one.id, other.id, _reason(one, other, label), label)
    return Link(time, tuple(dict.fromkeys((*one.evidence, *other.evidence))), link)


def _reason(one: Memory, other: Memory, label: str) -> LinkReason:
    if label in _NAME.findall(f"{one.text} , {other.text}") or "relation" in (one.kind, other.kind):
        return "person"
    if {one.kind, other.kind} & {"goal", "plan"}:
        return "goal"
    newer = max(one, other, key=lambda memory: memory.since)
    return "cause" if _CAUSE.search(newer.text) else "thing"


def propose_merges(
    state: State, encode: Callable[[Sequence[str]], NDArray[np.float32]], time: datetime, least: float = SAME
) -> list[Merge]:
    """Return merges of current semantic memories that say the same; both sources stay in the state, marked merged.

    Only memories that agree in kind, attribute, value and polarity are joined; "tea" and "green tea" are two values.
    ``encode`` gives unit vectors; ``least`` is the cosine their texts must reach. A memory is in one merge at most, and
    in none with one that the user said holds beside it.
    """
    groups: dict[Any, list[Memory]] = defaultdict(list)
    for memory in state.current("semantic"):
        if memory.attribute and not memory.crops:
            groups[(memory.kind, memory.attribute, tuple(terms(memory.value)), memory.polarity)].append(memory)
    merges = []
    for group in groups.values():
        if len(group) > 1:
            vectors = encode([memory.text for memory in group])
            merges += [_merge(same, time) for same in _alike(group, vectors, least, kept_beside(state))]
    return merges


def kept_beside(state: State) -> frozenset[frozenset[str]]:
    """Return the pairs of memories of which the user said that both hold."""
    return frozenset(frozenset((link.source, link.target)) for link in state.links if link.reason == "both")


def _alike(
    group: Sequence[Memory], vectors: NDArray[np.float32], least: float, apart: frozenset[frozenset[str]]
) -> Iterator[list[Memory]]:
    left = list(range(len(group)))
    while left:
        first = left[0]
        near = (one for one in left if one == first or float(vectors[first] @ vectors[one]) >= least)
        same = [one for one in near if frozenset((group[first].id, group[one].id)) not in apart]
        left = [one for one in left if one not in same]
        if len(same) > 1:
            yield [group[one] for one in same]


def _merge(same: Sequence[Memory], time: datetime) -> Merge:
    """Join memories: the longest wording, all evidence and keywords, valid since the earliest."""
    targets = tuple(memory.id for memory in same)
    kept = max(same, key=lambda memory: (len(memory.text), memory.id))
    evidence = tuple(dict.fromkeys(turn for memory in same for turn in memory.evidence))
    joined = replace(
        kept,
        id="g_" + hashlib.sha256("\n".join(targets).encode()).hexdigest()[:12],
        since=min(memory.since for memory in same),
        evidence=evidence,
        keywords=tuple(dict.fromkeys(word for memory in same for word in memory.keywords)),
        sources=targets,
    )
    return Merge(time, evidence, targets, joined)


@dataclass(frozen=True, slots=True)
class Widened:
    """A memory reached by one hop: from which one, and what they share."""

    id: str
    via: str
    reason: LinkReason
    label: str


def widen(ids: Iterable[str], links: Iterable[MemoryLink]) -> tuple[Widened, ...]:
    """Return the memories one link away from these that are not among them, in the order of ``ids`` then of links."""
    start = dict.fromkeys(ids)
    found: dict[str, Widened] = {}
    listed = list(links)
    for one in start:
        for link in listed:
            other = {link.source: link.target, link.target: link.source}.get(one)
            if other is not None and other not in start:
                found.setdefault(other, Widened(other, one, link.reason, link.label))
    return tuple(found.values())
