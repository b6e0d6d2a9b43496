"""Multiple choice of the embedded model in three modes, written to lab/results/mcq_embedded.json.

    python -m lab.mcq BENCH SETTING HOME [LIMIT]    BENCH as ``personavlm synth bench`` writes it; HOME keeps the talks

Every mode is asked of the same persons; LIMIT keeps to the first so many of each setting.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, get_args

from lab.report import progress, write_json
from personavlm.assistant import Kit
from personavlm.embedded import Embedded
from personavlm.evals import mcq


def measure(bench: Path, setting: str, home: Path, limit: int | None) -> dict[str, Any]:
    """Return the figures of each mode by its name, with what they were measured on."""
    kit = Kit.load()
    model, settings = Embedded(kit.encoder), mcq.read_settings(setting)
    figures: dict[str, Any] = {"setting": setting, "limit": limit}
    for mode in get_args(mcq.Mode):
        figures[mode] = mcq.evaluate(bench, model, kit, home, settings, mode, limit, progress=progress).plain()
    return figures


def main(words: list[str]) -> int:
    """Run the three modes and write the result file."""
    if len(words) not in (3, 4):
        print(__doc__, file=sys.stderr)
        return 2
    bench, setting, home, *rest = words
    figures = measure(Path(bench), setting, Path(home), int(rest[0]) if rest else None)
    write_json("mcq_embedded.json", figures)
    print(json.dumps({mode: figures[mode]["overall_mcq"] for mode in get_args(mcq.Mode)}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
