"""Runs: what training programs of both stages share: where a run stopped, and what LoRA adapts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

LANGUAGE_LAYERS = r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"
"""Where LoRA adapts: the language model's layers; the vision tower stays as it is (paper, appendix B)."""


def latest(out: Path) -> Path | None:
    """Return the last checkpoint of a run's folder, None if there is none."""
    return max(out.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def lora(rank: int) -> Any:
    """Return PEFT's settings of LoRA with that rank, None for 0."""
    if not rank:
        return None
    from peft import LoraConfig

    return LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=LANGUAGE_LAYERS, task_type="CAUSAL_LM")
