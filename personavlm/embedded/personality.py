"""What one message says about its writer's Big Five traits: the ``personality`` contract without weights.

    "I hate parties, I'd rather stay in."  ->  "openness": 3 … "extraversion": 1 …
                                               "extraversion cue": "I hate parties; stay in"

Two kinds of cue are added up per trait. Words and phrases that published studies tie to a trait (``words/traits.txt``
names them) count in what the user says of themselves, half if they ask; and sentences near a statement of character
(``words/selves.txt``) count most. Negation turns a cue round, somebody else's worries are not the user's, and what is
asked about is not who asks. Most messages show no cue, and read 3 throughout.

What is known of its accuracy: on worlds of the test half (40 persons of 72 turns on average, ``python -m
lab.trait_intervals --half test --setting 100 --seed 31``) the mean reading goes with the true trait by r = 0.47
(conscientiousness) to 0.70 (neuroticism); those texts are invented. No real person's labelled messages were available
(LAPS and LoCoMo carry no trait labels), so there only the share of neutral readings can be reported (95 % of 300 LAPS
messages, 80 % of 300 of LoCoMo); and the studies find correlations of about 0.1 to 0.4. Treat a single reading as a
hint; PEM averages many.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np

from personavlm.embedded import banks
from personavlm.encoders import TextEncoder, Vectors
from personavlm.models import Message
from personavlm.personality import TRAITS, Profile, Trait
from personavlm.prompts import slot
from personavlm.prompts.text import parse_query

NEAR, NEAR_IMPERSONAL = 0.50, 0.53
"""Cosine from which a clause is a statement of character: one in the first person, one without a person ("plans are
overrated"). Set on 40 worlds of the training half (seed 21), and held against LAPS sessions."""
AHEAD = 0.03
"""How much nearer it must be than to the opposite pole or to an ordinary statement (cosine)."""
CONTRARY = 0.65
"""Cosine from which a clause that denies what a prototype asserts, or the other way, speaks for its contrary."""
SELF_WEIGHT = 1.6
ONE_STEP, TWO_STEPS = 0.9, 1.6
"""Sum of cues from which a trait is one, two points off neutral."""
MAX_SENTENCES = 12
"""Sentences compared with statements of character per message; the first ones that speak of the user."""
MAX_TEXT = 4_000
"""Characters read of one message."""


class Cue(NamedTuple):
    """Words that speak for a pole of a trait, with their weight."""

    trait: Trait
    sign: int
    weight: float
    words: str


def read(messages: Sequence[Message], encoder: TextEncoder) -> str:
    """Return the ``personality`` contract's text for the last prompt's message: five lines, and the cues as quotes."""
    _, text = parse_query(slot(messages, "UserQuery"), UTC)
    found = cues(text[:MAX_TEXT], encoder)
    rows = [f'"{trait}": {_score([c for c in found if c.trait == trait])}' for trait in TRAITS]
    for trait in TRAITS:
        words = dict.fromkeys(_quoted(c.words) for c in found if c.trait == trait)
        if words and not rows[TRAITS.index(trait)].endswith(" 3"):
            rows.append(f'"{trait} cue": {"; ".join(words)[:300]}')
    return "\n".join(rows)


def observed(text: str, encoder: TextEncoder) -> Profile:
    """Return what one message shows of its writer, 3 where it shows nothing."""
    found = cues(text[:MAX_TEXT], encoder)
    return Profile(**{str(trait): float(_score([c for c in found if c.trait == trait])) for trait in TRAITS})


def cues(text: str, encoder: TextEncoder) -> list[Cue]:
    """Return every cue of a text: statements of character first, then words.

    Inside such a statement only a clear word counts, and only for another trait.
    """
    clauses = list(_clauses(text))
    statements = _statements([c for c in clauses if not c.asked and (c.own or c.impersonal)], encoder)
    said = {cue.words: cue.trait for cue in statements}
    words = [
        cue
        for clause in clauses
        for cue in _word_cues(clause)
        if clause.text not in said or (cue.trait != said[clause.text] and cue.weight >= ONE_STEP)
    ]
    return [*statements, *_once(words), *_style(text)]


class _Clause(NamedTuple):
    text: str
    own: bool
    """Whether the user speaks of themselves in it."""
    asked: bool

    @property
    def impersonal(self) -> bool:
        """Whether it speaks of nobody: an opinion, or a note with "I" left out."""
        return not self.own and not _OTHER_SUBJECT.match(self.text)


_SENTENCE_END = re.compile(r"(?<=[.!?])[\s\"”')]+|\n+")
_CLAUSE_END = re.compile(
    r"\s*(?:;|,?\s+(?:but|although|though|whereas)\s+|\s+-\s+|—|,\s+(?=(?:what|how|should|do|can|could|would|is|any)\b))\s*",
    re.IGNORECASE,
)
_OWN = re.compile(r"(?<![\w'])(?:i|im|ive|me|my|myself|mine|we|us|our)(?!\w)", re.IGNORECASE)
_OWN_SUBJECT = re.compile(r"(?<![\w'])(?:i|im|ive|we)(?!\w)", re.IGNORECASE)
_OTHER_SUBJECT = re.compile(
    r"^\W*(?:(?:and|so|because|well|oh|yes|no|yeah)\W+)*"
    r"(?:he|she|they|you|it|this|that|my\s+\w+|his|her|their|your|the|people|some|\w+\s+(?:is|was|has|says?))\b",
    re.IGNORECASE,
)
_SUBJECTLESS = re.compile(
    r"^\W*(?:just|gonna|going|can['’]?t|couldn['’]?t|feeling|been|so|super|not|never|always|still|had|went)\b",
    re.IGNORECASE,
)
SUBJECT_WITHIN = 25
"""Characters within which "I" or "we" must come for a clause that opens with another subject to be the user's own."""


def _clauses(text: str) -> Iterator[_Clause]:
    for sentence in _SENTENCE_END.split(text):
        clauses = [clause.strip() for clause in _CLAUSE_END.split(sentence) if clause.strip()]
        asked = sentence.rstrip().endswith("?")
        for position, clause in enumerate(clauses):
            yield _Clause(clause, _is_own(clause), asked and position == len(clauses) - 1)


def _is_own(clause: str) -> bool:
    if _OTHER_SUBJECT.match(clause) and not re.search(r"\bme\b", clause, re.IGNORECASE):
        return _OWN_SUBJECT.search(clause[:SUBJECT_WITHIN]) is not None
    return _OWN.search(clause) is not None or _SUBJECTLESS.match(clause) is not None


class _List(NamedTuple):
    trait: Trait
    sign: int
    weight: float
    own_only: bool
    pattern: re.Pattern[str]


@cache
def _lists() -> tuple[_List, ...]:
    found: list[_List] = []
    for section in banks.phrases("traits"):
        name, pole, weight, scope = section.split()
        trait = next(t for t in TRAITS if t == name)
        found.append(_List(trait, _sign(pole), float(weight), scope == "self", banks.pattern("traits", section)))
    return tuple(found)


def _sign(pole: str) -> int:
    return 1 if pole == "high" else -1


_NEGATOR = re.compile(
    r"(?:\b(?:not|never|no|without|hardly|rarely|barely|stop|stopped|isn['’]?t|less|nothing)|n['’]t)\W+(?:\w+\W+){0,3}$",
    re.IGNORECASE,
)
_IDLE = re.compile(r"(?:\bneed(?:n['’]?t)?(?:\s+to)?|(?<!\bi )\b(?:do not|don['’]?t))\s+$", re.IGNORECASE)
"""Before a cue: "no need to worry", "don't worry" say nothing of the user."""
_THEIRS = re.compile(r"\b(?:he|she|they)\s+\w+(?:\W+\w+){0,2}\W+$", re.IGNORECASE)
"""Before a cue: "they had nothing prepared" says nothing of the user, even after "I couldn't believe"."""
_REJECTED = re.compile(
    r"\b(?:waste of|spare me|bores? me|bored (?:by|of|with)|sick of|tired of|fed up with|overrated|leaves? me cold"
    r"|over my head|no (?:use|patience|time|need) for|not (?:one|the type) for|(?:not|isn['’]t|aren['’]t) for me"
    r"|not my thing|no fan|point (?:of|in)|can['’]t (?:stand|bear)|have no interest in|couldn['’]t care less"
    r"|(?:means?|says?) nothing)\b",
    re.IGNORECASE,
)
"""A clause that rejects what it names: "all this philosophy is a waste of time"."""
_REVERSED = 0.9
"""A denied cue speaks for the other pole, a little less clearly than an asserted one."""


def _word_cues(clause: _Clause) -> Iterator[Cue]:
    for group in _lists():
        if group.own_only and not clause.own:
            continue
        for match in group.pattern.finditer(clause.text):
            if _IDLE.search(clause.text[: match.start()]):
                continue
            before = clause.text[: match.start()]
            if _THEIRS.search(before):
                continue
            denied = _NEGATOR.search(before) is not None
            denied = denied or (group.sign > 0 and _REJECTED.search(clause.text) is not None)
            weight = group.weight * (_REVERSED if denied else 1.0) * (0.5 if clause.asked else 1.0)
            yield Cue(group.trait, -group.sign if denied else group.sign, weight, match[0])


def _once(found: Sequence[Cue]) -> list[Cue]:
    """Each word once per trait: repeating a word makes it no clearer."""
    first: dict[tuple[Trait, str], Cue] = {}
    for cue in found:
        first.setdefault((cue.trait, cue.words.lower()), cue)
    return list(first.values())


def _style(text: str) -> list[Cue]:
    # Mairesse et al. 2007, Schwartz et al. 2013: exclamation marks go with extraversion; alone they are no reading.
    marks = text.count("!")
    return [Cue("extraversion", 1, 0.3, "!" * min(marks, 3))] if marks >= 2 else []


class _Prototypes(NamedTuple):
    trait: tuple[Trait | None, ...]
    sign: tuple[int, ...]
    texts: tuple[str, ...]


@cache
def _prototypes() -> _Prototypes:
    traits: list[Trait | None] = []
    signs: list[int] = []
    texts: list[str] = []
    for section, rows in banks.lines("selves").items():
        name, _, pole = section.partition(" ")
        trait = next((t for t in TRAITS if t == name), None)
        traits += [trait] * len(rows)
        signs += [_sign(pole) if trait else 0] * len(rows)
        texts += rows
    return _Prototypes(tuple(traits), tuple(signs), tuple(texts))


def _statements(clauses: Sequence[_Clause], encoder: TextEncoder) -> list[Cue]:
    """Clauses that state the user's character, by nearness to the prototypes."""
    candidates = [c for c in clauses if 3 <= len(c.text.split()) <= 30][:MAX_SENTENCES]
    if not candidates:
        return []
    near = encoder.encode([c.text for c in candidates]) @ encoder.encode(_prototypes().texts).T
    return [cue for clause, row in zip(candidates, near, strict=True) for cue in _nearest(clause, row)]


def _nearest(clause: _Clause, row: Vectors) -> Iterator[Cue]:
    """The statement of character that a clause is near to, if it is nearer than to others and to ordinary ones.

    Sentence vectors hardly see "not": a clause is held against prototypes that deny as it does, and only one that is
    almost a prototype in other respects is taken for its contrary.
    """
    text, least = clause.text, NEAR if clause.own else NEAR_IMPERSONAL
    alike = np.array([_denies(prototype) == _denies(text) for prototype in _prototypes().texts])
    same, contrary = np.where(alike, row, -1.0), np.where(alike, -1.0, row)
    if contrary.max() >= max(same.max() + AHEAD, CONTRARY):
        yield from _clear(text, row, int(np.argmax(contrary)), -1)
    elif same.max() >= least:
        yield from _clear(text, same, int(np.argmax(same)), 1)


def _clear(text: str, row: Vectors, best: int, turned: int) -> Iterator[Cue]:
    prototypes = _prototypes()
    trait, sign = prototypes.trait[best], prototypes.sign[best]
    if trait is None:
        return
    rivals = [i for i, t in enumerate(prototypes.trait) if t is None or (t == trait and prototypes.sign[i] != sign)]
    if row[best] - max(row[i] for i in rivals) >= AHEAD:
        yield Cue(trait, sign * turned, SELF_WEIGHT, text)


_DENIAL = re.compile(r"\b(?:not|never|no|hardly|rarely|hate|nothing|few)\b|n['’]t\b", re.IGNORECASE)
MAIN = 5
"""Words within which a denial is that of the statement, and not of something said along with it."""


@lru_cache(maxsize=4_096)
def _denies(text: str) -> bool:
    return len(_DENIAL.findall(" ".join(text.split()[:MAIN]))) % 2 == 1


def _score(found: Sequence[Cue]) -> int:
    total = sum(cue.sign * cue.weight for cue in found)
    steps = 2 if abs(total) >= TWO_STEPS else 1 if abs(total) >= ONE_STEP else 0
    return 3 + steps * (1 if total > 0 else -1)


def _quoted(words: str) -> str:
    return re.sub(r"[\s\"“”{}]+", " ", words).strip()[:120]
