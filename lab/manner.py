"""Does one reply's manner suit a person whose traits are known? On a benchmark whose truth lies beside it.

    python -m lab.manner BENCH …      BENCH as ``personavlm synth bench`` writes it  -> one JSON object

``alone``: each reply is judged by itself, as the benchmark asks. ``pair``: which of the two suits better. Percents with
95 % bootstrap intervals over persons. With the true traits: how well they are read is another question.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from personavlm.bench.scores import share
from personavlm.datasets.personamme import personamme
from personavlm.embedded.choice_manner import suits
from personavlm.encoders import TextEncoder
from personavlm.encoders.text import load_text_encoder
from personavlm.worlds.kept import read_world
from personavlm.worlds.truth import traits_at


def measure(folder: Path, encoder: TextEncoder) -> dict[str, Any]:
    """Return both figures on one benchmark."""
    alone: list[tuple[str, float]] = []
    pair: list[tuple[str, float]] = []
    for person in personamme(folder).persons:
        world = read_world(person.folder)
        for question in (q for q in person.questions if q.chosen and q.rejected):
            traits = dict(traits_at(world.person, question.at.replace(tzinfo=world.person.start.tzinfo)))
            fits, clashes = (suits(reply, traits, encoder) for reply in (question.chosen, question.rejected))
            alone += [(person.id, float(fits > 0)), (person.id, float(clashes <= 0))]
            pair.append((person.id, float(fits > clashes)))
    return {"alone": share(alone).plain(), "pair": share(pair).plain()}


def main(words: list[str]) -> int:
    """Measure and print."""
    if not words:
        print(__doc__, file=sys.stderr)
        return 2
    encoder = load_text_encoder()
    print(json.dumps({Path(word).name: measure(Path(word), encoder) for word in words}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
