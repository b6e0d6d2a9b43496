"""Personality: a Big Five profile and PEM, the rule by which it evolves. Pure functions on frozen values.

A profile holds five scores in [1, 5], 3 being neutral. After each turn the model reads the five traits from what the
user wrote (a ``Reading``), and PEM moves the long-term profile towards it, less and less as turns accumulate:

    >>> momentum(0), momentum(25), momentum(50)
    (0.5, 0.7, 0.9)
    >>> evolve(NEUTRAL, Profile(openness=5), turn=0).openness
    4.0

Source: paper section 3.1 and appendix A.1; the three neutral rules are those of the paper, its released inference code
and its data preparation.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal, get_args

Trait = Literal["openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism"]
TRAITS: tuple[Trait, ...] = get_args(Trait)

NeutralRule = Literal["all", "per_trait", "none"]
"""When a neutral reading (3) is left out: if all five are neutral (paper), trait by trait (released code), never."""

LOWEST, MIDDLE, HIGHEST = 1.0, 3.0, 5.0

PRIOR_SD = 1.0
"""Spread of true trait scores between people, before anything was read (score points)."""
CHANGE_SD = 0.5
"""How far people change in PEM's horizon of turns (score points). Over all people and traits the root mean square is
0.3, but one trait in fifteen moves by more than a point and the others stay: 0.5 is what covers those that moved."""
CUE_GAIN = 0.49
"""By how much a reading that saw a cue moves with the true trait: a person one point off neutral is read 0.49 off, on
average. A reading of 3 moves with nothing. Fitted by least squares to the embedded reader's 3,259 readings with a cue
in 110 worlds of the training half (``python -m lab.trait_intervals --persons 110``), like the spread and the error."""
CUE_SD = 1.67
"""Error of a reading that saw a cue about that line (score points). One turn says little: published text-to-trait
correlations are about 0.1 to 0.4."""
Z90 = 1.6448536269514722
"""Normal quantile of a central 90 % interval."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Five trait scores, each in [1, 5]; 3 is neutral. Raises ``ValueError`` outside that range."""

    openness: float = MIDDLE
    conscientiousness: float = MIDDLE
    extraversion: float = MIDDLE
    agreeableness: float = MIDDLE
    neuroticism: float = MIDDLE

    def __post_init__(self) -> None:
        for trait, score in self:
            if not LOWEST <= score <= HIGHEST:  # also catches NaN
                raise ValueError(f"{trait} is {score!r}: a trait score lies in [1, 5]")

    def __iter__(self) -> Iterator[tuple[Trait, float]]:
        return ((trait, getattr(self, trait)) for trait in TRAITS)

    def __getitem__(self, trait: Trait) -> float:
        return float(getattr(self, trait))

    @property
    def is_neutral(self) -> bool:
        """Whether all five scores are exactly neutral."""
        return all(score == MIDDLE for _, score in self)


NEUTRAL = Profile()


Five = tuple[float, float, float, float, float]
"""One number per trait, in the order of ``TRAITS``."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A trait's score with the ends of its 90 % interval, all in [1, 5]."""

    score: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """The evolving profile with what is known about its error, and the user's own corrections.

    ``overrides`` are scores the user set by hand: they are shown and used instead of the inferred ones, which go on
    evolving underneath.
    """

    inferred: Profile = NEUTRAL
    seen: Five = (0.0,) * 5
    """Per trait, the weight that readings with a cue have in the score; what is left is the neutral start, and
    readings of 3."""
    noise: Five = (0.0,) * 5
    """Per trait, the sum of those readings' squared weights: 1 for a single reading, small for many."""
    overrides: tuple[tuple[Trait, float], ...] = ()
    turns: int = 0
    """Readings that moved the profile so far."""

    @property
    def profile(self) -> Profile:
        """The profile in force: inferred, except where the user set a trait."""
        return _profile({**dict(self.inferred), **dict(self.overrides)})

    @property
    def variance(self) -> Five:
        """Per trait, the expected squared error of the inferred score, in squared score points (see ``observe``)."""
        spread = PRIOR_SD**2 + CHANGE_SD**2 * min(1.0, self.turns / PAPER_MOMENTUM.horizon)
        pairs = zip(self.seen, self.noise, strict=True)
        a, b, c, d, e = ((1 - CUE_GAIN * w) ** 2 * spread + CUE_SD**2 * n for w, n in pairs)
        return a, b, c, d, e

    def interval(self, trait: Trait) -> Interval:
        """The trait's 90 % interval; an overridden trait has no error."""
        score = self.profile[trait]
        if trait in dict(self.overrides):
            return Interval(score, score, score)
        reach = Z90 * math.sqrt(self.variance[TRAITS.index(trait)])
        return Interval(score, max(LOWEST, score - reach), min(HIGHEST, score + reach))


@dataclass(frozen=True, slots=True)
class Momentum:
    """The schedule of PEM's momentum: from ``start`` to ``end`` along half a cosine over ``horizon`` turns."""

    start: float = 0.5
    end: float = 0.9
    horizon: int = 50


PAPER_MOMENTUM = Momentum()


def momentum(turn: int, schedule: Momentum = PAPER_MOMENTUM) -> float:
    """Return λ(m), the weight of the old profile at a turn; ``turn`` counts the turns finished before this one.

    λ(m) = 0.7 − 0.2·cos(π·min(m, 50)/50): 0.5 at the first turn, 0.9 from the 51st on. Source: appendix A.1.
    """
    if turn < 0:
        raise ValueError(f"turn is {turn}: it counts finished turns and starts at 0")
    share = min(turn, schedule.horizon) / schedule.horizon
    middle, half = (schedule.start + schedule.end) / 2, (schedule.end - schedule.start) / 2
    return middle - half * math.cos(math.pi * share)


def evolve(
    profile: Profile,
    observed: Profile,
    turn: int,
    rule: NeutralRule = "all",
    schedule: Momentum = PAPER_MOMENTUM,
) -> Profile:
    """Return the profile after one turn's reading: p ← λ·p + (1 − λ)·p′ per trait, stays in [1, 5].

    A reading that is neutral under ``rule`` changes nothing. Source: section 3.1, appendix A.1.
    """
    moved = _moved(observed, rule)
    keep = momentum(turn, schedule)
    return _profile({t: _blend(p, observed[t], keep) if t in moved else p for t, p in profile})


def observe(
    estimate: Estimate,
    observed: Profile,
    turn: int,
    rule: NeutralRule = "all",
    schedule: Momentum = PAPER_MOMENTUM,
) -> Estimate:
    """Return the estimate after one reading: PEM on the scores, and what its interval is reckoned from.

    The stated model: true traits θ spread with ``PRIOR_SD`` around neutral, and people may change (``CHANGE_SD``); a
    reading with a cue is 3 + g·(θ − 3) + error, g = ``CUE_GAIN``, error ``CUE_SD``, independent from turn to turn; a
    reading of 3 says nothing. PEM is linear, so the score is 3 + Σ wᵢ·(readingᵢ − 3), and its expected squared error is
    (1 − g·Σwᵢ)²·spread² + CUE_SD²·Σwᵢ². The first step of PEM is long: a profile that rests on one reading is further
    off than a neutral one, and the interval says so. Many readings narrow it; turns without cues of a trait widen it.
    """
    moved = _moved(observed, rule)
    if not moved:
        return estimate
    keep = momentum(turn, schedule)
    seen = [_blend_in(w, keep, 1, t, observed, moved) for t, w in zip(TRAITS, estimate.seen, strict=True)]
    noise = [_blend_in(n, keep, 2, t, observed, moved) for t, n in zip(TRAITS, estimate.noise, strict=True)]
    inferred = evolve(estimate.inferred, observed, turn, rule, schedule)
    return replace(estimate, inferred=inferred, seen=_five(seen), noise=_five(noise), turns=estimate.turns + 1)


def _blend_in(old: float, keep: float, power: int, trait: Trait, observed: Profile, moved: frozenset[Trait]) -> float:
    if trait not in moved:
        return old
    return keep**power * old + (1 - keep) ** power * (observed[trait] != MIDDLE)


def _five(values: Sequence[float]) -> Five:
    a, b, c, d, e = values
    return a, b, c, d, e


def override(estimate: Estimate, scores: Mapping[Trait, float]) -> Estimate:
    """Return the estimate with the user's own scores in force; an empty mapping lifts them all."""
    _profile(scores)  # same range check
    return replace(estimate, overrides=tuple((t, float(scores[t])) for t in TRAITS if t in scores))


LOW_WORDS: Mapping[Trait, str] = {
    "openness": "practical, conventional and cautious",
    "conscientiousness": "spontaneous, flexible and carefree",
    "extraversion": "reserved, quiet and reflective",
    "agreeableness": "competitive, critical and direct",
    "neuroticism": "calm, resilient and secure",
}
HIGH_WORDS: Mapping[Trait, str] = {
    "openness": "creative, curious and drawn to ideas",
    "conscientiousness": "organised, disciplined and attentive to detail",
    "extraversion": "outgoing, energetic and talkative",
    "agreeableness": "cooperative, empathetic and trusting",
    "neuroticism": "anxious, quick to worry and changeable in mood",
}
SLIGHT, CLEAR, STRONG = 0.4, 0.9, 1.5
"""Distances from neutral (score points) from which a trait is worth a word, said plainly, said strongly."""


def describe(profile: Profile) -> str:
    """Return the profile as one or two sentences for a prompt or a reader; scores to one decimal, rounded.

    Source: adjectives after table 10; the paper asks for a descriptive summary (section 3.1).
    """
    parts = [_phrase(trait, score) for trait, score in profile if abs(score - MIDDLE) >= SLIGHT]
    scores = ", ".join(f"{trait} {score:.1f}" for trait, score in profile)
    said = f"The user comes across as {_join(parts)}." if parts else "The user's personality is not yet clear."
    return f"{said} ({scores}; 1 low, 3 neutral, 5 high.)"


def describe_trait(trait: Trait, score: float) -> str:
    """Return the adjectives for one trait's score, or "neutral" near the middle."""
    return _phrase(trait, score) if abs(score - MIDDLE) >= SLIGHT else "neutral"


def _phrase(trait: Trait, score: float) -> str:
    distance = abs(score - MIDDLE)
    degree = "very " if distance >= STRONG else "" if distance >= CLEAR else "somewhat "
    words = (HIGH_WORDS if score > MIDDLE else LOW_WORDS)[trait]
    return degree + words


def _join(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else "; ".join(parts[:-1]) + "; and " + parts[-1]


def _profile(scores: Mapping[Trait, float]) -> Profile:
    return Profile(**{str(trait): float(score) for trait, score in scores.items()})


def _moved(observed: Profile, rule: NeutralRule) -> frozenset[Trait]:
    if rule == "per_trait":
        return frozenset(t for t, score in observed if score != MIDDLE)
    if rule == "all" and observed.is_neutral:
        return frozenset()
    return frozenset(TRAITS)


def _blend(old: float, new: float, keep: float) -> float:
    # Rounding may leave the segment between old and new by an ulp; the profile must not leave [1, 5].
    return min(max(keep * old + (1 - keep) * new, min(old, new)), max(old, new))


assert tuple(f.name for f in fields(Profile)) == TRAITS
