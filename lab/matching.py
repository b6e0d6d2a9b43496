"""How often is the matcher wrong? Hand-written memories against facts, a third of the facts held back.

    python -m lab.matching [--wrong]

Two figures for the part that the rules were written with, and two for the part held back: how often the decision that
recall rests on is wrong, whether the memory states the fact; and how often the verdict is another than the one written
down, of eight. ``--wrong`` names the wrong ones of the building part only.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from personavlm.memory import Memory
from personavlm.scoring import RELATIONS, Claim, Relation, match

PAIRS = Path(__file__).resolve().parent.parent / "data" / "matching" / "pairs.json"


@dataclass(frozen=True, slots=True)
class Pair:
    """One memory, one fact, and how they stand to each other."""

    claim: Claim
    memory: Memory
    relation: Relation
    held: bool


def pairs(path: Path = PAIRS) -> Iterator[Pair]:
    """Yield all pairs of the file."""
    for row in json.loads(path.read_text("utf-8"))["claims"]:
        claim = _claim(row["claim"])
        for number, one in enumerate(row["memories"]):
            yield Pair(claim, _memory(one, f"m{number}", claim), _relation(one["verdict"]), row["held"])


def _claim(row: dict[str, Any]) -> Claim:
    given: dict[str, Any] = dict(row)
    given["since"] = datetime.fromisoformat(f"{row['since']}T12:00+00:00")
    return Claim(**given | {key: tuple(row.get(key, ())) for key in ("called", "also")})


def _memory(row: dict[str, Any], name: str, claim: Claim) -> Memory:
    since = datetime.fromisoformat(f"{row['since']}T12:00+00:00") if "since" in row else claim.since
    assert since
    fields = {key: row[key] for key in ("attribute", "value", "polarity") if key in row}
    return Memory(name, "semantic", row["text"], since, ("t1",), **fields)


def _relation(text: str) -> Relation:
    return next(one for one in RELATIONS if one == text)


def summary(found: Sequence[Pair]) -> dict[str, Any]:
    """Return both errors in percent of the pairs, with counts."""
    verdicts = [(pair, match(pair.memory, pair.claim)) for pair in found]
    wrong = [pair for pair, verdict in verdicts if verdict.relation != pair.relation]
    misjudged = [pair for pair, verdict in verdicts if verdict.states != (pair.relation == "same")]
    return {
        "n": len(found),
        "facts": len({pair.claim for pair in found}),
        "states_wrong": len(misjudged),
        "states_error": round(100 * len(misjudged) / len(found), 1),
        "verdict_wrong": len(wrong),
        "verdict_error": round(100 * len(wrong) / len(found), 1),
    }


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wrong", action="store_true", help="name the wrong verdicts of the building part")
    given = parser.parse_args()
    everything = list(pairs())
    for pair in everything if given.wrong else ():
        found = match(pair.memory, pair.claim).relation
        if not pair.held and found != pair.relation:
            print(
                f"{pair.relation:13} taken for {found:13} {pair.claim.text!r} <- {pair.memory.text!r}", file=sys.stderr
            )
    parts = {"built with": [p for p in everything if not p.held], "held back": [p for p in everything if p.held]}
    print(json.dumps({name: summary(part) for name, part in parts.items()}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
