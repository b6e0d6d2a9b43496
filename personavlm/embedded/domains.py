"""Domains: matters for which a reader has been learnt from real conversations, on top of the general ones.

    assistant: How much time do you have?   user: about 30 minutes, no nuts please
    ->  time_availability: about 30 minutes · allergies: nuts      (domain "recipes")

A domain is two data files: ``words/<name>.txt`` says when a conversation is about it and what its reader looks for, and
``words/<name>.json`` with ``words/<name>.npz`` hold the reader's weights, learnt by ``lab/tune_extraction.py``. What a
reader says is a span of the user's own words with the probability that it is worth keeping: the weighted mean of three
readings, of the span by itself (``spans``), in its sentence (``tagger``), and by what its words mean (``network``; left
out where the text encoder is another than it was learnt from).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from personavlm.embedded import banks, language, network, phrases, spans, voice
from personavlm.embedded.network import Network
from personavlm.embedded.records import Found, told_already
from personavlm.embedded.spans import Candidate, Lexicon, Setting
from personavlm.embedded.tagger import Table, allowed, chances
from personavlm.encoders import PieceEncoder, TextEncoder
from personavlm.prompts.text import Line, MemoryLine

DOMAINS = ("recipes",)
MAX_TEXT = 2_000
"""Characters of one message that a domain's reader looks at."""
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Reader:
    """A learnt reader: tables of weights for three readings, and the numbers that turn their scores into a choice."""

    categories: tuple[str, ...]
    weights: Mapping[str, tuple[tuple[int, float], ...]]
    """Weights of spans' features; only the categories a feature speaks for or against, by position."""
    bias: float
    tagger: Table
    network: Network
    shares: tuple[float, float, float]
    """How much the readings count: spans, tagger, network; they add up to one."""
    threshold: float
    """Least probability of a record."""
    aside: float
    """Least probability of something that is told beside a record of the same message, without one of its own."""

    def score(self, features: Sequence[str]) -> Scores:
        """Return one score (log odds) per category."""
        total = np.full(len(self.categories), self.bias)
        for feature in features:
            for category, weight in self.weights.get(feature, ()):
                total[category] += weight
        return total


@cache
def reader(name: str) -> Reader:
    """Return a domain's reader, read once."""
    with as_file(files("personavlm.embedded").joinpath("words")) as folder:
        return load(folder, name)


def load(folder: Path, name: str) -> Reader:
    """Return the reader whose tables stand in a folder. Raises ``FileNotFoundError``."""
    raw = json.loads((folder / f"{name}.json").read_text("utf-8"))
    categories = tuple(raw["categories"])
    starts, moves = allowed(len(categories))
    return Reader(
        categories,
        _rows(raw["weights"]),
        raw["bias"],
        Table(len(categories), _rows(raw["tagger"]), starts + np.array(raw["starts"]), moves + np.array(raw["moves"])),
        network.load(folder / f"{name}.npz"),
        tuple(raw["shares"]),
        raw["threshold"],
        raw["aside"],
    )


def _rows(raw: Mapping[str, Mapping[str, float]]) -> dict[str, tuple[tuple[int, float], ...]]:
    return {feature: tuple((int(c), float(w)) for c, w in row.items()) for feature, row in raw.items()}


@cache
def lexicon(name: str) -> Lexicon:
    """Return a domain's words and patterns, read once."""
    rows = banks.lines(name)
    kinds: dict[str, set[str]] = {}
    for kind, listed in banks.phrases("food").items():
        for phrase in listed:
            kinds.setdefault(phrase, set()).add(kind)
    return Lexicon(
        {phrase: tuple(sorted(found)) for phrase, found in kinds.items()},
        _patterns(rows, "cue "),
        _patterns(rows, "topic "),
        frozenset(banks.phrases(name)["content"]),
    )


def _patterns(rows: Mapping[str, tuple[str, ...]], prefix: str) -> dict[str, re.Pattern[str]]:
    return {name.removeprefix(prefix): re.compile(row[0]) for name, row in rows.items() if name.startswith(prefix)}


def about(text: str, history: Sequence[Line]) -> str:
    """Return the domain a message belongs to, by its own words and those of the session before; "" for none.

    Friends who chat of the same matter ask for no help with it: somebody must have asked, the user or the assistant.
    """
    asked = history[-1].assistant if history else ""
    for name in DOMAINS:
        own = _weight(name, text) + _helped(name, text)
        near = _weight(name, asked)
        lately = history[-7:]
        before = _weight(name, " ".join(f"{line.user} {line.assistant}" for line in lately))
        before += any(_helped(name, line.user) for line in lately)
        weighty = own + near + before >= ABOUT and (own or near or before >= STILL_ABOUT)
        if weighty and _asked_for(name, text, history):
            return name
    return ""


def _helped(name: str, text: str) -> bool:
    """Whether a user asks for help with a domain's matter."""
    return banks.pattern(name, "help").search(text) is not None and _weight(name, text) > 0


def _asked_for(name: str, text: str, history: Sequence[Line]) -> bool:
    """Whether the user asked for help with the matter, or the assistant for what such help needs to know."""
    if any(_helped(name, said) for said in (text, *(line.user for line in history[-12:]))):
        return True
    needed = banks.pattern(name, "needs")
    questions = [line.assistant for line in history[-12:] if _QUESTION.search(line.assistant)]
    return any(needed.search(said) or _weight(name, said) >= 2 for said in questions)


_QUESTION = re.compile(r"\?|\b(?:what|which|how|do you|are you|why|ask)\b", re.IGNORECASE)
"""A question, with its mark or without."""
ABOUT = 3
"""Weight of a domain's words from which a conversation is about it."""
STILL_ABOUT = 5
"""Weight of what was said before from which a message without any such word goes on with it."""


def _weight(name: str, text: str) -> int:
    """How much a text speaks of a domain: telling words count two, likely ones one; each word once."""
    telling = {m.lower() for m in banks.pattern(name, "about").findall(text)}
    likely = {m.lower() for m in banks.pattern(name, "near").findall(text)}
    return 2 * len(telling) + len(likely)


def read(
    text: str, history: Sequence[Line], known: Sequence[MemoryLine], encoder: TextEncoder
) -> tuple[list[Found], str]:
    """Return the records of the domain a message is about, and the domain's name; ``([], "")`` outside any domain.

    What a current memory tells is left out.
    """
    name = about(text, history)
    if not name:
        return [], ""
    text = text[:MAX_TEXT]
    by, where = reader(name), setting(name, text, history)
    found, chance = weighed(by, text, where, banks.phrases(name)["stock"], encoder)
    aside = [found[k] for k in np.flatnonzero((chance >= by.aside).any(axis=1)) if found[k].end > 0]
    return list(_told(name, text, chosen(by, found, chance), aside, known)), name


def weighed(
    by: Reader, text: str, where: Setting, stock: Sequence[str], encoder: TextEncoder
) -> tuple[list[Candidate], Scores]:
    """Return the candidates of a message and their chances, a row each, for each category."""
    sentences = spans.read(text, where)
    found = [*spans.candidates(text, sentences, where), *spans.stock(stock, text, where)]
    if not found:
        return [], np.zeros((0, len(by.categories)))
    tagged = {place: row for one in sentences for place, row in chances(one, where, by.tagger).items()}
    readings = [_chance(np.array([by.score(one.features) for one in found])), sentence_chances(found, tagged, by)]
    if isinstance(encoder, PieceEncoder) and encoder.name == by.network.encoder:
        shown = network.read(text, where, found, stock, encoder, encoder)
        readings.append(_chance(network.scores(by.network, shown)))
    return found, mean(found, readings, by.shares)


def setting(name: str, text: str, history: Sequence[Line]) -> Setting:
    """Return what stands before a message, and the matter it is about."""
    asked = history[-1].assistant if history else ""
    links = [bool(re.search(r"http|www\.", line.assistant)) for line in history]
    linked = 2 if links and links[-1] else int(any(links))
    earlier = language.straighten(" \n".join(line.user for line in history).lower())
    first = bool(history) and banks.pattern(name, "meeting").search(history[0].assistant) is not None
    matters = banks.pattern(name, "matters").findall(f"{earlier} {language.straighten(text.lower())}")
    return Setting(asked, len(history), linked, lexicon(name), first, matters[-1] if matters else "", earlier)


# ── choosing ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _chance(odds: Scores) -> Scores:
    chance: Scores = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
    return chance


def sentence_chances(found: Sequence[Candidate], tagged: Mapping[tuple[int, int], Scores], by: Reader) -> Scores:
    """Return what the tagger gives each candidate, a row each."""
    none = np.zeros(len(by.categories))
    return np.array([tagged.get((one.start, one.end), none) for one in found])


def mean(found: Sequence[Candidate], readings: Sequence[Scores], shares: Sequence[float]) -> Scores:
    """Return the weighted mean of the readings there are: spans, tagger and perhaps network.

    Stock values stand in no sentence: the tagger has no say in them.
    """
    weights = np.array([shares[: len(readings)]] * len(found))
    weights[[one.end == 0 for one in found], 1] = 0
    total: Scores = np.einsum("fr,rfc->fc", weights / weights.sum(axis=1, keepdims=True), np.array(readings))
    return total


def chosen(by: Reader, found: Sequence[Candidate], chance: Scores) -> list[tuple[Candidate, str]]:
    """Return the candidates worth keeping with their category, in the order of the text.

    Where two spans of a category overlap, the likelier one is kept; of the stock values one per category.
    """
    taken: dict[int, list[tuple[int, int]]] = {}
    rows, columns = np.nonzero(chance >= by.threshold)
    picked: list[tuple[Candidate, str]] = []
    for row, column in sorted(zip(rows.tolist(), columns.tolist(), strict=True), key=lambda rc: (-chance[rc], rc)):
        one, held = found[row], taken.setdefault(column, [])
        if not any((a < one.end and one.start < b) or (a == b and one.start == one.end) for a, b in held):
            held.append((one.start, one.end))
            picked.append((one, by.categories[column]))
    return sorted(picked, key=lambda p: (p[0].start, p[0].end, p[1]))


def normal(text: str) -> str:
    """Return a text in lower case with its punctuation as spaces: how values are compared."""
    return " ".join(re.sub(r"[^\w\s]", " ", text.lower()).split())


def _told(
    domain: str,
    text: str,
    kept: Sequence[tuple[Candidate, str]],
    aside: Sequence[Candidate],
    known: Sequence[MemoryLine],
) -> Iterator[Found]:
    """Records of a message: the first of each clause tells the clause, those after it only their value.

    What may matter too, but not for sure, is told beside the first record. A value that a memory tells of already, in
    some other matter, is told as briefly as can be.
    """
    told: set[tuple[int, int]] = set()
    places = [_place(text, one) for one, _ in kept]
    extra = "; ".join(_beside(text, [one for one in aside if _place(text, one) not in places]))
    for (one, category), place in zip(kept, places, strict=True):
        mentioned = told_already(one.value, known)
        if mentioned and told_already(_short(domain, category, one.value), known):
            continue
        whole = not mentioned and place != (0, 0) and place not in told
        told.add(place)
        found = _found(domain, one, category, _clause(text[slice(*place)], one.value) if whole else "")
        yield replace(found, content=f"{found.content}; {extra}") if extra else found
        extra = ""


def _beside(text: str, aside: Sequence[Candidate]) -> Iterator[str]:
    """Of each clause that may matter the part that may, as typed."""
    parts: dict[tuple[int, int], tuple[int, int]] = {}
    for one in aside:
        place = _place(text, one)
        start, end = parts.get(place, (one.start, one.end))
        parts[place] = min(start, one.start), max(end, one.end)
    for start, end in sorted(parts.values()):
        yield language.straighten(text[start:end]).strip(" ,.;:!?")


def _place(text: str, one: Candidate) -> tuple[int, int]:
    return language.clause_span(text, one.start, one.end) if one.end else (0, 0)


def _clause(text: str, value: str) -> str:
    """A clause in the third person, if the value stands in it unchanged; else as typed."""
    clause = phrases.third(voice.opening(text) or text)
    return clause if f" {normal(value)} " in f" {normal(clause)} " else text.strip(" ,.;:!?")


def _short(domain: str, category: str, value: str) -> str:
    """A value with the category's word before it, as few words as carry the meaning."""
    lead = dict(row.split(" := ") for row in banks.lines(domain)["lead"]).get(category, "")
    return value if not lead or re.match(r"(?:no|none|not)\b", value, re.IGNORECASE) else f"{lead} {value}"


def _found(domain: str, one: Candidate, category: str, clause: str) -> Found:
    """A record as short as carries the meaning: its clause, or its value with the category's word before it."""
    disliked, liked = category.endswith("_dislike"), category.endswith("_like")
    polarity: Literal[-1, 0, 1] = -1 if disliked or category == "allergies" else 1 if liked else 0
    value = language.straighten(one.value).strip()
    kind: Literal["preference", "fact"] = "preference" if liked or disliked else "fact"
    content = clause if normal(value) in normal(clause) else _short(domain, category, value)
    return Found(content, kind, category, value, polarity, said=(one.start, one.end))
