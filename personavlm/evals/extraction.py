"""Extraction: what the update stage remembers of LAPS sessions, against what people noted of themselves.

    user: I'm vegan, and I have about 30 minutes      noted: diet_requirements vegan, time_availability 30 minutes
    remembered: diet_requirements "vegan", time_availability "about 30 minutes"  ->  precision 1/2, recall 1/2

Every session is replayed by itself, as a user's first: the notes are per session, and what is known already is rightly
not remembered again. Counted are the semantic, core and procedural memories made from it; raw turns and topics are
not, nor is the name a user is created with, which rests on no turn.
Category and value must be equal in lower case with punctuation as spaces. Beside it stands the baseline that keeps
every turn whole. Source: LAPS (Joko et al., SIGIR 2024).
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from personavlm.assistant import Assistant, Kit
from personavlm.datasets.dialogue import Dialogue, Imported
from personavlm.datasets.laps import LapsSession, laps, laps_dialogue
from personavlm.memory import Memory
from personavlm.models import Model
from personavlm.replay import replay
from personavlm.store import Store

Progress = Callable[[str, int, int], None]
START = datetime(2025, 1, 6, 18, 0, tzinfo=UTC)
"""The set has no dates: every session is told to begin here."""


def normal(text: str) -> str:
    """Return a text as it is compared: lower case, punctuation as spaces."""
    return " ".join(re.sub(r"[^\w\s]", " ", text.lower()).split())


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts that add up over sessions."""

    noted: int = 0
    """(category, value) pairs noted by the person, each once per session."""
    remembered: int = 0
    """(category, value) pairs of memories, each once per session."""
    right: int = 0
    memories: int = 0
    found: int = 0
    """Noted values that stand as whole words in the text of a memory."""
    found_whole: int = 0
    """Noted values that stand as whole words in what the user typed."""
    kept: int = 0
    """Words in the texts of memories."""
    typed: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, n) + getattr(other, n) for n in self.__slots__))


@dataclass(frozen=True, slots=True)
class ExtractionResult:
    """What ``eval extraction`` prints; figures in percent but for ratios."""

    counts: Counts
    sessions: int

    @property
    def precision(self) -> float:
        """Share of memories whose category and value were noted."""
        return _percent(self.counts.right, self.counts.remembered)

    @property
    def recall(self) -> float:
        """Share of noted pairs that are remembered with category and value."""
        return _percent(self.counts.right, self.counts.noted)

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        return _percent(2 * self.counts.right, self.counts.remembered + self.counts.noted)

    def plain(self) -> dict[str, object]:
        """Return the figures under the names of the CLI contract."""
        c = self.counts
        return {
            "precision": round(self.precision, 1),
            "recall": round(self.recall, 1),
            "f1": round(self.f1, 1),
            "value_recall": round(_percent(c.found, c.noted), 1),
            "words_kept": round(c.kept / max(1, c.typed), 3),
            "memories_per_gold": round(c.memories / max(1, c.noted), 2),
            "n": c.noted,
            "sessions": self.sessions,
            "whole turns": {"value_recall": round(_percent(c.found_whole, c.noted), 1), "words_kept": 1.0},
        }


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0


def counted(noted: Iterable[tuple[str, str]], memories: Sequence[Memory], typed: Sequence[str]) -> Counts:
    """Return one session's counts."""
    gold = {(category.lower(), normal(value)) for category, value in noted}
    made = {(m.attribute.lower(), normal(m.value)) for m in memories}
    texts = [f" {normal(m.text)} " for m in memories]
    whole = [f" {normal(text)} " for text in typed]
    return Counts(
        noted=len(gold),
        remembered=len(made),
        right=len(gold & made),
        memories=len(memories),
        found=sum(any(f" {value} " in text for text in texts) for _, value in gold),
        found_whole=sum(any(f" {value} " in text for text in whole) for _, value in gold),
        kept=sum(len(text.split()) for text in texts),
        typed=sum(len(text.split()) for text in whole),
    )


def evaluate(
    path: Path,
    model: Model,
    kit: Kit,
    progress: Progress = lambda _what, _done, _all: None,
    workers: frozenset[int] | None = None,
) -> ExtractionResult:
    """Return how well a LAPS file's sessions are remembered; ``workers`` keeps to those places in the file.

    Users live in a folder that is removed afterwards. Raises ``BadInput`` for a file of another shape.
    """
    sessions = [s for s in laps(path).sessions if workers is None or s.worker in workers]
    total = Counts()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for number, session in enumerate(sessions, start=1):
            total += _session(Path(folder), session, model, kit)
            progress("sessions", number, len(sessions))
    return ExtractionResult(total, len(sessions))


def _session(home: Path, session: LapsSession, model: Model, kit: Kit) -> Counts:
    user = f"laps-{session.worker}-{session.number}"
    dialogue: Dialogue = laps_dialogue([session], [START], user)
    typed = [message.text for message in session.messages if message.by_user]
    if not dialogue.turns:
        return counted(session.preferences, (), typed)
    replay(home, Imported((dialogue,)), lambda store: Assistant(store, model, kit=kit))
    with Store.open(home, user) as store:
        memories = tuple(m for m in store.state().all("semantic", "core", "procedural") if m.evidence)
    return counted(session.preferences, memories, typed)
