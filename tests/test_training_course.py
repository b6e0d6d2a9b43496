"""Laws of a course: draws follow from seed, place and climbs; stages keep their limits; climbs are kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personavlm.training.corpus import Corpus, Rendered, write_corpus
from personavlm.training.course import Climb, Climbs, Course, Stage
from personavlm.training.rendering import Example


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Twelve examples of 1 to 12 tokens, the long ones first."""
    made = [Rendered("k", Example(np.full(n, n, np.int32), np.ones(n, np.bool_))) for n in range(12, 0, -1)]
    return write_corpus(tmp_path_factory.mktemp("corpus"), made)


def lengths(course: Course, *places: int) -> list[int]:
    return [len(course[place]) for place in range(*places)]


def test_a_stage_keeps_its_limit_and_sees_everything_within_it(corpus: Corpus) -> None:
    course = Course(corpus, (Stage(8, 4), Stage(12, 12)), seed=1, batch=2)
    assert sorted(lengths(course, 8)) == [1, 1, 2, 2, 3, 3, 4, 4]
    assert sorted(lengths(course, 8, 20)) == list(range(1, 13))
    with pytest.raises(IndexError):
        course[20]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 5), st.integers(1, 4), st.lists(st.integers(0, 59), max_size=8))
def test_draws_follow_from_seed_and_place_alone(corpus: Corpus, seed: int, batch: int, places: list[int]) -> None:
    stages = (Stage(24, 5), Stage(36, 12))
    whole = Course(corpus, stages, seed, batch)
    drawn = [whole.number(place) for place in range(60)]
    other = Course(corpus, stages, seed, batch)
    assert [other.number(place) for place in places] == [drawn[place] for place in places]


def test_batches_are_of_like_length_and_passes_differ(corpus: Corpus) -> None:
    course = Course(corpus, (Stage(48, 12),), seed=0, batch=4)
    numbers = [[course.number(place) for place in range(start, start + 4)] for start in range(0, 48, 4)]
    spread = [max(course.corpus.lengths[batch]) - min(course.corpus.lengths[batch]) for batch in numbers]
    assert max(spread) == 3  # twelve lengths, sorted, in fours
    assert len({tuple(map(tuple, numbers[turn : turn + 3])) for turn in range(0, 12, 3)}) > 1


def test_a_climb_ends_a_stage_early_and_the_last_takes_what_is_left(corpus: Corpus) -> None:
    course = Course(corpus, (Stage(20, 2), Stage(20, 5), Stage(20, 12)), seed=3)
    assert course.climb(step=1, now=4, place=6)
    assert [course.stage_at(place) for place in (5, 6, 25, 26, 59)] == [(0, 0), (1, 6), (1, 6), (2, 26), (2, 26)]
    assert max(lengths(course, 6)) <= 2
    assert not course.climb(step=5, now=24, place=26)  # it ends there anyway
    assert not course.climb(step=9, now=30, place=32)  # the last stage is not left
    assert not course.climb(step=9, now=19, place=60)  # beyond the run
    assert course.climbs.made == [Climb(1, 6)]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 9), max_size=4))
def test_what_was_drawn_before_a_climb_stays(corpus: Corpus, gaps: list[int]) -> None:
    course = Course(corpus, (Stage(10, 2), Stage(10, 5), Stage(10, 12)), seed=3)
    place = 0
    for step, gap in enumerate(gaps):
        place += gap
        before = [course.number(earlier) for earlier in range(min(place, 30))]
        course.climb(step, place - gap, place)
        assert [course.number(earlier) for earlier in range(min(place, 30))] == before


def test_a_run_taken_up_again_forgets_climbs_after_its_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "climbs.json"
    made = Climbs.open(path, step=0)
    for climb in (Climb(10, 44), Climb(20, 84)):
        made.add(climb)
    assert Climbs.open(path, step=20).made == [Climb(10, 44), Climb(20, 84)]
    assert Climbs.open(path, step=19).made == [Climb(10, 44)]
    assert Climbs.open(tmp_path / "none.json", step=5).made == []
