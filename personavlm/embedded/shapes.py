"""Answers whose shape the question names: a colour, days of the week, what somebody is called, what "one" stands for.

"What colour is the engine?"  +  "the engine is a deep blue, the wagons are red"        ->  "deep blue"
"When is my class?"           +  "Went to my first class. Wednesdays half seven"        ->  "Wednesdays half seven"
"What's my sister called?"    +  "I'm going to see my sister. Elena lives in Porto"     ->  "Elena"
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from personavlm.embedded import banks, language
from personavlm.embedded.evidence import Candidate
from personavlm.embedded.question import Question

Reader = Callable[[Question, Candidate], str]


def shaped(question: Question, best: Candidate) -> str:
    """Return the short answer of the shape that is asked for; empty where none is, or none is found."""
    for asks, reader in _SHAPES:
        if asks.search(question.text) and (found := reader(question, best)):
            return found
    return ""


# ── colours ──────────────────────────────────────────────────────────────────────────────────────────────────────

_COLOUR = re.compile(
    r"\b(?:(?:deep|dark|light|pale|bright|navy|sky|royal|pastel|hot)[ -])?(?:"
    + "|".join(banks.phrases("shapes")["colours"])
    + r")\b",
    re.I,
)
_BREAK = 3
"""How many words a comma or a full stop between a thing and a colour counts for."""


def _colour(question: Question, best: Candidate) -> str:
    for text in (best.text, best.said.text):
        things = [m.start() for m in re.finditer(r"[\w'-]+", text) if language.stem(_bare(m[0])) in question.terms]
        colours = list(_COLOUR.finditer(text))
        if colours and things:
            return min(colours, key=lambda c: min(_distance(text, c, thing) for thing in things))[0]
    return ""


def _bare(word: str) -> str:
    return re.sub(r"'s$", "", word.lower())


def _distance(text: str, colour: re.Match[str], thing: int) -> int:
    between = text[min(colour.start(), thing) : max(colour.start(), thing)]
    return len(between.split()) + _BREAK * len(re.findall(r"[,.;:!?]", between))


# ── days and times that recur ────────────────────────────────────────────────────────────────────────────────────

_DAYS = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_DAY = re.compile(rf"\b{_DAYS}s?\b", re.I)
_CLOCK = r"half (?:past )?\w+|\d{1,2}(?:[:.]\d{2})?(?: ?[ap]m)?|(?:morning|evening|afternoon|night)s?"
_RECURS = re.compile(
    rf"\b(?:every {_DAYS}|(?:on )?{_DAYS}s)(?: and {_DAYS}s?)?(?: (?:at |around )?(?:{_CLOCK}))?", re.I
)
_FROM_NOW = re.compile(r"\b(?:from now on|now|these days|instead)\b", re.I)


def _days(question: Question, best: Candidate) -> str:
    sentences = [s for s in language.sentences(best.said.text) if _DAY.search(s)]
    lasting = [s for s in sentences if _FROM_NOW.search(s)] if _FROM_NOW.search(question.text) else []
    for sentence in lasting or sentences[:1]:
        return " and ".join(dict.fromkeys(m[0] for m in _DAY.finditer(sentence)))
    return ""


def _recurring(_: Question, best: Candidate) -> str:
    match = _RECURS.search(best.text) or _RECURS.search(best.said.text)
    return match[0] if match else ""


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _called(question: Question, best: Candidate) -> str:
    text = best.said.text
    said = [m.end() for m in re.finditer(r"[\w'-]+", text) if language.stem(_bare(m[0])) in question.terms]
    if not said:
        return ""
    known = set(language.words(question.text))
    return next((name for name in _names(text[said[0] :]) if not set(language.words(name)) & known), "")


_CAPITAL = re.compile(r"\b[A-Z][a-z]+(?:-[A-Z][a-z]+)*\b")


def _names(text: str) -> list[str]:
    """Capitalised words in order; at the beginning of a sentence any that is no common word counts as a name too."""
    sure = {word for name in language.names(text) for word in name.split()}
    words = [m[0] for m in _CAPITAL.finditer(text)]
    return [w for w in words if w in sure or w.lower() not in language.stop_words() | _STARTERS]


_STARTERS = frozenset(banks.phrases("shapes")["starters"])


_ONE = re.compile(r"\b(?:have|had|gave me|got me|get|drink|eat|take|buy|make|want) one\b", re.I)


def what_one_is(best: Candidate, earlier: Sequence[Candidate]) -> str:
    """Return the thing that "one" stands for in the evidence: the last one named just before; empty if there is none.

    ``earlier`` are sentences of the same side and sitting, oldest first.
    """
    if not _ONE.search(language.straighten(best.text)):
        return ""
    named = [name for candidate in earlier if not _ONE.search(candidate.text) for name in _names(candidate.text)]
    return named[-1] if named else ""


def _is_my(question: Question, best: Candidate) -> str:
    asked = _MINE.search(question.text)
    told = re.search(rf"([\w' -]{{2,40}}?) (?:is|are) my {re.escape(asked[1])}", best.text, re.I) if asked else None
    return told[1].strip() if told else ""


def _doing(question: Question, best: Candidate) -> str:
    named = (s for s in language.sentences(best.said.text) if any(name in s for name in question.others))
    return next(named, "").strip(" .!")


# ── most of all, and feelings ────────────────────────────────────────────────────────────────────────────────────

_MOST = re.compile(
    r"([\w' -]{3,40}?) (?:especially|in particular|most of all|above all|the most)\W*$"
    r"|\b(?:especially|in particular|particularly|most of all|above all|the best (?:part|bit|thing) (?:is|was)),? "
    r"([\w' -]{3,40})",
    re.I,
)


def _most(_: Question, best: Candidate) -> str:
    for piece in re.split(r"[,;.!?]\s*", language.straighten(best.text)):
        if (match := _MOST.search(piece)) is not None:
            return (match[1] or match[2]).strip()
    return ""


_FEELS = re.compile(
    r"\b(?:i|we|he|she|they)(?:'m| am|'re| was| were| is| are| feel| felt|'ve been| have been| got| get)"
    r"((?: (?:so|very|really|pretty|quite|a bit|completely|still|just|such|feeling))* [\w' -]{3,40}?)"
    r"(?= (?:because|that|when|if|but|and (?:i|we)|i|we)\b|[,;.!?]|$)",
    re.I,
)


def _feeling(_: Question, best: Candidate) -> str:
    match = _FEELS.search(language.straighten(best.text))
    return match[1].strip() if match else ""


_OF_A_NAME = re.compile(
    rf"^(?:(?:in|to|from|on|at) )?(?:which|what)(?: [\w'-]+)?? (?:{'|'.join(banks.phrases('shapes')['proper'])})\b",
    re.I,
)
_QUOTED = re.compile(r"[\"“]([^\"”]{2,60})[\"”]")


def _proper(question: Question, best: Candidate) -> str:
    """The title or the name in a sentence, for things that have one: a city, a team, a book."""
    known = set(language.words(question.text))
    titles = [title for title in _QUOTED.findall(best.text) if not set(language.words(title)) <= known]
    names = [name for name in language.names(best.text) if not set(language.words(name)) & known]
    return ", ".join(titles) or next(iter(names), "")


_MINE = re.compile(r"^(?:what|which)\b.* (?:is|are) my (\w+)\W*$", re.I)

_SHAPES: tuple[tuple[re.Pattern[str], Reader], ...] = (
    (re.compile(r"\bcolou?rs?\b", re.I), _colour),
    (re.compile(r"\b(?:which|what) days?\b", re.I), _days),
    (re.compile(r"^when (?:is|are|do|does)\b", re.I), _recurring),
    (re.compile(r"\b(?:called|named|name of|'s name)\b", re.I), _called),
    (_MINE, _is_my),
    (_OF_A_NAME, _proper),
    (re.compile(r"\b(?:most|best|favou?rite (?:part|bit|thing))\b", re.I), _most),
    (re.compile(r"^how (?:was|were|am|are|is|do|does|did)\b.*\b(?:feel|feeling|felt)\b", re.I), _feeling),
    (re.compile(r"\b(?:up to|doing)\b", re.I), _doing),
)
