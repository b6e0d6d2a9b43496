"""Multiple choice by evidence: the option that the user's own words bear out.

Each option is compared with what was found: meaning of the nearest sentences (weighted by how well those fit the
question) and words shared with them. What the option says against a known dislike, or with a memory that has been
replaced, counts against it. An option that says nothing is known wins only when the evidence does not support an
answer. Length and place of an option play no part.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from personavlm.embedded import language
from personavlm.embedded.evidence import Candidate
from personavlm.embedded.judging import Verdict
from personavlm.embedded.question import Option, Question, phrased
from personavlm.encoders import TextEncoder

NEAREST = 12
"""Sentences of evidence an option is compared with."""
_UNKNOWN, _AGAINST = phrased("unknown option"), phrased("against")


def choose(question: Question, verdict: Verdict, encoder: TextEncoder) -> tuple[Option, Candidate | None]:
    """Return the option the evidence bears out best, with the sentence that does; the first on a tie."""
    evidence = verdict.ranked[:NEAREST]
    if not evidence:
        unknown = [o for o in question.options if _UNKNOWN.search(o.text)]
        return (unknown or list(question.options))[0], None
    texts = [o.text for o in question.options] + [c.text for c in evidence]
    vectors = encoder.encode(texts)
    options, sentences = vectors[: len(question.options)], vectors[len(question.options) :]
    relevance = _softmax([c.score for c in evidence])
    best: tuple[float, Option, Candidate] | None = None
    for option, vector in zip(question.options, options, strict=True):
        support = [
            weight * (float(vector @ sentence) + _overlap(option, candidate, question)) * _polarity(option, candidate)
            for weight, sentence, candidate in zip(relevance, sentences, evidence, strict=True)
        ]
        total = max(support) + sum(support)
        if _UNKNOWN.search(option.text):
            total = 10.0 if verdict.doubt > 0 else -10.0
        if best is None or total > best[0] + 1e-9:
            best = total, option, evidence[int(np.argmax(support))]
    assert best is not None  # a choice has at least two options
    return best[1], best[2]


def _softmax(scores: Sequence[float]) -> list[float]:
    raw = np.exp(np.array(scores) - max(scores))
    return [float(x) for x in raw / raw.sum()]


def _overlap(option: Option, candidate: Candidate, question: Question) -> float:
    """Share of the option's own content words (not the question's) that the sentence says."""
    own = set(language.stems(option.text)) - set(question.terms)
    return len(own & set(language.stems(candidate.text))) / len(own) if own else 0.0


def _polarity(option: Option, candidate: Candidate) -> float:
    """-1 where one of the two is against what the other is for, half where the memory has been replaced, else 1."""
    same = bool(_AGAINST.search(option.text)) == bool(_AGAINST.search(candidate.text))
    return (1.0 if same else -0.5) * (0.5 if candidate.said.status != "current" else 1.0)
