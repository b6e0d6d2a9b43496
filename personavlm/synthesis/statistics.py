"""Statistics: what a benchmark came to, in the terms of the paper's table 6 and figures 7, 8 and 11.

Tokens are counted as Qwen2.5-VL would, nearly: four characters of text a token, 294 tokens a picture (its cap in the
paper's training). No tokenizer is needed for it; on English prose the rule is within a few per cent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median

from personavlm.synthesis.questions.draw import UNKNOWN
from personavlm.synthesis.questions.values import TASKS, Alignment, Question
from personavlm.worlds.values import Setting, World

CHARACTERS = 4
"""Characters of text a token."""
PICTURE = 294
"""Tokens a picture."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What one dialogue came to."""

    person: str
    setting: Setting
    turns: int
    with_pictures: int
    """Turns with a picture."""
    pictures: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a benchmark came to. Shares are in [0, 1], lengths in words."""

    persons: int
    questions: int
    alignment: int
    turns_per_dialogue: float
    turns: Mapping[str, tuple[int, ...]]
    """Turns of every dialogue by setting."""
    multimodal_turns: float
    question_words: float
    answer_words: float
    needs_picture: float
    unseen_wording: float
    unknown_offered: int
    unknown_right: float
    """How often "you have not said" is right where it is offered."""
    tokens: Mapping[str, int]
    """Median tokens per dialogue, by setting and for the 32k and 128k halves."""
    tasks: Mapping[str, tuple[str, int, int]]
    """Task -> aspect, questions in 32k, in 128k."""
    forms: Mapping[str, int]
    pictured: Mapping[str, int]
    """Questions that need a picture, by task."""


def dialogue_of(world: World) -> Dialogue:
    """Return what a world's dialogue came to."""
    characters = sum(len(turn.text) + len(turn.reply) for turn in world.turns)
    pictures = sum(len(turn.shots) for turn in world.turns)
    return Dialogue(
        world.person.id,
        world.setting,
        len(world.turns),
        sum(bool(turn.shots) for turn in world.turns),
        pictures,
        round(characters / CHARACTERS) + PICTURE * pictures,
    )


def statistics_of(
    questions: Sequence[Question], alignment: Mapping[str, Alignment], dialogues: Sequence[Dialogue]
) -> Statistics:
    """Return the statistics of a benchmark."""
    offered = [q for q in questions if any(option.text == UNKNOWN for option in q.options)]
    long = {one.person for one in dialogues if one.setting in ("200", "500")}
    settings = sorted({one.setting for one in dialogues}, key=int)
    return Statistics(
        persons=len(dialogues),
        questions=len(questions),
        alignment=len(alignment),
        turns_per_dialogue=round(mean(one.turns for one in dialogues), 2),
        turns={s: tuple(one.turns for one in dialogues if one.setting == s) for s in settings},
        multimodal_turns=_share(sum(d.with_pictures for d in dialogues), sum(d.turns for d in dialogues)),
        question_words=round(mean(len(q.query.split()) for q in questions), 2),
        answer_words=round(mean(len(q.right.split()) for q in questions), 2),
        needs_picture=_share(sum(q.needs_picture for q in questions), len(questions)),
        unseen_wording=_share(sum(q.unseen for q in questions), len(questions)),
        unknown_offered=len(offered),
        unknown_right=_share(sum(q.right == UNKNOWN for q in offered), len(offered)),
        tokens=_tokens(dialogues),
        tasks={
            info.name: (
                info.aspect,
                sum(q.task == task and q.person not in long for q in questions),
                sum(q.task == task and q.person in long for q in questions),
            )
            for task, info in TASKS.items()
        },
        forms=dict(sorted(Counter(f"{q.task}/{q.form}" for q in questions).items())),
        pictured=dict(sorted(Counter(q.task for q in questions if q.needs_picture).items())),
    )


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _tokens(dialogues: Sequence[Dialogue]) -> dict[str, int]:
    groups = {s: (s,) for s in ("50", "100", "200", "500")} | {"32k": ("50", "100"), "128k": ("200", "500")}
    rows = {name: [d.tokens for d in dialogues if d.setting in settings] for name, settings in groups.items()}
    return {name: round(median(counts)) for name, counts in rows.items() if counts}
