"""Evidence: which sentence of what was found answers a question, and how well.

    utterances ──sentences──> candidates ──features──> score (log-odds that this sentence is the evidence)

Features are few and readable: words and meaning shared with the question, in the sentence and round it; whether the
sentence is about the person asked about ("I" is the speaker, "you" the other); whether it holds what such an answer
looks like (a date, a number, a name); its place among the hits. How they are weighed is in ``judging``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log

import numpy as np
from numpy.typing import NDArray

from personavlm.embedded import arguments, language, senses
from personavlm.embedded.question import Party, Question
from personavlm.embedded.scene import Side, Utterance
from personavlm.embedded.when import mentions
from personavlm.encoders import TextEncoder

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One sentence with where it stands. ``about`` is the party it speaks of first."""

    text: str
    said: Utterance
    place: int
    """Its number within the utterance, from 0."""
    about: Party
    features: tuple[float, ...] = ()
    score: float = 0.0

    @property
    def side(self) -> Side:
        """Who said it."""
        return self.said.side

    @property
    def earlier(self) -> str:
        """What was said before it in the same message."""
        return self.said.text[: max(0, self.said.text.find(self.text))]

    @property
    def time(self) -> datetime:
        """When it was said."""
        return self.said.time


FEATURES = (
    "words", "words_utterance", "words_pair", "meaning", "meaning_utterance", "rank",
    "about", "about_other", "asks", "typed", "short", "first", "in_time",
)  # fmt: skip

_FIRST = re.compile(r"\b(?:i|i'm|i've|i'd|i'll|im|me|my|mine|myself|we|we're|we've|we'd|us|our|ours)\b", re.I)
_SECOND = re.compile(r"\b(?:you|you're|you've|you'd|you'll|your|yours|yourself)\b", re.I)
_FILLER = re.compile(
    r"\b(?:you know|thank you|thanks to you|see you|do you|have you|are you|did you|what about you)\b", re.I
)


def about(sentence: str, side: Side) -> Party:
    """Return whose life a sentence is about: the party its first personal word points to, else the speaker's."""
    text = _FILLER.sub(lambda m: " " * len(m[0]), language.straighten(sentence))
    first, second = _FIRST.search(text), _SECOND.search(text)
    other: Side = "assistant" if side == "user" else "user"
    if second is not None and (first is None or second.start() < first.start()):
        return other
    return side


def candidates(found: Sequence[Utterance]) -> list[Candidate]:
    """Return the sentences of what was found; picture captions count as sentences of their own."""
    rows: list[Candidate] = []
    for said in found:
        text = re.sub(r"\[picture:? ?([^\]]*)\]", r"\n\1\n", said.text)
        for place, sentence in enumerate(language.sentences(text)):
            if re.search(r"\w", sentence):
                rows.append(Candidate(sentence, said, place, about(sentence, said.side)))
    return rows


def featured(question: Question, rows: Sequence[Candidate], encoder: TextEncoder) -> Floats:
    """Return the ``(len(rows), len(FEATURES))`` matrix of features of candidates to a question."""
    if not rows:
        return np.zeros((0, len(FEATURES)))
    weights = _rarity(question, rows)
    texts = list(dict.fromkeys([r.text for r in rows] + [r.said.text[:600] for r in rows]))
    vectors = encoder.encode([question.text, *texts])
    cosine = dict(zip(texts, (vectors[1:] @ vectors[0]).tolist(), strict=True))
    return np.array([_row(question, row, weights, cosine) for row in rows])


def _rarity(question: Question, rows: Sequence[Candidate]) -> dict[str, float]:
    """Return each term's weight: the rarer among the candidates, the more it says; one that is nowhere says most."""
    counts = Counter(term for row in rows for term in _shared(question, row.text))
    aside = _aside(question)
    raw = {t: (ASIDE if t in aside else 1) * log(1 + len(rows) / (1 + counts[t])) for t in question.terms}
    total = sum(raw.values())
    return {term: value / total for term, value in raw.items()} if total else {}


ASIDE = 0.25
"""What a word counts that only says where somebody is meanwhile ("while I'm in Porto")."""
_MEANWHILE = re.compile(
    r"\b(?:while|when|as long as) (?:i|we|he|she|they|you|[A-Z]\w+)(?:'m|'re|'s| am| are| is| was| were) "
    r"(?:in|at|on|away|abroad|out|off|gone|over|up|down)\b.*$",
    re.I,
)


def _aside(question: Question) -> set[str]:
    match = _MEANWHILE.search(language.straighten(question.text))
    return set(language.stems(match[0])) if match else set()


def _shared(question: Question, text: str) -> frozenset[str]:
    return senses.covered(question.text, question.terms, text)


def _share(question: Question, weights: dict[str, float], text: str) -> float:
    return sum(weights[term] for term in question.terms if term in _shared(question, text))


def _row(question: Question, row: Candidate, weights: dict[str, float], cosine: dict[str, float]) -> list[float]:
    said = row.said
    whole = _share(question, weights, f"{said.text} {said.asked}")
    single = len(question.about & {"user", "assistant"}) == 1
    return [
        _share(question, weights, row.text),
        whole,
        max(whole, _share(question, weights, f"{said.text} {said.partner}")),
        cosine[row.text],
        cosine[said.text[:600]],
        1 / (1 + said.rank),
        float(single and row.about in question.about),
        float(single and said.side in question.about),
        float(language.is_question(row.text)),
        float(fits(question, row.text, row.time, row.earlier)),
        float(len(language.content_words(row.text)) < 3),
        float(row.place == 0),
        float(_in_time(question, row)),
    ]


def _in_time(question: Question, row: Candidate) -> bool:
    return any(
        m.start <= row.time <= m.end or any(x.start <= m.end and x.end >= m.start for x in mentions(row.text, row.time))
        for m in question.times
    )


def fits(question: Question, sentence: str, time: datetime, earlier: str = "") -> bool:
    """Return whether a sentence holds what an answer of this kind looks like."""
    kind = question.kind
    if kind in ("when", "how long"):
        return bool(mentions(sentence, time))
    if kind in ("how many", "how often"):
        return bool(
            re.search(
                r"\b(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|once|twice|every|few|dozen)\b",
                sentence,
                re.I,
            )
        )
    if kind == "who":
        return bool(arguments.others(question, sentence) or arguments.subject_of(question, sentence, earlier))
    if kind == "what":
        return bool(arguments.object_of(question, sentence, time))
    if kind == "where":
        return bool(re.search(r"\b(?:in|at|to|from|near|on) (?:the |a |an |my |our )?\w", sentence))
    if kind == "why":
        return bool(
            re.search(
                r"\b(?:because|since|so that|so i|to \w+|'cause|cuz|reason|made me|helps?|wanted)\b", sentence, re.I
            )
        )
    return False
