"""Isolation: many users of one process, one model and one encoder, talking at once, each with words nobody else has.

    python -m lab.trust.isolation [--users 12] [--rounds 4] [--seed 1]

Every user says things with their own unheard-of words and asks about the others' by name. The model repeats all it
sees, so what reaches a wrong prompt comes out. Looked for are foreign words in every prompt, record, job, memory, file
and exported archive of every user.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lab.trust.lives import parrot
from personavlm.archive import pack
from personavlm.assistant import Assistant, Kit, create_user
from personavlm.models import Completion, Message, Sampling
from personavlm.store import Store
from personavlm.trace import canonical
from tests.fakes import kit as stand_ins

START = datetime(2025, 3, 3, 9, tzinfo=UTC)
SYLLABLES = ("ba", "de", "fi", "go", "lu", "ma", "ne", "pi", "ro", "su", "ta", "ve", "wi", "zo")


class Overheard:
    """The parrot, and every prompt that one user's assistant gave it."""

    name = "parrot, overheard"

    def __init__(self) -> None:
        self._parrot = parrot()
        self.prompts: list[str] = []

    def complete(self, messages: Sequence[Message], sampling: Sampling) -> Completion:
        """Repeat, and keep the prompt."""
        self.prompts += [message.text for message in messages]
        return self._parrot.complete(messages, sampling)


def main(arguments: list[str] | None = None) -> None:
    """Run the campaign and print its figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    result = campaign(options.users, options.rounds, options.seed, stand_ins())
    json.dump(vars(options) | result, sys.stdout, indent=1)
    sys.exit(bool(result["leaks"]))


def campaign(users: int, rounds: int, seed: int, kit: Kit) -> dict[str, Any]:
    """Return how many texts were searched for foreign words, and where one was found."""
    words = secret_words(users, random.Random(seed))
    searched, leaks = 0, list[str]()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        models = [Overheard() for _ in words]
        failed: list[BaseException] = []

        def live(number: int) -> None:
            try:
                _live(home, number, words, models[number], kit, rounds)
            except BaseException as error:  # a thread has no caller
                failed.append(error)

        threads = [threading.Thread(target=live, args=(number,)) for number in range(users)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed:
            raise failed[0]
        for number, model in enumerate(models):
            foreign = {word for other, word in enumerate(words) if other != number}
            for where, text in _everything(home, number, model):
                searched += 1
                leaks += [f"user {number}, {where}: {word}" for word in foreign if word in text]
    return {"texts": searched, "leaks": leaks}


def secret_words(users: int, rng: random.Random) -> list[str]:
    """Return one word per user that is in no dictionary, none within another."""
    return ["q" + "".join(rng.choices(SYLLABLES, k=4)) + f"x{number:02}" for number in range(users)]


def _live(home: Path, number: int, words: Sequence[str], model: Overheard, kit: Kit, rounds: int) -> None:
    with create_user(home, f"User {number}", START) as store:
        assistant = Assistant(store, model, kit=kit)
        for turn in range(rounds):
            time = START + timedelta(minutes=50 * turn)
            other = (number + turn + 1) % len(words)
            assistant.say(time, f"My sister lives in {words[number]} and I like tea, round {turn}.")
            assistant.say(time, f"Where does the sister of User {other} live?")
            assistant.flush()
        assistant.tick(START + timedelta(days=1))


def _everything(home: Path, number: int, model: Overheard) -> Iterator[tuple[str, str]]:
    yield from (("prompt", prompt) for prompt in model.prompts)
    with Store.open(home, f"User {number}") as store:
        yield from (("record", canonical(row.value)) for row in store.rows())
        yield from (("job", job.note) for job in store.jobs())
        yield "state", "\n".join(memory.text for memory in store.state().all())
        archive = home / f"{number}.zip"
        pack(store, archive)
        folder = store.folder
    with zipfile.ZipFile(archive) as members:
        yield from ((f"export {name}", members.read(name).decode("latin-1")) for name in members.namelist())
    yield from ((path.name, path.read_bytes().decode("latin-1")) for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
