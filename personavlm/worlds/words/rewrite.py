"""A second writer: a language model finds other words for what the grammar wrote, and is held to the facts.

    rewrite(world, model, Sampling()) ──> Rewritten(world with ``writer`` = the model's name, kept, refused)

A new text is taken only if every fact its turn tells is still in it, no look of a shown picture has come in, no aim or
leaning is said, its length is within reason, and it is one plain line; otherwise the grammar's words stay. Replies are
left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from personavlm.models import Message, Model, Sampling
from personavlm.worlds.truth import fact_of
from personavlm.worlds.values import Shot, Slot, World, WorldTurn
from personavlm.worlds.words.frames import own
from personavlm.worlds.words.telling import looks, spoken, tells

ASKED = """Rewrite this chat message in other words, as the same person would type it. Keep every fact, name, date,
time, place and reason exactly as it is; add no fact; do not describe any picture. Answer with the message alone.

Message: {text}"""

LONGEST, SHORTEST = 2.0, 0.5
"""A new text has at most and at least so many times the words of the old one."""

_WORD = re.compile(r"[\w'-]+")


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A world in a model's words, and how many of its turns were rewritten and how many stayed as they were."""

    world: World
    kept: int
    refused: int


def rewrite(world: World, model: Model, sampling: Sampling | None = None) -> Rewritten:
    """Let a model reword every user turn. Raises ``ModelUnavailable`` when the model cannot be asked."""
    turns = tuple(_turns(world, model, sampling or Sampling(max_tokens=256, temperature=0.8)))
    kept = sum(new.text != old.text for new, old in zip(turns, world.turns, strict=True))
    writer = model.name if kept else world.writer
    return Rewritten(replace(world, turns=turns, writer=writer), kept, len(turns) - kept)


def _turns(world: World, model: Model, sampling: Sampling) -> Iterator[WorldTurn]:
    shots = {shot.id: shot for shot in world.shots}
    for turn in world.turns:
        message = Message("user", (ASKED.format(text=turn.text),))
        text = model.complete((message,), sampling).text.strip().strip('"')
        yield replace(turn, text=text) if faithful(text, turn, world, shots) else turn


def faithful(text: str, turn: WorldTurn, world: World, shots: dict[str, Shot]) -> bool:
    """Whether a text may stand for a turn: it says what the turn says, and nothing that the turn leaves unsaid."""
    words, before = len(text.split()), len(turn.text.split())
    if not SHORTEST * before <= words <= LONGEST * before or "\n" in text:
        return False
    slot = Slot(turn.time, turn.beats)
    again = {beat.fact for beat in turn.beats if beat.act in ("retell", "end")}
    told = all(tells(fact, text, world.person, slot, fact.id in again) for fact in spoken(world.person, slot))
    return told and _reasoned(text, turn, world) and not _betrays(text, turn, world, shots)


def _reasoned(text: str, turn: WorldTurn, world: World) -> bool:
    """Whether the reasons the turn gave are still in it, word for word."""
    facts = [fact_of(world.person, beat.fact) for beat in turn.beats if beat.fact]
    reasons = [own(fact.reason, world.person.pronoun).lower() for fact in facts if fact.reason]
    return all(reason in text.lower() for reason in reasons if reason in turn.text.lower())


def _betrays(text: str, turn: WorldTurn, world: World, shots: dict[str, Shot]) -> bool:
    """Whether a text says how a shown thing looks, or what was only to be shown."""
    new = set(_WORD.findall(text.lower())) - set(_WORD.findall(turn.text.lower()))
    seen = frozenset(word for shot in turn.shots for word in looks(shots[shot]))
    hidden = [fact_of(world.person, beat.fact) for beat in turn.beats if beat.fact]
    unsaid = [fact.value.lower() for fact in hidden if fact.implied and fact.matter in ("aim", "leaning")]
    return bool(new & seen) or any(value in text.lower() for value in unsaid)
