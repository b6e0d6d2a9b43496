"""Are rewards right about right answers? Every question answered with its gold answer, and with a wrong option.

    python -m lab.reward_gold --data DIR --asked ASKED --persons 12

DIR is what ``personavlm synth train`` wrote, ASKED gets (or has) the memories of its persons. Each answer is given
after one look-up with the user's own words, so what that does not bring back counts against the rule of consistency:
its share on gold answers is less than what a policy with better look-ups is granted, its share on wrong options is
what a guess is granted. No model takes part.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from personavlm.assistant import Kit
from personavlm.bench.scores import share
from personavlm.models.scripted import Scripted
from personavlm.prompts.respond import step_text
from personavlm.trace import Answer
from personavlm.training.environment import FORCED, Memories, known_text
from personavlm.training.memories import prepare
from personavlm.training.questions import Form, Question
from personavlm.training.rewards import Reward, Scoring, reward


@dataclass(frozen=True, slots=True)
class Scored:
    """One answer with what it earned."""

    question: Question
    gold: bool
    reward: Reward


def score_all(questions: Sequence[Question], memories: Memories) -> Iterator[Scored]:
    """Yield the gold answer of each question scored, and the first wrong option where there are options."""
    for question in questions:
        yield Scored(question, True, _earned(question, question.gold, memories))
        wrong = [f"({letter}) {text}" for letter, text in question.options if letter != question.letter]
        if wrong:
            yield Scored(question, False, _earned(question, wrong[0], memories))


def _earned(question: Question, answer: str, memories: Memories) -> Reward:
    said = step_text("So it is.", Answer(answer))
    model = Scripted(lambda _messages, _sampling: said)
    pictures = [(memories.folder / path).read_bytes() for path in question.pictures]
    trace = memories.assistant(question, model, FORCED).ask(question.time, question.text, pictures)
    known = known_text(model.history[0].messages)
    found = reward(question, trace.steps, [said, said], known, Scoring())
    assert isinstance(found, Reward)  # rules cannot fail
    return found


def table(scored: Sequence[Scored]) -> Iterator[str]:
    """Yield the table by form and answer; consistency in % with its 95 % interval over persons."""
    yield "| form | answer | n | accuracy | consistency | format |"
    yield "|---|---|---|---|---|---|"
    forms: tuple[Form, ...] = ("open", "choice", "binary")
    for form in forms:
        for gold in (True, False):
            rows = [one for one in scored if one.question.form == form and one.gold == gold]
            if rows:
                follows = share([(one.question.person, one.reward.consistency) for one in rows])
                accuracy, kept = (fmean(getattr(one.reward, part) for one in rows) for part in ("accuracy", "format"))
                spelled = f"{follows.value:.1f} [{follows.low:.1f}, {follows.high:.1f}]"
                said = "right" if gold else "wrong"
                yield f"| {form} | {said} | {len(rows)} | {accuracy:.3f} | {spelled} | {kept:.3f} |"


def main() -> None:
    """Score from the command line."""
    parser = argparse.ArgumentParser(description="Rewards of right and wrong answers.")
    parser.add_argument("--data", type=Path, required=True, help="folder that `personavlm synth train` wrote")
    parser.add_argument("--asked", type=Path, required=True, help="folder of memories and questions")
    parser.add_argument("--persons", type=int, default=12)
    arguments = parser.parse_args()
    questions = prepare(arguments.data, arguments.asked, arguments.persons)
    memories = Memories(arguments.asked, Kit.load())
    print("\n".join(table(list(score_all(questions, memories)))))
    memories.close()


if __name__ == "__main__":
    main()
