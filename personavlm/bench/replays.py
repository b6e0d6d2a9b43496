"""Replays: talks lived through once, and shared by every run that differs in how questions are answered only.

    HOME/replay-3fa91c07/         one per data set, model, encoders, prompts, code and update-side Config: its key
        replay.json               what the key stands for
        users/…                   an ordinary home: one user per person, to be opened by the inspector as well

Some axes of ``Config`` matter only when a question is answered (period, fusion, limits …): they are no part of the key.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from filelock import FileLock

from personavlm.assistant import DEFAULT_CONFIG, Assistant, Config, Kit, create_user
from personavlm.bench.axes import axes_of
from personavlm.bench.provenance import code_digest
from personavlm.bench.values import Person
from personavlm.datasets.dialogue import Imported
from personavlm.errors import BadInput
from personavlm.files import write_atomically
from personavlm.models import Model
from personavlm.replay import replay
from personavlm.store import Store, users
from personavlm.trace import digest, plain

ANSWERING = frozenset({"period", "limits", "refill", "links", "fusion", "max_retrievals", "reasoning", "history"})
"""Axes of ``Config`` that no update depends on."""


def update_side(config: Config) -> dict[str, object]:
    """Return the axes of a Config that what is remembered depends on."""
    return {name: value for name, value in axes_of(config).items() if name not in ANSWERING}


def replay_of(data: str, model: Model, kit: Kit, config: Config = DEFAULT_CONFIG) -> Mapping[str, object]:
    """Return everything that the memories made of a data set depend on; its digest names the replay."""
    return {
        "data": data,
        "code": code_digest(),
        "model": model.name,
        "encoders": [kit.encoder.name, kit.pictures.name, type(kit.detector).__name__],
        "prompts": digest(dict(kit.prompts.templates)),
        "budget": plain(kit.budget),
        "config": update_side(config),
    }


@contextmanager
def lived(home: Path, person: Person, model: Model, kit: Kit, config: Config = DEFAULT_CONFIG) -> Iterator[Store]:
    """Open a person's store after their talk, lived through now or found so; a talk that was begun goes on.

    Two runs that want the same person at once wait for each other. Raises ``BadInput`` for a person whose talk is
    damaged or empty.
    """
    described = replay_of(person.data, model, kit, config)
    place = home / f"replay-{digest(described)[:8]}"
    if not (place / "replay.json").is_file():
        write_atomically(place / "replay.json", json.dumps(described, indent=1).encode())
    lock = place / "locks" / f"{person.id.replace('/', '-')}.lock"
    lock.parent.mkdir(exist_ok=True)
    with FileLock(lock):
        user = _live(place, person, model, kit, config)
    with Store.open(place, user) as store:
        yield store


def _live(place: Path, person: Person, model: Model, kit: Kit, config: Config) -> str:
    user = person.id.replace("/", "-")
    talk = person.source.talk(user)
    if not talk.dialogue.turns:
        raise BadInput(f"The talk of {person.id} holds no turns.", "write it again, or leave it out.")
    if user not in users(place):
        create_user(
            place, user, talk.dialogue.turns[0].time, dict(talk.human), {"name": talk.dialogue.assistant}
        ).close()
    replay(place, Imported((talk.dialogue,)), partial(_hurried, model, kit, config))
    return user


def _hurried(model: Model, kit: Kit, config: Config, store: Store) -> Assistant:
    """An assistant whose turns do not wait for the disk: a power cut costs a replay, which can be made again."""
    store.wait_for_no_disk()
    return Assistant(store, model, config, kit)


def bytes_of(folder: Path) -> int:
    """Return how many bytes a folder's files have."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
