"""Rollouts as TRL takes them: what is masked, what is logged, what has no reward. The trainer is a stand-in here; the
real one is in ``test_train_grpo``."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from personavlm.models.scripted import Scripted
from personavlm.training.environment import Augmentation, Environment, Memories
from personavlm.training.play import PARTS, Play
from personavlm.training.rewards import Scoring
from personavlm.training.sight import Sight
from tests.fakes import kit, look_up
from tests.training_toys import OPEN, SEEN, memory, processor

ANSWER = "<think>so</think><answer>The cello.</answer>"
PLAIN = Augmentation(random_limits=False, force_choice=False)


class Sampler:
    """Stands in for the trainer: looks up first, then answers, unless told otherwise; ``cut`` leaves ends out."""

    def __init__(self, made: Any, cut: bool = False) -> None:
        self.processing_class, self.cut = made, cut
        self.state, self.accelerator = SimpleNamespace(global_step=3), SimpleNamespace(process_index=0)
        self.seen: list[dict[str, Any]] = []

    def _generate_single_turn(
        self, ids: list[list[int]], images: Any, fields: dict[str, Any], num_generations: int
    ) -> tuple[list[list[int]], None]:
        assert num_generations == 1
        assert (images is None) == (fields == {})
        self.seen.append(fields)
        return [self._write(row) for row in ids], None

    def _write(self, row: list[int]) -> list[int]:
        tokenizer = self.processing_class.tokenizer
        text = ANSWER if "What memory holds" in tokenizer.decode(row) else look_up("cello, dog")
        return [*tokenizer(text)["input_ids"], *([] if self.cut else [tokenizer.eos_token_id])]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return memory(tmp_path_factory.mktemp("asked"))


@pytest.fixture(scope="module")
def made() -> Any:
    return processor()


def play(folder: Path, made: Any, longest: int = 12_000, scoring: Scoring | None = None, overlong: bool = True) -> Play:
    place = Environment(Memories(folder, kit()), made, longest, 200, scoring or Scoring(), PLAIN)
    return Play(place, {one.id: one for one in (OPEN, SEEN)}, Sight(made), seed=0, overlong=overlong)


def test_ids_and_masks_are_those_of_the_rollouts(folder: Path, made: Any) -> None:
    playing, trainer = play(folder, made), Sampler(made)
    taken = playing.rollouts([OPEN.id, OPEN.id, SEEN.id], trainer)
    assert taken["place"] == [0, 1, 2]
    for number, episode in enumerate(playing.episodes):
        assert (*taken["prompt_ids"][number], *taken["completion_ids"][number]) == episode.ids
        written = [t for t, own in zip(taken["completion_ids"][number], taken["env_mask"][number], strict=True) if own]
        assert made.tokenizer.decode(written) == f"{look_up('cello, dog')}<|im_end|>{ANSWER}<|im_end|>"
    first, second = trainer.seen
    assert len(first["image_grid_thw"]) == 1  # the picture sent
    assert len(second["image_grid_thw"]) == 4  # and the one remembered, in each rollout


def test_cut_rollouts_and_those_without_output_are_not_trained(folder: Path, made: Any) -> None:
    taken = play(folder, made).rollouts([OPEN.id], Sampler(made, cut=True))
    assert not any(taken["env_mask"][0])
    assert any(play(folder, made, overlong=False).rollouts([OPEN.id], Sampler(made, cut=True))["env_mask"][0])
    nothing = play(folder, made, longest=150).rollouts([OPEN.id], Sampler(made))
    assert nothing["env_mask"] == [[0]]
    assert len(nothing["completion_ids"][0]) == 1


def test_rewards_and_their_parts_are_logged_and_a_judge_that_fails_leaves_none(folder: Path, made: Any) -> None:
    logged: dict[str, list[float]] = defaultdict(list)
    playing = play(folder, made)
    places = playing.rollouts([OPEN.id, OPEN.id], Sampler(made))["place"]
    assert playing.earned(places, lambda name, value: logged[name].append(value)) == [1.5, 1.5]
    assert logged["accuracy"] == [1.0, 1.0]
    assert logged["look_ups"] == [1.0]
    assert set(PARTS) <= set(logged)
    [group] = playing.groups([0.5, -0.5])
    assert [one.advantage for one in group.rollouts] == [0.5, -0.5]

    logged.clear()
    silent = play(folder, made, scoring=Scoring(judge=Scripted(lambda _m, _s: "no verdict")))
    places = silent.rollouts([OPEN.id], Sampler(made))["place"]
    assert silent.earned(places, lambda name, value: logged[name].append(value)) == [None]
    assert logged["unscored"] == [1.0]
    assert "accuracy" not in logged
    [group] = silent.groups()
    assert "no verdict" in group.rollouts[0].unscored
