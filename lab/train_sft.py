"""Stages 0 and 1: reading, then the assistant's jobs; from nothing or from a checkpoint, on a CPU, a GPU or several.

    python -m lab.train_sft lab/recipes/sft_smoke.toml --data DIR --out RUN
    torchrun --standalone --nproc_per_node 2 -m lab.train_sft lab/recipes/sft_smoke.toml --data DIR --out RUN

DIR is what ``personavlm synth train`` wrote. RUN gets the corpus, the tokenizer (from scratch), checkpoints, losses
(``log.csv``), what held-out examples come to (``curves.csv``), what ran (``run.json``) and the model (``RUN/model``,
for ``--model hf:RUN/model``). Started again, it goes on at its last checkpoint. A recipe is a TOML file of
``Recipe``'s fields; its first line is the command.

What is TRL's stays TRL's: ``SFTTrainer`` trains, saves and resumes; ours are the examples, their order and their mask.
Source: PersonaVLM, section 4 and appendix B; released hyper-parameters in ``recipes/sft_7b.toml``.
"""

from __future__ import annotations

import argparse
import csv
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from time import monotonic
from typing import Any

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # TRL reports its use otherwise

from personavlm.errors import BadInput
from personavlm.training.batches import Collator
from personavlm.training.corpus import HEAD, Corpus, Rendered, render_rows, texts_of, write_corpus
from personavlm.training.course import Climbs, Course, Stage
from personavlm.training.material import read_drills, read_material
from personavlm.training.probes import Mark, mastery, probe
from personavlm.training.runs import finish, freeze_vision, latest, lora, recipe_fields
from personavlm.training.scratch import make_model, make_processor, size_named, train_tokenizer

SCRATCH = "scratch:"
NUMBERS = ("fp32", "bf16")
WORDS = {"stage": ("base", "sft"), "precision": NUMBERS, "weights": NUMBERS}
PROBES_OF = 1_000_003
"""Added to a recipe's seed for what only probes see."""


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
    stage: str = "sft"
    """base: dialogues, pictures and drills; sft: the samples of the training set, and drills if wanted."""
    persons: int = 0
    """Further persons whose dialogues and pictures stage base reads."""
    drills: int = 0
    """Drills mixed in."""
    every: int = 1
    """Each so-many-th sample of the training set is used."""
    longest: int = 16_384
    """Examples over this are left out."""
    limits: tuple[int, ...] = ()
    """Lengths to begin with, each for an equal share of the steps at most, then ``longest``; empty: all from the
    first."""
    mastered: float = 0.0
    """Share of right tokens in probes at which the next length begins early; 0: never early."""
    probe_every: int = 0
    """Steps between probes; 0: none."""
    probe_each: int = 16
    """Held-out examples of each kind in a probe."""
    lora: int = 0
    """Rank of LoRA; 0 trains all weights."""
    freeze_vision: bool = True
    optimizer: str = "adamw_torch"
    precision: str = "fp32"
    """What is computed in: fp32 or bf16."""
    weights: str = "fp32"
    """What a checkpoint's weights are kept in; small models lose small steps in bf16."""
    recompute: bool = False
    """Keep no activations, for models that leave no room for them."""
    workers: int = 0
    """Processes that make batches; a run that climbs makes its own, since they would not hear of it."""
    save_every: int = 500
    log_every: int = 1
    seed: int = 0

    @classmethod
    def read(cls, path: Path) -> Recipe:
        """Read a recipe. Raises ``BadInput`` for a field or word that does not exist."""
        recipe = cls(**recipe_fields(path, cls.__slots__, WORDS))
        if recipe.workers and recipe.mastered:
            raise BadInput(f"{path} has workers, who would not hear of a climb.", "set workers or mastered, not both.")
        return recipe


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a run ends before its recipe does, to be taken up again."""

    steps: int | None = None
    """After so many steps, counted from the run's beginning."""
    seconds: float | None = None
    """At the first step that ends so many seconds after this start."""


def train(recipe: Recipe, data: Path, out: Path, bounds: Bounds = Bounds()) -> Path:
    """Run a recipe and return the model's folder."""
    from accelerate import PartialState

    with PartialState().main_process_first():  # one process writes tokenizer and corpus, the others find them
        model, processor = _start(recipe, data, out)
        corpus, probes = prepare(recipe, data, out, processor)
    taken_up = latest(out)
    climbs = Climbs.open(out / "climbs.json", _step(taken_up) if taken_up else 0)
    course = Course(corpus, _stages(recipe), recipe.seed, recipe.batch, climbs)
    collator = Collator(processor, out if recipe.stage == "base" else data)
    watch = _watching(recipe, out, course, collator, probes, bounds)
    trainer = _trainer(recipe, out, model, processor, course, collator, watch)
    trainer.train(resume_from_checkpoint=taken_up is not None)
    return finish(out, asdict(recipe), trainer, processor)


def prepare(recipe: Recipe, data: Path, out: Path, processor: Any) -> tuple[Corpus, Corpus | None]:
    """Write what a recipe teaches and what it probes into ``out``, unless it is there, and open both."""
    corpus = _kept(out / "corpus", lambda: _lessons(recipe, data, out, processor))
    return corpus, _kept(out / "probes", lambda: _probes(recipe, data, out, processor)) if recipe.probe_every else None


def _start(recipe: Recipe, data: Path, out: Path) -> tuple[Any, Any]:
    """The model to train and its processor; from scratch, the tokenizer is learnt once and kept in ``out``.

    A full run that is taken up again starts from its checkpoint here: the trainer, resuming, looks for the names that
    the weights have in memory, finds none of them in a Qwen2.5-VL's files, and goes on from noise without an error.
    """
    taken_up = latest(out) if not recipe.lora else None
    base = str(taken_up) if taken_up else recipe.base
    if not base.startswith(SCRATCH):
        from personavlm.models.weights import Loading, load

        model, processor, _ = load(base, Loading(dtype="bfloat16" if recipe.weights == "bf16" else "float32"))
        return model, processor
    size = size_named(recipe.base.removeprefix(SCRATCH))
    kept = out / "tokenizer"
    if not kept.is_dir():
        train_tokenizer(texts_of(data), size).save_pretrained(kept)
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(kept)
    return make_model(tokenizer, size, recipe.seed), make_processor(tokenizer, size)


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


def _kept(folder: Path, make: Callable[[], Iterator[Rendered]]) -> Corpus:
    return Corpus.open(folder) if (folder / HEAD).is_file() else write_corpus(folder, make())


def _lessons(recipe: Recipe, data: Path, out: Path, processor: Any) -> Iterator[Rendered]:
    """What the recipe's stage teaches; a corpus keeps what is not too long."""
    if recipe.stage == "base":
        made = read_material(processor, out, recipe.seed, recipe.persons, recipe.drills, _report)
        return (one for one in made if len(one.example) <= recipe.longest)
    samples = render_rows(data, processor, recipe.longest, recipe.every, progress=_report)
    return chain(samples, read_drills(processor, recipe.seed, recipe.drills))


def _probes(recipe: Recipe, data: Path, out: Path, processor: Any) -> Iterator[Rendered]:
    """Examples that are never trained on: drills of unseen words, and pictures or samples of other persons."""
    seed, each = recipe.seed + PROBES_OF, recipe.probe_each
    drilled = read_drills(processor, seed, 100 * each, unseen=True)
    if recipe.stage == "base":
        made = read_material(processor, out, seed, each, 0)
        return chain(drilled, (one for one in made if one.kind != "dialogue"))  # what comes next is a guess
    return chain(drilled, render_rows(data, processor, recipe.longest, held=True))


def _trainer(
    recipe: Recipe, out: Path, model: Any, processor: Any, course: Course, collator: Collator, watch: Any
) -> Any:
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    if recipe.freeze_vision and not recipe.base.startswith(SCRATCH):
        freeze_vision(model)
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
        activation_checkpointing=recipe.recompute,
        dataloader_num_workers=recipe.workers,
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
        peft_config=lora(recipe.lora),
        callbacks=[watch],
    )
    # transformers says no for Qwen2.5-VL, and would take the mean of the parts' means where parts have unlike lengths;
    # TRL computes the loss itself and divides by all the tokens of a step.
    trainer.model_accepts_loss_kwargs = True
    return trainer


def _watching(
    recipe: Recipe, out: Path, course: Course, collator: Collator, probes: Corpus | None, bounds: Bounds
) -> Any:
    """The callback that probes, climbs when a length is mastered, and stops early when asked to."""
    from transformers import TrainerCallback

    a_step, began = _a_step(recipe), monotonic()

    class Watching(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> Any:
            step = state.global_step
            if probes is not None and step % recipe.probe_every == 0:
                now = min(step * a_step, len(course) - 1)
                limit = course.stages[course.stage_at(now)[0]].limit
                marks = probe(model, collator, probes, limit, recipe.probe_each)
                # a loader draws one batch ahead, so the step after the next is the first that can still be changed
                climbed = 0 < recipe.mastered <= mastery(marks) and course.climb(step, now, (step + 2) * a_step)
                if state.is_world_process_zero:
                    _write_marks(out / "curves.csv", step, limit, marks)
                    print(f"step {step}, up to {limit} tokens: {mastery(marks):.3f}{' mastered' * climbed}", flush=True)
            late = bounds.seconds is not None and monotonic() - began >= bounds.seconds
            if late or (bounds.steps is not None and step >= bounds.steps):
                control.should_save = control.should_training_stop = True
            return control

        def on_log(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            state.log_history[-1]["seconds"] = round(monotonic() - began, 1)
            if state.is_world_process_zero:
                _write_log(out / "log.csv", state.log_history)

    return Watching()


def _stages(recipe: Recipe) -> tuple[Stage, ...]:
    """The steps dealt out equally over the lengths, the last one taking what is over."""
    limits = (*recipe.limits, recipe.longest)
    a_step = _a_step(recipe)
    steps = [recipe.steps // len(limits)] * (len(limits) - 1)
    steps.append(recipe.steps - sum(steps))
    return tuple(Stage(number * a_step, limit) for number, limit in zip(steps, limits, strict=True))


def _a_step(recipe: Recipe) -> int:
    """Examples of a step, over all processes."""
    return recipe.batch * recipe.accumulation * int(os.environ.get("WORLD_SIZE", "1"))


def _write_marks(path: Path, step: int, limit: int, marks: tuple[Mark, ...]) -> None:
    new = not path.is_file()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow(["step", "limit", *Mark._fields])
        writer.writerows([step, limit, m.kind, m.examples, f"{m.exact:.4f}", f"{m.tokens:.4f}"] for m in marks)


def _write_log(path: Path, history: list[dict[str, Any]]) -> None:
    """Write the log anew; seconds count from the last start of the run."""
    names = {"step": "step", "loss": "loss", "rate": "learning_rate", "gradient": "grad_norm", "tokens": "num_tokens"}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*names, "seconds"])
        for row in (row for row in history if "loss" in row):
            writer.writerow([*(row.get(name, "") for name in names.values()), row["seconds"]])


def _report(what: str, done: int, _of: int) -> None:
    if done % 1_000 == 0:
        print(f"{what}: {done:,}", flush=True)


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description="Supervised fine-tuning.")
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="folder that `personavlm synth train` wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run; it goes on where it was")
    parser.add_argument("--base", help="begin with this instead of the recipe's base: the model of another run, say")
    parser.add_argument("--stop-after", type=int, help="end after so many steps, to be taken up again")
    parser.add_argument("--minutes", type=float, help="end after so many minutes, to be taken up again")
    given = parser.parse_args()
    recipe = Recipe.read(given.recipe)
    recipe = replace(recipe, base=given.base or recipe.base)
    given.out.mkdir(parents=True, exist_ok=True)
    bounds = Bounds(given.stop_after, given.minutes and 60 * given.minutes)
    print(f"wrote {train(recipe, given.data, given.out, bounds)}")


if __name__ == "__main__":
    main()
