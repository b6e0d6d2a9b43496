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
from personavlm.worlds.words.grammar import OPEN, SHUT, article


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
    return len(bare.split()) <= LONGEST and not _UNEASY.search(bare.rstrip(".")) and not _ended(bare, ".").endswith("?")


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
_TIDY = (
    (re.compile(r"\s+"), " "),
    (re.compile(r" (?=[,.;:!?…])"), ""),
    (re.compile(r",+(?=[.;:!?])|,(?=,)"), ""),
    (re.compile(r"(?<=[!?])[.;,]+"), ""),
    (re.compile(r"(?<![.])\.\.(?![.])"), "."),
    (re.compile(r"[:;](?=\.)"), ""),
    (re.compile(r"\?(?=:)"), ""),
)
_WH = r"(?:what|how|why|where|who|when|which)"
_AUX = r"(?:is|are|was|were|do|does|did|would|should|could|can|will|has|have|shall)"
_PRONOUN = r"(?:you|i|it|that|there|he|she|they|we|this|anybody|somebody|the|my|your|all|everything|anything)"
_ASKING = re.compile(
    rf"(?:{_WH}(?: [\w']+)? {_AUX}\b|{_WH}'s|{_AUX}(?:n't)? {_PRONOUN}\b|(?:and|but|so) (?:how|what)\b"
    r"|may i\b|any (?:idea|tips|thoughts|wisdom)|ever |want to |need a |anything else|would you"
    r"|thoughts$|suggestions$)",
    re.IGNORECASE,
)
"""How a question begins."""
_INSIDE = re.compile(rf"\b{_WH}\b|, (?:right|no|isn't it|aren't you|is it|then|eh)$|\bor\b", re.IGNORECASE)
"""What a question may hold that does not begin like one."""
_STATED = re.compile(r"(?:thank|please|noted|got it|fair|go|help|do |don't|i )\b", re.IGNORECASE)
"""How a short sentence begins that is no question."""
_CLAUSE = re.compile(r"[,:;] ")
_SENTENCE = re.compile(r"([^.?!]+)([.?])(?![.?!])")
_ARTICLE = re.compile(rf"{OPEN}[^{SHUT}]*{SHUT}|\b([Aa]n?) (?={OPEN}?([\w'-]+))")
_VERBS = {"is": "are", "isn't": "aren't", "has": "have", "was": "were", "does": "do", "doesn't": "don't", "gets": "get",
          "comes": "come", "stays": "stay", "wins": "win", "goes": "go", "makes": "make", "suits": "suit",
          "tops": "top", "means": "mean"}  # fmt: skip
_VERB = "|".join(sorted(_VERBS, key=len, reverse=True))
_PLURAL = re.compile(rf"{OPEN}((?:[\w'-]+ ){{0,2}}[a-z'-]+s){SHUT} ({_VERB})\b")
_PASTIMES = (
    "pilates draughts darts dominoes skittles charades billiards blues boules bowls laps outdoors marbles cosmos"
)
_SINGULAR = re.compile(rf"\w+ing\b.* |(?:.* )?(?:\w+(?:ss|us|is)|\w+[bt]ics|{_PASTIMES.replace(' ', '|')})$")
"""Values that end in "s" and are no plural: names of pastimes, and what somebody is doing."""
_OPEN_START = re.compile(r"(^|(?<![.])[.!?]\s+|\.\.\.\s+)()([a-zé])")
_START = re.compile(rf"(^|(?<![.])[.!?]\s+|\.\.\.\s+)([{OPEN}]*)([a-zé])")


def tidy(text: str, capitals: bool = True) -> str:
    """Return a text with single spaces, sentences that end as they should, and capitals at their beginnings.

    Without ``capitals`` a sentence that begins with a filled slot begins as the slot does.
    """
    for pattern, instead in _TIDY:
        text = pattern.sub(instead, text)
    text = _PLURAL.sub(_agreed, text)
    text = _ARTICLE.sub(lambda match: _fitting(match[1], match[2]) if match[1] else match[0], text)
    start = _START if capitals else _OPEN_START
    text = start.sub(lambda match: match[1] + match[2] + match[3].upper(), text.strip())
    return _SENTENCE.sub(lambda match: _ended(match[1], match[2]), text)


def _agreed(match: re.Match[str]) -> str:
    """Return a plural value with its verb in the plural."""
    value, verb = match.groups()
    return f"{OPEN}{value}{SHUT} {verb if _SINGULAR.match(value) else _VERBS[verb]}"


def _fitting(written: str, word: str) -> str:
    """Return the article in the case in which it was written, fitting the word after it."""
    right = article(word)
    return f"{right.capitalize() if written[0].isupper() else right} "


def _ended(sentence: str, end: str) -> str:
    """Return a sentence with the mark it should end in: patterns share one mark between questions and statements."""
    bare = sentence.replace(OPEN, "").strip()
    last = _CLAUSE.split(bare)[-1].strip()
    asks = bool(_ASKING.match(last) or (":" not in bare and _ASKING.match(bare)))
    if end == ".":
        return sentence + ("?" if asks else ".")
    short = (len(last.split()) <= 3 or sentence.endswith(SHUT)) and not _STATED.match(last)
    return sentence + ("?" if asks or short or _INSIDE.search(sentence) else ".")
