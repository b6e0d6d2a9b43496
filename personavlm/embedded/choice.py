"""Multiple choice by evidence: the option that what is known bears out best.

    question + options ──> what it asks for        sentences found ──weigh──> relevance, match, meaning
                                └────────── features of each option ──WEIGHTS──> the best option, with its sentence

An option is compared with every sentence found: by the words that set it apart, by its meaning, by its sense (a status,
a way a relation moves); by whose words they are, and whether it still holds. Asked about now, what has been replaced
counts against an option; asked about before, for it. New things are chosen by what is wanted and what is not
(``choice_stance``), by inclinations and traits (``choice_taste``), explanations by level (``choice_level``), changes by
their order (``choice_change``), and a reply's manner is judged by the profile (``choice_manner``). Length and place of
an option play no part.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from personavlm.embedded import choice_level, choice_manner, choice_stance, choice_taste, language
from personavlm.embedded.choice_change import FROM_TO, closeness, in_order, most
from personavlm.embedded.choice_evidence import (
    Asked,
    Weighed,
    covered,
    parts,
    roots,
    searched,
    senses_of,
    senses_only,
    weigh,
)
from personavlm.embedded.evidence import Candidate, Floats
from personavlm.embedded.question import Option
from personavlm.embedded.shown import belongings
from personavlm.encoders import TextEncoder
from personavlm.personality import Trait
from personavlm.prompts.choice import parse_manner

FEATURES = (
    "held", "best", "spread", "meaning", "joint", "anywhere", "assistant", "unknown", "unknown_far", "unknown_open",
    "order", "inclination", "stance", "level", "close",
)  # fmt: skip
WEIGHTS = (3.0, 2.5, 1.5, 1.5, 1.5, 0.7, -0.7, -2.0, 8.0, 1.0, 3.0, 3.0, 8.0, 3.0, 3.0)
"""Weight of each feature (log-odds between options)."""
COVERED = (0.5, 0.8)
"""Share of what the question names from which something is known of it, and from which that is certain."""
NAMED = 0.7
"""Match from which an option stands in a sentence."""
KNOWN = 0.4
"""How far an option is borne out where none of them is new any more; up to half of it all may be."""
FAINT = 0.2
"""Agreement with inclinations that is half heard; choices of new things come to 0.2 to 1, other options to 0.1."""
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
        past and not (now or why or change or aversion),
        why or change,
        change,
        aversion and not why,
        level or bool(choice_level.pitched_parts(options)),
        close * (-1.0 if least else 1.0),
    )


class Choice(NamedTuple):
    """The option chosen and the sentence that bears it out."""

    option: Option
    reason: Candidate | None
    lead: float = 0.0
    """How far it is ahead of the next (log-odds)."""
    told: bool = False
    """Whether any option stands in a sentence found, so that none is of something new."""


def choose(
    message: str,
    options: Sequence[Option],
    rows: Sequence[Candidate],
    profile: Mapping[Trait, float],
    encoder: TextEncoder,
) -> Choice:
    """Return the option that is borne out best, with the sentence that does; the first on a tie.

    ``message`` is the question without its options, ``rows`` are the sentences found, from both sides.
    """
    if (manner := parse_manner(message)) is not None:
        return Choice(options[0 if choice_manner.suits(manner.reply, profile, encoder) > 0 else 1], None)
    if not rows:
        unknown = [one for one in options if searched("unknown").search(one.text)]
        return Choice((unknown or list(options))[0], None)
    table, weighed = features(message, [one.text for one in options], rows, profile, encoder)
    worth = np.round(table @ np.array(WEIGHTS), 6)
    best = int(np.argmax(worth))
    place = int(np.argmax(weighed.relevance * (weighed.match[best] + np.clip(weighed.meaning[best], 0, 1))))
    ahead = float(worth[best] - np.delete(worth, best).max(initial=-np.inf))
    return Choice(options[best], rows[place], ahead, bool(weighed.match.max() >= NAMED))


def features(
    message: str,
    options: Sequence[str],
    rows: Sequence[Candidate],
    profile: Mapping[Trait, float],
    encoder: TextEncoder,
) -> tuple[Floats, Weighed]:
    """Return the ``(options, FEATURES)`` table of what speaks for each option, and what it rests on."""
    want = wanted(message, options)
    users = np.array([row.side == "user" and not language.is_question(row.text) for row in rows])
    current = np.array([row.said.status == "current" for row in rows])
    valid = users & (current | want.timeless if not want.past else np.ones(len(rows), bool))
    asked = Asked(message, _terms(message), valid)
    weighed = weigh(asked, options, rows, encoder)
    # a status is asked for as it is by now, also where the question speaks of a change
    timeless = not any(senses_only(options)) and (want.timeless or reasons_offered(weighed))
    near, split = weighed.near, parts(options) or [(option,) for option in options]
    level = choice_level.suits(message, options, rows, encoder) if want.level else np.zeros(len(options))
    turned = _turned(rows, want.aversion)
    borne = np.maximum(near, turned - 1) * weighed.match * turned
    held, stale = most(borne, users & current), most(borne, users & ~current & (turned >= 1))
    best, said = np.maximum(held, stale), most(weighed.match, users)
    weights = np.exp(SHARP * (weighed.relevance - weighed.relevance.max())) * valid
    weights = weights / max(float(weights.sum()), 1e-9)
    unknown = np.array([searched("unknown").search(text) is not None for text in options], dtype=float)
    about = (
        covered(message, rows, valid & ((weighed.match * (1 - unknown)[:, None]).max(axis=0) > 0.5))
        if unknown.any()
        else 1
    )
    known, named = (float(np.where(unknown > 0, 0.0, values).max()) for values in (best, said))
    new = 0.0 if want.timeless else (1 - named) * float(np.clip(2 - 2 * known / KNOWN, 0, 1))
    columns: Mapping[str, Floats] = {
        "held": stale - held if want.past else np.maximum(held, 0.8 * stale) if timeless else held - 0.5 * stale,
        "best": best,
        "spread": weighed.match @ weights,
        "meaning": weighed.meaning @ weights,
        "joint": most(weighed.joint, valid),
        "anywhere": said,
        "assistant": np.clip(most(weighed.match, ~users) - said, 0, 1),
        "unknown": unknown,
        "unknown_far": unknown * float(np.clip((COVERED[1] - about) / (COVERED[1] - COVERED[0]), 0, 1)),
        "unknown_open": unknown * (1 - known),
        "order": in_order(asked, options, weighed) if want.change else np.zeros(len(options)),
        "inclination": new * _scaled(choice_taste.agreement(split, rows, profile, encoder)),
        "stance": (1 - named) * choice_stance.agreement(message, options, rows, encoder),
        "level": level,
        "close": want.close * closeness(options, rows) if want.close else np.zeros(len(options)),
    }
    table = np.stack([columns[name] for name in FEATURES], axis=1)
    if level.any():  # an explanation is chosen by its level; what else its words share with what is known says nothing
        table[:, [name != "level" for name in FEATURES]] *= 0.1
    return table, weighed


LEVELS_TOLD = ("expert", "handy", "beginner", "knows", "nothing", "about")
CHOICES_TOLD = ("chose", "picked", "took", "prefers", "rather", "than", "instead")


def wording(asked: str, options: Sequence[str], told: bool) -> tuple[str, ...]:
    """Return words under which more may be found that decides between options; none if no others are known.

    That is what they know of subjects where explanations are to choose from, what they chose before where all options
    are new (not ``told``), else the words that set the options apart.
    """
    if wanted(asked, options).level:
        return LEVELS_TOLD
    if any(senses_only(options)):
        return ()
    if not told:
        return CHOICES_TOLD
    counts = Counter(word for option in options for word in dict.fromkeys(language.content_words(option)))
    return tuple(word for word, count in counts.items() if count < len(options))


def leads_on(asked: str, found: str) -> list[str]:
    """Return the names of people and belongings in a sentence found that the question and its options do not have."""
    things = [name.removeprefix("the ") for name, _, _ in belongings(found)]
    return [name for name in dict.fromkeys([*things, *language.names(found)]) if name.lower() not in asked.lower()]


def _scaled(values: Floats) -> Floats:
    """Return values that are 0 on average, the largest near 1 unless all are small: they then differ in other ways."""
    return values / (float(np.abs(values).max()) + FAINT)


_REASON = re.compile(r"\b(?:because|since|so that)\b(.*)", re.IGNORECASE)


def reasons_offered(weighed: Weighed) -> bool:
    """Return whether two options or more are reasons that were given for something."""
    given = [(match[1] if (match := _REASON.search(row.text)) else "") for row in weighed.rows]
    where = np.array([bool(reason) for reason in given])
    apart = weighed.match >= NAMED
    return bool((apart[:, where].any(axis=1) & ~apart[:, ~where].any(axis=1)).sum() >= 2)


def _terms(message: str) -> frozenset[str]:
    """Return a question's roots; "you", where it is more than who is asked, is the assistant."""
    spoken_of = searched("asks assistant").search(language.straighten(message)) is not None
    return roots(message) | (roots("assistant") if spoken_of else frozenset())


def _turned(rows: Sequence[Candidate], aversion: bool) -> NDArray[np.float64]:
    """Return a factor per row: where a dislike is asked for, a liking counts little and a dislike more, named or not.

    Where none is, a dislike that is over counts little: it does not speak against a thing that somebody minds no more.
    """
    factors = []
    for row in rows:
        senses, current = senses_of(row.text), row.said.status == "current"
        liked, disliked = "likes" in senses, "dislikes" in senses
        if aversion:
            factors.append(1.5 if disliked else 0.2 if liked else 1.0)
        else:
            factors.append(0.2 if disliked and not current else 1.0)
    return np.array(factors)
