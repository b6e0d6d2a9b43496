"""Runs: what training programs of both stages share: reading a recipe, where a run stopped, and what LoRA adapts."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from personavlm.errors import BadInput

LANGUAGE_LAYERS = r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"
"""Where LoRA adapts: the language model's layers; the vision tower stays as it is (paper, appendix B)."""


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
