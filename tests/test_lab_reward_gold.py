"""The check of rewards on right and wrong answers, on a small memory."""

from __future__ import annotations

from pathlib import Path

from lab.reward_gold import score_all, table
from personavlm.training.environment import Memories
from tests.fakes import kit
from tests.training_toys import CHOICE, OPEN, memory


def test_right_answers_earn_all_and_wrong_ones_no_accuracy(tmp_path: Path) -> None:
    memories = Memories(memory(tmp_path), kit())
    scored = list(score_all((CHOICE, OPEN), memories))
    memories.close()
    assert [(one.question, one.gold, one.reward.accuracy) for one in scored] == [
        (CHOICE, True, 1.0),
        (CHOICE, False, 0.0),
        (OPEN, True, 1.0),
    ]
    assert [one.reward.total for one in scored if one.gold] == [1.5, 1.5]
    rows = list(table(scored))
    assert rows[2].startswith("| open | right | 1 | 1.000 | 100.0 [100.0, 100.0] |")
    assert len(rows) == 5
