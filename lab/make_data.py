"""Make what `data/` takes from other people's data sets, so that its origin can be checked.

    python -m lab.make_data LAPS_FILE DREAMBOOTH_FOLDER            writes data/demo and data/pictures
    python -m lab.make_data LAPS_FILE DREAMBOOTH_FOLDER --check    says whether the shipped files are what it writes

LAPS_FILE is `recipe_dataset_train.json` of LAPS (MIT), DREAMBOOTH_FOLDER the photographs of DreamBooth (CC BY 4.0),
longest side 512 pixels. The output is the same bytes each time. The worker was chosen by reading: nothing in these
sessions touches health. What was written by hand is read and checked on the way. `lab.make_worlds` makes the rest.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from personavlm.datasets import Dialogue, laps, laps_dialogue, own

DATA = Path(__file__).resolve().parent.parent / "data"
DEMO, PICTURES = "demo/laps_cook.json", "pictures"

WORKER = 3
"""Place of the chosen worker in the file, from 0; the id itself is not read."""
STARTS = (
    datetime(2025, 3, 3, 18, 10, tzinfo=UTC),
    datetime(2025, 3, 9, 8, 5, tzinfo=UTC),
    datetime(2025, 3, 15, 12, 20, tzinfo=UTC),
)
"""Dates of the three sessions: ours, the data set has none."""

UNKNOWN = ["haven't told", "have not told", "didn't tell", "don't know", "do not know", "not mentioned", "never told"]
QUESTIONS: tuple[tuple[str, list[list[str]], list[str]], ...] = (
    ("Which cuisine is my specialty?", [["italian"]], ["t7"]),
    ("Have I ever taken cooking classes?", [["yes", "taken classes", "cooking classes"]], ["t6"]),
    ("What do I use to give my cooking some kick?", [["spices", "spicy"]], ["t7"]),
    ("Which pasta shape did I ask a recipe for?", [["rigatoni"]], ["t3"]),
    ("Why did I want to try a new dinner recipe?", [["different ingredients", "more interesting"]], ["t9"]),
    ("What did I have in mind for breakfast?", [["eggs"]], ["t12"]),
    ("What do I often have for lunch?", [["burgers", "burger"]], ["t19"]),
    ("What did I like most about the burger recipe?", [["maple butter"]], ["t21"]),
)
"""Text, what a right answer says, and the turns it rests on."""

PHOTOS: tuple[tuple[str, str, str], ...] = (
    ("biscuit-1.jpg", "dog3/00.jpg", "Yael Pritch"),
    ("biscuit-2.jpg", "dog3/03.jpg", "Yael Pritch"),
    ("biscuit-3.jpg", "dog3/02.jpg", "Yael Pritch"),
    ("duck-1.jpg", "duck_toy/00.jpg", "Nataniel Ruiz"),
    ("duck-2.jpg", "duck_toy/02.jpg", "Nataniel Ruiz"),
    ("husky-toy.jpg", "wolf_plushie/02.jpg", "Nataniel Ruiz"),
    ("husky-toy-2.jpg", "wolf_plushie/03.jpg", "Nataniel Ruiz"),
    ("sneaker.jpg", "shiny_sneaker/03.jpg", "Nataniel Ruiz"),
    ("monster-1.jpg", "monster_toy/04.jpg", "Varun Jampani"),
    ("monster-2.jpg", "monster_toy/03.jpg", "Varun Jampani"),
    ("car-1.jpg", "rc_car/03.jpg", "Varun Jampani"),
    ("car-2.jpg", "rc_car/02.jpg", "Varun Jampani"),
)
"""Name here, name in DreamBooth, who took it. Only photographs by the set's authors."""


def main() -> int:
    """Write the files, or compare them; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("laps", type=Path, metavar="LAPS_FILE")
    parser.add_argument("dreambooth", type=Path, metavar="DREAMBOOTH_FOLDER")
    parser.add_argument("--check", action="store_true", help="write nothing, say what differs")
    given = parser.parse_args()
    made = {DEMO: demo(given.laps)} | pictures(given.dreambooth)
    for name in made if not given.check else ():
        (DATA / name).parent.mkdir(parents=True, exist_ok=True)
        (DATA / name).write_bytes(made[name])
    different = [name for name, content in made.items() if _bytes(DATA / name) != content]
    for path in hand_written():
        own(path)
    print(f"{len(made)} files made from LAPS and DreamBooth, {len(different)} differ: {', '.join(different) or 'none'}")
    print(f"{len(hand_written())} hand-written conversations read without complaint")
    return 1 if different else 0


def demo(path: Path) -> bytes:
    """Return the demo conversation: the chosen worker's sessions as typed, with assigned dates and our questions."""
    worker = laps(path).workers[WORKER]
    dialogue = laps_dialogue(worker.sessions, STARTS, "Cook")
    asked = dialogue.turns[-1].time + timedelta(days=1)
    whole = {
        "format": "personavlm.conversation/1",
        "title": "Three sessions with a home cook",
        "origin": "One worker of LAPS (Joko et al., SIGIR 2024), text as typed; id dropped; dates, questions ours",
        "licence": "MIT (LAPS-LICENSE)",
        "assigned_dates": True,
        "user": dialogue.user,
        "assistant": dialogue.assistant,
        "turns": turns(dialogue),
        "questions": [_question(number, asked) for number in range(1, len(QUESTIONS) + 2)],
    }
    return (json.dumps(whole, indent=1, ensure_ascii=False) + "\n").encode()


def turns(dialogue: Dialogue) -> list[dict[str, Any]]:
    """Return a dialogue's turns in our format, each with the LAPS messages it was made of."""
    return [
        {"id": f"t{n}", "time": t.time.isoformat(), "text": t.text, "reply": t.reply, "from": t.source}
        for n, t in enumerate(dialogue.turns, start=1)
    ]


def _question(number: int, asked: datetime) -> dict[str, Any]:
    frame = {"id": f"q{number}", "at": asked.isoformat()}
    if number > len(QUESTIONS):  # one that the sessions do not answer
        expected = {"contains": [UNKNOWN], "lacks": []}
        return frame | {"text": "What is my favourite dessert?", "expected": expected, "evidence": [], "unknown": True}
    text, contains, evidence = QUESTIONS[number - 1]
    return frame | {"text": text, "expected": {"contains": contains, "lacks": []}, "evidence": evidence}


def pictures(folder: Path) -> dict[str, bytes]:
    """Return the photographs, unchanged, and the list of where each comes from."""
    content = {name: (folder / source).read_bytes() for name, source, _ in PHOTOS}
    index = [
        {
            "file": name,
            "source": f"DreamBooth dataset/{source}, https://github.com/google/dreambooth",
            "photographer": photographer,
            "licence": "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/",
            "changes": "longest side 512 pixels",
            "sha256": hashlib.sha256(content[name]).hexdigest(),
        }
        for name, source, photographer in PHOTOS
    ]
    listed = (json.dumps(index, indent=1, ensure_ascii=False) + "\n").encode()
    return {f"{PICTURES}/{name}": data for name, data in content.items()} | {f"{PICTURES}/pictures.json": listed}


def hand_written() -> list[Path]:
    """Return the conversations under `data/` that somebody wrote."""
    return sorted(path for folder in ("story", "fidelity") for path in (DATA / folder).glob("*.json"))


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
