"""Loading: from the one setting to a model.

    embedded                          rules over MiniLM, no weights
    hf:<id or folder>                 a model on this machine             hf:Qwen/Qwen2.5-VL-7B-Instruct?quantise=4bit
    openai:<model>@<base url>         any OpenAI-compatible server        openai:qwen@http://127.0.0.1:8000/v1
    recorded:<file>                   a recording of one of these         recorded:data/recordings/demo.jsonl

Options follow a question mark, as in an address: ``hf:FOLDER?adapter=LORA&dtype=bfloat16``. The same options may be
given as arguments of ``load_model``. What they are: the fields of ``weights.Loading`` (hf), timeout in seconds and
attempts (openai), name (recorded).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from personavlm.errors import BadInput
from personavlm.models import Model

FORMS = "embedded | hf:<id or folder> | openai:<model>@<base url> | recorded:<file>"
"""The settings there are."""

OPTIONS: Mapping[str, Mapping[str, type]] = {
    "embedded": {},
    "hf": {
        "adapter": str,
        "dtype": str,
        "device": str,
        "quantise": str,
        "min_pixels": int,
        "max_pixels": int,
        "max_tokens": int,
        "revision": str,
    },
    "openai": {"timeout": float, "attempts": int},
    "recorded": {"name": str},
}
"""Options of each form, with their types."""


def load_model(setting: str, **options: Any) -> Model:
    """Return the model a setting names.

    Raises ``BadInput`` for a setting or option that does not exist, ``ModelUnavailable`` or ``MissingPackage`` if the
    model cannot be loaded.
    """
    kind, rest, given = split_setting(setting)
    chosen = _checked(kind, {**given, **options})
    if kind == "hf":
        from personavlm.models.local import Transformers
        from personavlm.models.weights import Loading

        return Transformers.load(rest, Loading(**chosen))
    if kind == "openai":
        from personavlm.models.remote import OpenAICompatible

        model, url = _split_address(rest)
        return OpenAICompatible(model, url, **chosen)
    if kind == "recorded":
        from personavlm.models.recorded import Recorded

        return Recorded(rest, **chosen)
    from personavlm.embedded import Embedded

    return Embedded.load()


def split_setting(setting: str) -> tuple[str, str, dict[str, str]]:
    """Return a setting's form, its rest and its options, unchecked. Raises ``BadInput`` for a form there is not."""
    words, _, query = setting.strip().partition("?")
    kind, colon, rest = words.partition(":")
    whole = (kind == "embedded" and not colon) or (kind in OPTIONS and kind != "embedded" and bool(rest.strip()))
    if not whole:
        raise BadInput(f"The model setting {setting!r} is not one of the forms there are.", f"use {FORMS}.")
    return kind, rest.strip(), dict(parse_qsl(query, keep_blank_values=True))


def _checked(kind: str, options: Mapping[str, Any]) -> dict[str, Any]:
    known = OPTIONS[kind]
    checked: dict[str, Any] = {}
    for name, value in options.items():
        if name not in known:
            listed = ", ".join(known) or "no options"
            raise BadInput(f"{kind!r} models have no option {name!r}.", f"there are: {listed}.")
        try:
            checked[name] = value if value is None else known[name](value)
        except (TypeError, ValueError) as error:
            raise BadInput(f"{name} is {value!r}, which is not a number.", f"give {name} as a number.") from error
    return checked


def _split_address(rest: str) -> tuple[str, str]:
    found = re.fullmatch(r"(?P<model>.+?)@(?P<url>https?://[^\s/]+.*)", rest)
    if found is None:
        raise BadInput(
            f"The server setting {rest!r} does not read <model>@<base url>.",
            "write for example openai:qwen@http://127.0.0.1:8000/v1.",
        )
    return found["model"], found["url"]
