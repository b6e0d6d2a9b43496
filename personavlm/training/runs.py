"""Runs: what training programs of both stages share: a recipe read, what is trained, where a run stopped, its end."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from personavlm.errors import BadInput

LANGUAGE_LAYERS = r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"
"""Where LoRA adapts: the language model's layers; the vision tower stays as it is (paper, appendix B)."""
VISION = "visual"
"""In the name of every weight of the vision tower."""


def recipe_fields(path: Path, known: Sequence[str], words: Mapping[str, Sequence[str]]) -> Mapping[str, Any]:
    """Return the fields of a recipe's file, lists as tuples.

    ``words`` are the choices of fields that have some. Raises ``BadInput`` for a field or word that does not exist.
    """
    found = tomllib.loads(path.read_text(encoding="utf-8"))
    if unknown := sorted(set(found) - set(known)):
        raise BadInput(f"{path} has {unknown[0]!r}, which no recipe has.", f"use {', '.join(known)}.")
    for field, choices in words.items():
        if (word := found.get(field, choices[0])) not in choices:
            raise BadInput(f"{path} has {field} {word!r}.", f"use {' or '.join(choices)}.")
    return {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}


def latest(out: Path) -> Path | None:
    """Return the last checkpoint of a run's folder, None if there is none."""
    return max(out.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def lora(rank: int) -> Any:
    """Return PEFT's settings of LoRA with that rank, None for 0."""
    if not rank:
        return None
    from peft import LoraConfig

    return LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=LANGUAGE_LAYERS, task_type="CAUSAL_LM")


def freeze_vision(model: Any) -> None:
    """Train the language model alone; its other weights are trained, whatever they were before."""
    for name, weight in model.named_parameters():
        weight.requires_grad_(VISION not in name)


def finish(out: Path, recipe: Mapping[str, Any], trainer: Any, processor: Any) -> Path:
    """Write what ran (``run.json``) and the model with its processor, and return the model's folder."""
    folder = out / "model"
    if trainer.is_world_process_zero():
        (out / "run.json").write_text(json.dumps(_ran(recipe, trainer), indent=1), encoding="utf-8")
        trainer.save_model(str(folder))
        processor.save_pretrained(folder)
    return folder


def _ran(recipe: Mapping[str, Any], trainer: Any) -> dict[str, Any]:
    import torch
    import transformers
    import trl

    return {
        "recipe": recipe,
        "processes": trainer.accelerator.num_processes,
        "device": str(trainer.accelerator.device),
        "parameters": sum(weight.numel() for weight in trainer.model.parameters()),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__, "trl": trl.__version__},
    }
