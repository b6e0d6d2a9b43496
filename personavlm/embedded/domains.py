"""Domains: matters for which readers have been learnt from real conversations, on top of the general ones.

``read`` returns a domain's records and its name, or none and "" where the conversation is about no such matter.
"""

from __future__ import annotations

from collections.abc import Sequence

from personavlm.embedded.records import Found
from personavlm.encoders import TextEncoder
from personavlm.prompts.text import Line


def read(text: str, history: Sequence[Line], encoder: TextEncoder) -> tuple[list[Found], str]:  # noqa: ARG001
    """Return the records of the domain a message is about, and the domain's name; ``([], "")`` outside any domain."""
    return [], ""
