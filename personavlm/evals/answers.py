"""Answers: does the assistant, after a conversation, answer questions about it, and say what it was not told.

    LoCoMo file ──replay, one user per speaker──> assistants ──each question, dry, a day after the end──> replies

The user who asks is the speaker whose name stands first in the question, else the first speaker. What is scored is
the reply's headline, its first line without a closing full stop: the embedded model puts the bare answer there and
evidence and tone below it. Token F1 is SQuAD's (lower case, punctuation and articles away) for every category, in
percent; the variant that matches a multi-hop answer part by part is not used: it does not punish extra parts.

Beside it, from the same run, what a reply scores that is the best hit, whole: the best quoted turn with both sides'
words, that turn's user side alone, and the best hit's own text. "You haven't told me" counts as no answer (F1 0) where
the question has one.

Source: LoCoMo (Maharana et al., 2024) for questions and categories; Rajpurkar et al. (2016) for token F1.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from personavlm.assistant import Assistant, Kit
from personavlm.datasets.locomo import (
    CATEGORIES,
    Category,
    Conversation,
    LoCoMoQuestion,
    asker,
    import_locomo,
    locomo,
)
from personavlm.embedded.respond import headline
from personavlm.models import Model
from personavlm.replay import replay
from personavlm.scoring.answers import token_f1, untold
from personavlm.store import Store
from personavlm.trace import Hit, Trace

Progress = Callable[[str, int, int], None]
"""Told what is under way, how much is done, and of how much."""
AFTER = timedelta(days=1)
"""Questions are asked this long after the conversation's last turn."""
ANSWERABLE: tuple[Category, ...] = tuple(c for c in CATEGORIES if c != "adversarial")
BASELINES = ("best turn", "best turn, user's side", "best hit's text")


@dataclass(frozen=True, slots=True)
class Answered:
    """One question's outcome; F1 in [0, 1]. It holds no text of the data set."""

    id: str
    category: Category
    f1: float
    baselines: tuple[float, ...]
    """F1 of the best hit returned whole, in the order of ``BASELINES``."""
    unknown: bool
    """Whether the reply says that this was never told."""
    looks: int


@dataclass(frozen=True, slots=True)
class AnswersResult:
    """What ``eval answers`` prints."""

    answered: tuple[Answered, ...]

    def f1(self, category: Category | None = None, baseline: int | None = None) -> float:
        """Return mean token F1 in percent over a category, or all answerable ones; of a baseline if one is named."""
        chosen = [a for a in self.answered if a.category in ((category,) if category else ANSWERABLE)]
        return _percent([a.f1 if baseline is None else a.baselines[baseline] for a in chosen])

    def unknown(self, adversarial: bool) -> float:
        """Return in how many percent of the adversarial (or of the answerable) questions the reply was "not told"."""
        return _percent([float(a.unknown) for a in self.answered if (a.category == "adversarial") == adversarial])

    def plain(self) -> dict[str, object]:
        """Return the figures under the names of the CLI contract, percents from 0 to 100."""
        f1 = {c: self.f1(c) for c in ANSWERABLE} | {"overall": self.f1()}
        best_hit = {name: self.f1(baseline=number) for number, name in enumerate(BASELINES)}
        return {
            "n": len(self.answered),
            "f1": f1,
            "best_hit_f1": best_hit,
            "above_best_hit": round(f1["overall"] - max(best_hit.values()), 1),
            "unknown_on_adversarial": self.unknown(adversarial=True),
            "unknown_on_answerable": self.unknown(adversarial=False),
            "looks_per_question": round(sum(a.looks for a in self.answered) / max(len(self.answered), 1), 2),
        }


def _percent(values: Sequence[float]) -> float:
    return round(100 * sum(values) / len(values), 1) if values else 0.0


def evaluate(path: Path, model: Model, kit: Kit, progress: Progress = lambda _what, _done, _all: None) -> AnswersResult:
    """Return how a LoCoMo file's questions are answered. Users live in a folder that is removed afterwards.

    Raises ``BadInput`` for a file of another shape, ``ModelUnavailable`` if the model cannot be asked.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        replay(home, import_locomo(path), lambda store: Assistant(store, model, kit=kit), progress)
        answered: list[Answered] = []
        for conversation in locomo(path).conversations:
            for user in conversation.speakers:
                with Store.open(home, f"{conversation.id}-{user}") as store:
                    assistant = Assistant(store, model, kit=kit)
                    answered += _ask_all(assistant, conversation, user, progress)
    return AnswersResult(tuple(answered))


def _ask_all(assistant: Assistant, conversation: Conversation, user: str, progress: Progress) -> Iterator[Answered]:
    mine = [q for q in conversation.questions if asker(conversation, q.question) == user]
    end = conversation.utterances[-1].time + AFTER
    for number, question in enumerate(mine, start=1):
        yield scored(question, assistant.ask(end, question.question))
        progress(f"questions to {conversation.id}-{user}", number, len(mine))


def scored(question: LoCoMoQuestion, trace: Trace) -> Answered:
    """Return the outcome of one question from the trace of its reply."""
    short = headline(trace.reply)
    whole = tuple(token_f1(text, question.answer) for text in best_hit(trace.hits))
    unknown = untold(short)
    f1 = 0.0 if unknown else token_f1(short, question.answer)
    return Answered(question.id, question.category, f1, whole, unknown, len(trace.steps) - 1)


def best_hit(hits: Sequence[Hit]) -> tuple[str, str, str]:
    """Return the best hit whole in three readings, in the order of ``BASELINES``; empty texts without hits."""
    hit = max(hits, key=lambda h: h.scores.fused, default=None)
    quote = max((q for h in hits for q in h.quotes), key=lambda q: q.score, default=None)
    text = hit.text if hit else ""
    return (f"{quote.text} {quote.reply}", quote.text, text) if quote else (text, text, text)
