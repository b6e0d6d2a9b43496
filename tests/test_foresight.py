"""Foresight: a life meets hardly a text that was not encoded with all the others before it began."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from personavlm.assistant import Kit
from personavlm.encoders import Vectors
from personavlm.encoders.picture import load_picture_encoder
from personavlm.encoders.text import SentenceEncoder
from personavlm.synthesis.foresight import foreseen
from personavlm.synthesis.living import live_through
from personavlm.synthesis.recall import recall_lessons
from personavlm.synthesis.training import training_world


def test_a_life_meets_few_texts_that_were_not_foreseen(tmp_path: Path) -> None:
    batches: list[list[str]] = []

    def forward(texts: Sequence[str]) -> Vectors:
        batches.append(list(texts))
        return np.stack([np.random.default_rng(len(text)).standard_normal(8) for text in texts]).astype(np.float32)

    world, pictures = training_world(0, 11)
    lessons = list(recall_lessons(world, random.Random(0), 12, 4, 2, 2))
    kit = Kit(SentenceEncoder("letters", 8, lambda: forward), load_picture_encoder())
    for _ in live_through(world, lessons, pictures, kit, tmp_path):
        pass
    met = {text for batch in batches for text in batch}
    known = set(foreseen(world, lessons))
    assert known <= met
    assert len(met - known) <= 0.04 * len(met)
