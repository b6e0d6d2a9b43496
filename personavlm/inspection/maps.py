"""The memory graph as a map: groups of tied memories, where they lie, what they are called, what ties them together.

    State ──graph──> groups (Louvain, fixed seed) ──discs packed round the largest──> Chart ──as of──> spots and lines

The place of a memory depends on the graph alone, so a slider over time only shows and hides.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from personavlm.figures.graph import Disc, Line, Spot
from personavlm.figures.style import kind_of
from personavlm.graph import memory_graph
from personavlm.memory import Memory, State
from personavlm.words import words

if TYPE_CHECKING:
    import networkx as nx

GOLDEN = math.pi * (3 - math.sqrt(5))
"""The angle between one seed of a sunflower and the next: discs fill evenly."""
NAMED = 12
"""Groups that get a name on the map, the largest ones."""
APART = 2.2
"""Distance between groups, in steps between memories."""
SEED = 0.7
"""Distance between the seeds at which a group may lie, near the middle."""
LOOSE = "not tied to anything"


class Bridge(NamedTuple):
    """A memory that ties groups together, and the names of the groups it reaches."""

    memory: Memory
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Every memory of a state in its place. ``groups`` go from large to small; what is tied to nothing comes last."""

    spots: tuple[Spot, ...]
    lines: tuple[Line, ...]
    groups: tuple[tuple[str, tuple[str, ...]], ...]
    """Name and memories of each group."""
    discs: tuple[Disc, ...]
    bridges: tuple[Bridge, ...]


def chart(state: State) -> Chart:
    """Lay the memory graph of a state out; the same state gives the same map."""
    graph = memory_graph(state)
    groups = _groups(graph)
    names = _names(groups, state, graph)
    place, discs = _laid_out(groups, names, graph)
    of = {member: number for number, members in enumerate(groups) for member in members}
    bridges = _bridges(graph, of, names, state)
    ties = {bridge.memory.id for bridge in bridges}
    spots = tuple(_spot(m, place[m.id], graph, m.id in ties) for m in state.all())
    lines = tuple(Line(a, b, of[a] != of[b]) for a, b in graph.edges)
    named = tuple((name, tuple(members)) for name, members in zip(names, groups, strict=True))
    return Chart(spots, lines, named, discs, bridges)


def as_of(whole: Chart, state: State) -> Chart:
    """Return the map as it was when a state was all there was: every memory stays in its place."""
    spots = tuple(_dated(spot, state.memories[spot.id]) for spot in whole.spots if spot.id in state.memories)
    shown = {spot.id for spot in spots}
    lines = tuple(line for line in whole.lines if line.source in shown and line.target in shown)
    held = [(disc, set(members) & shown) for disc, (_, members) in zip(whole.discs, whole.groups, strict=False)]
    bridges = tuple(bridge for bridge in whole.bridges if bridge.memory.id in shown)
    return Chart(spots, lines, whole.groups, tuple(disc for disc, members in held if len(members) > 1), bridges)


def _dated(spot: Spot, memory: Memory) -> Spot:
    current = memory.status == "current"
    if spot.current == current:
        return spot
    return Spot(spot.id, spot.type, spot.text, spot.since, spot.x, spot.y, spot.size, current, spot.bridge)


def _groups(graph: nx.Graph[str]) -> list[list[str]]:
    """Groups of tied memories, large ones first; memories without ties are one last group."""
    import networkx as nx

    tied = graph.subgraph([node for node in graph if graph.degree[node]])
    found = nx.community.louvain_communities(tied, seed=0) if len(tied) else []
    order = {node: number for number, node in enumerate(graph)}
    groups = sorted((sorted(group, key=order.__getitem__) for group in found), key=lambda g: (-len(g), order[g[0]]))
    loose = [node for node in graph if not graph.degree[node]]
    return [*groups, *([loose] if loose else [])]


def _names(groups: Sequence[Sequence[str]], state: State, graph: nx.Graph[str]) -> list[str]:
    """Call each group by the two words that are most its own: often in it, seldom elsewhere, names before others."""
    said = [_said(members, state, graph) for members in groups]
    everywhere = Counter(word for counts in said for word in counts.elements())
    own = (state.name or "").lower()
    names = []
    for members, counts in zip(groups, said, strict=True):
        weight = {w: (1 + w[0].isupper()) * n * n / everywhere[w] for w, n in counts.items() if w.lower() != own}
        ranked = {word.lower(): word for word in sorted(weight, key=lambda word: (weight[word], word))}
        best = sorted(ranked.values(), key=lambda word: (-weight[word], word))[:2]
        names.append((" · ".join(best) or members[0]) if len(members) > 1 else LOOSE)
    return names


def _said(members: Sequence[str], state: State, graph: nx.Graph[str]) -> Counter[str]:
    """How often words are said in a group: by its memories once each, and by what ties them."""
    counts: Counter[str] = Counter()
    for member in members:
        memory = state.memories[member]
        counts.update({word for word, _ in words(f"{memory.text} {memory.value}") if len(word) > 2 and word.isalpha()})
    ties = graph.subgraph(members).edges(data=True)
    counts.update(data["label"] for _, _, data in ties if data["reason"] in ("person", "thing", "goal", "cause"))
    return counts


# ── places ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _laid_out(
    groups: Sequence[Sequence[str]], names: Sequence[str], graph: nx.Graph[str]
) -> tuple[dict[str, tuple[float, float]], tuple[Disc, ...]]:
    """Pack the groups as discs round the largest, and each group's memories round its best tied one."""
    place: dict[str, tuple[float, float]] = {}
    radii = [math.sqrt(len(members)) + 0.3 for members in groups]
    centres = _packed(radii)
    for members, (x, y) in zip(groups, centres, strict=True):
        for seed, member in enumerate(sorted(members, key=lambda m: -graph.degree[m])):
            reach, angle = math.sqrt(seed), seed * GOLDEN
            place[member] = (x + reach * math.cos(angle), y + reach * math.sin(angle))
    named = [name if n < NAMED and len(groups[n]) > 1 else "" for n, name in enumerate(names)]
    discs = (Disc(name, x, y, r) for name, (x, y), r in zip(named, centres, radii, strict=True))
    return place, tuple(discs)


def _packed(radii: Sequence[float]) -> list[tuple[float, float]]:
    """Return where discs lie that do not touch: each at the first free seed of a sunflower wider than high."""
    centres = np.zeros((len(radii), 2))
    reached = dict.fromkeys(radii, 0)  # seeds before this one are taken for a disc of that size
    taken = np.array(radii)
    for number, radius in enumerate(radii):
        for seed in count(reached[radius]):
            reach, angle = SEED * math.sqrt(seed), seed * GOLDEN
            spot = np.array((1.5 * reach * math.cos(angle), reach * math.sin(angle)))
            apart = np.hypot(*(centres[:number] - spot).T) - taken[:number]
            if not number or apart.min() >= radius + APART:
                break
        centres[number], reached[radius] = spot, seed
    return [(float(x), float(y)) for x, y in centres]


def _spot(memory: Memory, place: tuple[float, float], graph: nx.Graph[str], bridge: bool) -> Spot:
    size = min(22.0, 7 + 2.2 * math.sqrt(graph.degree[memory.id]))
    current = memory.status == "current"
    return Spot(memory.id, kind_of(memory), memory.text, memory.since, *place, size, current, bridge)


def _bridges(
    graph: nx.Graph[str], of: Mapping[str, int], names: Sequence[str], state: State, most: int = 10
) -> tuple[Bridge, ...]:
    """The memories with ties into most other groups, best first."""
    reach = {node: tuple(_reached(graph, node, of)) for node in graph}
    best = sorted((node for node in graph if reach[node]), key=lambda node: (-len(reach[node]), node))[:most]
    return tuple(Bridge(state.memories[node], tuple(names[n] for n in (of[node], *reach[node]))) for node in best)


def _reached(graph: nx.Graph[str], node: str, of: Mapping[str, int]) -> Iterator[int]:
    yield from dict.fromkeys(of[other] for other in graph[node] if of[other] != of[node])
