"""Recipes: a run in a few lines of TOML, or of command line options, and how it is carried out.

    data = "worlds/bench"        mode = "personavlm"        model = "embedded"        setting = "both"
    kind = "persona-mme"
    out = "runs/no-period"       seed = 1                   limit = 3                 workers = 2
    [config]                     period = false
    [made]                       gap = "PT30M"

``config`` changes axes of the assistant's ``Config`` when questions are answered, ``made`` when talks are lived
through: so one replay serves every way of answering. Paths are read from where the command is run.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from personavlm.assistant import Config, Kit
from personavlm.bench.axes import config_of
from personavlm.bench.blind import BASELINES, kept
from personavlm.bench.cases import Column
from personavlm.bench.columns import Kind, read_column, score_of
from personavlm.bench.engines import read_engine
from personavlm.bench.folders import Plan
from personavlm.bench.modes import Means, read_mode
from personavlm.bench.runs import Progress, Run, carry_out
from personavlm.bench.scores import Figure, Scores
from personavlm.bench.systems import System
from personavlm.bench.voices import Voice, loaded
from personavlm.errors import BadInput
from personavlm.files import write_atomically
from personavlm.inspection.profiles import Rule
from personavlm.trace import digest


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything a run is made from."""

    data: Path
    """Folder or file of the data set."""
    out: Path
    kind: Kind = "persona-mme"
    """Which data set it is of (``columns``); a PersonaWorld-MME is read as a Persona-MME."""
    mode: str = "personavlm"
    model: str = "embedded"
    setting: str = "both"
    seed: int = 0
    """Of draws: options of some columns, and a model's words where ``temperature`` is above 0."""
    temperature: float = 0.0
    """Of the model's sampling; at 0 it always says the same and seeds differ in nothing."""
    limit: int | None = None
    """Only so many persons of each setting."""
    prompts: Path | None = None
    replays: Path | None = None
    """Folder that keeps replays for other runs as well; beside the run if none is named."""
    engine: str = "processes"
    workers: int = 1
    config: Mapping[str, Any] = field(default_factory=dict)
    made: Mapping[str, Any] = field(default_factory=dict)
    profile: Rule | None = None
    """By which rule the profile is made of the readings when questions are answered; None: as it was lived through."""

    @property
    def answering(self) -> Config:
        """How questions are answered. Raises ``BadInput`` for an axis there is not."""
        return config_of(self.config)

    @property
    def making(self) -> Config:
        """How talks are lived through. Raises ``BadInput`` for an axis there is not."""
        return config_of(self.made)


def read_recipe(path: Path, changes: Mapping[str, Any]) -> Recipe:
    """Return the recipe in a TOML file, with some of its values changed. Raises ``BadInput``."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.", "give a recipe in TOML.") from error
    except ValueError as error:
        raise BadInput(f"{path} is no TOML: {error}.", "see personavlm/bench/recipes.py for one.") from error
    return recipe_of(told | dict(changes))


def recipe_of(told: Mapping[str, Any]) -> Recipe:
    """Return the recipe that names and values make. Raises ``BadInput`` for one that is unknown, wrong or missing."""
    names = [one.name for one in fields(Recipe)]
    if unknown := [name for name in told if name not in names]:
        raise BadInput(f"A recipe has no {unknown[0]!r}.", f"give some of {', '.join(names)}.")
    try:
        return TypeAdapter(Recipe).validate_python(dict(told))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"The recipe's {where}: {first['msg']}.", "give data and out at least.") from error


def column_of(recipe: Recipe) -> Column:
    """Return the persons a recipe asks about. Raises ``BadInput`` for data of another shape."""
    return read_column(recipe.kind, recipe.data, recipe.setting, recipe.limit, recipe.seed)


def measure(recipe: Recipe, progress: Progress = lambda *_: None) -> Scores:
    """Run a recipe, or go on with it, and return its figures. Raises as ``runs.carry_out``."""
    column, engine = column_of(recipe), read_engine(recipe.engine)
    one = run_of(recipe, column)
    (scores,) = carry_out([one], column.persons, engine, recipe.workers, progress)
    guess(one, column, loaded(recipe.model, recipe.prompts)[1])
    return scores


def guess(run: Run, column: Column, kit: Kit) -> Mapping[str, Figure]:
    """Put the blind baselines of a run's cases beside it, reckoned once for all runs that share its replays."""
    cases = [case for person in column.persons for case in person.cases]
    path = run.replays / f"baselines-{digest([case.id for case in cases], run.plan.data)[:12]}.json"
    found = kept(path, cases, kit.encoder)
    write_atomically(run.out / BASELINES, path.read_bytes())
    return found


def run_of(recipe: Recipe, column: Column) -> Run:
    """Return the run that a recipe asks for. Raises ``BadInput`` for a mode, model or axis there is not."""
    answering, making = recipe.answering, recipe.making
    voice = Voice(recipe.model, recipe.prompts, recipe.temperature, recipe.seed)
    make = partial(make_system, recipe.mode, voice, answering, making, recipe.profile)
    make()
    data = f"{recipe.kind} {column.persons[0].data}"
    plan = Plan(recipe.mode, data, voice.model().name, answering, making, recipe.profile, recipe.seed)
    return Run(plan, recipe.out, recipe.replays or recipe.out.parent / "replays", make, score_of(recipe.kind))


def make_system(mode: str, voice: Voice, config: Config, made: Config, profile: Rule | None = None) -> System:
    """Return a recipe's system."""
    _, kit = loaded(voice.setting, voice.prompts)
    return read_mode(mode, Means(voice.model(), kit, config, made, profile))
