"""Multiple choice by evidence: the option that what is known bears out best.

    question + options ──> what it asks for        sentences found ──weigh──> relevance, match, meaning
                                └────────── features of each option ──WEIGHTS──> the best option, with its sentence

An option is compared with every sentence found: by the words that set it apart, by its meaning, by its sense (a status,
a way a relation moves); by whose words they are, and whether it still holds. Asked about now, what has been replaced
counts against an option; asked about before, for it. New things are chosen by inclinations and traits
(``choice_taste``), explanations by level (``choice_level``), changes by their order (``choice_change``), and a reply's
manner is judged by the profile (``choice_manner``). Length and place of an option play no part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personavlm.embedded import choice_level, choice_manner, choice_taste, language
from personavlm.embedded.choice_change import FROM_TO, closeness, in_order, most
from personavlm.embedded.choice_evidence import Asked, Weighed, borne_parts, parts, roots, searched, senses_of, weigh
from personavlm.embedded.evidence import Candidate, Floats
from personavlm.embedded.question import Option
from personavlm.encoders import TextEncoder
from personavlm.personality import Trait
from personavlm.prompts.choice import parse_manner

FEATURES = (
    "held", "best", "parts", "spread", "meaning", "joint", "anywhere", "assistant", "unknown", "unknown_far",
    "unknown_open", "unknown_none", "order", "inclination", "level", "close",
)  # fmt: skip
WEIGHTS = (3.0, 1.5, 3.0, 1.5, 1.5, 1.5, 0.7, -0.7, -1.0, 2.0, 1.0, 5.0, 3.0, 40.0, 3.0, 3.0)
"""Weight of each feature (log-odds between options)."""
NOTHING = 0.45
"""Relevance below which, more and more, nothing that was found is about what is asked."""
SHARP = 10.0
"""How much sentences of higher relevance count above others."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a question of several options asks for."""

    past: bool
    """What was and is no longer."""
    timeless: bool
    """A change, or the reason of something: what has been replaced counts as much as what holds."""
    change: bool
    aversion: bool
    """What is not liked."""
    level: bool
    close: float
    """1 if it asks who is close, -1 if who is least so, else 0."""


def wanted(asked: str, options: Sequence[str]) -> Wanted:
    """Return what a question asks for, by its words and those of its options."""
    text = language.straighten(asked)
    past, now, change, why, aversion, level, close = (
        searched(f"asks {kind}").search(text) is not None
        for kind in ("past", "now", "change", "why", "aversion", "level", "close")
    )
    change = change or sum(FROM_TO.search(option) is not None for option in options) > 1
    least = searched("least").search(text) is not None
    return Wanted(
        past and not (now or why or change),
        why or change,
        change,
        aversion and not why,
        level,
        close * (-1.0 if least else 1.0),
    )


def choose(
    message: str, options: Sequence[Option], rows: Sequence[Candidate], profile: Mapping[Trait, float], encoder: TextEncoder
) -> tuple[Option, Candidate | None]:
    """Return the option that is borne out best, with the sentence that does; the first on a tie.

    ``message`` is the question without its options, ``rows`` are the sentences found, from both sides.
    """
    if (manner := parse_manner(message)) is not None:
        return options[0 if choice_manner.suits(manner.reply, profile, encoder) > 0 else 1], None
    if not rows:
        unknown = [one for one in options if searched("unknown").search(one.text)]
        return (unknown or list(options))[0], None
    table, weighed = features(message, [one.text for one in options], rows, profile, encoder)
    best = int(np.argmax(np.round(table @ np.array(WEIGHTS), 6)))
    place = int(np.argmax(weighed.relevance * (weighed.match[best] + np.clip(weighed.meaning[best], 0, 1))))
    return options[best], rows[place]


def features(
    message: str, options: Sequence[str], rows: Sequence[Candidate], profile: Mapping[Trait, float], encoder: TextEncoder
) -> tuple[Floats, Weighed]:
    """Return the ``(options, FEATURES)`` table of what speaks for each option, and what it rests on."""
    want = wanted(message, options)
    users = np.array([row.side == "user" and not language.is_question(row.text) for row in rows])
    current = np.array([row.said.status == "current" for row in rows])
    valid = users & (current | want.timeless if not want.past else np.ones(len(rows), bool))
    asked = Asked(message, _terms(message), valid)
    weighed = weigh(asked, options, rows, encoder)
    near, split = weighed.near, parts(options)
    level = choice_level.suits(message, options, rows, encoder) if want.level else np.zeros(len(options))
    borne = (0.1 if level.any() else 1.0) * near * weighed.match * (_turned(rows) if want.aversion else np.ones(len(rows)))
    held, stale = most(borne, users & current), most(borne, users & ~current)
    best, said = np.maximum(held, stale), most(weighed.match, users)
    weights = np.exp(SHARP * (weighed.relevance - weighed.relevance.max())) * valid
    weights = weights / max(float(weights.sum()), 1e-9)
    unknown = np.array([searched("unknown").search(text) is not None for text in options], dtype=float)
    known, named = (float(np.where(unknown > 0, 0.0, values).max()) for values in (best, said))
    columns: Mapping[str, Floats] = {
        "held": stale - held if want.past else best if want.timeless else held - 0.5 * stale,
        "best": best,
        "parts": borne_parts(split, near * valid, rows) if split else np.zeros(len(options)),
        "spread": weighed.match @ weights,
        "meaning": weighed.meaning @ weights,
        "joint": most(weighed.joint, valid),
        "anywhere": said,
        "assistant": np.clip(most(weighed.match, ~users) - said, 0, 1),
        "unknown": unknown,
        "unknown_far": unknown * (1 - min(1.0, float(weighed.relevance.max()))),
        "unknown_open": unknown * (1 - known),
        "unknown_none": unknown * float(np.clip((NOTHING - weighed.relevance[valid].max(initial=0.0)) / 0.1, 0, 1)),
        "order": in_order(asked, options, weighed) if want.change else np.zeros(len(options)),
        "inclination": (1 - named) * choice_taste.agreement(split or [(o,) for o in options], rows, profile, encoder),
        "level": level,
        "close": want.close * closeness(options, rows) if want.close else np.zeros(len(options)),
    }
    return np.stack([columns[name] for name in FEATURES], axis=1), weighed


def _terms(message: str) -> frozenset[str]:
    """Return a question's roots; "you", where it is more than who is asked, is the assistant."""
    spoken_of = searched("asks assistant").search(language.straighten(message)) is not None
    return roots(message) | (roots("assistant") if spoken_of else frozenset())


def _turned(rows: Sequence[Candidate]) -> NDArray[np.float64]:
    """Return a factor per row for questions of what is not liked: likings that still hold count against."""
    liked = [("likes" in senses_of(row.text)) * (row.said.status == "current") for row in rows]
    disliked = ["dislikes" in senses_of(row.text) for row in rows]
    return np.array([1.5 if d else 0.2 if k else 1.0 for k, d in zip(liked, disliked, strict=True)])
