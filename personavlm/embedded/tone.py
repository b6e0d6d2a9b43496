"""The tone of a reply: one or two short sentences after it, chosen by the profile. The reply itself is not touched.

    "You play the guitar."  + extraversion 4.6, neuroticism 4.2
    -> "You play the guitar.
        Always up for a chat! No need to worry."

Facts and tone are kept apart on purpose: what stands before the last line break is what anybody would be told.
Each trait that stands clear of neutral gives one clause (``words/tone.txt``); extraversion and agreeableness share a
sentence, the manner, and the other three share one, the way forward. Which wording is taken follows from a digest of
the reply, so the same reply always reads the same. After bad news nothing cheers.

Source: the trait adjectives of table 10; that tone should follow the profile is section 3.1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Literal

from personavlm.embedded import banks
from personavlm.personality import CLEAR, MIDDLE, Trait

Kind = Literal["answer", "unknown", "acknowledge", "advice", "choice"]

MANNER: tuple[Trait, ...] = ("extraversion", "agreeableness")
WAY: tuple[Trait, ...] = ("neuroticism", "conscientiousness", "openness")
MILD = 0.6
"""Distance from neutral (score points) from which a trait shows when no other is clear."""
UNFIT: Mapping[Kind, tuple[str, ...]] = {
    "answer": (),
    "unknown": ("in order", "for your list", "the next step", "handle it with ease", "the usual, practical way"),
    "acknowledge": ("critical, if",),
    "advice": (),
    "choice": ("to-do list",),
}
"""Words of clauses that do not suit a kind of reply: nothing is in order where nothing is known."""


def toned(core_reply: str, profile: Mapping[Trait, float], kind: Kind, about: str = "") -> str:
    """Return the reply with the tone the profile asks for after it; unchanged for a profile near neutral.

    ``profile`` holds scores in [1, 5], missing traits are neutral. ``about`` is the user's message, read only for bad
    news. The reply stands first, character for character.
    """
    marked = _marked(profile)
    if not core_reply.strip() or not marked:
        return core_reply
    mood = "hard" if is_hard(f"{core_reply}\n{about}") else "plain"
    clauses = {trait: _clause(trait, pole, mood, core_reply, kind) for trait, pole in marked.items()}
    lively = marked.get("extraversion") == "high" and mood == "plain"
    sentences = [
        _sentence([clauses[t] for t in MANNER if t in clauses], "!" if lively else "."),
        _sentence([clauses[t] for t in WAY if t in clauses], "."),
    ]
    return f"{core_reply.rstrip()}\n{' '.join(s for s in sentences if s)}"


def is_hard(text: str) -> bool:
    """Return whether a text speaks of bad news: loss, illness, accident, a job or love gone."""
    return banks.pattern("hard", "").search(text) is not None


def _marked(profile: Mapping[Trait, float]) -> dict[Trait, str]:
    distances = {t: profile.get(t, MIDDLE) - MIDDLE for t in (*MANNER, *WAY)}
    clear = {t: d for t, d in distances.items() if abs(d) >= CLEAR}
    if not clear:
        strongest = max(distances, key=lambda t: abs(distances[t]))
        clear = {strongest: distances[strongest]} if abs(distances[strongest]) >= MILD else {}
    return {t: "high" if d > 0 else "low" for t, d in clear.items()}


def _clause(trait: Trait, pole: str, mood: str, reply: str, kind: Kind) -> str:
    bank = banks.lines("tone")[f"{trait} {pole} {mood}"]
    fitting = [c for c in bank if not any(words in c for words in UNFIT[kind])] or list(bank)
    seed = hashlib.sha256(f"{trait}|{reply}".encode("utf-8", "surrogatepass")).digest()
    return fitting[int.from_bytes(seed[:4], "big") % len(fitting)]


def _sentence(clauses: list[str], end: str) -> str:
    if not clauses:
        return ""
    *before, last = clauses
    joint = "; " if any("," in clause for clause in clauses) else ", "
    said = f"{joint.join(before)}{joint}and {last}" if before else last
    return said[0].upper() + said[1:] + end
