"""Matters whose value is a degree: how far a goal is, how close somebody is, how much is known of a subject.

"is taking sailing lessons"  against  (learning to sail: under way)  ──>  "same"
"""

from __future__ import annotations

import re

from personavlm.scoring import lexicon
from personavlm.scoring.claims import OPPOSITE, ORDERS, Relation, Scale
from personavlm.scoring.reading import covered, level, plain, terms
from personavlm.scoring.sides import Said, Wanted, beyond, foreign, names, refused

HALF, ENOUGH = 0.5, 0.6
"""Share of a topic's words that must stand in the memory: of one or two, of more."""

_WEAK = frozenset(
    [
        "learn",
        "get",
        "do",
        "start",
        "make",
        "have",
        "go",
        "be",
        "find",
        "take",
        "keep",
        "becom",
        "build",
        "finish",
        "work",
        "run",
    ]
)
"""Verbs of a goal that its object outweighs."""


def degree_of(wanted: Wanted, scale: Scale) -> str:
    """Return the degree that a claim states; empty if it is none of the scale's."""
    value = plain(wanted.claim.value)
    return value if value in ORDERS[scale] else level(scale, plain(wanted.claim.text), ORDERS[scale])


def by_degree(said: Said, wanted: Wanted, scale: Scale, degree: str) -> Relation:
    """Return how a memory stands to a claim of this degree."""
    found = _found_degree(said, wanted, scale)
    if not _on_topic(said, wanted, scale):
        return _off_topic(said, scale, found)
    if foreign(said, wanted):
        return "other-person"
    if not found:
        return "unrelated" if beyond(said, wanted) else "vaguer"
    both = lexicon.pattern(f"level {scale} {degree}").search(said.reading.plain) is not None
    if found == degree:
        place = lexicon.pattern(f"level {scale} {degree}").search(said.reading.plain)
        return "denied" if scale != "goal" and place and refused(said.reading.plain[: place.start()]) else "same"
    if scale == "goal":
        return "past" if found == "dropped" and degree != "done" else "other-value"
    if both:
        return "past"
    return "denied" if OPPOSITE.get(degree) == found else "other-value"


def _on_topic(said: Said, wanted: Wanted, scale: Scale) -> bool:
    if scale == "closeness":
        return bool({*names(wanted.claim.topic), *wanted.subject} & set(names(said.text)))
    topic = wanted.topic or wanted.attribute
    object_ = tuple(t for t in topic if t not in _WEAK) or topic
    return covered(object_, said.terms) >= (HALF if len(object_) < 3 else ENOUGH)


def _off_topic(said: Said, scale: Scale, found: str) -> Relation:
    if not found:
        return "unrelated"
    if scale == "closeness":
        return "other-person" if said.reading.kin or _NAME.search(said.text) else "unrelated"
    return "unrelated"


_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+")
"""A capital within a sentence."""


def _found_degree(said: Said, wanted: Wanted, scale: Scale) -> str:
    text = said.reading.plain
    if scale != "goal":
        return level(scale, text, ORDERS[scale])
    clear = level(scale, text, ("dropped", "done", "planned"))
    if clear or said.memory.kind in ("goal", "plan"):
        return clear or _doing(text, wanted) or level(scale, text, ("under way",)) or "planned"
    return _doing(text, wanted) or level(scale, text, ("under way",))


def _doing(text: str, wanted: Wanted) -> str:
    """The status that the goal's own verb gives it: "is restoring the boat", "restored the boat"."""
    gerund = re.match(r"(\w+ing)\b", plain(wanted.claim.topic))
    verb = next(iter(terms(gerund[1])), "") if gerund else ""
    if verb in ("start", "finish", "begin"):
        verb = ""
    pasts = frozenset(lexicon.section("past"))
    for match in re.finditer(r"\b(is|are|been|has|have|was)?\b ?([a-z]+)", text):
        if verb in terms(match[2]):
            if match[2].endswith("ing") and match[1] != "was":
                return "under way"
            if match[2].endswith("ed") or match[2] in pasts:
                return "done"
    return "under way" if re.search(r"\b(?:is|are) \w+ing\b", text) else ""
