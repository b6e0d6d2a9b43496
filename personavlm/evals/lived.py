"""A world lived through by the assistant, and what came of it beside the truth.

    World ──pictures rendered, turns replayed──> one user of a home ──judged──> Judged (facts, profile, topics, things)

A user who is in the home already is not lived through again: the replay compares turns and goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from personavlm.assistant import Assistant, Kit
from personavlm.datasets.dialogue import Dialogue, GivenTurn, Imported
from personavlm.memory import EMPTY, Edit, Memory, Observe, Override, State, apply
from personavlm.models import Model
from personavlm.personality import TRAITS, Estimate, Interval
from personavlm.replay import replay
from personavlm.scoring import Claim
from personavlm.scoring.episodes import Overlap, Tie, b_cubed, pairwise, ties, window_diff
from personavlm.scoring.facts import Fidelity, fidelity
from personavlm.scoring.spans import Box, iou
from personavlm.scoring.traits import Point
from personavlm.store import Store
from personavlm.trace import Trace
from personavlm.worlds.claims import claims
from personavlm.worlds.pictures import save_pictures
from personavlm.worlds.truth import traits_at
from personavlm.worlds.values import World

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Cut:
    """How one session was cut into topics: WindowDiff (lower is better), pairs and B-cubed over its turns."""

    window_diff: float
    pairs: Overlap
    b_cubed: Overlap


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing that was shown and named: whether it is remembered by its name, and how well its box fits."""

    id: str
    found: bool
    iou: float | None = None
    """Best overlap of a kept crop with the thing's true box in the same picture; None without a crop of it."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One world, lived through and judged."""

    world: World
    fidelity: Fidelity
    points: tuple[Point, ...]
    """The profile after every turn."""
    cuts: tuple[Cut, ...]
    """One per session of two turns or more."""
    ties: Overlap
    true_ties: int
    found_ties: int
    things: tuple[Thing, ...]


def live(world: World, home: Path, model: Model, kit: Kit, progress: Progress) -> None:
    """Live through a world as a user of a home. Raises ``BadInput`` if a user of that name holds other turns."""
    files = save_pictures(world, home / "pictures-of-worlds" / world.person.id)
    shown = {shot.id: file for shot, file in zip(world.shots, files, strict=True)}
    turns = tuple(GivenTurn(t.time, t.text, t.reply, tuple(shown[s] for s in t.shots), t.id) for t in world.turns)
    told = Imported((Dialogue(world.person.id, "Assistant", turns),))
    replay(home, told, lambda store: Assistant(store, model, kit=kit), progress)


def judged(world: World, home: Path) -> Judged:
    """Return what the user of a world remembers, against the truth at its end."""
    with Store.open(home, world.person.id) as store:
        state, edits, traces = store.state(), store.edits(), store.traces()
    found = _ties(state)
    return Judged(
        world=world,
        fidelity=fidelity(state.all(), truth(world)),
        points=tuple(points(world, edits)),
        cuts=tuple(_cuts(world, state)),
        ties=ties(_true_ties(world), found),
        true_ties=len(world.ties),
        found_ties=len(found),
        things=tuple(_things(world, state, traces)),
    )


def truth(world: World) -> tuple[Claim, ...]:
    """Return what can be known once everything has been said."""
    return claims(world, world.turns[-1].time)


# ── profile ──────────────────────────────────────────────────────────────────────────────────────────────────────


def points(world: World, edits: Sequence[Edit]) -> Iterator[Point]:
    """Yield the profile after each turn beside the truth at that moment."""
    moved = [e for e in edits if isinstance(e, Observe | Override)]
    state, done = EMPTY, 0
    for number, turn in enumerate(world.turns, start=1):
        while done < len(moved) and moved[done].time <= turn.time:
            state, done = apply(state, moved[done]), done + 1
        yield Point(number, traits_at(world.person, turn.time), _intervals(state.estimate))


def _intervals(estimate: Estimate) -> tuple[Interval, Interval, Interval, Interval, Interval]:
    a, b, c, d, e = (estimate.interval(trait) for trait in TRAITS)
    return a, b, c, d, e


# ── topics and ties ──────────────────────────────────────────────────────────────────────────────────────────────


def _cuts(world: World, state: State) -> Iterator[Cut]:
    topics = [frozenset(memory.turns) for memory in state.all("episodic")]
    for session in world.sessions:
        if len(session.turns) < 2:
            continue
        true = [topic.turns for topic in session.topics]
        found = [topic & set(session.turns) for topic in topics if topic & set(session.turns)]
        both = pairwise(true, found), b_cubed(true, found, session.turns)
        yield Cut(window_diff(true, found, session.turns), *both)


def _true_ties(world: World) -> list[Tie]:
    topics = {topic.id: frozenset(topic.turns) for session in world.sessions for topic in session.topics}
    return [(topics[tie.source], topics[tie.target]) for tie in world.ties]


def _ties(state: State) -> list[Tie]:
    ends = [(state.memories[link.source], state.memories[link.target]) for link in state.links]
    return [(frozenset(a.turns), frozenset(b.turns)) for a, b in ends if a.turns and b.turns]


# ── things in pictures ───────────────────────────────────────────────────────────────────────────────────────────


def _things(world: World, state: State, traces: Sequence[Trace]) -> Iterator[Thing]:
    shown = {thing for turn in world.turns for thing in turn.concepts}
    concepts = [m for m in state.current("semantic") if m.kind == "concept"]
    boxes = _boxes(world, traces)
    for thing in world.person.things:
        if thing.id not in shown:
            continue
        named = [m for m in concepts if thing.name and thing.name.lower() in f"{m.value} {m.text}".lower()]
        turns = {turn.id for turn in world.turns if thing.id in turn.concepts}
        mine = [m for m in (named or concepts) if turns & set(m.evidence) or m in named]
        yield Thing(thing.id, bool(mine), max(_overlaps(thing.id, mine, boxes), default=None))


def _overlaps(thing: str, memories: Sequence[Memory], boxes: dict[tuple[str, str], Box]) -> Iterator[float]:
    for memory in memories:
        for crop in memory.crops:
            box = boxes.get((crop.picture, thing))
            if box is not None:
                yield iou(crop.box, box)


def _boxes(world: World, traces: Sequence[Trace]) -> dict[tuple[str, str], Box]:
    """Where each thing is in each stored picture."""
    shots = {shot.id: shot for shot in world.shots}
    found: dict[tuple[str, str], Box] = {}
    for turn, trace in zip(world.turns, traces, strict=False):
        for name, picture in zip(turn.shots, trace.turn.pictures, strict=False):
            found |= {(picture.digest, one.thing): one.box for one in shots[name].seen if one.thing}
    return found
