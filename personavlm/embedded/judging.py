"""Judging: the best evidence for a question, and whether it supports an answer at all.

    candidates ──score──> best sentence          strongest signs, for and against ──> doubt (above 0: not supported)

The doubt compares what the right person's sentences share with the question to what other people's share: asked what
Caroline painted, a sentence in which Melanie paints is no support, however close it is. Questions never count as
evidence. Both sets of weights are logistic regressions on LoCoMo dev by ``lab/answer_weights.py``, which also checks
them by leaving one conversation out; the threshold lets through 87 in 100 answerable questions there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from personavlm.embedded import arguments, evidence, language
from personavlm.embedded.evidence import FEATURES, Candidate, Floats
from personavlm.embedded.question import Question
from personavlm.encoders import TextEncoder

SCORE = (1.15, 0.95, -0.14, 2.4, 1.07, 1.32, 0.05, 1.64, -1.13, 1.42, 0.04, -0.24, 0.63)
"""Weight of each feature of ``evidence`` (log-odds)."""

SILENT = 3.0
"""What a sentence loses that says nothing beyond the question's own words: it cannot be the answer."""

OTHER_ACT = 2.0
"""What a sentence loses, where a time or a place is asked for, whose message tells of another act than the question."""

SIGNS = (("words_utterance",), ("meaning_utterance",), ("words",), ("meaning",),
         ("words_utterance", "meaning_utterance"), ("words", "meaning"))  # fmt: skip
"""Features, or sums of them, of which the highest counts, once for the right person and once for others."""
DOUBT = (-0.52, 1.88, 4.47, -0.9, -0.88, 0.02, -2.61, -0.58, -0.55, -0.56, -2.15, 2.13, -1.28)
"""Weights of the signs in turn (right, other), then of a question about nobody or several."""
DOUBT_START = 0.4


@dataclass(frozen=True, slots=True)
class Verdict:
    """Candidates, best first, and how doubtful it is that they answer the question (log-odds; above 0 they do not)."""

    ranked: tuple[Candidate, ...]
    doubt: float

    @property
    def supported(self) -> bool:
        """Whether the best candidate may be given as the answer."""
        return bool(self.ranked) and self.doubt <= 0


def judge(question: Question, rows: Sequence[Candidate], encoder: TextEncoder) -> Verdict:
    """Return the candidates ranked, with the doubt about them; without candidates the doubt is endless."""
    if not rows:
        return Verdict((), float("inf"))
    features = evidence.featured(question, rows, encoder)
    scores = features @ np.array(SCORE)
    if question.kind not in ("yes-no", "choice", "recommend", "opinion"):
        scores -= SILENT * np.array([not arguments.is_news(question, row.text) for row in rows])
    if question.kind in ("when", "where"):
        scores -= OTHER_ACT * np.array([_another_act(question, row) for row in rows])
    order = np.argsort(-scores, kind="stable")
    ranked = tuple(replace(rows[i], features=tuple(features[i]), score=float(scores[i])) for i in order)
    return Verdict(ranked, float(signs(question, rows, features) @ np.array(DOUBT) + DOUBT_START))


def _another_act(question: Question, row: Candidate) -> bool:
    """Whether the message of a sentence, with what it answers, lacks the verb of the question."""
    return arguments.lacks_verb(question, f"{row.said.text} {row.said.asked}")


def signs(question: Question, rows: Sequence[Candidate], features: Floats) -> Floats:
    """Return what the doubt is computed from: the strongest signs for the right person and for others."""
    single = len(question.about) == 1
    states = np.array([not language.is_question(row.text) for row in rows])
    right = np.array([not single or row.about in question.about for row in rows])
    found: list[float] = []
    for names in SIGNS:
        values = sum((features[:, FEATURES.index(name)] for name in names), np.zeros(len(rows)))
        for group in (right & states, ~right & states):
            found += [float(values[group].max()) if group.any() else 0.0]
    return np.array([*found, float(not single)])
