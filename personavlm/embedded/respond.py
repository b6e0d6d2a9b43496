"""The reply without weights: look up, judge, quote. One step of the response stage, or the reply alone.

    "When did I go hiking?" -> retrieve "hiking" -> 8 May: "I went hiking yesterday!" ->

    7 May 2023.
    You told me on 8 May 2023: “I went hiking yesterday!”

The first line is the answer itself (``headline``), the evidence follows on the next; tone comes last and changes
neither. What the evidence does not support is answered by "You haven't told me …". Statements are acknowledged at once;
what core memory or the last hour answers is not looked up; a look-up that fails is repeated with other words or without
its period.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from personavlm.embedded import (
    arguments,
    choice,
    evidence,
    fitting,
    judging,
    known,
    language,
    picking,
    quoting,
    senses,
    smalltalk,
    tone,
)
from personavlm.embedded.evidence import Candidate
from personavlm.embedded.judging import Verdict
from personavlm.embedded.question import LOOKED_UP, Question, analyse, without_options
from personavlm.embedded.scene import Scene, read, utterances
from personavlm.embedded.shapes import what_one_is
from personavlm.embedded.when import date
from personavlm.encoders import TextEncoder
from personavlm.models import Message
from personavlm.prompts.choice import parse_manner
from personavlm.prompts.fitting import parse_fitting

MAX_LOOKS = 3
SURE = -1.5
"""Doubt (log-odds) up to which the last hour alone is enough to answer without a look-up."""
LATER = timedelta(days=10)
"""People tell of things afterwards: a second look-up goes on this long past the time asked about."""


def step(messages: Sequence[Message], encoder: TextEncoder) -> str:
    """Return one step of the response stage: a think block, then a retrieve or an answer block."""
    scene, question = _understood(messages)
    if parse_manner(without_options(scene.query)) is not None:
        return _answered("How it is put, against how they are; nothing to look up.", reply(scene, question, encoder))
    if (asked := parse_fitting(scene.query)) is not None:
        return _answered("What fits them shows in what they chose before.", _plain(fitting.reply(asked, encoder)))
    if question.kind not in LOOKED_UP and question.kind != "picture":
        return _answered(f"This is a {question.kind}; nothing to look up.", reply(scene, question, encoder))
    if scene.looks == 0:
        return _first(scene, question, encoder)
    if question.kind == "choice":
        return _chosen_between(scene, question, encoder)
    verdict = _verdict(scene, question, encoder)
    again = _again(scene, question, verdict)
    if again is not None:
        return again
    why = "The evidence supports an answer." if verdict.supported else "Nothing that was found supports an answer."
    return _answered(why, reply(scene, question, encoder, verdict))


def answer(messages: Sequence[Message], encoder: TextEncoder) -> str:
    """Return the reply alone."""
    scene, question = _understood(messages)
    if (asked := parse_fitting(scene.query)) is not None:
        return _plain(fitting.reply(asked, encoder))
    return reply(scene, question, encoder)


def headline(text: str) -> str:
    """Return the bare answer of a reply: its first line, without a closing full stop."""
    return text.strip().split("\n", 1)[0].strip().removesuffix(".")


def _understood(messages: Sequence[Message]) -> tuple[Scene, Question]:
    scene = read(messages)
    return scene, analyse(scene.query, scene.now, scene.user, scene.assistant, scene.pictures)


def _verdict(scene: Scene, question: Question, encoder: TextEncoder) -> Verdict:
    return judging.judge(question, evidence.candidates(list(utterances(scene))), encoder)


# ── looking up ───────────────────────────────────────────────────────────────────────────────────────────────────


def _first(scene: Scene, question: Question, encoder: TextEncoder) -> str:
    fact = known.find(question, scene)
    if fact is not None:
        return _answered("Core memory answers this.", reply(scene, question, encoder))
    if question.kind not in ("recommend", "opinion", "choice", "picture"):
        verdict = _verdict(scene, question, encoder)
        if verdict.doubt < SURE:
            return _answered("The last hour answers this.", reply(scene, question, encoder, verdict))
    start, end = _period(question, scene.now)
    asked = "about a time" if start else "about an earlier time"
    return _retrieve(f"They ask {asked}: {_summary(question)}.", _keywords(question), start, end)


def _again(scene: Scene, question: Question, verdict: Verdict) -> str | None:
    """Return another look-up where the first left something open: a name to follow, or no support at all."""
    if scene.last or scene.looks >= MAX_LOOKS or question.kind == "picture":
        return None
    if scene.looks == 1 and (bridge := _bridge(question, verdict)):
        return _retrieve(f"That leads on to {bridge}.", [bridge, *_keywords(question)], None, None)
    if question.kind == "recommend" and scene.looks == 1:
        whole = [w for w in language.content_words(scene.query) if language.stem(w) not in question.terms][:8]
        return _retrieve(
            "What do they like, and what helped?", ["favourite", "like", *_keywords(question), *whole], None, None
        )
    supported = verdict.supported and not _of_another(question, verdict)
    if supported or question.kind in ("recommend", "opinion"):
        return None
    start, end = _period(question, scene.now)
    if scene.looks == 1 and start and end:
        return _retrieve(
            "Not in that time; it may have been told later.", _keywords(question), start, min(end + LATER, scene.now)
        )
    if scene.looks == (2 if start else 1):
        return _retrieve(
            "Not there; other words, and any time.", [*question.others, *_other_words(question)], None, None
        )
    return None


CLEAR = 3.0
"""Lead of an option (log-odds) from which no more is looked up."""


def _chosen_between(scene: Scene, question: Question, encoder: TextEncoder) -> str:
    """Return the next look-up for a question with options, or the answer: by other words, then by what leads on."""
    chosen = _choice(scene, question, encoder)
    if chosen.lead < CLEAR and not scene.last and scene.looks < MAX_LOOKS:
        options = [option.text for option in question.options]
        words = choice.wording(without_options(scene.query), options, chosen.told)
        if words and (scene.looks == 1 or not chosen.told):
            return _retrieve("What decides between these?", words, None, None)
        if chosen.reason and (names := choice.leads_on(scene.query, chosen.reason.text)):
            return _retrieve(f"That leads on to {', '.join(names)}.", names, None, None)
    text = _plain(tone.toned(_option(chosen), scene.profile, "choice", scene.query))
    return _answered("What was found speaks for one of them.", text)


def _bridge(question: Question, verdict: Verdict) -> str:
    """A name in the best sentence that the question does not have, while a word of the question is still uncovered."""
    if not verdict.ranked or not question.others:
        return ""
    best = verdict.ranked[0]
    said = set(language.stems(best.said.text))
    if set(question.terms) <= said:
        return ""
    fresh = [
        n for n in language.names(best.text) if n not in question.others and n.lower() not in question.text.lower()
    ]
    return fresh[0] if fresh and set(language.stems(" ".join(question.others))) & said else ""


def _period(question: Question, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Return the period to look in: the time asked about; none for years and recurring times."""
    spans = [m for m in question.times if m.kind != "habit" and m.start <= now]
    if not spans or spans[0].unit == "year":
        return None, None
    first = spans[0]
    return first.start, min(first.end, now)


def _keywords(question: Question) -> list[str]:
    words = [w for w in language.content_words(question.text) if language.stem(w) in question.terms]
    distinct = {word.lower(): word for word in reversed([*question.others, *words])}
    return list(reversed(distinct.values())) or [question.text]


def _other_words(question: Question) -> list[str]:
    return [*senses.other_words(question.text), *question.focus, *question.terms] or [question.text]


def _summary(question: Question) -> str:
    return re.sub(r"\s+", " ", question.text)[:120].rstrip("?.! ")


def _retrieve(think: str, keywords: Sequence[str], start: datetime | None, end: datetime | None) -> str:
    words = ", ".join(dict.fromkeys(k for k in (re.sub(r"[,;\"<>\n]+", " ", w).strip() for w in keywords) if k))
    times = [f"{t:%Y-%m-%d %H:%M}" if t else "null" for t in (start, end)]
    return (
        f"<think>{_plain(think)}</think><retrieve>\n"
        f'"keywords": {words or "anything"}\n"start_time": "{times[0]}"\n"end_time": "{times[1]}"\n</retrieve>'
    )


def _answered(think: str, text: str) -> str:
    return f"<think>{_plain(think)}</think><answer>{text}</answer>"


def _plain(text: str) -> str:
    return text.replace("<", "＜")


# ── replies ──────────────────────────────────────────────────────────────────────────────────────────────────────


def reply(scene: Scene, question: Question, encoder: TextEncoder, verdict: Verdict | None = None) -> str:
    """Return the whole reply: the answer, its evidence, and the tone the profile asks for."""
    facts, kind = _facts(scene, question, encoder, verdict)
    return _plain(tone.toned(facts, scene.profile, kind, scene.query))


def _facts(scene: Scene, question: Question, encoder: TextEncoder, verdict: Verdict | None) -> tuple[str, tone.Kind]:
    match question.kind:
        case "identity":
            return smalltalk.SELF, "acknowledge"
        case "greeting":
            return smalltalk.greeting(scene.query, scene.user), "acknowledge"
        case "statement":
            return smalltalk.acknowledgement(scene.query, scene.pictures), "acknowledge"
        case "picture":
            return known.pictured(scene), "answer"
    if (fact := known.find(question, scene)) is not None:
        return (
            f"{fact.value[:1].upper()}{fact.value[1:]}.\nIn what I know of you stands: {fact.key}: {fact.value}.",
            "answer",
        )
    if question.kind == "choice":
        return _option(_choice(scene, question, encoder)), "choice"
    verdict = verdict or _verdict(scene, question, encoder)
    if question.kind == "recommend":
        return known.recommend(verdict, scene, encoder), "advice"
    if question.kind == "opinion":
        return _opinion(scene, verdict), "advice"
    if not verdict.supported or _of_another(question, verdict):
        return untold(question), "unknown"
    return _supported(question, scene, verdict, encoder), "answer"


_RELATIVE = re.compile(rf"(\w+)'s (?:\w+ )?({arguments.KIN.pattern})", re.I)


def _of_another(question: Question, verdict: Verdict) -> bool:
    """Whether "Bob's sister" is asked about and no sister is in the evidence: what is told of Bob is not of her."""
    relation = _RELATIVE.search(question.text)
    if relation is None or relation[1] not in question.others:
        return False
    best = verdict.ranked[0]
    return language.stem(relation[2]) not in {language.stem(w) for w in language.words(best.said.text)}


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _choice(scene: Scene, question: Question, encoder: TextEncoder) -> choice.Choice:
    rows = evidence.candidates(list(utterances(scene)))
    return choice.choose(without_options(scene.query), question.options, rows, scene.profile, encoder)


def _option(chosen: choice.Choice) -> str:
    """Return the option chosen, as a reply, and the sentence that bears it out."""
    head = f"({chosen.option.letter}) {chosen.option.text.rstrip('.')}."
    return f"{head}\n{quoted(chosen.reason)}" if chosen.reason else f"{head}\nI found nothing that says more."


def _supported(question: Question, scene: Scene, verdict: Verdict, encoder: TextEncoder) -> str:
    best = picking.best(question, verdict)
    names = (scene.user, scene.assistant)
    meant = what_one_is(best, picking.earlier(best, verdict)) if question.kind == "what" else ""
    items = {meant or quoting.extract(question, best, names): best}
    if question.kind == "what" and quoting.typed(question, best):
        items |= picking.more(question, best, verdict, names, encoder)
    head = ", ".join(items)
    shown = "\n".join(dict.fromkeys(quoted(one) for one in items.values()))
    former = _former(best, verdict) if best.said.kind != "turn" and not picking.PAST.search(question.text) else ""
    return f"{head[:1].upper() + head[1:]}.\n{shown}{_just_before(best, verdict)}{former}"


_POINTS_BACK = re.compile(r"^(?:and |but |so )?(?:it|it's|that|that's|this|he|he's|she|she's|they|they're)\b", re.I)


def _just_before(best: Candidate, verdict: Verdict) -> str:
    """Return what the same side said just before, as a line, where the evidence begins with "it" or "she"."""
    if best.place or not _POINTS_BACK.match(language.straighten(best.text)):
        return ""
    earlier = [c for c in verdict.ranked if c.side == best.side and timedelta(0) < best.time - c.time < picking.SITTING]
    latest = max(earlier, key=lambda c: c.time, default=None)
    return f"\nJust before: “{_one_line(latest.said.text[:MAX_QUOTE])}”" if latest else ""


def _former(best: Candidate, verdict: Verdict) -> str:
    """Return what the memory replaced, as a line of its own; empty if nothing that was found."""
    stems = set(language.stems(best.text))
    for other in (c for c in verdict.ranked if c.text != best.text):
        theirs = set(language.stems(other.text))
        alike = 2 * len(stems & theirs) >= min(len(stems), len(theirs)) > 0
        if alike and other.said.status == "superseded" and other.said.until:
            return f"\nUntil {date(other.said.until)} it was: “{other.text}”"
    return ""


MAX_QUOTE = 240
"""Characters up to which what was said is quoted whole, not its sentence alone."""


_MATTER = re.compile(
    r"\b(?:thinking (?:of|about)|considering|take on|opinion (?:on|of)|should i)\s+([^.?!]{3,60})", re.I
)


def _opinion(scene: Scene, verdict: Verdict) -> str:
    """Return what is known of who the user is, and what they said on the matter; a judgement is left to them."""
    traits = [known.trait_words(trait, score) for trait, score in scene.profile.items()]
    marked = [words for words in traits if words]
    matter = _MATTER.search(scene.query)
    on = f"On {matter[1].strip()}: " if matter else ""
    known_of = f"you come across as {'; '.join(marked)}." if marked else "I don't know you well enough yet to say."
    head = on + known_of if on else known_of[0].upper() + known_of[1:]
    own = [c for c in verdict.ranked if c.side == "user" and not language.is_question(c.text)]
    own = [c for c in own if c.said.kind == "turn"] or own
    told = list(dict.fromkeys(quoted(c) for c in own[:6]))[:3]
    return "\n".join([head, *told])


def quoted(best: Candidate) -> str:
    """Return a piece of evidence as the reply shows it: who said it, when, and the words."""
    whole = len(best.said.text) <= MAX_QUOTE
    words = re.sub(r"\s+", " ", best.said.text if whole else best.text).strip()
    if best.said.kind in ("semantic", "procedural", "core", "visual"):
        ended = f" until {date(best.said.until)}" if best.said.until else ""
        return f"I have it from {date(best.time)}{ended}: “{words}”"
    who = "You told me" if best.side == "user" else "I said"
    return f"{who} on {date(best.time)}: “{words}”"


def untold(question: Question) -> str:
    """Return the plain statement that the user never told this, naming what was asked about."""
    words = [w.text for w in language.tokens(question.text) if language.stem(w.lower) in question.terms]
    topic = " ".join(dict.fromkeys(words[:5]))
    return f"You haven't told me that.\nI found nothing on this: {topic}." if topic else "You haven't told me that."
