"""Goals and habits that a finished session shows, changes or ends: the ``procedural`` contract without weights.

    user: I play guitar every Sunday at 10.    ->  "habit: play guitar": Plays guitar every Sunday at 10.
    user: My dream is to open a dance studio.  ->  "goal: open dance studio": Their dream is to open a dance studio.
    user: I stopped playing guitar.            ->  "habit: play guitar": null

A habit is something the user does with a sign that it recurs ("every", "on Sundays", "twice a week"; "usually" only
with a time). A goal is a lasting wish: what is meant for tonight is none. Its status (started, progressing) follows the
sentence; a goal reached, like a habit dropped, is written as null. What matches a known entry keeps its key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Literal, NamedTuple

from personavlm.embedded import banks, language, phrases, voice
from personavlm.embedded.ellipsis import completed
from personavlm.embedded.when import date
from personavlm.encoders import TextEncoder
from personavlm.memory import MAX_PROCEDURAL
from personavlm.models import Message
from personavlm.prompts import slot
from personavlm.prompts.text import Line, parse_history

SAME = 0.62
"""Cosine from which two sentences tell of the same habit or goal."""
ENDING = 0.45
"""Cosine from which "I stopped …" or "I finished …" means a known entry."""
MAX_SENTENCE = 200
MAX_TEXT = 8_000
"""Characters read of one message."""

Change = Literal["new", "started", "progressing", "ended"]


class Routine(NamedTuple):
    """A habit or goal as found: kind, key without kind, sentence, and what happened to it."""

    kind: Literal["habit", "goal"]
    key: str
    sentence: str
    change: Change = "new"


def extract(messages: Sequence[Message], encoder: TextEncoder) -> str:
    """Return the ``procedural`` contract's text: at most five keys with sentences or null, or ``{}``."""
    known = dict(_KNOWN.findall(slot(messages, "CurrentProceduralMemory")))
    entries: dict[str, str] = {}
    for line in parse_history(slot(messages, "DialogHistory"), UTC):
        for routine in () if phrases.withheld(line.user) else routines(line):
            _merge(entries, known, routine, encoder)
    changed = [(key, value) for key, value in entries.items() if known.get(key, "") != value]
    return "\n".join(f'"{key}": {value or "null"}' for key, value in changed[-MAX_PROCEDURAL:]) or "{}"


_KNOWN = re.compile(r'^"([^"\n]+)": (.*)$', re.MULTILINE)


def _merge(entries: dict[str, str], known: dict[str, str], routine: Routine, encoder: TextEncoder) -> None:
    there = {key: value for key, value in (known | entries).items() if value}
    match = _match(routine, there, encoder)
    if routine.change == "ended":
        if match:
            entries[match] = ""
    elif match is None:
        entries[f"{routine.kind}: {routine.key}"] = routine.sentence
    elif routine.change != "new" or not _told(there[match], routine.sentence):
        entries[match] = _updated(there[match], routine)


def _match(routine: Routine, there: dict[str, str], encoder: TextEncoder) -> str | None:
    """The key of the entry that is this routine: the same key, or the nearest sentence of the kind."""
    own = f"{routine.kind}: {routine.key}"
    if own in there:
        return own
    keys = [key for key in there if routine.change == "ended" or key.startswith(routine.kind)]
    if not keys:
        return None
    vectors = encoder.encode([routine.sentence, *(_bare(there[key]) for key in keys)])
    near = vectors[1:] @ vectors[0]
    best = int(near.argmax())
    return keys[best] if near[best] >= (ENDING if routine.change == "ended" else SAME) else None


def _told(old: str, new: str) -> bool:
    return set(language.stems(new)) <= set(language.stems(old))


_STATUS = re.compile(r" \((?:started|progressing), [^)]*\)$")


def _bare(sentence: str) -> str:
    return _STATUS.sub("", sentence.rstrip("."))


def _updated(old: str, routine: Routine) -> str:
    """A change of status keeps the goal's sentence; new words replace the old ones."""
    status = _STATUS.search(routine.sentence.rstrip("."))
    if routine.kind == "goal" and routine.change != "new" and status:
        return f"{_bare(old)}{status[0]}."
    return routine.sentence


# ── finding ──────────────────────────────────────────────────────────────────────────────────────────────────────


def routines(line: Line) -> Iterator[Routine]:
    """Yield the habits and goals a message tells of, in the order of its clauses."""
    for sentence in language.sentences(re.sub(r"\[picture[^\]]*\]", " ", line.user[:MAX_TEXT])):
        if language.is_question(sentence) or language.is_hypothetical(sentence):
            continue
        plain = _US.sub("we ", completed(sentence))
        found = _ended(plain) or _goal(plain, line) or _habit(plain, line)
        if found is not None and found.key:
            yield found


_US = re.compile(r"\bme and (?:(?:the|my|our) [\w-]+|(?-i:[A-Z])\w+) (?=[a-z]+ )", re.IGNORECASE)
_ENDED = re.compile(
    r"\b(?:I|we)(?:'ve| have|'m| am)?(?: just| finally| recently| had to| decided to)* "
    r"(?P<verb>stopped|quit|stop|gave up|given up|finished|completed|no longer|don't|achieved|reached)"
    r"(?: doing| my| the| our)? (?P<what>[^.!?]{3,100})",
    re.IGNORECASE,
)
_ANY_MORE = re.compile(r"\b(?:any ?more|any longer)\b", re.IGNORECASE)


def _ended(sentence: str) -> Routine | None:
    match = _ENDED.search(sentence)
    if match is None or (match["verb"].lower() == "don't" and not _ANY_MORE.search(sentence)):
        return None
    what = _ANY_MORE.sub("", match["what"]).strip(" .")
    return Routine("goal", _key(what), what, "ended")


_GOAL = re.compile(
    r"\b(?:my (?:biggest |main |long-term |ultimate |big |new |next |current )*"
    r"(?:goal|dream|ambition|aim|resolution|plan)(?: (?:this year|for this year|in life|right now|now))?"
    r" is(?: still)?(?: to)?"
    r"|(?:I|we)(?:'m| am|'re| are|'ve been| have been|'ve| have)?"
    r"(?: also| still| really| currently| now| finally| just| always| actually)* "
    r"(?:dream(?:ing)? of|aim(?:ing)? to|training for|saving(?: up)? (?:for|to)|working (?:on|towards?)"
    r"|learning(?: how)? to|learning|(?:decided|determined|committed|hoping|planning|trying|want|plan|hope|wanted"
    r"|intend|intending|going|keen|eager|started|aspire) to|would (?:love|like) to|looking to|gonna"
    r"|started (?=learning|training|saving|studying|taking)|signed up for|enrolled in)"
    r"|(?:I|we)'d (?:really |also )?(?:love|like) to) ?"
    r"(?P<what>[^.!?;]{3,160})",
    re.IGNORECASE,
)
_SURE = re.compile(
    r"\b(?:goal|dream\w*|ambition|aim\w*|resolution|training for|saving|learning|aspire|working towards?"
    r"|signed up for|enrolled in)\b",
    re.IGNORECASE,
)


def _goal(sentence: str, line: Line) -> Routine | None:
    match = _GOAL.search(sentence)
    if match is None or banks.pattern("routines", "near").search(sentence):
        return None
    what = match["what"].split(",")[0]
    lasting = any(what.lower().startswith(verb) for verb in banks.phrases("routines")["goal verbs"])
    if not (lasting or _SURE.search(match[0][: match.start("what") - match.start()])):
        return None
    if not language.content_words(what) or language.is_negated(sentence, match.start("what")):
        return None
    change = _change(sentence)
    told = _capital(_third(_clause(match[0]), line))
    status = f" ({change}, {date(line.time)})" if change != "new" else ""
    return Routine("goal", _key(what), f"{told}{status}.", change)


def _clause(text: str) -> str:
    """The first clause of a run-on sentence: what follows has its own subject."""
    return next(iter(language.clauses(text)), "")


def _change(sentence: str) -> Change:
    if banks.pattern("routines", "started").search(sentence):
        return "started"
    return "progressing" if banks.pattern("routines", "progress").search(sentence) else "new"


_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day(?: (?:morning|afternoon|evening|night))?"
_RECURS = re.compile(
    rf"\b(?:every (?:single |other )?(?:day|night|morning|evening|afternoon|week|weekend|month|year|summer|winter"
    rf"|autumn|spring|{_DAY})|each (?:day|morning|evening|night|week|month|weekend|{_DAY})|{_DAY}s\b|weekends\b"
    r"|mornings\b|evenings\b|(?:once|twice|\w+ times) (?:a|per|every) (?:day|week|month|year)"
    r"|(?:on )?most (?:days|mornings|evenings|nights|weekends)|daily|weekly|monthly|on a regular basis"
    r"|weekdays|weeknights)",
    re.IGNORECASE,
)
_DOES = re.compile(
    r"\b(?:I|we)(?P<adverb>(?: (?:also|still|usually|always|normally|typically|generally|regularly|often|mostly|try to"
    r"|like to|love to|tend to))*) (?P<verb>[a-z]+)\b(?!')(?P<rest>[^.!?;]{0,160})",
    re.IGNORECASE,
)
_TIMED = re.compile(
    r"\b(?:for (?:breakfast|lunch|dinner)|in the (?:morning|evening|afternoon)s?|at night|before (?:bed|work)"
    r"|after (?:work|school|dinner|lunch)|at \d{1,2}(?::\d\d)? ?(?:am|pm|o'clock)?|on weekdays|during the week)\b",
    re.IGNORECASE,
)


def _habit(sentence: str, line: Line) -> Routine | None:
    match = _DOES.search(sentence)
    if match is None:
        return None
    verb, adverbs = match["verb"].lower(), match["adverb"].lower()
    recurs = _RECURS.search(sentence) is not None
    usual = bool(banks.pattern("routines", "habit adverbs").search(adverbs)) and _TIMED.search(sentence) is not None
    if not (recurs or usual) or not _present(verb) or language.is_negated(sentence, match.start("verb")):
        return None
    frame = sentence[: match.start()].strip(" ,")
    lead = f", {frame[0].lower()}{frame[1:]}" if _RECURS.search(frame) or _TIMED.search(frame) else ""
    rest = _clause(match["rest"])
    told = _capital(f"{_doing(verb, adverbs)} {_third(rest, line)}{lead}")[:MAX_SENTENCE].strip(" ,").replace(" ,", ",")
    what = "" if recurs and verb in _LIGHT else verb
    return Routine("habit", _key(f"{what} {_RECURS.sub(' ', rest)}"), f"{told}.")


_LIGHT = frozenset({"have", "do", "go", "take", "get"})
"""Verbs that say little in a key: "yoga class", not "have yoga class"."""


def _present(verb: str) -> bool:
    return (
        verb not in banks.phrases("routines")["no habit"]
        and not verb.endswith("ed")
        and language.tag(verb) in ("open", "auxiliary")
    )


def _doing(verb: str, adverbs: str) -> str:
    kept = " ".join(a for a in adverbs.split() if a in ("usually", "often", "mostly"))
    return f"{kept} {language.third_person(verb)}".strip()


_TURNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"^(?:I|we){source}", re.IGNORECASE), target)
    for source, target in (
        (r"(?:'m| am|'re| are)\b", "is"),
        (r"(?:'d| would)\b", "would"),
        (r"(?:'ve| have)\b", "has"),
        (r" want\b", "wants"),
        (r" (hope|plan|aspire|intend|aim|dream)\b", r"\1s"),
        (r" (?=\w)", ""),
    )
)


def _third(text: str, line: Line) -> str:
    """A first-person phrase in the third person; its own subject, if it opens with it, is left out."""
    for pattern, target in _TURNS:
        text = pattern.sub(target, text)
    return re.sub(r"[\s\"{}]+", " ", voice.reported(voice.dated(text, line.time)))[:MAX_SENTENCE]


def _capital(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:]


def _key(words: str) -> str:
    """Two or three content words that name the activity."""
    content = [w for w in language.content_words(words) if w not in banks.phrases("dull")[""] and not w[0].isdigit()]
    return re.sub(r"[^\w' -]", "", " ".join(content[:3]))[:60].strip()
