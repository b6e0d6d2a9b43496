"""Personality alignment: two replies to one query that say the same in two manners; one suits the user.

>>> align(question, ground, rng).chosen.count(question.right)
1
"""

from __future__ import annotations

import random

from personavlm.personality import Trait
from personavlm.synthesis.questions.draw import Ground
from personavlm.synthesis.questions.growth import clear_traits
from personavlm.synthesis.questions.values import Alignment, Question
from personavlm.worlds.banks import bank, share
from personavlm.worlds.values import Half


def align(question: Question, trait: Trait, high: bool, half: Half, rng: random.Random) -> Alignment:
    """Personality alignment: a reply whose manner fits the person, and one whose manner does not.

    Both give the right answer; one speaks to the high pole of a trait, the other to the low one, in sentences of the
    same length. Which pole is chosen depends on the person alone, so each sentence is as often right as wrong.
    """
    pairs = share(bank("questions_manner")[trait], half)
    pair = rng.choice(pairs)
    fits, differs = ("high", "low") if high else ("low", "high")
    return Alignment(
        question.id,
        trait,
        high,
        pair[fits].format(answer=question.right),
        pair[differs].format(answer=question.right),
    )


def suited(ground: Ground) -> list[tuple[Trait, bool]]:
    """Return the traits, with their direction, in which a manner can suit this person."""
    return clear_traits(ground)
