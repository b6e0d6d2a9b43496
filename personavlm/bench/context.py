"""Systems that read the talk itself: the whole of it, or the few messages nearest to the question.

    full   every turn by the question's time in the prompt, the oldest left out beyond a token budget
    rag5   the five nearest messages of either side, by MiniLM alone: the paper's retrieval baseline

Neither learns anything: no memory is made and no profile moves; besides, the model is shown what is known of the person
at first. Pictures of the past are told by their captions. A ``Finder`` says which messages are nearest, so that any
other store of messages can take MiniLM's place.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

import numpy as np

from personavlm.assistant import Kit
from personavlm.bench.replays import bytes_of
from personavlm.bench.systems import Ready, answer_once, asked
from personavlm.bench.values import Case, Person, Talk
from personavlm.datasets.dialogue import Caption, Dialogue, GivenTurn, Said
from personavlm.encoders import TextEncoder, Vectors
from personavlm.errors import BadInput
from personavlm.files import write_atomically
from personavlm.memory import Memory
from personavlm.models import Model
from personavlm.personality import NEUTRAL
from personavlm.prompts.respond import Context
from personavlm.prompts.text import Exchange
from personavlm.trace import Hit, Picture, Quote, Scores, Trace, Turn, digest
from personavlm.update import keyed_memory

FULL_TOKENS = 120_000
"""Room for the talk in full context (tokens, four characters each): a 128k window less the question and the reply."""
TOP_MESSAGES = 5


@dataclass(frozen=True, slots=True)
class FullContext:
    """The whole talk in the prompt; beyond ``tokens`` the oldest turns are left out, and the prompt says so.

    The turns, each with its date, fill the slot that holds the last hour otherwise, under the heading it has.
    """

    model: Model
    kit: Kit
    tokens: int = FULL_TOKENS
    name: str = "full"

    @contextmanager
    def prepare(self, person: Person, home: Path) -> Iterator[Ready]:  # noqa: ARG002  nothing is kept
        """Read the talk. Raises ``BadInput`` if it is damaged or empty."""
        yield with_whole_talk(person, self.kit, self.tokens, lambda seen, kit: answer_once(seen, (), self.model, kit))


def with_whole_talk(person: Person, kit: Kit, tokens: int, answer: Callable[[Context, Kit], Trace]) -> Ready:
    """Return a person who is asked with all that was said by the question's time, ``tokens`` of it at most.

    Raises ``BadInput`` if the talk is damaged or empty.
    """
    talk = talk_of(person)
    core, said = core_of(talk), exchanges(talk.dialogue)
    roomy = replace(kit, budget=replace(kit.budget, history=tokens))

    def ask(case: Case) -> Trace:
        known = tuple(one for one in said if one.turn.time <= case.at)
        return answer(Context(asked(case), core, NEUTRAL, known), roomy)

    return Ready(ask, len(said))


Found = tuple[int, float]
"""A message's place in the talk, and how near it is in [0, 1]."""
Find = Callable[[str, datetime, int], Sequence[Found]]
"""From a question, its time and k to at most k messages said by then, nearest first."""


class Finder(Protocol):
    """A store of messages that can be searched."""

    def open(self, said: Sequence[Said], folder: Path) -> AbstractContextManager[Find]:
        """Take messages in, or find them in ``folder``, and open them for questions. The folder is this talk's own."""
        ...


@dataclass(frozen=True, slots=True)
class TopMessages:
    """The few messages nearest to the question in the prompt, in the order in which they were said."""

    model: Model
    kit: Kit
    finder: Finder
    k: int = TOP_MESSAGES
    name: str = "rag5"

    @contextmanager
    def prepare(self, person: Person, home: Path) -> Iterator[Ready]:
        """Take the talk's messages in. Raises ``BadInput`` if it is damaged or empty."""
        talk = talk_of(person)
        core, said = core_of(talk), messages(talk.dialogue)
        folder = home / self.name / digest([person.data, self.kit.encoder.name])[:8] / talk.dialogue.user
        folder.mkdir(parents=True, exist_ok=True)
        with self.finder.open(said, folder) as find:

            def ask(case: Case) -> Trace:
                found = sorted(find(case.text, case.at, self.k))
                hits = [_as_hit(said[place], score) for place, score in found]
                return answer_once(Context(asked(case), core, NEUTRAL, ()), hits, self.model, self.kit)

            yield Ready(ask, len(talk.dialogue.turns), bytes=bytes_of(folder))


@dataclass(frozen=True, slots=True)
class Nearest:
    """Messages by the cosine of their words with the question, every one compared; vectors are kept in the folder."""

    encoder: TextEncoder

    @contextmanager
    def open(self, said: Sequence[Said], folder: Path) -> Iterator[Find]:
        """Encode messages, or read their vectors."""
        vectors = self._vectors(said, folder / "vectors.npy")

        def find(text: str, at: datetime, k: int) -> list[Found]:
            cosines = vectors @ self.encoder.encode([text])[0]
            cosines[[one.time > at for one in said]] = -np.inf
            best = np.argsort(-cosines, kind="stable")[:k]
            return [(int(i), max(0.0, float(cosines[i]))) for i in best if np.isfinite(cosines[i])]

        yield find

    def _vectors(self, said: Sequence[Said], path: Path) -> Vectors:
        if path.is_file():
            kept: Vectors = np.load(path)
            return kept
        made = self.encoder.encode([searched(one) for one in said])
        packed = io.BytesIO()
        np.save(packed, made)
        write_atomically(path, packed.getvalue())
        return made


# ── from a talk ──────────────────────────────────────────────────────────────────────────────────────────────────


def talk_of(person: Person) -> Talk:
    """Return a person's talk. Raises ``BadInput`` if it is damaged or holds no turns."""
    talk = person.source.talk(person.id.replace("/", "-"))
    if not talk.dialogue.turns:
        raise BadInput(f"The talk of {person.id} holds no turns.", "write it again, or leave it out.")
    return talk


def core_of(talk: Talk) -> tuple[Memory, ...]:
    """Return what is known of the person at first, as core memory."""
    start = talk.dialogue.turns[0].time
    return tuple(
        keyed_memory(f"c0_{n}", "core", key, value, start, (), "human")
        for n, (key, value) in enumerate(talk.human, start=1)
        if value.strip()
    )


def exchanges(dialogue: Dialogue) -> tuple[Exchange, ...]:
    """Return a dialogue's turns as they stand in a prompt, numbered from t1."""
    return tuple(
        Exchange(Turn(f"t{n}", turn.time, turn.text, _pictures(turn)), turn.reply)
        for n, turn in enumerate(dialogue.turns, start=1)
    )


def _pictures(turn: GivenTurn) -> tuple[Picture, ...]:
    return tuple(Picture("", caption=one.text if isinstance(one, Caption) else "") for one in turn.pictures)


def messages(dialogue: Dialogue) -> tuple[Said, ...]:
    """Return what either side said, in order; a reply has its turn's time and ``r`` behind its id."""
    said: list[Said] = []
    for n, turn in enumerate(dialogue.turns, start=1):
        caption = "; ".join(one.text for one in turn.pictures if isinstance(one, Caption))
        said.append(Said(True, turn.text, turn.time, f"t{n}", caption))
        if turn.reply.strip():
            said.append(Said(False, turn.reply, turn.time, f"t{n}r"))
    return tuple(said)


def searched(said: Said) -> str:
    """Return the text by which a message is found."""
    return f"{said.text} [{said.caption}]" if said.caption else said.text


def _as_hit(said: Said, score: float) -> Hit:
    user, assistant = (said.text, "") if said.by_user else ("", said.text)
    captions = (said.caption,) if said.caption else ()
    quote = Quote(said.id, said.time, user, assistant, score, captions)
    return Hit(said.id, "turn", said.time, said.text, Scores(score), "near", (said.id,), (quote,))
