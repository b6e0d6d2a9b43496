"""What the assistant replies: something that fits what was said, adds nothing about the user, and helps when asked."""

from __future__ import annotations

from personavlm.worlds.words.grammar import say
from personavlm.worlds.words.manner import tidy
from personavlm.worlds.words.speak import Draft


def reply(draft: Draft) -> tuple[str, tuple[str, ...]]:
    """Return the reply and its pattern ids."""
    text, id_ = say(("reply.any",), {}, draft.rng, draft.context.unseen)
    return tidy(text), (id_,)
