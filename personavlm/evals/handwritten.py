"""The hand-written conversations: 60 facts and what must not be remembered, judged by words alone.

A current fact is held if a current memory says it; one that was overtaken is held if a memory says it and no current
one does. A forbidden thing is a fault if a current memory says it. Their figures stand beside the worlds', so that
fitting the worlds' grammar shows. Only core, semantic and procedural memories count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from personavlm.assistant import Assistant, Kit
from personavlm.datasets import Fact, Forbidden, Imported, OwnConversation, own
from personavlm.memory import Memory, State
from personavlm.models import Model
from personavlm.replay import replay
from personavlm.scoring.facts import COUNTED
from personavlm.store import Store

DATA = Path(__file__).resolve().parent.parent.parent / "data" / "fidelity"
"""In a checkout; an installed package has none."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One conversation's facts and forbidden things against a state."""

    held: tuple[Fact, ...]
    missed: tuple[Fact, ...]
    faults: tuple[Forbidden, ...]
    words_kept: int
    words_said: int


def judge(conversation: OwnConversation, state: State) -> Verdict:
    """Return which facts a state holds, which it misses, and which forbidden things it remembers."""
    memories = list(state.all(*COUNTED))
    current = [memory for memory in memories if memory.status == "current"]
    held = tuple(fact for fact in conversation.facts if holds(fact, memories, current))
    faults = tuple(one for one in conversation.forbidden if any(one.expected.met_by(spoken(m)) for m in current))
    return Verdict(
        held,
        tuple(fact for fact in conversation.facts if fact not in held),
        faults,
        sum(len(memory.text.split()) for memory in memories),
        sum(len(turn.text.split()) for turn in conversation.dialogue.turns),
    )


def holds(fact: Fact, memories: Sequence[Memory], current: Sequence[Memory]) -> bool:
    """Return whether memories hold a fact: a current one by a current memory, an overtaken one by older ones only."""
    now = says(fact, current)
    return now if fact.current else says(fact, memories) and not now


def says(fact: Fact, memories: Iterable[Memory]) -> bool:
    """Return whether one of these memories says a fact."""
    return any(fact.expected.met_by(spoken(memory)) for memory in memories)


def spoken(memory: Memory) -> str:
    """Return all that a memory says: its text, what it is about, and the value."""
    return f"{memory.text} {memory.attribute} {memory.value}"


def summary(verdicts: Sequence[Verdict]) -> dict[str, float | int | dict[str, str]]:
    """Return the figures: fidelity in percent of all facts, per type, faults and the share of words kept."""
    facts = [fact for verdict in verdicts for fact in (*verdict.held, *verdict.missed)]
    held = [fact for verdict in verdicts for fact in verdict.held]
    groups = {"overtaken": [f for f in facts if not f.current]} | {
        kind: [f for f in facts if f.current and f.type == kind] for kind in COUNTED
    }
    return {
        "n": len(facts),
        "held": len(held),
        "fidelity": round(100 * len(held) / len(facts), 1),
        "by_type": {name: f"{sum(f in held for f in group)}/{len(group)}" for name, group in groups.items()},
        "faults": sum(len(verdict.faults) for verdict in verdicts),
        "quoted": round(sum(v.words_kept for v in verdicts) / sum(v.words_said for v in verdicts), 2),
    }


def remembered(conversation: OwnConversation, model: Model, kit: Kit) -> State:
    """Return what an assistant holds after living through a conversation and closing its last session."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as home:
        replay(Path(home), Imported((conversation.dialogue,)), lambda store: Assistant(store, model, kit=kit))
        with Store.open(Path(home), conversation.dialogue.user) as store:
            return store.state()


def evaluate(model: Model, kit: Kit, folder: Path = DATA) -> dict[str, object] | None:
    """Return the figures of a folder of conversations; None if there are none."""
    conversations = [own(path) for path in sorted(folder.glob("*.json"))]
    verdicts = [judge(conversation, remembered(conversation, model, kit)) for conversation in conversations]
    return dict(summary(verdicts)) if verdicts else None
