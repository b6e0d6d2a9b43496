"""Stage 2: learning from reward with real look-ups (GRPO), from a checkpoint of stage 1, on a CPU, a GPU or several.

    python -m lab.train_grpo lab/recipes/grpo_smoke.toml --base SFT_RUN/model --data DIR --out RUN
    torchrun --nproc_per_node 6 -m lab.train_grpo lab/recipes/grpo_7b.toml --base SFT_RUN/model --data DIR --out RUN

DIR is what ``personavlm synth train`` wrote. RUN gets the persons' memories and questions (``asked``, shared by runs
with ``--asked``), checkpoints, ``log.csv``, kept rollouts (``rollouts``, read by ``personavlm.training.rollouts``),
``run.json`` and the model. Started again, it goes on at its last checkpoint. A recipe is a TOML file of ``Recipe``'s
fields; its first line is the command.

What is TRL's stays TRL's: ``GRPOTrainer`` samples, standardises, learns, saves and resumes. Ours are the rollouts
(its ``rollout_func``), what they earn, and the pictures a look-up brought (``training.sight``).
Source: PersonaVLM, section 3.2; released hyper-parameters in ``recipes/grpo_7b.toml``.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # TRL reports its use otherwise
os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")  # rollout_func may change with TRL's version, which is pinned

from personavlm.assistant import DEFAULT_CONFIG, Kit
from personavlm.errors import BadInput
from personavlm.models import Model
from personavlm.training.environment import Augmentation, Environment, Memories
from personavlm.training.play import PARTS, WATCHED, Play
from personavlm.training.questions import Question
from personavlm.training.rewards import Scoring
from personavlm.training.rollouts import Kept, keep, write_log
from personavlm.training.runs import finish, freeze_vision, latest, lora, recipe_fields
from personavlm.training.sight import Sight

TRAINER = {
    "reward": "reward", "spread": "reward_std", "flat": "frac_reward_zero_std", "kl": "kl", "entropy": "entropy",
    "loss": "loss", "rate": "learning_rate", "gradient": "grad_norm", "seconds": "step_time",
}  # fmt: skip
"""Columns of the log that TRL measures, by its names; ``flat`` is the share of groups that teach nothing."""
WORDS = {"consistency": ("rule", "judge", "off"), "format_steps": ("all", "last"), "precision": ("fp32", "bf16")}
"""Choices of a recipe's fields."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One run. Lengths in tokens, rates per step."""

    steps: int
    batch: int
    """Rollouts a device learns from at once."""
    accumulation: int = 1
    base: str = ""
    """A hub id or a checkpoint folder; empty: ``--base`` names it."""
    group: int = 6
    """Rollouts of a question in a step."""
    persons: int = 500
    """Persons of the training set that are asked."""
    forms: tuple[str, ...] = ("open", "choice", "binary")
    """Forms of questions that are asked."""
    room: int = 1024
    """Most tokens of one output."""
    longest: int = 16_384
    """Tokens of a whole rollout."""
    rate: float = 2e-6
    schedule: str = "cosine_with_min_lr"
    least_rate: float = 0.1
    """Share of the rate that the schedule ends with, where it has such an end."""
    warmup: float = 0.05
    clip: float = 1.0
    beta: float = 0.01
    """Weight of the KL to the policy before RL."""
    loss: str = "grpo"
    temperature: float = 1.0
    top_p: float = 0.9
    top_k: int = 50
    repetition_penalty: float = 1.05
    overlong: bool = True
    """Rollouts that were cut teach nothing."""
    random_limits: bool = True
    force_choice: bool = True
    refill: bool = True
    period: bool = True
    """Whether the period of a look-up is kept; off it is asked for and has no effect, as in the released code."""
    judge: str = ""
    """A model as ``--model`` names it; empty: rules alone."""
    consistency: Literal["rule", "judge", "off"] = "rule"
    format_steps: Literal["all", "last"] = "all"
    retrieval_cost: float = 0.0
    period_bonus: float = 0.0
    lora: int = 0
    """Rank of LoRA; 0 trains all weights."""
    freeze_vision: bool = True
    vllm: bool = False
    """Whether vLLM samples, in the trainer's own processes."""
    precision: str = "fp32"
    save_every: int = 200
    keep_every: int = 10
    """Every so-many-th step keeps its rollouts."""
    seed: int = 0

    @classmethod
    def read(cls, path: Path) -> Recipe:
        """Read a recipe. Raises ``BadInput`` for a field or word that does not exist."""
        return cls(**recipe_fields(path, cls.__slots__, WORDS))


# ── one run ──────────────────────────────────────────────────────────────────────────────────────────────────────


def train(
    recipe: Recipe, questions: Sequence[Question], asked: Path, kit: Kit, out: Path, stop_after: int | None = None
) -> Path:
    """Run a recipe and return the model's folder. ``asked`` holds the memories (``memories.prepare``).

    ``stop_after`` ends after so many steps, to be taken up again.
    """
    out.mkdir(parents=True, exist_ok=True)
    model, processor = _start(recipe, out)
    scoring = Scoring(
        _judge(recipe, out), recipe.consistency, recipe.format_steps, recipe.retrieval_cost, recipe.period_bonus
    )
    augmentation = Augmentation(recipe.random_limits, recipe.force_choice, recipe.refill)
    config = replace(DEFAULT_CONFIG, period=recipe.period)
    memories = Memories(asked, kit)
    play = Play(
        Environment(memories, processor, recipe.longest, recipe.room, scoring, augmentation, config),
        {one.id: one for one in questions if one.form in recipe.forms},
        Sight(processor),
        recipe.seed,
        recipe.overlong,
    )
    trainer = _trainer(recipe, out, model, processor, play, stop_after)
    try:
        trainer.train(resume_from_checkpoint=latest(out) is not None)
    finally:
        memories.close()
    return finish(out, asdict(recipe), trainer, processor)


# ── TRL ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _trainer(recipe: Recipe, out: Path, model: Any, processor: Any, play: Play, stop_after: int | None) -> Any:
    from datasets import Dataset
    from transformers import PrinterCallback
    from trl import GRPOTrainer

    if recipe.freeze_vision:
        freeze_vision(model)
    trainer: Any = GRPOTrainer(
        model=model,
        args=_settings(recipe, out, processor),
        reward_funcs=play.earned,
        rollout_func=play.rollouts,
        train_dataset=Dataset.from_dict({"prompt": list(play.questions)}),
        processing_class=processor,
        peft_config=lora(recipe.lora),
    )
    play.sight.attach(trainer.model)
    if trainer.ref_model is not None:
        play.sight.attach(trainer.accelerator.unwrap_model(trainer.ref_model))
    trainer.remove_callback(PrinterCallback)  # its every number stands in the log
    trainer.add_callback(_keeping(recipe, out, play, trainer, stop_after))
    return trainer


def _settings(recipe: Recipe, out: Path, processor: Any) -> Any:
    from trl import GRPOConfig

    ends = {"min_lr_rate": recipe.least_rate} if recipe.schedule == "cosine_with_min_lr" else {}
    sampler: dict[str, Any] = {"use_vllm": False}
    if recipe.vllm:
        sampler = {
            "use_vllm": True,
            "vllm_mode": "colocate",
            "vllm_gpu_memory_utilization": 0.4,
            "vllm_max_model_length": recipe.longest,
            "vllm_enable_sleep_mode": True,
            "vllm_importance_sampling_correction": False,  # it needs the sampler's own log-probabilities
            # a mark without a picture cannot be read back; where it samples without vLLM, TRL forbids it itself
            "generation_kwargs": {"logit_bias": {processor.image_token_id: -100.0}},
        }
    return GRPOConfig(
        output_dir=str(out),
        max_steps=recipe.steps,
        per_device_train_batch_size=recipe.batch,
        gradient_accumulation_steps=recipe.accumulation,
        num_generations=recipe.group,
        max_completion_length=recipe.room,
        learning_rate=recipe.rate,
        lr_scheduler_type=recipe.schedule,
        lr_scheduler_kwargs=ends,
        warmup_steps=round(recipe.warmup * recipe.steps),
        max_grad_norm=recipe.clip,
        beta=recipe.beta,
        loss_type=recipe.loss,
        temperature=recipe.temperature,
        top_p=recipe.top_p,
        top_k=recipe.top_k,
        repetition_penalty=recipe.repetition_penalty,
        bf16=recipe.precision == "bf16",
        activation_checkpointing=recipe.precision == "bf16",
        save_steps=recipe.save_every,
        logging_steps=1,
        seed=recipe.seed,
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
        **sampler,
    )


def _keeping(recipe: Recipe, out: Path, play: Play, trainer: Any, stop_after: int | None) -> Any:
    """Writes log and rollouts after each step, from the trainer's own numbers, and stops when asked to."""
    from transformers import TrainerCallback

    class Keeping(TrainerCallback):  # type: ignore[misc]
        def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any], **_: Any) -> None:
            if not state.is_world_process_zero or "loss" not in logs:
                return
            _write_log(out, state.log_history)
            _report(state.global_step, recipe.steps, logs)
            if state.global_step % recipe.keep_every == 0 or state.global_step == 1:
                count = len(play.episodes)
                first = trainer.accelerator.process_index * count
                advantages = list(trainer._logs["advantages"])[first : first + count]
                keep(out, Kept(state.global_step, logs.get("kl"), play.groups(advantages)))

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
            if stop_after is not None and state.global_step >= stop_after:
                control.should_save = control.should_training_stop = True
            return control

    return Keeping()


def _write_log(out: Path, history: Sequence[Mapping[str, Any]]) -> None:
    names = {**TRAINER, **{name: name for name in (*PARTS, *WATCHED)}}
    rows = [row for row in history if "loss" in row]
    write_log(
        out, tuple(names), ({"step": row["step"]} | {n: row.get(theirs) for n, theirs in names.items()} for row in rows)
    )


def _report(step: int, steps: int, logs: Mapping[str, Any]) -> None:
    parts = ", ".join(f"{name} {logs[name]:.2f}" for name in ("reward", *PARTS[:3], "look_ups") if name in logs)
    print(f"step {step} of {steps}: {parts}", flush=True)


# ── start and end ────────────────────────────────────────────────────────────────────────────────────────────────


def _start(recipe: Recipe, out: Path) -> tuple[Any, Any]:
    """The model to train and its processor; a full run that is taken up again starts from its checkpoint (see
    ``lab.train_sft``), and its reference stays the policy before RL.
    """
    from personavlm.models.weights import Loading, load

    if not recipe.base:
        raise BadInput("This recipe names no checkpoint to start from.", "give one: --base FOLDER of a stage 1 run.")
    taken_up = latest(out) if not recipe.lora else None
    loading = Loading(dtype="bfloat16" if recipe.precision == "bf16" else "float32")
    model, processor, _ = load(str(taken_up or recipe.base), loading)
    model.config._name_or_path = recipe.base  # where TRL takes the reference from
    return model, processor


def _judge(recipe: Recipe, out: Path) -> Model | None:
    """The judge a recipe names, its calls kept in the run, so that none is paid twice."""
    if not recipe.judge:
        return None
    from personavlm.models.loading import load_model
    from personavlm.models.recorded import Recorded

    return Recorded(out / "judge.jsonl", load_model(recipe.judge))


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description="Learning from reward (GRPO).")
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="folder that `personavlm synth train` wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run; it goes on where it was")
    parser.add_argument("--base", help="checkpoint to start from, in place of the recipe's")
    parser.add_argument(
        "--asked", type=Path, help="folder of memories and questions, shared by runs; default OUT/asked"
    )
    parser.add_argument("--processes", type=int, default=1, help="processes that prepare memories")
    parser.add_argument("--stop-after", type=int, help="end after so many steps, to be taken up again")
    arguments = parser.parse_args()
    from accelerate import PartialState

    from personavlm.training.memories import prepare

    recipe = Recipe.read(arguments.recipe)
    recipe = replace(recipe, base=arguments.base) if arguments.base else recipe
    asked = arguments.asked or arguments.out / "asked"
    with PartialState().main_process_first():
        questions = prepare(arguments.data, asked, recipe.persons, arguments.processes, _progress)
    print(f"wrote {train(recipe, questions, asked, Kit.load(), arguments.out, arguments.stop_after)}")


def _progress(what: str, done: int, of: int) -> None:
    print(f"{what}: {done:,} of {of:,}", flush=True)


if __name__ == "__main__":
    main()
