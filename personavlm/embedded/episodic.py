"""Cuts a finished session into topics: the ``episodic`` contract without weights.

    [0] user: My dog is ill.   [1] user: The vet says she'll be fine.   [2] user: By the way, I found a flat in Porto!
    -> turns 0, 1: "On 8 May 2023 the user said: their dog is ill; the vet says she'll be fine."   turn 2: …

Between every two turns the cohesion of what stands before and after is measured: nearness of sentence vectors, shared
word stems, an answer to a question just asked, and words that announce a new matter ("by the way"). The deepest dips
become borders, as in TextTiling (Hearst 1997, Computational Linguistics 23). A topic is told by the user's most central
sentences, in the third person, with relative dates spelled out; its keywords are names and the words it has most.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from personavlm.embedded import banks, language, voice
from personavlm.embedded.when import date
from personavlm.encoders import TextEncoder, Vectors
from personavlm.models import Message
from personavlm.prompts import slot
from personavlm.prompts.text import Line, parse_core_text, parse_history

MOST_TOPICS = 6
TURNS_PER_TOPIC = 3
"""A session gets at most one topic per so many turns."""
DEEP = 0.5
"""Standard deviations by which a dip must be deeper than the average one."""
DENSE, LEXICAL = 0.7, 0.3
"""Weights of vector nearness and of shared stems in cohesion."""
ANSWERED, ANNOUNCED = 0.12, 0.25
"""Cohesion gained by an answer to a question, lost by an announced change of subject."""
MOST_SENTENCES = 24
"""Sentences of a topic that compete for its summary."""
MOST_KEYWORDS = 10
MOST_CHARACTERS = 220
"""Of one sentence in a summary."""


def divide(messages: Sequence[Message], encoder: TextEncoder) -> str:
    """Return the ``episodic`` contract's text: one to six topics; every turn shown belongs to exactly one."""
    lines = parse_history(slot(messages, "DialogHistory"), UTC)
    if not lines:
        return ""
    name = parse_core_text(slot(messages, "UserProfile"))["human"].get("name", "").split(",")[0].strip() or "the user"
    topics = [_told(lines[start:end], name, encoder) for start, end in _cuts(lines, encoder)]
    return "\n\n".join(topics)


# ── borders ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _cuts(lines: Sequence[Line], encoder: TextEncoder) -> list[tuple[int, int]]:
    """Where each topic starts and ends in the session."""
    most = min(MOST_TOPICS, len(lines) // TURNS_PER_TOPIC)
    borders = sorted(_borders(_cohesion(lines, encoder), most - 1)) if most > 1 else []
    edges = [0, *borders, len(lines)]
    return list(pairwise(edges))


def _cohesion(lines: Sequence[Line], encoder: TextEncoder) -> NDArray[np.float64]:
    """How well each turn hangs together with the one before it, for turns 1 onward."""
    vectors = encoder.encode([f"{line.user} {line.assistant}"[:1000] for line in lines])
    stems = [set(language.stems(f"{line.user} {line.assistant}"[:1000])) for line in lines]
    return np.array(
        [
            DENSE * float(_mean(vectors[max(0, i - 2) : i]) @ _mean(vectors[i : i + 2]))
            + LEXICAL * _overlap(set().union(*stems[max(0, i - 2) : i]), set().union(*stems[i : i + 2]))
            + (ANSWERED if lines[i - 1].assistant.rstrip().endswith("?") else 0.0)
            - (ANNOUNCED if _ANNOUNCED.search(lines[i].user[:200]) else 0.0)
            for i in range(1, len(lines))
        ]
    )


_ANNOUNCED = re.compile(
    r"\b(?:by the way|btw|anyway|on another note|another thing|speaking of|changing the subject|different topic"
    r"|oh,? and|one more thing|guess what|also wanted|i have news|new question|something else)\b",
    re.IGNORECASE,
)


def _mean(vectors: Vectors) -> Vectors:
    mean: Vectors = vectors.mean(axis=0)
    return mean / max(float(np.linalg.norm(mean)), 1e-9)


def _overlap(one: set[str], other: set[str]) -> float:
    return len(one & other) / max(1, min(len(one), len(other)))


def _borders(cohesion: NDArray[np.float64], most: int) -> list[int]:
    """Turns that open a topic: the deepest dips first, no topic shorter than two turns."""
    depths = [_depth(cohesion, i) for i in range(len(cohesion))]
    floor = float(np.mean(depths) + DEEP * np.std(depths))
    chosen: list[int] = []
    for i in sorted(range(len(depths)), key=lambda i: (-depths[i], i)):
        turn, last = i + 1, len(cohesion) + 1
        apart = all(abs(turn - other) >= 2 for other in (*chosen, 0, last))
        if depths[i] > max(floor, 0.0) and apart and len(chosen) < most:
            chosen.append(turn)
    return chosen


def _depth(cohesion: NDArray[np.float64], i: int) -> float:
    left = right = i
    while left > 0 and cohesion[left - 1] >= cohesion[left]:
        left -= 1
    while right < len(cohesion) - 1 and cohesion[right + 1] >= cohesion[right]:
        right += 1
    return float(cohesion[left] + cohesion[right] - 2 * cohesion[i])


# ── telling a topic ──────────────────────────────────────────────────────────────────────────────────────────────


class _Candidate(NamedTuple):
    text: str
    line: Line
    place: int


def _told(lines: Sequence[Line], name: str, encoder: TextEncoder) -> str:
    chosen = _central(_candidates(lines), encoder)
    day = date(lines[0].time)
    said = "; ".join(_third(c) for c in chosen)
    verb = "said" if any(c.line.user for c in chosen) else "said nothing in words"
    summary = f"On {day} {name} {verb}{': ' if said else ''}{said}."
    keywords = _keywords(lines)
    rows = [
        f'"topic_summary": {summary}',
        *([f'"keywords": {", ".join(keywords)}'] if keywords else []),
        f'"source_dialog_indices": {", ".join(line.turn for line in lines)}',
    ]
    return "\n".join(rows)


def _third(candidate: _Candidate) -> str:
    told = voice.reported(voice.dated(voice.opening(candidate.text), candidate.line.time))
    told = re.sub(r"[\s\"{}]+", " ", told).strip()
    if told[:1].isupper() and told.split()[0].lower() in language.stop_words() | {"taking", "going", "having"}:
        told = told[0].lower() + told[1:]
    return told if len(told) <= MOST_CHARACTERS else told[:MOST_CHARACTERS].rsplit(" ", 1)[0] + " …"


def _candidates(lines: Sequence[Line]) -> list[_Candidate]:
    said = [(sentence, line) for line in lines for sentence in language.sentences(line.user)]
    told = [(s, line) for s, line in said if not language.is_question(s) and len(language.words(voice.opening(s))) >= 4]
    chosen = (told or [(s, line) for s, line in said if voice.opening(s)])[:MOST_SENTENCES]
    return [_Candidate(sentence, line, place) for place, (sentence, line) in enumerate(chosen)]


def _central(candidates: Sequence[_Candidate], encoder: TextEncoder) -> list[_Candidate]:
    """The one or two sentences that stand for the others best, in the order in which they were said."""
    if not candidates:
        return []
    vectors = encoder.encode([c.text for c in candidates])
    worth = vectors @ _mean(vectors) + np.array([_weight(c.text) for c in candidates])
    first = int(np.argmax(worth))
    worth = worth - 0.5 * (vectors @ vectors[first])  # the second should add something
    worth[first] = -np.inf
    picked = {first, int(np.argmax(worth))} if len(candidates) > 1 else {first}
    return [candidates[i] for i in sorted(picked)]


def _weight(sentence: str) -> float:
    """Bonus of a sentence that says something: the user in it, names, numbers; talk to the assistant counts less."""
    low = f" {' '.join(language.words(sentence))} "
    own = 0.15 if re.search(r" (?:i|i'm|i've|we|my|our|we're) ", low) else 0.0
    named = 0.1 if language.names(sentence) else 0.0
    number = 0.05 if re.search(r"\d", sentence) else 0.0
    spoken_to = 0.2 if re.search(r" (?:you|your|you're|you've|thanks|thank|agree|agreed) ", low) else 0.0
    return own + named + number - spoken_to


def _keywords(lines: Sequence[Line]) -> list[str]:
    text = "\n".join(line.user for line in lines)
    spoken_to = set(_SPOKEN_TO.findall(text))
    names = [n for n in language.names(text) if len(n) > 1 and _says(n) and n not in spoken_to]
    dull = banks.phrases("dull")[""]
    words = [w for w in language.content_words(text) if len(w) > 3 and w not in dull and not w[0].isdigit()]
    stems = Counter(language.stem(w) for w in words)
    spelled = {language.stem(w): w for w in reversed(words)}
    taken = {language.stem(w) for name in (*names, *spoken_to) for w in language.words(name)}
    ranked = [spelled[s] for s, _ in sorted(stems.items(), key=lambda item: -item[1]) if s not in taken]
    return [w.replace(",", " ") for w in (names[: MOST_KEYWORDS // 2] + ranked)[:MOST_KEYWORDS]]


_SPOKEN_TO = re.compile(
    r"(?:\b(?:hey|hi|hello|thanks|wow|yeah|yep|yes|agree|congrats|great|sure|ok|bye|you|cool|awesome),? |, )"
    r"(?-i:([A-Z][a-z]+))(?=[,!.?]|$)",
    re.IGNORECASE | re.MULTILINE,
)
"""The other side's name in an address ("Thanks, Mel!") is no keyword of the topic."""


def _says(name: str) -> bool:
    """Whether a capitalised run is a name rather than a question word or a contraction that opens a sentence."""
    return not any(w.split("'")[0] in language.stop_words() for w in language.words(name)[:1])
