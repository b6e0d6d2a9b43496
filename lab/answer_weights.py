"""How the weights of ``embedded/judging.py`` were chosen: logistic regressions on LoCoMo dev.

    python -m lab.answer_weights path/to/locomo_dev.json

For each question the conversation is looked up once with the question's own words (chunks of ten turns stand for
topics), and every sentence found is a row. SCORE tells sentences of labelled evidence from others; DOUBT tells
adversarial questions from answerable ones; its threshold lets 87 in 100 answerable questions through. Prints weights
and, for each conversation left out in turn, how many adversarial and answerable questions would be refused.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from personavlm.datasets.dialogue import Caption, Dialogue
from personavlm.datasets.locomo import Conversation, LoCoMoQuestion, asker, locomo, locomo_dialogues
from personavlm.embedded import evidence, judging, language
from personavlm.embedded.question import analyse
from personavlm.embedded.scene import Utterance
from personavlm.embedded.when import mentions
from personavlm.encoders import TextEncoder
from personavlm.encoders.text import load_text_encoder
from personavlm.evals.answers import AFTER
from personavlm.retrieval import Index, Passage, Query, search

Floats = NDArray[np.float64]
CHUNK = 10
PASSED = 0.87


@dataclass(frozen=True, slots=True)
class Row:
    """One question with the features of what was found, which sentences are evidence, and the signs of doubt."""

    conversation: str
    adversarial: bool
    features: Floats
    labels: Floats
    signs: Floats


def rows(path: Path, encoder: TextEncoder) -> Iterator[Row]:
    """Yield a row for each question of each user's conversation."""
    for conversation in locomo(path).conversations:
        for user, dialogue in zip(conversation.speakers, locomo_dialogues(conversation), strict=True):
            index = _index(dialogue, user, encoder)
            for question in conversation.questions:
                if asker(conversation, question.question) == user:
                    yield _row(conversation, question, (user, dialogue.assistant), index, encoder)


def _index(dialogue: Dialogue, user: str, encoder: TextEncoder) -> Index:
    index = Index(encoder)
    passages: list[Passage] = []
    for start in range(0, len(dialogue.turns), CHUNK):
        chunk = dialogue.turns[start : start + CHUNK]
        ids = tuple(f"t{start + n}" for n in range(1, len(chunk) + 1))
        for name, turn in zip(ids, chunk, strict=True):
            captions = tuple(p.text for p in turn.pictures if isinstance(p, Caption))
            thread = f"{turn.time:%Y-%m-%d}"
            said = Passage(name, "turn", turn.text, turn.time, speaker=user, reply=turn.reply, thread=thread)
            passages.append(replace(said, captions=captions))
        end = chunk[-1].time + timedelta(hours=1)
        passages.append(Passage(f"e{start}", "episodic", chunk[0].text[:80], end, chunk[0].time, turns=ids))
    index.add(passages)
    return index


def _row(
    conversation: Conversation, asked: LoCoMoQuestion, names: tuple[str, str], index: Index, encoder: TextEncoder
) -> Row:
    now = conversation.utterances[-1].time + AFTER
    question = analyse(asked.question, now, *names)
    quotes = [q for hit in search(index, Query(asked.question, now)) for q in hit.quotes]
    said: list[Utterance] = []
    for rank, quote in enumerate(quotes):
        caption = "".join(f"[picture: {c}]\n" for c in quote.captions)
        said.append(Utterance("user", caption + quote.text, quote.time, quote.turn, rank, quote.reply))
        said.append(Utterance("assistant", quote.reply, quote.time, quote.turn, rank, quote.text))
    found = evidence.candidates([one for one in said if one.text.strip()])
    features = evidence.featured(question, found, encoder)
    texts = [u.text for u in conversation.utterances if u.id in asked.evidence]
    labels = _labels(found, texts, asked)
    signs = judging.signs(question, found, features)
    return Row(conversation.id, asked.category == "adversarial", features, labels, signs)


def _labels(found: list[evidence.Candidate], texts: list[str], asked: LoCoMoQuestion) -> Floats:
    """Return 1 for the sentences of the evidence that say most of the answer (a time, where that is asked)."""
    inside = np.array([any(c.text in text for text in texts) for c in found], np.float64)
    wanted = set(language.stems(asked.answer))
    timed = asked.category == "temporal"
    overlap = [len(wanted & set(language.stems(c.text))) for c in found]
    dated = [bool(mentions(c.text, c.time)) for c in found]
    share = np.array(dated if timed else overlap, np.float64)
    share = share * inside
    return (share == share.max()) * inside if len(share) and share.max() > 0 else inside


def logistic(features: Floats, labels: Floats, ridge: float) -> Floats:
    """Return the weights and, last, the constant of a ridge logistic regression (Newton's method)."""
    design = np.column_stack([features, np.ones(len(features))])
    penalty = np.diag([ridge] * features.shape[1] + [1e-6])
    weights = np.zeros(design.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (chance - labels) + penalty @ weights
        hessian = (design * (chance * (1 - chance))[:, None]).T @ design + penalty
        weights -= np.linalg.solve(hessian, gradient)
    return weights


def doubt(chosen: list[Row]) -> tuple[Floats, float]:
    """Return the weights of the signs and the constant that puts the threshold at 0."""
    signs = np.array([r.signs for r in chosen])
    labels = np.array([r.adversarial for r in chosen], np.float64)
    spread = signs.std(0) + 1e-9
    weights = logistic((signs - signs.mean(0)) / spread, labels, 3.0)[:-1] / spread
    return weights, -float(np.quantile(signs[labels == 0] @ weights, PASSED))


def main(path: Path) -> None:
    """Print the weights and what leaving one conversation out makes of the doubt."""
    found = list(rows(path, load_text_encoder()))
    answerable = [r for r in found if not r.adversarial and len(r.labels)]
    score = logistic(np.vstack([r.features for r in answerable]), np.concatenate([r.labels for r in answerable]), 1.0)
    print("SCORE =", tuple(round(float(w), 2) for w in score[:-1]))
    weights, start = doubt(found)
    print("DOUBT =", tuple(round(float(w), 2) for w in weights), "DOUBT_START =", round(start, 2))
    refused: dict[bool, list[bool]] = {True: [], False: []}
    for left_out in sorted({r.conversation for r in found}):
        weights, start = doubt([r for r in found if r.conversation != left_out])
        for row in found:
            if row.conversation == left_out:
                refused[row.adversarial].append(float(row.signs @ weights) + start > 0)
    for adversarial, outcomes in refused.items():
        print("adversarial" if adversarial else "answerable", f"refused, left out: {100 * np.mean(outcomes):.1f} %")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
