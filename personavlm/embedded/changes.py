"""What a new record makes untrue: corrections, changes of taste, of home, job and the like.

    [m3] plays squash on Tuesday    "actually, it's Thursday, not Tuesday"  ->  plays squash on Thursday, replaces m3
    [m1] favourite drink is Sprite  "my favourite drink is Coca-Cola now"   ->  replaces m1

Known memories are read as the prompt shows them, by their text alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from personavlm.embedded import language, phrases
from personavlm.embedded.records import Found
from personavlm.prompts.text import MemoryLine

_ONE_OF_A_KIND = re.compile(
    r"^(?:lives in|name is|works as|works at|is from|birthday is|studies|time:|is \d+ years old"
    r"|favourite [\w -]+? is|(?:[\w]+ )?birthday is)\b",
    re.IGNORECASE,
)


def corrections(sentence: str, place: tuple[int, int], known: Sequence[MemoryLine]) -> Iterator[Found]:
    """Yield known memories as the user puts them right; nothing if no known memory has what is corrected."""
    plain = language.straighten(sentence).strip(" .!")
    for pattern in phrases.patterns("correction"):
        match = pattern.search(plain)
        if match is None or not match["old"]:
            continue
        old, new = (match[k].strip(" '\"") for k in ("old", "new"))
        for memory in reversed(known):
            text = _swapped(memory.text, old, new)
            if memory.status == "current" and text:
                yield Found(text, "fact", "", new, replaces=memory.id, said=place)
                return


def _swapped(text: str, old: str, new: str) -> str:
    """The text with one value in another's place; empty if it is not there. "Tuesdays" counts as "Tuesday"."""
    for wanted in (old, old.removesuffix("s"), language.words(old)[-1] if language.words(old) else old):
        swapped, count = re.subn(
            rf"(?<!\w){re.escape(wanted)}(?P<s>s?)(?!\w)", lambda m: new + m["s"], text, flags=re.I
        )
        if count and wanted.strip():
            return swapped
    return ""


def placed(found: Sequence[Found], known: Sequence[MemoryLine]) -> list[Found]:
    """Return records with the ids of the known memories they make untrue; an end that a successor tells is dropped."""
    current = [m for m in known if m.status == "current"]
    kept: list[Found] = []
    taken: set[str] = set()
    successors = {one.old.lower() for one in found if one.old and one.until is None}
    for one in found:
        target = one.replaces or _target(one, [m for m in current if m.id not in taken])
        ended = one.until is not None and one.old != ""
        if ended and one.old.lower() in successors and _holds(one.old, current):
            continue
        if target:
            taken.add(target)
        kept.append(replace(one, replaces=target))
    return kept


def _target(one: Found, current: Sequence[MemoryLine]) -> str:
    if one.old:
        return _holds(one.old, current)
    opening = _ONE_OF_A_KIND.match(one.content)
    if opening is not None:
        frame = re.sub(r"\d+", "0", opening[0].lower())
        return next((m.id for m in reversed(current) if _frame(m.text) == frame and m.text != one.content), "")
    if one.polarity and one.value:
        return next((m.id for m in reversed(current) if _opposite(m.text, one)), "")
    return ""


def _frame(text: str) -> str:
    opening = _ONE_OF_A_KIND.match(text)
    return re.sub(r"\d+", "0", opening[0].lower()) if opening else ""


def _holds(old: str, current: Sequence[MemoryLine]) -> str:
    """The id of the newest of the shortest memories that have these words: the longer ones say more than that."""
    wanted = set(language.stems(old))
    having = [m for m in reversed(current) if wanted and wanted <= set(language.stems(m.text))]
    return min(having, key=lambda m: len(m.text.split())).id if having else ""


_TASTES = re.compile(
    r"^(?P<t>likes|loves|enjoys|prefers|dislikes|hates|can't stand|avoids|doesn't (?:eat|drink|like)"
    r"|scared of|afraid of) "
    r"(?P<v>.+)$",
    re.IGNORECASE,
)


def _opposite(text: str, one: Found) -> bool:
    match = _TASTES.match(text)
    if match is None or not language.same(match["v"], one.value):
        return False
    likes = match["t"].lower() in ("likes", "loves", "enjoys", "prefers")
    return likes is not (one.polarity == 1)
