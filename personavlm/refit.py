"""Refit: edits that follow something which is no longer there, or which has only now been put before them.

    Add m1, Replace m1 by m2, Replace m2 by m3       without m2:   Add m1, Replace m1 by m3
    Add m1, Replace m1 by m2                         without m1:   Add m2

After an erasure, and after learning anew in the middle of a past, later edits may name memories that are gone or no
longer current. Each is kept as far as it still says something true; the ledger folds again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from personavlm.memory import EMPTY, Add, Edit, Link, Memory, Merge, Replace, Retire, State, apply, bare


def refit(
    edits: Iterable[Edit],
    heirs: Mapping[str, str] | None = None,
    fresh: frozenset[str] = frozenset(),
    start: State = EMPTY,
) -> Iterator[Edit | None]:
    """Yield each edit as it fits what comes before it, None where nothing of it is left.

    ``heirs`` says which memory stands again where a later one was taken away. ``fresh`` are ids of memories that were
    put in just now: what has one value there and another later is a change, not two values. ``start`` is the state
    that the first edit follows.
    """
    refitting = _Refitting(dict(heirs or {}), fresh, start)
    for edit in edits:
        yield refitting.fit(edit)


@dataclass(slots=True)
class _Refitting:
    heirs: dict[str, str]
    fresh: frozenset[str]
    state: State

    def fit(self, edit: Edit) -> Edit | None:
        fitted = self._fitted(edit)
        if fitted is not None:
            self.state = apply(self.state, fitted)
        return fitted

    def _fitted(self, edit: Edit) -> Edit | None:
        match edit:
            case Add(memory=memory):
                return self._added(edit, self._known_sources(memory), memory.id in self.fresh)
            case Replace(target=target, memory=memory):
                standing = self._standing(target)
                memory = self._known_sources(memory)
                if standing is None:
                    return self._added(Add(edit.time, edit.evidence, memory), memory, changed=True)
                sources = tuple(standing if source == target else source for source in edit.memory.sources)
                return replace(edit, target=standing, memory=self._known_sources(replace(memory, sources=sources)))
            case Retire(target=target):
                return edit if self._current(target) else None
            case Merge():
                return self._merged(edit)
            case Link(link=link):
                ends = [end for one in (link.source, link.target) if (end := self._existing(one)) is not None]
                if len(set(ends)) < 2:
                    return None
                return replace(edit, link=replace(link, source=ends[0], target=ends[1]))
            case _:
                return edit

    def _added(self, edit: Add, memory: Memory, changed: bool) -> Edit | None:
        if memory.id in self.state.memories:
            return None
        rival = self._rival(memory)
        if rival is None or not (changed or rival.id in self.fresh):
            return replace(edit, memory=memory)
        if bare(rival.text) == bare(memory.text):
            self.heirs[memory.id] = rival.id
            return None
        return Replace(edit.time, edit.evidence, rival.id, memory)

    def _rival(self, memory: Memory) -> Memory | None:
        """The current memory under the same key, where a key has one value."""
        if memory.type not in ("core", "procedural"):
            return None
        keyed = self.state.current(memory.type)
        key = (memory.block, memory.attribute)
        return next((one for one in keyed if (one.block, one.attribute) == key), None)

    def _merged(self, edit: Merge) -> Merge | None:
        left = tuple(dict.fromkeys(one for target in edit.targets if (one := self._standing(target))))
        if left == edit.targets:
            return edit
        if len(left) < 2:
            if left:
                self.heirs[edit.memory.id] = left[0]
            return None
        return _joined(edit, [self.state.memories[one] for one in left])

    def _known_sources(self, memory: Memory) -> Memory:
        known = tuple(source for source in memory.sources if source in self.state.memories)
        return memory if known == memory.sources else replace(memory, sources=known)

    def _current(self, id: str) -> bool:
        memory = self.state.memories.get(id)
        return memory is not None and memory.status == "current"

    def _standing(self, id: str) -> str | None:
        """The memory that stands where ``id`` did, if it is current."""
        found = self._existing(id)
        return found if found is not None and self._current(found) else None

    def _existing(self, id: str) -> str | None:
        seen: set[str] = set()
        while id not in self.state.memories:
            if id in seen or id not in self.heirs:
                return None
            seen.add(id)
            id = self.heirs[id]
        return id


def _joined(edit: Merge, parts: Sequence[Memory]) -> Merge:
    """The merge of what is left: the longest wording, all evidence and keywords, valid since the earliest."""
    kept = max(parts, key=lambda memory: (len(memory.text), memory.id))
    evidence = tuple(dict.fromkeys(turn for memory in parts for turn in memory.evidence))
    targets = tuple(memory.id for memory in parts)
    keywords = tuple(dict.fromkeys(word for memory in parts for word in memory.keywords))
    since = min(memory.since for memory in parts)
    memory = replace(
        kept, id=edit.memory.id, since=since, evidence=evidence, keywords=keywords, sources=targets, status="current"
    )
    return Merge(edit.time, evidence, targets, memory)
