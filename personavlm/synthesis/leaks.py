"""Leaks: how far multiple choice is answered by those who remember nothing. They must stay at chance, a quarter.

    credits = blind(questions, train, encoder)["longest"]     one number in [0, 1] per question
    table(questions, credits)                                 accuracy per task and overall

A baseline sees the query and the four options, never the dialogue. Where it cannot decide between several options it
gets the share that guessing among them would earn, so that ties add no noise.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from personavlm.encoders import TextEncoder
from personavlm.synthesis.questions.draw import UNKNOWN
from personavlm.synthesis.questions.values import TASK_CODES, Alignment, Question, Task
from personavlm.worlds.values import World

Scores = NDArray[np.float64]
"""One row per question, one column per option; the highest wins."""
CLASSIFIER = "classifier"
STEPS = 600
"""Mini-batches that the classifier is fitted with."""
DECAYS = (3e-3, 3e-2, 3e-1)
"""Weight decays that it may choose from."""
BATCH = 1000
"""Questions whose features are in memory at once when it scores."""
HASHED = 1536
"""Columns for words, pairs of words, and words crossed with the form of the question."""


@dataclass(frozen=True, slots=True)
class Share:
    """An accuracy in [0, 1] over ``n`` questions."""

    n: int
    accuracy: float


def blind(questions: Sequence[Question], train: Sequence[Question], encoder: TextEncoder) -> dict[str, Scores]:
    """Return the credit of every baseline for every question, shape (n,), each in [0, 1].

    ``train`` are questions of the training half, with answers: the most frequent answers and the classifier are learnt
    from them, and left out where there are none. The classifier is a conditional logit over sentence vectors and hashed
    words.
    """
    seen = Likeness.of(questions, encoder)
    lengths = np.array([[len(option.text) for option in question.options] for question in questions], float)
    scores: dict[str, Scores] = {
        "random": np.zeros_like(lengths),
        "always (a)": np.tile([1.0] + [0.0] * (lengths.shape[1] - 1), (len(questions), 1)),
        "longest": lengths,
        "shortest": -lengths,
        "least like the others": -seen.to_others,
        "most like the others": seen.to_others,
        "nearest to the question": seen.to_query,
    }
    if train:
        scores["most frequent in training"] = _frequent(questions, train)
        scores[CLASSIFIER] = Classifier.learn(train, encoder).score(questions, encoder)
    return {name: credit(questions, table) for name, table in scores.items()}


def credit(questions: Sequence[Question], scores: Scores) -> Scores:
    """Return for each question the chance of hitting the right option by picking one of the highest scores."""
    best = np.isclose(scores, scores.max(axis=1, keepdims=True), rtol=0, atol=1e-9)
    answers = np.array([question.answer for question in questions])
    return np.asarray(best[np.arange(len(questions)), answers] / best.sum(axis=1), float)


def table(questions: Sequence[Question], credits: Scores) -> dict[str, Share]:
    """Return the accuracy of a baseline per task, and under "all"."""
    found: dict[str, Share] = {"all": Share(len(questions), float(credits.mean()) if len(credits) else 0.0)}
    for task in TASK_CODES:
        rows = [n for n, question in enumerate(questions) if question.task == task]
        if rows:
            found[task] = Share(len(rows), float(credits[rows].mean()))
    return found


def _frequent(questions: Sequence[Question], train: Sequence[Question]) -> Scores:
    counts: Counter[tuple[Task, str]] = Counter((question.task, question.right) for question in train)
    return np.array([[counts[q.task, option.text] for option in q.options] for q in questions], float)


# ── sentence vectors ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Likeness:
    """Sentence vectors of queries (n, d) and options (n, o, d), and how like they are (cosine)."""

    queries: NDArray[np.float32]
    options: NDArray[np.float32]

    @classmethod
    def of(cls, questions: Sequence[Question], encoder: TextEncoder) -> Likeness:
        """Encode questions."""
        queries = encoder.encode([question.query for question in questions])
        flat = encoder.encode([option.text for question in questions for option in question.options])
        return cls(queries, flat.reshape(len(questions), len(flat) // max(1, len(questions)), -1))

    @property
    def to_query(self) -> Scores:
        """Likeness of each option to the query."""
        return np.asarray(np.einsum("nd,nod->no", self.queries, self.options), float).round(6)

    @property
    def to_others(self) -> Scores:
        """Mean likeness of each option to the others."""
        pairs = np.einsum("nod,npd->nop", self.options, self.options)
        others = max(1, pairs.shape[1] - 1)
        return np.asarray((pairs.sum(axis=2) - np.einsum("noo->no", pairs)) / others, float).round(6)


# ── the classifier ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Classifier:
    """A conditional logit: which of four options is right, from query and options alone."""

    weights: NDArray[np.float32]
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]

    @classmethod
    def learn(cls, train: Sequence[Question], encoder: TextEncoder) -> Classifier:
        """Fit by Adam; the weight decay is the one that serves best on the last fifth of the training questions."""
        inputs = features(train, encoder)
        flat = inputs.reshape(-1, inputs.shape[-1])
        mean, scale = flat.mean(axis=0), flat.std(axis=0) + 1e-3
        inputs = (inputs - mean) / scale
        answers = np.array([question.answer for question in train])
        cut = len(train) * 4 // 5

        def held_out(decay: float) -> float:
            logits = inputs[cut:] @ _fit(inputs[:cut], answers[:cut], decay)
            return float((logits.argmax(axis=1) == answers[cut:]).mean())

        return cls(_fit(inputs, answers, max(DECAYS, key=held_out)), mean, scale)

    def score(self, questions: Sequence[Question], encoder: TextEncoder) -> Scores:
        """Return the logit of every option, shape (n, 4)."""
        parts = [questions[start : start + BATCH] for start in range(0, len(questions), BATCH)]
        logits = [(features(part, encoder) - self.mean) / self.scale @ self.weights for part in parts]
        return np.asarray(np.concatenate(logits) if logits else np.zeros((0, 4)), float)


def _fit(inputs: NDArray[np.float32], answers: NDArray[np.int64], decay: float) -> NDArray[np.float32]:
    """Return the weights after ``STEPS`` mini-batches of 256 questions, always the same ones."""
    weights = np.zeros(inputs.shape[-1], np.float32)
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    order = np.random.default_rng(0)
    for step in range(1, STEPS + 1):
        rows = order.choice(len(inputs), size=min(256, len(inputs)), replace=False)
        batch = inputs[rows]
        logits = batch @ weights
        chances = np.exp(logits - logits.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        chances[np.arange(len(rows)), answers[rows]] -= 1
        slope = np.einsum("no,nof->f", chances, batch) / len(rows) + decay * weights
        first = 0.9 * first + 0.1 * slope
        second = 0.99 * second + 0.01 * slope * slope
        rate = 1e-2 * (1 - step / (STEPS + 1))
        weights -= rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
    return weights


def features(questions: Sequence[Question], encoder: TextEncoder) -> NDArray[np.float32]:
    """Return (n, 4, f): vectors of the option and of its interplay with the query, likeness, length, hashed words."""
    seen = Likeness.of(questions, encoder)
    queries = np.repeat(seen.queries[:, None, :], 4, axis=1)
    lengths = np.array([[len(option.text) for option in question.options] for question in questions], float)
    relative = lengths / lengths.mean(axis=1, keepdims=True)
    plain = np.stack([seen.to_query, seen.to_others, relative, lengths / 50], axis=2)
    words = np.stack([[_hashed(question, option.text) for option in question.options] for question in questions])
    return np.concatenate([seen.options, queries * seen.options, plain, words], axis=2).astype(np.float32)


def _hashed(question: Question, option: str) -> NDArray[np.float32]:
    row = np.zeros(HASHED, np.float32)
    words = ["<", *_words(option), ">"]
    tokens = [*words[1:-1], *(" ".join(pair) for pair in pairwise(words))]
    asked = _words(question.query)
    tokens += [f"{question.task}|{word}" for word in words[1:-1]]
    tokens += [f"shared|{word in asked}" for word in words[1:-1]]
    for token in tokens:
        row[_bucket(token)] += 1
    return row


def _bucket(token: str) -> int:
    number = 0
    for letter in token.encode():
        number = (number * 131 + letter) % 2_147_483_647
    return number % HASHED


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())


# ── pictures, "unknown", alignment ───────────────────────────────────────────────────────────────────────────────


def unknown_share(questions: Sequence[Question]) -> Share:
    """Return how often "you have not said" is right where it is offered."""
    offered = [q for q in questions if any(option.text == UNKNOWN for option in q.options)]
    right = sum(q.right == UNKNOWN for q in offered)
    return Share(len(offered), right / len(offered) if offered else 0.0)


def without_pictures(world: World, questions: Sequence[Question]) -> Scores:
    """Return the credit of a reader who reads every word of a dialogue and sees no picture, for picture questions.

    It picks the option whose words come up most in the turns that prove the answer, then in the whole dialogue.
    """
    texts = {turn.id: _words(f"{turn.text} {turn.reply}") for turn in world.turns}
    everything = Counter(word for words in texts.values() for word in words)
    rows = []
    for question in questions:
        near = Counter(word for turn in question.evidence for word in texts[turn])
        common = set.intersection(*(set(_words(option.text)) for option in question.options))
        keys = [[w for w in _words(option.text) if w not in common] for option in question.options]
        rows.append([sum(1e3 * near[w] + min(everything[w], 1) for w in key) for key in keys])
    return credit(questions, np.array(rows, float)) if questions else np.zeros(0)


def blind_alignment(pairs: Sequence[Alignment], train: Sequence[Alignment], rng: random.Random) -> dict[str, float]:
    """Return how often baselines without a profile pick the fitting one of two replies; chance is 0.5."""
    prior = _manner_words(train)
    rules: dict[str, Callable[[str], float]] = {
        "longer": len,
        "more exclamation marks": lambda text: text.count("!"),
        "bag of words without the profile": lambda text: sum(prior.get(word, 0.0) for word in _words(text)),
    }
    found = {name: _preferred(pairs, rule) for name, rule in rules.items()}
    first = [rng.random() < 0.5 for _ in pairs]
    return found | {"always first": sum(first) / len(first) if first else 0.0}


def _preferred(pairs: Sequence[Alignment], rule: Callable[[str], float]) -> float:
    marks = [(rule(pair.chosen), rule(pair.rejected)) for pair in pairs]
    return sum(1.0 if a > b else 0.5 if a == b else 0.0 for a, b in marks) / max(1, len(marks))


def _manner_words(train: Sequence[Alignment]) -> Mapping[str, float]:
    """Return the log odds with which a word stands in a fitting rather than in an unfitting reply."""
    good = Counter(word for pair in train for word in _words(pair.chosen))
    bad = Counter(word for pair in train for word in _words(pair.rejected))
    return {word: float(np.log((good[word] + 1) / (bad[word] + 1))) for word in sorted(good | bad)}
