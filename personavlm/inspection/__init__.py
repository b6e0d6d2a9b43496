"""Inspection: what the inspector shows of traces, memories and profiles, as plain values. Its pages only draw these.

    turns       a trace in numbers, and what it taught in words
    memories    memories found by words or picture, their versions
    moments     what there is to look back to, and what changed between two moments
    editing     corrections, endings and returns by hand; contradictions and merges to decide on
    profiles    the profile's path in words, under other rules, without a session
    persons     persons whose truth is known
    retrievals  every candidate of a look-up, under any weights
    prompting   the exact prompts of a reply and of learning from it, and what fills them
    replays     a reply told once more: another look-up, another model, one memory less
    maps        the memory graph as a map
    workspace   users of a home, what is still to be learnt of them, archives
    sharing     addresses, notebook code and tables of a view

>>> [(row.verb, row.text) for row in learnt(trace.edits, state)]
[('remembered', 'likes Coca-Cola'), ('read', 'extraversion as 4.0 from "a Coca-Cola person now"')]
"""

from personavlm.inspection import sharing
from personavlm.inspection.editing import (
    Contradiction,
    Hand,
    Verdict,
    accepted,
    contradictions,
    corrected,
    proposed_merges,
    refused,
    restored,
    retired,
    settled,
    written,
)
from personavlm.inspection.maps import Bridge, Chart, as_of, chart
from personavlm.inspection.memories import (
    KINDS,
    Keyed,
    Likeness,
    Piece,
    counted,
    found,
    keyed,
    looking_like,
    notable,
    reworded,
)
from personavlm.inspection.moments import Changes, Shift, at, changes, nearest, stops
from personavlm.inspection.persons import covered_at_the_end, read_paths
from personavlm.inspection.profiles import RULES, Move, Rule, moves, profile_at, recomputed, without
from personavlm.inspection.prompting import Part, Prompt, lessons, prompts
from personavlm.inspection.replays import LeftOut, leaving_out, replayed
from personavlm.inspection.retrievals import DIALS, Ranking, Wondered, dialled, ranked, reason, whole_days, wondered
from personavlm.inspection.turns import Learnt, Summary, brought_back_for, learnt, resting_on, summed
from personavlm.inspection.workspace import (
    LEARNING,
    Resident,
    Stage,
    Unlearnt,
    manifest_of,
    packed,
    residents,
    stages,
    unlearnt,
    unpacked,
)

__all__ = [
    "DIALS",
    "KINDS",
    "LEARNING",
    "RULES",
    "Bridge",
    "Changes",
    "Chart",
    "Contradiction",
    "Hand",
    "Keyed",
    "Learnt",
    "LeftOut",
    "Likeness",
    "Move",
    "Part",
    "Piece",
    "Prompt",
    "Ranking",
    "Resident",
    "Rule",
    "Shift",
    "Stage",
    "Summary",
    "Unlearnt",
    "Verdict",
    "Wondered",
    "accepted",
    "as_of",
    "at",
    "brought_back_for",
    "changes",
    "chart",
    "contradictions",
    "corrected",
    "counted",
    "covered_at_the_end",
    "dialled",
    "found",
    "keyed",
    "learnt",
    "leaving_out",
    "lessons",
    "looking_like",
    "manifest_of",
    "moves",
    "nearest",
    "notable",
    "packed",
    "profile_at",
    "prompts",
    "proposed_merges",
    "ranked",
    "read_paths",
    "reason",
    "recomputed",
    "refused",
    "replayed",
    "residents",
    "resting_on",
    "restored",
    "retired",
    "reworded",
    "settled",
    "sharing",
    "stages",
    "stops",
    "summed",
    "unlearnt",
    "unpacked",
    "whole_days",
    "without",
    "wondered",
    "written",
]
