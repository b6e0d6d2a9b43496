"""Catalogue: which models there are to choose from, what they need, which prompts they were trained on. Data as code.

One row, as the README and ``personavlm doctor`` show it:

    a GPU with 24 GB | hf:Qwen/Qwen2.5-VL-7B-Instruct | 20.2 GB | not run here

Memory is a rule of thumb: weights (parameters times bytes per parameter), a tenth more, and 2 GB for a prompt of 16,000
tokens and the libraries. Parameters were counted from each published configuration (the model built on torch's meta
device, transformers 5.23), not taken from names: a "7B" has 8.29 billion, and so has the "8B" that was trained from it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Prompting = Literal["ours", "authors"]
"""ours: it follows instructions, or was trained on this project's prompts. authors: it needs ``--prompts DIR``."""

AUTHORS_CHECKPOINT = "ClareNie/PersonaVLM"
"""The released model; it was trained on its authors' prompts, which are not in this project."""
NOTE = "personavlm.json"
"""A file beside a checkpoint's weights that says which prompts it was trained on: {"prompts": "ours"}."""
BILLION = 1e9


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to run the assistant."""

    hardware: str
    setting: str
    """What to give as ``--model``."""
    parameters: float
    """On this machine; 0 if the model runs elsewhere."""
    bytes_each: float = 2.0
    """Bytes per parameter: 4 float32, 2 bfloat16, 0.75 for 4bit weights with embeddings and vision left in bfloat16."""
    needs_gpu: bool = False
    ran_here: bool = False
    """Whether the authors of this project have run it. The others go through the same code, on trust."""
    prompts: Prompting = "ours"
    note: str = ""

    @property
    def memory_gb(self) -> float:
        """Memory needed, in gigabytes (10^9 bytes): of the GPU if it needs one, else of the machine."""
        return round(self.parameters * self.bytes_each * 1.1 / BILLION + 2, 1) if self.parameters else 0.0

    @property
    def line(self) -> str:
        """What to type."""
        prompts = " --prompts DIR" if self.prompts == "authors" else ""
        return f'personavlm ask "What do I drink?" --user USER --model "{self.setting}"{prompts}'


CHOICES: tuple[Choice, ...] = (
    Choice("any machine", "embedded", 22.7e6, 4, ran_here=True),
    Choice("any machine", "hf:FOLDER", 4.2e6, 4, ran_here=True, note="FOLDER as written by lab/tiny_qwen.py"),
    Choice("any machine", "hf:HuggingFaceTB/SmolVLM2-500M-Video-Instruct", 507_482_304, 4),
    Choice("16 GB without a GPU", "hf:Qwen/Qwen3-VL-2B-Instruct?dtype=bfloat16", 2_127_532_032),
    Choice("a GPU with 8 GB", "hf:Qwen/Qwen2.5-VL-3B-Instruct?quantise=4bit", 3_754_622_976, 0.75, needs_gpu=True),
    Choice("a GPU with 12 GB", "hf:Qwen/Qwen2.5-VL-7B-Instruct?quantise=4bit", 8_292_166_656, 0.75, needs_gpu=True),
    Choice("a GPU with 12 GB", "hf:Qwen/Qwen2.5-VL-3B-Instruct", 3_754_622_976, needs_gpu=True),
    Choice("a GPU with 16 GB", "hf:Qwen/Qwen3-VL-4B-Instruct", 4_437_815_808, needs_gpu=True),
    Choice("a GPU with 24 GB", "hf:Qwen/Qwen2.5-VL-7B-Instruct", 8_292_166_656, needs_gpu=True),
    Choice("a GPU with 24 GB", "hf:Qwen/Qwen3-VL-8B-Instruct", 8_767_123_696, needs_gpu=True),
    Choice("a GPU with 24 GB", f"hf:{AUTHORS_CHECKPOINT}", 8_292_166_656, needs_gpu=True, prompts="authors"),
    Choice("GPUs with 80 GB", "hf:Qwen/Qwen2.5-VL-32B-Instruct?device=balanced", 33_452_718_336, needs_gpu=True),
    Choice("a server", "openai:MODEL@http://127.0.0.1:8000/v1", 0, ran_here=True, note="run with lab/serve_local.py"),
)
"""From small to large."""


def prompts_for(checkpoint: str) -> Prompting:
    """Return which prompts a checkpoint (hub id or folder) was trained on; "ours" for models that were trained on none.

    A folder says so in ``personavlm.json``, or in the name its configuration was saved under.
    """
    folder = Path(checkpoint)
    noted = _field(folder / NOTE, "prompts")
    if noted in ("ours", "authors"):
        return "authors" if noted == "authors" else "ours"
    names = (checkpoint, _field(folder / "config.json", "_name_or_path"))
    theirs = AUTHORS_CHECKPOINT.split("/")[1]
    return "authors" if any(name.replace("\\", "/").rstrip("/").split("/")[-1] == theirs for name in names) else "ours"


def _field(path: Path, name: str) -> str:
    """A text field of a JSON file; empty where there is no such file or field."""
    if not path.is_file():
        return ""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return ""  # a damaged file is reported when the checkpoint is loaded
    return str(found.get(name) or "") if isinstance(found, dict) else ""
