"""What a user shows in a picture: which thing of theirs it is, by what they say, and how it looks.

    "this is Bobby, my dog" + picture                      ->  Bobby (concept: dog)
    "the light was good, so here's the cabin box" + picture ->  the cabin box (concept: box)
                                                               the cabin box in pictures: grey, orange and brown

Names are read from patterns (``words/semantic.txt``), or stand before a word for a belonging
(``words/belongings.txt``).
Of two pictures of a thing its colours are those that both have: ground and shadow are another's each time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache

from PIL import Image

from personavlm.embedded import banks, language, looks, phrases
from personavlm.embedded.records import Found
from personavlm.prompts.text import MemoryLine

Place = tuple[int, int]


# ── things that are named ────────────────────────────────────────────────────────────────────────────────────────


def named_things(sentence: str, place: Place) -> Iterator[Found]:
    """Yield the thing of theirs that a user shows and names; only for a message with a picture."""
    plain = language.straighten(sentence)
    no_thing = set(banks.phrases("semantic")["no thing"])
    for pattern in phrases.patterns("named thing"):
        match = pattern.search(plain)
        if match is None:
            continue
        groups = match.groupdict()
        name = re.sub(r"'s$", "", match["n"].strip())
        category = (groups.get("c") or _kind_word(plain) or "thing").lower()
        own = name.lower().startswith("my ")
        people = set(banks.phrases("people")["relation"]) if own else set()
        if (no_thing | people) & set(category.split()) or (not own and name.lower() in language.stop_words()):
            continue
        name = phrases.bare_noun(name) if own else name
        yield Found(name, "concept", category, name, concept=category.split()[-1] if own else category, said=place)
        return


def _kind_word(sentence: str) -> str:
    """The animal or kind of thing a sentence names, where the pattern gave none."""
    match = banks.any_of(banks.phrases("people")["animal"]).search(sentence)
    return match[0].lower() if match else ""


@cache
def _belonging() -> re.Pattern[str]:
    kinds = "|".join(sorted(map(re.escape, banks.phrases("belongings")["belonging"]), key=lambda k: (-len(k), k)))
    return re.compile(rf"\b(?:the|my|our) (?P<n>(?P<m>[\w'-]+(?: [\w'-]+)?) (?P<c>{kinds}))\b", re.IGNORECASE)


def shown_thing(text: str, known: Sequence[MemoryLine] = ()) -> Found | None:
    """Return what a message with a picture is about: a belonging, or else an animal that is known by name.

    A belonging has a name if a word before its kind says which one ("the cabin box"); the one named most often is
    meant, of several the last.
    """
    return _belonging_named(text) or _animal_named(text, known)


def _animal_named(text: str, known: Sequence[MemoryLine]) -> Found | None:
    for memory in known:
        kind = _kind_word(memory.text)
        for name in language.names(memory.text) if kind and memory.status == "current" else ():
            if place := re.search(rf"\b{re.escape(name)}\b", text):
                return Found(name, "concept", kind, name, concept=kind, said=place.span())
    return None


def _belonging_named(text: str) -> Found | None:
    named = belongings(text)
    if not named:
        return None
    counts = Counter(name for name, _, _ in named)
    _, (name, kind, place) = max(enumerate(named), key=lambda one: (counts[one[1][0]], one[0]))
    return Found(name, "concept", kind, name, concept=kind, said=place)


def belongings(text: str) -> list[tuple[str, str, Place]]:
    """Return the belongings a text names, in order: name ("the cabin box"), kind ("box") and place."""
    no_name = set(banks.phrases("belongings")["no name"])
    found = _belonging().finditer(language.straighten(text))
    return [
        (f"the {m['n'].lower()}", m["c"].lower(), m.span("n"))
        for m in found
        if not no_name & set(m["m"].lower().split())
    ]


# ── how they look ────────────────────────────────────────────────────────────────────────────────────────────────

_LOOKS = re.compile(r"^(?P<n>.+) in pictures: (?P<c>[\w ,]+)$")


def colours_of(name: str, picture: Image.Image, known: Sequence[MemoryLine], place: Place) -> Iterator[Found]:
    """Yield how a thing looks by its picture; nothing new if no picture before it said otherwise, or none can tell."""
    seen = looks.colours(picture)
    if not seen:
        return
    for memory in known:
        match = _LOOKS.match(memory.text)
        if match is None or memory.status != "current" or match["n"].lower() != name.lower():
            continue
        before = re.split(r",? and |, ", match["c"])
        both = tuple(colour for colour in before if colour in seen)
        if 2 <= len(both) < len(before):
            yield _look(name, both, place, memory.id)
        return
    yield _look(name, seen, place)


def _look(name: str, seen: Sequence[str], place: Place, replaces: str = "") -> Found:
    listed = f"{', '.join(seen[:-1])} and {seen[-1]}" if len(seen) > 1 else seen[0]
    return Found(f"{name} in pictures: {listed}", "fact", "looks", listed, replaces=replaces, said=place)
