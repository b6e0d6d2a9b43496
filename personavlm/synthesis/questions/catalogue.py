"""The catalogue: each task with its function, and every question that a world has to offer."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from personavlm.synthesis.questions.behaviour import behavioural_pattern, goal_tracking
from personavlm.synthesis.questions.draw import Ground, Strangers
from personavlm.synthesis.questions.growth import new_scenarios, tiered_explanation
from personavlm.synthesis.questions.intent import explicit_intent, implicit_intent
from personavlm.synthesis.questions.preference import (
    implicit_recommendation,
    interest_evolution,
    latest_preference,
)
from personavlm.synthesis.questions.recall import semantic_information, visual_detail
from personavlm.synthesis.questions.relationship import relationship_dynamics, relationship_recognition
from personavlm.synthesis.questions.values import Question, Task
from personavlm.worlds.values import World

TaskFunction = Callable[[Ground, random.Random], Iterator[Question]]
TASK_FUNCTIONS: Mapping[Task, TaskFunction] = {
    "VDR": visual_detail,
    "SIR": semantic_information,
    "EII": explicit_intent,
    "IIR": implicit_intent,
    "LPR": latest_preference,
    "IEA": interest_evolution,
    "IPR": implicit_recommendation,
    "BPR": behavioural_pattern,
    "LGT": goal_tracking,
    "RR": relationship_recognition,
    "RDC": relationship_dynamics,
    "TED": tiered_explanation,
    "GNS": new_scenarios,
}


def candidates(world: World, strangers: Strangers, seed: int) -> tuple[Question, ...]:
    """Return all questions of all tasks that can be asked at a world's end, numbered within their task."""
    ground = Ground.of(world, strangers)
    found: list[Question] = []
    for task, function in TASK_FUNCTIONS.items():
        rng = random.Random(f"{seed}/{world.person.id}/questions/{task}")
        rows = enumerate(function(ground, rng), start=1)
        found += [replace(question, id=f"{question.person}/{task}/{number}") for number, question in rows]
    return tuple(found)
