"""Options that several verbs share, and how a verb opens a user and loads what it works with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from personavlm.assistant import Assistant
    from personavlm.store import Store

Home = Annotated[Path, typer.Option("--home", envvar="PERSONAVLM_HOME", help="Folder that holds the users.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, everything else on stderr.")]
User = Annotated[str, typer.Option("--user", help="Whose memory.")]
ModelOption = Annotated[
    str, typer.Option("--model", envvar="PERSONAVLM_MODEL", help="embedded | hf:ID | openai:MODEL@URL | recorded:FILE")
]
PromptsOption = Annotated[Path | None, typer.Option("--prompts", help="Folder with another set of prompt files.")]
DEFAULT_HOME = Path("workspace")
EMBEDDED = "embedded"


def open_user(home: Path, user: str) -> Store:
    """Open a user's store."""
    from personavlm.store import Store

    return Store.open(home, user)


def load(model: str) -> Any:
    """Load a model from the one setting."""
    from personavlm.models.loading import load_model

    return load_model(model)


def load_encoder() -> Any:
    """Load the text encoder."""
    from personavlm.encoders.text import load_text_encoder

    return load_text_encoder()


def load_kit(prompts: Path | None) -> Any:
    """Load encoders and prompts."""
    from personavlm.assistant import Kit

    return Kit.load(prompts)


def assemble(store: Store, model: Any, kit: Any) -> Assistant:
    """Put an assistant together."""
    from personavlm.assistant import Assistant

    return Assistant(store, model, kit=kit)


def open_assistant(store: Store, model: str, prompts: Path | None) -> Assistant:
    """Load everything and put an assistant together."""
    return assemble(store, load(model), load_kit(prompts))
