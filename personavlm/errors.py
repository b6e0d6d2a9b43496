"""Errors people can act on: each names the thing that is wrong and the remedy.

The CLI prints them as ``{"error": {"kind", "message", "remedy"}}`` and exits with status 2; the apps show the same.
Anything else that escapes is a defect of ours.
"""

from __future__ import annotations


class PersonaVLMError(Exception):
    """A problem the user can mend.

    ``kind`` is a stable snake_case word for programs, the message names the thing, ``remedy`` says what to do.
    """

    kind = "error"

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __reduce__(self) -> tuple[type[PersonaVLMError], tuple[str, str]]:
        return type(self), (self.message, self.remedy)  # so that it comes back from another process

    def __str__(self) -> str:
        return f"{self.message} Remedy: {self.remedy}"


class BadInput(PersonaVLMError):
    """The caller's text, time, number or file cannot be used as given."""

    kind = "bad_input"


class BadPicture(BadInput):
    """A picture is missing, damaged or larger than can be taken."""

    kind = "bad_picture"


class BadTime(BadInput):
    """A time lacks its zone, cannot be read, or lies before what is already stored."""

    kind = "bad_time"


class UnknownUser(PersonaVLMError):
    """No user of that name lives in this home."""

    kind = "unknown_user"


class StoreError(PersonaVLMError):
    """A user's folder cannot be opened, read or written (damage, newer schema, full or read-only disk, in use)."""

    kind = "store"


class ModelUnavailable(PersonaVLMError):
    """A model cannot be loaded or reached: no weights, missing package, server down, slow or failing."""

    kind = "model_unavailable"


class MissingPackage(PersonaVLMError):
    """A feature needs an optional extra that is not installed."""

    kind = "missing_package"
