"""Voices: which model a run speaks with, at which temperature and seed, loaded where it is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from personavlm.assistant import Kit
from personavlm.models import Completion, Message, Model, Sampling


@dataclass(frozen=True, slots=True)
class Voice:
    """Which model speaks, and how: small enough to travel to the process that loads it."""

    setting: str
    prompts: Path | None = None
    temperature: float = 0.0
    seed: int = 0

    def model(self) -> Model:
        """Return the model, loaded once in a process."""
        model, _ = loaded(self.setting, self.prompts)
        return Sampled(model, self.temperature, self.seed) if self.temperature else model


@cache
def loaded(model: str, prompts: Path | None) -> tuple[Model, Kit]:
    """Return the model and the kit; the embedded model and the kit share one text encoder."""
    from personavlm.embedded import Embedded
    from personavlm.models.loading import load_model

    kit = Kit.load(prompts)
    return (Embedded(kit.encoder) if model == "embedded" else load_model(model)), kit


@dataclass(frozen=True, slots=True)
class Sampled:
    """A model that speaks at a temperature, from a seed, whatever it is asked for."""

    model: Model
    temperature: float
    seed: int

    @property
    def name(self) -> str:
        """The model's name with temperature and seed: what they remember is not the same."""
        return f"{self.model.name} t={self.temperature:g} seed={self.seed}"

    def complete(self, messages: Sequence[Message], sampling: Sampling) -> Completion:
        """Return the model's next message. Raises ``ModelUnavailable`` when it cannot be asked."""
        return self.model.complete(messages, replace(sampling, temperature=self.temperature, seed=self.seed))
