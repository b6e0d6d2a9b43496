"""How faithfully is a person remembered? Three hand-written conversations, 60 facts, and what must not be remembered.

    python -m lab.fidelity [--model embedded] [--missed]

Each conversation is replayed into a fresh user and its sessions are closed. Only core, semantic and procedural memories
count (topics and raw turns hold every word anyway). A current fact is held if a current memory says it; one that was
overtaken is held if a memory says it and no current one does. A forbidden thing is a fault if a current memory says it.
Words decide, not a model: see `data/README.md`. `quoted` says how much of the user's own words the memories keep, since
keeping every sentence whole would hold every fact.

Whoever writes extraction rules should look at the figures only: `--missed` names the facts, and rules written for them
would make the measure worthless.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from personavlm.datasets import Fact, Forbidden, Imported, OwnConversation, own
from personavlm.memory import Memory, State

DATA = Path(__file__).resolve().parent.parent / "data" / "fidelity"
COUNTED = ("core", "semantic", "procedural")


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


def remembered(conversation: OwnConversation, model: str) -> State:
    """Return what an assistant holds after living through a conversation and closing its last session."""
    from personavlm.assistant import Assistant, Kit
    from personavlm.models.loading import load_model
    from personavlm.replay import replay
    from personavlm.store import Store

    loaded, kit = load_model(model), Kit.load(None)
    with tempfile.TemporaryDirectory() as home:
        imported = Imported((conversation.dialogue,))
        replay(Path(home), imported, lambda store: Assistant(store, loaded, kit=kit))
        with Store.open(Path(home), conversation.dialogue.user) as store:
            return store.state()


def main() -> int:
    """Print the figures, and what was missed or wrongly kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--missed", action="store_true", help="name what was missed (not for writers of rules)")
    given = parser.parse_args()
    verdicts = []
    for path in sorted(DATA.glob("*.json")):
        conversation = own(path)
        verdict = judge(conversation, remembered(conversation, given.model))
        verdicts.append(verdict)
        print(f"{path.stem}: {len(verdict.held)} of {len(conversation.facts)} held", file=sys.stderr)
        for fact in verdict.missed if given.missed else ():
            print(f"  missed  {fact.id:5} {fact.type:10} {fact.text}{'' if fact.current else ' (overtaken)'}")
        for one in verdict.faults if given.missed else ():
            print(f"  fault   {one.id:5} {one.why}")
    print(json.dumps(summary(verdicts)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
