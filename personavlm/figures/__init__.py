"""Figures: one function per figure, values in, a plotly figure out. Notebooks and the inspector draw with these alike.

    profile_over_turns(trajectory(store.edits()))   five traits with their 90 % band, one panel each
    session_timeline(traces)                        turns on a time axis, coloured by session
    gap_sweep(traces)                               number and length of sessions against the gap
    turn_timeline(trace)                            one turn: respond, retrieve, update, in seconds
    hit_scores(hits)                                what came back, and what each part of the score says
    turns_per_dialogue(turns, published)            how long dialogues are, training and each setting
    composition(parts, published)                   what training data is composed of
    questions_per_task(counts, published)           how many questions each task has
    table(rows)                                     statistics, the paper's beside ours

One palette for memory types and traits is used everywhere; colour is never the only sign (panels, symbols and labels
say the same), and every colour has a contrast of at least 3 to 1 on white and on near-black. Text takes the colour of
the template, so that a dark page can give its own. Nothing here reads a store, a clock or a model.

Source of the hues: Okabe and Ito, "Color universal design" (2008), darkened where they were too pale on white.
"""

from personavlm.figures.data import composition, questions_per_task, table, turns_per_dialogue
from personavlm.figures.profile import profile_over_turns
from personavlm.figures.sessions import gap_sweep, session_timeline
from personavlm.figures.style import CYCLE, TRAIT_COLOURS, TYPE_COLOURS
from personavlm.figures.turn import hit_scores, turn_timeline

__all__ = [
    "CYCLE",
    "TRAIT_COLOURS",
    "TYPE_COLOURS",
    "composition",
    "gap_sweep",
    "hit_scores",
    "profile_over_turns",
    "questions_per_task",
    "session_timeline",
    "table",
    "turn_timeline",
    "turns_per_dialogue",
]
