"""Modes: the names of the bench's systems, and what they are made from."""

from __future__ import annotations

from dataclasses import dataclass

from personavlm.assistant import DEFAULT_CONFIG, Config, Kit
from personavlm.bench.context import FullContext, Nearest, TopMessages
from personavlm.bench.critic import FewShot, SelfCritic
from personavlm.bench.systems import Blind, Nothing, Oracle, Remembering, System
from personavlm.errors import BadInput
from personavlm.inspection.profiles import Rule
from personavlm.models import Model


@dataclass(frozen=True, slots=True)
class Means:
    """What systems are made from."""

    model: Model
    kit: Kit
    config: Config = DEFAULT_CONFIG
    """How questions are answered, and how talks are lived through unless ``made`` says otherwise."""
    made: Config | None = None
    """How talks are lived through, so that one replay can serve other ways of answering."""
    profile: Rule | None = None
    """By which rule the profile is made of the readings when questions are answered; None: as it was lived through."""


def read_mode(name: str, means: Means) -> System:
    """Return the system of that name. Raises ``BadInput`` for another."""
    match name:
        case "full":
            return FullContext(means.model, means.kit)
        case "rag5":
            return TopMessages(means.model, means.kit, Nearest(means.kit.encoder))
        case "self-critic":
            return SelfCritic(means.model, means.kit)
        case "few-shot":
            return FewShot(means.model, means.kit)
        case "none":
            return Nothing(means.model, means.kit)
        case "blind":
            return Blind(means.model, means.kit)
        case "oracle":
            return Oracle(means.model, means.kit)
        case "personavlm":
            return Remembering(means.model, means.kit, means.config, means.made or means.config, means.profile)
        case _:
            raise BadInput(f"There is no mode {name!r}.", f"give one of {', '.join(MODES)}.")


MODES = ("personavlm", "none", "blind", "oracle", "full", "rag5", "self-critic", "few-shot")
"""Names that ``read_mode`` knows."""
