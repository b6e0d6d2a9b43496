"""Spans of a message as candidates for what to keep, described by named features: what a domain's learnt reader weighs.

    assistant: How much time do you have?      user: about 30 minutes, and no nuts please
    ->  "about 30 minutes"  L3 · first word about · last word minut · head time · asked about time · left edge ^ …
        "no nuts"           (a variant: the span "nuts" after a negation)

A feature is a short readable string; a reader is a table of weights, feature by category, and nothing else. Kinds of
words and cue patterns come from the domain (``domains``); the words of both sides are looked at, those of the user
alone can become a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from personavlm.embedded import language

MAX_SPAN = 8
"""Words of the longest candidate."""
MAX_WORDS = 120
"""Words of one sentence that are looked at."""
ASKED_WORDS = 40


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What a domain knows of words: kinds by phrase, patterns of cues (in a sentence) and of topics (in a question)."""

    kinds: Mapping[str, tuple[str, ...]]
    cues: Mapping[str, re.Pattern[str]]
    topics: Mapping[str, re.Pattern[str]]
    content: frozenset[str]
    """Kinds whose words can stand in a list of things."""

    def of(self, phrase: str) -> tuple[str, ...]:
        """Return the kinds of a word or phrase, plural or not."""
        return self.kinds.get(phrase) or self.kinds.get(phrase.rstrip("s"), ())


@dataclass(frozen=True)
class Setting:
    """What stands before a message: the assistant's words, how many turns, links shown so far."""

    asked: str
    index: int
    linked: int
    """2 if the assistant's last message showed a link, 1 if an earlier one did, else 0."""
    lexicon: Lexicon
    first: bool = False
    """Whether the assistant introduced itself at the session's start: the two have not talked before."""
    matter: str = ""
    """The domain's word for what the session is about, as last mentioned ("breakfast")."""
    earlier: str = ""
    """What the user typed before in this session, in lower case."""

    @cached_property
    def question(self) -> str:
        """The questions of the assistant's message before, or its end."""
        return _questions(self.asked) or language.straighten(self.asked.lower())[-200:]

    @cached_property
    def topics(self) -> list[str]:
        """What those questions are about."""
        return [name for name, pattern in self.lexicon.topics.items() if pattern.search(self.question)]

    @cached_property
    def circumstances(self) -> list[str]:
        """Features that hold for every candidate of the message and are weighed with the kind of its head."""
        place = [f"lk{self.linked}", f"idx{min(self.index, 4)}", f"new{int(self.first)}", f"m:{self.matter}"]
        return [*(f"t:{t}" for t in self.topics), *place]

    @cached_property
    def words(self) -> list[str]:
        """The stems of the questions, as features."""
        return [f"q:{stem}" for stem in sorted({language.stem(w) for w in language.words(self.question)})[:ASKED_WORDS]]

    @cached_property
    def said(self) -> str:
        """The assistant's message before, in lower case."""
        return language.straighten(self.asked.lower())


def _questions(text: str) -> str:
    parts = re.split(r"(?<=[.!?\n])\s+", language.straighten(text.lower()))
    return " ".join(part for part in parts if "?" in part)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span of a message, or a stock value a message may stand for (``start`` = ``end`` = 0)."""

    start: int
    end: int
    value: str
    features: tuple[str, ...]


class Sentence:
    """One sentence's words with everything their features need, computed once."""

    def __init__(self, text: str, offset: int, number: int, lexicon: Lexicon) -> None:
        self.text = language.straighten(text).lower()
        self.offset = offset
        self.number = min(number, 2)
        self.lexicon = lexicon
        self.words = language.tokens(text)[:MAX_WORDS]
        self.low = [w.lower for w in self.words]
        self.stems = [self._stem(w) for w in self.low]
        self.kinds = [lexicon.of(w) for w in self.low]
        self.tags = [self._tag(k) for k in range(len(self.low))]
        self.gaps = self._gaps()
        found = [(m.start(), name) for name, p in lexicon.cues.items() for m in p.finditer(self.text)]
        self.cues = sorted(found)
        self.all_cues = [f"s:{name}" for name in sorted({name for _, name in found})]
        self.lists = self._lists()
        self.governors = [self._governor(k) for k in range(len(self.low))]

    @staticmethod
    def _stem(word: str) -> str:
        if not word[0].isdigit():
            return language.stem(word)
        return "0" if word.isdigit() else "0x"

    def _tag(self, k: int) -> str:
        if set(self.kinds[k]) & self.lexicon.content:
            return "food"
        tag = language.tag(self.low[k])[:4]
        return "typd" if self.kinds[k] and tag == "open" else tag

    def _lists(self) -> list[str]:
        """For each word, what kinds of things stand in the list it is part of, and whether the list is long."""
        shown = [""] * len(self.low)
        start = 0
        for k in range(len(self.low) + 1):
            if k < len(self.low) and (self.tags[k] == "food" or (k > start and self._within_list(k))):
                continue
            found = {kind for at in range(start, k) for kind in self.kinds[at]} & self.lexicon.content
            items = sum(self.tags[at] == "food" for at in range(start, k))
            shown[start:k] = ["+".join(sorted(found)) + ("/3" if items > 2 else f"/{items}")] * (k - start)
            start = k + 1
        return shown

    def _gaps(self) -> list[str]:
        if not self.words:
            return []
        inner = [re.sub(r"\s+", "_", self.text[a.end : b.start]) for a, b in pairwise(self.words)]
        return ["^", *inner, "$" + self.text[self.words[-1].end :][:1]]

    def _governor(self, k: int) -> tuple[str, ...]:
        """The word that a list of things hangs on, whether it is negated, and whether anything stands between."""
        at = k - 1
        while at >= 0 and self._within_list(at):
            at -= 1
        word = self.stems[at] if at >= 0 else "^"
        before = self.stems[at - 1] if at > 0 else "^"
        negated = "neg" if self.lexicon.cues["neg"].search(" ".join(self.low[max(0, at - 3) : at + 1])) else "pos"
        return f"g:{word}", f"g2:{before}_{word}", f"gs:{negated}", f"gs:{negated}|{word}", f"g4:{k - at > 1}"

    def _within_list(self, at: int) -> bool:
        if self.tags[at] in ("food", "dete", "poss") or self.low[at] in ("and", "or", "some", "with", "&"):
            return True
        describes = self.tags[at] == "open" and at + 1 < len(self.tags) and self.tags[at + 1] == "food"
        return describes and not any(
            self.lexicon.cues[c].match(self.low[at]) for c in ("like", "hate", "want", "have", "cook", "use", "inst")
        )

    def place(self, i: int, j: int) -> tuple[int, int]:
        """Return which characters of the message the words from i to before j take."""
        return self.offset + self.words[i].start, self.offset + self.words[j - 1].end

    def spans(self) -> Iterator[tuple[int, int]]:
        """Yield every run of words that no strong mark divides."""
        for i in range(len(self.low)):
            for j in range(i + 1, min(len(self.low), i + MAX_SPAN) + 1):
                if j > i + 1 and re.search(r'[;:()"]', self.gaps[j - 1]):
                    break
                if j - i > 6 and "," in self.gaps[j - 1]:
                    break
                yield i, j


def read(text: str, setting: Setting) -> list[Sentence]:
    """Return the sentences of a message, ready to be looked at."""
    pieces = language.sentence_spans(text)
    return [Sentence(text[a:b], a, number, setting.lexicon) for number, (a, b) in enumerate(pieces)]


def candidates(text: str, sentences: Sequence[Sentence], setting: Setting) -> Iterator[Candidate]:
    """Yield the spans of a message, each with its features; variants follow their span."""
    for sentence in sentences:
        for i, j in sentence.spans():
            features = _features(sentence, i, j, setting, len(sentences) == 1)
            first, last = sentence.place(i, j)
            yield from _with_variants(Candidate(first, last, text[first:last], features))


def _with_variants(one: Candidate) -> Iterator[Candidate]:
    yield one
    spelled = re.sub(r"(?<![a-z])mins?\b", "minutes", one.value, flags=re.IGNORECASE)
    spelled = re.sub(r"\bhr(s?)\b", r"hour\1", spelled, flags=re.IGNORECASE)
    if spelled != one.value:
        yield Candidate(one.start, one.end, spelled, (*one.features, "v:unit"))
    near = {"n0:neg", "n1:neg", "n2:neg"} & set(one.features)
    if near and {"L1", "L2", "L3"} & set(one.features) and not {"h:time", "h:num"} & set(one.features):
        told = tuple(f"v:no|{f}" for f in one.features if f.split(":")[0] in _WITH_NO and "|" not in f)
        yield Candidate(one.start, one.end, f"no {one.value}", (*one.features, "v:no", *told))


_WITH_NO = frozenset({"h", "n0", "n1", "p", "p2", "l", "w", "t", "g", "gs", "gg", "L1", "L2", "L3"})


def stock(values: Sequence[str], text: str, setting: Setting) -> Iterator[Candidate]:
    """Yield the stock values ("no allergies") a message that negates may stand for."""
    if not setting.lexicon.cues["neg"].search(language.straighten(text).lower()):
        return
    stems = [language.stem(w) for w in language.words(text)][:ASKED_WORDS]
    opening = [f"f:{' '.join(stems[:k])}" for k in (1, 2, 3)]
    base = [
        *(f"u:{s}" for s in sorted(set(stems))),
        *(f"b:{a}_{b}" for a, b in pairwise(stems)),
        *opening,
        *(f"{t}|{opening[0]}" for t in setting.circumstances if t.startswith("t:")),
        *setting.circumstances,
        *setting.words,
        f"nt{min(len(stems) // 4, 5)}",
    ]
    said = f"{setting.question} {language.straighten(text).lower()}"
    for value in (v for v in values if _spoken_of(v, said)):
        yield Candidate(0, 0, value, (f"z:{value}", *(f"z:{value}|{f}" for f in base)))


def _spoken_of(value: str, said: str) -> bool:
    """Whether either side mentions what a stock value denies ("allergic" for "no allergies")."""
    roots = [w[:4] for w in language.content_words(value) if w != "specific"]
    return not roots or any(re.search(rf"\b{root}", said) for root in roots)


# ── features ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _features(s: Sentence, i: int, j: int, setting: Setting, alone: bool) -> tuple[str, ...]:
    heads = _heads(s, i, j)
    around = _around(s, i)
    length = f"L{min(j - i, 6)}"
    after = s.stems[j] if j < len(s.low) else "$"
    span = " ".join(s.low[i:j])
    echo = f"echo{int(span in setting.said)}{int(span in setting.earlier)}"
    asked = [t for t in setting.circumstances if t.startswith("t:")]
    crossed = [*around, *s.all_cues, *setting.circumstances, echo, length, f"p:{_before(s, i)}"]
    own = [length, f"l:{s.stems[j - 1]}", f"f:{s.stems[i]}", s.governors[i][0], s.governors[i][2], f"si{s.number}"]
    return (
        *_shape(s, i, j, alone),
        *_inside(s, i, j),
        *(f"h:{h}" for h in heads),
        *crossed,
        *(f"h:{h}|{c}" for h in heads for c in (*crossed, s.governors[i][0], f"n:{after}")),
        *(f"{t}|{o}" for t in asked for o in (*own, f"lk{setting.linked}")),
        *setting.words,
    )


def _before(s: Sentence, i: int) -> str:
    return s.stems[i - 1] if i else "^"


def _heads(s: Sentence, i: int, j: int) -> list[str]:
    """The kinds of the last word, of the last two, and of the whole."""
    pair, whole = " ".join(s.low[max(i, j - 2) : j]), " ".join(s.low[i:j])
    kinds = {*s.kinds[j - 1], *s.lexicon.kinds.get(pair, ()), *s.lexicon.kinds.get(whole, ())}
    return sorted(kinds) or ["num" if s.low[j - 1][0].isdigit() else "other"]


def _around(s: Sentence, i: int) -> list[str]:
    """The nearest cues to the left, with how far the first is, and the governor's sign."""
    left = sorted((s.words[i].start - at, name) for at, name in s.cues if at < s.words[i].start)[:3]
    found = [f"n{rank}:{name}" for rank, (_, name) in enumerate(left)]
    if left:
        found += [f"d{min(left[0][0] // 6, 6)}:{left[0][1]}", f"nn:{'+'.join(name for _, name in left[:2])}"]
    return [*found, s.governors[i][2], f"ls:{s.lists[i]}"]


def _shape(s: Sentence, i: int, j: int, alone: bool) -> list[str]:
    """Edges and place: the words, marks and word classes on both sides, and the governor."""
    n = len(s.low)
    p, after = _before(s, i), s.stems[j] if j < n else "$"
    p2, after2 = s.stems[i - 2] if i > 1 else "^", s.stems[j + 1] if j + 1 < n else "$"
    gap, gap2 = s.gaps[i][:2], s.gaps[j][:2]
    tag, tag2 = s.tags[i - 1] if i else "^", s.tags[j] if j < n else "$"
    return [
        "b",
        *(f"n:{after}", f"p2:{p2}_{p}", f"n2:{after}_{after2}"),
        *(f"gp:{gap}", f"gn:{gap2}", f"gg:{gap}|{gap2}"),
        *(f"tp:{tag}|{s.tags[i]}", f"tn:{s.tags[j - 1]}|{tag2}|{gap2[:1]}", f"tt:{tag}|{tag2}|{gap[:1]}{gap2[:1]}"),
        *(f"pf:{p}_{s.stems[i]}", f"ln:{s.stems[j - 1]}_{after}", f"p3:{' '.join(s.stems[max(0, i - 3) : i])}"),
        *s.governors[i],
        *(f"L:{w}" for w in s.stems[max(0, i - 5) : i]),
        *(f"R:{w}" for w in s.stems[j : j + 4]),
        *(f"whole{int(i == 0 and j == n)}{int(alone)}", f"si{s.number}", f"sq{int('?' in s.text[-2:])}"),
        f"nt{min(n // 4, 5)}",
    ]


def _inside(s: Sentence, i: int, j: int) -> list[str]:
    """The words of the span, its word classes, and the marks within."""
    stems = s.stems[i:j]
    marks = "-".join(sorted({s.gaps[k][:1] for k in range(i + 1, j) if s.gaps[k] != "_"}))
    return [
        *(f"f:{stems[0]}", f"l:{stems[-1]}", f"fl:{stems[0]}_{stems[-1]}", f"c:{marks}"),
        f"w:{' '.join(stems)}" if j - i <= 4 else "w:long",
        f"ts:{'-'.join(s.tags[i:j])}" if j - i <= 5 else "ts:long",
        *(f"i:{x}" for x in sorted(set(stems))),
        *(f"ik:{x}" for x in sorted({k for kinds in s.kinds[i:j] for k in kinds})),
    ]
