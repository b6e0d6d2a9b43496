"""Which of two replies fits a person: learnt on the spot from a few choices of theirs, and from their profile line.

    past choices ──┬─ place on four axes ──> how likely each way (playful, not playful, expert …) is what they want
    profile line ──┘                                       └──> their own axis: ridge regression on these choices alone
    the two replies ──place──> Σ likely × place  +  own × place on their own axis   > 0: the first one fits

A handful of choices is too little to learn a taste from nothing and plenty to tell which of a few ways is wanted.
Swapping the two replies turns the sign and nothing else, so their order cannot matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from personavlm.embedded import banks
from personavlm.embedded.evidence import Floats
from personavlm.embedded.style import AXES, direction, learnt
from personavlm.encoders import TextEncoder
from personavlm.prompts.fitting import Fitting


@dataclass(frozen=True, slots=True)
class Weights:
    """What speaks how loudly, in log odds. The defaults were chosen by cross-validation over the messages of P-SOUPS's
    development half (``python -m lab.alignment``).
    """

    sharp: float = 4.0
    """A reply further along by 1 on a wanted axis is the preferred one."""
    said: float = 0.5
    """Each thing the profile line says for a way."""
    own: float = 0.5
    """What a person's own axis weighs beside the named ones."""


WEIGHTS = Weights()


def fits(fitting: Fitting, encoder: TextEncoder, weights: Weights = WEIGHTS) -> float:
    """Return how much better the first reply fits than the second: above 0 if it does, 0 if nothing speaks for one."""
    axes = learnt(encoder)  # type: ignore[arg-type]  # encoders are told apart by identity
    now = axes.differences([fitting.replies])
    before = axes.differences([(one.preferred, one.turned_down) for one in fitting.past])
    likely = ways(axes.places(before), fitting.person, weights)
    named = float((likely[0] - likely[1]) @ np.tanh(weights.sharp * axes.places(now)[0] / 2))
    own = float(np.tanh(now[0] @ direction(before))) if fitting.past else 0.0
    return named + weights.own * own


def ways(before: Floats, person: str, weights: Weights = WEIGHTS) -> Floats:
    """Return the ``(2, AXES)`` probabilities that more, or less, of each axis is what a person wants; all sum to 1.

    ``before`` holds the ``(choices, AXES)`` places of what they preferred against what they turned down.
    """
    signs = np.array([[1.0], [-1.0]])
    borne_out = -np.logaddexp(0, -weights.sharp * signs[:, None] * before[None]).sum(axis=1)
    evidence = borne_out + weights.said * signs * said(person)
    likely = np.exp(evidence - evidence.max())
    found: Floats = likely / likely.sum()
    return found


def said(person: str) -> Floats:
    """Return per axis how many things a profile line says for it, less those it says against it."""
    wants, wants_not = (
        [len(banks.pattern("styles", f"{way} {axis}").findall(person)) for axis in AXES]
        for way in ("wants", "wants not")
    )
    return np.subtract(wants, wants_not).astype(np.float64)


def reply(fitting: Fitting, encoder: TextEncoder) -> str:
    """Return the letter of the reply that fits better, with its words; (a) on a tie."""
    letter, text = ("a", fitting.replies[0]) if fits(fitting, encoder) >= 0 else ("b", fitting.replies[1])
    return f"({letter}) {text}"
