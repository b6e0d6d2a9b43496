"""What has been said so far, as far as the next words depend on it. ``make_world`` carries it from turn to turn.

    context = Context("test", shots)
    context = replace(context, unseen=True, trust=0.4)      the turn's own conditions
    said = utter(slot, person, context, rng)
    context = context.after(slot, said)                      the next turn of the session
    context = context.rested()                               a new session begins

Nothing here is truth: the truth is in the beats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from personavlm.worlds.values import Half, Shot, Slot, Utterance

Mood = Literal["plain", "bright", "low", "rushed", "cross"]
MOODS: tuple[Mood, ...] = ("plain", "bright", "low", "rushed", "cross")

REMEMBERED = 60
"""So many patterns are remembered, so that a person does not fall back into the same one."""


@dataclass(frozen=True, slots=True)
class Context:
    """The state of a conversation between two turns."""

    half: Half
    shots: Mapping[str, Shot] = field(default_factory=dict)
    """Every picture of the world by id."""
    unseen: bool = False
    """Whether this turn must be worded by patterns that training never uses (test half only)."""
    trust: float = 0.0
    """How far the person and the assistant have come to know each other, 0 to 1."""
    mood: Mood = "plain"
    """The mood of the day."""
    slots: tuple[Slot, ...] = ()
    """What this session's turns did, oldest first."""
    said: tuple[Utterance, ...] = ()
    """How they did it."""
    met: frozenset[str] = frozenset()
    """Names (people, animals, ids of things) that have been introduced, in this session or before."""
    used: tuple[str, ...] = ()
    """Ids of the patterns used lately, oldest first."""

    def after(self, slot: Slot, said: Utterance, met: frozenset[str] = frozenset()) -> Context:
        """Return the context of the next turn in the session; ``met`` adds whoever the turn introduced."""
        kin = frozenset(beat.kin for beat in slot.beats if beat.kin)
        return replace(
            self,
            slots=(*self.slots, slot),
            said=(*self.said, said),
            met=self.met | met | kin,
            used=(*self.used, *said.skeletons)[-REMEMBERED:],
        )

    def rested(self) -> Context:
        """Return the context at the start of a new session: nobody is "she" any more, but everybody is still known."""
        return replace(self, slots=(), said=(), mood="plain")
