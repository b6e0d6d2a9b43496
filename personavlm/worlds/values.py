"""What a world is made of: a person's whole life as facts with intervals, and the conversations that reveal it.

    Person (threads of facts, kin, things, traits) ──plan──> Slots (beats) ──words──> WorldTurns (text, truth) ──> World

A **fact** is one thing that is true of a life for a stretch of time. Facts on one matter that follow each other in
time make a **thread**: a taste before and after it changed, a goal from planned to done. A fact reaches the assistant
only through the turns named in its ``evidence``; what was never told has none. A **beat** says what one turn has to do
before anybody has found words for it.

    >>> Fact("f7", "taste", USER, "drink", "ginger beer", "favourite drink is ginger beer", since=march, polarity=1)

Everything here is a frozen value that spells itself as canonical JSON (``trace.canonical``) and is read back by
``trace.revive``: the same seed gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from personavlm.memory import Kind, LinkReason, MemoryType
from personavlm.personality import Profile, Trait

USER = "user"
"""Whom a fact is about when it is about the person the world is of."""

Half = Literal["train", "test"]
"""Names and objects of the two halves are disjoint; so is half of the wording of the test half."""

Setting = Literal["train", "50", "100", "200", "500"]
"""How long a dialogue is: 20 to 100 turns in a month (train), or up to that many turns in three months (test)."""

Matter = Literal[
    "identity",  # age, work, town, living situation: core memory
    "relation",  # who somebody is to the user
    "other",  # something true of somebody else (their taste, their work): never the user's own
    "dynamic",  # how a relation moves: closer, cooler, made up; with somebody or with the assistant
    "belonging",  # a thing the user owns, often shown in a picture
    "detail",  # what a picture shows and nobody said: colour, material, count, pattern, position
    "taste",  # liking in a domain, with its strength and what changed it
    "leaning",  # a general inclination that shows in several choices and is never stated
    "routine",  # what they do on which day and hour, and where
    "goal",  # a long-term plan with the status it has reached
    "event",  # something that happened, or will happen on a date
    "expertise",  # how much they know of a subject
    "aim",  # what they were after with a question, unsaid
    "request",  # what they want of the assistant: tone, things to remember, things to leave alone
]
MATTERS: tuple[Matter, ...] = get_args(Matter)

MEMORY_OF: dict[Matter, MemoryType] = {
    "identity": "core",
    "request": "core",
    "routine": "procedural",
    "goal": "procedural",
}
"""Where a perfect assistant keeps a matter; everything not named is semantic."""

KIND_OF: dict[Matter, Kind] = {
    "identity": "fact",
    "relation": "relation",
    "other": "fact",
    "dynamic": "relation",
    "belonging": "concept",
    "detail": "fact",
    "taste": "preference",
    "leaning": "preference",
    "routine": "habit",
    "goal": "goal",
    "event": "fact",
    "expertise": "fact",
    "aim": "plan",
    "request": "request",
}

GoalStatus = Literal["planned", "under way", "done", "dropped"]
GOAL_STATUSES: tuple[GoalStatus, ...] = get_args(GoalStatus)


# ── a life ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is true of a life from ``since`` to ``until``."""

    id: str
    matter: Matter
    about: str
    """``USER``, "assistant", the name of a person or animal, the id of a thing, or of the shot that alone shows it."""
    attribute: str
    """What of them, in a word or two: "drink", "work", "sister", "status"; facts of one thread share it."""
    value: str
    """The bare value as people say it: "ginger beer", "Tuesday 19:30 at the climbing hall"."""
    text: str
    """A short third-person statement that reads on its own and names nobody but others: "favourite drink is ginger
    beer"; "sister Nadia works as a welder"."""
    since: datetime
    until: datetime | None = None
    polarity: Literal[-1, 0, 1] = 0
    strength: Literal[1, 2, 3] = 2
    """How strong a taste or leaning is, 3 strongest."""
    reason: str = ""
    """Why it began, changed or is wanted, as a clause: "the dentist told her off". Empty if there is none to tell."""
    replaces: str = ""
    """Id of the fact in its thread that this one ended."""
    implied: bool = False
    """Whether it is shown and never said (leanings, aims, details of pictures)."""
    also: tuple[str, ...] = ()
    """Other words that mean the same value."""
    evidence: tuple[str, ...] = ()
    """Ids of the turns that tell or show it, oldest first; empty if nobody was told."""
    ended: tuple[str, ...] = ()
    """Ids of the turns from which it can be known that it no longer holds."""

    @property
    def memory(self) -> MemoryType:
        """The memory type a perfect assistant keeps it in."""
        return MEMORY_OF.get(self.matter, "semantic")

    @property
    def kind(self) -> Kind:
        """The kind of memory it becomes."""
        return KIND_OF[self.matter]


@dataclass(frozen=True, slots=True)
class Thread:
    """Facts on one matter that follow each other in time; of a goal, ``value`` is the status and ``label`` the goal."""

    id: str
    matter: Matter
    label: str
    """What it is about, as people call it: "drinks", "learning to sail", "Nadia", "the blue kettle"."""
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Kin:
    """A person or animal in the user's life."""

    name: str
    relation: str
    """What they are to the user: "sister", "boss", "dog"."""
    animal: bool = False
    pronoun: Literal["she", "he", "they", "it"] = "they"
    closeness: Literal[1, 2, 3] = 2
    """How much they matter to the user, 3 most."""


# ── pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Look:
    """How a rendered object looks; two objects of one shape and colour differ in their other attributes."""

    shape: str
    """What it is: "mug", "kettle", "toy train". The name of a shape the renderer can draw."""
    colour: str
    second: str
    """Colour of its second part (handle, band, spots)."""
    material: str
    pattern: str
    mark: int
    """Seed of the small features that make it this one and not a look-alike."""


@dataclass(frozen=True, slots=True)
class Thing:
    """Something the user owns: rendered from its look, or photographed (``photos`` name files in ``data/pictures``)."""

    id: str
    name: str
    """What the user calls it: "Biscuit", "grandma's kettle"; empty if it has no name of its own."""
    category: str
    """What it is, as a detector is asked for: "mug", "dog"."""
    look: Look | None = None
    photos: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """An object in a scene: where and how big (shares of the frame, 0 to 1), and from which side it is seen."""

    look: Look
    x: float
    y: float
    """Centre of its foot."""
    size: float
    """Height as a share of the frame's."""
    turn: float = 0.0
    """Turned by so many degrees round the vertical."""
    thing: str = ""
    """Id of the thing it is; empty for what merely stands there."""
    count: int = 1
    """So many alike, side by side."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a rendered picture shows."""

    place: str
    """A room or landscape the renderer can draw: "kitchen", "beach"."""
    light: str
    """"morning", "noon", "evening", "lamp"."""
    placed: tuple[Placed, ...]
    seed: int


Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One object of a picture, annotated exactly."""

    category: str
    thing: str
    """Id of the thing, empty if it is nobody's in particular."""
    box: Box
    colour: str = ""
    second: str = ""
    material: str = ""
    pattern: str = ""
    count: int = 1
    position: str = ""
    """"left", "middle" or "right", for scenes with several objects."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture in a turn: a scene to render, or a photograph by file name, with what can be seen in it."""

    id: str
    """"p1", "p2", …: unique in the world."""
    seen: tuple[Seen, ...]
    scene: Scene | None = None
    photo: str = ""
    caption: str = ""
    """What it shows, in a few words, for whoever cannot see."""


# ── a person ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Drift:
    """A change of one trait by ``amount`` score points from ``start`` on: at once, or over so many ``days``."""

    trait: Trait
    amount: float
    start: datetime
    days: int = 0
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a life. Nothing here is known to the assistant unless a turn tells it."""

    id: str
    """"train-17", "test-50-3"."""
    half: Half
    name: str
    pronoun: Literal["she", "he", "they"]
    traits: Profile
    """At the start; ``truth.traits_at`` adds the drift."""
    drift: Drift | None
    start: datetime
    """When the first conversation takes place; aware, in the person's own zone."""
    end: datetime
    """Before which the last one ends, and when questions are asked."""
    threads: tuple[Thread, ...]
    kin: tuple[Kin, ...]
    things: tuple[Thing, ...]


# ── conversations ────────────────────────────────────────────────────────────────────────────────────────────────

Act = Literal[
    "greet",  # how a session begins
    "tell",  # a fact, for the first time
    "retell",  # a fact told before comes up again, nothing new
    "change",  # a fact gives way to the next of its thread, with the reason
    "end",  # a fact no longer holds and nothing takes its place
    "correct",  # an earlier statement was wrong (the user misspoke or was misunderstood)
    "waver",  # a planted contradiction: says something that seems to go against a fact, which still holds
    "future",  # something that will be, with its date
    "other",  # a fact about somebody else
    "relate",  # something between the user and somebody, which shows how the relation moves
    "show",  # a picture of a thing, or of a scene
    "choose",  # picks one of several things, which shows a leaning
    "ask",  # wants help with something; with ``fact`` an aim that stays unsaid or an expertise that shows
    "offered",  # the assistant suggests something that is not the user's taste, and the user passes over it
    "recall",  # asks the assistant about something told earlier
    "request",  # asks for a tone, to remember, to leave something alone
    "forget",  # asks to forget a fact
    "feel",  # mood and manner of the day: carries cues of traits
    "chat",  # small talk, nothing to be remembered
    "close",  # how a session ends
]

Cue = tuple[Trait, Literal[-1, 1]]
"""A trait and whether what was said shows it high or low."""


@dataclass(frozen=True, slots=True)
class Beat:
    """What one turn has to do. The words are found later; a turn may carry two beats."""

    act: Act
    topic: int
    """Number of the topic within the session, from 0."""
    fact: str = ""
    """Id of the fact that is told, changed to, ended, asked about or hinted at."""
    old: str = ""
    """Id of the fact that it takes the place of, or that it wavers from."""
    kin: str = ""
    shot: str = ""
    subject: str = ""
    """What small talk, a question or an offer is about, from the banks."""
    cue: Cue | None = None
    options: tuple[str, ...] = ()
    """For ``choose`` and ``offered``: what was to choose from, the chosen one first."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A turn to be put into words: when, and its beats."""

    time: datetime
    beats: tuple[Beat, ...]


@dataclass(frozen=True, slots=True)
class Utterance:
    """What was said, and by which pattern (``skeletons`` are ids in the grammar's files)."""

    text: str
    reply: str
    skeletons: tuple[str, ...] = ()
    cues: tuple[Cue, ...] = ()
    """Traits that the words really show."""


@dataclass(frozen=True, slots=True)
class WorldTurn:
    """One turn with its truth: what a perfect assistant learns from it."""

    id: str
    """"t1", "t2", … as in a store."""
    time: datetime
    text: str
    reply: str
    shots: tuple[str, ...]
    """Ids of its pictures."""
    beats: tuple[Beat, ...]
    skeletons: tuple[str, ...]
    cues: tuple[Cue, ...]
    learnt: tuple[str, ...] = ()
    """Ids of facts that can be known from this turn on."""
    ended: tuple[str, ...] = ()
    """Ids of facts of which it can be known from this turn on that they no longer hold."""
    concepts: tuple[str, ...] = ()
    """Ids of things shown and named in it."""
    unseen: bool = False
    """Whether its wording comes from patterns kept out of training (test half only)."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of a session: what a perfect assistant files as an episode."""

    id: str
    """"e3_1": session 3, topic 1."""
    summary: str
    keywords: tuple[str, ...]
    turns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tie:
    """Two topics of different sessions that belong together, and why."""

    source: str
    target: str
    reason: LinkReason
    label: str


@dataclass(frozen=True, slots=True)
class WorldSession:
    """A run of turns with gaps below the session gap, and its topics (every turn is in at least one)."""

    id: str
    turns: tuple[str, ...]
    topics: tuple[Topic, ...]


@dataclass(frozen=True, slots=True)
class World:
    """A person with all their conversations and the truth behind them. Facts carry their evidence here."""

    person: Person
    setting: Setting
    turns: tuple[WorldTurn, ...]
    sessions: tuple[WorldSession, ...]
    shots: tuple[Shot, ...]
    ties: tuple[Tie, ...]
    writer: str = "grammar"
    """Who found the words: "grammar", or the name of the model that rewrote them."""
