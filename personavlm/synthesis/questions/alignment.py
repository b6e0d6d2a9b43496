"""Personality alignment: two replies to one query that say the same in two manners; one suits the user.

>>> align(question, "openness", True, 0).chosen.count(question.right)
1
"""

from __future__ import annotations

from personavlm.personality import Trait
from personavlm.synthesis.questions.draw import Ground
from personavlm.synthesis.questions.growth import clear_traits
from personavlm.synthesis.questions.values import Alignment, Question
from personavlm.worlds.banks import bank, share
from personavlm.worlds.values import Half


def align(question: Question, trait: Trait, high: bool, turn: int) -> Alignment:
    """Personality alignment: a reply whose manner fits the person, and one whose manner does not.

    Both give the right answer; one speaks to the high pole of a trait, the other to the low one, in sentences of the
    same length. Which pole is chosen depends on the person alone, so each sentence is as often right as wrong.
    ``turn`` counts the tests of one pole: the pairs of sentences take turns, the same for both poles.
    """
    pairs = manners(trait, question.half)
    pair = pairs[turn % len(pairs)]
    fits, differs = ("high", "low") if high else ("low", "high")
    return Alignment(
        question.id,
        trait,
        high,
        pair[fits].format(answer=question.right),
        pair[differs].format(answer=question.right),
    )


def manners(trait: Trait, half: Half) -> tuple[dict[str, str], ...]:
    """Return the pairs of sentences for the two poles of a trait."""
    return share(bank("questions_manner")[trait], half)


def suited(ground: Ground) -> list[tuple[Trait, bool]]:
    """Return the traits, with their direction, in which a manner can suit this person."""
    return clear_traits(ground)
