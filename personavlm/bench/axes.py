"""Axes: a ``Config`` as plain values, for recipes, records and keys, and back.

    axes_of(Config(period=False))["period"]  ──>  False
    config_of({"memories": ["core", "semantic"], "limits": {"topics": 0}})  ──>  Config(…)

A nested axis that is given in part keeps the default of the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from personavlm.assistant import DEFAULT_CONFIG, Config
from personavlm.errors import BadInput


@cache
def _adapter() -> TypeAdapter[Config]:
    return TypeAdapter(Config)


def axes_of(config: Config) -> dict[str, Any]:
    """Return a Config as JSON-ready values, the same ones for equal Configs."""
    found: dict[str, Any] = _adapter().dump_python(config, mode="json")
    return found | {"memories": sorted(config.memories)}


def config_of(axes: Mapping[str, Any], base: Config = DEFAULT_CONFIG) -> Config:
    """Return ``base`` with some axes changed. Raises ``BadInput`` for an axis or value there is not."""
    whole = axes_of(base)
    for name, value in axes.items():
        _known(name, base)
        inner = getattr(base, name)
        if isinstance(value, Mapping) and is_dataclass(inner):
            for part in value:
                _known(part, inner)
            value = whole[name] | dict(value)
        whole[name] = value
    try:
        return _adapter().validate_python(whole)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"The axis {where} cannot be {first['input']!r}: {first['msg']}.", "see Config.") from error


def _known(name: str, of: Any) -> None:
    names = [field.name for field in fields(of)]
    if name not in names:
        raise BadInput(f"There is no axis {name!r}.", f"give one of {', '.join(names)}.")
