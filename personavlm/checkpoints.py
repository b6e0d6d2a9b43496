"""Checkpoints: loading a vision model of transformers, with every way that fails said plainly.

    folder or hub id ──transformers──> model with all its weights, or MissingPackage / ModelUnavailable

transformers fills weights that a checkpoint lacks with noise and only warns; here that is an error. Used by the picture
encoder (CLIP) and the detector (Grounding DINO); the language models have their own loader, with more choices.

    >>> model = whole(transformers().CLIPModel, "openai/clip-vit-large-patch14")

Source: transformers 5; what it raises was tried on damaged folders (``tests/test_checkpoints.py``).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from personavlm.errors import MissingPackage, ModelUnavailable

T = TypeVar("T")


def transformers() -> Any:
    """Return the module transformers. Raises ``MissingPackage`` without it or torch."""
    try:
        importlib.import_module("torch")
        return importlib.import_module("transformers")
    except ImportError as error:
        raise MissingPackage(
            f"{error.name or 'torch'} is not installed.", 'pip install "personavlm[models]".'
        ) from error


def whole(kind: Any, where: str) -> Any:
    """Return a model in evaluation mode. Raises ``ValueError`` if the checkpoint lacks some of its weights."""
    model, report = kind.from_pretrained(where, output_loading_info=True)
    if report["missing_keys"]:
        raise ValueError(f"its weights lack {min(report['missing_keys'])}")
    return model.eval()


def label(where: str | Path) -> str:
    """Return a checkpoint's name for people: the folder's own, or the hub id."""
    return Path(where).name if isinstance(where, Path) or Path(where).is_dir() else where


def attempt(what: str, where: str | Path, load: Callable[[], T], otherwise: str) -> T:
    """Return what ``load`` returns; ``what`` it is ("detector") and the way round (``otherwise``) go into the error.

    Raises ``ModelUnavailable``.
    """
    from safetensors import SafetensorError

    try:
        return load()
    # A missing, damaged or foreign checkpoint ends in any of these, by way of transformers.
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
        raise ModelUnavailable(
            f"The {what} {label(where)!r} cannot be loaded: {(str(error).splitlines() or ['?'])[0]}",
            f"check the folder or hub id and the network, or {otherwise}.",
        ) from error
