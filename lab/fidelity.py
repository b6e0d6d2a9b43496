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

from personavlm.assistant import Kit
from personavlm.datasets import own
from personavlm.evals.handwritten import DATA, judge, remembered, summary
from personavlm.models.loading import load_model


def main() -> int:
    """Print the figures, and what was missed or wrongly kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--missed", action="store_true", help="name what was missed (not for writers of rules)")
    given = parser.parse_args()
    model, kit = load_model(given.model), Kit.load(None)
    verdicts = []
    for path in sorted(DATA.glob("*.json")):
        conversation = own(path)
        verdict = judge(conversation, remembered(conversation, model, kit))
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
