"""Laws of the profile and of PEM."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personavlm.personality import (
    HIGH_WORDS,
    LOW_WORDS,
    NEUTRAL,
    TRAITS,
    Estimate,
    Momentum,
    NeutralRule,
    Profile,
    describe,
    describe_trait,
    evolve,
    momentum,
    observe,
    override,
)

SCORES = st.floats(1, 5, allow_nan=False)
PROFILES = st.builds(Profile, *[SCORES] * 5)
READINGS = st.builds(Profile, *[st.integers(1, 5).map(float)] * 5)
TURNS = st.integers(0, 500)
RULES = st.sampled_from(["all", "per_trait", "none"])


@pytest.mark.parametrize(("turn", "weight"), [(0, 0.5), (10, 0.5382), (25, 0.7), (50, 0.9), (51, 0.9), (10_000, 0.9)])
def test_momentum_is_the_papers(turn: int, weight: float) -> None:
    assert momentum(turn) == pytest.approx(weight, abs=5e-5)


@pytest.mark.parametrize(("turn", "weight"), [(1, 0.5004), (5, 0.5098), (20, 0.6382), (30, 0.7618), (40, 0.8618)])
def test_momentum_between_the_ends(turn: int, weight: float) -> None:
    assert momentum(turn) == pytest.approx(weight, abs=5e-5)


@given(st.integers(0, 200))
def test_momentum_is_the_formula_and_never_falls(turn: int) -> None:
    assert momentum(turn) == pytest.approx(0.7 - 0.2 * math.cos(math.pi * min(turn, 50) / 50))
    assert momentum(turn) <= momentum(turn + 1) + 1e-12


def test_a_negative_turn_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="starts at 0"):
        momentum(-1)


@given(PROFILES, st.lists(st.tuples(READINGS, TURNS, RULES), max_size=30))
def test_scores_stay_in_range(profile: Profile, readings: list[tuple[Profile, int, NeutralRule]]) -> None:
    for observed, turn, rule in readings:
        profile = evolve(profile, observed, turn, rule)  # Profile itself refuses scores outside [1, 5]
    assert all(1 <= score <= 5 for _, score in profile)


@given(PROFILES, PROFILES, TURNS, RULES)
def test_a_step_lies_between_old_and_new(profile: Profile, observed: Profile, turn: int, rule: NeutralRule) -> None:
    moved = evolve(profile, observed, turn, rule)
    for trait in TRAITS:
        low, high = sorted((profile[trait], observed[trait]))
        assert moved[trait] == profile[trait] or low <= moved[trait] <= high


@given(PROFILES, TURNS, RULES)
def test_constants_are_fixed_points(profile: Profile, turn: int, rule: NeutralRule) -> None:
    assert evolve(profile, profile, turn, rule) == profile


@given(READINGS)
def test_repeated_readings_are_reached(observed: Profile) -> None:
    profile = NEUTRAL
    for turn in range(200):
        profile = evolve(profile, observed, turn)
    assert all(profile[t] == pytest.approx(observed[t], abs=1e-3) for t in TRAITS)


def test_first_step_halves_the_distance() -> None:
    assert evolve(NEUTRAL, Profile(openness=5, neuroticism=1), 0).openness == 4.0


# ── the three neutral rules ──────────────────────────────────────────────────────────────────────────────────────


@given(PROFILES, TURNS)
def test_an_all_neutral_reading_moves_only_the_rule_none(profile: Profile, turn: int) -> None:
    assert evolve(profile, NEUTRAL, turn, "all") == profile
    assert evolve(profile, NEUTRAL, turn, "per_trait") == profile
    pulled = evolve(profile, NEUTRAL, turn, "none")
    assert all(abs(pulled[t] - 3) <= abs(profile[t] - 3) for t in TRAITS)
    assert profile.is_neutral or math.isclose(max(abs(s - 3) for _, s in profile), 0, abs_tol=1e-9) or pulled != profile


def test_a_partly_neutral_reading_separates_paper_and_code() -> None:
    start, seen = Profile(openness=5, extraversion=5), Profile(extraversion=1)
    paper, code = evolve(start, seen, 0, "all"), evolve(start, seen, 0, "per_trait")
    assert paper.openness == pytest.approx(4.0)
    assert code.openness == 5.0
    assert paper.extraversion == code.extraversion == pytest.approx(3.0)
    assert evolve(start, seen, 0, "none") == paper


@given(st.lists(READINGS.filter(lambda p: p.openness >= 3), max_size=60))
def test_per_trait_never_returns_to_neutral(readings: list[Profile]) -> None:
    profile = Profile(openness=4)
    for turn, observed in enumerate(readings):
        before, profile = profile, evolve(profile, observed, turn, "per_trait")
        assert profile.openness >= min(before.openness, 4)


@given(st.lists(READINGS, min_size=1, max_size=40))
def test_all_can_return_to_neutral_where_per_trait_cannot(readings: list[Profile]) -> None:
    seen = [Profile(extraversion=max(2.0, r.extraversion) if r.extraversion != 3 else 4.0) for r in readings]
    paper = code = Profile(openness=5)
    for turn, observed in enumerate(seen):
        paper, code = evolve(paper, observed, turn, "all"), evolve(code, observed, turn, "per_trait")
    assert code.openness == 5.0
    assert paper.openness < 5.0


# ── intervals ────────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.lists(READINGS, max_size=40), RULES)
def test_intervals_hold_their_score_and_stay_in_range(readings: list[Profile], rule: NeutralRule) -> None:
    estimate = Estimate()
    for turn, observed in enumerate(readings):
        estimate = observe(estimate, observed, turn, rule)
    for trait in TRAITS:
        interval = estimate.interval(trait)
        assert 1 <= interval.low <= interval.score <= interval.high <= 5


@given(st.integers(1, 5).filter(lambda s: s != 3), st.integers(50, 120))
def test_intervals_shrink_with_evidence(score: int, turns: int) -> None:
    estimate = Estimate()
    widths = [_width(estimate)]
    for turn in range(turns):
        estimate = observe(estimate, Profile(openness=score), turn)
        widths.append(_width(estimate))
    # PEM's first steps are long: what rests on one or two readings is further off than neutral. Then it narrows.
    assert widths[1] > widths[0] > widths[-1]
    assert widths[5:51] == sorted(widths[5:51], reverse=True)


@given(st.lists(READINGS, max_size=60), RULES)
def test_the_stated_error_is_that_of_a_linear_filter(readings: list[Profile], rule: NeutralRule) -> None:
    estimate, weights = Estimate(), []
    for turn, observed in enumerate(readings):
        before, estimate = estimate, observe(estimate, observed, turn, rule)
        if estimate == before:
            continue
        keep = momentum(turn)
        moves = rule != "per_trait" or observed.openness != 3
        weights = [w * keep if moves else w for w in weights]
        weights.append(((1 - keep) if moves else 0.0) * (observed.openness != 3))
    assert estimate.seen[0] == pytest.approx(sum(weights))
    assert estimate.noise[0] == pytest.approx(sum(w**2 for w in weights))
    assert 0 <= estimate.noise[0] <= estimate.seen[0] <= 1 + 1e-9


def _width(estimate: Estimate) -> float:
    # The variance, since an interval that is cut at 1 or 5 is narrow for another reason.
    return estimate.variance[TRAITS.index("openness")]


def test_what_was_not_read_keeps_its_evidence() -> None:
    estimate = observe(Estimate(), Profile(openness=5), 0, "per_trait")
    assert (estimate.seen[0], estimate.noise[0]) == (0.5, 0.25)
    assert estimate.seen[1:] == estimate.noise[1:] == (0, 0, 0, 0)


def test_a_silent_reading_changes_nothing_but_is_not_counted() -> None:
    assert observe(Estimate(), NEUTRAL, 3) == Estimate()
    assert observe(Estimate(), Profile(openness=5), 3).turns == 1


def test_a_neutral_reading_takes_weight_from_cues() -> None:
    cue = observe(Estimate(), Profile(openness=5), 0)
    after = observe(cue, Profile(extraversion=5), 1)
    assert 0 < after.seen[0] < cue.seen[0]
    assert after.inferred.openness < cue.inferred.openness


# ── overrides, text, range ───────────────────────────────────────────────────────────────────────────────────────


@given(st.dictionaries(st.sampled_from(TRAITS), SCORES), st.lists(READINGS, max_size=10))
def test_overrides_are_respected_and_lifted(scores: dict[str, float], readings: list[Profile]) -> None:
    free, held = Estimate(), override(Estimate(), scores)  # type: ignore[arg-type]
    for turn, observed in enumerate(readings):
        free, held = observe(free, observed, turn), observe(held, observed, turn)
    for trait in TRAITS:
        assert held.profile[trait] == scores.get(trait, free.profile[trait])
        if trait in scores:
            assert held.interval(trait).low == held.interval(trait).high == scores[trait]
    assert override(held, {}) == free


def test_an_override_outside_the_range_is_refused() -> None:
    with pytest.raises(ValueError, match="openness"):
        override(Estimate(), {"openness": 5.1})


@pytest.mark.parametrize("score", [0.99, 5.01, math.nan, math.inf])
def test_profiles_refuse_scores_outside_the_range(score: float) -> None:
    with pytest.raises(ValueError, match="lies in"):
        Profile(extraversion=score)


def test_another_schedule_is_followed() -> None:
    assert momentum(10, Momentum(0.2, 0.6, 10)) == pytest.approx(0.6)
    assert evolve(NEUTRAL, Profile(openness=5), 10, schedule=Momentum(0.2, 0.6, 10)).openness == pytest.approx(3.8)


@given(PROFILES)
def test_the_description_names_what_stands_out_and_nothing_else(profile: Profile) -> None:
    text = describe(profile)
    for trait in TRAITS:
        words, stands_out = describe_trait(trait, profile[trait]), abs(profile[trait] - 3) >= 0.4
        assert (words == "neutral") == (not stands_out)
        assert words in text or not stands_out
        assert stands_out or not any(w in text for w in (LOW_WORDS[trait], HIGH_WORDS[trait]))
        assert f"{trait} {profile[trait]:.1f}" in text
