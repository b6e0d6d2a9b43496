"""Erasure: what is forgotten for good, what goes with it, and the report that shows it.

    Turns | Remembered | Shown | Period | Mentioned ──preview──> Preview: what goes, what is learnt again, whose forks
                                                    ──erase────> Report: counts, checksums, residue

Erasing a thing removes what was derived from it: memories, topics, links, hits of later look-ups, replies that rest on
it, cut-outs, vectors, its share in the profile. What else a session taught is learnt again by its jobs, in its place.
It rewrites the ledger, and that of forks that share the past. Only learning again what had failed does that too.

    >>> look = preview(home, "Dana", Mentioned("Ana"))
    >>> [turn.id for turn in look.turns], [memory.text for memory in look.memories]
    (['t1'], ['sister Ana moved to Porto'])
    >>> erase(home, "Dana", Mentioned("Ana")).residue
    0

Source: promise 9 of docs/ARCHITECTURE.md; docs/trust.md says what no erasure can promise.
"""

from personavlm.erasure.erasing import Preview, Report, check, erase, erase_user, preview
from personavlm.erasure.plan import ERASED
from personavlm.erasure.selection import Mentioned, Period, Remembered, Shown, Turns, What, said

__all__ = [
    "ERASED",
    "Mentioned",
    "Period",
    "Preview",
    "Remembered",
    "Report",
    "Shown",
    "Turns",
    "What",
    "check",
    "erase",
    "erase_user",
    "preview",
    "said",
]
