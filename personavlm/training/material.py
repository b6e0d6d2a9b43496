"""Material: what stage 0 reads, made from a seed: dialogues, picture descriptions and drills.

    further training persons ──> sessions as they stand in prompts (every token trained)
                             ├──> pictures, described and asked about            ──> Rendered examples
    drills ──────────────────┴──> conversations (answers trained)

The persons are numbered from ``FURTHER`` on, so that none of them is in the training set of the same seed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import partial
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from personavlm.files import write_atomically
from personavlm.models import ImagePart, Message
from personavlm.prompts.text import stamp
from personavlm.training.corpus import Progress, Rendered
from personavlm.training.drills import drills
from personavlm.training.rendering import Example, picture_tokens, render
from personavlm.worlds.make import make_world
from personavlm.worlds.pictures.album import data_of
from personavlm.worlds.truth import facts
from personavlm.worlds.values import Shot, World, WorldSession

FURTHER = 10_000
"""Number of the first person of stage 0."""
LENGTHS = (1, 1, 1, 2, 2, 3, 4, 6, 8)
"""Lines, options or words of drills; the short ones, on which reading begins, are the most."""
PIECE = 700
"""Characters of a dialogue in one example at most, whole turns."""

person = partial(make_world, half="train", setting="train")


def read_material(
    processor: Any, folder: Path, seed: int, persons: int, drilled: int, progress: Progress = lambda *_: None
) -> Iterator[Rendered]:
    """Yield stage 0: ``persons`` further persons' examples and ``drilled`` drills; pictures go to ``folder``."""
    values: list[str] = []
    for number in range(persons):
        world = person(seed, number=FURTHER + number)
        values += _values(world)
        yield from (_document(processor, text) for session in world.sessions for text in _pieces(world, session))
        yield from (one for shot in world.shots for one in picture_examples(processor, folder, shot, seed))
        progress("persons read", number + 1, persons)
    yield from read_drills(processor, seed, drilled, values)


def read_drills(
    processor: Any, seed: int, count: int, values: Sequence[str] = (), unseen: bool = False
) -> Iterator[Rendered]:
    """Yield ``count`` rendered drills, all kinds and lengths in turn."""
    for one in islice(drills(seed, LENGTHS, values, unseen), count):
        yield Rendered(one.kind, render(processor, one.messages, {}))


def picture_examples(processor: Any, folder: Path, shot: Shot, seed: int) -> Iterator[Rendered]:
    """Yield what can be asked about a shot: what it shows, and the colour of each of its things that is there once."""
    data = data_of(shot)
    path = f"images/{sha256(data).hexdigest()[:20]}.jpg"
    if not (folder / path).is_file():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / path, data)
    part = ImagePart(path, data, "image/jpeg")
    costs = {path: picture_tokens(processor, part)}
    categories = [seen.category for seen in shot.seen]
    asked = [("What does it show?", shot.caption)] if shot.caption else []
    asked += [
        (f"What colour is the {seen.category}?", seen.colour)
        for seen in shot.seen
        if seen.colour and categories.count(seen.category) == 1
    ]
    random.Random(f"{seed}/{path}").shuffle(asked)
    for question, answer in asked:
        messages = (Message("user", (part, question)), Message("assistant", (answer,)))
        yield Rendered("picture", render(processor, messages, costs))


def _values(world: World) -> Iterator[str]:
    """Values of a life that are a few words."""
    return (fact.value for fact in facts(world.person) if 0 < len(fact.value) < 24)


def _pieces(world: World, session: WorldSession) -> Iterator[str]:
    """A session's turns as prompts show them, in pieces of whole turns."""
    turns = {turn.id: turn for turn in world.turns}
    piece = ""
    for id_ in session.turns:
        turn = turns[id_]
        shown = "[picture]\n" * len(turn.shots)
        block = f"[{id_}] {stamp(turn.time)}\nuser: {shown}{turn.text}\nassistant: {turn.reply}\n\n"
        if piece and len(piece) + len(block) > PIECE:
            yield piece
            piece = ""
        piece += block
    yield piece


def _document(processor: Any, text: str) -> Rendered:
    tokenizer = processor.tokenizer
    ids = [*tokenizer(text.rstrip(), add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
    return Rendered("dialogue", Example(np.array(ids, np.int32), np.ones(len(ids), np.bool_)))
