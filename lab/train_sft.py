"""Stage 1: supervised fine-tuning, from nothing or from a checkpoint, on one CPU, one GPU or several.

    python -m lab.train_sft lab/recipes/sft_smoke.toml --data DIR --out RUN
    torchrun --standalone --nproc_per_node 2 -m lab.train_sft lab/recipes/sft_smoke.toml --data DIR --out RUN

DIR is what ``personavlm synth train`` wrote. RUN gets the corpus, the tokenizer (from scratch), checkpoints, losses
(``log.csv``), what ran (``run.json``) and the model (``RUN/model``, for ``--model hf:RUN/model``). Started again, it
goes on at its last checkpoint. A recipe is a TOML file of ``Recipe``'s fields; its first line is the command.

What is TRL's stays TRL's: ``SFTTrainer`` trains, saves and resumes; ours are the examples, their order and their mask.
Source: PersonaVLM, section 4 and appendix B; released hyper-parameters in ``recipes/sft_7b.toml``.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # TRL reports its use otherwise

from personavlm.errors import BadInput
from personavlm.training.batches import Collator, Course, Stage
from personavlm.training.corpus import HEAD, Corpus, render_rows, texts_of, write_corpus
from personavlm.training.scratch import make_model, make_processor, size_named, train_tokenizer

SCRATCH = "scratch:"
LANGUAGE_LAYERS = r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"
"""Where LoRA adapts: the language model's layers; the vision tower stays as it is (paper, appendix B)."""
VISION = "visual"


@dataclass(frozen=True, slots=True)
class Recipe:
    """One run. Lengths in tokens, rates per step."""

    base: str
    """``scratch:tiny``, ``scratch:mini``, a hub id or a checkpoint folder."""
    steps: int
    batch: int
    """Examples a device takes at once."""
    accumulation: int = 1
    rate: float = 2e-5
    schedule: str = "cosine"
    warmup: float = 0.03
    """Share of the steps in which the rate rises."""
    decay: float = 0.0
    clip: float = 1.0
    longest: int = 16_384
    """Examples over this are left out."""
    limits: tuple[int, ...] = ()
    """Lengths to begin with, each for an equal share of the steps, then ``longest``; empty: all from the first."""
    lora: int = 0
    """Rank of LoRA; 0 trains all weights."""
    freeze_vision: bool = True
    optimizer: str = "adamw_torch"
    precision: str = "fp32"
    save_every: int = 500
    log_every: int = 1
    seed: int = 0

    @classmethod
    def read(cls, path: Path) -> Recipe:
        """Read a recipe. Raises ``BadInput`` for a field that does not exist."""
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        if unknown := sorted(set(found) - set(cls.__slots__)):
            raise BadInput(f"{path} has {unknown[0]!r}, which no recipe has.", f"use {', '.join(cls.__slots__)}.")
        return cls(**found | {"limits": tuple(found.get("limits", ()))})


def train(recipe: Recipe, data: Path, out: Path, stop_after: int | None = None) -> Path:
    """Run a recipe and return the model's folder; ``stop_after`` ends after so many steps, to be taken up again."""
    from accelerate import PartialState

    with PartialState().main_process_first():  # one process writes tokenizer and corpus, the others find them
        model, processor = _start(recipe, data, out)
        corpus = _corpus(recipe, data, out, processor)
    course = Course(corpus, _stages(recipe), recipe.seed)
    trainer = _trainer(recipe, out, model, processor, course, Collator(processor, data), stop_after)
    trainer.train(resume_from_checkpoint=_latest(out) is not None)
    folder = out / "model"
    if trainer.is_world_process_zero():
        _write_log(out / "log.csv", trainer.state.log_history)
        _write_run(out / "run.json", recipe, trainer)
        trainer.save_model(str(folder))
        processor.save_pretrained(folder)
    return folder


def _start(recipe: Recipe, data: Path, out: Path) -> tuple[Any, Any]:
    """The model to train and its processor; from scratch, the tokenizer is learnt once and kept in ``out``.

    A full run that is taken up again starts from its checkpoint here: the trainer, resuming, looks for the names that
    the weights have in memory, finds none of them in a Qwen2.5-VL's files, and goes on from noise without an error.
    """
    taken_up = _latest(out) if not recipe.lora else None
    base = str(taken_up) if taken_up else recipe.base
    if not base.startswith(SCRATCH):
        from personavlm.models.weights import Loading, load

        model, processor, _ = load(base, Loading(dtype="bfloat16" if recipe.precision == "bf16" else "float32"))
        return model, processor
    size = size_named(recipe.base.removeprefix(SCRATCH))
    kept = out / "tokenizer"
    if not kept.is_dir():
        train_tokenizer(texts_of(data), size).save_pretrained(kept)
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(kept)
    return make_model(tokenizer, size, recipe.seed), make_processor(tokenizer, size)


def _latest(out: Path) -> Path | None:
    return max(out.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def _corpus(recipe: Recipe, data: Path, out: Path, processor: Any) -> Corpus:
    folder = out / "corpus"
    if (folder / HEAD).is_file():
        return Corpus.open(folder)
    return write_corpus(folder, render_rows(data, processor, recipe.longest, _report))


def _trainer(
    recipe: Recipe, out: Path, model: Any, processor: Any, course: Course, collator: Collator, stop_after: int | None
) -> Any:
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    if recipe.freeze_vision and not recipe.base.startswith(SCRATCH):
        for name, weight in model.named_parameters():
            weight.requires_grad_(VISION not in name)
    settings = SFTConfig(
        output_dir=str(out),
        max_steps=recipe.steps,
        per_device_train_batch_size=recipe.batch,
        gradient_accumulation_steps=recipe.accumulation,
        optim=recipe.optimizer,
        learning_rate=recipe.rate,
        lr_scheduler_type=recipe.schedule,
        warmup_steps=round(recipe.warmup * recipe.steps),
        weight_decay=recipe.decay,
        max_grad_norm=recipe.clip,
        bf16=recipe.precision == "bf16",
        activation_checkpointing=recipe.precision == "bf16",
        save_steps=recipe.save_every,
        logging_steps=recipe.log_every,
        seed=recipe.seed,
        train_sampling_strategy="sequential",  # the course has shuffled already
        max_length=None,
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        dataloader_pin_memory=False,
    )
    trainer: Any = SFTTrainer(
        model=model,
        args=settings,
        train_dataset=Dataset.from_dict({"place": range(len(course))}),
        data_collator=lambda rows: collator([course[row["place"]] for row in rows]),
        processing_class=processor,
        peft_config=_lora(recipe),
        callbacks=[_stopping(stop_after)] if stop_after else None,
    )
    # transformers says no for Qwen2.5-VL, and would take the mean of the parts' means where parts have unlike lengths;
    # TRL computes the loss itself and divides by all the tokens of a step.
    trainer.model_accepts_loss_kwargs = True
    return trainer


def _lora(recipe: Recipe) -> Any:
    if not recipe.lora:
        return None
    from peft import LoraConfig

    return LoraConfig(r=recipe.lora, lora_alpha=2 * recipe.lora, target_modules=LANGUAGE_LAYERS, task_type="CAUSAL_LM")


def _stopping(steps: int) -> Any:
    from transformers import TrainerCallback

    class Stopping(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
            if state.global_step >= steps:
                control.should_save = control.should_training_stop = True
            return control

    return Stopping()


def _stages(recipe: Recipe) -> tuple[Stage, ...]:
    """The steps dealt out equally over the lengths, the last one taking what is over."""
    limits = (*recipe.limits, recipe.longest)
    a_step = recipe.batch * recipe.accumulation * int(os.environ.get("WORLD_SIZE", "1"))
    steps = [recipe.steps // len(limits)] * (len(limits) - 1)
    steps.append(recipe.steps - sum(steps))
    return tuple(Stage(number * a_step, limit) for number, limit in zip(steps, limits, strict=True))


def _write_log(path: Path, history: list[dict[str, Any]]) -> None:
    rows = [row for row in history if "loss" in row]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["step", "loss", "rate", "gradient", "tokens"])
        for row in rows:
            writer.writerow(
                [row["step"], row["loss"], row["learning_rate"], row["grad_norm"], row.get("num_tokens", "")]
            )


def _write_run(path: Path, recipe: Recipe, trainer: Any) -> None:
    import torch
    import transformers
    import trl

    run = {
        "recipe": asdict(recipe),
        "processes": trainer.accelerator.num_processes,
        "device": str(trainer.accelerator.device),
        "parameters": sum(weight.numel() for weight in trainer.model.parameters()),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__, "trl": trl.__version__},
    }
    path.write_text(json.dumps(run, indent=1), encoding="utf-8")


def _report(what: str, done: int, _of: int) -> None:
    if done % 1_000 == 0:
        print(f"{what}: {done:,}", flush=True)


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description="Supervised fine-tuning.")
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="folder that `personavlm synth train` wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run; it goes on where it was")
    parser.add_argument("--stop-after", type=int, help="end after so many steps, to be taken up again")
    arguments = parser.parse_args()
    recipe = Recipe.read(arguments.recipe)
    arguments.out.mkdir(parents=True, exist_ok=True)
    print(f"wrote {train(recipe, arguments.data, arguments.out, arguments.stop_after)}")


if __name__ == "__main__":
    main()
