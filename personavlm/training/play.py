"""Play: rollouts as TRL's ``GRPOTrainer`` takes them, and what is kept of a step.

    prompts (ids of questions) ──Environment──> episodes ──> ids, mask ──TRL──> loss          earned ──> rewards, None
        └─ a batch of requests ──the trainer's own sampler──> new ids                         groups ──> what is kept

The trainer samples with its own settings and its own engine, transformers or vLLM. Source: TRL 1.16, ``rollout_func``
and ``env_mask``; the sampler of one turn is its ``_generate_single_turn``, which its loop of tools uses as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from personavlm.models.chat import decoded
from personavlm.training.environment import Environment, Episode
from personavlm.training.policy import Request
from personavlm.training.questions import Question
from personavlm.training.rewards import Reward, Unscored
from personavlm.training.rollouts import Group, Rollout, grouped
from personavlm.training.sight import Sight
from personavlm.training.watch import Watch, watch

PARTS = tuple(part.name for part in fields(Reward))
WATCHED = tuple(number.name for number in fields(Watch))
"""What is logged of each step beside TRL's own numbers."""


@dataclass(slots=True)
class Play:
    """Rollouts for TRL: what its ``rollout_func`` and its reward function want, and what is kept of a step."""

    environment: Environment
    questions: Mapping[str, Question]
    sight: Sight
    seed: int
    overlong: bool = True
    """Whether rollouts that were cut teach nothing."""
    episodes: list[Episode] = field(default_factory=list)
    """Those of the last generation in this process."""

    def rollouts(self, prompts: list[str], trainer: Any) -> dict[str, Any]:
        """Play a rollout for each prompt, which is a question's id."""
        seed = f"{self.seed}/{trainer.state.global_step}/{trainer.accelerator.process_index}"
        asked = [self.questions[prompt] for prompt in prompts]
        self.episodes = self.environment.play(asked, lambda requests: self._generate(requests, trainer), seed)
        self.sight.remember([(one.ids, one.pictures) for one in self.episodes])
        end = getattr(trainer.processing_class, "tokenizer", trainer.processing_class).eos_token_id
        pairs = [_trainable(one, end, self.overlong) for one in self.episodes]
        return {
            "prompt_ids": [ids[: len(ids) - len(own)] for ids, own in pairs],
            "completion_ids": [ids[len(ids) - len(own) :] for ids, own in pairs],
            "logprobs": None,
            "env_mask": [own for _, own in pairs],
            "place": list(range(len(pairs))),
        }

    def _generate(self, requests: Sequence[Request], trainer: Any) -> list[list[int]]:
        import torch

        ids = [list(request.ids) for request in requests]
        pictures = [part for request in requests for part in request.pictures]
        longest = max(map(len, ids))
        padded = torch.tensor([[0] * (longest - len(row)) + row for row in ids])
        seen = self.sight.pixels(pictures, padded)
        if seen:
            kinds = seen["mm_token_type_ids"].tolist()
            seen["mm_token_type_ids"] = [row[longest - len(one) :] for row, one in zip(kinds, ids, strict=True)]
        shown = [[decoded(part) for part in request.pictures] or None for request in requests] if pictures else None
        new, _ = trainer._generate_single_turn(ids, shown, seen, num_generations=1)
        return [list(row) for row in new]

    def earned(self, place: list[int], log_metric: Any, **_: Any) -> list[float | None]:
        """Return the rewards of the last rollouts, None where there is none, and log parts and watch numbers."""
        rewards = [self.episodes[number].reward for number in place]
        for part in PARTS:
            for one in rewards:
                if isinstance(one, Reward):
                    log_metric(part, getattr(one, part))
        for name, value in asdict(watch(self.groups())).items():
            if value is not None:
                log_metric(name, value)
        return [one.total if isinstance(one, Reward) else None for one in rewards]

    def groups(self, advantages: Sequence[float] = ()) -> tuple[Group, ...]:
        """Return the last rollouts, as they are kept."""
        advantages = advantages or [0.0] * len(self.episodes)
        rollouts = [_as_rollout(one, gain) for one, gain in zip(self.episodes, advantages, strict=True)]
        return grouped([one.question for one in self.episodes], rollouts)


def _trainable(episode: Episode, end: int, overlong: bool) -> tuple[list[int], list[int]]:
    """Ids and mask (of the completion) as TRL takes them; a rollout without any output has one token, not trained.

    Cut rollouts are masked here: TRL's own way hides them from attention as well, pictures and all, which Qwen's
    positions do not survive.
    """
    ids, own = list(episode.ids), [int(mine) for mine in episode.own]
    cut = overlong and ids[-1] != end
    return ids, [0] * max(len(own), 1) if cut or not own else own


def _as_rollout(episode: Episode, advantage: float) -> Rollout:
    earned = episode.reward
    scored = None if isinstance(earned, Unscored) else earned
    why = earned.why if isinstance(earned, Unscored) else ""
    return Rollout(episode.trace, episode.outputs, scored, advantage, sum(episode.own), why)
