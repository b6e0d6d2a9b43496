"""Figures: one function per figure, values in, a plotly figure out. Notebooks and the inspector draw with these alike.

    profile_over_turns(trajectory(store.edits()))   five traits with their 90 % band, one panel each
    profile_dots(now, then)                         one profile with its intervals, and another moment's
    profile_radar({"now": profile})                 profiles over each other on five axes
    momentum_curve(steps)                           PEM's λ over turns, with the steps on it
    paths_compared({"paper": steps, …})             several paths of one user: other rules, a session less
    paths_and_truth(paths)                          persons' profiles against their true traits
    read_against_true(persons)                      read scores over true ones, a dot a person
    lag_and_noise(rules, curve)                     how late and how restless rules are
    memory_timeline(memories, traces)               memories as bars of validity above their turns
    memory_map(spots, lines, discs)                 the memory graph by groups
    session_timeline(traces)                        turns on a time axis, coloured by session
    gap_sweep(traces)                               number and length of sessions against the gap
    turn_timeline(trace)                            one turn: respond, retrieve, update, in seconds
    context_bars([("respond", parts)])              what fills each prompt of a reply
    hit_scores(hits)                                what came back, and what each part of the score says
    turns_per_dialogue(turns, published)            how long dialogues are, training and each setting
    composition(parts, published)                   what training data is composed of
    questions_per_task(counts, published)           how many questions each task has
    forest(rows, unit)                              values with their intervals, one row each
    grouped({"run": rows}, unit)                    the same values of several runs beside each other
    heat_map({"run": columns}, unit)                values by run and task, each with its interval
    worth({"run": (tokens, value)}, cost, unit)     what runs reach against what they cost
    training_curves({"loss": {"run": points}})      numbers of training runs over steps
    rewards(rollouts, advantages)                   what the rollouts of one question earned
    intervals(panels, unit)                         estimates with 95 % intervals beside their bounds
    table(rows)                                     statistics, the paper's beside ours

One palette for memory types and traits is used everywhere; colour is never the only sign (panels, symbols and labels
say the same), and every colour has a contrast of at least 3 to 1 on white and on near-black. Text takes the colour of
the template, so that a dark page can give its own. Nothing here reads a store, a clock or a model.

Source of the hues: Okabe and Ito, "Color universal design" (2008), darkened where they were too pale on white.
"""

from personavlm.figures.benchmark import Interval, forest, grouped, heat_map, worth
from personavlm.figures.data import composition, questions_per_task, table, turns_per_dialogue
from personavlm.figures.graph import memory_map
from personavlm.figures.intervals import Panel, intervals
from personavlm.figures.profile import (
    momentum_curve,
    paths_and_truth,
    paths_compared,
    profile_dots,
    profile_over_turns,
    profile_radar,
)
from personavlm.figures.sessions import gap_sweep, session_timeline
from personavlm.figures.style import CYCLE, TRAIT_COLOURS, TYPE_COLOURS, kind_of
from personavlm.figures.timeline import memory_timeline
from personavlm.figures.training import rewards, training_curves
from personavlm.figures.traits import lag_and_noise, read_against_true
from personavlm.figures.turn import context_bars, hit_scores, turn_timeline

__all__ = [
    "CYCLE",
    "TRAIT_COLOURS",
    "TYPE_COLOURS",
    "Interval",
    "Panel",
    "composition",
    "context_bars",
    "forest",
    "gap_sweep",
    "grouped",
    "heat_map",
    "hit_scores",
    "intervals",
    "kind_of",
    "lag_and_noise",
    "memory_map",
    "memory_timeline",
    "momentum_curve",
    "paths_and_truth",
    "paths_compared",
    "profile_dots",
    "profile_over_turns",
    "profile_radar",
    "questions_per_task",
    "read_against_true",
    "rewards",
    "session_timeline",
    "table",
    "training_curves",
    "turn_timeline",
    "turns_per_dialogue",
    "worth",
]
