"""Room: what memory this machine has, and which of the catalogue's models fit into it. Runs without torch.

>>> fit(CHOICES[0], Machine(memory_gb=16.0)).fits
True
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from importlib.util import find_spec

from personavlm.models.catalogue import BILLION, Choice


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is to run models on; gigabytes are 10^9 bytes, 0 where there is none or it cannot be told."""

    memory_gb: float
    gpu: str = ""
    gpu_gb: float = 0.0


@dataclass(frozen=True, slots=True)
class Fit:
    """A choice of model, and whether this machine has room for it."""

    choice: Choice
    fits: bool
    memory_gb: float
    line: str


def fit(choice: Choice, machine: Machine) -> Fit:
    """Return whether a choice has room: on the GPU if it needs one, else in four fifths of the memory."""
    room = machine.gpu_gb if choice.needs_gpu else max(0.8 * machine.memory_gb, machine.gpu_gb)
    return Fit(choice, choice.parameters == 0 or choice.memory_gb <= room, choice.memory_gb, choice.line)


def look_at_machine() -> Machine:
    """Return memory and the first GPU; imports torch if it is there."""
    memory = memory_gb()
    if find_spec("torch") is None:
        return Machine(memory)
    import torch

    if torch.cuda.is_available():
        found = torch.cuda.get_device_properties(0)
        return Machine(memory, found.name, round(found.total_memory / BILLION, 1))
    if torch.backends.mps.is_available():
        return Machine(memory, "Apple GPU", round(0.7 * memory, 1))  # shared with the system, which keeps a share
    return Machine(memory)


def memory_gb() -> float:
    """Return the machine's memory in gigabytes, 0 where it cannot be told."""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / BILLION, 1)
    return _windows_memory_gb() if sys.platform == "win32" else 0.0


def _windows_memory_gb() -> float:
    import ctypes

    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009  (the attribute exists on Windows only)
    kilobytes = ctypes.c_ulonglong()
    found = kernel.GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes))
    return round(kilobytes.value * 1024 / BILLION, 1) if found else 0.0
