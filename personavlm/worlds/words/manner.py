"""The way somebody writes: how long, how careful, how loud, which follows weakly from their traits.

    Manner(chatty=0.6, formal=0.3, …) ──style──> the sentences of a turn as this person would type them

Every rule cites the finding it rests on; the sizes are ours, kept small, since published correlations between traits
and style are mostly below 0.3. What traits show *clearly* are the cues (``cues.json``, findings in ``sources.json``).
Filled slots are never touched.

Sources: Mairesse, Walker, Mehl & Moore 2007 (JAIR 30); Pennebaker & King 1999 (JPSP 77); Yarkoni 2010 (J. Res. Pers.
44); Schwartz et al. 2013 (PLoS ONE 8); Hirsh & Peterson 2009 (J. Res. Pers. 43).
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from personavlm.personality import MIDDLE, Profile
from personavlm.worlds.words.context import Mood
from personavlm.worlds.words.grammar import OPEN, SHUT
from personavlm.worlds.words.tidying import asks, tidy


@dataclass(frozen=True, slots=True)
class Manner:
    """How a person writes, each number a chance in [0, 1]."""

    chatty: float
    """Adding an aside or a closing remark. Extraverts write more words (Mairesse et al. 2007, table 2)."""
    loud: float
    """Ending a sentence with an exclamation mark: extraversion and agreeableness (Mairesse et al. 2007; Schwartz et
    al. 2013 find "!" and "can't wait" in extraverts' posts)."""
    hedged: float
    """Hedging with "I think", "maybe": tentative words go with low extraversion and with neuroticism (Pennebaker &
    King 1999; Mairesse et al. 2007)."""
    formal: float
    """Full forms instead of contractions: conscientious people use fewer slips and swear words, open ones more articles
    and long words (Pennebaker & King 1999; Yarkoni 2010)."""
    slips: float
    """Typing errors: low conscientiousness (Mairesse et al. 2007; Hirsh & Peterson 2009 on achievement words)."""
    lower: bool
    """No capitals at the beginnings of sentences; likelier with low conscientiousness."""
    dots: float
    """Trailing off with dots: neuroticism, and low extraversion (Schwartz et al. 2013)."""
    run_on: float
    """Typing two short sentences as one; a habit that is nobody's trait here."""
    opener: float
    """Beginning a sentence with one of ``openers``; no trait's habit either."""
    openers: tuple[str, ...]
    """The few words this person begins sentences with."""


def manner(person: str, traits: Profile, mood: Mood) -> Manner:
    """Return somebody's manner on a day; ``person`` (an id) seeds the habits that are nobody's trait."""
    rng = random.Random(f"{person}/manner")
    lean = {trait: score - MIDDLE for trait, score in traits}
    low = mood in ("low", "rushed")
    return Manner(
        chatty=_chance(0.34 + 0.07 * lean["extraversion"] + rng.uniform(-0.15, 0.15) - 0.12 * low),
        loud=_chance(0.07 + 0.035 * lean["extraversion"] + 0.03 * lean["agreeableness"] + 0.06 * (mood == "bright")),
        hedged=_chance(0.08 + 0.04 * lean["neuroticism"] - 0.03 * lean["extraversion"]),
        formal=_chance(0.18 + 0.1 * lean["conscientiousness"] + rng.uniform(-0.2, 0.25)),
        slips=_chance(0.05 - 0.03 * lean["conscientiousness"] + rng.uniform(-0.03, 0.05) + 0.05 * (mood == "rushed")),
        lower=rng.random() < 0.16 - 0.07 * lean["conscientiousness"],
        dots=_chance(0.03 + 0.03 * lean["neuroticism"] + 0.05 * (mood == "low")),
        run_on=rng.uniform(0.1, 0.6),
        opener=rng.uniform(0.05, 0.4),
        openers=tuple(rng.sample(_OPENERS, k=4)),
    )


def _chance(share: float) -> float:
    return min(0.9, max(0.0, share))


# ── how sentences follow on each other ───────────────────────────────────────────────────────────────────────────

_OPENERS = ("well", "so", "anyway", "you see", "in any case", "mind you", "as it happens", "truth is", "now",
            "to be fair", "the thing is", "basically", "funnily enough", "actually")  # fmt: skip
_JOINTS = ("; ", " - ", " – ", ", and ")
_CLAUSAL = re.compile(r"(?:I|it|that|this|there|we|he|she|they|nobody|somebody|everybody)\b", re.IGNORECASE)
"""How a sentence begins that is a whole clause, so that a filler or "and" may come before it."""
_BETWEEN = re.compile(r"(?<=[\w'\x03])\. (?=[\x02A-Za-z])")
_UNEASY = re.compile(r"[:;?!–]|\.\.| - ")
_WEEKDAY = re.compile(r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b")
LONGEST = 14
"""Words of a sentence that may become part of a longer one."""


def flow(text: str, how: Manner, rng: random.Random, opens: bool = True) -> str:
    """Return the sentences of one pattern as somebody strings them together: some run on, some begin with a filler.

    ``opens`` tells whether a filler may come at all. Questions and what follows a colon stay as they are.
    """
    said: list[str] = []
    fresh = False
    for sentence in _BETWEEN.split(text):
        easy = _easy(sentence)
        if said and fresh and easy and rng.random() < how.run_on:
            said[-1] += _joint(sentence, rng) + decapitalised(sentence)
            fresh = False
            continue
        if opens and easy and len(sentence.split()) > 4 and _CLAUSAL.match(sentence) and rng.random() < how.opener:
            sentence = f"{rng.choice(how.openers)}, {decapitalised(sentence)}"
        said.append(sentence)
        fresh = easy and len(sentence.split()) > 2
    return ". ".join(said)


def _easy(sentence: str) -> bool:
    """Tell whether a sentence is a short plain statement."""
    bare = sentence.replace(OPEN, "").replace(SHUT, "").strip()
    return len(bare.split()) <= LONGEST and not _UNEASY.search(bare.rstrip(".")) and not asks(bare)


def _joint(sentence: str, rng: random.Random) -> str:
    return rng.choice(_JOINTS if _CLAUSAL.match(sentence) else _JOINTS[:3])


def decapitalised(text: str) -> str:
    """Return a text that goes on after a comma or colon with a small letter, unless it begins with "I" or a weekday."""
    return text if re.match(r"I\b", text) or _WEEKDAY.match(text) else text[:1].lower() + text[1:]


# ── from sentences to typing ─────────────────────────────────────────────────────────────────────────────────────

_FULL = {
    "I'm": "I am", "I've": "I have", "I'll": "I will", "don't": "do not", "can't": "cannot", "isn't": "is not",
    "it's": "it is", "It's": "It is", "didn't": "did not", "won't": "will not", "that's": "that is",
    "That's": "That is", "doesn't": "does not", "hasn't": "has not", "wasn't": "was not", "haven't": "have not",
    "wouldn't": "would not", "couldn't": "could not", "there's": "there is", "There's": "There is", "Don't": "Do not",
    "you've": "you have", "You've": "You have", "we've": "we have", "We've": "We have", "they'd": "they had",
}  # fmt: skip
_CONTRACTION = re.compile(
    r"\b(" + "|".join(map(re.escape, _FULL)) + r")\b(?! (?:it|that|this|he|she|they|you|I|we|been|got|had|gone)\b)"
)
_SHORT = {"going to": "gonna", "want to": "wanna", "kind of": "kinda", "because": "cos", "though": "tho", "okay": "ok",
          "probably": "prob", "you know": "y'know"}  # fmt: skip
_HEDGES = ("I think", "I suppose", "perhaps", "I guess", "maybe", "I believe")
_MARKED = re.compile(f"{OPEN}[^{SHUT}]*{SHUT}")
_ENDS = re.compile(r"(?<=[a-z])\.(?=\s|$)")


def style(text: str, how: Manner, rng: random.Random) -> str:
    """Return a tidy text as somebody types it; marks around filled slots are taken off."""
    text = tidy(text, capitals=not how.lower)
    if rng.random() < how.formal:
        text = _outside(text, lambda part: _CONTRACTION.sub(lambda match: _FULL[match.group()], part))
    elif rng.random() < 0.12:
        long, short = rng.choice(sorted(_SHORT.items()))
        text = _outside(text, lambda part: re.sub(rf"\b{long}\b", short, part))
    if rng.random() < how.hedged:
        text = _ENDS.sub(f", {rng.choice(_HEDGES)}.", text, count=1)
    text = _ENDS.sub(lambda _: _ending(how, rng), text)
    if rng.random() < how.slips:
        text = _outside(text, lambda part: _slip(part, rng), once=True)
    if how.lower:
        text = _outside(text, _lowered)
    return text.replace(OPEN, "").replace(SHUT, "")


def _ending(how: Manner, rng: random.Random) -> str:
    draw = rng.random()
    return "!" if draw < how.loud else "..." if draw < how.loud + how.dots else "."


def _outside(text: str, change: Callable[[str], str], once: bool = False) -> str:
    """Apply a change to what did not come out of a frame: everywhere, or in the longest such part only."""
    parts, end = [], 0
    for match in _MARKED.finditer(text):
        parts += [text[end : match.start()], match.group()]
        end = match.end()
    parts.append(text[end:])
    longest = max(range(0, len(parts), 2), key=lambda at: len(parts[at]))
    for at in range(0, len(parts), 2):
        if not once or at == longest:
            parts[at] = change(parts[at])
    return "".join(parts)


def _slip(part: str, rng: random.Random) -> str:
    """Swap, drop or double a letter inside one longer word."""
    words = [match for match in re.finditer(r"\b[a-z]{5,}\b", part) if not _TELLING.match(match.group())]
    if not words:
        return part
    word = rng.choice(words)
    at = rng.randrange(word.start() + 1, word.end() - 1)
    a, b = part[at], part[at + 1]
    return part[:at] + rng.choice((b + a, a, a + a + b)) + part[at + 2 :]


def _lowered(part: str) -> str:
    part = re.sub(r"(^|[.!?:]\s+)([A-Z])(?=[a-z' ])", lambda match: match[1] + match[2].lower(), part)
    return re.sub(r"\bI(?=\b)", "i", part)


_TELLING = re.compile(r"casual|formal|close|drifted|grown|fallen|speaking|trust|guarded|careful|hatchet|started")
"""Words that tell how something stands and have to be readable."""
