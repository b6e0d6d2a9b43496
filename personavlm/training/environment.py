"""Environment: one rollout is one question to one person's frozen memory, answered by the response stage itself.

    Question ──Assistant.ask──> think, look up (the policy's own keywords and period), at most three times, answer
        └─ Policy keeps the tokens; ``reward`` scores the steps  ──> Episode(trace, ids, mask, pictures, reward)

Nothing of inference is rebuilt here: prompts, parser, retrieval, refill, the notice at the third look-up and the format
notice are those of ``respond``, so the policy is trained on what it will meet. What training adds can be switched off:
how many memories a look-up brings varies from rollout to rollout, and multiple choice starts with a look-up.

Source: PersonaVLM, section 3.2 (three retrievals, own tokens only); random top-k and the forced look-up are the
released code's, whose look-ups however never use the policy's keywords and period.
"""

from __future__ import annotations

import random
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from personavlm.assistant import DEFAULT_CONFIG, Assistant, Config, Kit
from personavlm.library import Library
from personavlm.models import ImagePart, Message, Model
from personavlm.retrieval import Index
from personavlm.store import Store
from personavlm.trace import Trace
from personavlm.training.policy import Policy, Request, Sample, together
from personavlm.training.questions import HOME, Question
from personavlm.training.rewards import Reward, Scoring, Unscored, reward

TOPICS, SEMANTIC = (2, 5), (3, 6)
"""Least and most memories of a look-up with random top-k (released code)."""
INDEXES = 64
"""Moments of one person whose index is kept."""
FORCED = replace(DEFAULT_CONFIG, reasoning="forced")
"""The config of one look-up at least."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """What makes training rollouts unlike each other and unlike inference."""

    random_limits: bool = True
    """How many topics and semantic memories a look-up brings is drawn for each rollout."""
    force_choice: bool = True
    """An answer to a multiple-choice question before any look-up becomes a look-up with the user's own words."""
    refill: bool = True
    """The next best takes the place of what the rollout has been shown."""


def augmented(config: Config, question: Question, how: Augmentation, rng: random.Random) -> Config:
    """Return the config of one rollout."""
    if how.random_limits:
        limits = replace(config.limits, topics=rng.randint(*TOPICS), semantic=rng.randint(*SEMANTIC))
        config = replace(config, limits=limits)
    if how.force_choice and question.form == "choice":
        config = replace(config, reasoning=FORCED.reasoning)
    return replace(config, refill=config.refill and how.refill)


# ── memory ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Shelf:
    """The indexes of one person's memory at the moments asked about."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    indexes: OrderedDict[datetime | None, Index] = field(default_factory=OrderedDict)


class Frozen(Library):
    """A library of a memory that no longer changes: each moment is indexed once and shared by its rollouts."""

    def __init__(self, store: Store, kit: Kit, shelf: Shelf) -> None:
        super().__init__(store, kit.encoder, kit.pictures, kit.detector)
        self._shelf = shelf

    def index(self, as_of: datetime | None = None) -> Index:
        """Return the index of what was known at a moment, or of all that is known."""
        kept = self._shelf.indexes
        with self._shelf.lock:
            if as_of not in kept:
                kept[as_of] = super().index(as_of)
                if len(kept) > INDEXES:
                    kept.popitem(last=False)
            return kept[as_of]


@dataclass(slots=True)
class Memories:
    """The memories of the persons that are asked, opened as needed; ``folder`` is what ``memories.prepare`` wrote."""

    folder: Path
    kit: Kit
    most: int = 64
    """So many stay open at once, or all that are asked side by side."""
    _open: OrderedDict[str, tuple[Store, Shelf]] = field(default_factory=OrderedDict)

    def ready(self, persons: Sequence[str]) -> None:
        """Open the memories that are asked next; those that were asked longest ago are closed."""
        for person in persons:
            if person not in self._open:
                self._open[person] = Store.open(self.folder / HOME, person), Shelf()
            self._open.move_to_end(person)
        while len(self._open) > max(self.most, len(set(persons))):
            _, (store, _) = self._open.popitem(last=False)
            store.close()

    def assistant(self, question: Question, model: Model, config: Config) -> Assistant:
        """Return the assistant of a question's person, with that model."""
        if question.person not in self._open:
            self.ready([question.person])
        store, shelf = self._open[question.person]
        assistant = Assistant(store, model, config, self.kit)
        assistant.library = Frozen(store, self.kit, shelf)
        return assistant

    def close(self) -> None:
        """Close every memory."""
        for store, _ in self._open.values():
            store.close()
        self._open.clear()


# ── rollouts ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Episode:
    """One rollout as the trainer takes it."""

    question: Question
    trace: Trace
    outputs: tuple[str, ...]
    """What the policy wrote, output by output."""
    prompt: tuple[int, ...]
    """Token ids of the first prompt."""
    completion: tuple[int, ...]
    """Token ids of everything after it."""
    own: tuple[bool, ...]
    """Which of ``completion`` the policy wrote: those are trained."""
    pictures: tuple[ImagePart, ...]
    """Pictures of prompt and completion, in the order of their places."""
    reward: Reward | Unscored

    @property
    def ids(self) -> tuple[int, ...]:
        """Token ids of the whole rollout."""
        return self.prompt + self.completion


class Played(NamedTuple):
    """One rollout that is not scored yet."""

    question: Question
    policy: Policy
    trace: Trace


JUDGED_AT_ONCE = 16
"""Rollouts scored side by side: a judge on a server is waited for once, not once for each."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Where rollouts are played."""

    memories: Memories
    processor: Any
    longest: int
    """Tokens of a whole rollout."""
    room: int
    """Most tokens of one output."""
    scoring: Scoring = field(default_factory=Scoring)
    augmentation: Augmentation = field(default_factory=Augmentation)
    config: Config = DEFAULT_CONFIG

    def play(
        self,
        questions: Sequence[Question],
        generate: Callable[[Sequence[Request]], Sequence[Sequence[int]]],
        seed: str,
    ) -> list[Episode]:
        """Play one rollout of each question, side by side; equal seeds draw equal augmentations."""
        self.memories.ready([question.person for question in questions])  # here, where no other thread does

        def player(number: int) -> Callable[[Sample], Played]:
            rng = random.Random(f"{seed}/{number}")
            config = augmented(self.config, questions[number], self.augmentation, rng)
            return lambda sample: self._played(questions[number], sample, config)

        played = together([player(number) for number in range(len(questions))], generate)
        with ThreadPoolExecutor(JUDGED_AT_ONCE, thread_name_prefix="score") as pool:
            return list(pool.map(self._scored, played))

    def rollout(self, question: Question, sample: Sample, config: Config) -> Episode:
        """Play one rollout and score it."""
        return self._scored(self._played(question, sample, config))

    def _played(self, question: Question, sample: Sample, config: Config) -> Played:
        policy = self._policy(sample)
        assistant = self.memories.assistant(question, policy, config)
        pictures = [(self.memories.folder / path).read_bytes() for path in question.pictures]
        return Played(question, policy, assistant.ask(question.time, question.text, pictures))

    def _scored(self, played: Played) -> Episode:
        question, policy, trace = played
        earned: Reward | Unscored = Unscored("the prompt leaves no room for an output")
        if policy.outputs:
            earned = reward(question, trace.steps, policy.outputs, known_text(policy.opening), self.scoring)
        cut = policy.prompt
        return Episode(
            question,
            trace,
            tuple(policy.outputs),
            tuple(policy.ids[:cut]),
            tuple(policy.ids[cut:]),
            tuple(policy.own[cut:]),
            tuple(policy.pictures),
            earned,
        )

    def _policy(self, sample: Sample) -> Policy:
        return Policy(self.processor, sample, self.longest, self.room)


KNOWN_SLOTS = ("UserProfile", "DialogHistory")


def known_text(opening: Sequence[Message]) -> str:
    """Return what the first prompt tells of the user: core memory and the last hour."""
    return "\n".join(text for name, text in opening[-1].slots if name in KNOWN_SLOTS)
