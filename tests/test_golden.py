"""The paper's qualitative cases, in our own words, lived through by the embedded model over the real encoders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from personavlm.assistant import Assistant, Kit
from personavlm.datasets import own
from personavlm.datasets.dialogue import Imported
from personavlm.demo import question_all
from personavlm.embedded import Embedded
from personavlm.encoders.picture import load_picture_encoder
from personavlm.replay import replay
from personavlm.store import Store

CASES = sorted((Path(__file__).parent / "golden" / "conversations").glob("*.json"))


@pytest.mark.parametrize("path", CASES, ids=[p.stem for p in CASES])
def test_the_papers_cases_are_answered_with_their_evidence(path: Path, tmp_path: Path, minilm: Any) -> None:
    conversation = own(path)
    kit, model = Kit(minilm, load_picture_encoder()), Embedded(minilm)
    replay(tmp_path, Imported((conversation.dialogue,)), lambda store: Assistant(store, model, kit=kit))
    with Store.open(tmp_path, conversation.dialogue.user) as store:
        asked = list(question_all(Assistant(store, model, kit=kit), conversation))
    assert asked
    wrong = [f"{a.question.text} -> {a.trace.reply}" for a in asked if not (a.right and a.grounded)]
    assert not wrong
